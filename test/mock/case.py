"""What the tests of the mock have in common: a mock, a client, a case."""

import atexit
import datetime
import http.client
import json
import os
import subprocess
import sys
import unittest

from mock.client import Mock

SCRIPT = os.path.join(os.path.dirname(os.path.dirname(__file__)), "mock.py")
TODAY = datetime.date(2027, 1, 15)
DATE = "/courses/7301/coursedates/51002"


def command(*arguments, port=None, status=0):
    """Run mock.py; its output."""
    environment = dict(os.environ, FRONTCORE_MOCK_PORT=str(
        port or MOCK.port))
    done = subprocess.run([sys.executable, SCRIPT, *arguments],
                          capture_output=True, text=True, timeout=20,
                          env=environment)
    assert done.returncode == status, (arguments, done)
    return done.stdout if status == 0 else done.stderr


# The mock that all tests share.
MOCK = Mock(command("--serve", port="0").strip())
atexit.register(MOCK.stop)


class Client:
    """A keep-alive client of the API."""

    opened = []

    def __init__(self, key="test-key", port=None):
        self.http = http.client.HTTPConnection("127.0.0.1",
                                               port or MOCK.port, timeout=10)
        self.headers = {"Accept": "application/json",
                        "User-Agent": "mock_test", "X-API-Key": key}
        self.answer = None
        self.opened.append(self)

    def raw(self, method, path, body=None, **headers):
        """Status and bytes."""
        given = dict(self.headers, **{name.replace("_", "-"): value
                                      for name, value in headers.items()})
        given = {name: value for name, value in given.items()
                 if value is not None}
        self.http.request(method, "/v2" + path, body, given)
        self.answer = self.http.getresponse()
        return self.answer.status, self.answer.read()

    def get(self, path, **headers):
        """The JSON of a GET that must succeed."""
        status, body = self.raw("GET", path, **headers)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def error(self, path, method="GET", body=None, **headers):
        """Status and error text."""
        status, text = self.raw(method, path, body, **headers)
        return status, json.loads(text).get("error")

    def write(self, method, path, **fields):
        """Status and JSON of a write."""
        status, body = self.raw(
            method, path, json.dumps(fields) if method != "DELETE" else None,
            Content_Type="application/json")
        return status, json.loads(body) if body else None


class Case(unittest.TestCase):
    """A test with a fresh mock and no rate limit."""

    switches = {"rate": 0}

    def setUp(self):
        MOCK.reset(**self.switches)
        self.client = Client()

    def tearDown(self):
        while Client.opened:
            Client.opened.pop().http.close()

    def ids(self, path):
        """The ids of a list."""
        return [item.get("coursedate_id", item.get("id"))
                for item in items(self.client.get(path))]

    def refused(self, *arguments, **keywords):
        """A write that gets a 422; the error."""
        status, answer = self.client.write(*arguments, **keywords)
        self.assertEqual(status, 422, answer)
        return answer["error"]

    def wrote(self, *arguments, **keywords):
        """A write that succeeds; the answer."""
        status, answer = self.client.write(*arguments, **keywords)
        self.assertIn(status, (200, 201, 204), answer)
        return answer


def items(value):
    """The items of a list in any container."""
    if isinstance(value, dict):
        return value["items"] if "items" in value else value["data"]
    return value

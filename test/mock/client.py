"""The client of a mock: its control requests, for commands and tests."""

import json
import os
import socket

BASE = "/v2"
PATIENCE = 180                      # seconds that commands wait


class MockError(Exception):
    """A control request that the mock refuses."""


class Mock:
    """A mock that runs at a port of this machine."""

    def __init__(self, port=None):
        port = port or os.environ.get("FRONTCORE_MOCK_PORT")
        if not port:
            raise MockError("no mock: FRONTCORE_MOCK_PORT is not set")
        self.port = int(port)
        self.base_url = "http://127.0.0.1:%d%s" % (self.port, BASE)

    def call(self, method, name, value=None, timeout=30):
        """One control request; text, or JSON decoded."""
        body = json.dumps(value).encode() if value is not None else b""
        head = ("%s /_mock/%s HTTP/1.0\r\nHost: 127.0.0.1:%d\r\n"
                "Content-Length: %d\r\n\r\n"
                % (method, name, self.port, len(body)))
        with socket.create_connection(("127.0.0.1", self.port),
                                      timeout) as connection:
            connection.sendall(head.encode() + body)
            with connection.makefile("rb") as stream:
                answer = stream.read()
        head, _, body = answer.partition(b"\r\n\r\n")
        text = body.decode()
        if b" 200 " not in head[:20]:
            raise MockError(json.loads(text)["error"] if body
                            else "no mock at port %d" % self.port)
        return text if b"text/plain" in head else json.loads(text)

    def post(self, name, **value):
        """A control request that changes something."""
        return self.call("POST", name, value)

    def reset(self, **switches):
        """Fresh data, default switches but these, no faults, empty log."""
        self.post("reset", **switches)

    def set(self, **switches):
        """Change switches."""
        self.post("set", **switches)

    def log_text(self, quiet=False):
        """What --log prints."""
        return self.call("GET", "log?quiet=1" if quiet else "log")

    def log(self):
        """The lines of --log without the count."""
        return self.log_text().split("\n")[:-2]

    def full_log(self):
        """All requests since the reset, with their headers."""
        return self.call("GET", "log?full=1")

    def count(self):
        """The number of requests since the reset."""
        return self.call("GET", "count")

    def arrivals(self):
        """What --arrivals prints."""
        return self.call("GET", "arrivals")

    def stats(self):
        """What --stats prints."""
        return self.call("GET", "stats")

    def fault(self, spec):
        """Add a fault."""
        self.post("fault", spec=spec)

    def clear_faults(self):
        """Forget all faults."""
        self.post("clear-faults")

    def release(self):
        """Let go what is on hold."""
        self.post("release")

    def wait_for(self, number, timeout=PATIENCE):
        """Until that many requests have arrived since the reset."""
        return self.call("GET", "wait?requests=%d&timeout=%s"
                         % (number, timeout), timeout=timeout + 10)

    def wait_in_flight(self, number, timeout=PATIENCE):
        """Until that many requests are being held back."""
        return self.call("GET", "wait?in_flight=%d&timeout=%s"
                         % (number, timeout), timeout=timeout + 10)

    def dump(self, resource, number=None, account="a"):
        """Stored rows, or one of them."""
        name = "dump?resource=%s&account=%s" % (resource, account)
        return self.call("GET", name if number is None
                         else "%s&id=%d" % (name, number))

    def change(self, resource, number, account="a", **fields):
        """Change a row; fields may be dotted: **{"a.b": 1}."""
        self.post("change", resource=resource, id=number, account=account,
                  fields=fields)

    def add(self, resource, account="a", **fields):
        """Add a row; its id."""
        return self.post("add", resource=resource, account=account,
                         fields=fields)

    def remove(self, resource, number, account="a"):
        """Remove a row."""
        self.post("remove", resource=resource, id=number, account=account)

    def stop(self):
        """End the mock."""
        self.post("stop")

"""Tests of the command line and the log."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time

from mock.case import MOCK, SCRIPT, Case, Client, command
from mock.client import Mock


class Commands(Case):
    """The command line and the log."""

    def test_log(self):
        self.client.raw("GET", "/courses?limit=1&include%5B%5D=a%20b%0a")
        self.client.raw("GET", "/courses/1")
        self.client.write("POST", "/courses", title="æ")
        self.assertEqual(command("--log"), (
            "GET /courses?limit=1&include[]=a b\\x0a\n"
            "GET /courses/1 404\n"
            'POST /courses {"title": "\\u00e6"}\n3 requests\n'))
        self.assertEqual(command("--log"), "0 requests\n")
        self.client.raw("GET", "/courses")
        self.assertEqual(command("--log", "--quiet"), "1 request\n")
        self.assertEqual(command("--count"), "4\n")
        arrivals = json.loads(command("--arrivals"))
        self.assertEqual([row[1:5] for row in arrivals[:2]], [
            ["a", "GET", "/courses?limit=1&include[]=a b\\x0a", 200],
            ["a", "GET", "/courses/1", 404]])
        self.assertTrue(all(row[7] >= row[0] for row in arrivals))
        self.assertNotIn("test-key", command("--arrivals"))
        self.assertNotIn("test-key", json.dumps(MOCK.full_log()))

    def test_stats(self):
        MOCK.fault("count=3 hold")
        threads = [threading.Thread(target=Client().raw,
                                    args=("GET", "/courses"))
                   for _ in range(3)]
        for thread in threads:
            thread.start()
        command("--wait-for", "3")
        command("--wait-in-flight", "3", "--timeout", "5")
        command("--release")
        for thread in threads:
            thread.join()
        self.assertEqual(json.loads(command("--stats")), {
            "requests": 3, "throttled": 0, "max_in_flight": {"a": 3},
            "connections": 3, "in_flight": 0, "held": 0})
        self.assertIn("timeout", command("--wait-for", "9", "--timeout",
                                         "0.1", status=1))

    def test_parallel_clients_are_all_in_flight(self):
        MOCK.set(latency="100-120")
        threads = [threading.Thread(target=Client(key).raw,
                                    args=("GET", "/courses"))
                   for key in ["test-key"] * 5 + ["other-key"] * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(MOCK.stats()["max_in_flight"], {"a": 5, "b": 2})

    def test_serial_client_is_never_two_in_flight(self):
        for _ in range(200):
            self.client.raw("GET", "/customers")
        self.assertEqual(MOCK.stats()["max_in_flight"], {"a": 1})

    def test_data(self):
        command("--change", "courses", "7301", "title=\"T\"", "price.value=7",
                "reference=plain")
        course = self.client.get("/courses/7301")
        self.assertEqual((course["title"], course["price"]["value"],
                          course["reference"]), ("T", 7, "plain"))
        self.assertEqual(command("--add", "course_dates", "course_id=7306",
                                 'start_at="2027-03-01"',
                                 'end_at="2027-03-01"'), "51041\n")
        self.assertEqual(self.ids("/courses/7306/coursedates"), [51041])
        command("--remove", "customers", "40201")
        self.assertEqual(len(self.ids("/customers")), 14)
        self.assertEqual(json.loads(command("--dump", "courses", "7302"))[
            "title"], "First Aid")
        self.assertEqual(len(json.loads(command(
            "--dump", "courses", "--account", "b"))), 7)
        self.assertEqual(MOCK.log(), ["GET /courses/7301",
                                      "GET /courses/7306/coursedates",
                                      "GET /customers"])

    def test_errors(self):
        self.assertIn("bad value maybe of switch bounds; valid: inclusive, "
                      "exclusive", command("--set", "bounds=maybe", status=1))
        self.assertIn("unknown switch", command("--reset", "x=1", status=1))
        self.assertIn("unknown fault", command("--fault", "x=1", status=1))
        self.assertIn("unknown option", command("--nonsense", status=1))
        self.assertIn("unknown resource", command("--dump", "x", status=1))
        self.assertIn("mock.py", command("--count", port=1, status=1))

    def test_reset_and_set(self):
        command("--set", "bounds=exclusive", "rate=0")
        command("--fault", "status=500 count=0", "delay=1")
        self.assertEqual(self.client.raw("GET", "/courses")[0], 500)
        command("--clear-faults")
        self.assertEqual(self.client.raw("GET", "/courses")[0], 200)
        command("--reset", "data=demo", "rate=0.5")
        self.assertEqual(command("--log"), "0 requests\n")
        self.assertEqual(len(self.ids("/courses?limit=250")), 250)

    def test_serve_again_resets(self):
        self.client.raw("GET", "/courses")
        self.assertEqual(command("--serve"), "%d\n" % MOCK.port)
        self.assertEqual(MOCK.count(), 0)

    def test_start_and_idle(self):
        path = "/tmp/mock_test.%d" % os.getpid()
        begin = time.monotonic()
        output = command("--port-file", path, "--idle", "0.3", port="0")
        self.assertLess(time.monotonic() - begin, 3)
        port = int(output)
        with open(path) as stream:
            self.assertEqual(stream.read(), output)
        os.unlink(path)
        deadline = time.monotonic() + 5
        with self.assertRaises(OSError):
            while time.monotonic() < deadline:
                socket.create_connection(("127.0.0.1", port), 1).close()
                time.sleep(0.05)
        self.assertGreater(int(command("--free-port")), 0)

    def test_foreground_and_stop(self):
        process = subprocess.Popen(
            [sys.executable, SCRIPT, "--serve", "--foreground", "--port",
             "0"], stdout=subprocess.PIPE, text=True)
        with contextlib.closing(process.stdout):
            port = int(process.stdout.readline())
            command("--stop", port=port)
            self.assertEqual(process.wait(5), 0)

    def test_tls(self):
        import ssl
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            cert, key = folder + "/cert", folder + "/key"
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                 "-subj", "/CN=localhost", "-days", "2", "-keyout", key,
                 "-out", cert], check=True, capture_output=True)
            port = int(command("--tls-cert", cert, "--tls-key", key,
                               port="0"))
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        client = Client(port=port)
        client.http = http.client.HTTPSConnection(
            "127.0.0.1", port, context=context, timeout=5)
        self.assertEqual(len(client.get("/courses")), 12)
        server = Mock(port)
        self.assertEqual(server.log(), ["GET /courses"])
        server.stop()

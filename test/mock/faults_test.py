"""Tests of the rate limit and of the faults."""

import gzip
import http.client
import json
import socket
import threading
import time

from mock.case import MOCK, Case, Client
from mock.client import MockError
from mock.ledger import Limiter
from mock.switches import Switches


class Limits(Case):
    """The rate limit and its headers."""

    switches = {}

    def burst(self, count):
        """Statuses of a burst of requests."""
        return [self.client.raw("GET", "/courses?limit=1")[0]
                for _ in range(count)]

    def test_rate(self):
        self.assertEqual(self.burst(7), [200] * 5 + [429] * 2)
        self.assertNotIn("Retry-After", self.client.answer.headers)
        self.assertEqual(Client("test-key-2").raw("GET", "/courses")[0], 429)
        self.assertEqual(Client("other-key").raw("GET", "/courses")[0], 200)
        self.assertEqual(MOCK.stats()["throttled"], 3)
        self.assertEqual(MOCK.log()[-3:], [
            "GET /courses?limit=1 429", "GET /courses 429", "GET /courses"])

    def test_throttle(self):
        for value, kind in (("json", "application/json"),
                            ("text", "text/plain")):
            MOCK.reset(throttle=value, rate=1)
            self.assertEqual(self.burst(2), [200, 429])
            self.assertEqual(self.client.answer.headers["Retry-After"], "1")
            self.assertEqual(self.client.answer.headers["Content-Type"], kind)

    def test_rate_window(self):
        MOCK.reset(rate_window="fixed", rate=50)
        statuses = self.burst(60)
        self.assertTrue(statuses.count(200) >= 50)

    def test_rate_minute_and_headers(self):
        MOCK.reset(rate=0, rate_minute=2, minute_seconds=1,
                   rate_headers="core", throttle="text")
        self.assertEqual(self.burst(1), [200])
        headers = self.client.answer.headers
        self.assertEqual(headers["X-Rate-Limit-Limit"], "1s")
        self.assertEqual(headers["X-Rate-Limit-Remaining"], "1")
        self.assertRegex(headers["X-Rate-Limit-Reset"], r"\.\d{7}Z$")
        self.assertEqual(self.burst(2), [200, 429])
        self.assertIsNone(self.client.answer.headers["X-Rate-Limit-Limit"])
        self.assertEqual(self.client.answer.headers["Retry-After"], "1")
        time.sleep(1)
        self.assertEqual(self.burst(1), [200])
        MOCK.reset(rate=0, rate_minute=100, rate_headers="core")
        self.burst(1)
        self.assertEqual(self.client.answer.headers["X-Rate-Limit-Limit"],
                         "1m")
        for value, name in (("ietf", "RateLimit-"),
                            ("github", "X-RateLimit-")):
            MOCK.reset(rate_headers=value)
            self.burst(1)
            self.assertEqual(self.client.answer.headers[name + "Limit"], "5")
            self.assertEqual(self.client.answer.headers[name + "Remaining"],
                             "4")

    def test_arithmetic(self):
        switches = Switches()
        for rate, times, expected in (
                ("5", [0, .1, .2, .3, .4, .9, 2, 2, 2, 2, 2, 2],
                 [True] * 5 + [False] + [True] * 5 + [False]),
                ("5", [0, .1, .2, .3, .4, 1, 1.1], [True] * 7),
                ("0.5", [0, 1.9, 3.9], [True, False, True]),
                ("2.5", [0, 0, .7, 1.6], [True, True, False, True])):
            switches.assign({"rate": rate})
            limiter = Limiter()
            self.assertEqual([limiter.admit(at, switches).remaining >= 0
                              for at in times], expected)


class Faults(Case):
    """Each fault once."""

    def faulty(self, spec, path="/courses", **headers):
        """Status and body of a GET under a fault."""
        MOCK.fault(spec)
        return self.client.raw("GET", path, **headers)

    def lost(self, spec, *errors):
        """A GET under a fault that breaks the connection."""
        with self.assertRaises(errors or (OSError,
                                          http.client.HTTPException)):
            self.faulty(spec)
        self.client.http.close()

    def test_match_count_skip(self):
        MOCK.fault("match='GET /courses\\?' count=2 skip=1 status=503")
        statuses = [self.client.raw("GET", path)[0] for path in (
            "/courses", "/courses?page=1", "/courses?page=1",
            "/courses?page=1", "/courses?page=1")]
        self.assertEqual(statuses, [200, 200, 503, 503, 200])
        MOCK.fault("count=0 kind=status status=500")
        for _ in range(3):
            self.assertEqual(self.client.raw("GET", "/courses")[0], 500)
        MOCK.clear_faults()
        self.assertEqual(self.client.raw("GET", "/courses")[0], 200)
        for bad in ("nonsense", "count=x status=500", "match='[' status=500",
                    "status=x", "delay=long",
                    "status='"):
            with self.assertRaises(MockError):
                MOCK.fault(bad)

    def test_status(self):
        self.assertEqual(
            self.faulty("status=409 body='{\"Key\":\"MsgPermissions\"}' "
                        "type=text/json header='X-A: b' header=X-C:d"),
            (409, b'{"Key":"MsgPermissions"}'))
        headers = self.client.answer.headers
        self.assertEqual((headers["X-A"], headers["X-C"],
                          headers["Content-Type"]), ("b", "d", "text/json"))
        status, body = self.faulty("status=207")
        self.assertEqual((status, len(json.loads(body))), (207, 12))
        self.faulty("status=405 header='Allow: GET'")
        self.assertEqual(self.client.answer.headers["Allow"], "GET")

    def test_processed(self):
        MOCK.fault("match=POST status=500 processed=yes")
        self.assertEqual(self.client.write("POST", "/courses", title="x")[0],
                         500)
        self.assertEqual(MOCK.dump("courses", 7313)["title"], "x")
        MOCK.fault("match=POST status=500")
        self.client.write("POST", "/courses", title="y")
        self.assertEqual(len(MOCK.dump("courses")), 13)

    def test_redirect(self):
        self.assertEqual(self.faulty("redirect=http://x.example/")[0], 302)
        self.assertEqual(self.client.answer.headers["Location"],
                         "http://x.example/")

    def test_retry_after(self):
        self.assertEqual(self.faulty("retry_after=7")[0], 429)
        self.assertEqual(self.client.answer.headers["Retry-After"], "7")
        self.faulty("retry_after={http+2} status=503 "
                    "header='X-Rate-Limit-Reset: {iso+2.5}' "
                    "header='X-RateLimit-Reset: {epoch-1}'")
        headers = self.client.answer.headers
        self.assertRegex(headers["Retry-After"], r"GMT$")
        self.assertRegex(headers["X-Rate-Limit-Reset"], r"^20.*Z$")
        self.assertRegex(headers["X-RateLimit-Reset"], r"^\d+$")

    def test_delay(self):
        begin = time.monotonic()
        self.faulty("delay=60")
        self.assertGreaterEqual(time.monotonic() - begin, 0.06)

    def test_hold(self):
        for fault in ("hold", "stall_after_headers"):
            MOCK.reset(rate=0)
            MOCK.fault(fault)
            answers = []
            thread = threading.Thread(target=lambda: answers.append(
                Client().raw("GET", "/courses")[0]))
            thread.start()
            MOCK.wait_in_flight(1)
            self.assertEqual(answers, [])
            self.assertEqual(MOCK.stats()["in_flight"], 1)
            MOCK.release()
            thread.join()
            self.assertEqual(answers, [200])

    def test_client_leaves(self):
        MOCK.fault("hold")
        impatient = Client()
        impatient.http.timeout = 0.05
        with self.assertRaises(OSError):
            impatient.raw("GET", "/courses")
        impatient.http.close()
        MOCK.wait_for(1)
        deadline = time.monotonic() + 5
        while MOCK.stats()["in_flight"] and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(MOCK.stats()["in_flight"], 0)
        self.assertIsNone(MOCK.arrivals()[0][7])

    def test_drip(self):
        begin = time.monotonic()
        self.assertEqual(self.faulty("drip=2000 nocontainer")[1],
                         b'{"foo":1}')
        self.faulty("drip=20000 body=" + "x" * 2000)
        self.assertGreaterEqual(time.monotonic() - begin, 0.1)

    def test_lost_connections(self):
        self.lost("reset", ConnectionResetError)
        self.lost("close", http.client.RemoteDisconnected)
        self.lost("garbage", http.client.BadStatusLine)
        self.lost("truncate=10", http.client.IncompleteRead)
        self.lost("wronglength=5", http.client.IncompleteRead)
        self.assertEqual(MOCK.log(), [
            "GET /courses reset", "GET /courses close",
            "GET /courses garbage", "GET /courses", "GET /courses"])
        self.assertEqual(len(self.faulty("wronglength=-1 nocontainer")[1]), 8)
        self.client.http.close()
        MOCK.fault("match=POST reset")
        with self.assertRaises(ConnectionResetError):
            self.client.write("POST", "/courses", title="x")
        self.client.http.close()
        MOCK.fault("match=POST reset processed=no")
        with self.assertRaises(ConnectionResetError):
            self.client.write("POST", "/courses", title="y")
        self.assertEqual(len(MOCK.dump("courses")), 13)

    def test_dead_keepalive(self):
        for processed, rows in (("", 13), (" processed=no", 12)):
            MOCK.reset(rate=0)
            self.client = Client()
            self.assertEqual(self.faulty("dead_keepalive" + processed)[0],
                             200)
            with self.assertRaises(http.client.RemoteDisconnected):
                self.client.write("POST", "/courses", title="once")
            self.assertEqual(len(MOCK.dump("courses")), rows)
            self.assertEqual(MOCK.log()[-1],
                             'POST /courses close {"title": "once"}')

    def test_literally(self):
        MOCK.fault(r"literally=HTTP/1.1\ 200\ OK\\r\\nA:\ b\\r\\n")
        with socket.create_connection(("127.0.0.1", MOCK.port)) as stream:
            stream.sendall(b"GET /v2/courses HTTP/1.1\r\nHost: 127.0.0.1:%d"
                           b"\r\nX-API-Key: test-key\r\n"
                           b"Accept: application/json\r\n\r\n" % MOCK.port)
            self.assertEqual(stream.makefile("rb").read(),
                             b"HTTP/1.1 200 OK\r\nA: b\r\n")

    def test_bodies(self):
        self.assertIn(b"<html>", self.faulty("html")[1])
        self.assertEqual(self.faulty("empty"), (200, b""))
        self.assertEqual(self.faulty("nocontainer")[1], b'{"foo":1}')
        for fault in ("badjson", "trailing"):
            with self.assertRaises(ValueError):
                json.loads(self.faulty(fault)[1])
        with self.assertRaises(UnicodeDecodeError):
            self.faulty("badutf8")[1].decode()
        self.assertIn(rb'"title":"ab\u0000cd"', self.faulty("nul")[1])
        self.assertIn(rb'"reference":"ab\ud83dcd"',
                      self.faulty("surrogate=reference")[1])
        self.assertIn(b"[" * 50, self.faulty("nest=50")[1])
        self.assertIn(b'"id":9007199254740993,', self.faulty("hugeid")[1])
        body = self.faulty("bomb=3", Accept_Encoding="gzip")[1]
        self.assertLess(len(body), 10000)
        self.assertEqual(len(gzip.decompress(body)), (3 << 20) + 2)
        # http.client itself refuses lines that long.
        with self.assertRaises(http.client.LineTooLong):
            self.faulty("bigheader")
        self.client.http.close()
        self.faulty("bigheader=1000")
        self.assertEqual(len(self.client.answer.headers["X-Big"]), 1000)

    def test_edits(self):
        page = json.loads(self.faulty('patch=\'{"price.value":"9",'
                                      '"is_active":"1"}\'')[1])
        self.assertEqual({row["price"]["value"] for row in page}, {"9"})
        body = self.faulty("patchraw=price.value=1.10 id=7303")[1]
        self.assertEqual(body.count(b'"value":1.10,'), 1)
        body = self.faulty("patchraw=seats.free.num=1e999", "/coursedates")[1]
        self.assertIn(b'"free":{"num":1e999,', body)
        page = json.loads(self.faulty("drop=price.value")[1])
        self.assertNotIn("value", page[0]["price"])
        ids = [row["id"] for row in json.loads(
            self.faulty("swap duplicate")[1])]
        self.assertEqual(ids[:2] + ids[-1:], [7311, 7312, 7311])

    def test_moving_rows(self):
        for order, first in (("desc", 51040), ("asc", 51001)):
            path = ("/coursedates?limit=3&order_by=id&order_direction=%s"
                    "&page=" % order)
            MOCK.reset(rate=0)
            ids = self.ids(path + "1")
            self.assertEqual(ids[0], first)
            MOCK.fault("match=page=1 shift")
            self.assertEqual(self.ids(path + "1"), ids)
            self.assertEqual(self.ids(path + "2")[0], ids[2])
            MOCK.reset(rate=0)
            second = self.ids(path + "2")
            MOCK.fault("match=page=1 pull")
            self.ids(path + "1")
            self.assertEqual(self.ids(path + "2")[0], second[1])
        for path in ("/courses?limit=3", "/customers?limit=3"):
            MOCK.fault("shift")
            ids = self.ids(path)
            self.assertEqual(self.ids(path)[1:], ids[:2])
            MOCK.fault("shift=2")
            ids = self.ids(path)
            self.assertEqual(self.ids(path)[2:], ids[:1])

#!/usr/bin/env python3
"""Tests of mock.py: each endpoint, switch, fault and command."""

import contextlib
import datetime
import gzip
import http.client
import inspect
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
import unittest

import mock

SCRIPT = mock.__file__
TODAY = datetime.date(2027, 1, 15)
DATE = "/courses/7301/coursedates/51002"
MOCK = None


def setUpModule():
    """Start the mock that all tests share."""
    global MOCK
    MOCK = mock.Mock(command("--serve", port="0").strip())


def tearDownModule():
    """End it."""
    MOCK.stop()


def command(*arguments, port=None, status=0):
    """Run mock.py; its output."""
    environment = dict(os.environ, FRONTCORE_MOCK_PORT=str(
        port or MOCK.port))
    done = subprocess.run([sys.executable, SCRIPT, *arguments],
                          capture_output=True, text=True, timeout=20,
                          env=environment)
    assert done.returncode == status, (arguments, done)
    return done.stdout if status == 0 else done.stderr


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


class Tables(unittest.TestCase):
    """What the docstring promises is there, and tested."""

    def test_every_switch_and_fault_is_tested(self):
        source = inspect.getsource(sys.modules[__name__])
        for name in [*mock.Switches.table, *mock.FAULT_NAMES]:
            self.assertRegex(source, r"\b%s\b" % name)

    def test_facts_agree_with_rows(self):
        for data in ("small", "demo"):
            switches = mock.Switches()
            switches.assign({"data": data})
            for account in "ab":
                for table in mock.World(account, switches).tables().values():
                    for number in table.select():
                        self.check_row(table, number)

    def check_row(self, table, number):
        row = table.get(number)
        facts = {name: table.fact(name, number) for name in table.facts}
        table.written = {number: row}
        self.assertEqual(facts, {name: table.fact(name, number)
                                 for name in table.facts})
        table.written = {}

    def test_demo_is_large_and_nasty(self):
        switches = mock.Switches()
        switches.assign({"data": "demo"})
        tables = mock.World("a", switches).tables()
        sizes = {name: len(table.select()) for name, table in tables.items()}
        self.assertGreaterEqual(sizes["courses"], 600)
        self.assertGreaterEqual(sizes["course_dates"], 3000)
        self.assertGreaterEqual(sizes["customers"], 800)
        titles = {tables["courses"].get(number)["title"]
                  for number in tables["courses"].select()}
        self.assertEqual(len(titles), sizes["courses"])
        self.assertTrue(titles.issuperset(mock.NASTY[:16]))

    def test_bad_switches(self):
        for settings in ({"nonsense": 1}, {"bounds": "maybe"},
                         {"rate": "-1"}, {"today": "soon"}, {"courses": "N"},
                         {"latency": "5"}):
            with self.assertRaises(mock.MockError):
                mock.Switches().assign(settings)


class Reading(Case):
    """Shapes and endpoints."""

    def test_courses(self):
        self.assertEqual(self.ids("/courses"), list(range(7312, 7300, -1)))
        course = self.client.get("/courses/7301")
        self.assertEqual(course["title"], "Hot Work Certificate")
        self.assertIn("text_lead", course)
        self.assertNotIn("products", course)
        course = self.client.get("/courses/7301?include[]=products"
                                 "&include%5B%5D=labels&include[]=provider")
        self.assertEqual(course["products"][0]["id_relation"], 7301)
        self.assertIn("labels", course)
        self.assertIn("provider", course)
        english = self.client.get("/courses/7301?description_language=en")
        self.assertTrue(english["text_lead"].startswith("[en] "))

    def test_text_is_like_php(self):
        body = self.client.raw("GET", "/courses/7305")[1]
        self.assertIn(rb"https:\/\/", body)
        self.assertIn(rb"Truckf\u00f8rer", body)

    def test_dates(self):
        date = self.client.get(DATE)
        self.assertEqual(date["coursedate_id"], 51002)
        self.assertEqual(date["course"]["id"], 7301)
        self.assertNotIn("created_at", date["course"])
        self.assertNotIn("instructors", date)
        self.assertEqual(date["seats"]["allocated_capacity"]["num_waiting"],
                         "1")
        place = self.client.get("/courses/7301/coursedates/51001")["place"]
        self.assertEqual(place, {"title_additional_info": None})
        nested = self.client.get("/courses/7301/coursedates")
        self.assertIn(date, nested)
        batch = self.client.get("/batch/coursedates?course_ids[]=7301"
                                "&course_ids[]=7302&limit=250")
        self.assertIn(date, batch)
        self.assertEqual(len(self.client.get(
            "/batch/coursedates?course_ids[]=7301&course_ids[]=7302"
            "&course_ids[]=7303&course_ids[]=7304&course_ids[]=7305"
            "&course_ids[]=7307&course_ids[]=7308")), 25)
        self.assertEqual(self.client.get("/courses/7306/coursedates"), [])
        upcoming = self.client.get("/nextcoursedates")
        self.assertEqual(len(upcoming), len({item["course"]["id"]
                                             for item in upcoming}))

    def test_flat_dates(self):
        page = self.client.get("/coursedates?limit=2")
        self.assertEqual(page["pagination"],
                         {"current_page": 1, "next_page": 2})
        item = page["items"][0]
        for name in ("course", "location", "place", "status", "created_at"):
            self.assertNotIn(name, item)
        for name in ("course_id", "location_id", "place_id", "status_id"):
            self.assertIn(name, item)
        item = self.client.get("/coursedates?coursedate_id=51002&include[]="
                               "place&include[]=course&include[]=location")
        item = item["items"][0]
        self.assertEqual(item["place"]["id"], str(item["place_id"]))
        self.assertEqual(item["course"]["id"], item["course_id"])
        last = self.client.get("/coursedates?limit=20&page=2")
        self.assertIsNone(last["pagination"]["next_page"])
        self.assertEqual(len(last["items"]), 19)

    def test_date_includes(self):
        date = self.client.get(DATE + "?include[]=instructors"
                               "&include[]=course.products")
        self.assertEqual(date["instructors"][0]["id"], 72)
        self.assertEqual(date["course"]["products"][0]["id_relation"], 7301)

    def test_customers(self):
        customers = self.client.get("/customers")
        self.assertEqual(len(customers), 15)
        self.assertNotIn("employees", customers[1])
        private = self.client.get("/customers/40203")
        self.assertEqual(private["type"], "Private")
        self.assertIn("employees", private)
        self.assertIn("employees", self.client.get(
            "/customers/40201?include[]=employees"))
        contacts = self.client.get("/customers/contacts?customer_id=40201")
        self.assertEqual({contact["customer_id"] for contact in contacts},
                         {40201})

    def test_small_data_has_every_case(self):
        dates = MOCK.dump("course_dates")
        self.assertEqual(len(dates), 40)
        self.assertEqual({date["status"]["id"] for date in dates},
                         {1, 2, 3, 4})
        for name in ("location", "start_time_at", "timezone", "deadline_at",
                     "parent_id", "deleted_at", "reference",
                     "custom_properties"):
            empty = sum(date[name] is None for date in dates)
            self.assertTrue(0 < empty < 40, name)
        self.assertEqual(sum(not course["is_active"]
                             for course in MOCK.dump("courses")), 2)

    def test_paging(self):
        pages = [self.ids("/courses?limit=5&page=%d" % page)
                 for page in (1, 2, 3, 4)]
        self.assertEqual([len(page) for page in pages], [5, 5, 2, 0])
        self.assertEqual(sum(pages, []), self.ids("/courses"))
        MOCK.reset(rate=0, dates=300)
        self.assertEqual(len(self.ids("/coursedates")), 75)
        for bad in ("limit=0", "limit=x", "page=0", "page=-1", "since_id=a",
                    "created_at_min=2027-1-1", "created_at_min=now",
                    "start_date_at_min=2027-01-15T00:00:00",
                    "status_id=x", "order_by=title", "order_direction=up"):
            self.assertEqual(self.client.error("/coursedates?" + bad)[0],
                             422, bad)
        self.assertEqual(self.client.error("/courses?page=1&page=2")[0], 400)

    def test_filters_and_order(self):
        rows = [row for row in MOCK.dump("course_dates")
                if row["deleted_at"] is None]
        cases = {
            "status_id=2": lambda row: row["status"]["id"] == 2,
            "since_id=51030": lambda row: row["coursedate_id"] > 51030,
            "start_date_at_min=now": lambda row:
                row["start_at"] >= TODAY.isoformat(),
            "start_date_at_max=2027-02-16": lambda row:
                row["start_at"] <= "2027-02-16",
            "end_date_at_min=2027-02-16%2000:00:01": lambda row:
                row["end_at"] > "2027-02-16",
            "updated_at_min=2026-09-06+10:27:52": lambda row:
                row["updated_at"] >= "2026-09-06T10:27:52",
            "created_at_max=2026-07-01": lambda row:
                row["created_at"] < "2026-07-01",
        }
        for query, fits in cases.items():
            expected = {row["coursedate_id"] for row in rows if fits(row)}
            found = self.ids("/coursedates?limit=250&" + query)
            self.assertEqual(set(found), expected, query)
            self.assertTrue(0 < len(expected) < 39, query)
            self.assertEqual(found, sorted(found, reverse=True))
        for direction, is_descending in (("asc", False), ("desc", True)):
            order = "/coursedates?limit=250&order_direction=" + direction
            found = self.ids(order + "&order_by=id")
            self.assertEqual(found, sorted(found, reverse=is_descending))
            starts = [item["start_at"] for item in items(
                self.client.get(order + "&order_by=startdate"))]
            self.assertEqual(starts, sorted(starts, reverse=is_descending))

    def test_accounts(self):
        other = Client("other-key")
        theirs = {row["id"]: row["title"] for row in other.get("/courses")}
        ours = {row["id"]: row["title"] for row in
                self.client.get("/courses")}
        shared = set(ours) & set(theirs)
        self.assertTrue(0 < len(shared) < len(theirs) < len(ours))
        self.assertFalse(any(ours[number] == theirs[number]
                             for number in shared))
        self.assertEqual(Client("test-key-2").get("/courses"),
                         self.client.get("/courses"))

    def test_large_data(self):
        MOCK.reset(rate=0, dates=100000, courses=5000, customers=2000)
        begin = time.monotonic()
        page = self.client.get("/coursedates?limit=250&page=400")
        self.assertEqual(len(self.ids("/courses?limit=250&page=20")), 250)
        self.assertEqual(page["pagination"]["current_page"], 400)
        self.assertLess(time.monotonic() - begin, 3)
        spent = {"/coursedates?limit=250&page=400": [],
                 "/coursedates?limit=1": []}
        for _ in range(100):
            for path, times in spent.items():
                begin = time.monotonic()
                self.client.raw("GET", path, Accept_Encoding="gzip")
                times.append(time.monotonic() - begin)
        large, small = map(statistics.median, spent.values())
        self.assertLess(large, 5 * small)
        MOCK.reset(data="demo", rate=0)
        self.assertEqual(len(self.ids("/customers?limit=250&page=4")), 73)


class Writing(Case):
    """POST, PUT and DELETE."""

    def test_course(self):
        answer = self.wrote("POST", "/courses", title="New", price_value=5,
                            duration_value=2, duration_unit=1, level=15,
                            text_lead="Lead", custom_properties={"a": "1"})
        self.assertEqual(answer, {"course_id": 7313})
        course = self.client.get("/courses/7313")
        self.assertEqual(course["created_at"], "2027-01-15T10:00:00+01:00")
        self.assertEqual(course["duration"]["unit"]["code"], "day")
        self.assertEqual(course["level"]["title"], "Corporate training")
        self.assertEqual(course["custom_properties"], {"a": "1"})
        answer = self.wrote("PUT", "/courses/7313", reference="R")
        self.assertEqual(answer, {"course_id": 7313})
        changed = self.client.get("/courses/7313")
        self.assertEqual(changed["updated_at"], "2027-01-15T10:00:01+01:00")
        course.update(reference="R", updated_at=changed["updated_at"])
        self.assertEqual(changed, course)
        self.wrote("DELETE", "/courses/7301")
        self.assertEqual(self.client.error("/courses/7301")[0], 404)
        self.assertNotIn(51002, self.ids("/coursedates"))

    def test_course_refusals(self):
        for fields in ({}, {"title": ""}, {"title": None}, {"title": 5},
                       {"title": "x", "id": 5}, {"title": "x", "active": 2},
                       {"title": "x", "price_value": 1.5},
                       {"title": "x", "level": "six"},
                       {"title": "First Aid"}):
            self.refused("POST", "/courses", **fields)
        self.wrote("POST", "/courses", title="Asbestos Removal")
        self.assertIn("title, level", self.refused("POST", "/courses",
                                                   level="x"))

    def test_date(self):
        answer = self.wrote(
            "POST", "/courses/7306/coursedates", start_at="2027-05-01",
            end_at="2027-05-02", start_time_at="08:00", place_id=302,
            place_by_search="Oslo", place_additional_info="B", status_id=2,
            location_id=802, instructors=[71, 72], timezone="Europe/Oslo",
            gatherings=[{"gathering_at": "2027-05-01 09:00",
                         "gathering_end_at": "2027-05-01",
                         "time_end": "11:00"}])
        self.assertEqual(answer, {"coursedate_id": 51041, "course_id": 7306})
        path = "/courses/7306/coursedates/51041"
        date = self.client.get(path + "?include[]=instructors")
        self.assertEqual(date["start_time_at"], "08:00:00")
        self.assertEqual(date["deadline_at"], "2027-05-01")
        self.assertEqual(date["place"]["id"], 302)
        self.assertEqual(date["place"]["title_additional_info"], "B")
        self.assertEqual(date["seats"]["free"]["num"], 14)
        self.assertEqual(date["gatherings"][0]["gathering_end_at"],
                         "2027-05-01 11:00")
        self.assertEqual([who["id"] for who in date["instructors"]], [71, 72])
        self.wrote("PUT", path, start_at="2027-06-01", end_at="2027-06-02",
                   place_by_search="tromsø", reference=None)
        changed = self.client.get(path)
        self.assertEqual(changed["place"]["title"], "Tromsø")
        self.assertEqual(changed["start_time_at"], "08:00:00")
        self.wrote("PUT", path, start_at="2027-06-01", end_at="2027-06-02",
                   place_by_search="nowhere", location_id=None)
        changed = self.client.get(path)
        self.assertEqual(changed["place"]["title"], "Tromsø")
        self.assertIsNone(changed["location"])
        answer = self.wrote("DELETE", path)
        self.assertIsNotNone(answer["deleted_at"])
        self.assertEqual(self.client.write("DELETE", path)[0], 404)

    def test_date_refusals(self):
        path = "/courses/7301/coursedates"
        good = {"start_at": "2027-05-01", "end_at": "2027-05-02"}
        for name, value in (("start_at", None), ("end_at", "2027-02-30"),
                            ("start_at", "2027-05-01 10:00"),
                            ("start_time_at", "08:00:00"), ("status_id", 5),
                            ("timezone", "Mars"), ("place_id", 1),
                            ("location_id", 1), ("instructors", 71),
                            ("gatherings", [{"theme": "x"}]),
                            ("title", "x"), ("course_id", 7302)):
            fields = dict(good, **{name: value})
            self.assertIn(name, self.refused("POST", path, **fields))
            self.assertIn(name, self.refused("PUT", DATE, **fields))
        self.assertIn("end_at", self.refused("PUT", DATE, start_at=good[
            "start_at"]))
        status, answer = self.client.write("POST", "/courses/1/coursedates",
                                           **good)
        self.assertEqual((status, answer["error"]),
                         (404, "Course not found"))

    def test_customer(self):
        answer = self.wrote("POST", "/customers", title="C", type=2,
                            web_address="https://c.example", country="SE")
        self.assertEqual(answer, {"customer_id": 40216})
        customer = self.client.get("/customers/40216")
        self.assertEqual(customer["webaddress"], "https://c.example")
        self.assertEqual(customer["country"]["code"], "SE")
        self.assertEqual(customer["type"], "Private")
        self.wrote("PUT", "/customers/40216", note="n", country="NO")
        customer.update(note="n", country={"id": 1, "title": "Norway",
                                           "code": "NO"},
                        updated_at="2027-01-15T10:00:01+01:00")
        self.assertEqual(self.client.get("/customers/40216"), customer)
        self.refused("PUT", "/customers/40216", country="XX")

    def test_properties(self):
        def properties(given):
            self.wrote("PUT", "/courses/7301", custom_properties=given)
            return self.client.get("/courses/7301")["custom_properties"]
        self.assertEqual(properties({"b": "2"}), {"erp_id": "P-100",
                                                  "b": "2"})
        self.assertEqual(properties({"erp_id": None}), {"b": "2"})
        self.assertIsNone(properties({"b": ""}))
        many = {"k%d" % number: "v" for number in range(25)}
        self.assertEqual(properties(many), many)
        for bad in ({"k25": "v"}, {"k1": "v" * 256}, {"k1": 5},
                    {"k1": {"a": "b"}}, "text", [1]):
            self.refused("PUT", "/courses/7301", custom_properties=bad)
        self.assertEqual(properties({"k0": None, "k" * 44: "v" * 255})[
            "k" * 44], "v" * 255)
        self.refused("PUT", "/courses/7301",
                     custom_properties={"k1": None, "k" * 45: "v"})
        self.refused("PUT", DATE, start_at="2027-05-01", end_at="2027-05-01",
                     custom_properties={"k" * 41: "v"})

    def test_encodings(self):
        form = "application/x-www-form-urlencoded"
        status, _ = self.client.raw(
            "POST", "/courses", "title=F%C3%B8rst+1&active=0"
            "&custom_properties%5Ba+b%5D=1", Content_Type=form)
        self.assertEqual(status, 200)
        course = self.client.get("/courses/7313")
        self.assertEqual(course["title"], "Først 1")
        self.assertFalse(course["is_active"])
        self.assertEqual(course["custom_properties"], {"a b": "1"})
        parts = "".join(
            '--X\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
            % pair for pair in (("start_at", "2027-05-01"),
                                ("end_at", "2027-05-01"),
                                ("instructors[]", "71"))) + "--X--\r\n"
        self.assertEqual(self.client.raw(
            "POST", "/courses/7301/coursedates", parts,
            Content_Type="multipart/form-data; boundary=X")[0], 200)
        self.assertEqual(MOCK.log()[-1], "POST /courses/7301/coursedates "
                         "start_at=2027-05-01&end_at=2027-05-01"
                         "&instructors[]=71")
        for kind, body in (("application/json", b"{"),
                           ("application/json", b"[]"),
                           ("application/json", b'{"title":"\xff"}'),
                           ("application/json", b'{"title":NaN}'),
                           ("application/json", b'{"title":"\\ud800"}'),
                           ("application/json", b'{"a":1,"a":2}'),
                           ("application/json", b"")):
            self.assertEqual(self.client.raw(
                "POST", "/courses", body, Content_Type=kind)[0], 400, body)
        self.assertEqual(self.client.raw("POST", "/courses", b"{}",
                                         Content_Type="text/plain")[0], 415)


class Strictness(Case):
    """What is refused before a handler sees it."""

    def test_paths_and_methods(self):
        self.assertEqual(self.client.error("/courses/")[0], 404)
        self.assertEqual(self.client.error("/nothing")[0], 404)
        self.assertEqual(self.client.error("/courses/07301")[0], 404)
        status, _ = self.client.raw("PATCH", "/courses/7301")
        self.assertEqual(status, 405)
        self.assertEqual(self.client.answer.headers["Allow"],
                         "GET, PUT, DELETE")
        self.client.http.request("GET", "/courses", headers=self.client
                                 .headers)
        answer = self.client.http.getresponse()
        self.assertEqual(answer.status, 404)
        self.assertIn(b"<html>", answer.read())

    def test_headers(self):
        for name in ("User_Agent", "Accept"):
            self.assertEqual(self.client.raw("GET", "/courses",
                                             **{name: None})[0], 400)
        self.assertEqual(self.client.raw("GET", "/courses",
                                         Host="elsewhere")[0], 400)
        self.assertEqual(self.client.raw("GET", "/courses", "body")[0], 400)

    def test_keys(self):
        for key, expected in (("wrong", (401, "Wrong API Key")),
                              (None, (401, "Wrong API Key")),
                              ("forbidden-key", (403, "Permission denied"))):
            self.assertEqual(self.client.error("/courses", X_API_Key=key),
                             expected)
        reader = Client("read-only-key")
        self.assertTrue(reader.get("/courses"))
        self.assertEqual(reader.write("PUT", "/courses/7301", title="x"),
                         (403, {"error": "Permission denied"}))

    def test_malformed_http(self):
        for text in (b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nbad\r\n\r\n",
                     b"POST /v2/courses HTTP/1.1\r\n\r\n",
                     b"POST /v2/courses HTTP/1.1\r\nTransfer-Encoding: "
                     b"chunked\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", MOCK.port),
                                          5) as raw:
                raw.sendall(text)
                self.assertIn(b"HTTP/1.1 4", raw.recv(1000))

    def test_as_a_proxy(self):
        self.client.http.request("GET", "http://other.example/v2/courses/7301",
                                 headers=dict(self.client.headers,
                                              Host="other.example"))
        self.assertEqual(self.client.http.getresponse().status, 200)
        self.assertEqual(MOCK.log(), ["GET /courses/7301"])

    def test_expect_continue(self):
        body = b'{"title":"Expected"}'
        with socket.create_connection(("127.0.0.1", MOCK.port), 5) as raw:
            raw.sendall(b"POST /v2/courses HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                        b"X-API-Key: test-key\r\nAccept: */*\r\n"
                        b"User-Agent: t\r\nExpect: 100-continue\r\n"
                        b"Content-Type: application/json\r\n"
                        b"Content-Length: %d\r\n\r\n"
                        % (MOCK.port, len(body)))
            self.assertIn(b"100 Continue", raw.recv(1000))
            raw.sendall(body)
            self.assertIn(b"200 OK", raw.recv(1000))


class SwitchTests(Case):
    """Each switch once."""

    def test_error_status(self):
        MOCK.set(error_status=200)
        self.assertEqual(self.client.error("/courses/1"),
                         (200, "Course not found"))
        self.assertEqual(self.client.error("/courses", X_API_Key="no"),
                         (200, "Wrong API Key"))

    def test_bad_key_text(self):
        MOCK.set(bad_key_text="invalid")
        self.assertEqual(self.client.error("/courses", X_API_Key="no"),
                         (401, "Invalid API key"))

    def test_unknown_id(self):
        for value, expected in (
                ("404", (404, b'{"error":"Course not found"}')),
                ("error200", (200, b'{"error":"Course not found"}')),
                ("null", (200, b"null")), ("array", (200, b"[]")),
                ("404empty", (404, b""))):
            MOCK.set(unknown_id=value)
            self.assertEqual(self.client.raw("GET", "/courses/1"), expected)
        MOCK.set(unknown_id="null")
        self.assertEqual(self.client.get("/courses/1/coursedates"), [])

    def test_bounds_and_filter_zone(self):
        row = MOCK.dump("courses", 7301)
        local = row["created_at"][:19].replace("T", "+")
        both = "/courses?created_at_min=%s&created_at_max=%s" % (local, local)
        self.assertEqual(self.ids(both), [7301])
        MOCK.set(bounds="exclusive")
        self.assertEqual(self.ids(both), [])
        MOCK.set(bounds="inclusive", filter_zone="UTC")
        self.assertEqual(self.ids(both), [])

    def test_parameter_switches(self):
        for switch, query in (("filters", "status_id=2"),
                              ("id_filter", "coursedate_id=51001"),
                              ("since_id", "since_id=51030"),
                              ("sort", "order_by=id&order_direction=asc")):
            path = "/coursedates?limit=250&" + query
            honoured = self.ids(path)
            MOCK.set(**{switch: "ignored"})
            self.assertNotEqual(self.ids(path), honoured)
            self.assertEqual(len(self.ids(path)), 39)
            MOCK.set(**{switch: "refused"})
            self.assertEqual(self.client.error(path)[0], 400)
            MOCK.set(**{switch: "honoured"})

    def test_default_sort(self):
        MOCK.set(default_sort="asc")
        self.assertEqual(self.ids("/courses?limit=2"), [7301, 7302])

    def test_unknown_param(self):
        path = "/courses?order_by=id&include[]=nothing"
        self.assertEqual(len(self.ids(path)), 12)
        MOCK.set(unknown_param="error")
        self.assertEqual(self.client.error(path)[0], 422)

    def test_past_end(self):
        path = "/courses?limit=10&page=3"
        self.assertEqual(self.ids(path), [])
        MOCK.set(past_end="repeat")
        self.assertEqual(self.ids(path), [7302, 7301])
        for value, status in (("error", 422), ("404", 404)):
            MOCK.set(past_end=value)
            self.assertEqual(self.client.error(path)[0], status)
            self.assertEqual(len(self.ids("/courses?limit=10&page=2")), 2)

    def test_page_sizes(self):
        self.assertEqual(len(self.ids("/courses?limit=300")), 12)
        MOCK.set(page_clamp=5)
        self.assertEqual(len(self.ids("/courses?limit=300")), 5)
        MOCK.set(ignore_limit=7)
        self.assertEqual(len(self.ids("/courses?limit=1")), 7)
        MOCK.set(limit_over="error")
        self.assertEqual(self.client.error("/courses?limit=300")[0], 422)

    def test_containers(self):
        for value in ("items", "data"):
            MOCK.set(list_container=value, item_container="array")
            self.assertEqual(len(self.client.get("/courses")[value]), 12)
            self.assertEqual(self.client.get("/courses/7301")[0]["id"], 7301)

    def test_missing_endpoints(self):
        MOCK.set(coursedates_list="404", batch="404")
        self.assertEqual(self.client.error("/coursedates")[0], 404)
        self.assertEqual(self.client.error(
            "/batch/coursedates?course_ids[]=7301")[0], 404)

    def test_batch(self):
        path = "/batch/coursedates?limit=2&course_ids[]=7301"
        self.assertEqual(len(self.ids(path + "&course_ids[]=7302")), 2)
        MOCK.set(batch_limit="per_course")
        self.assertEqual(len(self.ids(path + "&course_ids[]=7302")), 4)
        MOCK.set(batch_max_ids=1)
        self.assertEqual(self.client.error(path + "&course_ids[]=7302")[0],
                         422)
        self.assertEqual(self.client.error("/batch/coursedates")[0], 422)

    def test_date_check(self):
        path = "/courses/0/coursedates/51002"
        self.assertEqual(self.client.error(path)[0], 404)
        MOCK.set(date_check="no")
        self.assertEqual(self.client.get(path)["coursedate_id"], 51002)

    def test_hidden_rows(self):
        deleted = "/courses/7304/coursedates/51039"
        self.assertEqual(self.client.error(deleted)[0], 404)
        MOCK.set(deleted_item="shown")
        self.assertIsNotNone(self.client.get(deleted)["deleted_at"])
        self.assertEqual(len(self.ids("/coursedates")), 39)
        MOCK.set(deleted="shown", inactive="hidden")
        self.assertEqual(len(self.ids("/coursedates")), 40)
        self.assertEqual(len(self.ids("/courses")), 10)
        self.assertFalse(self.client.get("/courses/7304")["is_active"])

    def test_course_shapes(self):
        MOCK.set(course_list="thin")
        item = self.client.get("/courses")[0]
        for name in ("custom_properties", "text_lead", "created_at"):
            self.assertNotIn(name, item)
            self.assertIn(name, self.client.get("/courses/7301"))
        for value in ("description", "descriptions"):
            MOCK.set(course_texts=value)
            self.assertIn("text_lead", self.client.get(
                "/courses/7301")[value])
        MOCK.set(course_texts="absent", course_includes="everywhere")
        self.assertNotIn("text_lead", self.client.get("/courses/7301"))
        self.assertIn("products", self.client.get(
            "/courses?include[]=products")[0])

    def test_date_shapes(self):
        MOCK.set(include_instructors="everywhere", list_timestamps="present",
                 flat_keys="listed", date_time_part="yes")
        nested = self.client.get("/courses/7301/coursedates"
                                 "?include[]=instructors")[0]
        self.assertIn("instructors", nested)
        self.assertRegex(nested["start_at"], r"^....-..-.. ..:..:..$")
        flat = self.client.get("/coursedates")["items"][0]
        self.assertIn("created_at", flat)
        self.assertNotIn("title", flat)

    def test_spelling_of_values(self):
        MOCK.set(numeric_strings="all", booleans="strings", titles="no",
                 timestamps="naive", props_empty="array")
        date = self.client.get(DATE)
        self.assertEqual(date["coursedate_id"], "51002")
        self.assertEqual(date["location"]["lat"], "59.914")
        self.assertEqual(date["is_visible"], "1")
        self.assertEqual(date["status"]["title"], "Ikke avklart")
        self.assertEqual(date["location"]["country"], "Norge")
        self.assertEqual(date["created_at"], "2026-10-24 10:43:43")
        self.assertEqual(self.client.get(
            "/courses/7302")["custom_properties"], [])
        customer = self.client.get("/customers/40201")
        self.assertEqual((customer["type"], customer["status"]),
                         ("Bedrift", "Aktiv"))
        MOCK.set(booleans="numbers", props_empty="object")
        self.assertIs(self.client.get("/courses/7301")["is_active"], 1)
        self.assertEqual(self.client.get(
            "/courses/7302")["custom_properties"], {})

    def test_body(self):
        MOCK.set(body="form")
        self.assertEqual(self.client.write("POST", "/courses", title="x")[0],
                         415)
        MOCK.set(body="json")
        self.assertEqual(self.client.raw(
            "POST", "/courses", "title=x",
            Content_Type="application/x-www-form-urlencoded")[0], 415)

    def test_unknown_field(self):
        self.assertIn("nonsense", self.refused("PUT", "/courses/7301",
                                               nonsense=1))
        MOCK.set(unknown_field="ignore")
        self.wrote("PUT", "/courses/7301", nonsense=1)

    def test_null_clears(self):
        MOCK.set(null_clears="no")
        self.wrote("PUT", "/courses/7301", reference=None)
        self.assertEqual(self.client.get("/courses/7301")["reference"],
                         "HW-01")
        MOCK.set(null_clears="yes")
        self.wrote("PUT", "/courses/7301", reference=None)
        self.assertIsNone(self.client.get("/courses/7301")["reference"])

    def test_property_switches(self):
        def properties(**given):
            self.wrote("PUT", "/courses/7301", custom_properties=given)
            return self.client.get("/courses/7301")["custom_properties"]
        MOCK.set(props_put="replace", props_types="coerce")
        self.assertEqual(properties(a=1, b=True, c=None),
                         {"a": "1", "b": "1"})
        self.assertIsNone(properties())
        MOCK.set(props_over="truncate")
        self.assertEqual(properties(**{"k" * 50: "v" * 300}),
                         {"k" * 44: "v" * 255})
        MOCK.set(props_over="drop")
        self.assertEqual(properties(**{"k" * 50: "v", "a": "b"}), {"a": "b"})
        MOCK.set(course_props="dropped")
        self.assertEqual(properties(a="c"), {"a": "b"})
        MOCK.set(course_props="error")
        self.refused("PUT", "/courses/7301", custom_properties={"a": "c"})

    def test_date_put(self):
        fields = {"start_at": "2027-05-01", "end_at": "2027-05-02"}
        before = self.client.get(DATE)
        self.wrote("PUT", DATE, **fields)
        after = self.client.get(DATE)
        before.update(fields, updated_at=after["updated_at"])
        self.assertEqual(after, before)
        MOCK.set(date_put="reset")
        self.wrote("PUT", DATE, **fields)
        after = self.client.get(DATE)
        self.assertIsNone(after["location"])
        self.assertIsNone(after["custom_properties"])
        self.assertEqual(after["place"], {"title_additional_info": None})
        self.wrote("PUT", DATE, place_by_search="bergen", **fields)
        self.assertEqual(self.client.get(DATE)["place"]["id"], 302)
        MOCK.set(date_put_fields="documented")
        self.assertIn("status_id", self.refused("PUT", DATE, status_id=1,
                                                **fields))
        MOCK.set(date_order="checked")
        self.assertIn("end_at", self.refused(
            "PUT", DATE, start_at="2027-05-02", end_at="2027-05-01"))

    def test_customer_switches(self):
        path = "/customers/40201"
        self.wrote("PUT", path, note="n")
        self.assertEqual(self.client.get(path)["title"], "Fjord Diving AS")
        MOCK.set(customer_put_omitted="reset")
        self.wrote("PUT", path, fax="f")
        self.assertIsNone(self.client.get(path)["note"])
        self.assertEqual(self.client.write("DELETE", path)[0], 405)
        self.assertEqual(self.client.answer.headers["Allow"], "GET, PUT")
        for value in ("404", "405"):
            MOCK.set(customer_put=value, customer_delete="present")
            self.assertEqual(self.client.write("PUT", path, fax="f")[0],
                             405)
            self.assertNotIn("PUT", self.client.answer.headers["Allow"])
        self.wrote("DELETE", path)
        self.assertEqual(self.client.error(path)[0], 404)

    def test_delete_switches(self):
        MOCK.set(delete_method="405")
        self.assertEqual(self.client.write("DELETE", DATE)[0], 405)
        MOCK.set(delete_method="present", delete_answer="ids")
        self.assertEqual(self.wrote("DELETE", DATE),
                         {"coursedate_id": 51002, "course_id": 7301})
        MOCK.set(delete_answer="empty")
        self.assertEqual(self.client.write("DELETE", "/courses/7301"),
                         (204, None))

    def test_write_answers(self):
        MOCK.set(write_answer="object", post_status=201)
        status, answer = self.client.write("POST", "/courses", title="x")
        self.assertEqual((status, answer["title"]), (201, "x"))
        MOCK.set(write_answer="id")
        self.assertEqual(self.wrote("PUT", "/courses/7301", reference="x"),
                         {"id": 7301})

    def test_today(self):
        MOCK.reset(rate=0, today="2026-01-01")
        self.assertEqual(MOCK.dump("course_dates", 51001)["start_at"],
                         "2025-11-22")
        with self.assertRaises(mock.MockError):
            MOCK.set(today="2027-01-01")

    def test_transport_switches(self):
        body = self.client.raw("GET", "/courses", Accept_Encoding="gzip")[1]
        self.assertEqual(len(json.loads(gzip.decompress(body))), 12)
        MOCK.set(gzip="off", keepalive="off", latency="30-40", url_max=40,
                 clock_skew=3600)
        begin = time.monotonic()
        body = self.client.raw("GET", "/courses", Accept_Encoding="gzip")[1]
        self.assertGreaterEqual(time.monotonic() - begin, 0.03)
        self.assertEqual(len(json.loads(body)), 12)
        self.assertEqual(self.client.answer.headers["Connection"], "close")
        date = datetime.datetime.strptime(self.client.answer.headers["Date"],
                                          "%a, %d %b %Y %H:%M:%S GMT")
        ahead = date - datetime.datetime.utcnow()
        self.assertGreater(ahead.total_seconds(), 3500)
        self.assertEqual(self.client.raw(
            "GET", "/courses?since_id=" + "1" * 40)[0], 414)


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
        switches = mock.Switches()
        for rate, times, expected in (
                ("5", [0, .1, .2, .3, .4, .9, 2, 2, 2, 2, 2, 2],
                 [True] * 5 + [False] + [True] * 5 + [False]),
                ("5", [0, .1, .2, .3, .4, 1, 1.1], [True] * 7),
                ("0.5", [0, 1.9, 3.9], [True, False, True]),
                ("2.5", [0, 0, .7, 1.6], [True, True, False, True])):
            switches.assign({"rate": rate})
            limiter = mock.Limiter()
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
            with self.assertRaises(mock.MockError):
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
        server = mock.Mock(port)
        self.assertEqual(server.log(), ["GET /courses"])
        server.stop()


if __name__ == "__main__":
    unittest.main()

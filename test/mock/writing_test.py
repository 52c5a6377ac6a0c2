"""Tests of writing, and of what is refused."""

import socket

from mock.case import DATE, MOCK, Case, Client


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

    def test_credentials_for_a_proxy(self):
        self.assertEqual(
            self.client.error("/courses/7301",
                              Proxy_Authorization="Basic YTpi"),
            (400, "Header meant for a proxy"))

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

"""Tests of the switches, one by one."""

import datetime
import gzip
import json
import time

from mock.case import DATE, MOCK, Case, Client
from mock.client import MockError


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

    def test_front_cache(self):
        path = "/courses/7301"
        for value, age in (("aged", "0"), ("silent", None)):
            MOCK.reset(front_cache=value)
            first = self.client.get(path)
            MOCK.change("courses", 7301, title="New")
            self.assertEqual(self.client.get(path), first)
            self.assertEqual(self.client.answer.getheader("Age"), age)
            fresh = self.client.get(path, Cache_Control="no-cache")
            self.assertEqual(fresh["title"], "New")
            self.assertIsNone(self.client.answer.getheader("Age"))
            self.assertEqual(self.client.get(path), fresh)
            other = Client("other-key")
            self.assertEqual(other.error("/courses/7301")[0], 404)
            self.assertEqual(MOCK.log(), [
                "GET " + path, "GET " + path + " cached",
                "GET " + path + " no-cache", "GET " + path + " cached",
                "GET " + path + " 404"])

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
        MOCK.set(default_sort="active")
        self.assertEqual(self.ids("/courses")[-2:], [7301, 7308])
        self.assertEqual(self.ids("/courses")[:2], [7302, 7303])

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

    def test_page_numbers(self):
        pages = [self.ids("/courses?limit=5&page=%d" % number)
                 for number in (1, 2)]
        MOCK.set(drift=1)
        for number, expected in ((1, 0), (2, 0), (3, 1)):
            self.assertEqual(self.ids("/courses?limit=5&page=%d" % number),
                             pages[expected])
        MOCK.set(page_number="ignored")
        self.assertEqual(self.ids("/courses?limit=5&page=3"), pages[0])

    def test_gap_page(self):
        def get(number):
            page = self.client.get("/coursedates?limit=20&page=%d" % number)
            return (len(page["items"]),
                    page["pagination"].get("next_page", "absent"))

        MOCK.set(gap_page=2)
        self.assertEqual([get(number) for number in (1, 2, 3)],
                         [(20, 2), (0, 3), (19, None)])
        for value, expected in (("false", False), ("zero", 0), ("empty", ""),
                                ("absent", "absent")):
            MOCK.set(next_page=value)
            self.assertIs(type(get(3)[1]), type(expected))
            self.assertEqual(get(3)[1], expected)

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
        MOCK.set(batch_cut=1)
        self.assertEqual(len(self.ids(path + "&course_ids[]=7302")), 2)
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
        MOCK.set(include_instructors="flat", flat_keys="all")
        flat = self.client.get("/coursedates?include[]=instructors")["items"]
        self.assertIn("instructors", flat[0])

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
        self.wrote("PUT", DATE, reference="kept?", timezone="Europe/Paris",
                   deadline_at="2027-04-01", place_additional_info="Gate",
                   **fields)
        MOCK.set(date_put="some")
        self.wrote("PUT", DATE, status_id=2, **fields)
        after = self.client.get(DATE)
        self.assertEqual(after["deadline_at"], fields["start_at"])
        self.assertIsNone(after["reference"])
        self.assertIsNone(after["place"]["title_additional_info"])
        self.assertEqual(after["timezone"], "Europe/Paris")
        self.wrote("PUT", DATE, deadline_at=None, **fields)
        self.assertIsNone(self.client.get(DATE)["deadline_at"])
        MOCK.set(date_put="others")
        self.wrote("PUT", DATE, **fields)
        after = self.client.get(DATE)
        self.assertEqual(after["teaching_language"]["id"], "en")
        self.assertEqual(after["timezone"], "Europe/Stockholm")
        self.assertFalse(after["visible_when_passed_deadline"])
        MOCK.set(date_put="reset", date_put_fields="documented")
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
        MOCK.set(customer_put_omitted="others")
        self.wrote("PUT", path, fax="f", note="n")
        self.assertEqual(self.client.get(path)["country"]["code"], "SE")
        MOCK.set(customer_put_omitted="some")
        self.wrote("PUT", path, phone="1")
        self.wrote("PUT", path, fax="g")
        self.assertIsNone(self.client.get(path)["phone"])
        self.assertEqual(self.client.get(path)["note"], "n")
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
        with self.assertRaises(MockError):
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

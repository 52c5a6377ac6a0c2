"""Tests of reading."""

import statistics
import time

from mock.case import DATE, MOCK, TODAY, Case, Client, items


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

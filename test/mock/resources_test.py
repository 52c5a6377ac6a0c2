"""Tests of the other resources and of what can be done with them."""

from mock.case import MOCK, Case, Client

PERSON = {"firstname": "Ada", "lastname": "Lund",
          "email": "ada@person.example"}


class Resources(Case):
    """Shapes, filters and traps of section 13."""

    def test_participants(self):
        person = self.client.get("/participants/200002")
        self.assertIn(person, self.client.get("/participants?limit=250"))
        self.assertNotIn("attendance", person)
        self.assertIn("attendance", self.client.get(
            "/participants/200002?include[]=attendance"))
        date = person["coursedate"]["id"]
        self.assertRegex(person["coursedate"]["time_start"], r"^\d\d:\d\d$")
        same = self.client.get("/participants?coursedate_id=%d" % date)
        self.assertEqual({one["coursedate"]["id"] for one in same}, {date})
        user = self.client.get("/participants?user_id=%d&course_id=%d" % (
            person["user"]["id"], person["course"]["id"]))
        self.assertIn(person, user)
        MOCK.set(link_filter="ignored")
        self.assertEqual(len(self.client.get(
            "/participants?user_id=90001&limit=250")), 80)
        MOCK.set(link_filter="refused")
        self.assertEqual(self.client.error("/participants?user_id=1")[0],
                         400)

    def test_participants_are_put(self):
        path = "/participants/200003"
        before = self.client.get(path)
        answer = self.wrote("PUT", path, idStatus=4, completed=1)
        self.assertEqual(answer["status"],
                         {"id": 4, "title": "Deregistered"})
        self.assertIs(answer["completed"], True)
        self.assertEqual(answer["paid"], before["paid"])
        self.refused("PUT", path, idStatus=5)
        MOCK.set(participant_put="reset", participant_answer="empty")
        self.assertEqual(self.client.raw(
            "PUT", path, '{"passed":1}',
            Content_Type="application/json")[1], b"")
        after = self.client.get(path)
        self.assertIsNone(after["paid"])
        self.assertIs(after["passed"], True)

    def test_orders(self):
        hidden = self.client.get("/orders?limit=250")
        self.assertEqual({order["exported_at"] for order in hidden}, {None})
        every = self.client.get("/orders?exported=true&limit=250")
        self.assertGreater(len(every), len(hidden))
        MOCK.set(exported="only")
        only = self.client.get("/orders?exported=true&limit=250")
        self.assertEqual(len(only) + len(hidden), len(every))
        self.assertEqual(self.client.get("/orders/30002"), [only[-1]])
        self.assertNotIn("campaign", hidden[0])
        self.assertIn("campaign", self.client.get(
            "/orders?include[]=campaign")[0])
        self.assertIn("course", self.client.get(
            "/orders/30002?include[]=lines.database_relations.course")[0][
                "lines"][0])
        late = self.client.get(
            "/orders?exported=true&exported_at_min=2026-12-01")
        self.assertLess(len(late), len(only))
        MOCK.set(order_exported_at="absent")
        self.assertNotIn("exported_at", self.client.get("/orders")[0])

    def test_products(self):
        products = self.client.get("/orders/products?limit=250")
        self.assertEqual({product["id_type"] for product in products},
                         {1, 2})
        self.assertEqual({product["id_type"] for product in self.client.get(
            "/orders/products?id_type=1")}, {1})

    def test_lists_without_pages(self):
        self.assertEqual(len(self.client.get("/admin-roles")), 3)
        self.assertEqual(len(self.client.get("/admin-users")), 4)
        for path in ("/instructors", "/locations", "/countries",
                     "/currencies"):
            self.assertEqual(len(self.client.get(path + "?limit=2")), 2)
            MOCK.set(other_pages="whole")
            self.assertGreater(len(self.client.get(path + "?limit=2")), 2)
            MOCK.set(other_pages="paged")
        self.assertNotIn("id", self.client.get("/currencies")[0])

    def test_instructors(self):
        answer = self.wrote("POST", "/instructors", firstname="Eva",
                            lastname="Moe", idUser=90003)
        path = "/instructors/%d" % answer["instructor_id"]
        self.wrote("PUT", path, idUser="")
        row = self.client.get("/instructors")[0]
        self.assertEqual((row["firstname"], row["idUser"]), ("Eva", None))
        self.assertRegex(row["created_at"], r"^[-\d]{10} [:\d]{8}$")
        self.refused("POST", "/instructors", firstname="Eva")
        self.assertEqual(self.client.raw("GET", path)[0], 405)

    def test_legal_bases(self):
        whole = self.client.get("/privacy/users/legalbases?limit=250")
        user = whole[0]["user"]["id"]
        self.assertIn(whole[0], self.client.get(
            "/privacy/users/%d/legalbases" % user))
        self.assertEqual(self.client.error("/privacy/users/1/legalbases"),
                         (404, "User not found"))
        made = self.wrote("POST", "/privacy/users/%d/legalbases" % user,
                          legal_basis=1, purpose=2, source=3, consent=1)
        self.assertEqual(made["legal_basis"]["title"], "Consent")
        self.refused("POST", "/privacy/users/%d/legalbases" % user,
                     legal_basis=4, purpose=2, source=3)


class Deeds(Case):
    """Booking and the other verbs."""

    def test_booking(self):
        answer = self.wrote("POST", "/booking", coursedate_id=51001,
                            payment_method="invoice", participants=[PERSON])
        summary = answer["summary"]
        self.assertEqual(summary["coursedate_id"], "51001")
        booked = self.client.get("/participants?coursedate_id=51001")[0]
        self.assertEqual(booked["user"]["email"], "ada@person.example")
        gone = self.wrote("PUT", "/booking/%s/deregister"
                          % summary["booking_id"], config={"with_fee": True})
        self.assertEqual(gone["participants"][0]["status"]["id"], 8)
        status, error = self.client.write("POST", "/booking",
                                          coursedate_id=1, participants=[{}])
        self.assertEqual((status, error["successful"]), (422, False))
        self.assertIn("participant_name_invalid_empty",
                      [one["code"] for one in error["errors"]])
        status, error = self.client.write("PUT", "/booking/1/deregister",
                                          config={})
        self.assertEqual((status, error["errors"][0]["code"]),
                         (404, "resource_not_found"))

    def test_anonymise(self):
        user = self.client.get("/participants/200001")["user"]["id"]
        before = self.client.get("/participants/200001")["updated_at"]
        self.wrote("DELETE", "/privacy/users/%d/anonymize" % user)
        after = self.client.get("/participants/200001")
        self.assertEqual(after["user"]["email"], "")
        self.assertEqual(after["updated_at"], before)

    def test_questions(self):
        self.assertTrue(self.client.get(
            "/campaigns/validate/SOMMER%2F10?course_id=7301")["successful"])
        self.assertEqual(self.client.raw(
            "GET", "/campaigns/validate/SOMMER%2F10")[0], 422)
        self.assertEqual(self.client.raw(
            "GET", "/vouchers/validate/none")[0], 404)
        self.assertIn("voucher", self.client.get(
            "/vouchers/validate/GAVE%2025"))
        found = self.client.get("/search-users?username=user4")
        self.assertEqual([user["id"] for user in found], [90005])
        self.assertEqual(self.client.error("/search-users")[0], 422)
        diplomas = self.client.get("/diplomas?participant_id=200001")
        self.assertEqual(diplomas["success"], "ok")
        self.assertIn("token=", diplomas["items"][0]["url"])
        self.assertEqual(Client("read-only-key").write(
            "POST", "/booking")[0], 403)

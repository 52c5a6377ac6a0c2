"""The other resources and what can be done with them: sections 13 and 2."""

from mock.fields import check_boolean
from mock.lists import PAGING, ListOf, parse_bound, parse_id
from mock.messages import ApiError, Response
from mock.people import (
    FIRST_BOOKING, PARTICIPANT_STATUSES, USER_MARK, blank_participant, naive)
from mock.values import NULL, encode, get_path
from mock.views import without
from mock.words import seats, titled
from mock.writes import parse_body

ATTENDANCE = {"include": ListOf("attendance")}
LINES = {"include": ListOf("lines.database_relations.course",
                           "lines.database_relations.participants",
                           "campaign")}
PERSON = {"email": str, "firstname": str, "lastname": str, "username": str}
SEARCHED = ("id", "firstname", "lastname", "email", "username", "phone",
            "company", "orgnr", "position", "department", "external_id",
            "created_at", "updated_at")

# path, method, handler, query parameters, switch that takes it away
ENDPOINTS = (
    ("/participants", "GET", "list_participants",
     dict(PAGING, **ATTENDANCE, course_id=parse_id, coursedate_id=parse_id,
          customer_id=parse_id, user_id=parse_id), None),
    ("/participants/:id", "GET", "show_participant", ATTENDANCE, None),
    ("/participants/:id", "PUT", "update_participant", {}, None),
    ("/orders", "GET", "list_orders",
     dict(PAGING, **LINES, course_id=parse_id, user_data=check_boolean,
          exported=check_boolean, exported_at_min=parse_bound,
          exported_at_max=parse_bound), None),
    ("/orders/:id", "GET", "show_order", LINES, None),
    ("/orders/products", "GET", "list_products",
     dict(PAGING, id_type=parse_id), None),
    ("/instructors", "GET", "list_instructors",
     {name: PAGING[name] for name in ("limit", "page")}, None),
    ("/instructors", "POST", "create_instructor", {}, None),
    ("/instructors/:id", "PUT", "update_instructor", {}, None),
    ("/admin-roles", "GET", "list_admin_roles", {}, None),
    ("/admin-users", "GET", "list_admin_users", {}, None),
    ("/locations", "GET", "list_locations",
     {name: PAGING[name] for name in ("limit", "page")}, None),
    ("/countries", "GET", "list_countries",
     {name: PAGING[name] for name in ("limit", "page")}, None),
    ("/currencies", "GET", "list_currencies",
     {name: PAGING[name] for name in ("limit", "page")}, None),
    ("/privacy/users/legalbases", "GET", "list_legal_bases", PAGING, None),
    ("/privacy/users/:id/legalbases", "GET", "list_user_legal_bases",
     {name: PAGING[name] for name in ("limit", "page", "since_id")}, None),
    ("/privacy/users/:id/legalbases", "POST", "create_legal_basis", {},
     None),
    ("/privacy/users/:id/anonymize", "DELETE", "anonymize_user", {}, None),
    ("/booking", "POST", "book", {}, None),
    ("/booking/:id/deregister", "PUT", "deregister", {}, None),
    ("/campaigns/validate/:code", "GET", "check_campaign",
     {"course_id": parse_id, "coursedate_id": parse_id}, None),
    ("/vouchers/validate/:code", "GET", "check_voucher", {}, None),
    ("/search-users", "GET", "search_users", PERSON, None),
    ("/diplomas", "GET", "list_diplomas",
     {"user_id": parse_id, "participant_id": parse_id, "ttl": parse_id},
     None),
)


class Refusal(ApiError):
    """An answer of family B (section 1.2)."""

    def __init__(self, status, *codes):
        super().__init__(status, codes[0])
        self.body = {"successful": False, "errors": [
            {"code": code, "message": code.replace("_", " ").capitalize()}
            for code in codes]}


class Resources:
    """The endpoints of the other resources; a part of Api."""

    # -- lists ---------------------------------------------------------------

    def whole_list(self, request, name):
        """A list that knows no filter; a switch takes its pages, too."""
        if self.switches["other_pages"] == "whole":
            ids = self.select(request, name, {})
            return self.contain(self.items(request, name, ids, "list"))
        return self.bare_list(request, name)

    def list_participants(self, request):
        """GET /participants; what customer_id filters is not known"""
        query, group, ranges = request.query, None, []
        for name in ("coursedate_id", "user_id", "course_id"):
            if name in query:
                ranges.append((name, query[name], query[name]))
        if ranges:
            group = (ranges[0][0], (ranges.pop(0)[1],))
        return self.bare_list(request, "participants", ranges=tuple(ranges),
                              group=group)

    def show_participant(self, request, number):
        """GET /participants/:id"""
        return self.show(request, "participants", number)

    def list_orders(self, request):
        """GET /orders: exported orders only where they are asked for"""
        ranges = ()
        if not request.query.get("exported"):
            ranges = (("exported", NULL, NULL),)
        elif self.switches["exported"] == "only":
            ranges = (("exported", NULL + 1, 1 << 62),)
        return self.bare_list(request, "orders", ranges=ranges)

    def show_order(self, request, number):
        """GET /orders/:id: an array of one"""
        answer = self.show(request, "orders", number)
        if answer.body.startswith(b"{") and answer.status == 200 and (
                b'"error"' not in answer.body):
            return Response(200, b"[%s]" % answer.body)
        return answer

    def list_products(self, request):
        """GET /orders/products"""
        ranges = ()
        if "id_type" in request.query:
            number = request.query["id_type"]
            ranges = (("id_type", number, number),)
        return self.bare_list(request, "products", ranges=ranges)

    def list_instructors(self, request):
        """GET /instructors"""
        return self.whole_list(request, "instructors")

    def list_admin_roles(self, request):
        """GET /admin-roles: without pages"""
        ids = self.select(request, "admin_roles", {})
        return self.contain(self.items(request, "admin_roles", ids, "list"))

    def list_admin_users(self, request):
        """GET /admin-users: without pages"""
        ids = self.select(request, "admin_users", {})
        return self.contain(self.items(request, "admin_users", ids, "list"))

    def list_locations(self, request):
        """GET /locations"""
        return self.whole_list(request, "locations")

    def list_countries(self, request):
        """GET /countries"""
        return self.whole_list(request, "countries")

    def list_currencies(self, request):
        """GET /currencies: items without an id"""
        return self.whole_list(request, "currencies")

    def list_legal_bases(self, request):
        """GET /privacy/users/legalbases"""
        return self.bare_list(request, "user_legal_bases")

    def list_user_legal_bases(self, request, user_id):
        """GET /privacy/users/:id/legalbases"""
        if request.account.tables["users"].get(user_id) is None:
            return self.missing("users", is_list=True)
        return self.bare_list(request, "user_legal_bases",
                              group=("user", (user_id,)))

    # -- writes --------------------------------------------------------------

    def update_participant(self, request, number):
        """PUT /participants/:id; a status takes or frees a seat"""
        table = request.account.tables["participants"]
        before = table.get(number)
        answer = self.update(request, "participants", number)
        row = table.get(number)
        self.move_seat(request, row, takes_seat(row) - takes_seat(before))
        if self.switches["participant_answer"] == "empty":
            return Response(200)
        return Response(200, self.items(request, "participants", [number],
                                        "item")[0])

    def move_seat(self, request, participant, change):
        """Take a seat of a participant's date, or free one."""
        dates = request.account.tables["course_dates"]
        date = dates.get(participant["coursedate_id"])
        if not change or not date or not date["location"]:
            return
        date = dates.edit(participant["coursedate_id"])
        booked = get_path(date, "seats.booking_status.num", 0) + change
        date["seats"], date["seats_status"] = seats(
            get_path(date, "location.capacity_max", 0), max(0, booked))

    def create_instructor(self, request):
        """POST /instructors"""
        return self.create(request, "instructors")

    def update_instructor(self, request, number):
        """PUT /instructors/:id"""
        return self.update(request, "instructors", number)

    def create_legal_basis(self, request, user_id):
        """POST /privacy/users/:id/legalbases: answers the object"""
        if request.account.tables["users"].get(user_id) is None:
            raise ApiError(404, "User not found")
        answer = self.create(request, "user_legal_bases",
                             user={"id": user_id})
        table = request.account.tables["user_legal_bases"]
        if answer.status // 100 == 2:
            return Response(answer.status, encode(table.get(table.last_id)))
        return answer

    def anonymize_user(self, request, user_id):
        """DELETE /privacy/users/:id/anonymize; no time moves"""
        users = request.account.tables["users"]
        if users.get(user_id) is None:
            raise ApiError(404, "User not found")
        user = users.edit(user_id)
        user.update(firstname=USER_MARK, lastname=USER_MARK, email="",
                    username="", phone="", company="")
        request.account.tick()
        return Response.of(without(user, ("customer",)))

    def book(self, request):
        """POST /booking"""
        body = parse_body(request, self.switches["body"])
        tables = request.account.tables
        date_id = body.get("coursedate_id")
        date = tables["course_dates"].get(date_id) if isinstance(
            date_id, int) else None
        codes = []
        if date is None:
            codes.append("course_date_identifier_invalid")
        elif date["status"]["id"] == 3:
            codes.append("course_date_cancelled")
        if body.get("payment_method") not in ("invoice", "card_swedbank"):
            codes.append("booking_could_not_be_created")
        people = body.get("participants")
        if not isinstance(people, list) or not people:
            codes.append("participant_count_invalid")
        for person in people or ():
            if not person.get("firstname") or not person.get("lastname"):
                codes.append("participant_name_invalid_empty")
            if not person.get("email"):
                codes.append("participant_email_invalid_empty")
        if codes:
            raise Refusal(422, *codes)
        account = request.account
        moment = account.tick()
        numbers = [self.add_participant(account, date, person, moment)
                   for person in people]
        for number in numbers:
            self.move_seat(request, tables["participants"].get(number), 1)
        price = 1000.5 * len(people)
        order = tables["orders"].add({
            "id": None, "title": "Booking", "title_detailed": "Booking",
            "is_paid": False, "payment_method": body["payment_method"],
            "your_reference": body.get("your_reference"), "booker": None,
            "gln_number": "", "customer": None, "lines": [],
            "campaign": None, "created_at": moment, "updated_at": moment,
            "exported_at": None})
        booking = FIRST_BOOKING + len(account.bookings)
        account.bookings[booking] = numbers
        return Response.of({"successful": True, "summary": {
            "order_id": str(order["id"]), "booking_id": str(booking),
            "coursedate_id": str(date_id),
            "currency": body.get("currency", "nok"),
            "total_excl_vat": price, "total_incl_vat": price * 1.25,
            "total_vat": price * 0.25,
            "number_of_participants": len(people)}})

    def add_participant(self, account, date, person, moment):
        """A user and participant; the same e-mail and name are one user."""
        users, mark = account.tables["users"], None
        for number in users.select():
            user = users.get(number)
            if all(user[name] == person[name] for name in (
                    "firstname", "lastname", "email")):
                mark = number
        if mark is None:
            mark = users.add({
                **dict.fromkeys(SEARCHED), "customer": None,
                "firstname": person["firstname"], "email": person["email"],
                "lastname": person["lastname"], "username": person["email"],
                "created_at": moment, "updated_at": moment})["id"]
        return account.tables["participants"].add(dict(
            blank_participant(), user_id=mark,
            coursedate_id=date["coursedate_id"], course_id=date["course_id"],
            created_at=moment, updated_at=moment))["id"]

    def deregister(self, request, booking):
        """PUT /booking/:id/deregister"""
        config = parse_body(request, self.switches["body"]).get("config", {})
        if booking not in request.account.bookings:
            raise Refusal(404, "resource_not_found")
        table = request.account.tables["participants"]
        moment, gone = request.account.tick(), []
        for number in request.account.bookings[booking]:
            row = table.edit(number)
            self.move_seat(request, row, -takes_seat(row))
            row["status"] = titled(PARTICIPANT_STATUSES, 8 if config.get(
                "with_fee") else 4, "Status")
            row["updated_at"] = moment
            gone.append({"id": number, "status": row["status"]})
        return Response.of({"successful": True, "booking_id": str(booking),
                            "participants": gone})

    # -- questions -----------------------------------------------------------

    def check_campaign(self, request, code):
        """GET /campaigns/validate/:code"""
        if not {"course_id", "coursedate_id"} & set(request.query):
            raise Refusal(422, "missing_course_id")
        if code != "SOMMER/10":
            raise Refusal(404, "resource_not_found")
        return Response.of({"successful": True, "campaign": {
            "id": "12", "code": code, "discount_percent": 10}})

    def check_voucher(self, request, code):
        """GET /vouchers/validate/:code"""
        if code != "GAVE 25":
            raise Refusal(404, "resource_not_found")
        return Response.of({"successful": True, "voucher": {
            "id": "31", "code": code, "balance": "250.50",
            "created_at": "2026-05-01 10:00:00"}})

    def search_users(self, request):
        """GET /search-users"""
        query = request.query
        if not query:
            raise ApiError(422, "Parameter(s) not valid: email")
        users = request.account.tables["users"]
        found = [users.get(number) for number in users.select()]
        return Response.of([
            {name: user[name] for name in SEARCHED} for user in found
            if all(user[name] == value for name, value in query.items())])

    def list_diplomas(self, request):
        """GET /diplomas: links with a token"""
        query = request.query
        if not {"user_id", "participant_id"} & set(query):
            raise ApiError(422, "Parameter(s) not valid: user_id")
        table, found = request.account.tables["participants"], []
        for number in table.select():
            row = table.get(number)
            if row["passed"] and query.get(
                    "user_id", row["user_id"]) == row["user_id"] and (
                    query.get("participant_id", number) == number):
                found.append({
                    "participant_id": number, "url":
                    "https://files.example/d/%d?token=SECRET%d" % (number,
                                                                   number),
                    "created_at": naive(request.account.now)})
        return Response.of({"success": "ok", "items": found})


def takes_seat(participant):
    """1 for a participant that has a seat, else 0."""
    return int(participant["status"]["id"] in (1, 2, 7))


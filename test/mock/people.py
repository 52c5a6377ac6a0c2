"""Rows of the other resources: section 13 and 6.4.  None of them exists."""

import functools

from mock.values import NULL, day_text, epoch, stamp
from mock.words import FIRST_NAMES, LAST_NAMES, NASTY, TRADES, titled

PARTICIPANT_STATUSES = {
    1: "Confirmed", 2: "Overbooked", 3: "Waiting list", 4: "Deregistered",
    7: "Unconfirmed", 8: "Deregistered with fee"}
PAID = {1: "Not paid", 2: "Paid", 3: "Free"}
ROLES = ("Administrator", "Course coordinator", "Accountant")
BASES = {1: "Consent", 2: "Contract", 3: "Legal obligation",
         7: "Legitimate interest", 8: "Vital interest", 9: "Public task",
         11: "Other"}
PURPOSES = {1: "Course administration", 2: "Newsletter", 3: "Diplomas"}
SOURCES = {number: "Source %d" % number for number in range(1, 10)}
CONSENTS = {1: "Newsletter consent", 2: "Photo consent"}
COUNTRIES = (("NO", "Norway"), ("SE", "Sweden"), ("DK", "Denmark"),
             ("FI", "Finland"), ("IS", "Iceland"))
CURRENCIES = (("NOK", "Norwegian krone"), ("SEK", "Swedish krona"),
              ("EUR", "Euro"))

FIRST_USER = 90001
FIRST_PARTICIPANT = 200001
FIRST_ORDER = 30001
FIRST_BOOKING = 5001
USER_MARK = "anonymised"


def naive(seconds):
    """A moment as the pages of 2026 show it: no offset."""
    text = stamp(seconds)
    return text and text[:19].replace("T", " ")


def user_of(i, customer=None):
    """The user with index i, who does not exist; some share an e-mail."""
    first = FIRST_NAMES[i % len(FIRST_NAMES)]
    last = LAST_NAMES[i * 5 % len(LAST_NAMES)]
    return {
        "id": FIRST_USER + i, "firstname": first, "lastname": last,
        "email": "user%d@person.example" % (i - i % 5 // 4),
        "username": "user%d" % i, "phone": "4%07d" % (i * 6367 % 10000000),
        "company": None if i % 3 else "%s AS" % TRADES[i % len(TRADES)],
        "orgnr": None, "position": None, "department": None,
        "external_id": None if i % 2 else "X-%d" % i,
        "customer": customer,
    }


class People:
    """Makes the tables that World does not; a part of it by composition."""

    def __init__(self, world):
        self.world = world
        self.users = max(1, world.customers * 2)
        self.participants = 2 * world.dates
        self.orders = world.dates // 2 + min(world.dates, 3)

    def participant_user(self, i):
        """The index of the user of participant i."""
        return i * 3 % self.users

    def participant_date(self, i):
        """The index of the date of participant i: early dates have more."""
        return i * i % self.world.dates if i % 2 else i // 2

    def make_user(self, i):
        """User i; two of three belong to a customer."""
        world = self.world
        customer = None
        if i % 3 and world.customers:
            which = i % world.customers
            customer = {"id": world.bases[2] + which,
                        "title": world.customer_title(which)}
        return dict(user_of(i, customer), created_at=stamp(world.created(i)),
                    updated_at=stamp(world.updated(i)))

    def make_participant(self, i):
        """Participant i, with ids where views put objects."""
        world = self.world
        date = self.participant_date(i)
        moved = world.customer_updated(i)
        return {
            "id": FIRST_PARTICIPANT + i,
            "course_id": world.date_course_id(date),
            "coursedate_id": world.bases[1] + date,
            "user_id": FIRST_USER + self.participant_user(i),
            "status": titled(PARTICIPANT_STATUSES,
                             (1, 1, 7, 3, 1, 4, 2)[i % 7], "Status"),
            "paid": None if i % 11 == 7 else titled(PAID, 1 + i % 3, "Paid"),
            "completed": i % 4 == 0, "passed": i % 8 == 0,
            "archived_at": day_text(world.date_end(date))
            if i % 13 == 5 else None,
            "certificate_issued_at": day_text(world.date_end(date))
            if i % 8 == 0 else None,
            "booker_name": "%s %s" % (FIRST_NAMES[i * 3 % len(FIRST_NAMES)],
                                      LAST_NAMES[i % len(LAST_NAMES)]),
            "booker_email": "booker%d@person.example" % i,
            "booker_phone": "", "booker_language_id": 1,
            "booker_admin_user": {"id": 11} if i % 9 == 4 else None,
            "attendance": [{"gathering_id": 1, "is_present": i % 3 != 0}],
            "custom_properties": world.properties(i + 1),
            "created_at": stamp(world.created(i)), "updated_at": stamp(moved),
        }

    def make_instructor(self, i):
        """Instructor i; the dates' instructors are among them."""
        return {
            "id": 71 + i, "firstname": FIRST_NAMES[(71 + i) % len(
                FIRST_NAMES)],
            "lastname": LAST_NAMES[(71 + i) % len(LAST_NAMES)],
            "phone_prefix": "+47" if i % 2 else None,
            "phone": "9%07d" % (i * 4231 % 10000000),
            "email": "instructor%d@frontcore.example" % (71 + i),
            "position": "Instrukt\u00f8r", "company": None,
            "description": NASTY[i % len(NASTY)] if i % 3 == 1 else "",
            "idUser": FIRST_USER + i if i % 2 else None,
            "archived_at": naive(self.world.updated(i)) if i % 5 == 4
            else None,
            "created_at": naive(self.world.created(i)),
        }

    def make_role(self, i):
        """Role i."""
        return {"id": 1 + i, "title": ROLES[i],
                "description": None if i else "May do everything"}

    def make_admin(self, i):
        """Administrator i."""
        return {
            "id": 11 + i, "firstname": FIRST_NAMES[i * 2 % len(FIRST_NAMES)],
            "lastname": LAST_NAMES[i * 3 % len(LAST_NAMES)],
            "email": "admin%d@person.example" % i, "position": None,
            "phone_prefix": "+47", "phone": "2%07d" % (i * 991),
            "booking_email": None if i % 2 else "kurs%d@person.example" % i,
            "role_ids": [1 + i % 3] + ([3] if i % 2 else []),
            "created_at": naive(self.world.created(i)),
            "updated_at": naive(self.world.updated(i)),
        }

    def make_product(self, i):
        """Product i: the courses' own, and a few add-ons."""
        world = self.world
        is_course = i < world.courses
        return {
            "id": 400001 + i, "title": world.course_title(i) if is_course
            else "Lunsj %d" % i, "price": i * 850 % 9900 + (i % 2) / 2,
            "currency": {"id": 1, "title": "NOK",
                         "long_title": "Norske kroner"},
            "group": {"id": 3, "title": "Kurs"} if i % 2 else None,
            "vat": {"id": 2, "vat": 25, "name": "H\u00f8y"} if i % 3 else {
                "id": 1, "vat": 0, "name": "Fri"},
            "id_relation": world.bases[0] + i if is_course else 7 + i,
            "id_type": 2 if is_course else 1, "item_number": "%04d" % i,
            "is_archived": i % 9 == 4, "is_deleted": False,
            "is_main_price": i % 2 == 0, "is_member_price": i % 2 == 1,
            "id_product_regular_price": 400001 + i - 1 if i % 4 == 3 else 0,
            "id_external_system": "E%d" % i if i % 3 == 0 else None,
            "account_number": "3000", "cost_unit": None, "co_products": [],
            "type": "Course" if is_course else "Add-on",
            "title_label": None, "created_at": stamp(world.created(i)),
            "updated_at": stamp(world.updated(i)),
        }

    def order_exported(self, i):
        """When an order was exported: half of them were."""
        return self.world.updated(i) if i % 2 else NULL

    def make_order(self, i):
        """Order i."""
        world = self.world
        which = i * 7 % world.customers if world.customers else None
        return {
            "id": FIRST_ORDER + i, "title": "Order %d" % (FIRST_ORDER + i),
            "title_detailed": NASTY[i % len(NASTY)][:80] if i % 5 == 3
            else "Order of %d" % i, "is_paid": i % 3 == 0,
            "payment_method": "invoice" if i % 4 else "card",
            "your_reference": None if i % 2 else "R-%d" % i,
            "booker": {"name": "%s %s" % (
                FIRST_NAMES[i % len(FIRST_NAMES)],
                LAST_NAMES[i * 3 % len(LAST_NAMES)]),
                "email": "booker%d@person.example" % i},
            "gln_number": "",
            "customer": None if which is None or i % 6 == 5 else {
                "id": world.bases[2] + which,
                "title": world.customer_title(which),
                "orgnr": "%09d" % (900000000 + which * 9)},
            "lines": [{"id": 10 * (FIRST_ORDER + i),
                       "title": world.course_title(i % world.courses),
                       "price": 850 * (i % 7),
                       "course_id": world.bases[0] + i % world.courses}],
            "campaign": {"code": "SOMMER", "discount": 10} if i % 8 == 2
            else None,
            "created_at": stamp(world.created(i)),
            "updated_at": stamp(world.updated(i)),
            "exported_at": stamp(self.order_exported(i)),
        }

    def make_basis(self, i):
        """Legal basis i of some user."""
        basis = sorted(BASES)[i % len(BASES)]
        consent = 1 + i % 2 if basis == 1 else None
        return {
            "id": 7001 + i, "user": {"id": FIRST_USER + i * 2 % self.users},
            "legal_basis": {"id": basis, "title": BASES[basis]},
            "purpose": {"id": 1 + i % 3, "title": PURPOSES[1 + i % 3]},
            "source": {"id": 1 + i % 9, "title": SOURCES[1 + i % 9]},
            "consent": consent and {"id": consent, "version": 1 + i % 2,
                                    "title": CONSENTS[consent]},
            "comment": NASTY[i % len(NASTY)][:60] if i % 7 == 2 else None,
            "idLead": None, "created_at": stamp(self.world.created(i)),
            "updated_at": stamp(self.world.updated(i)), "deleted_at": None,
        }

    def make_country(self, i):
        """Country i."""
        return {"id": 1 + i, "code": COUNTRIES[i][0],
                "title": COUNTRIES[i][1]}

    def make_currency(self, i):
        """Currency i; the list shows no id."""
        return {"id": 1 + i, "code": CURRENCIES[i][0],
                "title": CURRENCIES[i][1]}

    def tables(self, table):
        """Tables by name; table is the class to make them of."""
        world = self.world
        times = {"created": world.created, "updated": world.updated}
        cached = functools.lru_cache(4096)
        return {
            "users": table("id", FIRST_USER, self.users,
                           cached(self.make_user), dict),
            "participants": table(
                "id", FIRST_PARTICIPANT, self.participants,
                self.make_participant, blank_participant,
                course_id=lambda i: world.date_course_id(
                    self.participant_date(i)),
                coursedate_id=lambda i: world.bases[1]
                + self.participant_date(i),
                user_id=lambda i: FIRST_USER + self.participant_user(i),
                created=world.created, updated=world.customer_updated),
            "instructors": table("id", 71, 6 if world.dates else 0,
                                 self.make_instructor, blank_instructor),
            "admin_roles": table("id", 1, len(ROLES), self.make_role, dict),
            "admin_users": table("id", 11, 4, self.make_admin, dict),
            "products": table(
                "id", 400001, world.courses + min(world.courses, 4),
                self.make_product, dict,
                id_type=lambda i: 2 if i < world.courses else 1, **times),
            "orders": table("id", FIRST_ORDER, self.orders, self.make_order,
                            dict, exported=self.order_exported, **times),
            "user_legal_bases": table(
                "id", 7001, min(self.users, world.dates), self.make_basis,
                blank_basis, user=lambda i: FIRST_USER + i * 2 % self.users,
                **times),
            "countries": table("id", 1, len(COUNTRIES), self.make_country,
                               dict),
            "currencies": table("id", 1, len(CURRENCIES), self.make_currency,
                                dict),
        }


# Facts of rows that were written, besides those of world.py.
FACT_READERS = {
    "coursedate_id": lambda row: row["coursedate_id"],
    "user_id": lambda row: row["user_id"],
    "user": lambda row: row["user"]["id"],
    "id_type": lambda row: row["id_type"],
    "exported": lambda row: epoch(row["exported_at"]),
}


def blank_participant():
    """A participant as a booking makes it."""
    return {
        "id": None, "course_id": None, "coursedate_id": None,
        "user_id": None,
        "status": titled(PARTICIPANT_STATUSES, 1, "Status"),
        "paid": titled(PAID, 1, "Paid"), "completed": False, "passed": False,
        "archived_at": None, "certificate_issued_at": None,
        "booker_name": "", "booker_email": "", "booker_phone": "",
        "booker_language_id": 1, "booker_admin_user": None, "attendance": [],
        "custom_properties": None, "created_at": None, "updated_at": None,
    }


def blank_instructor():
    """An instructor of nothing but defaults."""
    row = dict.fromkeys(("id", "firstname", "lastname", "phone_prefix",
                         "phone", "email", "position", "company",
                         "description", "idUser", "archived_at"))
    return dict(row, created_at=None)


def blank_basis():
    """A legal basis before it is filled in."""
    return {"id": None, "user": None, "legal_basis": None, "purpose": None,
            "source": None, "consent": None, "comment": None, "idLead": None,
            "created_at": None, "updated_at": None, "deleted_at": None}

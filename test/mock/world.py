"""The rows of an account: generated ones, and over them what was written."""

import array
import collections
import copy
import datetime
import functools
import zlib

from mock import people
from mock.values import DAY, NULL, OSLO, day_seconds, day_text, epoch, stamp
from mock.words import (
    COMPANY_FORMS, FIRST_NAMES, FORMS, LAST_NAMES, LEVELS, LOCATIONS, NASTY,
    SMALL_COURSES, SMALL_CUSTOMERS, STREETS, SUBJECTS, TIMES_OF_DAY, TOWNS,
    TRADES, VARIANTS, blank_course, blank_customer, blank_date, country,
    instructor, kursguiden, language, location, place, seats, status, titled,
    unit)


class World:
    """The rows of one account, each made from its index when asked for.

    What lists filter and sort by are facts: cheap functions of the index, so
    that a million dates cost little until they are read.
    """

    def __init__(self, account, switches):
        today = switches["today"]
        demo = switches["data"] == "demo"
        sizes = {"courses": 612 if demo else 12,
                 "dates": 3060 if demo else 40,
                 "customers": 823 if demo else 15}
        sizes.update((name, switches[name]) for name in sizes
                     if switches[name] != "-")
        self.bases = (7301, 51001, 40201)
        self.shift = 0
        if account == "b":
            self.bases = (7308, 51031, 40211)
            self.shift = 1000
            sizes = {name: min(size, limit) for (name, size), limit
                     in zip(sizes.items(), (7, 12, 6))}
        self.small = not demo and account == "a"
        self.courses = sizes["courses"]
        self.dates = sizes["dates"] if self.courses else 0
        self.customers = sizes["customers"]
        self.today = today.toordinal() * DAY
        self.now = int(datetime.datetime.combine(
            today, datetime.time(10), OSLO).timestamp())
        # Courses with an index of 5, 17, 29, ... have no dates.
        self.usable = max(1, self.courses - (self.courses + 6) // 12)
        self.heavy = max(1, self.usable // 4)

    def created(self, i):
        """When a row was created: one to eighteen months ago."""
        return self.now - (i * 53 % 500 + 30) * DAY - i * 977 % DAY

    def updated(self, i):
        """When a row was last updated: up to four weeks later."""
        if i % 4 == 0:
            return self.created(i)
        return self.created(i) + i * 17 % 29 * DAY + i * 13 % 3600

    def course_created(self, i):
        """Some courses have no created_at."""
        return NULL if i % 9 == 8 else self.created(i)

    def course_active(self, i):
        """Every seventh course is inactive."""
        return int(i % 7 != 3)

    def course_title(self, i):
        """A title of its own for each course."""
        if self.small and i < len(SMALL_COURSES):
            return SMALL_COURSES[i][0]
        i += self.shift
        if i % 37 == 5:
            round_, which = divmod(i // 37, len(NASTY))
            return NASTY[which] + (" %d" % round_ if round_ else "")
        round_, rest = divmod(i, len(SUBJECTS) * len(VARIANTS))
        return "%s %s%s" % (SUBJECTS[rest % len(SUBJECTS)],
                            VARIANTS[rest // len(SUBJECTS)],
                            " %d" % (round_ + 1) if round_ else "")

    def course_reference(self, i):
        """Unique, digits only, empty or null."""
        if self.small and i < len(SMALL_COURSES):
            return SMALL_COURSES[i][1]
        return (None, "", "%04d" % i, "K-%d" % i, "K-%d" % i)[i % 5]

    def properties(self, i):
        """None, one or several custom properties, null and "" among them."""
        nasty = NASTY[i // 12 % len(NASTY)][:255]
        return (
            {"erp_id": "P-%d" % (100 + i)}, None, None,
            {"erp_id": "P-%d" % (100 + i), "old": None, "empty": ""},
            {"cost center": str(4000 + i % 90), "\u00e6\u00f8\u00e5": "ja"},
            None, {"erp_id": "%d" % i}, {"note": nasty}, None,
        )[i % 9]

    def make_course(self, i):
        """Course number i."""
        row = blank_course()
        title = self.course_title(i)
        zipcode, city = TOWNS[i % len(TOWNS)]
        row.update(
            id=self.bases[0] + i, title=title,
            reference=self.course_reference(i),
            is_active=bool(self.course_active(i)),
            kursguiden_url=kursguiden(title), is_full_time=i % 5 == 1,
            is_part_time=i % 5 == 2,
            lessons_hours=(None, 7.5, 15, None, 22.5)[i % 5],
            level=titled(LEVELS, 15 if i % 6 == 4 else 6, "Level"),
            form_of_teaching=titled(FORMS, 1 + i % 3, "Form"),
            teaching_language=language("en" if i % 4 == 1 else "no"),
            price={"value": i * 850 % 9900, "currency": "NOK",
                   "comment": "ekskl. mva" if i % 3 == 0 else None},
            custom_properties=self.properties(i),
            created_at=stamp(self.course_created(i)),
            updated_at=stamp(self.updated(i)))
        if i % 3:
            row.update(duration={"value": i % 5 + 1, "unit": unit(
                (1, 6, 2)[i % 3])})
        if i % 4 == 2:
            row.update(time_of_day=titled(TIMES_OF_DAY, 1 + i % 3, "Time"),
                       tags=["hms", "sikkerhet"],
                       categories=[{"id": 40 + i % 9,
                                    "title": SUBJECTS[i % 9]}])
        if i % 2:
            row.update(visit_address="%s %d" % (STREETS[i % 8], i % 60 + 1),
                       visit_zipcode=zipcode, visit_city=city)
        if i % 5 != 4:
            row.update(text_lead="L\u00e6r %s." % title,
                       text_description="<p>%s</p>\n<p>%s</p>" % (
                           title, "Kurset gir praktisk kunnskap. "
                           * (200 if i % 50 == 6 else 2)),
                       text_audience="" if i % 2 else "Alle ansatte",
                       email_booking="kurs%d@frontcore.example" % (i % 7),
                       description_languages=["no", "en"])
        return row

    def date_course(self, i):
        """The index of the course of date i; a quarter has many dates."""
        k = (i // 3 % self.heavy if i % 3 == 0
             else (i - i // 3 - 1) % self.usable)
        block, rest = divmod(k, 11)
        return block * 12 + rest + (rest >= 5)

    def date_course_id(self, i):
        """The id of the course of date i."""
        return self.bases[0] + self.date_course(i)

    def date_start(self, i):
        """The first day, on the scale of day_seconds."""
        days = (i * 37 % 200 // 4 * 4 - 40 if self.small and i < 40
                else i * 37 % 730 - 146)
        return self.today + days * DAY

    def date_end(self, i):
        """The last day."""
        return self.date_start(i) + (0, 1, 0, 4, 2)[i % 5] * DAY

    def date_status(self, i):
        """Half of the dates will run."""
        return (2, 1, 2, 3, 2, 4, 2, 1)[i % 8]

    def date_deleted(self, i):
        """A few dates are deleted."""
        return int(i % 97 == 38)

    def date_parent(self, i):
        """The id of the date that this one is a part of."""
        parent = i - 3 * self.heavy
        if i % 15 != 12 or parent < 0:
            return None
        return self.bases[1] + parent

    def gatherings(self, i, date_id):
        """Two meetings for every sixth date, one for some."""
        count = 2 if i % 6 == 0 else int(i % 6 == 4)
        day = day_text(self.date_start(i))
        return [gathering(date_id, k, "%s %02d:00" % (day, 9 + k * 4),
                          "%s %02d:30" % (day, 11 + k * 4),
                          theme=("Teori", "Praksis")[k],
                          instructors=[instructor(71 + i % 6)],
                          moment=stamp(self.created(i)))
                for k in range(count)]

    def date_reference(self, i):
        """Free text of all kinds."""
        if i >= 40 and i % 41 == 3:
            return NASTY[i // 41 % len(NASTY)]
        return ("D-%d" % i, None, "", "%05d" % i, "D-%d" % i)[i % 5]

    def make_date(self, i):
        """Course date number i."""
        row = blank_date()
        date_id = self.bases[1] + i
        start, end = self.date_start(i), self.date_end(i)
        row.update(
            coursedate_id=date_id, course_id=self.date_course_id(i),
            start_at=day_text(start), end_at=day_text(end),
            deadline_at=None if i % 10 == 7 else day_text(
                start - i % 3 * 7 * DAY),
            timezone={3: None, 5: "UTC"}.get(i % 7, "Europe/Oslo"),
            teaching_language=language("en" if i % 6 == 5 else "no"),
            kursguiden_url=kursguiden(self.course_title(self.date_course(i))),
            visible_when_passed_deadline=i % 3 == 0, is_visible=i % 11 != 6,
            reference=self.date_reference(i), parent_id=self.date_parent(i),
            gatherings=self.gatherings(i, date_id),
            custom_properties=self.properties(i + 3),
            status=status(self.date_status(i)),
            created_at=stamp(self.created(i)),
            updated_at=stamp(self.updated(i)),
            instructors=[instructor(71 + k % 6)
                         for k in range(i, i + i % 3)])
        if i % 9 != 4:
            row.update(start_time_at="%02d:30:00" % (7 + i % 4),
                       end_time_at="%02d:00:00" % (14 + i % 3))
        if i % 5:
            row["place"].update(place(301 + i % 6))
            row["place"]["title_additional_info"] = (
                "2. etasje" if i % 4 == 1 else None)
        if i % 6 != 3:
            where = location(801 + i // 2 % 6)
            capacity = where["capacity_max"]
            row.update(location=where, is_virtual=where["is_virtual"])
            row["seats"], row["seats_status"] = seats(
                capacity, min(capacity, i * 5 % 23), i % 3)
            if where["is_virtual"]:
                row["event_url"] = "https://meet.example/j/%d?pwd=a&b" % i
        if i % 8 == 1:
            row["contacts"] = [self.person(i, 9000 + i)]
        if self.date_deleted(i):
            row["deleted_at"] = stamp(self.updated(i))
        return row

    def person(self, i, number):
        """A contact or an employee."""
        first = FIRST_NAMES[i % len(FIRST_NAMES)]
        last = LAST_NAMES[i * 7 % len(LAST_NAMES)]
        return {"id": number, "firstname": first, "lastname": last,
                "email": "person%d@frontcore.example" % number,
                "phone": "9%07d" % (i * 7919 % 10000000)}

    def customer_title(self, i):
        """A company's or a person's name."""
        if self.small and i < len(SMALL_CUSTOMERS):
            return SMALL_CUSTOMERS[i]
        i += self.shift
        if i % 31 == 4:
            return (NASTY + ("",))[i // 31 % (len(NASTY) + 1)]
        if i % 6 == 2:
            return "%s %s" % (FIRST_NAMES[i % 17], LAST_NAMES[i % 19])
        return "%s %s %s" % (LAST_NAMES[i % 19], TRADES[i % 13],
                             COMPANY_FORMS[i // 13 % 6])

    def customer_updated(self, i):
        """Some customers were never updated."""
        return NULL if i % 14 == 13 else self.updated(i)

    def make_customer(self, i):
        """Customer number i; every sixth is a person."""
        row = blank_customer()
        private = i % 6 == 2
        title = self.customer_title(i)
        zipcode, city = TOWNS[i % len(TOWNS)]
        number = self.bases[2] + i
        row.update(
            id=number, title=title,
            department=(None, "HR", "", "Drift")[i % 4],
            phone=None if i % 5 == 4 else "%08d" % (22000000 + i * 733),
            email=None if i % 7 == 6 else "post%d@kunde.example" % i,
            webaddress="https://kunde%d.example" % i if i % 3 == 0 else None,
            orgnr=None if private else "%09d" % (900000000 + i * 9),
            customer_reference_id="C-%d" % i if i % 2 else None,
            customer_reference=LAST_NAMES[i % 19] if i % 4 == 0 else None,
            note=NASTY[i // 11 % len(NASTY)] if i % 11 == 10 else None,
            turnover=1250000.5 * i if i % 8 == 7 else None,
            idParentCustomer=self.bases[2] if i % 10 == 9 else None,
            country=country(("NO", "NO", "SE", "NO", "DK")[i % 5]),
            status="Deactivated" if i % 9 == 5 else "Active",
            type="Private" if private else "Company",
            duedate_days=(14, 30, 10)[i % 3],
            seller={"id": 5, "name": "Selger Moen"} if i % 7 == 3 else None,
            custom_properties=self.properties(i + 5),
            employees=[self.person(i + k, 70000 + i * 2 + k)
                       for k in range(1 if private else i % 3)],
            created_at=stamp(self.created(i)),
            updated_at=stamp(self.customer_updated(i)))
        row["invoice_address"].update(
            address="%s %d" % (STREETS[i % 8], i % 90 + 1), zipcode=zipcode,
            city=city)
        if i % 2:
            row["visit_address"].update(row["invoice_address"],
                                        address_2="Inngang B")
        return row

    def contact_updated(self, i):
        """A contact that was never updated has a null there (6.4)."""
        return NULL if i % 3 == 0 else self.updated(i)

    def make_contact(self, i):
        """Contact number i."""
        row = self.person(i, 60001 + i)
        row.update(customer_id=self.bases[2] + i * 7 % self.customers,
                   position=None if i % 2 else "Daglig leder",
                   created_at=stamp(self.created(i)),
                   updated_at=stamp(self.contact_updated(i)))
        return row

    def tables(self):
        """The tables of the account."""
        times = {"created": self.created, "updated": self.updated}
        return {
            **people.People(self).tables(Table),
            "locations": Table("id", LOCATIONS[0][0], len(LOCATIONS),
                               lambda i: location(LOCATIONS[i][0]), dict),
            "courses": Table(
                "id", self.bases[0], self.courses,
                functools.lru_cache(4096)(self.make_course), blank_course,
                created=self.course_created,
                updated=self.updated, active=self.course_active,
                title=lambda i: title_mark(self.course_title(i))),
            "course_dates": Table(
                "coursedate_id", self.bases[1], self.dates, self.make_date,
                blank_date, course_id=self.date_course_id,
                start=self.date_start, end=self.date_end,
                status=self.date_status, deleted=self.date_deleted, **times),
            "customers": Table(
                "id", self.bases[2], self.customers, self.make_customer,
                blank_customer, created=self.created,
                updated=self.customer_updated),
            "contacts": Table(
                "id", 60001, self.customers, self.make_contact, dict,
                customer_id=lambda i: self.bases[2] + i * 7 % self.customers,
                created=self.created, updated=self.contact_updated),
        }


def gathering(date_id, k, start, end, theme=None, description=None,
              where=None, instructors=(), moment=None):
    """A gathering."""
    return {
        "id": date_id * 10 + k, "idInstance": date_id, "gathering_at": start,
        "gathering_end_at": end, "idLocation": where and where["id"],
        "description": description, "theme": theme, "event_url": None,
        "created_at": moment, "updated_at": moment, "is_future": True,
        "instructors": list(instructors), "location": where,
    }


def title_mark(title):
    """A number by which titles are found."""
    return zlib.crc32(title.encode("utf-8", "surrogatepass"))


# Facts of a row that is no longer as generated.
FACT_READERS = {
    "course_id": lambda row: row["course_id"],
    "customer_id": lambda row: row["customer_id"],
    "status": lambda row: row["status"]["id"],
    "start": lambda row: day_seconds(row["start_at"]),
    "end": lambda row: day_seconds(row["end_at"]),
    "created": lambda row: epoch(row["created_at"]),
    "updated": lambda row: epoch(row["updated_at"]),
    "active": lambda row: int(row["is_active"]),
    "title": lambda row: title_mark(row["title"]),
    "deleted": lambda row: int(row["deleted_at"] is not None),
    **people.FACT_READERS,
}


class Table:
    """Rows by id: generated ones, and over them those that were written."""

    def __init__(self, key, base, count, make, blank, **facts):
        self.key = key
        self.base = base
        self.count = count
        self.make = make
        self.blank = blank
        self.facts = facts
        self.written = {}           # id -> row, None where it is gone
        self.columns = {}           # fact -> array over the generated rows
        self.groups = {}            # fact -> value -> ids
        self.last_id = base + count - 1

    def get(self, number):
        """The row, or None; not to be changed."""
        if number in self.written:
            return self.written[number]
        if 0 <= number - self.base < self.count:
            return self.make(number - self.base)
        return None

    def edit(self, number):
        """The row, to be changed; the next reader sees the change."""
        row = self.get(number)
        if row is not None:
            row = self.written[number] = copy.deepcopy(row)
        return row

    def add(self, row):
        """Store a new row; it gets the next id unless it has one."""
        if row.get(self.key) is None:
            row[self.key] = self.last_id + 1
        self.last_id = max(self.last_id, row[self.key])
        self.written[row[self.key]] = row
        return row

    def remove(self, number):
        """Forget the row."""
        self.written[number] = None

    def fact(self, name, number):
        """One fact of one row."""
        if number not in self.written:
            return self.facts[name](number - self.base)
        try:
            return FACT_READERS[name](self.written[number])
        except (TypeError, ValueError, KeyError):
            return NULL

    def column(self, name):
        """One fact of all generated rows."""
        if name not in self.columns:
            self.columns[name] = array.array(
                "q", map(self.facts[name], range(self.count)))
        return self.columns[name]

    def group(self, name, values):
        """Ids of the generated rows with one of the values of a fact."""
        if name not in self.groups:
            groups = collections.defaultdict(lambda: array.array("q"))
            for number, value in enumerate(self.column(name), self.base):
                groups[value].append(number)
            self.groups[name] = groups
        return sorted(number for value in set(values)
                      for number in self.groups[name].get(value, ()))

    def select(self, ranges=(), group=None):
        """Ids, ascending, of the rows whose facts are in all ranges.

        A range is (fact, lowest, highest), a group (fact, values).
        """
        ids = range(self.base, self.base + self.count)
        if group:
            ids = self.group(*group)
        for name, low, high in ranges:
            column, base = self.column(name), self.base
            ids = [number for number in ids
                   if low <= column[number - base] <= high]
        if self.written:
            ids = [number for number in ids if number not in self.written]
            ids += (number for number, row in self.written.items()
                    if row is not None and self.fits(number, ranges, group))
            ids.sort()
        return ids

    def fits(self, number, ranges, group):
        """Whether one row would be selected."""
        if group and self.fact(group[0], number) not in group[1]:
            return False
        return all(low <= self.fact(name, number) <= high
                   for name, low, high in ranges)


class Account:
    """The data of one account and its clock."""

    def __init__(self, name, switches):
        world = World(name, switches)
        self.name = name
        self.tables = world.tables()
        self.bookings = {}          # id -> ids of participants
        self.now = world.now

    def tick(self):
        """The moment of a write."""
        moment = stamp(self.now)
        self.now += 1
        return moment

#!/usr/bin/env python3
"""A random test of writes: no UPDATE loses a field that it does not set.

Mocks keep the fields that a PUT omits, reset them to the documented defaults,
to others, or reset some of them; and they vary in what else is not known of
the API.  Against each of them statements of one row and of many are run, with
rows of random values.  Afterwards every field that a statement does not set
is as before, or the statement has failed, has named the row and the field,
and has written no further row.
"""

import argparse
import os
import random
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from differential.session import Session, SqlError, literal  # noqa: E402
from mock.client import Mock  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
DATABASE = "fc_writes"
KEY = {"course_dates": "coursedate_id", "customers": "id"}
SWITCH = {"course_dates": "date_put", "customers": "customer_put_omitted"}

# What a mode of the mock may be called by the option omitted_fields.
TRUE_OPTIONS = {"kept": ("unknown", "kept"), "reset": ("unknown", "reset"),
                "others": ("unknown", "reset"), "some": ("unknown", "reset")}

# By column: where the mock stores it, and values that a row may have.
WORDS = (None, "A", "B 2", "Æ")
COLUMNS = {
    "course_dates": {
        "start_at": ("start_at", ("2027-05-03", "2027-06-01")),
        "end_at": ("end_at", ("2027-06-03", "2027-07-01")),
        "start_time_at": ("start_time_at", (None, "08:30:00", "10:00:00")),
        "end_time_at": ("end_time_at", (None, "16:00:00")),
        "timezone": ("timezone", (None, "Europe/Oslo", "Europe/Paris")),
        "deadline_at": ("deadline_at", (None, "2027-05-03", "2027-04-01")),
        "status_id": ("status.id", (1, 2, 3, 4)),
        "place_id": ("place.id", (None, 301, 302)),
        "place_additional_info": ("place.title_additional_info", WORDS),
        "location_id": ("location.id", (None, 801, 802)),
        "visible_when_passed_deadline":
            ("visible_when_passed_deadline", (True, False)),
        "teaching_language": ("teaching_language.id", ("no", "en")),
        "reference": ("reference", WORDS),
        "gatherings": ("gatherings", None),
        "instructors": ("instructors", None),
        "custom_properties": ("custom_properties", None),
    },
    "customers": {
        "title": ("title", ("One", "Two")),
        "type": ("type", ("Company", "Private")),
        "country": ("country.code", ("NO", "SE", "DK")),
        "web_address": ("webaddress", WORDS),
        "custom_properties": ("custom_properties", None),
        **{name: (name, WORDS) for name in (
            "department", "phone", "fax", "email", "orgnr", "note",
            "invoice_email", "customer_reference_id")},
    },
}
# Columns that no statement can set, though a PUT may reset them.
HELD = frozenset(("type",))
# Members of a gathering that each write makes anew.
DERIVED = ("id", "created_at", "updated_at", "is_future")


def stored(row, path):
    """What the mock stores at a dotted path; empty is null."""
    for name in path.split("."):
        row = row.get(name) if isinstance(row, dict) else None
    if path == "gatherings":
        row = [{name: value for name, value in entry.items()
                if name not in DERIVED} for entry in row or ()]
    if path == "instructors":
        row = [entry["id"] for entry in row or ()]
    return None if row in ("", [], {}) else row


class Trial:
    """One mock, its rows, and statements against them."""

    def __init__(self, seed, mock, session, other):
        self.seed, self.mock = seed, mock
        self.session, self.other = session, other
        self.random = random.Random(seed)
        self.resource = self.random.choice(
            ("course_dates", "course_dates", "customers"))
        self.table = COLUMNS[self.resource]
        self.mode = self.random.choice(sorted(TRUE_OPTIONS))
        self.option = self.random.choice(TRUE_OPTIONS[self.mode])
        self.switches = {
            "rate": "0", SWITCH[self.resource]: self.mode,
            "null_clears": self.pick("yes", "yes", "no"),
            "date_put_fields": self.pick("all", "all", "documented"),
            "unknown_field": self.pick("error", "ignore"),
            "write_answer": self.pick("ids", "object", "id"),
            "include_instructors": self.pick("item", "everywhere"),
            "flat_keys": self.pick("all", "listed"),
            "list_timestamps": self.pick("present", "absent"),
            "numeric_strings": self.pick("mixed", "all"),
            "props_empty": self.pick("null", "array", "object"),
            "props_put": self.pick("merge", "replace"),
        }

    def pick(self, *values):
        """One of the values."""
        return self.random.choice(values)

    def run(self):
        """Set the mock up and run some statements; how many failed."""
        self.mock.reset(**self.switches)
        self.session.query(
            "SELECT frontcore_stat_reset();"
            "ALTER SERVER frontcore OPTIONS (SET omitted_fields %s)"
            % literal(self.option))
        rows = self.rows()
        numbers = sorted(self.random.sample(sorted(rows), 8))
        for number in numbers:
            self.fill(number, rows[number])
        return sum(self.statement(numbers)
                   for _ in range(self.random.randint(1, 4)))

    def rows(self):
        """The mock's rows by id."""
        return {row[KEY[self.resource]]: row
                for row in self.mock.dump(self.resource)}

    def fill(self, number, row):
        """Give a row random values, as the API's other users do."""
        sparse = self.random.random()
        changes = {}
        for path, values in self.table.values():
            if values is None or self.random.random() < 0.3:
                continue
            value = self.pick(*values)
            if None in values and self.random.random() < sparse:
                value = None
            changes[path.split(".")[0] if value is None and path in (
                "location.id",) else path] = self.whole(path, value)
        if self.random.random() < 0.8:
            changes["gatherings"] = []
        changes["custom_properties"] = self.pick(
            None, {"a": "1"}, {"a": "1", "b": "2"})
        if self.resource == "customers":
            changes.pop("gatherings", None)
        changes = {self.root(path): value for path, value in changes.items()}
        if "place" in changes:
            changes["place"] = dict(changes["place"],
                                    title_additional_info=changes.pop(
                                        "place.title_additional_info", None))
        self.mock.change(self.resource, number, **changes)

    @staticmethod
    def root(path):
        """The member that is changed for a path."""
        return path if path.startswith("place.t") else path.split(".")[0]

    @staticmethod
    def whole(path, value):
        """The object that an id stands for."""
        if path == "place.id":
            return {} if value is None else {
                "id": value, "title": "Place", "parent_id": 1,
                "parent_title": "Region"}
        if path in ("status.id", "teaching_language.id", "location.id"):
            return value if value is None else {
                "id": value, "idType": 1, "title": "Title"}
        if path == "country.code":
            return {"id": 1, "title": "Country", "code": value}
        return value

    def settings(self):
        """SET's columns and values."""
        if self.random.random() < 0.25:
            return {"custom_properties": '{"a": "9", "c": "3"}'}
        names = [name for name, (_, values) in self.table.items()
                 if values is not None and name != "start_at"
                 and name not in HELD]
        return {name: self.pick(*[value for value in self.table[name][1]
                                  if value is not None])
                for name in self.random.sample(names,
                                               self.random.randint(1, 2))}

    def statement(self, numbers):
        """Run one statement and compare; whether it failed."""
        settings = self.settings()
        chosen = self.pick(numbers[:1], numbers[2:4], numbers)
        where = "id = ANY ('{%s}')" % ",".join(map(str, chosen))
        if len(chosen) == 1:
            where = "id = %d" % chosen[0]
        elif self.random.random() < 0.5:
            where = "id + 0 IN (%s)" % ",".join(map(str, chosen))
        if self.resource == "course_dates" and self.random.random() < 0.2:
            settings = {"status_id": 3}
            sql = "DELETE FROM fc.deactivated WHERE " + where
        else:
            sql = "UPDATE fc.%s SET %s WHERE %s" % (
                self.resource, ", ".join(
                    "%s = %s" % (name, literal(
                        None if value is None else str(value)))
                    for name, value in settings.items()), where)
        before = self.rows()
        error = None
        if self.random.random() < 0.2:
            self.other.query("SELECT frontcore_stat_reset()")
        try:
            self.session.query(sql)
        except SqlError as failure:
            error = failure
        self.compare(sql, settings, before, self.rows(), error)
        return error is not None

    def compare(self, sql, settings, before, after, error):
        """Every field that was not set is as before, or named as lost."""
        damaged = []
        for number, row in before.items():
            lost = [name for name, (path, _) in self.table.items()
                    if name not in settings
                    and stored(row, path) != stored(after[number], path)]
            if not lost:
                continue
            damaged.append(number)
            for name in lost:
                if (error is None or '"%s"' % name not in str(error)
                        or "row %d " % number not in str(error)):
                    path = self.table[name][0]
                    self.fail(sql, "row %d: %s was %r, is %r; error: %s" % (
                        number, name, stored(row, path),
                        stored(after[number], path), error))
        if len(damaged) > 1:
            self.fail(sql, "rows %s lost something" % damaged)
        if error is not None and error.code not in ("0A000", "HV024"):
            self.fail(sql, str(error))

    def fail(self, sql, reason):
        """Say what is wrong, and how to see it again."""
        raise AssertionError(
            "%s\n%s\n--seed %d --trials 1\nomitted_fields %s, %s\n%s" % (
                reason, sql, self.seed, self.option, self.switches,
                self.mock.log_text()))


def connect(mock):
    """Two sessions in a database of our own."""
    server = Session("postgres")
    server.query("DROP DATABASE IF EXISTS %s WITH (FORCE)" % DATABASE)
    server.query("CREATE DATABASE %s" % DATABASE)
    server.close()
    session = Session(DATABASE)
    for sql in (
            "CREATE EXTENSION frontcore_fdw",
            "CREATE SERVER frontcore FOREIGN DATA WRAPPER frontcore_fdw"
            " OPTIONS (base_url %s, requests_per_second '0',"
            " omitted_fields 'unknown')" % literal(mock.base_url),
            "CREATE USER MAPPING FOR CURRENT_USER SERVER frontcore"
            " OPTIONS (api_key 'test-key')",
            "CREATE SCHEMA fc",
            "IMPORT FOREIGN SCHEMA frontcore FROM SERVER frontcore INTO fc",
            "CREATE FOREIGN TABLE fc.deactivated (id bigint, start_at date)"
            " SERVER frontcore OPTIONS (resource 'course_dates',"
            " on_delete 'deactivate')"):
        session.query(sql)
    return session, Session(DATABASE)


def main():
    """Run trials; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=int, help="instead of --seconds")
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    port = subprocess.run(
        [sys.executable, os.path.join(HERE, "mock.py"), "--serve", "--port",
         "0"], capture_output=True, text=True, check=True).stdout
    mock = Mock(port.strip())
    session, other = connect(mock)
    ends = time.monotonic() + options.seconds
    trials = failed = 0
    try:
        while (trials < options.trials if options.trials
               else time.monotonic() < ends):
            failed += Trial(options.seed + trials, mock, session, other).run()
            trials += 1
    except AssertionError as problem:
        print("not ok - no UPDATE loses a field\n%s" % problem)
        return 1
    finally:
        mock.stop()
        session.close()
        other.close()
    print("ok - no UPDATE loses a field: %d trials, %d statements refused"
          % (trials, failed))
    return 0


if __name__ == "__main__":
    sys.exit(main())

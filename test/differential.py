#!/usr/bin/env python3
"""Run generated queries over foreign tables and over copies of them.

Usage: test/differential.py [OPTION]...

  --seed N            another sequence of queries (1)
  --queries N         queries of each configuration (its own share of 1)
  --minutes X         begin no configuration after so many minutes
  --only NAME         this configuration alone; repeatable, * is a wildcard
  --case N            this case of it alone, as a failure names it
  --long              some thousands of queries, and configurations by lot
  --failures N        leave a configuration after so many failures (3)
  --database NAME     another name than fc_differential
  --keep              leave the database; the mock leaves after an idle hour
  --library PATH      load this library in place of an installed extension
  --verbose           print every query
  --list              print the configurations

PGHOST, PGPORT and PGUSER say where the server is; the script makes its own
database there, starts its own mock API, and removes both.

Every query must give over the foreign tables what it gives over local copies:
the same rows, in the same order where its ORDER BY is total, else in an
order by the same keys; with LIMIT and ties, as many rows of those it may
choose from.  No query may send more requests than a few times what reading
its tables in full takes.  The copies are made with an API that does what is
documented, through paging alone, and compared with what the mock stores.

A configuration is a set of the mock's switches and of the wrapper's options.
A case is one session's settings and one or several queries, often in one
transaction.  A case's queries depend on the seed, the configuration and the
case's number only, so a failure can be had again with --only and --case;
where it depends on what the account has taught before, without --case.
"""

import argparse
import collections
import datetime
import fnmatch
import itertools
import json
import os
import random
import re
import socket
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

import mock  # noqa: E402  (lies beside this file)

NULL_TEXT = "NULL"


# ---------------------------------------------------------------------------
# A client of the server
# ---------------------------------------------------------------------------

class SqlError(Exception):
    """An error that the server reported."""

    def __init__(self, fields):
        super().__init__(fields.get("M", "?"))
        self.fields = fields
        self.code = fields.get("C", "?")

    def __str__(self):
        names = (("D", "DETAIL"), ("H", "HINT"), ("W", "CONTEXT"))
        return "%s %s" % (self.code, self.fields.get("M")) + "".join(
            "\n%s: %s" % (name, self.fields[key]) for key, name in names
            if key in self.fields)


class Lost(Exception):
    """The server closed the connection, or did not answer in time."""


Result = collections.namedtuple("Result", "names rows tag")


class Session:
    """A connection that speaks as much of protocol 3.0 as we need."""

    TIMEOUT = 90

    def __init__(self, database, **settings):
        host = os.environ.get("PGHOST") or "/var/run/postgresql"
        port = int(os.environ.get("PGPORT") or 5432)
        if host.startswith("/"):
            self.socket = socket.socket(socket.AF_UNIX)
            address = "%s/.s.PGSQL.%d" % (host, port)
        else:
            self.socket = socket.socket()
            address = (host, port)
        self.socket.settimeout(self.TIMEOUT)
        self.socket.connect(address)
        self.stream = self.socket.makefile("rb")
        self.notices = []
        self.pid = None
        settings.update(user=os.environ.get("PGUSER") or "postgres",
                        database=database, client_encoding="UTF8")
        words = b"".join(part.encode() + b"\0"
                         for pair in settings.items() for part in pair)
        body = struct.pack("!i", 196608) + words + b"\0"
        self.socket.sendall(struct.pack("!i", len(body) + 4) + body)
        self.collect()

    def close(self):
        """End the session."""
        try:
            self.socket.sendall(b"X\0\0\0\4")
        except OSError:
            pass
        self.stream.close()
        self.socket.close()

    def send(self, *messages):
        """Send messages, given as (type, body)."""
        try:
            self.socket.sendall(b"".join(
                kind + struct.pack("!i", len(body) + 4) + body
                for kind, body in messages))
        except OSError as error:
            raise Lost(str(error)) from error

    def receive(self):
        """The next message as (type, body)."""
        try:
            head = self.stream.read(5)
            if len(head) < 5:
                raise Lost("the server closed the connection")
            length = struct.unpack("!i", head[1:])[0] - 4
            return head[:1], self.stream.read(length)
        except OSError as error:
            raise Lost("no answer: %s" % error) from error

    def collect(self):
        """Read up to ReadyForQuery; the results, or raise SqlError."""
        results, error, names, rows = [], None, [], []
        while True:
            kind, body = self.receive()
            if kind == b"Z":
                break
            if kind == b"T":
                names = self.read_names(body)
            elif kind == b"D":
                rows.append(self.read_row(body))
            elif kind == b"C":
                results.append(Result(names, rows, body[:-1].decode()))
                names, rows = [], []
            elif kind in (b"s", b"I"):
                results.append(Result(names, rows, ""))
                rows = []
            elif kind == b"E":
                error = error or SqlError(self.read_fields(body))
            elif kind == b"N":
                self.notices.append(self.read_fields(body))
            elif kind == b"K":
                self.pid = struct.unpack("!i", body[:4])[0]
            elif kind == b"R" and struct.unpack("!i", body[:4])[0]:
                raise Lost("the server wants a password; trust is needed")
        if error:
            raise error
        return results

    @staticmethod
    def read_names(body):
        """The columns' names of a RowDescription."""
        names, at = [], 2
        for _ in range(struct.unpack("!h", body[:2])[0]):
            end = body.index(b"\0", at)
            names.append(body[at:end].decode())
            at = end + 19
        return names

    @staticmethod
    def read_row(body):
        """A DataRow as a tuple of texts."""
        values, at = [], 2
        for _ in range(struct.unpack("!h", body[:2])[0]):
            length = struct.unpack("!i", body[at:at + 4])[0]
            at += 4
            if length < 0:
                values.append(None)
            else:
                values.append(body[at:at + length].decode())
                at += length
        return tuple(values)

    @staticmethod
    def read_fields(body):
        """The fields of an error or a notice."""
        return {field[:1].decode(): field[1:].decode(errors="replace")
                for field in body.split(b"\0") if field}

    def query(self, sql):
        """Run one or several statements; their results."""
        self.send((b"Q", sql.encode() + b"\0"))
        return self.collect()

    def rows(self, sql):
        """The rows of the last of the statements."""
        return self.query(sql)[-1].rows

    def value(self, sql):
        """The only value of the only row."""
        return self.rows(sql)[0][0]

    def execute(self, sql, values, fetch=0):
        """Run a statement by the extended protocol; its rows.

        They come fetch at a time, as a client with a fetch size asks for
        them.
        """
        bind = b"\0\0" + struct.pack("!hh", 0, len(values)) + b"".join(
            struct.pack("!i", -1) if value is None
            else struct.pack("!i", len(value.encode())) + value.encode()
            for value in values) + struct.pack("!h", 0)
        run = (b"E", b"\0" + struct.pack("!i", fetch))
        self.send((b"P", b"\0" + sql.encode() + b"\0\0\0"), (b"B", bind),
                  (b"D", b"P\0"), run, (b"H", b""))
        names, rows = [], []
        while True:
            kind, body = self.receive()
            if kind == b"T":
                names = self.read_names(body)
            elif kind == b"D":
                rows.append(self.read_row(body))
            elif kind == b"s":
                self.send(run, (b"H", b""))
            elif kind in (b"C", b"I"):
                self.send((b"S", b""))
                self.collect()
                return Result(names, rows, "").rows
            elif kind == b"N":
                self.notices.append(self.read_fields(body))
            elif kind == b"E":
                error = SqlError(self.read_fields(body))
                self.send((b"S", b""))
                self.collect()
                raise error


def literal(text):
    """An SQL string literal."""
    if text is None:
        return NULL_TEXT
    text = text.replace("'", "''")
    if "\\" in text:
        return " E'%s'" % text.replace("\\", "\\\\")
    return "'%s'" % text


# ---------------------------------------------------------------------------
# What queries are made of
# ---------------------------------------------------------------------------

# Columns with one tag hold values that can meaningfully be joined.
TAGS = {
    "courses": {"id": "course", "created_at": "moment",
                "updated_at": "moment", "level_id": "small",
                "title": "title"},
    "course_dates": {"id": "date", "course_id": "course",
                     "parent_id": "date", "status_id": "small",
                     "start_at": "day", "end_at": "day",
                     "deadline_at": "day", "created_at": "moment",
                     "updated_at": "moment", "deleted_at": "moment",
                     "title": "title"},
    "customers": {"id": "customer", "parent_customer_id": "customer",
                  "created_at": "moment", "updated_at": "moment"},
    "my_dates": {"n": "date", "course": "course", "starts": "day",
                 "created": "moment", "updated": "day", "status": "small"},
    "my_courses": {"id": "course", "made": "moment", "changed": "moment",
                   "level": "small"},
    "guarded": {"id": "date", "course_id": "course", "start_at": "day",
                "status_id": "small", "updated_at": "moment"},
    "family": {"id": "date", "course_id": "course", "start_at": "day",
               "status_id": "small", "updated_at": "moment"},
    "k": {"k2": "course", "k4": "course", "k8": "course", "d8": "date",
          "c8": "customer", "s": "small", "day": "day", "stamp": "moment",
          "moment": "moment"},
}
# What the API filters by.
PUSHABLE = {
    "courses": ("id", "created_at", "updated_at"),
    "course_dates": ("id", "course_id", "start_at", "end_at", "created_at",
                     "updated_at", "status_id"),
    "customers": ("id", "created_at", "updated_at"),
    "my_dates": ("n", "course", "starts", "created", "updated", "status"),
    "my_courses": ("id", "code", "made", "changed"),
    "guarded": ("id", "course_id", "start_at", "status_id", "updated_at"),
    "family": ("id", "course_id", "start_at", "status_id", "updated_at"),
    "k": (),
}
# A column of each resource that may be written without meaning anything.
WRITABLE = {"courses": "reference", "course_dates": "reference",
            "customers": "phone"}
UNIQUE = {"courses": "id", "course_dates": "id", "customers": "id",
          "my_dates": "n", "my_courses": "id", "guarded": "id",
          "family": "id", "k": "n"}
TABLES = ("courses", "course_dates", "customers", "my_dates", "my_courses")
FOREIGN = TABLES + ("guarded", "family")
REFERENCE = re.compile("@(%s)\\b" % "|".join(FOREIGN))

# Tables written by hand: columns of other names, types and places.
HAND_WRITTEN = {
    "my_dates": """
        n integer OPTIONS (field 'id'),
        course numeric OPTIONS (field 'course_id'),
        starts timestamp OPTIONS (field 'start_at'),
        ends text OPTIONS (field 'end_at'),
        created timestamp OPTIONS (field 'created_at'),
        updated date OPTIONS (field 'updated_at'),
        status smallint OPTIONS (field 'status_id'),
        city text OPTIONS (field 'location.city'),
        erp_id text OPTIONS (field 'custom_properties.erp_id')
        """,
    "my_courses": """
        id bigint,
        code text OPTIONS (field 'id'),
        made timestamptz(0) OPTIONS (field 'created_at'),
        changed date OPTIONS (field 'updated_at'),
        level smallint OPTIONS (field 'level_id'),
        hours double precision OPTIONS (field 'lessons_hours'),
        unit text OPTIONS (field 'duration.unit.code')
        """,
}
# What they must hold: the API's texts of times are Norwegian times.
HAND_COPIED = {
    "my_dates": """
        SELECT id::integer AS n, course_id::numeric AS course,
               start_at::timestamp AS starts, end_at::text AS ends,
               created_at AT TIME ZONE 'Europe/Oslo' AS created,
               (updated_at AT TIME ZONE 'Europe/Oslo')::date AS updated,
               status_id::smallint AS status, location ->> 'city' AS city,
               custom_properties ->> 'erp_id' AS erp_id
          FROM copy.course_dates WHERE id <= 2147483647
        """,
    "my_courses": """
        SELECT id, id::text AS code, created_at::timestamptz(0) AS made,
               (updated_at AT TIME ZONE 'Europe/Oslo')::date AS changed,
               level_id::smallint AS level,
               lessons_hours::double precision AS hours,
               CASE duration_unit_id WHEN 1 THEN 'day' WHEN 2 THEN 'week'
               WHEN 6 THEN 'hour' END AS unit
          FROM copy.courses
        """,
}
RESOURCE_OF = {"my_dates": "course_dates", "my_courses": "courses",
               "guarded": "course_dates", "family": "course_dates"}

# A view that hides rows from functions that leak, and a partitioned table
# one of whose partitions is foreign, its columns in another order.
DERIVED = """
    CREATE VIEW {0}.guarded WITH (security_barrier) AS
        SELECT id, course_id, start_at, status_id, updated_at
          FROM {0}.course_dates
         WHERE status_id <> 3 AND start_at > '2026-08-01';
    CREATE TABLE {0}.family (id bigint, course_id bigint, start_at date,
                             status_id integer, updated_at timestamptz)
        PARTITION BY RANGE (id);
    CREATE TABLE {0}.family_near PARTITION OF {0}.family
        FOR VALUES FROM (MINVALUE) TO (51000);
    INSERT INTO {0}.family_near
        SELECT 50990 + n, 7300 + n, date '2027-01-10' + n, n % 5,
               timestamptz '2027-01-10 12:00:00+01' + n * interval '1 day'
          FROM generate_series(1, 9) n;
    CREATE {1}TABLE {0}.family_far (
        updated_at timestamptz, gone text, status_id integer, start_at date,
        id bigint, course_id bigint) {2};
    ALTER TABLE {0}.family_far DROP COLUMN gone;
    ALTER TABLE {0}.family ATTACH PARTITION {0}.family_far
        FOR VALUES FROM (51000) TO (MAXVALUE)
    """

INTEGERS = ("smallint", "integer", "bigint")
LIMITS = {"smallint": (1 << 15) - 1, "integer": (1 << 31) - 1,
          "bigint": (1 << 63) - 1}
MOMENT = "timestamp with time zone"
STAMP = "timestamp without time zone"
SHORT = {MOMENT: "timestamptz", STAMP: "timestamp"}
ZONES = ("UTC", "Europe/Oslo", "Asia/Kathmandu", "America/New_York")


def short_type(name):
    """A type without its modifier, as we print it."""
    name = re.sub(r"\(\d+(,\d+)?\)", "", name)
    return SHORT.get(name, name)


Table = collections.namedtuple("Table", "name columns values")


class Ref:
    """A table in a FROM clause."""

    def __init__(self, table, alias, is_foreign):
        self.table = table
        self.alias = alias
        self.is_foreign = is_foreign
        self.item = "%s%s %s" % ("@" if is_foreign else "loc.", table.name,
                                 alias)

    def __getitem__(self, column):
        return "%s.%s" % (self.alias, column)

    @property
    def key(self):
        """The expression that names a row."""
        return self[UNIQUE[self.table.name]]


class Query:
    """A statement and what to compare.

    keys is None where rows come in no order, a list of the columns that
    decide on the order, or "all" where it is total.  whole is the statement
    without its LIMIT.
    """

    def __init__(self, sql, keys=None, whole=None, parameters=()):
        self.sql = sql
        self.keys = keys
        self.whole = whole
        self.parameters = parameters

    def over(self, schema):
        """The SQL over the tables of a schema."""
        return place(self.sql, schema)

    @property
    def references(self):
        """The names of the foreign tables, each as often as it occurs."""
        return REFERENCE.findall(self.sql)


def place(sql, schema):
    """Put a schema where the statement has an @."""
    return REFERENCE.sub(schema + r".\1", sql)


class Generator:
    """Queries by lot."""

    def __init__(self, lot, tables, config):
        self.lot = lot
        self.tables = tables
        self.config = config
        self.aliases = itertools.count(1)
        self.parameters = None      # a list of types, in a prepared statement
        self.may_lock = True
        self.batches = False        # joins on the key of batches alone

    # -- chance --------------------------------------------------------------

    def chance(self, share):
        """True in that share of all cases."""
        return self.lot.random() < share

    def weighted(self, **weights):
        """One of the names."""
        return self.lot.choices(list(weights), list(weights.values()))[0]

    def ref(self, is_foreign=True, tables=None):
        """A table."""
        if tables is None:
            tables = self.config.tables or (
                "courses", "course_dates", "course_dates", "course_dates",
                "course_dates", "courses", "customers", "my_dates",
                "my_courses", "guarded", "family")
        tables = [name for name in tables if name in self.tables]
        table = self.tables[self.lot.choice(tables)]
        return Ref(table, "t%d" % next(self.aliases),
                   is_foreign and table.name in FOREIGN)

    def local(self):
        """A table that is local in both runs."""
        return self.ref(False, ("k", "k", "k", "courses", "course_dates"))

    def column(self, ref):
        """A column, most often one that the API filters by."""
        pushable = [name for name in PUSHABLE[ref.table.name]
                    if name in ref.table.columns]
        if pushable and self.chance(0.75):
            return self.lot.choice(pushable)
        return self.lot.choice(list(ref.table.columns))

    # -- operands ------------------------------------------------------------

    def pool(self, ref, column):
        """Texts of values that are in the column's domain."""
        tag = TAGS[ref.table.name].get(column)
        if tag:
            values = [value for table in self.tables.values()
                      for name, its in TAGS[table.name].items()
                      if its == tag and name in table.values
                      and table.columns[name] == ref.table.columns[column]
                      for value in table.values[name][:40]]
            if values and self.chance(0.3):
                return values
        return ref.table.values[column] or ["0"]

    def parameter(self, kind, make):
        """A parameter of a prepared statement, now and then; or None."""
        if self.parameters is None or not self.chance(0.7):
            return None
        self.parameters.append((kind, make))
        return "$%d" % len(self.parameters)

    def integer(self, ref, column):
        """A whole number near the column's values."""
        kind = short_type(ref.table.columns[column])
        pool = self.pool(ref, column)
        number = int(self.lot.choice(pool).partition(".")[0])
        choice = self.weighted(same=60, near=25, middle=5, extreme=10)
        if choice == "near":
            return number + self.lot.choice((-1, 1, -2, 7))
        if choice == "extreme":
            limit = LIMITS.get(kind, LIMITS["bigint"])
            return self.lot.choice((
                0, -1, 1, limit, -limit - 1, limit - 1, 1 << 31, -1 << 31,
                (1 << 31) - 1, (1 << 63) - 1, -1 << 63, 32767, 1 << 53))
        return number

    def number_operand(self, ref, column):
        """An operand for a column of numbers."""
        parameter = self.parameter(
            self.lot.choice(("int8", "int4", "int8", "numeric")),
            lambda: self.small_or_null(ref, column))
        if parameter:
            return parameter
        number = self.integer(ref, column)
        choice = self.weighted(plain=40, typed=30, numeric=10, float=4,
                               null=4, expression=8, initplan=4)
        if choice == "typed":
            fits = [kind for kind in INTEGERS
                    if -LIMITS[kind] - 1 <= number <= LIMITS[kind]]
            return "'%d'::%s" % (number, self.lot.choice(fits or ["numeric"]))
        if choice == "numeric":
            return self.lot.choice(("%d::numeric", "%d.5", "%d.0")) % number
        if choice == "float":
            return "'%d'::float8" % number
        if choice == "null":
            return self.lot.choice(("NULL", "NULL::int4", "NULL::int8"))
        if choice == "expression":
            step = self.lot.randint(0, 9)
            small = max(-10**6, min(10**6, number))
            return self.lot.choice((
                "(%d + %d)" % (small - step, step),
                "(%d + (random() * 0)::integer)" % small,
                "'%d'::text::bigint" % small,
                "'%d'::loc.whole" % small))
        if choice == "initplan":
            return self.scalar_subquery(ref, column)
        return "(%d)" % number if number < 0 else "%d" % number

    def small_or_null(self, ref, column):
        """The value of a parameter, as an SQL literal."""
        if self.chance(0.08):
            return NULL_TEXT
        number = self.integer(ref, column)
        return str(max(-LIMITS["integer"], min(LIMITS["integer"], number)))

    def scalar_subquery(self, ref, column):
        """An uncorrelated subquery with one value."""
        tag = TAGS[ref.table.name].get(column)
        sources = [(table, name) for table in self.tables.values()
                   for name, its in TAGS[table.name].items()
                   if its == tag and name in table.columns]
        if not tag or not sources:
            return "(SELECT 5)"
        table, name = self.lot.choice(sources)
        inner = Ref(table, "s%d" % next(self.aliases),
                    table.name in FOREIGN and self.chance(0.5)
                    and not self.config.is_monotone)
        return "(SELECT %s(%s) FROM %s WHERE %s)" % (
            self.lot.choice(("min", "max")), inner[name], inner.item,
            self.atom(inner))

    def day_text(self, ref, column):
        """A day near the column's values."""
        pool = self.pool(ref, column)
        day = self.lot.choice(pool)[:10] if pool else "2027-01-15"
        choice = self.weighted(same=60, near=30, far=10)
        try:
            day = datetime.date.fromisoformat(day)
        except ValueError:
            day = datetime.date(2027, 1, 15)
        if choice == "near" and 1 < day.year < 9999:
            day += datetime.timedelta(self.lot.choice((-1, 1, -2, 2, 30)))
        if choice == "far":
            return self.lot.choice((
                "infinity", "-infinity", "0001-01-01", "9999-12-31",
                "5874897-12-31", "4714-11-24 BC", "1970-01-01",
                "10000-01-01", "2026-10-25", "2026-03-29"))
        return day.isoformat()

    def moment_text(self, ref, column):
        """A point in time near the column's values, with an offset."""
        pool = [value for value in self.pool(ref, column) if value]
        text = self.lot.choice(pool) if pool else "2027-01-15 12:00:00+01"
        if len(text) <= 10:
            text += " 00:00:00"
        choice = self.weighted(same=45, near=35, clock=10, far=10)
        if choice == "far":
            return self.lot.choice((
                "infinity", "-infinity", "4713-01-01 00:00:00+00 BC",
                "294276-12-31 23:59:59.999999+00", "0001-01-01 00:00:00+00",
                "9999-12-31 23:59:59+00", "1970-01-01 00:00:00+00"))
        if choice == "clock":
            return self.lot.choice((
                "2026-10-25 02:30:00+02", "2026-10-25 02:30:00+01",
                "2026-10-25 01:59:59.5+00", "2026-10-25 02:15:00+02",
                "2026-03-29 02:00:00+01", "2026-03-29 03:30:00+02",
                "2026-03-29 00:59:59.999999+00", "2027-01-15 00:00:00+01"))
        if choice == "near":
            head = text[:10]
            if self.chance(0.3):
                return head + " 00:00:00+00"
            step = self.lot.choice(("00:00:01", "00:00:00.000001",
                                    "00:00:00.5", "00:30:00", "01:00:00",
                                    "1 day", "26:00:00"))
            return "%s|%s%s" % (text, self.lot.choice("+-"), step)
        return text

    def typed_moment(self, kind, text):
        """The same as an expression of the type, perhaps after a step."""
        text, _, step = text.partition("|")
        if text.endswith(("infinity", "BC")) or len(text) < 20:
            pass
        elif kind == "timestamp":
            text = re.sub(r"[+-]\d\d(:\d\d)?$", "", text)
        if not step:
            return "%s '%s'" % (kind, text)
        return "(%s '%s' %s interval '%s')" % (kind, text, step[0], step[1:])

    def time_operand(self, ref, column):
        """An operand for a column of days or of points in time."""
        is_day = ref.table.columns[column] == "date"
        kind = self.weighted(
            date=45 if is_day else 20, timestamp=15,
            timestamptz=20 if is_day else 50)
        parameter = self.parameter(
            kind, lambda: self.time_value(kind, ref, column))
        if parameter:
            return parameter
        choice = self.weighted(plain=60, unknown=10, clock=20, null=3,
                               initplan=4, expression=3)
        if choice == "null":
            return self.lot.choice(("NULL", "NULL::date", "NULL::timestamptz"))
        if choice == "initplan":
            return self.scalar_subquery(ref, column)
        value = self.time_value(kind, ref, column)
        if choice == "unknown":
            return literal(self.day_text(ref, column) if is_day else
                           self.moment_text(ref, column).partition("|")[0])
        if choice == "clock" and "infinity" not in value:
            return self.clock(kind, ref, column)
        if choice == "expression" and kind == "date":
            return "(%s + %d)" % (
                "make_date(2027, 1, 15)", self.lot.randint(-400, 400))
        return value

    def time_value(self, kind, ref, column):
        """A value of one of the three types, as SQL."""
        if kind == "date":
            return "date '%s'" % self.day_text(ref, column)
        return self.typed_moment(kind, self.moment_text(ref, column))

    def clock(self, kind, ref, column):
        """A stable expression that asks the clock, and yet is constant."""
        day = self.day_text(ref, column)
        if not re.fullmatch(r"[12]\d{3}-\d\d-\d\d", day):
            day = "2027-01-15"
        if kind == "date":
            return self.lot.choice((
                "(current_date + (date '%s' - current_date))",
                "(now() + (timestamptz '%s' - now()))::date")) % day
        if kind == "timestamp":
            return ("(localtimestamp + (timestamp '%s' - localtimestamp))"
                    % day)
        return self.lot.choice((
            "(now() + (timestamptz '%s' - now()))",
            "(current_timestamp - (current_timestamp - "
            "timestamptz '%s 11:30:00+05:45'))")) % day

    def text_operand(self, ref, column):
        """An operand for a column of text."""
        value = self.lot.choice(self.pool(ref, column))
        parameter = self.parameter("text", lambda: literal(
            self.lot.choice(self.pool(ref, column))))
        return parameter or literal(value)

    # -- conditions ----------------------------------------------------------

    def atom(self, ref):
        """A condition on one column."""
        if self.chance(0.06):
            return self.row_atom(ref)
        column = self.column(ref)
        kind = short_type(ref.table.columns[column])
        if kind in INTEGERS or kind in ("numeric", "double precision"):
            return self.number_atom(ref, column)
        if kind in ("date", "timestamp", "timestamptz"):
            return self.time_atom(ref, column)
        return self.other_atom(ref, column, kind)

    def operand(self, ref, column):
        """An operand for a column that has an order."""
        kind = short_type(ref.table.columns[column])
        if kind in ("date", "timestamp", "timestamptz"):
            return self.time_operand(ref, column)
        if kind == "text":
            return self.text_operand(ref, column)
        return self.number_operand(ref, column)

    def comparable(self, ref):
        """A column that has an order, most often one of the API's filters."""
        kinds = INTEGERS + ("numeric", "double precision", "date", "text",
                            "timestamp", "timestamptz")
        while True:
            column = self.column(ref)
            if short_type(ref.table.columns[column]) in kinds:
                return column

    def row_atom(self, ref, columns=None, operator=None):
        """A comparison of rows, as in paging by keys."""
        columns = columns or [self.comparable(ref) for _ in range(
            self.lot.choice((2, 2, 2, 3)))]
        return self.compare(
            "(%s)" % ", ".join(ref[column] for column in columns),
            "(%s)" % ", ".join(self.operand(ref, column)
                               for column in columns),
            operator or self.lot.choice(("<", "<=", ">", ">=", ">", "<")))

    def compare(self, left, right, operator=None):
        """A comparison, in either order."""
        operator = operator or self.lot.choice(
            ("=", "=", "=", "<", "<=", ">", ">=", "<>"))
        if self.chance(0.25):
            mirror = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
            return "%s %s %s" % (right, mirror.get(operator, operator), left)
        return "%s %s %s" % (left, operator, right)

    def number_atom(self, ref, column):
        """A condition on a column of numbers."""
        target = ref[column]
        operand = self.number_operand
        choice = self.weighted(compare=42, into=14, any=14, between=8,
                               null=4, either=7, distinct=3, negation=3,
                               arithmetic=2, row=3)
        if choice == "into":
            return "%s %sIN (%s)" % (
                target, "NOT " if self.chance(0.12) else "",
                ", ".join(operand(ref, column)
                          for _ in range(self.lot.randint(1, 6))))
        if choice == "any":
            return self.array_atom(ref, column)
        if choice == "between":
            low, high = operand(ref, column), operand(ref, column)
            return "%s BETWEEN %s%s AND %s" % (
                target, "SYMMETRIC " if self.chance(0.2) else "", low, high)
        if choice == "null":
            return "%s IS %sNULL" % (target,
                                     "NOT " if self.chance(0.5) else "")
        if choice == "either":
            return "(%s)" % " OR ".join(
                self.compare(target, operand(ref, column), "=")
                for _ in range(self.lot.randint(2, 4)))
        if choice == "distinct":
            return "%s IS %sDISTINCT FROM %s" % (
                target, "NOT " if self.chance(0.6) else "",
                operand(ref, column))
        if choice == "negation":
            return "NOT (%s)" % self.compare(target, operand(ref, column))
        if choice == "arithmetic":
            return self.compare("%s + 0" % target, operand(ref, column))
        if choice == "row" and len(ref.table.columns) > 1:
            other = self.column(ref)
            if short_type(ref.table.columns[other]) in INTEGERS:
                return "(%s, %s) %s (%s, %s)" % (
                    target, ref[other], self.lot.choice(("<", ">=", "=")),
                    operand(ref, column), operand(ref, other))
        return self.compare(target, operand(ref, column))

    def array_atom(self, ref, column):
        """A comparison of a column of numbers with an array."""
        target = ref[column]
        kind = self.lot.choice(("int8", "int4", "int8", "numeric"))
        limit = LIMITS["integer"]

        def make():
            numbers = [str(max(-limit, min(limit,
                                           self.integer(ref, column))))
                       for _ in range(self.lot.choice(
                           (0, 1, 2, 3, 5, 8, 30, 130)))]
            if self.chance(0.15):
                numbers.insert(self.lot.randint(0, len(numbers)), NULL_TEXT)
            if self.chance(0.04):
                return "NULL::%s[]" % kind
            if self.chance(0.06) and len(numbers) > 1 \
                    and len(numbers) % 2 == 0:
                return "'{{%s},{%s}}'::%s[]" % (
                    ",".join(numbers[:len(numbers) // 2]),
                    ",".join(numbers[len(numbers) // 2:]), kind)
            return "'{%s}'::%s[]" % (",".join(numbers), kind)

        array = self.parameter(kind + "[]", make) or make()
        if self.parameters is None and self.chance(0.15):
            source = self.lot.choice(("k8", "k4", "d8", "s"))
            array = "ARRAY(SELECT a.%s FROM loc.k a WHERE a.n < %d)" % (
                source, self.lot.randint(0, 40))
        elif self.parameters is None and self.chance(0.15):
            array = "ARRAY[%s]" % ", ".join(
                self.number_operand(ref, column)
                for _ in range(self.lot.randint(1, 4)))
        if self.chance(0.85):
            return "%s = ANY (%s)" % (target, array)
        return "%s %s (%s)" % (target, self.lot.choice(
            ("<> ALL", ">= ALL", "< ANY", "= ALL", ">= ANY")), array)

    def time_atom(self, ref, column):
        """A condition on a column of days or points in time."""
        target = ref[column]
        operand = self.time_operand
        choice = self.weighted(compare=55, between=15, both=10, into=4,
                               null=5, either=3, negation=3, cast=3,
                               distinct=2)
        if choice == "between":
            return "%s BETWEEN %s%s AND %s" % (
                target, "SYMMETRIC " if self.chance(0.3) else "",
                operand(ref, column), operand(ref, column))
        if choice == "both":
            return "%s >= %s AND %s < %s" % (
                target, operand(ref, column), target, operand(ref, column))
        if choice == "into":
            kind = short_type(ref.table.columns[column])
            return "%s IN (%s)" % (target, ", ".join(
                self.time_value(kind, ref, column) for _ in range(3)))
        if choice == "null":
            return "%s IS %sNULL" % (target,
                                     "NOT " if self.chance(0.6) else "")
        if choice == "either":
            return "(%s OR %s)" % (
                self.compare(target, operand(ref, column)),
                self.compare(target, operand(ref, column)))
        if choice == "negation":
            return "NOT (%s)" % self.compare(target, operand(ref, column))
        if choice == "cast":
            return self.compare("%s::%s" % (target, self.lot.choice(
                ("date", "timestamp", "timestamptz"))), operand(ref, column))
        if choice == "distinct":
            return "%s IS DISTINCT FROM %s" % (target, operand(ref, column))
        operator = self.lot.choice(("<", "<=", ">", ">=", "=", "<", ">="))
        return self.compare(target, operand(ref, column), operator)

    def other_atom(self, ref, column, kind):
        """A condition on a column that is never pushed."""
        target = ref[column]
        if kind == "boolean":
            return self.lot.choice((
                "%s", "NOT %s", "%s IS TRUE", "%s IS NOT TRUE",
                "%s IS NOT NULL", "%s = true", "(%s OR false)")) % target
        if kind == "jsonb":
            return self.lot.choice((
                "%s ? 'erp_id'", "%s IS NULL", "%s ->> 'erp_id' > 'P-11'",
                "%s @> '{\"old\": null}'", "jsonb_typeof(%s) = 'object'",
                "%s <> '{}'")) % target
        if kind == "text":
            operand = self.text_operand(ref, column)
            return self.lot.choice((
                "%s = %s", "%s >= %s", "%s <> %s", "%s IN (%s, 'x', NULL)",
                "upper(%s) = upper(%s)", "%s LIKE '%%a%%' OR %s IS NULL",
                "strpos(%s, %s) > 0")) % (target, operand)
        if kind == "time without time zone":
            return "%s > '08:00'" % target
        return "%s IS NOT NULL" % target

    def where(self, *refs):
        """The conditions of a WHERE clause."""
        atoms = []
        for ref in refs:
            atoms += [self.atom(ref) for _ in range(
                self.lot.choices((0, 1, 2, 3), (20, 45, 25, 10))[0])]
        if len(atoms) >= 2 and self.chance(0.12):
            atoms[:2] = ["(%s OR %s)" % (atoms[0], atoms[1])]
        if atoms and self.chance(0.03):
            atoms[0] = "(%s) IS NOT FALSE" % atoms[0]
        if self.chance(0.02):
            atoms.append(self.lot.choice(("false", "true", "NULL::boolean",
                                          "now() IS NOT NULL", "1 = 0")))
        return " AND ".join("(%s)" % atom if " OR " in atom else atom
                            for atom in atoms) or "true"

    # -- what comes out ------------------------------------------------------

    def outputs(self, refs):
        """Expressions for a select list."""
        outputs = []
        for ref in refs:
            columns = list(ref.table.columns)
            choice = self.weighted(key=30, some=50, all=8, row=5, none=7)
            if choice == "key":
                outputs.append(ref.key)
            elif choice == "some":
                outputs += [ref[self.column(ref)] for _ in range(
                    self.lot.randint(1, 4))]
            elif choice == "all":
                outputs += [ref[column] for column in columns]
            elif choice == "row":
                outputs.append(self.lot.choice(("%s", "row_to_json(%s)",
                                                "(%s IS NULL)"))
                               % ref.alias)
        return outputs or ["1"]

    def sortable(self, ref):
        """An expression to order by."""
        columns = [name for name, kind in ref.table.columns.items()
                   if kind not in ("jsonb", "json")]
        favourites = [name for name in ("id", "start_at", "n", "starts",
                                        "course_id")
                      if name in columns]
        return ref[self.lot.choice(
            favourites if favourites and self.chance(0.7) else columns)]

    def finish(self, refs, source, where, distinct=""):
        """A query with an order and a limit, by lot."""
        outputs = self.outputs(refs)
        if self.config.is_monotone:
            return Query("SELECT %s FROM %s WHERE %s"
                         % (", ".join(outputs), source, where))
        keys = []
        if self.chance(0.55):
            keys = [self.sortable(self.lot.choice(refs))
                    for _ in range(self.lot.choices((1, 2), (70, 30))[0])]
            if self.chance(0.35):
                keys += [ref.key for ref in refs]
        is_total = all(ref.key in keys for ref in refs)
        limit, ties = self.limit(bool(keys))
        if not is_total or ties or distinct:
            outputs += [key for key in keys if key not in outputs]
        core = "SELECT %s%s FROM %s WHERE %s" % (
            distinct, ", ".join(outputs), source, where)
        order = ""
        if keys:
            direction = self.lot.choice(("", "", " ASC", " DESC", " DESC"))
            order = " ORDER BY " + ", ".join(
                key + (direction if self.chance(0.8) else
                       self.lot.choice(("", " DESC", " NULLS FIRST",
                                        " DESC NULLS LAST")))
                for key in keys)
        if limit and self.chance(0.15):
            return Query("SELECT count(*) FROM (%s%s%s) q"
                         % (core, order, limit))
        if is_total and not ties:
            return Query(core + order + limit, "all")
        return Query(core + order + limit,
                     [outputs.index(key) for key in keys],
                     core if limit else None)

    def limit(self, has_order):
        """A LIMIT clause, and whether it asks for ties."""
        if not self.chance(0.45):
            return "", False
        count = self.lot.choice((0, 1, 1, 2, 3, 5, 10, 25, 26, 100, 1000))
        offset = self.lot.choice((0, 0, 0, 1, 2, 7, 24, 25, 60, 500))
        text = " OFFSET %d" % offset if offset else ""
        choice = self.weighted(limit=70, ties=12, all=4, null=3, subquery=5,
                               offset=6)
        if choice == "ties" and has_order:
            return (" OFFSET %d FETCH FIRST %d ROWS WITH TIES"
                    % (offset, count), True)
        if choice == "all":
            return " LIMIT ALL" + text, False
        if choice == "null":
            return " LIMIT NULL" + text, False
        if choice == "subquery":
            return " LIMIT (SELECT %d)%s" % (count, text), False
        if choice == "offset":
            return text, False
        return " LIMIT %d%s" % (count, text), False

    # -- shapes --------------------------------------------------------------

    def query(self):
        """A query of any shape."""
        shapes = {
            "plain": 28, "page": 9, "neighbours": 7, "joined": 24, "semi": 10, "aggregate": 8,
            "correlated": 5, "lateral": 5, "window": 3, "union": 4,
            "cte": 4, "distinct": 3, "recursive": 1, "extreme": 3,
            "lock": int(self.may_lock), "update": int(self.may_lock),
            "nested": 2, "computed": 3, "merged": 2}
        if self.config.is_monotone:
            shapes = {"plain": 45, "page": 0, "neighbours": 10, "inner": 30,
                      "semi": 15}
        elif self.batches:
            shapes = {"joined": 50, "semi": 20, "lateral": 8,
                      "correlated": 5, "nested": 7, "computed": 10}
        return getattr(self, self.weighted(**shapes))()

    def plain(self):
        """One table."""
        ref = self.ref()
        if not self.config.is_monotone and self.chance(0.05):
            return Query("SELECT * FROM %s WHERE %s"
                         % (ref.item, self.where(ref)))
        return self.finish([ref], ref.item, self.where(ref))

    def page(self):
        """A page of a table that is read by its keys."""
        ref = self.ref()
        key = UNIQUE[ref.table.name]
        columns = [key]
        if self.chance(0.75):
            columns.insert(0, self.comparable(ref))
        is_up = self.chance(0.65)
        where = self.row_atom(ref, columns, self.lot.choice(
            (">", ">", ">=") if is_up else ("<", "<", "<=")))
        if self.chance(0.5):
            where += " AND " + self.window_of_ids(ref)
        if self.chance(0.3):
            where += " AND " + self.atom(ref)
        order = ", ".join(ref[column] + ("" if is_up else " DESC")
                          for column in columns)
        return Query("SELECT %s, %s FROM %s WHERE %s ORDER BY %s%s" % (
            ref.key, ref[self.column(ref)], ref.item, where, order,
            self.limit(False)[0]), "all")

    def window_of_ids(self, ref):
        """A range of neighbouring ids."""
        values = sorted(int(value)
                        for value in ref.table.values[UNIQUE[ref.table.name]])
        if not values:
            return "true"
        first = self.lot.choice(values)
        last = first + self.lot.choice((0, 1, 2, 5, 20, 60, 200))
        return self.lot.choice((
            "%s BETWEEN %d AND %d", "%s >= %d AND {0} < %d",
            "%s > %d AND {0} <= %d")).format(ref.key) % (
                ref.key, first, last)

    def neighbours(self):
        """Rows of neighbouring ids, in some order."""
        ref = self.ref()
        where = self.window_of_ids(ref)
        if self.chance(0.3):
            where = "%s <= %s" % (ref.key, where.split()[-1])
        if self.chance(0.4):
            where += " AND " + self.atom(ref)
        if "true" in where:
            return self.plain()
        return self.finish([ref], ref.item, where)

    def distinct(self):
        """DISTINCT and DISTINCT ON."""
        ref = self.ref()
        if self.chance(0.5):
            columns = [ref[name] for name in self.lot.sample(
                list(ref.table.columns), min(2, len(ref.table.columns)))]
            return Query("SELECT DISTINCT %s FROM %s WHERE %s" % (
                ", ".join(columns), ref.item, self.where(ref)))
        by = self.sortable(ref)
        return Query(
            "SELECT DISTINCT ON (%s) %s, %s FROM %s WHERE %s "
            "ORDER BY %s, %s%s" % (by, by, ref.key, ref.item,
                                   self.where(ref), by, ref.key,
                                   self.limit(False)[0]), "all")

    def aggregate(self):
        """Aggregates, with and without groups."""
        ref = self.ref()
        where = self.where(ref)
        what = self.lot.sample((
            "count(*)", "count(%s)" % self.sortable(ref),
            "min(%s)" % ref.key, "max(%s)" % ref.key,
            "sum(%s)" % ref.key, "array_agg(%s ORDER BY %s)"
            % (ref.key, ref.key),
            "count(*) FILTER (WHERE %s)" % self.atom(ref),
            "count(DISTINCT %s)" % self.sortable(ref)),
            self.lot.randint(1, 3))
        if self.chance(0.5):
            return Query("SELECT %s FROM %s WHERE %s"
                         % (", ".join(what), ref.item, where))
        by = [self.sortable(ref) for _ in range(self.lot.choice((1, 1, 2)))]
        group = ", ".join(by)
        if self.chance(0.15):
            group = self.lot.choice(("ROLLUP (%s)", "CUBE (%s)")) % group
        having = " HAVING count(*) > 1" if self.chance(0.3) else ""
        return Query("SELECT %s, %s FROM %s WHERE %s GROUP BY %s%s" % (
            ", ".join(by), ", ".join(what), ref.item, where, group, having))

    def extreme(self):
        """min and max, which the planner turns into ORDER BY LIMIT 1."""
        ref = self.ref()
        column = self.sortable(ref)
        if ref.table.columns[column.partition(".")[2]] == "boolean":
            column = ref.key
        return Query("SELECT min(%s), max(%s) FROM %s WHERE %s" % (
            column, column, ref.item, self.where(ref)))

    def join_pair(self, outer, inner, needs_equality=False):
        """A join clause of two tables, or None."""
        pairs = [(left, right)
                 for left, tag in TAGS[outer.table.name].items()
                 for right, its in TAGS[inner.table.name].items()
                 if tag == its and left in outer.table.columns
                 and right in inner.table.columns]
        keys = [pair for pair in pairs
                if TAGS[outer.table.name][pair[0]]
                in ("course", "date", "customer")]
        if keys and self.chance(0.8):
            pairs = keys
        if not pairs:
            return None
        left, right = self.lot.choice(pairs)
        if TAGS[outer.table.name][left] == "small" and (
                outer.table.name != "k" and inner.table.name != "k"):
            return None
        if self.chance(0.12) and not needs_equality:
            return self.odd_clause(outer, inner, left, right)
        if needs_equality or self.chance(0.85):
            return self.compare(outer[left], inner[right], "=")
        if "k" not in (outer.table.name, inner.table.name):
            return None
        if self.chance(0.5):
            return self.compare(outer[left], inner[right])
        return "%s BETWEEN %s AND %s + 3" % (
            inner[right], outer[left], outer[left]) \
            if outer.table.columns[left] in ("date", *INTEGERS) \
            else "%s <= %s" % (outer[left], inner[right])

    def odd_clause(self, outer, inner, left, right):
        """A join clause that is an equality in some other way."""
        a, b = outer[left], inner[right]
        numbers = [name for name, kind in outer.table.columns.items()
                   if kind in INTEGERS
                   and outer.table.columns[left] in INTEGERS]
        other = outer[self.lot.choice(numbers or [left])]
        clauses = ["%s IS NOT DISTINCT FROM %s" % (a, b),
                   "(%s = %s OR %s = %s)" % (a, b, other, b)]
        if numbers:
            clauses += ["%s = ANY (ARRAY[%s, %s])" % (b, a, other),
                        "%s = %s + 0" % (b, a),
                        "%s = %s::bigint" % (b, a),
                        "%s = coalesce(%s, %s)" % (b, a, other),
                        "%s BETWEEN %s AND %s + 2" % (b, a, a)]
        return self.lot.choice(clauses)

    def pair(self, needs_equality=True):
        """Two tables that can be joined, one of them foreign at least."""
        if self.batches:
            outer = self.ref(self.chance(0.3), ("k", "k", "courses",
                                                "my_courses"))
            inner = self.ref(True, ("course_dates", "course_dates",
                                    "family", "guarded"))
            key = self.lot.choice([
                name for name, tag in TAGS[outer.table.name].items()
                if tag == "course"])
            if not needs_equality and self.chance(0.15):
                return outer, inner, self.odd_clause(outer, inner, key,
                                                     "course_id")
            return outer, inner, self.compare(
                outer[key], inner["course_id"], "=")
        for _ in range(50):
            outer = self.local() if self.chance(0.45) else self.ref()
            inner = self.ref() if self.chance(0.85) or not outer.is_foreign \
                else self.local()
            on = self.join_pair(outer, inner, needs_equality)
            if on:
                return outer, inner, on
        raise ValueError("no tables to join")

    def inner(self):
        """An inner join."""
        outer, inner, on = self.pair()
        if self.chance(0.3):
            on += " AND " + self.atom(inner)
        return self.finish([outer, inner], "%s JOIN %s ON %s" % (
            outer.item, inner.item, on), self.where(outer, inner))

    def joined(self):
        """Two or three tables, joined in any way."""
        how = self.weighted(inner=40, left=25, right=15, full=10, comma=10)
        outer, inner, on = self.pair(how == "full")
        refs = [outer, inner]
        if how != "full" and self.chance(0.35):
            on += " AND " + self.atom(self.lot.choice(refs))
        if how == "comma":
            source = "%s, %s" % (outer.item, inner.item)
            where = "%s AND %s" % (on, self.where(*refs))
        else:
            source = "%s %s JOIN %s ON %s" % (
                outer.item, how.upper(), inner.item, on)
            where = self.where(*refs) if self.chance(0.6) else "true"
        if how == "left" and self.chance(0.2):
            where = "%s IS NULL" % inner.key
        if self.chance(0.3):
            for _ in range(10):
                third = self.ref() if self.chance(0.6) else self.local()
                clause = self.join_pair(self.lot.choice(refs), third, True)
                if clause:
                    source = "%s %s JOIN %s ON %s" % (
                        "(%s)" % source if how != "comma" else
                        "%s CROSS JOIN %s" % (outer.item, inner.item),
                        self.lot.choice(("INNER", "LEFT")), third.item,
                        clause)
                    refs.append(third)
                    break
        query = self.finish(refs, source, where)
        if self.chance(0.25):
            return Query("SELECT count(*), sum(%s), sum(%s) FROM %s "
                         "WHERE %s" % (outer.key, inner.key, source, where))
        return query

    def semi(self):
        """EXISTS, IN and their negations."""
        has_operator = self.chance(0.45)
        outer, inner, on = self.pair(has_operator)
        negation = ""
        if not self.config.is_monotone and self.chance(0.4):
            negation = "NOT "
        where = self.where(inner)
        if not has_operator:
            condition = "%sEXISTS (SELECT %s FROM %s WHERE %s AND %s)" % (
                negation, self.lot.choice(("1", "*", inner.key)),
                inner.item, on, where)
        else:
            left, right = on.split(" = ")
            if right.startswith(outer.alias + "."):
                left, right = right, left
            if self.chance(0.1):
                where += " LIMIT 1000"
            condition = "%s %sIN (SELECT %s FROM %s WHERE %s)" % (
                left, negation, right, inner.item, where)
        return self.finish([outer], outer.item, "%s AND %s" % (
            condition, self.where(outer)))

    def correlated(self):
        """A scalar subquery in the select list."""
        outer, inner, on = self.pair(False)
        if self.chance(0.6):
            what = self.lot.choice(("count(*)", "max(%s)" % inner.key,
                                    "min(%s)" % self.sortable(inner)))
            if "boolean" in what:
                what = "count(*)"
            if what.startswith("min"):
                column = what.partition(".")[2][:-1]
                if inner.table.columns[column] == "boolean":
                    what = "count(*)"
            subquery = "SELECT %s FROM %s WHERE %s AND %s" % (
                what, inner.item, on, self.where(inner))
        else:
            subquery = ("SELECT %s FROM %s WHERE %s AND %s ORDER BY %s "
                        "LIMIT 1%s" % (
                            inner[self.column(inner)], inner.item, on,
                            self.where(inner),
                            self.lot.choice(("%s", "%s DESC")) % inner.key,
                            self.lot.choice(("", " OFFSET 1"))))
        return Query("SELECT %s, (%s) FROM %s WHERE %s" % (
            outer.key, subquery, outer.item, self.where(outer)))

    def lateral(self):
        """A subquery in FROM that reads what stands left of it."""
        outer, inner, on = self.pair(False)
        subquery = "SELECT %s AS v, %s AS w FROM %s WHERE %s AND %s" % (
            inner.key, inner[self.column(inner)], inner.item, on,
            self.where(inner))
        if self.chance(0.6):
            subquery += " ORDER BY %s, %s%s LIMIT %d" % (
                self.sortable(inner), inner.key,
                self.lot.choice(("", " DESC")), self.lot.randint(0, 4))
        join = self.lot.choice(("JOIN LATERAL (%s) x ON true",
                                "LEFT JOIN LATERAL (%s) x ON true",
                                "CROSS JOIN LATERAL (%s) x")) % subquery
        return Query("SELECT %s, x.v, x.w::text FROM %s %s WHERE %s" % (
            outer.key, outer.item, join, self.where(outer)))

    def nested(self):
        """A join that is run anew for each row around it."""
        outer, inner, on = self.pair()
        around = self.ref(False, ("k",))
        base = 0 if outer.table.name == "k" else self.integer(
            outer, UNIQUE[outer.table.name])
        return Query(
            "SELECT %s, (SELECT count(*) FROM %s %s JOIN %s ON %s "
            "WHERE %s AND %s) FROM %s WHERE %s.n < 12" % (
                around.key, outer.item,
                self.lot.choice(("INNER", "LEFT", "RIGHT")), inner.item, on,
                self.compare(outer.key, "%s + %d::numeric"
                             % (around["n"], base),
                             self.lot.choice(("<", ">="))),
                self.where(inner), around.item, around.alias))

    def computed(self):
        """A join by a value that an outer join below it may make NULL."""
        outer, middle, first = self.pair()
        inner = self.ref(True, ("course_dates", "courses", "guarded"))
        keys = [ref[name] for ref in (outer, middle)
                for name, tag in TAGS[ref.table.name].items()
                if tag == "course" and name in ref.table.columns]
        if not keys:
            return self.joined()
        key = "coalesce(%s, 7303)" % self.lot.choice(keys)
        target = inner["id" if inner.table.name == "courses"
                       else "course_id"]
        return Query(
            "SELECT s.a, s.b, s.x, %s FROM (SELECT %s AS a, %s AS b, %s AS x "
            "FROM %s %s JOIN %s ON %s) s %s JOIN %s ON %s = s.x AND %s" % (
                inner.key, outer.key, middle.key, key, outer.item,
                self.lot.choice(("LEFT", "RIGHT", "FULL", "INNER")),
                middle.item, first, self.lot.choice(("LEFT", "INNER")),
                inner.item, target, self.where(inner)))

    def merged(self):
        """JOIN USING, and a pair of columns in a list of pairs."""
        first, second = (self.ref(True, ("course_dates", "guarded",
                                         "family")) for _ in range(2))
        if self.chance(0.5):
            return Query(
                "SELECT (%s, course_id) IN (SELECT d8, k8 FROM loc.k), "
                "id FROM %s WHERE %s" % (first["id"], first.item,
                                         self.where(first)))
        return Query("SELECT %s, course_id, %s FROM %s %s JOIN %s USING "
                     "(%s) WHERE %s" % (
                         first.key, second.key, first.item,
                         self.lot.choice(("", "LEFT", "FULL")), second.item,
                         self.lot.choice(("course_id, start_at",
                                          "course_id, id",
                                          "id, course_id, status_id")),
                         self.where(first)))

    def window(self):
        """Window functions."""
        ref = self.ref()
        by, order = self.sortable(ref), self.sortable(ref)
        what = self.lot.choice((
            "row_number() OVER (PARTITION BY %s ORDER BY %s, %s)"
            % (by, order, ref.key),
            "lag(%s) OVER (ORDER BY %s)" % (ref.key, ref.key),
            "count(*) OVER (PARTITION BY %s)" % by,
            "rank() OVER (ORDER BY %s)" % by,
            "sum(%s) OVER (ORDER BY %s ROWS 2 PRECEDING)"
            % (ref.key, ref.key)))
        query = "SELECT %s AS key, %s AS w FROM %s WHERE %s" % (
            ref.key, what, ref.item, self.where(ref))
        if self.chance(0.5):
            query = "SELECT * FROM (%s) q WHERE w <= %d" % (
                query, self.lot.choice((1, 2, 5)))
        return Query(query)

    def union(self):
        """Set operations."""
        first = self.ref()
        second = Ref(first.table, "u%d" % next(self.aliases), True)
        columns = [self.column(first) for _ in range(2)]
        queries = ["SELECT %s FROM %s WHERE %s" % (
            ", ".join(ref[column] for column in columns), ref.item,
            self.where(ref)) for ref in (first, second)]
        operation = self.lot.choice(("UNION", "UNION ALL", "INTERSECT",
                                     "EXCEPT", "EXCEPT ALL",
                                     "INTERSECT ALL"))
        return Query((" %s " % operation).join(queries))

    def cte(self):
        """A common table expression that is read twice."""
        ref = self.ref()
        tag = self.lot.choice(("", "MATERIALIZED ", "NOT MATERIALIZED "))
        column = self.column(ref)
        return Query(
            "WITH x AS %s(SELECT %s AS key, %s AS v FROM %s WHERE %s) "
            "SELECT a.key, b.key, b.v::text FROM x a %s JOIN x b "
            "ON a.key = b.key %s" % (
                tag, ref.key, ref[column], ref.item, self.where(ref),
                self.lot.choice(("", "LEFT", "FULL")),
                self.lot.choice(("", "WHERE a.key > 0"))))

    def recursive(self):
        """Parents of parents."""
        if "course_dates" not in self.tables or "parent_id" not in \
                self.tables["course_dates"].columns:
            return self.plain()
        first = self.ref(True, ("course_dates",))
        link = self.lot.choice(("d.id = t.parent_id", "d.parent_id = t.id"))
        return Query(
            "WITH RECURSIVE t AS (SELECT id, parent_id, 0 AS depth FROM %s "
            "WHERE %s UNION ALL SELECT d.id, d.parent_id, depth + 1 FROM t "
            "JOIN @course_dates d ON %s WHERE depth < 4) SELECT * FROM t"
            % (first.item, self.where(first), link))

    def lock(self):
        """Row locks."""
        for _ in range(50):
            outer = self.ref(False, ("k",))
            inner = self.ref()
            on = self.join_pair(outer, inner, True)
            if on:
                break
        else:
            return self.plain()
        return Query("SELECT %s, %s FROM %s JOIN %s ON %s WHERE %s "
                     "FOR UPDATE OF %s" % (
                         outer.key, inner.key, outer.item, inner.item, on,
                         self.where(inner),
                         self.lot.choice((outer.alias, inner.alias))))

    def update(self):
        """Local rows that are updated from foreign ones."""
        for _ in range(50):
            target = self.ref(False, ("k",))
            source = self.ref()
            on = self.join_pair(target, source, True)
            if on:
                return Query(
                    "WITH u AS (UPDATE %s SET word = word FROM %s WHERE %s "
                    "AND %s RETURNING %s) SELECT * FROM u" % (
                        target.item, source.item, on, self.where(source),
                        target.key))
        return self.plain()

    def prepared(self):
        """A query with parameters."""
        self.parameters = []
        try:
            for _ in range(8):
                del self.parameters[:]
                query = self.query()
                if self.parameters and query.whole is None:
                    break
            if query.whole is not None:     # a LIMIT may take any of its rows
                query = Query(query.whole)
            query.parameters = self.parameters
        finally:
            self.parameters = None
        return query


# ---------------------------------------------------------------------------
# Cases
# ---------------------------------------------------------------------------

PLANNER = ("enable_nestloop", "enable_hashjoin", "enable_mergejoin",
           "enable_material", "enable_memoize", "enable_hashagg",
           "enable_sort", "enable_incremental_sort")


class Case:
    """Settings and steps; each step knows how to run itself."""

    def __init__(self, number, settings, steps, in_transaction):
        self.number = number
        self.settings = settings
        self.steps = steps
        self.in_transaction = in_transaction


def make_case(seed, config, tables, number, version):
    """A case by lot."""
    lot = random.Random("%s/%s/%s" % (seed, config.name, number))
    generator = Generator(lot, tables, config)
    settings = make_settings(lot, config, version)
    kind = generator.weighted(queries=58, prepared=18, cursor=12, wire=5,
                              savepoint=3, merge=4, procedure=2)
    if generator.chance(config.batches):
        generator.batches = not config.is_monotone
    if kind == "merge":
        settings.update(enable_hashjoin="off", enable_nestloop="off")
    elif generator.batches:
        settings.update(enable_hashjoin="off", enable_mergejoin="off")
    if kind == "prepared":
        steps = [Prepared(generator)]
    elif kind == "cursor":
        steps = [Cursors(generator)]
    elif kind == "wire":
        steps = [Wire(generator)]
    elif kind == "procedure":
        steps = [Procedure(generator)]
    elif kind == "savepoint":
        steps = [Plain(generator), Savepoint(generator), Plain(generator)]
    else:
        steps = [Plain(generator)
                 for _ in range(lot.choices((1, 2, 3, 5), (35, 30, 20, 15))
                                [0])]
    in_transaction = kind in ("cursor", "savepoint") or (
        kind != "procedure" and lot.random() < 0.7)
    return Case(number, settings, steps, in_transaction)


def make_settings(lot, config, version):
    """A session's settings."""
    settings = {"timezone": lot.choice(ZONES)}
    if lot.random() < 0.45:
        for name in lot.sample(PLANNER, lot.choice((1, 1, 2, 3))):
            settings[name] = "off"
    if lot.random() < config.work_mem:
        settings["work_mem"] = "64kB"
    if lot.random() < 0.1:
        settings.update(geqo_threshold="2", geqo_seed=str(lot.random()))
    if lot.random() < 0.1:
        settings["join_collapse_limit"] = "1"
    if lot.random() < 0.1:
        settings.update(parallel_setup_cost="0", parallel_tuple_cost="0",
                        min_parallel_table_scan_size="0")
        settings["debug_parallel_query" if version >= 160000
                 else "force_parallel_mode"] = "on"
        # workers that are started anew for each row take all the time
        settings.pop("enable_material", None)
    if lot.random() < 0.15:
        settings["cursor_tuple_fraction"] = lot.choice(("0.001", "1"))
    if lot.random() < 0.1:
        settings["frontcore_fdw.cache_size"] = lot.choice(("64kB", "1MB"))
    return settings


class Failure(Exception):
    """A difference, with what to print of it."""


class Plain:
    """One query."""

    def __init__(self, generator):
        self.query = generator.query()
        self.explains = generator.chance(0.15)
        self.analyzes = generator.chance(0.2)

    def run(self, trial):
        """Run the query over both."""
        if self.explains:
            trial.explain(self.query, self.analyzes)
        if not trial.has_failed:
            trial.compare(self.query)


class Procedure:
    """A loop over a query that commits within."""

    def __init__(self, generator):
        ref = generator.ref()
        self.query = Query("SELECT %s AS id FROM %s WHERE %s" % (
            ref.key, ref.item, generator.where(ref)))
        self.every = generator.lot.choice((1, 3, 40))

    def run(self, trial):
        """Collect what the loop sees in a local table."""
        block = ("DO $$DECLARE r record; i integer := 0; BEGIN FOR r IN %s "
                 "LOOP INSERT INTO seen VALUES (r.id); i := i + 1; IF i %% "
                 "%d = 0 THEN COMMIT; END IF; END LOOP; END$$" % (
                     self.query.over("fc"), self.every))
        trial.note(block)
        trial.session.query("CREATE TEMP TABLE seen (id numeric)")
        _, error = trial.attempt(lambda: trial.session.query(block))
        rows = trial.rows("SELECT * FROM seen")
        trial.session.query("DROP TABLE seen")
        if error:
            trial.judge_error(self.query, error)
        else:
            trial.check(self.query, rows)


class Savepoint:
    """A query that a subtransaction's end takes back."""

    def __init__(self, generator):
        self.query = generator.query()
        self.has_error = generator.chance(0.6)

    def run(self, trial):
        """Run the query, and roll it back."""
        trial.session.query("SAVEPOINT s")
        trial.compare(self.query)
        if trial.has_failed:
            return
        if self.has_error:
            try:
                trial.session.query(place(
                    "SELECT 1 / (count(*) - count(*)) FROM @courses", "fc"))
            except SqlError:
                pass
        trial.session.query("ROLLBACK TO s")


class Prepared:
    """A prepared statement, executed several times."""

    def __init__(self, generator):
        self.query = generator.prepared()
        self.mode = generator.lot.choice(
            ("auto", "force_generic_plan", "force_custom_plan"))
        self.values = [[make() for _, make in self.query.parameters]
                       for _ in range(generator.lot.choice((2, 6, 7)))]
        self.values.append(self.values[0])
        self.zones = [generator.lot.choice(ZONES) for _ in self.values] \
            if generator.chance(0.3) else []

    def run(self, trial):
        """Prepare over both, and execute."""
        session = trial.session
        session.query("DEALLOCATE ALL; SET plan_cache_mode = " + self.mode)
        types = ", ".join(kind for kind, _ in self.query.parameters)
        types = "(%s)" % types if types else ""
        for schema in ("fc", *trial.runner.config.oracles):
            trial.statement(schema, "PREPARE p_%s%s AS %s" % (
                schema, types, self.query.over(schema)))
        for number, values in enumerate(self.values):
            if self.zones:
                trial.note("SET timezone = '%s'" % self.zones[number])
                session.query(trial.notes[-1])
            arguments = "(%s)" % ", ".join(values) if values else ""
            trial.compare(Query(
                "EXECUTE p_#" + arguments, self.query.keys),
                self.query)
            if trial.has_failed:
                return


class Wire:
    """A query by the extended protocol, in portions."""

    def __init__(self, generator):
        self.query = generator.query()
        self.fetch = generator.lot.choice((0, 1, 3, 50))

    def run(self, trial):
        """Run it over both."""
        trial.compare(self.query, fetch=self.fetch)


class Cursors:
    """One or two cursors that are read by turns, and queries in between."""

    def __init__(self, generator):
        lot = generator.lot
        generator.may_lock = False
        self.queries = [generator.query() for _ in range(lot.choice((1, 2)))]
        self.holds = lot.random() < 0.2
        self.moves = []
        for _ in range(lot.randint(1, 8)):
            self.moves.append((
                lot.randrange(len(self.queries)), lot.choice((
                    "FETCH NEXT", "FETCH 3", "FETCH 30", "MOVE 2",
                    "FETCH BACKWARD 2", "FETCH PRIOR", "MOVE BACKWARD 5",
                    "FETCH FIRST", "FETCH LAST", "FETCH ABSOLUTE 4",
                    "FETCH RELATIVE -2", "MOVE ABSOLUTE 0", "FETCH 0",
                    "FETCH BACKWARD ALL", "MOVE FORWARD ALL"))))
        if lot.random() < 0.35 and not generator.config.is_monotone:
            self.add_write(generator)
        if lot.random() < 0.4:
            self.add_subtransaction(lot)
        self.between = generator.query() if lot.random() < 0.4 else None

    def add_subtransaction(self, lot):
        """Roll back some of the moves, which takes back no position."""
        begin = lot.randint(0, len(self.moves))
        end = lot.randint(begin, len(self.moves))
        end_with = lot.choice(("ROLLBACK TO s", "SELECT 1 / 0",
                               "RELEASE s"))
        self.moves.insert(end, (None, end_with))
        self.moves.insert(begin, (None, "SAVEPOINT s"))

    def add_write(self, generator):
        """Write a row between the moves, which must not show in them."""
        lot = generator.lot
        name, column = lot.choice(list(WRITABLE.items()))
        table = generator.tables[name]
        if column not in table.columns:
            return
        number = lot.choice(table.values["id"])
        self.moves.insert(lot.randint(0, len(self.moves)), (
            None, "UPDATE fc.%s SET %s = 'written' WHERE id = %s"
            % (name, column, number)))

    @staticmethod
    def write(trial, command):
        """Run an UPDATE, and take it back behind the API's back."""
        words = command.split()
        resource, number = words[1].partition(".")[2], int(words[-1])
        server = trial.runner.mock
        try:
            old = server.dump(resource, number)
        except mock.MockError:
            old = None
        try:
            trial.session.query(command)
        finally:
            if old:
                new = server.dump(resource, number)
                server.change(resource, number, **{
                    name: value for name, value in old.items()
                    if new.get(name) != value})

    @classmethod
    def run_other(cls, trial, command):
        """A command that is no move."""
        trial.note(command)
        if command.startswith("UPDATE"):
            cls.write(trial, command)
            return
        try:
            trial.session.query(command)
        except SqlError:
            trial.session.query("ROLLBACK TO s")

    def run(self, trial):
        """Read the cursors over the foreign tables and check them."""
        session = trial.session
        before = trial.requests()
        answers = []
        session.query("CLOSE ALL")  # what an error in a case before left open
        for number, query in enumerate(self.queries):
            trial.statement("fc", "DECLARE c%d SCROLL CURSOR %s FOR %s" % (
                number, "WITH HOLD" if self.holds else "",
                query.over("fc")), may_fail=query)
            if trial.has_failed:
                return
        if self.holds:
            _, error = trial.attempt(lambda: session.query("COMMIT; BEGIN"))
            if error:
                trial.judge_error(self.queries[0], error)
                return
        for number, move in self.moves:
            if number is None:
                sent = trial.requests()
                _, error = trial.attempt(
                    lambda m=move: self.run_other(trial, m))
                if error:
                    trial.judge_error(None, error)
                    return
                before += trial.requests() - sent
                answers.append(None)
                continue
            trial.note("%s FROM c%d" % (move, number))
            rows, error = trial.attempt(
                lambda n=number, m=move: trial.rows("%s FROM c%d" % (m, n)))
            if error:
                trial.judge_error(self.queries[number], error)
                return
            answers.append(rows)
        if self.between and not self.holds:
            trial.compare(self.between)
            before += trial.cost
            if trial.has_failed:
                return
        for number, query in enumerate(self.queries):
            trial.note("MOVE ABSOLUTE 0 FROM c%d; FETCH ALL FROM c%d"
                       % (number, number))
            rows, error = trial.attempt(lambda: trial.rows(trial.notes[-1]))
            if error:
                trial.judge_error(query, error)
                return
            trial.check(query, rows)
            self.replay(number, rows, answers)
        trial.check_cost(trial.requests() - before, [
            name for query in self.queries for name in query.references])
        session.query("CLOSE ALL")

    def replay(self, number, rows, answers):
        """What the moves should have given, now that we know all rows."""
        at = 0
        for (which, move), answer in zip(self.moves, answers):
            if which != number:
                continue
            expected, at = self.step(rows, at, move)
            if move.startswith("FETCH") and answer != expected:
                raise Failure("%s FROM c%d gave\n  %s\nexpected\n  %s" % (
                    move, number, answer[:5], expected[:5]))

    @staticmethod
    def step(rows, at, move):
        """The rows of a move, and where it leaves the cursor."""
        words = move.split()[1:]
        end = len(rows) + 1
        direction, count = words[0], words[-1]
        if direction in ("FIRST", "LAST", "ABSOLUTE", "RELATIVE"):
            to = {"FIRST": 1, "LAST": len(rows)}.get(direction)
            if to is None:
                to = int(count) + (at if direction == "RELATIVE" else 0)
            to = max(0, min(end, to))
            return rows[to - 1:to] if 0 < to < end else [], to
        if direction == "0":
            return rows[at - 1:at] if 0 < at < end else [], at
        if direction in ("BACKWARD", "PRIOR"):
            number = {"ALL": end, "PRIOR": 1}.get(count) or int(count)
            to = max(0, at - number)
            return rows[max(0, to - 1):max(0, at - 1)][::-1], to
        number = {"ALL": end, "NEXT": 1}.get(count) or int(count)
        to = min(end, at + number)
        return rows[at:to], to


# ---------------------------------------------------------------------------
# Running
# ---------------------------------------------------------------------------

class Trial:
    """One case being run."""

    def __init__(self, runner, case):
        self.runner = runner
        self.session = runner.session
        self.case = case
        self.notes = []
        self.cost = 0               # requests of the last comparison
        self.has_failed = False

    def note(self, text):
        """Remember what was done."""
        self.notes.append(text)
        if self.runner.options.verbose:
            print("    " + text, flush=True)

    def requests(self):
        """How many requests the mock has seen."""
        return self.runner.mock.count()

    def run(self):
        """Run the steps."""
        settings = ["SET %s = %s" % (name, literal(value))
                    for name, value in self.case.settings.items()]
        self.session.query("; ".join(["RESET ALL", *settings]))
        if self.case.in_transaction:
            self.session.query("BEGIN")
        for step in self.case.steps:
            self.runner.queries += 1
            step.run(self)
            if self.has_failed:
                break
        if self.case.in_transaction:
            self.session.query("COMMIT")

    def attempt(self, run):
        """Rows and no error, or no rows and the error.

        After an error in a transaction nothing more of the case can be run.
        """
        try:
            return run(), None
        except SqlError as error:
            if self.case.in_transaction:
                self.session.query("ROLLBACK; BEGIN")
                self.has_failed = True
            return None, error

    def rows(self, sql):
        """The rows of a statement."""
        return self.session.rows(sql)

    def statement(self, schema, sql, may_fail=None):
        """A statement without rows."""
        if schema == "fc":
            self.note(sql)
        if may_fail is None:
            self.session.query(sql)
            return
        _, error = self.attempt(lambda: self.session.query(sql))
        if error:
            self.judge_error(may_fail, error)

    def over(self, query, schema):
        """The rows of a query over a schema's tables."""
        sql = query.over(schema).replace("p_#", "p_" + schema)
        if self.fetch is None:
            return self.rows(sql)
        return self.session.execute(sql, (), self.fetch)

    fetch = None

    def compare(self, query, prepared=None, fetch=None):
        """Run a query over both, and compare."""
        self.note(query.over("fc").replace("p_#", "p_fc"))
        self.fetch = fetch
        before, start = self.requests(), time.monotonic()
        rows, error = self.attempt(lambda: self.over(query, "fc"))
        self.cost = self.requests() - before
        seconds = time.monotonic() - start
        if self.runner.options.verbose and seconds > 1:
            print("      %.1f s, %d requests" % (seconds, self.cost))
        if error:
            self.judge_error(query, error)
            return
        self.check(query, rows)
        self.check_cost(self.cost, (prepared or query).references)

    def judge_error(self, query, error):
        """An error is right where the copies raise it, too."""
        if self.runner.config.allows(error):
            self.runner.excused += 1
            return
        local = None
        if query is not None:
            _, local = self.attempt(lambda: self.over(query, "loc"))
        if local is None:
            raise Failure("the foreign tables raised %s" % error)
        self.runner.errors += 1

    def check(self, query, rows):
        """Compare rows that came with those of the copies."""
        session_rows = []
        for schema in self.runner.config.oracles:
            local, error = self.attempt(lambda s=schema: self.over(query, s))
            if error:
                if query.whole or " LIMIT" in query.sql:
                    return
                raise Failure("only the copies raised %s" % error)
            session_rows.append(local)
        if len(session_rows) > 1:
            check_between(rows, *session_rows)
            return
        whole = None
        if query.whole is not None:
            whole = self.rows(place(query.whole, "loc"))
        check_rows(query, rows, session_rows[0], whole)

    def explain(self, query, analyzes):
        """EXPLAIN sends nothing; what it shows is counted."""
        sql = "EXPLAIN (VERBOSE%s) %s" % (
            ", ANALYZE, FORMAT JSON" if analyzes else "", query.over("fc"))
        self.note(sql)
        before = self.requests()
        rows, _ = self.attempt(lambda: self.rows(sql))
        sent = self.requests() - before
        if sent and not analyzes:
            raise Failure("EXPLAIN sent %d requests" % sent)
        if rows and not analyzes:
            self.runner.see_plan("\n".join(row[0] for row in rows))

    def check_cost(self, cost, references):
        """No more requests than reading all of it a few times."""
        allowed = self.runner.config.allowed(references)
        ratio = cost / allowed
        self.runner.worst = max(self.runner.worst, ratio)
        if cost > allowed:
            raise Failure("%d requests, where %d should do"
                          % (cost, allowed))


def check_rows(query, rows, local, whole):
    """Raise Failure unless the rows are right."""
    if query.keys == "all":
        if rows != local:
            raise Failure("other rows or another order\n"
                          + difference(rows, local))
        return
    if query.keys:
        got = [tuple(row[key] for key in query.keys) for row in rows]
        expected = [tuple(row[key] for key in query.keys) for row in local]
        if got != expected:
            raise Failure("other keys or another order of them\n"
                          + difference(rows, local))
    if query.whole is None:
        if collections.Counter(rows) != collections.Counter(local):
            raise Failure("other rows\n" + difference(rows, local))
        return
    if len(rows) != len(local):
        raise Failure("%d rows, not %d" % (len(rows), len(local)))
    strange = collections.Counter(rows) - collections.Counter(whole)
    if strange:
        raise Failure("rows that the query does not have\n  %s"
                      % list(strange)[:5])


def check_between(rows, visible, everything):
    """Where lists hide rows, some of them may be seen, the others must."""
    rows, visible, everything = map(collections.Counter,
                                    (rows, visible, everything))
    missing, strange = visible - rows, rows - everything
    if missing or strange:
        raise Failure("missing\n  %s\nstrange\n  %s" % (
            list(missing)[:5], list(strange)[:5]))


def difference(rows, local):
    """What differs, in a few lines."""
    left, right = collections.Counter(rows), collections.Counter(local)
    lines = ["foreign %d rows, local %d" % (len(rows), len(local))]
    for name, more in (("only foreign", left - right),
                       ("only local", right - left)):
        for row in list(more.elements())[:3]:
            lines.append("  %s: %s" % (name, clip(row)))
    lines += nearest(list((left - right).elements())[:1],
                     list((right - left).elements()))
    if left == right:
        for number, (one, other) in enumerate(zip(rows, local)):
            if one != other:
                lines.append("  row %d: foreign %s\n         local %s" % (
                    number, clip(one), clip(other)))
                break
    return "\n".join(lines)


def nearest(rows, others):
    """In which columns a row differs from the one most like it."""
    for row in rows:
        other = max((other for other in others if len(other) == len(row)),
                    key=lambda other: sum(map(str.__eq__, map(str, row),
                                              map(str, other))),
                    default=None)
        if other and len(row) > 1:
            yield "  differ: " + "; ".join(
                "column %d: %s, not %s" % (number, clip(one), clip(two))
                for number, (one, two) in enumerate(zip(row, other), 1)
                if one != two)


def clip(row):
    """A row, not too long."""
    text = repr(row)
    return text if len(text) < 400 else text[:400] + "..."


# ---------------------------------------------------------------------------
# Configurations
# ---------------------------------------------------------------------------

# What decides on what a full list holds; the rest is how it is told.
DATA_SWITCHES = ("data", "courses", "dates", "customers", "titles",
                 "timestamps", "deleted")
# How the copies are read: all columns come with each list.
REFERENCE_SWITCHES = {"list_timestamps": "present",
                      "include_instructors": "everywhere",
                      "course_includes": "everywhere", "rate": "0"}
ITEM_ONLY = {"courses": ("products", "labels"),
             "course_dates": ("instructors",)}
COURSE_TEXTS = tuple(mock.TEXTS)


# How many rows a list is thought to have while nothing is known of it.
EXPECTED_ROWS = {"courses": 500, "course_dates": 2500, "customers": 1000}


class Config:
    """One way that the API and the wrapper may be."""

    def __init__(self, name, switches=None, server=None, tables=None,
                 drop=None, errors=(), sizes=None, weight=1.0,
                 is_monotone=False, analyze=False, hides=None,
                 is_huge=False, work_mem=0.1, batches=0.15):
        self.name = name
        self.switches = dict(switches or {})
        self.server = dict(server or {})
        if sizes is None:
            sizes = (30, 130, 45)
            self.server.setdefault("page_size", "60")
        self.switches.setdefault("courses", sizes[0])
        self.switches.setdefault("dates", sizes[1])
        self.switches.setdefault("customers", sizes[2])
        self.tables = tables
        self.drop = {name: set(columns)
                     for name, columns in ITEM_ONLY.items()}
        if self.switches.get("include_instructors") == "everywhere":
            self.drop.pop("course_dates")
        if self.switches.get("course_includes") == "everywhere":
            self.drop.pop("courses")
        if self.switches.get("date_time_part") == "yes":
            self.drop["my_dates"] = {"starts", "ends"}
        for table, columns in (drop or {}).items():
            self.drop.setdefault(table, set()).update(columns)
        self.errors = errors
        self.weight = weight
        self.is_monotone = is_monotone
        self.analyze = analyze
        self.hides = hides
        self.is_huge = is_huge
        self.work_mem = work_mem    # how often there is little of it
        self.batches = batches      # how often joins suit batches
        self.oracles = ("loc", "every") if hides else ("loc",)

    @property
    def data(self):
        """The switches that decide on the data."""
        data = {name: self.switches[name] for name in DATA_SWITCHES
                if name in self.switches}
        if self.hides == "dates":
            data["deleted"] = "shown"
        if self.is_huge:
            data["today"] = "2027-01-16"    # sets these data apart
        return data

    def allows(self, error):
        """Is that an error that this configuration must expect?"""
        return any(text in str(error) for text in self.errors)

    def allowed(self, references):
        """The number of requests that a query may send at most.

        Lookups are given up for the whole list when they cost as much as it
        is thought to cost, which is a guess while it has not been seen.
        """
        resources = [RESOURCE_OF.get(name, name) for name in references]
        return 6 + sum(
            4 + 2 * self.list_cost(name)
            + (EXPECTED_ROWS[name] // int(self.server.get("page_size", 250)))
            for name in resources)

    def list_cost(self, resource):
        """Requests that read a whole list, by the worst of its ways."""
        switches = self.switches
        size = int(self.server.get("page_size", 250))
        size = min(size, switches.get("page_clamp") or size)
        size = switches.get("ignore_limit") or size
        courses = int(switches["courses"])
        if resource != "course_dates":
            rows = int(switches[resource])
            return rows // size + 2
        rows = int(switches["dates"])
        pages = rows // size + 2
        by_list = pages if switches.get("coursedates_list") != "404" else 1
        chunks = -(-courses // (switches.get("batch_max_ids") or 100))
        by_batch = courses // size + 2 + chunks + pages
        if switches.get("batch_limit") == "per_course":
            by_batch += pages
        if switches.get("batch") == "404":
            by_batch = courses // size + 2 + courses + pages
        return by_list + by_batch


def configurations():
    """All of them."""
    tiny, seven, large = (9, 23, 8), (20, 93, 26), (40, 300, 60)
    shapes = {"numeric_strings": "all", "booleans": "strings",
              "props_empty": "array", "item_container": "array",
              "list_container": "items", "date_time_part": "yes"}
    # Documents hold the numbers as they came.
    documents = {
        "courses": ("categories", "tags", "products", "labels"),
        "course_dates": ("location", "seats", "gatherings", "contacts",
                         "instructors"),
        "customers": ("seller", "employees")}
    titles = {"courses": ("level_title", "form_of_teaching_title", "type"),
              "course_dates": ("status_title",),
              "customers": ("country_title", "type", "status")}
    texts = {"courses": COURSE_TEXTS}
    thin = {"courses": COURSE_TEXTS + ("custom_properties", "created_at",
                                       "updated_at"),
            "my_courses": ("made", "changed")}
    push_order = ("push_order",)
    yield Config("default", sizes=large, weight=2)
    yield Config("analyzed", sizes=large, analyze=True)
    yield Config("cache-off", server={"cache": "off"}, sizes=large)
    yield Config("page-1", server={"page_size": "1"}, sizes=tiny)
    yield Config("page-7", server={"page_size": "7"}, sizes=seven,
                 weight=1.5)
    yield Config("page-7-cache-off", {"default_sort": "asc"},
                 {"page_size": "7", "cache": "off"}, sizes=seven)
    yield Config("cheap-requests", server={"fdw_request_cost": "0.01",
                                           "fdw_startup_cost": "0"},
                 analyze=True, weight=1.5)
    yield Config("costly-requests", server={"fdw_request_cost": "100000"})
    yield Config("exclusive", {"bounds": "exclusive"}, sizes=large)
    yield Config("zone-utc", {"filter_zone": "UTC"})
    yield Config("zone-utc-set", {"filter_zone": "UTC",
                                  "bounds": "exclusive"},
                 {"timezone": "UTC"}, weight=1.5)
    yield Config("zone-oslo-set", {"filter_zone": "Europe/Oslo",
                                   "bounds": "exclusive"},
                 {"timezone": "Europe/Oslo"}, weight=1.5)
    yield Config("zone-oslo-naive", {"timestamps": "naive"},
                 {"timezone": "Europe/Oslo"},
                 drop=documents)
    yield Config("ascending", {"default_sort": "asc"})
    yield Config("sort-ignored", {"sort": "ignored"}, errors=push_order)
    yield Config("sort-ignored-off", {"sort": "ignored"},
                 {"push_order": "false"})
    yield Config("sort-refused", {"sort": "refused"}, errors=push_order)
    yield Config("sort-refused-off", {"sort": "refused",
                                      "since_id": "refused"},
                 {"push_order": "false"})
    yield Config("filters-ignored", {"filters": "ignored"})
    yield Config("filters-refused", {"filters": "refused"})
    yield Config("push-off", server={"push_filters": "false",
                                     "push_order": "false"})
    yield Config("since-ignored", {"since_id": "ignored"},
                 {"page_size": "7"}, sizes=seven)
    yield Config("since-refused", {"since_id": "refused"},
                 {"page_size": "7"}, sizes=seven)
    yield Config("clamp-25", {"page_clamp": 25}, sizes=(25, 150, 51))
    yield Config("clamp-50", {"page_clamp": 50, "default_sort": "asc"},
                 sizes=(50, 150, 49), server={"push_order": "false"})
    yield Config("ignore-limit", {"ignore_limit": 75}, sizes=(74, 225, 76))
    yield Config("ignore-limit-7", {"ignore_limit": 25},
                 {"page_size": "7"}, sizes=(25, 93, 26))
    yield Config("past-repeat", {"past_end": "repeat"}, sizes=(25, 250, 50))
    yield Config("past-error", {"past_end": "error"}, sizes=(25, 250, 50))
    yield Config("past-404", {"past_end": "404", "limit_over": "error"},
                 {"page_size": "25"}, sizes=(25, 250, 50))
    yield Config("full-pages", sizes=(250, 500, 250), weight=0.7)
    yield Config("shapes", shapes, drop=documents)
    yield Config("shapes-2", {
        "booleans": "numbers", "props_empty": "object",
        "list_container": "data", "list_timestamps": "present",
        "error_status": "200"}, drop=documents)
    yield Config("norwegian", {"titles": "no"}, drop=titles)
    yield Config("flat-listed", {"flat_keys": "listed"})
    yield Config("flat-listed-7", {"flat_keys": "listed",
                                   "list_timestamps": "present"},
                 {"page_size": "7"}, sizes=seven)
    yield Config("all-columns", {"include_instructors": "everywhere",
                                 "course_includes": "everywhere"})
    yield Config("no-list", {"coursedates_list": "404"}, sizes=large)
    yield Config("no-list-7-ids", {"coursedates_list": "404",
                                   "batch_max_ids": 7, "date_check": "no"},
                 {"page_size": "7"}, sizes=seven)
    yield Config("per-course", {"coursedates_list": "404",
                                "batch_limit": "per_course"},
                 {"page_size": "7"}, sizes=seven)
    yield Config("source-batch", server={"course_dates_source": "batch"})
    yield Config("source-list", {"list_timestamps": "present"},
                 {"course_dates_source": "list"})
    yield Config("no-batch", {"batch": "404"}, sizes=(20, 120, 26))
    yield Config("nested-only", {"batch": "404",
                                 "coursedates_list": "404"},
                 sizes=(20, 120, 26))
    yield Config("nested-only-200", {"batch": "404",
                                     "coursedates_list": "404",
                                     "error_status": "200"},
                 sizes=(20, 120, 26))
    yield Config("unknown-error200", {"unknown_id": "error200",
                                      "id_filter": "ignored"})
    yield Config("unknown-null", {"unknown_id": "null",
                                  "id_filter": "refused"})
    yield Config("unknown-array", {"unknown_id": "array",
                                   "coursedates_list": "404"})
    yield Config("unknown-empty", {"unknown_id": "404empty",
                                   "unknown_param": "error"})
    yield Config("strict", {"unknown_param": "error",
                            "limit_over": "error", "error_status": "200"})
    yield Config("thin", {"course_list": "thin"}, drop=thin)
    yield Config("texts-apart", {"course_texts": "descriptions"})
    yield Config("texts-absent", {"course_texts": "absent"}, drop=texts)
    yield Config("plain-http", {"gzip": "off", "keepalive": "off"})
    yield Config("deleted-shown", {"deleted": "shown"})
    yield Config("deleted-item", {"deleted_item": "shown"},
                 is_monotone=True, hides="dates",
                 tables=("course_dates", "my_dates"))
    yield Config("inactive-hidden", {"inactive": "hidden"},
                 is_monotone=True, hides="courses",
                 tables=("courses", "my_courses"))
    yield Config("many-courses", sizes=(260, 700, 30), weight=0.8,
                 tables=("courses", "course_dates", "course_dates"),
                 work_mem=0.4, batches=0.5)
    yield Config("huge", {"list_timestamps": "present"}, is_huge=True,
                 sizes=(20, 60, 20), server={"page_size": "25"},
                 tables=("courses", "course_dates", "course_dates",
                         "customers"))
    yield Config("empty", sizes=(0, 0, 0), weight=0.4)
    yield Config("single", sizes=(1, 1, 1), weight=0.4)


def random_configuration(seed, number):
    """A configuration by lot, of switches that go with each other."""
    lot = random.Random("%s/configuration/%s" % (seed, number))
    switches, server, errors, drop = {}, {}, [], {}
    size = lot.choice((1, 7, 25, 250, 250))
    if size != 250:
        server["page_size"] = str(size)
    rows = {1: (9, 23, 8), 7: (20, 93, 26), 25: (50, 225, 75),
            250: (60, 420, 90)}[size]
    for name, values in (
            ("bounds", ("inclusive", "exclusive")),
            ("filter_zone", ("Europe/Oslo", "UTC")),
            ("filters", ("honoured", "honoured", "ignored", "refused")),
            ("since_id", ("honoured", "honoured", "ignored", "refused")),
            ("sort", ("honoured", "honoured", "ignored", "refused")),
            ("id_filter", ("honoured", "honoured", "ignored", "refused")),
            ("default_sort", ("desc", "asc")),
            ("past_end", ("empty", "repeat", "error", "404")),
            ("list_container", ("array", "items", "data")),
            ("item_container", ("object", "array")),
            ("coursedates_list", ("present", "present", "404")),
            ("batch", ("present", "present", "404")),
            ("batch_max_ids", (0, 0, 3, 10)),
            ("batch_limit", ("whole", "whole", "per_course")),
            ("unknown_id", ("404", "error200", "null", "array",
                            "404empty")),
            ("unknown_param", ("ignore", "error")),
            ("list_timestamps", ("absent", "present")),
            ("flat_keys", ("all", "listed")),
            ("deleted", ("hidden", "shown")),
            ("booleans", ("json", "strings", "numbers")),
            ("props_empty", ("null", "array", "object")),
            ("date_time_part", ("no", "yes")),
            ("error_status", ("code", "200")),
            ("gzip", ("on", "off")),
            ("keepalive", ("on", "on", "off")),
            ("date_check", ("yes", "no"))):
        switches[name] = lot.choice(values)
    if switches["past_end"] in ("error", "404"):
        switches["batch_limit"] = "whole"   # one course's end is not all's
    if lot.random() < 0.2:
        switches["page_clamp"] = lot.choice((25, 50, 75, 100))
    elif lot.random() < 0.15:
        switches["ignore_limit"] = lot.choice((25, 50, 75))
    if switches["booleans"] != "json":
        drop = {"course_dates": ("location", "gatherings"),
                "customers": ("seller",)}
    if switches["sort"] != "honoured" or \
            switches["batch_limit"] == "per_course":    # sorts each course
        if lot.random() < 0.5:
            server["push_order"] = "false"
        else:
            errors.append("push_order")
    server["cache"] = lot.choice(("transaction", "off"))
    if lot.random() < 0.4:
        server["timezone"] = switches["filter_zone"]
    if lot.random() < 0.3:
        server["fdw_request_cost"] = lot.choice(("0.01", "10", "100000"))
    if lot.random() < 0.15:
        server["push_filters"] = "false"
    source = lot.choice(("auto", "auto", "list", "batch"))
    if source == "list" and (switches["coursedates_list"] == "404"
                             or switches["list_timestamps"] == "absent"
                             or switches["flat_keys"] == "listed"):
        source = "auto"
    server["course_dates_source"] = source
    return Config("lot-%d" % number, switches, server, drop=drop,
                  errors=errors, sizes=rows, analyze=lot.random() < 0.4)


# ---------------------------------------------------------------------------
# The run
# ---------------------------------------------------------------------------

# What to look for in plans, and the name under which to count it.
PLAN_PARTS = (
    ("with a filter upstream", "Remote Filter:"),
    ("with a parameter upstream", r"Remote Filter:.*\$\d"),
    ("with a batched join", "BatchKeys"),
    ("with an order upstream", "order_by="),
    ("with a merge join", "Merge .*Join"),
    ("with a hash join", "Hash .*Join"),
    ("with a nested loop", "Nested Loop"),
    ("with a subplan", "SubPlan"),
    ("with an initplan", "InitPlan"),
    ("with workers", "Workers Planned"),
)


class Runner:
    """The server, the mock, and what was found."""

    def __init__(self, options):
        self.options = options
        self.database = options.database
        self.passed = self.failed = 0
        self.total_queries = self.total_requests = 0
        self.mock = self.session = self.config = None
        self.current_data = None
        self.switches = {}          # of the data that there is
        self.tables = {}
        self.version = 0
        self.queries = self.errors = self.excused = 0
        self.worst = 0.0
        self.plans = collections.Counter()

    # -- setting up ----------------------------------------------------------

    def begin(self):
        """Make the database and start the mock."""
        served = subprocess.run(
            [sys.executable, mock.__file__, "--serve", "--port", "0",
             "--idle", "3600" if self.options.keep else "180"], check=True,
            stdout=subprocess.PIPE)
        self.mock = mock.Mock(int(served.stdout))
        admin = Session("postgres")
        admin.query("DROP DATABASE IF EXISTS " + self.database)
        admin.query("CREATE DATABASE " + self.database)
        admin.close()
        self.connect()
        self.version = int(self.session.value("SHOW server_version_num"))
        self.session.query(self.extension())
        self.session.query("CREATE SCHEMA copy")

    def extension(self):
        """SQL that makes the extension's objects."""
        if not self.options.library:
            return "CREATE EXTENSION frontcore_fdw"
        path = os.path.join(HERE, "..", "sql")
        control = os.path.join(HERE, "..", "frontcore_fdw.control")
        with open(control, encoding="utf-8") as stream:
            version = re.search(r"default_version *= *'(.*)'",
                                stream.read()).group(1)
        name = "frontcore_fdw--%s.sql" % version
        with open(os.path.join(path, name), encoding="utf-8") as stream:
            script = stream.read()
        script = re.sub(r"(?m)^\\.*$", "", script)
        library = os.path.abspath(self.options.library)
        return (script.replace("MODULE_PATHNAME", library)
                .replace("@extschema@", "public"))

    def connect(self):
        """A new session, in place of the one there is."""
        if self.session:
            self.session.close()
        self.session = Session(self.database)
        self.session.query("SET statement_timeout = '60s'")
        self.session.query(
            "ALTER DATABASE %s SET statement_timeout = '60s'"
            % self.database)

    def end(self):
        """Remove what we made."""
        if self.session:
            self.session.close()
        if self.options.keep:
            print("kept: database %s, mock at port %d" % (
                self.database, self.mock.port))
            return
        if self.mock:
            try:
                self.mock.stop()
            except (OSError, mock.MockError):
                pass
        try:
            admin = Session("postgres")
            admin.query("DROP DATABASE IF EXISTS %s WITH (FORCE)"
                        % self.database)
            admin.close()
        except (OSError, SqlError, Lost) as error:
            print("could not drop the database: %s" % error)

    def server_sql(self, name, options):
        """SQL for a server and its mapping."""
        options = dict({"base_url": self.mock.base_url,
                        "requests_per_second": "0"}, **options)
        return ("CREATE SERVER %s FOREIGN DATA WRAPPER frontcore_fdw "
                "OPTIONS (%s); CREATE USER MAPPING FOR CURRENT_USER "
                "SERVER %s OPTIONS (api_key 'test-key')" % (
                    name, ", ".join("%s %s" % (key, literal(value))
                                    for key, value in options.items()),
                    name))

    def hand_written_sql(self, schema, server):
        """SQL for the tables that IMPORT does not make."""
        return "; ".join(
            "CREATE FOREIGN TABLE %s.%s (%s) SERVER %s "
            "OPTIONS (resource '%s')" % (schema, name, columns, server,
                                         RESOURCE_OF[name])
            for name, columns in HAND_WRITTEN.items())

    def derive(self, schema, is_foreign):
        """Make what hangs on the tables of a schema."""
        self.session.query(DERIVED.format(
            schema, "FOREIGN " if is_foreign else "",
            "SERVER tested OPTIONS (resource 'course_dates')"
            if is_foreign else ""))
        if not is_foreign:
            self.session.query(
                "INSERT INTO %s.family SELECT id, course_id, start_at, "
                "status_id, updated_at FROM %s.course_dates"
                % (schema, schema))

    def prepare_data(self, config):
        """Fill the mock, and copy what it holds."""
        if config.data == self.current_data:
            return
        self.current_data = None
        self.mock.reset(**config.data, **REFERENCE_SWITCHES)
        self.edit_data()
        if config.is_huge:
            self.add_huge_rows()
        session = self.session
        session.query("DROP SCHEMA IF EXISTS copy, ref CASCADE; "
                      "DROP SERVER IF EXISTS reference CASCADE; "
                      "CREATE SCHEMA copy; CREATE SCHEMA ref")
        session.query(self.server_sql("reference", {
            "cache": "off", "push_filters": "false",
            "limiter_key": "reference"}))
        session.query("IMPORT FOREIGN SCHEMA frontcore FROM SERVER "
                      "reference INTO ref")
        for name in ("courses", "course_dates", "customers"):
            session.query("CREATE TABLE copy.%s AS SELECT * FROM ref.%s"
                          % (name, name))
            self.verify_copy(name)
        for name, query in HAND_COPIED.items():
            session.query("CREATE TABLE copy.%s AS %s" % (name, query))
        self.current_data = config.data

    def edit_data(self):
        """Rows that the mock's generator does not think of."""
        dates = self.mock.dump("course_dates")
        moments = ("2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00",
                   "2026-10-25T01:59:59+02:00", "2026-10-25T03:00:00+01:00",
                   "2026-03-29T01:59:59+01:00", "2026-03-29T03:00:00+02:00",
                   "2027-01-01T00:00:00+01:00", "2026-12-31T23:59:59+01:00")
        for row, moment in zip(dates[4:], moments):
            self.mock.change("course_dates", row["coursedate_id"],
                             created_at=moment, updated_at=moment)
        for row in dates[14:16]:
            self.mock.change("course_dates", row["coursedate_id"],
                             updated_at=None)
        courses = self.mock.dump("courses")
        for row, moment in zip(courses[5:], moments):
            self.mock.change("courses", row["id"], updated_at=moment)

    def add_huge_rows(self):
        """Ids and times at the ends of what types and programs hold."""
        for number, course in enumerate((3000000000, 9007199254740993,
                                         9223372036854775806)):
            self.mock.add("courses", id=course, title="Huge %d" % number,
                          created_at="1970-01-01T00:00:00+01:00",
                          updated_at="9999-12-31T23:59:59+01:00")
            for date in range(3):
                self.mock.add(
                    "course_dates", coursedate_id=course + date - 3,
                    course_id=course, start_at=("0001-01-01", "9999-12-31",
                                                "1000-01-01")[date],
                    end_at=("1000-01-02", "9999-12-31", "9999-12-30")[date],
                    created_at=("1970-01-01T00:00:00+01:00",
                                "2038-01-19T04:14:08+01:00",
                                "9999-12-31T23:59:59+01:00")[date],
                    updated_at="1999-12-31T23:59:59+01:00")

    def verify_copy(self, resource):
        """The copy holds what the mock stores."""
        key = "coursedate_id" if resource == "course_dates" else "id"
        columns = {"id": key, "title": "title", "created_at": "created_at",
                   "updated_at": "updated_at"}
        if resource == "course_dates":
            columns.update(course_id="course_id", start_at="start_at",
                           end_at="end_at", status_id="status.id",
                           deleted_at="deleted_at", reference="reference")
            del columns["title"]
        naive = self.switches.get("timestamps") == "naive"
        rows = self.session.query(
            "SET timezone = 'Europe/Oslo'; SELECT %s FROM copy.%s"
            % (", ".join(name + "::timestamp" if naive
                         and name.endswith("ed_at") else name
                         for name in columns), resource))[-1].rows
        self.session.query("RESET timezone")
        stored = []
        shown = self.switches.get("deleted") == "shown"
        for row in self.mock.dump(resource):
            if row.get("deleted_at") and not shown:
                continue
            values = [mock.get_path(row, path) for path in columns.values()]
            stored.append(tuple(
                None if value is None
                else re.sub(r":00$", "", value.replace("T", " "))
                if name.endswith("ed_at") and not naive
                else str(value)[:19].replace("T", " ")
                if name.endswith("ed_at")
                else str(value)
                for name, value in zip(columns, values)))
        if collections.Counter(rows) != collections.Counter(stored):
            raise Failure("the copy of %s is not what the mock stores\n%s"
                          % (resource, difference(rows, stored)))

    def configure(self, config):
        """Make the tables of a configuration."""
        self.config = config
        self.switches = config.data
        self.prepare_data(config)
        defaults = {name: values[0]
                    for name, values in mock.Switches.table.items()
                    if name not in ("data", "courses", "dates", "customers",
                                    "today")}
        defaults.update(latency="0-0", rate="0")
        defaults = {name: value for name, value in defaults.items()
                    if value not in ("N", "X", "S")}
        defaults.update((name, value)
                        for name, value in config.switches.items()
                        if name in defaults)
        self.mock.set(**defaults)
        session = self.session
        session.query("DROP SCHEMA IF EXISTS fc, loc, every CASCADE; "
                      "DROP SERVER IF EXISTS tested CASCADE; "
                      "CREATE SCHEMA fc; CREATE SCHEMA loc; "
                      "CREATE SCHEMA every")
        # an account that no other run of ours has taught anything
        account = "%s at %d" % (config.name, self.mock.port)
        session.query(self.server_sql("tested", dict(
            {"limiter_key": account}, **config.server)))
        session.query("IMPORT FOREIGN SCHEMA frontcore FROM SERVER tested "
                      "INTO fc")
        session.query(self.hand_written_sql("fc", "tested"))
        for table, columns in config.drop.items():
            for column in sorted(columns):
                session.query("ALTER FOREIGN TABLE fc.%s DROP COLUMN %s"
                              % (table, column))
        self.make_copies(config)
        self.make_keys()
        self.derive("fc", True)
        for schema in config.oracles:
            self.derive(schema, False)
        for name in TABLES + ("family", "k"):
            session.query("ANALYZE loc.%s" % name)
        if config.analyze:
            for name in TABLES + ("family",):
                session.query("ANALYZE fc.%s" % name)
        self.learn_tables()

    def make_copies(self, config):
        """The tables that the foreign ones are compared with."""
        for name in TABLES:
            columns = [row[0] for row in self.session.rows(
                "SELECT attname FROM pg_attribute WHERE attrelid = "
                "'fc.%s'::regclass AND attnum > 0 AND NOT attisdropped "
                "ORDER BY attnum" % name)]
            copy = "CREATE TABLE %%s.%s AS SELECT %s FROM copy.%s" % (
                name, ", ".join(columns), name)
            self.session.query(copy % "loc")
            if config.hides:
                self.session.query(copy % "every")
        if config.hides == "dates":
            gone = ("SELECT id FROM copy.course_dates "
                    "WHERE deleted_at IS NOT NULL")
            self.session.query(
                "DELETE FROM loc.course_dates WHERE id IN (%s); "
                "DELETE FROM loc.my_dates WHERE n IN (%s)" % (gone, gone))
        if config.hides == "courses":
            gone = "SELECT id FROM copy.courses WHERE NOT is_active"
            self.session.query(
                "DELETE FROM loc.courses WHERE id IN (%s); "
                "DELETE FROM loc.my_courses WHERE id IN (%s)" % (gone, gone))

    def make_keys(self):
        """A local table with keys: some twice, some unknown, some NULL."""
        lot = random.Random("keys")
        rows = []
        pools = {name: [row[0] for row in self.session.rows(
            "SELECT %s FROM loc.%s ORDER BY 1" % (column, table))] or [spare]
            for name, table, column, spare in (
                ("course", "courses", "id", "7301"),
                ("date", "course_dates", "id", "51001"),
                ("customer", "customers", "id", "40201"),
                ("day", "course_dates", "start_at", "2027-01-15"))}
        pools["moment"] = [row[0] for row in self.session.rows(
            "SET timezone = 'UTC'; SELECT created_at FROM copy.course_dates "
            "ORDER BY id")] or ["2027-01-01 00:00:00+00"]
        self.session.query("RESET timezone")
        for number in range(40):
            course = lot.choice(pools["course"])
            date = lot.choice(pools["date"])
            if number % 9 == 4:
                course, date = "1", str(int(date) + 1000)
            small, medium = (
                course if int(course) <= LIMITS[kind] else NULL_TEXT
                for kind in ("smallint", "integer"))
            values = [str(number), small, medium, course, date,
                      lot.choice(pools["customer"]), str(number % 6),
                      literal(lot.choice(pools["day"])),
                      "timestamptz %s AT TIME ZONE 'Europe/Oslo'"
                      % literal(lot.choice(pools["moment"])),
                      literal(lot.choice(pools["moment"])),
                      literal("row %d" % (number % 7))]
            for column in range(1, len(values)):
                if lot.random() < 0.08:
                    values[column] = NULL_TEXT
            rows.append("(%s)" % ", ".join(values))
        self.session.query(
            "CREATE DOMAIN loc.whole AS bigint; "
            "CREATE TABLE loc.k (n integer, k2 smallint, k4 integer, "
            "k8 bigint, d8 bigint, c8 bigint, s integer, day date, "
            "stamp timestamp, moment timestamptz, word text); "
            "INSERT INTO loc.k VALUES " + ", ".join(rows))

    def learn_tables(self):
        """Columns and values that queries are made of."""
        self.tables = {}
        self.session.query("SET timezone = 'UTC'")
        for name in FOREIGN + ("k",):
            columns = dict(self.session.rows(
                "SELECT attname, format_type(atttypid, atttypmod) "
                "FROM pg_attribute WHERE attrelid = 'loc.%s'::regclass "
                "AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
                % name))
            columns = {column: re.sub(r"\(\d\)", "", kind)
                       for column, kind in columns.items()}
            rows = self.session.rows("SELECT * FROM loc.%s ORDER BY %s"
                                     % (name, UNIQUE[name]))
            values = {column: [row[i] for row in rows if row[i] is not None]
                      or default_values(columns[column])
                      for i, column in enumerate(columns)}
            self.tables[name] = Table(name, columns, values)
        self.session.query("RESET timezone")

    # -- running -------------------------------------------------------------

    def see_plan(self, plan):
        """Count what plans are made of, so that the run tells what it saw."""
        self.plans["plans"] += 1
        for name, pattern in PLAN_PARTS:
            if re.search(pattern, plan):
                self.plans[name] += 1

    def run(self, config):
        """One configuration; True if it passes."""
        start = time.monotonic()
        self.queries = self.errors = self.excused = 0
        self.worst = 0.0
        failures = 0
        try:
            self.configure(config)
        except (SqlError, Failure, Lost) as error:
            print("FAILED %s: could not be set up: %s" % (config.name,
                                                         error))
            self.failed += 1
            self.recover()
            return
        if self.options.verbose:
            print("  set up in %.1f s" % (time.monotonic() - start))
        before = self.mock.count()
        wanted = max(5, int(self.options.queries * config.weight))
        numbers = (itertools.count() if self.options.case is None
                   else [self.options.case])
        for number in numbers:
            if self.queries >= wanted or failures >= self.options.failures:
                break
            if number % 23 == 0:
                self.connect()
            if not self.run_case(config, number):
                failures += 1
        requests = self.mock.count() - before
        seconds = time.monotonic() - start
        self.total_queries += self.queries
        self.total_requests += requests
        print("%s %-18s %5d queries %6d requests %5.1f s%s%s%s" % (
            "FAILED" if failures else "ok", config.name, self.queries,
            requests, seconds,
            " %d errors alike" % self.errors if self.errors else "",
            " %d errors allowed" % self.excused if self.excused else "",
            " (at most %.0f %% of the bound)" % (100 * self.worst)),
            flush=True)
        if failures:
            self.failed += 1
        else:
            self.passed += 1

    def run_case(self, config, number):
        """One case; True if it passes."""
        case = make_case(self.options.seed, config, self.tables, number,
                         self.version)
        if self.options.verbose:
            print("  case %d %s" % (number, case.settings))
        trial = Trial(self, case)
        requests = self.mock.count()
        start = time.monotonic()
        try:
            trial.run()
            if self.options.verbose:
                print("    %.1f s" % (time.monotonic() - start))
            return True
        except (Failure, SqlError, Lost) as error:
            self.report(trial, error, requests)
            return False

    def report(self, trial, error, requests):
        """Print a failure."""
        case = trial.case
        print("FAILED %s, case %d, seed %s%s" % (
            self.config.name, case.number, self.options.seed,
            ", in a transaction" if case.in_transaction else ""))
        print("  switches %s, server %s" % (
            json.dumps(self.config.switches), json.dumps(self.config.server)))
        print("  settings " + "; ".join(
            "SET %s = '%s'" % pair for pair in case.settings.items()))
        for note in trial.notes:
            print("  " + note)
        print(indent(str(error)))
        try:
            for entry in self.mock.full_log()[requests:][-25:]:
                print("    " + show_entry(entry)[:200])
        except (OSError, mock.MockError, ValueError) as problem:
            print("  no log: %s" % problem)
        self.recover()
        if trial.notes and not isinstance(error, Lost):
            self.print_plan(trial)
        sys.stdout.flush()

    def print_plan(self, trial):
        """EXPLAIN of the last query that was run."""
        sql = trial.notes[-1]
        if sql.startswith(("FETCH", "MOVE")):
            return
        try:
            self.session.query("; ".join(
                "SET %s = %s" % (name, literal(value))
                for name, value in trial.case.settings.items()))
            if sql.startswith("EXECUTE"):
                self.session.query(trial.notes[0])
            for row in self.session.rows(
                    "EXPLAIN (VERBOSE, COSTS off) "
                    + re.sub("^DECLARE.*? FOR ", "", sql)):
                print("    " + row[0][:300])
        except (SqlError, Lost) as error:
            print("    no plan: %s" % error)
            self.recover()

    def recover(self):
        """Get a session that works, though the server may be restarting."""
        for _ in range(60):
            try:
                self.connect()
                return
            except (OSError, SqlError, Lost):
                time.sleep(0.5)
        raise Lost("the server does not come back")


def default_values(kind):
    """Values for a column that has none."""
    kind = short_type(kind)
    if kind in INTEGERS or kind in ("numeric", "double precision"):
        return ["7301", "51001"]
    if kind == "date":
        return ["2027-01-15"]
    if kind in ("timestamp", "timestamptz"):
        return ["2027-01-15 12:00:00+00"]
    return ["x"]


def show_entry(entry):
    """A request of the mock's log, in one line."""
    if isinstance(entry, dict):
        return "%s %s -> %s" % (entry.get("method"), entry.get("target"),
                                entry.get("status"))
    return str(entry)[:300]


def indent(text):
    """Shift a text to the right."""
    return "\n".join("  " + line for line in text.split("\n"))


def parse_arguments():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n", 1)[0], add_help=True)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--queries", type=int)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--case", type=int)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--failures", type=int, default=3)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--database", default="fc_differential")
    parser.add_argument("--library")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.queries is None:
        options.queries = 500 if options.long else 60
    return options


def chosen_configurations(options):
    """Those that the options name."""
    chosen = list(configurations())
    numbers = range(40 if options.long else 4)
    chosen += [random_configuration(options.seed, i) for i in numbers]
    for pattern in options.only:
        found = re.fullmatch(r"lot-(\d+)", pattern)
        if found and int(found.group(1)) not in numbers:
            chosen.append(random_configuration(options.seed,
                                               int(found.group(1))))
    return [config for config in chosen if not options.only or any(
        fnmatch.fnmatch(config.name, pattern) for pattern in options.only)]


def main():
    """Run all; the exit status."""
    options = parse_arguments()
    chosen = chosen_configurations(options)
    if options.list:
        print("\n".join(config.name for config in chosen))
        return 0
    runner = Runner(options)
    start = time.monotonic()
    try:
        runner.begin()
        for config in chosen:
            if options.minutes and \
                    time.monotonic() - start > 60 * options.minutes:
                break
            runner.run(config)
    finally:
        runner.end()
    print("of %d %s" % (runner.plans.pop("plans", 0), "plans: " + ", ".join(
        "%d %s" % (number, name) for name, number in runner.plans.items())))
    print("%d queries, %d requests, %.0f s" % (
        runner.total_queries, runner.total_requests,
        time.monotonic() - start))
    print("%d passed, %d failed" % (runner.passed, runner.failed))
    return 1 if runner.failed or not runner.passed else 0


if __name__ == "__main__":
    sys.exit(main())

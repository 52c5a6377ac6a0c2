#!/usr/bin/env python3
"""Let many sessions read and write at once, and others cut them short.

Usage: test/heavy/load.py [--seconds X] [--seed N] [--database NAME] SERVER...

Each SERVER is NAME:ROLE:ACCOUNT:CLIENTS: so many sessions of the role use the
tables in the schema NAME, which are those of an account of the mock at
$FRONTCORE_MOCK_PORT.  PGHOST, PGPORT and PGUSER say where PostgreSQL is; the
latter may signal the others.

For so many seconds (60) the sessions read and write, in transactions and
outside of them.  Some twenty times a second one of them is cancelled or
terminated; now and then one leaves without waiting for its answer, or sets a
statement_timeout.  Then what the mock stores is compared with what the
sessions were told:

- A write that was acknowledged is there, once.  So is one that a ROLLBACK
  followed, for that undoes nothing.
- One that was cut short is there once or not at all, and the session leaves
  that row alone.
- Nothing else has changed.

Prints one JSON object: "figures", and "problems" by kind.
"""

import argparse
import collections
import json
import os
import random
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir))
sys.dont_write_bytecode = True

# Both packages lie in test/.
from differential.session import Lost, Session, SqlError  # noqa: E402
from mock.client import Mock  # noqa: E402

NAME = "frontcore_load"             # application_name of the sessions
STUCK = 120                         # seconds after which no answer comes
SIGNALS = 20                        # per second
PAGE = 250


class CutShort(Exception):
    """A statement was cancelled."""


class Left(Exception):
    """The session ended, by us or by others."""


class Resource:
    """How rows of a table are written, and found again in the mock."""

    def __init__(self, name, key, tag, value, insert):
        self.name = name
        self.key = key              # the mock's path of the id,
        self.tag = tag              # ... of the text that names a row,
        self.value = value          # ... and of the one that is updated
        self.column = value.rpartition(".")[2]
        self.insert = insert


CUSTOMERS = Resource("customers", "id", "title", "note",
                     ("title, note", "'{tag}', '{value}'"))
DATES = Resource("course_dates", "coursedate_id", "reference",
                 "place.title_additional_info",
                 ("course_id, start_at, end_at, reference, "
                  "place_additional_info",
                  "{course}, '2027-03-01', '2027-03-02', '{tag}', '{value}'"))
DATES.column = "place_additional_info"


class Row:
    """What a session knows of a row that it has written."""

    def __init__(self, account, resource, tag, value, course):
        self.account = account
        self.resource = resource
        self.tag = tag
        self.course = course
        self.number = None
        self.fate = "maybe"         # or there, gone
        self.values = {value}       # one of these it has, if it is there

    def named(self):
        """The condition that finds it."""
        return "id = %s" % self.number + (
            " AND course_id = %d" % self.course
            if self.resource is DATES else "")


class Load:
    """What all threads share."""

    def __init__(self, options):
        self.options = options
        self.mock = Mock()
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.longest = collections.Counter()
        self.problems = collections.defaultdict(list)
        self.rows = []
        self.before = {(account, resource): self.mock.dump(
                            resource, account=account)
                       for account in "ab"
                       for resource in ("courses", "course_dates",
                                        "customers")}

    def count(self, name, number=1):
        """Add to a figure."""
        with self.lock:
            self.counts[name] += number

    def problem(self, kind, text):
        """Something that must not happen."""
        with self.lock:
            self.problems[kind].append(text)

    def connect(self, **settings):
        """A session, once there is room for one."""
        while True:
            try:
                session = Session(self.options.database,
                                  application_name=NAME, **settings)
                session.socket.settimeout(STUCK)
                return session
            except SqlError as error:
                if error.code not in ("53300", "57014", "57P01"):
                    raise
            except (Lost, OSError):
                pass
            # others have to leave first
            self.stop.wait(0.1)
            self.count("connected again")


class Client(threading.Thread):
    """A session that reads and writes, again and again."""

    def __init__(self, load, number, schema, role, account):
        super().__init__(name="%s-%d" % (schema, number), daemon=True)
        self.load = load
        self.schema = schema
        self.role = role
        self.account = account
        self.random = random.Random("%s %d" % (load.options.seed, number))
        self.session = None
        self.owned = []             # rows of which all is known
        self.tags = 0
        self.answers = 0
        self.courses = load.before[account, "courses"]
        self.dates = load.before[account, "course_dates"]
        self.last_date = max(row["coursedate_id"] for row in self.dates)

    def run(self):
        """Until time is over, with a new session after each one that ends."""
        try:
            while not self.load.stop.is_set():
                try:
                    self.session = self.load.connect(options=(
                        "-c role=%s -c statement_timeout=%d" % (
                            self.role,
                            self.random.choice((0, 0, 0, 0, 3000, 300)))))
                    while not self.load.stop.is_set():
                        self.step()
                except Left:
                    pass
                finally:
                    if self.session:
                        self.session.close()
        except Exception as error:
            self.load.problem("clients", "%s: %r" % (self.name, error))

    def step(self):
        """One statement or transaction."""
        try:
            self.random.choices(
                (self.read_course, self.read_dates, self.read_list,
                 self.read_cursor, self.read_join, self.read_own,
                 self.read_views, self.insert, self.insert_many,
                 self.update, self.delete, self.roll_back),
                (8, 6, 2, 3, 3, 6, 2, 10, 2, 10,
                 6 if len(self.owned) > 3 else 1, 3))[0]()
        except CutShort:
            self.end_transaction()

    def end_transaction(self):
        """Leave a transaction that failed, however often it takes."""
        while True:
            try:
                self.query("ROLLBACK")
                return
            except CutShort:
                pass

    def query(self, sql):
        """The rows of one statement."""
        load = self.load
        begun = time.monotonic()
        load.count("statements")
        try:
            if self.random.random() < 0.003:
                self.session.send((b"Q", sql.encode() + b"\0"))
                load.count("left")
                raise Left
            rows = self.session.rows(sql)
            self.answers += 1
            return rows
        except SqlError as error:
            if error.code == "57014":
                load.count("cancelled")
                raise CutShort from error
            if error.code == "57P01":
                raise Left from error
            load.problem("errors", "%s: %s: %s" % (self.name, sql, error))
            raise CutShort from error
        except Lost as error:
            if isinstance(error.__cause__, TimeoutError):
                load.problem("stuck", "%s: %s" % (self.name, sql))
            load.count("terminated")
            raise Left from error
        finally:
            with load.lock:
                load.longest[self.schema] = max(
                    load.longest[self.schema], time.monotonic() - begun)

    def check(self, sql, *expected):
        """A query that has one row."""
        rows = self.query(sql)
        if rows not in [[row] for row in expected]:
            self.load.problem("answers", "%s: %s: %s, not %s" % (
                self.name, sql, rows, expected))

    # -- reading -------------------------------------------------------------

    def read_course(self):
        """One object."""
        course = self.random.choice(self.courses)
        self.check("SELECT title FROM %s.courses WHERE id = %d"
                   % (self.schema, course["id"]), (course["title"],))

    def count_dates(self, condition, courses):
        """Dates of some courses, of which those of the beginning are known.

        While others write a list of several pages may miss a row.
        """
        known = sum(date["course_id"] in courses
                    and date["deleted_at"] is None for date in self.dates)
        sql = ("SELECT count(*), count(*) FILTER (WHERE d.id <= %d) FROM %s"
               % (self.last_date, condition.format(schema=self.schema)))
        total, found = map(int, self.query(sql)[0])
        if found != known and total < PAGE:
            self.load.problem("answers", "%s: %s: %d, not %d" % (
                self.name, sql, found, known))

    def read_dates(self):
        """A short list."""
        course = self.random.choice(self.courses)["id"]
        self.count_dates("{schema}.course_dates d WHERE course_id = %d"
                         % course, {course})

    def read_join(self):
        """Lists of several courses."""
        courses = {row["id"] for row in self.random.sample(self.courses, 3)}
        self.count_dates("(VALUES %s) v (id) JOIN {schema}.course_dates d "
                         "ON d.course_id = v.id" % ", ".join(
                             "(%d)" % course for course in courses), courses)

    def read_list(self):
        """A list that grows."""
        self.query("SELECT count(*) FROM %s.customers" % self.schema)

    def read_cursor(self):
        """Part of a list."""
        self.query("BEGIN")
        self.query("DECLARE c CURSOR FOR SELECT * FROM %s.course_dates"
                   % self.schema)
        rows = self.query("FETCH 3 FROM c")
        if len(rows) != 3:
            self.load.problem("answers", "%s: %d rows of a cursor"
                              % (self.name, len(rows)))
        self.query("COMMIT")

    def read_views(self):
        """What has happened."""
        self.query("SELECT * FROM frontcore_limiter, frontcore_stat")
        self.query("SELECT * FROM frontcore_activity")

    def read_own(self):
        """A row that nobody else writes."""
        if self.owned:
            row = self.random.choice(self.owned)
            self.check("SELECT %s FROM %s.%s WHERE %s" % (
                row.resource.column, self.schema, row.resource.name,
                row.named()), (list(row.values)[0],))

    # -- writing -------------------------------------------------------------

    def next_text(self, kind):
        """A text that no other write has."""
        self.tags += 1
        return "%s-%s-%d" % (kind, self.name, self.tags)

    def write(self, sql, number=1):
        """Run a statement that writes; count it."""
        self.load.count("writes", number)
        rows = self.query(sql)
        self.load.count("acknowledged", number)
        return rows

    def insert_rows(self, number):
        """The rows that an INSERT makes; they are known when it is done."""
        resource = self.random.choice((CUSTOMERS, DATES))
        columns, values = resource.insert
        rows = [Row(self.account, resource, self.next_text("row"),
                    self.next_text("new"),
                    self.random.choice(self.courses)["id"])
                for _ in range(number)]
        with self.load.lock:
            self.load.rows += rows
        answer = self.write("INSERT INTO %s.%s (%s) VALUES %s RETURNING id" % (
            self.schema, resource.name, columns, ", ".join(
                "(%s)" % values.format(tag=row.tag, course=row.course,
                                       value=list(row.values)[0])
                for row in rows)), number)
        for row, (row.number,) in zip(rows, answer):
            row.fate = "there"
        self.owned += rows

    def insert(self):
        """One row."""
        self.insert_rows(1)

    def insert_many(self):
        """Several rows."""
        self.insert_rows(3)

    def change(self, row, sql, fate, value=None):
        """Change a row that we have; if that is cut short, forget it."""
        self.owned.remove(row)
        row.values |= {value} if value else set()
        row.fate, certain = fate, row.fate
        if fate != certain:
            row.fate = "maybe"
        answer = self.write(sql)
        if answer != [(row.number,)]:
            self.load.problem("answers", "%s: %s: %s"
                              % (self.name, sql, answer))
        row.fate = fate
        if value:
            row.values = {value}
        if fate == "there":
            self.owned.append(row)

    def update(self):
        """Another value."""
        if self.owned:
            row = self.random.choice(self.owned)
            value = self.next_text("set")
            self.change(row, "UPDATE %s.%s SET %s = '%s' WHERE %s "
                        "RETURNING id" % (
                            self.schema, row.resource.name,
                            row.resource.column, value, row.named()),
                        "there", value)

    def delete(self):
        """No more of a row."""
        if self.owned:
            row = self.random.choice(self.owned)
            self.change(row, "DELETE FROM %s.%s WHERE %s RETURNING id" % (
                self.schema, row.resource.name, row.named()), "gone")

    def roll_back(self):
        """Writes that a rollback follows, which they do not mind."""
        self.query("BEGIN")
        self.insert()
        self.update()
        self.query("SAVEPOINT a")
        self.insert()
        self.query("ROLLBACK TO a")
        self.query("ROLLBACK")


class Killer(threading.Thread):
    """Cuts short what the clients do."""

    def __init__(self, load, clients):
        super().__init__(daemon=True)
        self.load = load
        self.clients = clients
        self.random = random.Random(load.options.seed)

    def run(self):
        """Until time is over."""
        session = self.load.connect()
        try:
            while not self.load.stop.wait(1 / SIGNALS):
                target = self.random.choice(self.clients).session
                if target is None or target.pid is None:
                    continue
                name = self.random.choice(("cancel", "cancel", "terminate"))
                if session.value("SELECT pg_%s_backend(%d)"
                                 % (name, target.pid)) == "t":
                    self.load.count(name + " sent")
        except Exception as error:
            self.load.problem("clients", "killer: %r" % error)
        session.close()


def end_backends(load):
    """End what the sessions that left still do, and wait until it is gone."""
    session = Session(load.options.database)
    deadline = time.monotonic() + STUCK
    left = "1"
    while left != "0" and time.monotonic() < deadline:
        left = session.value(
            "SELECT count(pg_terminate_backend(pid, 1000)) "
            "FROM pg_stat_activity WHERE application_name = '%s'" % NAME)
    if left != "0":
        load.problem("stuck", "%s backends" % left)
    session.close()


def drain_mock(load):
    """Wait until the mock has read all that was sent to it."""
    local = "0100007F:%04X" % load.mock.port
    deadline = time.monotonic() + STUCK
    while time.monotonic() < deadline:
        with open("/proc/net/tcp", encoding="ascii") as file:
            words = [line.split() for line in file]
        # ESTABLISHED and CLOSE_WAIT, at the mock's end
        if not any(word[1] == local and word[3] in ("01", "08")
                   for word in words):
            return
        time.sleep(0.05)
    load.problem("stuck", "the mock has connections")


def get_path(row, path):
    """A value in the mock's row."""
    for name in path.split("."):
        row = row and row.get(name)
    return row


def compare(load):
    """What the mock stores with what the sessions know."""
    rows = collections.defaultdict(dict)
    for row in load.rows:
        rows[row.account, row.resource.name][row.tag] = row

    for (account, name), before in load.before.items():
        known = rows[account, name]
        after = load.mock.dump(name, account=account)
        resource = next((each for each in (CUSTOMERS, DATES)
                         if each.name == name), None)
        key = resource.key if resource else "id"
        ids = {row[key] for row in before}
        if [row for row in after if row[key] in ids] != before:
            load.problem("data", "rows of %s that nobody wrote differ" % name)
        found = collections.Counter()
        for stored in after:
            if stored[key] not in ids:
                tag = resource and stored[resource.tag]
                found[tag] += 1
                if tag not in known:
                    load.problem("data", "%s %s is nobody's: %s" % (
                        name, stored[key], tag))
                else:
                    compare_row(load, known[tag], stored)
        for tag, row in known.items():
            if found[tag] > 1:
                load.problem("data", "%s %s is there %d times" % (
                    name, tag, found[tag]))
            elif row.fate == "there" and not found[tag]:
                load.problem("data", "%s %s is not there" % (name, tag))


def compare_row(load, row, stored):
    """One row that is stored with what its session knows of it."""
    name = "%s %s" % (row.resource.name, row.tag)
    deleted = stored.get("deleted_at") is not None
    value = get_path(stored, row.resource.value)
    if row.fate == "gone" and not deleted:
        load.problem("data", name + " was not deleted")
    if row.fate == "there" and deleted:
        load.problem("data", name + " was deleted")
    if value not in row.values:
        load.problem("data", "%s has %s, not %s" % (name, value, row.values))
    if row.number is not None and int(row.number) != stored[row.resource.key]:
        load.problem("data", "%s has the id %s, not %s" % (
            name, stored[row.resource.key], row.number))


def parse_arguments():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="postgres")
    parser.add_argument("servers", nargs="+")
    return parser.parse_args()


def main():
    """Run the load and print what came of it."""
    load = Load(parse_arguments())
    clients = []
    for server in load.options.servers:
        schema, role, account, number = server.split(":")
        clients += [Client(load, len(clients) + i, schema, role, account)
                    for i in range(int(number))]
    threads = clients + [Killer(load, clients)]

    begun = time.monotonic()
    for thread in threads:
        thread.start()
    load.stop.wait(load.options.seconds)
    load.stop.set()
    deadline = time.monotonic() + STUCK + 30
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
        if thread.is_alive():
            load.problem("stuck", thread.name)
    ended = time.monotonic()
    end_backends(load)
    drain_mock(load)
    compare(load)
    for client in clients:
        if not client.answers and load.options.seconds >= 30:
            load.problem("stuck", client.name + " had no answer")

    figures = dict(load.counts, clients=len(clients),
                   requests=load.mock.count(),
                   seconds=round(ended - begun, 1))
    figures["longest"] = {name: round(seconds, 2)
                          for name, seconds in load.longest.items()}
    print(json.dumps({"figures": figures, "problems": load.problems}))


if __name__ == "__main__":
    main()

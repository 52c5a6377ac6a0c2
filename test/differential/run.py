"""The run: a database and a mock, configurations and their cases."""

import argparse
import collections
import fnmatch
import glob
import itertools
import json
import os
import random
import re
import subprocess
import sys
import time

import differential
from differential.cases import make_case
from differential.configurations import (
    FIRST, REFERENCE_SWITCHES, configurations,
    random_configuration)
from differential.failure import Failure
from differential.schema import (
    CTID_FUNCTION, DERIVED, FOREIGN, HAND_COPIED, HAND_WRITTEN, INTEGERS,
    LIMITS, RESOURCES, RESOURCE_OF, TABLES, UNIQUE, Table, short_type)
from differential.session import NULL_TEXT, Lost, Session, SqlError, literal
from differential.trial import Trial, difference
from mock.client import Mock, MockError
from mock.switches import Switches
from mock.values import get_path

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

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
        self.mock = self.session = self.other = self.config = None
        self.current_data = None
        self.switches = {}          # of the data that there is
        self.tables = {}
        self.version = 0
        self.queries = self.errors = self.excused = 0
        self.worst = 0.0
        self.closest = 0.0
        self.plans = collections.Counter()

    # -- setting up ----------------------------------------------------------

    def begin(self):
        """Make the database and start the mock."""
        served = subprocess.run(
            [sys.executable, os.path.join(HERE, "mock.py"), "--serve",
             "--port", "0", "--idle", "3600" if self.options.keep else "180"],
            check=True, stdout=subprocess.PIPE)
        self.mock = Mock(int(served.stdout))
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
        # The first version's script comes first, then what led to the next.
        names = glob.glob(os.path.join(HERE, "..", "sql", "frontcore_fdw--*"))
        script = ""
        for name in sorted(names, key=lambda name: (name.count("--"), name)):
            with open(name, encoding="utf-8") as stream:
                script += stream.read()
        script = re.sub(r"(?m)^\\.*$", "", script)
        library = os.path.abspath(self.options.library)
        return (script.replace("MODULE_PATHNAME", library)
                .replace("@extschema@", "public"))

    def connect(self):
        """A new session, in place of the one there is."""
        for session in (self.session, self.other):
            if session:
                session.close()
        self.other = None
        self.session = Session(self.database)
        self.session.query("SET statement_timeout = '60s'")
        self.session.query(
            "ALTER DATABASE %s SET statement_timeout = '60s'"
            % self.database)

    def turn(self):
        """Another session, which takes turns with this one."""
        if self.other is None:
            self.other = Session(self.database)
        self.session, self.other = self.other, self.session
        return self.session

    def end(self):
        """Remove what we made."""
        for session in (self.session, self.other):
            if session:
                session.close()
        if self.options.keep:
            print("kept: database %s, mock at port %d" % (
                self.database, self.mock.port))
            return
        if self.mock:
            try:
                self.mock.stop()
            except (OSError, MockError):
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
                      "reference INTO ref OPTIONS (import_persons 'true')")
        for name in RESOURCES:
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
        if resource not in ("courses", "customers"):
            del columns["title"]
        if resource in ("instructors", "admin_users"):
            columns = {"id": "id", "firstname": "firstname"}
        if resource in ("admin_roles", "locations"):
            columns = {"id": "id", "title": "title"}
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
            values = [get_path(row, path) for path in columns.values()]
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
                    for name, values in Switches.table.items()
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
                      "INTO fc OPTIONS (import_persons 'true')")
        session.query(self.hand_written_sql("fc", "tested"))
        for table, columns in config.drop.items():
            for column in sorted(columns):
                session.query("ALTER FOREIGN TABLE fc.%s DROP COLUMN %s"
                              % (table, column))
        if config.shares:
            # also those of persons, which have to say so themselves
            session.query("; ".join(
                "ALTER FOREIGN TABLE fc.%s OPTIONS (ADD cache 'shared')"
                % name for name in TABLES))
            session.query("SELECT frontcore_shared_cache_reset()")
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
            CTID_FUNCTION + "; "
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
        self.worst = self.closest = 0.0
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
            " (at most %.0f %% of the bound%s)" % (
                100 * self.worst, ", look-ups %.0f %% of theirs"
                % (100 * self.closest) if self.closest else "")),
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
        if config.shares and number % 3:
            self.turn()
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
        except (OSError, MockError, ValueError) as problem:
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
        description=differential.__doc__.split("\n", 1)[0], add_help=True)
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
        options.queries = 500 if options.long else \
            25 if options.minutes else 60
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
    if options.minutes:
        chosen.sort(key=lambda config: FIRST.index(config.name)
                    if config.name in FIRST else len(FIRST))
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

"""Conditions by lot."""

import datetime
import itertools
import re

from differential.schema import (
    FOREIGN, INTEGERS, LIMITS, PUSHABLE, TAGS, UNIQUE, Ref, short_type)
from differential.session import NULL_TEXT, literal


class Conditions:
    """Chance, operands and conditions; a part of Generator."""

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
                "my_courses", "guarded", "family", "participants",
                "contacts", "orders", "products", "user_legal_bases",
                "instructors", "admin_users", "admin_roles", "locations")
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
        if ref.ctid and self.chance(0.05):
            return self.ctid_atom(ref)
        column = self.column(ref)
        kind = short_type(ref.table.columns[column])
        if kind in INTEGERS or kind in ("numeric", "double precision"):
            return self.number_atom(ref, column)
        if kind in ("date", "timestamp", "timestamptz"):
            return self.time_atom(ref, column)
        return self.other_atom(ref, column, kind)

    def ctid_atom(self, ref):
        """A condition on the ctid."""
        key = UNIQUE[ref.table.name]

        def operand():
            return "loc.ctid(%d)" % self.integer(ref, key)

        choice = self.weighted(compare=40, into=20, any=20, either=10,
                               odd=10)
        if choice == "into":
            return "%s IN (%s)" % (ref.ctid, ", ".join(
                operand() for _ in range(self.lot.randint(1, 5))))
        if choice == "any":
            return "%s = ANY (ARRAY(SELECT loc.ctid(a.%s) FROM loc.k a " \
                "WHERE a.n < %d))" % (
                    ref.ctid, self.lot.choice(("k8", "d8", "c8")),
                    self.lot.randint(0, 12))
        if choice == "either":
            return "(%s)" % " OR ".join(
                self.compare(ref.ctid, operand(), "=") for _ in range(2))
        if choice == "odd":
            return "%s = '%s'" % (ref.ctid, self.lot.choice(
                ("(0,0)", "(0,1)", "(1,0)", "(4294967295,0)")))
        return self.compare(ref.ctid, operand())

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
                               distinct=2, implied=14, hull=5)
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
        if choice == "implied":
            return self.implied_atom(ref, column)
        if choice == "hull":
            return "(%s)" % " OR ".join(
                "%s >= %s AND %s < %s" % (target, operand(ref, column),
                                          target, operand(ref, column))
                for _ in range(self.lot.randint(2, 3)))
        operator = self.lot.choice(("<", "<=", ">", ">=", "=", "<", ">="))
        return self.compare(target, operand(ref, column), operator)

    def implied_atom(self, ref, column):
        """A condition on an expression that keeps the column's order."""
        day = self.day_text(ref, column)
        if not re.fullmatch(r"[12]\d{3}-\d\d-\d\d", day):
            day = "2027-03-28"
        clock = self.lot.choice(("00:00", "02:30", "12:00", "23:59:59.5"))
        kind = self.lot.choice(("date", "timestamp", "timestamptz"))
        value = "%s '%s'" % (kind, day if kind == "date" else
                             "%s %s" % (day, clock))
        inner = "%s%s" % (ref[column], self.lot.choice(
            ("", "", "::timestamp", "::timestamptz", "::date")))
        choice = self.weighted(trunc=30, year=15, interval=25, range=20,
                               cast=10)
        if choice == "trunc":
            unit = self.lot.choice(("hour", "day", "week", "month", "quarter",
                                    "year", "decade", "millennium"))
            truncated = "date_trunc('%s', %s)" % (unit, inner)
            if self.chance(0.5):
                value = "date_trunc('%s', %s)" % (unit, value)
            return self.compare(truncated, value)
        if choice == "year":
            return self.compare(
                "%s(%s)" % self.lot.choice((
                    ("extract", "year FROM " + inner),
                    ("date_part", "'year', " + inner))),
                self.lot.choice((day[:4], day[:4] + ".5", "'NaN'")))
        if choice == "interval":
            step = self.lot.choice((
                "1 day", "1 month", "-1 month 3 days", "25:00:00",
                "1 year -02:30", "00:00:00.000001"))
            return self.compare("%s %s interval '%s'" % (
                inner, self.lot.choice("+-"), step), value)
        if choice == "range":
            of, cast = self.lot.choice((
                ("daterange", "date"), ("tsrange", "timestamp"),
                ("tstzrange", "timestamptz")))
            return "%s::%s <@ %s('%s', %s, '%s')" % (
                inner, cast, of, day, self.lot.choice(
                    ("NULL", "(date '%s' + 30)::%s" % (day, cast))),
                self.lot.choice(("[)", "[]", "()", "(]")))
        return self.compare("%s::%s" % (inner, self.lot.choice(
            ("date", "timestamp", "timestamptz"))), value)

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

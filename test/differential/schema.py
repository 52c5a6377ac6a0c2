"""The tables, and queries over them."""

import collections
import re

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
    "contacts": {"id": "contact", "customer_id": "customer",
                 "created_at": "moment", "updated_at": "moment"},
    "participants": {"id": "participant", "course_id": "course",
                     "course_date_id": "date", "user_id": "user",
                     "customer_id": "customer", "status_id": "small",
                     "date_status_id": "small", "start_at": "day",
                     "created_at": "moment", "updated_at": "moment"},
    "products": {"id": "product", "course_id": "course",
                 "regular_price_product_id": "product", "type_id": "small",
                 "created_at": "moment", "updated_at": "moment"},
    "orders": {"id": "order", "customer_id": "customer",
               "created_at": "moment", "updated_at": "moment",
               "exported_at": "moment"},
    "user_legal_bases": {"id": "basis", "user_id": "user",
                         "legal_basis_id": "small", "created_at": "moment",
                         "updated_at": "moment"},
    "instructors": {"id": "instructor", "user_id": "user",
                    "created_at": "moment"},
    "admin_roles": {"id": "role", "title": "title"},
    "admin_users": {"id": "admin", "created_at": "moment",
                    "updated_at": "moment"},
    "locations": {"id": "location", "place_id": "place",
                  "country_id": "small", "title": "title"},
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
    "contacts": ("id", "customer_id", "created_at", "updated_at"),
    "participants": ("id", "course_id", "course_date_id", "user_id",
                     "created_at", "updated_at"),
    "products": ("id", "type_id", "created_at", "updated_at"),
    "orders": ("id", "created_at", "updated_at", "exported_at"),
    "user_legal_bases": ("id", "user_id", "created_at", "updated_at"),
    "instructors": ("id",),
    "admin_roles": ("id",),
    "admin_users": ("id",),
    "locations": ("id",),
    "my_dates": ("n", "course", "starts", "created", "updated", "status"),
    "my_courses": ("id", "code", "made", "changed"),
    "guarded": ("id", "course_id", "start_at", "status_id", "updated_at"),
    "family": ("id", "course_id", "start_at", "status_id", "updated_at"),
    "k": (),
}
# A column of each resource that may be written without meaning anything.
WRITABLE = {"courses": "reference", "course_dates": "reference",
            "customers": "phone"}
# Those of the catalog, in the order in which they are copied.
RESOURCES = ("courses", "course_dates", "customers", "contacts",
             "participants", "products", "orders", "user_legal_bases",
             "instructors", "admin_roles", "admin_users", "locations")
UNIQUE = {**dict.fromkeys(RESOURCES, "id"),
          "my_dates": "n", "my_courses": "id", "guarded": "id",
          "family": "id", "k": "n"}
TABLES = RESOURCES + ("my_dates", "my_courses")
FOREIGN = TABLES + ("guarded", "family")
REFERENCE = re.compile("@(%s)\\b" % "|".join(FOREIGN))
# The ctid of a foreign table's row: of the copy's, computed from the key.
CTID = re.compile(r"@ctid\((\w+)\.(\w+)\)")
GREATEST_CTID = (1 << 32) * 65535 - 65535 - 1
CTID_FUNCTION = """
    CREATE FUNCTION loc.ctid(id bigint) RETURNS tid LANGUAGE sql IMMUTABLE AS
    $$ SELECT CASE WHEN id IS NULL THEN NULL
                   WHEN id BETWEEN 1 AND %d
                   THEN format('(%%s,%%s)', id / 65535, id %% 65535 + 1)::tid
                   ELSE '(0,0)'::tid END $$
    """ % GREATEST_CTID

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
    def ctid(self):
        """The row's ctid where its table is one of ours, else None."""
        if self.is_foreign and self.table.name in TABLES and all(
                0 < int(value) <= GREATEST_CTID
                for value in self.table.values[UNIQUE[self.table.name]]):
            return "@ctid(%s)" % self.key
        return None

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
    sql = CTID.sub(r"\1.ctid" if schema == "fc" else r"loc.ctid(\1.\2)",
                   sql)
    return REFERENCE.sub(schema + r".\1", sql)

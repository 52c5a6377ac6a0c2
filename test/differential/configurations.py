"""Configurations: how the API and the wrapper may be."""

import random

from differential.schema import RESOURCE_OF
from mock.words import TEXTS

# What decides on what a full list holds; the rest is how it is told.
DATA_SWITCHES = ("data", "courses", "dates", "customers", "titles",
                 "timestamps", "deleted", "order_exported_at")
# How the copies are read: all columns come with each list.
REFERENCE_SWITCHES = {"list_timestamps": "present",
                      "include_instructors": "everywhere",
                      "course_includes": "everywhere", "rate": "0"}
ITEM_ONLY = {"courses": ("products", "labels"),
             "course_dates": ("instructors",)}
COURSE_TEXTS = tuple(TEXTS)
DOCUMENTS = {"participants": ("attendance", "booker_admin_user"),
             "products": ("co_products",),
             "orders": ("lines", "customer", "booker", "campaign")}


# How many rows a list is thought to have while nothing is known of it.
EXPECTED_ROWS = {"courses": 500, "course_dates": 2500, "customers": 1000,
                 "contacts": 2000, "participants": 20000, "products": 500,
                 "orders": 10000, "user_legal_bases": 20000,
                 "instructors": 100, "admin_roles": 10, "admin_users": 50,
                 "locations": 100}


class Config:
    """One way that the API and the wrapper may be."""

    def __init__(self, name, switches=None, server=None, tables=None,
                 drop=None, errors=(), sizes=None, weight=1.0,
                 is_monotone=False, analyze=False, hides=None,
                 is_huge=False, work_mem=0.1, batches=0.15, lookups=4):
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
        self.lookups = lookups      # how often known keys are asked for
        self.oracles = ("loc", "every") if hides else ("loc",)

    @property
    def page_size(self):
        """How many items a page holds."""
        return int(self.server.get("page_size", 250))

    @property
    def is_plain(self):
        """Is the API as documented, and the wrapper as it comes?"""
        return (set(self.switches) <= {"courses", "dates", "customers"}
                and set(self.server) <= {"page_size"})

    @property
    def shares(self):
        """Do sessions take each other's answers?"""
        return self.server.get("cache") == "shared"

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
        # What it takes to prove that a list has ended.
        proof = (1 + int(switches.get("drift") or 0)
                 + (1 if switches.get("gap_page") else 0)
                 + {"repeat": 3, "error": 1, "404": 1}.get(
                     switches.get("past_end"), 0))
        rows = int(switches["dates"])
        if resource != "course_dates":
            # participants are the most, and orders have two lists
            rows = int(switches.get(resource, 2 * rows + courses + 6))
            return rows // size + 3 + 2 * proof
        pages = rows // size + 1 + proof
        by_list = pages if switches.get("coursedates_list") != "404" else 1
        chunks = -(-courses // (switches.get("batch_max_ids") or 100))
        by_batch = courses // size + 1 + proof + chunks * (1 + proof) + pages
        if switches.get("batch_limit") == "per_course":
            by_batch += pages
        if switches.get("batch") == "404":
            by_batch = (courses // size + 1 + proof
                        + courses * (1 + proof) + pages)
        return by_list + by_batch


# Where time is short: each kind of server once, the strangest first.
FIRST = ("default", "drift-clamp", "gaps", "clamp-3-per-course",
         "no-list-7-ids", "shared-page-7", "cache-off", "many-keys",
         "sort-ignored", "since-refused", "filters-ignored", "past-repeat",
         "zone-oslo-set", "deleted-item", "links-refused", "ignore-limit-7",
         "unknown-error200", "active-first", "no-pages", "shapes-2",
         "page-7-cache-off", "analyzed", "shared-batch", "strict")


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
        "customers": ("seller", "employees"), **DOCUMENTS}
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
    yield Config("many-keys", server={"page_size": "20"},
                 sizes=(120, 900, 260), lookups=400)
    yield Config("cache-off", server={"cache": "off"}, sizes=large)
    yield Config("shared", server={"cache": "shared"}, sizes=large,
                 weight=2)
    yield Config("shared-page-7", server={
        "cache": "shared", "cache_ttl": "1s", "page_size": "7"},
                 sizes=seven, analyze=True)
    yield Config("shared-batch", {"coursedates_list": "404"},
                 {"cache": "shared", "timezone": "Europe/Oslo"},
                 sizes=large)
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
    yield Config("clamp-13", {"page_clamp": 13, "past_end": "404"},
                 sizes=(26, 130, 45))
    yield Config("clamp-3-per-course", {
        "page_clamp": 3, "batch_limit": "per_course",
        "coursedates_list": "404"}, sizes=(12, 93, 9),
        errors=push_order)
    yield Config("drift", {"drift": 1}, sizes=(25, 250, 50),
                 server={"page_size": "25"})
    yield Config("drift-clamp", {"drift": 1, "page_clamp": 20},
                 sizes=(25, 150, 40))
    yield Config("gaps", {"gap_page": 2, "next_page": "zero",
                          "list_timestamps": "present"},
                 {"page_size": "7"}, sizes=seven)
    yield Config("gap-first", {"gap_page": 1, "next_page": "false",
                               "list_timestamps": "present"},
                 {"page_size": "25"})
    yield Config("active-first", {"default_sort": "active"},
                 {"page_size": "40"}, sizes=(100, 150, 90))
    yield Config("active-first-off", {"default_sort": "active"},
                 {"page_size": "40", "push_order": "false"},
                 sizes=(100, 150, 90))
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
    yield Config("large-batches", {"coursedates_list": "404",
                                   "batch_cut": 110},
                 sizes=(260, 260, 30), weight=0.8,
                 tables=("courses", "course_dates", "course_dates"))
    yield Config("large-refused", {"coursedates_list": "404",
                                   "batch_max_ids": 150},
                 sizes=(260, 700, 30), weight=0.8,
                 tables=("courses", "course_dates", "course_dates"))
    yield Config("huge", {"list_timestamps": "present"}, is_huge=True,
                 sizes=(20, 60, 20), server={"page_size": "25"},
                 tables=("courses", "course_dates", "course_dates",
                         "customers"))
    yield Config("exported-only", {"exported": "only"}, sizes=seven,
                 server={"page_size": "7"},
                 tables=("orders", "orders", "customers"))
    yield Config("links", sizes=large, weight=1.5, tables=(
        "participants", "participants", "course_dates", "courses",
        "contacts", "customers", "user_legal_bases", "products"))
    yield Config("links-refused", {"link_filter": "refused",
                                   "id_filter": "refused"}, tables=(
        "participants", "participants", "course_dates", "contacts",
        "customers", "products"))
    yield Config("no-pages", {"other_pages": "whole"}, sizes=seven,
                 server={"page_size": "5"}, tables=(
                     "instructors", "orders", "locations", "admin_users",
                     "admin_roles"))
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
            ("default_sort", ("desc", "asc", "active")),
            ("next_page", ("null", "null", "false", "zero", "empty",
                           "absent")),
            ("past_end", ("empty", "repeat", "error", "404")),
            ("list_container", ("array", "items", "data")),
            ("item_container", ("object", "array")),
            ("coursedates_list", ("present", "present", "404")),
            ("batch", ("present", "present", "404")),
            ("batch_max_ids", (0, 0, 3, 10)),
            ("batch_limit", ("whole", "whole", "per_course")),
            ("link_filter", ("honoured", "honoured", "ignored", "refused")),
            ("exported", ("also", "only")),
            ("other_pages", ("paged", "whole")),
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
        switches["page_clamp"] = int(250 ** lot.random())
    elif lot.random() < 0.15:
        switches["ignore_limit"] = lot.choice((25, 50, 75))
    if lot.random() < 0.15:
        switches["gap_page"] = lot.choice((1, 2, 3))
    if lot.random() < 0.2 and switches["past_end"] != "repeat":
        switches["drift"] = 1
    if switches["booleans"] != "json":
        drop = {"course_dates": ("location", "gatherings"),
                "customers": ("seller",), **DOCUMENTS}
    if switches["sort"] != "honoured" or \
            switches["batch_limit"] == "per_course":    # sorts each course
        if lot.random() < 0.5:
            server["push_order"] = "false"
        else:
            errors.append("push_order")
    server["cache"] = lot.choice(("transaction", "off", "shared"))
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

"""Reading: query parameters, and the endpoints that answer a GET."""

import array
import bisect
import datetime
import re
import zoneinfo

from mock.fields import RESOURCES, check_boolean, invalid
from mock.messages import ApiError, Response
from mock.values import DAY, NULL, encode


def parse_positive(text):
    """A page number or size."""
    if not re.fullmatch(r"0*[1-9]\d{0,9}", text, re.A):
        raise ValueError(text)
    return int(text)


def parse_id(text):
    """An id or a status."""
    if not re.fullmatch(r"\d{1,19}", text, re.A):
        raise ValueError(text)
    return int(text)


def parse_bound(text):
    """yyyy-mm-dd or yyyy-mm-dd hh:mm:ss, as a naive datetime."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?", text, re.A):
        raise ValueError(text)
    return datetime.datetime.fromisoformat(text)


def parse_bound_or_now(text):
    """The same, or the word now."""
    return text if text == "now" else parse_bound(text)


def one_of(*words):
    """A parser that accepts some words."""
    def parse(text):
        if text not in words:
            raise ValueError(text)
        return text
    return parse

# The switch next_page.
NO_PAGE = {"null": None, "false": False, "zero": 0, "empty": "",
           "absent": None}


class ListOf:
    """The parser of a bracketed parameter: of ids, or of known words.

    Some words are known only where a switch has a value.
    """

    def __init__(self, *words, **switched):
        self.words = words
        self.switched = switched

    def __call__(self, text, switches):
        words = self.words + tuple(
            word for word, (switch, value) in self.switched.items()
            if switches[switch] == value)
        return one_of(*words)(text) if words else parse_id(text)


PAGING = {"limit": parse_positive, "page": parse_positive,
          "since_id": parse_id,
          "created_at_min": parse_bound, "created_at_max": parse_bound,
          "updated_at_min": parse_bound, "updated_at_max": parse_bound}
DATES = {"start_date_at_min": parse_bound_or_now,
         "start_date_at_max": parse_bound_or_now,
         "end_date_at_min": parse_bound_or_now,
         "end_date_at_max": parse_bound_or_now,
         "status_id": parse_id,
         "order_by": one_of("id", "startdate"),
         "order_direction": one_of("asc", "desc")}
COURSE = {"description_language": str, "include_partners": check_boolean,
          "partner_id": parse_id,
          "include": ListOf("products", "labels", "provider")}
DATE_INCLUDE = {"include": ListOf("course.products", "instructors")}
EMPLOYEES = {"include": ListOf("employees")}

# parameter stem -> fact
BOUNDS = {"created_at": "created", "updated_at": "updated",
          "exported_at": "exported",
          "start_date_at": "start", "end_date_at": "end"}
# parameter -> switch that may ignore or refuse it
PARAMETER_SWITCHES = dict.fromkeys(
    [stem + end for stem in BOUNDS for end in ("_min", "_max")]
    + ["status_id"], "filters")
PARAMETER_SWITCHES.update(order_by="sort", order_direction="sort",
                          since_id="since_id", coursedate_id="id_filter",
                          course_id="link_filter", user_id="link_filter",
                          customer_id="link_filter", id_type="link_filter")


def read_query(pairs, known, switches):
    """Checked values of the query by name; lists for bracketed names."""
    query, bad = {}, []
    for key, text in pairs:
        name = key[:-2] if key.endswith("[]") else key
        parse = known.get(name)
        is_list = isinstance(parse, ListOf)
        if parse is None or is_list != (name != key):
            if switches["unknown_param"] == "error":
                bad.append(key)
            continue
        if not is_list and name in query:
            raise ApiError(400, "Parameter given twice: " + key)
        try:
            value = parse(text, switches) if is_list else parse(text)
        except (ValueError, KeyError):
            if not is_list or not parse.words or (
                    switches["unknown_param"] == "error"):
                bad.append(key)
            continue
        if is_list:
            query.setdefault(name, []).append(value)
        else:
            query[name] = value
    if bad:
        raise invalid(bad, "Parameter")
    return obey_switches(query, switches)


def obey_switches(query, switches):
    """Drop the parameters that the account ignores, refuse others."""
    for name in list(query):
        rule = switches.get(PARAMETER_SWITCHES.get(name), "honoured")
        if rule == "refused":
            raise ApiError(400, "Parameter not supported: " + name)
        if rule == "ignored":
            del query[name]
    return query


def bound_seconds(name, value, switches):
    """A bound on the scale of its fact."""
    if value == "now":
        value = datetime.datetime.combine(switches["today"],
                                          datetime.time())
    if name.startswith(("start", "end")):
        return (value.toordinal() * DAY + value.hour * 3600
                + value.minute * 60 + value.second)
    zone = zoneinfo.ZoneInfo(switches["filter_zone"])
    return int(value.replace(tzinfo=zone).timestamp())


def query_ranges(query, switches):
    """The ranges that Table.select understands."""
    ranges = []
    inner = int(switches["bounds"] == "exclusive")
    for stem, fact in BOUNDS.items():
        low, high = NULL + 1, 1 << 62
        if stem + "_min" in query:
            low = inner + bound_seconds(stem, query[stem + "_min"], switches)
        if stem + "_max" in query:
            high = bound_seconds(stem, query[stem + "_max"], switches) - inner
        if (low, high) != (NULL + 1, 1 << 62):
            ranges.append((fact, low, high))
    if "status_id" in query:
        ranges.append(("status", query["status_id"], query["status_id"]))
    return ranges


class Lists:
    """The endpoints that read; a part of Api."""

    def page(self, ids, query, default_limit):
        """The ids of the page asked for, and the number of the next one."""
        switches = self.switches
        limit, page = query.get("limit", default_limit), query.get("page", 1)
        if switches["page_number"] == "ignored":
            page = 1
        page = max(min(page, 1), page - switches["drift"])
        if limit > 250:
            if switches["limit_over"] == "error":
                raise invalid(["limit"], "Parameter")
            limit = 250
        limit = min(limit, switches["page_clamp"] or limit)
        limit = switches["ignore_limit"] or limit
        pages = max(1, -(-len(ids) // limit))
        if page > pages:
            rule = switches["past_end"]
            if rule in ("error", "404"):
                raise ApiError(422 if rule == "error" else 404,
                               "Page not found")
            if rule == "empty":
                return [], None
            page = pages
        return (ids[(page - 1) * limit:page * limit],
                page + 1 if page < pages else None)

    def select(self, request, name, query, ranges=(), group=None):
        """Ids in the order asked for."""
        ranges = tuple(ranges) + tuple(query_ranges(query, self.switches))
        order = (query.get("order_by", "id"), query.get(
            "order_direction", self.switches["default_sort"]))
        since = query.get("since_id")
        table = request.account.tables[name]
        chosen = (request.account.name, name, ranges, group)

        # A long list that is walked by since_id is chosen from but once.
        ids = self.remember(chosen, lambda: table.select(ranges, group))
        if since is not None:
            ids = ids[bisect.bisect_right(ids, since):]
        if order == ("id", "asc"):
            return ids
        return self.remember((*chosen, order, since),
                             lambda: sort_ids(table, ids, *order))

    def remember(self, key, make):
        """Ids by key, made when they are not known."""
        ids = self.selections.get(key)
        if ids is None:
            ids = make()
            if not isinstance(ids, range):
                ids = array.array("q", ids)
            self.selections.put(key, ids, 8 * len(ids))
        return ids

    def items(self, request, name, ids, shape):
        """Rows as JSON texts."""
        tables = request.account.tables
        show = RESOURCES[name].show
        include = request.query.get("include", ())
        chosen = request.query.get("description_language")
        return [encode(show(self.viewer, tables, tables[name].get(number),
                            shape, include, chosen)) for number in ids]

    def bare_list(self, request, name, default_limit=75, **selection):
        """A list without an envelope, unless a switch wants one."""
        ids = self.select(request, name, request.query, **selection)
        ids, _ = self.page(ids, request.query, default_limit)
        return self.contain(self.items(request, name, ids, "list"))

    def contain(self, items):
        """Items in the container of bare lists."""
        text = b"[%s]" % b",".join(items)
        name = self.switches["list_container"]
        if name != "array":
            text = b'{"%s":%s}' % (name.encode(), text)
        return Response(200, text)

    def visible_dates(self):
        """The range that hides deleted dates."""
        if self.switches["deleted"] == "shown":
            return ()
        return (("deleted", 0, 0),)

    def list_courses(self, request):
        """GET /courses"""
        ranges = ()
        if self.switches["inactive"] == "hidden":
            ranges = (("active", 1, 1),)
        return self.bare_list(request, "courses", ranges=ranges)

    def list_dates_of_course(self, request, course_id):
        """GET /courses/:id/coursedates"""
        if request.account.tables["courses"].get(course_id) is None:
            return self.missing("courses", is_list=True)
        return self.bare_list(request, "course_dates",
                              ranges=self.visible_dates(),
                              group=("course_id", (course_id,)))

    def list_dates_of_batch(self, request):
        """GET /batch/coursedates"""
        course_ids = tuple(request.query.get("course_ids", ()))
        limit = self.switches["batch_max_ids"]
        if not course_ids or (limit and len(course_ids) > limit):
            raise invalid(["course_ids"], "Parameter")
        course_ids = course_ids[:self.switches["batch_cut"] or None]
        if self.switches["batch_limit"] == "whole":
            return self.bare_list(
                request, "course_dates", 25, ranges=self.visible_dates(),
                group=("course_id", course_ids))
        chosen = []
        for course_id in course_ids:
            ids = self.select(request, "course_dates", request.query,
                              self.visible_dates(),
                              ("course_id", (course_id,)))
            chosen += self.page(ids, request.query, 25)[0]
        return self.contain(self.items(request, "course_dates", chosen,
                                       "list"))

    def list_dates(self, request):
        """GET /coursedates, the one list with an envelope (5.6)"""
        query = request.query
        ids = self.select(request, "course_dates", query,
                          self.visible_dates())
        if "coursedate_id" in query:
            only = query["coursedate_id"]
            row = self.find_date(request, None, only)
            ids = [only] if row and only in ids else []
        number, gap = query.get("page", 1), self.switches["gap_page"]
        shown, next_page = self.page(ids, query, 75)
        if gap and number >= gap:
            shown, next_page = [], number + 1
            if number > gap:
                shown, next_page = self.page(
                    ids, dict(query, page=number - 1), 75)
        if gap and next_page:
            next_page = number + 1
        items = b",".join(self.items(request, "course_dates", shown, "flat"))
        pagination = {"current_page": number,
                      "next_page": next_page or
                      NO_PAGE[self.switches["next_page"]]}
        if not next_page and self.switches["next_page"] == "absent":
            del pagination["next_page"]
        return Response(200, b'{"pagination":%s,"items":[%s]}'
                        % (encode(pagination), items))

    def list_next_dates(self, request):
        """GET /nextcoursedates: of each course the next date, unsorted"""
        table = request.account.tables["course_dates"]
        today = self.switches["today"].toordinal() * DAY
        best = {}
        for number in table.select(self.visible_dates()
                                   + (("start", today, 1 << 62),)):
            course_id = table.fact("course_id", number)
            start = table.fact("start", number)
            best[course_id] = min(best.get(course_id, (start, number)),
                                  (start, number))
        ids = [number for _, number in best.values()]
        return self.contain(self.items(request, "course_dates", ids, "list"))

    def list_customers(self, request):
        """GET /customers"""
        return self.bare_list(request, "customers")

    def list_contacts(self, request):
        """GET /customers/contacts"""
        group = None
        if "customer_id" in request.query:
            group = ("customer_id", (request.query["customer_id"],))
        return self.bare_list(request, "contacts", group=group)

    def show_course(self, request, number):
        """GET /courses/:id"""
        return self.show(request, "courses", number)

    def show_customer(self, request, number):
        """GET /customers/:id"""
        return self.show(request, "customers", number)

    def show_date(self, request, course_id, number):
        """GET /courses/:id/coursedates/:id"""
        if self.find_date(request, course_id, number) is None:
            return self.missing("course_dates")
        return self.show(request, "course_dates", number)

    def show(self, request, name, number):
        """One object."""
        if request.account.tables[name].get(number) is None:
            return self.missing(name)
        body = self.items(request, name, [number], "item")[0]
        if self.switches["item_container"] == "array":
            body = b"[%s]" % body
        return Response(200, body)

    def find_date(self, request, course_id, number):
        """A date that its course and deletion do not hide, or None."""
        row = request.account.tables["course_dates"].get(number)
        if row is None:
            return None
        if row["deleted_at"] is not None and "shown" not in (
                self.switches["deleted"], self.switches["deleted_item"]):
            return None
        if self.switches["date_check"] == "yes" and course_id not in (
                None, row["course_id"]):
            return None
        return row

    def missing(self, name, is_list=False):
        """The answer to a GET of something that is not there."""
        text = RESOURCES[name].label + " not found"
        rule = self.switches["unknown_id"]
        if rule == "404empty":
            return Response(404)
        if rule == "error200":
            return Response.of({"error": text})
        if rule == "404":
            raise ApiError(404, text)
        return Response.of([] if is_list or rule == "array" else None)


def sort_ids(table, ids, order_by, direction):
    """Ids, given in ascending order, in the order asked for."""
    if order_by == "startdate":
        sign = -1 if direction == "desc" else 1
        return sorted(ids, key=lambda number: sign * table.fact(
            "start", number))
    if direction == "active":
        return sorted(ids, key=lambda number: number % 7 == 0)
    return ids[::-1] if direction == "desc" else ids

"""The API: from a request to its answer."""

import re
import time
import traceback
import urllib.parse

from mock.client import BASE, MockError
from mock.lists import (
    COURSE, DATES, DATE_INCLUDE, EMPLOYEES, PAGING, ListOf, Lists, parse_id,
    read_query)
from mock.messages import ApiError, Response
from mock.resources import ENDPOINTS as RESOURCE_ENDPOINTS, Resources
from mock.switches import Switches
from mock.views import Viewer
from mock.world import Account
from mock.writes import Writes


AT_RESET = ("data", "courses", "dates", "customers", "today")

# Statuses that error_status=200 hides.
HIDDEN_STATUSES = frozenset((400, 401, 403, 404, 422))
WRITES = frozenset(("POST", "PUT", "DELETE"))

# path, method, handler, query parameters, switch that takes it away
ENDPOINTS = (
    ("/courses", "GET", "list_courses", dict(PAGING, **COURSE), None),
    ("/courses", "POST", "create_course", {}, None),
    ("/courses/:id", "GET", "show_course", COURSE, None),
    ("/courses/:id", "PUT", "update_course", {}, None),
    ("/courses/:id", "DELETE", "delete_course", {}, "delete_method"),
    ("/courses/:id/coursedates", "GET", "list_dates_of_course",
     dict(PAGING, **DATES, **DATE_INCLUDE), None),
    ("/courses/:id/coursedates", "POST", "create_date", {}, None),
    ("/courses/:id/coursedates/:id", "GET", "show_date", DATE_INCLUDE, None),
    ("/courses/:id/coursedates/:id", "PUT", "update_date", {}, None),
    ("/courses/:id/coursedates/:id", "DELETE", "delete_date", {},
     "delete_method"),
    ("/batch/coursedates", "GET", "list_dates_of_batch",
     dict(PAGING, **DATES, **DATE_INCLUDE, course_ids=ListOf()), "batch"),
    ("/coursedates", "GET", "list_dates",
     dict(PAGING, **DATES, coursedate_id=parse_id,
          include=ListOf("course", "location", "place",
                         instructors=("include_instructors", "flat"))),
     "coursedates_list"),
    ("/nextcoursedates", "GET", "list_next_dates", {}, None),
    ("/customers", "GET", "list_customers", dict(PAGING, **EMPLOYEES), None),
    ("/customers", "POST", "create_customer", {}, None),
    ("/customers/contacts", "GET", "list_contacts",
     dict(PAGING, customer_id=parse_id), None),
    ("/customers/:id", "GET", "show_customer", EMPLOYEES, None),
    ("/customers/:id", "PUT", "update_customer", {}, "customer_put"),
    ("/customers/:id", "DELETE", "delete_customer", {}, "customer_delete"),
) + RESOURCE_ENDPOINTS
ROUTES = tuple(
    (re.compile(path.replace(":id", r"(0|[1-9]\d{0,18})").replace(":code", r"(?P<code>[^/]+)")),
     *rest)
    for path, *rest in ENDPOINTS)


class Cache:
    """Bytes by key, forgotten all at once when they are too many."""

    def __init__(self, budget):
        self.budget = budget
        self.clear()

    def clear(self):
        """Forget all."""
        self.values = {}
        self.size = 0

    def get(self, key):
        """What was put, or None."""
        return self.values.get(key)

    def put(self, key, value, size):
        """Keep a value and return it."""
        if self.size + size > self.budget:
            self.clear()
        self.values[key] = value
        self.size += size
        return value


class Api(Lists, Writes, Resources):
    """Data, switches and endpoints.  The caller holds the lock."""

    def __init__(self):
        self.pages = Cache(64 << 20)
        self.selections = Cache(64 << 20)
        self.reset({})

    def reset(self, settings):
        """Fresh data and switches."""
        switches = Switches()
        switches.assign(settings)
        self.switches = switches
        self.accounts = {name: Account(name, switches) for name in "ab"}
        self.front = {}             # what a cache in front of us has kept
        self.changed()

    def assign(self, settings):
        """Change switches that need no new data."""
        for name in AT_RESET:
            if name in settings:
                raise MockError("switch %s can only be given with --reset"
                                % name)
        self.switches.assign(settings)
        self.changed()

    def changed(self):
        """Data or switches are no longer what was rendered."""
        self.pages.clear()
        self.selections.clear()
        self.viewer = Viewer(self.switches)

    # -- the way of a request ------------------------------------------------

    def answer(self, request, entry):
        """The answer to a request that was not throttled."""
        rule = self.switches["front_cache"]
        if rule == "off" or request.method != "GET":
            return self.process(request, entry)

        key = entry.account, request.target, request.accepts_gzip()
        now = time.monotonic()
        entry.note = "no-cache"
        if request.fields.get("cache-control") != "no-cache":
            entry.note = None
            if key in self.front:
                entry.note = "cached"
                response, since = self.front[key]
                return response.aged(now - since if rule == "aged" else None)
        response = self.process(request, entry)
        if response.status == 200 and entry.account:
            self.front[key] = response, now
        return response

    def process(self, request, entry):
        """The answer of the API itself."""
        try:
            return self.dispatch(request, entry)
        except ApiError as error:
            status = error.status
            if (self.switches["error_status"] == "200"
                    and status in HIDDEN_STATUSES):
                status = 200
            return Response.of(error.body, status, error.headers)
        except Exception:
            traceback.print_exc()
            return Response(500, traceback.format_exc().encode(),
                            "text/plain; charset=utf-8",
                            [("X-Mock-Bug", "yes")])

    def dispatch(self, request, entry):
        """Check the request, find its handler, call it."""
        if len(request.target) > self.switches["url_max"]:
            return Response.html(414)
        if not request.path.startswith(BASE + "/"):
            return Response.html(404)
        for name in ("user-agent", "accept"):
            if not request.fields.get(name):
                raise ApiError(400, "Header missing: " + name)
        if (request.target.startswith("/")
                and "proxy-authorization" in request.fields):
            raise ApiError(400, "Header meant for a proxy")
        self.check_key(entry)
        handler, known, ids = self.route(request)
        if request.method in WRITES and entry.permission == "read":
            raise ApiError(403, "Permission denied")
        if request.method not in ("POST", "PUT") and request.body:
            raise ApiError(400, "Body not allowed")
        request.account = self.accounts[entry.account]
        request.query = read_query(request.pairs, known, self.switches)
        if request.method in WRITES:
            self.changed()
            return handler(request, *ids)
        key = (entry.account, request.target, request.accepts_gzip())
        response = self.pages.get(key)
        if response is None:
            response = handler(request, *ids)
            self.compress(request, response)
            self.pages.put(key, response, len(response.body))
        return response

    def compress(self, request, response):
        """Use gzip where the client and the switch allow it."""
        if self.switches["gzip"] == "on" and request.accepts_gzip():
            response.compress()

    def check_key(self, entry):
        """401 and 403."""
        if entry.account is None:
            raise ApiError(401, "Wrong API Key" if self.switches[
                "bad_key_text"] == "wrong" else "Invalid API key")
        if entry.permission == "nothing":
            raise ApiError(403, "Permission denied")

    def route(self, request):
        """Handler, query parameters and ids of the path."""
        path = request.path[len(BASE):]
        allowed = []
        for pattern, method, name, known, switch in ROUTES:
            match = pattern.fullmatch(path)
            rule = self.switches[switch] if switch else "present"
            if match is None or rule == "404":
                continue
            if rule == "405":
                allowed.append(None)
            elif method != request.method:
                allowed.append(method)
            else:
                return (getattr(self, name), known,
                        [urllib.parse.unquote(text)
                         if "code" in match.groupdict() else int(text)
                         for text in match.groups()])
        if not allowed:
            raise ApiError(404, "Unknown resource")
        raise ApiError(405, "Method not allowed",
                       Allow=", ".join(filter(None, allowed)))

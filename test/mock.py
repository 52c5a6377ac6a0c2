#!/usr/bin/env python3
r"""A mock of the FrontCore REST API, for tests on 127.0.0.1.

It has courses, course dates, customers and contacts in the shapes of the
API, is strict about everything it receives, enforces the rate limit, keeps a
log of the requests, and misbehaves on demand.  All data are deterministic:
"now" is 2027-01-15 (switch today), new rows get the id max + 1 and a time
that starts at 10:00:00 and advances one second with each write.

As a server (base_url is http://127.0.0.1:PORT/v2):

  mock.py [--serve] [--port N] [--idle SECONDS] [--port-file FILE]
          [--foreground] [--tls-cert FILE --tls-key FILE]
      Listen at N, else at $FRONTCORE_MOCK_PORT, else at a free port; go to
      the background and print the port.  It leaves after --idle seconds
      (60; 0 = never) without a request.  A mock that is there already is
      reset instead.
  mock.py --free-port

As a client of the mock at --port N or $FRONTCORE_MOCK_PORT; control requests
are neither logged, counted nor limited, and work over plain HTTP under TLS:

  --reset [NAME=VALUE ...]    fresh data and switches, no faults, empty log
  --set NAME=VALUE ...        change switches
  --log [--quiet]             print and forget the requests; only their number
  --count                     number of requests since --reset
  --arrivals                  JSON, per request since --reset: [arrived,
                              account, method, target, status, connection,
                              key id, done]; seconds are monotonic, done is
                              null where no answer was sent
  --stats                     JSON: requests, throttled, max_in_flight by
                              account, connections, in_flight, held
  --dump RESOURCE [ID]        stored rows: courses, course_dates, customers,
                              contacts; these four take --account b
  --change RESOURCE ID FIELD=JSON ...   dotted fields, behind the API's back
  --add RESOURCE FIELD=JSON ...         prints the id
  --remove RESOURCE ID
  --fault 'NAME[=VALUE] ...'  add a fault, see below
  --clear-faults
  --wait-for N [--timeout S]  until N requests have arrived since --reset
  --wait-in-flight N [--timeout S]      until N requests are being held back
  --release                   let go what hold and stall_after_headers keep
  --stop

Over HTTP: POST /_mock/reset, set {"name": value}; fault {"spec": text};
change, add, remove {"resource", "id", "fields", "account"}; clear-faults,
release, stop; GET log[?quiet=1|full=1], count, arrivals, stats,
dump?resource=R[&id=N], wait?requests=N|in_flight=N&timeout=S.  Python tests
import this file and use class Mock.

Keys (X-API-Key): test-key, test-key-2 and read-only-key belong to account a,
other-key to account b (smaller, overlapping ids); forbidden-key gets a 403.

Switches.  The first value is the default; N is a number, X may have a
fraction, S a sign.  Section numbers are those of frontcore-api.md.

  data               small|demo      data set; these five only with --reset
  courses            -|N             number of courses instead of the set's
  dates              -|N             the same for course dates
  customers          -|N             the same for customers
  today              2027-01-15|DATE the fixed "now"

  error_status       code|200        errors carry a real status, or all 200
  bad_key_text       wrong|invalid   Wrong API Key, Invalid API key
  unknown_id         404|error200|null|array|404empty  GET of an unknown id
  throttle           empty|json|text body of a 429; the latter two come with
                                     Retry-After
  rate               5|X             requests per second; 0 = no limit
  rate_window        sliding|fixed   every second, or each second's bucket
  rate_minute        0|N             a second limit in a minute that begins
                                     with its first request
  minute_seconds     60|N            the length of that minute
  rate_headers       none|core|ietf|github  X-Rate-Limit-* with an interval
                                     and an ISO instant; RateLimit-* with
                                     seconds; X-RateLimit-* with an epoch
  clock_skew         0|S             seconds that the Date header is off

  bounds             inclusive|exclusive        _min and _max
  filter_zone        Europe/Oslo|UTC of created_at_* and updated_at_*
  filters            honoured|ignored|refused   known range filters, status_id
  id_filter          honoured|ignored|refused   coursedate_id
  since_id           honoured|ignored|refused
  sort               honoured|ignored|refused   order_by, order_direction
  default_sort       desc|asc        by id, where no order is asked for
  unknown_param      ignore|error    unknown query keys and include[] values
  past_end           empty|repeat|error|404     a page past the last one
  limit_over         clamp|error     limit above 250
  page_clamp         0|N             never more than N a page, silently
  ignore_limit       0|N             always N a page
  list_container     array|items|data           around a bare list
  item_container     object|array    around a single object
  coursedates_list   present|404     GET /coursedates
  batch              present|404     GET /batch/coursedates
  batch_max_ids      0|N             more ids are an error; 0 = any number
  batch_limit        whole|per_course           what limit counts there
  date_check         yes|no          a date must belong to the course in the
                                     path; no: /courses/0/coursedates/ID works
  inactive           shown|hidden    inactive courses in the list
  deleted            hidden|shown    deleted dates in lists
  deleted_item       404|shown       a deleted date by its id

  course_list        full|thin       thin items lack properties, texts, times
  course_texts       top|description|descriptions|absent  where text_* are
  course_includes    item|everywhere include[] on the list of courses
  include_instructors  item|everywhere          include[]=instructors
  list_timestamps    absent|present  created_at, updated_at in GET /coursedates
  flat_keys          all|listed      its items have only the keys that 5.6
                                     names: no title, gatherings, ...
  numeric_strings    mixed|all       all: every number is a string
  booleans           json|strings|numbers       true, "1", 1
  props_empty        null|array|object          no custom_properties
  timestamps         offset|naive    2027-01-15T10:00:00+01:00 or
                                     2027-01-15 10:00:00
  date_time_part     no|yes          start_at, end_at and deadline_at with time
  titles             en|no           language of translated titles

  body               any|json|form   accepted request bodies
  unknown_field      error|ignore    fields that cannot be written
  null_clears        yes|no          a null clears, or is ignored
  props_put          merge|replace   custom_properties in a PUT
  props_types        strings|coerce  numbers and booleans as values
  props_over         error|truncate|drop        past 25 keys, 44 (40), 255
  course_props       stored|dropped|error       custom_properties of a course
  date_put           kept|reset      omitted fields in a PUT of a date
  date_put_fields    all|documented  fields that a PUT of a date knows (5.10)
  date_order         unchecked|checked          end_at before start_at
  customer_put_omitted  kept|reset
  customer_put       present|404|405
  customer_delete    405|present
  delete_method      present|405     DELETE of courses and dates
  delete_answer      object|ids|empty
  write_answer       ids|object|id   answer of POST and PUT
  post_status        200|201

  gzip               on|off
  keepalive          on|off
  latency            0-0|RANGE       milliseconds before each answer
  url_max            8000|N          longer targets: 414

Faults.  A fault is a line of words, quoted as in a shell: NAME or
NAME=VALUE (kind=NAME is the same as NAME).  All faults that match a request
apply to it together.  Values of header and retry_after may hold {iso+S},
{http+S} and {epoch+S}: the server's time S seconds from now.

  match              REGEX    on "METHOD /path?query", decoded, without /v2
  count              N        how often it applies; 1, 0 = for ever
  skip               N        matching requests to let pass first
  processed          yes|no   whether the request is carried out; no is the
                              default of status from 300 on, redirect and
                              retry_after
  id                 ID       edit only the item with this id

  status             CODE     body and type go with it, else {"error": ...}
  body               TEXT     replaces the body
  type               TEXT     replaces the Content-Type
  header             NAME:VALUE  adds or replaces a header; repeatable
  redirect           URL      302
  retry_after        VALUE    429 (or status) with this Retry-After

  delay              MS       before answering
  hold               -        until --release
  drip               RATE     bytes of the body per second
  stall_after_headers  -      send no body until --release
  reset              -        RST instead of an answer
  close              -        FIN instead of an answer
  dead_keepalive     -        answer this one; carry out the next request on
                              the connection (processed=no: do not) and close
                              without a byte
  garbage            -        random bytes instead of HTTP
  truncate           BYTES    true Content-Length, body cut there, close
  wronglength        S        Content-Length is off by S
  bigheader          BYTES    a header of that length (300000)
  bomb               MB       gzip that decodes to that much

  html               -        200 with HTML
  empty              -        200 without a body
  badjson            -        the second half of the JSON is missing
  trailing           -        text after the JSON
  nocontainer        -        {"foo":1}
  badutf8            FIELD    an invalid byte in the first item's title, or in
                              FIELD; the same for the next two
  nul                FIELD    \u0000
  surrogate          FIELD    a lone surrogate
  nest               N        a value of depth N in the first item
  hugeid             TEXT     the first item's id; 9007199254740993
  patch              JSON     {"dotted.path": value}, in every item
  patchraw           PATH=TEXT  TEXT goes into the body as it is
  drop               PATH     remove a key from every item
  swap               -        exchange the page's first two items
  duplicate          -        repeat the first item at the end
  shift              -        insert a row at the front of the data afterwards
  pull               -        remove the page's first row afterwards
"""

import array
import bisect
import collections
import copy
import datetime
import functools
import json
import os
import random
import re
import select
import shlex
import socket
import struct
import sys
import threading
import time
import traceback
import urllib.parse
import zlib
import zoneinfo

BASE = "/v2"
OSLO = zoneinfo.ZoneInfo("Europe/Oslo")
DAY = 86400
PATIENCE = 180                      # seconds that commands wait
NULL = -1 << 62                     # a fact that is null: in no range
AT_RESET = ("data", "courses", "dates", "customers", "today")

# key -> (key id, account, what it may do)
KEYS = {
    "test-key": ("key-1", "a", "write"),
    "test-key-2": ("key-2", "a", "write"),
    "read-only-key": ("read-only", "a", "read"),
    "forbidden-key": ("forbidden", "a", "nothing"),
    "other-key": ("other", "b", "write"),
}

REASONS = {
    200: "OK", 201: "Created", 202: "Accepted", 204: "No Content",
    207: "Multi-Status", 301: "Moved Permanently", 302: "Found",
    307: "Temporary Redirect", 308: "Permanent Redirect",
    400: "Bad Request", 401: "Unauthorized", 402: "Payment Required",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout", 409: "Conflict", 411: "Length Required",
    412: "Precondition Failed", 413: "Content Too Large",
    414: "URI Too Long", 415: "Unsupported Media Type",
    422: "Unprocessable Content", 429: "Too Many Requests",
    500: "Internal Server Error", 501: "Not Implemented",
    502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}

HTML = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


class ApiError(Exception):
    """An answer of family A (section 1.2)."""

    def __init__(self, status, text, **headers):
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = [(name.replace("_", "-"), value)
                        for name, value in headers.items()]


class MockError(Exception):
    """A control request that the mock refuses."""


# ---------------------------------------------------------------------------
# Switches and fault names: the tables of the docstring are the definition
# ---------------------------------------------------------------------------

def doc_table(begin, end=None):
    """Rows (name, values) of the docstring's table between two words."""
    text = __doc__[__doc__.index("\n" + begin):]
    if end:
        text = text[:text.index("\n" + end)]
    return re.findall(r"^  ([a-z]\w*) +(\S+)(?: |$)", text, re.M)


def parse_range(text):
    """MIN-MAX as a pair of seconds."""
    low, high = re.fullmatch(r"(\d+)-(\d+)", text).groups()
    return int(low) / 1000, int(high) / 1000


def parse_natural(text):
    """A number of at least zero."""
    if not re.fullmatch(r"\d+", text):
        raise ValueError(text)
    return int(text)


def parse_rate(text):
    """A number of at least zero, with or without a fraction."""
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise ValueError(text)
    return float(text)


VALUE_TYPES = {
    "N": parse_natural,
    "S": int,
    "X": parse_rate,
    "RANGE": parse_range,
    "DATE": datetime.date.fromisoformat,
}


class Switches(dict):
    """The switches' values; numbers, ranges and dates are converted."""

    table = {name: values.split("|")
             for name, values in doc_table("Switches", "Faults")}

    def __init__(self):
        super().__init__()
        for name, values in self.table.items():
            self[name] = self.parse(name, values[0])

    @classmethod
    def parse(cls, name, value):
        """Convert the text of a value, or raise MockError."""
        if name not in cls.table:
            raise MockError("unknown switch %s; valid: %s"
                            % (name, ", ".join(cls.table)))
        value = str(value)
        for kind in cls.table[name]:
            try:
                if kind in VALUE_TYPES:
                    return VALUE_TYPES[kind](value)
            except (ValueError, AttributeError):
                continue
        if value in cls.table[name] and value not in VALUE_TYPES:
            return value
        raise MockError("bad value %s of switch %s; valid: %s"
                        % (value, name, ", ".join(cls.table[name])))

    def assign(self, settings):
        """Set all of the settings or none."""
        self.update({name: self.parse(name, value)
                     for name, value in settings.items()})


# ---------------------------------------------------------------------------
# Values
# ---------------------------------------------------------------------------

def encode(value):
    """JSON as PHP's json_encode writes it, in bytes."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("/", "\\/").encode()


def stamp(seconds):
    """The ISO 8601 text of an epoch, in Oslo; None of NULL."""
    if seconds == NULL:
        return None
    return datetime.datetime.fromtimestamp(seconds, OSLO).isoformat()


def epoch(text):
    """The inverse of stamp."""
    return int(datetime.datetime.fromisoformat(text).timestamp())


def day_seconds(text):
    """Seconds of a civil date on a scale that only compares."""
    return datetime.date.fromisoformat(text[:10]).toordinal() * DAY


def day_text(seconds):
    """The inverse of day_seconds."""
    return datetime.date.fromordinal(seconds // DAY).isoformat()


def get_path(value, path, default=None):
    """The value at a dotted path, default where an object is missing."""
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            return default
        value = value[key]
    return value


def set_path(row, path, value):
    """Set the value at a dotted path; objects come into being."""
    *parents, last = path.split(".")
    for key in parents:
        if not isinstance(row.get(key), dict):
            row[key] = {}
        row = row[key]
    row[last] = value


def drop_path(row, path):
    """Remove the key at a dotted path, if it is there."""
    parent, _, last = path.rpartition(".")
    row = get_path(row, parent) if parent else row
    if isinstance(row, dict):
        row.pop(last, None)


# ---------------------------------------------------------------------------
# Words that the rows are made of
# ---------------------------------------------------------------------------

LEVELS = {6: "Courses", 15: "Corporate training"}
FORMS = {1: "Classroom", 2: "Online", 3: "Blended"}
TIMES_OF_DAY = {1: "Daytime", 2: "Evening", 3: "Weekend"}
UNITS = {1: ("day", "Day", "Days"), 2: ("week", "Week", "Weeks"),
         3: ("month", "Month", "Months"),
         4: ("semester", "Semester", "Semesters"),
         5: ("year", "Year", "Years"), 6: ("hour", "Hour", "Hours"),
         7: ("minute", "Minute", "Minutes")}
STATUSES = {1: "To be defined", 2: "Will run", 3: "Canceled", 4: "Postponed"}
LANGUAGES = {"no": "Norwegian", "en": "English", "sv": "Swedish",
             "da": "Danish", "de": "German", "pl": "Polish"}
COUNTRIES = {"NO": (1, "Norway"), "SE": (2, "Sweden"), "DK": (3, "Denmark"),
             "FI": (4, "Finland"), "IS": (5, "Iceland"), "DE": (6, "Germany"),
             "GB": (7, "United Kingdom")}
CUSTOMER_TYPES = {1: "Company", 2: "Private"}
NORWEGIAN = {
    "Courses": "Kurs", "Corporate training": "Bedriftsintern oppl\u00e6ring",
    "Classroom": "Klasserom", "Online": "Nett", "Blended": "Kombinert",
    "Daytime": "Dagtid", "Evening": "Kveld", "Weekend": "Helg",
    "To be defined": "Ikke avklart", "Will run": "Starter",
    "Canceled": "Avlyst", "Postponed": "Utsatt", "Norwegian": "Norsk",
    "English": "Engelsk", "Swedish": "Svensk", "Danish": "Dansk",
    "German": "Tysk", "Polish": "Polsk", "Norway": "Norge",
    "Sweden": "Sverige", "Denmark": "Danmark", "Iceland": "Island",
    "Germany": "Tyskland", "United Kingdom": "Storbritannia",
    "Company": "Bedrift", "Private": "Privat", "Active": "Aktiv",
    "Deactivated": "Deaktivert", "Day": "Dag", "Days": "Dager",
    "Week": "Uke", "Weeks": "Uker", "Hour": "Time", "Hours": "Timer",
}

# (id, title, parent id, parent title)
PLACES = (
    (301, "Oslo", 290, "\u00d8stlandet"),
    (302, "Bergen", 291, "Vestlandet"),
    (303, "Trondheim", 292, "Tr\u00f8ndelag"),
    (304, "Troms\u00f8", 293, "Nord-Norge"),
    (305, "Kristiansand", 294, "S\u00f8rlandet"),
    (306, "Stavanger", 291, "Vestlandet"),
)
# (id, title, address, zipcode, city, place id, lat, lng, capacity)
LOCATIONS = (
    (801, "Oslo Kongressenter", "Youngs gate 11", "0181", "Oslo", 301,
     59.914, 10.749, 20),
    (802, "Bryggen Kurssenter", "Bryggen 7", "5003", "Bergen", 302,
     60.3975, 5.324, 14),
    (803, "Nidar\u00f8 Hallen", "Kl\u00f8stergata 90", "7030", "Trondheim",
     303, 63.42, 10.37, 30),
    (804, "Ishavskurs", "Sj\u00f8gata 12", "9008", "Troms\u00f8", 304,
     69.6492, 18.956, 12),
    (805, "Nettkurs", "", "", "", 0, 0, 0, 100),
    (806, "Havna \"R\u00f8d\"", "Skagen 27", "4006", "Stavanger", 306,
     58.97, 5.73, 0),
)

SMALL_COURSES = (
    # title, reference
    ("Hot Work Certificate", "HW-01"),
    ("First Aid", "FA-02"),
    ("Working at Heights", None),
    ("Forklift Operator T1-T4", "1004"),
    ("Truckf\u00f8rer repetisjon", "TF_05"),
    ("Project Management", "PM-06"),
    ("Arbeidsmilj\u00f8loven i praksis", ""),
    ("Fall Protection \"Basic\"", "FP-08"),
    ("Crane Operator G4", None),
    ("Excel 100%", "XL-10"),
    ("Asbestos Removal", "AR-11"),
    ("Maskinf\u00f8rer M1/M2", "MF-12"),
)
SMALL_CUSTOMERS = (
    "Fjord Diving AS", "Nordlys Bygg AS", "Kari Nordmann",
    "\u00c5sgard Entrepren\u00f8r", "4711", "Bergen Brannvern AS",
    "O'Hara & S\u00f8nner", "Troms\u00f8 Havn KF", "Ola Hansen",
    "Vestkyst Kran AS", "\u00d8stfold Elektro", "Sm\u00e5 & Store Bedrifter",
    "Lofoten Fisk AS", "Telemark Stillas AS", "Per \"Pelle\" Olsen",
)
NASTY = (
    "O'Reilly's \"quoted\" `course`", "back\\slash \\n \\u0041 C:\\temp\\",
    "emoji \U0001f600\U0001f1f3\U0001f1f4 \U0001f468\u200d\U0001f692",
    "line one\nline two\r\nline three\ttab",
    "combining e\u0301 a\u030a o\u0308",
    "50 % rabatt %s %d %% %20", "<b>HTML</b> &amp; <script>x()</script>",
    "Sv\u00e6rt lang tittel " * 40, "12345678901234567890", "007",
    "\u202e\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "'; DROP TABLE courses; --", "{\"json\": [1, null]}", "null", "NULL",
    "  leading and trailing  ", "\u200b", "\u2028\u2029 separators", "\\N",
    "\ufeffBOM", "\U0010fffd", "\u007f\u0080\u009f", "a,b;c|d", "-1", "1e5",
    "true", "\u0130i\u0131I \u00df\u1e9e", "$1 {} [] () * ?", "../../etc",
)
SUBJECTS = (
    "Truckf\u00f8rer", "F\u00f8rstehjelp", "Varme arbeider",
    "Arbeid i h\u00f8yden", "HMS for ledere", "Prosjektledelse", "Excel",
    "Arbeidsrett", "Kranf\u00f8rer", "Stillasbygging", "Brannvern",
    "Fallsikring", "Maskinf\u00f8rer", "Elsikkerhet", "Sveising",
    "Yrkesdykking", "Kjemikalieh\u00e5ndtering", "Kommunikasjon",
    "Regnskap", "L\u00f8nn og frav\u00e6r", "Verneombud", "Lift", "Stropp og "
    "signal", "Redningsb\u00e5t", "Personvern (GDPR)",
)
VARIANTS = (
    "grunnkurs", "videreg\u00e5ende", "repetisjon", "e-l\u00e6ring", "fagdag",
    "sertifisering", "for nybegynnere", "instrukt\u00f8rkurs", "p\u00e5 "
    "engelsk", "kveldskurs", "bedriftsinternt", "\u2013 intensiv",
)
FIRST_NAMES = (
    "Kari", "Ola", "Ingrid", "Lars", "Anne", "Per", "Solveig", "H\u00e5kon",
    "\u00c5se", "\u00d8yvind", "Marit", "Bj\u00f8rn", "Sigrid", "Magnus",
    "Gro", "Trygve", "S\u00f8lvi",
)
LAST_NAMES = (
    "Hansen", "Johansen", "Olsen", "Larsen", "Andersen", "Nilsen", "B\u00f8e",
    "Kristiansen", "Haugen", "S\u00e6ther", "\u00d8deg\u00e5rd", "Moen",
    "Str\u00f8m", "Bakken", "Solberg", "Dahl", "L\u00f8vland", "Lie",
    "\u00c5s",
)
TRADES = (
    "Bygg", "Elektro", "R\u00f8r", "Transport", "Sj\u00f8mat", "Kran", "Data",
    "Regnskap", "Renhold", "Maskin", "Skogdrift", "Hotell", "Skole",
)
COMPANY_FORMS = ("AS", "ASA", "ANS", "KF", "SA", "DA")
STREETS = (
    "Storgata", "Kirkegata", "Skolegata", "Sj\u00f8gata", "Havnegata",
    "B\u00e6kkefaret", "\u00d8vre M\u00f8llenberg gate", "Strandveien",
)
TOWNS = (
    ("0181", "Oslo"), ("5003", "Bergen"), ("7030", "Trondheim"),
    ("9008", "Troms\u00f8"), ("4006", "Stavanger"), ("6002", "\u00c5lesund"),
    ("8006", "Bod\u00f8"), ("1606", "Fredrikstad"), ("3916", "Porsgrunn"),
)

TEXTS = ("text_lead", "text_description", "text_place", "text_prerequisites",
         "text_duration", "text_credits", "text_submissions",
         "text_hotel_info", "text_audience")
CONTACT_FIELDS = ("email_booking", "email_more_info", "external_booking_url",
                  "external_more_info_url")


def titled(titles, number, word):
    """{id, title} of a number that may have no known title."""
    return {"id": number, "title": titles.get(number, "%s %d"
                                              % (word, number))}


def language(code):
    """{id, title} of a language code."""
    return {"id": code, "title": LANGUAGES.get(code, code)}


def unit(number):
    """A unit of duration."""
    code, title, plural = UNITS[number]
    return {"id": number, "code": code, "title": title,
            "title_plural": plural}


def status(number):
    """The status object of a date."""
    return {"id": number, "idType": number, "title": STATUSES[number]}


def country(code):
    """The country object of an ISO code."""
    number, title = COUNTRIES[code]
    return {"id": number, "title": title, "code": code}


def place(number):
    """The place object of an id, without the date's own addition."""
    for row in PLACES:
        if row[0] == number:
            return dict(zip(("id", "title", "parent_id", "parent_title"), row))
    raise ValueError(number)


@functools.lru_cache(None)
def location(number):
    """The location object (section 5.4) of an id; shared by its dates."""
    row = next((row for row in LOCATIONS if row[0] == number), None)
    if row is None:
        raise ValueError(number)
    _, title, address, zipcode, city, place_id, lat, lng, capacity = row
    full_address = ", ".join(filter(None, (address, zipcode + " " + city)))
    return {
        "id": number, "title": title, "custom_title": None,
        "address": address, "address2": "", "address3": None,
        "zipcode": zipcode, "city": city, "state": None, "county": None,
        "idCountry": 1, "country": "Norway",
        "country_code": "NO" if city else "", "idPlace": place_id,
        "lat": lat, "lng": lng, "timezone": "Europe/Oslo",
        "long_text": "<p>Kaffe og lunsj er inkludert. Parkering i "
        "n\u00e6rmeste gate.</p>" if city else None,
        "short_text": None, "short_text_2": None,
        "capacity_min": None, "capacity_max": capacity,
        "capacity_overbook": None, "capacity_budget": None,
        "capacity_wait": None, "idInstructor": None, "email_booking": None,
        "email_moreinfo": None, "is_default": number == 801,
        "is_archived": None, "is_virtual": not city,
        "cancellation_days": None, "notification_days": None,
        "notification_role": None, "is_notification_enabled": None,
        "full_address": full_address.strip(), "filtered_places": [],
    }


def instructor(number):
    """The instructor object (section 5.5) of an id."""
    first = FIRST_NAMES[number % len(FIRST_NAMES)]
    last = LAST_NAMES[number % len(LAST_NAMES)]
    return {
        "id": number, "title": None, "name": first,
        "fullname": first + " " + last, "phone": None, "company": None,
        "position": "Instrukt\u00f8r",
        "email": "instructor%d@frontcore.example" % number,
        "is_archived": False,
    }


def seats(capacity, booked, waiting=0):
    """The seats object and seats_status; integers and strings mixed."""
    free = max(0, capacity - booked)
    unconfirmed = booked // 4
    return {
        "allocated_capacity": {"num": capacity, "num_overbooked": "0",
                               "num_waiting": str(waiting)},
        "free": {"num": free, "num_waiting": waiting},
        "booking_status": {"num": booked,
                           "num_confirmed": booked - unconfirmed,
                           "num_unconfirmed": unconfirmed, "num_waiting": 0},
    }, "open" if free else "fully_booked"


def slug(title):
    """The part of a URL that kursguiden.no would make of a title."""
    return re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-")[:80]


def kursguiden(title):
    """A course's page."""
    return "https://www.kursguiden.no/kurs/%s/" % slug(title)


def blank_course():
    """A course as POST with nothing but defaults would store it."""
    row = {
        "id": None, "title": "", "reference": None, "is_active": True,
        "type": "public", "kursguiden_url": "", "is_full_time": False,
        "is_part_time": False, "lessons_hours": None,
        "level": titled(LEVELS, 6, "Level"),
        "form_of_teaching": titled(FORMS, 1, "Form"),
        "teaching_language": language("no"), "time_of_day": None,
        "duration": None,
        "price": {"value": 0, "currency": "NOK", "comment": None},
        "categories": None, "tags": [], "visit_address": "",
        "visit_address2": "", "visit_zipcode": "", "visit_city": "",
        "custom_properties": None, "description_languages": ["no"],
    }
    row.update(dict.fromkeys(TEXTS + CONTACT_FIELDS))
    row.update(created_at=None, updated_at=None)
    return row


def blank_date():
    """A course date as POST with nothing but defaults would store it."""
    counts, openness = seats(0, 0)
    return {
        "coursedate_id": None, "course_id": None, "title": None,
        "start_at": None, "start_time_at": None, "end_at": None,
        "end_time_at": None, "timezone": None, "deadline_at": None,
        "place": {"title_additional_info": None}, "event_url": "",
        "location": None, "is_virtual": False, "is_visible": True,
        "teaching_language": language("no"), "kursguiden_url": "",
        "visible_when_passed_deadline": True, "reference": None,
        "parent_id": None, "trigger_value": None, "seats_status": openness,
        "seats": counts, "gatherings": [], "course": None,
        "custom_properties": None, "status": status(1), "created_at": None,
        "updated_at": None, "deleted_at": None, "contacts": [],
        "instructors": [],
    }


def blank_address():
    """One of a customer's three addresses."""
    return dict.fromkeys(("address", "address_2", "address_3", "zipcode",
                          "city"))


def blank_customer():
    """A customer as POST with nothing but defaults would store it."""
    row = dict.fromkeys((
        "id", "title", "department", "phone", "fax", "email", "webaddress",
        "orgnr", "invoice_email", "customer_reference_id",
        "customer_reference", "note", "turnover", "idParentCustomer"))
    row.update(
        invoice_method="electronic", country=country("NO"), status="Active",
        type="Company", duedate_days=14, seller=None,
        invoice_address=blank_address(), post_address=blank_address(),
        visit_address=blank_address(), custom_properties=None,
        employees=[], created_at=None, updated_at=None)
    return row


# ---------------------------------------------------------------------------
# Generated rows
# ---------------------------------------------------------------------------

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
        """The four tables of the account."""
        times = {"created": self.created, "updated": self.updated}
        return {
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
    """A gathering (section 5.5)."""
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
        self.now = world.now

    def tick(self):
        """The moment of a write."""
        moment = stamp(self.now)
        self.now += 1
        return moment


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


# ---------------------------------------------------------------------------
# Rows as the endpoints show them
# ---------------------------------------------------------------------------

COURSE_NESTED_HIDES = frozenset(TEXTS + CONTACT_FIELDS + (
    "description_languages", "created_at", "updated_at"))
COURSE_THIN_HIDES = frozenset(TEXTS + (
    "custom_properties", "created_at", "updated_at"))
DATE_FULL_HIDES = frozenset(("course_id", "instructors"))
DATE_FLAT_HIDES = frozenset(("course", "location", "place", "status",
                             "instructors", "created_at", "updated_at"))
# What section 5.6 names of a flat item.
DATE_FLAT_LISTED = frozenset((
    "coursedate_id", "course_id", "location_id", "place_id", "status_id",
    "course", "location", "place", "start_at", "start_time_at", "end_at",
    "end_time_at", "timezone", "deadline_at", "is_virtual", "is_visible",
    "visible_when_passed_deadline", "reference", "parent_id",
    "trigger_value", "seats_status", "seats", "custom_properties",
    "deleted_at", "created_at", "updated_at"))
MOMENTS = frozenset(("created_at", "updated_at", "deleted_at"))
TIME_OF_DATE = {"start_at": "start_time_at", "end_at": "end_time_at",
                "deadline_at": ""}
EMPTY_PROPERTIES = {"null": None, "array": [], "object": {}}
BOOLEAN_TEXTS = {"strings": ("0", "1"), "numbers": (0, 1)}


def without(row, hidden):
    """A copy of a row without some of its keys."""
    return {key: value for key, value in row.items() if key not in hidden}


def product(course):
    """What include[]=products shows of a course (section 13)."""
    return {
        "id": 100000 + course["id"], "title": course["title"],
        "price": get_path(course, "price.value"),
        "currency": {"id": 1, "title": "NOK", "long_title": "Norske kroner"},
        "id_relation": course["id"], "id_type": 2, "item_number": "1000",
        "is_archived": False, "is_deleted": False, "is_main_price": True,
        "created_at": course["created_at"],
        "updated_at": course["updated_at"],
    }


RELATIONS = {
    "products": lambda course: [product(course)],
    "labels": lambda course: [{"id": 1 + course["id"] % 3,
                               "title": "Merke %d" % (course["id"] % 3)}],
    "provider": lambda course: {"id": 900, "title": "Demokurs AS"},
}


def show_texts(view, where, chosen_language=None):
    """Put the texts where the switch course_texts wants them."""
    texts = {name: view.pop(name, None) for name in TEXTS}
    languages = view.get("description_languages") or []
    if chosen_language in languages[1:]:
        texts = {name: text and "[%s] %s" % (chosen_language, text)
                 for name, text in texts.items()}
    if where == "top":
        view.update(texts)
    elif where != "absent":
        view[where] = texts


class Viewer:
    """The shapes of section 4 to 6, with the switches applied."""

    def __init__(self, switches):
        self.switches = switches
        self.is_adapted = any(
            switches[name] != Switches.parse(name, Switches.table[name][0])
            for name in ("numeric_strings", "booleans", "props_empty",
                         "timestamps", "titles", "date_time_part"))

    def course(self, tables, row, shape, include=(), text_language=None):
        """A course as list or item."""
        switches = self.switches
        thin = shape == "list" and switches["course_list"] == "thin"
        view = without(row, COURSE_THIN_HIDES if thin else ())
        if not thin:
            show_texts(view, switches["course_texts"], text_language)
        if shape == "item" or switches["course_includes"] == "everywhere":
            view.update((name, RELATIONS[name](row)) for name in include)
        elif "provider" in include:
            view["provider"] = RELATIONS["provider"](row)
        return self.adapt(view)

    def date(self, tables, row, shape, include=(), text_language=None):
        """A course date as flat, list or item."""
        course = tables["courses"].get(row["course_id"])
        if course is None:
            course = {"id": row["course_id"], "title": row["title"]}
        make = self.flat_date if shape == "flat" else self.full_date
        view = make(row, course, shape, include)
        if "title" in view and view["title"] is None:
            view["title"] = course["title"]
        if self.switches["date_time_part"] == "yes":
            for name, source in TIME_OF_DATE.items():
                if view.get(name):
                    view[name] += " " + (view.get(source) or "00:00:00")
        return self.adapt(view)

    def full_date(self, row, course, shape, include):
        """Section 5.3."""
        view = without(row, DATE_FULL_HIDES)
        view["course"] = without(course, COURSE_NESTED_HIDES)
        if "course.products" in include:
            view["course"]["products"] = [product(course)]
        if "instructors" in include and (
                shape == "item"
                or self.switches["include_instructors"] == "everywhere"):
            view["instructors"] = row["instructors"]
        return view

    def flat_date(self, row, course, shape, include):
        """Section 5.6."""
        view = without(row, DATE_FLAT_HIDES)
        view.update((name + "_id", get_path(row, name + ".id"))
                    for name in ("location", "place", "status"))
        if self.switches["list_timestamps"] == "present":
            view.update(created_at=row["created_at"],
                        updated_at=row["updated_at"])
        if self.switches["flat_keys"] == "listed":
            view = {key: value for key, value in view.items()
                    if key in DATE_FLAT_LISTED}
        if "course" in include:
            view["course"] = without(course, COURSE_NESTED_HIDES)
        if "location" in include:
            view["location"] = row["location"]
        if "place" in include:
            view["place"] = dict(row["place"])
            if "id" in view["place"]:
                view["place"]["id"] = str(view["place"]["id"])
        return view

    def customer(self, tables, row, shape, include=(), text_language=None):
        """A customer; employees when asked for or private (6.1)."""
        hidden = ("employees",)
        if "employees" in include or row["type"] == "Private":
            hidden = ()
        return self.adapt(without(row, hidden))

    def contact(self, tables, row, shape, include=(), text_language=None):
        """A contact (6.4)."""
        return self.adapt(dict(row))

    def adapt(self, view):
        """Apply the switches that change how values are written."""
        return self.rewrite(view, "", 0) if self.is_adapted else view

    def rewrite(self, value, key, depth):
        """One value, recursively."""
        switches = self.switches
        if key == "custom_properties" and not value:
            return EMPTY_PROPERTIES[switches["props_empty"]]
        if isinstance(value, dict):
            return {name: self.rewrite(inner, name, depth + 1)
                    for name, inner in value.items()}
        if isinstance(value, list):
            return [self.rewrite(inner, key, depth + 1) for inner in value]
        if isinstance(value, bool):
            if switches["booleans"] == "json":
                return value
            return BOOLEAN_TEXTS[switches["booleans"]][value]
        if isinstance(value, (int, float)):
            if switches["numeric_strings"] == "all":
                return str(value)
        elif isinstance(value, str):
            if key in MOMENTS and switches["timestamps"] == "naive":
                return value[:19].replace("T", " ")
            if switches["titles"] == "no" and (
                    key in ("status", "type") if depth == 1
                    else key in ("title", "title_plural", "country")):
                return NORWEGIAN.get(value, value)
        return value


# ---------------------------------------------------------------------------
# Fields that can be written
# ---------------------------------------------------------------------------

REQUIRED = object()


def check_text(value):
    """Any string."""
    if not isinstance(value, str):
        raise ValueError(value)
    return value


def check_title(value):
    """A string that is not empty."""
    if not check_text(value):
        raise ValueError(value)
    return value


def check_boolean(value):
    """true, false, 1 or 0, also as text."""
    return {"1": True, "true": True, "0": False, "false": False}[
        str(value).lower()]


def check_integer(value):
    """An integer below 2^31, also as text."""
    if isinstance(value, bool) or not re.fullmatch(
            r"-?\d{1,10}", str(value)) or abs(int(value)) >= 1 << 31:
        raise ValueError(value)
    return int(value)


def check_positive(value):
    """An integer of at least one."""
    if check_integer(value) < 1:
        raise ValueError(value)
    return int(value)


def check_date(value):
    """yyyy-mm-dd."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", check_text(value), re.A):
        raise ValueError(value)
    return datetime.date.fromisoformat(value).isoformat()


def check_time(value):
    """hh:mm, which reads back with seconds."""
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", check_text(value), re.A):
        raise ValueError(value)
    return value + ":00"


def check_zone(value):
    """An IANA name."""
    try:
        return zoneinfo.ZoneInfo(check_text(value)).key
    except (zoneinfo.ZoneInfoNotFoundError, OSError):
        raise ValueError(value) from None


def check_status(value):
    """1 to 4."""
    return status(check_integer(value))


def check_language(value):
    """A code of two letters."""
    if not re.fullmatch(r"[a-z]{2}", check_text(value)):
        raise ValueError(value)
    return language(value)


def check_currency(value):
    """A code of three letters."""
    if not re.fullmatch(r"[A-Z]{3}", check_text(value)):
        raise ValueError(value)
    return value


def check_instructors(value):
    """A list of ids."""
    if not isinstance(value, list):
        raise ValueError(value)
    return [instructor(check_positive(number)) for number in value]


def check_moment(entry, name, time_name):
    """yyyy-mm-dd hh:mm, or a date and the time of another field."""
    day, _, clock = check_text(entry[name]).partition(" ")
    return "%s %s" % (check_date(day),
                      check_time(clock or entry[time_name])[:5])


GATHERING_FIELDS = {"gathering_at", "gathering_end_at", "time_start",
                    "time_end", "idLocation", "description", "theme"}


def check_gatherings(value):
    """A list of objects (section 5.9)."""
    if not isinstance(value, list) or any(
            set(entry) - GATHERING_FIELDS for entry in value):
        raise ValueError(value)
    return [{
        "start": check_moment(entry, "gathering_at", "time_start"),
        "end": check_moment(entry, "gathering_end_at", "time_end"),
        "where": entry.get("idLocation") and location(
            check_positive(entry["idLocation"])),
        "theme": entry.get("theme"),
        "description": entry.get("description"),
    } for entry in value]


def set_unit(row, value):
    """The unit of a duration; none leaves the value alone."""
    set_path(row, "duration.unit", value)
    if value is None and get_path(row, "duration.value") is None:
        row["duration"] = None


def set_duration(row, value):
    """The value of a duration."""
    set_path(row, "duration.value", value)
    set_unit(row, get_path(row, "duration.unit"))


def set_place(row, value):
    """Another place; the date's own addition stays."""
    addition = get_path(row, "place.title_additional_info")
    row["place"] = dict(value or {}, title_additional_info=addition)


def search_place(row, value):
    """The first place whose title holds the text; no match, no change."""
    for number, title, *_ in PLACES:
        if value and value.lower() in title.lower():
            set_place(row, place(number))
            return


def set_location(row, value):
    """Another location, which brings the seats."""
    row["location"] = value
    row["is_virtual"] = bool(value and value["is_virtual"])
    row["seats"], row["seats_status"] = seats(
        value["capacity_max"] if value else 0,
        get_path(row, "seats.booking_status.num", 0))


def set_gatherings(row, value):
    """New gatherings instead of the old ones."""
    row["gatherings"] = [
        gathering(row["coursedate_id"], k, moment=row["updated_at"], **entry)
        for k, entry in enumerate(value)]


# name, check, path or setter, value when omitted or null
Field = collections.namedtuple("Field", "name check target default")

COURSE_FIELDS = (
    Field("title", check_title, "title", REQUIRED),
    Field("active", check_boolean, "is_active", True),
    Field("reference", check_text, "reference", None),
    Field("is_full_time", check_boolean, "is_full_time", False),
    Field("is_part_time", check_boolean, "is_part_time", False),
    Field("level", lambda value: titled(
        LEVELS, check_positive(value), "Level"), "level",
        titled(LEVELS, 6, "Level")),
    Field("form_of_teaching", lambda value: titled(
        FORMS, check_positive(value), "Form"), "form_of_teaching",
        titled(FORMS, 1, "Form")),
    Field("teaching_language", check_language, "teaching_language",
          language("no")),
    Field("time_of_day", lambda value: titled(
        TIMES_OF_DAY, check_positive(value), "Time"), "time_of_day", None),
    Field("duration_value", check_integer, set_duration, None),
    Field("duration_unit", lambda value: unit(check_integer(value)),
          set_unit, None),
    Field("price_value", check_integer, "price.value", 0),
    Field("price_currency", check_currency, "price.currency", "NOK"),
    Field("price_comment", check_text, "price.comment", None),
) + tuple(Field(name, check_text, name, None)
          for name in TEXTS + CONTACT_FIELDS)

DATE_FIELDS = (
    Field("start_at", check_date, "start_at", REQUIRED),
    Field("end_at", check_date, "end_at", REQUIRED),
    Field("deadline_at", check_date, "deadline_at", None),
    Field("start_time_at", check_time, "start_time_at", None),
    Field("end_time_at", check_time, "end_time_at", None),
    Field("timezone", check_zone, "timezone", None),
    Field("visible_when_passed_deadline", check_boolean,
          "visible_when_passed_deadline", True),
    Field("teaching_language", check_language, "teaching_language",
          language("no")),
    Field("place_by_search", check_text, search_place, None),
    Field("place_id", lambda value: place(check_integer(value)), set_place,
          None),
    Field("place_additional_info", check_text, "place.title_additional_info",
          None),
    Field("location_id", lambda value: location(check_integer(value)),
          set_location, None),
    Field("status_id", check_status, "status", status(1)),
    Field("reference", check_text, "reference", None),
    Field("instructors", check_instructors, "instructors", ()),
    Field("gatherings", check_gatherings, set_gatherings, ()),
)
# What the known page of PUT lists (section 5.10).
DATE_PUT_DOCUMENTED = frozenset((
    "start_at", "end_at", "deadline_at", "visible_when_passed_deadline",
    "teaching_language", "place_id", "place_by_search",
    "place_additional_info", "reference"))

CUSTOMER_FIELDS = (
    Field("title", check_title, "title", REQUIRED),
    Field("department", check_text, "department", None),
    Field("type", lambda value: CUSTOMER_TYPES[check_integer(value)], "type",
          "Company"),
    Field("orgnr", check_text, "orgnr", None),
    Field("email", check_text, "email", None),
    Field("phone", check_text, "phone", None),
    Field("fax", check_text, "fax", None),
    Field("web_address", check_text, "webaddress", None),
    Field("customer_reference_id", check_text, "customer_reference_id", None),
    Field("country", country, "country", country("NO")),
    Field("invoice_email", check_text, "invoice_email", None),
    Field("note", check_text, "note", None),
)

# label, id in answers, fields, PUT requires what POST does, longest key
Resource = collections.namedtuple(
    "Resource", "label answer fields put_required key_length show")
RESOURCES = {
    "courses": Resource("Course", "course_id", COURSE_FIELDS, False, 44,
                        Viewer.course),
    "course_dates": Resource("Course date", "coursedate_id", DATE_FIELDS,
                             True, 40, Viewer.date),
    "customers": Resource("Customer", "customer_id", CUSTOMER_FIELDS, False,
                          44, Viewer.customer),
    "contacts": Resource("Contact", "contact_id", (), False, 44,
                         Viewer.contact),
}


def invalid(names, what="Field"):
    """The error of section 1.2 for bad fields."""
    return ApiError(422, "%s(s) not valid: %s" % (what, ", ".join(names)))


def check_fields(fields, body, switches, is_complete):
    """Checked values of a body by field, or a 422 naming the bad ones."""
    known = {field.name for field in fields}
    bad = [name for name in body if name not in known
           and switches["unknown_field"] == "error"]
    values = {}
    for field in fields:
        value = body.get(field.name)
        if value == "" and field.check is not check_text:
            value = None
        if value is None:
            given = field.name in body
            if field.default is REQUIRED and (given or is_complete):
                bad.append(field.name)
            elif given and switches["null_clears"] == "yes":
                values[field.name] = field.default
            continue
        try:
            values[field.name] = field.check(value)
        except (ValueError, KeyError, TypeError, AttributeError):
            bad.append(field.name)
    if bad:
        raise invalid(bad)
    return values


def store_fields(row, fields, values, is_reset):
    """Put checked values into a row; reset sets the others to defaults."""
    if is_reset:
        for field in fields:
            if field.name not in values and field.default is not REQUIRED:
                store_field(row, field, field.default)
    for field in fields:
        if field.name in values:
            store_field(row, field, values[field.name])


def store_field(row, field, value):
    """Put one checked value into a row."""
    if isinstance(value, tuple):
        value = list(value)
    if callable(field.target):
        field.target(row, value)
    else:
        set_path(row, field.target, value)


def property_text(value, switches):
    """A property's value as stored; None and "" remove the key."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, (dict, list)) or switches["props_types"] != "coerce":
        raise invalid(["custom_properties"])
    return str(int(value)) if isinstance(value, bool) else str(value)


def clip_property(key, value, key_length, switches):
    """Apply the limits on lengths; None if the key is dropped."""
    if len(key) <= key_length and len(value or "") <= 255 and key:
        return key, value
    if switches["props_over"] == "error" or not key:
        raise invalid(["custom_properties"])
    if switches["props_over"] == "drop":
        return None
    return key[:key_length], value and value[:255]


def merge_properties(old, given, resource, switches, is_put):
    """The set of custom properties after a write (section 7)."""
    if given == [] or given == "":
        given = {}
    if given is not None and not isinstance(given, dict):
        raise invalid(["custom_properties"])
    merged = {}
    if is_put and switches["props_put"] == "merge":
        merged.update(old or {})
    for key, value in (given or {}).items():
        pair = clip_property(key, property_text(value, switches),
                             resource.key_length, switches)
        if pair is None:
            continue
        if pair[1] is None:
            merged.pop(pair[0], None)
        else:
            merged[pair[0]] = pair[1]
    if len(merged) > 25:
        if switches["props_over"] == "error":
            raise invalid(["custom_properties"])
        merged = dict(list(merged.items())[:25])
    return merged or None


# ---------------------------------------------------------------------------
# Queries
# ---------------------------------------------------------------------------

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


class ListOf:
    """The parser of a bracketed parameter: of ids, or of known words."""

    def __init__(self, *words):
        self.words = words

    def __call__(self, text):
        return one_of(*self.words)(text) if self.words else parse_id(text)


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
          "start_date_at": "start", "end_date_at": "end"}
# parameter -> switch that may ignore or refuse it
PARAMETER_SWITCHES = dict.fromkeys(
    [stem + end for stem in BOUNDS for end in ("_min", "_max")]
    + ["status_id"], "filters")
PARAMETER_SWITCHES.update(order_by="sort", order_direction="sort",
                          since_id="since_id", coursedate_id="id_filter")


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
            value = parse(text)
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


# ---------------------------------------------------------------------------
# Requests, answers, log, limiter
# ---------------------------------------------------------------------------

class Request:
    """One request as received."""

    def __init__(self, method, target, headers, body, arrived):
        self.method = method
        self.target = target
        self.headers = headers              # (name, value) in order
        self.fields = {name.lower(): value for name, value in headers}
        self.body = body
        self.arrived = arrived
        # A client that takes us for a proxy sends the whole URL.
        self.path, _, query = re.sub(r"^http://[^/]*", "",
                                     target).partition("?")
        self.pairs = [tuple(map(urllib.parse.unquote_plus,
                                pair.partition("=")[::2]))
                      for pair in query.split("&") if pair]
        self.account = None
        self.query = {}

    def shown(self):
        """Path and query, decoded, without the base path."""
        path = self.path
        if path.startswith(BASE + "/"):
            path = path[len(BASE):]
        path = urllib.parse.unquote(path)
        if self.pairs:
            path += "?" + "&".join("%s=%s" % pair for pair in self.pairs)
        return printable(path)

    def accepts_gzip(self):
        """Whether Accept-Encoding names gzip."""
        return "gzip" in self.fields.get("accept-encoding", "")

    def shown_body(self):
        """A write's body on one line; forms are decoded."""
        if not self.body:
            return ""
        kind = self.fields.get("content-type", "")
        if kind.startswith("multipart/form-data"):
            return "&".join("%s=%s" % pair
                            for pair in multipart_pairs(kind, self.body))
        text = self.body.decode("utf-8", "backslashreplace")
        if "urlencoded" in kind:
            text = urllib.parse.unquote_plus(text)
        return printable(text)


def printable(text):
    """Text on one line."""
    return re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]",
                  lambda match: "\\x%02x" % ord(match[0]), text)


class Response:
    """One answer."""

    def __init__(self, status=200, body=b"", kind="application/json",
                 headers=()):
        self.status = status
        self.body = body
        self.kind = kind
        self.encoding = None
        self.headers = list(headers)

    @classmethod
    def of(cls, value, status=200, headers=()):
        """A JSON answer."""
        return cls(status, encode(value), headers=headers)

    @classmethod
    def html(cls, status):
        """What a web server in front of the API says."""
        page = HTML.format("%d %s" % (status, reason(status)))
        return cls(status, page.encode(), "text/html; charset=utf-8")

    def compress(self):
        """Encode the body with gzip, once."""
        if self.encoding is None and len(self.body) >= 200:
            packer = zlib.compressobj(1, zlib.DEFLATED, 31)
            self.body = packer.compress(self.body) + packer.flush()
            self.encoding = "gzip"

    def copy(self):
        """An uncompressed answer of its own, for a fault to change."""
        body = self.body
        if self.encoding:
            body = zlib.decompress(body, 31)
        return Response(self.status, body, self.kind, self.headers)


def reason(code):
    """The reason phrase of a status."""
    return REASONS.get(code, "Status %d" % code)


class Entry:
    """One line of the log."""

    def __init__(self, request, ledger, connection):
        self.request = request
        self.ledger = ledger
        self.connection = connection
        self.key_id, self.account, self.permission = KEYS.get(
            request.fields.get("x-api-key"),
            ("unknown" if "x-api-key" in request.fields else "missing",
             None, None))
        self.target = request.shown()
        self.status = None          # a number, or the fault that ate it
        self.done = None            # when the last byte was about to go
        self.is_open = True
        self.is_held = False

    def line(self):
        """As --log prints it."""
        text = "%s %s" % (self.request.method, self.target)
        if self.status and str(self.status)[0] != "2":
            text += " %s" % self.status
        body = self.request.shown_body()
        return text + (" " + body if body else "")

    def arrival(self):
        """As --arrivals prints it."""
        return [self.request.arrived, self.account, self.request.method,
                self.target, self.status, self.connection, self.key_id,
                self.done]

    def full(self):
        """As GET /_mock/log?full=1 answers it; without the key."""
        headers = [(name, self.key_id if name.lower() == "x-api-key"
                    else value) for name, value in self.request.headers]
        return {"method": self.request.method, "target": self.target,
                "raw_target": self.request.target, "status": self.status,
                "headers": headers, "body": self.request.shown_body(),
                "connection": self.connection, "account": self.account,
                "key_id": self.key_id}


class Ledger:
    """What happened since the last reset."""

    def __init__(self):
        self.entries = []
        self.printed = 0            # entries that --log has shown
        self.throttled = 0
        self.connections = set()
        self.in_flight = collections.Counter()
        self.max_in_flight = {}
        self.limiters = collections.defaultdict(Limiter)

    def open(self, entry):
        """Count a request in."""
        self.entries.append(entry)
        self.connections.add(entry.connection)
        name = entry.account or "none"
        self.in_flight[name] += 1
        self.max_in_flight[name] = max(self.max_in_flight.get(name, 0),
                                       self.in_flight[name])

    def close(self, entry):
        """Count a request out."""
        if entry.is_open:
            entry.is_open = False
            self.in_flight[entry.account or "none"] -= 1

    def is_busy(self):
        """Whether a request is being answered."""
        return any(list(self.in_flight.values()))

    def stats(self):
        """As --stats prints it."""
        return {"requests": len(self.entries), "throttled": self.throttled,
                "max_in_flight": self.max_in_flight,
                "connections": len(self.connections),
                "in_flight": sum(self.in_flight.values()),
                "held": self.held()}

    def held(self):
        """How many requests are being held back right now."""
        return sum(entry.is_held for entry in self.entries if entry.is_open)


# limit, its interval in seconds, what is left of it, seconds until it resets
Allowance = collections.namedtuple("Allowance", "limit span remaining reset")


class Limiter:
    """The limits of one account; every arrival counts, refused ones too."""

    def __init__(self):
        self.arrivals = collections.deque()
        self.minute = (-1e9, 0)     # its beginning, its arrivals

    def admit(self, now, switches):
        """The tightest Allowance after this arrival, None without limits."""
        allowances = []
        if switches["rate"]:
            allowances.append(self.count_second(now, switches))
        if switches["rate_minute"]:
            allowances.append(self.count_minute(now, switches))
        return min(allowances, key=lambda each: (
            each.remaining >= 0, -each.span), default=None)

    def count_second(self, now, switches):
        """At most 5 in 1 s; 2.5 are 2 in 0.8 s, 0.5 are 1 in 2 s."""
        limit = max(1, int(switches["rate"]))
        span = limit / switches["rate"]
        is_fixed = switches["rate_window"] == "fixed"
        start = now - (now % span if is_fixed else span)
        while self.arrivals and (self.arrivals[0] < start or (
                self.arrivals[0] == start and not is_fixed)):
            self.arrivals.popleft()
        self.arrivals.append(now)
        begin = start if is_fixed else self.arrivals[0]
        return Allowance(limit, span, limit - len(self.arrivals),
                         begin + span - now)

    def count_minute(self, now, switches):
        """A window that begins with its first request."""
        limit, span = switches["rate_minute"], switches["minute_seconds"]
        begin, count = self.minute
        if now >= begin + span:
            begin, count = now, 0
        self.minute = (begin, count + 1)
        return Allowance(limit, span, limit - count - 1, begin + span - now)


def instant(style, offset):
    """The wall clock's time, offset by seconds, as a header writes it."""
    now = time.time() + offset
    if style == "epoch":
        return str(int(-(-now // 1)))
    moment = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
    if style == "iso":
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


def rate_headers(allowance, switches):
    """The headers of a request that passed."""
    style, skew = switches["rate_headers"], switches["clock_skew"]
    if style == "none" or allowance is None:
        return []
    limit, span, remaining, reset = allowance
    seconds = str(int(-(-reset // 1)))
    interval = "1m" if span == 60 else "%ds" % max(1, span)
    prefix, limit, reset = {
        "core": ("X-Rate-Limit-", interval, instant("iso", reset + skew)),
        "ietf": ("RateLimit-", str(limit), seconds),
        "github": ("X-RateLimit-", str(limit),
                   instant("epoch", reset + skew)),
    }[style]
    return [(prefix + "Limit", limit), (prefix + "Remaining", str(remaining)),
            (prefix + "Reset", reset)]


def throttled(allowance, switches):
    """The 429."""
    wait = str(max(1, int(-(-allowance.reset // 1))))
    if switches["throttle"] == "empty":
        return Response(429, kind="text/html")
    if switches["throttle"] == "text":
        text = ("API calls quota exceeded! maximum admitted %d per %ds."
                % (allowance.limit, allowance.span))
        return Response(429, text.encode(), "text/plain",
                        [("Retry-After", wait)])
    return Response.of({"error": "Too many requests"}, 429,
                       [("Retry-After", wait)])


# ---------------------------------------------------------------------------
# Bodies
# ---------------------------------------------------------------------------

def refuse_duplicates(pairs):
    """An object hook that refuses a key given twice."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("duplicate key")
    return value


def refuse_constant(text):
    """JSON has no NaN."""
    raise ValueError(text)


def parse_json(body):
    """A JSON object, or a 400."""
    try:
        value = json.loads(body.decode("utf-8"),
                           object_pairs_hook=refuse_duplicates,
                           parse_constant=refuse_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise ApiError(400, "Invalid JSON") from None
    if not isinstance(value, dict):
        raise ApiError(400, "Invalid JSON: not an object")
    return value


def multipart_pairs(kind, body):
    """Names and values of multipart/form-data."""
    match = re.search(r'boundary="?([^";]+)', kind)
    parts = body.split(b"--" + match[1].encode()) if match else []
    pairs = []
    for part in parts[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        if name:
            pairs.append((name[1].decode(), value[:-2].decode()))
    return pairs


def nest_pairs(pairs):
    """What PHP makes of a[b]=v and a[]=v."""
    root = {}
    for name, value in pairs:
        first, *rest = re.findall(r"^[^\[]+|\[[^\]]*\]", name) or [name]
        target, key = root, first
        for part in rest:
            target = target.setdefault(key, {})
            if not isinstance(target, dict):
                raise ApiError(400, "Invalid form")
            key = part[1:-1] or str(len(target))
        target[key] = value
    return {name: as_list(value) for name, value in root.items()}


def as_list(value):
    """A dict with the keys 0, 1, ... as the list that PHP has."""
    if not isinstance(value, dict):
        return value
    value = {key: as_list(inner) for key, inner in value.items()}
    if list(value) == [str(number) for number in range(len(value))]:
        return list(value.values())
    return value


def parse_form(body):
    """An urlencoded body."""
    return nest_pairs(urllib.parse.parse_qsl(
        body.decode("utf-8"), keep_blank_values=True, strict_parsing=True,
        errors="strict"))


def parse_body(request, accepted):
    """The fields of a write's body, by its Content-Type."""
    full_kind = request.fields.get("content-type", "")
    kind = full_kind.partition(";")[0].strip().lower()
    if not request.body:
        raise ApiError(400, "Body missing")
    try:
        if kind == "application/json" and accepted != "form":
            return parse_json(request.body)
        if kind == "application/x-www-form-urlencoded" and accepted != "json":
            return parse_form(request.body)
        if kind == "multipart/form-data" and accepted != "json":
            return nest_pairs(multipart_pairs(full_kind, request.body))
    except ValueError:
        raise ApiError(400, "Invalid body") from None
    raise ApiError(415, "Content type not supported: " + kind)


# ---------------------------------------------------------------------------
# The API
# ---------------------------------------------------------------------------

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
          include=ListOf("course", "location", "place")),
     "coursedates_list"),
    ("/nextcoursedates", "GET", "list_next_dates", {}, None),
    ("/customers", "GET", "list_customers", dict(PAGING, **EMPLOYEES), None),
    ("/customers", "POST", "create_customer", {}, None),
    ("/customers/contacts", "GET", "list_contacts",
     dict(PAGING, customer_id=parse_id), None),
    ("/customers/:id", "GET", "show_customer", EMPLOYEES, None),
    ("/customers/:id", "PUT", "update_customer", {}, "customer_put"),
    ("/customers/:id", "DELETE", "delete_customer", {}, "customer_delete"),
)
ROUTES = tuple(
    (re.compile(path.replace(":id", r"(0|[1-9]\d{0,18})")), *rest)
    for path, *rest in ENDPOINTS)


class Api:
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
        try:
            return self.dispatch(request, entry)
        except ApiError as error:
            status = error.status
            if (self.switches["error_status"] == "200"
                    and status in HIDDEN_STATUSES):
                status = 200
            return Response.of({"error": error.text}, status, error.headers)
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
                        [int(text) for text in match.groups()])
        if not allowed:
            raise ApiError(404, "Unknown resource")
        raise ApiError(405, "Method not allowed",
                       Allow=", ".join(filter(None, allowed)))

    # -- reading -------------------------------------------------------------

    def page(self, ids, query, default_limit):
        """The ids of the page asked for, and the number of the next one."""
        switches = self.switches
        limit, page = query.get("limit", default_limit), query.get("page", 1)
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
        ids, next_page = self.page(ids, query, 75)
        items = b",".join(self.items(request, "course_dates", ids, "flat"))
        pagination = encode({"current_page": query.get("page", 1),
                             "next_page": next_page})
        return Response(200, b'{"pagination":%s,"items":[%s]}'
                        % (pagination, items))

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

    # -- writing -------------------------------------------------------------

    def create_course(self, request):
        """POST /courses"""
        return self.create(request, "courses")

    def create_customer(self, request):
        """POST /customers"""
        return self.create(request, "customers")

    def create_date(self, request, course_id):
        """POST /courses/:id/coursedates"""
        course = request.account.tables["courses"].get(course_id)
        if course is None:
            raise ApiError(404, "Course not found")
        return self.create(request, "course_dates", course_id=course_id,
                           kursguiden_url=course["kursguiden_url"])

    def create(self, request, name, **given):
        """Store a new row."""
        table = request.account.tables[name]
        body = parse_body(request, self.switches["body"])
        row = dict(table.blank(), **given)
        row[table.key] = table.last_id + 1
        self.store(request, name, row, body, is_put=False)
        row["created_at"] = row["updated_at"]
        table.add(row)
        return self.written(request, name, row,
                            int(self.switches["post_status"]))

    def update_course(self, request, number):
        """PUT /courses/:id"""
        return self.update(request, "courses", number)

    def update_customer(self, request, number):
        """PUT /customers/:id"""
        return self.update(request, "customers", number)

    def update_date(self, request, course_id, number):
        """PUT /courses/:id/coursedates/:id"""
        if self.find_date(request, course_id, number) is None:
            raise ApiError(404, "Course date not found")
        return self.update(request, "course_dates", number)

    def update(self, request, name, number):
        """Change a row; a refused request changes nothing."""
        table = request.account.tables[name]
        row = copy.deepcopy(table.get(number))
        if row is None:
            raise ApiError(404, RESOURCES[name].label + " not found")
        body = parse_body(request, self.switches["body"])
        self.store(request, name, row, body, is_put=True)
        table.written[number] = row
        return self.written(request, name, row, 200)

    def store(self, request, name, row, body, is_put):
        """Check a body and put it into a row."""
        resource, switches = RESOURCES[name], self.switches
        fields = resource.fields
        if (name == "course_dates" and is_put
                and switches["date_put_fields"] == "documented"):
            fields = [field for field in fields
                      if field.name in DATE_PUT_DOCUMENTED]
            if "custom_properties" in body:
                raise invalid(["custom_properties"])
        properties = self.new_properties(name, row, body, is_put)
        body = without(body, ("custom_properties",))
        values = check_fields(fields, body, switches,
                              not is_put or resource.put_required)
        self.check_rules(request, name, row, body, is_put)
        row["updated_at"] = request.account.tick()
        store_fields(row, fields, values, is_put and self.resets(name))
        row["custom_properties"] = properties
        if name == "courses":
            row["kursguiden_url"] = kursguiden(row["title"])
        if not is_put and "deadline_at" in row and not body.get(
                "deadline_at"):
            row["deadline_at"] = row["start_at"]

    def resets(self, name):
        """Whether a PUT resets what it omits."""
        return (name == "course_dates"
                and self.switches["date_put"] == "reset"
                or name == "customers"
                and self.switches["customer_put_omitted"] == "reset")

    def new_properties(self, name, row, body, is_put):
        """The custom properties that a write leaves."""
        old = row["custom_properties"]
        if "custom_properties" not in body:
            return None if is_put and self.resets(name) else old
        if name == "courses" and self.switches["course_props"] != "stored":
            if self.switches["course_props"] == "error":
                raise invalid(["custom_properties"])
            return old
        return merge_properties(old, body["custom_properties"],
                                RESOURCES[name], self.switches, is_put)

    def check_rules(self, request, name, row, body, is_put):
        """What a single field cannot tell."""
        if name == "courses" and not is_put:
            table = request.account.tables[name]
            mark = title_mark(body["title"])
            if any(table.get(number)["title"] == body["title"]
                   for number in table.select((("active", 1, 1),
                                               ("title", mark, mark)))):
                raise ApiError(422, "An active course with this title exists")
        if (name == "course_dates" and self.switches["date_order"]
                == "checked" and body["end_at"] < body["start_at"]):
            raise invalid(["end_at"])

    def written(self, request, name, row, status):
        """The answer to a POST or PUT."""
        table = request.account.tables[name]
        return Response.of(self.write_answer(
            request, name, row, table.key, self.switches["write_answer"]),
            status)

    def write_answer(self, request, name, row, key, rule):
        """Ids, one id, or the object."""
        if rule == "object":
            return RESOURCES[name].show(
                self.viewer, request.account.tables, row, "item")
        ids = {"id" if rule == "id" else RESOURCES[name].answer: row[key]}
        if rule == "ids" and name == "course_dates":
            ids["course_id"] = row["course_id"]
        return self.viewer.adapt(ids)

    def delete_course(self, request, number):
        """DELETE /courses/:id: its dates are deleted, too"""
        answer = self.delete(request, "courses", number)
        dates = request.account.tables["course_dates"]
        for date_id in dates.select((("deleted", 0, 0),),
                                    ("course_id", (number,))):
            dates.edit(date_id)["deleted_at"] = stamp(request.account.now - 1)
        return answer

    def delete_customer(self, request, number):
        """DELETE /customers/:id"""
        return self.delete(request, "customers", number)

    def delete_date(self, request, course_id, number):
        """DELETE /courses/:id/coursedates/:id: the row stays, hidden"""
        row = self.find_date(request, course_id, number)
        if row is None or row["deleted_at"] is not None:
            raise ApiError(404, "Course date not found")
        return self.delete(request, "course_dates", number)

    def delete(self, request, name, number):
        """Delete a row and answer."""
        table = request.account.tables[name]
        row = copy.deepcopy(table.get(number))
        if row is None:
            raise ApiError(404, RESOURCES[name].label + " not found")
        row["deleted_at"] = request.account.tick()
        if name == "course_dates":
            table.written[number] = row
        else:
            table.remove(number)
        rule = self.switches["delete_answer"]
        if rule == "empty":
            return Response(204)
        return Response.of(self.write_answer(request, name, row, table.key,
                                             rule))


def sort_ids(table, ids, order_by, direction):
    """Ids, given in ascending order, in the order asked for."""
    if order_by == "startdate":
        sign = -1 if direction == "desc" else 1
        return sorted(ids, key=lambda number: sign * table.fact(
            "start", number))
    return ids[::-1] if direction == "desc" else ids


# ---------------------------------------------------------------------------
# Faults
# ---------------------------------------------------------------------------

FAULT_NAMES = [name for name, _ in doc_table("Faults")] + ["kind"]
NUMERIC_FAULTS = {name for name, value in doc_table("Faults")
                  if value in ("CODE", "MS", "RATE", "BYTES", "S", "MB", "N")}


class Fault:
    """One line of --fault."""

    def __init__(self, spec):
        self.actions = {}
        headers = []
        try:
            words = shlex.split(spec)
        except ValueError as error:
            raise MockError("bad fault: %s" % error) from None
        for word in words:
            name, _, value = word.partition("=")
            if name == "kind":
                name, value = value, self.actions.get(value, "")
            if name not in FAULT_NAMES:
                raise MockError("unknown fault %s; valid: %s"
                                % (name, ", ".join(FAULT_NAMES)))
            if name == "header":
                headers.append(tuple(map(str.strip,
                                         value.partition(":")[::2])))
            elif value or name not in self.actions:
                self.actions[name] = value
        if headers:
            self.actions["header"] = headers
        try:
            self.pattern = re.compile(self.actions.pop("match", ""))
            self.skip = int(self.actions.pop("skip", 0))
            count = int(self.actions.pop("count", 1))
            for name in NUMERIC_FAULTS & self.actions.keys():
                float(self.actions[name] or 0)
        except (re.error, ValueError) as error:
            raise MockError("bad fault: %s" % error) from None
        self.left = count or sys.maxsize

    def take(self, target):
        """Its actions, if it applies to this request."""
        if not self.left or not self.pattern.search(target):
            return {}
        if self.skip:
            self.skip -= 1
            return {}
        self.left -= 1
        return self.actions


def is_processed(plan):
    """Whether a request with these faults is carried out."""
    if "processed" in plan:
        return plan["processed"] == "yes"
    return not ("redirect" in plan or "retry_after" in plan
                or int(plan.get("status") or 200) >= 300)


class Edit:
    """The JSON of an answer while faults change it.

    Raw text, which no JSON encoder would write, is kept aside under a mark
    until the end.
    """

    def __init__(self, body, plan):
        self.value = json.loads(body)
        self.raws = []
        self.list = self.value
        if isinstance(self.value, dict):
            self.list = next(
                (self.value[name] for name in ("items", "data")
                 if name in self.value), [self.value])
        self.items = [item for item in self.list if isinstance(item, dict)]
        if "id" in plan:
            self.items = [item for item in self.items
                          if plan["id"] in (str(item.get("id")),
                                            str(item.get("coursedate_id")))]

    def raw(self, path, text):
        """Set a path of the first item to raw bytes."""
        for item in self.items[:1]:
            set_path(item, path, "@raw%d@" % len(self.raws))
            self.raws.append(text)

    def encode(self):
        """The body."""
        body = encode(self.value)
        for number, text in enumerate(self.raws):
            body = body.replace(b'"@raw%d@"' % number, text)
        return body

    def badutf8(self, path):
        """A byte that is no UTF-8."""
        self.raw(path or "title", b'"ab\xffcd"')

    def nul(self, path):
        """The one character that PostgreSQL cannot store."""
        self.raw(path or "title", b'"ab\\u0000cd"')

    def surrogate(self, path):
        """Half of a pair."""
        self.raw(path or "title", b'"ab\\ud83dcd"')

    def nest(self, depth):
        """Arrays in arrays."""
        depth = int(depth)
        self.raw("nested", b"[" * depth + b"]" * depth)

    def hugeid(self, text):
        """An id beyond 2^53."""
        for item in self.items[:1]:
            key = "coursedate_id" if "coursedate_id" in item else "id"
            self.raw(key, (text or "9007199254740993").encode())

    def patch(self, text):
        """Values by dotted path, in every item."""
        for path, value in json.loads(text).items():
            for item in self.items:
                set_path(item, path, value)

    def patchraw(self, text):
        """PATH=TEXT in every item."""
        path, _, value = text.partition("=")
        for item in self.items:
            set_path(item, path, "@raw%d@" % len(self.raws))
        self.raws.append(value.encode("utf-8", "surrogateescape"))

    def drop(self, path):
        """A key less in every item."""
        for item in self.items:
            drop_path(item, path)

    def swap(self, _):
        """The first two items change places."""
        self.list[:2] = self.list[:2][::-1]

    def duplicate(self, _):
        """The first item once more."""
        self.list += self.list[:1]


EDITS = tuple(name for name in vars(Edit)
              if name in FAULT_NAMES)

# Faults that put something else in the place of the body.
REPLACEMENTS = {
    "html": lambda body, _: (
        HTML.format("Maintenance").encode(), "text/html; charset=utf-8"),
    "empty": lambda body, _: (b"", None),
    "nocontainer": lambda body, _: (b'{"foo":1}', None),
    "badjson": lambda body, _: (body[:len(body) // 2], None),
    "trailing": lambda body, _: (body + b'\n{"trailing":1} text', None),
    "body": lambda body, text: (text.encode("utf-8", "surrogateescape"),
                                None),
    "type": lambda body, text: (body, text),
}


def spoil(response, plan, skew):
    """The answer as the faults want it."""
    response = response.copy()
    if any(name in plan for name in EDITS) and response.body:
        edit = Edit(response.body, plan)
        for name in EDITS:
            if name in plan:
                getattr(edit, name)(plan[name])
        response.body = edit.encode()
    if plan.get("status"):
        response.status = int(plan["status"])
    for name, replace in REPLACEMENTS.items():
        if name in plan:
            response.body, kind = replace(response.body, plan[name])
            response.kind = kind or response.kind
    headers = list(plan.get("header", ()))
    if "redirect" in plan:
        headers.append(("Location", plan["redirect"]))
    if "retry_after" in plan:
        headers.append(("Retry-After", plan["retry_after"]))
    if "bigheader" in plan:
        headers.append(("X-Big", "x" * int(plan["bigheader"] or 300000)))
    if "bomb" in plan:
        response.body, response.encoding = bomb(int(plan["bomb"])), "gzip"
    replaced = {name.lower() for name, _ in headers}
    response.headers = [pair for pair in response.headers
                        if pair[0].lower() not in replaced]
    response.headers += [(name, fill_times(value, skew))
                         for name, value in headers]
    return response


def unprocessed(plan):
    """The answer to a request that a fault keeps from being carried out."""
    default = (302 if "redirect" in plan
               else 429 if "retry_after" in plan else 200)
    status = int(plan.get("status") or default)
    return Response.of({"error": reason(status)}, status)


def fill_times(text, skew):
    """Replace {iso+2} and its like."""
    return re.sub(
        r"\{(iso|http|epoch)([+-]\d+(?:\.\d+)?)?\}",
        lambda match: instant(match[1], float(match[2] or 0) + skew), text)


def bomb(megabytes):
    """Blanks in an array, compressed to a thousandth."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    blanks = b" " * (1 << 20)
    parts = [packer.compress(b"[")]
    parts += [packer.compress(blanks) for _ in range(megabytes)]
    return b"".join(parts) + packer.compress(b"]") + packer.flush()


# ---------------------------------------------------------------------------
# The server
# ---------------------------------------------------------------------------

class Gone(Exception):
    """The connection is over."""


class Server:
    """Accepts connections; each has a thread.

    The lock guards the ledger and the faults and is never held for long, so
    that arrivals and control requests are not late; data_lock guards the api
    and is taken first where both are.
    """

    def __init__(self, port, certificate=None):
        self.lock = threading.Condition(threading.RLock())
        self.data_lock = threading.RLock()
        self.api = Api()
        self.ledger = Ledger()
        self.faults = []
        self.releases = 0
        self.connections = 0
        self.is_stopped = False
        self.last_seen = time.monotonic()
        self.random = random.Random(7)
        self.certificate = certificate
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        self.socket.listen(1024)
        self.port = self.socket.getsockname()[1]
        self.hosts = {name + ":%d" % self.port
                      for name in ("127.0.0.1", "localhost")}

    def run(self, idle):
        """Serve until stopped, or idle for that many seconds."""
        sys.setswitchinterval(0.0005)
        context = tls_context(self.certificate)
        while not self.is_stopped:
            if select.select([self.socket], [], [], 0.2)[0]:
                accepted, _ = self.socket.accept()
                threading.Thread(
                    target=Connection(self, accepted, context).run,
                    daemon=True).start()
            if idle and time.monotonic() > self.last_seen + idle and (
                    not self.ledger.is_busy()):
                break
        self.socket.close()

    def reset(self, settings):
        """Everything as at the start, then the settings."""
        with self.data_lock, self.lock:
            self.api.reset(settings)
            self.ledger = Ledger()
            self.faults = []
            self.lock.notify_all()

    def arrive(self, request, connection):
        """Log a request; its entry, its faults, and the 429 if it is one."""
        with self.lock:
            entry = Entry(request, self.ledger, connection)
            self.ledger.open(entry)
            self.lock.notify_all()
            allowance = None
            if entry.account:
                allowance = self.ledger.limiters[entry.account].admit(
                    request.arrived, self.api.switches)
            if allowance and allowance.remaining < 0:
                self.ledger.throttled += 1
                return entry, {}, throttled(allowance, self.api.switches)
            plan = {}
            for fault in self.faults:
                plan.update(fault.take("%s %s" % (request.method,
                                                  entry.target)))
            entry.allowance = allowance
            return entry, plan, None

    def respond(self, request, entry, plan):
        """The answer, with faults applied, and the log's status set."""
        with self.data_lock:
            switches = self.api.switches
            response = unprocessed(plan)
            if is_processed(plan):
                response = self.api.answer(request, entry)
            served = response
            if plan:
                response = spoil(response, plan, switches["clock_skew"])
            if "shift" in plan and entry.account:
                self.shift(request, entry)
            if "pull" in plan and entry.account:
                self.pull(request, entry, served)
            self.api.compress(request, response)
            entry.status = next((name for name in ("reset", "close",
                                                   "garbage")
                                 if name in plan), response.status)
            return response, rate_headers(entry.allowance, switches)

    def shift(self, request, entry):
        """A new row that every page order puts first."""
        tables = self.api.accounts[entry.account].tables
        name = resource_of(request.path)
        table = tables[name]
        query = dict(request.pairs)
        is_ascending = query.get("order_direction", self.api.switches[
            "default_sort"]) == "asc"
        row = dict(table.blank(), title="Shifted")
        row[table.key] = (min(table.select(), default=1) - 1 if is_ascending
                          else table.last_id + 1)
        if name == "course_dates":
            courses = re.findall(r"\d+", request.path) or (
                tables["courses"].select()[:1])
            day = "2000-01-01" if is_ascending else "2099-12-31"
            row.update(course_id=int(courses[0]), start_at=day, end_at=day)
        row["created_at"] = row["updated_at"] = (
            self.api.accounts[entry.account].tick())
        table.add(row)
        self.api.changed()

    def pull(self, request, entry, response):
        """Remove the first row of the page that was served."""
        table = self.api.accounts[entry.account].tables[
            resource_of(request.path)]
        for item in Edit(response.copy().body, {}).items[:1]:
            table.remove(item[table.key])
        self.api.changed()

    def finish(self, entry, is_answered):
        """Count a request out; before its last byte goes, if it does."""
        with self.lock:
            if is_answered:
                entry.done = time.monotonic()
            entry.ledger.close(entry)

    def wait(self, name, number, timeout):
        """Until the ledger's figure has reached a number."""
        deadline = time.monotonic() + timeout
        with self.lock:
            while True:
                ledger = self.ledger
                reached = (len(ledger.entries) if name == "requests"
                           else ledger.held())
                left = deadline - time.monotonic()
                if reached >= number or left <= 0:
                    return reached
                self.lock.wait(left)


def resource_of(path):
    """The name of the table behind a path."""
    if "coursedates" in path:
        return "course_dates"
    return "courses" if "courses" in path else "customers"


def tls_context(certificate):
    """The context for a (certificate, key) pair, or None."""
    if certificate is None:
        return None
    import ssl
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


HEADER_NAME = re.compile(r"[!#-'*+.0-9A-Z^-z|~-]+")


class Connection:
    """One client's connection and the thread that serves it."""

    def __init__(self, server, accepted, context):
        self.server = server
        self.socket = accepted
        self.context = context
        self.number = None          # counted at the first API request
        self.is_dying = None        # the fault dead_keepalive, once it struck
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self):
        """Answer requests until the connection ends."""
        try:
            first = self.socket.recv(1, socket.MSG_PEEK)
            if self.context and first == b"\x16":
                self.socket = self.context.wrap_socket(self.socket,
                                                       server_side=True)
            self.stream = self.socket.makefile("rb", 1 << 16)
            while self.serve():
                pass
        except (OSError, Gone, ValueError):
            pass
        finally:
            self.close()

    def close(self):
        """End the connection in order."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def serve(self):
        """One request; false when it was the last one."""
        request = self.read_request()
        if request is None:
            return False
        self.server.last_seen = time.monotonic()
        if request.path.startswith("/_mock/"):
            return self.send(control(self.server, request), request)
        if self.number is None:
            with self.server.lock:
                self.server.connections += 1
                self.number = self.server.connections
        try:
            return self.serve_api(request)
        finally:
            self.server.last_seen = time.monotonic()

    # -- reading -------------------------------------------------------------

    def read_request(self):
        """The next request, or None at the end of the connection."""
        line = self.stream.readline(1 << 20)
        if not line:
            return None
        parts = line.decode("latin-1").split()
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            self.refuse(400)
        headers = self.read_headers()
        arrived = time.monotonic()
        request = Request(parts[0], parts[1], headers, b"", arrived)
        request.is_last = (
            parts[2] == "HTTP/1.0"
            or request.fields.get("connection", "").lower() == "close")
        self.read_body(request)
        return request

    def read_headers(self):
        """(name, value) pairs up to the empty line."""
        headers = []
        while True:
            line = self.stream.readline(1 << 16)
            if line in (b"\r\n", b"\n"):
                return headers
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not HEADER_NAME.fullmatch(name) or (
                    len(headers) == 100):
                self.refuse(400)
            headers.append((name, value.strip()))

    def read_body(self, request):
        """The body, which needs a Content-Length."""
        if "transfer-encoding" in request.fields:
            self.refuse(411)
        length = request.fields.get("content-length", "0")
        if not re.fullmatch(r"\d{1,9}", length, re.A):
            self.refuse(400)
        if int(length) > 32 << 20:
            self.refuse(413)
        if request.method in ("POST", "PUT") and (
                "content-length" not in request.fields):
            self.refuse(411)
        if request.fields.get("expect", "").lower() == "100-continue":
            self.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.body = self.stream.read(int(length))
        if len(request.body) < int(length):
            raise Gone

    def refuse(self, status):
        """Answer something that is not HTTP as we know it."""
        response = Response.html(status)
        self.socket.sendall(self.head(response, len(response.body), True)
                            + response.body)
        raise Gone

    # -- answering -----------------------------------------------------------

    def serve_api(self, request):
        """Log, limit, answer; faults interfere."""
        server = self.server
        entry, plan, response = server.arrive(request, self.number)
        extra = []
        try:
            if response is not None:
                entry.status = response.status
            elif (request.target.startswith("/")
                  and request.fields.get("host") not in server.hosts):
                response = Response.html(400)
                entry.status = 400
            elif self.is_dying == "no":
                entry.status = "close"
                raise Gone
            else:
                response, extra = server.respond(request, entry, plan)
            if self.is_dying:
                entry.status = "close"
                raise Gone
            return self.deliver(request, response, entry, plan, extra)
        finally:
            server.finish(entry, False)

    def deliver(self, request, response, entry, plan, extra):
        """Send the answer, slowly or broken if a fault says so."""
        self.pause(entry, plan)
        if "reset" in plan:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
            self.server.finish(entry, False)
            self.stream.close()
            self.socket.close()
            raise Gone
        if "close" in plan:
            raise Gone
        if "garbage" in plan:
            self.socket.sendall(self.server.random.randbytes(512))
            raise Gone
        if "dead_keepalive" in plan:
            self.is_dying = plan.get("processed", "yes")
        body = response.body if request.method != "HEAD" else b""
        length = len(response.body) + int(plan.get("wronglength") or 0)
        is_last = (request.is_last or "truncate" in plan
                   or int(plan.get("wronglength") or 0) > 0
                   or self.server.api.switches["keepalive"] == "off")
        if "truncate" in plan:
            body = body[:int(plan["truncate"] or 0)]
        head = self.head(response, length, request.is_last or
                         self.server.api.switches["keepalive"] == "off",
                         extra)
        if "stall_after_headers" in plan:
            self.socket.sendall(head)
            self.hold(entry)
            head = b""
        if "drip" in plan and body:
            self.drip(head, body, entry, float(plan["drip"] or 1))
        else:
            self.send_last(head + body, entry)
        return not is_last

    def send(self, response, request):
        """Answer a control request."""
        self.socket.sendall(self.head(response, len(response.body),
                                      request.is_last) + response.body)
        return not request.is_last

    def head(self, response, length, is_last, extra=()):
        """Status line and headers."""
        skew = self.server.api.switches["clock_skew"]
        headers = {"Date": instant("http", skew), "Server": "mock"}
        if response.status != 204:
            headers["Content-Type"] = response.kind
            headers["Content-Length"] = length
        if response.encoding:
            headers["Content-Encoding"] = response.encoding
        if is_last:
            headers["Connection"] = "close"
        given = [pair for pair in response.headers
                 if headers.pop(pair[0].title(), True)]
        lines = ["HTTP/1.1 %d %s" % (response.status,
                                     reason(response.status))]
        lines += ("%s: %s" % pair
                  for pair in [*headers.items(), *extra, *given])
        return ("\r\n".join(lines) + "\r\n\r\n").encode(
            "utf-8", "surrogateescape")

    def send_last(self, data, entry):
        """Send the end of an answer.

        The request must be counted out before the client can have it all,
        or its next request would seem to be in flight together with it.
        """
        if len(data) > 1 << 14:
            self.socket.sendall(data[:-1])
            data = data[-1:]
        self.server.finish(entry, True)
        self.socket.sendall(data)

    def drip(self, head, body, entry, rate):
        """Send the body at so many bytes per second."""
        self.socket.sendall(head)
        size = max(1, int(rate / 20))
        for start in range(0, len(body), size):
            self.hold(entry, size / rate)
            if start + size >= len(body):
                self.send_last(body[start:], entry)
            else:
                self.socket.sendall(body[start:start + size])

    def pause(self, entry, plan):
        """Latency, delay and hold."""
        low, high = self.server.api.switches["latency"]
        if high:
            self.hold(entry, self.server.random.uniform(low, high), False)
        if "delay" in plan:
            self.hold(entry, float(plan["delay"] or 0) / 1000)
        if "hold" in plan:
            self.hold(entry)

    def hold(self, entry, seconds=None, is_counted=True):
        """Wait for some time or for --release; Gone if the client leaves."""
        server = self.server
        with server.lock:
            releases = server.releases
            entry.is_held = is_counted
            server.lock.notify_all()
        deadline = time.monotonic() + (1e9 if seconds is None else seconds)
        try:
            while server.ledger is entry.ledger:
                left = deadline - time.monotonic()
                if left <= 0 or (seconds is None
                                 and server.releases != releases):
                    break
                self.check_client(min(left, 0.02))
        finally:
            entry.is_held = False
            server.last_seen = time.monotonic()

    def check_client(self, timeout):
        """Spend some time; Gone if the client hangs up meanwhile."""
        if not select.select([self.socket], [], [], timeout)[0]:
            return
        if socket.socket.recv(self.socket, 1, socket.MSG_PEEK) == b"" or (
                self.context):
            raise Gone
        time.sleep(timeout)


# ---------------------------------------------------------------------------
# Control requests
# ---------------------------------------------------------------------------

def control(server, request):
    """Answer a request under /_mock/."""
    name = request.path[len("/_mock/"):]
    try:
        if (request.method, name) not in CONTROLS:
            raise MockError("unknown control request: " + name)
        given = dict(request.pairs)
        if request.body:
            given = json.loads(request.body)
        value = CONTROLS[request.method, name](server, given)
    except MockError as error:
        return Response.of({"error": str(error)}, 400)
    except Exception as error:
        return Response.of({"error": repr(error)}, 400)
    if isinstance(value, str):
        return Response(200, value.encode(), "text/plain; charset=utf-8")
    return Response(200, json.dumps(value).encode())


def control_log(server, given):
    """The requests since the last look."""
    with server.lock:
        ledger = server.ledger
        entries = ledger.entries[ledger.printed:]
        if given.get("full"):
            return [entry.full() for entry in ledger.entries]
        ledger.printed = len(ledger.entries)
        lines = [entry.line() for entry in entries]
    last = "%d request%s" % (len(lines), "" if len(lines) == 1 else "s")
    if given.get("quiet"):
        lines = []
    return "\n".join(lines + [last]) + "\n"


def control_fault(server, given):
    """Add a fault."""
    with server.lock:
        server.faults.append(Fault(given["spec"]))


def control_clear_faults(server, given):
    """Forget all faults."""
    with server.lock:
        server.faults = []


def control_release(server, given):
    """Let go what is on hold."""
    with server.lock:
        server.releases += 1


def control_set(server, given):
    """Change switches."""
    with server.data_lock:
        server.api.assign(given)


def control_stop(server, given):
    """Leave."""
    server.is_stopped = True


def control_wait(server, given):
    """Until enough requests have arrived or are being held."""
    name = "requests" if "requests" in given else "in_flight"
    number = int(given[name])
    reached = server.wait(name, number, float(given.get("timeout", PATIENCE)))
    if reached < number:
        raise MockError("timeout: %d of %d requests" % (reached, number))
    return reached


def control_table(server, given):
    """The table that a data control names."""
    account = server.api.accounts.get(given.get("account", "a"))
    if account is None:
        raise MockError("unknown account; valid: a, b")
    name = {"coursedates": "course_dates"}.get(given["resource"],
                                               given["resource"])
    if name not in account.tables:
        raise MockError("unknown resource %s; valid: %s"
                        % (name, ", ".join(account.tables)))
    return account.tables[name]


def control_dump(server, given):
    """Stored rows, by id."""
    with server.data_lock:
        table = control_table(server, given)
        if "id" not in given:
            return [table.get(number) for number in table.select()]
        return control_row(table, given, table.get)


def control_row(table, given, get):
    """The row that a control names, or a MockError."""
    row = get(int(given["id"]))
    if row is None:
        raise MockError("no row with id %s" % given["id"])
    return row


def control_change(server, given):
    """Change a row behind the API's back."""
    with server.data_lock:
        table = control_table(server, given)
        row = control_row(table, given, table.edit)
        for path, value in given["fields"].items():
            set_path(row, path, value)
        server.api.changed()


def control_add(server, given):
    """Add a row behind the API's back; its id."""
    with server.data_lock:
        table = control_table(server, given)
        row = copy.deepcopy(table.blank())
        for path, value in given["fields"].items():
            set_path(row, path, value)
        server.api.changed()
        return table.add(row)[table.key]


def control_remove(server, given):
    """Remove a row behind the API's back."""
    with server.data_lock:
        table = control_table(server, given)
        control_row(table, given, table.get)
        table.remove(int(given["id"]))
        server.api.changed()


CONTROLS = {
    ("POST", "reset"): Server.reset,
    ("POST", "set"): control_set,
    ("POST", "fault"): control_fault,
    ("POST", "clear-faults"): control_clear_faults,
    ("POST", "release"): control_release,
    ("POST", "stop"): control_stop,
    ("POST", "change"): control_change,
    ("POST", "add"): control_add,
    ("POST", "remove"): control_remove,
    ("GET", "log"): control_log,
    ("GET", "count"): lambda server, _: len(server.ledger.entries),
    ("GET", "arrivals"): lambda server, _: [
        entry.arrival() for entry in list(server.ledger.entries)],
    ("GET", "stats"): lambda server, _: server.ledger.stats(),
    ("GET", "dump"): control_dump,
    ("GET", "wait"): control_wait,
}


# ---------------------------------------------------------------------------
# The client
# ---------------------------------------------------------------------------

class Mock:
    """A mock that runs at a port of this machine."""

    def __init__(self, port=None):
        port = port or os.environ.get("FRONTCORE_MOCK_PORT")
        if not port:
            raise MockError("no mock: FRONTCORE_MOCK_PORT is not set")
        self.port = int(port)
        self.base_url = "http://127.0.0.1:%d%s" % (self.port, BASE)

    def call(self, method, name, value=None, timeout=30):
        """One control request; text, or JSON decoded."""
        body = json.dumps(value).encode() if value is not None else b""
        head = ("%s /_mock/%s HTTP/1.0\r\nHost: 127.0.0.1:%d\r\n"
                "Content-Length: %d\r\n\r\n"
                % (method, name, self.port, len(body)))
        with socket.create_connection(("127.0.0.1", self.port),
                                      timeout) as connection:
            connection.sendall(head.encode() + body)
            with connection.makefile("rb") as stream:
                answer = stream.read()
        head, _, body = answer.partition(b"\r\n\r\n")
        text = body.decode()
        if b" 200 " not in head[:20]:
            raise MockError(json.loads(text)["error"] if body
                            else "no mock at port %d" % self.port)
        return text if b"text/plain" in head else json.loads(text)

    def post(self, name, **value):
        """A control request that changes something."""
        return self.call("POST", name, value)

    def reset(self, **switches):
        """Fresh data, default switches but these, no faults, empty log."""
        self.post("reset", **switches)

    def set(self, **switches):
        """Change switches."""
        self.post("set", **switches)

    def log_text(self, quiet=False):
        """What --log prints."""
        return self.call("GET", "log?quiet=1" if quiet else "log")

    def log(self):
        """The lines of --log without the count."""
        return self.log_text().split("\n")[:-2]

    def full_log(self):
        """All requests since the reset, with their headers."""
        return self.call("GET", "log?full=1")

    def count(self):
        """The number of requests since the reset."""
        return self.call("GET", "count")

    def arrivals(self):
        """What --arrivals prints."""
        return self.call("GET", "arrivals")

    def stats(self):
        """What --stats prints."""
        return self.call("GET", "stats")

    def fault(self, spec):
        """Add a fault."""
        self.post("fault", spec=spec)

    def clear_faults(self):
        """Forget all faults."""
        self.post("clear-faults")

    def release(self):
        """Let go what is on hold."""
        self.post("release")

    def wait_for(self, number, timeout=PATIENCE):
        """Until that many requests have arrived since the reset."""
        return self.call("GET", "wait?requests=%d&timeout=%s"
                         % (number, timeout), timeout=timeout + 10)

    def wait_in_flight(self, number, timeout=PATIENCE):
        """Until that many requests are being held back."""
        return self.call("GET", "wait?in_flight=%d&timeout=%s"
                         % (number, timeout), timeout=timeout + 10)

    def dump(self, resource, number=None, account="a"):
        """Stored rows, or one of them."""
        name = "dump?resource=%s&account=%s" % (resource, account)
        return self.call("GET", name if number is None
                         else "%s&id=%d" % (name, number))

    def change(self, resource, number, account="a", **fields):
        """Change a row; fields may be dotted: **{"a.b": 1}."""
        self.post("change", resource=resource, id=number, account=account,
                  fields=fields)

    def add(self, resource, account="a", **fields):
        """Add a row; its id."""
        return self.post("add", resource=resource, account=account,
                         fields=fields)

    def remove(self, resource, number, account="a"):
        """Remove a row."""
        self.post("remove", resource=resource, id=number, account=account)

    def stop(self):
        """End the mock."""
        self.post("stop")


# ---------------------------------------------------------------------------
# The command line
# ---------------------------------------------------------------------------

def free_port():
    """A port that nobody listens at right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def go_background(server):
    """Continue in a child that holds nothing of its parent's; True there."""
    if os.fork():
        return False
    os.setsid()
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    listener = server.socket.fileno()
    os.closerange(3, listener)
    os.closerange(listener + 1, max(256, listener + 1))
    return True


def announce(port, options):
    """Print the port, and write it to --port-file."""
    print(port, flush=True)
    if "port-file" in options:
        with open(options["port-file"], "w") as stream:
            stream.write("%d\n" % port)


def serve(options):
    """--serve"""
    port = int(options.get("port")
               or os.environ.get("FRONTCORE_MOCK_PORT") or 0)
    certificate = None
    if "tls-cert" in options:
        certificate = [os.path.abspath(options["tls-" + name])
                       for name in ("cert", "key")]
        tls_context(certificate)
    if port:
        try:
            Mock(port).reset()
            announce(port, options)
            return
        except (OSError, MockError):
            pass
    server = Server(port, certificate)
    announce(server.port, options)
    if "foreground" in options or go_background(server):
        server.run(float(options.get("idle", 60)))


def parse_fields(words, is_json=True):
    """NAME=VALUE words as a dict."""
    fields = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise MockError("NAME=VALUE expected: " + word)
        if is_json:
            try:
                value = json.loads(value)
            except ValueError:
                pass
        fields[name] = value
    return fields


def show(value):
    """Print JSON."""
    print(json.dumps(value, ensure_ascii=False))


# Commands of the client: function of (mock, words, options)
COMMANDS = {
    "reset": lambda mock, words, _: mock.reset(
        **parse_fields(words, is_json=False)),
    "set": lambda mock, words, _: mock.set(
        **parse_fields(words, is_json=False)),
    "log": lambda mock, words, options: sys.stdout.write(
        mock.log_text("quiet" in options)),
    "count": lambda mock, words, _: show(mock.count()),
    "arrivals": lambda mock, words, _: show(mock.arrivals()),
    "stats": lambda mock, words, _: show(mock.stats()),
    "dump": lambda mock, words, options: show(mock.dump(
        words[0], int(words[1]) if words[1:] else None,
        options.get("account", "a"))),
    "change": lambda mock, words, options: mock.change(
        words[0], int(words[1]), options.get("account", "a"),
        **parse_fields(words[2:])),
    "add": lambda mock, words, options: show(mock.add(
        words[0], options.get("account", "a"), **parse_fields(words[1:]))),
    "remove": lambda mock, words, options: mock.remove(
        words[0], int(words[1]), options.get("account", "a")),
    "fault": lambda mock, words, _: [mock.fault(word) for word in words],
    "clear-faults": lambda mock, words, _: mock.clear_faults(),
    "release": lambda mock, words, _: mock.release(),
    "wait-for": lambda mock, words, options: mock.wait_for(
        int(words[0]), float(options.get("timeout", PATIENCE))),
    "wait-in-flight": lambda mock, words, options: mock.wait_in_flight(
        int(words[0]), float(options.get("timeout", PATIENCE))),
    "stop": lambda mock, words, _: mock.stop(),
}
VALUE_OPTIONS = ("port", "idle", "port-file", "tls-cert", "tls-key",
                 "account", "timeout")
FLAG_OPTIONS = ("quiet", "foreground")


def parse_arguments(arguments):
    """Command, its words, and the options."""
    command, words, options = "serve", [], {}
    rest = iter(arguments)
    for word in rest:
        name = word[2:] if word.startswith("--") else None
        if name in FLAG_OPTIONS:
            options[name] = True
        elif name in VALUE_OPTIONS:
            options[name] = next(rest, "")
        elif name in COMMANDS or name in ("serve", "free-port", "help"):
            command = name
        elif name is None:
            words.append(word)
        else:
            raise MockError("unknown option " + word)
    return command, words, options


def main(arguments):
    """Run one command; the exit status."""
    try:
        command, words, options = parse_arguments(arguments)
        if command == "serve":
            serve(options)
        elif command == "free-port":
            print(free_port())
        elif command == "help":
            print(__doc__)
        else:
            COMMANDS[command](Mock(options.get("port")), words, options)
    except (MockError, OSError, IndexError, ValueError) as error:
        print("mock.py: %s" % error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

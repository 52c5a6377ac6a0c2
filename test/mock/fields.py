"""Fields that can be written: how they are checked and stored."""

import collections
import datetime
import re
import zoneinfo

from mock.messages import ApiError
from mock.people import (
    BASES, CONSENTS, PAID, PARTICIPANT_STATUSES, PURPOSES, SOURCES)
from mock.values import get_path, set_path
from mock.views import Viewer
from mock.words import (
    CONTACT_FIELDS, CUSTOMER_TYPES, FORMS, LEVELS, PLACES, TEXTS, TIMES_OF_DAY,
    country, instructor, language, location, place, seats, status, titled,
    unit)
from mock.world import gathering


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
    """A list of objects."""
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
# What the known page of PUT lists.
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



def titled_only(titles):
    """A check for one of the numbers that have a title."""
    return lambda value: {"id": check_integer(value),
                          "title": titles[check_integer(value)]}


PARTICIPANT_FIELDS = (
    Field("idStatus", titled_only(PARTICIPANT_STATUSES), "status",
          titled(PARTICIPANT_STATUSES, 1, "Status")),
    Field("idPaid", titled_only(PAID), "paid", None),
    Field("completed", check_boolean, "completed", False),
    Field("passed", check_boolean, "passed", False),
)
# "" disconnects an instructor from its user, which check_fields makes a null.
INSTRUCTOR_FIELDS = (
    Field("firstname", check_title, "firstname", REQUIRED),
    Field("lastname", check_title, "lastname", REQUIRED),
) + tuple(Field(name, check_text, name, None) for name in (
    "phone_prefix", "phone", "email", "position", "company", "description",
)) + (Field("idUser", check_positive, "idUser", None),)
BASIS_FIELDS = (
    Field("legal_basis", titled_only(BASES), "legal_basis", REQUIRED),
    Field("purpose", titled_only(PURPOSES), "purpose", REQUIRED),
    Field("source", titled_only(SOURCES), "source", REQUIRED),
    Field("consent", lambda value: dict(
        titled_only(CONSENTS)(value), version=1), "consent", None),
    Field("comment", check_text, "comment", None),
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
                         Viewer.plain),
    "participants": Resource("Participant", "participant_id",
                             PARTICIPANT_FIELDS, False, 44,
                             Viewer.participant),
    "instructors": Resource("Instructor", "instructor_id", INSTRUCTOR_FIELDS,
                            False, 44, Viewer.plain),
    "orders": Resource("Order", "order_id", (), False, 44, Viewer.order),
    "user_legal_bases": Resource("Legal basis", "legalbase_id", BASIS_FIELDS,
                                 False, 44, Viewer.plain),
    "currencies": Resource("Currency", "id", (), False, 44,
                           Viewer.without_id),
}
RESOURCES.update((name, Resource(label, "id", (), False, 44, Viewer.plain))
                 for name, label in (("products", "Product"),
                                     ("admin_roles", "Role"),
                                     ("admin_users", "Administrator"),
                                     ("users", "User"),
                                     ("locations", "Location"),
                                     ("countries", "Country")))


def invalid(names, what="Field"):
    """The API's error for bad fields."""
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


def store_fields(row, fields, values, others):
    """Put checked values into a row, after what becomes of the others."""
    for chosen in (others, values):
        for field in fields:
            if field.name in chosen:
                store_field(row, field, chosen[field.name])


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
    """The set of custom properties after a write."""
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

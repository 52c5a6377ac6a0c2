"""Rows as the endpoints show them."""

from mock.switches import Switches
from mock.values import get_path
from mock.words import CONTACT_FIELDS, NORWEGIAN, TEXTS

COURSE_NESTED_HIDES = frozenset(TEXTS + CONTACT_FIELDS + (
    "description_languages", "created_at", "updated_at"))
COURSE_THIN_HIDES = frozenset(TEXTS + (
    "custom_properties", "created_at", "updated_at"))
DATE_FULL_HIDES = frozenset(("course_id", "instructors"))
DATE_FLAT_HIDES = frozenset(("course", "location", "place", "status",
                             "instructors", "created_at", "updated_at"))
# What the vendor's page names of a flat item.
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
    """What include[]=products shows of a course."""
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
    """The shapes of the vendor's pages, with the switches applied."""

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
                or self.switches["include_instructors"] != "item"):
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
        if ("instructors" in include
                and self.switches["include_instructors"] == "flat"):
            view["instructors"] = row["instructors"]
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

    def plain(self, tables, row, shape, include=(), text_language=None):
        """A row as it is stored."""
        return self.adapt(dict(row))

    def without_id(self, tables, row, shape, include=(), text_language=None):
        """The same without its id."""
        return self.adapt(without(row, ("id",)))

    def participant(self, tables, row, shape, include=(),
                    text_language=None):
        """A participant with its course, date and user (13)."""
        view = without(row, ("course_id", "coursedate_id", "user_id",
                             "attendance"))
        course = tables["courses"].get(row["course_id"]) or {}
        date = tables["course_dates"].get(row["coursedate_id"]) or {}
        user = tables["users"].get(row["user_id"]) or {}
        view["course"] = {"id": row["course_id"]}
        view["course"].update((name, course.get(name)) for name in (
            "title", "reference", "created_at", "updated_at"))
        location = date.get("location")
        view["coursedate"] = {
            "id": row["coursedate_id"], "idCourse": row["course_id"],
            "idStatus": get_path(date, "status.id"),
            "start_at": date.get("start_at"), "end_at": date.get("end_at"),
            "deadline_at": date.get("deadline_at"),
            "time_start": (date.get("start_time_at") or "")[:5],
            "time_end": (date.get("end_time_at") or "")[:5],
            "timezone": date.get("timezone"),
            "place": get_path(date, "place.title", ""),
            "is_virtual": date.get("is_virtual"),
            "event_url": date.get("event_url"), "internal_note": None,
            "idLocation": str(location["id"]) if location else None,
            "teaching_language": get_path(date, "teaching_language.id"),
            "is_deleted": date.get("deleted_at") is not None,
        }
        view["user"] = {name: user.get(name) for name in (
            "id", "firstname", "lastname", "email", "phone", "company",
            "customer")}
        if "attendance" in include:
            view["attendance"] = row["attendance"]
        return self.adapt(view)

    def order(self, tables, row, shape, include=(), text_language=None):
        """An order; its campaign comes with the list only (13)."""
        view = without(row, ("campaign",))
        if self.switches["order_exported_at"] == "absent":
            del view["exported_at"]
        if "lines.database_relations.course" in include:
            view["lines"] = [
                dict(line, course=without(
                    tables["courses"].get(line["course_id"]) or {},
                    COURSE_NESTED_HIDES)) for line in row["lines"]]
        if "campaign" in include and shape == "list":
            view["campaign"] = row["campaign"]
        return self.adapt(view)

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

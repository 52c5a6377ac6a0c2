"""Writing: bodies, and the endpoints that change something."""

import copy
import json
import re
import urllib.parse

from mock.fields import (
    DATE_PUT_DOCUMENTED, REQUIRED, RESOURCES, check_fields, invalid,
    merge_properties, store_fields)
from mock.messages import ApiError, Response, multipart_pairs
from mock.values import stamp
from mock.views import without
from mock.words import country, kursguiden, language
from mock.world import title_mark


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


# What a PUT that resets to other defaults than the documented ones, or that
# resets only some fields, makes of those that it omits.
OTHER_DEFAULTS = {
    "teaching_language": language("en"),
    "visible_when_passed_deadline": False,
    "timezone": "Europe/Stockholm",
    "country": country("SE"),
}
SOME_RESET = frozenset(("reference", "place_additional_info", "phone",
                        "customer_reference_id"))


def omitted_values(name, fields, values, rule):
    """The values that a PUT gives to fields that it omits."""
    if name == "courses" or rule == "kept":
        return {}
    return {field.name: OTHER_DEFAULTS.get(field.name, field.default)
            if rule == "others" else field.default
            for field in fields
            if field.name not in values and field.default is not REQUIRED
            and (rule != "some" or field.name in SOME_RESET)}


class Writes:
    """The endpoints that write; a part of Api."""

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
        row["created_at"] = row.get(
            "updated_at", stamp(request.account.now - 1)[:19].replace("T", " "))
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
        moment = request.account.tick()
        if "updated_at" in row:
            row["updated_at"] = moment
        rule = self.omission(name) if is_put else "kept"
        store_fields(row, fields, values,
                     omitted_values(name, fields, values, rule))
        if "custom_properties" in row:
            row["custom_properties"] = properties
        if name == "courses":
            row["kursguiden_url"] = kursguiden(row["title"])
        follows = (rule == "some" and "deadline_at" not in body if is_put
                   else not body.get("deadline_at"))
        if follows and "deadline_at" in row:
            row["deadline_at"] = row["start_at"]

    def omission(self, name):
        """What a PUT does to fields that it omits."""
        switch = {"course_dates": "date_put",
                  "customers": "customer_put_omitted",
                  "participants": "participant_put"}.get(name)
        return self.switches[switch] if switch else "kept"

    def new_properties(self, name, row, body, is_put):
        """The custom properties that a write leaves."""
        old = row.get("custom_properties")
        if "custom_properties" not in body:
            return None if is_put and self.omission(name) in (
                "reset", "others") else old
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

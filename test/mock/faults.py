"""Faults: how an answer is spoiled."""

import json
import re
import shlex
import sys
import zlib

from mock.client import MockError
from mock.ledger import instant
from mock.messages import HTML, Response, reason
from mock.switches import doc_table
from mock.values import drop_path, encode, set_path


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

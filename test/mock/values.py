"""Values as JSON has them, and their places in a row."""

import datetime
import json
import zoneinfo

OSLO = zoneinfo.ZoneInfo("Europe/Oslo")
DAY = 86400
NULL = -1 << 62                     # a fact that is null: in no range


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

"""The switches; the tables of the manual are their definition."""

import datetime
import re

import mock
from mock.client import MockError


def doc_table(begin, end=None):
    """Rows (name, values) of the manual's table between two words."""
    text = mock.__doc__[mock.__doc__.index("\n" + begin):]
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

"""Tests of the tables of the manual and of the rows."""

import glob
import os
import unittest

from mock.client import MockError
from mock.faults import FAULT_NAMES
from mock.switches import Switches
from mock.words import NASTY
from mock.world import World


class Tables(unittest.TestCase):
    """What the manual promises is there, and tested."""

    def test_every_switch_and_fault_is_tested(self):
        source = ""
        for path in glob.glob(os.path.dirname(__file__) + "/*_test.py"):
            with open(path, encoding="utf-8") as stream:
                source += stream.read()
        for name in [*Switches.table, *FAULT_NAMES]:
            self.assertRegex(source, r"\b%s\b" % name)

    def test_facts_agree_with_rows(self):
        for data in ("small", "demo"):
            switches = Switches()
            switches.assign({"data": data})
            for account in "ab":
                for table in World(account, switches).tables().values():
                    for number in table.select():
                        self.check_row(table, number)

    def check_row(self, table, number):
        row = table.get(number)
        facts = {name: table.fact(name, number) for name in table.facts}
        table.written = {number: row}
        self.assertEqual(facts, {name: table.fact(name, number)
                                 for name in table.facts})
        table.written = {}

    def test_demo_is_large_and_nasty(self):
        switches = Switches()
        switches.assign({"data": "demo"})
        tables = World("a", switches).tables()
        sizes = {name: len(table.select()) for name, table in tables.items()}
        self.assertGreaterEqual(sizes["courses"], 600)
        self.assertGreaterEqual(sizes["course_dates"], 3000)
        self.assertGreaterEqual(sizes["customers"], 800)
        titles = {tables["courses"].get(number)["title"]
                  for number in tables["courses"].select()}
        self.assertEqual(len(titles), sizes["courses"])
        self.assertTrue(titles.issuperset(NASTY[:16]))

    def test_bad_switches(self):
        for settings in ({"nonsense": 1}, {"bounds": "maybe"},
                         {"rate": "-1"}, {"today": "soon"}, {"courses": "N"},
                         {"latency": "5"}):
            with self.assertRaises(MockError):
                Switches().assign(settings)

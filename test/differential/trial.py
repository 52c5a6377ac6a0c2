"""One case being run, and how its rows are compared."""

import collections
import time

from differential.failure import Failure
from differential.schema import place
from differential.session import SqlError, literal


class Trial:
    """One case being run."""

    def __init__(self, runner, case):
        self.runner = runner
        self.session = runner.session
        self.case = case
        self.notes = []
        self.cost = 0               # requests of the last comparison
        self.has_failed = False

    def note(self, text):
        """Remember what was done."""
        self.notes.append(text)
        if self.runner.options.verbose:
            print("    " + text, flush=True)

    def requests(self):
        """How many requests the mock has seen."""
        return self.runner.mock.count()

    def run(self):
        """Run the steps."""
        self.apply_settings()
        if self.case.in_transaction:
            self.session.query("BEGIN")
        for step in self.case.steps:
            self.runner.queries += 1
            step.run(self)
            if self.has_failed:
                break
        if self.case.in_transaction:
            self.session.query("COMMIT")

    def apply_settings(self):
        """Give the session the case's settings."""
        settings = ["SET %s = %s" % (name, literal(value))
                    for name, value in self.case.settings.items()]
        self.session.query("; ".join(["RESET ALL", *settings]))

    def turn(self):
        """Go on in another session."""
        self.session = self.runner.turn()
        self.apply_settings()

    def attempt(self, run):
        """Rows and no error, or no rows and the error.

        After an error in a transaction nothing more of the case can be run.
        """
        try:
            return run(), None
        except SqlError as error:
            if self.case.in_transaction:
                self.session.query("ROLLBACK; BEGIN")
                self.has_failed = True
            return None, error

    def rows(self, sql):
        """The rows of a statement."""
        return self.session.rows(sql)

    def statement(self, schema, sql, may_fail=None):
        """A statement without rows."""
        if schema == "fc":
            self.note(sql)
        if may_fail is None:
            self.session.query(sql)
            return
        _, error = self.attempt(lambda: self.session.query(sql))
        if error:
            self.judge_error(may_fail, error)

    def over(self, query, schema):
        """The rows of a query over a schema's tables."""
        sql = query.over(schema).replace("p_#", "p_" + schema)
        if self.fetch is None:
            return self.rows(sql)
        return self.session.execute(sql, (), self.fetch)

    def over_copies(self, query, schema):
        """The rows of a query over the copies, or the error.

        Without workers, which a nested loop may start anew for every row.
        """
        setting = "max_parallel_workers_per_gather"
        self.session.query("SET %s = 0" % setting)
        rows, error = self.attempt(lambda: self.over(query, schema))
        self.session.query("RESET %s" % setting)
        return rows, error

    fetch = None

    def compare(self, query, prepared=None, fetch=None):
        """Run a query over both, and compare."""
        self.note(query.over("fc").replace("p_#", "p_fc"))
        self.fetch = fetch
        before, start = self.requests(), time.monotonic()
        rows, error = self.attempt(lambda: self.over(query, "fc"))
        self.cost = self.requests() - before
        seconds = time.monotonic() - start
        if self.runner.options.verbose and seconds > 1:
            print("      %.1f s, %d requests" % (seconds, self.cost))
        if error:
            self.judge_error(query, error)
            return
        self.check(query, rows)
        self.check_cost(self.cost, (prepared or query).references)

    def judge_error(self, query, error):
        """An error is right where the copies raise it, too."""
        if self.runner.config.allows(error):
            self.runner.excused += 1
            return
        local = None
        if query is not None:
            _, local = self.over_copies(query, "loc")
        if local is None:
            raise Failure("the foreign tables raised %s" % error)
        self.runner.errors += 1

    def check(self, query, rows):
        """Compare rows that came with those of the copies."""
        session_rows = []
        for schema in self.runner.config.oracles:
            local, error = self.over_copies(query, schema)
            if error:
                if query.whole or " LIMIT" in query.sql:
                    return
                raise Failure("only the copies raised %s" % error)
            session_rows.append(local)
        if len(session_rows) > 1:
            check_between(rows, *session_rows)
            return
        whole = None
        if query.whole is not None:
            whole = self.rows(place(query.whole, "loc"))
        check_rows(query, rows, session_rows[0], whole)

    def explain(self, query, analyzes):
        """EXPLAIN sends nothing; what it shows is counted."""
        sql = "EXPLAIN (VERBOSE%s) %s" % (
            ", ANALYZE, FORMAT JSON" if analyzes else "", query.over("fc"))
        self.note(sql)
        before = self.requests()
        rows, _ = self.attempt(lambda: self.rows(sql))
        sent = self.requests() - before
        if sent and not analyzes:
            raise Failure("EXPLAIN sent %d requests" % sent)
        if rows and not analyzes:
            self.runner.see_plan("\n".join(row[0] for row in rows))

    def check_cost(self, cost, references):
        """No more requests than reading all of it a few times."""
        allowed = self.runner.config.allowed(references)
        ratio = cost / allowed
        self.runner.worst = max(self.runner.worst, ratio)
        if cost > allowed:
            raise Failure("%d requests, where %d should do"
                          % (cost, allowed))


def check_rows(query, rows, local, whole):
    """Raise Failure unless the rows are right."""
    if query.keys == "all":
        if rows != local:
            raise Failure("other rows or another order\n"
                          + difference(rows, local))
        return
    if query.keys:
        got = [tuple(row[key] for key in query.keys) for row in rows]
        expected = [tuple(row[key] for key in query.keys) for row in local]
        if got != expected:
            raise Failure("other keys or another order of them\n"
                          + difference(rows, local))
    if query.whole is None:
        if collections.Counter(rows) != collections.Counter(local):
            raise Failure("other rows\n" + difference(rows, local))
        return
    if len(rows) != len(local):
        raise Failure("%d rows, not %d" % (len(rows), len(local)))
    strange = collections.Counter(rows) - collections.Counter(whole)
    if strange:
        raise Failure("rows that the query does not have\n  %s"
                      % list(strange)[:5])


def check_between(rows, visible, everything):
    """Where lists hide rows, some of them may be seen, the others must."""
    rows, visible, everything = map(collections.Counter,
                                    (rows, visible, everything))
    missing, strange = visible - rows, rows - everything
    if missing or strange:
        raise Failure("missing\n  %s\nstrange\n  %s" % (
            list(missing)[:5], list(strange)[:5]))


def difference(rows, local):
    """What differs, in a few lines."""
    left, right = collections.Counter(rows), collections.Counter(local)
    lines = ["foreign %d rows, local %d" % (len(rows), len(local))]
    for name, more in (("only foreign", left - right),
                       ("only local", right - left)):
        for row in list(more.elements())[:3]:
            lines.append("  %s: %s" % (name, clip(row)))
    lines += nearest(list((left - right).elements())[:1],
                     list((right - left).elements()))
    if left == right:
        for number, (one, other) in enumerate(zip(rows, local)):
            if one != other:
                lines.append("  row %d: foreign %s\n         local %s" % (
                    number, clip(one), clip(other)))
                break
    return "\n".join(lines)


def nearest(rows, others):
    """In which columns a row differs from the one most like it."""
    for row in rows:
        other = max((other for other in others if len(other) == len(row)),
                    key=lambda other: sum(map(str.__eq__, map(str, row),
                                              map(str, other))),
                    default=None)
        if other and len(row) > 1:
            yield "  differ: " + "; ".join(
                "column %d: %s, not %s" % (number, clip(one), clip(two))
                for number, (one, two) in enumerate(zip(row, other), 1)
                if one != two)


def clip(row):
    """A row, not too long."""
    text = repr(row)
    return text if len(text) < 400 else text[:400] + "..."

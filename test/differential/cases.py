"""Cases: settings, and steps that know how to run themselves."""

import random

from differential.failure import Failure
from differential.generator import Generator
from differential.lookups import LookUps
from differential.schema import WRITABLE, ZONES, Query, place
from differential.session import SqlError, literal
from mock.client import MockError

PLANNER = ("enable_nestloop", "enable_hashjoin", "enable_mergejoin",
           "enable_material", "enable_memoize", "enable_hashagg",
           "enable_sort", "enable_incremental_sort")


class Case:
    """Settings and steps; each step knows how to run itself."""

    def __init__(self, number, settings, steps, in_transaction):
        self.number = number
        self.settings = settings
        self.steps = steps
        self.in_transaction = in_transaction


def make_case(seed, config, tables, number, version):
    """A case by lot."""
    lot = random.Random("%s/%s/%s" % (seed, config.name, number))
    generator = Generator(lot, tables, config)
    settings = make_settings(lot, config, version)
    kinds = {"queries": 58, "prepared": 18, "cursor": 12, "wire": 5,
             "savepoint": 3, "merge": 4, "procedure": 2}
    if config.shares:
        kinds["neighbours"] = 25
    if not config.hides:
        kinds["lookups"] = config.lookups
    kind = generator.weighted(**kinds)
    if generator.chance(config.batches):
        generator.batches = not config.is_monotone
    if kind == "lookups":
        settings = {"timezone": settings["timezone"]}
    elif kind == "merge":
        settings.update(enable_hashjoin="off", enable_nestloop="off")
    elif generator.batches:
        settings.update(enable_hashjoin="off", enable_mergejoin="off")
    if kind == "prepared":
        steps = [Prepared(generator)]
    elif kind == "cursor":
        steps = [Cursors(generator)]
    elif kind == "wire":
        steps = [Wire(generator)]
    elif kind == "procedure":
        steps = [Procedure(generator)]
    elif kind == "lookups":
        steps = [LookUps(generator)]
    elif kind == "neighbours":
        steps = [Neighbours(generator)]
    elif kind == "savepoint":
        steps = [Plain(generator), Savepoint(generator), Plain(generator)]
    else:
        steps = [Plain(generator)
                 for _ in range(lot.choices((1, 2, 3, 5), (35, 30, 20, 15))
                                [0])]
    in_transaction = kind in ("cursor", "savepoint") or (
        kind not in ("procedure", "neighbours", "lookups") and lot.random() < 0.7)
    return Case(number, settings, steps, in_transaction)


def make_settings(lot, config, version):
    """A session's settings."""
    settings = {"timezone": lot.choice(ZONES)}
    if lot.random() < 0.45:
        for name in lot.sample(PLANNER, lot.choice((1, 1, 2, 3))):
            settings[name] = "off"
    if lot.random() < config.work_mem:
        settings["work_mem"] = "64kB"
    if lot.random() < 0.1:
        settings.update(geqo_threshold="2", geqo_seed=str(lot.random()))
    if lot.random() < 0.1:
        settings["join_collapse_limit"] = "1"
    if lot.random() < 0.1:
        settings.update(parallel_setup_cost="0", parallel_tuple_cost="0",
                        min_parallel_table_scan_size="0")
        settings["debug_parallel_query" if version >= 160000
                 else "force_parallel_mode"] = "on"
        # workers that are started anew for each row take all the time
        settings.pop("enable_material", None)
    if lot.random() < 0.15:
        settings["cursor_tuple_fraction"] = lot.choice(("0.001", "1"))
    if lot.random() < 0.1:
        settings["frontcore_fdw.cache_size"] = lot.choice(("64kB", "1MB"))
    if config.shares and lot.random() < 0.3:
        settings["frontcore_fdw.max_age"] = lot.choice(("0", "1", "1h"))
    return settings


class Plain:
    """One query."""

    def __init__(self, generator):
        self.query = generator.query()
        self.explains = generator.chance(0.15)
        self.analyzes = generator.chance(0.2)

    def run(self, trial):
        """Run the query over both."""
        if self.explains:
            trial.explain(self.query, self.analyzes)
        if not trial.has_failed:
            trial.compare(self.query)


class Neighbours:
    """Sessions that share answers ask by turns, and one of them writes."""

    def __init__(self, generator):
        lot = generator.lot
        generator.may_lock = False
        self.queries = [generator.query()]
        self.name, self.column = lot.choice(list(WRITABLE.items()))
        table = generator.tables[self.name]
        self.number = lot.choice(table.values["id"])
        self.writes = (not generator.config.is_monotone
                       and self.column in table.columns)
        if self.writes:
            # what is written must be read, or it would not be missed
            self.queries.append(Query("SELECT id, %s FROM @%s%s" % (
                self.column, self.name, lot.choice((
                    "", " WHERE id = %s", " WHERE id IN (%s, 1)",
                    " WHERE id BETWEEN %s - 5 AND %s + 5")).replace(
                        "%s", self.number))))
            lot.shuffle(self.queries)

    def run(self, trial):
        """Ask before a write, after it, and after it is taken back."""
        self.ask(trial)
        if not self.writes:
            return
        server = trial.runner.mock
        try:
            old = server.dump(self.name, int(self.number))
        except MockError:
            return
        before = trial.rows("SELECT %s FROM loc.%s WHERE id = %s" % (
            self.column, self.name, self.number))
        try:
            self.write(trial, old, "written")
            self.ask(trial)
        finally:
            self.write(trial, old, before[0][0] if before else None)
        self.ask(trial)

    def ask(self, trial):
        """The queries, each by another session."""
        for query in self.queries:
            trial.turn()
            trial.compare(query)

    def write(self, trial, old, value):
        """Write both, and nothing but the column.

        What else the API has changed is taken back at once, behind its back.
        """
        trial.turn()
        sql = "UPDATE %%s.%s SET %s = %s WHERE id = %s" % (
            self.name, self.column, literal(value), self.number)
        trial.note(sql % "fc")
        trial.session.query(sql % "fc")
        for oracle in trial.runner.config.oracles:
            trial.session.query(sql % oracle)
        server = trial.runner.mock
        new = server.dump(self.name, int(self.number))
        changed = {name: value for name, value in old.items()
                   if new.get(name) != value and name != self.column}
        if changed:
            server.change(self.name, int(self.number), **changed)


class Procedure:
    """A loop over a query that commits within."""

    def __init__(self, generator):
        ref = generator.ref()
        self.query = Query("SELECT %s AS id FROM %s WHERE %s" % (
            ref.key, ref.item, generator.where(ref)))
        self.every = generator.lot.choice((1, 3, 40))

    def run(self, trial):
        """Collect what the loop sees in a local table."""
        block = ("DO $$DECLARE r record; i integer := 0; BEGIN FOR r IN %s "
                 "LOOP INSERT INTO seen VALUES (r.id); i := i + 1; IF i %% "
                 "%d = 0 THEN COMMIT; END IF; END LOOP; END$$" % (
                     self.query.over("fc"), self.every))
        trial.note(block)
        trial.session.query("CREATE TEMP TABLE seen (id numeric)")
        _, error = trial.attempt(lambda: trial.session.query(block))
        rows = trial.rows("SELECT * FROM seen")
        trial.session.query("DROP TABLE seen")
        if error:
            trial.judge_error(self.query, error)
        else:
            trial.check(self.query, rows)


class Savepoint:
    """A query that a subtransaction's end takes back."""

    def __init__(self, generator):
        self.query = generator.query()
        self.has_error = generator.chance(0.6)

    def run(self, trial):
        """Run the query, and roll it back."""
        trial.session.query("SAVEPOINT s")
        trial.compare(self.query)
        if trial.has_failed:
            return
        if self.has_error:
            try:
                trial.session.query(place(
                    "SELECT 1 / (count(*) - count(*)) FROM @courses", "fc"))
            except SqlError:
                pass
        trial.session.query("ROLLBACK TO s")


class Prepared:
    """A prepared statement, executed several times."""

    def __init__(self, generator):
        self.query = generator.prepared()
        self.mode = generator.lot.choice(
            ("auto", "force_generic_plan", "force_custom_plan"))
        self.values = [[make() for _, make in self.query.parameters]
                       for _ in range(generator.lot.choice((2, 6, 7)))]
        self.values.append(self.values[0])
        self.zones = [generator.lot.choice(ZONES) for _ in self.values] \
            if generator.chance(0.3) else []

    def run(self, trial):
        """Prepare over both, and execute."""
        session = trial.session
        session.query("DEALLOCATE ALL; SET plan_cache_mode = " + self.mode)
        types = ", ".join(kind for kind, _ in self.query.parameters)
        types = "(%s)" % types if types else ""
        for schema in ("fc", *trial.runner.config.oracles):
            trial.statement(schema, "PREPARE p_%s%s AS %s" % (
                schema, types, self.query.over(schema)))
        for number, values in enumerate(self.values):
            if self.zones:
                trial.note("SET timezone = '%s'" % self.zones[number])
                session.query(trial.notes[-1])
            arguments = "(%s)" % ", ".join(values) if values else ""
            trial.compare(Query(
                "EXECUTE p_#" + arguments, self.query.keys),
                self.query)
            if trial.has_failed:
                return


class Wire:
    """A query by the extended protocol, in portions."""

    def __init__(self, generator):
        self.query = generator.query()
        self.fetch = generator.lot.choice((0, 1, 3, 50))

    def run(self, trial):
        """Run it over both."""
        trial.compare(self.query, fetch=self.fetch)


class Cursors:
    """One or two cursors that are read by turns, and queries in between."""

    def __init__(self, generator):
        lot = generator.lot
        generator.may_lock = False
        self.queries = [generator.query() for _ in range(lot.choice((1, 2)))]
        self.holds = lot.random() < 0.2
        self.moves = []
        for _ in range(lot.randint(1, 8)):
            self.moves.append((
                lot.randrange(len(self.queries)), lot.choice((
                    "FETCH NEXT", "FETCH 3", "FETCH 30", "MOVE 2",
                    "FETCH BACKWARD 2", "FETCH PRIOR", "MOVE BACKWARD 5",
                    "FETCH FIRST", "FETCH LAST", "FETCH ABSOLUTE 4",
                    "FETCH RELATIVE -2", "MOVE ABSOLUTE 0", "FETCH 0",
                    "FETCH BACKWARD ALL", "MOVE FORWARD ALL"))))
        if lot.random() < 0.35 and not generator.config.is_monotone:
            self.add_write(generator)
        if lot.random() < 0.4:
            self.add_subtransaction(lot)
        self.between = generator.query() if lot.random() < 0.4 else None

    def add_subtransaction(self, lot):
        """Roll back some of the moves, which takes back no position."""
        begin = lot.randint(0, len(self.moves))
        end = lot.randint(begin, len(self.moves))
        end_with = lot.choice(("ROLLBACK TO s", "SELECT 1 / 0",
                               "RELEASE s"))
        self.moves.insert(end, (None, end_with))
        self.moves.insert(begin, (None, "SAVEPOINT s"))

    def add_write(self, generator):
        """Write a row between the moves, which must not show in them."""
        lot = generator.lot
        name, column = lot.choice(list(WRITABLE.items()))
        table = generator.tables[name]
        if column not in table.columns:
            return
        number = lot.choice(table.values["id"])
        self.moves.insert(lot.randint(0, len(self.moves)), (
            None, "UPDATE fc.%s SET %s = 'written' WHERE id = %s"
            % (name, column, number)))

    @staticmethod
    def write(trial, command):
        """Run an UPDATE, and take it back behind the API's back."""
        words = command.split()
        resource, number = words[1].partition(".")[2], int(words[-1])
        server = trial.runner.mock
        try:
            old = server.dump(resource, number)
        except MockError:
            old = None
        try:
            trial.session.query(command)
        finally:
            if old:
                new = server.dump(resource, number)
                server.change(resource, number, **{
                    name: value for name, value in old.items()
                    if new.get(name) != value})

    @classmethod
    def run_other(cls, trial, command):
        """A command that is no move."""
        trial.note(command)
        if command.startswith("UPDATE"):
            cls.write(trial, command)
            return
        try:
            trial.session.query(command)
        except SqlError:
            trial.session.query("ROLLBACK TO s")

    def run(self, trial):
        """Read the cursors over the foreign tables and check them."""
        session = trial.session
        before = trial.requests()
        answers = []
        session.query("CLOSE ALL")  # what an error in a case before left open
        for number, query in enumerate(self.queries):
            trial.statement("fc", "DECLARE c%d SCROLL CURSOR %s FOR %s" % (
                number, "WITH HOLD" if self.holds else "",
                query.over("fc")), may_fail=query)
            if trial.has_failed:
                return
        if self.holds:
            _, error = trial.attempt(lambda: session.query("COMMIT; BEGIN"))
            if error:
                trial.judge_error(self.queries[0], error)
                return
        for number, move in self.moves:
            if number is None:
                sent = trial.requests()
                _, error = trial.attempt(
                    lambda m=move: self.run_other(trial, m))
                if error:
                    trial.judge_error(None, error)
                    return
                before += trial.requests() - sent
                answers.append(None)
                continue
            trial.note("%s FROM c%d" % (move, number))
            rows, error = trial.attempt(
                lambda n=number, m=move: trial.rows("%s FROM c%d" % (m, n)))
            if error:
                trial.judge_error(self.queries[number], error)
                return
            answers.append(rows)
        if self.between and not self.holds:
            trial.compare(self.between)
            before += trial.cost
            if trial.has_failed:
                return
        for number, query in enumerate(self.queries):
            trial.note("MOVE ABSOLUTE 0 FROM c%d; FETCH ALL FROM c%d"
                       % (number, number))
            rows, error = trial.attempt(lambda: trial.rows(trial.notes[-1]))
            if error:
                trial.judge_error(query, error)
                return
            trial.check(query, rows)
            self.replay(number, rows, answers)
        trial.check_cost(trial.requests() - before, [
            name for query in self.queries for name in query.references])
        session.query("CLOSE ALL")

    def replay(self, number, rows, answers):
        """What the moves should have given, now that we know all rows."""
        at = 0
        for (which, move), answer in zip(self.moves, answers):
            if which != number:
                continue
            expected, at = self.step(rows, at, move)
            if move.startswith("FETCH") and answer != expected:
                raise Failure("%s FROM c%d gave\n  %s\nexpected\n  %s" % (
                    move, number, answer[:5], expected[:5]))

    @staticmethod
    def step(rows, at, move):
        """The rows of a move, and where it leaves the cursor."""
        words = move.split()[1:]
        end = len(rows) + 1
        direction, count = words[0], words[-1]
        if direction in ("FIRST", "LAST", "ABSOLUTE", "RELATIVE"):
            to = {"FIRST": 1, "LAST": len(rows)}.get(direction)
            if to is None:
                to = int(count) + (at if direction == "RELATIVE" else 0)
            to = max(0, min(end, to))
            return rows[to - 1:to] if 0 < to < end else [], to
        if direction == "0":
            return rows[at - 1:at] if 0 < at < end else [], at
        if direction in ("BACKWARD", "PRIOR"):
            number = {"ALL": end, "PRIOR": 1}.get(count) or int(count)
            to = max(0, at - number)
            return rows[max(0, to - 1):max(0, at - 1)][::-1], to
        number = {"ALL": end, "NEXT": 1}.get(count) or int(count)
        to = min(end, at + number)
        return rows[at:to], to

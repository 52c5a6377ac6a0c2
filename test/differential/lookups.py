"""Shapes that ask for known keys, with a bound of what they may cost.

However a query asks for its keys, it may cost at most twice the cheapest of
look-ups, batches and the whole list.
"""

from differential.failure import Failure
from differential.schema import Query

BATCH = 100
TARGETS = (("courses", "id"), ("customers", "id"), ("course_dates", "id"),
           ("course_dates", "course_id"))

# %(keys)s is a list of numbers, %(table)s the foreign table.
SHAPES = (
    "SELECT t.id FROM (VALUES %(rows)s) v (key) JOIN %(table)s t "
    "ON t.%(column)s = v.key",
    "SELECT t.id FROM unnest('{%(keys)s}'::bigint[]) AS key LEFT JOIN "
    "%(table)s t ON t.%(column)s = key",
    "SELECT t.id FROM %(table)s t WHERE t.%(column)s IN "
    "(SELECT key FROM (VALUES %(rows)s) v (key))",
    "SELECT t.id FROM %(table)s t WHERE t.%(column)s IN (%(keys)s)",
    "SELECT t.id FROM %(table)s t WHERE t.%(column)s = ANY "
    "(ARRAY(SELECT key FROM (VALUES %(rows)s) v (key)))",
    "SELECT t.id FROM %(table)s t WHERE %(alternatives)s",
    "SELECT v.key, x.id FROM (VALUES %(rows)s) v (key), LATERAL (SELECT "
    "t.id FROM %(table)s t WHERE t.%(column)s = v.key ORDER BY t.id LIMIT 3"
    ") x",
    "SELECT v.key, (SELECT max(t.id) FROM %(table)s t WHERE t.%(column)s = "
    "v.key) FROM (VALUES %(rows)s) v (key)",
    "SELECT v.key FROM (VALUES %(rows)s) v (key) WHERE EXISTS (SELECT FROM "
    "%(table)s t WHERE t.%(column)s = v.key)",
    "WITH x AS (SELECT t.id, t.%(column)s AS k FROM %(table)s t WHERE "
    "t.%(column)s IN (%(keys)s)) SELECT a.id, b.k FROM x a JOIN x b "
    "USING (id)",
)
LOOP = ("DO $$DECLARE n bigint; BEGIN FOR n IN SELECT unnest("
        "'{%(keys)s}'::bigint[]) LOOP INSERT INTO seen SELECT t.id FROM "
        "%(table)s t WHERE t.%(column)s = n; END LOOP; END$$")


class LookUps:
    """One shape, over keys that the copies have."""

    def __init__(self, generator):
        lot = generator.lot
        self.name, self.column = lot.choice(TARGETS)
        known = generator.tables[self.name].values.get(self.column) or ["1"]
        self.keys = [lot.choice(known)
                     for _ in range(lot.choice((1, 2, 5, 12, 40, 150)))]
        self.loops = generator.chance(0.2)
        self.shape = LOOP if self.loops else lot.choice(SHAPES)
        if "alternatives" in self.shape:
            del self.keys[40:]

    def text(self, table):
        """The statement over a table."""
        return self.shape % {
            "table": table, "column": self.column,
            "keys": ",".join(self.keys),
            "rows": ", ".join("(%s)" % key for key in self.keys),
            "alternatives": " OR ".join(
                "t.%s = %s" % (self.column, key) for key in self.keys)}

    def run(self, trial):
        """How long the list is becomes known; then ask, and count."""
        trial.rows("SELECT count(id) FROM fc." + self.name)
        query = Query(self.text("@" + self.name))
        if self.loops:
            self.loop(trial)
        else:
            trial.compare(query)
        if trial.has_failed or not trial.runner.config.is_plain:
            return
        # and what it takes to prove that one list or another has ended
        allowed = 2 * self.cheapest(trial) + 2
        trial.runner.closest = max(trial.runner.closest, trial.cost / allowed)
        if trial.cost > allowed:
            raise Failure("%d requests, where twice the cheapest way are %d"
                          % (trial.cost, allowed))

    def loop(self, trial):
        """Look up in a loop what the shapes find at once."""
        trial.note(self.text("fc." + self.name))
        before = trial.requests()
        rows = self.seen(trial, "fc")
        trial.cost = trial.requests() - before
        expected = self.seen(trial, "loc")
        if sorted(rows) != sorted(expected):
            raise Failure("a loop found %d rows, not %d"
                          % (len(rows), len(expected)))

    def seen(self, trial, schema):
        """The rows that a loop over a schema's table finds."""
        trial.session.query("CREATE TEMP TABLE seen (id numeric)")
        trial.session.query(self.text("%s.%s" % (schema, self.name)))
        rows = trial.rows("SELECT * FROM seen")
        trial.session.query("DROP TABLE seen")
        return rows

    def cheapest(self, trial):
        """Requests of the cheapest way."""
        size = trial.runner.config.page_size

        def pages(condition):
            return [int(row[0]) // size + 1 for row in trial.rows(
                "SELECT count(*) FROM loc.%s WHERE %s GROUP BY %s" % (
                    self.name, condition, self.column))]

        keys = "%s IN (%s)" % (self.column, ",".join(self.keys))
        whole = int(trial.rows("SELECT count(*) FROM loc." + self.name)
                    [0][0]) // size + 1
        if self.column == "id":
            return min(whole, len(set(self.keys)))
        if self.loops:          # which statement knows of the next?
            return min(whole, sum(pages(keys)))
        rows = int(trial.rows("SELECT count(*) FROM loc.%s WHERE %s"
                              % (self.name, keys))[0][0])
        batches = rows // size - (-len(set(self.keys)) // BATCH)
        return min(whole, batches, sum(pages(keys)))

"""Queries by lot."""

from differential.conditions import Conditions
from differential.schema import INTEGERS, TAGS, UNIQUE, Query, Ref


class Generator(Conditions):
    """Queries by lot."""

    # -- what comes out ------------------------------------------------------

    def outputs(self, refs):
        """Expressions for a select list."""
        outputs = []
        for ref in refs:
            columns = list(ref.table.columns)
            choice = self.weighted(key=30, some=50, all=8, row=5, none=7)
            if choice == "key":
                outputs.append(ref.key)
            elif choice == "some":
                outputs += [ref[self.column(ref)] for _ in range(
                    self.lot.randint(1, 4))]
            elif choice == "all":
                outputs += [ref[column] for column in columns]
            elif choice == "row":
                outputs.append(self.lot.choice(("%s", "row_to_json(%s)",
                                                "(%s IS NULL)"))
                               % ref.alias)
        return outputs or ["1"]

    def sortable(self, ref):
        """An expression to order by."""
        columns = [name for name, kind in ref.table.columns.items()
                   if kind not in ("jsonb", "json")]
        favourites = [name for name in ("id", "start_at", "n", "starts",
                                        "course_id")
                      if name in columns]
        return ref[self.lot.choice(
            favourites if favourites and self.chance(0.7) else columns)]

    def finish(self, refs, source, where, distinct=""):
        """A query with an order and a limit, by lot."""
        outputs = self.outputs(refs)
        if self.config.is_monotone:
            return Query("SELECT %s FROM %s WHERE %s"
                         % (", ".join(outputs), source, where))
        keys = []
        if self.chance(0.55):
            keys = [self.sortable(self.lot.choice(refs))
                    for _ in range(self.lot.choices((1, 2), (70, 30))[0])]
            if self.chance(0.35):
                keys += [ref.key for ref in refs]
        is_total = all(ref.key in keys for ref in refs)
        limit, ties = self.limit(bool(keys))
        if not is_total or ties or distinct:
            outputs += [key for key in keys if key not in outputs]
        core = "SELECT %s%s FROM %s WHERE %s" % (
            distinct, ", ".join(outputs), source, where)
        order = ""
        if keys:
            direction = self.lot.choice(("", "", " ASC", " DESC", " DESC"))
            order = " ORDER BY " + ", ".join(
                key + (direction if self.chance(0.8) else
                       self.lot.choice(("", " DESC", " NULLS FIRST",
                                        " DESC NULLS LAST")))
                for key in keys)
        if limit and self.chance(0.15):
            return Query("SELECT count(*) FROM (%s%s%s) q"
                         % (core, order, limit))
        if is_total and not ties:
            return Query(core + order + limit, "all")
        return Query(core + order + limit,
                     [outputs.index(key) for key in keys],
                     core if limit else None)

    def limit(self, has_order):
        """A LIMIT clause, and whether it asks for ties."""
        if not self.chance(0.45):
            return "", False
        count = self.lot.choice((0, 1, 1, 2, 3, 5, 10, 25, 26, 100, 1000))
        offset = self.lot.choice((0, 0, 0, 1, 2, 7, 24, 25, 60, 500))
        text = " OFFSET %d" % offset if offset else ""
        choice = self.weighted(limit=70, ties=12, all=4, null=3, subquery=5,
                               offset=6)
        if choice == "ties" and has_order:
            return (" OFFSET %d FETCH FIRST %d ROWS WITH TIES"
                    % (offset, count), True)
        if choice == "all":
            return " LIMIT ALL" + text, False
        if choice == "null":
            return " LIMIT NULL" + text, False
        if choice == "subquery":
            return " LIMIT (SELECT %d)%s" % (count, text), False
        if choice == "offset":
            return text, False
        return " LIMIT %d%s" % (count, text), False

    # -- shapes --------------------------------------------------------------

    def query(self):
        """A query of any shape."""
        shapes = {
            "plain": 28, "page": 9, "neighbours": 7, "joined": 24, "semi": 10, "aggregate": 8,
            "correlated": 5, "lateral": 5, "window": 3, "union": 4,
            "cte": 4, "distinct": 3, "recursive": 1, "extreme": 3,
            "lock": int(self.may_lock), "update": int(self.may_lock),
            "nested": 2, "computed": 3, "merged": 2}
        if self.config.is_monotone:
            shapes = {"plain": 45, "page": 0, "neighbours": 10, "inner": 30,
                      "semi": 15}
        elif self.batches:
            shapes = {"joined": 50, "semi": 20, "lateral": 8,
                      "correlated": 5, "nested": 7, "computed": 10}
        return getattr(self, self.weighted(**shapes))()

    def plain(self):
        """One table."""
        ref = self.ref()
        if not self.config.is_monotone and self.chance(0.05):
            return Query("SELECT * FROM %s WHERE %s"
                         % (ref.item, self.where(ref)))
        return self.finish([ref], ref.item, self.where(ref))

    def page(self):
        """A page of a table that is read by its keys."""
        ref = self.ref()
        key = UNIQUE[ref.table.name]
        columns = [key]
        if self.chance(0.75):
            columns.insert(0, self.comparable(ref))
        is_up = self.chance(0.65)
        where = self.row_atom(ref, columns, self.lot.choice(
            (">", ">", ">=") if is_up else ("<", "<", "<=")))
        if self.chance(0.5):
            where += " AND " + self.window_of_ids(ref)
        if self.chance(0.3):
            where += " AND " + self.atom(ref)
        order = ", ".join(ref[column] + ("" if is_up else " DESC")
                          for column in columns)
        return Query("SELECT %s, %s FROM %s WHERE %s ORDER BY %s%s" % (
            ref.key, ref[self.column(ref)], ref.item, where, order,
            self.limit(False)[0]), "all")

    def window_of_ids(self, ref):
        """A range of neighbouring ids."""
        values = sorted(int(value)
                        for value in ref.table.values[UNIQUE[ref.table.name]])
        if not values:
            return "true"
        first = self.lot.choice(values)
        last = first + self.lot.choice((0, 1, 2, 5, 20, 60, 200))
        return self.lot.choice((
            "%s BETWEEN %d AND %d", "%s >= %d AND {0} < %d",
            "%s > %d AND {0} <= %d")).format(ref.key) % (
                ref.key, first, last)

    def neighbours(self):
        """Rows of neighbouring ids, in some order."""
        ref = self.ref()
        where = self.window_of_ids(ref)
        if self.chance(0.3):
            where = "%s <= %s" % (ref.key, where.split()[-1])
        if self.chance(0.4):
            where += " AND " + self.atom(ref)
        if "true" in where:
            return self.plain()
        return self.finish([ref], ref.item, where)

    def distinct(self):
        """DISTINCT and DISTINCT ON."""
        ref = self.ref()
        if self.chance(0.5):
            columns = [ref[name] for name in self.lot.sample(
                list(ref.table.columns), min(2, len(ref.table.columns)))]
            return Query("SELECT DISTINCT %s FROM %s WHERE %s" % (
                ", ".join(columns), ref.item, self.where(ref)))
        by = self.sortable(ref)
        return Query(
            "SELECT DISTINCT ON (%s) %s, %s FROM %s WHERE %s "
            "ORDER BY %s, %s%s" % (by, by, ref.key, ref.item,
                                   self.where(ref), by, ref.key,
                                   self.limit(False)[0]), "all")

    def aggregate(self):
        """Aggregates, with and without groups."""
        ref = self.ref()
        where = self.where(ref)
        what = self.lot.sample((
            "count(*)", "count(%s)" % self.sortable(ref),
            "min(%s)" % ref.key, "max(%s)" % ref.key,
            "sum(%s)" % ref.key, "array_agg(%s ORDER BY %s)"
            % (ref.key, ref.key),
            "count(*) FILTER (WHERE %s)" % self.atom(ref),
            "count(DISTINCT %s)" % self.sortable(ref)),
            self.lot.randint(1, 3))
        if self.chance(0.5):
            return Query("SELECT %s FROM %s WHERE %s"
                         % (", ".join(what), ref.item, where))
        by = [self.sortable(ref) for _ in range(self.lot.choice((1, 1, 2)))]
        group = ", ".join(by)
        if self.chance(0.15):
            group = self.lot.choice(("ROLLUP (%s)", "CUBE (%s)")) % group
        having = " HAVING count(*) > 1" if self.chance(0.3) else ""
        return Query("SELECT %s, %s FROM %s WHERE %s GROUP BY %s%s" % (
            ", ".join(by), ", ".join(what), ref.item, where, group, having))

    def extreme(self):
        """min and max, which the planner turns into ORDER BY LIMIT 1."""
        ref = self.ref()
        column = self.sortable(ref)
        if ref.table.columns[column.partition(".")[2]] == "boolean":
            column = ref.key
        return Query("SELECT min(%s), max(%s) FROM %s WHERE %s" % (
            column, column, ref.item, self.where(ref)))

    def join_pair(self, outer, inner, needs_equality=False):
        """A join clause of two tables, or None."""
        pairs = [(left, right)
                 for left, tag in TAGS[outer.table.name].items()
                 for right, its in TAGS[inner.table.name].items()
                 if tag == its and left in outer.table.columns
                 and right in inner.table.columns]
        keys = [pair for pair in pairs
                if TAGS[outer.table.name][pair[0]]
                in ("course", "date", "customer")]
        if keys and self.chance(0.8):
            pairs = keys
        if not pairs:
            return None
        left, right = self.lot.choice(pairs)
        if TAGS[outer.table.name][left] == "small" and (
                outer.table.name != "k" and inner.table.name != "k"):
            return None
        if inner.ctid and inner[right] == inner.key and self.chance(0.08) \
                and outer.table.columns[left] in INTEGERS:
            return self.compare(inner.ctid, "loc.ctid(%s)" % outer[left], "=")
        if self.chance(0.12) and not needs_equality:
            return self.odd_clause(outer, inner, left, right)
        if needs_equality or self.chance(0.85):
            return self.compare(outer[left], inner[right], "=")
        if "k" not in (outer.table.name, inner.table.name):
            return None
        if self.chance(0.5):
            return self.compare(outer[left], inner[right])
        return "%s BETWEEN %s AND %s + 3" % (
            inner[right], outer[left], outer[left]) \
            if outer.table.columns[left] in ("date", *INTEGERS) \
            else "%s <= %s" % (outer[left], inner[right])

    def odd_clause(self, outer, inner, left, right):
        """A join clause that is an equality in some other way."""
        a, b = outer[left], inner[right]
        numbers = [name for name, kind in outer.table.columns.items()
                   if kind in INTEGERS
                   and outer.table.columns[left] in INTEGERS]
        other = outer[self.lot.choice(numbers or [left])]
        clauses = ["%s IS NOT DISTINCT FROM %s" % (a, b),
                   "(%s = %s OR %s = %s)" % (a, b, other, b)]
        if numbers:
            clauses += ["%s = ANY (ARRAY[%s, %s])" % (b, a, other),
                        "%s = %s + 0" % (b, a),
                        "%s = %s::bigint" % (b, a),
                        "%s = coalesce(%s, %s)" % (b, a, other),
                        "%s BETWEEN %s AND %s + 2" % (b, a, a)]
        return self.lot.choice(clauses)

    def pair(self, needs_equality=True):
        """Two tables that can be joined, one of them foreign at least."""
        if self.batches:
            outer = self.ref(self.chance(0.3), ("k", "k", "courses",
                                                "my_courses"))
            inner = self.ref(True, ("course_dates", "course_dates",
                                    "family", "guarded"))
            key = self.lot.choice([
                name for name, tag in TAGS[outer.table.name].items()
                if tag == "course"])
            if not needs_equality and self.chance(0.15):
                return outer, inner, self.odd_clause(outer, inner, key,
                                                     "course_id")
            return outer, inner, self.compare(
                outer[key], inner["course_id"], "=")
        for _ in range(50):
            outer = self.local() if self.chance(0.45) else self.ref()
            inner = self.ref() if self.chance(0.85) or not outer.is_foreign \
                else self.local()
            on = self.join_pair(outer, inner, needs_equality)
            if on:
                return outer, inner, on
        raise ValueError("no tables to join")

    def inner(self):
        """An inner join."""
        outer, inner, on = self.pair()
        if self.chance(0.3):
            on += " AND " + self.atom(inner)
        return self.finish([outer, inner], "%s JOIN %s ON %s" % (
            outer.item, inner.item, on), self.where(outer, inner))

    def joined(self):
        """Two or three tables, joined in any way."""
        how = self.weighted(inner=40, left=25, right=15, full=10, comma=10)
        outer, inner, on = self.pair(how == "full")
        refs = [outer, inner]
        if how != "full" and self.chance(0.35):
            on += " AND " + self.atom(self.lot.choice(refs))
        if how == "comma":
            source = "%s, %s" % (outer.item, inner.item)
            where = "%s AND %s" % (on, self.where(*refs))
        else:
            source = "%s %s JOIN %s ON %s" % (
                outer.item, how.upper(), inner.item, on)
            where = self.where(*refs) if self.chance(0.6) else "true"
        if how == "left" and self.chance(0.2):
            where = "%s IS NULL" % inner.key
        if self.chance(0.3):
            for _ in range(10):
                third = self.ref() if self.chance(0.6) else self.local()
                clause = self.join_pair(self.lot.choice(refs), third, True)
                if clause:
                    source = "%s %s JOIN %s ON %s" % (
                        "(%s)" % source if how != "comma" else
                        "%s CROSS JOIN %s" % (outer.item, inner.item),
                        self.lot.choice(("INNER", "LEFT")), third.item,
                        clause)
                    refs.append(third)
                    break
        query = self.finish(refs, source, where)
        if self.chance(0.25):
            return Query("SELECT count(*), sum(%s), sum(%s) FROM %s "
                         "WHERE %s" % (outer.key, inner.key, source, where))
        return query

    def semi(self):
        """EXISTS, IN and their negations."""
        has_operator = self.chance(0.45)
        outer, inner, on = self.pair(has_operator)
        negation = ""
        if not self.config.is_monotone and self.chance(0.4):
            negation = "NOT "
        where = self.where(inner)
        if not has_operator:
            condition = "%sEXISTS (SELECT %s FROM %s WHERE %s AND %s)" % (
                negation, self.lot.choice(("1", "*", inner.key)),
                inner.item, on, where)
        else:
            left, right = on.split(" = ")
            if right.startswith(outer.alias + "."):
                left, right = right, left
            if self.chance(0.1):
                where += " LIMIT 1000"
            condition = "%s %sIN (SELECT %s FROM %s WHERE %s)" % (
                left, negation, right, inner.item, where)
        return self.finish([outer], outer.item, "%s AND %s" % (
            condition, self.where(outer)))

    def correlated(self):
        """A scalar subquery in the select list."""
        outer, inner, on = self.pair(False)
        if self.chance(0.6):
            what = self.lot.choice(("count(*)", "max(%s)" % inner.key,
                                    "min(%s)" % self.sortable(inner)))
            if "boolean" in what:
                what = "count(*)"
            if what.startswith("min"):
                column = what.partition(".")[2][:-1]
                if inner.table.columns[column] == "boolean":
                    what = "count(*)"
            subquery = "SELECT %s FROM %s WHERE %s AND %s" % (
                what, inner.item, on, self.where(inner))
        else:
            subquery = ("SELECT %s FROM %s WHERE %s AND %s ORDER BY %s "
                        "LIMIT 1%s" % (
                            inner[self.column(inner)], inner.item, on,
                            self.where(inner),
                            self.lot.choice(("%s", "%s DESC")) % inner.key,
                            self.lot.choice(("", " OFFSET 1"))))
        return Query("SELECT %s, (%s) FROM %s WHERE %s" % (
            outer.key, subquery, outer.item, self.where(outer)))

    def lateral(self):
        """A subquery in FROM that reads what stands left of it."""
        outer, inner, on = self.pair(False)
        subquery = "SELECT %s AS v, %s AS w FROM %s WHERE %s AND %s" % (
            inner.key, inner[self.column(inner)], inner.item, on,
            self.where(inner))
        if self.chance(0.6):
            subquery += " ORDER BY %s, %s%s LIMIT %d" % (
                self.sortable(inner), inner.key,
                self.lot.choice(("", " DESC")), self.lot.randint(0, 4))
        join = self.lot.choice(("JOIN LATERAL (%s) x ON true",
                                "LEFT JOIN LATERAL (%s) x ON true",
                                "CROSS JOIN LATERAL (%s) x")) % subquery
        return Query("SELECT %s, x.v, x.w::text FROM %s %s WHERE %s" % (
            outer.key, outer.item, join, self.where(outer)))

    def nested(self):
        """A join that is run anew for each row around it."""
        outer, inner, on = self.pair()
        around = self.ref(False, ("k",))
        base = 0 if outer.table.name == "k" else self.integer(
            outer, UNIQUE[outer.table.name])
        return Query(
            "SELECT %s, (SELECT count(*) FROM %s %s JOIN %s ON %s "
            "WHERE %s AND %s) FROM %s WHERE %s.n < 12" % (
                around.key, outer.item,
                self.lot.choice(("INNER", "LEFT", "RIGHT")), inner.item, on,
                self.compare(outer.key, "%s + %d::numeric"
                             % (around["n"], base),
                             self.lot.choice(("<", ">="))),
                self.where(inner), around.item, around.alias))

    def computed(self):
        """A join by a value that an outer join below it may make NULL."""
        outer, middle, first = self.pair()
        inner = self.ref(True, ("course_dates", "courses", "guarded"))
        keys = [ref[name] for ref in (outer, middle)
                for name, tag in TAGS[ref.table.name].items()
                if tag == "course" and name in ref.table.columns]
        if not keys:
            return self.joined()
        key = "coalesce(%s, 7303)" % self.lot.choice(keys)
        target = inner["id" if inner.table.name == "courses"
                       else "course_id"]
        return Query(
            "SELECT s.a, s.b, s.x, %s FROM (SELECT %s AS a, %s AS b, %s AS x "
            "FROM %s %s JOIN %s ON %s) s %s JOIN %s ON %s = s.x AND %s" % (
                inner.key, outer.key, middle.key, key, outer.item,
                self.lot.choice(("LEFT", "RIGHT", "FULL", "INNER")),
                middle.item, first, self.lot.choice(("LEFT", "INNER")),
                inner.item, target, self.where(inner)))

    def merged(self):
        """JOIN USING, and a pair of columns in a list of pairs."""
        first, second = (self.ref(True, ("course_dates", "guarded",
                                         "family")) for _ in range(2))
        if self.chance(0.5):
            return Query(
                "SELECT (%s, course_id) IN (SELECT d8, k8 FROM loc.k), "
                "id FROM %s WHERE %s" % (first["id"], first.item,
                                         self.where(first)))
        return Query("SELECT %s, course_id, %s FROM %s %s JOIN %s USING "
                     "(%s) WHERE %s" % (
                         first.key, second.key, first.item,
                         self.lot.choice(("", "LEFT", "FULL")), second.item,
                         self.lot.choice(("course_id, start_at",
                                          "course_id, id",
                                          "id, course_id, status_id")),
                         self.where(first)))

    def window(self):
        """Window functions."""
        ref = self.ref()
        by, order = self.sortable(ref), self.sortable(ref)
        what = self.lot.choice((
            "row_number() OVER (PARTITION BY %s ORDER BY %s, %s)"
            % (by, order, ref.key),
            "lag(%s) OVER (ORDER BY %s)" % (ref.key, ref.key),
            "count(*) OVER (PARTITION BY %s)" % by,
            "rank() OVER (ORDER BY %s)" % by,
            "sum(%s) OVER (ORDER BY %s ROWS 2 PRECEDING)"
            % (ref.key, ref.key)))
        query = "SELECT %s AS key, %s AS w FROM %s WHERE %s" % (
            ref.key, what, ref.item, self.where(ref))
        if self.chance(0.5):
            query = "SELECT * FROM (%s) q WHERE w <= %d" % (
                query, self.lot.choice((1, 2, 5)))
        return Query(query)

    def union(self):
        """Set operations."""
        first = self.ref()
        second = Ref(first.table, "u%d" % next(self.aliases), True)
        columns = [self.column(first) for _ in range(2)]
        queries = ["SELECT %s FROM %s WHERE %s" % (
            ", ".join(ref[column] for column in columns), ref.item,
            self.where(ref)) for ref in (first, second)]
        operation = self.lot.choice(("UNION", "UNION ALL", "INTERSECT",
                                     "EXCEPT", "EXCEPT ALL",
                                     "INTERSECT ALL"))
        return Query((" %s " % operation).join(queries))

    def cte(self):
        """A common table expression that is read twice."""
        ref = self.ref()
        tag = self.lot.choice(("", "MATERIALIZED ", "NOT MATERIALIZED "))
        column = self.column(ref)
        return Query(
            "WITH x AS %s(SELECT %s AS key, %s AS v FROM %s WHERE %s) "
            "SELECT a.key, b.key, b.v::text FROM x a %s JOIN x b "
            "ON a.key = b.key %s" % (
                tag, ref.key, ref[column], ref.item, self.where(ref),
                self.lot.choice(("", "LEFT", "FULL")),
                self.lot.choice(("", "WHERE a.key > 0"))))

    def recursive(self):
        """Parents of parents."""
        if "course_dates" not in self.tables or "parent_id" not in \
                self.tables["course_dates"].columns:
            return self.plain()
        first = self.ref(True, ("course_dates",))
        link = self.lot.choice(("d.id = t.parent_id", "d.parent_id = t.id"))
        return Query(
            "WITH RECURSIVE t AS (SELECT id, parent_id, 0 AS depth FROM %s "
            "WHERE %s UNION ALL SELECT d.id, d.parent_id, depth + 1 FROM t "
            "JOIN @course_dates d ON %s WHERE depth < 4) SELECT * FROM t"
            % (first.item, self.where(first), link))

    def lock(self):
        """Row locks."""
        for _ in range(50):
            outer = self.ref(False, ("k",))
            inner = self.ref()
            on = self.join_pair(outer, inner, True)
            if on:
                break
        else:
            return self.plain()
        return Query("SELECT %s, %s FROM %s JOIN %s ON %s WHERE %s "
                     "FOR UPDATE OF %s" % (
                         outer.key, inner.key, outer.item, inner.item, on,
                         self.where(inner),
                         self.lot.choice((outer.alias, inner.alias))))

    def update(self):
        """Local rows that are updated from foreign ones."""
        for _ in range(50):
            target = self.ref(False, ("k",))
            source = self.ref()
            on = self.join_pair(target, source, True)
            if on:
                return Query(
                    "WITH u AS (UPDATE %s SET word = word FROM %s WHERE %s "
                    "AND %s RETURNING %s) SELECT * FROM u" % (
                        target.item, source.item, on, self.where(source),
                        target.key))
        return self.plain()

    def prepared(self):
        """A query with parameters."""
        self.parameters = []
        try:
            for _ in range(8):
                del self.parameters[:]
                query = self.query()
                if self.parameters and query.whole is None:
                    break
            if query.whole is not None:     # a LIMIT may take any of its rows
                query = Query(query.whole)
            query.parameters = self.parameters
        finally:
            self.parameters = None
        return query

-- Queries of every kind give what they give over a local copy.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT format('http://127.0.0.1:%s/v2', :'port') AS base_url \gset
CREATE SERVER query FOREIGN DATA WRAPPER frontcore_fdw
    OPTIONS (base_url :'base_url', requests_per_second '0', limiter_key 'query');
CREATE USER MAPPING FOR CURRENT_USER SERVER query OPTIONS (api_key 'test-key');
CREATE SCHEMA remote;
IMPORT FOREIGN SCHEMA frontcore LIMIT TO (courses, course_dates, customers)
    FROM SERVER query INTO remote;
CREATE SCHEMA copied;
CREATE TABLE copied.courses AS SELECT * FROM remote.courses;
CREATE TABLE copied.course_dates AS SELECT * FROM remote.course_dates;
CREATE TABLE copied.customers AS SELECT * FROM remote.customers;
-- what both are joined with: keys that come twice, are NULL, or nobody's
CREATE SCHEMA local;
CREATE TABLE local.key (n int, k bigint, label text);
INSERT INTO local.key SELECT n, CASE WHEN n % 6 > 0 THEN 7296 + n * 5 % 21 END, 'k' || n % 4
    FROM generate_series(1, 20) AS n;
CREATE TABLE local.query (number int GENERATED ALWAYS AS IDENTITY, ordered boolean, query text);

-- the rows of a query over one of the two schemas, in the order in which they
-- come or, where the query promises none, sorted
CREATE FUNCTION local.rows_of(schema text, ordered boolean, query text) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    result text[];
BEGIN
    PERFORM set_config('search_path', schema || ', local', true);
    EXECUTE format(CASE WHEN ordered THEN 'SELECT array_agg(q::text) FROM (%s) AS q'
                        ELSE 'SELECT array_agg(q::text ORDER BY q::text COLLATE "C") FROM (%s) AS q' END, query)
        INTO result;
    RETURN result;
END $$;
CREATE FUNCTION local.compare(OUT queries int, OUT empty int, OUT differences text[])
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    one record;
    expected text[];
    given text[];
BEGIN
    queries := 0;
    empty := 0;
    FOR one IN SELECT * FROM local.query ORDER BY number LOOP
        queries := queries + 1;
        expected := local.rows_of('copied', one.ordered, one.query);
        BEGIN
            given := local.rows_of('remote', one.ordered, one.query);
        EXCEPTION WHEN OTHERS THEN
            given := ARRAY[SQLSTATE || ' ' || SQLERRM];
        END;
        IF expected IS NULL THEN
            empty := empty + 1;
        END IF;
        IF given IS DISTINCT FROM expected THEN
            differences := differences || one.query;
        END IF;
        PERFORM public.frontcore_cache_reset();
    END LOOP;
END $$;

-- LIMIT and OFFSET in all their forms
INSERT INTO local.query (ordered, query) VALUES
    (true, 'SELECT id, title FROM courses ORDER BY id LIMIT 3'),
    (true, 'SELECT id, title FROM courses ORDER BY id OFFSET 9'),
    (true, 'SELECT id, title FROM courses ORDER BY id LIMIT 4 OFFSET 6'),
    (true, 'SELECT id FROM courses ORDER BY id LIMIT 4 OFFSET 40'),
    (true, 'SELECT id FROM courses ORDER BY id LIMIT 0'),
    (true, 'SELECT id FROM courses ORDER BY id LIMIT NULL OFFSET NULL'),
    (true, 'SELECT id FROM courses ORDER BY id LIMIT ALL OFFSET 10'),
    (true, 'SELECT id FROM course_dates ORDER BY id LIMIT 9223372036854775807 OFFSET 37'),
    (true, 'SELECT id FROM course_dates ORDER BY id DESC LIMIT 9223372036854775807 OFFSET 9223372036854775807'),
    (true, 'SELECT id FROM course_dates ORDER BY id OFFSET (SELECT count(*) / 2 FROM courses) LIMIT 2.6'),
    (true, 'SELECT id FROM course_dates ORDER BY id DESC FETCH FIRST ROW ONLY'),
    (true, 'SELECT id FROM course_dates ORDER BY start_at DESC, id OFFSET 3 ROWS FETCH NEXT (1 + 2) ROWS ONLY'),
    (true, 'SELECT start_at FROM course_dates ORDER BY start_at FETCH FIRST 9 ROWS WITH TIES'),
    (true, 'SELECT status_id FROM course_dates ORDER BY status_id DESC OFFSET 2 FETCH FIRST ROW WITH TIES'),
    (true, 'SELECT course_id FROM course_dates WHERE start_at > ''2027-03-01'' ORDER BY course_id FETCH FIRST 2 ROWS WITH TIES'),
    (true, 'SELECT location_id, id FROM course_dates ORDER BY location_id DESC NULLS LAST, id DESC LIMIT 12'),
    (true, 'SELECT location_id, id FROM course_dates ORDER BY location_id NULLS FIRST, id LIMIT 12 OFFSET 5'),
    (true, 'SELECT id FROM course_dates WHERE title LIKE ''%a%'' ORDER BY id LIMIT 5 OFFSET 3'),
    (true, 'SELECT id FROM course_dates WHERE status_id = 2 AND seats_free > 9 ORDER BY start_at, id LIMIT 4'),
    (true, 'SELECT id FROM course_dates WHERE course_id = 7301 ORDER BY start_at DESC, id LIMIT 3 OFFSET 2'),
    (true, 'SELECT id, generate_series(1, 3) AS g FROM courses ORDER BY id, g LIMIT 4 OFFSET 1'),
    (true, 'SELECT id, rank() OVER (ORDER BY status_id) FROM course_dates ORDER BY id LIMIT 6'),
    (true, 'SELECT DISTINCT course_id FROM course_dates ORDER BY course_id DESC LIMIT 4'),
    (true, 'SELECT course_id, count(*) FROM course_dates GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3'),
    (true, 'SELECT DISTINCT ON (course_id) course_id, start_at, id FROM course_dates ORDER BY course_id, start_at DESC, id LIMIT 7'),
    (true, '(SELECT id FROM courses ORDER BY id DESC LIMIT 2) UNION ALL (SELECT id FROM course_dates ORDER BY id LIMIT 2) ORDER BY 1'),
    (false, 'SELECT count(*) FROM (SELECT FROM course_dates LIMIT 8) AS x'),
    (false, 'SELECT count(*) FROM (SELECT FROM course_dates OFFSET 30) AS x'),
    (true, 'SELECT k.n, x.id FROM key AS k CROSS JOIN LATERAL (SELECT id FROM course_dates AS d WHERE d.course_id = k.k ORDER BY id LIMIT k.n % 4 OFFSET k.n % 2) AS x ORDER BY 1, 2'),
    (true, 'SELECT n, (SELECT id FROM courses ORDER BY id DESC OFFSET n LIMIT 1) FROM key ORDER BY n'),
    (true, 'SELECT x.id, y.id AS other FROM (SELECT id FROM courses ORDER BY id LIMIT 3) AS x, (SELECT id FROM courses ORDER BY id DESC LIMIT 2) AS y ORDER BY 1, 2');

-- joins of every type
INSERT INTO local.query (ordered, query) VALUES
    (false, 'SELECT c.title, d.id FROM courses AS c JOIN course_dates AS d ON d.course_id = c.id'),
    (false, 'SELECT k.n, c.title FROM key AS k LEFT JOIN courses AS c ON c.id = k.k'),
    (false, 'SELECT k.n, c.title FROM courses AS c RIGHT JOIN key AS k ON c.id = k.k AND c.is_active'),
    (false, 'SELECT k.n, c.id FROM key AS k FULL JOIN courses AS c ON c.id = k.k'),
    (false, 'SELECT k.n, c.id, d.id AS date FROM key AS k FULL JOIN courses AS c ON c.id = k.k FULL JOIN course_dates AS d ON d.course_id = c.id'),
    (false, 'SELECT a.id, b.id AS other FROM (SELECT * FROM courses WHERE level_id = 6) AS a FULL JOIN (SELECT * FROM courses WHERE is_active) AS b ON a.id = b.id'),
    (false, 'SELECT a.id, b.id AS other FROM (SELECT id FROM courses WHERE id < 7303) AS a FULL JOIN (SELECT id FROM customers WHERE id < 40203) AS b ON true'),
    (false, 'SELECT coalesce(k.k, c.id) AS id, k.label FROM key AS k FULL JOIN courses AS c ON k.k = c.id WHERE k.k IS NULL OR c.id IS NULL'),
    (false, 'SELECT count(*) FROM courses CROSS JOIN customers'),
    (false, 'SELECT count(*) FROM (SELECT id, teaching_language FROM courses) AS a NATURAL JOIN (SELECT id, teaching_language FROM courses) AS b'),
    (false, 'SELECT a.id, b.id AS later FROM course_dates AS a JOIN course_dates AS b ON a.course_id = b.course_id AND b.start_at > a.start_at + 60'),
    (false, 'SELECT a.id, p.title FROM customers AS a LEFT JOIN customers AS p ON p.id = a.parent_customer_id'),
    (false, 'SELECT a.id FROM customers AS a WHERE NOT EXISTS (SELECT FROM customers AS p WHERE p.parent_customer_id = a.id)'),
    (false, 'SELECT id FROM customers WHERE id NOT IN (SELECT parent_customer_id FROM customers)'),
    (false, 'SELECT id FROM customers WHERE id NOT IN (SELECT parent_customer_id FROM customers WHERE parent_customer_id IS NOT NULL)'),
    (false, 'SELECT id FROM courses WHERE id IN (SELECT k FROM key)'),
    (false, 'SELECT n FROM key WHERE k NOT IN (SELECT id FROM courses)'),
    (false, 'SELECT n FROM key AS k WHERE NOT EXISTS (SELECT FROM course_dates AS d WHERE d.course_id = k.k AND d.status_id = 2)'),
    (false, 'SELECT k.n, d.id FROM key AS k LEFT JOIN course_dates AS d ON d.course_id = k.k AND k.n > 12'),
    (false, 'SELECT k.n, d.id FROM key AS k LEFT JOIN course_dates AS d ON d.course_id = k.k AND false'),
    (false, 'SELECT k.n, d.id FROM key AS k LEFT JOIN course_dates AS d ON d.course_id = k.k WHERE d.id IS NULL'),
    (false, 'SELECT k.n, c.id, d.id AS date FROM key AS k LEFT JOIN (courses AS c JOIN course_dates AS d ON d.course_id = c.id AND d.seats_free > 10) ON c.id = k.k'),
    (false, 'SELECT k, c FROM key AS k LEFT JOIN (SELECT id, title FROM courses WHERE is_active) AS c ON c.id = k.k'),
    (false, 'SELECT k.n, x.c IS NULL AS lost FROM key AS k LEFT JOIN (SELECT c, c.id FROM courses AS c) AS x ON x.id = k.k'),
    (false, 'SELECT k.n, x.* FROM key AS k LEFT JOIN LATERAL (SELECT d.id, d.course_id - k.k AS zero FROM course_dates AS d WHERE d.course_id = k.k AND d.status_id = k.n % 3) AS x ON true'),
    (false, 'SELECT c.id, x.n, y.title FROM courses AS c, LATERAL (SELECT count(*) AS n FROM course_dates AS d WHERE d.course_id = c.id) AS x, LATERAL (SELECT title FROM customers WHERE id = 40201 + x.n) AS y'),
    (false, 'SELECT v.id, d.id AS date FROM (VALUES (7301), (7301), (NULL), (0), (7312)) AS v (id) JOIN course_dates AS d ON d.course_id = v.id'),
    (false, 'SELECT g, c.title FROM generate_series(7299, 7303) AS g LEFT JOIN courses AS c ON c.id = g'),
    (false, 'SELECT k.n, d.id FROM key AS k JOIN course_dates AS d ON d.course_id BETWEEN k.k AND k.k + 1 AND d.id % 2 = k.n % 2'),
    (false, 'SELECT k.n, d.id FROM key AS k JOIN course_dates AS d ON d.id = 51000 + k.n AND (d.course_id = k.k OR k.k IS NULL)');

-- subqueries and WITH
INSERT INTO local.query (ordered, query) VALUES
    (false, 'SELECT id, (SELECT max(start_at) FROM course_dates AS d WHERE d.course_id = c.id) FROM courses AS c'),
    (false, 'SELECT id FROM courses AS c WHERE id = (SELECT min(course_id) FROM course_dates WHERE status_id = 4)'),
    (false, 'SELECT id FROM course_dates WHERE start_at >= ALL (SELECT start_at FROM course_dates)'),
    (false, 'SELECT id FROM course_dates AS d WHERE seats_free > ANY (SELECT seats_free FROM course_dates AS e WHERE e.course_id = d.course_id AND e.id <> d.id)'),
    (false, 'SELECT id FROM course_dates WHERE (course_id, start_at) IN (SELECT course_id, min(start_at) FROM course_dates GROUP BY 1)'),
    (false, 'SELECT id FROM course_dates WHERE (course_id, id) > (7302, 51020)'),
    (false, 'SELECT id, ARRAY(SELECT d.id FROM course_dates AS d WHERE d.course_id = c.id ORDER BY start_at, id) FROM courses AS c'),
    (false, 'SELECT n, CASE WHEN n % 2 = 0 THEN (SELECT title FROM courses WHERE id = k) ELSE ''odd'' END FROM key'),
    (false, 'SELECT n FROM key WHERE EXISTS (SELECT FROM courses AS c WHERE c.id = k AND EXISTS (SELECT FROM course_dates AS d WHERE d.course_id = c.id AND d.status_id = n % 4))'),
    (false, 'SELECT course_id, count(*) FROM course_dates GROUP BY 1 HAVING count(*) > (SELECT count(*) / 4 FROM courses)'),
    (false, 'WITH c AS MATERIALIZED (SELECT * FROM courses) SELECT a.id FROM c AS a JOIN c AS b ON a.id = b.id + 1'),
    (false, 'WITH c AS NOT MATERIALIZED (SELECT * FROM courses) SELECT a.id FROM c AS a JOIN c AS b ON a.id = b.id + 1 WHERE b.is_active'),
    (false, 'WITH RECURSIVE up (id, parent, depth) AS (SELECT id, parent_customer_id, 0 FROM customers UNION ALL SELECT c.id, c.parent_customer_id, depth + 1 FROM customers AS c JOIN up ON c.id = up.parent) SELECT * FROM up'),
    (false, 'WITH RECURSIVE t (id) AS (VALUES (7300::bigint) UNION ALL SELECT c.id FROM t JOIN courses AS c ON c.id = t.id + 1) SELECT * FROM t'),
    (false, 'SELECT id FROM courses WHERE 0 = (SELECT count(*) FROM course_dates AS d WHERE d.course_id = courses.id)'),
    (false, 'SELECT x.id FROM (SELECT id, title FROM courses OFFSET 0) AS x WHERE x.id = 7303'),
    (false, 'SELECT id FROM course_dates WHERE course_id = ANY (ARRAY(SELECT k FROM key WHERE n < 5))'),
    (false, 'SELECT id FROM course_dates WHERE course_id = (SELECT k FROM key WHERE n = 6)');

-- conditions
INSERT INTO local.query (ordered, query) VALUES
    (false, 'SELECT id FROM course_dates WHERE course_id = 7301 OR status_id = 4'),
    (false, 'SELECT id FROM course_dates WHERE NOT (course_id = 7301 OR status_id = 2)'),
    (false, 'SELECT id FROM course_dates WHERE location_id IS DISTINCT FROM 801'),
    (false, 'SELECT id FROM course_dates WHERE location_id <> 801'),
    (false, 'SELECT id FROM course_dates WHERE location_id IS NULL AND place_id IS NOT NULL'),
    (false, 'SELECT id FROM course_dates WHERE id BETWEEN SYMMETRIC 51009 AND 51004'),
    (false, 'SELECT id FROM course_dates WHERE id IN (51001, NULL, 51039, 51040)'),
    (false, 'SELECT id FROM course_dates WHERE id NOT IN (51001, NULL)'),
    (false, 'SELECT id FROM course_dates WHERE course_id <> ALL (''{7301, 7302}'') AND status_id = ANY (''{1, NULL, 3}'')'),
    (false, 'SELECT id FROM course_dates WHERE start_at - date ''2027-01-01'' BETWEEN 0 AND 31'),
    (false, 'SELECT id FROM course_dates WHERE start_at >= timestamp ''2027-01-11 12:00'' AND start_at < timestamptz ''2027-02-01 00:00+14'''),
    (false, 'SELECT id FROM course_dates WHERE (start_at, end_at) OVERLAPS (date ''2027-03-01'', date ''2027-03-31'')'),
    (false, 'SELECT id FROM course_dates WHERE updated_at > ''2026-06-03 00:18:56+00'' AND updated_at <= ''2026-10-04 00:58:00+00'''),
    (false, 'SELECT id FROM course_dates WHERE course_id = 7302::numeric'),
    (false, 'SELECT id FROM course_dates WHERE course_id = 7302 AND course_id = 7301'),
    (false, 'SELECT id FROM courses WHERE is_active AND NOT is_active IS NULL AND title ~ ''^[F-H]'''),
    (false, 'SELECT id FROM courses WHERE title COLLATE "C" < ''F'' OR reference ILIKE ''f_-%'''),
    (false, 'SELECT id FROM courses WHERE CASE WHEN is_active THEN level_id = 15 ELSE price_value > 5000 END'),
    (false, 'SELECT id FROM customers WHERE custom_properties IS NULL'),
    (false, 'SELECT id FROM course_dates WHERE (end_at - start_at, status_id) = (1, 2)'),
    (false, 'SELECT id FROM courses WHERE coalesce(reference, title) > ''P''');

-- aggregates, set operations, window functions
INSERT INTO local.query (ordered, query) VALUES
    (false, 'SELECT count(*), count(location_id), count(DISTINCT course_id), sum(seats_free), avg(seats_free), min(start_at), max(end_at) FROM course_dates'),
    (false, 'SELECT min(location_id), max(location_id), min(title), max(price_value) FROM courses AS c JOIN course_dates AS d USING (title)'),
    (false, 'SELECT min(id), max(id), min(start_at), max(start_at), max(updated_at) FROM course_dates WHERE course_id = 7302'),
    (false, 'SELECT min(id) FROM course_dates'),
    (false, 'SELECT max(id) FROM course_dates WHERE id < 51040'),
    (false, 'SELECT max(start_at) FROM course_dates'),
    (false, 'SELECT count(*), sum(id), min(id), bool_and(is_active), array_agg(id) FROM courses WHERE id = 0'),
    (false, 'SELECT 1 FROM courses HAVING count(*) = 12'),
    (false, 'SELECT status_id, count(*) FILTER (WHERE seats_free > 5), array_agg(id ORDER BY start_at DESC, id) FROM course_dates GROUP BY 1'),
    (false, 'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seats_free), mode() WITHIN GROUP (ORDER BY course_id), string_agg(DISTINCT teaching_language, '','') FROM course_dates'),
    (false, 'SELECT course_id, status_id, count(*), grouping(course_id, status_id) FROM course_dates GROUP BY CUBE (1, 2)'),
    (false, 'SELECT teaching_language, date_trunc(''month'', start_at::timestamp), sum(seats_free) FROM course_dates GROUP BY ROLLUP (1, 2)'),
    (false, 'SELECT c.title, count(d.id) FROM courses AS c LEFT JOIN course_dates AS d ON d.course_id = c.id GROUP BY c.title HAVING count(d.id) < 3'),
    (false, 'SELECT course_id FROM course_dates EXCEPT SELECT id FROM courses WHERE is_active'),
    (false, 'SELECT id FROM courses INTERSECT SELECT course_id FROM course_dates WHERE status_id = 3'),
    (false, 'SELECT course_id FROM course_dates EXCEPT ALL SELECT k FROM key'),
    (false, 'SELECT course_id FROM course_dates INTERSECT ALL SELECT k FROM key'),
    (false, 'SELECT teaching_language FROM courses UNION SELECT country FROM customers UNION SELECT NULL'),
    (true, 'SELECT id, row_number() OVER (PARTITION BY course_id ORDER BY start_at, id), lag(id, 2) OVER w, sum(seats_free) OVER (w ROWS BETWEEN 1 PRECEDING AND 2 FOLLOWING EXCLUDE CURRENT ROW) FROM course_dates WINDOW w AS (ORDER BY id) ORDER BY id'),
    (true, 'SELECT id, count(*) OVER (ORDER BY start_at RANGE BETWEEN ''7 days'' PRECEDING AND ''7 days'' FOLLOWING) FROM course_dates ORDER BY start_at, id'),
    (true, 'SELECT course_id, ntile(3) OVER (ORDER BY course_id), first_value(total) OVER (ORDER BY course_id DESC) FROM (SELECT course_id, sum(seats_free) AS total FROM course_dates GROUP BY 1) AS x ORDER BY 1');

SELECT * FROM local.compare();
-- the same over small pages, and without cache
ALTER SERVER query OPTIONS (ADD page_size '7', ADD cache 'off');
SELECT * FROM local.compare();
ALTER SERVER query OPTIONS (DROP page_size, DROP cache);
-- by nested loops, by merge joins
SET jit = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT * FROM local.compare();
SET enable_material = off;
SET enable_memoize = off;
SELECT * FROM local.compare();
RESET enable_mergejoin;
SET enable_nestloop = off;
SET enable_hashagg = off;
SELECT * FROM local.compare();
RESET ALL;
SET client_min_messages = warning;

-- LIMIT refuses here what it refuses everywhere
SELECT id FROM remote.courses LIMIT -1;
SELECT id FROM remote.courses OFFSET -1;
\set VERBOSITY sqlstate
SELECT id FROM remote.courses FETCH FIRST 2 ROWS WITH TIES;
\set VERBOSITY default

-- parameters of LIMIT and OFFSET, custom and generic
SET search_path = remote, local;
PREPARE part (bigint, bigint) AS SELECT id FROM courses ORDER BY id LIMIT $1 OFFSET $2;
EXECUTE part (2, 1);
EXECUTE part (NULL, 10);
SET plan_cache_mode = force_generic_plan;
EXECUTE part (2, 1);
EXECUTE part (1, NULL);
EXECUTE part (-1, 0);
EXECUTE part (0, 0);
RESET plan_cache_mode;
DEALLOCATE part;

-- a prepared statement gives the same the sixth time as the first
PREPARE dates_of (bigint, date, int[], text) AS
    SELECT id FROM course_dates
    WHERE course_id = $1 AND start_at >= $2 AND status_id = ANY ($3) AND title LIKE $4 ORDER BY id;
EXECUTE dates_of (7301, '2027-01-01', '{1,2}', '%');
EXECUTE dates_of (7301, '2027-03-01', '{2}', 'Hot%');
EXECUTE dates_of (7302, '2027-01-01', '{3,NULL}', '%');
EXECUTE dates_of (7302, '2027-01-01', NULL, '%');
EXECUTE dates_of (NULL, '2027-01-01', '{3}', '%');
EXECUTE dates_of (7302, '-infinity', '{3}', '%');
EXECUTE dates_of (7301, '2027-01-01', '{1,2}', '%');
CREATE TABLE local.found AS EXECUTE dates_of (7303, '2027-01-01', '{1,2,3,4}', '%');
SELECT id FROM local.found ORDER BY id;
DROP TABLE local.found;
DEALLOCATE dates_of;

-- a kept plan follows the search_path and a table that hides another
PREPARE counted AS SELECT count(*) FROM courses;
EXECUTE counted;
SET search_path = copied, local;
DELETE FROM courses WHERE id > 7310;
EXECUTE counted;
SET search_path = remote, local;
EXECUTE counted;
CREATE TEMPORARY TABLE courses AS SELECT FROM generate_series(1, 3);
EXECUTE counted;
DROP TABLE pg_temp.courses;
EXECUTE counted;

-- and a table, a column, a view that is replaced
CREATE FOREIGN TABLE plain (id bigint, name text OPTIONS (field 'title'))
    SERVER query OPTIONS (resource 'courses');
CREATE VIEW seen AS SELECT id, name FROM plain WHERE id < 7303;
PREPARE everything AS SELECT * FROM plain WHERE id = 7301;
PREPARE counted_plain AS SELECT count(name), max(name COLLATE "C") FROM plain;
PREPARE counted_view AS SELECT count(*) FROM seen;
EXECUTE everything;
EXECUTE counted_plain;
EXECUTE counted_view;
ALTER FOREIGN TABLE plain ALTER COLUMN name OPTIONS (SET field 'reference');
EXECUTE everything;
EXECUTE counted_plain;
ALTER FOREIGN TABLE plain OPTIONS (SET resource 'customers');
ALTER FOREIGN TABLE plain ALTER COLUMN name OPTIONS (SET field 'title');
EXECUTE everything;
EXECUTE counted_plain;
CREATE OR REPLACE VIEW seen AS SELECT id, name FROM plain WHERE id < 40204;
EXECUTE counted_view;
ALTER FOREIGN TABLE plain ADD COLUMN country text;
EXECUTE everything;
EXECUTE counted_plain;
DROP VIEW seen;
DROP FOREIGN TABLE plain;
EXECUTE counted_plain;
CREATE TABLE plain (name text);
INSERT INTO plain VALUES ('local');
EXECUTE counted_plain;
DROP TABLE plain;
DEALLOCATE everything;
DEALLOCATE counted_plain;
DEALLOCATE counted_view;

-- a change of server or mapping is seen by a generic plan
SET plan_cache_mode = force_generic_plan;
PREPARE first (int) AS SELECT id, title FROM courses WHERE id >= $1 ORDER BY id LIMIT 1;
EXECUTE first (1);
ALTER USER MAPPING FOR CURRENT_USER SERVER query OPTIONS (SET api_key 'other-key');
EXECUTE first (1);
\set VERBOSITY sqlstate
ALTER SERVER query OPTIONS (SET base_url 'http://127.0.0.1:1/v2', ADD max_retries '0');
EXECUTE first (1);
ALTER SERVER query OPTIONS (SET base_url :'base_url', DROP max_retries);
ALTER USER MAPPING FOR CURRENT_USER SERVER query OPTIONS (SET api_key 'test-key');
EXECUTE first (1);
DROP USER MAPPING FOR CURRENT_USER SERVER query;
EXECUTE first (1);
\set VERBOSITY default
CREATE USER MAPPING FOR CURRENT_USER SERVER query OPTIONS (api_key 'test-key');
EXECUTE first (1);
DEALLOCATE first;
RESET plan_cache_mode;
DEALLOCATE counted;

-- plans that functions keep: of a partner that is dropped and made anew, of a
-- parameter that steers a nested loop
CREATE TABLE local.partner AS SELECT 7301::bigint AS id;
CREATE FUNCTION local.partners(lowest bigint) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT c.title FROM local.partner JOIN remote.courses AS c USING (id)
        WHERE c.id >= lowest ORDER BY 1;
END $$;
SELECT local.partners(1);
DROP TABLE local.partner;
SELECT local.partners(1);
CREATE TABLE local.partner AS SELECT 7302 + i AS id FROM generate_series(0, 1) AS i;
SELECT local.partners(1);
SELECT local.partners(7303);
SELECT count(*) FROM generate_series(7298, 7307) AS g, local.partners(g);

-- what foreign tables do not have
SELECT id FROM remote.courses TABLESAMPLE BERNOULLI (100);
CREATE INDEX ON remote.courses (id);
BEGIN;
LOCK TABLE remote.courses;
ROLLBACK;
VACUUM remote.courses;

-- each row knows its table
SELECT tableoid::regclass, count(*) FROM remote.courses GROUP BY 1;
SELECT tableoid = 'remote.courses'::regclass AS is_own, id FROM remote.courses
WHERE tableoid <> 'copied.courses'::regclass ORDER BY id DESC LIMIT 1;

-- rows can be locked, which says nothing upstream
SELECT id FROM remote.courses WHERE id < 7303 ORDER BY id FOR UPDATE;
SELECT k.n, c.id FROM local.key AS k JOIN remote.courses AS c ON c.id = k.k
WHERE n < 4 ORDER BY 1 FOR SHARE OF k SKIP LOCKED;
SELECT k.n, c.id FROM local.key AS k LEFT JOIN remote.courses AS c ON c.id = k.k
WHERE n < 4 ORDER BY 1 FOR NO KEY UPDATE OF k;
SELECT k.n, c.id FROM local.key AS k LEFT JOIN remote.courses AS c ON c.id = k.k
WHERE n < 4 ORDER BY 1 FOR UPDATE OF c;

-- ANALYZE takes statistics of all rows, and they agree with the copy's
INSERT INTO copied.courses SELECT * FROM remote.courses WHERE id > 7310;
ANALYZE copied.courses, copied.course_dates;
ANALYZE remote.courses, remote.course_dates;
SELECT relname, reltuples FROM pg_class
WHERE relnamespace = 'remote'::regnamespace AND relname LIKE 'course%' ORDER BY 1;
SELECT tablename, attname, r.null_frac, r.n_distinct
FROM pg_stats AS r FULL JOIN pg_stats AS c USING (tablename, attname)
WHERE r.schemaname = 'remote' AND c.schemaname = 'copied'
  AND (r.null_frac, r.n_distinct, r.most_common_vals::text, r.histogram_bounds::text)
      IS DISTINCT FROM (c.null_frac, c.n_distinct, c.most_common_vals::text, c.histogram_bounds::text)
ORDER BY 1, 2;
SELECT count(*) FROM pg_stats WHERE schemaname = 'remote' AND tablename = 'courses' AND attname IN ('id', 'title');

RESET search_path;
DROP FUNCTION local.partners, local.compare, local.rows_of;
DROP SCHEMA remote, copied, local CASCADE;
DROP SERVER query CASCADE;

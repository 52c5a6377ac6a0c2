-- Joins on a key: of local rows, or of courses, with dates.  The account has
-- 310 courses and 1296 dates, which is 2 and 6 pages.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0 courses=310 dates=1310
SELECT format('http://127.0.0.1:%s/v2', :'port') AS base_url \gset
CREATE SERVER joined FOREIGN DATA WRAPPER frontcore_fdw
    OPTIONS (base_url :'base_url', requests_per_second '0',
             fdw_request_cost '1000', limiter_key 'join');
CREATE USER MAPPING FOR CURRENT_USER SERVER joined
    OPTIONS (api_key 'test-key');
CREATE SCHEMA joined;
IMPORT FOREIGN SCHEMA frontcore LIMIT TO (courses, course_dates)
    FROM SERVER joined INTO joined;
SET client_min_messages = warning;

-- how long both lists are is known once they have been read
SELECT count(*) FROM joined.courses;
SELECT count(*) FROM joined.course_dates;

-- a local copy of both, and local tables with keys that are NULL, that come
-- twice, or that are no course's
CREATE SCHEMA copied;
CREATE TABLE copied.courses AS SELECT * FROM joined.courses;
CREATE TABLE copied.course_dates AS SELECT * FROM joined.course_dates;
CREATE SCHEMA local;
CREATE TABLE local.booking (booking, course_id, day) AS
    SELECT i, CASE WHEN i % 7 > 0 THEN 7295 + i * 3 % 340 END,
           date '2027-01-01' + i
    FROM generate_series(1, 150) AS i;
CREATE TABLE local.small (id, key) AS
    SELECT i, CASE WHEN i % 5 > 0 THEN 7300 + i % 9 END::smallint
    FROM generate_series(1, 30) AS i;
CREATE TABLE local.wide (id, key) AS
    SELECT i, (7301 + i)::bigint FROM generate_series(1, 100) AS i;
CREATE TABLE local.many (key) AS
    SELECT i FROM generate_series(7301, 8900) AS i;
ANALYZE local.many, copied.courses, copied.course_dates, local.booking, local.small, local.wide;
SET search_path = joined, local, public;
\! test/mock.py --log > /dev/null

-- the plan, and with analyze what running it has cost, without what differs
-- from one server to another
CREATE FUNCTION public.plan(query text, analyze_it boolean DEFAULT false)
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE format('EXPLAIN (COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF%s) %s',
        CASE WHEN analyze_it THEN ', ANALYZE' END, query)
    LOOP
        IF line !~ '^ *Filter|Bytes|Retries|Cache|Memory' THEN
            RETURN NEXT regexp_replace(line, ' \(actual .*\)', '');
        END IF;
    END LOOP;
END $$;

-- a hundred keys are one batch, and its answer's pages
SELECT plan('SELECT * FROM wide JOIN course_dates AS d ON d.course_id = wide.key', true);
\! test/mock.py --log --quiet
-- with an outer join, a semijoin and an antijoin
SELECT plan('SELECT * FROM wide LEFT JOIN course_dates AS d ON d.course_id = wide.key', true);
SELECT plan('SELECT * FROM wide WHERE EXISTS (SELECT FROM course_dates AS d WHERE d.course_id = wide.key)', true);
SELECT plan('SELECT * FROM wide WHERE NOT EXISTS (SELECT FROM course_dates AS d WHERE d.course_id = wide.key)', true);
-- courses joined with their dates
SELECT plan('SELECT c.title, d.start_at FROM courses AS c JOIN course_dates AS d ON d.course_id = c.id WHERE c.id > 7500', true);
\! test/mock.py --log --quiet

-- the same in JSON
CREATE FUNCTION public.keys_node(query text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (COSTS OFF, FORMAT JSON) ' || query INTO plan;
    RETURN plan -> 0 -> 'Plan' -> 'Plans' -> 0;
END $$;
SELECT node -> 'Custom Plan Provider' AS provider, node -> 'Batch Key' AS key,
       node -> 'Batch Size' AS size
FROM keys_node('SELECT * FROM wide JOIN course_dates AS d ON d.course_id = wide.key') AS node;

-- it is chosen wherever it is possible, as the guess of one row may be wrong, but
-- not for so many that the whole list is cheaper
SELECT plan('SELECT * FROM wide JOIN course_dates AS d ON d.course_id = wide.key WHERE wide.id = 7', true);
SELECT plan('SELECT d.id FROM many JOIN course_dates AS d ON d.course_id = many.key', true);
-- nor where the API has no such list
ALTER FOREIGN TABLE courses OPTIONS (ADD fdw_request_cost '1e7');
SELECT plan('SELECT * FROM wide JOIN courses AS c ON c.id = wide.key');
ALTER FOREIGN TABLE courses OPTIONS (DROP fdw_request_cost);
\! test/mock.py --log --quiet

-- who wants few rows asks for few keys
SELECT plan('SELECT wide.id, d.id FROM wide JOIN course_dates AS d ON d.course_id = wide.key LIMIT 5', true);
\! test/mock.py --log
SELECT plan('SELECT wide.id, d.id FROM wide JOIN course_dates AS d ON d.course_id = wide.key LIMIT 100', true);
\! test/mock.py --log --quiet

-- a key that comes again is not asked for again, nor is NULL
SELECT plan('SELECT * FROM small JOIN course_dates AS d ON d.course_id = small.key', true);
\! test/mock.py --log

-- what else depends on the outer row is checked here
SELECT plan('SELECT * FROM booking AS b JOIN course_dates AS d ON d.course_id = b.course_id AND d.start_at >= b.day AND d.status_id = 2', true);
\! test/mock.py --log --quiet

-- all kinds of joins give what local tables give
CREATE TABLE local.query (query text);
INSERT INTO local.query VALUES
    ('SELECT b.booking, d.id FROM booking AS b JOIN course_dates AS d USING (course_id)'),
    ('SELECT b.booking, d.id FROM booking AS b LEFT JOIN course_dates AS d USING (course_id)'),
    ('SELECT b.booking, d.id FROM booking AS b RIGHT JOIN course_dates AS d USING (course_id)'),
    ('SELECT b.booking, d.id FROM booking AS b FULL JOIN course_dates AS d USING (course_id)'),
    ('SELECT b.booking FROM booking AS b WHERE EXISTS (SELECT FROM course_dates AS d WHERE d.course_id = b.course_id AND d.status_id = 3)'),
    ('SELECT b.booking FROM booking AS b WHERE NOT EXISTS (SELECT FROM course_dates AS d WHERE d.course_id = b.course_id AND d.status_id = 3)'),
    ('SELECT b.booking FROM booking AS b WHERE course_id IN (SELECT course_id FROM course_dates WHERE start_at < ''2027-01-15'')'),
    ('SELECT b.booking FROM booking AS b WHERE course_id NOT IN (SELECT course_id FROM course_dates WHERE start_at < ''2027-01-15'')'),
    ('SELECT d.id FROM course_dates AS d WHERE course_id IN (SELECT key FROM small)'),
    ('SELECT d.id FROM course_dates AS d WHERE course_id IN (SELECT key FROM small WHERE id < 9 AND key > 7302)'),
    ('SELECT d.id FROM course_dates AS d WHERE NOT EXISTS (SELECT FROM wide WHERE wide.key = d.course_id)'),
    ('SELECT s.id, d.id AS date FROM small AS s LEFT JOIN course_dates AS d ON d.course_id = s.key AND d.id % 5 <> s.id % 5'),
    ('SELECT s.id, d.id AS date FROM small AS s LEFT JOIN course_dates AS d ON d.course_id = s.key AND s.id > 11 WHERE d.id IS NULL OR d.id % 3 = 0'),
    ('SELECT b.booking, d.id FROM booking AS b JOIN course_dates AS d ON d.course_id = b.course_id AND d.start_at > b.day'),
    ('SELECT b.booking, d.id FROM booking AS b JOIN course_dates AS d ON d.course_id = b.course_id + 1'),
    ('SELECT b.booking, d.id FROM booking AS b JOIN course_dates AS d ON d.course_id = coalesce(b.course_id, 7303)'),
    ('SELECT s.id, w.id AS w, d.id AS date FROM small AS s JOIN wide AS w ON w.id = s.id LEFT JOIN course_dates AS d ON d.course_id = s.key AND d.course_id < w.key'),
    ('SELECT s.id, w.id AS w, d.id AS date FROM small AS s LEFT JOIN wide AS w ON w.key = s.key LEFT JOIN course_dates AS d ON d.course_id = w.key'),
    ('SELECT s.id, x.date FROM small AS s LEFT JOIN (SELECT w.key, d.id AS date FROM wide AS w JOIN course_dates AS d ON d.course_id = w.key) AS x USING (key)'),
    ('SELECT s.id, x.key, d.id AS date FROM small AS s LEFT JOIN (SELECT key, coalesce(key, 7305) AS other FROM wide) AS x USING (key) LEFT JOIN course_dates AS d ON d.course_id = x.other'),
    ('SELECT c.id, d.id AS date FROM courses AS c LEFT JOIN course_dates AS d ON d.course_id = c.id WHERE c.id < 7340'),
    ('SELECT c.id, d.id AS date, b.booking FROM booking AS b JOIN courses AS c ON c.id = b.course_id JOIN course_dates AS d ON d.course_id = c.id'),
    ('SELECT s.id, d.id AS date, e.id AS later FROM small AS s JOIN course_dates AS d ON d.course_id = s.key LEFT JOIN course_dates AS e ON e.course_id = s.key AND e.start_at > d.start_at'),
    ('SELECT s.id, d FROM small AS s JOIN course_dates AS d ON d.course_id = s.key'),
    ('SELECT s, d.id AS date FROM small AS s LEFT JOIN course_dates AS d ON d.course_id = s.key'),
    ('SELECT b.course_id, count(d.id), min(d.start_at) FROM booking AS b LEFT JOIN course_dates AS d USING (course_id) GROUP BY 1'),
    ('SELECT DISTINCT d.start_at FROM wide AS w JOIN course_dates AS d ON d.course_id = w.key'),
    ('SELECT s.id, (SELECT count(*) FROM course_dates AS d WHERE d.course_id = s.key) FROM small AS s'),
    ('SELECT s.id, x.id AS date FROM small AS s CROSS JOIN LATERAL (SELECT id FROM course_dates AS d WHERE d.course_id = s.key ORDER BY id LIMIT 2) AS x'),
    ('SELECT s.id, x.* FROM small AS s CROSS JOIN LATERAL (SELECT w.id AS w, d.id AS date FROM wide AS w JOIN course_dates AS d ON d.course_id = w.key AND d.id % 9 = s.id WHERE w.id < s.id) AS x'),
    ('SELECT s.id FROM small AS s WHERE 3 < (SELECT count(*) FROM wide AS w JOIN course_dates AS d ON d.course_id = w.key WHERE w.id < s.id AND d.start_at > date ''2027-01-01'' + s.id)'),
    ('SELECT * FROM (SELECT w.id, d.id AS date FROM wide AS w JOIN course_dates AS d ON d.course_id = w.key ORDER BY w.id, d.id LIMIT 30 OFFSET 4) AS x'),
    ('SELECT * FROM (SELECT w.id, d.id AS date FROM wide AS w LEFT JOIN course_dates AS d ON d.course_id = w.key ORDER BY w.id DESC, d.id FETCH FIRST 20 ROWS WITH TIES) AS x'),
    ('SELECT w.id, d.id AS date FROM wide AS w, course_dates AS d WHERE d.course_id IN (w.key, w.key + 1) AND w.id < 9'),
    ('SELECT w.id, d.id AS date FROM wide AS w, course_dates AS d WHERE d.id = 51000 + w.id');
CREATE FUNCTION public.rows_in(schema text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    PERFORM set_config('search_path', schema || ', local, public', true);
    EXECUTE format('SELECT string_agg(q::text, E''\n'' ORDER BY q::text) FROM (%s) AS q', query)
        INTO result;
    RETURN result;
END $$;
CREATE FUNCTION public.compare(forgets boolean, OUT queries int, OUT batched int, OUT differences text[])
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    one text;
BEGIN
    batched := 0;
    queries := 0;
    FOR one IN SELECT query FROM query
    LOOP
        queries := queries + 1;
        IF EXISTS (SELECT FROM plan(one) AS line WHERE line ~ 'BatchKeys') THEN
            batched := batched + 1;
        END IF;
        IF rows_in('copied', one) IS DISTINCT FROM rows_in('joined', one) THEN
            differences := differences || one;
        END IF;
        IF forgets THEN
            PERFORM frontcore_cache_reset();
        END IF;
    END LOOP;
END $$;
-- as the planner likes it
SELECT batched > 5 AS is_used, queries, differences FROM compare(true);
-- with nothing but nested loops
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SELECT batched > 20 AS is_used, queries, differences FROM compare(false);
-- with little memory, so that batches do not fit
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT batched > 20 AS is_used, queries, differences FROM compare(false);
RESET work_mem;
RESET hash_mem_multiplier;
-- planned by the genetic optimizer
SET geqo_threshold = 2;
SELECT batched > 20 AS is_used, queries, differences FROM compare(false);
-- with parallel workers about
RESET ALL;
SET client_min_messages = warning;
SET search_path = joined, local, public;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SELECT batched > 5 AS is_used, queries, differences FROM compare(false);
RESET ALL;
SET client_min_messages = warning;
SET search_path = joined, local, public;
-- where keys are ignored and come in another order, and without cache
\! test/mock.py --reset rate=0 courses=310 dates=1310 default_sort=asc sort=ignored since_id=ignored
ALTER SERVER joined OPTIONS (ADD cache 'off');
SELECT differences FROM compare(false);
ALTER SERVER joined OPTIONS (DROP cache);

-- a batch whose rows are too many for memory
\! test/mock.py --reset rate=0 courses=12 dates=1310
ALTER SERVER joined OPTIONS (SET limiter_key 'join of many');
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT plan('SELECT * FROM generate_series(7301, 7312) AS key JOIN course_dates AS d ON d.course_id = key');
SELECT count(*), count(DISTINCT d.id) FROM generate_series(7301, 7312) AS key JOIN course_dates AS d ON d.course_id = key;
-- and where one key's rows alone are too many
SELECT count(*), count(DISTINCT d.id), count(DISTINCT d::text) FROM generate_series(7301, 7312) AS key JOIN course_dates AS d ON d.course_id = key;
SELECT count(*) = 2 * count(DISTINCT d.id) AS is_twice FROM generate_series(0, 23) AS i JOIN course_dates AS d ON d.course_id = 7301 + i % 12;
RESET ALL;
SET client_min_messages = warning;
SET search_path = joined, local, public;
\! test/mock.py --reset rate=0 courses=310 dates=1310
ALTER SERVER joined OPTIONS (SET limiter_key 'join');

-- a generic plan is executed again and again
SET plan_cache_mode = force_generic_plan;
PREPARE dates_of (int, int) AS
    SELECT w.id, d.id AS date FROM wide AS w JOIN course_dates AS d ON d.course_id = w.key
    WHERE w.id BETWEEN $1 AND $2 AND d.status_id = 2 ORDER BY 1, 2;
EXECUTE dates_of (1, 4);
EXECUTE dates_of (3, 4);
EXECUTE dates_of (NULL, 4);
\! test/mock.py --log --quiet
DEALLOCATE dates_of;
RESET plan_cache_mode;

-- cursors, also backward
BEGIN;
DECLARE c SCROLL CURSOR FOR
    SELECT w.id, d.id AS date FROM wide AS w JOIN course_dates AS d ON d.course_id = w.key;
MOVE 20 FROM c;
FETCH 2 FROM c;
FETCH BACKWARD 2 FROM c;
FETCH FIRST FROM c;
FETCH LAST FROM c;
COMMIT;

-- rows of the local table can be locked, and written
BEGIN;
SELECT count(*) FROM (SELECT FROM small AS s JOIN course_dates AS d ON d.course_id = s.key FOR UPDATE OF s) AS locked;
ROLLBACK;
BEGIN;
UPDATE small AS s SET id = -s.id FROM course_dates AS d WHERE d.course_id = s.key AND d.status_id = 2;
SELECT count(*) FROM small WHERE id < 0;
SELECT count(*) FROM small AS s WHERE EXISTS (SELECT FROM copied.course_dates AS d WHERE d.course_id = s.key AND d.status_id = 2);
ROLLBACK;
\! test/mock.py --reset rate=0

SET search_path = public;
DROP SCHEMA joined, copied, local CASCADE;
DROP FUNCTION plan(text, boolean), keys_node(text), compare(boolean),
    rows_in(text, text);
DROP SERVER joined CASCADE;

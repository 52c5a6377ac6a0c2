-- Scans in all the ways in which the executor uses them, and what each one
-- costs in requests.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
SET client_min_messages = warning;

-- one request a page; a page shorter than asked for is the last one
SELECT id, title, reference, is_active FROM fc.courses ORDER BY id;
SELECT id, course_id, title, start_at, status_id, status_title
FROM fc.course_dates ORDER BY id LIMIT 5;
SELECT id, title, country, custom_properties FROM fc.customers ORDER BY id;
\! test/mock.py --log

-- a table of small pages
CREATE FOREIGN TABLE small_dates (
    id bigint,
    course_id bigint,
    gone text,
    starts date OPTIONS (field 'start_at'),
    city text OPTIONS (field 'location.city'),
    erp_id text OPTIONS (field 'custom_properties.erp_id')
) SERVER frontcore OPTIONS (resource 'course_dates', page_size '7');
ALTER FOREIGN TABLE small_dates DROP COLUMN gone;
ALTER FOREIGN TABLE small_dates ADD COLUMN year integer
    GENERATED ALWAYS AS (extract(year FROM starts)) STORED;

-- no column is needed to count
SELECT count(*) FROM fc.course_dates;
SELECT count(*) FROM small_dates;
SELECT FROM fc.courses LIMIT 2;
SELECT EXISTS (SELECT FROM small_dates);
\! test/mock.py --log

-- whole rows, system columns, dropped and generated columns
SELECT small_dates FROM small_dates ORDER BY id LIMIT 2;
SELECT tableoid::regclass, id, starts, city, erp_id, year
FROM small_dates WHERE erp_id IS NOT NULL ORDER BY id LIMIT 3;
\! test/mock.py --log

-- a cursor reads what it gives, and nothing ahead
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM small_dates;
FETCH 3 FROM c;
\! test/mock.py --log
FETCH 5 FROM c;
\! test/mock.py --log
-- another scan of the same list goes on where it stopped
SELECT count(*) FROM small_dates;
\! test/mock.py --log
-- and the cursor has no more to ask
MOVE ALL FROM c;
\! test/mock.py --log
COMMIT;

-- a cursor that scrolls back gives the same rows
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM small_dates;
FETCH 9 FROM c;
MOVE BACKWARD 4 FROM c;
FETCH 2 FROM c;
FETCH FIRST FROM c;
FETCH LAST FROM c;
COMMIT;
\! test/mock.py --log

-- a cursor WITH HOLD reads its rest before the transaction ends
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM small_dates;
FETCH 1 FROM h;
\! test/mock.py --log
COMMIT;
\! test/mock.py --log
\! test/mock.py --remove course_dates 51002
FETCH 2 FROM h;
CLOSE h;
\! test/mock.py --reset rate=0

-- a rescan without new parameters reads nothing again, cached or not
ALTER SERVER frontcore OPTIONS (ADD cache 'off');
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SELECT count(*) FROM generate_series(1, 3) AS g, fc.courses;
\! test/mock.py --log
SELECT g, (SELECT count(*) FROM fc.courses c WHERE c.title <> g::text)
FROM generate_series(1, 3) AS g;
\! test/mock.py --log
-- two scans of one statement share nothing then
SELECT count(*) FROM fc.courses a JOIN fc.courses b USING (title);
\! test/mock.py --log
ALTER SERVER frontcore OPTIONS (DROP cache);
SELECT count(*) FROM fc.courses a JOIN fc.courses b USING (title);
\! test/mock.py --log
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;

-- a lateral and a correlated subquery ask again with each parameter
SELECT v.id, d.n
FROM (VALUES (7301), (7306), (NULL), (7301)) AS v (id),
     LATERAL (SELECT count(*) AS n FROM fc.course_dates
              WHERE course_id = v.id OFFSET 0) AS d;
SELECT v.id, (SELECT title FROM fc.courses WHERE id = v.id) AS title
FROM (VALUES (7301), (99), (NULL), (7301)) AS v (id);
\! test/mock.py --log

-- prepared statements, with custom and generic plans
PREPARE by_id (bigint) AS SELECT id, title FROM fc.courses WHERE id = $1;
EXECUTE by_id (7302);
EXECUTE by_id (7303);
EXECUTE by_id (NULL);
SET plan_cache_mode = force_generic_plan;
EXECUTE by_id (7304);
EXECUTE by_id (NULL);
EXPLAIN (COSTS OFF) EXECUTE by_id (7305);
\! test/mock.py --log
-- they notice a change of options
ALTER FOREIGN TABLE fc.courses OPTIONS (ADD push_filters 'false');
EXECUTE by_id (7301);
ALTER SERVER frontcore OPTIONS (ADD page_size '9');
PREPARE counted AS SELECT count(*) FROM fc.courses;
EXECUTE counted;
ALTER SERVER frontcore OPTIONS (SET page_size '11');
EXECUTE counted;
ALTER SERVER frontcore OPTIONS (DROP page_size);
ALTER FOREIGN TABLE fc.courses OPTIONS (DROP push_filters);
EXECUTE counted;
\! test/mock.py --log
DEALLOCATE counted;
RESET plan_cache_mode;
DEALLOCATE by_id;

-- EXPLAIN sends nothing, and needs no user mapping
CREATE ROLE regress_frontcore_nobody;
GRANT USAGE ON SCHEMA fc TO regress_frontcore_nobody;
GRANT SELECT ON ALL TABLES IN SCHEMA fc TO regress_frontcore_nobody;
SET ROLE regress_frontcore_nobody;
EXPLAIN (VERBOSE, COSTS OFF)
SELECT title FROM fc.course_dates WHERE course_id = 7301 AND start_at >= '2027-01-01';
SELECT count(*) FROM fc.courses;
RESET ROLE;
\! test/mock.py --log

-- the mapping is that of the view's owner, and of a function's
CREATE VIEW titles AS SELECT id, title FROM fc.courses;
CREATE VIEW own_titles WITH (security_invoker = true) AS
    SELECT id, title FROM fc.courses;
CREATE FUNCTION course_count() RETURNS bigint
    LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM fc.courses';
GRANT SELECT ON titles, own_titles TO regress_frontcore_nobody;
SET ROLE regress_frontcore_nobody;
SELECT count(*) FROM titles;
SELECT count(*) FROM own_titles;
SELECT course_count();
RESET ROLE;
-- a role with another key sees another account, in one transaction
CREATE USER MAPPING FOR regress_frontcore_nobody SERVER frontcore
    OPTIONS (api_key 'other-key');
BEGIN;
SELECT count(*) FROM own_titles;
SET LOCAL ROLE regress_frontcore_nobody;
SELECT count(*) FROM own_titles;
SELECT count(*) FROM titles;
COMMIT;
\! test/mock.py --log

DROP FUNCTION course_count();
DROP VIEW titles, own_titles;
DROP USER MAPPING FOR regress_frontcore_nobody SERVER frontcore;
REVOKE ALL ON ALL TABLES IN SCHEMA fc FROM regress_frontcore_nobody;
REVOKE ALL ON SCHEMA fc FROM regress_frontcore_nobody;
DROP ROLE regress_frontcore_nobody;
DROP FOREIGN TABLE small_dates;

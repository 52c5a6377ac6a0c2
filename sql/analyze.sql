-- ANALYZE reads the list, and so knows how long it is.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0 courses=310 dates=1310
SELECT format('http://127.0.0.1:%s/v2', :'port') AS base_url \gset
CREATE SERVER analyzed FOREIGN DATA WRAPPER frontcore_fdw
    OPTIONS (base_url :'base_url', requests_per_second '0',
             limiter_key 'analyze');
CREATE USER MAPPING FOR CURRENT_USER SERVER analyzed
    OPTIONS (api_key 'test-key');
CREATE SCHEMA analyzed;
CREATE FOREIGN TABLE analyzed.course_dates (
    id bigint, course_id bigint, start_at date, status_id integer,
    gone text, capacity integer OPTIONS (field 'seats_capacity')
) SERVER analyzed;
ALTER FOREIGN TABLE analyzed.course_dates DROP COLUMN gone;
SET search_path = analyzed, public;
SET client_min_messages = warning;

-- every row is counted, and some are kept; other lines differ by version
\setenv PGDATABASE :DBNAME
\setenv PGOPTIONS '-c default_statistics_target=1'
\! psql -X -c 'ANALYZE VERBOSE analyzed.course_dates' 2>&1 | grep rows
\! test/mock.py --log --quiet
SELECT reltuples, relpages > 0 AS has_pages
FROM pg_class WHERE oid = 'course_dates'::regclass;
SELECT attname, n_distinct BETWEEN 3 AND 4 AS has_4 FROM pg_stats
WHERE tablename = 'course_dates' AND attname = 'status_id';

-- now the planner knows
ANALYZE course_dates;
SELECT attname, n_distinct FROM pg_stats
WHERE schemaname = 'analyzed' AND attname IN ('id', 'status_id') ORDER BY 1;
\! test/mock.py --log > /dev/null
EXPLAIN (COSTS OFF) SELECT id FROM course_dates;
EXPLAIN (COSTS OFF) SELECT id FROM course_dates WHERE status_id = 2;
EXPLAIN (COSTS OFF) SELECT id FROM course_dates WHERE start_at < '2026-09-01';
\! test/mock.py --log

-- what ANALYZE has found is known when all else is forgotten, as after a
-- restart; what a limit of requests per minute costs, too
SELECT frontcore_stat_reset();
EXPLAIN (COSTS OFF) SELECT id FROM course_dates;
CREATE FUNCTION pg_temp.cost(query text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
    RETURN round((plan #>> '{0,Plan,Total Cost}')::numeric / 1000);
END $$;
SELECT pg_temp.cost('SELECT id FROM course_dates') AS cost;
ALTER SERVER analyzed OPTIONS (ADD requests_per_minute '30');
SELECT pg_temp.cost('SELECT id FROM course_dates') AS cost;
ALTER SERVER analyzed OPTIONS (DROP requests_per_minute);
\! test/mock.py --log

-- a list that takes more requests than ANALYZE may send: as long as it was
-- when it was last read, or at least as what was seen of it
CREATE FOREIGN TABLE long (id bigint) SERVER analyzed
    OPTIONS (resource 'course_dates', page_size '2');
ANALYZE long;
SELECT reltuples FROM pg_class WHERE oid = 'long'::regclass;
\! test/mock.py --log --quiet
SELECT count(*) FROM course_dates;
ANALYZE long;
SELECT reltuples FROM pg_class WHERE oid = 'long'::regclass;
\! test/mock.py --log --quiet
DROP FOREIGN TABLE long;

-- an empty list
\! test/mock.py --reset rate=0 courses=12 dates=0
ANALYZE course_dates;
SELECT reltuples FROM pg_class WHERE oid = 'course_dates'::regclass;
EXPLAIN (COSTS OFF) SELECT id FROM course_dates;

-- with the rights of the table's owner
CREATE ROLE regress_frontcore_owner;
GRANT ALL ON SCHEMA analyzed TO regress_frontcore_owner;
GRANT USAGE ON FOREIGN SERVER analyzed TO regress_frontcore_owner;
ALTER FOREIGN TABLE course_dates OWNER TO regress_frontcore_owner;
\set VERBOSITY terse
ANALYZE course_dates;
\set VERBOSITY default
CREATE USER MAPPING FOR regress_frontcore_owner SERVER analyzed
    OPTIONS (api_key 'other-key');
ANALYZE course_dates;
\! test/mock.py --reset rate=0

SET search_path = public;
DROP SCHEMA analyzed CASCADE;
DROP SERVER analyzed CASCADE;
DROP ROLE regress_frontcore_owner;

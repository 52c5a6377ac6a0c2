-- Answers that all sessions share.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
SET client_min_messages = warning;
ALTER SERVER frontcore OPTIONS (ADD cache 'shared');
SELECT frontcore_shared_cache_reset();
SELECT frontcore_stat_reset();

-- a transaction takes what another one has read
SELECT count(*) FROM fc.courses;
SELECT count(*) FROM fc.courses;
SELECT title FROM fc.customers WHERE id = 40203;
SELECT title FROM fc.customers WHERE id = 40203;
\! test/mock.py --log
\c
-- and so does another session, from a complete list without parsing it whole
SET client_min_messages = warning;
SELECT id, title FROM fc.courses WHERE id = 7303;
SELECT count(*) FROM fc.courses;
SELECT title FROM fc.customers WHERE id = 40203;
\! test/mock.py --log
SELECT count(*) FROM fc.course_dates;
\! test/mock.py --log
SELECT id, course_id, start_at FROM fc.course_dates WHERE id = 51003;
SELECT count(*) FROM fc.course_dates WHERE course_id = 7301;
SELECT count(*) FROM fc.course_dates WHERE course_id = ANY (ARRAY[7302, 7306, 1]);
SELECT id FROM fc.course_dates WHERE start_at > '2027-05-01' ORDER BY start_at LIMIT 3;
SELECT c.title, count(*) FROM (VALUES (7301), (7302)) AS v (id) JOIN fc.course_dates d ON d.course_id = v.id JOIN fc.courses c ON c.id = v.id GROUP BY 1 ORDER BY 1;
\! test/mock.py --log
-- what is there
SELECT base_url ~ '/v2$' AS base_url, resource, request, pages, rows, bytes > 0 AS bytes, age < '1 min' AS age, hits FROM frontcore_cache ORDER BY 2, 3;
SELECT resource, requests, cache_hits, shared_hits, stale_hits, writes, unknown_outcomes, wait_ms IS NOT NULL AS wait_ms, last_error_at, stats_reset <= now() AS stats_reset FROM frontcore_stat ORDER BY 1;

-- that there is no such row is an answer, too
SELECT title FROM fc.customers WHERE id = 99999;
SELECT title FROM fc.customers WHERE id = 99999;
SELECT title FROM fc.customers WHERE id IN (40203, 99999);
\! test/mock.py --log

-- only what was read to its end: LIMIT, a cursor that is closed early
SELECT frontcore_shared_cache_reset();
CREATE FOREIGN TABLE pages (id bigint, title text) SERVER frontcore
    OPTIONS (resource 'customers', page_size '5');
SELECT count(*) FROM (SELECT FROM pages LIMIT 7) AS part;
SELECT count(*) FROM frontcore_cache;
SELECT count(*) FROM pages;
SELECT request, pages, rows FROM frontcore_cache;
SELECT count(*) FROM (SELECT FROM pages LIMIT 7) AS part;
\! test/mock.py --log

-- a write drops what it may have changed, and the transaction that wrote reads
-- for itself; what others have read meanwhile it does not take
SELECT count(*) FROM fc.courses;
SELECT count(*) FROM fc.course_dates;
\! test/mock.py --log --quiet
BEGIN;
UPDATE fc.courses SET title = 'Renamed' WHERE id = 7303;
SELECT title FROM fc.courses WHERE id = 7303;
SELECT count(*) FROM pages;
\! test/mock.py --log
COMMIT;
SELECT title FROM fc.courses WHERE id = 7303;
SELECT count(*) FROM pages;
SELECT resource, request FROM frontcore_cache ORDER BY 1, 2;
\! test/mock.py --log

-- reads for a write are never another session's: not the rows that UPDATE
-- finds, not what a PUT needs to know, not RETURNING
SELECT count(*) FROM fc.customers;
\! test/mock.py --log --quiet
UPDATE fc.customers SET note = 'seen' WHERE title = 'Kari Nordmann';
\! test/mock.py --log
SELECT count(*) FROM fc.customers;
SELECT title FROM fc.customers WHERE id = 40203;
\! test/mock.py --log --quiet
BEGIN;
SELECT title FROM fc.customers WHERE id = 40203;
UPDATE fc.customers SET note = 'again' WHERE id = 40203 RETURNING title, note;
COMMIT;
\! test/mock.py --log

-- a refused write changes nothing, and is over
SELECT count(*) FROM fc.courses;
\! test/mock.py --fault 'match=PUT status=422 count=1'
UPDATE fc.courses SET title = 'Refused' WHERE id = 7303;
SELECT count(*) FROM fc.courses;
SELECT count(*) FROM fc.courses;
\! test/mock.py --log
-- max_age: what this session accepts, and 0 renews what others find
SELECT count(*) FROM pages;
\! test/mock.py --log --quiet
SET frontcore_fdw.max_age = 0;
SELECT count(*) FROM pages;
\! test/mock.py --log
SET frontcore_fdw.max_age = '7d';
SELECT count(*) FROM pages;
SET frontcore_fdw.max_age = 100;
SHOW frontcore_fdw.max_age;
\set VERBOSITY sqlstate
SET frontcore_fdw.max_age = '8d';
\set VERBOSITY default
RESET frontcore_fdw.max_age;
SELECT count(*) FROM pages;
\! test/mock.py --log

-- bounds that follow the clock ask the same for a while
SELECT count(*) FROM fc.courses WHERE updated_at > '2026-10-02 10:00:01+02';
SELECT count(*) FROM fc.courses WHERE updated_at > '2026-10-02 10:59:59+02';
SELECT count(*) FROM fc.courses WHERE updated_at < '2026-10-02 10:00:01+02';
SELECT count(*) FROM fc.courses WHERE updated_at <= '2026-10-02 11:00+02';
\! test/mock.py --log
-- for a minute, if the zone is known
ALTER SERVER frontcore OPTIONS (ADD timezone 'Europe/Oslo');
SELECT frontcore_shared_cache_reset();
SELECT count(*) FROM fc.courses WHERE updated_at > '2026-10-02 10:00:01+02';
SELECT count(*) FROM fc.courses WHERE updated_at > '2026-10-02 10:00:59+02';
SELECT count(*) FROM fc.courses WHERE updated_at > '2026-10-02 10:01:00+02';
\! test/mock.py --log
ALTER SERVER frontcore OPTIONS (DROP timezone);

-- EXPLAIN counts what the cache would answer now; a list that is there is
-- joined by hash, not asked for by key
SELECT frontcore_shared_cache_reset();
CREATE TEMP TABLE keys AS SELECT generate_series(7301, 7306) AS id;
ANALYZE keys;
CREATE FOREIGN TABLE dates (id bigint, course_id bigint) SERVER frontcore
    OPTIONS (resource 'course_dates', page_size '2');
SELECT public.explain('SELECT count(*) FROM keys k JOIN dates d ON d.course_id = k.id');
EXPLAIN (COSTS off) SELECT title FROM fc.courses WHERE id IN (7303, 7304);
SELECT count(*) FROM fc.courses WHERE id = 7303;
EXPLAIN (COSTS off) SELECT title FROM fc.courses WHERE id IN (7303, 7304);
SELECT count(*) FROM fc.course_dates WHERE course_id IN (7301, 7302);
EXPLAIN (COSTS off) SELECT title FROM fc.course_dates WHERE course_id IN (7302, 7301);
SELECT count(*) FROM fc.course_dates;
SELECT public.explain('SELECT count(*) FROM keys k JOIN dates d ON d.course_id = k.id');
EXPLAIN (COSTS off) SELECT title FROM fc.course_dates WHERE id = 51003;
DROP FOREIGN TABLE dates;
\! test/mock.py --log --quiet

-- EXPLAIN ANALYZE
SELECT explain('SELECT count(*) FROM pages', 'ANALYZE, COSTS off, TIMING off, SUMMARY off');
SELECT frontcore_shared_cache_reset();
SELECT explain('SELECT count(*) FROM pages', 'ANALYZE, COSTS off, TIMING off, SUMMARY off');
SELECT explain('SELECT count(*) FROM pages', 'ANALYZE, COSTS off, TIMING off, SUMMARY off');
\! test/mock.py --log --quiet

\setenv PGDATABASE :DBNAME
-- stale_if_error: rows whose time is up, where the API cannot be asked; one
-- warning per statement, and only rows: what was not there is an error
ALTER SERVER frontcore OPTIONS (ADD stale_if_error '1h', ADD max_retries '0');
SELECT count(*) FROM fc.courses;
SELECT count(*) FROM fc.course_dates;
SELECT title FROM fc.customers WHERE id = 99999;
\! test/mock.py --log --quiet
\! test/mock.py --fault 'match=/ status=503 count=100'
\! psql -X -c 'SET frontcore_fdw.max_age = 0.001' -c 'SELECT count(*) FROM fc.courses' 2>&1 | sed 's/[0-9.]* seconds/N seconds/'
\! test/mock.py --log
-- so it is with a join, and with what is looked up in the list
\! psql -X -c 'SET frontcore_fdw.max_age = 0.001' -c 'SELECT count(*) FROM fc.courses c JOIN fc.course_dates d ON d.course_id = c.id' -c 'SELECT id, course_id FROM fc.course_dates WHERE id = 51003' -c 'SELECT count(*) FROM fc.course_dates WHERE course_id = 7302' 2>&1 | sed 's/[0-9.]* seconds/N seconds/'
\! psql -X -c 'SET frontcore_fdw.max_age = 0.001' -c 'SELECT title FROM fc.customers WHERE id = 99999' -c 'SELECT count(*) FROM fc.course_dates WHERE course_id = 1'
\! test/mock.py --log >/dev/null
\! psql -X -c 'SET frontcore_fdw.max_age = 0' -c 'SELECT count(*) FROM fc.courses'
\! test/mock.py --log
-- an answer whose time is not up is no reason for a warning
SELECT count(*) FROM fc.courses;
SELECT resource, stale_hits > 0 AS stale_hits, last_error, last_error_at <= now() AS last_error_at FROM frontcore_stat ORDER BY 1;
\! test/mock.py --clear-faults

-- cache_ttl and stale_if_error; a table's own option counts
ALTER SERVER frontcore OPTIONS (SET cache 'transaction', DROP stale_if_error, DROP max_retries);
ALTER FOREIGN TABLE pages OPTIONS (ADD cache 'shared', ADD cache_ttl '1d');
SELECT frontcore_shared_cache_reset();
SELECT count(*) FROM pages;
SELECT count(*) FROM pages;
SELECT count(*) FROM fc.customers;
SELECT count(*) FROM fc.customers;
\! test/mock.py --log
ALTER FOREIGN TABLE pages OPTIONS (SET cache_ttl '999ms');
ALTER FOREIGN TABLE pages OPTIONS (SET cache_ttl '8d');
ALTER FOREIGN TABLE pages OPTIONS (ADD stale_if_error '-1');
ALTER FOREIGN TABLE pages OPTIONS (ADD stale_if_error '90');

-- who may see and reset what
CREATE ROLE regress_watcher;
CREATE ROLE regress_member IN ROLE pg_monitor;
SET ROLE regress_watcher;
SELECT count(*) FROM frontcore_cache;
SELECT frontcore_shared_cache_reset();
RESET ROLE;
CREATE USER MAPPING FOR regress_watcher SERVER frontcore OPTIONS (api_key 'test-key-2');
SET ROLE regress_watcher;
SELECT count(*) FROM frontcore_cache;
RESET ROLE;
ALTER USER MAPPING FOR regress_watcher SERVER frontcore OPTIONS (SET api_key 'test-key');
SET ROLE regress_watcher;
SELECT count(*) FROM frontcore_cache;
SET ROLE regress_member;
SELECT count(*) FROM frontcore_cache;
RESET ROLE;
DROP USER MAPPING FOR regress_watcher SERVER frontcore;
DROP ROLE regress_watcher, regress_member;

-- persons, and lists by path, whose items nobody knows: only where the table
-- itself shares, whatever other tables share
ALTER SERVER frontcore OPTIONS (SET cache 'shared');
CREATE FOREIGN TABLE own_contacts (id bigint) SERVER frontcore OPTIONS (resource 'contacts');
CREATE FOREIGN TABLE own_locations (id bigint) SERVER frontcore OPTIONS (path '/locations');
CREATE FOREIGN TABLE shared_contacts (id bigint) SERVER frontcore OPTIONS (resource 'contacts', cache 'shared');
SELECT frontcore_shared_cache_reset();
SELECT count(*) > 0 AS found FROM own_contacts;
SELECT count(*) > 0 AS found FROM own_locations;
\! test/mock.py --log
SELECT count(*) FROM frontcore_cache;
SELECT count(*) > 0 AS found FROM shared_contacts;
SELECT resource FROM frontcore_cache;
\! test/mock.py --log --quiet
SELECT count(*) > 0 AS found FROM own_contacts;
SELECT count(*) > 0 AS found FROM own_locations;
\! test/mock.py --log
DROP FOREIGN TABLE own_contacts, own_locations, shared_contacts;

-- lists by path: their answers are not those of a resource, though the request
-- is the same; a name in braces has the value that the reader binds; and links
-- are looked up in a list as ids are
CREATE FOREIGN TABLE any_courses (id bigint, title text) SERVER frontcore
    OPTIONS (path '/courses', cache 'shared');
CREATE FOREIGN TABLE bases (user_id bigint, id bigint) SERVER frontcore
    OPTIONS (path '/privacy/users/{user_id}/legalbases', cache 'shared');
CREATE FOREIGN TABLE contacts (id bigint, customer_id bigint) SERVER frontcore
    OPTIONS (cache 'shared');
SELECT frontcore_shared_cache_reset();
SELECT count(*) FROM fc.courses;
SELECT count(title) FROM any_courses;
SELECT * FROM bases WHERE user_id IN (90007, 90009) ORDER BY id;
SELECT count(*), min(customer_id) AS customer FROM contacts \gset
\! test/mock.py --log
\c
SET client_min_messages = warning;
SELECT count(*) FROM fc.courses;
SELECT count(title) FROM any_courses;
SELECT * FROM bases WHERE user_id IN (90007, 90009) ORDER BY id;
SELECT count(*) > 0 AS found FROM contacts WHERE customer_id = :customer;
\! test/mock.py --log
-- so it is within a transaction
BEGIN;
SELECT count(*) FROM any_courses;
SELECT count(*) FROM fc.courses;
COMMIT;
\! test/mock.py --log
SELECT resource, request FROM frontcore_cache ORDER BY 1, 2;
-- the server's option reaches no table of persons, and no list by its path
CREATE SCHEMA people;
IMPORT FOREIGN SCHEMA frontcore LIMIT TO (contacts, participants, orders, instructors, admin_users, user_legal_bases, locations)
    FROM SERVER frontcore INTO people;
CREATE FOREIGN TABLE people.countries (id bigint) SERVER frontcore OPTIONS (path '/countries');
CREATE PROCEDURE people.read_all() LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'people'::regnamespace AND relkind = 'f' LOOP
        EXECUTE 'SELECT FROM ' || name || CASE name WHEN 'people.participants' THEN ' WHERE id = 200005' ELSE '' END;
    END LOOP;
END
$$;
CALL people.read_all();
\! test/mock.py --log | grep -c ^GET
CALL people.read_all();
\! test/mock.py --log | sed 's/?.*//' | sort | uniq -c | sed 's/^ *//'
SELECT DISTINCT resource FROM frontcore_cache ORDER BY 1;
SET client_min_messages = error;
DROP SCHEMA people CASCADE;
SET client_min_messages = warning;
-- a write drops all lists by path, and a verb whatever there is; one that only
-- asks is no write, so that others' answers serve again after it
UPDATE fc.customers SET note = 'path' WHERE id = 40203;
SELECT DISTINCT resource FROM frontcore_cache ORDER BY 1;
SELECT frontcore_check_voucher('frontcore', 'none');
SELECT DISTINCT resource FROM frontcore_cache ORDER BY 1;
\! test/mock.py --log
BEGIN;
SELECT frontcore_check_voucher('frontcore', 'none');
\! psql -X -c 'SELECT count(*) FROM fc.courses'
SELECT count(*) FROM fc.courses;
ROLLBACK;
SELECT DISTINCT resource FROM frontcore_cache ORDER BY 1;
SELECT frontcore_anonymize_user('frontcore', 90007) IS NULL AS done;
SELECT DISTINCT resource FROM frontcore_cache ORDER BY 1;
\! test/mock.py --log
DROP FOREIGN TABLE any_courses, bases, contacts;

-- look-ups of all sessions are weighed against the list, which then serves all
ALTER SERVER frontcore OPTIONS (ADD page_size '5');
SELECT count(*) FROM fc.customers;
SELECT frontcore_shared_cache_reset();
\! test/mock.py --log --quiet
SELECT title FROM fc.customers WHERE id = 40201;
\! psql -X -Atc 'SELECT title FROM fc.customers WHERE id = 40202'
SELECT title FROM fc.customers WHERE id = 40203;
\! psql -X -Atc 'SELECT title FROM fc.customers WHERE id = 40204'
SELECT title FROM fc.customers WHERE id = 40205;
\! test/mock.py --log
\! psql -X -Atc 'SELECT title FROM fc.customers WHERE id = 40206'
SELECT count(*) FROM fc.customers;
\! test/mock.py --log --quiet
-- what was spent before a write has bought nothing that still holds
SELECT frontcore_shared_cache_reset();
SELECT title FROM fc.customers WHERE id = 40201;
SELECT title FROM fc.customers WHERE id = 40202;
SELECT title FROM fc.customers WHERE id = 40203;
SELECT title FROM fc.customers WHERE id = 40204;
UPDATE fc.customers SET note = 'weighed' WHERE id = 40201;
\! test/mock.py --log --quiet
SELECT title FROM fc.customers WHERE id = 40204;
SELECT title FROM fc.customers WHERE id = 40205;
\! test/mock.py --log
ALTER SERVER frontcore OPTIONS (DROP page_size);

-- after one whose outcome is unknown nothing is kept for two seconds
SELECT clock_timestamp() AS began \gset
\! test/mock.py --fault 'match=PUT status=500 count=1'
SET client_min_messages = error;
UPDATE fc.courses SET title = 'Unknown' WHERE id = 7303;
SELECT count(*) FROM fc.courses;
SELECT count(*) = 0 OR clock_timestamp() - :'began' > '2 s' AS kept_late_at_most
  FROM frontcore_cache WHERE resource = 'courses';
\! test/mock.py --log
SELECT resource, writes, unknown_outcomes FROM frontcore_stat WHERE writes > 0 ORDER BY 1;

DROP FOREIGN TABLE pages;
ALTER SERVER frontcore OPTIONS (DROP cache);

-- The view frontcore_requests: what was sent, and what became of the writes.
\set SHOW_CONTEXT never
\set name requests
-- whether a WARNING or its ERROR is shown first is a matter of luck
SET client_min_messages = error;
\i test/account.sql
-- what this test has sent since the last call
CREATE PROCEDURE forget() LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE VIEW requests.sent AS SELECT row_number() OVER (ORDER BY r.at) AS number, r.*'
                   ' FROM frontcore_requests AS r'
                   ' WHERE r.server = ''requests'' AND r.pid = pg_backend_pid() AND r.at > %L', clock_timestamp());
END
$$;
CALL forget();

-- a row per request: reads, and writes with the row's id
SELECT id, title FROM courses WHERE id = 7301;
SELECT id FROM courses WHERE id = 999;
INSERT INTO courses (title) VALUES ('Requests') RETURNING id;
UPDATE courses SET reference = 'R' WHERE id = 7302;
DELETE FROM courses WHERE id = 7303;
SELECT method, path, status, sqlstate, row_id, outcome, resource,
       bytes > 0 AS bytes, wait_ms >= 0 AS waited, http_ms > 0 AS took
  FROM sent ORDER BY number;
\! test/mock.py --log
SELECT DISTINCT database = current_database() AS database, usename = session_user AS usename,
       application_name = current_setting('application_name') AS application, at <= clock_timestamp() AS past
  FROM sent;

-- newest first
SELECT bool_and(coalesce(at <= before, true)) AS newest_first
  FROM (SELECT at, lag(at) OVER () AS before FROM frontcore_requests) AS r;

-- what a rollback has left upstream is one query: after an error, too
CALL forget();
BEGIN;
INSERT INTO courses (title) VALUES ('Left 1'), ('Left 2');
UPDATE courses SET reference = 'L' WHERE id = 7304;
SELECT method, path, row_id, outcome FROM sent WHERE method <> 'GET' ORDER BY number;
ROLLBACK;
INSERT INTO courses (title) VALUES ('Left 3'), ('Left 1');
SELECT method, path, sqlstate, row_id, outcome FROM sent WHERE method <> 'GET' ORDER BY number;
\! test/mock.py --log --quiet

-- savepoints, released ones and those of PL/pgSQL
CALL forget();
BEGIN;
INSERT INTO courses (title) VALUES ('Stays');
SAVEPOINT a;
INSERT INTO courses (title) VALUES ('Goes with a');
SAVEPOINT b;
INSERT INTO courses (title) VALUES ('Goes with a, from b');
RELEASE b;
ROLLBACK TO a;
INSERT INTO courses (title) VALUES ('Stays, too');
RELEASE a;
DO $$
BEGIN
    INSERT INTO requests.courses (title) VALUES ('Goes');
    PERFORM 1 / 0;
EXCEPTION WHEN division_by_zero THEN
END
$$;
SELECT row_number() OVER (ORDER BY number), outcome FROM sent WHERE method = 'POST' ORDER BY number;
COMMIT;
SELECT row_number() OVER (ORDER BY number), outcome FROM sent WHERE method = 'POST' ORDER BY number;
\! test/mock.py --log --quiet

-- functions are there as well, and what a booking has made: it can be undone
CALL forget();
BEGIN;
SELECT booking_id FROM frontcore_book('requests', 51001, '[{"firstname": "Ada", "lastname": "Lund", "email": "ada@person.example"}]');
ROLLBACK;
SELECT count(*) FROM frontcore_deregister('requests', (SELECT row_id FROM sent WHERE outcome = 'rolled back'));
SELECT frontcore_anonymize_user('requests', 90001) IS NULL AS nothing;
SELECT frontcore_check_voucher('requests', 'none');
SELECT method, path, status, sqlstate, row_id, outcome, resource FROM sent ORDER BY number;
\! test/mock.py --log --quiet

-- PREPARE is refused, and what it leaves is rolled back
CALL forget();
BEGIN;
INSERT INTO courses (title) VALUES ('Prepared');
PREPARE TRANSACTION 'requests';
SELECT method, sqlstate, outcome FROM sent ORDER BY number;
\! test/mock.py --log --quiet

-- repeats have rows of their own
CALL forget();
\! test/mock.py --fault 'status=503 count=1 retry_after=0 match=^GET'
SELECT title FROM courses WHERE id = 7305;
SELECT method, path, status, sqlstate FROM sent ORDER BY number;
\! test/mock.py --log --quiet

-- a write that was throttled has done nothing; one without an answer may have
CALL forget();
\! test/mock.py --fault 'retry_after=0 match=^PUT count=1'
UPDATE courses SET reference = 'again' WHERE id = 7305;
SELECT method, status, sqlstate, row_id, outcome FROM sent WHERE method = 'PUT' ORDER BY number;
CALL forget();
\! test/mock.py --fault 'reset processed=yes match=^POST count=1'
INSERT INTO courses (title) VALUES ('Unknown');
\! test/mock.py --fault 'body={} match=^DELETE count=1'
DELETE FROM courses WHERE id = 7306;
SELECT method, status, sqlstate, row_id, outcome FROM sent WHERE method <> 'GET' ORDER BY number;
\! test/mock.py --log --quiet

-- an empty answer is proof of nothing until the row was read
CALL forget();
\! test/mock.py --fault 'empty processed=yes match=^PUT count=1' --fault 'empty processed=no match=^DELETE count=1'
UPDATE courses SET reference = 'seen' WHERE id = 7305;
DELETE FROM courses WHERE id = 7307;
SELECT method, status, sqlstate, row_id, outcome FROM sent WHERE method <> 'GET' ORDER BY number;
-- and where it cannot be read, nobody knows
CALL forget();
\! test/mock.py --fault 'empty processed=yes match=^PUT count=1'
\! test/mock.py --fault 'status=500 match=^GET./courses/7308'
UPDATE courses SET reference = 'unseen' WHERE id = 7308;
\! test/mock.py --clear-faults
SELECT method, status, sqlstate, row_id, outcome FROM sent WHERE method <> 'GET' ORDER BY number;
\! test/mock.py --log --quiet

-- a row that is not there
CALL forget();
SELECT count(*) FROM courses WHERE id = 7308;
\! test/mock.py --remove courses 7308
UPDATE courses SET reference = 'gone' WHERE id = 7308;
SELECT method, status, sqlstate, row_id, outcome FROM sent ORDER BY number;
\! test/mock.py --log --quiet

-- a statement that is cut off, while it reads and while it writes
CALL forget();
\! test/mock.py --fault 'hold match=^GET count=1'
SET statement_timeout = '200ms';
SELECT title FROM courses WHERE id = 7305;
RESET statement_timeout;
\! test/mock.py --release
\! test/mock.py --fault 'hold match=^POST count=1'
SET statement_timeout = '200ms';
INSERT INTO courses (title) VALUES ('Cut off');
RESET statement_timeout;
\! test/mock.py --release
SELECT method, path, status, sqlstate, outcome, http_ms > 100 AS took FROM sent ORDER BY number;
\! test/mock.py --log --quiet

-- nobody answers
CALL forget();
\set nobody `test/mock.py --free-port`
SELECT format('http://127.0.0.1:%s/v2', :'nobody') AS nobody \gset
ALTER SERVER requests OPTIONS (SET base_url :'nobody', ADD max_retries '0');
SELECT title FROM courses WHERE id = 7305;
SELECT method, path, status, sqlstate, outcome FROM sent ORDER BY number;
ALTER SERVER requests OPTIONS (SET base_url :'base_url', DROP max_retries);

-- neither the key, nor what a person was searched by
CALL forget();
SELECT count(*) FROM frontcore_find_users('requests', email => 'regress_nobody@example.com');
SELECT method, path, status FROM sent ORDER BY number;
SELECT count(*) FROM frontcore_requests AS r
 WHERE r::text LIKE '%test-key%' OR r::text LIKE '%regress_nobody%';
\! test/mock.py --log --quiet

-- other roles see their own requests only
CREATE ROLE regress_requests;
GRANT pg_monitor TO regress_requests;
SET ROLE regress_requests;
SELECT count(*) > 0 AS all FROM public.frontcore_requests;
RESET ROLE;
REVOKE pg_monitor FROM regress_requests;
SET ROLE regress_requests;
SELECT count(*) FROM public.frontcore_requests;
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER requests TO regress_requests;
CREATE USER MAPPING FOR regress_requests SERVER requests OPTIONS (api_key 'test-key-2');
GRANT USAGE ON SCHEMA requests TO regress_requests;
GRANT SELECT ON courses TO regress_requests;
SET ROLE regress_requests;
SELECT id FROM courses WHERE id = 7309;
SELECT method, path FROM public.frontcore_requests;
RESET ROLE;
\! test/mock.py --log --quiet

-- reads do not push out writes: the last thousand of each are kept.  The loop
-- reads the list's two pages early on, but asks for each id that is not there:
-- a list may hide rows.
CALL forget();
INSERT INTO courses (title) VALUES ('Still here');
DO $$
BEGIN
    FOR i IN 1 .. 1010 LOOP
        PERFORM FROM requests.courses WHERE id = 1000000 + i;
    END LOOP;
END
$$;
SELECT count(*) FROM sent WHERE method = 'POST';
-- they share the thousand with whoever else reads meanwhile
SELECT max(path), count(*) BETWEEN 100 AND 1000 AS kept, count(*) = count(DISTINCT path)
       AND count(*) = 1001011 - min(substring(path FROM '\d+')::bigint) AS latest
  FROM sent WHERE method = 'GET';
SELECT count(*) FROM frontcore_requests WHERE method = 'GET';
\! test/mock.py --log | sed 's,/[0-9]* .*,/ID,' | sort | uniq -c | sed 's/^ *//'
-- ids that are there cost no more than twice the list
DO $$
BEGIN
    FOR i IN 1 .. 1010 LOOP
        PERFORM FROM requests.courses WHERE id = 7309 + i % 5;
    END LOOP;
END
$$;
\! test/mock.py --log

-- a long path is shown whole; of many the latest are, and of older ones the
-- beginning
ALTER SERVER requests OPTIONS (ADD course_dates_source 'batch');
CREATE VIEW paths AS
    SELECT number, path, '/batch/coursedates?' || (SELECT string_agg('course_ids%5B%5D=' || n, '&' ORDER BY n) FROM generate_series(first, first + 99) AS n)
           || '&order_by=id&order_direction=asc&limit=250&page=1' AS asked
      FROM (SELECT number, path, substring(path FROM '=(\d+)')::bigint AS first FROM sent) AS s;
CALL forget();
SELECT count(*) FROM course_dates WHERE course_id = ANY (ARRAY(SELECT generate_series(100000, 100099)));
SELECT length(path), path = asked AS whole FROM paths;
CALL forget();
DO $$
BEGIN
    FOR i IN 1 .. 400 LOOP
        PERFORM FROM requests.course_dates WHERE course_id = ANY (ARRAY(SELECT generate_series(100000 + 100 * i, 100099 + 100 * i)));
        COMMIT;
    END LOOP;
END
$$;
SELECT count(*), count(*) FILTER (WHERE path = asked) BETWEEN 200 AND 250 AS whole,
       bool_and(path IN (asked, left(asked, 127) || '...')) AS right,
       max(number) FILTER (WHERE path <> asked) < min(number) FILTER (WHERE path = asked) AS latest
  FROM paths;
\! test/mock.py --log --quiet

-- the digest of frontcore_limiter leads to its servers: those that one may know
CREATE SERVER requests_too FOREIGN DATA WRAPPER frontcore_fdw
    OPTIONS (base_url 'http://127.0.0.1:1/v2', limiter_key 'requests');
SELECT (SELECT array_agg(name ORDER BY name) FROM unnest(servers) AS name) AS servers, length(account)
  FROM frontcore_limiter WHERE servers @> '{requests}';
SET ROLE regress_requests;
SELECT servers FROM public.frontcore_limiter;
RESET ROLE;
SELECT count(*) FROM frontcore_limiter AS l JOIN frontcore_stat AS s ON s.server = ANY (l.servers)
 WHERE s.server = 'requests' AND s.resource = 'courses';

DROP SERVER requests_too;
DROP OWNED BY regress_requests;
DROP ROLE regress_requests;
SET client_min_messages = warning;
DROP SERVER requests CASCADE;
DROP SCHEMA requests CASCADE;

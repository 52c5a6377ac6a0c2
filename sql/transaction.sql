-- Writes and the transaction: a rollback does not undo them, and says so; a
-- query sees them; what was being read is read to its end before them.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
\set SHOW_CONTEXT never
DO $$
BEGIN
    EXECUTE format('ALTER SERVER frontcore OPTIONS (ADD limiter_key %L)',
                   'transaction ' || clock_timestamp());
END
$$;
CREATE PROCEDURE pg_temp.attempt(statement text)
LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    hint text;
BEGIN
    EXECUTE statement;
    RAISE NOTICE 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    detail = regexp_replace(detail, 'reported "[^"]*"', 'reported "..."');
    RAISE NOTICE '%: % | % | %', SQLSTATE, message, detail, hint;
END
$$;

-- a rollback tells how many writes stand
BEGIN;
INSERT INTO fc.courses (title) VALUES ('Stays 1'), ('Stays 2');
UPDATE fc.courses SET reference = 'S' WHERE title = 'Stays 1';
DELETE FROM fc.courses WHERE id = 7304;
ROLLBACK;
SELECT title, reference FROM fc.courses WHERE title LIKE 'Stays%' ORDER BY title;
-- a commit has nothing to tell, nor has the rollback of a read
BEGIN;
UPDATE fc.courses SET reference = 'T' WHERE title = 'Stays 1';
COMMIT;
BEGIN;
SELECT reference FROM fc.courses WHERE title = 'Stays 1';
ROLLBACK;

-- savepoints: each tells of its own, and of those released into it
BEGIN;
INSERT INTO fc.courses (title) VALUES ('Outer');
SAVEPOINT a;
INSERT INTO fc.courses (title) VALUES ('In a');
SAVEPOINT b;
INSERT INTO fc.courses (title) VALUES ('In b');
RELEASE b;
SAVEPOINT c;
INSERT INTO fc.courses (title) VALUES ('In c');
ROLLBACK TO c;
ROLLBACK TO a;
INSERT INTO fc.courses (title) VALUES ('In a again');
COMMIT;

-- an error; what was refused does not stand
CALL pg_temp.attempt($$INSERT INTO fc.courses (title) VALUES ('Before the error'), ('Outer'), ('Never')$$);
DO $$
BEGIN
    BEGIN
        INSERT INTO fc.courses (title) VALUES ('Caught');
        PERFORM 1 / 0;
    EXCEPTION WHEN division_by_zero THEN
        RAISE NOTICE 'caught';
    END;
END
$$;

-- a transaction that has written cannot be prepared: a later ROLLBACK PREPARED
-- could not tell what it leaves
BEGIN;
INSERT INTO fc.courses (title) VALUES ('Prepared');
-- psql may see the rollback's warning before the error, or after it
SET LOCAL client_min_messages = error;
PREPARE TRANSACTION 'regress_writes';
SELECT count(*) FROM pg_prepared_xacts WHERE gid = 'regress_writes';
-- nor one of whose writes a subtransaction has been rolled back
BEGIN;
SAVEPOINT s;
UPDATE fc.courses SET reference = 'Prepared, too' WHERE id = 7301;
ROLLBACK TO s;
PREPARE TRANSACTION 'regress_writes';

-- a procedure that commits in a loop
CREATE PROCEDURE pg_temp.rename_all() LANGUAGE plpgsql AS $$
DECLARE
    course record;
BEGIN
    FOR course IN SELECT id FROM fc.courses WHERE id < 7304 ORDER BY id LOOP
        UPDATE fc.courses SET reference = 'P-' || course.id WHERE id = course.id;
        COMMIT;
        UPDATE fc.courses SET reference = 'R-' || course.id WHERE id = course.id;
        ROLLBACK;
    END LOOP;
END
$$;
\! test/mock.py --log --quiet
CALL pg_temp.rename_all();
\! test/mock.py --log

-- an unknown outcome: never repeated, 08007, counted apart
\! test/mock.py --fault 'match=POST close'
CALL pg_temp.attempt($$INSERT INTO fc.courses (title) VALUES ('Lost')$$);
\! test/mock.py --fault 'match=PUT status=500 processed=yes'
CALL pg_temp.attempt($$UPDATE fc.courses SET reference = 'lost' WHERE id = 7301$$);
\! test/mock.py --fault 'match=DELETE truncate=5'
CALL pg_temp.attempt($$DELETE FROM fc.courses WHERE id = 7305$$);
\! test/mock.py --fault 'match=POST status=503 processed=no'
CALL pg_temp.attempt($$INSERT INTO fc.courses (title) VALUES ('Sure'), ('Unsure'), ('Never')$$);
\! test/mock.py --fault 'match=POST empty'
CALL pg_temp.attempt($$INSERT INTO fc.courses (title) VALUES ('Empty')$$);
\! test/mock.py --fault 'match=POST nocontainer'
CALL pg_temp.attempt($$INSERT INTO fc.courses (title) VALUES ('No id')$$);
\! test/mock.py --fault 'match=POST html'
CALL pg_temp.attempt($$INSERT INTO fc.courses (title) VALUES ('Page')$$);
\! test/mock.py --clear-faults
\! test/mock.py --log

-- a connection that dies between requests: the POST is not sent again
\! test/mock.py --fault 'match=GET dead_keepalive'
SELECT title FROM fc.courses WHERE id = 7301;
CALL pg_temp.attempt($$INSERT INTO fc.courses (title) VALUES ('Once')$$);
SELECT count(*) FROM fc.courses WHERE title = 'Once';
\! test/mock.py --log

-- nothing was sent: HV00N, and nothing stands
CREATE SERVER nowhere FOREIGN DATA WRAPPER frontcore_fdw OPTIONS (base_url 'http://127.0.0.1:1/v2', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER nowhere OPTIONS (api_key 'test-key');
CREATE FOREIGN TABLE far_courses (id bigint, title text) SERVER nowhere OPTIONS (resource 'courses');
DO $$
BEGIN
    INSERT INTO far_courses (title) VALUES ('x');
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE '%: %', SQLSTATE, SQLERRM;
END
$$;
DROP SERVER nowhere CASCADE;

-- a 429 on a write is repeated
\! test/mock.py --fault 'match=POST retry_after=0'
INSERT INTO fc.courses (title) VALUES ('Throttled');
\! test/mock.py --log

-- 404 although the row is there: the account has no such method
\! test/mock.py --fault 'match=PUT.*customers status=404'
CALL pg_temp.attempt($$UPDATE fc.customers SET phone = '1' WHERE id = 40201$$);
\! test/mock.py --fault 'match=DELETE.*customers status=404'
CALL pg_temp.attempt($$DELETE FROM fc.customers WHERE id = 40201$$);
\! test/mock.py --log

-- a query after a write sees it, though the transaction had read the list
BEGIN;
SELECT count(*) FROM fc.courses;
SELECT count(*) FROM fc.courses;
INSERT INTO fc.courses (title) VALUES ('Seen at once');
SELECT count(*) FROM fc.courses;
SELECT count(*) FROM fc.course_dates WHERE course_id = 7302;
DELETE FROM fc.courses WHERE id = 7302;
SELECT count(*) FROM fc.course_dates WHERE course_id = 7302;
COMMIT;
\! test/mock.py --log

-- before the first write what is open reads its remaining pages: a loop that
-- writes what it reads, a cursor, the statement's own scan
ALTER SERVER frontcore OPTIONS (ADD page_size '5');
DO $$
DECLARE
    course record;
    seen integer := 0;
BEGIN
    FOR course IN SELECT id, title FROM fc.courses WHERE id < 7313 LOOP
        UPDATE fc.courses SET reference = 'seen' WHERE id = course.id;
        IF seen = 0 THEN
            INSERT INTO fc.courses (title) VALUES ('Not to be seen');
        END IF;
        seen := seen + 1;
    END LOOP;
    RAISE NOTICE 'seen %', seen;
END
$$;
\! test/mock.py --log
BEGIN;
DECLARE dates CURSOR FOR SELECT id, status_id FROM fc.course_dates WHERE course_id = 7301;
FETCH 2 FROM dates;
UPDATE fc.course_dates SET status_id = 4 WHERE course_id = 7301 AND id = 51002;
FETCH ALL FROM dates;
COMMIT;
\! test/mock.py --log
-- a nested loop would read on after the first write; its rows are collected
CREATE TEMP TABLE steps (old integer, new integer);
INSERT INTO steps VALUES (1, 2), (2, 3), (3, 1);
SET enable_hashjoin = off;
SET enable_mergejoin = off;
EXPLAIN (COSTS OFF)
    UPDATE fc.course_dates d SET status_id = s.new FROM steps s
    WHERE d.status_id = s.old AND d.course_id = 7303;
SELECT id, status_id FROM fc.course_dates WHERE course_id = 7303 ORDER BY id;
UPDATE fc.course_dates d SET status_id = s.new FROM steps s
    WHERE d.status_id = s.old AND d.course_id = 7303;
SELECT id, status_id FROM fc.course_dates WHERE course_id = 7303 ORDER BY id;
RESET enable_hashjoin;
RESET enable_mergejoin;
\! test/mock.py --log
-- so are those of a branch that comes later
INSERT INTO fc.courses (title)
    SELECT 'From here' UNION ALL SELECT title || ' copy' FROM fc.courses WHERE title LIKE 'From here%';
SELECT count(*) FROM fc.courses WHERE title LIKE 'From here%';
\! test/mock.py --log --quiet

-- rows that a WITH clause writes
WITH new AS (INSERT INTO fc.courses (title) VALUES ('Within 1'), ('Within 2') RETURNING id)
INSERT INTO fc.course_dates (course_id, start_at, end_at)
    SELECT id, '2027-10-01', '2027-10-02' FROM new RETURNING start_at;
WITH gone AS (DELETE FROM fc.courses WHERE title LIKE 'Within%' RETURNING title)
SELECT count(*) FROM gone;
\! test/mock.py --log

ALTER SERVER frontcore OPTIONS (DROP page_size);
ALTER SERVER frontcore OPTIONS (DROP limiter_key);

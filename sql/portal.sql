-- Cursors and transactions: what is fetched, in which direction and when, is
-- what a cursor over a local copy gives.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT format('http://127.0.0.1:%s/v2', :'port') AS base_url \gset
CREATE SERVER portal FOREIGN DATA WRAPPER frontcore_fdw
    OPTIONS (base_url :'base_url', requests_per_second '0', page_size '7');
DO $$
BEGIN
    EXECUTE format('ALTER SERVER portal OPTIONS (ADD limiter_key %L)', 'portal ' || clock_timestamp());
END $$;
CREATE USER MAPPING FOR CURRENT_USER SERVER portal OPTIONS (api_key 'test-key');
CREATE SCHEMA remote;
IMPORT FOREIGN SCHEMA frontcore LIMIT TO (courses, course_dates) FROM SERVER portal INTO remote;
CREATE SCHEMA copied;
CREATE TABLE copied.courses AS SELECT * FROM remote.courses;
CREATE TABLE copied.course_dates AS SELECT * FROM remote.course_dates;
CREATE SCHEMA local;
CREATE TABLE local.key AS SELECT 7299 + k AS k FROM generate_series(1, 8) AS k;
SET search_path = remote, local, public;
\! test/mock.py --log > /dev/null

-- every way to move, at random but always the same, over plans that scan,
-- sort, join, aggregate
CREATE TABLE local.query (query text);
INSERT INTO local.query VALUES
    ('SELECT id FROM course_dates ORDER BY id'),
    ('SELECT id, title FROM course_dates WHERE course_id = 7301 ORDER BY start_at DESC, id'),
    ('SELECT id FROM course_dates WHERE status_id <> 2 ORDER BY id LIMIT 9 OFFSET 2'),
    ('SELECT c.id, d.id FROM courses AS c JOIN course_dates AS d ON d.course_id = c.id ORDER BY 1 DESC, 2'),
    ('SELECT k.k, x.n FROM key AS k, LATERAL (SELECT count(*) AS n FROM course_dates WHERE course_id = k.k) AS x ORDER BY 1'),
    ('SELECT course_id, count(*) FROM course_dates GROUP BY 1 ORDER BY 1'),
    ('(SELECT id FROM courses ORDER BY id) UNION ALL (SELECT id FROM course_dates ORDER BY id DESC LIMIT 5)'),
    ('SELECT id FROM courses WHERE id = 0'),
    ('SELECT title FROM courses WHERE id = 7303');
CREATE FUNCTION local.walk(schema text, query text, seed int) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    c refcursor;
    r record;
    seen text[];
    step int;
BEGIN
    PERFORM set_config('search_path', schema || ', local, public', true);
    OPEN c SCROLL FOR EXECUTE query;
    FOR i IN 1..40 LOOP
        seed := (seed * 1103 + 12345) % 65536;
        step := seed / 16 % 15 - 5;
        CASE seed / 256 % 8
            WHEN 0, 1 THEN FETCH NEXT FROM c INTO r;
            WHEN 2 THEN FETCH PRIOR FROM c INTO r;
            WHEN 3 THEN FETCH RELATIVE step FROM c INTO r;
            WHEN 4 THEN FETCH ABSOLUTE step FROM c INTO r;
            WHEN 5 THEN FETCH FIRST FROM c INTO r;
            WHEN 6 THEN FETCH LAST FROM c INTO r;
            ELSE MOVE RELATIVE step FROM c; FETCH RELATIVE 0 FROM c INTO r;
        END CASE;
        seen := seen || r::text;
    END LOOP;
    CLOSE c;
    RETURN seen;
END $$;
CREATE FUNCTION local.compare(OUT walks int, OUT differences text[])
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    one text;
BEGIN
    walks := 0;
    FOR one IN SELECT query FROM local.query LOOP
        FOR seed IN 1..3 LOOP
            walks := walks + 1;
            IF local.walk('copied', one, seed) IS DISTINCT FROM local.walk('remote', one, seed) THEN
                differences := differences || format('%s: %s', seed, one);
            END IF;
            PERFORM frontcore_cache_reset();
        END LOOP;
    END LOOP;
END $$;
SELECT * FROM local.compare();
ALTER SERVER portal OPTIONS (ADD cache 'off');
SET jit = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT * FROM local.compare();
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET jit;
ALTER SERVER portal OPTIONS (DROP cache);
\! test/mock.py --log > /dev/null

-- a cursor costs the pages that were fetched, and closing it none
BEGIN;
DECLARE a CURSOR FOR SELECT id FROM course_dates ORDER BY id;
DECLARE b CURSOR FOR SELECT id FROM courses ORDER BY id DESC;
\! test/mock.py --log
FETCH 2 FROM a;
FETCH 2 FROM b;
FETCH 6 FROM a;
\! test/mock.py --log
CLOSE a;
FETCH 1 FROM b;
COMMIT;
\! test/mock.py --log

-- without SCROLL only forward
BEGIN;
DECLARE a NO SCROLL CURSOR FOR SELECT id FROM courses ORDER BY id;
FETCH 2 FROM a;
SAVEPOINT s;
FETCH PRIOR FROM a;
COMMIT;
\! test/mock.py --log > /dev/null

-- a row of a cursor is no place to write to
BEGIN;
DECLARE a CURSOR FOR SELECT id, title FROM courses WHERE id = 7301;
FETCH 1 FROM a;
SAVEPOINT s;
UPDATE courses SET title = 'here' WHERE CURRENT OF a;
ROLLBACK TO s;
DELETE FROM courses WHERE CURRENT OF a;
ROLLBACK;
-- but a local partner's is
BEGIN;
DECLARE a CURSOR FOR SELECT k FROM key JOIN courses AS c ON c.id = k WHERE c.title LIKE 'First%' FOR UPDATE OF key;
FETCH 1 FROM a;
UPDATE key SET k = -k WHERE CURRENT OF a RETURNING k;
ROLLBACK;

-- savepoints: a cursor outlives those set after it, and goes with its own
BEGIN;
DECLARE a CURSOR FOR SELECT id FROM course_dates ORDER BY id;
FETCH 6 FROM a \g /dev/null
SAVEPOINT s;
DECLARE b CURSOR FOR SELECT id FROM courses ORDER BY id;
FETCH 3 FROM a;
FETCH 1 FROM b;
SELECT count(*) FROM course_dates WHERE 1 / (id - 51005) IS NULL;
ROLLBACK TO s;
FETCH 2 FROM a;
FETCH 1 FROM b;
ROLLBACK TO s;
RELEASE s;
FETCH 1 FROM a;
COMMIT;
-- an error of its own ends a cursor, not the transaction around it
BEGIN;
DECLARE a CURSOR FOR SELECT 1 / (id - 51003) AS x FROM course_dates ORDER BY id;
FETCH 2 FROM a;
SAVEPOINT s;
FETCH 1 FROM a;
ROLLBACK TO s;
FETCH 1 FROM a;
ROLLBACK TO s;
SELECT count(*) FROM course_dates;
COMMIT;

-- WITH HOLD: what is left is read at commit, and no more than once
\! test/mock.py --log > /dev/null
BEGIN;
DECLARE h SCROLL CURSOR WITH HOLD FOR SELECT id FROM course_dates ORDER BY id;
DECLARE unused CURSOR WITH HOLD FOR SELECT id FROM courses;
FETCH 8 FROM h \g /dev/null
\! test/mock.py --log --quiet
COMMIT;
\! test/mock.py --log --quiet
FETCH ABSOLUTE 3 FROM h;
FETCH LAST FROM h;
FETCH BACKWARD 2 FROM h;
BEGIN;
FETCH FIRST FROM h;
ROLLBACK;
FETCH NEXT FROM h;
MOVE FORWARD ALL IN unused;
CLOSE ALL;
\! test/mock.py --log --quiet
-- an API that fails then fails the commit
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM course_dates ORDER BY id;
FETCH 1 FROM h;
\! test/mock.py --fault 'match=since_id|page=2 status=500 count=0'
\set VERBOSITY sqlstate
COMMIT;
FETCH 1 FROM h;
\set VERBOSITY default
\! test/mock.py --clear-faults
SELECT count(*) FROM course_dates;

-- functions that give cursors
CREATE FUNCTION local.dates_of(name refcursor, course bigint) RETURNS refcursor
LANGUAGE plpgsql AS $$
BEGIN
    OPEN name FOR SELECT id, start_at FROM course_dates WHERE course_id = course ORDER BY start_at, id;
    RETURN name;
END $$;
BEGIN;
SELECT local.dates_of('one', 7303);
SELECT local.dates_of('two', 7304);
FETCH 2 FROM one;
FETCH ALL FROM two;
FETCH ALL FROM one;
COMMIT;
FETCH 1 FROM one;
-- one that a procedure keeps over its commits
CREATE PROCEDURE local.walk_and_commit() LANGUAGE plpgsql AS $$
DECLARE
    one record;
    total int := 0;
    partial bigint;
BEGIN
    FOR one IN SELECT c.id, count(d.id) AS n FROM courses AS c LEFT JOIN course_dates AS d ON d.course_id = c.id
               GROUP BY 1 ORDER BY 1
    LOOP
        total := total + one.n;
        IF one.id % 2 = 0 THEN
            COMMIT;
        ELSE
            ROLLBACK;
        END IF;
        SELECT count(*) INTO partial FROM course_dates WHERE course_id = one.id;
        IF partial <> one.n THEN
            RAISE WARNING '% has % and %', one.id, partial, one.n;
        END IF;
    END LOOP;
    RAISE WARNING 'total %', total;
END $$;
CALL local.walk_and_commit();

-- subtransactions: errors are caught in a loop that goes on reading
DO $$
DECLARE
    one record;
    good int := 0;
    bad int := 0;
    n bigint;
BEGIN
    FOR one IN SELECT id FROM course_dates ORDER BY id LOOP
        BEGIN
            SELECT 1 / (status_id - 2) INTO STRICT n FROM course_dates WHERE id = one.id;
            good := good + 1;
        EXCEPTION WHEN division_by_zero THEN
            bad := bad + 1;
        END;
    END LOOP;
    RAISE WARNING '% good, % bad', good, bad;
END $$;
SELECT count(*) FILTER (WHERE status_id <> 2) AS good, count(*) FILTER (WHERE status_id = 2) AS bad
FROM copied.course_dates;
-- also those of the API
\! test/mock.py --fault 'match=/courses/7302/coursedates status=403 count=0'
DO $$
DECLARE
    n bigint;
BEGIN
    FOR course IN 7301..7303 LOOP
        BEGIN
            SELECT count(*) INTO n FROM course_dates WHERE course_id = course;
            RAISE WARNING '%: %', course, n;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING '%: refused', course;
        END;
    END LOOP;
END $$;
\! test/mock.py --clear-faults
SELECT count(*) FROM course_dates WHERE course_id = 7302;

-- a read-only transaction reads; it does not write
\! test/mock.py --log > /dev/null
BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY;
SELECT count(*) FROM courses;
SAVEPOINT s;
INSERT INTO courses (title) VALUES ('x');
ROLLBACK TO s;
DELETE FROM courses WHERE id = 7301;
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM courses;
UPDATE courses SET reference = 'RR' WHERE id = 7301 RETURNING reference;
SELECT reference FROM courses WHERE id = 7301;
COMMIT AND CHAIN;
SHOW transaction_isolation;
SELECT reference FROM courses WHERE id = 7301;
ROLLBACK AND NO CHAIN;
\! test/mock.py --log

-- a held cursor forbids PREPARE TRANSACTION as ever
INSERT INTO key VALUES (1);
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM courses;
PREPARE TRANSACTION 'regress_portal';

-- a table that is being read cannot go
BEGIN;
DECLARE a CURSOR FOR SELECT id FROM courses ORDER BY id;
FETCH 1 FROM a;
SAVEPOINT s;
DROP FOREIGN TABLE courses;
ROLLBACK TO s;
ALTER FOREIGN TABLE courses DROP COLUMN reference;
ROLLBACK TO s;
-- but its server may change: what is open goes on as it began
ALTER SERVER portal OPTIONS (SET page_size '3');
FETCH 7 FROM a;
ROLLBACK;

-- a change of options that is rolled back is forgotten
BEGIN;
ALTER FOREIGN TABLE courses OPTIONS (ADD page_size '2');
SELECT count(*) FROM courses;
ROLLBACK;
\! test/mock.py --log > /dev/null
SELECT count(*) FROM courses;
\! test/mock.py --log
BEGIN;
SAVEPOINT s;
DROP FOREIGN TABLE courses;
ROLLBACK TO s;
SELECT count(*) FROM courses;
COMMIT;

-- a cursor that nothing was fetched from reads ahead of a write as it would
-- read later: by another route where a list is missing or lacks a column, in
-- smaller batches, and in its order, which the work_mem does not hold
CREATE PROCEDURE read_ahead(name text, query text) LANGUAGE plpgsql AS $$
DECLARE
    early refcursor;
    row record;
    count int := 0;
    nulls int := 0;
    ids bigint[];
BEGIN
    EXECUTE format('ALTER SERVER portal OPTIONS (SET limiter_key %L)', 'portal ' || name || clock_timestamp());
    OPEN early FOR EXECUTE query;
    BEGIN
        INSERT INTO course_dates (course_id, start_at, end_at) VALUES (7303, '2028-01-01', '2028-01-02');
    EXCEPTION WHEN OTHERS THEN
        RAISE NOTICE '%: %', SQLSTATE, SQLERRM;
    END;
    LOOP
        FETCH early INTO row;
        EXIT WHEN NOT FOUND;
        count := count + 1;
        nulls := nulls + (row.v IS NULL)::int;
        ids := ids || row.id;
    END LOOP;
    RAISE NOTICE '%: % rows, % nulls, % to %', name, count, nulls, ids[1], ids[count];
END $$;
SET client_min_messages = notice;
\! test/mock.py --reset rate=0 coursedates_list=404 batch_max_ids=4
CALL read_ahead('no list', 'SELECT id, start_at AS v FROM course_dates');
\! test/mock.py --reset rate=0 batch_max_ids=4
CALL read_ahead('no column', 'SELECT id, updated_at AS v FROM course_dates');
\! test/mock.py --reset rate=0 batch_max_ids=4
CALL read_ahead('small batches', 'SELECT id, start_at AS v FROM course_dates WHERE course_id IN (7301, 7302, 7303, 7305, 7306, 7308) ORDER BY id DESC');
\! test/mock.py --reset rate=0 id_filter=ignored default_sort=asc
CALL read_ahead('no look-up', 'SELECT id, start_at AS v FROM course_dates WHERE id IN (51001, 51008, 51030)');
SET work_mem = '64kB';
\! test/mock.py --reset rate=0 sort=refused dates=400
CALL read_ahead('no order', 'SELECT id, start_at AS v FROM course_dates ORDER BY id DESC');
RESET work_mem;
SET client_min_messages = warning;

RESET search_path;
DROP SCHEMA remote, copied, local CASCADE;
DROP SERVER portal CASCADE;

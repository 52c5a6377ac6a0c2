-- What a transaction has read it does not ask again.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
SET client_min_messages = warning;
CREATE FOREIGN TABLE pages (id bigint, title text) SERVER frontcore
    OPTIONS (resource 'customers', page_size '5');

-- the same question again costs nothing, until the transaction ends
BEGIN;
SELECT count(*) FROM fc.courses;
SELECT count(*) FROM fc.courses;
SELECT title FROM fc.customers WHERE id = 40203;
SELECT title FROM fc.customers WHERE id = 40203;
\! test/mock.py --log
COMMIT;
SELECT count(*) FROM fc.courses;
\! test/mock.py --log

-- a complete list answers narrower questions; an id that it lacks is asked for
BEGIN;
SELECT count(*) FROM fc.course_dates;
\! test/mock.py --log
SELECT count(*) FROM fc.course_dates WHERE course_id = 7301;
SELECT count(*) FROM fc.course_dates WHERE course_id IN (7302, 7306);
SELECT id, start_at FROM fc.course_dates WHERE id IN (51003, 51005);
SELECT id FROM fc.course_dates WHERE start_at > '2027-05-01' ORDER BY start_at LIMIT 3;
SELECT id FROM fc.course_dates ORDER BY id DESC LIMIT 2;
SELECT count(*) FROM fc.course_dates WHERE status_id = 3;
SELECT count(*) FROM fc.course_dates WHERE id > 51030;
\! test/mock.py --log
SELECT id FROM fc.course_dates WHERE id IN (51003, 51039);
\! test/mock.py --log
COMMIT;

-- a list that was only read in part goes on where it stopped
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM pages;
FETCH 2 FROM c;
\! test/mock.py --log
SELECT count(*) FROM (SELECT FROM pages LIMIT 7) AS part;
\! test/mock.py --log
FETCH 5 FROM c;
\! test/mock.py --log
SELECT count(*) FROM pages;
\! test/mock.py --log
COMMIT;

-- one transaction sees one state of a list that it has read
BEGIN;
SELECT title FROM fc.courses WHERE id = 7301;
\! test/mock.py --change courses 7301 'title="Changed behind our back"'
SELECT title FROM fc.courses WHERE id = 7301;
COMMIT;
SELECT title FROM fc.courses WHERE id = 7301;
\! test/mock.py --reset rate=0

-- a savepoint's end changes nothing; nor does an error in between
BEGIN;
SELECT count(*) FROM pages;
SAVEPOINT s;
SELECT count(*) FROM fc.courses;
SELECT 1 / (count(*) - 12) FROM fc.courses;
ROLLBACK TO s;
SELECT count(*) FROM pages;
SELECT count(*) FROM fc.courses;
RELEASE s;
SELECT count(*) FROM fc.courses;
COMMIT;
\! test/mock.py --log
-- an error in the middle of a list: what came before it is still right
BEGIN;
SAVEPOINT s;
\! test/mock.py --fault 'match=page=2 status=500'
SELECT count(*) FROM pages;
ROLLBACK TO s;
SELECT count(*) FROM pages;
COMMIT;
\! test/mock.py --log

-- a temporary file takes what memory may not hold
BEGIN;
SET LOCAL frontcore_fdw.cache_size = 0;
DECLARE c CURSOR FOR SELECT id FROM pages;
FETCH 2 FROM c;
SAVEPOINT s;
FETCH 5 FROM c;
SELECT count(*) FROM pages;
ROLLBACK TO s;
FETCH 1 FROM c;
SELECT count(*), max(title) FROM pages;
SELECT title FROM pages WHERE id = 40203;
COMMIT;
\! test/mock.py --log

-- switched off, by server or by table
ALTER FOREIGN TABLE fc.courses OPTIONS (ADD cache 'off');
BEGIN;
SELECT count(*) FROM fc.courses;
SELECT count(*) FROM fc.courses;
SELECT count(*) FROM fc.customers;
SELECT count(*) FROM fc.customers;
\! test/mock.py --log
COMMIT;
ALTER FOREIGN TABLE fc.courses OPTIONS (DROP cache);

-- then a scan keeps its own answers only where it may be read again
CREATE FOREIGN TABLE uncached (id bigint, title text, parent_customer_id bigint)
    SERVER frontcore OPTIONS (resource 'customers', page_size '5', cache 'off');
CREATE FUNCTION is_kept(query text, rows integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE c refcursor; kept boolean;
BEGIN
    OPEN c NO SCROLL FOR EXECUTE query;
    MOVE FORWARD rows IN c;
    -- four pages take some 14 kB, what is known of a list 6 kB
    SELECT max(used_bytes) > 10000 INTO kept FROM pg_backend_memory_contexts
     WHERE name = 'frontcore_fdw cache entry';
    CLOSE c;
    RETURN kept;
END $$;
SELECT what, is_kept(query, rows)
  FROM (VALUES
    ('a scan', 'SELECT id FROM uncached', 7),
    ('a subquery scan', 'SELECT s.id FROM (SELECT id, random() AS r FROM uncached OFFSET 0) AS s WHERE r >= 0', 7),
    ('two of them', 'SELECT id FROM uncached UNION ALL SELECT id FROM uncached', 22),
    ('below a sort', 'SELECT id FROM uncached ORDER BY title', 1),
    ('both sides of a hash join', 'SELECT FROM uncached a JOIN uncached b ON a.title = b.title', 7),
    ('a subquery that is run once', 'SELECT (SELECT max(title) FROM uncached)', 1),
    ('a CTE', 'WITH t AS MATERIALIZED (SELECT id FROM uncached) SELECT FROM t a, t b', 20),
    ('the other side of a join, stored', 'SELECT FROM uncached a JOIN uncached b ON a.id < b.id', 10),
    ('a subquery for each row', 'SELECT (SELECT max(b.title) FROM uncached b WHERE b.title < a.title) FROM (VALUES (''K''), (''L'')) AS a (title)', 2),
    ('a lateral one', 'SELECT FROM (VALUES (''K''), (''L'')) AS a (title), LATERAL (SELECT FROM uncached b WHERE b.title < a.title OFFSET 0) AS s', 2),
    ('a recursive part', 'WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t, (SELECT max(title) AS m FROM uncached) AS u WHERE n < 3 AND m > '''') SELECT FROM t', 3)
  ) AS t (what, query, rows);
\! test/mock.py --log --quiet
-- and asks once however often it is read
SELECT count((SELECT max(b.title) FROM uncached b WHERE b.title < a.title)) FROM (VALUES ('K'), ('L'), ('M')) AS a (title);
\! test/mock.py --log
-- so that a long list takes no more memory than one page does
\! test/mock.py --reset rate=0 customers=20000
ALTER FOREIGN TABLE uncached OPTIONS (DROP page_size);
BEGIN;
DECLARE c NO SCROLL CURSOR FOR
    SELECT s.title FROM (SELECT title, random() AS r FROM uncached OFFSET 0) AS s WHERE r >= 0;
MOVE 19990 FROM c;
SELECT sum(total_bytes) < 4 * 1024 * 1024 AS is_small FROM pg_backend_memory_contexts WHERE name LIKE 'frontcore_fdw%';
COMMIT;
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0
DROP FUNCTION is_kept;
DROP FOREIGN TABLE uncached;

-- forgotten on request, and when an option changes
BEGIN;
SELECT count(*) FROM fc.courses;
SELECT frontcore_cache_reset();
SELECT count(*) FROM fc.courses;
ALTER SERVER frontcore OPTIONS (ADD page_size '6');
SELECT count(*) FROM fc.courses;
ALTER USER MAPPING FOR CURRENT_USER SERVER frontcore OPTIONS (SET api_key 'test-key-2');
SELECT count(*) FROM fc.courses;
ROLLBACK;
\! test/mock.py --log

-- a procedure that commits in a loop begins anew each time
CREATE PROCEDURE count_three_times() LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    FOR i IN 1..3 LOOP
        SELECT count(*) INTO n FROM fc.courses;
        SELECT count(*) INTO n FROM fc.courses;
        COMMIT;
    END LOOP;
END $$;
CALL count_three_times();
\! test/mock.py --log
-- and a loop over a list that does, keeps its list
DO $$
DECLARE r record; n bigint := 0;
BEGIN
    FOR r IN SELECT id FROM pages LOOP
        n := n + 1;
        COMMIT;
    END LOOP;
    RAISE WARNING '% rows', n;
END $$;
\! test/mock.py --log

-- a nested loop asks once for each value, and not more than the whole list
CREATE TEMPORARY TABLE keys (id bigint);
INSERT INTO keys SELECT 40201 + g % 3 FROM generate_series(1, 30) AS g;
ANALYZE keys;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_seqscan = off;
SELECT count(*), count(DISTINCT c.id) FROM keys k JOIN fc.customers c USING (id);
\! test/mock.py --log --quiet
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_seqscan;

-- hits are counted; PostgreSQL 18 gives decimals to rows
BEGIN;
SELECT count(*) FROM fc.courses;
\a
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF)
SELECT title FROM fc.courses WHERE id = 7301 \g | sed 's/rows=1[.]00/rows=1/'
\a
COMMIT;

-- own writes drop what they may have touched; an open cursor keeps what it
-- began with
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM pages;
FETCH 2 FROM c;
SELECT count(*) FROM fc.courses;
INSERT INTO fc.customers (title) VALUES ('Written in between');
\! test/mock.py --log
SELECT count(*) FROM fc.courses;
SELECT count(*) FROM pages;
MOVE ALL FROM c;
\! test/mock.py --log
COMMIT;

-- a statement does not see its own writes, in whatever part they are
WITH t AS (INSERT INTO fc.customers (title) VALUES ('Not yet') RETURNING id)
SELECT count(*) FROM fc.customers, t;
\! test/mock.py --log

-- a cursor that has failed keeps nobody from writing
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM pages;
FETCH 1 FROM c;
SAVEPOINT s;
\! test/mock.py --fault 'match=page=2 status=500 count=0'
FETCH 9 FROM c;
ROLLBACK TO s;
UPDATE fc.customers SET title = 'Written all the same' WHERE id = 40201;
COMMIT;
\! test/mock.py --clear-faults
\! test/mock.py --log

-- and one that could not be read ahead of a write goes on where it was, once
-- it can
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM pages;
FETCH 2 FROM c;
DECLARE d CURSOR FOR SELECT id FROM pages WHERE id < 40300;
SAVEPOINT s;
\! test/mock.py --fault 'match=page=3 status=500 count=0'
INSERT INTO fc.customers (title) VALUES ('Never sent');
ROLLBACK TO s;
\! test/mock.py --clear-faults
\! test/mock.py --log
INSERT INTO fc.customers (title) VALUES ('Sent');
\! test/mock.py --log
FETCH 2 FROM c;
MOVE ALL FROM c;
FETCH 2 FROM d;
MOVE ALL FROM d;
COMMIT;
\! test/mock.py --log
-- before its first row, too
ALTER FOREIGN TABLE pages OPTIONS (ADD cache 'off');
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM pages;
FETCH 0 FROM c;
SAVEPOINT s;
\! test/mock.py --fault 'match=page=3 status=500 count=0'
INSERT INTO fc.customers (title) VALUES ('Never sent');
ROLLBACK TO s;
\! test/mock.py --clear-faults
INSERT INTO fc.customers (title) VALUES ('Sent');
FETCH 2 FROM c;
COMMIT;
ALTER FOREIGN TABLE pages OPTIONS (DROP cache);
\! test/mock.py --log

-- a statement does not see its own writes, not even by keys that it has only
-- when it has written
WITH t AS (UPDATE fc.customers SET note = 'new' WHERE id IN (40203, 40204) RETURNING id)
SELECT id, note FROM t JOIN fc.customers USING (id) ORDER BY id;
\! test/mock.py --log
WITH t AS (UPDATE fc.customers SET note = 'newer' WHERE id IN (40203, 40204) RETURNING id)
SELECT id, (SELECT note FROM fc.customers AS c WHERE c.id = t.id AND created_at > '2000-01-01') FROM t ORDER BY id;
\! test/mock.py --log
UPDATE fc.customers SET note = 'newest' WHERE id IN (40203, 40204)
RETURNING id, (SELECT note FROM fc.customers AS c WHERE c.id = customers.id);
\! test/mock.py --log
-- what it does not write it asks for by such keys all the same
WITH t AS (UPDATE fc.customers SET note = NULL WHERE id = 40203 RETURNING id)
SELECT c.id FROM t JOIN fc.courses AS c ON c.id = t.id - 32900;
\! test/mock.py --log

-- without the cache a scan keeps its answers for its own rescans
ALTER SERVER frontcore OPTIONS (ADD cache 'off');
SELECT g, (SELECT count(*) FROM (SELECT id FROM fc.courses OFFSET 0) AS c WHERE c.id > 7300 + g)
FROM generate_series(1, 3) AS g;
ALTER SERVER frontcore OPTIONS (DROP cache);
\! test/mock.py --log

-- and a cursor keeps to itself what it has read before a write, wherever that
-- is stored, for as long as it is open
ALTER FOREIGN TABLE pages OPTIONS (ADD cache 'off');
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM pages;
FETCH 1 FROM c;
SET LOCAL frontcore_fdw.cache_size = '64kB';
DECLARE d CURSOR FOR SELECT id, title FROM pages;
FETCH 1 FROM d;
INSERT INTO fc.customers (title) VALUES ('Written meanwhile');
\! test/mock.py --log
SELECT count(*) FROM pages;
\! test/mock.py --log
FETCH 2 FROM c;
MOVE ALL FROM c;
CLOSE c;
SET LOCAL frontcore_fdw.cache_size = 0;
DECLARE e CURSOR FOR SELECT id FROM pages;
FETCH 1 FROM e;
INSERT INTO fc.customers (title) VALUES ('And again');
MOVE ALL FROM d;
CLOSE d;
FETCH 7 FROM e;
CLOSE e;
\! test/mock.py --log
COMMIT;
ALTER FOREIGN TABLE pages OPTIONS (DROP cache);

-- storing an answer fails: the next attempt has all of them
SET temp_file_limit = 1;
SET frontcore_fdw.cache_size = 0;
BEGIN;
SAVEPOINT s;
\set VERBOSITY sqlstate
SELECT count(*) FROM pages;
\set VERBOSITY default
ROLLBACK TO s;
SET LOCAL temp_file_limit = -1;
SELECT count(*) FROM pages;
COMMIT;
RESET temp_file_limit;
RESET frontcore_fdw.cache_size;
\! test/mock.py --reset rate=0

DROP PROCEDURE count_three_times();
DROP FOREIGN TABLE pages;
DROP TABLE keys;

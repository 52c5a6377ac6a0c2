-- A cache between the API and this server: what belongs to a write goes past
-- it, and what it answers is as old as it says.
\getenv port FRONTCORE_MOCK_PORT
SET client_min_messages = warning;
\set name front
\i test/account.sql
\! test/mock.py --set front_cache=silent
SELECT format('http://localhost:%s/v2', :'port') AS elsewhere \gset
CREATE SERVER elsewhere FOREIGN DATA WRAPPER frontcore_fdw
    OPTIONS (base_url :'elsewhere', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER elsewhere OPTIONS (api_key 'other-key');
CREATE FOREIGN TABLE courses_elsewhere (id bigint, title text)
    SERVER elsewhere OPTIONS (resource 'courses');
CREATE TABLE names AS SELECT 40203 AS id, 'From a join' AS name;

-- a read may be answered by the cache, and may be old then
SELECT title FROM front.courses WHERE id = 7301;
\! test/mock.py --change courses 7301 'title="Changed elsewhere"'
SELECT title FROM front.courses WHERE id = 7301;
SELECT count(*) FROM front.customers;
SELECT count(*) FROM front.course_dates;
ANALYZE front.courses;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM front.customers ORDER BY id FOR UPDATE;
FETCH c;
COMMIT;
SELECT frontcore_check_voucher('front', 'none');
\! test/mock.py --log

-- the rows that a statement writes, found by a condition
UPDATE front.courses SET reference = 'R-1' WHERE title = 'Changed elsewhere';
DELETE FROM front.course_dates WHERE title LIKE 'no such title';
\! test/mock.py --log

-- a row that is read before its PUT, and what is looked at after it
UPDATE front.course_dates SET reference = 'R-2' WHERE id = 51003;
UPDATE front.customers SET note = 'N' WHERE id = 40201;
\! test/mock.py --log

-- RETURNING
UPDATE front.customers SET note = 'M' WHERE id = 40201 RETURNING title, note;
INSERT INTO front.courses (title) VALUES ('New') RETURNING id, title, is_active;
\! test/mock.py --log

-- a write whose answer is empty is proven by the row itself
\! test/mock.py --fault 'match=PUT status=200 body= count=1'
UPDATE front.courses SET title = 'Proven' WHERE id = 7302;
\! test/mock.py --log

-- a table that is read beside the one that is written may come from the cache;
-- the written one may not, by whatever name it is read
UPDATE front.customers c SET note = n.name FROM names n, front.courses o
 WHERE c.id = n.id AND o.id = 7301;
\! test/mock.py --log
INSERT INTO front.courses (title) SELECT 'Copy of ' || title FROM front.courses WHERE id = 7304;
\! test/mock.py --log
WITH u AS (UPDATE front.courses SET reference = 'R-3' WHERE id = 7303)
SELECT title FROM front.courses WHERE id = 7301;
\! test/mock.py --log
SELECT title FROM front.courses WHERE id = 7301;
\! test/mock.py --log

-- what the transaction reads of that address after a write, also where a
-- subtransaction has written and was rolled back
BEGIN;
SELECT count(*) FROM front.customers;
SAVEPOINT s;
UPDATE front.courses SET title = 'Written' WHERE id = 7303;
ROLLBACK TO s;
SELECT title FROM front.courses WHERE id = 7303;
SELECT count(*) FROM front.course_dates WHERE course_id = 7301;
SELECT frontcore_check_voucher('front', 'none');
SELECT title FROM courses_elsewhere WHERE id = 7308;
COMMIT;
\! test/mock.py --log
SELECT count(*) FROM front.course_dates WHERE course_id = 7301;
SELECT title FROM courses_elsewhere WHERE id = 7308;
\! test/mock.py --log

-- max_age 0 asks the API itself; any other does not
SET frontcore_fdw.max_age = 0;
SELECT title FROM front.courses WHERE id = 7301;
SELECT title FROM courses_elsewhere WHERE id = 7308;
ANALYZE front.courses;
SELECT frontcore_check_voucher('front', 'none');
SET frontcore_fdw.max_age = 1;
SELECT title FROM front.courses WHERE id = 7301;
RESET frontcore_fdw.max_age;
SELECT title FROM front.courses WHERE id = 7301;
\! test/mock.py --log

-- the time that an answer has spent in a cache counts into its age
\! test/mock.py --reset rate=0
ALTER SERVER front OPTIONS (ADD cache 'shared', ADD cache_ttl '5min');
-- a test before this one may have left a write of unknown outcome: what was
-- asked for before two seconds after that is not kept
CREATE PROCEDURE pg_temp.read_until_kept(query text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM frontcore_shared_cache_reset();
    LOOP
        EXECUTE query;
        EXIT WHEN EXISTS (SELECT FROM frontcore_cache);
        PERFORM frontcore_cache_reset(), pg_sleep(0.05);
    END LOOP;
END $$;
\! test/mock.py --fault 'match=GET header="Age: 5" count=0'
CALL pg_temp.read_until_kept('SELECT count(*) FROM front.courses');
\! test/mock.py --clear-faults
\! test/mock.py --log >/dev/null
SELECT request, age >= '5s' AND age < '50s' AS age FROM frontcore_cache;
SELECT count(*) FROM front.courses;
\! test/mock.py --fault 'match=GET header="Age: 301"'
SET frontcore_fdw.max_age = 4;
SELECT count(*) FROM front.courses;
RESET frontcore_fdw.max_age;
SELECT count(*) FROM front.courses;
\! test/mock.py --log
-- the oldest page counts, and what cannot be read does not
CREATE FOREIGN TABLE pages (id bigint, title text) SERVER front
    OPTIONS (resource 'customers', page_size '5');
\! test/mock.py --fault 'match=page=1 header="Age: 6" count=0' 'match=page=2 header="Age: 0xfffff" count=0' 'match=page=3 header="Age: 3" count=0'
CALL pg_temp.read_until_kept('SELECT count(*) FROM pages');
\! test/mock.py --clear-faults
\! test/mock.py --log >/dev/null
SELECT request, pages, age >= '6s' AND age < '50s' AS age FROM frontcore_cache;

-- a shared answer is not taken for a scan of a table that is written elsewhere
-- in the statement
SELECT frontcore_shared_cache_reset();
SELECT title FROM front.courses WHERE id = 7305;
\! test/mock.py --log --quiet
INSERT INTO front.courses (title) SELECT 'Copy of ' || title FROM front.courses WHERE id = 7305;
\! test/mock.py --log

DROP SERVER elsewhere CASCADE;
DROP SERVER front CASCADE;
DROP TABLE names;
DROP SCHEMA front;
SELECT frontcore_shared_cache_reset();

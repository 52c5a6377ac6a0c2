-- Batches: keys of all kinds, answers that hold what was not asked for, and
-- accounts without batches.
\set name batches
\i test/account.sql
SET datestyle = 'ISO';
SET enable_hashjoin = off;
SET enable_mergejoin = off;
CREATE TABLE wanted (id integer, key bigint);
INSERT INTO wanted SELECT g, nullif(7300 + (g / 2), 7303) FROM generate_series(1, 26) AS g;
ANALYZE wanted;

-- keys that are made of the outer row, and each asked for once
EXPLAIN (COSTS OFF) SELECT d.id FROM course_dates AS d
WHERE d.course_id IN (SELECT key + 1 FROM wanted) AND d.start_at > '2027-06-01'
\g | sed 's/(course_id = (wanted.key + 1))/((wanted.key + 1) = course_id)/'
SELECT d.id FROM course_dates AS d
WHERE d.course_id IN (SELECT key + 1 FROM wanted) AND d.start_at > '2027-06-01' ORDER BY d.id;
\! test/mock.py --log
SELECT w.id, d.id FROM wanted AS w
JOIN course_dates AS d ON d.course_id = CASE WHEN w.id > 9 THEN w.key END AND d.start_at > '2027-06-01'
ORDER BY w.id, d.id;
\! test/mock.py --log

-- a date that is none of the courses asked for, or of none at all
\! test/mock.py --fault 'match=/batch id=51017 patch={\"course_id\":7399}'
SELECT w.id, d.id FROM wanted AS w JOIN course_dates AS d ON d.course_id = w.key AND d.start_at > '2027-06-01'
ORDER BY w.id, d.id;
\! test/mock.py --fault 'match=/batch id=51017 patch={\"course_id\":null,\"course\":null}'
SELECT w.id, d.id FROM wanted AS w JOIN course_dates AS d ON d.course_id = w.key AND d.start_at > '2027-06-01'
ORDER BY w.id, d.id;
\! test/mock.py --fault 'match=/batch id=51017 patch={\"course_id\":7399}'
SELECT id FROM course_dates WHERE course_id IN (7301, 7302) AND start_at > '2027-06-01' ORDER BY id;
\! test/mock.py --log

-- who wants few rows of some courses asks for few, unless rows may be dropped
SELECT count(*) FROM (SELECT id FROM course_dates WHERE course_id IN (7301, 7302) LIMIT 3) AS few;
SELECT count(*) FROM (SELECT id FROM course_dates WHERE course_id IN (7301, 7302) AND start_at < '2027-06-01' LIMIT 3) AS few;
SELECT count(*) FROM (SELECT id FROM course_dates WHERE course_id = 7301 AND status_id IN (1, 2) LIMIT 3) AS few;
\! test/mock.py --log

-- an account without batches is asked course by course
\! test/mock.py --set batch=404
SELECT count(*) FROM course_dates WHERE course_id IN (7301, 7302) AND start_at > '2027-06-01';
EXPLAIN (COSTS OFF) SELECT id FROM course_dates WHERE course_id IN (7301, 7302) AND start_at > '2027-06-01';
\! test/mock.py --log
\! test/mock.py --reset rate=0

-- operators that only look like ours, and bounds beyond all dates
CREATE FUNCTION is_odd(bigint) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1 % 2 = 1; END';
CREATE OPERATOR !!! (RIGHTARG = bigint, FUNCTION = is_odd);
SELECT count(*) FROM course_dates WHERE !!! id;
SELECT count(*) FROM course_dates WHERE start_at < 'infinity'::timestamp;
SELECT count(*) FROM course_dates WHERE start_at > '-infinity'::timestamptz AND start_at > '2027-06-01'::timestamp;
SELECT count(*) FROM course_dates WHERE start_at < '-infinity'::timestamp;
\! test/mock.py --log
-- a key of a type of its own
CREATE DOMAIN course_key AS bigint;
CREATE FOREIGN TABLE keyed (id course_key, course_id course_key) SERVER batches OPTIONS (resource 'course_dates');
SELECT w.id, k.id FROM wanted AS w JOIN keyed AS k ON k.course_id = w.key WHERE w.id = 4 ORDER BY k.id LIMIT 2;
SELECT w.id, k.id FROM (VALUES (51001::bigint)) AS w (id) JOIN keyed AS k USING (id);
\! test/mock.py --log
\! test/mock.py --reset rate=0

-- rows that memory does not hold are asked for once nevertheless, without a
-- cache too; of one key, of many, and of one that comes again and again
\! test/mock.py --reset rate=0 courses=40 dates=1500
ALTER SERVER batches OPTIONS (SET limiter_key 'batch of many', ADD cache 'off');
CREATE TABLE keys AS SELECT 7301 + g % 40 AS key, g FROM generate_series(0, 79) AS g;
ANALYZE keys;
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT count(*), count(DISTINCT d.id), count(DISTINCT d::text), bool_and(d.ctid = format('(0,%s)', d.id + 1)::tid) AS is_right
FROM keys JOIN course_dates AS d ON d.course_id = key;
\! test/mock.py --log --quiet
SELECT count(*), count(DISTINCT d.id), count(DISTINCT e::text) FROM keys JOIN course_dates AS d ON d.course_id = key
JOIN course_dates AS e ON e.course_id = key AND e.id = d.id WHERE g < 40;
\! test/mock.py --log --quiet
-- other questions have other answers
SELECT s, (SELECT count(d::text) FROM keys JOIN course_dates AS d ON d.course_id = key AND d.status_id = s)
FROM generate_series(1, 3) AS s;
\! test/mock.py --log --quiet
-- whether cursors are read on behind a subtransaction, or left
BEGIN;
SET LOCAL cursor_tuple_fraction = 1;
DECLARE few CURSOR FOR SELECT key, d.* FROM keys JOIN course_dates AS d ON d.course_id = key;
DECLARE more CURSOR FOR SELECT key, g, d::text = lag(d::text) OVER (PARTITION BY d.id ORDER BY g) AS is_same
    FROM keys JOIN course_dates AS d ON d.course_id = key ORDER BY d.id, g;
SAVEPOINT s;
MOVE 1000 FROM few;
MOVE 3 FROM more;
ROLLBACK TO s;
MOVE ALL FROM few;
FETCH 1 FROM more;
MOVE 2963 FROM more;
FETCH 2 FROM more;
COMMIT;
\! test/mock.py --log --quiet
RESET work_mem;
RESET hash_mem_multiplier;
\! test/mock.py --reset rate=0

RESET enable_hashjoin;
RESET enable_mergejoin;
SET search_path = public;
SET client_min_messages = warning;
DROP SCHEMA batches CASCADE;
DROP SERVER batches CASCADE;

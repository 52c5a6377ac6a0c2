-- What queries cost, in requests: at 5 a second, that is their time.  Rows
-- number the kinds of queries.  The account has 310 courses, 1296 dates and
-- 260 customers: 2, 6 and 2 pages of 250.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0 courses=310 dates=1310 customers=260
SELECT format('http://127.0.0.1:%s/v2', :'port') AS base_url \gset
CREATE SERVER budget FOREIGN DATA WRAPPER frontcore_fdw
    OPTIONS (base_url :'base_url', requests_per_second '0',
             limiter_key 'budget');
CREATE USER MAPPING FOR CURRENT_USER SERVER budget
    OPTIONS (api_key 'test-key');
CREATE SCHEMA budget;
-- row 12: IMPORT costs nothing
IMPORT FOREIGN SCHEMA frontcore FROM SERVER budget INTO budget;
\! test/mock.py --log
SET search_path = budget, public;
SET client_min_messages = warning;

-- row 1: all courses, 2 pages
SELECT count(*) FROM courses;
\! test/mock.py --log
SELECT count(c.*) FROM courses AS c;
\! test/mock.py --log --quiet

-- row 2: all dates, 6 pages
SELECT count(*) FROM course_dates;
\! test/mock.py --log
SELECT count(title) FROM course_dates;
\! test/mock.py --log --quiet

-- likewise all customers
SELECT count(*) FROM customers;
\! test/mock.py --log

-- row 3: one row by id, 1 request, a date without its course too
SELECT id, title FROM courses WHERE id = 7302;
SELECT id, title, start_at FROM course_dates WHERE id = 51003;
SELECT id, start_at FROM course_dates WHERE id = 51003 AND course_id = 7303;
SELECT id, title FROM customers WHERE 40201 = id;
\! test/mock.py --log

-- row 4: three ids are 3 requests, or the whole list where that is fewer
SELECT id, start_at FROM course_dates WHERE id IN (51003, 51005, 51007)
ORDER BY id;
\! test/mock.py --log
SELECT id, title FROM customers WHERE id IN (40201, 40203, 40206)
ORDER BY id;
\! test/mock.py --log

-- row 5: the dates of one course
SELECT count(*) FROM course_dates WHERE course_id = 7301;
\! test/mock.py --log

-- row 6: the dates of 40 courses, however they are given
SELECT count(*) FROM course_dates
WHERE course_id = ANY (ARRAY(SELECT generate_series(7301, 7340)));
\! test/mock.py --log --quiet
PREPARE of_courses (int[]) AS
    SELECT count(*) FROM course_dates WHERE course_id = ANY ($1);
SELECT array_agg(id) AS forty FROM generate_series(7301, 7340) AS id \gset
EXECUTE of_courses (:'forty');
\! test/mock.py --log --quiet
SET plan_cache_mode = force_generic_plan;
EXECUTE of_courses (:'forty');
\! test/mock.py --log --quiet
RESET plan_cache_mode;
SELECT count(*) AS rows, ceil(count(*) / 250.0) AS pages FROM course_dates
WHERE course_id BETWEEN 7301 AND 7340;
\! test/mock.py --log --quiet

-- row 7: what filters leave
SELECT count(*) FROM course_dates
WHERE start_at BETWEEN '2027-03-01' AND '2027-03-31';
SELECT count(*) FROM course_dates WHERE status_id = 3;
SELECT count(*) FROM courses WHERE updated_at > '2026-12-20 00:00+00';
SELECT count(*) FROM course_dates WHERE id > 52200;
\! test/mock.py --log

-- likewise ranges of ids that end: what is above them is not read, unless the
-- transaction wants it later
SELECT count(*) FROM course_dates WHERE id BETWEEN 51990 AND 52010;
\! test/mock.py --log
BEGIN;
SELECT count(*) FROM course_dates WHERE id <= 51400;
\! test/mock.py --log
SELECT count(*) FROM course_dates;
\! test/mock.py --log
COMMIT;
-- courses come in no known order, and so are read, and expected, to the last
ALTER FOREIGN TABLE courses OPTIONS (ADD page_size '25');
EXPLAIN (COSTS OFF) SELECT id FROM courses WHERE id BETWEEN 7520 AND 7529;
SELECT count(*) FROM courses WHERE id BETWEEN 7520 AND 7529;
ALTER FOREIGN TABLE courses OPTIONS (DROP page_size);
\! test/mock.py --log --quiet
-- days that are named, and the rows that follow one
SELECT count(*) FROM course_dates
WHERE start_at IN ('2027-03-01', '2027-03-08', '2027-03-31');
SELECT count(*) FROM course_dates
WHERE start_at = '2027-03-01' OR start_at = '2027-03-08';
SELECT id, start_at FROM course_dates
WHERE (start_at, id) > ('2027-03-01', 51500) ORDER BY start_at, id LIMIT 3;
\! test/mock.py --log

-- row 8: the first in an order that the API knows
SELECT start_at FROM course_dates ORDER BY start_at LIMIT 10;
SELECT id FROM course_dates ORDER BY id DESC LIMIT 3;
\! test/mock.py --log

-- row 9: whoever wants few rows causes one request
SELECT count(*) FROM (SELECT FROM course_dates LIMIT 10) AS few;
SELECT EXISTS (SELECT FROM course_dates WHERE title <> '');
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM course_dates;
MOVE 10 FROM c;
ROLLBACK;
\! test/mock.py --log

-- row 10: the same question again in one transaction costs nothing, nor does
-- a narrower one after a complete list
BEGIN;
SELECT count(*) FROM courses;
\! test/mock.py --log --quiet
SELECT count(*) FROM courses;
SELECT id, title FROM courses WHERE id IN (7301, 7305, 7309) ORDER BY id;
SELECT count(*) FROM courses WHERE created_at < '2026-06-01';
SELECT count(*) FROM course_dates WHERE course_id = 7301;
\! test/mock.py --log
SELECT count(*) FROM course_dates WHERE course_id = 7301;
\! test/mock.py --log
COMMIT;

-- row 11: a nested loop asks once for each value
CREATE TABLE booked AS
    SELECT i AS booking, 51001 + i % 3 AS date_id FROM generate_series(1, 60) AS i;
ANALYZE booked;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_memoize = off;
SET enable_material = off;
SELECT count(*), count(DISTINCT d.id)
FROM booked, LATERAL (SELECT * FROM course_dates WHERE id = date_id OFFSET 0) AS d;
\! test/mock.py --log
-- and never for more values than the whole list has pages
UPDATE booked SET date_id = 51001 + booking;
SELECT count(*), count(DISTINCT d.id)
FROM booked, LATERAL (SELECT * FROM course_dates WHERE id = date_id OFFSET 0) AS d;
\! test/mock.py --log
-- without the cache too
ALTER SERVER budget OPTIONS (ADD cache 'off');
UPDATE booked SET date_id = 51001 + booking % 3;
SELECT count(*), count(DISTINCT d.id)
FROM booked, LATERAL (SELECT * FROM course_dates WHERE id = date_id OFFSET 0) AS d;
\! test/mock.py --log
ALTER SERVER budget OPTIONS (DROP cache);
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_memoize;
RESET enable_material;

-- row 12: what cannot match, and what is not executed
SELECT id FROM courses WHERE id = NULL;
SELECT id FROM courses WHERE id = ANY ('{}');
SELECT id FROM courses WHERE id = ANY ('{NULL,NULL}'::bigint[]);
SELECT id FROM courses WHERE id = 7301 AND id = 7302;
SELECT id FROM courses WHERE id IN (7301, 7302) AND id > 7302;
SELECT id FROM course_dates WHERE start_at > '2027-03-01' AND start_at < '2027-03-01';
SELECT id FROM course_dates WHERE status_id = 2 AND status_id = 3;
SELECT id FROM course_dates WHERE course_id = -1;
PREPARE by_id (bigint) AS SELECT id FROM courses WHERE id = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE by_id (NULL);
RESET plan_cache_mode;
EXPLAIN (COSTS OFF) SELECT id FROM courses WHERE title = 'x' AND id = 7301;
\! test/mock.py --log

-- row 18: 100 local rows joined on the course
CREATE TABLE local AS SELECT 7301 + i AS course_id FROM generate_series(1, 100) AS i;
ANALYZE local;
SELECT count(*), count(DISTINCT course_id)
FROM local JOIN course_dates AS d USING (course_id);
\! test/mock.py --log --quiet
SELECT count(*) FROM local WHERE EXISTS
    (SELECT FROM course_dates AS d WHERE d.course_id = local.course_id);
\! test/mock.py --log --quiet

-- courses with their dates: of a month, and all of them; the two lists are
-- read, where batches would cost as much or more
SELECT count(*) FROM courses AS c JOIN course_dates AS d ON d.course_id = c.id
WHERE d.start_at BETWEEN '2027-03-01' AND '2027-03-31';
\! test/mock.py --log
SELECT count(*) FROM courses AS c JOIN course_dates AS d ON d.course_id = c.id;
\! test/mock.py --log --quiet
-- nor is a range of ids taken for a single row, whose course would be looked up
SELECT count(c.title) FROM courses AS c JOIN course_dates AS d ON d.course_id = c.id
WHERE d.id BETWEEN 51000 AND 60000;
\! test/mock.py --log
-- a course has its share of the dates
EXPLAIN (COSTS OFF) UPDATE course_dates SET reference = 'moved' WHERE course_id = 7302;
-- a list that is joined with itself is read once
SELECT count(*) FROM course_dates AS a JOIN course_dates AS b
    ON a.course_id = b.course_id AND a.start_at = b.start_at AND a.id < b.id;
\! test/mock.py --log --quiet

-- rows that are written are read no further either: 1 page, 2 writes, and
-- what has to be learned of writes once
UPDATE course_dates SET reference = 'moved' WHERE id BETWEEN 51010 AND 51011;
\! test/mock.py --log

DROP TABLE booked, local;
SET search_path = public;
DROP SCHEMA budget CASCADE;
DROP SERVER budget CASCADE;

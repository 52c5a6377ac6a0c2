-- What test/demo shows.  psql prints each statement; the mock API then prints
-- the requests that it received for it.

\set cost '\\! test/mock.py --log'
\echo '== Setting up: no request is sent'
CREATE EXTENSION frontcore_fdw;
SELECT format('http://127.0.0.1:%s/v2', :'port') AS base_url \gset
CREATE SERVER frontcore FOREIGN DATA WRAPPER frontcore_fdw
	OPTIONS (base_url :'base_url');
CREATE USER MAPPING FOR CURRENT_USER SERVER frontcore OPTIONS (api_key 'test-key');
CREATE SCHEMA fc;
IMPORT FOREIGN SCHEMA frontcore FROM SERVER frontcore INTO fc;
\d fc.*
:cost

\echo '== Courses: pages of 250, one by one'
SELECT count(*), count(*) FILTER (WHERE is_active) AS active, min(created_at)::date AS since
  FROM fc.courses;
:cost

\echo '== The next dates: filter, order and LIMIT go upstream, so one request is enough'
SELECT id, title, start_at, seats_free, place_title
  FROM fc.course_dates
 WHERE start_at >= current_date
 ORDER BY start_at LIMIT 5;
:cost

\echo '== EXPLAIN tells what would be sent, and sends nothing'
EXPLAIN (COSTS OFF)
SELECT id, title, start_at
  FROM fc.course_dates
 WHERE start_at >= current_date
 ORDER BY start_at LIMIT 5;
:cost

\echo '== One customer by id: one object'
SELECT min(id) AS customer FROM fc.customers \gset
\! test/mock.py --log >/dev/null
SELECT id, title, orgnr, email, visit_city, employees IS NULL AS no_employees
  FROM fc.customers WHERE id = :customer;
:cost

\echo '== Custom properties are jsonb, or columns of their own'
SELECT key, count(*), min(value) AS example
  FROM fc.courses, jsonb_each_text(custom_properties)
 GROUP BY key ORDER BY count(*) DESC, key LIMIT 5;
:cost
SELECT key AS property
  FROM fc.courses, jsonb_object_keys(custom_properties) AS key
 GROUP BY key ORDER BY count(*) DESC, key LIMIT 1 \gset
\! test/mock.py --log >/dev/null
SELECT id, title, custom_properties ->> :'property' AS property
  FROM fc.courses
 WHERE custom_properties ? :'property'
 ORDER BY id LIMIT 5;
:cost

\echo '== Within a transaction nothing is asked for twice'
BEGIN;
SELECT status_title, count(*) FROM fc.course_dates GROUP BY 1 ORDER BY 2 DESC;
:cost
SELECT date_trunc('month', start_at)::date AS month, count(*), sum(seats_booked) AS booked
  FROM fc.course_dates
 WHERE start_at >= current_date
 GROUP BY 1 ORDER BY 1 LIMIT 6;
:cost
COMMIT;

\echo '== A join with a table of our own: the dates of its courses only'
CREATE TABLE budget AS
	SELECT id AS course_id, 10000 + 500 * (id % 7) AS amount
	  FROM fc.courses ORDER BY id LIMIT 3;
ANALYZE budget;
\! test/mock.py --log >/dev/null
SELECT b.course_id, b.amount, count(d.id) AS dates, min(d.start_at) AS first
  FROM budget b LEFT JOIN fc.course_dates d USING (course_id)
 GROUP BY 1, 2 ORDER BY 1;
:cost

\echo '== Writing: a course, its date, a change, and away again'
INSERT INTO fc.courses (title, reference, custom_properties)
VALUES ('Ledelse i praksis', 'DEMO-1', '{"erp_id": "4711"}')
RETURNING id, title, custom_properties;
:cost
SELECT id AS course FROM fc.courses WHERE reference = 'DEMO-1' \gset
\! test/mock.py --log >/dev/null
INSERT INTO fc.course_dates (course_id, start_at, end_at, start_time_at, end_time_at)
VALUES (:course, '2027-03-01', '2027-03-02', '09:00', '15:30')
RETURNING id, course_id, start_at, end_at;
:cost
UPDATE fc.courses
   SET title = 'Ledelse i praksis 2', custom_properties = '{"erp_id": "4712", "level": "B"}'
 WHERE id = :course
RETURNING id, title, custom_properties;
:cost
DELETE FROM fc.course_dates WHERE course_id = :course RETURNING id, course_id;
:cost
DELETE FROM fc.courses WHERE id = :course;
:cost

\echo '== What a query cost'
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
SELECT count(*) FROM fc.customers WHERE updated_at >= current_date - 30;
:cost

\echo '== The account, as all backends see it'
SELECT requests_per_second, requests, waits, round(wait_ms) AS wait_ms, throttled
  FROM frontcore_limiter;
SELECT resource, requests, cache_hits, rows_read, rows_written, retries, errors
  FROM frontcore_stat ORDER BY resource;

\echo '== What goes upstream'
SELECT * FROM frontcore_pushdown('fc.course_dates');

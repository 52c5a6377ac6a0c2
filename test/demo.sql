-- What test/demo shows.  psql prints each statement; the mock API then prints
-- the requests that it received for it.

\set cost '\\! test/mock.py --log'
-- around statements that only look something up for the next one
\set quiet '\\set ECHO none'
\set forget '\\! test/mock.py --log >/dev/null'
\set show '\\set ECHO queries'

\echo '== Setting up: no request is sent'
:quiet
SELECT format('http://127.0.0.1:%s/v2', :'port') AS base_url \gset
:forget
:show
CREATE EXTENSION frontcore_fdw;
CREATE SERVER frontcore FOREIGN DATA WRAPPER frontcore_fdw
	OPTIONS (base_url :'base_url');
CREATE USER MAPPING FOR CURRENT_USER SERVER frontcore OPTIONS (api_key 'test-key');
CREATE SCHEMA fc;
IMPORT FOREIGN SCHEMA frontcore FROM SERVER frontcore INTO fc;
\det fc.*
:cost

\echo
\echo '== Courses: pages of 250, one by one'
SELECT count(*), count(*) FILTER (WHERE is_active) AS active, min(created_at)::date AS since
  FROM fc.courses;
:cost

\echo
\echo '== The next dates: filter and order go upstream, LIMIT stops early: one request'
SELECT id, title, start_at, seats_free, place_title
  FROM fc.course_dates
 WHERE start_at >= current_date
 ORDER BY start_at LIMIT 5;
:cost

\echo
\echo '== EXPLAIN tells what would be sent, and sends nothing'
EXPLAIN (COSTS OFF)
SELECT id, title, start_at
  FROM fc.course_dates
 WHERE start_at >= current_date
 ORDER BY start_at LIMIT 5;
:cost

\echo
\echo '== One customer by id: one object'
:quiet
SELECT id AS customer FROM fc.customers WHERE visit_city <> '' LIMIT 1 \gset
:forget
:show
SELECT id, title, orgnr, email, visit_city FROM fc.customers WHERE id = :customer;
:cost

\echo
\echo '== Custom properties are jsonb'
SELECT key, count(*), min(value) AS example
  FROM fc.courses, jsonb_each_text(custom_properties)
 WHERE custom_properties ? 'erp_id'
 GROUP BY key ORDER BY count(*) DESC, key LIMIT 5;
:cost

\echo
\echo '== ... or columns of a table that is written by hand'
CREATE FOREIGN TABLE my_courses (
	id      bigint,
	title   text,
	erp_id  text OPTIONS (field 'custom_properties.erp_id')
) SERVER frontcore OPTIONS (resource 'courses');
SELECT * FROM my_courses WHERE erp_id LIKE 'P-10%' ORDER BY id;
:cost

\echo
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

\echo
\echo '== A join with a table of our own: the dates of its courses only'
CREATE TABLE budget AS
	SELECT id AS course_id, 10000 + 500 * (id % 7) AS amount
	  FROM fc.courses ORDER BY id LIMIT 3;
:cost
ANALYZE budget;
SELECT b.course_id, b.amount, count(d.id) AS dates, min(d.start_at) AS first
  FROM budget b LEFT JOIN fc.course_dates d USING (course_id)
 GROUP BY 1, 2 ORDER BY 1;
:cost

\echo
\echo '== Writing: a course, its date, a change, and away again'
INSERT INTO fc.courses (title, reference, custom_properties)
VALUES ('Ledelse i praksis', 'DEMO-1', '{"erp_id": "4711"}')
RETURNING id, title, custom_properties;
:cost
:quiet
SELECT id AS course FROM fc.courses WHERE reference = 'DEMO-1' \gset
:forget
:show
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

\echo
\echo '== Persons: their tables are imported where they are named'
IMPORT FOREIGN SCHEMA frontcore LIMIT TO (participants) FROM SERVER frontcore INTO fc;
SELECT d.start_at, p.firstname, p.lastname, p.status_title
  FROM (SELECT id, start_at FROM fc.course_dates
         WHERE start_at >= current_date ORDER BY start_at LIMIT 3) d
  JOIN fc.participants p ON p.course_date_id = d.id
 ORDER BY d.start_at, p.id LIMIT 6;
:cost

\echo
\echo '== Verbs: a booking, and its participant'
:quiet
SELECT id AS date FROM fc.course_dates
 WHERE start_at > current_date AND status_id = 2 ORDER BY start_at LIMIT 1 \gset
:forget
:show
SELECT booking_id, total_incl_vat, currency
  FROM frontcore_book('frontcore', :date,
           '[{"firstname": "Ada", "lastname": "Lund", "email": "ada@person.example"}]');
SELECT id, firstname, email, status_title FROM fc.participants
 WHERE course_date_id = :date ORDER BY id DESC LIMIT 1;
:cost

\echo
\echo '== Any list by its path'
CREATE FOREIGN TABLE countries (id bigint, title text, iso text OPTIONS (field 'code'))
	SERVER frontcore OPTIONS (path '/countries');
SELECT * FROM countries ORDER BY id LIMIT 3;
:cost

\echo
\echo '== What a query cost'
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
SELECT count(*) FROM fc.customers WHERE updated_at >= current_date - 30;
:cost

\echo
\echo '== The account, as all backends see it'
SELECT requests_per_second, requests, waits, round(wait_ms) AS wait_ms, throttled
  FROM frontcore_limiter;
SELECT resource, requests, cache_hits, rows_read, rows_written, retries, errors
  FROM frontcore_stat ORDER BY resource;

\echo
\echo '== What goes upstream'
SELECT * FROM frontcore_pushdown('fc.course_dates');

-- The story that test/demo tells.  psql prints each statement; the mock API
-- then prints the requests that it received for it.

\set cost '\\! test/mock.py --log'
-- around statements that only look something up for the next one
\set quiet '\\set ECHO none'
\set forget '\\! test/mock.py --log >/dev/null'
\set show '\\set ECHO queries'
-- run the shell command in the variable "command", and print it first
\set run '\\! echo "$ $command"; eval "$command"'

\echo '== The account becomes a schema: five statements, no request'
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
\echo '== EXPLAIN says what a query will send, and sends nothing'
EXPLAIN (COSTS OFF)
SELECT id, title, start_at, seats_free
  FROM fc.course_dates
 WHERE start_at BETWEEN current_date AND current_date + 30 AND seats_free > 0
 ORDER BY start_at LIMIT 5;
:cost

\echo
\echo '== The next dates with free seats: one request'
SELECT id, title, start_at, seats_free
  FROM fc.course_dates
 WHERE start_at BETWEEN current_date AND current_date + 30 AND seats_free > 0
 ORDER BY start_at LIMIT 5;
:cost

\echo
\echo '== A join with a table of our own asks for the dates of its courses only'
CREATE TABLE budget (course_id bigint, department text, amount integer);
INSERT INTO budget VALUES (7301, 'Safety', 40000), (7302, 'Safety', 25000), (7304, 'Sales', 30000);
ANALYZE budget;
SELECT b.department, b.course_id, b.amount, count(*) AS dates, sum(d.seats_booked) AS booked
  FROM budget b JOIN fc.course_dates d USING (course_id)
 GROUP BY 1, 2, 3 ORDER BY 2;
:cost

\echo
\echo '== A dashboard: ten sessions ask at once, and one request serves them all'
ALTER SERVER frontcore OPTIONS (ADD cache 'shared', ADD cache_ttl '5min');
CREATE VIEW next_month AS
	SELECT count(*) AS dates, sum(seats_booked) AS booked, sum(seats_free) AS free
	  FROM fc.course_dates
	 WHERE start_at BETWEEN current_date AND current_date + 30;
\setenv command 'seq 10 | xargs -P 10 -I {} psql -Xqtc "SELECT ''session {}'', * FROM next_month" | grep . | sort -V'
:run
:cost

\echo
\echo '== A write, and the request that carries it'
INSERT INTO fc.courses (title, reference, custom_properties)
VALUES ('Ledelse i praksis', 'DEMO-1', '{"erp_id": "4711"}')
RETURNING id, title, custom_properties;
:cost
:quiet
SELECT id AS course FROM fc.courses WHERE reference = 'DEMO-1' \gset
:forget
:show
UPDATE fc.courses SET title = 'Ledelse i praksis 2' WHERE id = :course;
:cost

\echo
\echo '== A rollback does not undo what the API has done, but nothing is hidden'
BEGIN;
UPDATE fc.courses SET title = 'Ledelse i teori' WHERE id = :course;
ROLLBACK;
SELECT method, path, status, row_id, outcome
  FROM frontcore_requests WHERE outcome = 'rolled back';
-- so we put it right
UPDATE fc.courses SET title = 'Ledelse i praksis 2' WHERE id = :course;
:cost

\echo
\echo '== A local copy: the first run reads the list ...'
CREATE SCHEMA copy;
CALL frontcore_sync('fc.customers', 'copy.customers');
:cost

\echo
\echo '== ... a customer comes, another is renamed; the next run asks for what has changed'
:quiet
SELECT min(id) AS customer FROM copy.customers WHERE visit_city = 'Oslo' \gset
:show
INSERT INTO fc.customers (title, orgnr) VALUES ('Fjord Kurs AS', '912345678');
UPDATE fc.customers SET title = 'Nordlys Kurs AS' WHERE id = :customer;
:cost
CALL frontcore_sync('fc.customers', 'copy.customers');
:cost

\echo
\echo '== Queries of the copy send nothing'
SELECT count(*), count(*) FILTER (WHERE title LIKE '%Kurs AS') AS courses_as FROM copy.customers;
:cost

\echo
\echo '== Persons: their tables are imported where they are named; a booking, and its participant'
IMPORT FOREIGN SCHEMA frontcore LIMIT TO (participants) FROM SERVER frontcore INTO fc;
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
\echo '== The limiter under load: ten sessions, 40 requests, and an account that may send 5 a second'
:quiet
CREATE PROCEDURE pg_temp.wait_until(condition text) LANGUAGE plpgsql AS $$
DECLARE
	is_true boolean;
BEGIN
	LOOP
		EXECUTE format('SELECT %s FROM frontcore_limiter', condition) INTO is_true;
		EXIT WHEN is_true;
		PERFORM pg_sleep(0.05);
	END LOOP;
END $$;
SET statement_timeout = '60s';
SELECT 'requests >= ' || requests + 40 AS done, clock_timestamp() AS start
  FROM frontcore_limiter \gset
\setenv command 'seq 7301 7340 | xargs -P 10 -I {} psql -Xqtc "SELECT title FROM fc.courses WHERE id = {}" >/dev/null &'
:run
CALL pg_temp.wait_until('queued >= 8');
:show
SELECT requests_per_second, queued, in_flight FROM frontcore_limiter;
:quiet
CALL pg_temp.wait_until(:'done' || ' AND queued + in_flight = 0');
SELECT round(extract(epoch FROM clock_timestamp() - :'start'), 1) AS seconds \gset
:forget
\echo The 40 requests took :seconds seconds.
:show

\echo
\echo '== What it all cost'
SELECT resource, requests, shared_hits, rows_read, rows_written, errors
  FROM frontcore_stat ORDER BY resource;
SELECT requests, waits, round(wait_ms / 1000) AS waited_seconds, throttled
  FROM frontcore_limiter;

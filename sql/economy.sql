-- What ordinary SQL costs, in requests, where nobody has run ANALYZE, begun a
-- transaction or rewritten the query for it.  The account has 612 courses,
-- 3028 dates and 823 customers: 3, 13 and 4 pages of 250.
\set name economy
\i test/account.sql
SET datestyle = 'ISO';
SET timezone = 'Europe/Oslo';
SET client_min_messages = warning;

-- the list of all dates has neither times of change nor instructors
\! test/mock.py --reset rate=0 data=demo
SELECT frontcore_stat_reset();
\i test/economy.sql

-- whom the details lack is asked for by id, and may be gone; the details win
\! test/mock.py --fault 'match=/batch id=51102 patch={\"coursedate_id\":1} count=0'
SELECT id, updated_at FROM course_dates WHERE id BETWEEN 51101 AND 51103;
\! test/mock.py --log
\! test/mock.py --fault 'match=GET./courses/.*/coursedates/51102 status=404 count=0'
SELECT id, updated_at FROM course_dates WHERE id BETWEEN 51101 AND 51103;
\! test/mock.py --clear-faults
\! test/mock.py --fault 'match=/coursedates.order_by id=51103 patch={\"reference\":\"older\"} count=0'
SELECT id, reference, updated_at FROM course_dates WHERE id BETWEEN 51101 AND 51103;
\! test/mock.py --clear-faults
-- an order that they break is an error
\! test/mock.py --fault 'match=/batch id=51002 patch={\"start_at\":\"2029-01-01\"}'
SELECT id, updated_at FROM course_dates WHERE start_at > '2026-01-01' ORDER BY start_at LIMIT 200 OFFSET 199;
\! test/mock.py --clear-faults
\! test/mock.py --log --quiet
-- neither is a cursor disturbed by a write, nor a scan that is read again
BEGIN;
DECLARE later CURSOR FOR SELECT id, updated_at FROM course_dates WHERE id BETWEEN 51101 AND 51107;
FETCH 1 FROM later;
UPDATE course_dates SET reference = 'written' WHERE id = 51105;
\! test/mock.py --log --quiet
FETCH ALL FROM later;
\! test/mock.py --log --quiet
ROLLBACK;
SELECT sum((SELECT count(updated_at) FROM course_dates WHERE start_at >= '2027-02-01' AND start_at < '2027-03-03' AND seats_free <> key))
FROM generate_series(1, 3) AS key;
\! test/mock.py --log --quiet
-- a row that comes alone shows no more than among others
SELECT id, updated_at, instructors FROM course_dates ORDER BY start_at DESC LIMIT 1;
SELECT id, updated_at, instructors FROM course_dates ORDER BY start_at DESC LIMIT 2;
\! test/mock.py --log --quiet
-- any rows will do: more than one batch is worth are not listed
SELECT count(d.*) FROM (SELECT * FROM course_dates LIMIT 700) AS d;
\! test/mock.py --log --quiet
-- a list that does not tell the course of a row, and of any row
\! test/mock.py --fault 'match=/coursedates.order_by id=51102 drop=course_id count=0'
SELECT id, updated_at FROM course_dates WHERE id BETWEEN 51101 AND 51103;
\! test/mock.py --log --quiet
\! test/mock.py --clear-faults
\! test/mock.py --fault 'match=GET./coursedates.order_by drop=course_id count=0'
SELECT id, updated_at FROM course_dates WHERE id BETWEEN 51101 AND 51103;
\! test/mock.py --log --quiet
SELECT id, updated_at FROM course_dates WHERE id BETWEEN 51101 AND 51103;
\! test/mock.py --log --quiet
\! test/mock.py --clear-faults

-- the list of all dates has all columns
\! test/mock.py --reset rate=0 data=demo list_timestamps=present include_instructors=flat
SELECT frontcore_stat_reset();
\i test/economy.sql

-- no route has the instructors: that is found out with a look at each of them,
-- whether all dates are read or some, in whatever order, kept or not
\! test/mock.py --reset rate=0 data=demo list_timestamps=present
SELECT frontcore_stat_reset();
SELECT count(d.*) FROM course_dates AS d;
\! test/mock.py --log --quiet
SELECT count(d.*) FROM course_dates AS d;
\! test/mock.py --log --quiet
SELECT frontcore_stat_reset();
SELECT count(d.*), min(updated_at) FROM course_dates AS d WHERE start_at >= '2027-01-01';
\! test/mock.py --log --quiet
SELECT count(d.*), min(updated_at) FROM course_dates AS d WHERE start_at >= '2027-01-01';
\! test/mock.py --log --quiet
SELECT frontcore_stat_reset();
SELECT id, updated_at, instructors FROM course_dates WHERE start_at >= '2027-01-01' ORDER BY start_at, id LIMIT 2;
\! test/mock.py --log --quiet
-- also where a write makes an open cursor read on
SELECT frontcore_stat_reset();
BEGIN;
DECLARE later CURSOR FOR SELECT id, reference, instructors FROM course_dates WHERE id BETWEEN 51101 AND 51103;
UPDATE course_dates SET reference = 'written' WHERE id = 51102;
\! test/mock.py --log --quiet
FETCH ALL FROM later;
\! test/mock.py --log --quiet
COMMIT;
ALTER SERVER economy OPTIONS (ADD cache 'off');
SELECT frontcore_stat_reset();
SELECT count(d.*) FROM course_dates AS d;
\! test/mock.py --log --quiet
SELECT frontcore_stat_reset();
SELECT count(d.*), min(updated_at) FROM course_dates AS d WHERE start_at >= '2027-01-01';
\! test/mock.py --log --quiet

SET search_path = public;
DROP SCHEMA economy CASCADE;
DROP SERVER economy CASCADE;

-- What an account refuses or lacks, and what is asked of it instead; and what
-- the server's options say of it beforehand.
\set name refusing
\i test/account.sql
SET datestyle = 'ISO';

-- the list of everything is not to be used: by course, and in batches
ALTER SERVER refusing OPTIONS (ADD course_dates_source 'batch');
EXPLAIN (COSTS OFF) SELECT id FROM course_dates;
SELECT count(*), min(id), max(id) FROM course_dates;
SELECT id FROM course_dates WHERE start_at > '2027-06-15' ORDER BY start_at LIMIT 2;
SELECT id, start_at FROM course_dates WHERE id = 51003 AND course_id = 7302;
SELECT id, start_at FROM course_dates WHERE id = 51003;
\! test/mock.py --log
-- and it alone is: where the account has none, there is nothing else
ALTER SERVER refusing OPTIONS (SET course_dates_source 'list');
\! test/mock.py --set coursedates_list=404
SELECT count(*) FROM course_dates;
EXPLAIN (COSTS OFF) SELECT count(*) FROM course_dates;
SELECT count(*) FROM course_dates WHERE id BETWEEN 51001 AND 51003 OR id IN (51004, 51005);
SELECT count(*) FROM course_dates WHERE id = ANY (ARRAY(SELECT generate_series(51001, 51040)));
SELECT count(*) FROM course_dates WHERE course_id = 7301;
\! test/mock.py --log
ALTER SERVER refusing OPTIONS (DROP course_dates_source);

-- a list that was not there is asked for again when nothing else is left, and
-- if it is there, by all
SELECT frontcore_stat_reset();
SELECT count(*) FROM course_dates;
SELECT count(*) FROM course_dates;
\! test/mock.py --log
\! test/mock.py --reset rate=0
ALTER SERVER refusing OPTIONS (ADD course_dates_source 'list');
SELECT count(*) FROM course_dates;
ALTER SERVER refusing OPTIONS (DROP course_dates_source);
SELECT count(*) FROM course_dates;
\! test/mock.py --log

-- a date that only its own address holds all of: its course is found out by a
-- list, which may lack it
SELECT id, jsonb_array_length(instructors) FROM course_dates WHERE id IN (51002, 51999) ORDER BY id;
SELECT id, jsonb_array_length(instructors) FROM course_dates WHERE id IN (51002, 51999) ORDER BY id;
\! test/mock.py --log

-- ids that a complete list lacks are asked for, unless that takes another list
BEGIN;
SELECT count(*) FROM courses;
SELECT id FROM courses WHERE id = 7399;
SELECT id FROM courses WHERE id IN (7302, 7397, 7398, 7399);
\! test/mock.py --log
COMMIT;

-- a row that a list repeats is one row, also for those who look it up there
BEGIN;
\! test/mock.py --fault 'match=/customers duplicate'
SELECT count(*) FROM customers;
SELECT id, title FROM customers WHERE id IN (40214, 40215) ORDER BY id;
\! test/mock.py --log
COMMIT;

-- what the transaction has forgotten is not complete, though a cursor goes on
CREATE FOREIGN TABLE pages (id bigint) SERVER refusing OPTIONS (resource 'customers', page_size '5');
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM pages;
FETCH 1 FROM c;
SELECT frontcore_cache_reset();
MOVE ALL FROM c;
\! test/mock.py --log
SELECT count(*) FROM pages;
SELECT count(*) FROM pages;
\! test/mock.py --log
COMMIT;

-- relations that a list refuses are not asked for again; where they are needed
-- each row is asked for them
SELECT frontcore_stat_reset();
\! test/mock.py --fault 'match="GET /courses[?].*include" status=400 count=0'
SELECT count(products) FROM courses;
SELECT count(products) FROM courses;
\! test/mock.py --log
\! test/mock.py --clear-faults

-- a list that was to be filtered to one date, and holds others
SELECT frontcore_stat_reset();
\! test/mock.py --set id_filter=ignored
SELECT id, start_at FROM course_dates WHERE id = 51003;
SELECT id, start_at FROM course_dates WHERE id = 51004;
\! test/mock.py --log
-- once one was right, another date is no proof: the list is asked
SELECT frontcore_stat_reset();
\! test/mock.py --set id_filter=honoured
\! test/mock.py --fault 'match=coursedate_id=51004 body="[{\"coursedate_id\":51009,\"course_id\":7302,\"start_at\":\"2027-01-01\"}]"'
SELECT id, start_at FROM course_dates WHERE id IN (51003, 51004);
\! test/mock.py --log
\! test/mock.py --clear-faults
-- another object in the place of one
\! test/mock.py --fault 'match="GET /courses/7301" body={\"id\":7302,\"title\":\"Other\"}'
\set VERBOSITY default
SELECT id, title FROM courses WHERE id = 7301;
\set VERBOSITY terse
\! test/mock.py --fault 'match="GET /courses/7301" body=7301'
SELECT id, title FROM courses WHERE id = 7301;
\! test/mock.py --fault 'match="GET /courses" body=[7301]'
SELECT id, title FROM courses;
\! test/mock.py --log

-- a batch of one course that is refused all the same
SELECT frontcore_stat_reset();
\! test/mock.py --set coursedates_list=404
\! test/mock.py --fault 'match=/batch/coursedates status=400 count=0'
SELECT count(*) FROM course_dates WHERE course_id IN (7301, 7302, 7303);
\! test/mock.py --log
\! test/mock.py --reset rate=0

SET search_path = public;
SET client_min_messages = warning;
DROP SCHEMA refusing CASCADE;
DROP SERVER refusing CASCADE;

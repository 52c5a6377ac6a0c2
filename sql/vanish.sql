-- Rows that go between being read and being written: what is gone is not
-- changed, is no error, and nothing is sent in its place.
\set name vanishing
\i test/account.sql

-- a date that has gone when its course is looked for
CREATE FOREIGN TABLE dates (id bigint, start_at date, end_at date, status_id integer)
    SERVER vanishing OPTIONS (resource 'course_dates');
\! test/mock.py --fault 'match=GET.*coursedate_id=51002 skip=1 body=[]'
UPDATE dates SET status_id = 3 WHERE id = 51002;
\echo :ROW_COUNT rows
\! test/mock.py --log
\! test/mock.py --clear-faults
\! test/mock.py --fault 'match=GET.*coursedate_id=51002 skip=1 body=[]'
DELETE FROM dates WHERE id = 51002;
\echo :ROW_COUNT rows
\! test/mock.py --log
\! test/mock.py --clear-faults
-- and one that is there, but does not tell its course
\! test/mock.py --fault 'match="GET /courses" drop=course count=0'
DELETE FROM dates WHERE id = 51002;
\! test/mock.py --log
\! test/mock.py --clear-faults

-- one that has gone when the dates that go with every change are read
CREATE FOREIGN TABLE notes (id bigint, course_id bigint, reference text)
    SERVER vanishing OPTIONS (resource 'course_dates');
\! test/mock.py --fault 'match="GET /courses/7301/coursedates/51002" skip=1 status=404 count=0'
UPDATE notes SET reference = 'x' WHERE id = 51002 AND course_id = 7301;
\echo :ROW_COUNT rows
\! test/mock.py --log
\! test/mock.py --clear-faults

-- one that has gone when the properties to be kept are read
CREATE FOREIGN TABLE companies (
    id bigint, title text, note text,
    erp_id text OPTIONS (field 'custom_properties.erp_id')
) SERVER vanishing OPTIONS (resource 'customers');
\! test/mock.py --fault 'match="GET /customers/40201" skip=1 status=404'
UPDATE companies SET erp_id = '1' WHERE id = 40201;
\echo :ROW_COUNT rows
\! test/mock.py --log
\! test/mock.py --clear-faults

-- nobody knows yet which fields a PUT keeps: gone before it, at it, after it
UPDATE companies SET note = 'x' WHERE id = 40299;
\echo :ROW_COUNT rows
\! test/mock.py --fault 'match="(PUT|GET) /customers/40202" skip=1 status=404 count=0'
UPDATE companies SET note = 'x' WHERE id = 40202;
\echo :ROW_COUNT rows
\! test/mock.py --clear-faults
\! test/mock.py --fault 'match="GET /customers/40203" skip=1 status=404'
UPDATE companies SET note = 'x' WHERE id = 40203;
\echo :ROW_COUNT rows
\! test/mock.py --log
\! test/mock.py --clear-faults
-- none of this has told anything
UPDATE companies SET note = 'y' WHERE id = 40203 RETURNING title, note;
\! test/mock.py --log

-- nor does a row that has nothing else to lose
SELECT frontcore_stat_reset();
INSERT INTO companies (title) VALUES ('Bare') RETURNING id \gset
\! test/mock.py --log > /dev/null
\setenv bare :id
\! test/mock.py --change customers $bare country=null type=null status=null
UPDATE companies SET title = 'Bare still' WHERE id = :id;
UPDATE companies SET title = 'Bare again' WHERE id = :id;
\! test/mock.py --log

-- all else was reset, and the row has gone before that could be put back
SELECT frontcore_stat_reset();
\! test/mock.py --set customer_put_omitted=reset
\! test/mock.py --fault 'match="PUT /customers/40204" skip=1 status=404'
\! test/mock.py --fault 'match="GET /customers/40204" skip=2 status=404 count=0'
UPDATE companies SET note = 'x' WHERE id = 40204;
\echo :ROW_COUNT rows
\! test/mock.py --log
\! test/mock.py --clear-faults
-- from then on all is sent, so all is read: gone by then
\! test/mock.py --fault 'match="GET /customers/40205" status=404'
UPDATE companies SET note = 'x' WHERE id = 40205;
\echo :ROW_COUNT rows
\! test/mock.py --log
\! test/mock.py --clear-faults

-- a course that has gone when it is to be seen whether it kept its properties
\! test/mock.py --fault 'match="GET /courses/7313" status=404'
INSERT INTO courses (title, custom_properties) VALUES ('Short-lived', '{"a": "1"}');
\echo :ROW_COUNT rows
\! test/mock.py --log
\! test/mock.py --clear-faults

-- or when RETURNING wants to know what else is in it
\! test/mock.py --fault 'match="GET /courses/7301" status=404'
\set VERBOSITY default
SET client_min_messages = error;
UPDATE courses SET reference = 'x' WHERE id = 7301 RETURNING title;
RESET client_min_messages;
\! test/mock.py --log
\! test/mock.py --reset rate=0

-- an error while a cursor reads ahead of a write: no row of it is lost
SELECT id, jsonb_array_length(instructors) FROM course_dates WHERE id IN (51002, 51003, 51004);
BEGIN;
DECLARE c CURSOR FOR SELECT id, jsonb_array_length(instructors) FROM course_dates WHERE id IN (51002, 51003, 51004);
SAVEPOINT s;
\! test/mock.py --fault 'match=coursedate_id=51003 status=403'
UPDATE course_dates SET reference = 'x' WHERE id = 51020;
ROLLBACK TO s;
FETCH ALL FROM c;
COMMIT;
BEGIN;
DECLARE c CURSOR FOR SELECT id, jsonb_array_length(instructors) FROM course_dates WHERE id IN (51002, 51003, 51004);
FETCH 1 FROM c;
SAVEPOINT s;
\! test/mock.py --fault 'match=coursedate_id=51003 status=403'
UPDATE course_dates SET reference = 'x' WHERE id = 51020;
ROLLBACK TO s;
FETCH ALL FROM c;
COMMIT;

-- where look-ups are refused, a list tells the courses of dates whose own
-- address alone has a column
\! test/mock.py --log > /dev/null
\! test/mock.py --fault 'match=coursedate_id= status=422 count=0'
SELECT id, jsonb_array_length(instructors) FROM course_dates WHERE id IN (51002, 51003, 51004);
SELECT id, jsonb_array_length(instructors) FROM course_dates WHERE id IN (51002, 51003, 51004);
\! test/mock.py --log
\! test/mock.py --reset rate=0

SET search_path = public;
SET client_min_messages = warning;
DROP SCHEMA vanishing CASCADE;
DROP SERVER vanishing CASCADE;

-- The end of a list is proven, not guessed: no answer is short in silence.
-- Each block shows the rows that came, and what they cost.  Each account is a
-- new one, of which nothing is known yet.
\set name ending
\i test/account.sql
\set VERBOSITY default
SET client_min_messages = warning;
ALTER SERVER ending OPTIONS (ADD cache 'off');
CREATE FOREIGN TABLE c1 (id bigint) SERVER ending OPTIONS (resource 'customers', page_size '1');
CREATE FOREIGN TABLE c5 (id bigint) SERVER ending OPTIONS (resource 'customers', page_size '5');
CREATE FOREIGN TABLE d13 (id bigint, course_id bigint, start_at date) SERVER ending
    OPTIONS (resource 'course_dates', page_size '13');
CREATE PROCEDURE new_account() LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER SERVER ending OPTIONS (SET limiter_key %L)', 'ending ' || clock_timestamp());
END $$;

-- a server that clamps the page size at any length
CALL new_account();
\! test/mock.py --reset rate=0 customers=120 dates=120 page_clamp=10
SELECT count(*) FROM customers;
\! test/mock.py --log
SELECT count(*) FROM course_dates;
SELECT count(*) FROM course_dates WHERE course_id = 7301;
SELECT count(*) FROM course_dates WHERE course_id IN (7301, 7302, 7303);
\! test/mock.py --log --quiet
CALL new_account();
\! test/mock.py --reset rate=0 customers=120 dates=120 page_clamp=20
SELECT count(*) FROM customers;
SELECT count(*) FROM course_dates;
\! test/mock.py --log --quiet
CALL new_account();
\! test/mock.py --reset rate=0 customers=120 dates=120 page_clamp=30
SELECT count(*) FROM customers;
SELECT count(*) FROM course_dates;
\! test/mock.py --log --quiet
CALL new_account();
\! test/mock.py --reset rate=0 customers=120 dates=120 page_clamp=40
SELECT count(*) FROM customers;
SELECT count(*) FROM course_dates;
\! test/mock.py --log --quiet
CALL new_account();
\! test/mock.py --reset rate=0 customers=120 dates=120 page_clamp=60
SELECT count(*) FROM customers;
SELECT count(*) FROM course_dates;
\! test/mock.py --log --quiet
CALL new_account();
\! test/mock.py --reset rate=0 customers=120 dates=120 page_clamp=99
SELECT count(*) FROM customers;
SELECT count(*) FROM course_dates;
\! test/mock.py --log --quiet
-- also where the first page is a small one
CALL new_account();
\! test/mock.py --reset rate=0 customers=120 page_clamp=40
SELECT count(*) FROM (SELECT FROM customers LIMIT 100) AS part;
\! test/mock.py --log
-- and where limit counts the dates of each course
CALL new_account();
\! test/mock.py --reset rate=0 dates=120 page_clamp=3 batch_limit=per_course coursedates_list=404
SELECT count(*) FROM course_dates;
SELECT count(*) FROM course_dates WHERE course_id IN (7301, 7303);
\! test/mock.py --log --quiet

-- the longest short list costs one request more, a shorter one does not; that
-- is remembered, by a statement whatever others reset
CALL new_account();
\! test/mock.py --reset rate=0 customers=120
SELECT count(*) FROM customers;
\! test/mock.py --log
SELECT count(*) FROM customers WHERE id > 40300;
SELECT count(*) FROM (SELECT FROM customers LIMIT 130) AS all_of_them;
\! test/mock.py --log
SELECT frontcore_stat_reset();
SELECT count(*) FROM customers WHERE id > 40300;
\! test/mock.py --log
BEGIN;
DECLARE c CURSOR FOR SELECT i, n FROM generate_series(7301, 7304) AS i,
    LATERAL (SELECT count(*) AS n FROM course_dates WHERE course_id = i OFFSET 0) AS d;
FETCH 2 FROM c;
SELECT frontcore_stat_reset();
FETCH 2 FROM c;
COMMIT;
\! test/mock.py --log

-- an envelope that promises a page keeps its word, be this one empty or short
CALL new_account();
\! test/mock.py --reset rate=0 gap_page=2
SELECT count(*), count(start_at) FROM d13;
SELECT count(*) FROM (SELECT FROM d13 ORDER BY start_at) AS sorted;
\! test/mock.py --log
\! test/mock.py --reset rate=0 gap_page=1
SELECT count(*), count(DISTINCT start_at) FROM d13;
SELECT count(start_at) FROM d13 WHERE start_at > '2026-01-01' LIMIT 5;
\! test/mock.py --reset rate=0 gap_page=2 dates=60
SELECT count(*) FROM (SELECT FROM course_dates WHERE title <> '' LIMIT 40) AS part;
\! test/mock.py --log --quiet
-- what is empty or false promises none
\! test/mock.py --reset rate=0 next_page=false
SELECT count(*) FROM d13;
\! test/mock.py --reset rate=0 next_page=zero past_end=404
SELECT count(*) FROM d13;
\! test/mock.py --reset rate=0 next_page=empty past_end=error
SELECT count(*) FROM d13;
\! test/mock.py --reset rate=0 next_page=absent past_end=repeat
SELECT count(*) FROM d13;
\! test/mock.py --log --quiet
-- but a promise that is never kept is no list
\! test/mock.py --fault 'match=/coursedates body="{\"pagination\":{\"next_page\":9},\"items\":[]}" count=0'
SELECT count(*) FROM d13;
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 page_number=ignored
SELECT count(*) FROM d13;
\! test/mock.py --log --quiet

-- rows that others insert meanwhile move the list by whole pages
CALL new_account();
\! test/mock.py --reset rate=0 customers=600
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM customers;
MOVE 250 FROM c;
\! test/mock.py --fault 'shift=250 match=customers.40201'
SELECT id FROM customers WHERE id = 40201;
MOVE ALL FROM c;
COMMIT;
\! test/mock.py --log
\! test/mock.py --reset rate=0 customers=60 page_clamp=20
\! test/mock.py --fault 'shift=20 match=page=1'
\! test/mock.py --fault 'shift=20 match=page=2'
CALL new_account();
SELECT count(*), count(DISTINCT id) FROM customers;
\! test/mock.py --log
\! test/mock.py --reset rate=0
\! test/mock.py --fault 'shift match=page=1$'
SELECT count(*) FROM c1;
\! test/mock.py --reset rate=0
\! test/mock.py --fault 'shift match=limit=1&page=1$'
\! test/mock.py --fault 'shift match=limit=1&page=2$'
SELECT count(*) FROM c1;
\! test/mock.py --log

-- a server that repeats its last page for ever, and one that knows no pages
CALL new_account();
\! test/mock.py --reset rate=0 past_end=repeat
SELECT count(*) FROM c5;
\! test/mock.py --log
SELECT count(*) FROM customers;
\! test/mock.py --log
CALL new_account();
\! test/mock.py --reset rate=0 page_number=ignored
SELECT count(*) FROM c5;
SELECT count(*) FROM customers;
\! test/mock.py --log
CALL new_account();
\! test/mock.py --reset rate=0 ignore_limit=250 page_number=ignored
SELECT count(*) FROM c5;
\! test/mock.py --log
-- one that knows no limit still has pages
CALL new_account();
\! test/mock.py --reset rate=0 customers=130 ignore_limit=50
SELECT count(*) FROM c5;
\! test/mock.py --log

-- an order that nobody asked for proves nothing, though it begin by rising
CALL new_account();
\! test/mock.py --reset rate=0 courses=613 customers=320 default_sort=active
SELECT count(*), count(DISTINCT id::text) FROM courses;
SELECT count(*) FROM customers;
\! test/mock.py --log
ALTER SERVER ending OPTIONS (ADD push_order 'false');
\! test/mock.py --reset rate=0 dates=600 default_sort=active
SELECT count(*) FROM course_dates;
\! test/mock.py --log
ALTER SERVER ending OPTIONS (DROP push_order);

-- an error that passes is no end; one that comes again is
CALL new_account();
\! test/mock.py --reset rate=0
\! test/mock.py --fault 'match=page=2 body="{\"error\":\"Try again\"}"'
SELECT count(*) FROM c5;
\! test/mock.py --log
\! test/mock.py --fault 'match=page=2 status=404'
\! test/mock.py --fault 'match=page=3 status=422'
SELECT count(*) FROM c5;
\! test/mock.py --log
\! test/mock.py --fault 'match=page=3 status=404'
\! test/mock.py --fault 'match=page=3 status=422 skip=1'
SELECT count(*) FROM c5;
\! test/mock.py --clear-faults
\! test/mock.py --fault 'match=page=2 empty'
SELECT count(*) FROM c5;
\! test/mock.py --log
-- nor is one in the dates of a course, or of several
\! test/mock.py --reset rate=0 dates=360
\! test/mock.py --fault 'match=coursedates.*page=2 status=404'
SELECT count(*) FROM d13 WHERE course_id = 7301;
\! test/mock.py --fault 'match=coursedates.*page=2 body="{\"error\":\"Not found\"}"'
SELECT count(*) FROM d13 WHERE course_id IN (7301, 7302);
\! test/mock.py --log
-- where a page was promised, it is an error
\! test/mock.py --fault 'match=page=2 status=404'
SELECT count(start_at) FROM d13;

-- an item without an id that can name it
CALL new_account();
\! test/mock.py --reset rate=0
\! test/mock.py --fault 'match=/customers patch="{\"id\":null}"'
SELECT count(*) FROM customers;
\! test/mock.py --fault 'match=/customers patch="{\"id\":\"\"}"'
SELECT count(*) FROM customers;
\! test/mock.py --fault 'match=/customers drop=id'
SELECT count(*) FROM customers;
\! test/mock.py --fault 'match=/customers patch="{\"id\":false}"'
SELECT count(*) FROM customers;
\! test/mock.py --fault 'match=/coursedates patch="{\"coursedate_id\":null}"'
SELECT count(*) FROM course_dates;
\! test/mock.py --fault 'match=/customers hugeid=99999999999999999999'
SELECT count(*) FROM customers;
-- 0 may name one row, and that row may come again; several it cannot name
CALL new_account();
\! test/mock.py --fault 'match=/customers body="[{\"id\":0,\"title\":\"A\"},{\"id\":1,\"title\":\"B\"},{\"id\":-1,\"title\":\"C\"}]" count=2'
SELECT count(*), count(DISTINCT id) FROM customers;
\! test/mock.py --fault 'match=/customers patch="{\"id\":0}"'
SELECT count(*) FROM customers;
\! test/mock.py --fault 'match=/customers body="[{\"id\":\"0\"},{\"id\":\"0\"}]"'
SELECT count(*) FROM customers;
\! test/mock.py --fault 'match=/customers body="[{\"id\":-1,\"title\":\"A\"},{\"id\":-1,\"title\":\"B\"}]"'
SELECT count(*) FROM customers;
\! test/mock.py --fault 'match=limit=1&page=1 body="[{\"id\":0,\"title\":\"A\"}]"'
\! test/mock.py --fault 'match=limit=1&page=2 body="[{\"id\":0,\"title\":\"B\"}]"'
SELECT count(*) FROM c1;
\! test/mock.py --log

-- an instant in the hour that a clock repeats may be an hour away from what
-- its time without an offset says
ALTER SERVER ending OPTIONS (ADD timezone 'UTC');
CALL new_account();
\! test/mock.py --reset rate=0 filter_zone=UTC timestamps=naive
\! test/mock.py --change customers 40203 'updated_at="2026-10-25T02:30:00+02:00"'
SET timezone = 'UTC';
SELECT id, updated_at FROM customers WHERE updated_at BETWEEN '2026-10-25 01:15+00' AND '2026-10-25 01:45+00';
SELECT id, updated_at FROM customers WHERE updated_at > '2026-10-25 00:45+00' AND updated_at < '2026-10-25 02:30+00';
SELECT id, updated_at FROM customers WHERE updated_at BETWEEN '2026-10-26 01:15+00' AND '2026-10-26 01:45+00';
\! test/mock.py --log
RESET timezone;

DROP SCHEMA ending CASCADE;
DROP SERVER ending CASCADE;

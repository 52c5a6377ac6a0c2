-- How a list is walked, and how its end is told, under every answer that the
-- API may give.  Each line shows the rows, how many of them are different,
-- and what they cost.
\getenv port FRONTCORE_MOCK_PORT
SET client_min_messages = warning;
ALTER SERVER frontcore OPTIONS (ADD cache 'off');
CREATE FOREIGN TABLE p7 (id bigint) SERVER frontcore
    OPTIONS (resource 'course_dates', page_size '7');
CREATE FOREIGN TABLE p13 (id bigint) SERVER frontcore
    OPTIONS (resource 'course_dates', page_size '13');
CREATE FOREIGN TABLE p30 (id bigint, start_at date) SERVER frontcore
    OPTIONS (resource 'course_dates', page_size '30');
CREATE FOREIGN TABLE c5 (id bigint) SERVER frontcore
    OPTIONS (resource 'customers', page_size '5');
CREATE FOREIGN TABLE c1 (id bigint) SERVER frontcore
    OPTIONS (resource 'customers', page_size '1');
CREATE VIEW counts AS
    SELECT 'p7' AS name, count(*) AS rows, count(DISTINCT id) AS ids FROM p7
    UNION ALL SELECT 'p13', count(*), count(DISTINCT id) FROM p13
    UNION ALL SELECT 'p30', count(*), count(DISTINCT id) FROM p30
    UNION ALL SELECT 'c5', count(*), count(DISTINCT id) FROM c5;

-- 39 dates, 15 customers.  A page of 30 rising ids proves the order, and the
-- list goes on by since_id; smaller pages prove nothing.
\! test/mock.py --reset rate=0
TABLE counts;
\! test/mock.py --log

-- where ids fall the list goes on by page number
\! test/mock.py --reset rate=0 sort=ignored
TABLE counts;
\! test/mock.py --log
\! test/mock.py --reset rate=0 default_sort=asc
TABLE counts;
\! test/mock.py --log --quiet

-- since_id that is ignored costs one request, once
ALTER SERVER frontcore OPTIONS (ADD limiter_key 'ignores since_id');
\! test/mock.py --reset rate=0 since_id=ignored
SELECT count(*) FROM p30;
\! test/mock.py --log
SELECT count(*) FROM p30;
\! test/mock.py --log

ALTER SERVER frontcore OPTIONS (DROP limiter_key);

-- the last page is full: one more is asked for, whatever it says
SELECT count(*) FROM c5;
\! test/mock.py --reset rate=0 past_end=repeat
SELECT count(*) FROM c5;
SELECT count(*) FROM p13;
\! test/mock.py --log
\! test/mock.py --reset rate=0 past_end=error
SELECT count(*) FROM c5;
SELECT count(*) FROM p13;
\! test/mock.py --log
\! test/mock.py --reset rate=0 past_end=404
SELECT count(*) FROM c5;
\! test/mock.py --log
-- but a failure in the middle is a failure, never an end
\! test/mock.py --fault 'match=page=2 status=500'
SELECT count(*) FROM c5;
\! test/mock.py --log --quiet

-- a server that clamps or ignores the page size
\! test/mock.py --reset rate=0 customers=130 page_clamp=25
SELECT count(*) FROM fc.customers;
\! test/mock.py --log
\! test/mock.py --reset rate=0 customers=130 ignore_limit=50
SELECT count(*) FROM fc.customers;
SELECT count(*) FROM (SELECT * FROM fc.customers LIMIT 60) AS part;
\! test/mock.py --log

-- lists in envelopes
\! test/mock.py --reset rate=0 list_container=items
TABLE counts;
\! test/mock.py --reset rate=0 list_container=data
TABLE counts;
\! test/mock.py --log --quiet
-- and in none that is known
\! test/mock.py --fault 'match=/customers nocontainer'
SELECT count(*) FROM c5;

-- rows that move between pages: none comes twice
\! test/mock.py --reset rate=0
\! test/mock.py --fault 'match=page=2 shift'
SELECT count(*), count(DISTINCT id) FROM c5;
\! test/mock.py --fault 'match=page=1 duplicate'
SELECT count(*), count(DISTINCT id) FROM c5;
\! test/mock.py --log

-- a first page as small as the limit; what follows begins again
\! test/mock.py --reset rate=0
SELECT id FROM fc.customers LIMIT 3;
SELECT count(*) FROM (SELECT id FROM fc.customers LIMIT 30) AS part;
\! test/mock.py --log
ALTER SERVER frontcore OPTIONS (DROP cache);
BEGIN;
SELECT id FROM fc.customers LIMIT 3;
SELECT count(*) FROM fc.customers;
SELECT id FROM fc.customers LIMIT 3;
COMMIT;
\! test/mock.py --log

-- an order that the plan relies on is checked
\! test/mock.py --fault 'match=startdate swap'
SELECT id, start_at FROM p30 ORDER BY start_at LIMIT 3;
ALTER FOREIGN TABLE p30 OPTIONS (ADD push_order 'false');
SELECT id, start_at FROM p30 ORDER BY start_at LIMIT 3;
\! test/mock.py --log

-- without a list of all dates: courses, then batches
ALTER SERVER frontcore OPTIONS (ADD limiter_key 'has no list');
\! test/mock.py --reset rate=0 coursedates_list=404
SELECT count(*) FROM p13;
\! test/mock.py --log
SELECT count(*) FROM p13;
\! test/mock.py --log
-- a batch that is too large is made smaller, and remembered
ALTER SERVER frontcore OPTIONS (SET limiter_key 'has small batches');
\! test/mock.py --reset rate=0 coursedates_list=404 batch_max_ids=4
SELECT count(*) FROM fc.course_dates;
\! test/mock.py --log --quiet
SELECT count(*) FROM fc.course_dates;
\! test/mock.py --log
ALTER SERVER frontcore OPTIONS (DROP limiter_key);

DROP VIEW counts;
DROP FOREIGN TABLE p7, p13, p30, c5, c1;

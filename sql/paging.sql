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
-- a text, since PostgreSQL 16 and later want DISTINCT id to be sorted upstream
CREATE VIEW counts AS
    SELECT 'p7' AS name, count(*) AS rows, count(DISTINCT id::text) AS ids FROM p7
    UNION ALL SELECT 'p13', count(*), count(DISTINCT id::text) FROM p13
    UNION ALL SELECT 'p30', count(*), count(DISTINCT id::text) FROM p30
    UNION ALL SELECT 'c5', count(*), count(DISTINCT id::text) FROM c5;

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

-- a range of ids is read to its end, where a page has proven the order
\! test/mock.py --reset rate=0 dates=130
SELECT count(*) FROM p30 WHERE id < 51030;
SELECT count(*) FROM p30 WHERE id BETWEEN 51050 AND 51090;
\! test/mock.py --log
SELECT count(*) FROM p13 WHERE id < 51030;
\! test/mock.py --log --quiet
SELECT count(*) FROM (SELECT FROM p30 WHERE id < 51030 ORDER BY start_at LIMIT 50) AS sorted;
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 dates=130 sort=ignored
SELECT count(*) FROM p30 WHERE id < 51030;
\! test/mock.py --log --quiet
ALTER FOREIGN TABLE p30 OPTIONS (ADD push_order 'false');
\! test/mock.py --reset rate=0 dates=130 default_sort=asc
SELECT count(*) FROM p30 WHERE id < 51030;
\! test/mock.py --log --quiet
ALTER FOREIGN TABLE p30 OPTIONS (DROP push_order);
-- a loop goes on from where it stopped, and a write drains no more than that
\! test/mock.py --reset rate=0 dates=130
SELECT count(*) FROM generate_series(51020, 51100, 20) AS i,
    LATERAL (SELECT FROM p30 WHERE id < i OFFSET 0) AS d;
\! test/mock.py --log
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM p30 WHERE id < 51040;
MOVE 3 FROM c;
UPDATE fc.courses SET reference = 'drains' WHERE id = 7301;
MOVE ALL FROM c;
COMMIT;
\! test/mock.py --log

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

-- all dates of many courses are asked for in large batches; nothing is lost
-- where the API refuses them, or looks at the first courses only
\set shorten 'sed -E "s/(course_ids\\[\\]=[0-9]+)&.*&(course_ids)/\\1 ... \\2/"'
\setenv shorten :shorten
ALTER SERVER frontcore OPTIONS (SET limiter_key 'takes large batches');
\! test/mock.py --reset rate=0 coursedates_list=404 courses=700 dates=900
SELECT count(*), sum(id) FROM fc.course_dates;
\! test/mock.py --log | eval "$shorten"
ALTER SERVER frontcore OPTIONS (SET limiter_key 'cuts large batches');
\! test/mock.py --reset rate=0 coursedates_list=404 courses=700 dates=900 batch_cut=250
SELECT count(*), sum(id) FROM fc.course_dates;
\! test/mock.py --log | eval "$shorten"
ALTER SERVER frontcore OPTIONS (SET limiter_key 'empties large batches');
\! test/mock.py --reset rate=0 coursedates_list=404 courses=350 dates=900
\! test/mock.py --fault 'match=(course_ids[^&]*&){150} count=0 status=200 body=[]'
SELECT count(*), sum(id) FROM fc.course_dates;
\! test/mock.py --log | eval "$shorten"
ALTER SERVER frontcore OPTIONS (SET limiter_key 'refuses large batches');
\! test/mock.py --reset rate=0 coursedates_list=404 courses=350 dates=900 batch_max_ids=200
SELECT count(*), sum(id) FROM fc.course_dates;
\! test/mock.py --log | eval "$shorten"
SELECT count(*), sum(id) FROM fc.course_dates;
\! test/mock.py --log --quiet
ALTER SERVER frontcore OPTIONS (SET limiter_key 'forbids long URLs');
\! test/mock.py --reset rate=0 coursedates_list=404 courses=350 dates=900
\! test/mock.py --fault 'match=(course_ids[^&]*&){150} count=0 status=403 body=forbidden'
SELECT count(*), sum(id) FROM fc.course_dates;
\! test/mock.py --log | eval "$shorten"

-- an account that refuses since_id as a way to page loses nothing
ALTER SERVER frontcore OPTIONS (SET limiter_key 'refuses since_id');
\! test/mock.py --reset rate=0 default_sort=asc since_id=refused courses=300 dates=300
SELECT count(*) FROM fc.courses;
SELECT count(*) FROM fc.course_dates;
\! test/mock.py --log
-- nor does a list that is read again after an error in the middle of a page
ALTER SERVER frontcore OPTIONS (SET limiter_key 'ignores since_id, too');
\! test/mock.py --reset rate=0 since_id=ignored
BEGIN;
SAVEPOINT s;
\! test/mock.py --fault 'skip=1 match=^GET body="[{\"coursedate_id\":51014,\"course_id\":7301},{\"foo\":1}]"'
SELECT count(*) FROM p13;
ROLLBACK TO s;
SELECT count(*) FROM p13;
COMMIT;
\! test/mock.py --log
-- an order over more parents than a batch may hold is ours to keep
ALTER SERVER frontcore OPTIONS (SET limiter_key 'has small batches, too');
\! test/mock.py --reset rate=0 batch_max_ids=4
SELECT array_agg(id) FROM (SELECT id FROM fc.course_dates WHERE course_id IN (7312, 7303, 7305, 7307, 7308, 7309) ORDER BY id) AS d;
\! test/mock.py --log
-- an account that cannot filter to one date
ALTER SERVER frontcore OPTIONS (SET limiter_key 'has no look-up');
\! test/mock.py --reset rate=0 id_filter=refused
SELECT id, title FROM fc.course_dates WHERE id = 51005;
SELECT id, title FROM fc.course_dates WHERE id = 51007;
\! test/mock.py --log
-- a list that was not there is asked for again when nothing else is left
ALTER SERVER frontcore OPTIONS (SET limiter_key 'is being deployed', ADD course_dates_source 'list');
\! test/mock.py --fault 'match=coursedates status=404'
SELECT count(*) FROM fc.course_dates;
SELECT count(*) FROM fc.course_dates;
ALTER SERVER frontcore OPTIONS (DROP course_dates_source);
\! test/mock.py --log
-- when it answers again, so does what is looked up in it
ALTER SERVER frontcore OPTIONS (SET limiter_key 'was deployed');
\! test/mock.py --reset rate=0
\! test/mock.py --fault 'match=/coursedates.order status=404'
SELECT count(*) FROM fc.course_dates;
ALTER SERVER frontcore OPTIONS (ADD course_dates_source 'list');
SELECT count(*) FROM fc.course_dates;
ALTER SERVER frontcore OPTIONS (DROP course_dates_source);
\! test/mock.py --log
SELECT id, title FROM fc.course_dates WHERE id = 51005;
\! test/mock.py --log
-- courses none of which has dates: there is no such list
ALTER SERVER frontcore OPTIONS (SET limiter_key 'has neither');
\! test/mock.py --reset rate=0 coursedates_list=404 batch=404
\! test/mock.py --fault 'match=/courses/.*/coursedates status=404 count=0'
SELECT count(*) FROM fc.course_dates;
\! test/mock.py --log --quiet
\! test/mock.py --clear-faults
-- courses some of which have none: the transaction remembers them, too
\! test/mock.py --fault 'match=/courses/730[12]/coursedates status=404 count=0'
BEGIN;
SELECT count(*) FROM fc.course_dates;
SELECT count(*) FROM fc.course_dates;
COMMIT;
\! test/mock.py --log --quiet
\! test/mock.py --clear-faults
-- where errors come under status 200, a list or a batch that is refused with
-- nothing left to leave out is one that the account does not have
ALTER SERVER frontcore OPTIONS (SET limiter_key 'says so under 200');
\! test/mock.py --reset rate=0 coursedates_list=404 error_status=200
SELECT count(*), max(id) FROM fc.course_dates;
SELECT max(id) FROM fc.course_dates;
\! test/mock.py --log
ALTER SERVER frontcore OPTIONS (SET limiter_key 'says so of a look-up, too');
SELECT id, title FROM fc.course_dates WHERE id = 51005;
\! test/mock.py --log
ALTER SERVER frontcore OPTIONS (SET limiter_key 'says so of both');
\! test/mock.py --reset rate=0 coursedates_list=404 batch=404 error_status=200
SELECT count(*), max(id) FROM fc.course_dates;
\! test/mock.py --log
SELECT count(*), max(id) FROM fc.course_dates;
\! test/mock.py --log --quiet
-- it is an error where no route is left, or none may be taken
ALTER SERVER frontcore OPTIONS (SET limiter_key 'says so of all');
\! test/mock.py --fault 'match=coursedates body="{\"error\":\"Unknown resource\"}" count=0'
SELECT count(*) FROM fc.course_dates;
\! test/mock.py --clear-faults
ALTER SERVER frontcore OPTIONS (SET limiter_key 'has to', ADD course_dates_source 'list');
SELECT count(*) FROM fc.course_dates;
ALTER SERVER frontcore OPTIONS (DROP course_dates_source);
-- and so is what is said of the key or of permissions, or under another status
ALTER SERVER frontcore OPTIONS (SET limiter_key 'says something else');
\! test/mock.py --reset rate=0 coursedates_list=404 error_status=200
\! test/mock.py --fault 'match=coursedates body="{\"error\":\"Wrong API Key\"}"'
-- (the HINT names the role)
\set VERBOSITY terse
SELECT count(*) FROM fc.course_dates;
\set VERBOSITY default
\! test/mock.py --fault 'match=coursedates body="{\"error\":\"You need more permissions\"}"'
SELECT count(*) FROM fc.course_dates;
\! test/mock.py --fault 'match=coursedates status=400 body="{\"error\":\"Unknown resource\"}" count=2'
SELECT count(*) FROM fc.course_dates;
\! test/mock.py --log
SELECT count(*) FROM fc.course_dates;
\! test/mock.py --log
ALTER SERVER frontcore OPTIONS (DROP limiter_key);

DROP VIEW counts;
DROP FOREIGN TABLE p7, p13, p30, c5, c1;

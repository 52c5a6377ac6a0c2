-- The order of rows: where the API does not sort, where a row has no value to
-- sort by, where a sorted answer is read again, and where a list loses the
-- order that its pages were read by.
\set name ordered
\i test/account.sql
SET datestyle = 'ISO';

-- PostgreSQL puts a date without a beginning last: an API that puts it first
-- does not sort as asked, and one that does not sort leaves it to us
\! test/mock.py --change course_dates 51004 start_at=null
SELECT id, start_at FROM course_dates WHERE course_id = 7302 ORDER BY start_at, id;
SELECT id, start_at FROM course_dates WHERE course_id = 7302 ORDER BY start_at DESC, id DESC;
\! test/mock.py --log
\! test/mock.py --set sort=refused
SELECT id, start_at FROM course_dates WHERE course_id = 7302 ORDER BY start_at LIMIT 20;
SELECT id, start_at FROM course_dates WHERE course_id = 7302 ORDER BY start_at DESC LIMIT 2;
\! test/mock.py --log

-- an answer that we have sorted is given again from its first row, and is
-- asked for once
SELECT frontcore_stat_reset();
SET enable_material = off;
SELECT g, array_agg(id ORDER BY id) FROM generate_series(1, 3) AS g,
    LATERAL (SELECT id FROM (SELECT id FROM course_dates WHERE course_id = 7301 ORDER BY id DESC LIMIT 3) AS d
             WHERE id > g) AS three GROUP BY g ORDER BY g;
\! test/mock.py --log
-- without the cache, too
SELECT frontcore_stat_reset();
ALTER SERVER ordered OPTIONS (ADD cache 'off');
SELECT g, (SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM course_dates WHERE course_id = 7301 ORDER BY id LIMIT 3) AS d WHERE id > g)
FROM generate_series(1, 3) AS g;
\! test/mock.py --log
ALTER SERVER ordered OPTIONS (DROP cache);
RESET enable_material;
SELECT frontcore_stat_reset();
-- a cursor over such an answer misses nothing when it is written to meanwhile
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM course_dates WHERE course_id = 7301 ORDER BY id DESC;
FETCH 2 FROM c;
\! test/mock.py --log
DELETE FROM course_dates WHERE id = 51007 AND course_id = 7301;
FETCH 2 FROM c;
FETCH ABSOLUTE 1 FROM c;
COMMIT;
\! test/mock.py --log
\! test/mock.py --reset rate=0

-- a list that was in the order of ids, and then is not, is no complete answer
CREATE FOREIGN TABLE pages (id bigint) SERVER ordered
    OPTIONS (resource 'course_dates', page_size '25');
\! test/mock.py --reset rate=0 dates=100
\! test/mock.py --set default_sort=asc
SELECT count(*) FROM pages;
\! test/mock.py --log
\! test/mock.py --fault 'match=/coursedates skip=2 swap'
SELECT count(*) FROM pages;
\! test/mock.py --log
\! test/mock.py --clear-faults
SELECT count(*) FROM pages;
\! test/mock.py --reset rate=0

SET search_path = public;
SET client_min_messages = warning;
DROP SCHEMA ordered CASCADE;
DROP SERVER ordered CASCADE;

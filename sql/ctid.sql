-- ctid stands for the id: conditions on it go upstream as those on the id do,
-- and a write by ctid meets the row that is meant.  An account of its own, as
-- this server remembers what it has learned of an account.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
DO $$
BEGIN
    EXECUTE format('ALTER SERVER frontcore OPTIONS (ADD limiter_key %L)',
                   'ctid ' || clock_timestamp());
END
$$;
CREATE FUNCTION pg_temp.ctid(id bigint) RETURNS tid
LANGUAGE sql IMMUTABLE AS $$
    SELECT format('(%s,%s)', id / 65535, id % 65535 + 1)::tid
$$;
\set SHOW_CONTEXT never

-- every row has one of its own
SELECT ctid, id, ctid = pg_temp.ctid(id) AS is_right FROM fc.courses ORDER BY id LIMIT 3;
SELECT count(*), count(DISTINCT ctid), bool_and(ctid = pg_temp.ctid(id)) FROM fc.course_dates;
SELECT ctid FROM fc.customers ORDER BY id LIMIT 1;
\! test/mock.py --log

-- wherever rows come from and whatever they pass through: sorts, joins of
-- each kind, batches of keys, subqueries, WITH, windows, whole rows, cursors
CREATE TABLE key (k bigint, t tid);
INSERT INTO key SELECT id, pg_temp.ctid(id) FROM unnest('{7301,7303,7305,9999}'::bigint[]) AS id;
ANALYZE key;
SELECT ctid, title FROM fc.courses ORDER BY title COLLATE "C" LIMIT 3;
SET enable_nestloop = off;
SELECT k, c.ctid, d.ctid FROM key JOIN fc.courses AS c ON c.id = k JOIN fc.course_dates AS d ON d.course_id = c.id
    WHERE d.start_at > '2027-04-01' ORDER BY 1, 3 LIMIT 3;
SET enable_hashjoin = off;
SELECT k, c.ctid FROM key LEFT JOIN fc.courses AS c ON c.id = k ORDER BY 1;
RESET enable_hashjoin;
RESET enable_nestloop;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT bool_and(d.ctid = pg_temp.ctid(d.id)), count(*) FROM key JOIN fc.course_dates AS d ON d.course_id = k;
SET work_mem = '64kB';
SELECT bool_and(d.ctid = pg_temp.ctid(d.id)), count(*) FROM key JOIN fc.course_dates AS d ON d.course_id = k;
RESET work_mem;
RESET enable_mergejoin;
RESET enable_hashjoin;
SELECT max(ctid), min(ctid), count(*) FROM (SELECT ctid FROM fc.courses UNION ALL SELECT ctid FROM fc.customers) AS u;
WITH c AS MATERIALIZED (SELECT ctid, id, row_number() OVER (ORDER BY id) AS n FROM fc.courses)
SELECT c.ctid, c.n, (SELECT d.ctid FROM fc.courses AS d WHERE d.id = c.id) FROM c WHERE n < 3 ORDER BY n;
SELECT ctid, (c).id FROM fc.courses AS c ORDER BY id LIMIT 1;
BEGIN;
DECLARE cursor SCROLL CURSOR FOR SELECT ctid FROM fc.courses ORDER BY id;
FETCH 2 FROM cursor;
FETCH BACKWARD 1 FROM cursor;
COMMIT;
SELECT ctid, tableoid::regclass FROM fc.courses WHERE id = 7301;
SELECT ctid FROM fc.courses WHERE id = 99;
\! test/mock.py --log --quiet

-- a table without a column for the id has it, too
CREATE FOREIGN TABLE title (title text) SERVER frontcore OPTIONS (resource 'courses');
SELECT ctid, title FROM title WHERE ctid = '(0,7304)';
CREATE FOREIGN TABLE text_id (id text, title text) SERVER frontcore OPTIONS (resource 'courses');
SELECT ctid, id FROM text_id WHERE ctid = '(0,7304)';
\! test/mock.py --log

-- conditions go upstream as those on the id do, and are checked again
SELECT explain('SELECT title FROM fc.courses WHERE ctid = ''(0,7302)''');
SELECT explain('SELECT title FROM fc.courses WHERE id = 7301');
SELECT explain('SELECT title FROM fc.courses WHERE ctid IN (''(0,7302)'', ''(0,7303)'')');
SELECT explain('SELECT title FROM fc.course_dates WHERE ctid > ''(0,51020)'' ORDER BY ctid LIMIT 2');
SELECT id FROM fc.courses WHERE ctid = '(0,7302)';
SELECT id FROM fc.courses WHERE '(0,7302)' = ctid AND title = 'x';
SELECT id FROM fc.courses WHERE ctid IN ('(0,7302)', '(0,7303)', '(0,7302)', NULL, '(0,1)') ORDER BY id;
SELECT id FROM fc.courses WHERE ctid = '(0,7302)' OR ctid = '(0,7304)' ORDER BY id;
SELECT id FROM fc.courses WHERE ctid = '(0,7302)' AND id = 7301;
SELECT id FROM fc.course_dates WHERE ctid = '(0,51003)';
SELECT id FROM fc.customers WHERE ctid = '(0,40202)';
\! test/mock.py --log
PREPARE one(tid) AS SELECT id FROM fc.courses WHERE ctid = $1;
PREPARE several(tid[]) AS SELECT id FROM fc.courses WHERE ctid = ANY ($1) ORDER BY id;
SET plan_cache_mode = force_generic_plan;
EXECUTE one('(0,7303)');
EXECUTE several('{"(0,7303)","(0,7305)"}');
EXECUTE one(NULL);
EXECUTE several('{}');
EXECUTE several(NULL);
RESET plan_cache_mode;
SELECT id FROM fc.courses WHERE ctid = (SELECT t FROM key WHERE k = 7303);
SELECT id FROM fc.courses WHERE ctid = ANY (ARRAY (SELECT t FROM key)) ORDER BY id;
\! test/mock.py --log

-- those of joins are parameters of a nested loop
SELECT explain('SELECT k, title FROM key JOIN fc.courses AS c ON c.ctid = t WHERE k = 7301');
SELECT k, title FROM key JOIN fc.courses AS c ON c.ctid = t WHERE k = 7301;
SELECT k, (SELECT title FROM fc.courses AS c WHERE c.ctid = t) FROM key WHERE k IN (7303, 9999) ORDER BY k;
SELECT k, title FROM key LEFT JOIN fc.courses AS c ON c.ctid = t AND c.id > 7301 ORDER BY k;
\! test/mock.py --log

-- ranges are those of ids, in the same order
SELECT id FROM fc.courses WHERE ctid > '(0,7310)' AND ctid <= '(0,7313)' ORDER BY ctid;
SELECT id FROM fc.courses WHERE ctid >= '(0,7311)' ORDER BY ctid DESC;
SELECT id FROM fc.course_dates WHERE ctid BETWEEN '(0,51004)' AND '(0,51006)' ORDER BY ctid;
SELECT id FROM fc.course_dates ORDER BY ctid LIMIT 2;
SELECT count(*) FROM fc.courses WHERE ctid < '(1,0)';
SELECT count(*) FROM fc.courses WHERE ctid <> '(0,7302)';
\! test/mock.py --log

-- what no id can have, nothing matches, and nothing is asked
SELECT id FROM fc.courses WHERE ctid = '(0,0)';
SELECT id FROM fc.courses WHERE ctid = '(0,1)';
SELECT id FROM fc.courses WHERE ctid = '(7,0)';
SELECT id FROM fc.courses WHERE ctid = '(4294967295,0)';
SELECT id FROM fc.courses WHERE ctid = '(4294967295,7)';
SELECT id FROM fc.courses WHERE ctid IN ('(0,0)', '(0,1)', '(3,0)', '(4294967295,1)', NULL);
SELECT id FROM fc.courses WHERE ctid = NULL;
SELECT id FROM fc.courses WHERE ctid > '(4294967295,1)';
SELECT explain('SELECT title FROM fc.courses WHERE ctid = ''(0,1)''');
UPDATE fc.courses SET title = 'x' WHERE ctid = '(0,1)';
DELETE FROM fc.courses WHERE ctid = '(4294967295,0)';
\! test/mock.py --log

-- a write names exactly one row
SELECT explain('UPDATE fc.courses SET title = ''x'' WHERE ctid = ''(0,7302)''');
UPDATE fc.courses SET title = 'By ctid' WHERE ctid = '(0,7302)' RETURNING ctid, id, title;
UPDATE fc.courses SET title = title || '!' WHERE ctid = '(0,7302)' RETURNING ctid, title;
UPDATE fc.course_dates SET reference = 'By ctid' WHERE ctid = '(0,51002)' RETURNING ctid, id;
UPDATE fc.customers SET note = 'By ctid' WHERE ctid IN ('(0,40203)', '(0,40204)') RETURNING ctid, id;
DELETE FROM fc.courses WHERE ctid IN (SELECT ctid FROM fc.courses ORDER BY id DESC LIMIT 1);
DELETE FROM fc.course_dates AS d USING fc.course_dates AS e
    WHERE d.ctid = e.ctid AND e.id = 51003 RETURNING d.ctid, e.ctid, d.id;
DELETE FROM fc.courses WHERE ctid = '(0,7310)' RETURNING ctid, title;
INSERT INTO fc.customers (title) VALUES ('New') RETURNING ctid, id;
WITH gone AS (DELETE FROM fc.courses WHERE id IN (7310, 7311) RETURNING ctid)
SELECT ctid FROM gone ORDER BY 1;
\! test/mock.py --log
SELECT (SELECT count(*) FROM fc.courses) AS courses,
       (SELECT count(*) FROM fc.courses WHERE title LIKE 'By%') AS changed,
       (SELECT count(*) FROM fc.course_dates WHERE reference = 'By ctid') AS dates,
       (SELECT count(*) FROM fc.customers WHERE note = 'By ctid') AS customers;
BEGIN;
DECLARE current CURSOR FOR SELECT id FROM fc.courses ORDER BY id;
FETCH 1 FROM current;
DELETE FROM fc.courses WHERE CURRENT OF current;
ROLLBACK;
\! test/mock.py --log

-- partitions and children: of each table, the row with that ctid
CREATE TABLE both_kinds (id bigint, title text, reference text) PARTITION BY LIST (reference);
CREATE TABLE here PARTITION OF both_kinds FOR VALUES IN ('here');
CREATE FOREIGN TABLE there PARTITION OF both_kinds DEFAULT SERVER frontcore OPTIONS (resource 'courses');
INSERT INTO both_kinds VALUES (1, 'Here', 'here');
SELECT tableoid::regclass, ctid, id FROM both_kinds WHERE ctid IN ('(0,1)', '(0,7305)') ORDER BY id;
UPDATE both_kinds SET title = 'Both' WHERE ctid IN ('(0,1)', '(0,7305)') RETURNING tableoid::regclass, title;
INSERT INTO both_kinds (title, reference) VALUES ('Routed', 'there') RETURNING tableoid::regclass, ctid, id;
\! test/mock.py --log

-- an id that a ctid cannot stand for: an error where the ctid is read, and
-- nowhere else
\! test/mock.py --add courses id=281470681677824 title='"Greatest"'
\! test/mock.py --add courses id=281470681677825 title='"Too large"'
SELECT ctid FROM fc.courses WHERE id = 281470681677824;
SELECT ctid FROM fc.courses WHERE id = 281470681677825;
SELECT id FROM fc.courses WHERE ctid = '(4294967294,65535)';
SELECT count(ctid) FROM fc.courses;
SELECT count(*) FROM fc.courses WHERE ctid <> '(0,7302)';
UPDATE fc.courses SET title = 'Still too large' WHERE id = 281470681677825 RETURNING ctid;
DELETE FROM fc.courses WHERE id = 281470681677825 RETURNING ctid;
UPDATE fc.courses SET title = title || '!' WHERE id = 281470681677825 RETURNING title;
\! test/mock.py --log
SELECT id, title FROM fc.courses WHERE id > 9999 ORDER BY id FOR UPDATE;
UPDATE key SET k = c.id FROM fc.courses AS c WHERE c.id > 281470681677824 AND k = 9999 RETURNING k;
UPDATE both_kinds SET title = 'Large' WHERE id > 281470681677824 RETURNING tableoid::regclass, id;
\! test/mock.py --remove courses 281470681677825
\! test/mock.py --remove courses 281470681677824
\! test/mock.py --add courses id=-5 title='"Below"'
SELECT ctid FROM fc.courses;
SELECT id FROM fc.courses WHERE id < 7302 ORDER BY id;
\! test/mock.py --remove courses -5
\! test/mock.py --log --quiet

-- rows that are locked, or joined with rows that are, are read no further
-- than the query says
\! test/mock.py --reset rate=0
CREATE TABLE booking (id int, course_id bigint, title text);
INSERT INTO booking VALUES (1, 7301), (2, 7302);
UPDATE booking SET title = c.title FROM fc.courses AS c WHERE c.id = course_id AND booking.id = 1 RETURNING booking.*;
UPDATE booking SET title = d.title FROM fc.course_dates AS d WHERE d.course_id = booking.course_id AND d.id = 51001;
DELETE FROM booking USING fc.customers AS c WHERE c.id = booking.id;
SELECT id FROM fc.customers WHERE id < 40203 ORDER BY id FOR UPDATE;
SELECT b.id, c.id FROM booking AS b JOIN fc.courses AS c ON c.id = course_id ORDER BY 1 FOR UPDATE;
SELECT b.id, c.id FROM booking AS b LEFT JOIN both_kinds AS c ON c.id = course_id ORDER BY 1 FOR NO KEY UPDATE OF b;
MERGE INTO booking AS b USING fc.courses AS c ON c.id = course_id
    WHEN MATCHED THEN UPDATE SET title = c.reference;
\! test/mock.py --log

\! test/mock.py --reset rate=0
DROP TABLE key, both_kinds, booking;
DROP FOREIGN TABLE title, text_id;
ALTER SERVER frontcore OPTIONS (DROP limiter_key);

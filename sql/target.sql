-- Rows to be written that plans of all kinds have found: none is written twice,
-- none is read again that the plan has read, and each write is accounted for.
\set name targets
\i test/account.sql
CREATE SERVER others FOREIGN DATA WRAPPER frontcore_fdw
    OPTIONS (base_url :'base_url', requests_per_second '0', limiter_key 'target b');
CREATE USER MAPPING FOR CURRENT_USER SERVER others OPTIONS (api_key 'other-key');
SET datestyle = 'ISO';
SET timezone = 'UTC';
SET enable_hashjoin = off;
SET enable_mergejoin = off;

-- rows named by their ids: EXPLAIN ANALYZE counts the requests to write them;
-- PostgreSQL 18 gives decimals to rows, and 17 numbers no values of subplans
\a
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF)
UPDATE courses SET reference = 'direct' WHERE id IN (7301, 7302, 7399) \g | sed 's/[.]00//; s/Bytes.*/Bytes/'
\! test/mock.py --log
-- an id that only execution tells
EXPLAIN (COSTS OFF) DELETE FROM courses WHERE id = (SELECT 7300 + count(*) FROM (VALUES (1)) AS v)
\g | sed 's/ (returns .*)//; s/(InitPlan 1).col1/$0/'
\a
EXPLAIN (COSTS OFF) DELETE FROM courses WHERE id = ANY ('{}');
-- what a subquery sets that asks for the row takes the row; one that does not
-- is evaluated once
UPDATE courses SET (reference, price_comment) = (SELECT word || courses.id, word FROM (VALUES (7301, 'K')) AS v (id, word)
                                                  WHERE v.id = courses.id) WHERE id = 7301 RETURNING reference, price_comment;
UPDATE courses SET (reference, price_comment) = (SELECT word, word FROM (VALUES ('M')) AS v (word)) WHERE id = 7302
RETURNING reference, price_comment;
\! test/mock.py --log
-- a filter that is no id names no rows
EXPLAIN (COSTS OFF) UPDATE courses SET reference = 'new' WHERE updated_at > '2027-01-14';
UPDATE courses SET reference = 'new' WHERE updated_at > '2027-01-14';
\echo :ROW_COUNT rows
\! test/mock.py --log

-- the target as the outer side of a batched join: what its scan has read of a
-- row is not read again
EXPLAIN (COSTS OFF) UPDATE courses AS c SET reference = c.title
FROM course_dates AS d WHERE d.course_id = c.id AND c.updated_at > '2027-01-14' AND d.start_at > '2027-06-01';
UPDATE courses AS c SET reference = c.title
FROM course_dates AS d WHERE d.course_id = c.id AND c.updated_at > '2027-01-14' AND d.start_at > '2027-06-01'
RETURNING c.id, c.reference, d.id;
\! test/mock.py --log

-- the key of a row is known without asking
UPDATE course_dates SET status_id = 2 WHERE id = 51003 RETURNING id, course_id, status_id;
\! test/mock.py --log

-- a table of two accounts, joined: all rows are read before the first is
-- written
CREATE TABLE everywhere (account text, id bigint, title text, note text) PARTITION BY LIST (account);
CREATE FOREIGN TABLE here PARTITION OF everywhere FOR VALUES IN ('NO') SERVER targets OPTIONS (resource 'customers');
CREATE FOREIGN TABLE there PARTITION OF everywhere FOR VALUES IN ('SE') SERVER others OPTIONS (resource 'customers');
ALTER FOREIGN TABLE here ALTER account OPTIONS (ADD field 'country');
ALTER FOREIGN TABLE there ALTER account OPTIONS (ADD field 'country');
CREATE TABLE wanted (id bigint);
INSERT INTO wanted VALUES (40201), (40202);
ANALYZE wanted;
SELECT tableoid::regclass, count(*), min(id), max(id) FROM everywhere GROUP BY 1 ORDER BY 1;
EXPLAIN (COSTS OFF) UPDATE everywhere AS e SET note = 'joined' FROM wanted AS w WHERE w.id = e.id
\g | sed 's/(id = w.id)/(w.id = id)/'
UPDATE everywhere AS e SET note = 'joined' FROM wanted AS w WHERE w.id = e.id RETURNING e.tableoid::regclass, e.id, e.note;
\! test/mock.py --log
-- a row that comes without its id cannot be named
CREATE FOREIGN TABLE companies (id bigint, title text) SERVER targets OPTIONS (resource 'customers');
\! test/mock.py --fault 'match="GET /customers" id=40203 patch={\"id\":null}'
UPDATE companies SET title = 'x' WHERE title LIKE 'Kari%';
\! test/mock.py --fault 'match="GET /customers" id=40203 patch={\"id\":null}'
DELETE FROM companies WHERE title LIKE 'Kari%';
\! test/mock.py --log
\! test/mock.py --clear-faults

-- a trigger sees what there is not as NULL, and what stays NULL is not sent
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.note := coalesce(OLD.note, 'none') || ' before';
    RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION stamp();
UPDATE customers SET department = 'Triggered' WHERE id = 40204 RETURNING id, note, fax, department;
\! test/mock.py --log
DROP TRIGGER stamp ON customers;

-- a local table is written, and a whole row of ours is what it gets
CREATE TABLE seen (id bigint, row_seen jsonb);
INSERT INTO seen VALUES (7301);
CREATE FOREIGN TABLE titles (id bigint, title text) SERVER targets OPTIONS (resource 'courses');
MERGE INTO seen USING titles AS c ON seen.id = c.id
WHEN MATCHED THEN UPDATE SET row_seen = to_jsonb(c)
WHEN NOT MATCHED AND c.id < 7304 THEN INSERT VALUES (c.id, to_jsonb(c));
SELECT * FROM seen ORDER BY id;
\! test/mock.py --log

-- more writes than any list of them begins with: all are named
SET client_min_messages = warning;
\set VERBOSITY default
BEGIN;
INSERT INTO customers (title) SELECT 'Number ' || n FROM generate_series(1, 20) AS n;
SAVEPOINT s;
INSERT INTO customers (title) SELECT 'Number ' || n FROM generate_series(21, 40) AS n;
ROLLBACK TO s;
ROLLBACK;
\! test/mock.py --log --quiet
SELECT count(*) FROM customers WHERE title LIKE 'Number %';
\! test/mock.py --reset rate=0

RESET enable_hashjoin;
RESET enable_mergejoin;
SET search_path = public;
DROP SCHEMA targets CASCADE;
DROP SERVER targets CASCADE;
DROP SERVER others CASCADE;

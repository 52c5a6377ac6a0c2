-- Rows that UPDATE and DELETE name by their ids: they are written without
-- being read, and nothing else in the statement takes them for rows that exist.
\set name named
\i test/account.sql

-- an id that is given twice, one that is NULL, and one that no row has
UPDATE courses SET reference = 'N-1' WHERE id = ANY (ARRAY[7302, NULL, 7301, 7302, 7399]) RETURNING id, reference;
\echo :ROW_COUNT rows
UPDATE courses SET reference = 'N-2' WHERE id IN (7301, 7302, 7303) AND id IN (7302, 7303, 7304) AND id = 7303;
\echo :ROW_COUNT rows
UPDATE courses SET reference = 'N-2' WHERE id IN (7301, 7302) AND id = 7303;
UPDATE courses SET reference = 'N-2' WHERE id IN (0, -7301);
UPDATE courses SET reference = 'N-2' WHERE id = ANY (NULL::bigint[]);
\echo :ROW_COUNT rows
DELETE FROM courses WHERE id IN (7312, 7399);
\echo :ROW_COUNT rows
\! test/mock.py --log

-- what RETURNING wants and the statement does not give is read after the write,
-- and of rows that there were
UPDATE courses SET reference = 'N-3' WHERE id IN (7301, 7399)
RETURNING id, tableoid::regclass, ctid, reference, title, (SELECT count(*) FROM pg_class WHERE oid = courses.tableoid);
UPDATE courses SET reference = 'N-4' WHERE id = 7301 RETURNING to_jsonb(courses) -> 'title' AS title;
DELETE FROM courses WHERE id IN (7311, 7399) RETURNING id, ctid;
DELETE FROM courses WHERE id IN (7310, 7399) RETURNING id, title;
\! test/mock.py --log

-- what is evaluated for each row of a local table is evaluated for rows that
-- there are
CREATE SEQUENCE numbers;
UPDATE courses SET reference = 'S-' || nextval('numbers') WHERE id IN (7399, 7301) RETURNING reference;
UPDATE courses SET reference = (SELECT 'S-' || nextval('numbers') || v.id FROM (VALUES (courses.id)) AS v (id)) WHERE id IN (7399, 7302)
RETURNING reference;
UPDATE courses SET reference = 'S-' || 10 / (7399 - id) WHERE id IN (7399, 7303) RETURNING reference;
UPDATE courses SET reference = 'S-4' WHERE id IN (7399, 7304) AND 1000 / (7399 - id) > 0 RETURNING reference;
-- conditions that name no rows find them
UPDATE courses SET reference = 'S-5' WHERE id >= 7311 RETURNING id;
UPDATE courses SET reference = 'S-6' WHERE id IN (7304, 7305) OR id < 7302 RETURNING id;
\! test/mock.py --log

-- check options, of rows that there are
CREATE VIEW checked AS SELECT * FROM courses WHERE reference NOT LIKE 'bad%' WITH CHECK OPTION;
CREATE VIEW all_checked AS SELECT * FROM courses WHERE NULLIF(1, id) IS NOT NULL WITH CHECK OPTION;
CREATE VIEW one_checked AS SELECT * FROM courses WHERE id = 7301 WITH CHECK OPTION;
UPDATE checked SET reference = 'bad' WHERE id = 7399;
\echo :ROW_COUNT rows
UPDATE checked SET reference = 'bad' WHERE id = 7301;
UPDATE checked SET reference = 'good' WHERE id = 7301 RETURNING reference;
UPDATE all_checked SET reference = 'good' WHERE id IN (7301, 7399) RETURNING reference;
UPDATE one_checked SET reference = 'one' RETURNING reference;
\! test/mock.py --log
-- a view without them adds its own condition
CREATE VIEW active AS SELECT id, reference FROM courses WHERE is_active;
CREATE VIEW whole WITH (security_barrier) AS SELECT id, reference FROM courses;
UPDATE active SET reference = 'V-1' WHERE id = 7301 RETURNING id;
UPDATE whole SET reference = 'V-2' WHERE id = 7301 RETURNING id;
\! test/mock.py --log

-- row triggers, of rows that there are, even where a table has only the id
CREATE FOREIGN TABLE ids (id bigint) SERVER named OPTIONS (resource 'courses');
CREATE FUNCTION show_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% % % %', TG_NAME, TG_OP, OLD, NEW;
    RETURN coalesce(NEW, OLD);
END
$$;
CREATE TRIGGER b BEFORE DELETE ON ids FOR EACH ROW EXECUTE FUNCTION show_row();
CREATE TRIGGER a AFTER DELETE ON ids FOR EACH ROW EXECUTE FUNCTION show_row();
DELETE FROM ids WHERE id IN (7309, 7399);
\echo :ROW_COUNT rows
\! test/mock.py --log
DROP TRIGGER b ON ids;
DROP TRIGGER a ON ids;
DELETE FROM ids WHERE id IN (7308, 7399);
\echo :ROW_COUNT rows
\! test/mock.py --log
-- a generated column is computed from the row
CREATE FOREIGN TABLE computed (id bigint, title text, reference text, both_ text GENERATED ALWAYS AS (title || reference) STORED)
    SERVER named OPTIONS (resource 'courses');
UPDATE computed SET reference = '!' WHERE id = 7301 RETURNING both_;
DELETE FROM computed WHERE id = 7307;
\! test/mock.py --log

-- ids of other types, and ids that such a type cannot hold
CREATE DOMAIN low AS bigint CHECK (VALUE < 7302);
CREATE FOREIGN TABLE ints (id int, title text, reference text) SERVER named OPTIONS (resource 'courses');
CREATE FOREIGN TABLE smallints (id smallint, reference text) SERVER named OPTIONS (resource 'courses');
CREATE FOREIGN TABLE lows (id low, reference text) SERVER named OPTIONS (resource 'courses');
CREATE FOREIGN TABLE texts (id text, reference text) SERVER named OPTIONS (resource 'courses');
CREATE FOREIGN TABLE twice (id bigint, same int OPTIONS (field 'id'), reference text) SERVER named OPTIONS (resource 'courses');
UPDATE ints SET reference = 'T-1' WHERE id = 7301 RETURNING id, title;
UPDATE ints SET reference = 'T-1' WHERE id = 3000000000 RETURNING id;
UPDATE smallints SET reference = 'T-2' WHERE id IN (7301, 70000) RETURNING id;
UPDATE lows SET reference = 'T-3' WHERE id = 7301 RETURNING id;
UPDATE lows SET reference = 'T-3' WHERE id = 7399 RETURNING id;
UPDATE texts SET reference = 'T-4' WHERE id = '7301' RETURNING id;
UPDATE texts SET reference = 'T-5' WHERE ctid = '(0,7302)' RETURNING id;
UPDATE twice SET reference = 'T-6' WHERE id = 7301 AND same IN (7301, 7302) RETURNING id, same;
\! test/mock.py --log
-- the id and the ctid name the same row
UPDATE courses SET reference = 'T-7' WHERE ctid = '(0,7302)' AND id IN (7301, 7302) RETURNING ctid, id;
UPDATE courses SET reference = 'T-8' WHERE ctid = '(0,7302)' AND id = 7302 RETURNING ctid, id;
\! test/mock.py --log

-- other tables in the statement: they meet rows that there are
CREATE TABLE local (id bigint, word text);
INSERT INTO local VALUES (7301, 'L-1'), (7399, 'L-2');
UPDATE courses AS c SET reference = 'J-1' FROM local AS l WHERE c.id = 7399 AND l.id = c.id RETURNING c.id;
UPDATE courses AS c SET reference = l.word FROM local AS l WHERE c.id IN (7301, 7399) AND l.id = c.id RETURNING c.id, c.reference;
INSERT INTO local SELECT id, 'L-3' FROM courses WHERE id IN (7302, 7399) RETURNING id;
SELECT id FROM courses WHERE id IN (7302, 7399) FOR UPDATE;
DELETE FROM courses WHERE id IN (SELECT id FROM local WHERE word = 'L-2') RETURNING id;
UPDATE courses SET reference = 'J-2' WHERE id = (SELECT max(id) FROM local WHERE word = 'L-3') RETURNING id;
UPDATE courses SET reference = (SELECT min(word) FROM local) WHERE id = 7301 RETURNING reference;
\! test/mock.py --log
-- an id that the same statement reads from the same table
UPDATE courses SET reference = 'J-3' WHERE id = (SELECT min(id) FROM courses WHERE id > 7302) RETURNING id;
\! test/mock.py --log
-- writes in WITH: each names its rows, and none sees what another has written
WITH a AS (UPDATE courses SET reference = 'W-1' WHERE id IN (7301, 7399) RETURNING id),
     b AS (DELETE FROM courses WHERE id IN (7306, 7399) RETURNING id),
     c AS (UPDATE courses SET reference = 'W-2' WHERE id = 7399 RETURNING id)
SELECT 'a', id FROM a UNION ALL SELECT 'b', id FROM b UNION ALL SELECT 'c', id FROM c ORDER BY 1, 2;
WITH a AS (UPDATE courses SET reference = 'W-3' WHERE id = 7301 RETURNING id)
UPDATE courses SET reference = 'W-4' WHERE id = (SELECT id + 1 FROM a) RETURNING id;
\! test/mock.py --log

-- children of a table: each child's rows, and nothing of a row that is not there
CREATE TABLE parent (id bigint, reference text);
CREATE FOREIGN TABLE child (id bigint, reference text) SERVER named OPTIONS (resource 'courses');
ALTER FOREIGN TABLE child INHERIT parent;
INSERT INTO parent VALUES (1, 'P-1');
UPDATE parent SET reference = 'P-2' WHERE id IN (1, 7301, 7399) RETURNING tableoid::regclass, id;
DELETE FROM parent WHERE id IN (1, 7305, 7399) RETURNING tableoid::regclass, id;
UPDATE child SET reference = 'P-3' WHERE id IN (7301, 7399) RETURNING id;
CREATE TABLE divided (id bigint, reference text) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE upper_part PARTITION OF divided FOR VALUES FROM (7000) TO (8000)
    SERVER named OPTIONS (resource 'courses');
CREATE TABLE lower_part PARTITION OF divided FOR VALUES FROM (0) TO (7000);
UPDATE divided SET reference = 'P-4' WHERE id IN (7301, 7399) RETURNING tableoid::regclass, id;
DELETE FROM divided WHERE id = 7304 RETURNING tableoid::regclass, id;
\! test/mock.py --log
CREATE FUNCTION show_table() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% %', TG_OP, (SELECT count(*) FROM gone);
    RETURN NULL;
END
$$;
CREATE TRIGGER t AFTER DELETE ON parent REFERENCING OLD TABLE AS gone EXECUTE FUNCTION show_table();
DELETE FROM parent WHERE id = 7303;
DELETE FROM child WHERE id = 7399;
\! test/mock.py --log

-- more rows than requests are allowed: none is written
SET frontcore_fdw.max_requests_per_query = 2;
UPDATE courses SET reference = 'M-1' WHERE id IN (7301, 7302, 7303);
DELETE FROM courses WHERE id IN (7301, 7302, 7303);
UPDATE courses SET reference = 'M-2' WHERE id IN (7301, 7301, 7302, NULL) RETURNING id;
SET client_min_messages = error;
UPDATE courses SET reference = 'M-3' WHERE id IN (7301, 7302) RETURNING id, title;
RESET client_min_messages;
RESET frontcore_fdw.max_requests_per_query;
\! test/mock.py --log
-- what is wrong with a value is found before anything is sent
CREATE FOREIGN TABLE owned (id bigint, title text, key_ text OPTIONS (field 'custom_properties.key'))
    SERVER named OPTIONS (resource 'courses');
UPDATE owned SET key_ = repeat('x', 256) WHERE id = 7301;
UPDATE owned SET key_ = 'x' WHERE id IN (7301, 7399) RETURNING id;
UPDATE courses SET level_id = 1 WHERE id IN (7301, 7399) RETURNING id;
\! test/mock.py --log

-- an error says how many rows had been written
\set VERBOSITY default
SET client_min_messages = error;
\! test/mock.py --fault 'match="PUT /courses/7303" status=422 body={\"error\":\"No\"}'
UPDATE courses SET reference = 'E-1' WHERE id IN (7301, 7399, 7302, 7303, 7305);
\! test/mock.py --fault 'match="DELETE /courses/7302" status=422 body={\"error\":\"No\"}'
DELETE FROM courses WHERE id IN (7301, 7302, 7303);
RESET client_min_messages;
\set VERBOSITY terse
\! test/mock.py --log

-- a cursor that has begun, and one that has not, see what was there before
BEGIN;
DECLARE begun CURSOR FOR SELECT id, reference FROM courses WHERE id < 7304 ORDER BY id;
DECLARE unbegun CURSOR FOR SELECT id, reference FROM courses WHERE id < 7304 ORDER BY id;
FETCH 1 FROM begun;
UPDATE courses SET reference = 'C-1' WHERE id = 7302;
SAVEPOINT s;
DELETE FROM courses WHERE id = 7399;
ROLLBACK TO s;
FETCH ALL FROM begun;
FETCH ALL FROM unbegun;
SELECT id, reference FROM courses WHERE id = 7302;
COMMIT;
\! test/mock.py --log

-- a function's statement with a plan that is kept, whose ids come and go
SET plan_cache_mode = force_generic_plan;
CREATE FUNCTION rename(ids bigint[], word text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    UPDATE named.courses SET reference = word WHERE id = ANY (ids);
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;
SELECT rename('{7302}', 'K-1'), rename('{}', 'K-2'), rename(NULL, 'K-3'), rename('{7303,7399}', 'K-4');
RESET plan_cache_mode;
\! test/mock.py --log

-- EXPLAIN names the first row, where it is known, and says that none is read
EXPLAIN (COSTS OFF) UPDATE courses SET reference = 'X-1' WHERE id IN (7301, 7302);
EXPLAIN (COSTS OFF) DELETE FROM courses WHERE id = 7301 RETURNING id;
EXPLAIN (COSTS OFF) DELETE FROM courses WHERE id = -1;
EXPLAIN (COSTS OFF) UPDATE courses SET reference = 'X-1' WHERE id = 7301 AND title <> '';
\! test/mock.py --log

\! test/mock.py --reset rate=0
SET search_path = public;
SET client_min_messages = warning;
DROP SCHEMA named CASCADE;
DROP SERVER named CASCADE;

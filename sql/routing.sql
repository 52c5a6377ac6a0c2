-- Foreign tables as partitions and as children: rows are found where they
-- are, and go where they belong.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
\set SHOW_CONTEXT never
SET client_min_messages = notice;
SELECT format('http://127.0.0.1:%s/v2', :'port') AS base_url \gset
CREATE SERVER routing FOREIGN DATA WRAPPER frontcore_fdw
    OPTIONS (base_url :'base_url', requests_per_second '0');
DO $$
BEGIN
    EXECUTE format('ALTER SERVER routing OPTIONS (ADD limiter_key %L)', 'routing ' || clock_timestamp());
END $$;
CREATE USER MAPPING FOR CURRENT_USER SERVER routing OPTIONS (api_key 'test-key');
CREATE SCHEMA routing;
SET search_path = routing, public;
CREATE PROCEDURE attempt(statement text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RAISE NOTICE 'no error';
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE '%: %', SQLSTATE, SQLERRM;
END $$;
CREATE FUNCTION rows_of(query text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    result text[];
BEGIN
    EXECUTE format('SELECT array_agg(q::text) FROM (%s) AS q', query) INTO result;
    RETURN result;
END $$;

-- partitions by course; the columns of the foreign ones come in another order
-- and under other names of the API's, with some dropped between
CREATE TABLE dates (id bigint, course_id bigint, starts date, ends date, note text)
    PARTITION BY RANGE (course_id);
CREATE TABLE dates_old PARTITION OF dates FOR VALUES FROM (MINVALUE) TO (7301);
CREATE FOREIGN TABLE dates_api (
    note text OPTIONS (field 'reference'),
    gone int,
    ends date OPTIONS (field 'end_at'),
    id bigint,
    starts date OPTIONS (field 'start_at'),
    course_id bigint
) SERVER routing OPTIONS (resource 'course_dates');
ALTER FOREIGN TABLE dates_api DROP COLUMN gone;
ALTER TABLE dates ATTACH PARTITION dates_api FOR VALUES FROM (7301) TO (7400);
CREATE TABLE dates_new PARTITION OF dates FOR VALUES FROM (7400) TO (MAXVALUE);
INSERT INTO dates VALUES (1, 7200, '2020-01-01', '2020-01-02', 'old'), (2, 7500, '2030-01-01', '2030-01-02', 'new');
CREATE TABLE copied AS SELECT * FROM dates;
\! test/mock.py --log

-- pruned: no request where the key is elsewhere, one where it is here
SELECT tableoid::regclass, id, note FROM dates WHERE course_id = 7200;
SELECT tableoid::regclass, id, note FROM dates WHERE course_id > 7400 OR course_id < 7300 ORDER BY id;
SELECT count(*) FROM dates WHERE course_id = 9;
\! test/mock.py --log
SELECT tableoid::regclass, count(*), min(id) FROM dates WHERE course_id IN (7303, 7500) GROUP BY 1 ORDER BY 1;
\! test/mock.py --log
-- also when the key is known only on execution
PREPARE of_course (bigint) AS SELECT count(*) FROM dates WHERE course_id = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE of_course (7200);
EXECUTE of_course (7500);
EXECUTE of_course (NULL);
\! test/mock.py --log
EXECUTE of_course (7303);
RESET plan_cache_mode;
DEALLOCATE of_course;
SELECT count(*) FROM dates WHERE course_id = (SELECT 7200);
SELECT v, (SELECT count(*) FROM dates WHERE course_id = v) FROM (VALUES (7500), (7304)) AS v (v);
\! test/mock.py --log

-- over the root as over a copy
CREATE VIEW differences AS
    (TABLE dates EXCEPT ALL TABLE copied) UNION ALL (TABLE copied EXCEPT ALL TABLE dates);
TABLE differences;
SELECT a.query
FROM (VALUES ('SELECT id FROM %s AS t ORDER BY course_id, id LIMIT 4 OFFSET 1'),
             ('SELECT id, note FROM %s AS t ORDER BY id DESC LIMIT 3'),
             ('SELECT course_id, count(*), max(ends) FROM %s AS t GROUP BY 1 ORDER BY 1'),
             ('SELECT t.* FROM %s AS t WHERE id < 51004 ORDER BY id'),
             ('SELECT id FROM %s AS t WHERE course_id BETWEEN 7200 AND 7301 AND starts > ''2027-01-01'' ORDER BY id'),
             ('SELECT min(course_id), max(course_id), min(id), max(starts) FROM %s AS t'),
             ('SELECT a.id, b.id AS other FROM %1$s AS a JOIN %1$s AS b USING (course_id) WHERE a.id < b.id AND a.course_id <> 7301 ORDER BY 1, 2'),
             ('SELECT c, d.id FROM generate_series(7195, 7504, 5) AS c LEFT JOIN %s AS d ON d.course_id = c ORDER BY 1, 2')
     ) AS a (query)
WHERE rows_of(format(query, 'dates')) IS DISTINCT FROM rows_of(format(query, 'copied'));
\! test/mock.py --log > /dev/null

-- INSERT and COPY are routed by the root, with what the API gives
INSERT INTO dates (course_id, starts, ends, note)
    VALUES (7303, '2028-01-01', '2028-01-02', 'routed'), (7600, '2028-02-01', '2028-02-02', 'routed')
    RETURNING tableoid::regclass, id, course_id, note;
COPY dates (course_id, starts, ends, note) FROM STDIN;
7304	2028-03-01	2028-03-02	copied
7201	2028-04-01	2028-04-02	copied
7305	2028-05-01	2028-05-02	copied
\.
WITH new AS (
    INSERT INTO dates (course_id, starts, ends, note)
    SELECT course_id, starts + 365, ends + 365, 'again' FROM dates WHERE note IN ('copied', 'routed')
    RETURNING tableoid::regclass AS place, course_id
)
SELECT place, count(*), min(course_id) FROM new GROUP BY 1 ORDER BY 1;
\! test/mock.py --log
-- what no partition takes, what cannot be written, what the API refuses
CALL attempt($$INSERT INTO dates (course_id, starts, ends) VALUES (NULL, '2028-01-01', '2028-01-02')$$);
CALL attempt($$INSERT INTO dates (id, course_id, starts, ends) VALUES (5, 7301, '2028-01-01', '2028-01-02')$$);
CALL attempt($$INSERT INTO dates (course_id, starts, ends) VALUES (7303, '2028-01-01', '2028-01-02') ON CONFLICT DO NOTHING$$);
CALL attempt($$INSERT INTO dates (course_id, starts, ends) VALUES (7313, '2028-01-01', '2028-01-02')$$);
\! test/mock.py --log
-- a trigger of the partition's takes part
CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.note = upper(NEW.note);
    RETURN NEW;
END $$;
CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% % %: % %', TG_WHEN, TG_OP, TG_TABLE_NAME, NEW.course_id, NEW.note;
    RETURN NULL;
END $$;
CREATE TRIGGER mark BEFORE INSERT ON dates_api FOR EACH ROW EXECUTE FUNCTION mark();
CREATE TRIGGER say AFTER INSERT ON dates_api FOR EACH ROW EXECUTE FUNCTION say();
INSERT INTO dates (course_id, starts, ends, note) VALUES (7306, '2028-06-01', '2028-06-02', 'shout') RETURNING note;
COPY dates (course_id, starts, ends, note) FROM STDIN;
7306	2028-07-01	2028-07-02	aloud
7202	2028-07-01	2028-07-02	softly
\.
\! test/mock.py --log
DROP TRIGGER mark ON dates_api;
DROP TRIGGER say ON dates_api;

-- UPDATE and DELETE over the root
TRUNCATE copied;
INSERT INTO copied TABLE dates;
UPDATE dates SET note = note || '!' WHERE starts > '2028-01-01' AND course_id <> 7600;
UPDATE copied SET note = note || '!' WHERE starts > '2028-01-01' AND course_id <> 7600;
TABLE differences;
UPDATE dates AS d SET note = v.note FROM (VALUES (7201, 'one'), (7303, 'two')) AS v (course, note)
    WHERE v.course = d.course_id AND d.starts > '2028-01-01';
UPDATE copied AS d SET note = v.note FROM (VALUES (7201, 'one'), (7303, 'two')) AS v (course, note)
    WHERE v.course = d.course_id AND d.starts > '2028-01-01';
TABLE differences;
DELETE FROM dates WHERE note = 'ALOUD!' RETURNING tableoid::regclass, course_id;
DELETE FROM copied WHERE note = 'ALOUD!';
DELETE FROM dates AS d USING (VALUES (7304), (7202)) AS v (course)
    WHERE v.course = d.course_id AND d.starts > '2028-01-01' RETURNING d.tableoid::regclass, d.course_id;
DELETE FROM copied WHERE course_id IN (7304, 7202) AND starts > '2028-01-01';
TABLE differences;
\! test/mock.py --log > /dev/null

-- a row moves from a local partition to the API, where it gets a new id
UPDATE dates SET course_id = 7307, id = NULL WHERE note = 'one' AND course_id = 7201
    RETURNING tableoid::regclass, id > 51040 AS is_new, course_id, note;
SELECT count(*) FROM dates_old WHERE note = 'one';
SELECT count(*) FROM dates_api WHERE note = 'one';
\! test/mock.py --log
-- keeping its id is not possible; the row stays where it was
CALL attempt($$UPDATE dates SET course_id = 7307 WHERE id = 2 AND course_id = 7500$$);
CALL attempt($$UPDATE dates SET course_id = 7313, id = NULL WHERE id = 2 AND course_id = 7500$$);
SELECT tableoid::regclass, id FROM dates WHERE id = 2;
-- it does not move out of the API
CALL attempt($$UPDATE dates SET course_id = 7500 WHERE course_id = 7307 AND note = 'one'$$);
SELECT tableoid::regclass, course_id FROM dates WHERE note = 'one';
\! test/mock.py --log > /dev/null

-- what has moved is not met again by the same statement, nor are rows refused
-- that are both moved and scanned
CREATE TABLE mixed (id bigint, title text, reference text) PARTITION BY LIST (reference);
CREATE TABLE mixed_here PARTITION OF mixed FOR VALUES IN ('here');
CREATE FOREIGN TABLE mixed_there PARTITION OF mixed FOR VALUES IN ('there', 'back')
    SERVER routing OPTIONS (resource 'courses');
CREATE TABLE mixed_rest PARTITION OF mixed DEFAULT;
INSERT INTO mixed VALUES (NULL, 'Move 1', 'here'), (NULL, 'Move 2', 'here'), (NULL, 'Move 3', 'rest');
INSERT INTO mixed (title, reference) VALUES ('Move 4', 'there');
CALL attempt($$UPDATE mixed SET reference = 'there', title = title || '!' WHERE reference IN ('here', 'there', 'rest')$$);
SELECT title FROM mixed WHERE reference IN ('here', 'there', 'rest') AND title LIKE 'Move%' ORDER BY title;
UPDATE mixed SET reference = 'back', title = title || '?' WHERE reference IN ('here', 'rest', 'there') AND title < 'Move 3';
SELECT title, reference FROM mixed WHERE reference IN ('here', 'there', 'rest', 'back') AND title LIKE 'Move%' ORDER BY title;
DELETE FROM mixed WHERE reference IN ('here', 'there', 'rest', 'back');
SELECT count(*) FROM mixed WHERE reference IN ('here', 'there', 'rest', 'back');
\! test/mock.py --log > /dev/null

-- refused for the whole tree
CALL attempt($$TRUNCATE dates$$);
CALL attempt($$CREATE INDEX ON mixed (title)$$);
CALL attempt($$ALTER TABLE mixed ADD UNIQUE (reference)$$);
CALL attempt($$MERGE INTO dates AS d USING copied AS c ON d.id = c.id WHEN MATCHED THEN DELETE$$);
CALL attempt($$LOCK TABLE dates_api$$);
CALL attempt($$LOCK TABLE dates$$);
ANALYZE dates;
SELECT reltuples > 40 AS is_counted FROM pg_class WHERE oid = 'dates_api'::regclass;
-- a partition leaves, and stands alone
ALTER TABLE dates DETACH PARTITION dates_api;
SELECT count(*) FROM dates WHERE course_id BETWEEN 7301 AND 7399;
SELECT count(*) > 39 AS is_there FROM dates_api;
CALL attempt($$INSERT INTO dates (course_id, starts, ends) VALUES (7303, '2028-01-01', '2028-01-02')$$);
ALTER TABLE dates ATTACH PARTITION dates_api FOR VALUES FROM (7301) TO (7400);
SELECT count(*) FROM dates WHERE course_id = 7302;
DROP VIEW differences;
DROP TABLE dates, mixed, copied;
\! test/mock.py --reset rate=0 customer_delete=present

-- inheritance: the child is read with its parent, and on its own
CREATE TABLE party (id bigint, title text, country text);
CREATE TABLE party_local (extra int) INHERITS (party);
CREATE FOREIGN TABLE party_api (phone text, country text, title text, id bigint)
    SERVER routing OPTIONS (resource 'customers');
ALTER FOREIGN TABLE party_api INHERIT party;
INSERT INTO party VALUES (1, 'Parent', 'NO');
INSERT INTO party_local VALUES (2, 'Child', 'SE', 7);
SELECT tableoid::regclass, count(*), min(id), max(id) FROM party GROUP BY 1 ORDER BY 1;
SELECT * FROM ONLY party;
SELECT party FROM party WHERE id IN (1, 2, 40203) ORDER BY id;
SELECT v.id, p.title FROM (VALUES (2), (40204), (9)) AS v (id) LEFT JOIN party AS p USING (id) ORDER BY 1;
SELECT id, title FROM party WHERE id IN (1, 40205) ORDER BY id FOR UPDATE;
UPDATE party SET title = title || ' & co' WHERE id IN (1, 2, 40206) RETURNING tableoid::regclass, title;
UPDATE party AS p SET title = v.title FROM (VALUES (2, 'Two'), (40207, 'Seven')) AS v (id, title)
    WHERE v.id = p.id;
DELETE FROM party WHERE id IN (2, 40208) RETURNING tableoid::regclass, id;
SELECT tableoid::regclass, id, title FROM party WHERE id < 40209 AND id NOT BETWEEN 40201 AND 40205 ORDER BY id;
-- an INSERT into the parent is not routed
INSERT INTO party VALUES (3, 'Parent 2', 'DK');
SELECT count(*) FROM ONLY party;
-- columns come and go with the parent's
ALTER TABLE party ADD COLUMN orgnr text;
SELECT id, orgnr FROM party WHERE id IN (1, 40210) ORDER BY id;
ALTER TABLE party DROP COLUMN orgnr;
-- a CHECK is believed: it saves the scan, and is not checked
ALTER FOREIGN TABLE party_api ADD CONSTRAINT from_api CHECK (id > 40000);
ALTER FOREIGN TABLE party_api ADD CONSTRAINT not_nobody CHECK (title <> 'Nobody') NOT VALID;
\! test/mock.py --log > /dev/null
SELECT title FROM party WHERE id = 1;
SET constraint_exclusion = on;
SELECT title FROM party_api WHERE id < 40000;
SET constraint_exclusion = off;
SELECT title FROM party_api WHERE id = 39999;
RESET constraint_exclusion;
INSERT INTO party_api (title) VALUES ('Nobody') RETURNING title;
\! test/mock.py --log
ALTER FOREIGN TABLE party_api NO INHERIT party;
SELECT count(*) FROM party;

-- columns computed from others are computed here, and not sent
CREATE FOREIGN TABLE computed (
    id bigint,
    title text,
    reference text,
    loud text GENERATED ALWAYS AS (upper(title)) STORED,
    length int GENERATED ALWAYS AS (length(title)) STORED
) SERVER routing OPTIONS (resource 'courses');
\! test/mock.py --log > /dev/null
INSERT INTO computed (title) VALUES ('abc') RETURNING loud, length;
INSERT INTO computed (title, loud) VALUES ('defg', DEFAULT) RETURNING loud, length;
CALL attempt($$INSERT INTO computed (title, loud) VALUES ('x', 'Y')$$);
UPDATE computed SET title = 'hijkl' WHERE length = 4 AND loud = 'DEFG' RETURNING loud, length;
UPDATE computed SET reference = loud || length WHERE title IN ('abc', 'hijkl') RETURNING loud, length, reference;
COPY computed (title) FROM STDIN;
m
\.
SELECT loud, length, reference FROM computed WHERE length < 6 ORDER BY length;
DELETE FROM computed WHERE length < 6 RETURNING title, loud, length;
\! test/mock.py --log

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA routing CASCADE;
DROP SERVER routing CASCADE;

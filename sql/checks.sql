-- What can be known to fail, fails before anything is sent: check options,
-- policies, transition tables, and a limit of requests.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
\set SHOW_CONTEXT never
DO $$
BEGIN
    EXECUTE format('ALTER SERVER frontcore OPTIONS (ADD limiter_key %L)',
                   'checks ' || clock_timestamp());
END
$$;
CREATE PROCEDURE pg_temp.attempt(statement text)
LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    hint text;
    context text;
BEGIN
    EXECUTE statement;
    RAISE NOTICE 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT,
        context = PG_EXCEPTION_CONTEXT;
    RAISE NOTICE '%: % | % | % | %', SQLSTATE, message, detail, hint, substring(context FROM 'after.*written');
END
$$;
-- so that all that follows knows what a PUT does
UPDATE fc.course_dates SET status_id = 2 WHERE id = 51002;
UPDATE fc.customers SET phone = '1' WHERE id = 40201;
\! test/mock.py --log --quiet

-- a check option is looked at before the row is sent: in INSERT, of what the
-- statement gives
CREATE VIEW cheap AS SELECT id, title, is_active, price_value, reference, custom_properties
    FROM fc.courses WHERE price_value < 1000;
CREATE VIEW cheap_local AS SELECT * FROM cheap WHERE is_active WITH LOCAL CHECK OPTION;
CREATE VIEW cheap_both AS SELECT * FROM cheap WHERE is_active WITH CASCADED CHECK OPTION;
CALL pg_temp.attempt('INSERT INTO cheap_both (title, is_active, price_value) VALUES (''A'', true, 2000)');
CALL pg_temp.attempt('INSERT INTO cheap_both (title, is_active, price_value) VALUES (''A'', false, 20)');
CALL pg_temp.attempt('INSERT INTO cheap_local (title, is_active, price_value) VALUES (''A'', false, 20)');
-- what it does not give only the API knows, be it NULL
CALL pg_temp.attempt('INSERT INTO cheap_both (title, is_active) VALUES (''A'', true)');
CALL pg_temp.attempt('INSERT INTO cheap_both (title, is_active, price_value) VALUES (''A'', true, NULL)');
CALL pg_temp.attempt('INSERT INTO cheap_both (title, is_active, price_value) SELECT ''A'', true, NULL');
\! test/mock.py --log
INSERT INTO cheap_both (title, is_active, price_value) VALUES ('Both', true, 20) RETURNING title, price_value;
INSERT INTO cheap_local (title, is_active, price_value) VALUES ('Local', true, 2000);
\! test/mock.py --log
-- in UPDATE also of what it has read of the row, without another look at it
CALL pg_temp.attempt('UPDATE cheap_both SET price_value = 3000 WHERE title = ''Both''');
CALL pg_temp.attempt('UPDATE cheap_both SET is_active = false WHERE title = ''Both''');
\! test/mock.py --log
UPDATE cheap_both SET price_value = 30 WHERE title = 'Both';
UPDATE cheap_both SET reference = 'B' WHERE title = 'Both';
\! test/mock.py --log
SELECT title, reference, is_active, price_value FROM fc.courses WHERE title IN ('A', 'Both', 'Local') ORDER BY 1;
\! test/mock.py --log --quiet
-- a check that holds whatever is not known is none to refuse
CREATE VIEW either AS SELECT * FROM fc.courses WHERE id < 0 OR title LIKE 'E%' WITH CHECK OPTION;
INSERT INTO either (title) VALUES ('Either');
CALL pg_temp.attempt('INSERT INTO either (title) VALUES (''Neither'')');
CREATE VIEW numberless AS SELECT * FROM fc.courses WHERE id IS NULL OR title LIKE 'E%' WITH CHECK OPTION;
CALL pg_temp.attempt('INSERT INTO numberless (title) VALUES (''Neither'')');
\! test/mock.py --log
-- the row is looked at as it will be sent: property values are strings
CREATE VIEW numbered AS SELECT title, custom_properties FROM fc.courses
    WHERE jsonb_typeof(custom_properties -> 'n') = 'string' WITH CHECK OPTION;
INSERT INTO numbered VALUES ('Numbered', '{"n": 1}') RETURNING custom_properties;
CALL pg_temp.attempt($$INSERT INTO numbered VALUES ('Unnumbered', '{"m": 1}')$$);
-- and as BEFORE triggers leave it
CREATE FUNCTION pg_temp.make_dear() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.price_value = 5000;
    RETURN NEW;
END
$$;
CREATE TRIGGER make_dear BEFORE INSERT OR UPDATE ON fc.courses FOR EACH ROW EXECUTE FUNCTION pg_temp.make_dear();
CALL pg_temp.attempt('INSERT INTO cheap_both (title, is_active, price_value) VALUES (''A'', true, 20)');
CALL pg_temp.attempt('UPDATE cheap_both SET reference = ''C'' WHERE title = ''Both''');
DROP TRIGGER make_dear ON fc.courses;
\! test/mock.py --log

-- every row of a statement is looked at before the first one is sent
CALL pg_temp.attempt('INSERT INTO cheap_both (title, is_active, price_value) VALUES (''M1'', true, 1), (''M2'', true, 2), (''M3'', true, 3000)');
CALL pg_temp.attempt('INSERT INTO cheap_both (title, is_active, price_value) VALUES (''M1'', true, 1), (''M2'', true, NULL)');
CALL pg_temp.attempt('INSERT INTO cheap_both (price_value, title, is_active) SELECT n * 400, ''M'' || n, true FROM generate_series(1, 3) AS n ORDER BY n DESC');
CALL pg_temp.attempt('WITH added AS (INSERT INTO cheap_both (title, is_active, price_value) VALUES (''M1'', true, 1), (''M2'', true, 3000) RETURNING id) SELECT count(*) FROM added');
CALL pg_temp.attempt($$INSERT INTO numbered VALUES ('M1', '{"n": 1}'), ('M2', '{"m": 1}')$$);
\! test/mock.py --log
INSERT INTO cheap_both (title, is_active, price_value) VALUES ('M1', true, 100), ('M2', true, 200), ('M3', true, 300);
\! test/mock.py --log
CALL pg_temp.attempt('UPDATE cheap_both SET price_value = 1100 - price_value WHERE title LIKE ''M_''');
CALL pg_temp.attempt('UPDATE cheap_both SET reference = title, is_active = title > ''M1'' WHERE title LIKE ''M_''');
\! test/mock.py --log
-- a row that a join finds twice is changed once: the other new row is none
UPDATE cheap_both SET price_value = v.price FROM (VALUES (10), (5000)) AS v (price) WHERE title = 'M1';
\! test/mock.py --log
-- properties that are set one by one are looked at row by row, as that takes
-- those that the API has
CREATE FOREIGN TABLE numbers (id bigint, title text, n text OPTIONS (field 'custom_properties.n'), custom_properties jsonb)
    SERVER frontcore OPTIONS (resource 'courses');
CREATE VIEW numbers_view AS SELECT * FROM numbers WHERE title LIKE 'M_' AND custom_properties ->> 'n' < '3' WITH CHECK OPTION;
UPDATE numbers SET custom_properties = '{"n": "1", "o": "1"}' WHERE title LIKE 'M_';
\! test/mock.py --log --quiet
CALL pg_temp.attempt('UPDATE numbers_view SET n = CASE title WHEN ''M1'' THEN 3 ELSE 2 END');
CALL pg_temp.attempt('UPDATE numbers_view SET custom_properties = jsonb_build_object(''n'', CASE title WHEN ''M1'' THEN 3 ELSE 2 END)');
\! test/mock.py --log
-- what triggers make of a row is known when they have run
CREATE TRIGGER make_dear BEFORE INSERT OR UPDATE ON fc.courses FOR EACH ROW WHEN (NEW.title = 'M2')
    EXECUTE FUNCTION pg_temp.make_dear();
CALL pg_temp.attempt('INSERT INTO cheap_both (title, is_active, price_value) VALUES (''N'', true, 1), (''M2'', true, 2)');
CALL pg_temp.attempt('INSERT INTO cheap_both (title, is_active, price_value) VALUES (''O'', true, 1), (''P'', true, 2000)');
DROP TRIGGER make_dear ON fc.courses;
\! test/mock.py --log
-- a generated column is computed first
CREATE FOREIGN TABLE priced (id bigint, title text, price_value numeric,
    gross numeric GENERATED ALWAYS AS (price_value * 1.25) STORED) SERVER frontcore OPTIONS (resource 'courses');
CREATE VIEW priced_view AS SELECT * FROM priced WHERE gross < 1000 WITH CHECK OPTION;
CALL pg_temp.attempt('INSERT INTO priced_view (title, price_value) VALUES (''G1'', 700), (''G2'', 900)');
CALL pg_temp.attempt('UPDATE priced_view SET price_value = price_value + CASE title WHEN ''M1'' THEN 900 ELSE 1 END WHERE title LIKE ''M_''');
UPDATE priced_view SET price_value = price_value + 400 WHERE title LIKE 'M_' RETURNING title, price_value, gross;
\! test/mock.py --log
DROP VIEW numbers_view, priced_view;
DROP FOREIGN TABLE numbers, priced;

-- so are values that the API cannot keep, and those of its own columns
CALL pg_temp.attempt('INSERT INTO fc.courses (title, id) VALUES (''Own'', NULL), (''Own'', 5)');
CALL pg_temp.attempt('INSERT INTO fc.courses (title, custom_properties) SELECT ''Long'', jsonb_build_object(''k'', repeat(''x'', 254 + n)) FROM generate_series(1, 2) AS n');
CALL pg_temp.attempt('INSERT INTO fc.course_dates (course_id, start_at, end_at, start_time_at) VALUES (7301, ''2027-01-01'', ''2027-01-01'', ''10:00''), (7301, ''2027-01-01'', ''2027-01-01'', ''10:00:30'')');
CALL pg_temp.attempt('UPDATE fc.course_dates SET start_time_at = time ''10:00'' + (id - 51001) * interval ''1 second'' WHERE course_id = 7301');
CALL pg_temp.attempt('UPDATE fc.courses SET custom_properties = jsonb_build_object(''k'', repeat(''x'', 254 + 7303 - id::int)) WHERE id < 7304');
CREATE FOREIGN TABLE own (id bigint, k text OPTIONS (field 'custom_properties.k')) SERVER frontcore OPTIONS (resource 'courses');
CALL pg_temp.attempt('UPDATE own SET k = repeat(''x'', 254 + 7303 - id::int) WHERE id < 7304');
DROP FOREIGN TABLE own;
\! test/mock.py --log

-- a partitioned table, through a view and by a policy
CREATE TABLE all_courses (id bigint, title text, reference text, price_value numeric) PARTITION BY LIST (reference);
CREATE TABLE local_courses PARTITION OF all_courses FOR VALUES IN ('local');
CREATE FOREIGN TABLE remote_courses PARTITION OF all_courses DEFAULT SERVER frontcore OPTIONS (resource 'courses');
CREATE VIEW cheap_courses AS SELECT * FROM all_courses WHERE price_value < 1000 WITH CHECK OPTION;
CALL pg_temp.attempt('INSERT INTO cheap_courses (title, reference, price_value) VALUES (''P'', ''r'', 2000)');
CALL pg_temp.attempt('INSERT INTO cheap_courses (title, reference) VALUES (''P'', ''r'')');
INSERT INTO cheap_courses (title, reference, price_value) VALUES ('P', 'local', 20);
-- a row that moves to the foreign partition
CALL pg_temp.attempt('UPDATE cheap_courses SET reference = ''r'', price_value = 2000 WHERE title = ''P''');
\! test/mock.py --log --quiet
CREATE ROLE regress_checks;
GRANT USAGE ON SCHEMA fc TO regress_checks;
GRANT ALL ON all_courses TO regress_checks;
ALTER TABLE all_courses ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON all_courses USING (title LIKE 'P%' OR title = 'Both') WITH CHECK (price_value < 100);
CREATE USER MAPPING FOR regress_checks SERVER frontcore OPTIONS (api_key 'test-key');
SET ROLE regress_checks;
CALL pg_temp.attempt('INSERT INTO all_courses (title, reference, price_value) VALUES (''P2'', ''r'', 200)');
CALL pg_temp.attempt('INSERT INTO all_courses (title, reference) VALUES (''P2'', ''r'')');
CALL pg_temp.attempt('UPDATE all_courses SET price_value = 200 WHERE title = ''Both''');
-- which the policy reads and the statement does not
CALL pg_temp.attempt('UPDATE all_courses SET reference = ''r2'' WHERE title = ''Both''');
\! test/mock.py --log
INSERT INTO all_courses (title, reference, price_value) VALUES ('P2', 'r', 50) RETURNING title;
UPDATE all_courses SET reference = 'r2', price_value = 60 WHERE title = 'P2' RETURNING reference;
\! test/mock.py --log
RESET ROLE;

-- a trigger of the parent's that collects rows: refused when it begins
CREATE FUNCTION pg_temp.count_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%', TG_OP;
    RETURN NULL;
END
$$;
ALTER TABLE all_courses DISABLE ROW LEVEL SECURITY;
CREATE TRIGGER inserted AFTER INSERT ON all_courses REFERENCING NEW TABLE AS added
    EXECUTE FUNCTION pg_temp.count_rows();
CREATE TRIGGER updated AFTER UPDATE ON all_courses REFERENCING OLD TABLE AS old
    EXECUTE FUNCTION pg_temp.count_rows();
CREATE TRIGGER deleted AFTER DELETE ON all_courses REFERENCING OLD TABLE AS old
    EXECUTE FUNCTION pg_temp.count_rows();
CALL pg_temp.attempt('INSERT INTO all_courses (title, reference) VALUES (''T'', ''r'')');
CALL pg_temp.attempt('UPDATE all_courses SET price_value = 1 WHERE title = ''P2''');
CALL pg_temp.attempt('UPDATE all_courses SET reference = ''r'' WHERE title = ''P''');
CALL pg_temp.attempt('DELETE FROM all_courses WHERE title = ''P2''');
CALL pg_temp.attempt('DELETE FROM all_courses WHERE id = 7301 AND reference = ''x''');
COPY all_courses (title, reference) FROM STDIN;
T	r
\.
\! test/mock.py --log
-- the foreign table itself, and the local partition
INSERT INTO all_courses (title, reference) VALUES ('T', 'local');
UPDATE remote_courses SET price_value = 1 WHERE title = 'P2';
\! test/mock.py --log
DROP TABLE all_courses CASCADE;

-- more rows than the limit of requests allows: refused before the first write
SET frontcore_fdw.max_requests_per_query = 5;
CALL pg_temp.attempt('UPDATE fc.customers SET note = ''x''');
CALL pg_temp.attempt('DELETE FROM fc.courses WHERE id < 7306');
CALL pg_temp.attempt('DELETE FROM fc.courses WHERE id IN (1, 2, 3, 4, 5, 6)');
CALL pg_temp.attempt('UPDATE fc.customers SET note = c.title FROM fc.courses c WHERE c.id <> customers.id');
\! test/mock.py --log
-- so it is with properties; a row that has none, and is to have none, needs no
-- request
CREATE FOREIGN TABLE own (id bigint, title text, k text OPTIONS (field 'custom_properties.k')) SERVER frontcore OPTIONS (resource 'customers');
CALL pg_temp.attempt('UPDATE fc.customers SET custom_properties = ''{"k": 1}''');
CALL pg_temp.attempt('UPDATE own SET k = CASE WHEN id < 40207 THEN id END');
\! test/mock.py --log
CALL pg_temp.attempt('UPDATE fc.customers SET custom_properties = CASE WHEN id = 40201 THEN ''{"k": 1}''::jsonb END WHERE custom_properties IS NULL');
\! test/mock.py --log
DROP FOREIGN TABLE own;
-- one that fits goes through, though a join finds its rows again and again
SET frontcore_fdw.max_requests_per_query = 10;
UPDATE fc.customers SET note = 'x' FROM fc.courses c WHERE customers.id < 40204;
\! test/mock.py --log
SET frontcore_fdw.max_requests_per_query = 5;
-- of an INSERT it is not known; the error says how many rows were written
CALL pg_temp.attempt('INSERT INTO fc.courses (title) SELECT ''I'' || n FROM generate_series(1, 10) AS n');
\! test/mock.py --log
RESET frontcore_fdw.max_requests_per_query;
CALL pg_temp.attempt('INSERT INTO fc.courses (title) VALUES (''One''), ('''')');
\! test/mock.py --log
-- but what it lacks is known
CALL pg_temp.attempt('INSERT INTO fc.courses (title) SELECT CASE WHEN n < 3 THEN ''J'' || n END FROM generate_series(1, 4) AS n');
CALL pg_temp.attempt('INSERT INTO fc.courses (title) VALUES (''One''), (NULL)');
\! test/mock.py --log
-- but what fails in the rows' own expressions, fails before any is sent
CALL pg_temp.attempt('INSERT INTO fc.courses (title) SELECT ''I'' || 1 / (3 - n) FROM generate_series(1, 4) AS n');
\! test/mock.py --log

-- collected rows keep apart what is computed twice
INSERT INTO fc.courses (title, reference, text_lead)
    SELECT 'Twice ' || random(), 'Twice ' || random(), 'Twice ' || random() FROM generate_series(1, 2);
SELECT count(DISTINCT title), count(DISTINCT reference), bool_or(title = reference), bool_or(reference = text_lead)
  FROM fc.courses WHERE title LIKE 'Twice%';
\! test/mock.py --log --quiet

DROP VIEW numberless, either, numbered, cheap_both, cheap_local, cheap;
DROP USER MAPPING FOR regress_checks SERVER frontcore;
REVOKE ALL ON SCHEMA fc FROM regress_checks;
DROP ROLE regress_checks;
DO $$
BEGIN
    EXECUTE 'ALTER SERVER frontcore OPTIONS (DROP limiter_key)';
END
$$;

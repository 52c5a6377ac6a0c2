-- INSERT, UPDATE, DELETE and COPY: what is sent for each row, and what comes
-- back.  An account of its own, as this server remembers what it has learned
-- of an account.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
DO $$
BEGIN
    EXECUTE format('ALTER SERVER frontcore OPTIONS (ADD limiter_key %L)',
                   'modify ' || clock_timestamp());
END
$$;
-- what became of a statement that should fail
CREATE PROCEDURE pg_temp.attempt(statement text)
LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    hint text;
BEGIN
    EXECUTE statement;
    RAISE NOTICE 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RAISE NOTICE '%: % | % | %', SQLSTATE, message, detail, hint;
END
$$;
CREATE FUNCTION pg_temp.plan(statement text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF, ' || statement LOOP
        line = regexp_replace(line, '(Bytes Received: )[0-9]+', '\1N');
        RETURN NEXT regexp_replace(line, '(rows=[0-9]+)[.]00', '\1');
    END LOOP;
END
$$;
\set SHOW_CONTEXT never

-- INSERT is one request; what was sent and the id come back without another,
-- in the form in which it was sent
INSERT INTO fc.courses (title, reference, is_active, price_value, lessons_hours)
    VALUES ('Knots', 'K-1', false, 990.00, NULL)
    RETURNING id, title, reference, is_active, price_value;
INSERT INTO fc.course_dates (course_id, start_at, end_at, start_time_at, timezone,
                             status_id, instructors, gatherings)
    VALUES (7301, '2027-05-03', '2027-05-04', '09:30', 'Europe/Oslo', 2, '[71, 72]',
            '[{"gathering_at": "2027-05-03 09:30", "gathering_end_at": "2027-05-03 12:00"}]')
    RETURNING id, course_id, start_at, start_time_at, instructors;
INSERT INTO fc.customers (title, country, web_address) VALUES ('Havn AS', 'SE', 'https://havn.example')
    RETURNING id, country, web_address;
\! test/mock.py --log

-- anything else costs one more, as the API stored it
INSERT INTO fc.courses (title) VALUES ('Splices')
    RETURNING id, title, is_active, level_id, teaching_language, created_at;
INSERT INTO fc.course_dates (course_id, start_at, end_at, place_by_search)
    VALUES (7302, '2027-06-01', '2027-06-01', 'bergen')
    RETURNING id, deadline_at, place_title, place_by_search, instructors, status_title;
\! test/mock.py --log

-- unless the answer holds it
\! test/mock.py --set write_answer=object
INSERT INTO fc.courses (title) VALUES ('Ropes') RETURNING id, is_active, level_title, custom_properties;
UPDATE fc.courses SET reference = 'R-1' WHERE title = 'Ropes' RETURNING reference, updated_at;
\! test/mock.py --set write_answer=id
INSERT INTO fc.courses (title) VALUES ('Sails') RETURNING id, title;
\! test/mock.py --log
\! test/mock.py --set write_answer=ids post_status=201

-- many rows; COPY; NULL is not sent, so that the API's default holds
INSERT INTO fc.courses (title, teaching_language) VALUES ('One', 'en'), ('Two', NULL);
COPY fc.courses (title, reference, is_active) FROM STDIN;
Three	\N	t
Four	F "quoted" \\ and	\N
\.
SELECT title, reference, is_active, teaching_language FROM fc.courses
WHERE title IN ('One', 'Two', 'Three', 'Four') ORDER BY id;
\! test/mock.py --log

-- an INSERT that reads the table it writes to ends
INSERT INTO fc.courses (title) SELECT title || ' II' FROM fc.courses WHERE title IN ('One', 'Two');
INSERT INTO fc.courses (title)
    SELECT a.title || ' ' || b.id FROM fc.courses a, LATERAL (SELECT id FROM fc.courses b WHERE b.id = a.id) b
    WHERE a.title LIKE 'One%';
\! test/mock.py --log

-- UPDATE of a course by its id reads nothing and sends what SET names; NULL
-- is sent as null
UPDATE fc.courses SET title = 'Fire Watch', price_comment = NULL WHERE id = 7301;
UPDATE fc.courses SET is_active = false WHERE id IN (7302, 7303, 1) RETURNING id, is_active;
UPDATE fc.courses SET reference = 'gone' WHERE id = 1;
UPDATE fc.courses SET reference = 'gone' WHERE id = NULL;
\! test/mock.py --log

-- where SET needs the row, it is read; only what is needed of it
UPDATE fc.courses SET title = upper(title) WHERE id = 7301 RETURNING id, title;
UPDATE fc.customers SET phone = '1' WHERE title LIKE 'Fjord%';
\! test/mock.py --log

-- the first PUT of a date is looked at, to learn what it does to the rest;
-- start_at and end_at go with each one
UPDATE fc.course_dates SET status_id = 3 WHERE id = 51002;
\! test/mock.py --log
UPDATE fc.course_dates SET status_id = 4, start_time_at = '08:00', place_additional_info = 'Gate B'
    WHERE course_id = 7302;
\! test/mock.py --log
UPDATE fc.course_dates SET end_at = end_at + 1 WHERE id = 51003 RETURNING start_at, end_at, title;
\! test/mock.py --log

-- a row that a join matches twice is written once
CREATE TEMP TABLE wanted (id bigint, title text);
INSERT INTO wanted VALUES (7304, 'A'), (7304, 'B'), (7305, 'C');
UPDATE fc.courses c SET title = 'Joined ' || c.id FROM wanted w WHERE w.id = c.id
    RETURNING c.id, c.title, w.title < 'C' AS first;
DELETE FROM fc.courses c USING wanted w WHERE w.id = c.id RETURNING c.id, c.title;
\! test/mock.py --log

-- DELETE by id reads nothing; a row that is gone is no row
DELETE FROM fc.courses WHERE id = 7306;
DELETE FROM fc.courses WHERE id = 7306;
DELETE FROM fc.course_dates WHERE id = 51004;
\! test/mock.py --set delete_answer=empty
DELETE FROM fc.courses WHERE id IN (7307, 7308);
\! test/mock.py --log

-- on_delete 'deactivate' takes no row away
CREATE FOREIGN TABLE careful_courses (id bigint, title text, is_active boolean)
    SERVER frontcore OPTIONS (resource 'courses', on_delete 'deactivate');
CREATE FOREIGN TABLE careful_dates (id bigint, course_id bigint, start_at date, end_at date, status_id int)
    SERVER frontcore OPTIONS (resource 'course_dates', on_delete 'deactivate');
CREATE FOREIGN TABLE careful_customers (id bigint)
    SERVER frontcore OPTIONS (resource 'customers', on_delete 'deactivate');
DELETE FROM careful_courses WHERE id = 7309;
DELETE FROM careful_dates WHERE course_id = 7310 RETURNING *;
CALL pg_temp.attempt($$DELETE FROM careful_customers WHERE id = 40201$$);
SELECT id, is_active FROM careful_courses WHERE id = 7309;
\! test/mock.py --log

-- a method that the account lacks
\! test/mock.py --set delete_method=405 customer_put=405
CALL pg_temp.attempt($$DELETE FROM fc.courses WHERE id = 7309$$);
CALL pg_temp.attempt($$DELETE FROM fc.course_dates WHERE id = 51001$$);
CALL pg_temp.attempt($$DELETE FROM fc.customers WHERE id = 40201$$);
CALL pg_temp.attempt($$UPDATE fc.customers SET phone = '2' WHERE id = 40201$$);
\! test/mock.py --set delete_method=present customer_put=present
\! test/mock.py --log

-- refused before anything is sent
CALL pg_temp.attempt($$INSERT INTO fc.courses (title, type) VALUES ('x', 'public')$$);
CALL pg_temp.attempt($$INSERT INTO fc.courses (id, title) VALUES (1, 'x')$$);
CALL pg_temp.attempt($$INSERT INTO fc.courses DEFAULT VALUES$$);
CALL pg_temp.attempt($$INSERT INTO fc.course_dates (start_at, end_at) VALUES ('2027-01-01', '2027-01-01')$$);
CALL pg_temp.attempt($$INSERT INTO careful_customers VALUES (NULL)$$);
CALL pg_temp.attempt($$INSERT INTO fc.course_dates (course_id, start_at, end_at, start_time_at)
    VALUES (7301, '2027-01-01', '2027-01-01', '10:00:30')$$);
CALL pg_temp.attempt($$INSERT INTO fc.course_dates (course_id, start_at, end_at) VALUES (7301, 'infinity', '2027-01-01')$$);
CALL pg_temp.attempt($$INSERT INTO fc.courses (title, price_value) VALUES ('x', 'NaN')$$);
CALL pg_temp.attempt($$INSERT INTO fc.courses (title) VALUES ('x') ON CONFLICT DO NOTHING$$);
CALL pg_temp.attempt($$UPDATE fc.courses SET id = 5 WHERE id = 7301$$);
CALL pg_temp.attempt($$UPDATE fc.course_dates SET course_id = 7302 WHERE id = 51001$$);
CALL pg_temp.attempt($$UPDATE fc.courses SET type = NULL WHERE id = 7301$$);
CALL pg_temp.attempt($$MERGE INTO fc.courses c USING wanted w ON c.id = w.id WHEN MATCHED THEN DELETE$$);
CALL pg_temp.attempt($$TRUNCATE fc.courses$$);
\! test/mock.py --log

-- refused by the API: HV024 and its own words
CALL pg_temp.attempt($$INSERT INTO fc.courses (title) VALUES ('Knots'), ('One')$$);
CALL pg_temp.attempt($$INSERT INTO fc.course_dates (course_id, start_at, end_at) VALUES (1, '2027-01-01', '2027-01-01')$$);
CALL pg_temp.attempt($$UPDATE fc.course_dates SET start_at = NULL WHERE id = 51001$$);
\! test/mock.py --set error_status=200
CALL pg_temp.attempt($$UPDATE fc.courses SET title = '' WHERE id = 7310$$);
CALL pg_temp.attempt($$UPDATE fc.courses SET title = '' WHERE id = 1$$);
\! test/mock.py --set error_status=code
\! test/mock.py --log

-- tables of the user's own: other names and types, few columns
CREATE FOREIGN TABLE plain (
    number text OPTIONS (field 'id'),
    name varchar(20) OPTIONS (field 'title'),
    gone int,
    active text OPTIONS (field 'is_active'),
    price text OPTIONS (field 'price_value'),
    level_name text OPTIONS (field 'level.title'),
    loud text GENERATED ALWAYS AS (upper(name)) STORED
) SERVER frontcore OPTIONS (resource 'courses');
ALTER FOREIGN TABLE plain DROP COLUMN gone;
INSERT INTO plain (name, active, price) VALUES ('Plain', 'no', '0012.00') RETURNING name, active, price, level_name, loud;
CALL pg_temp.attempt($$INSERT INTO plain (name, level_name) VALUES ('Plain', 'x')$$);
UPDATE plain SET active = 'yes', price = '7' WHERE name = 'Plain' RETURNING name, active, price, loud;
DELETE FROM plain WHERE name = 'Plain' RETURNING plain;
CREATE FOREIGN TABLE no_id (title text) SERVER frontcore OPTIONS (resource 'courses');
INSERT INTO no_id VALUES ('No id') RETURNING title;
CALL pg_temp.attempt($$UPDATE no_id SET title = 'x'$$);
CALL pg_temp.attempt($$DELETE FROM no_id$$);
\! test/mock.py --log
-- a day that is kept as an instant is that of the zone in which it is read,
-- whatever the session's; what fills up a character(n) is not sent
CREATE FOREIGN TABLE instants (
    id bigint, course_id bigint, start_at timestamptz, end_at timestamptz, ref char(10) OPTIONS (field 'reference')
) SERVER frontcore OPTIONS (resource 'course_dates');
SET timezone = 'America/New_York';
SELECT * FROM instants WHERE id = 51016;
UPDATE instants SET ref = 'I-1' WHERE id = 51016 RETURNING *;
UPDATE instants SET start_at = start_at + interval '1 day', end_at = end_at + interval '1 day' WHERE id = 51016 RETURNING *;
SELECT * FROM instants WHERE id = 51016;
SET timezone = 'UTC';
UPDATE instants SET start_at = start_at - interval '1 day', end_at = end_at - interval '1 day' WHERE id = 51016;
RESET timezone;
\! test/mock.py --log

-- whole numbers may be kept with decimals
CREATE FOREIGN TABLE decimals (id numeric(10, 2), level_id numeric(4, 1), price_value numeric(8, 2))
    SERVER frontcore OPTIONS (resource 'courses');
UPDATE decimals SET level_id = 15.0, price_value = 10.00 WHERE id = 7310 RETURNING *;
UPDATE decimals SET level_id = 6.5 WHERE id = 7310;
\! test/mock.py --log

-- a date without its course: the course is looked up
CREATE FOREIGN TABLE orphans (id bigint, ref text OPTIONS (field 'reference'))
    SERVER frontcore OPTIONS (resource 'course_dates');
UPDATE orphans SET ref = 'O-1' WHERE id = 51007 RETURNING *;
DELETE FROM orphans WHERE id = 51007;
CALL pg_temp.attempt($$INSERT INTO orphans (ref) VALUES ('x')$$);
\! test/mock.py --log | grep -v GET | grep -v requests

-- two columns for one field must agree
CREATE FOREIGN TABLE doubled (id bigint, a text OPTIONS (field 'title'), b text OPTIONS (field 'title'))
    SERVER frontcore OPTIONS (resource 'courses');
INSERT INTO doubled (a, b) VALUES ('Same', 'Same') RETURNING a, b;
CALL pg_temp.attempt($$INSERT INTO doubled (a, b) VALUES ('Same', 'Other')$$);
INSERT INTO doubled (a) VALUES ('Single') RETURNING a, b;
CALL pg_temp.attempt($$UPDATE doubled SET a = 'One way', b = NULL WHERE a = 'Single'$$);
\! test/mock.py --log

-- what can be written
SELECT relation::regclass, pg_relation_is_updatable(relation, false)
FROM unnest('{fc.courses,fc.course_dates,fc.customers,no_id}'::regclass[]) AS relation;
ALTER FOREIGN TABLE no_id OPTIONS (ADD updatable 'false');
SELECT pg_relation_is_updatable('no_id', false);
CALL pg_temp.attempt($$INSERT INTO no_id VALUES ('x')$$);
COPY no_id FROM STDIN;
\.

-- EXPLAIN sends nothing; with ANALYZE it tells what was sent
SELECT * FROM pg_temp.plan($$VERBOSE FALSE) INSERT INTO fc.course_dates (course_id) VALUES (1)$$);
SELECT * FROM pg_temp.plan($$VERBOSE FALSE) UPDATE fc.course_dates SET status_id = 1 WHERE id = 51001$$);
SELECT * FROM pg_temp.plan($$VERBOSE FALSE) UPDATE fc.courses SET reference = 'x' WHERE id = 7301$$);
SELECT * FROM pg_temp.plan($$VERBOSE FALSE) DELETE FROM fc.courses WHERE id = ANY ('{7301,7302}')$$);
SELECT * FROM pg_temp.plan($$VERBOSE FALSE) DELETE FROM fc.courses WHERE id = NULL$$);
SELECT * FROM pg_temp.plan($$VERBOSE FALSE) DELETE FROM careful_courses WHERE id = 7301$$);
SELECT * FROM pg_temp.plan($$VERBOSE FALSE) UPDATE fc.courses c SET reference = w.title FROM wanted w WHERE w.id = c.id$$);
\! test/mock.py --log
SELECT * FROM pg_temp.plan($$ANALYZE) UPDATE fc.courses SET reference = 'x' WHERE id = 7301 RETURNING updated_at$$);
DO $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) INSERT INTO fc.courses (title) VALUES (''Explained'')' INTO plan;
    plan = plan #> '{0,Plan}';
    RAISE NOTICE '% % % % % %', plan -> 'Remote Request', plan -> 'Estimated Requests', plan -> 'Requests',
        plan -> 'Retries', jsonb_typeof(plan -> 'Rate Limit Wait'), jsonb_typeof(plan -> 'Bytes Received');
END
$$;
\! test/mock.py --log

-- plans that are kept
PREPARE rename (bigint, text) AS UPDATE fc.courses SET title = $2 WHERE id = $1;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE rename (7310, 'Prepared');
EXECUTE rename (7310, 'Prepared 1');
EXECUTE rename (7310, 'Prepared 2');
EXECUTE rename (NULL, 'Prepared 3');
RESET plan_cache_mode;
\! test/mock.py --log
-- and one that is explained without values, as PostgreSQL 16 can
DO $$
DECLARE
    line text;
BEGIN
    IF current_setting('server_version_num')::integer < 160000 THEN
        RETURN;
    END IF;
    FOR line IN EXECUTE 'EXPLAIN (GENERIC_PLAN, COSTS OFF) UPDATE fc.courses SET title = $2 WHERE id = $1' LOOP
        ASSERT line !~ 'Remote Request' OR line ~ 'PUT /courses/{id}|none: rows are named', line;
    END LOOP;
END
$$;

-- partitions: rows are routed to the API, and found there
CREATE TABLE catalogue (id bigint, title text, reference text) PARTITION BY LIST (reference);
CREATE TABLE catalogue_local PARTITION OF catalogue FOR VALUES IN ('local');
CREATE FOREIGN TABLE catalogue_remote PARTITION OF catalogue FOR VALUES IN ('remote')
    SERVER frontcore OPTIONS (resource 'courses');
INSERT INTO catalogue VALUES (1, 'Local', 'local');
INSERT INTO catalogue (title, reference) VALUES ('Remote', 'remote'), ('Remote 2', 'remote')
    RETURNING tableoid::regclass, title;
COPY catalogue (title, reference) FROM STDIN;
Remote 3	remote
\.
EXPLAIN (VERBOSE, COSTS OFF) UPDATE catalogue SET title = title || '!' WHERE title LIKE 'Remote%';
UPDATE catalogue SET title = title || '!' WHERE title LIKE 'Remote%' RETURNING title;
UPDATE catalogue SET id = NULL, reference = 'remote' WHERE title = 'Local' AND reference = 'local';
CALL pg_temp.attempt($$INSERT INTO catalogue (title, reference) VALUES ('x', 'remote') ON CONFLICT DO NOTHING$$);
DELETE FROM catalogue WHERE reference IN ('remote', 'local') AND title LIKE 'Remote%';
\! test/mock.py --log

-- conditions that no partition can meet write nothing
UPDATE catalogue SET title = 'x' WHERE reference = 'remote' AND id IN (1, 2) AND id IN (3, 4);
DELETE FROM catalogue WHERE reference = 'remote' AND id < 5 AND id > 6;

-- views: columns that they hide stay, and their checks hold
CREATE VIEW active AS SELECT id, title, is_active FROM fc.courses WHERE is_active WITH CHECK OPTION;
INSERT INTO active (title, is_active) VALUES ('Seen', true) RETURNING title;
CALL pg_temp.attempt($$INSERT INTO active (title, is_active) VALUES ('Unseen', false)$$);
UPDATE active SET title = 'Seen twice' WHERE title = 'Seen';
DELETE FROM active WHERE title = 'Seen twice';
\! test/mock.py --log

-- the role that a view belongs to is the one that writes
CREATE ROLE regress_modify_reader;
GRANT USAGE ON SCHEMA fc TO regress_modify_reader;
GRANT ALL ON active, fc.courses TO regress_modify_reader;
SET ROLE regress_modify_reader;
INSERT INTO active (title, is_active) VALUES ('By the owner', true) RETURNING title;
UPDATE active SET title = 'By the owner, too' WHERE id = 7310;
CALL pg_temp.attempt($$UPDATE fc.courses SET title = 'By nobody' WHERE id = 7310$$);
RESET ROLE;
\! test/mock.py --log

-- rows written are counted
SELECT resource, rows_written > 0 AS rows_written, errors > 0 AS errors
FROM frontcore_stat WHERE server = 'frontcore' ORDER BY resource;

DROP VIEW active;
DROP TABLE catalogue;
DROP FOREIGN TABLE careful_courses, careful_dates, careful_customers, plain, no_id, orphans, doubled;
REVOKE ALL ON fc.courses FROM regress_modify_reader;
REVOKE ALL ON SCHEMA fc FROM regress_modify_reader;
DROP ROLE regress_modify_reader;
ALTER SERVER frontcore OPTIONS (DROP limiter_key);

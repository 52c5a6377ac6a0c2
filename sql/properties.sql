-- Custom properties: what is sent is right whether the API merges or replaces
-- them, and what it could not keep is refused before a request.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
\set SHOW_CONTEXT never
DO $$
BEGIN
    EXECUTE format('ALTER SERVER frontcore OPTIONS (ADD limiter_key %L)',
                   'properties ' || clock_timestamp());
END
$$;
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

-- the first time, whether a course keeps them is looked at
INSERT INTO fc.courses (title, custom_properties) VALUES ('First', '{"a": "1"}');
\! test/mock.py --log

-- numbers and booleans become strings; a null is no property
INSERT INTO fc.courses (title, custom_properties)
    VALUES ('Types', '{"n": 1.50, "big": 12345678901234567890.123, "yes": true, "no": false, "s": "x", "z": null}')
    RETURNING custom_properties;
INSERT INTO fc.customers (title, custom_properties) VALUES ('None', '{}') RETURNING custom_properties;
INSERT INTO fc.customers (title, custom_properties) VALUES ('Null', 'null') RETURNING custom_properties;
INSERT INTO fc.customers (title, custom_properties) VALUES ('Quotes', '{"a\"b\\c": "d\"e\\f\n\u00e6"}')
    RETURNING custom_properties;
SELECT title, custom_properties FROM fc.customers WHERE title IN ('None', 'Quotes') ORDER BY 1;
\! test/mock.py --log

-- a key that is no longer there is removed, the others are kept or set: under
-- a server that merges
UPDATE fc.courses SET custom_properties = custom_properties - 'n' - 's' || '{"s": "y", "new": 3}'
    WHERE title = 'Types' RETURNING custom_properties;
SELECT custom_properties FROM fc.courses WHERE title = 'Types';
UPDATE fc.courses SET custom_properties = custom_properties || '{"yes": null}' WHERE title = 'Types';
UPDATE fc.courses SET custom_properties = NULL WHERE title = 'Types' RETURNING custom_properties;
SELECT custom_properties FROM fc.courses WHERE title = 'Types';
-- nothing to set and nothing to remove: nothing to send
UPDATE fc.courses SET custom_properties = '{}' WHERE title = 'Types' RETURNING custom_properties;
\! test/mock.py --log

-- and under one that replaces
\! test/mock.py --set props_put=replace
UPDATE fc.courses SET custom_properties = '{"a": "1", "b": "2", "c": "3"}' WHERE title = 'Types';
UPDATE fc.courses SET custom_properties = custom_properties - 'a' || '{"b": "4"}' WHERE title = 'Types';
SELECT custom_properties FROM fc.courses WHERE title = 'Types';
UPDATE fc.courses SET custom_properties = '{}' WHERE title = 'Types';
SELECT custom_properties FROM fc.courses WHERE title = 'Types';
\! test/mock.py --log

-- keys that the API shows with null or "" are as good as none
SELECT id, custom_properties FROM fc.course_dates WHERE id = 51001;
UPDATE fc.course_dates SET custom_properties = custom_properties || '{"erp_id": "P-9"}' WHERE id = 51001;
SELECT id, custom_properties FROM fc.course_dates WHERE id = 51001;
\! test/mock.py --log

-- a column for one property writes its one key, and loses no other
CREATE FOREIGN TABLE dates (
    id bigint,
    course_id bigint,
    starts date OPTIONS (field 'start_at'),
    ends date OPTIONS (field 'end_at'),
    erp_id text OPTIONS (field 'custom_properties.erp_id'),
    seats integer OPTIONS (field 'custom_properties.seats'),
    open boolean OPTIONS (field 'custom_properties.is.open'),
    since date OPTIONS (field 'custom_properties.since'),
    again text OPTIONS (field 'custom_properties.erp_id')
) SERVER frontcore OPTIONS (resource 'course_dates');
INSERT INTO dates (course_id, starts, ends, erp_id, seats, open, since)
    VALUES (7303, '2027-08-01', '2027-08-01', 'E-1', 12, true, '2027-01-02')
    RETURNING erp_id, seats, open, since, again;
UPDATE dates SET seats = seats + 1, open = false WHERE course_id = 7303 AND erp_id = 'E-1'
    RETURNING erp_id, seats, open, since;
\! test/mock.py --set props_put=merge
UPDATE dates SET since = NULL, erp_id = 'E-2' WHERE course_id = 7303 AND erp_id = 'E-1'
    RETURNING erp_id, seats, open, since;
SELECT custom_properties FROM fc.course_dates WHERE course_id = 7303 AND start_at = '2027-08-01';
\! test/mock.py --log

-- columns that contradict each other
ALTER FOREIGN TABLE dates ADD COLUMN properties jsonb OPTIONS (field 'custom_properties');
CALL pg_temp.attempt($$UPDATE dates SET erp_id = 'A', again = 'B' WHERE starts = '2027-08-01'$$);
CALL pg_temp.attempt($$UPDATE dates SET properties = '{"erp_id": "A"}', erp_id = 'B' WHERE starts = '2027-08-01'$$);
CALL pg_temp.attempt($$UPDATE dates SET properties = '{}', erp_id = 'B' WHERE starts = '2027-08-01'$$);
CALL pg_temp.attempt($$INSERT INTO dates (course_id, starts, ends, properties, erp_id)
    VALUES (7303, '2027-08-02', '2027-08-02', '{"a": "b"}', 'B')$$);
UPDATE dates SET properties = '{"erp_id": "C", "x": 1}', erp_id = 'C', again = 'C'
    WHERE starts = '2027-08-01' RETURNING properties, erp_id, seats;
INSERT INTO dates (course_id, starts, ends, properties, erp_id)
    VALUES (7303, '2027-08-02', '2027-08-02', '{"erp_id": "B"}', 'B') RETURNING properties;
\! test/mock.py --log

-- limits, in characters, before a request is sent
CALL pg_temp.attempt(format($$INSERT INTO fc.courses (title, custom_properties) VALUES ('x', %L)$$,
    json_build_object(repeat('ø', 45), 'v')));
CALL pg_temp.attempt(format($$INSERT INTO fc.course_dates (course_id, start_at, end_at, custom_properties)
    VALUES (7301, '2027-01-01', '2027-01-01', %L)$$, json_build_object(repeat('k', 41), 'v')));
CALL pg_temp.attempt(format($$INSERT INTO fc.courses (title, custom_properties) VALUES ('x', %L)$$,
    json_build_object('k', repeat('ø', 256))));
CALL pg_temp.attempt($$INSERT INTO fc.courses (title, custom_properties)
    SELECT 'x', jsonb_object_agg('k' || n, n) FROM generate_series(1, 26) AS n$$);
CALL pg_temp.attempt($$INSERT INTO fc.courses (title, custom_properties) VALUES ('x', '{"a": {"b": 1}}')$$);
CALL pg_temp.attempt($$INSERT INTO fc.courses (title, custom_properties) VALUES ('x', '{"a": [1]}')$$);
CALL pg_temp.attempt($$INSERT INTO fc.courses (title, custom_properties) VALUES ('x', '[1]')$$);
CALL pg_temp.attempt($$INSERT INTO fc.courses (title, custom_properties) VALUES ('x', '{"": "empty"}')$$);
CALL pg_temp.attempt(format($$INSERT INTO dates (course_id, starts, ends, erp_id)
    VALUES (7301, '2027-01-01', '2027-01-01', %L)$$, repeat('x', 256)));
\! test/mock.py --log
INSERT INTO fc.courses (title, custom_properties)
    SELECT 'Full', json_object_agg(left(n || repeat('ø', 44), 44), repeat('ø', 255))::jsonb FROM generate_series(1, 25) AS n;
\! test/mock.py --log --quiet
-- 25 is what may be there in the end
CALL pg_temp.attempt($$UPDATE fc.courses SET custom_properties = custom_properties || '{"one": "more"}' WHERE title = 'Full'$$);
UPDATE fc.courses SET custom_properties = custom_properties - left('1' || repeat('ø', 44), 44) || '{"one": "more"}'
    WHERE title = 'Full' RETURNING (SELECT count(*) FROM jsonb_object_keys(custom_properties));
\! test/mock.py --log --quiet

-- lists that lack them: the old ones are looked up, lest they are taken for none
\! test/mock.py --set course_list=thin
UPDATE fc.courses SET custom_properties = '{"only": "this"}' WHERE title LIKE 'First%';
SELECT custom_properties FROM fc.courses WHERE id = (SELECT min(id) FROM fc.courses WHERE title LIKE 'First%');
-- and a value that is made of what a list lacks is none
CALL pg_temp.attempt($$UPDATE fc.courses SET custom_properties = custom_properties || '{"b": 1}' WHERE title LIKE 'First%'$$);
CALL pg_temp.attempt($$UPDATE fc.courses SET (reference, custom_properties) = (SELECT 'b', custom_properties) WHERE title LIKE 'First%'$$);
\! test/mock.py --log
\! test/mock.py --set course_list=full

-- an account that refuses them on courses, and one that drops them
\! test/mock.py --set course_props=error
CALL pg_temp.attempt($$INSERT INTO fc.courses (title, custom_properties) VALUES ('Refused', '{"a": "1"}')$$);
DO $$
BEGIN
    EXECUTE format('ALTER SERVER frontcore OPTIONS (SET limiter_key %L)',
                   'properties ' || clock_timestamp());
END
$$;
\! test/mock.py --set course_props=dropped
INSERT INTO fc.courses (title) VALUES ('No properties');
CALL pg_temp.attempt($$INSERT INTO fc.courses (title, custom_properties) VALUES ('Dropped', '{"a": "1"}')$$);
CALL pg_temp.attempt($$INSERT INTO fc.courses (title, custom_properties) VALUES ('Not sent', '{"a": "1"}')$$);
CALL pg_temp.attempt($$UPDATE fc.courses SET custom_properties = '{"b": "1"}' WHERE title = 'Types'$$);
-- an UPDATE tries it again, and so finds out should that change
\! test/mock.py --set course_props=stored
UPDATE fc.courses SET custom_properties = '{"b": "1"}' WHERE title = 'Types';
INSERT INTO fc.courses (title, custom_properties) VALUES ('Stored', '{"a": "1"}');
\! test/mock.py --log

DROP FOREIGN TABLE dates;
ALTER SERVER frontcore OPTIONS (DROP limiter_key);

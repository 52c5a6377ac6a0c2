-- What the API sends becomes what the columns say, however it is spelled.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
SET client_min_messages = warning;
SET datestyle = 'ISO';
CREATE FOREIGN TABLE d (
    id bigint, course_id bigint, start_at date, start_time_at time,
    timezone text, status_id integer, status_title text, is_virtual boolean,
    seats_free integer, seats jsonb, custom_properties jsonb,
    created_at timestamptz, local_created timestamp OPTIONS (field 'created_at'),
    erp_id text OPTIONS (field 'custom_properties.erp_id'),
    overbooked integer OPTIONS (field 'seats.allocated_capacity.num_overbooked'),
    price numeric OPTIONS (field 'trigger_value'),
    raw json
) SERVER frontcore OPTIONS (resource 'course_dates');

-- as it is sent by default
SELECT id, course_id, start_at, start_time_at, timezone, status_id,
       status_title, is_virtual, seats_free, created_at AT TIME ZONE 'UTC' AS created,
       local_created, erp_id, overbooked
FROM d WHERE course_id = 7301 ORDER BY id LIMIT 4;

-- numbers and booleans as strings, dates with a time, times without offset
CREATE VIEW checksum AS
SELECT count(*) AS rows, sum(id) AS ids, sum(course_id) AS courses, max(start_at) AS start_at,
       max(start_time_at) AS start_time_at, sum(status_id) AS statuses,
       count(*) FILTER (WHERE is_virtual) AS virtual, sum(seats_free) AS free,
       md5(string_agg(created_at::text || local_created::text, ',' ORDER BY id)) AS times
FROM d WHERE course_id IN (7301, 7302, 7303);
SET timezone = 'UTC';
SELECT * FROM checksum;
\! test/mock.py --reset rate=0 numeric_strings=all booleans=strings date_time_part=yes
SELECT * FROM checksum;
\! test/mock.py --reset rate=0 booleans=numbers timestamps=naive
SELECT * FROM checksum;
-- in whatever zone and style the session is
\! test/mock.py --reset rate=0 timestamps=naive
SET timezone = 'Asia/Kathmandu';
SET datestyle = 'SQL, DMY';
SELECT max(created_at AT TIME ZONE 'UTC') AS created, max(local_created) AS local, max(start_at) AS start
FROM d WHERE course_id = 7301;
-- and whatever else the abbreviation of the zone may mean
CREATE DOMAIN instant AS timestamptz;
CREATE FOREIGN TABLE domain_instants (id bigint, course_id bigint, created_at timestamptz, again instant OPTIONS (field 'created_at'))
    SERVER frontcore OPTIONS (resource 'course_dates');
SET timezone = 'Asia/Kolkata';
SELECT created_at, again FROM domain_instants WHERE course_id = 7301 ORDER BY id LIMIT 1;
DROP FOREIGN TABLE domain_instants;
DROP DOMAIN instant;
SET timezone = 'Asia/Kathmandu';
\! test/mock.py --reset rate=0
SELECT max(created_at AT TIME ZONE 'UTC') AS created, max(local_created) AS local, max(start_at) AS start
FROM d WHERE course_id = 7301;
SET datestyle = 'ISO';
SET timezone = 'UTC';

-- the hour that the clock repeats, with and without an offset
\! test/mock.py --fault 'match=/7301/ id=51001 patch={\"created_at\":\"2026-10-25T02:30:00+02:00\"}'
SELECT id, created_at, local_created FROM d WHERE course_id = 7301 ORDER BY id LIMIT 1;
\! test/mock.py --fault 'match=/7301/ id=51001 patch={\"created_at\":\"2026-10-25T02:30:00+01:00\"}'
SELECT id, created_at, local_created FROM d WHERE course_id = 7301 ORDER BY id LIMIT 1;
\! test/mock.py --fault 'match=/7301/ id=51001 patch={\"created_at\":\"2026-10-25T02:30:00\"}'
SELECT id, created_at, local_created FROM d WHERE course_id = 7301 ORDER BY id LIMIT 1;
-- seven digits and Z, and a time with hyphens
\! test/mock.py --fault 'match=/7301/ id=51001 patch={\"created_at\":\"2026-07-01T10:00:00.1234567Z\"}'
SELECT id, created_at, local_created FROM d WHERE course_id = 7301 ORDER BY id LIMIT 1;
\! test/mock.py --fault 'match=/7301/ id=51001 patch={\"created_at\":\"2026-07-01T10-20-30\"}'
SELECT id, created_at, local_created FROM d WHERE course_id = 7301 ORDER BY id LIMIT 1;

-- no value: null, "" but for texts, {} and [] for properties
CREATE VIEW nothing AS
SELECT id, start_time_at IS NULL AS no_time, timezone, timezone IS NULL AS no_zone,
       custom_properties, erp_id
FROM d WHERE course_id = 7301 ORDER BY id LIMIT 1;
\! test/mock.py --fault 'match=/7301/ id=51001 patch={\"start_time_at\":\"\",\"timezone\":\"\",\"custom_properties\":{}}'
TABLE nothing;
\! test/mock.py --fault 'match=/7301/ id=51001 patch={\"start_time_at\":null,\"timezone\":null,\"custom_properties\":[]}'
TABLE nothing;
DROP VIEW nothing;

-- digits are kept: beyond a double, trailing zeros, exponents
\! test/mock.py --fault 'match=/7301/ id=51001 patchraw=trigger_value=12345678901234567890.10'
SELECT id, price, raw -> 'trigger_value' AS raw FROM d WHERE course_id = 7301 ORDER BY id LIMIT 1;
\! test/mock.py --fault 'match=/7301/ id=51001 patchraw=trigger_value=1.50e3'
SELECT id, price, raw -> 'trigger_value' AS raw FROM d WHERE course_id = 7301 ORDER BY id LIMIT 1;
\! test/mock.py --fault 'match=/7301/ id=51001 patchraw=custom_properties={\"erp_id\":9007199254740993,\"b\":1.10}'
SELECT id, custom_properties, erp_id FROM d WHERE course_id = 7301 ORDER BY id LIMIT 1;
\! test/mock.py --fault 'match=/7301/ id=51001 patchraw=coursedate_id=9007199254740993'
SELECT max(id) FROM (SELECT id FROM d WHERE course_id = 7301 OFFSET 0) AS d;

-- jsonb is what its input function makes of the source
CREATE FOREIGN TABLE both_json (id bigint, course_id bigint,
    value jsonb OPTIONS (field 'trigger_value'), source json OPTIONS (field 'trigger_value'))
    SERVER frontcore OPTIONS (resource 'course_dates');
CREATE VIEW one_json AS SELECT value, source::text,
    value = source::jsonb AND value::text = source::jsonb::text AS is_same
    FROM both_json WHERE course_id = 7301 ORDER BY id LIMIT 1;
\! test/mock.py --fault 'match=/7301/ id=51001 patchraw=trigger_value=[0,-0,-0.0,1.0,1.10,7e2,-1.50E-3,123456789012345678,-1234567890123456789,12345678901234567890.10,1e40]'
TABLE one_json;
\! test/mock.py --fault 'match=/7301/ id=51001 patchraw=trigger_value={\"bb\":1,\"a\":{\"c\":[],\"d\":{}},\"bb\":[2,{\"bb\":[[null]]}],\"\":true,\"\\u00e6\\n\":\"\\ud83d\\ude00\\\"/\\/\"}'
TABLE one_json;
\! test/mock.py --fault 'match=/7301/ id=51001 patchraw=trigger_value=\"\\u00e6\"'
TABLE one_json;
\! test/mock.py --fault 'match=/7301/ id=51001 patchraw=trigger_value=false'
TABLE one_json;
-- so what is no number of JSON is none of jsonb
\! test/mock.py --fault 'match=/7301/ id=51001 patchraw=trigger_value=[0,10,-0]'
TABLE one_json;
\! test/mock.py --fault 'match=/7301/ id=51001 patchraw=trigger_value=01'
TABLE one_json;
\! test/mock.py --fault 'match=/7301/ id=51001 patchraw=trigger_value=[-.5e1]'
SELECT value FROM one_json;

-- a member's name may be long
CREATE FOREIGN TABLE long_name (id bigint, course_id bigint, "værtsnummer" integer
    OPTIONS (field 'trigger_value.ææææææææææææææææææææææææææææææææææææææææ.n'))
    SERVER frontcore OPTIONS (resource 'course_dates');
\! test/mock.py --fault 'match=/7301/ id=51001 patchraw=trigger_value={\"ææææææææææææææææææææææææææææææææææææææææ\":{\"n\":17}}'
SELECT * FROM long_name WHERE course_id = 7301 ORDER BY id LIMIT 1;

-- what does not fit is an error that names the column, if it is read
\set VERBOSITY verbose
\set SHOW_CONTEXT always
CREATE FUNCTION pg_temp.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text; context text;
BEGIN
    EXECUTE statement INTO result;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
    RETURN sqlstate || ' ' || sqlerrm || coalesce(' / ' || substring(context, '(column "[^\n]*)'), '');
END $$;
\! test/mock.py --fault 'match=/7301/ count=0 id=51001 patch={\"status_id\":\"two\",\"status\":{\"id\":\"two\"},\"start_at\":\"now\",\"is_virtual\":\"perhaps\",\"created_at\":\"2026-02-30T10:00:00+01:00\",\"start_time_at\":\"25:00\"}'
SELECT pg_temp.try(format('SELECT %s FROM d WHERE course_id = 7301 ORDER BY id LIMIT 1', c))
FROM unnest('{id,status_id,start_at,is_virtual,created_at,local_created,start_time_at}'::text[]) AS c;
\! test/mock.py --clear-faults
\! test/mock.py --fault 'match=/7301/ count=0 id=51001 patchraw=coursedate_id=92233720368547758080'
SELECT pg_temp.try('SELECT count(*) FROM d WHERE course_id = 7301');
SELECT pg_temp.try('SELECT count(id) FROM d WHERE course_id = 7301');
\! test/mock.py --clear-faults

-- \u0000, half a surrogate pair, bytes that are no UTF-8
\! test/mock.py --fault 'match=/7301/ count=0 id=51001 nul'
SELECT pg_temp.try('SELECT count(*) FROM d WHERE course_id = 7301');
SELECT pg_temp.try('SELECT max(title) FROM fc.course_dates WHERE course_id = 7301');
\! test/mock.py --clear-faults
\! test/mock.py --fault 'match=/7301/ count=0 id=51001 patchraw=timezone=\"a\\u0000b\"'
SELECT pg_temp.try('SELECT count(id) FROM d WHERE course_id = 7301');
SELECT pg_temp.try('SELECT max(timezone) FROM d WHERE course_id = 7301');
SELECT pg_temp.try('SELECT (raw -> ''timezone'')::text FROM d WHERE course_id = 7301 ORDER BY id LIMIT 1');
\! test/mock.py --clear-faults
\! test/mock.py --fault 'match=/7301/ count=0 id=51001 patchraw=trigger_value={\"a\\u0000b\":1}'
SELECT pg_temp.try('SELECT value FROM both_json WHERE course_id = 7301 ORDER BY id LIMIT 1');
SELECT pg_temp.try('SELECT source FROM both_json WHERE course_id = 7301 ORDER BY id LIMIT 1');
SELECT pg_temp.try('SELECT string_agg(seats::text, '','') IS NOT NULL FROM d WHERE course_id = 7301');
\! test/mock.py --clear-faults
\! test/mock.py --fault 'match=/7301/ count=0 id=51001 patchraw=timezone=\"a\\ud800b\"'
SELECT pg_temp.try('SELECT count(id) FROM d WHERE course_id = 7301');
SELECT pg_temp.try('SELECT max(timezone) FROM d WHERE course_id = 7301');
\! test/mock.py --clear-faults
\! test/mock.py --fault 'match=/7301/ count=0 id=51001 badutf8'
SELECT pg_temp.try('SELECT count(id) FROM d WHERE course_id = 7301');
SELECT pg_temp.try('SELECT max(title) FROM fc.course_dates WHERE course_id = 7301');
\! test/mock.py --clear-faults
\set VERBOSITY default

-- columns of other types, and domains
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE FOREIGN TABLE o (
    id text, status_id positive, status_title varchar(4), is_virtual text,
    start_at text, seats text, seats_free numeric(4,1), course_id smallint
) SERVER frontcore OPTIONS (resource 'course_dates');
SELECT id, status_id, status_title, is_virtual, start_at, left(seats, 9) AS seats, seats_free, course_id
FROM o ORDER BY id LIMIT 2;
SELECT id, status_id, is_virtual, start_at, left(seats, 9) AS seats, seats_free, course_id
FROM o ORDER BY id LIMIT 2;

-- a column that is no field is refused when it is used
CREATE FOREIGN TABLE w (id bigint, no_such_field text) SERVER frontcore
    OPTIONS (resource 'customers');
SELECT id FROM w;
-- what some endpoints do not hold is fetched where it is, or is an error if
-- rows depend on it, or null with a notice for each statement
RESET client_min_messages;
SELECT count(created_at) FROM fc.course_dates;
\! test/mock.py --log
SELECT count(created_at) FROM fc.course_dates;
\! test/mock.py --log
ALTER SERVER frontcore OPTIONS (ADD limiter_key 'thin lists');
\! test/mock.py --reset rate=0 course_list=thin
SELECT count(custom_properties) FROM fc.courses;
SELECT count(custom_properties) FROM fc.courses;
SELECT count(*) FROM fc.courses WHERE custom_properties ? 'erp_id';
SELECT custom_properties FROM fc.courses WHERE id = 7301;
\! test/mock.py --log
-- whether they are named as the table's own or as a parent's
CREATE TABLE all_courses (id bigint, title text, custom_properties jsonb);
CREATE FOREIGN TABLE thin_courses (custom_properties jsonb, title text, id bigint)
    SERVER frontcore OPTIONS (resource 'courses');
ALTER FOREIGN TABLE thin_courses INHERIT all_courses;
SELECT count(custom_properties) FROM all_courses;
SELECT id FROM all_courses ORDER BY custom_properties, id LIMIT 1;
SELECT count(*) FROM all_courses JOIN (VALUES (1)) AS v (n) ON custom_properties->>'n' = n::text;
UPDATE all_courses SET title = custom_properties->>'title' WHERE title LIKE 'First%';
SELECT id FROM (SELECT id, custom_properties AS p FROM thin_courses
                UNION ALL SELECT 1::bigint, '{}'::jsonb) AS u ORDER BY p LIMIT 1;
\! test/mock.py --log
-- and however many subqueries lie between the table and what depends on it
CREATE TABLE seen (id bigint, title text, p jsonb);
INSERT INTO seen VALUES (1, 'One', '{}');
CREATE VIEW barrier WITH (security_barrier) AS SELECT id, custom_properties AS p FROM thin_courses;
CREATE VIEW chosen AS WITH c AS MATERIALIZED (SELECT * FROM thin_courses) SELECT id, custom_properties AS p FROM c;
\set VERBOSITY sqlstate
SELECT count(*) FROM (SELECT id, custom_properties AS p FROM thin_courses OFFSET 0) AS s WHERE p IS NULL;
SELECT count(*) FROM (SELECT id, custom_properties->>'k' AS k FROM thin_courses LIMIT 9) AS s JOIN seen ON k = title;
SELECT id FROM (SELECT DISTINCT ON (id) id, custom_properties AS p FROM thin_courses) AS s ORDER BY p, id LIMIT 1;
SELECT p, count(*) FROM (SELECT id, max(custom_properties::text) AS p FROM thin_courses GROUP BY id) AS s GROUP BY p;
SELECT rank() OVER (ORDER BY p) FROM (SELECT custom_properties AS p, rank() OVER (ORDER BY id) FROM thin_courses) AS s;
SELECT count(*) FROM (SELECT n FROM (SELECT count(custom_properties) AS n FROM thin_courses) AS s OFFSET 0) AS t WHERE n = 0;
SELECT count(*) FROM (SELECT s FROM thin_courses AS s OFFSET 0) AS t WHERE (s).custom_properties IS NULL;
SELECT count(*) FROM barrier WHERE p IS NULL;
SELECT count(*) FROM chosen WHERE p IS NULL;
SELECT p FROM barrier UNION SELECT '{}';
SELECT p FROM barrier EXCEPT ALL SELECT '{}';
SELECT id FROM (SELECT id, p FROM barrier UNION ALL SELECT 1, '{}' OFFSET 0) AS u ORDER BY p LIMIT 1;
SELECT id FROM ((SELECT id, custom_properties AS p FROM thin_courses LIMIT 1) UNION ALL SELECT 1, '{}') AS u WHERE p IS NULL;
WITH c AS MATERIALIZED (SELECT * FROM thin_courses) SELECT count(*) FROM c WHERE custom_properties IS NULL;
WITH c AS MATERIALIZED (SELECT * FROM thin_courses), d AS MATERIALIZED (SELECT custom_properties AS p FROM c)
    SELECT * FROM c WHERE EXISTS (SELECT FROM d WHERE p IS NULL);
WITH RECURSIVE c AS (SELECT id, custom_properties AS p FROM thin_courses UNION ALL SELECT id + 1, p FROM c WHERE p ? 'next')
    SELECT id FROM c;
SELECT count(*) FROM seen WHERE p IS NOT DISTINCT FROM (SELECT custom_properties FROM thin_courses LIMIT 1);
SELECT count(*) FROM seen WHERE p NOT IN (SELECT custom_properties FROM thin_courses);
SELECT id FROM seen AS s ORDER BY (SELECT custom_properties FROM thin_courses WHERE id <> s.id LIMIT 1);
UPDATE seen SET p = s.p FROM (SELECT id, custom_properties AS p FROM thin_courses OFFSET 0) AS s WHERE s.id = seen.id;
UPDATE seen SET p = (SELECT custom_properties FROM thin_courses LIMIT 1);
WITH c AS (UPDATE seen SET title = 'Two' FROM thin_courses AS t WHERE t.id > seen.id RETURNING t.custom_properties AS p)
    SELECT count(*) FROM c WHERE p IS NULL;
MERGE INTO seen USING thin_courses AS t ON t.title = seen.title WHEN NOT MATCHED AND custom_properties IS NULL THEN
    INSERT (id) VALUES (t.id);
MERGE INTO seen USING (SELECT id, custom_properties AS q FROM thin_courses OFFSET 0) AS t ON t.id > seen.id
    WHEN MATCHED THEN UPDATE SET p = q;
\! test/mock.py --log --quiet
-- but not what is only shown above them, or what nobody looks at
SELECT count(p) FROM (SELECT id, custom_properties AS p FROM thin_courses OFFSET 0) AS s WHERE id > 0;
SELECT count(p) FROM barrier WHERE id > 0;
SELECT count(p) FROM chosen WHERE id > 0;
SELECT id, p FROM chosen UNION ALL SELECT id, p FROM barrier ORDER BY id LIMIT 1;
WITH c AS MATERIALIZED (SELECT * FROM thin_courses), d AS MATERIALIZED (SELECT * FROM c WHERE title <> '')
    SELECT id FROM d UNION SELECT id FROM c ORDER BY id LIMIT 1;
WITH RECURSIVE c AS (SELECT id, custom_properties AS p FROM thin_courses WHERE id > 0 UNION ALL SELECT id + 1, '{}' FROM c WHERE id < 0)
    SELECT count(p) FROM c;
SELECT (SELECT custom_properties FROM thin_courses ORDER BY id LIMIT 1),
       (SELECT custom_properties FROM thin_courses WHERE id <> v.id ORDER BY id LIMIT 1) FROM (VALUES (1)) AS v (id);
INSERT INTO seen (id, p) SELECT id, custom_properties FROM thin_courses WHERE title LIKE 'First%';
INSERT INTO seen (id, p) SELECT * FROM barrier WHERE id IN (SELECT min(id) FROM barrier) OFFSET 0;
WITH c AS (INSERT INTO seen (p) SELECT p FROM chosen LIMIT 1 RETURNING p, (SELECT p FROM barrier LIMIT 1))
    SELECT count(*) FROM c;
MERGE INTO seen USING barrier AS b ON b.id = seen.id WHEN NOT MATCHED AND b.id > 7310 THEN INSERT VALUES (b.id, 'merged', b.p);
SELECT * FROM seen ORDER BY id;
\set VERBOSITY default
\! test/mock.py --log --quiet
DROP TABLE all_courses CASCADE;
DROP TABLE seen;
ALTER SERVER frontcore OPTIONS (DROP limiter_key);

DROP VIEW checksum;
DROP FOREIGN TABLE d, o, w;
DROP DOMAIN positive;

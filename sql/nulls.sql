-- NULL means that the API sent null.  A field that there is not is refused, and
-- what no answer holds is an error where rows depend on it.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
\set SHOW_CONTEXT never
DO $$
BEGIN
    EXECUTE format('ALTER SERVER frontcore OPTIONS (ADD limiter_key %L)',
                   'nulls ' || clock_timestamp());
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

-- a field that nobody knows is refused when the table is first used, before a
-- request: one of one word, and one that begins with no known member
CREATE FOREIGN TABLE typo (id bigint, name text OPTIONS (field 'titel')) SERVER frontcore OPTIONS (resource 'courses');
CALL pg_temp.attempt('SELECT * FROM typo');
CALL pg_temp.attempt('DELETE FROM typo WHERE name IS NULL');
CALL pg_temp.attempt('EXPLAIN SELECT id FROM typo');
DO $$
DECLARE
    field text;
BEGIN
    FOREACH field IN ARRAY '{Title,text,custom_property.erp_id,Location.city,custom_propertie,raw.id}'::text[] LOOP
        EXECUTE format('ALTER FOREIGN TABLE typo ALTER name OPTIONS (SET field %L)', field);
        BEGIN
            EXECUTE 'SELECT id FROM typo WHERE name IS NULL';
            RAISE NOTICE '%: no error', field;
        EXCEPTION WHEN fdw_column_name_not_found THEN
            RAISE NOTICE '%', SQLERRM;
        END;
    END LOOP;
END
$$;
DROP FOREIGN TABLE typo;
\! test/mock.py --log

-- a member of the API's objects is a field, though the resource's own column
-- has another name
CREATE FOREIGN TABLE members (
    id bigint, course_id bigint, status jsonb OPTIONS (field 'status'), place jsonb OPTIONS (field 'place'),
    trigger_value jsonb OPTIONS (field 'trigger_value')
) SERVER frontcore OPTIONS (resource 'course_dates');
SELECT * FROM members WHERE course_id = 7302 AND id < 51005 ORDER BY id;
CREATE FOREIGN TABLE company (id bigint, web text OPTIONS (field 'webaddress'), code text OPTIONS (field 'country.code'),
    city text OPTIONS (field 'post_address.city')) SERVER frontcore OPTIONS (resource 'customers');
SELECT * FROM company ORDER BY id LIMIT 2;
\! test/mock.py --log

-- a key that no item's object has is lacking: an error where rows depend on it
CREATE FOREIGN TABLE places (
    id bigint, course_id bigint, status_id integer, city text OPTIONS (field 'location.city'),
    citty text OPTIONS (field 'location.citty'), deep text OPTIONS (field 'seats.free.many'),
    erp text OPTIONS (field 'custom_properties.nobody_has_this')
) SERVER frontcore OPTIONS (resource 'course_dates');
CALL pg_temp.attempt('SELECT id FROM places WHERE course_id = 7302 AND citty IS NULL');
CALL pg_temp.attempt('SELECT id FROM places WHERE course_id = 7302 ORDER BY citty');
CALL pg_temp.attempt('SELECT citty FROM places WHERE course_id = 7302 GROUP BY citty');
CALL pg_temp.attempt('SELECT count(*) FROM places p JOIN fc.courses c ON p.citty = c.title WHERE p.course_id = 7302');
CALL pg_temp.attempt('SELECT count(*) FILTER (WHERE citty IS NULL) FROM places WHERE course_id = 7302');
CALL pg_temp.attempt('SELECT sum(id) FILTER (WHERE citty IS NULL) OVER () FROM places WHERE course_id = 7302');
CALL pg_temp.attempt('SELECT array_agg(id ORDER BY citty, id) FROM places WHERE course_id = 7302');
CALL pg_temp.attempt('SELECT (SELECT count(*) FILTER (WHERE p.citty IS NULL) FROM places p WHERE p.course_id = c.id) FROM fc.courses c WHERE c.id = 7302');
CALL pg_temp.attempt('SELECT id FROM places WHERE course_id = 7302 AND deep > ''''');
CALL pg_temp.attempt('WITH p AS MATERIALIZED (SELECT id, citty FROM places WHERE course_id = 7302) SELECT id FROM p WHERE citty IS NULL');
CALL pg_temp.attempt('SELECT id FROM (SELECT id, citty FROM places WHERE course_id = 7302 OFFSET 0) AS p WHERE citty IS NULL');
CALL pg_temp.attempt('DELETE FROM places WHERE citty IS NULL');
CALL pg_temp.attempt('UPDATE places SET status_id = length(citty) WHERE course_id = 7302');
CALL pg_temp.attempt('INSERT INTO fc.courses (title, reference) SELECT ''x'', citty FROM places WHERE course_id = 7302');
\! test/mock.py --log
SELECT count(*) FROM fc.course_dates WHERE course_id = 7302;
-- NULL and a notice where it is merely shown, with the names of all that lack
SELECT id, city, citty, deep FROM places WHERE course_id = 7302 AND id < 51006 ORDER BY id;
-- a custom property is never lacking
SELECT id FROM places WHERE course_id = 7302 AND erp IS NULL AND id < 51006 ORDER BY id;
\! test/mock.py --log

-- nor is a key below what is null in every item, until an item shows that it is
\! test/mock.py --fault 'patch={\"location\":null} count=0 match=coursedates'
SELECT count(*) FROM places WHERE course_id = 7302 AND citty IS NULL;
\! test/mock.py --clear-faults
\! test/mock.py --log

-- the notice comes with each statement, once for each table, functions included
SELECT count(citty) FROM places WHERE course_id = 7302;
SELECT count(citty) FROM places WHERE course_id = 7302;
SELECT count(a.citty), count(b.citty) FROM places a, places b WHERE a.course_id = 7302 AND b.course_id = 7303;
CREATE FUNCTION pg_temp.count_places(course bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    total bigint;
BEGIN
    SELECT count(citty) FROM places WHERE course_id = course INTO total;
    RETURN total;
END
$$;
SELECT pg_temp.count_places(7302), pg_temp.count_places(7303), pg_temp.count_places(7304);
-- it cuts a long request, as errors do
SELECT count(citty) FROM places WHERE course_id = ANY (ARRAY(SELECT 7300 + g FROM generate_series(1, 60) AS g));
BEGIN;
DECLARE c CURSOR FOR SELECT id, citty FROM places WHERE course_id = 7302 AND id < 51005 ORDER BY id;
FETCH 1 FROM c;
FETCH 1 FROM c;
COMMIT;
\! test/mock.py --log --quiet

-- a generated column is held to what its expression is held to
CREATE FOREIGN TABLE computed (
    id bigint, course_id bigint, status_id integer, citty text OPTIONS (field 'location.citty'),
    loud text GENERATED ALWAYS AS (upper(citty)) STORED,
    twice integer GENERATED ALWAYS AS (status_id * 2) STORED
) SERVER frontcore OPTIONS (resource 'course_dates');
CALL pg_temp.attempt('SELECT id FROM computed WHERE course_id = 7302 AND upper(citty) IS NULL');
CALL pg_temp.attempt('SELECT id FROM computed WHERE course_id = 7302 AND loud IS NULL');
CALL pg_temp.attempt('SELECT id FROM computed WHERE course_id = 7302 ORDER BY loud');
CALL pg_temp.attempt('SELECT loud FROM (SELECT loud FROM computed WHERE course_id = 7302 OFFSET 0) AS c GROUP BY loud');
CALL pg_temp.attempt('WITH c AS MATERIALIZED (SELECT * FROM computed WHERE course_id = 7302) SELECT id FROM c WHERE loud = ''X''');
CALL pg_temp.attempt('UPDATE fc.courses SET reference = c.loud FROM computed c WHERE c.course_id = 7302 AND courses.id = 7302');
SELECT id, loud, twice FROM computed WHERE course_id = 7302 AND twice = 4 AND id < 51006 ORDER BY id;
\! test/mock.py --log --quiet

-- a path that the API documents may be left out where there is no such object
CREATE FOREIGN TABLE placed (id bigint, course_id bigint, place bigint OPTIONS (field 'place.id'),
    place_id bigint) SERVER frontcore OPTIONS (resource 'course_dates');
SELECT * FROM placed WHERE id = 51001 AND course_id = 7301 AND place IS NULL AND place_id IS NULL;
\! test/mock.py --log

-- where the first page leaves open whether there is a key, a later one tells
CREATE FOREIGN TABLE paged (id bigint, course_id bigint, citty text OPTIONS (field 'location.citty'))
    SERVER frontcore OPTIONS (resource 'course_dates', page_size '2');
\! test/mock.py --fault 'patch={\"location\":null} count=0 match=page=1'
CALL pg_temp.attempt('SELECT id FROM paged WHERE course_id = 7302 AND citty IS NULL');
\! test/mock.py --clear-faults
\! test/mock.py --log

-- a path that the cheapest route lacks is asked of another one
\! test/mock.py --fault 'drop=location.city count=0 match=/courses/7302/'
SELECT id, city FROM places WHERE course_id = 7302 AND id < 51006 ORDER BY id;
SELECT id FROM places WHERE course_id = 7302 AND city = 'Bergen' AND id < 51006;
\! test/mock.py --clear-faults
\! test/mock.py --log

-- a complete list answers all there is to know about columns that no route has:
-- budget row 27, the dates' 13 pages and at most twice the courses' 3
\! test/mock.py --reset rate=0 courses=612 dates=3028 course_texts=absent
SELECT count(*), count(place) FROM (
    SELECT d.id, (SELECT c.text_place FROM fc.courses c WHERE c.id = d.course_id) AS place
      FROM fc.course_dates d OFFSET 0) AS x;
\! test/mock.py --log --quiet
-- so it does for a path of the user's own, and the second time
CREATE FOREIGN TABLE levels (id bigint, code text OPTIONS (field 'level.code'))
    SERVER frontcore OPTIONS (resource 'courses');
SELECT count(*), count(code) FROM (
    SELECT d.id, (SELECT c.code FROM levels c WHERE c.id = d.course_id) AS code
      FROM fc.course_dates d OFFSET 0) AS x;
\! test/mock.py --log --quiet
SELECT count(*), count(place) FROM (
    SELECT d.id, (SELECT c.text_place FROM fc.courses c WHERE c.id = d.course_id) AS place
      FROM fc.course_dates d OFFSET 0) AS x;
\! test/mock.py --log --quiet
-- and rows that depend on it are refused as ever
CALL pg_temp.attempt('SELECT count(*) FROM fc.course_dates d
    WHERE (SELECT c.text_place FROM fc.courses c WHERE c.id = d.course_id) IS NULL');
-- what the list lacks and one object has is asked for object by object
\! test/mock.py --reset rate=0 course_list=thin
BEGIN;
SELECT count(*) FROM fc.courses;
SELECT count(text_lead) FROM fc.courses WHERE id IN (7301, 7302);
CALL pg_temp.attempt('SELECT count(*) FROM fc.courses WHERE text_lead IS NULL');
SELECT count(*) FROM fc.courses WHERE text_lead IS NULL AND id IN (7301, 7302);
\! test/mock.py --log
COMMIT;

DROP FOREIGN TABLE members, company, places, computed, placed, paged, levels;
DO $$
BEGIN
    EXECUTE 'ALTER SERVER frontcore OPTIONS (DROP limiter_key)';
END
$$;

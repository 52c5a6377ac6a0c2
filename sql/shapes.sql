-- Values in shapes that the API does not document, and what it may hold that
-- we could not have written: read for what they are, and not lost by a write.
\set name shapes
\i test/account.sql

-- a byte order mark before the JSON
\! test/mock.py --fault "match=/courses/7301 body='$(printf '\357\273\277')  {\"id\":7301,\"title\":\"Marked\"}'"
SELECT id, title FROM courses WHERE id = 7301;

-- a NUL byte after it, and more headers than any answer has
\! python3 -c 'import json, os, urllib.request as r; r.urlopen("http://127.0.0.1:%s/_mock/fault" % os.environ["FRONTCORE_MOCK_PORT"], json.dumps({"spec": "match=/courses/7301 type=application/json body=%s" % "{\\\"id\\\":7301}\0"}).encode())'
SELECT id, title FROM courses WHERE id = 7301;
\! test/mock.py --fault "match=/courses/7301 $(for i in $(seq 300); do printf 'header=X-%s:1 ' $i; done)"
\set VERBOSITY default
SELECT id, title FROM courses WHERE id = 7301;
\set VERBOSITY terse

-- a unit as its number, as its code in any case, and as what is no code
CREATE FOREIGN TABLE durations (id bigint, duration_value integer, duration_unit_id integer)
    SERVER shapes OPTIONS (resource 'courses');
\! test/mock.py --fault 'match=/courses/7301 patch={\"duration\":{\"value\":2,\"unit\":{\"id\":5}}}'
SELECT * FROM durations WHERE id = 7301;
\! test/mock.py --fault 'match=/courses/7301 patch={\"duration\":{\"value\":\"2\",\"unit\":\"Week\"}}'
SELECT * FROM durations WHERE id = 7301;
\! test/mock.py --fault 'match=/courses/7301 patch={\"duration\":{\"value\":2,\"unit\":\"fortnight\"}}'
SELECT * FROM durations WHERE id = 7301;

-- a status of which only the number is sent, and that we have no title for
\! test/mock.py --fault 'match=/courses/7301/coursedates id=51001 drop=status patch={\"status_id\":9}'
SELECT id, status_id, status_title FROM course_dates WHERE course_id = 7301 ORDER BY id LIMIT 1;
\! test/mock.py --fault 'match=/courses/7301/coursedates id=51001 drop=status patch={\"status_id\":null}'
SELECT id, status_id, status_title FROM course_dates WHERE course_id = 7301 ORDER BY id LIMIT 1;

-- no value where a domain wants one
CREATE DOMAIN place_name AS text NOT NULL;
CREATE DOMAIN any_name AS varchar(20);
CREATE FOREIGN TABLE places (id bigint, course_id bigint, place_title place_name, name any_name OPTIONS (field 'location_title'),
                             code varchar(20) OPTIONS (field 'location_title'))
    SERVER shapes OPTIONS (resource 'course_dates');
SELECT id, name, code FROM places WHERE course_id = 7301 ORDER BY id LIMIT 2;
SELECT id, place_title FROM places WHERE course_id = 7301 ORDER BY id LIMIT 2;

-- the ids of related objects, in columns of other types than jsonb
CREATE FOREIGN TABLE related (id bigint, course_id bigint, instructors json, ids text OPTIONS (field 'instructors'))
    SERVER shapes OPTIONS (resource 'course_dates');
\! test/mock.py --fault 'match=/courses/7301/coursedates id=51002 patchraw=instructors=[{\"id\":71},72,{\"name\":\"Nobody\"},{\"id\":9007199254740993}]'
SELECT id, instructors FROM related WHERE course_id = 7301 ORDER BY id LIMIT 2;
\! test/mock.py --fault 'match=/courses/7301/coursedates id=51002 patchraw=instructors=[]'
SELECT id, instructors FROM related WHERE course_id = 7301 ORDER BY id LIMIT 2;

-- paths into objects of which the list of all dates sends the ids only: they
-- come with a relation, or by another route
CREATE FOREIGN TABLE within (
    id bigint, status_text text OPTIONS (field 'status.title'), status_number integer OPTIONS (field 'status.id'),
    course_reference text OPTIONS (field 'course.reference'), place_number text OPTIONS (field 'place.id'),
    whole_status jsonb OPTIONS (field 'status')
) SERVER shapes OPTIONS (resource 'course_dates');
\! test/mock.py --log --quiet
SELECT course_reference, place_number, count(*) FROM within GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 2;
\! test/mock.py --log
SELECT status_text, status_number, count(*) FROM within WHERE status_text <> 'Will run' GROUP BY 1, 2 ORDER BY 2;
SELECT whole_status->>'title' AS title FROM within WHERE id = 51001;
\! test/mock.py --log
\! test/mock.py --fault 'match="GET /coursedates" count=0 drop=course'
SELECT count(course_reference) FROM within;
\! test/mock.py --clear-faults
\! test/mock.py --log
-- but they are no fields
CREATE FOREIGN TABLE no_fields (raw jsonb, course jsonb) SERVER shapes OPTIONS (resource 'course_dates');
SELECT course FROM no_fields;
SELECT frontcore_stat_reset();

-- one text that no text can hold does not spoil the others
\! test/mock.py --fault 'match=/courses/7305 patchraw=reference=\"a\\u0000b\"'
SELECT id, title FROM courses WHERE id = 7305;

-- an escape without its digits is no JSON
\! test/mock.py --fault 'match=/courses/7305 patchraw=reference=\"a\\u00zzb\"'
SELECT id, reference FROM courses WHERE id = 7305;
\! test/mock.py --fault 'match=/courses/7305 patchraw=reference=\"a\\u1\"'
SELECT id FROM courses WHERE id = 7305;

-- properties that are no strings: each is seen as it is, ...
\! test/mock.py --change courses 7301 'custom_properties={"flag":true,"off":false,"n":1.50,"list":[1,{"a":"b"}],"set":{"x":null},"none":null,"s":"text"}'
CREATE FOREIGN TABLE owned (
    id bigint, title text, properties jsonb OPTIONS (field 'custom_properties'), as_json json OPTIONS (field 'custom_properties'),
    s text OPTIONS (field 'custom_properties.s'), flag boolean OPTIONS (field 'custom_properties.flag'),
    list jsonb OPTIONS (field 'custom_properties.list')
) SERVER shapes OPTIONS (resource 'courses');
SELECT properties, s, flag, list FROM owned WHERE id = 7301;
\! test/mock.py --log > /dev/null
-- ... and goes back as it was when another one is written
\! test/mock.py --fault 'match="PUT /courses/7301" status=200 body={\"id\":7301}'
\! test/mock.py --fault 'match="GET /courses/7301" skip=1 patch={\"custom_properties.s\":\"new\"}'
UPDATE owned SET s = 'new' WHERE id = 7301 RETURNING properties, s, flag, list;
\! test/mock.py --log
-- one that is no string cannot be given a value of that kind
UPDATE owned SET properties = properties || '{"s": "newer"}' WHERE id = 7301;

-- two columns for all properties have to agree
UPDATE owned SET properties = '{"a": "1", "b": "2"}', as_json = '{"b":"2", "a":"1"}' WHERE id = 7301 RETURNING as_json;
UPDATE owned SET properties = '{"a": "1", "b": "2"}', as_json = '{"a":"3"}' WHERE id = 7301;
UPDATE owned SET as_json = '{"c": 1}' WHERE id = 7301 RETURNING properties;
INSERT INTO owned (title) VALUES ('Without') RETURNING title, properties, s, list;
\! test/mock.py --log

-- what gatherings hold beyond what can be written: an empty text is nothing to
-- lose, a number is
\! test/mock.py --set date_put=reset
SET client_min_messages = error;
UPDATE course_dates SET reference = 'learned' WHERE id = 51001 AND course_id = 7301;
RESET client_min_messages;
\! test/mock.py --log
\! test/mock.py --fault 'match="GET /courses/7301/coursedates/51001" count=0 patch="{\"gatherings\":[{\"gathering_at\":\"2027-01-01 09:00\",\"gathering_end_at\":\"2027-01-01 10:00\",\"mood\":\"\"}]}"'
UPDATE course_dates SET reference = 'mood' WHERE id = 51001 AND course_id = 7301;
\! test/mock.py --clear-faults
\! test/mock.py --fault 'match="GET /courses/7301/coursedates/51001" count=0 patch="{\"gatherings\":[{\"gathering_at\":\"2027-01-01 09:00\",\"gathering_end_at\":\"2027-01-01 10:00\",\"mood\":7}]}"'
UPDATE course_dates SET reference = 'number' WHERE id = 51001 AND course_id = 7301;
\! test/mock.py --log
\! test/mock.py --clear-faults
-- what is only written comes back as it was sent, or not at all
UPDATE course_dates SET place_by_search = 'Oslo', gatherings = '[]' WHERE id = 51002 AND course_id = 7301 RETURNING id, place_by_search;
UPDATE course_dates SET reference = 'x', gatherings = '[]' WHERE id = 51002 AND course_id = 7301 RETURNING id, place_by_search;
\! test/mock.py --log
\! test/mock.py --reset rate=0

SET search_path = public;
SET client_min_messages = warning;
DROP SCHEMA shapes CASCADE;
DROP SERVER shapes CASCADE;

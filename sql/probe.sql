-- frontcore_probe: what an account does where the documentation is silent.
\set SHOW_CONTEXT never
\set name probe
\i test/account.sql
SET client_min_messages = error;

-- every question, and the statement that fits; at most 30 requests
SELECT question, CASE question WHEN 'latency' THEN regexp_replace(finding, '\d+', 'N') ELSE finding END AS finding,
       regexp_replace(evidence, '\d+ ms', 'N ms') AS evidence, advice
  FROM frontcore_probe('probe') \gx
\! test/mock.py --log

-- it cannot send more, and shows nothing of the account
CREATE TABLE usual AS SELECT * FROM frontcore_probe('probe');
\! test/mock.py --log --quiet
SELECT count(*) FROM usual WHERE usual::text ~ '(51|73|40)[0-9]{3}|Certificate|test-key|example';

-- under each switch of the mock: what differs from the usual
CREATE FUNCTION differences() RETURNS TABLE (question text, finding text, advice text) LANGUAGE sql AS $$
    SELECT p.question, p.finding, replace(p.advice, 'ALTER SERVER probe OPTIONS ', '')
      FROM public.frontcore_probe('probe') AS p JOIN probe.usual AS u USING (question)
     WHERE p.finding <> u.finding AND p.question <> 'latency'
$$;
\pset format unaligned
\pset tuples_only on
\! test/mock.py --reset rate=0 courses=600 dates=600
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 courses=250
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 courses=600 limit_over=error
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 courses=600 page_clamp=100
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 limit_over=error
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 page_clamp=5
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 ignore_limit=4
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 page_number=ignored
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 past_end=repeat
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 past_end=error
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 past_end=404
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 past_end=404 error_status=200
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 default_sort=asc
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 default_sort=active
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 sort=ignored
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 sort=refused
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 since_id=ignored
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 since_id=refused
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 filter_zone=UTC
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 bounds=exclusive
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 bounds=exclusive filter_zone=UTC
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 filters=ignored
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 filters=refused
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 id_filter=ignored
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 id_filter=refused
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 link_filter=ignored
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 link_filter=refused
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 coursedates_list=404
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 coursedates_list=404 error_status=200
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 next_page=false
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 next_page=zero
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 next_page=empty
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 next_page=absent
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 dates=600 next_page=false
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 dates=600 next_page=absent past_end=repeat
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 page_clamp=20 next_page=zero
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 gap_page=1
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 list_timestamps=present
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 flat_keys=listed
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 flat_keys=listed list_timestamps=present
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 batch=404
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 batch=404 coursedates_list=404
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 batch_limit=per_course
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 batch_max_ids=5
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 batch_max_ids=5 batch_limit=per_course
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 batch_max_ids=1
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 courses=600 dates=600 batch_limit=per_course
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 course_includes=everywhere
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 include_instructors=everywhere
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 course_includes=everywhere include_instructors=everywhere
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 include_instructors=flat
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 course_includes=everywhere include_instructors=flat
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 batch=404 include_instructors=flat unknown_param=error
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 unknown_param=error
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 list_container=items
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 list_container=data
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 item_container=array
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 list_container=data item_container=array
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 props_empty=array
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 props_empty=object
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 timestamps=naive
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 timestamps=naive filter_zone=UTC
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=1000 rate_headers=core
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=1000 rate_headers=ietf
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=1000 rate_headers=github
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 gzip=off
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 course_list=thin
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 course_list=thin filter_zone=UTC
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 course_list=thin batch=404 list_timestamps=present bounds=exclusive
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 course_list=thin batch=404 filter_zone=UTC
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 inactive=hidden
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 numeric_strings=all
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 courses=1 dates=2
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 courses=0 dates=0
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 today=2027-07-20
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 today=2027-07-20 filter_zone=UTC
SELECT * FROM differences();
\! test/mock.py --log --quiet
-- refusals under a status of success
\! test/mock.py --reset rate=0 error_status=200 limit_over=error since_id=refused sort=refused link_filter=refused
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 error_status=200 filters=refused id_filter=refused batch=404 unknown_param=error
SELECT * FROM differences();
\! test/mock.py --log --quiet
-- a list that the account lacks, or the key may not read, refuses no filter
\! test/mock.py --reset rate=0
\! test/mock.py --fault 'match=/orders/products status=404 count=0'
SELECT * FROM differences();
\! test/mock.py --reset rate=0
\! test/mock.py --fault 'match=/orders/products status=403 count=0' --fault 'match=^GET./coursedates status=403 count=0'
SELECT * FROM differences();
\! test/mock.py --reset rate=0 error_status=200
\! test/mock.py --fault 'match=/orders/products status=200 count=0 body="{\"error\":\"No such list\"}"'
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 latency=30-40
SELECT * FROM differences();
\! test/mock.py --log --quiet
\pset format aligned
\pset tuples_only off

-- what was found the planner knows at once: which lists there are, how long, and what they lack
\! test/mock.py --reset rate=0 coursedates_list=404 course_list=thin
SELECT frontcore_stat_reset();
EXPLAIN (COSTS OFF) SELECT id FROM course_dates;
EXPLAIN (COSTS OFF) SELECT custom_properties FROM courses WHERE id = ANY ('{7301,7302,7303}');
SELECT count(*) FROM frontcore_probe('probe');
EXPLAIN (COSTS OFF) SELECT id FROM course_dates;
EXPLAIN (COSTS OFF) SELECT custom_properties FROM courses WHERE id = ANY ('{7301,7302,7303}');
\! test/mock.py --log --quiet
-- and that it has come back
\! test/mock.py --reset rate=0
SELECT count(*) FROM frontcore_probe('probe');
EXPLAIN (COSTS OFF) SELECT id FROM course_dates;
\! test/mock.py --log --quiet

-- an option that says so already is not advised
ALTER SERVER probe OPTIONS (ADD timezone 'Europe/Oslo', ADD course_dates_source 'batch');
SELECT question, advice FROM frontcore_probe('probe') WHERE advice IS NOT NULL;
\! test/mock.py --log --quiet

-- a passing 429 costs requests of the thirty, and nothing else
\! test/mock.py --fault 'status=429 retry_after=0 skip=3 count=2'
SELECT count(*) FROM frontcore_probe('probe') WHERE finding = 'unknown';
\! test/mock.py --log --quiet
-- one that does not pass ends it
\! test/mock.py --fault 'status=503 count=0'
SELECT question, finding, evidence FROM frontcore_probe('probe') LIMIT 2;
\! test/mock.py --log --quiet

-- a wrong key, one without permission, an empty server
\! test/mock.py --clear-faults
ALTER USER MAPPING FOR CURRENT_USER SERVER probe OPTIONS (SET api_key 'wrong-key');
SELECT finding, count(*) FROM frontcore_probe('probe') WHERE question <> 'latency' GROUP BY finding ORDER BY finding;
ALTER USER MAPPING FOR CURRENT_USER SERVER probe OPTIONS (SET api_key 'forbidden-key');
SELECT question, finding, evidence FROM frontcore_probe('probe') LIMIT 2;
\! test/mock.py --log --quiet

-- writes to a course that was made for it: what it asks besides, and what it sends for that
\! test/mock.py --reset rate=0
ALTER USER MAPPING FOR CURRENT_USER SERVER probe OPTIONS (SET api_key 'test-key');
ALTER SERVER probe OPTIONS (DROP timezone, DROP course_dates_source);
\! test/mock.py --change courses 7301 'reference="probe"' 'custom_properties={"mine":"1"}'
\! test/mock.py --change course_dates 51001 'reference="probe"' 'place.title_additional_info="probe"' 'gatherings=[]'
CREATE VIEW now (id, key, value) AS
    SELECT c.id, e.key, e.value FROM courses AS c, jsonb_each(to_jsonb(c) - '{updated_at,products}'::text[]) AS e WHERE c.id = 7301
    UNION ALL
    SELECT d.id, e.key, e.value FROM course_dates AS d, jsonb_each(to_jsonb(d) - '{updated_at,seats}'::text[]) AS e WHERE d.course_id = 7301 AND d.id = 51002;
CREATE TABLE before AS SELECT * FROM now;
\! test/mock.py --log --quiet
SET client_min_messages = notice;
\set VERBOSITY default
SELECT question, finding, evidence, advice FROM frontcore_probe('probe', 7301) OFFSET 19 \gx
SET client_min_messages = error;
\! test/mock.py --log | tail -n 20
SELECT * FROM now EXCEPT SELECT * FROM before;
\! test/mock.py --log --quiet

-- under each switch it finds that, and restores what it touched
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
\set ask 'SELECT WHERE frontcore_stat_reset() IS NULL; DELETE FROM before; INSERT INTO before SELECT * FROM now; SELECT question, finding, evidence, replace(advice, $$ALTER SERVER probe OPTIONS $$, $$$$) FROM frontcore_probe($$probe$$, 7301) OFFSET 19; SELECT * FROM now EXCEPT SELECT * FROM before;'
\! test/mock.py --reset rate=0 date_put=reset
\! test/mock.py --change courses 7301 'reference="probe"'; test/mock.py --change course_dates 51001 'reference="probe"' 'place.title_additional_info="probe"' 'gatherings=[]'
:ask
\! test/mock.py --reset rate=0 date_put=others
\! test/mock.py --change courses 7301 'reference="probe"'; test/mock.py --change course_dates 51001 'reference="probe"' 'place.title_additional_info="probe"' 'gatherings=[]'
:ask
\! test/mock.py --reset rate=0 date_put=some
\! test/mock.py --change courses 7301 'reference="probe"'; test/mock.py --change course_dates 51001 'reference="probe"' 'place.title_additional_info="probe"' 'gatherings=[]'
:ask
\! test/mock.py --reset rate=0 props_put=replace
\! test/mock.py --change courses 7301 'reference="probe"'; test/mock.py --change course_dates 51001 'reference="probe"' 'place.title_additional_info="probe"' 'gatherings=[]'
:ask
\! test/mock.py --reset rate=0 null_clears=no
\! test/mock.py --change courses 7301 'reference="probe"'; test/mock.py --change course_dates 51001 'reference="probe"' 'place.title_additional_info="probe"' 'gatherings=[]'
:ask
\! test/mock.py --reset rate=0 course_props=dropped
\! test/mock.py --change courses 7301 'reference="probe"'; test/mock.py --change course_dates 51001 'reference="probe"' 'place.title_additional_info="probe"' 'gatherings=[]'
:ask
\! test/mock.py --reset rate=0 course_props=error
\! test/mock.py --change courses 7301 'reference="probe"'; test/mock.py --change course_dates 51001 'reference="probe"' 'place.title_additional_info="probe"' 'gatherings=[]'
:ask
\! test/mock.py --reset rate=0 date_put_fields=documented
\! test/mock.py --change courses 7301 'reference="probe"'; test/mock.py --change course_dates 51001 'reference="probe"' 'place.title_additional_info="probe"' 'gatherings=[]'
:ask
\! test/mock.py --reset rate=0 date_put_fields=documented date_put=reset
\! test/mock.py --change courses 7301 'reference="probe"'; test/mock.py --change course_dates 51001 'reference="probe"' 'place.title_additional_info="probe"' 'gatherings=[]'
:ask
\! test/mock.py --reset rate=0 write_answer=object
\! test/mock.py --change courses 7301 'reference="probe"'; test/mock.py --change course_dates 51001 'reference="probe"' 'place.title_additional_info="probe"' 'gatherings=[]'
:ask
\! test/mock.py --reset rate=0 error_status=200 bounds=exclusive
\! test/mock.py --change courses 7301 'reference="probe"'; test/mock.py --change course_dates 51001 'reference="probe"' 'place.title_additional_info="probe"' 'gatherings=[]'
:ask
\! test/mock.py --reset rate=0 booleans=strings numeric_strings=all
\! test/mock.py --change courses 7301 'reference="probe"'; test/mock.py --change course_dates 51001 'reference="probe"' 'place.title_additional_info="probe"' 'gatherings=[]'
:ask
\! test/mock.py --log --quiet
-- a course without dates; one that is not there
INSERT INTO courses (title) VALUES ('For the probe');
SELECT p.question, p.finding, p.evidence FROM courses AS c, frontcore_probe('probe', c.id) AS p WHERE c.title = 'For the probe' OFFSET 19;
SELECT count(*) FROM frontcore_probe('probe', 999);
\! test/mock.py --log --quiet
-- not for everybody, and not where writing is forbidden
SELECT has_function_privilege('pg_monitor', 'frontcore_probe(name)', 'EXECUTE'), has_function_privilege('pg_monitor', 'frontcore_probe(name, bigint)', 'EXECUTE');
SET default_transaction_read_only = on;
SELECT count(*) FROM frontcore_probe('probe');
SELECT count(*) FROM frontcore_probe('probe', 7301);
RESET default_transaction_read_only;
\! test/mock.py --log --quiet
\pset format aligned
\pset tuples_only off

DROP SERVER probe CASCADE;
DROP SCHEMA probe CASCADE;

-- What the API does with fields that a PUT leaves out is not documented for
-- dates and customers.  It is learned once for an account.
\getenv port FRONTCORE_MOCK_PORT
\set SHOW_CONTEXT never
ALTER SERVER frontcore OPTIONS (ADD limiter_key 'none');
CREATE PROCEDURE pg_temp.new_account() LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER SERVER frontcore OPTIONS (SET limiter_key %L)',
                   'account ' || clock_timestamp());
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
-- what is stored of some dates, as far as it can be written
CREATE VIEW stored AS
SELECT d.*
FROM (VALUES (7301, 51002), (7302, 51003), (7305, 51008), (7302, 51010)) AS chosen (course_id, id), LATERAL (
    SELECT id, start_at, end_at, start_time_at, end_time_at, timezone, deadline_at, status_id, place_id,
           place_additional_info, location_id, visible_when_passed_deadline, teaching_language, reference,
           gatherings, instructors, custom_properties
    FROM fc.course_dates d WHERE d.course_id = chosen.course_id AND d.id = chosen.id OFFSET 0) d;

-- fields are kept: one look at the first row, none at the others
CALL pg_temp.new_account();
\! test/mock.py --reset rate=0
UPDATE fc.course_dates SET reference = 'kept' WHERE course_id = 7302 AND id < 51017;
\! test/mock.py --log
-- another backend knows it, too
\setenv PGDATABASE :DBNAME
\! psql -X -q -c "UPDATE fc.course_dates SET reference = 'kept' WHERE id = 51002"
\! test/mock.py --log

-- fields are reset: the old values are put back in the same statement, and
-- from then on each PUT carries all of them
CALL pg_temp.new_account();
\! test/mock.py --reset rate=0 date_put=reset
CREATE TEMP TABLE before AS SELECT * FROM stored;
\! test/mock.py --log --quiet
UPDATE fc.course_dates SET reference = 'R-1' WHERE id = 51003;
\! test/mock.py --log
UPDATE fc.course_dates SET reference = 'R-2', custom_properties = custom_properties || '{"new": 1}'
    WHERE id = 51002 RETURNING reference, custom_properties, instructors;
\! test/mock.py --log
UPDATE fc.course_dates SET reference = NULL WHERE id IN (51008, 51010);
SELECT count(*), count(instructors) FROM before;
SELECT * FROM stored
EXCEPT
SELECT id, start_at, end_at, start_time_at, end_time_at, timezone, deadline_at, status_id, place_id,
       place_additional_info, location_id, visible_when_passed_deadline, teaching_language,
       CASE id WHEN 51002 THEN 'R-2' WHEN 51003 THEN 'R-1' END,
       gatherings, instructors, CASE id WHEN 51002 THEN custom_properties || '{"new": "1"}' ELSE custom_properties END
FROM before;
\! test/mock.py --log --quiet

-- gatherings go back as they are written; what cannot be written back is a
-- reason to refuse, before the PUT, unless the statement sets it
INSERT INTO fc.course_dates (course_id, start_at, end_at, gatherings, instructors)
    VALUES (7302, '2027-05-01', '2027-05-01', '[{"gathering_at": "2027-05-01 09:00", "gathering_end_at": "2027-05-01 11:00",
        "idLocation": 802, "description": "Bring \"boots\"", "theme": "Løkker"}]', '[71]');
\! test/mock.py --log --quiet
UPDATE fc.course_dates SET status_id = 2 WHERE course_id = 7302 AND start_at = '2027-05-01';
\! test/mock.py --log
SELECT jsonb_path_query_array(gatherings, '$[*].description'), jsonb_path_query_array(gatherings, '$[*].idLocation'),
       instructors
FROM fc.course_dates WHERE course_id = 7302 AND id = 51041;
CALL pg_temp.attempt('UPDATE fc.course_dates SET status_id = 2 WHERE id = 51001');
\! test/mock.py --log
UPDATE fc.course_dates SET status_id = 3, gatherings = '[]' WHERE id = 51001 RETURNING status_id, gatherings;
-- a place that is searched for is not held back by the one that was there
UPDATE fc.course_dates SET place_by_search = 'Stavanger' WHERE id = 51003 RETURNING place_by_search;
-- an account that does not know a field is not sent it
\! test/mock.py --log --quiet
\! test/mock.py --fault 'match=GET.*51003.include drop=timezone count=0'
UPDATE fc.course_dates SET status_id = 2 WHERE course_id = 7302 AND id = 51003;
\! test/mock.py --clear-faults
\! test/mock.py --fault 'match=GET.*51003.include drop=instructors count=0'
CALL pg_temp.attempt('UPDATE fc.course_dates SET status_id = 2 WHERE course_id = 7302 AND id = 51003');
\! test/mock.py --clear-faults
\! test/mock.py --log | grep PUT

-- the first row holds something that cannot be put back: we say so
CALL pg_temp.new_account();
\! test/mock.py --reset rate=0 date_put=reset
CALL pg_temp.attempt('UPDATE fc.course_dates SET status_id = 2 WHERE id = 51001');
SELECT start_time_at, timezone, location_id, reference, custom_properties FROM fc.course_dates WHERE id = 51001;
\! test/mock.py --log --quiet

-- another value than before is put back, whoever put it there
CALL pg_temp.new_account();
\! test/mock.py --reset rate=0 date_put=reset
\! test/mock.py --fault "match=GET.*51003.include skip=1 patch='{\"timezone\":\"Europe/Paris\"}'"
UPDATE fc.course_dates SET status_id = 2 WHERE course_id = 7302 AND id = 51003;
\! test/mock.py --clear-faults
\! test/mock.py --log
-- and the account counts as one that changes what is left out
UPDATE fc.course_dates SET status_id = 3 WHERE course_id = 7305 AND id = 51008;
\! test/mock.py --log

-- some fields are reset, a deadline that is null among them: it is put back,
-- and the other dates lose nothing
CALL pg_temp.new_account();
\! test/mock.py --reset rate=0 date_put=some
\! test/mock.py --change course_dates 51003 deadline_at=null reference=null
\! test/mock.py --change course_dates 51004 'reference="kept"'
CREATE TEMP TABLE were AS SELECT id, deadline_at, reference, place_additional_info
    FROM fc.course_dates WHERE course_id = 7302;
UPDATE fc.course_dates SET end_time_at = '17:00' WHERE course_id = 7302 AND id < 51010;
SELECT were.id, were.reference FROM were JOIN fc.course_dates d USING (id)
    WHERE d.course_id = 7302 AND (were.*) IS DISTINCT FROM (d.id, d.deadline_at, d.reference, d.place_additional_info);
\! test/mock.py --log
-- an account of which the option says what it does: with kept nobody looks,
-- with reset the first PUT carries all
CALL pg_temp.new_account();
\! test/mock.py --reset rate=0
ALTER FOREIGN TABLE fc.course_dates OPTIONS (ADD omitted_fields 'kept');
UPDATE fc.course_dates SET reference = 'O-1' WHERE course_id = 7302 AND id < 51010;
\! test/mock.py --log
ALTER FOREIGN TABLE fc.course_dates OPTIONS (SET omitted_fields 'reset');
\! test/mock.py --set date_put=reset
UPDATE fc.course_dates SET reference = 'O-2' WHERE course_id = 7302 AND id < 51010;
\! test/mock.py --log
ALTER FOREIGN TABLE fc.course_dates OPTIONS (DROP omitted_fields);
-- a write whose answer is empty is looked at: done if the row holds it, else
-- it was throttled
CALL pg_temp.new_account();
\! test/mock.py --reset rate=0
\! test/mock.py --fault 'match=PUT empty'
UPDATE fc.courses SET title = 'Seen' WHERE id = 7301 RETURNING title;
\! test/mock.py --fault 'match=PUT empty processed=no'
UPDATE fc.courses SET title = 'Again' WHERE id = 7301 RETURNING title;
\! test/mock.py --fault 'match=DELETE empty'
DELETE FROM fc.courses WHERE id = 7310 RETURNING id;
\! test/mock.py --log

-- a row in which there are only defaults teaches nothing
CALL pg_temp.new_account();
\! test/mock.py --reset rate=0
INSERT INTO fc.course_dates (course_id, start_at, end_at) VALUES (7303, '2027-06-01', '2027-06-01');
UPDATE fc.course_dates SET status_id = 2 WHERE course_id = 7303 AND start_at = '2027-06-01';
UPDATE fc.course_dates SET status_id = 3 WHERE course_id = 7303 AND start_at = '2027-06-01';
\! test/mock.py --log

-- the API says it otherwise: booleans and numbers as strings, dates with times
CALL pg_temp.new_account();
\! test/mock.py --reset rate=0 date_put=reset numeric_strings=all booleans=strings date_time_part=yes props_empty=array
UPDATE fc.course_dates SET reference = 'S-1' WHERE id = 51003;
UPDATE fc.course_dates SET reference = 'S-2' WHERE id = 51002;
\! test/mock.py --log

-- a PUT that knows fewer fields is refused as the API puts it
CALL pg_temp.new_account();
\! test/mock.py --reset rate=0 date_put_fields=documented
UPDATE fc.course_dates SET reference = 'D-1' WHERE id = 51003;
CALL pg_temp.attempt('UPDATE fc.course_dates SET status_id = 3 WHERE id = 51003');
\! test/mock.py --log

-- the API does not clear what it is told to
\! test/mock.py --set null_clears=no date_put_fields=all
UPDATE fc.course_dates SET reference = NULL WHERE id = 51003 RETURNING reference;
SELECT reference FROM fc.course_dates WHERE id = 51003;

-- customers are learned of apart
CALL pg_temp.new_account();
\! test/mock.py --reset rate=0 customer_put_omitted=reset
UPDATE fc.customers SET phone = '1' WHERE id = 40202;
UPDATE fc.customers SET phone = '2' WHERE id = 40204;
UPDATE fc.courses SET reference = 'none of that' WHERE id = 7301;
\! test/mock.py --log
-- a customer's type is reset, too, and cannot be sent: the first loss is told,
-- and no other row is written that would lose one
\! test/mock.py --change customers 40206 'type="Private"'
CALL pg_temp.attempt('UPDATE fc.customers SET phone = ''3'' WHERE id = 40203');
CALL pg_temp.attempt('UPDATE fc.customers SET phone = ''4'' WHERE id = 40206');
UPDATE fc.customers SET phone = '5' WHERE id = 40207;
SELECT id, phone, type FROM fc.customers WHERE id BETWEEN 40203 AND 40207 ORDER BY id;
\! test/mock.py --log
-- where it is declared that a PUT resets, none is sent for such a row
CALL pg_temp.new_account();
\! test/mock.py --reset rate=0 customer_put_omitted=reset
ALTER FOREIGN TABLE fc.customers OPTIONS (ADD omitted_fields 'reset');
CALL pg_temp.attempt('UPDATE fc.customers SET phone = ''6'' WHERE id = 40203');
UPDATE fc.customers SET phone = '7' WHERE id = 40204;
ALTER FOREIGN TABLE fc.customers OPTIONS (DROP omitted_fields);
\! test/mock.py --log
-- where other fields are reset, a type that has stayed is known to stay
CALL pg_temp.new_account();
\! test/mock.py --reset rate=0 customer_put_omitted=some
UPDATE fc.customers SET phone = '8' WHERE id = 40202;
UPDATE fc.customers SET note = '9' WHERE id = 40203;
UPDATE fc.customers SET note = '10' WHERE id = 40203;
SELECT id, type FROM fc.customers WHERE id = 40203;
\! test/mock.py --log

DROP VIEW stored;
ALTER SERVER frontcore OPTIONS (DROP limiter_key);

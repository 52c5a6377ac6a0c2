-- What users are told when something goes wrong: message, detail, hint and
-- context.  Which fault gives which SQLSTATE is tested by test/t/20_faults.pl.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
\set VERBOSITY verbose
\set SHOW_CONTEXT always
CREATE PROCEDURE pg_temp.show(statement text) LANGUAGE plpgsql AS $$
DECLARE detail text; hint text; context text;
BEGIN
    EXECUTE statement;
    RAISE INFO 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL,
        hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
    -- libcurl's words and times vary
    hint := replace(hint, format('"%s"', current_user), '"me"');
    detail := regexp_replace(detail, '127.0.0.1.* after \d+ ms: .*server', '127.0.0.1');
    RAISE INFO E'% %\n  %\n  %\n  %', sqlstate, sqlerrm, detail, hint,
        substring(context, '[^\n]*FrontCore[^\n]*');
END $$;
\set VERBOSITY terse
ALTER SERVER frontcore OPTIONS (ADD max_retries '1', ADD max_retry_wait '50ms');

-- the key
ALTER USER MAPPING FOR CURRENT_USER SERVER frontcore OPTIONS (SET api_key 'no-such-key');
CALL pg_temp.show('SELECT * FROM fc.courses');
\! test/mock.py --set error_status=200
CALL pg_temp.show('SELECT * FROM fc.courses WHERE id = 7301');
\! test/mock.py --set error_status=code
-- it is named whose it is, PUBLIC's too
CREATE SERVER open_to_all FOREIGN DATA WRAPPER frontcore_fdw;
SELECT format('http://127.0.0.1:%s/v2', :'port') AS base_url \gset
ALTER SERVER open_to_all OPTIONS (ADD base_url :'base_url');
CREATE USER MAPPING FOR PUBLIC SERVER open_to_all OPTIONS (api_key 'no-such-key');
CREATE FOREIGN TABLE open_courses (id bigint) SERVER open_to_all OPTIONS (resource 'courses');
CALL pg_temp.show('SELECT * FROM open_courses');
DROP SERVER open_to_all CASCADE;
ALTER USER MAPPING FOR CURRENT_USER SERVER frontcore OPTIONS (SET api_key 'forbidden-key');
CALL pg_temp.show('SELECT * FROM fc.courses');
ALTER USER MAPPING FOR CURRENT_USER SERVER frontcore OPTIONS (SET api_key 'test-key');

-- the path
\! test/mock.py --fault 'match=/customers status=404'
CALL pg_temp.show('SELECT count(*) FROM fc.customers');
\! test/mock.py --fault 'match=/customers status=404 body="<html>Not here</html>" type=text/html'
CALL pg_temp.show('SELECT count(*) FROM fc.customers WHERE id = 40201');
\! test/mock.py --fault 'match=/customers status=302 redirect=https://example.org/'
CALL pg_temp.show('SELECT count(*) FROM fc.customers');
\! test/mock.py --fault 'match=/customers status=405 header=Allow:POST'
CALL pg_temp.show('SELECT count(*) FROM fc.customers');

-- refusals and failures
\! test/mock.py --fault 'match=/customers status=422 body={\"error\":\"Not\\u0020today\"}'
CALL pg_temp.show('SELECT count(*) FROM fc.customers');
\! test/mock.py --fault 'match=/customers status=500'
CALL pg_temp.show('SELECT count(*) FROM fc.customers');
\! test/mock.py --fault 'match=/customers status=409 body={\"Key\":\"MsgPermissions\",\"Message\":\"Ask\"}'
CALL pg_temp.show('SELECT count(*) FROM fc.customers');
\! test/mock.py --fault 'match=/customers status=207'
CALL pg_temp.show('SELECT count(*) FROM fc.customers');
-- an error that holds what no text can hold is still told
\! test/mock.py --fault 'match=/customers status=422 body={\"error\":\"Not\\u0000today\\uD800\"}'
CALL pg_temp.show('SELECT count(*) FROM fc.customers');
-- what is masked in a message, since it is the key, still says what it means
ALTER USER MAPPING FOR CURRENT_USER SERVER frontcore OPTIONS (SET api_key 'found');
\! test/mock.py --fault 'match=/customers status=200 body="{\"error\":\"Customer not found\"}"'
SELECT id FROM fc.customers WHERE id = 40201;
\! test/mock.py --fault 'match=/customers status=422 body="{\"error\":\"found wanting\"}"'
CALL pg_temp.show('SELECT count(*) FROM fc.customers');
ALTER USER MAPPING FOR CURRENT_USER SERVER frontcore OPTIONS (SET api_key 'test-key');

-- waits that would be too long; a 429 blocks its account, so another one
ALTER SERVER frontcore OPTIONS (ADD limiter_key 'to be blocked');
\! test/mock.py --fault 'match=/customers status=429 retry_after=60'
CALL pg_temp.show('SELECT count(*) FROM fc.customers');
ALTER SERVER frontcore OPTIONS (SET limiter_key 'after the block');
\! test/mock.py --fault 'match=/customers status=503'
CALL pg_temp.show('SELECT count(*) FROM fc.customers');
\! test/mock.py --clear-faults

-- answers that are none
\! test/mock.py --fault 'match=/customers badjson'
CALL pg_temp.show('SELECT count(*) FROM fc.customers');
\! test/mock.py --fault 'match=/customers trailing'
CALL pg_temp.show('SELECT count(*) FROM fc.customers');
\! test/mock.py --fault 'match=/customers html'
CALL pg_temp.show('SELECT count(*) FROM fc.customers');
\! test/mock.py --fault 'match=/customers nest=2000'
CALL pg_temp.show('SELECT count(*) FROM fc.customers');
ALTER SERVER frontcore OPTIONS (ADD max_response_size '1MB');
\! test/mock.py --fault 'match=/customers bomb=20'
CALL pg_temp.show('SELECT count(*) FROM fc.customers');
ALTER SERVER frontcore OPTIONS (DROP max_response_size);

-- too many requests: the hint names what would help
CREATE FOREIGN TABLE one_by_one (id bigint) SERVER frontcore
    OPTIONS (resource 'course_dates', page_size '1');
SET frontcore_fdw.max_requests_per_query = 3;
CALL pg_temp.show('SELECT count(*) FROM one_by_one');
RESET frontcore_fdw.max_requests_per_query;
DROP FOREIGN TABLE one_by_one;

-- a long request is cut where a parameter ends, and its keys are counted
ALTER SERVER frontcore OPTIONS (ADD course_dates_source 'batch');
\! test/mock.py --fault 'match=/batch status=500 count=0'
CALL pg_temp.show('SELECT count(*) FROM fc.course_dates WHERE course_id = ANY(ARRAY(SELECT 7300 + g FROM generate_series(1, 60) AS g))');
\! test/mock.py --clear-faults
ALTER SERVER frontcore OPTIONS (DROP course_dates_source);

-- which column an error is about, for programs; a domain names itself
CREATE PROCEDURE pg_temp.show_column(statement text) LANGUAGE plpgsql AS $$
DECLARE schema_is text; table_is text; column_is text; domain_is text;
BEGIN
    EXECUTE statement;
    RAISE INFO 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS schema_is = SCHEMA_NAME, table_is = TABLE_NAME,
        column_is = COLUMN_NAME, domain_is = PG_DATATYPE_NAME;
    RAISE INFO '% %: %.%.%, %', sqlstate, sqlerrm, schema_is, table_is, column_is, domain_is;
END $$;
\! test/mock.py --change courses 7301 price.value='"dear"'
CALL pg_temp.show_column('SELECT price_value FROM fc.courses WHERE id = 7301');
CREATE DOMAIN cheap AS numeric CHECK (VALUE < 1);
CREATE FOREIGN TABLE fc.cheap_courses (id bigint, price_value cheap) SERVER frontcore OPTIONS (resource 'courses');
CALL pg_temp.show_column('SELECT price_value FROM fc.cheap_courses WHERE id = 7301');
CALL pg_temp.show_column('SELECT price_value FROM fc.cheap_courses WHERE id = 7302');
DROP FOREIGN TABLE fc.cheap_courses;
DROP DOMAIN cheap;
CALL pg_temp.show_column('UPDATE fc.courses SET id = 1 WHERE id = 7302');
CALL pg_temp.show_column($$INSERT INTO fc.courses (title, created_at) VALUES ('x', now())$$);
CALL pg_temp.show_column($$INSERT INTO fc.courses (is_active) VALUES (true)$$);
CALL pg_temp.show_column($$INSERT INTO fc.courses (title, custom_properties) VALUES ('x', '[1]')$$);
CALL pg_temp.show_column($$UPDATE fc.course_dates SET start_time_at = '10:00:01' WHERE id = 51001$$);
-- none, where no value is to blame; and a schema's new name
\! test/mock.py --fault 'match=/courses status=500'
CALL pg_temp.show_column('SELECT price_value FROM fc.courses WHERE id = 7301');
BEGIN;
ALTER SCHEMA fc RENAME TO fc_renamed;
CALL pg_temp.show_column('SELECT price_value FROM fc_renamed.courses WHERE id = 7301');
ROLLBACK;
CALL pg_temp.show_column('SELECT price_value FROM fc.courses WHERE id = 7301');

-- a host that does not answer
ALTER SERVER frontcore OPTIONS (SET base_url 'http://127.0.0.1:9/v2');
CALL pg_temp.show('SELECT count(*) FROM fc.customers');
SELECT format('http://127.0.0.1:%s/v2', :'port') AS base_url \gset
ALTER SERVER frontcore OPTIONS (SET base_url :'base_url', DROP limiter_key,
                                DROP max_retries, DROP max_retry_wait);

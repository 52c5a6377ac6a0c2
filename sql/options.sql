-- Options are checked when an object is created or altered; what they leave
-- open is checked when a table is first used.
\getenv port FRONTCORE_MOCK_PORT
SELECT format('http://127.0.0.1:%s/v2/', :'port') AS base_url \gset
CREATE SERVER options_server FOREIGN DATA WRAPPER frontcore_fdw;
CREATE FOREIGN TABLE options_table (id bigint)
    SERVER options_server OPTIONS (resource 'courses');
CREATE ROLE regress_options;
CREATE USER MAPPING FOR regress_options SERVER options_server;

-- how to set an option on each kind of object, and how to take it off again
CREATE TEMP TABLE places (place, prefix) AS VALUES
    ('server', 'ALTER SERVER options_server'),
    ('table', 'ALTER FOREIGN TABLE options_table'),
    ('column', 'ALTER FOREIGN TABLE options_table ALTER COLUMN id'),
    ('mapping', 'ALTER USER MAPPING FOR regress_options SERVER options_server'),
    ('wrapper', 'ALTER FOREIGN DATA WRAPPER frontcore_fdw');

CREATE FUNCTION pg_temp.outcome(command text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    message text;
    hint text;
BEGIN
    EXECUTE command;
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RETURN format(E'%s: %s\n%s', sqlstate, message, hint);
END $$;

CREATE FUNCTION pg_temp.set_option(place text, option text, value text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    command text := (SELECT prefix FROM places WHERE places.place = $1);
    result text := pg_temp.outcome(
        format('%s OPTIONS (ADD %I %L)', command, option, value));
BEGIN
    IF result = 'ok' THEN
        EXECUTE format('%s OPTIONS (DROP %I)', command, option);
    END IF;
    RETURN result;
END $$;

\pset format unaligned
\pset fieldsep ' | '

-- valid values
SELECT place, option, value, pg_temp.set_option(place, option, value)
  FROM (VALUES
    ('server', 'base_url', 'https://api.frontcore.com/v2'),
    ('server', 'base_url', 'https://api.example.com:8443/'),
    ('server', 'base_url', 'http://127.0.0.1:8080/v2'),
    ('server', 'base_url', 'http://127.255.1.2'),
    ('server', 'base_url', 'http://[::1]:8080/v2'),
    ('server', 'base_url', 'http://localhost/v2'),
    ('server', 'requests_per_second', '0'),
    ('server', 'requests_per_second', '0.1'),
    ('server', 'requests_per_second', '2.5'),
    ('server', 'requests_per_second', '1000'),
    ('server', 'requests_per_minute', '0'),
    ('server', 'requests_per_minute', '100000'),
    ('server', 'max_concurrent_requests', '4'),
    ('server', 'limiter_key', 'the account'),
    ('server', 'connect_timeout', '500ms'),
    ('server', 'connect_timeout', '0.5s'),
    ('server', 'request_timeout', '2min'),
    ('server', 'max_retries', '0'),
    ('server', 'max_retry_wait', '0'),
    ('server', 'max_response_size', '1kB'),
    ('server', 'max_response_size', '1000000'),
    ('server', 'ca_file', '/etc/ssl/certs/ca-certificates.crt'),
    ('server', 'proxy', 'http://proxy.example.com:3128'),
    ('mapping', 'proxy_user', 'anna'),
    ('server', 'user_agent', 'school sync/3.1 (it@school.example)'),
    ('server', 'timezone', 'Europe/Oslo'),
    ('server', 'naive_timezone', 'UTC'),
    ('server', 'course_dates_source', 'list'),
    ('server', 'cache', 'off'),
    ('server', 'updatable', 'false'),
    ('server', 'page_size', '250'),
    ('server', 'push_filters', 'off'),
    ('server', 'push_order', 'no'),
    ('server', 'fdw_startup_cost', '0'),
    ('server', 'fdw_request_cost', '1234.5'),
    ('table', 'cache', 'transaction'),
    ('table', 'updatable', 'true'),
    ('table', 'on_delete', 'deactivate'),
    ('table', 'page_size', '1'),
    ('table', 'push_filters', 'on'),
    ('table', 'push_order', 'yes'),
    ('table', 'fdw_startup_cost', '10'),
    ('table', 'fdw_request_cost', '0'),
    ('column', 'field', 'location.city'),
    ('column', 'field', 'custom_properties.a.b c'),
    ('column', 'field', 'custom_properties.' || repeat('æ', 44)),
    ('mapping', 'api_key', 'a_Visible+Key/1=')
  ) AS valid (place, option, value);

-- values that are refused
SELECT place, option, value, pg_temp.set_option(place, option, value)
  FROM (VALUES
    ('server', 'base_url', ''),
    ('server', 'base_url', 'api.frontcore.com/v2'),
    ('server', 'base_url', 'http://api.frontcore.com/v2'),
    ('server', 'base_url', 'http://127.0.0.1.example.com/'),
    ('server', 'base_url', 'file:///etc/passwd'),
    ('server', 'base_url', 'https://user:secret@api.frontcore.com/v2'),
    ('server', 'base_url', 'https://api.frontcore.com/v2?a=b'),
    ('server', 'base_url', 'https://api.frontcore.com/v2#a'),
    ('server', 'base_url', 'https:/api.frontcore.com/x://y'),
    ('server', 'base_url', 'https:///api.frontcore.com'),
    ('server', 'base_url', 'https:///%2541.frontcore.com'),
    ('server', 'requests_per_second', '0.09'),
    ('server', 'requests_per_second', '1001'),
    ('server', 'requests_per_second', '-1'),
    ('server', 'requests_per_second', 'NaN'),
    ('server', 'requests_per_second', 'five'),
    ('server', 'requests_per_minute', '100001'),
    ('server', 'requests_per_minute', '1.5'),
    ('server', 'max_concurrent_requests', '0'),
    ('server', 'limiter_key', ''),
    ('server', 'connect_timeout', '0'),
    ('server', 'connect_timeout', '10 parsecs'),
    ('server', 'request_timeout', '2d'),
    ('server', 'max_retries', '-1'),
    ('server', 'max_retry_wait', '-1s'),
    ('server', 'max_response_size', '1GB'),
    ('server', 'max_response_size', '5'),
    ('server', 'ca_file', ''),
    ('server', 'proxy', 'gopher://proxy.example.com'),
    ('server', 'user_agent', ''),
    ('server', 'user_agent', ' agent'),
    ('server', 'user_agent', 'kurs på norsk'),
    ('server', 'timezone', 'Europe/Atlantis'),
    ('server', 'naive_timezone', ''),
    ('server', 'course_dates_source', 'guess'),
    ('server', 'cache', 'on'),
    ('server', 'updatable', 'perhaps'),
    ('server', 'page_size', '251'),
    ('server', 'page_size', '0'),
    ('server', 'page_size', '0x10'),
    ('server', 'push_order', '2'),
    ('server', 'fdw_request_cost', '-1'),
    ('table', 'on_delete', 'cascade'),
    ('table', 'page_size', ''),
    ('column', 'field', ''),
    ('column', 'field', 'location..city'),
    ('column', 'field', 'city.'),
    ('column', 'field', 'custom_properties.'),
    ('column', 'field', 'custom_properties.' || repeat('æ', 45)),
    ('mapping', 'api_key', ''),
    ('mapping', 'api_key', 'two words'),
    ('mapping', 'api_key', 'nøkkel')
  ) AS invalid (place, option, value);
SELECT pg_temp.outcome(
    'ALTER FOREIGN TABLE options_table OPTIONS (SET resource ''rooms'')');

-- no value holds a control character, lest it end a header or a log line
SELECT option, pg_temp.set_option(place, option, value)
  FROM (VALUES
    ('mapping', 'api_key', E'key\r\nX-Evil: 1'),
    ('server', 'user_agent', E'agent\nX-Evil: 1'),
    ('server', 'base_url', E'https://api.frontcore.com/v2\t'),
    ('server', 'limiter_key', E'a\x7f'),
    ('column', 'field', E'custom_properties.a\nb')
  ) AS control (place, option, value);

-- what a proxy asks for is the user mapping's, and no message shows it
SELECT place, option, pg_temp.set_option(place, option, value)
  FROM (VALUES
    ('server', 'proxy_user', 'anna'),
    ('server', 'proxy_password', 'hush'),
    ('table', 'proxy_password', 'hush'),
    ('mapping', 'proxy_user', 'anna:hush'),
    ('mapping', 'proxy_user', ''),
    ('mapping', 'proxy_password', 'hush'),
    ('mapping', 'proxy_password', E'hush\nhush')
  ) AS t (place, option, value);
SELECT pg_temp.outcome($$ALTER USER MAPPING FOR regress_options SERVER options_server
    OPTIONS (ADD proxy_user 'anna', ADD proxy_password 'hush hush')$$);
SELECT pg_temp.outcome($$ALTER USER MAPPING FOR regress_options SERVER options_server
    OPTIONS (DROP proxy_user)$$);
SELECT pg_temp.outcome($$ALTER USER MAPPING FOR regress_options SERVER options_server
    OPTIONS (DROP proxy_user, DROP proxy_password)$$);

-- no URL has characters that libcurl might read in a way of its own, and a
-- proxy is a host and a port
SELECT option, left(value, 40) AS value, pg_temp.set_option('server', option, value)
  FROM (VALUES
    ('base_url', 'https://api.frontcore.com /v2'),
    ('base_url', 'https://api.frontcore.com\@127.0.0.1/v2'),
    ('base_url', 'https://api.frontcøre.com/v2'),
    ('base_url', 'https://api.frontcore.com/' || repeat('v', 2000)),
    ('proxy', 'http://proxy.example.com :3128'),
    ('proxy', 'proxy.example.com:3128'),
    ('proxy', 'http://%31.example.com:3128'),
    ('proxy', 'http://' || repeat('p', 2000)),
    ('proxy', 'http://user@proxy.example.com'),
    ('proxy', 'http://:secret@proxy.example.com'),
    ('proxy', 'http://proxy.example.com/path'),
    ('proxy', 'http://proxy.example.com?a=b'),
    ('proxy', 'http://proxy.example.com#a'),
    ('proxy', 'socks5h://127.0.0.1:1080')
  ) AS url (option, value);

-- options that do not exist, and options in the wrong place
SELECT place, option, pg_temp.set_option(place, option, '1')
  FROM places,
       (VALUES ('no_such_option'), ('api_key'), ('base_url'), ('resource'),
               ('page_size'), ('field'), ('import_raw')) AS options (option)
 WHERE (place, option) NOT IN (('mapping', 'api_key'), ('server', 'base_url'),
       ('server', 'page_size'), ('table', 'resource'), ('table', 'page_size'),
       ('column', 'field'))
 ORDER BY option, place;
SELECT pg_temp.outcome(
    'CREATE USER MAPPING FOR PUBLIC SERVER options_server OPTIONS (user ''u'')');
\pset format aligned

-- a key is asked for when it is needed, with the statement that sets it
ALTER SERVER options_server
    OPTIONS (base_url :'base_url', requests_per_second '0');
GRANT SELECT ON options_table TO regress_options;
SET ROLE regress_options;
SELECT count(*) FROM options_table;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
DROP USER MAPPING FOR regress_options SERVER options_server;
SET ROLE regress_options;
SELECT count(*) FROM options_table;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
CREATE USER MAPPING FOR PUBLIC SERVER options_server;
SET ROLE regress_options;
SELECT count(*) FROM options_table;
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
ALTER USER MAPPING FOR PUBLIC SERVER options_server
    OPTIONS (api_key 'test-key');
SET ROLE regress_options;
SELECT count(*) > 0 FROM options_table;
RESET ROLE;

-- a hand-written table has columns of the user's own choosing
CREATE FOREIGN TABLE chosen (
    id bigint,
    course bigint OPTIONS (field 'course_id'),
    starts date OPTIONS (field 'start_at'),
    free text OPTIONS (field 'seats.free.num'),
    twice integer GENERATED ALWAYS AS (2) STORED
) SERVER options_server OPTIONS (resource 'course_dates');
SELECT c.id = d.id, c.course = d.course_id, c.starts = d.start_at,
       c.free::integer = d.seats_free
  FROM chosen c JOIN fc.course_dates d USING (id) ORDER BY id LIMIT 1;

-- what a name stands for is looked up at first use
ALTER FOREIGN TABLE chosen ADD COLUMN unknown text OPTIONS (field 'no_such_member');
SELECT id FROM chosen;
\echo :LAST_ERROR_SQLSTATE
ALTER FOREIGN TABLE chosen ALTER unknown OPTIONS (SET field 'location.name');
EXPLAIN (COSTS OFF) SELECT id FROM chosen;
CREATE FOREIGN TABLE courses (id bigint, titel text) SERVER options_server;
EXPLAIN (COSTS OFF) SELECT id FROM courses;
\echo :LAST_ERROR_SQLSTATE
ALTER FOREIGN TABLE courses RENAME titel TO title;
EXPLAIN (COSTS OFF) SELECT id FROM courses;
ALTER FOREIGN TABLE courses RENAME TO kurs;
EXPLAIN (COSTS OFF) SELECT id FROM kurs;
\echo :LAST_ERROR_SQLSTATE
ALTER FOREIGN TABLE kurs OPTIONS (resource 'customers', on_delete 'deactivate');
EXPLAIN (COSTS OFF) SELECT id FROM kurs;
\echo :LAST_ERROR_SQLSTATE

-- what is remembered of options ends with their change, also in the middle of
-- a transaction and when that is undone; an open cursor goes on with the old
\! test/mock.py --reset rate=0
CREATE FOREIGN TABLE sized (id bigint) SERVER options_server
    OPTIONS (resource 'courses', page_size '5');
SELECT count(*) FROM sized;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM sized;
FETCH 1 FROM c;
ALTER SERVER options_server OPTIONS (fdw_request_cost '1', push_order 'false');
FETCH 5 FROM c;
EXPLAIN (COSTS OFF) SELECT id FROM sized;
MOVE ALL FROM c;
CLOSE c;
ALTER FOREIGN TABLE sized OPTIONS (SET page_size '3');
EXPLAIN (COSTS OFF) SELECT id FROM sized;
SAVEPOINT s;
ALTER FOREIGN TABLE sized ALTER COLUMN id OPTIONS (field 'level.id');
EXPLAIN (COSTS OFF) SELECT id FROM sized WHERE id = 7301;
ROLLBACK TO s;
EXPLAIN (COSTS OFF) SELECT id FROM sized WHERE id = 7301;
ROLLBACK;
EXPLAIN (COSTS OFF) SELECT id FROM sized;

-- the table's option goes before the server's
ALTER SERVER options_server OPTIONS (updatable 'false');
DELETE FROM options_table WHERE id = 0;
\echo :LAST_ERROR_SQLSTATE
ALTER FOREIGN TABLE options_table OPTIONS (updatable 'true');
EXPLAIN (COSTS OFF) DELETE FROM options_table WHERE id = 7301;

\set VERBOSITY terse
DROP SERVER options_server CASCADE;
DROP ROLE regress_options;

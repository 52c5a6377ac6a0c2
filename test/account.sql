-- A server and its tables, in a schema of the server's name, and an account of
-- which nothing is known.  A test says \set name SERVER before \i this file.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
SELECT format('http://127.0.0.1:%s/v2', :'port') AS base_url \gset
CREATE SERVER :"name" FOREIGN DATA WRAPPER frontcore_fdw
    OPTIONS (base_url :'base_url', requests_per_second '0', limiter_key :'name');
CREATE USER MAPPING FOR CURRENT_USER SERVER :"name" OPTIONS (api_key 'test-key');
CREATE SCHEMA :"name";
IMPORT FOREIGN SCHEMA frontcore FROM SERVER :"name" INTO :"name";
SET search_path = :"name", public;
SELECT frontcore_stat_reset();
\set VERBOSITY terse

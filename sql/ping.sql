-- frontcore_ping: one request, and a row whatever comes of it.
\set SHOW_CONTEXT never
\set name ping
\i test/account.sql
CREATE FUNCTION ping() RETURNS TABLE (status int, took boolean, waited boolean, key_accepted boolean, message text)
LANGUAGE sql AS $$
    SELECT status, http_ms >= 0, wait_ms > 100, key_accepted,
           regexp_replace(message, ':[0-9]+| port [0-9]+|after [0-9]+ ms|: Could( not|n.t) connect to server', '...', 'g')
      FROM public.frontcore_ping('ping')
$$;
\pset format unaligned

-- all is well
SELECT * FROM ping();
\! test/mock.py --log

-- the key, whatever the status; permission
\! test/mock.py --set error_status=200
ALTER USER MAPPING FOR CURRENT_USER SERVER ping OPTIONS (SET api_key 'wrong-key');
SELECT * FROM ping();
\! test/mock.py --set error_status=code
SELECT * FROM ping();
ALTER USER MAPPING FOR CURRENT_USER SERVER ping OPTIONS (SET api_key 'forbidden-key');
SELECT * FROM ping();
ALTER USER MAPPING FOR CURRENT_USER SERVER ping OPTIONS (SET api_key 'test-key');
\! test/mock.py --log --quiet

-- one request only, though it could be repeated
\! test/mock.py --fault 'status=503'
SELECT * FROM ping();
\! test/mock.py --fault 'status=429 retry_after=1'
SELECT * FROM ping();
\! test/mock.py --log --quiet
-- it waits for its turn, and says so
SELECT * FROM ping();
\! test/mock.py --log --quiet
-- ... as the views do
SELECT wait_ms > 100 AS waited, http_ms > 0 AS took, retries FROM frontcore_stat WHERE server = 'ping';
SELECT wait_ms > 100 AS waited, http_ms > 0 AS took FROM frontcore_requests WHERE server = 'ping' LIMIT 1;

-- what answers is not the API, or is ill
\! test/mock.py --fault 'html'
SELECT * FROM ping();
\! test/mock.py --fault 'status=404 html'
SELECT * FROM ping();
\! test/mock.py --fault 'status=500'
SELECT * FROM ping();
\! test/mock.py --fault 'reset count=2'
SELECT * FROM ping();
\! test/mock.py --log --quiet

-- nobody answers, or not in TLS
\set nobody `test/mock.py --free-port`
SELECT format('http://127.0.0.1:%s/v2', :'nobody') AS nobody, format('https://127.0.0.1:%s/v2', :'port') AS tls \gset
ALTER SERVER ping OPTIONS (SET base_url :'nobody');
SELECT * FROM ping();
ALTER SERVER ping OPTIONS (SET base_url :'tls');
SELECT status, key_accepted, message LIKE 'nobody answers at https://127.0.0.1%' AS message FROM ping();
ALTER SERVER ping OPTIONS (SET base_url :'base_url');

-- the view of requests has them, too
SELECT method, path, status, sqlstate FROM frontcore_requests WHERE server = 'ping' LIMIT 3;

-- whose key it is, and who may ask with that of PUBLIC
CREATE ROLE regress_ping;
SET ROLE regress_ping;
SELECT message FROM public.frontcore_ping('ping');
RESET ROLE;
CREATE USER MAPPING FOR PUBLIC SERVER ping OPTIONS (api_key 'test-key');
SET ROLE regress_ping;
SELECT key_accepted FROM public.frontcore_ping('ping');
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER ping TO regress_ping;
SET ROLE regress_ping;
SELECT key_accepted FROM public.frontcore_ping('ping');
RESET ROLE;
REVOKE USAGE ON FOREIGN SERVER ping FROM regress_ping;
CREATE USER MAPPING FOR regress_ping SERVER ping OPTIONS (api_key 'test-key-2');
SET ROLE regress_ping;
SELECT key_accepted FROM public.frontcore_ping('ping');
RESET ROLE;
\! test/mock.py --log --quiet

-- servers that are not there, or not ours; no server at all; no writing
SELECT frontcore_ping('nowhere');
CREATE FOREIGN DATA WRAPPER regress_ping;
CREATE SERVER regress_ping FOREIGN DATA WRAPPER regress_ping;
SELECT frontcore_ping('regress_ping');
SELECT frontcore_ping(NULL) IS NULL AS null;
SET default_transaction_read_only = on;
SELECT key_accepted FROM ping();
RESET default_transaction_read_only;
\! test/mock.py --log --quiet

-- milliseconds are shown with three decimals at most, in every view
SELECT place, bool_and(milliseconds::text !~ '[.]\d{4}') AS short
  FROM (SELECT 'ping' AS place, unnest(ARRAY[http_ms, wait_ms]) AS milliseconds FROM public.frontcore_ping('ping')
        UNION ALL SELECT 'limiter', wait_ms FROM public.frontcore_limiter
        UNION ALL SELECT 'requests', unnest(ARRAY[http_ms, wait_ms]) FROM public.frontcore_requests
        UNION ALL SELECT 'stat', unnest(ARRAY[http_ms, wait_ms]) FROM public.frontcore_stat) AS shown
 GROUP BY place ORDER BY place;

\pset format aligned
SET client_min_messages = warning;
DROP FOREIGN DATA WRAPPER regress_ping CASCADE;
DROP SERVER ping CASCADE;
DROP OWNED BY regress_ping;
DROP ROLE regress_ping;
DROP SCHEMA ping CASCADE;

-- What the other tests use: a server at the mock API, without our own limit
-- of requests, and its tables in the schema fc.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
SELECT format('http://127.0.0.1:%s/v2', :'port') AS base_url \gset
CREATE EXTENSION frontcore_fdw;
CREATE SERVER frontcore FOREIGN DATA WRAPPER frontcore_fdw
    OPTIONS (base_url :'base_url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER frontcore
    OPTIONS (api_key 'test-key');
CREATE SCHEMA fc;
IMPORT FOREIGN SCHEMA frontcore FROM SERVER frontcore INTO fc;

-- A plan.  PostgreSQL's releases differ in which side of a join's condition
-- comes first, and in the decimals of what was counted.
CREATE FUNCTION explain(statement text, options text DEFAULT 'COSTS OFF') RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    line text;
    sides text[];
BEGIN
    FOR line IN EXECUTE format('EXPLAIN (%s) %s', options, statement) LOOP
        sides := regexp_match(line, '^ *Filter: \(+([^ ()0-9][^ ()]*) = ([^ ()0-9][^ ()]*)\)');
        IF sides[1] COLLATE "C" > sides[2] THEN
            line := replace(line, format('(%s = %s)', sides[1], sides[2]), format('(%s = %s)', sides[2], sides[1]));
        END IF;
        RETURN NEXT regexp_replace(line, '(actual rows=[0-9]+)[.]00 ', '\1 ');
    END LOOP;
END
$$;

-- forget what a run before this one has learned of the mock
SELECT frontcore_stat_reset();

-- all of it cost no request
\! test/mock.py --log

-- what the extension consists of
SELECT array_to_string(array_agg(object ORDER BY object COLLATE "C"), E'\n')
  FROM pg_depend, pg_describe_object(classid, objid, 0) AS object
 WHERE refobjid = (SELECT oid FROM pg_extension WHERE extname = 'frontcore_fdw')
   AND deptype = 'e' AND classid <> 'pg_type'::regclass;

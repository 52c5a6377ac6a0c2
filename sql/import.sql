-- IMPORT FOREIGN SCHEMA prints the catalog.
\! test/mock.py --reset rate=0

-- the columns of each resource, none of them NOT NULL
\d fc.*

-- LIMIT TO, EXCEPT, and names that have to be quoted
CREATE SERVER "an other's ""server""" FOREIGN DATA WRAPPER frontcore_fdw;
CREATE SCHEMA import_test;
CREATE SCHEMA import_raw;
IMPORT FOREIGN SCHEMA frontcore LIMIT TO (customers)
    FROM SERVER "an other's ""server""" INTO import_test;
\det import_test.*
IMPORT FOREIGN SCHEMA frontcore EXCEPT (customers, no_such_table)
    FROM SERVER "an other's ""server""" INTO import_test;
\det import_test.*
-- a name in LIMIT TO that is no table is refused, and nothing is imported
IMPORT FOREIGN SCHEMA frontcore LIMIT TO (courses, course_datez)
    FROM SERVER frontcore INTO import_raw;
\echo :LAST_ERROR_SQLSTATE
\det import_raw.*

-- the raw object is imported only when asked for
IMPORT FOREIGN SCHEMA frontcore FROM SERVER frontcore INTO import_raw
    OPTIONS (import_raw 'true');
SELECT table_name, column_name, data_type
  FROM information_schema.columns
 WHERE table_schema IN ('fc', 'import_raw')
 GROUP BY 1, 2, 3 HAVING count(*) = 1 ORDER BY 1;
DROP FOREIGN TABLE import_raw.customers;
IMPORT FOREIGN SCHEMA frontcore LIMIT TO (customers)
    FROM SERVER frontcore INTO import_raw OPTIONS (import_raw 'off');
SELECT count(*) FROM information_schema.columns
 WHERE table_schema = 'import_raw' AND table_name = 'customers'
   AND column_name = 'raw';

-- what is not offered is refused
IMPORT FOREIGN SCHEMA public FROM SERVER frontcore INTO import_test;
\echo :LAST_ERROR_SQLSTATE
IMPORT FOREIGN SCHEMA frontcore FROM SERVER frontcore INTO import_test
    OPTIONS (import_raw 'perhaps');
\echo :LAST_ERROR_SQLSTATE
IMPORT FOREIGN SCHEMA frontcore FROM SERVER frontcore INTO import_test
    OPTIONS (import_not_null 'true');
\echo :LAST_ERROR_SQLSTATE
IMPORT FOREIGN SCHEMA frontcore FROM SERVER frontcore INTO import_test
    OPTIONS (page_size '7');
\echo :LAST_ERROR_SQLSTATE

-- an import needs no user mapping, and sends no request
\! test/mock.py --log
\set VERBOSITY terse
DROP SCHEMA import_test, import_raw CASCADE;
DROP SERVER "an other's ""server""";

-- What ordinary SQL costs, in requests, where nobody has run ANALYZE, begun a
-- transaction or rewritten the query for it.  The account has 612 courses,
-- 3028 dates and 823 customers: 3, 13 and 4 pages of 250.
\set name economy
\i test/account.sql
SET datestyle = 'ISO';
SET timezone = 'Europe/Oslo';
SET client_min_messages = warning;

-- the list of all dates has neither times of change nor instructors
\! test/mock.py --reset rate=0 data=demo
SELECT frontcore_stat_reset();
\i test/economy.sql

-- the list of all dates has all columns
\! test/mock.py --reset rate=0 data=demo list_timestamps=present include_instructors=flat
SELECT frontcore_stat_reset();
\i test/economy.sql

SET search_path = public;
DROP SCHEMA economy CASCADE;
DROP SERVER economy CASCADE;

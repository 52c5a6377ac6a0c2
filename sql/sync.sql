-- A local copy that one command keeps up to date: its rows are those of the
-- foreign table, its requests those of a reading, then those of what changed.
\set name copies
\i test/account.sql
CREATE SCHEMA dw;

-- the first run makes the target and reads the list whole; the second one asks
-- for what was changed and for what was created since
CALL frontcore_sync('copies.customers', 'dw.customers');
\! test/mock.py --log
SELECT indexdef FROM pg_indexes WHERE schemaname = 'dw';
SET client_min_messages = warning;
CALL frontcore_sync('copies.customers', 'dw.customers');
RESET client_min_messages;
\! test/mock.py --log --quiet
TABLE copies.customers EXCEPT TABLE dw.customers;
SELECT source, target, status, inserted, updated, deleted, requests, last_error,
       mark < started_at - interval '9 min' AS has_mark, finished_at >= started_at AS has_finished
FROM frontcore_sync_state;
\! test/mock.py --log --quiet

-- only what differs is written: no trigger fires for what is as it was
CREATE FUNCTION dw.tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% of %', tg_op, coalesce(NEW.id, OLD.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON dw.customers FOR EACH ROW EXECUTE FUNCTION dw.tell();
UPDATE dw.customers SET note = 'mine' WHERE id = 40202;
DELETE FROM dw.customers WHERE id = 40203;
INSERT INTO dw.customers (id, title) VALUES (1, 'not upstream');
CALL frontcore_sync('copies.customers', 'dw.customers', reconcile => true);
\! test/mock.py --log
(TABLE copies.customers EXCEPT TABLE dw.customers) UNION ALL (TABLE dw.customers EXCEPT TABLE copies.customers);
\! test/mock.py --log --quiet

-- rows that are gone stay where that is asked for
INSERT INTO dw.customers (id, title) VALUES (2, 'kept');
CALL frontcore_sync('copies.customers', 'dw.customers', reconcile => true, missing => 'keep');
SELECT id FROM dw.customers WHERE id < 10;

-- too many of them are not believed
DROP TRIGGER tell ON dw.customers;
INSERT INTO dw.customers (id, title) SELECT 100 + g, 'gone' FROM generate_series(1, 30) AS g;
CALL frontcore_sync('copies.customers', 'dw.customers', reconcile => true);
SELECT status, last_error FROM frontcore_sync_state;
SET client_min_messages = warning;
CALL frontcore_sync('copies.customers', 'dw.customers', reconcile => true, force => true);
CALL frontcore_sync('copies.customers', 'dw.customers', reconcile => true, force => true);
RESET client_min_messages;
SELECT count(*) FROM dw.customers WHERE id < 1000;
SELECT status, last_error FROM frontcore_sync_state;
\! test/mock.py --log --quiet

-- an error leaves the copy as it was, and the state says why
\! test/mock.py --fault 'match=/customers status=422 count=0'
CALL frontcore_sync('copies.customers', 'dw.customers', reconcile => true);
\! test/mock.py --clear-faults
SELECT status, last_error FROM frontcore_sync_state;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory';
CALL frontcore_sync('copies.customers', 'dw.customers');
SELECT status, last_error FROM frontcore_sync_state;
\! test/mock.py --log --quiet

-- what is refused, before anything is sent
BEGIN;
CALL frontcore_sync('copies.customers', 'dw.customers');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
CALL frontcore_sync('copies.customers', 'dw.customers', missing => 'maybe');
\echo :LAST_ERROR_SQLSTATE
CALL frontcore_sync('copies.customers', 'copies.customers');
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --log

-- all tables of a schema; types of the target's own, and columns that it lacks
CREATE TABLE dw.courses (id integer PRIMARY KEY, title varchar(200), reference text, seen date DEFAULT '2027-01-01');
SET client_min_messages = warning;
CALL frontcore_sync_schema('copies', 'dw');
RESET client_min_messages;
SELECT target, status, inserted FROM frontcore_sync_state ORDER BY target::text;
SELECT count(*), min(title), min(seen) FROM dw.courses;
\! test/mock.py --log --quiet

-- the state is for those who may read the target, and nobody writes it
CREATE ROLE regress_frontcore_reader;
GRANT USAGE ON SCHEMA dw TO regress_frontcore_reader;
SET ROLE regress_frontcore_reader;
SELECT count(*) FROM frontcore_sync_state;
SELECT frontcore_sync_recall('dw.customers');
SELECT frontcore_sync_lock('dw.customers');
RESET ROLE;
REVOKE ALL ON SCHEMA dw FROM regress_frontcore_reader;
DROP ROLE regress_frontcore_reader;
DROP TABLE dw.courses, dw.course_dates, dw.customers CASCADE;
SELECT count(*) FROM frontcore_sync_state;

-- 3028 dates: the first run, two more, one after a change, and a reconcile; the
-- list of all dates has all columns but the instructors, which no route has; or
-- it also lacks the times of change, so that batches are read
SET client_min_messages = warning;
\! test/mock.py --reset rate=0 data=demo today=2026-06-15 list_timestamps=present
\i test/sync.sql
\! test/mock.py --reset rate=0 data=demo today=2026-06-15
\i test/sync.sql

-- what moves no time is found by a full reading, at least every so many runs
\! test/mock.py --reset rate=0 today=2026-06-15
SELECT frontcore_stat_reset(), frontcore_shared_cache_reset();
CALL frontcore_sync('copies.customers', 'dw.customers');
\! test/mock.py --change customers 40202 'note="moved nothing"'
SELECT 'CALL frontcore_sync(''copies.customers'', ''dw.customers'', full_every => 3)' FROM generate_series(1, 2) \gexec
SELECT note FROM dw.customers WHERE id = 40202;
CALL frontcore_sync('copies.customers', 'dw.customers', full_every => 3);
SELECT note FROM dw.customers WHERE id = 40202;
CALL frontcore_sync('copies.customers', 'dw.customers', full_every => 0);
-- of persons every 24, without being told
IMPORT FOREIGN SCHEMA frontcore LIMIT TO (participants) FROM SERVER copies INTO copies;
CALL frontcore_sync('copies.participants', 'dw.participants');
SELECT min(id) AS person FROM dw.participants \gset
\setenv person :person
\! test/mock.py --change participants $person 'booker_name="Erased"'
\set ECHO none
SELECT 'CALL frontcore_sync(''copies.participants'', ''dw.participants'')' FROM generate_series(1, 23) \gexec
\set ECHO all
SELECT booker_name = 'Erased' AS is_erased FROM dw.participants WHERE id = :person;
CALL frontcore_sync('copies.participants', 'dw.participants');
SELECT booker_name = 'Erased' AS is_erased FROM dw.participants WHERE id = :person;

-- a column that is new upstream is no error; one that no answer holds is left
-- alone in the target
\! test/mock.py --change customers 40203 'loyalty="gold"' 'note="changed"' "updated_at=\"$(date -u +%FT%TZ)\""
CALL frontcore_sync('copies.customers', 'dw.customers');
SELECT note FROM dw.customers WHERE id = 40203;
CALL frontcore_sync('copies.course_dates', 'dw.course_dates');
UPDATE dw.course_dates SET instructors = '[1]', reference = 'mine';
CALL frontcore_sync('copies.course_dates', 'dw.course_dates', reconcile => true);
SELECT count(*), count(*) FILTER (WHERE instructors = '[1]') AS untouched, count(*) FILTER (WHERE reference = 'mine') AS touched FROM dw.course_dates;
SET client_min_messages = warning;
DROP SCHEMA dw CASCADE;

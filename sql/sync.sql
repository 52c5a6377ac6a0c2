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
-- a target with row security is written within its policies
CREATE TABLE dw.guarded (LIKE copies.customers, PRIMARY KEY (id));
ALTER TABLE dw.guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON dw.guarded USING (id < 40205);
INSERT INTO dw.guarded (id, title) VALUES (1, 'seen'), (50000, 'hidden');
GRANT SELECT, INSERT, UPDATE, DELETE ON dw.guarded TO regress_frontcore_reader;
GRANT SELECT ON copies.customers TO regress_frontcore_reader;
GRANT USAGE ON SCHEMA copies TO regress_frontcore_reader;
CREATE USER MAPPING FOR regress_frontcore_reader SERVER copies OPTIONS (api_key 'test-key');
SET ROLE regress_frontcore_reader;
CALL frontcore_sync('copies.customers', 'dw.guarded');
SELECT status, last_error FROM frontcore_sync_state;
RESET ROLE;
SELECT id, title FROM dw.guarded ORDER BY id;
ALTER POLICY few ON dw.guarded USING (id < 50000);
SET ROLE regress_frontcore_reader;
SET client_min_messages = warning;
CALL frontcore_sync('copies.customers', 'dw.guarded');
RESET client_min_messages;
SELECT status, last_error FROM frontcore_sync_state;
RESET ROLE;
SELECT count(*), min(id), max(id) FROM dw.guarded;
DROP TABLE dw.guarded;
DROP USER MAPPING FOR regress_frontcore_reader SERVER copies;
REVOKE ALL ON SCHEMA dw, copies FROM regress_frontcore_reader;
REVOKE ALL ON copies.customers FROM regress_frontcore_reader;
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

-- a step has at most 20 pages, also of a server that sends 100 rows a page at
-- most: so many rows were written by each of the transactions
\! test/mock.py --reset rate=0 data=demo today=2026-06-15 list_timestamps=present page_clamp=100
SELECT frontcore_stat_reset();
CALL frontcore_sync('copies.course_dates', 'dw.course_dates');
SELECT count(*) FROM dw.course_dates GROUP BY xmin::text ORDER BY min(id);
UPDATE dw.course_dates SET title = 'to be written again';
CALL frontcore_sync('copies.course_dates', 'dw.course_dates', reconcile => true);
SELECT count(*) FROM dw.course_dates GROUP BY xmin::text ORDER BY min(id);
DROP TABLE dw.course_dates;
\! test/mock.py --log --quiet

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

-- names of all kinds: columns of other names than the API's, in another order,
-- with a dropped one; what the second run finds, and the third one deletes
CREATE SCHEMA "d""w";
CREATE FOREIGN TABLE copies."My %s ""Customers""" ("Ti%tle" text OPTIONS (field 'title'), gone text OPTIONS (field 'fax'),
    "The ""Id""" bigint OPTIONS (field 'id'), "Updated At" timestamptz OPTIONS (field 'updated_at'), "select" text OPTIONS (field 'note'))
    SERVER copies OPTIONS (resource 'customers');
ALTER FOREIGN TABLE copies."My %s ""Customers""" DROP COLUMN gone;
CALL frontcore_sync('copies."My %s ""Customers"""', '"d""w"."My % Copy"');
\! test/mock.py --change customers 40204 'note="by any name"' "updated_at=\"$(date -u +%FT%TZ)\""
CALL frontcore_sync('copies."My %s ""Customers"""', '"d""w"."My % Copy"');
SELECT "Ti%tle", "select" FROM "d""w"."My % Copy" WHERE "The ""Id""" = 40204;
\! test/mock.py --remove customers 40205
CALL frontcore_sync('copies."My %s ""Customers"""', '"d""w"."My % Copy"', reconcile => true);
SELECT inserted, updated, deleted FROM frontcore_sync_state WHERE target = '"d""w"."My % Copy"'::regclass;
(SELECT * FROM copies."My %s ""Customers""" EXCEPT TABLE "d""w"."My % Copy") UNION ALL (TABLE "d""w"."My % Copy" EXCEPT TABLE copies."My %s ""Customers""");
DROP SCHEMA "d""w" CASCADE;

-- targets of all kinds: ids that are an identity or a text, generated columns,
-- partitions, triggers that change or drop a row, other types
CREATE TABLE dw.identity (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text,
    upper_title text GENERATED ALWAYS AS (upper(title)) STORED);
CREATE TABLE dw.generated (id bigint PRIMARY KEY, note text, title text GENERATED ALWAYS AS (upper(note)) STORED);
CREATE TABLE dw.partitioned (id bigint PRIMARY KEY, title text) PARTITION BY RANGE (id);
CREATE TABLE dw.partition PARTITION OF dw.partitioned FOR VALUES FROM (40000) TO (40205);
CREATE TABLE dw.default_partition PARTITION OF dw.partitioned DEFAULT;
CREATE TABLE dw.texts (id text PRIMARY KEY, title char(40), created_at date, updated_at text, turnover integer, custom_properties json);
CREATE TABLE dw.triggered (id bigint PRIMARY KEY, title text, writes integer DEFAULT 0);
CREATE FUNCTION dw.change_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id = 40204 THEN
        RETURN NULL;
    END IF;
    NEW.title := upper(NEW.title);
    NEW.writes := NEW.writes + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER change_row BEFORE INSERT OR UPDATE ON dw.triggered FOR EACH ROW EXECUTE FUNCTION dw.change_row();
SELECT format('CALL frontcore_sync(''copies.customers'', ''dw.%s'')', name)
FROM unnest('{identity,generated,partitioned,texts,triggered}'::text[]) AS name \gexec
-- each has a row changed, one that is lost and one too many
UPDATE dw.identity SET title = 'mine' WHERE id = 40201;
UPDATE dw.generated SET note = 'mine' WHERE id = 40201;
UPDATE dw.partitioned SET title = 'mine' WHERE id = 40201;
UPDATE dw.texts SET title = 'mine' WHERE id = '40201';
DELETE FROM dw.identity WHERE id = 40202;
DELETE FROM dw.generated WHERE id = 40202;
DELETE FROM dw.partitioned WHERE id = 40202;
DELETE FROM dw.texts WHERE id = '40202';
INSERT INTO dw.identity OVERRIDING SYSTEM VALUE VALUES (7);
INSERT INTO dw.generated VALUES (7);
INSERT INTO dw.partitioned VALUES (7);
INSERT INTO dw.texts VALUES ('7');
SELECT format('CALL frontcore_sync(''copies.customers'', ''dw.%s'', reconcile => true)', name)
FROM unnest('{identity,generated,partitioned,texts,triggered}'::text[]) AS name \gexec
SELECT target, inserted, updated, deleted FROM frontcore_sync_state
WHERE target IN ('dw.identity'::regclass, 'dw.generated'::regclass, 'dw.partitioned'::regclass, 'dw.texts'::regclass, 'dw.triggered'::regclass) ORDER BY target::text;
SELECT * FROM dw.identity ORDER BY id LIMIT 2;
SELECT * FROM dw.generated ORDER BY id LIMIT 2;
SELECT tableoid::regclass, count(*) FROM dw.partitioned GROUP BY 1 ORDER BY 1;
SELECT * FROM dw.texts ORDER BY id LIMIT 2;
SELECT count(*), max(writes), min(title) FROM dw.triggered;

-- two targets of a source whose answers are shared, and whose pages are small:
-- each run asks anew, and has a state of its own
ALTER FOREIGN TABLE copies.customers OPTIONS (ADD cache 'shared', ADD page_size '5');
\! test/mock.py --log > /dev/null
SELECT count(*) FROM copies.customers;
\! test/mock.py --change customers 40201 'note="shared"' "updated_at=\"$(date -u +%FT%TZ)\""
CALL frontcore_sync('copies.customers', 'dw.first');
CALL frontcore_sync('copies.customers', 'dw.second');
CALL frontcore_sync('copies.customers', 'dw.second');
\! test/mock.py --log | sed 's/_min=[^&]*/_min=.../'
SELECT f.note, s.note FROM dw.first AS f JOIN dw.second AS s USING (id) WHERE id = 40201;
SELECT target, status, inserted FROM frontcore_sync_state WHERE target IN ('dw.first'::regclass, 'dw.second'::regclass) ORDER BY 1;

-- the first run says where changes are not found by later ones: of a table
-- without a time of change, or of one without any
CREATE FOREIGN TABLE copies.created (id bigint, title text, created_at timestamptz) SERVER copies OPTIONS (resource 'customers');
RESET client_min_messages;
CALL frontcore_sync('copies.created', 'dw.created');
CALL frontcore_sync('copies.locations', 'dw.places');
\! test/mock.py --change customers 40201 'title="changed"' "updated_at=\"$(date -u +%FT%TZ)\""
\! test/mock.py --add customers 'title="created"' "created_at=\"$(date -u +%FT%TZ)\"" > /dev/null
\! test/mock.py --change locations 801 'title="changed"'
\! test/mock.py --log > /dev/null
CALL frontcore_sync('copies.created', 'dw.created');
CALL frontcore_sync('copies.locations', 'dw.places');
SET client_min_messages = warning;
\! test/mock.py --log | sed 's/_min=[^&]*/_min=.../'
SELECT title FROM dw.created WHERE id = 40201 OR title = 'created' ORDER BY id;
SELECT title FROM dw.places WHERE id = 801;

-- no rows upstream: the run is complete, and the next one reads the list again,
-- as a target without rows is filled anew
\! test/mock.py --reset rate=0 today=2026-06-15 courses=0 dates=0 customers=0
SELECT frontcore_stat_reset(), frontcore_shared_cache_reset();
CALL frontcore_sync('copies.courses', 'dw.none');
CALL frontcore_sync('copies.courses', 'dw.none');
SELECT status, inserted, mark IS NOT NULL AS has_mark FROM frontcore_sync_state WHERE target = 'dw.none'::regclass;
\! test/mock.py --log
CALL frontcore_sync('copies.customers', 'dw.second', reconcile => true);
SELECT status, last_error FROM frontcore_sync_state WHERE target = 'dw.second'::regclass;

-- what is no source and no target
CREATE VIEW dw.view AS SELECT id, title FROM copies.courses;
CREATE MATERIALIZED VIEW dw.materialized AS SELECT 1::bigint AS id;
CREATE TABLE dw.no_key (id bigint, title text);
CREATE TABLE dw.partial_key (id bigint, title text);
CREATE UNIQUE INDEX ON dw.partial_key (id) WHERE id > 0;
CREATE TABLE dw.deferred_key (id bigint PRIMARY KEY DEFERRABLE, title text);
CREATE TABLE dw.no_id (title text);
CREATE TABLE dw.parent (id bigint PRIMARY KEY, title text);
CREATE TABLE dw.child () INHERITS (dw.parent);
CALL frontcore_sync('dw.view', 'dw.x');
CALL frontcore_sync('dw.none', 'dw.x');
CALL frontcore_sync('copies.courses', 'dw.view');
CALL frontcore_sync('copies.courses', 'dw.materialized');
CALL frontcore_sync('copies.courses', 'copies.customers');
CALL frontcore_sync('copies.courses', 'dw.no_key');
CALL frontcore_sync('copies.courses', 'dw.partial_key');
CALL frontcore_sync('copies.courses', 'dw.deferred_key');
CALL frontcore_sync('copies.courses', 'dw.no_id');
CALL frontcore_sync('copies.courses', 'dw.parent');
CALL frontcore_sync('copies.courses', 'nowhere.courses');
CALL frontcore_sync('copies.courses', 'a.b.c');
CALL frontcore_sync('copies.courses', 'no name');
CALL frontcore_sync(NULL, 'dw.x');
CALL frontcore_sync('copies.courses', NULL);
CALL frontcore_sync_schema('copies', NULL);
CALL frontcore_sync_schema('nowhere', 'dw');
\! test/mock.py --log --quiet
SET client_min_messages = warning;
DROP SCHEMA dw CASCADE;

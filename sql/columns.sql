-- frontcore_columns: what can be done with a table's columns.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
SELECT format('http://127.0.0.1:%s/v2', :'port') AS base_url \gset
CREATE SERVER columns FOREIGN DATA WRAPPER frontcore_fdw
    OPTIONS (base_url :'base_url', requests_per_second '0', limiter_key 'columns');
CREATE USER MAPPING FOR CURRENT_USER SERVER columns OPTIONS (api_key 'test-key');
CREATE SCHEMA columns;
IMPORT FOREIGN SCHEMA frontcore FROM SERVER columns INTO columns
    OPTIONS (import_persons 'true');
SET search_path = columns, public;
SET client_min_messages = warning;

-- all of two tables, of which nothing has been read yet
SELECT * FROM frontcore_columns('course_dates');
SELECT * FROM frontcore_columns('participants');
-- of the others what is not plain
SELECT c.relname, f.column_name, f.writable AS w, f.required AS r, f.relation, f.filter, f.note
  FROM pg_class c, frontcore_columns(c.oid) f
 WHERE relnamespace = 'columns'::regnamespace
   AND relname NOT IN ('course_dates', 'participants')
   AND (f.required OR f.relation IS NOT NULL OR f.note IS NOT NULL)
 ORDER BY 1, 2;
SELECT c.relname, count(*), count(*) FILTER (WHERE f.writable) AS writable,
       count(f.filter) AS filtered,
       bool_and(f.field = f.column_name AND f.type = format_type(a.atttypid, a.atttypmod)) AS plain
  FROM pg_class c, frontcore_columns(c.oid) f, pg_attribute a
 WHERE relnamespace = 'columns'::regnamespace AND a.attrelid = c.oid AND a.attname = f.column_name
 GROUP BY 1 ORDER BY 1;
-- what is said to be filtered by is what goes upstream
SELECT c.relname, f.column_name FROM pg_class c, frontcore_columns(c.oid) f
 WHERE relnamespace = 'columns'::regnamespace
   AND (f.filter IS NOT NULL) <>
       (f.column_name::text IN (SELECT p.column_name FROM frontcore_pushdown(c.oid) p));
ALTER SERVER columns OPTIONS (ADD push_filters 'false');
SELECT c.relname, f.column_name, f.filter FROM pg_class c, frontcore_columns(c.oid) f
 WHERE relnamespace = 'columns'::regnamespace AND f.filter IS NOT NULL
 ORDER BY 1, 2;
SELECT c.relname, f.column_name FROM pg_class c, frontcore_columns(c.oid) f
 WHERE relnamespace = 'columns'::regnamespace
   AND (f.filter IS NOT NULL) <>
       (f.column_name::text IN (SELECT p.column_name FROM frontcore_pushdown(c.oid) p));
ALTER SERVER columns OPTIONS (DROP push_filters);
\! test/mock.py --log

-- what costs another route is known when a query has found it out
SELECT count(created_at), count(instructors) FROM course_dates;
SELECT count(text_lead), count(labels) FROM courses WHERE id = 7301;
\! test/mock.py --log
SELECT column_name, note FROM frontcore_columns('course_dates')
 WHERE note ~ 'request|answer' ORDER BY 1;
SELECT column_name, note FROM frontcore_columns('courses')
 WHERE note ~ 'request|answer' ORDER BY 1;
SELECT column_name, note FROM frontcore_columns('orders') WHERE note <> '';
-- such a column in a condition is an error that shows a way, and the way works
SELECT id FROM course_dates WHERE instructors @> '71';
SELECT id FROM course_dates WHERE course_id = 7302 AND instructors @> '71';
SELECT id FROM courses WHERE labels <> '[]';
BEGIN;
SELECT count(*) FROM courses;
SELECT id FROM courses WHERE products <> '[]';
ROLLBACK;
CREATE FOREIGN TABLE "My courses" (
    "Nr" bigint OPTIONS (field 'id'), labels jsonb, title text
) SERVER columns OPTIONS (resource 'courses');
SELECT "Nr" FROM "My courses" WHERE labels <> '[]';
CREATE FOREIGN TABLE anonymous (labels jsonb, title text)
    SERVER columns OPTIONS (resource 'courses');
SELECT title FROM anonymous WHERE labels <> '[]';
\! test/mock.py --log --quiet
SELECT id, instructors FROM course_dates
 WHERE id = ANY (ARRAY(SELECT id FROM course_dates WHERE start_at BETWEEN '2027-03-01' AND '2027-03-15'))
   AND instructors @> '71' ORDER BY id;
\! test/mock.py --log
SELECT title FROM anonymous
 WHERE ctid = ANY (ARRAY(SELECT ctid FROM anonymous WHERE title LIKE 'F%')) AND labels <> '[]'
 ORDER BY 1;
SELECT "Nr" FROM "My courses"
 WHERE "Nr" = ANY (ARRAY(SELECT "Nr" FROM columns."My courses" WHERE title LIKE 'F%')) AND labels <> '[]'
 ORDER BY 1;
\! test/mock.py --log
-- ... also where all rows would cost less than the ids, and where the list has
-- been read
BEGIN;
SELECT count(*) FROM courses;
SELECT count(*) FROM courses
 WHERE id = ANY (ARRAY(SELECT id FROM courses)) AND labels <> '[]';
COMMIT;
\! test/mock.py --log

-- ... and on another account, or for a role without a key, it is not known
CREATE SERVER columns_2 FOREIGN DATA WRAPPER frontcore_fdw
    OPTIONS (base_url :'base_url', requests_per_second '0', limiter_key 'columns 2');
CREATE FOREIGN TABLE no_key (id bigint, created_at timestamptz) SERVER columns_2
    OPTIONS (resource 'course_dates');
SELECT * FROM frontcore_columns('no_key');
-- another account's list holds them
CREATE USER MAPPING FOR CURRENT_USER SERVER columns_2 OPTIONS (api_key 'test-key');
\! test/mock.py --set list_timestamps=present
SELECT count(created_at) FROM no_key;
SELECT * FROM frontcore_columns('no_key');
\! test/mock.py --log

-- columns of one's own: paths, properties, other types, computed and dropped
-- ones
CREATE FOREIGN TABLE own (
    n smallint OPTIONS (field 'id'), gone text,
    "Course" numeric(12) OPTIONS (field 'course_id'),
    starts date OPTIONS (field 'start_at'),
    city varchar(40) OPTIONS (field 'location.city'),
    erp_id text OPTIONS (field 'custom_properties.erp.id'),
    week integer GENERATED ALWAYS AS (extract(week FROM starts)) STORED,
    since timestamptz OPTIONS (field 'created_at')
) SERVER columns OPTIONS (resource 'course_dates');
ALTER FOREIGN TABLE own DROP COLUMN gone;
SELECT * FROM frontcore_columns('own');
-- read only, without filters, without a column that names a row
ALTER FOREIGN TABLE own OPTIONS (ADD updatable 'false', ADD push_filters 'false');
SELECT column_name, writable, required, filter, note FROM frontcore_columns('own');
ALTER FOREIGN TABLE own OPTIONS (DROP updatable, DROP push_filters);
ALTER FOREIGN TABLE own DROP COLUMN n;
SELECT column_name, writable, required, filter, note FROM frontcore_columns('own');
CREATE FOREIGN TABLE nameless (status_id integer) SERVER columns
    OPTIONS (resource 'participants');
SELECT * FROM frontcore_columns('nameless');
-- any list by its path
CREATE FOREIGN TABLE bases (
    user_id bigint, id bigint, basis text OPTIONS (field 'legal_basis.title'),
    raw jsonb OPTIONS (field '')
) SERVER columns OPTIONS (path '/privacy/users/{user_id}/legalbases');
SELECT * FROM frontcore_columns('bases');
SELECT count(*) FROM frontcore_columns(NULL);

-- what is none of ours, or has a wrong field
SELECT * FROM frontcore_columns('pg_class');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM frontcore_columns('pg_class_oid_index');
\echo :LAST_ERROR_SQLSTATE
CREATE FOREIGN DATA WRAPPER stranger;
CREATE SERVER stranger FOREIGN DATA WRAPPER stranger;
CREATE FOREIGN TABLE strange (id bigint) SERVER stranger;
SELECT * FROM frontcore_columns('strange');
\echo :LAST_ERROR_SQLSTATE
DROP FOREIGN DATA WRAPPER stranger CASCADE;
CREATE FOREIGN TABLE mistyped (titel text) SERVER columns OPTIONS (resource 'admin_roles');
SELECT * FROM frontcore_columns('mistyped');
\echo :LAST_ERROR_SQLSTATE

-- everybody may ask, also in a read-only transaction
CREATE ROLE regress_columns;
GRANT USAGE ON SCHEMA columns TO regress_columns;
SET ROLE regress_columns;
BEGIN READ ONLY;
SELECT column_name, note FROM public.frontcore_columns('course_dates')
 WHERE column_name IN ('status_id', 'created_at');
COMMIT;
RESET ROLE;
\! test/mock.py --log

RESET search_path;
\set VERBOSITY terse
DROP SCHEMA columns CASCADE;
DROP SERVER columns, columns_2 CASCADE;
DROP ROLE regress_columns;

-- Any list by its path.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
SET client_min_messages = warning;
SELECT frontcore_stat_reset();
CREATE SCHEMA paths;
SET search_path = paths, public;

-- a path is looked at when the table is created
CREATE FUNCTION try_path(path text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE FOREIGN TABLE tried (id bigint) SERVER frontcore OPTIONS (path %L)', path);
    DROP FOREIGN TABLE tried;
    RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
SELECT path, try_path(path) FROM unnest(ARRAY[
    '/countries', '/a/b-c_d~1.json', '/privacy/users/{user_id}/legalbases',
    '/{a}/{b}', '', '/', 'countries', '//countries', '/a//b', '/a/../b', '/..',
    '/a/./b', '/a..b', '/a?b=c', '/a#b', 'https://x.example/a', '/a b', '/å',
    '/a/%2e%2e/b', E'/a\nb', '/{}', '/{a', '/a}', '/x{a}', '/{a}{b}', '/{a/b}',
    '/a\b', '/a:b@c', '/a/', '/{..}', '/{a?b}', '/{a#b}', E'/{a\nb}', '/{a b}',
    '/{' || repeat('x', 64) || '}', '/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}'
    ]) AS path;
CREATE FOREIGN TABLE both_ways (id bigint) SERVER frontcore
    OPTIONS (path '/countries', resource 'courses');
\echo :LAST_ERROR_SQLSTATE
ALTER SERVER frontcore OPTIONS (ADD path '/countries');
\echo :LAST_ERROR_SQLSTATE

-- members of the items, the raw item, types of one's own
CREATE FOREIGN TABLE countries (
    id bigint, title text, iso char(2) OPTIONS (field 'code'), nothing text,
    raw jsonb OPTIONS (field '')
) SERVER frontcore OPTIONS (path '/countries');
SELECT * FROM countries ORDER BY id;
SELECT title FROM countries WHERE id = 3;
\! test/mock.py --log
-- ... by pages, each once
ALTER FOREIGN TABLE countries OPTIONS (ADD page_size '2');
SELECT count(*), count(DISTINCT id) FROM countries;
SELECT title FROM countries LIMIT 1;
\! test/mock.py --log
-- ... or all of them at once, whatever is asked for
\! test/mock.py --set other_pages=whole
SELECT count(*), count(DISTINCT id) FROM countries;
\! test/mock.py --log
\! test/mock.py --set other_pages=paged
EXPLAIN (COSTS OFF) SELECT title FROM countries WHERE id > 2 ORDER BY title;
-- dotted paths and custom properties of a list that has them
CREATE FOREIGN TABLE some_courses (
    id bigint, price numeric OPTIONS (field 'price.value'),
    erp_id text OPTIONS (field 'custom_properties.erp_id'),
    level integer OPTIONS (field 'level.id')
) SERVER frontcore OPTIONS (path '/courses');
SELECT * FROM some_courses ORDER BY id LIMIT 3;

-- the answer is kept for the transaction; any write drops it
BEGIN;
SELECT count(*) FROM countries;
SELECT title FROM countries WHERE id = 3;
UPDATE fc.courses SET reference = 'x' WHERE id = 7301;
SELECT count(*) FROM countries;
ROLLBACK;
\! test/mock.py --log

-- items without an id: equal ones are several rows, and there is one page
CREATE FOREIGN TABLE currencies (code text, title text) SERVER frontcore
    OPTIONS (path '/currencies');
SELECT * FROM currencies ORDER BY code;
\! test/mock.py --fault duplicate
SELECT count(*) FROM currencies;
\! test/mock.py --log
ALTER FOREIGN TABLE currencies OPTIONS (ADD page_size '2');
SELECT * FROM currencies ORDER BY code;
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --set other_pages=whole
SELECT count(*) FROM currencies;
\! test/mock.py --set other_pages=paged
\! test/mock.py --log

-- items that share an id, or have 0 for one, are several rows
\! test/mock.py --fault 'match=/countries body="[{\"id\":0,\"title\":\"A\"},{\"id\":0,\"title\":\"B\"},{\"id\":7,\"title\":\"C\"},{\"id\":7,\"title\":\"D\"}]" count=2'
ALTER FOREIGN TABLE countries OPTIONS (SET page_size '250');
BEGIN;
SELECT id, title FROM countries ORDER BY id, title;
SELECT title FROM countries WHERE id = 0;
SELECT title FROM countries WHERE id IN (0, 7) ORDER BY title DESC LIMIT 3;
COMMIT;
-- ... but on several pages nothing tells them from one that has changed
\! test/mock.py --clear-faults
ALTER FOREIGN TABLE countries OPTIONS (SET page_size '2');
\! test/mock.py --fault 'match=/countries.*page=1$ body="[{\"id\":1,\"title\":\"A\"},{\"id\":2,\"title\":\"B\"}]"'
\! test/mock.py --fault 'match=/countries.*page=2$ body="[{\"id\":2,\"title\":\"C\"},{\"id\":3,\"title\":\"D\"}]"'
SELECT id, title FROM countries ORDER BY id, title;
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --clear-faults
\! test/mock.py --log

-- a name in braces is bound by the query: by constants, parameters, a join
CREATE FOREIGN TABLE bases (
    user_id bigint, id bigint, basis text OPTIONS (field 'legal_basis.title')
) SERVER frontcore OPTIONS (path '/privacy/users/{user_id}/legalbases');
SELECT * FROM bases WHERE user_id = 90007 ORDER BY id;
SELECT * FROM bases WHERE user_id IN (90007, 90009, 90007, NULL) ORDER BY id;
SELECT * FROM bases WHERE user_id = 90007 OR user_id = 90009 ORDER BY id;
SELECT * FROM bases WHERE user_id = 90007 AND user_id = ANY ('{90009,90007}') ORDER BY id;
SELECT * FROM bases WHERE user_id = 90007 AND user_id = 90009;
SELECT * FROM bases WHERE user_id = NULL;
\! test/mock.py --log
PREPARE of_user(bigint) AS SELECT id FROM bases WHERE user_id = $1 ORDER BY id;
SET plan_cache_mode = force_generic_plan;
EXECUTE of_user(90007);
EXPLAIN (COSTS OFF) EXECUTE of_user(90007);
RESET plan_cache_mode;
SELECT public.explain('SELECT * FROM (VALUES (90007), (90009)) AS u (n)
  JOIN bases ON bases.user_id = u.n');
SELECT u.n, b.id FROM (VALUES (90007), (90009), (NULL)) AS u (n)
  LEFT JOIN bases b ON b.user_id = u.n ORDER BY 1, 2;
SELECT u.n, b.id FROM (VALUES (90007), (90009)) AS u (n),
    LATERAL (SELECT id FROM bases WHERE user_id = u.n ORDER BY id LIMIT 1) b
 ORDER BY 1;
\! test/mock.py --log
-- of two names both have to be bound, by one table or two
CREATE FOREIGN TABLE course_date (
    course_id text, date_id integer, start_at date, coursedate_id bigint
) SERVER frontcore OPTIONS (path '/courses/{course_id}/coursedates/{date_id}');
CREATE FOREIGN TABLE dates_of (
    course_id text, list text, id bigint OPTIONS (field 'coursedate_id'),
    start_at date
) SERVER frontcore OPTIONS (path '/courses/{course_id}/{list}');
SELECT c.title, d.id, d.list FROM fc.courses c
  JOIN dates_of d ON d.course_id = c.id::text AND d.list = 'coursedates'
 WHERE c.id IN (7302, 7303) ORDER BY 2 LIMIT 4;
SELECT count(*) FROM (VALUES ('7302'), ('7303')) AS a (course),
    (VALUES ('coursedates')) AS b (name)
  JOIN LATERAL (SELECT 1 FROM dates_of d WHERE d.list = b.name) x ON true
  WHERE false;
SELECT a.course, count(*) FROM (VALUES ('7302'), ('7303')) AS a (course)
  CROSS JOIN (VALUES ('coursedates')) AS b (name)
  JOIN dates_of d ON d.course_id = a.course AND d.list = b.name
 GROUP BY 1 ORDER BY 1;
\! test/mock.py --log

-- a uuid is bound as it is written, each value once; so are other texts and
-- integers, but no type whose equal values are written in several ways
CREATE FOREIGN TABLE of_uuid (user_id uuid, id bigint) SERVER frontcore
    OPTIONS (path '/privacy/users/{user_id}/legalbases');
\! test/mock.py --fault 'match=a0eebc99 status=200 body="[{\"id\":1},{\"id\":2,\"user_id\":\"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11\"}]"'
SELECT * FROM of_uuid WHERE user_id IN ('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
    '{a0eebc999c0b4ef8bb6d6bb9bd380a11}', 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')
 ORDER BY id;
CREATE FOREIGN TABLE of_varchar (user_id varchar(9), id bigint) SERVER frontcore
    OPTIONS (path '/privacy/users/{user_id}/legalbases');
SELECT * FROM of_varchar WHERE user_id = '90007' AND id > 7010;
CREATE FOREIGN TABLE of_numeric (user_id numeric, id bigint) SERVER frontcore
    OPTIONS (path '/privacy/users/{user_id}/legalbases');
SELECT * FROM of_numeric WHERE user_id = 90007;
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --log
-- a value that the column cannot have is in no row, as in a local table
CREATE FOREIGN TABLE of_smallint (user_id smallint, id bigint) SERVER frontcore
    OPTIONS (path '/privacy/users/{user_id}/legalbases');
SELECT * FROM of_smallint WHERE user_id = 90007;
CREATE FOREIGN TABLE of_short (user_id varchar(3), id bigint) SERVER frontcore
    OPTIONS (path '/privacy/users/{user_id}/legalbases');
SELECT * FROM of_short WHERE user_id = '90007';
\! test/mock.py --log --quiet

-- a row's ctid stands for its id; no id goes upstream
SELECT ctid, id FROM countries ORDER BY ctid LIMIT 2;
SELECT id FROM countries WHERE ctid = '(0,3)';
SELECT id FROM countries WHERE ctid IN ('(0,3)', '(0,5)') AND id > 2;
SELECT count(*) FROM countries WHERE ctid > '(0,3)';
SELECT count(*) FROM countries a JOIN countries b ON a.ctid = b.ctid;
EXPLAIN (COSTS OFF) SELECT id FROM countries WHERE ctid = '(0,3)';
\! test/mock.py --log --quiet

-- unbound: an error that says so, before anything is sent
SELECT * FROM bases;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM bases WHERE user_id > 90007;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM dates_of WHERE course_id = '7302';
\echo :LAST_ERROR_SQLSTATE
-- ... by the other tables of the query, either
SELECT count(*) FROM fc.courses, bases;
SELECT id FROM fc.courses UNION ALL SELECT id FROM bases;
SELECT id FROM fc.courses WHERE EXISTS (SELECT FROM dates_of d WHERE d.list = 'coursedates');
INSERT INTO fc.courses (title) SELECT basis FROM bases;
-- what would not be read is no error
SELECT * FROM bases LIMIT 0;
EXPLAIN (COSTS OFF) SELECT * FROM bases;
ANALYZE bases;
\echo :LAST_ERROR_SQLSTATE
CREATE FOREIGN TABLE unnamed (id bigint) SERVER frontcore
    OPTIONS (path '/privacy/users/{user_id}/legalbases');
SELECT * FROM unnamed;
\echo :LAST_ERROR_SQLSTATE
-- ... and so is what would make it another path
SELECT * FROM dates_of WHERE course_id = '..' AND list = 'coursedates';
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM dates_of WHERE course_id = '.' AND list = 'coursedates';
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM dates_of WHERE course_id = '' AND list = 'coursedates';
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --log
-- all else is encoded
SELECT * FROM dates_of WHERE course_id = '7302/coursedates?page=2#x' AND list = '%2e å';
\! test/mock.py --log

-- what is not there: no row of a bound path, else an error
SELECT * FROM bases WHERE user_id = 1;
CREATE FOREIGN TABLE nowhere (id bigint) SERVER frontcore OPTIONS (path '/nowhere');
SELECT * FROM nowhere;
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --fault 'match=legalbases empty status=404'
SELECT * FROM bases WHERE user_id = 90007;
\! test/mock.py --fault 'match=legalbases html status=404'
SELECT * FROM bases WHERE user_id = 90007;
\echo :LAST_ERROR_SQLSTATE
CREATE FOREIGN TABLE one_object (id bigint) SERVER frontcore
    OPTIONS (path '/courses/7301');
SELECT * FROM one_object;
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --log

-- read only
INSERT INTO countries (title) VALUES ('x');
\echo :LAST_ERROR_SQLSTATE
UPDATE countries SET title = 'x' WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
DELETE FROM countries;
\echo :LAST_ERROR_SQLSTATE
COPY countries FROM '/dev/null';
\echo :LAST_ERROR_SQLSTATE
-- a broken answer may name persons: no message shows it
\! test/mock.py --fault 'match=countries badjson'
SELECT count(*) FROM countries;
\! test/mock.py --fault 'match=countries html'
SELECT count(*) FROM countries;
-- an empty field is for such tables only
CREATE FOREIGN TABLE whole_course (id bigint, raw jsonb OPTIONS (field ''))
    SERVER frontcore OPTIONS (resource 'courses');
SELECT * FROM whole_course;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM frontcore_pushdown('bases');
SELECT resource FROM frontcore_stat WHERE resource LIKE '/%' ORDER BY 1;
\! test/mock.py --log

RESET search_path;
\set VERBOSITY terse
DROP SCHEMA paths CASCADE;

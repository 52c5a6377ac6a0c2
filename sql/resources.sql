-- The other resources: contacts, products, participants, instructors, roles
-- and users of the administration, orders, legal bases, locations.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
SET client_min_messages = warning;
SELECT frontcore_stat_reset();

-- an import brings tables of persons only where it is told to
CREATE SCHEMA plain;
CREATE SCHEMA named;
CREATE SCHEMA people;
IMPORT FOREIGN SCHEMA frontcore FROM SERVER frontcore INTO plain;
IMPORT FOREIGN SCHEMA frontcore EXCEPT (courses) FROM SERVER frontcore
    INTO plain OPTIONS (import_persons 'perhaps');
\echo :LAST_ERROR_SQLSTATE
IMPORT FOREIGN SCHEMA frontcore LIMIT TO (contacts, participants)
    FROM SERVER frontcore INTO named;
IMPORT FOREIGN SCHEMA frontcore EXCEPT (admin_users) FROM SERVER frontcore
    INTO people OPTIONS (import_persons 'true', import_raw 'true');
IMPORT FOREIGN SCHEMA frontcore LIMIT TO (admin_users) FROM SERVER frontcore
    INTO people;
SELECT nspname, string_agg(relname, ' ' ORDER BY relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
 WHERE nspname IN ('plain', 'named', 'people') GROUP BY 1 ORDER BY 1;
\! test/mock.py --log

-- what they hold
\x on
SELECT * FROM people.contacts WHERE id = 60002;
SELECT * FROM people.products WHERE id IN (400004, 400013) ORDER BY id;
SELECT * FROM people.participants WHERE id = 200005;
SELECT * FROM people.instructors WHERE id = 72;
SELECT * FROM people.admin_users WHERE id = 12;
SELECT * FROM people.orders WHERE id = 30003;
SELECT * FROM people.user_legal_bases WHERE id = 7001;
SELECT * FROM people.locations WHERE id IN (801, 805) ORDER BY id;
\x off
SELECT * FROM people.admin_roles ORDER BY id;
\! test/mock.py --log

-- 0 stands for no product and no place; a relation is a course only where
-- the type says so
SELECT id, type_id, course_id, regular_price_product_id FROM people.products
 WHERE regular_price_product_id IS NOT NULL OR course_id IS NULL ORDER BY id;
SELECT id FROM people.locations WHERE place_id IS NULL;
\! test/mock.py --log

-- filters: a link is asked for in one list, another one narrows it, several
-- values are several lists; the customer of a participant goes nowhere
SELECT id, customer_id FROM people.contacts WHERE customer_id = 40204;
SELECT count(*) FROM people.contacts WHERE customer_id IN (40204, 40205);
SELECT id FROM people.participants WHERE course_date_id = 51003 ORDER BY id;
SELECT id FROM people.participants
 WHERE course_id = 7303 AND user_id = 90010 ORDER BY id;
SELECT id FROM people.participants
 WHERE course_date_id IN (51003, 51004) AND course_id IN (7303, 7304)
   AND user_id = 90010;
SELECT count(*) FROM people.participants WHERE customer_id = 40205;
SELECT count(*) FROM people.products WHERE type_id = 1;
SELECT count(*) FROM people.products WHERE type_id IN (1, 2);
SELECT id FROM people.user_legal_bases WHERE user_id = 90007 ORDER BY id;
SELECT id FROM people.user_legal_bases WHERE user_id = 1;
SELECT count(*) FROM people.contacts
 WHERE updated_at >= '2026-10-01' AND id > 60003;
SELECT count(*) FROM people.contacts WHERE updated_at IS NULL;
\! test/mock.py --log
SELECT column_name, operator, parameter, precision
  FROM frontcore_pushdown('people.participants');
SELECT column_name, operator, parameter, precision
  FROM frontcore_pushdown('people.products');
EXPLAIN (COSTS OFF) SELECT id FROM people.participants
 WHERE course_date_id = 51003 AND user_id = 90010;
PREPARE of_user(bigint) AS SELECT id FROM people.participants WHERE user_id = $1;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE of_user(90010);
RESET plan_cache_mode;

-- whoever may not trust filters has them off: the list is read
ALTER FOREIGN TABLE people.participants OPTIONS (ADD push_filters 'false');
SELECT count(*) FROM people.participants WHERE course_date_id = 51003;
\! test/mock.py --log
ALTER FOREIGN TABLE people.participants OPTIONS (DROP push_filters);

-- an account that ignores the filter gives the same rows, and so does one
-- that refuses it: that one is not asked so again
\! test/mock.py --set link_filter=ignored id_filter=ignored
SELECT id FROM people.participants WHERE course_date_id = 51003 ORDER BY id;
\! test/mock.py --set link_filter=refused id_filter=refused
SELECT id FROM people.participants WHERE course_date_id = 51003 ORDER BY id;
SELECT count(*) FROM people.participants WHERE course_date_id = 51004;
SELECT count(*) FROM people.contacts WHERE customer_id = 40204;
\! test/mock.py --log
\! test/mock.py --reset rate=0
SELECT frontcore_stat_reset();

-- a list without pages is one answer, and a list that gives more than was
-- asked for is whole
\! test/mock.py --set other_pages=whole
ALTER FOREIGN TABLE people.instructors OPTIONS (ADD page_size '2');
SELECT count(*) FROM people.instructors;
SELECT count(*) FROM people.admin_users;
\! test/mock.py --set other_pages=paged
SELECT count(*) FROM people.instructors;
\! test/mock.py --log
ALTER FOREIGN TABLE people.instructors OPTIONS (DROP page_size);

-- orders: exported ones come with another list, which may hold all of them
SELECT count(*), count(exported_at), count(DISTINCT id) FROM people.orders;
\! test/mock.py --log
-- it does, and from now on it is read alone
SELECT count(*), count(exported_at), count(DISTINCT id) FROM people.orders;
EXPLAIN (COSTS OFF) SELECT id FROM people.orders;
\! test/mock.py --log
-- here it does not
\! test/mock.py --reset rate=0 exported=only
SELECT frontcore_stat_reset();
SELECT count(*), count(exported_at), count(DISTINCT id) FROM people.orders;
SELECT count(*), count(exported_at), count(DISTINCT id) FROM people.orders;
EXPLAIN (COSTS OFF) SELECT id FROM people.orders;
SELECT id FROM people.orders WHERE exported_at >= '2026-12-20' ORDER BY id;
\! test/mock.py --log
-- orders that do not say when they were exported prove nothing
\! test/mock.py --reset rate=0 order_exported_at=absent
SELECT frontcore_stat_reset();
SELECT count(*), count(DISTINCT id) FROM people.orders;
SELECT count(*), count(DISTINCT id) FROM people.orders;
\! test/mock.py --log
-- within a transaction both lists answer what is asked later, each row once
\! test/mock.py --reset rate=0
SELECT frontcore_stat_reset();
BEGIN;
DECLARE some_orders SCROLL CURSOR FOR SELECT id FROM people.orders;
MOVE FORWARD ALL IN some_orders;
MOVE BACKWARD ALL IN some_orders;
MOVE FORWARD ALL IN some_orders;
SELECT id, is_paid FROM people.orders WHERE id IN (30003, 30004);
SELECT count(*), count(DISTINCT id) FROM people.orders;
COMMIT;
\! test/mock.py --log
-- relations of the lines are asked for with them, a campaign in the list only
SELECT id, lines #> '{0,course}' ? 'title' AS has_course FROM people.orders
 WHERE id = 30003;
SELECT id, campaign ->> 'code' AS code FROM people.orders WHERE id = 30003;
\! test/mock.py --log
SELECT id, attendance FROM people.participants WHERE id = 200005;
\! test/mock.py --log

-- joins: children of few parents are looked up, of many parents listed
SELECT c.id, o.title FROM people.contacts c JOIN fc.customers o
    ON o.id = c.customer_id WHERE o.id = 40204;
\! test/mock.py --log
EXPLAIN (COSTS OFF)
SELECT p.id, d.start_at FROM fc.course_dates d
  JOIN people.participants p ON p.course_date_id = d.id
 WHERE d.id = 51003;
SELECT count(*), count(DISTINCT p.course_date_id)
  FROM fc.course_dates d
  JOIN people.participants p ON p.course_date_id = d.id
 WHERE d.course_id = 7301;
\! test/mock.py --log
SELECT count(*) FROM fc.courses c JOIN people.participants p
    ON p.course_id = c.id;
\! test/mock.py --log
-- the other way round, dates come in batches
EXPLAIN (COSTS OFF)
SELECT p.id, d.title FROM people.participants p
  JOIN fc.course_dates d ON d.course_id = p.course_id AND d.id = p.course_date_id
 WHERE p.user_id IN (90010, 90011, 90013);
SELECT p.id, d.title FROM people.participants p
  JOIN fc.course_dates d ON d.course_id = p.course_id AND d.id = p.course_date_id
 WHERE p.user_id IN (90010, 90011, 90013) ORDER BY 1;
\! test/mock.py --log

-- UPDATE of a participant: RETURNING is in the answer, and costs nothing
UPDATE people.participants SET status_id = 4 WHERE id = 200003
    RETURNING id, status_id, status_title, firstname, paid_title, completed;
UPDATE people.participants SET completed = true, custom_properties = '{"grade": "A"}'
 WHERE id = 200004 RETURNING completed, passed, custom_properties;
\! test/mock.py --log
-- ... unless the answer is empty, or PUT resets what it leaves out
\! test/mock.py --reset rate=0 participant_answer=empty
SELECT frontcore_stat_reset();
UPDATE people.participants SET passed = true WHERE id = 200004
    RETURNING passed, completed, status_title;
\! test/mock.py --reset rate=0 participant_put=reset
SELECT frontcore_stat_reset();
UPDATE people.participants SET passed = true WHERE id = 200004
    RETURNING passed, completed, paid_id, status_id;
SELECT passed, completed, paid_id, status_id, custom_properties
  FROM people.participants WHERE id = 200004;
-- a status takes or frees a seat, so that dates are read again
\! test/mock.py --reset rate=0
SELECT frontcore_stat_reset();
BEGIN;
SELECT seats_booked FROM fc.course_dates WHERE id = 51002;
UPDATE people.participants SET status_id = 4 WHERE id = 200003;
SELECT seats_booked FROM fc.course_dates WHERE id = 51002;
COMMIT;

-- a status that comes as a number only has its title all the same
\! test/mock.py --fault 'match=participants drop=status patch="{\"idStatus\":8}"'
SELECT id, status_id, status_title FROM people.participants WHERE id = 200003;

-- instructors: INSERT and UPDATE, by the list alone; NULL disconnects a user
INSERT INTO people.instructors (firstname, lastname, user_id)
    VALUES ('Eva', 'Moe', 90003) RETURNING id, firstname, user_id, archived_at;
UPDATE people.instructors SET user_id = NULL, position = NULL
 WHERE lastname = 'Moe' AND firstname = 'Eva' RETURNING id, user_id, position;
SELECT id, user_id FROM people.instructors WHERE id > 76;
INSERT INTO people.instructors (firstname) VALUES ('Eva');
\echo :LAST_ERROR_SQLSTATE
UPDATE people.instructors SET firstname = 'Ida' WHERE id = 1;
\! test/mock.py --log

-- legal bases: INSERT below their user
INSERT INTO people.user_legal_bases
    (user_id, legal_basis_id, purpose_id, source_id, consent_id, comment)
    VALUES (90007, 1, 2, 3, 1, 'by phone')
    RETURNING id, user_id, legal_basis_title, purpose_title, consent_version;
INSERT INTO people.user_legal_bases (user_id, legal_basis_id, purpose_id, source_id)
    VALUES (1, 1, 2, 3);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO people.user_legal_bases (user_id, legal_basis_id) VALUES (90007, 1);
\echo :LAST_ERROR_SQLSTATE
\! test/mock.py --log

-- what a table does not take is core's to refuse, before anything is sent
INSERT INTO people.participants (course_date_id) VALUES (51003);
\echo :LAST_ERROR_SQLSTATE
DELETE FROM people.participants WHERE id = 200003;
\echo :LAST_ERROR_SQLSTATE
UPDATE people.contacts SET email = 'x' WHERE id = 60002;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO people.orders (title) VALUES ('x');
\echo :LAST_ERROR_SQLSTATE
UPDATE people.user_legal_bases SET comment = 'x' WHERE id = 7001;
\echo :LAST_ERROR_SQLSTATE
DELETE FROM people.instructors WHERE id = 72;
\echo :LAST_ERROR_SQLSTATE
TRUNCATE people.contacts;
\echo :LAST_ERROR_SQLSTATE
UPDATE people.participants SET email = 'x' WHERE id = 200003;
\echo :LAST_ERROR_SQLSTATE
UPDATE people.participants SET course_date_id = 7 WHERE id = 200003;
\echo :LAST_ERROR_SQLSTATE
SELECT table_name, is_insertable_into FROM information_schema.tables
 WHERE table_schema = 'people' ORDER BY 1;
\! test/mock.py --log

\set VERBOSITY terse
DROP SCHEMA plain, named, people CASCADE;

-- Rows that a view hides stay hidden, from functions that would tell as well,
-- and whatever goes upstream; policies are for local tables and partition
-- roots.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
\set SHOW_CONTEXT never
SELECT format('http://127.0.0.1:%s/v2', :'port') AS base_url \gset
CREATE SERVER rowsecurity FOREIGN DATA WRAPPER frontcore_fdw
    OPTIONS (base_url :'base_url', requests_per_second '0');
DO $$
BEGIN
    EXECUTE format('ALTER SERVER rowsecurity OPTIONS (ADD limiter_key %L)', 'rowsecurity ' || clock_timestamp());
END $$;
CREATE USER MAPPING FOR CURRENT_USER SERVER rowsecurity OPTIONS (api_key 'test-key');
CREATE ROLE regress_rowsecurity_reader;
CREATE SCHEMA remote;
GRANT USAGE ON SCHEMA remote TO regress_rowsecurity_reader;
SET search_path = remote;
CREATE FOREIGN TABLE courses (id bigint, title text, reference text, is_active boolean, price_value numeric)
    SERVER rowsecurity;
CREATE FOREIGN TABLE course_dates (id bigint, course_id bigint, start_at date, end_at date, status_id int, title text)
    SERVER rowsecurity;
-- prime what is learned of the account, so that it does not mix in
SELECT count(*) FROM courses;
UPDATE course_dates SET status_id = 2 WHERE id = 51003;
\! test/mock.py --log > /dev/null

-- what tells each row that it sees, at next to no cost
CREATE FUNCTION tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
    RAISE NOTICE 'saw %', $1;
    RETURN true;
END $$;

CREATE PROCEDURE attempt(statement text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RAISE NOTICE 'no error';
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE '%: %', SQLSTATE, SQLERRM;
END $$;

-- through a plain view it sees all; through a barrier only what the view shows
CREATE VIEW plain_view AS SELECT * FROM courses WHERE id < 7303 AND title LIKE 'First%';
CREATE VIEW barrier WITH (security_barrier) AS SELECT * FROM courses WHERE id < 7304 AND title LIKE 'First%';
GRANT SELECT, UPDATE, DELETE ON plain_view, barrier TO regress_rowsecurity_reader;
SET ROLE regress_rowsecurity_reader;
SELECT id FROM plain_view WHERE tell(title) AND id > 7300;
SELECT id FROM barrier WHERE tell(title) AND id > 7300;
SELECT count(*) FROM barrier WHERE tell(title) OR id = 7301;
-- whatever else is asked for: an id, an order, a limit, a join, a group
SELECT id FROM barrier WHERE id = 7301 AND tell(title);
SELECT id FROM barrier WHERE id IN (7301, 7302, 7303) AND tell(title) ORDER BY id LIMIT 2;
SELECT b.id, g FROM generate_series(7301, 7303) AS g JOIN barrier AS b ON b.id = g AND tell(b.title);
SELECT g, (SELECT title FROM barrier WHERE id = g AND tell(title)) FROM generate_series(7301, 7302) AS g;
SELECT max(title) FROM barrier WHERE tell(title) GROUP BY is_active HAVING tell(max(title));
-- a plan that is kept hides as much
PREPARE hidden (bigint) AS SELECT id FROM barrier WHERE id = $1 AND tell(title);
SET plan_cache_mode = force_generic_plan;
EXECUTE hidden (7301);
EXECUTE hidden (7302);
RESET plan_cache_mode;
DEALLOCATE hidden;
-- no error tells of a hidden row either
SELECT id FROM barrier WHERE 1 / (id - 7301) > 0 OR is_active;
SELECT id FROM barrier WHERE title::name <> '' AND reference::text ~ 'FA-02' AND price_value / (id - 7303) < 0;
RESET ROLE;
\! test/mock.py --log > /dev/null

-- leakproof comparisons of the reader's go upstream past a barrier
CREATE VIEW some_dates WITH (security_barrier) AS SELECT * FROM course_dates WHERE title LIKE 'F%';
GRANT SELECT ON some_dates TO regress_rowsecurity_reader;
SET ROLE regress_rowsecurity_reader;
SELECT count(*) FROM some_dates WHERE course_id = 7302;
SELECT count(*) FROM some_dates WHERE course_id = 7301;
SELECT count(*) FROM some_dates WHERE id = 51003 AND tell(title);
SELECT count(*) FROM some_dates WHERE id = 51001 AND tell(title);
RESET ROLE;
\! test/mock.py --log

-- writing through a barrier: hidden rows are neither shown nor touched
SET ROLE regress_rowsecurity_reader;
UPDATE barrier SET reference = 'B' WHERE tell(title) RETURNING id, reference;
UPDATE barrier SET reference = 'C' WHERE id = 7301 AND tell(title);
DELETE FROM barrier WHERE id = 7303 AND tell(title);
UPDATE barrier SET reference = 'D' WHERE id = 7301;
DELETE FROM barrier WHERE id = 7301 RETURNING id;
RESET ROLE;
SELECT id, reference FROM courses WHERE id < 7304 ORDER BY id;
\! test/mock.py --log

-- check options, LOCAL and CASCADED, of views upon views
CREATE VIEW cheap AS SELECT * FROM courses WHERE price_value < 1000;
CREATE VIEW cheap_local AS SELECT * FROM cheap WHERE is_active WITH LOCAL CHECK OPTION;
CREATE VIEW cheap_both AS SELECT * FROM cheap WHERE is_active WITH CASCADED CHECK OPTION;
INSERT INTO cheap_local (title, is_active, price_value) VALUES ('Local check', true, 2000) RETURNING price_value;
CALL attempt($$INSERT INTO cheap_local (title, is_active, price_value) VALUES ('Local check 2', false, 1)$$);
CALL attempt($$INSERT INTO cheap_both (title, is_active, price_value) VALUES ('Both 1', true, 2000)$$);
INSERT INTO cheap_both (title, is_active, price_value) VALUES ('Both 2', true, 20) RETURNING price_value;
\! test/mock.py --log
UPDATE cheap_both SET price_value = 30 WHERE title = 'Both 2' RETURNING price_value;
CALL attempt($$UPDATE cheap_both SET price_value = 3000 WHERE title = 'Both 2'$$);
-- refused before it was sent, so that the view still shows the row
UPDATE cheap_local SET price_value = 40 WHERE title = 'Both 2' RETURNING price_value;
UPDATE cheap_local SET price_value = 4000 WHERE id = 7302 RETURNING price_value;
CALL attempt($$UPDATE cheap_both SET is_active = false WHERE id = 7301$$);
SELECT title, is_active, price_value FROM courses WHERE title ~ '^(Both|Local check|First|Hot)' ORDER BY title;

-- columns that a role may not read
GRANT SELECT (id, is_active), INSERT (title), UPDATE (title) ON courses TO regress_rowsecurity_reader;
CREATE USER MAPPING FOR regress_rowsecurity_reader SERVER rowsecurity OPTIONS (api_key 'test-key');
SET ROLE regress_rowsecurity_reader;
SELECT count(*) FROM courses WHERE is_active AND id < 7303;
SELECT title FROM courses;
SELECT courses FROM courses;
SELECT count(*) FROM courses WHERE reference = 'B';
INSERT INTO courses (title) VALUES ('By a reader') RETURNING id > 7312 AS is_new;
INSERT INTO courses (title) VALUES ('x') RETURNING title;
INSERT INTO courses (title, reference) VALUES ('x', 'x');
UPDATE courses SET title = 'Yes' WHERE id = 7312;
UPDATE courses SET title = title || '!' WHERE id = 7312;
UPDATE courses SET reference = 'x' WHERE id = 7312;
DELETE FROM courses WHERE id = 7312;
SELECT id FROM courses WHERE id = 7312 FOR UPDATE;
RESET ROLE;
REVOKE ALL ON courses FROM regress_rowsecurity_reader;
SELECT title FROM courses WHERE id = 7312;

-- a policy is not for a foreign table
CREATE POLICY p ON courses USING (true);
ALTER FOREIGN TABLE courses ENABLE ROW LEVEL SECURITY;

-- but for a local one that it is joined with
CREATE TABLE booking (id int, course_id bigint, owner name);
INSERT INTO booking VALUES (1, 7301, 'regress_rowsecurity_reader'), (2, 7302, 'somebody'),
    (3, 7303, 'regress_rowsecurity_reader');
ALTER TABLE booking ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON booking USING (owner = current_user);
CREATE POLICY active ON booking AS RESTRICTIVE
    USING (EXISTS (SELECT FROM courses AS c WHERE c.id = course_id AND c.reference IS NOT NULL));
GRANT SELECT, UPDATE ON booking TO regress_rowsecurity_reader;
GRANT SELECT ON courses TO regress_rowsecurity_reader;
SET ROLE regress_rowsecurity_reader;
SELECT b.id, c.title FROM booking AS b LEFT JOIN courses AS c ON c.id = b.course_id WHERE tell(b.id::text) ORDER BY 1;
UPDATE booking SET id = -id WHERE tell(id::text) RETURNING id;
RESET ROLE;
SELECT id FROM booking ORDER BY id;

-- and for a partitioned table with a foreign partition: rows that are read
-- through the root
CREATE TABLE catalogue (id bigint, title text, reference text) PARTITION BY LIST (reference);
CREATE TABLE catalogue_local PARTITION OF catalogue FOR VALUES IN ('local');
CREATE FOREIGN TABLE catalogue_remote PARTITION OF catalogue DEFAULT
    SERVER rowsecurity OPTIONS (resource 'courses');
INSERT INTO catalogue VALUES (1, 'Local one', 'local'), (2, 'Zzz', 'local');
ALTER TABLE catalogue ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON catalogue USING (id < 7303 AND title < 'Y');
CREATE POLICY checked ON catalogue FOR INSERT WITH CHECK (title LIKE 'R%');
GRANT SELECT, INSERT, UPDATE ON catalogue TO regress_rowsecurity_reader;
SET ROLE regress_rowsecurity_reader;
SELECT title FROM catalogue WHERE tell(title) ORDER BY id;
SELECT title FROM catalogue WHERE id = 7303 AND tell(title);
INSERT INTO catalogue (title, reference) VALUES ('Rowed', 'r');
UPDATE catalogue SET title = 'A' WHERE id IN (7302, 7305) RETURNING id;
RESET ROLE;
SELECT title, reference FROM courses WHERE id IN (7302, 7305) OR title LIKE '%owed' ORDER BY id;

DROP TABLE catalogue, booking;
DROP VIEW cheap_both, cheap_local, cheap, some_dates, barrier, plain_view;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA remote CASCADE;
DROP SERVER rowsecurity CASCADE;
DROP ROLE regress_rowsecurity_reader;

-- The queries of ../sql/economy.sql.

-- what each list holds and how it ends is learned once
SELECT count(*) FROM courses;
SELECT count(*) FROM customers;
SELECT count(d.*) FROM course_dates AS d;
\! test/mock.py --log --quiet

-- the dates of some courses: the courses, and a batch
SELECT count(d.*) FROM course_dates AS d
WHERE course_id IN (SELECT id FROM courses WHERE title ILIKE '%excel%');
\! test/mock.py --log --quiet
SELECT count(d.title) FROM course_dates AS d
WHERE course_id IN (SELECT id FROM courses WHERE title ILIKE '%excel%');
\! test/mock.py --log --quiet
SELECT count(d.*) FROM courses AS c LEFT JOIN course_dates AS d ON d.course_id = c.id WHERE c.title ILIKE '%excel%';
\! test/mock.py --log --quiet
-- wherever the keys come from
WITH excel AS MATERIALIZED (SELECT id FROM courses WHERE title ILIKE '%excel%')
SELECT count(d.*) FROM excel JOIN course_dates AS d ON d.course_id = excel.id;
\! test/mock.py --log --quiet
SELECT count(d.*) FROM (SELECT id FROM courses ORDER BY id LIMIT 10) AS c JOIN course_dates AS d ON d.course_id = c.id;
\! test/mock.py --log --quiet
SELECT count(d.*) FROM generate_series(7301, 7325) AS key JOIN course_dates AS d ON d.course_id = key;
\! test/mock.py --log --quiet
SELECT count(d.*) FROM course_dates AS d
WHERE course_id IN (SELECT unnest('{7301,7302,7303,7304,7305,7307,7308,7309}'::bigint[]));
\! test/mock.py --log --quiet

-- some dates of each course, for few courses and for all
SELECT count(d.*) FROM (SELECT id FROM courses ORDER BY id LIMIT 10) AS c,
    LATERAL (SELECT * FROM course_dates WHERE course_id = c.id ORDER BY start_at LIMIT 3) AS d;
\! test/mock.py --log --quiet
SELECT count(d.*) FROM courses AS c,
    LATERAL (SELECT * FROM course_dates WHERE course_id = c.id ORDER BY start_at LIMIT 3) AS d;
\! test/mock.py --log --quiet
SELECT count(d.*) FROM courses AS c,
    LATERAL (SELECT id, start_at FROM course_dates WHERE course_id = c.id ORDER BY start_at LIMIT 3) AS d;
\! test/mock.py --log --quiet
SELECT count(last), max(last) FROM (SELECT (SELECT max(start_at) FROM course_dates WHERE course_id = c.id) AS last
    FROM (SELECT id FROM courses ORDER BY id LIMIT 10) AS c) AS lasts;
\! test/mock.py --log --quiet
SELECT count(last), max(last) FROM (SELECT (SELECT max(start_at) FROM course_dates WHERE course_id = c.id) AS last
    FROM courses AS c) AS lasts;
\! test/mock.py --log --quiet
SELECT count(last), max(last) FROM (SELECT (SELECT max(updated_at) FROM course_dates WHERE course_id = c.id) AS last
    FROM courses AS c) AS lasts;
\! test/mock.py --log --quiet

-- a loop of look-ups is weighed against the list, over its statements
DO $$
DECLARE
    name text;
    found integer := 0;
BEGIN
    FOR i IN 40201..40400 LOOP
        SELECT title INTO name FROM customers WHERE id = i;
        found := found + (name IS NOT NULL)::integer;
    END LOOP;
    ASSERT found = 200;
END $$;
\! test/mock.py --log --quiet
DO $$
DECLARE
    n integer := 0;
BEGIN
    FOR i IN 7301..7500 LOOP
        n := n + (SELECT count(id) FROM course_dates WHERE course_id = i);
    END LOOP;
    ASSERT n > 1000;
END $$;
\! test/mock.py --log --quiet

-- what has changed: nothing, then one date
SELECT id, updated_at FROM course_dates WHERE updated_at >= '2027-01-15 09:00';
\! test/mock.py --log --quiet
SELECT * FROM course_dates WHERE updated_at >= '2027-01-15 09:00';
\! test/mock.py --log --quiet
\! test/mock.py --change course_dates 51024 'updated_at="2027-01-15T09:30:00+01:00"'
SELECT id, reference, instructors, updated_at FROM course_dates WHERE updated_at >= '2027-01-15 09:00';
\! test/mock.py --log

-- the rows first, then what the list lacks of them
SELECT id, start_at, updated_at, instructors FROM course_dates ORDER BY start_at DESC LIMIT 5;
\! test/mock.py --log
SELECT count(d.*), count(updated_at), sum(id) FROM course_dates AS d WHERE start_at >= '2027-02-01' AND start_at < '2027-03-03';
\! test/mock.py --log --quiet
SELECT count(d.*) FROM (SELECT * FROM course_dates LIMIT 5) AS d;
\! test/mock.py --log --quiet
SELECT id, updated_at FROM course_dates WHERE id BETWEEN 51101 AND 51103;
\! test/mock.py --log
-- read twice
WITH soon AS (SELECT * FROM course_dates WHERE start_at >= '2027-02-01' AND start_at < '2027-03-03')
SELECT count(a.*), count(b.*) FROM soon AS a LEFT JOIN soon AS b ON b.parent_id = a.id;
\! test/mock.py --log --quiet

-- of all dates: by the cheapest route that has the column, read whole
SELECT max(updated_at) FROM course_dates;
\! test/mock.py --log --quiet
SELECT count(*), min(updated_at) FROM (SELECT id, updated_at FROM course_dates ORDER BY updated_at DESC LIMIT 20) AS last;
\! test/mock.py --log --quiet

-- ranges that follow from expressions cost what ranges cost
SELECT count(start_at) FROM course_dates WHERE start_at BETWEEN '2027-03-01' AND '2027-03-31';
\! test/mock.py --log --quiet
SELECT count(start_at) FROM course_dates WHERE start_at::timestamptz BETWEEN '2027-03-01' AND '2027-03-31';
SELECT count(start_at) FROM course_dates WHERE date_trunc('month', start_at) = '2027-03-01';
SELECT count(start_at) FROM course_dates WHERE start_at <@ daterange('2027-03-01', '2027-04-01');
\! test/mock.py --log --quiet

-- a column that no route has
SELECT count(place) FROM (SELECT d.id, (SELECT c.text_place FROM courses AS c WHERE c.id = d.course_id) AS place
    FROM course_dates AS d) AS places;
\! test/mock.py --log --quiet

-- row marks, and joins that write a local table, read no more than is named
CREATE TEMP TABLE noted AS SELECT 51101 + i AS id, NULL::date AS day FROM generate_series(0, 9) AS i;
UPDATE noted AS n SET day = d.start_at FROM course_dates AS d WHERE d.id = n.id;
\! test/mock.py --log
SELECT count(*) FROM (SELECT n.id, d.start_at FROM noted AS n JOIN course_dates AS d ON d.id = n.id FOR UPDATE) AS marked;
\! test/mock.py --log
DELETE FROM noted AS n USING course_dates AS d WHERE d.id = n.id AND d.status_id <> 2;
\! test/mock.py --log
SELECT count(*) FROM (SELECT id, title FROM courses WHERE id = 7301 FOR SHARE) AS marked;
\! test/mock.py --log
DROP TABLE noted;

-- what EXPLAIN says lies within a factor of two of what is sent
CREATE OR REPLACE FUNCTION pg_temp.near(query text, OUT estimated numeric, OUT sent numeric, OUT is_near bool)
LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    SELECT sum(n::text::numeric) INTO estimated FROM jsonb_path_query(plan::jsonb, 'strict $.**."Estimated Requests"') AS n;
    SELECT -sum(requests) INTO sent FROM frontcore_stat;
    EXECUTE query;
    SELECT sent + sum(requests) INTO sent FROM frontcore_stat;
    is_near := sent <= 2 * estimated AND estimated <= 2 * sent;
END $$;
SELECT * FROM pg_temp.near($$SELECT * FROM course_dates WHERE course_id IN (SELECT id FROM courses WHERE title ILIKE '%excel%')$$);
SELECT * FROM pg_temp.near($$SELECT d.* FROM (SELECT id FROM courses ORDER BY id LIMIT 10) AS c,
    LATERAL (SELECT * FROM course_dates WHERE course_id = c.id ORDER BY start_at LIMIT 3) AS d$$);
SELECT * FROM pg_temp.near($$SELECT d.* FROM courses AS c,
    LATERAL (SELECT * FROM course_dates WHERE course_id = c.id ORDER BY start_at LIMIT 3) AS d$$);
SELECT * FROM pg_temp.near($$SELECT d.* FROM courses AS c,
    LATERAL (SELECT id, start_at FROM course_dates WHERE course_id = c.id ORDER BY start_at LIMIT 3) AS d$$);
SELECT * FROM pg_temp.near($$SELECT (SELECT max(start_at) FROM course_dates WHERE course_id = c.id)
    FROM (SELECT id FROM courses ORDER BY id LIMIT 10) AS c$$);
SELECT * FROM pg_temp.near($$SELECT (SELECT max(start_at) FROM course_dates WHERE course_id = c.id) FROM courses AS c$$);
SELECT * FROM pg_temp.near($$SELECT title FROM courses AS c WHERE (SELECT max(start_at) FROM course_dates WHERE course_id = c.id) > '2028-01-01'$$);
SELECT * FROM pg_temp.near($$SELECT * FROM course_dates ORDER BY start_at DESC LIMIT 5$$);
SELECT * FROM pg_temp.near($$SELECT max(updated_at) FROM course_dates$$);
SELECT * FROM pg_temp.near($$SELECT d.id, (SELECT c.text_place FROM courses AS c WHERE c.id = d.course_id) FROM course_dates AS d$$);
SELECT * FROM pg_temp.near($$SELECT c.title FROM (VALUES (40201), (40203), (40205), (40207), (40209)) AS v (id) JOIN customers AS c ON c.id = v.id$$);
SELECT * FROM pg_temp.near($$SELECT c.title FROM generate_series(40201, 40400) AS v (id) JOIN customers AS c ON c.id = v.id$$);
\! test/mock.py --log --quiet

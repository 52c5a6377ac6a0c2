-- Ranges that follow from conditions on expressions of a column.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0
\set SHOW_CONTEXT never
SELECT format('http://127.0.0.1:%s/v2', :'port') AS base_url \gset
CREATE SERVER ranges FOREIGN DATA WRAPPER frontcore_fdw
    OPTIONS (base_url :'base_url', requests_per_second '0', limiter_key 'ranges', page_size '10');
CREATE USER MAPPING FOR CURRENT_USER SERVER ranges OPTIONS (api_key 'test-key');
SET client_min_messages = warning;
CREATE SCHEMA remote;
IMPORT FOREIGN SCHEMA frontcore LIMIT TO (courses, course_dates, customers) FROM SERVER ranges INTO remote;
CREATE SCHEMA copied;
CREATE TABLE copied.course_dates AS SELECT * FROM remote.course_dates;
CREATE TABLE copied.courses AS SELECT * FROM remote.courses;
SET timezone = 'Europe/Oslo';

-- what a condition gives over both, and the requests that it costs
CREATE FUNCTION pg_temp.compare(name text, condition text, OUT same boolean, OUT ids text, OUT requests bigint)
LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
    expected text;
    query text := 'SELECT string_agg(id::text, '','' ORDER BY id) FROM %s.%I WHERE %s';
BEGIN
    EXECUTE format(query, 'copied', name, condition) INTO expected;
    PERFORM frontcore_cache_reset();
    SELECT sum(s.requests) INTO before FROM frontcore_stat AS s WHERE server = 'ranges';
    EXECUTE format(query, 'remote', name, condition) INTO ids;
    SELECT sum(s.requests) - before INTO requests FROM frontcore_stat AS s WHERE server = 'ranges';
    same := ids IS NOT DISTINCT FROM expected;
END $$;
CREATE TEMP TABLE condition (number int GENERATED ALWAYS AS IDENTITY, name text DEFAULT 'course_dates', condition text);
CREATE VIEW pg_temp.result AS
    SELECT condition, same, length(ids) - length(replace(ids, ',', '')) + 1 AS rows, requests
      FROM condition, pg_temp.compare(name, condition) ORDER BY number;

-- the whole list, and plain ranges
INSERT INTO condition (condition) VALUES
('true'),
($$start_at >= '2027-03-01' AND start_at < '2027-04-01'$$),
($$start_at >= '2027-01-01'$$);
SELECT * FROM pg_temp.result;
TRUNCATE condition;

-- what follows from casts, parts of dates, sums and ranges costs the same
INSERT INTO condition (condition) VALUES
($$start_at::timestamptz BETWEEN '2027-03-01' AND '2027-03-31 12:00+02'$$),
($$start_at::timestamp >= '2027-03-01' AND start_at::timestamp < '2027-04-01'$$),
($$date_trunc('month', start_at) = '2027-03-01'$$),
($$date_trunc('month', start_at::timestamp) = '2027-03-01'$$),
($$date_trunc('Month', start_at)::date IN ('2027-03-01', '2027-03-02')$$),
($$extract(year FROM start_at) = 2027$$),
($$date_part('year', start_at) >= 2026.5$$),
($$extract(year FROM start_at) < 2027$$),
($$extract(year FROM start_at) = 2026.5$$),
($$start_at <@ daterange('2027-03-01', '2027-04-01')$$),
($$daterange('2027-03-01', NULL) @> start_at AND start_at <@ daterange(NULL, '2027-03-31', '[]')$$),
($$start_at <@ daterange('2027-03-01', '2027-03-01')$$),
($$start_at::timestamptz <@ tstzrange('2027-03-01', '2027-04-01')$$),
($$start_at BETWEEN SYMMETRIC '2027-03-31' AND '2027-03-01'$$),
($$start_at + 7 BETWEEN '2027-03-08' AND '2027-04-07'$$),
($$start_at - 7 BETWEEN '2027-02-22' AND '2027-03-24'$$),
($$start_at + interval '1 month' BETWEEN '2027-04-01' AND '2027-04-30'$$),
($$start_at - date '2027-03-01' BETWEEN 0 AND 30$$),
($$date '2027-04-01' - start_at BETWEEN 1 AND 31$$),
($$(start_at < '2026-12-25' AND start_at > '2026-12-01') OR start_at = '2026-12-28'$$),
($$(start_at = '2027-03-01' AND status_id = 2) OR (status_id = 3 AND start_at <= '2027-03-31' AND start_at >= '2027-03-02')$$),
($$(status_id = 2 OR status_id = 3) AND start_at >= '2027-03-01' AND start_at < '2027-04-01'$$),
($$start_at + (SELECT 7) BETWEEN '2027-03-08' AND '2027-04-07'$$),
($$date_trunc('month', start_at) = date_trunc('month', now() + (date '2027-03-09' - now()))$$);
INSERT INTO condition (name, condition) VALUES
('courses', $$updated_at::date = (SELECT max(updated_at)::date FROM copied.courses)$$),
('courses', $$updated_at + interval '1 hour' > (SELECT max(updated_at) FROM copied.courses)$$),
('courses', $$id + 1 > 7311$$);
SELECT * FROM pg_temp.result;
TRUNCATE condition;

-- alternatives that name values are a list of them
INSERT INTO condition (name, condition) VALUES
('courses', 'id = 7301 OR id IN (7303, 7305)'),
('courses', 'id IN (7301, 7399) OR id = ANY (ARRAY[7302, NULL, 7301])'),
('course_dates', 'course_id IN (7301, 7302) OR course_id = 7303'),
('courses', 'id = 7301 OR id IN (SELECT 7303)');
SELECT * FROM pg_temp.result;
TRUNCATE condition;

-- nothing follows from what is not monotone, nor with an alternative that says nothing of the column
INSERT INTO condition (condition) VALUES
($$extract(month FROM start_at) = 3$$),
($$date_trunc('month', start_at) <> '2027-03-01'$$),
($$start_at = '2027-03-01' OR status_id = 3$$),
($$start_at + status_id > '2027-06-01'$$),
($$start_at > '2027-06-01' OR random() < 0$$);
SELECT * FROM pg_temp.result;
TRUNCATE condition;

-- operands out of range, infinite or NULL are no errors
INSERT INTO condition (condition) VALUES
($$start_at + 7 < 'infinity'$$),
($$start_at + 7 > '5874897-12-31'$$),
($$start_at::timestamptz > '-infinity' AND start_at::timestamptz < '294276-12-31'$$),
($$date_trunc('millennium', start_at) <= '294276-12-31'$$),
($$date_trunc('year', start_at) = '0001-01-01 BC'$$),
($$extract(year FROM start_at) > 1e300$$),
($$extract(year FROM start_at) < 'NaN'$$),
($$extract(year FROM start_at) BETWEEN -5 AND 0$$),
($$start_at + NULL::int > '2027-01-01'$$),
($$start_at <@ NULL::daterange$$),
($$start_at <@ daterange('empty')$$),
($$start_at <@ daterange('-infinity', 'infinity')$$);
SELECT * FROM pg_temp.result;
TRUNCATE condition;

-- in every time zone, also where its clock is set, or loses or gains a day
INSERT INTO condition (name, condition)
SELECT 'course_dates', replace(form, 'X', format('%L', start_at::timestamptz + step))
  FROM unnest(ARRAY['start_at::timestamptz >= X', 'start_at::timestamptz < X', 'start_at::timestamptz = X::date',
                    $$date_trunc('day', start_at) >= X$$, $$date_trunc('week', start_at) <= X$$,
                    $$start_at::timestamptz + interval '1 day 3 hours' > X$$]) AS form,
       (SELECT start_at FROM copied.course_dates ORDER BY id LIMIT 4) AS date,
       unnest(ARRAY[interval '0', interval '-1 second', interval '13 hours']) AS step;
INSERT INTO condition (name, condition)
SELECT 'courses', replace(form, 'X', format('%L', updated_at + step))
  FROM unnest(ARRAY['updated_at::date = X::date', 'updated_at::timestamp < X::timestamptz', 'updated_at::timestamp >= X::timestamp',
                    $$date_trunc('month', updated_at) = date_trunc('month', X::timestamptz)$$,
                    $$date_trunc('hour', updated_at) <= X$$, $$updated_at - interval '1 month' < X::timestamptz - interval '1 month'$$,
                    $$extract(year FROM updated_at) = extract(year FROM X::timestamptz)$$]) AS form,
       (SELECT updated_at FROM copied.courses ORDER BY id LIMIT 3) AS course,
       unnest(ARRAY[interval '0', interval '30 minutes', interval '-1 day']) AS step;
CREATE FUNCTION pg_temp.compare_in(zone text, OUT conditions bigint, OUT different text[]) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('timezone', zone, true);
    SELECT count(*), array_agg(condition) FILTER (WHERE NOT same) INTO conditions, different
      FROM condition, pg_temp.compare(name, condition);
END $$;
SELECT zone, conditions, different
  FROM unnest(ARRAY['Europe/Oslo', 'UTC', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Kiritimati', 'Pacific/Apia',
                    'America/Sao_Paulo', 'Africa/Casablanca', '-16', '+13:45']) AS zone, pg_temp.compare_in(zone);

-- EXPLAIN shows the clause and the request; the time zone counts when it runs
PREPARE by_day(date) AS SELECT id FROM remote.courses WHERE updated_at::date = $1 AND date_trunc('month', created_at) = '2026-01-01';
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE by_day('2026-11-01');
SET timezone = 'Pacific/Kiritimati';
EXPLAIN (COSTS OFF) EXECUTE by_day('2026-11-01');
RESET plan_cache_mode;
EXPLAIN (COSTS OFF) SELECT id FROM remote.course_dates WHERE date_trunc('month', start_at) = '2027-03-01' AND id + 1 > 5 ORDER BY id LIMIT 3;
EXPLAIN (COSTS OFF) SELECT id FROM remote.course_dates WHERE id + 1 < 5 OR id = 99;

-- a batched join with such a condition finds what the copy has
CREATE TEMP TABLE wanted AS SELECT 7300 + n AS course_id FROM generate_series(1, 12) AS n;
ANALYZE wanted;
SELECT (SELECT array_agg(d.id ORDER BY d.id) FROM wanted JOIN remote.course_dates d USING (course_id)
         WHERE date_trunc('month', d.start_at::timestamp) = '2027-03-01' AND d.start_at <> '2027-03-02') =
       (SELECT array_agg(d.id ORDER BY d.id) FROM wanted JOIN copied.course_dates d USING (course_id)
         WHERE date_trunc('month', d.start_at::timestamp) = '2027-03-01' AND d.start_at <> '2027-03-02') AS same;
SELECT public.explain($$SELECT d.id FROM wanted JOIN remote.course_dates d USING (course_id)
 WHERE date_trunc('month', d.created_at) = '2026-03-01' OR d.updated_at::date = '2026-03-01'$$);
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT count(d.id) AS remote FROM wanted JOIN remote.course_dates d USING (course_id)
 WHERE d.created_at::date >= '2025-01-01' AND extract(year FROM d.start_at) = 2027;
SELECT count(d.id) AS copied FROM wanted JOIN copied.course_dates d USING (course_id)
 WHERE d.created_at::date >= '2025-01-01' AND extract(year FROM d.start_at) = 2027;
SELECT public.explain($$SELECT count(d.id) FROM wanted JOIN remote.course_dates d USING (course_id)
 WHERE d.created_at::date >= '2025-01-01' AND extract(year FROM d.start_at) = 2027$$);
RESET enable_hashjoin;
RESET enable_mergejoin;

-- rows named by their ids and more are read before they are written
BEGIN;
EXPLAIN (COSTS OFF) DELETE FROM remote.customers WHERE id = 61001 OR id > 99999;
ROLLBACK;

DROP SERVER ranges CASCADE;
DROP SCHEMA remote, copied CASCADE;

-- Which clauses go upstream, and as what.  PostgreSQL checks all of them
-- again, so what goes upstream may be too much, and never too little.
\getenv port FRONTCORE_MOCK_PORT
\! test/mock.py --reset rate=0 list_timestamps=present
SELECT format('http://127.0.0.1:%s/v2', :'port') AS base_url \gset
CREATE SERVER pushed FOREIGN DATA WRAPPER frontcore_fdw
    OPTIONS (base_url :'base_url', requests_per_second '0',
             limiter_key 'pushdown');
CREATE USER MAPPING FOR CURRENT_USER SERVER pushed
    OPTIONS (api_key 'test-key');
CREATE SCHEMA pushed;
IMPORT FOREIGN SCHEMA frontcore FROM SERVER pushed INTO pushed;
SET search_path = pushed, public;
SET client_min_messages = warning;
SET timezone = 'Europe/Oslo';

-- the request that a query would send
CREATE FUNCTION request(clause text, source text DEFAULT 'course_dates')
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE
        format('EXPLAIN (COSTS OFF) SELECT 1 FROM %s WHERE %s', source, clause)
    LOOP
        IF line ~ 'Remote Request' THEN
            RETURN regexp_replace(line, '.*Remote Request: ', '');
        END IF;
    END LOOP;
    RETURN 'planned away';
END $$;

-- everything that can be pushed down
SELECT * FROM frontcore_pushdown('courses');
SELECT * FROM frontcore_pushdown('course_dates');
SELECT * FROM frontcore_pushdown('pg_class');
CREATE FOREIGN DATA WRAPPER stranger;
CREATE SERVER stranger FOREIGN DATA WRAPPER stranger;
CREATE FOREIGN TABLE strange (id bigint) SERVER stranger;
SELECT * FROM frontcore_pushdown('strange');
DROP FOREIGN DATA WRAPPER stranger CASCADE;

-- ids, of any integer type, on either side
SELECT clause, request(clause) FROM (VALUES
    ('id = 51003'), ('51003 = id'), ('id = 51003::int8'), ('id = 513::int2'),
    ('id = 51003.0'), ('id + 0 = 51003'), ('id <> 51003'), ('-id = 7'),
    ('id IN (51003, 51003)'), ('id = ANY (''{51004,NULL,51003}''::int4[])'),
    ('id NOT IN (51003)'), ('id = ALL (''{51003}''::int8[])'),
    ('id IS NOT DISTINCT FROM 51003'), ('id IS NULL'),
    ('id = 51003 OR id = 51004::int8'), ('id = 51003 OR course_id = 7301'),
    ('id = 51003 OR id > 51004'), ('NOT id = 51003'),
    ('id = 51003 AND course_id = 7302')) AS v (clause);

-- courses of dates
SELECT clause, request(clause) FROM (VALUES
    ('course_id = 7301'), ('course_id IN (7301, 7302)'),
    ('course_id = 7301 OR course_id = 7303'), ('course_id > 7311'),
    ('course_id = 7301 AND course_id IN (7301, 7302)')) AS v (clause);

-- ids above one
SELECT clause, request(clause) FROM (VALUES
    ('id > 51020'), ('id >= 51020'), ('51020 < id'), ('id < 51020'),
    ('id BETWEEN 51010 AND 51012'), ('id > 51020 AND id >= 51025'),
    ('id > -5'), ('id > 9223372036854775807'), ('id >= 9223372036854775807'),
    ('id < -9223372036854775808'), ('id > 51010 AND id < 51012')) AS v (clause);

-- days: one more on either side, since the API's bounds may be exclusive
SELECT clause, request(clause) FROM (VALUES
    ('start_at > ''2027-03-01'''), ('start_at >= ''2027-03-01'''),
    ('start_at < ''2027-03-01'''), ('start_at <= ''2027-03-01'''),
    ('start_at = ''2027-03-01'''), ('''2027-03-01'' > end_at'),
    ('start_at BETWEEN ''2027-03-01'' AND ''2027-03-31'''),
    ('start_at >= timestamp ''2027-03-01 12:00'''),
    ('start_at > timestamp ''2027-03-01 00:00'''),
    ('start_at < timestamp ''2027-03-01 12:00'''),
    ('start_at = timestamp ''2027-03-01 12:00'''),
    ('start_at >= timestamptz ''2027-03-01 23:30+00'''),
    ('start_at < timestamptz ''2027-03-01 23:30+00'''),
    ('start_at > ''2027-03-01'' AND start_at > ''2027-04-01'''),
    ('start_at > ''2027-03-01'' AND start_at < ''2027-03-02'''),
    ('start_at <> ''2027-03-01'''), ('start_at + 1 > ''2027-03-01'''),
    ('start_at = ''2027-03-01'' OR start_at = ''2027-03-03'''))
    AS v (clause);

-- of days that are named, those from the first to the last
SELECT clause, request(clause) FROM (VALUES
    ('start_at IN (''2027-03-03'', NULL, ''2027-03-01'')'),
    ('start_at = ANY (''{1999-12-31,1970-01-01}'')'),
    ('start_at = ANY (''{infinity}'')'), ('start_at = ANY (''{}'')'),
    ('start_at = ANY (ARRAY[timestamp ''2027-03-01 12:00'', ''2027-03-02 00:00''])'),
    ('start_at IN (''2027-03-01'', ''2027-03-09'') AND start_at > ''2027-03-05'''),
    ('start_at IN (''2027-03-01'', ''2027-03-09'') AND start_at > ''2027-03-09'''),
    ('start_at = ''2027-03-01'' OR start_at = timestamp ''2027-03-03'''),
    ('start_at < ANY (''{2027-03-01}'')'),
    ('start_at <> ALL (''{2027-03-01}'')')) AS v (clause);

-- of rows that follow one, or come before it, what the first column says
SELECT clause, request(clause) FROM (VALUES
    ('(start_at, id) > (''2027-03-01'', 51003)'),
    ('(start_at, id) <= (''2027-03-01'', 51003)'),
    ('(date ''2027-03-01'', 51003) < (start_at, id)'),
    ('(id, start_at) > (51020, ''2027-03-01'')'),
    ('(id, start_at) < (51020, ''2027-03-01'')'),
    ('(status_id, id) > (2, 51003)'), ('(title, id) > (''First Aid'', 51003)'),
    ('(start_at, id) > (NULL, 51003)'),
    ('(start_at, id) = (''2027-03-01'', 51003)')) AS v (clause);
EXPLAIN (COSTS OFF) SELECT id FROM course_dates
WHERE (start_at, id) > ('2027-03-01', 51003) ORDER BY start_at, id LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM course_dates
WHERE (id, start_at) > (51003, '2027-03-01') ORDER BY id LIMIT 10;

-- times: in UTC and a day more, since the API's zone is not known
SELECT clause, request(clause, 'courses') FROM (VALUES
    ('updated_at > ''2027-01-10 12:00:00.5+00'''),
    ('updated_at < ''2027-01-10 12:00:00.5+00'''),
    ('updated_at >= timestamp ''2027-01-10 12:00'''),
    ('updated_at <= date ''2027-01-10'''),
    ('created_at = ''2027-01-10 12:00+00'''),
    ('created_at BETWEEN ''2027-01-01'' AND ''2027-01-31''')) AS v (clause);

-- in a known zone a second is enough, but an hour where the clock repeats one
ALTER SERVER pushed OPTIONS (ADD timezone 'Europe/Oslo');
SELECT clause, request(clause, 'courses') FROM (VALUES
    ('updated_at > ''2027-01-10 12:00:00.5+00'''),
    ('updated_at < ''2027-01-10 12:00:00.5+00'''),
    ('updated_at >= ''2026-10-25 00:30+00'''),
    ('updated_at >= ''2026-10-25 01:30+00'''),
    ('updated_at <= ''2026-10-25 00:30+00'''),
    ('updated_at <= ''2026-10-25 01:30+00'''),
    ('updated_at >= ''2026-10-25 02:30+00'''),
    ('updated_at >= ''2027-03-28 01:00+00'''),
    ('updated_at <= ''2027-03-28 00:59:59+00''')) AS v (clause);
SELECT request('start_at > ''2027-03-01''');
ALTER SERVER pushed OPTIONS (DROP timezone);

-- bounds that all values meet, or none, or that cannot be written
SELECT clause, request(clause) FROM (VALUES
    ('start_at < ''infinity'''), ('start_at > ''-infinity'''),
    ('start_at > ''infinity'''), ('start_at = ''-infinity'''),
    ('created_at <= ''infinity'''), ('created_at >= ''infinity'''),
    ('start_at < ''12027-01-01'''), ('start_at > ''12027-01-01'''),
    ('start_at > ''0044-03-15 BC'''), ('start_at < ''0044-03-15 BC'''),
    ('created_at > date ''5874897-12-31'''),
    ('created_at < date ''5874897-12-31'''),
    ('created_at < timestamp ''294276-12-31 23:59:59''')) AS v (clause);

-- the status
SELECT clause, request(clause) FROM (VALUES
    ('status_id = 2'), ('2::int8 = status_id'), ('status_id IN (2)'),
    ('status_id = ANY (''{2,NULL}''::int[])'), ('status_id IN (1, 2)'),
    ('status_id > 2'), ('status_id = 2 AND status_id = ANY (''{3}'')'),
    ('status_id = 2 OR status_id = 3')) AS v (clause);

-- EXPLAIN expects what is sent, and says nothing else
EXPLAIN (COSTS OFF) SELECT id FROM course_dates
WHERE status_id IN (1, 2) AND start_at > '2027-03-01';
-- what only execution sets stands in braces
EXPLAIN (COSTS OFF) SELECT d.id FROM generate_series(1, 2) AS i,
    LATERAL (SELECT id FROM course_dates
             WHERE course_id = 7300 + i AND start_at >= date '2027-01-01' + i
               AND end_at < '2027-06-01' AND status_id = i AND id > 51000 + i
               AND created_at = timestamptz '2027-01-01' + i * interval '1 day'
             OFFSET 0) AS d;
CREATE TABLE seen (day date);
SELECT request('start_at < (SELECT max(day) FROM seen) AND status_id = ANY (ARRAY(SELECT 2)) AND start_at > ''2027-01-01''');
DROP TABLE seen;

-- texts, volatile functions and operators of another schema stay here
CREATE SCHEMA other;
CREATE FUNCTION other.always(bigint, integer) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR other.= (FUNCTION = other.always, LEFTARG = bigint,
                         RIGHTARG = integer);
SELECT clause, request(clause) FROM (VALUES
    ('title = ''First Aid'''), ('timezone = ''Europe/Oslo'''),
    ('id = (51000 + random() * 9)::bigint'),
    ('start_at > clock_timestamp()'), ('id OPERATOR(other.=) 51003'),
    ('seats_free > 3')) AS v (clause);
SELECT count(*) FROM course_dates WHERE id OPERATOR(other.=) 51003;
\! test/mock.py --log
DROP SCHEMA other CASCADE;

-- stable functions are evaluated when the scan begins
SELECT regexp_replace(request(clause), '\d\d\d\d-\d\d-\d\d( ..:..:..)?', 'TIME', 'g')
FROM (VALUES ('start_at >= current_date - 7 AND start_at < now()'),
             ('created_at > now() - interval ''1 week''')) AS v (clause);

-- parameters are, too, with the types that they have
SET plan_cache_mode = force_generic_plan;
PREPARE since (timestamptz, int[], date) AS
    SELECT count(*) FROM course_dates
    WHERE updated_at > $1 AND status_id = ANY ($2) AND $3 <= start_at;
EXPLAIN (COSTS OFF) EXECUTE since ('2026-10-01 00:00+00', '{2}', '2027-02-01');
EXECUTE since ('2026-10-01 00:00+00', '{2}', '2027-02-01');
EXECUTE since ('2026-10-01 00:00+00', '{2,3}', NULL);
EXECUTE since ('2026-10-01 00:00+00', '{}', '2027-02-01');
EXECUTE since ('-infinity', '{2,3}', '-infinity');
\! test/mock.py --log
-- the session's time zone is the one of the execution
PREPARE from_noon (timestamp) AS
    SELECT count(*) FROM courses WHERE updated_at >= $1;
EXECUTE from_noon ('2026-12-10 12:00');
SET timezone = 'Pacific/Kiritimati';
EXECUTE from_noon ('2026-12-10 12:00');
\! test/mock.py --log
SET timezone = 'Europe/Oslo';
RESET plan_cache_mode;
DEALLOCATE ALL;

-- columns whose types do not hold the API's values stay here, others do not
CREATE DOMAIN course_number AS integer;
CREATE FOREIGN TABLE typed (
    id integer,
    course_id course_number,
    number numeric OPTIONS (field 'id'),
    first_day timestamp OPTIONS (field 'start_at'),
    last_day text OPTIONS (field 'end_at'),
    status bigint OPTIONS (field 'status.id'),
    status_id smallint
) SERVER pushed OPTIONS (resource 'course_dates');
SELECT clause, request(clause, 'typed') FROM (VALUES
    ('id = 51003'), ('id > 51003::int8'), ('course_id = 7301'),
    ('number = 51003'), ('first_day > ''2027-03-01'''),
    ('last_day > ''2027-03-01'''), ('status = 2'), ('status_id = 2')) AS v (clause);
SELECT * FROM frontcore_pushdown('typed') WHERE column_name <> 'id';

-- options turn filters and orders off; ids and courses still go upstream
ALTER FOREIGN TABLE course_dates OPTIONS (ADD push_filters 'false');
SELECT * FROM frontcore_pushdown('course_dates');
SELECT clause, request(clause) FROM (VALUES
    ('course_id = 7301 AND status_id = 2'), ('id > 51020'),
    ('start_at > ''2027-03-01'''), ('id = 51003'),
    ('start_at > ''2027-03-01'' AND start_at < ''2027-03-01''')) AS v (clause);
ALTER FOREIGN TABLE course_dates OPTIONS (DROP push_filters);
EXPLAIN (COSTS OFF) SELECT id FROM course_dates ORDER BY start_at LIMIT 3;
ALTER FOREIGN TABLE course_dates OPTIONS (ADD push_order 'false');
EXPLAIN (COSTS OFF) SELECT id FROM course_dates ORDER BY start_at LIMIT 3;
ALTER FOREIGN TABLE course_dates OPTIONS (DROP push_order);

-- an order goes upstream with NULLs where they are by default, and for ids
-- with NULLs anywhere
EXPLAIN (COSTS OFF) SELECT id FROM course_dates ORDER BY start_at DESC;
EXPLAIN (COSTS OFF) SELECT id FROM course_dates ORDER BY start_at NULLS FIRST;
EXPLAIN (COSTS OFF) SELECT id FROM course_dates ORDER BY id DESC NULLS LAST;
EXPLAIN (COSTS OFF) SELECT id FROM course_dates ORDER BY end_at;
EXPLAIN (COSTS OFF) SELECT id FROM courses ORDER BY id;

-- conditions behind a security barrier tell nothing of the rows it hides
CREATE VIEW shown WITH (security_barrier) AS
    SELECT * FROM course_dates WHERE title <> 'First Aid';
CREATE FUNCTION leaky(date) RETURNS date
    LANGUAGE plpgsql STABLE COST 0.1 AS 'BEGIN RETURN $1; END';
SELECT request('id = 51003', 'shown');
EXPLAIN (COSTS OFF) SELECT id FROM shown
WHERE start_at > timestamp '2027-03-01' AND leaky(start_at) > '2027-01-01';

-- whatever the API makes of filters, the rows are the same
CREATE SCHEMA here;
CREATE TABLE here.course_dates AS SELECT * FROM pushed.course_dates;
CREATE TABLE here.courses AS SELECT * FROM pushed.courses;
ALTER SERVER pushed OPTIONS (ADD cache 'off');
\! test/mock.py --log --quiet
CREATE TABLE clauses (source text, clause text);
INSERT INTO clauses VALUES
    ('course_dates', 'id > 51020 AND id <> 51025'),
    ('course_dates', 'id IN (51003, 51039, 99) OR id = 51007'),
    ('course_dates', 'id = ANY (''{51003,51007}'') AND course_id = 7302'),
    ('course_dates', 'course_id IN (7301, 7305, 7399) AND status_id = 2'),
    ('course_dates', 'start_at > ''2027-02-15'''),
    ('course_dates', 'start_at >= ''2027-02-16'' AND end_at <= ''2027-02-16'''),
    ('course_dates', 'start_at = ''2027-02-16'''),
    ('course_dates', 'start_at < timestamptz ''2027-02-15 23:00+00'''),
    ('course_dates', 'status_id = 3'),
    ('course_dates', 'status_id = 3 AND id < 51015'),
    ('course_dates', 'id BETWEEN 51010 AND 51020'),
    ('course_dates', 'id < 51005'),
    ('course_dates', 'start_at IN (''2027-02-15'', NULL, ''2027-02-16'')'),
    ('course_dates', 'start_at = ''2027-02-15'' OR start_at = ''2027-02-16'''),
    ('course_dates', 'start_at = ANY (ARRAY[timestamptz ''2027-02-14 23:00+00'', ''2027-02-16 12:00+00''])'),
    ('course_dates', '(start_at, id) > (''2027-02-16'', 51003)'),
    ('course_dates', '(start_at, id) <= (''2027-02-16'', 51003)'),
    ('course_dates', '(id, course_id) >= (51020, 7303)'),
    ('courses', 'updated_at = ANY (ARRAY(SELECT updated_at FROM here.courses ORDER BY 1 LIMIT 2))'),
    ('courses', 'updated_at > ''2026-12-20 00:00+00'''),
    ('courses', 'updated_at = (SELECT max(updated_at) FROM here.courses)'),
    ('courses', 'updated_at < (SELECT max(updated_at) FROM here.courses)'),
    ('courses', 'updated_at >= (SELECT max(updated_at) FROM here.courses)'),
    ('courses', 'created_at <= (SELECT min(created_at) FROM here.courses)'),
    ('courses', 'id >= 7311');
CREATE FUNCTION differences() RETURNS TABLE (what text, pushed text, here text)
LANGUAGE plpgsql AS $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT * FROM clauses
    LOOP
        what := one.clause;
        EXECUTE format('SELECT string_agg(id::text, '','' ORDER BY id) FROM pushed.%I WHERE %s',
                       one.source, one.clause) INTO pushed;
        EXECUTE format('SELECT string_agg(id::text, '','' ORDER BY id) FROM here.%I WHERE %s',
                       one.source, one.clause) INTO here;
        IF pushed IS DISTINCT FROM here THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;
\! test/mock.py --log
SELECT * FROM differences();
\! test/mock.py --log
\! test/mock.py --reset rate=0 list_timestamps=present bounds=exclusive filter_zone=UTC default_sort=asc
SELECT * FROM differences();
\! test/mock.py --log --quiet
\! test/mock.py --reset rate=0 list_timestamps=present bounds=exclusive filter_zone=Europe/Oslo
ALTER SERVER pushed OPTIONS (ADD timezone 'Europe/Oslo');
SELECT * FROM differences();
\! test/mock.py --reset rate=0 list_timestamps=present filter_zone=UTC bounds=exclusive
ALTER SERVER pushed OPTIONS (SET timezone 'UTC');
SELECT * FROM differences();
ALTER SERVER pushed OPTIONS (DROP timezone);
\! test/mock.py --reset rate=0 list_timestamps=present filters=ignored since_id=ignored sort=ignored id_filter=ignored
ALTER SERVER pushed OPTIONS (ADD push_order 'false');
SELECT * FROM differences();
\! test/mock.py --log --quiet
ALTER SERVER pushed OPTIONS (DROP push_order);
-- where filters are refused they are left out from then on
ALTER SERVER pushed OPTIONS (SET limiter_key 'pushdown refused');
\! test/mock.py --reset rate=0 list_timestamps=present filters=refused
SELECT * FROM differences();
\! test/mock.py --log > /dev/null
SELECT count(*) FROM course_dates WHERE status_id = 2 AND start_at > '2027-02-16';
\! test/mock.py --log
\! test/mock.py --reset rate=0
-- one date by its own request, where no list can be filtered to it: its course
-- is that of the list's row of that id, wherever in the list it stands
ALTER SERVER pushed OPTIONS (SET limiter_key 'pushdown ignored', ADD page_size '13', DROP cache);
\! test/mock.py --reset rate=0 id_filter=ignored default_sort=asc
SELECT id, course_id, updated_at FROM course_dates WHERE id = 51030;
SELECT id, course_id, updated_at FROM course_dates WHERE id IN (51001, 51020, 51038, 99);
\! test/mock.py --log
-- the first of several may be the one that was looked up, by chance
ALTER SERVER pushed OPTIONS (SET limiter_key 'pushdown by chance');
SELECT id, start_at FROM course_dates WHERE id IN (51001, 51020, 51038, 51999);
\! test/mock.py --log
-- or others may be refused, or said not to be there
ALTER SERVER pushed OPTIONS (SET limiter_key 'pushdown refuses one');
\! test/mock.py --reset rate=0
\! test/mock.py --fault 'match=coursedate_id=51020 status=400'
SELECT id, start_at FROM course_dates WHERE id IN (51001, 51020, 51038, 99);
\! test/mock.py --log
ALTER SERVER pushed OPTIONS (SET limiter_key 'pushdown lacks one');
\! test/mock.py --fault 'match=coursedate_id=51020 status=404'
SELECT id, start_at FROM course_dates WHERE id IN (51001, 51020, 51038, 99) ORDER BY id DESC;
\! test/mock.py --log
-- or to lack a column that another route has
ALTER SERVER pushed OPTIONS (SET limiter_key 'pushdown lacks a column');
\! test/mock.py --fault 'match=coursedate_id=51020 drop=reference'
SELECT id, reference FROM course_dates WHERE id IN (51001, 51020, 51038);
\! test/mock.py --log
-- also where rows are read again, or read after a write that drained them
ALTER SERVER pushed OPTIONS (SET limiter_key 'pushdown again');
\! test/mock.py --reset rate=0 id_filter=ignored default_sort=asc
SELECT v, (SELECT max(id) FROM course_dates WHERE id IN (51001, 51020, 51038) AND status_id <= v) FROM generate_series(1, 3) AS v;
\! test/mock.py --log --quiet
ALTER SERVER pushed OPTIONS (SET limiter_key 'pushdown drained');
BEGIN;
DECLARE c CURSOR FOR SELECT id, start_at FROM course_dates WHERE id IN (51001, 51020, 51038);
FETCH 1 FROM c;
UPDATE course_dates SET start_at = start_at WHERE id = 51020;
FETCH ALL FROM c;
COMMIT;
ALTER SERVER pushed OPTIONS (DROP page_size);
\! test/mock.py --reset rate=0

DROP SCHEMA here CASCADE;
DROP TABLE clauses;
DROP FUNCTION leaky(date) CASCADE;
SET search_path = public;
DROP SCHEMA pushed CASCADE;
DROP SERVER pushed CASCADE;

/* sql/frontcore_fdw--1.0--1.1.sql */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION frontcore_fdw UPDATE TO '1.1'" to load this file. \quit

-- what was counted for each resource: more columns

CREATE FUNCTION @extschema@.frontcore_stat_1_1(
    OUT server pg_catalog.text,
    OUT resource pg_catalog.text,
    OUT requests pg_catalog.int8,
    OUT cache_hits pg_catalog.int8,
    OUT rows_read pg_catalog.int8,
    OUT rows_written pg_catalog.int8,
    OUT bytes_received pg_catalog.int8,
    OUT retries pg_catalog.int8,
    OUT errors pg_catalog.int8,
    OUT http_ms pg_catalog.float8,
    OUT last_error pg_catalog.text,
    OUT shared_hits pg_catalog.int8,
    OUT stale_hits pg_catalog.int8,
    OUT writes pg_catalog.int8,
    OUT unknown_outcomes pg_catalog.int8,
    OUT wait_ms pg_catalog.float8,
    OUT last_error_at pg_catalog.timestamptz,
    OUT stats_reset pg_catalog.timestamptz)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED ROWS 20;

CREATE OR REPLACE VIEW @extschema@.frontcore_stat AS
    SELECT * FROM @extschema@.frontcore_stat_1_1();

DROP FUNCTION @extschema@.frontcore_stat();
ALTER FUNCTION @extschema@.frontcore_stat_1_1() RENAME TO frontcore_stat;

-- the limit of each account: the servers that it is for

CREATE FUNCTION @extschema@.frontcore_limiter_1_1(
    OUT account pg_catalog.text,
    OUT base_url pg_catalog.text,
    OUT requests_per_second pg_catalog.float8,
    OUT requests pg_catalog.int8,
    OUT waits pg_catalog.int8,
    OUT wait_ms pg_catalog.float8,
    OUT throttled pg_catalog.int8,
    OUT queued pg_catalog.int4,
    OUT in_flight pg_catalog.int4,
    OUT blocked_until pg_catalog.timestamptz,
    OUT last_request pg_catalog.timestamptz,
    OUT servers pg_catalog.name[])
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED ROWS 10;

CREATE OR REPLACE VIEW @extschema@.frontcore_limiter AS
    SELECT * FROM @extschema@.frontcore_limiter_1_1();

DROP FUNCTION @extschema@.frontcore_limiter();
ALTER FUNCTION @extschema@.frontcore_limiter_1_1() RENAME TO frontcore_limiter;

-- the answers that all sessions share

CREATE FUNCTION @extschema@.frontcore_cache(
    OUT base_url pg_catalog.text,
    OUT resource pg_catalog.text,
    OUT request pg_catalog.text,
    OUT pages pg_catalog.int4,
    OUT rows pg_catalog.int8,
    OUT bytes pg_catalog.int8,
    OUT age pg_catalog.interval,
    OUT hits pg_catalog.int8)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED ROWS 100;

CREATE VIEW @extschema@.frontcore_cache AS
    SELECT * FROM @extschema@.frontcore_cache();

GRANT SELECT ON @extschema@.frontcore_cache TO PUBLIC;

CREATE FUNCTION @extschema@.frontcore_shared_cache_reset()
RETURNS pg_catalog.void
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;

REVOKE ALL ON FUNCTION @extschema@.frontcore_shared_cache_reset() FROM PUBLIC;

-- the last requests of all sessions

CREATE FUNCTION @extschema@.frontcore_requests(
    OUT at pg_catalog.timestamptz,
    OUT pid pg_catalog.int4,
    OUT database pg_catalog.text,
    OUT usename pg_catalog.text,
    OUT application_name pg_catalog.text,
    OUT server pg_catalog.text,
    OUT resource pg_catalog.text,
    OUT method pg_catalog.text,
    OUT path pg_catalog.text,
    OUT status pg_catalog.int4,
    OUT bytes pg_catalog.int8,
    OUT wait_ms pg_catalog.float8,
    OUT http_ms pg_catalog.float8,
    OUT sqlstate pg_catalog.text,
    OUT row_id pg_catalog.int8,
    OUT outcome pg_catalog.text)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED ROWS 1000;

CREATE VIEW @extschema@.frontcore_requests AS
    SELECT * FROM @extschema@.frontcore_requests();

GRANT SELECT ON @extschema@.frontcore_requests TO PUBLIC;

-- does the API answer, and what is wrong if it does not?

CREATE FUNCTION @extschema@.frontcore_ping(
    server pg_catalog.name,
    OUT status pg_catalog.int4,
    OUT http_ms pg_catalog.float8,
    OUT wait_ms pg_catalog.float8,
    OUT key_accepted pg_catalog.bool,
    OUT message pg_catalog.text)
RETURNS pg_catalog.record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE;

-- what does an account do where the API's documentation is silent?

CREATE FUNCTION @extschema@.frontcore_probe(
    server pg_catalog.name,
    OUT question pg_catalog.text,
    OUT finding pg_catalog.text,
    OUT evidence pg_catalog.text,
    OUT advice pg_catalog.text)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE ROWS 19;

CREATE FUNCTION @extschema@.frontcore_probe(
    server pg_catalog.name,
    course_id pg_catalog.int8,
    OUT question pg_catalog.text,
    OUT finding pg_catalog.text,
    OUT evidence pg_catalog.text,
    OUT advice pg_catalog.text)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME', 'frontcore_probe_course'
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE ROWS 22;

REVOKE ALL ON FUNCTION @extschema@.frontcore_probe(pg_catalog.name, pg_catalog.int8) FROM PUBLIC;

-- what can be done with the columns of a foreign table

CREATE FUNCTION @extschema@.frontcore_columns(
    foreign_table pg_catalog.regclass,
    OUT column_name pg_catalog.name,
    OUT type pg_catalog.text,
    OUT field pg_catalog.text,
    OUT writable pg_catalog.bool,
    OUT required pg_catalog.bool,
    OUT relation pg_catalog.text,
    OUT filter pg_catalog.text,
    OUT note pg_catalog.text)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED ROWS 50;

-- what can be done beyond rows of a table

CREATE FUNCTION @extschema@.frontcore_book(
    server pg_catalog.name,
    course_date_id pg_catalog.int8,
    participants pg_catalog.jsonb,
    details pg_catalog.jsonb DEFAULT '{}',
    OUT order_id pg_catalog.text,
    OUT booking_id pg_catalog.text,
    OUT course_date_id pg_catalog.int8,
    OUT currency pg_catalog.text,
    OUT total_excl_vat pg_catalog.numeric,
    OUT total_incl_vat pg_catalog.numeric,
    OUT total_vat pg_catalog.numeric,
    OUT number_of_participants pg_catalog.int4)
RETURNS pg_catalog.record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.frontcore_deregister(
    server pg_catalog.name,
    booking_id pg_catalog.int8,
    with_fee pg_catalog.bool DEFAULT false,
    send_receipt pg_catalog.bool DEFAULT false)
RETURNS SETOF pg_catalog.jsonb
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.frontcore_anonymize_user(
    server pg_catalog.name,
    user_id pg_catalog.int8)
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.frontcore_check_campaign(
    server pg_catalog.name,
    code pg_catalog.text,
    course_id pg_catalog.int8 DEFAULT NULL,
    course_date_id pg_catalog.int8 DEFAULT NULL)
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.frontcore_check_voucher(
    server pg_catalog.name,
    code pg_catalog.text)
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.frontcore_find_users(
    server pg_catalog.name,
    email pg_catalog.text DEFAULT NULL,
    firstname pg_catalog.text DEFAULT NULL,
    lastname pg_catalog.text DEFAULT NULL,
    username pg_catalog.text DEFAULT NULL)
RETURNS TABLE (
    id pg_catalog.int8,
    firstname pg_catalog.text,
    lastname pg_catalog.text,
    email pg_catalog.text,
    username pg_catalog.text,
    phone pg_catalog.text,
    company pg_catalog.text,
    orgnr pg_catalog.text,
    "position" pg_catalog.text,
    department pg_catalog.text,
    external_id pg_catalog.text,
    created_at pg_catalog.timestamptz,
    updated_at pg_catalog.timestamptz)
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.frontcore_diplomas(
    server pg_catalog.name,
    user_id pg_catalog.int8 DEFAULT NULL,
    participant_id pg_catalog.int8 DEFAULT NULL)
RETURNS SETOF pg_catalog.jsonb
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

REVOKE ALL ON FUNCTION
    @extschema@.frontcore_book(pg_catalog.name, pg_catalog.int8, pg_catalog.jsonb, pg_catalog.jsonb),
    @extschema@.frontcore_deregister(pg_catalog.name, pg_catalog.int8, pg_catalog.bool, pg_catalog.bool),
    @extschema@.frontcore_anonymize_user(pg_catalog.name, pg_catalog.int8),
    @extschema@.frontcore_check_campaign(pg_catalog.name, pg_catalog.text, pg_catalog.int8, pg_catalog.int8),
    @extschema@.frontcore_check_voucher(pg_catalog.name, pg_catalog.text),
    @extschema@.frontcore_find_users(pg_catalog.name, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text),
    @extschema@.frontcore_diplomas(pg_catalog.name, pg_catalog.int8, pg_catalog.int8)
FROM PUBLIC;
-- A local copy, kept up to date: frontcore_sync() and what it needs.
--
-- The procedures commit as they go, so they can have neither a SET clause nor
-- SECURITY DEFINER.  They keep the caller's search_path, as the caller's
-- triggers may need it, so every name and operator in them is qualified.  What
-- needs more than a few operators is a function with a search_path of its own.

CREATE TABLE @extschema@.frontcore_sync_runs (
    target pg_catalog.regclass PRIMARY KEY,
    source pg_catalog.regclass NOT NULL,
    mark pg_catalog.timestamptz,            -- changes since then are asked for
    status pg_catalog.text NOT NULL CHECK (
        status OPERATOR(pg_catalog.=) ANY ('{running,complete,broken off,error}'::pg_catalog.text[])),
    inserted pg_catalog.int8 NOT NULL DEFAULT 0,
    updated pg_catalog.int8 NOT NULL DEFAULT 0,
    deleted pg_catalog.int8 NOT NULL DEFAULT 0,
    requests pg_catalog.int8 NOT NULL DEFAULT 0,
    started_at pg_catalog.timestamptz NOT NULL,
    finished_at pg_catalog.timestamptz,
    last_error pg_catalog.text,
    is_full pg_catalog.bool NOT NULL,       -- the last run read the list whole
    since_full pg_catalog.int4 NOT NULL DEFAULT 0,  -- runs after the last one that did
    reading_mark pg_catalog.timestamptz,    -- mark of a full reading under way
    reading_since pg_catalog.timestamptz,   -- when it began
    checkpoint pg_catalog.int8,             -- id up to which it has come
    doubtful pg_catalog.int8[] NOT NULL DEFAULT '{}'  -- ids that the last one lacked
);

SELECT pg_catalog.pg_extension_config_dump('@extschema@.frontcore_sync_runs',
    'WHERE EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid OPERATOR(pg_catalog.=) target'
    ' AND c.relpersistence OPERATOR(pg_catalog.<>) ''t'')'
    ' AND EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid OPERATOR(pg_catalog.=) source)');

CREATE VIEW @extschema@.frontcore_sync_state WITH (security_barrier) AS
    SELECT r.source, r.target, r.mark,
           CASE WHEN r.status = 'running' AND l.pid IS NULL THEN 'broken off'
                ELSE r.status END AS status,
           r.inserted, r.updated, r.deleted, r.requests, r.started_at, r.finished_at,
           CASE WHEN r.status = 'running' AND l.pid IS NULL
                THEN 'the session ended before the run did; the server''s log may tell why'
                ELSE r.last_error END AS last_error
      FROM @extschema@.frontcore_sync_runs AS r
      JOIN pg_catalog.pg_class AS t ON t.oid = r.target
      JOIN pg_catalog.pg_class AS s ON s.oid = r.source
      LEFT JOIN pg_catalog.pg_locks AS l
        ON l.locktype = 'advisory' AND l.granted AND l.objsubid = 17987
       AND l.classid = 1178817369 AND l.objid = r.target::pg_catalog.oid
       AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                          WHERE d.datname = pg_catalog.current_database())
     WHERE pg_catalog.has_table_privilege(r.target, 'SELECT');

GRANT SELECT ON @extschema@.frontcore_sync_state TO PUBLIC;

CREATE PROCEDURE @extschema@.frontcore_sync_check_context()
AS 'MODULE_PATHNAME'
LANGUAGE C;

CREATE FUNCTION @extschema@.frontcore_sync_describe(
    source pg_catalog.regclass,
    OUT key pg_catalog.text,
    OUT created pg_catalog.text,
    OUT updated pg_catalog.text,
    OUT parents pg_catalog.text[],
    OUT persons pg_catalog.bool,
    OUT by_id pg_catalog.bool,
    OUT lacking pg_catalog.text[],
    OUT page_size pg_catalog.int4,
    OUT step pg_catalog.int4)
RETURNS pg_catalog.record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

CREATE FUNCTION @extschema@.frontcore_sync_lock(target pg_catalog.regclass)
RETURNS pg_catalog.bool
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

CREATE FUNCTION @extschema@.frontcore_sync_unlock(target pg_catalog.regclass)
RETURNS pg_catalog.void
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

CREATE FUNCTION @extschema@.frontcore_sync_holds(target pg_catalog.regclass)
RETURNS pg_catalog.bool
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

CREATE FUNCTION @extschema@.frontcore_sync_requests()
RETURNS pg_catalog.int8
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

CREATE FUNCTION @extschema@.frontcore_sync_numbered_pages()
RETURNS pg_catalog.int8
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

CREATE FUNCTION @extschema@.frontcore_sync_clock()
RETURNS pg_catalog.float8
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

-- The state of a target, for the session that has locked it, which takes the
-- right to write the target.  A procedure that commits cannot have rights of its
-- own, so PostgreSQL cannot tell a run from a session that calls these functions
-- by hand, and no list of callers is kept that a function of the caller's could
-- not get into.  So who may write a target may also write a state of it that no
-- run has had.  That gives no more than he has: he may change the rows, or begin
-- the state anew with another source.  He cannot touch that of other targets.

CREATE FUNCTION @extschema@.frontcore_sync_recall(the_target pg_catalog.regclass)
RETURNS @extschema@.frontcore_sync_runs
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    run @extschema@.frontcore_sync_runs;
BEGIN
    IF NOT @extschema@.frontcore_sync_holds(the_target) THEN
        RAISE insufficient_privilege USING MESSAGE = 'only a run of frontcore_sync reads its state';
    END IF;
    SELECT * INTO run FROM @extschema@.frontcore_sync_runs AS r WHERE r.target = the_target;
    RETURN run;
END
$$;

CREATE FUNCTION @extschema@.frontcore_sync_note(run @extschema@.frontcore_sync_runs)
RETURNS pg_catalog.void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT @extschema@.frontcore_sync_holds(run.target) THEN
        RAISE insufficient_privilege USING MESSAGE = 'only a run of frontcore_sync writes its state';
    END IF;
    DELETE FROM @extschema@.frontcore_sync_runs AS r
     WHERE r.target = run.target
        OR NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = r.target)
        OR NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = r.source);
    INSERT INTO @extschema@.frontcore_sync_runs SELECT run.*;
END
$$;

-- The target of a run, made if there is none.

CREATE FUNCTION @extschema@.frontcore_sync_target(
    source pg_catalog.regclass, existing pg_catalog.regclass,
    target_name pg_catalog.text, default_schema pg_catalog.text)
RETURNS pg_catalog.regclass
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    info record;
    names text[];
    target regclass;
BEGIN
    IF existing = source THEN
        RAISE invalid_parameter_value USING MESSAGE = 'source and target are the same table';
    ELSIF existing IS NOT NULL THEN
        RETURN existing;
    END IF;

    info := @extschema@.frontcore_sync_describe(source);
    names := parse_ident(target_name);
    IF array_length(names, 1) = 1 THEN
        names := default_schema || names;
    END IF;
    IF array_length(names, 1) > 2 THEN
        RAISE invalid_parameter_value USING MESSAGE = format('improper table name: %L', target_name);
    ELSIF names[1] IS NULL THEN
        RAISE invalid_schema_name USING MESSAGE = 'no schema has been selected to create the target in';
    END IF;
    BEGIN
        EXECUTE format('CREATE TABLE %I.%I (LIKE %s, PRIMARY KEY (%I))', names[1], names[2], source, info.key);
    EXCEPTION WHEN duplicate_table OR unique_violation THEN
        -- another session has made it meanwhile
        RETURN format('%I.%I', names[1], names[2])::regclass;
    END;
    target := format('%I.%I', names[1], names[2])::regclass;
    FOR i IN 1 .. coalesce(array_length(info.parents, 1), 0) LOOP
        EXECUTE format('CREATE INDEX ON %s (%I)', target, info.parents[i]);
    END LOOP;
    RAISE NOTICE 'made table %', target;
    RETURN target;
END
$$;

-- Refuse a target in which rows cannot be found by their ids.

CREATE FUNCTION @extschema@.frontcore_sync_check_target(target pg_catalog.regclass, key pg_catalog.text)
RETURNS pg_catalog.void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_attribute AS a
                    WHERE a.attrelid = target AND a.attname = key AND a.attnum > 0 AND NOT a.attisdropped) THEN
        RAISE undefined_column USING
            MESSAGE = format('table %s has no column %I', target, key),
            HINT = 'A copy needs it to tell rows apart.';
    ELSIF NOT EXISTS (SELECT FROM pg_index AS i
                        JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                       WHERE i.indrelid = target AND a.attname = key AND i.indnkeyatts = 1
                         AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL) THEN
        RAISE invalid_column_reference USING
            MESSAGE = format('column %I of table %s is not unique', key, target),
            HINT = format('Make it the primary key: ALTER TABLE %s ADD PRIMARY KEY (%I).', target, key);
    ELSIF EXISTS (SELECT FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhparent
                   WHERE i.inhparent = target AND c.relkind = 'r') THEN
        RAISE wrong_object_type USING
            MESSAGE = format('table %s has child tables', target),
            HINT = 'Their rows would belong to the copy, and nothing keeps their ids unique.';
    END IF;
END
$$;

-- Begin a run, or go on with one that has broken off.  A target without rows
-- was never filled, was truncated, or is an unlogged table after a crash.

CREATE FUNCTION @extschema@.frontcore_sync_begin(
    source pg_catalog.regclass, target pg_catalog.regclass,
    reconcile pg_catalog.bool, full_every pg_catalog.int4)
RETURNS @extschema@.frontcore_sync_runs
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    info record := @extschema@.frontcore_sync_describe(source);
    run @extschema@.frontcore_sync_runs := @extschema@.frontcore_sync_recall(target);
    is_first boolean;
    has_rows boolean;
    lacking text;
BEGIN
    PERFORM @extschema@.frontcore_sync_check_target(target, info.key);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', target) INTO has_rows;
    IF run.source IS DISTINCT FROM source OR NOT has_rows THEN
        run := NULL;
    END IF;
    is_first := run.mark IS NULL;
    IF run.reading_since < clock_timestamp() - interval '1 day' THEN
        run.reading_since := NULL;
    END IF;
    IF full_every IS NULL AND info.persons THEN
        full_every := 24;       -- an erasure may not move updated_at
    END IF;
    run.started_at := clock_timestamp();
    run.is_full := reconcile OR is_first OR run.reading_since IS NOT NULL
        OR coalesce(run.since_full + 1 >= full_every, false)
        OR (info.updated IS NULL AND info.created IS NULL);

    IF run.is_full AND run.reading_since IS NOT NULL AND run.checkpoint IS NOT NULL THEN
        RAISE NOTICE '%: goes on behind id %', source, run.checkpoint;
    ELSE
        run.reading_since := CASE WHEN run.is_full THEN run.started_at END;
        run.reading_mark := NULL;
        run.checkpoint := NULL;
    END IF;
    IF is_first AND info.updated IS NULL THEN
        RAISE NOTICE '%: %', source, CASE WHEN info.created IS NULL
            THEN 'the API filters neither by the time of a change nor by that of creation, so each run reads all rows'
            ELSE 'the API does not filter by the time of a change, so only reconcile => true finds changes' END;
    END IF;
    SELECT string_agg(quote_ident(s.attname), ', ' ORDER BY s.attnum) INTO lacking
      FROM pg_attribute AS s
     WHERE s.attrelid = source AND s.attnum > 0 AND NOT s.attisdropped
       AND NOT EXISTS (SELECT FROM pg_attribute AS t
                        WHERE t.attrelid = target AND t.attname = s.attname AND NOT t.attisdropped);
    IF lacking IS NOT NULL THEN
        RAISE NOTICE 'table % has no column for %', target, lacking;
    END IF;

    run.target := target;
    run.source := source;
    run.status := 'running';
    run.finished_at := NULL;
    run.last_error := NULL;
    run.inserted := 0;
    run.updated := 0;
    run.deleted := 0;
    run.requests := 0;
    run.since_full := coalesce(run.since_full, 0);
    run.doubtful := coalesce(run.doubtful, '{}');
    PERFORM @extschema@.frontcore_sync_note(run);
    RETURN run;
END
$$;

-- Read the next part of the source into pg_temp.frontcore_sync_rows: what has
-- changed since the mark, the rows behind the checkpoint, or all rows.  With the
-- last part of a reading that has gone on comes what has changed since it began.

CREATE FUNCTION @extschema@.frontcore_sync_read(
    run @extschema@.frontcore_sync_runs,
    OUT key pg_catalog.text,
    OUT lacking pg_catalog.text[],  -- columns that no answer holds
    OUT by_id pg_catalog.bool,      -- read in the order of ids
    OUT rows pg_catalog.int8,
    OUT new_rows pg_catalog.int8,   -- those that the target does not have
    OUT last_id pg_catalog.int8,
    OUT is_last pg_catalog.bool,
    OUT is_sure pg_catalog.bool,    -- no page was asked for by its number
    OUT is_paged pg_catalog.bool,   -- changes came on several such pages
    OUT gone pg_catalog.int8[])     -- ids that only the target has
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    info record := @extschema@.frontcore_sync_describe(run.source);
    create_rows CONSTANT text := 'CREATE TEMP TABLE frontcore_sync_rows ON COMMIT DROP AS SELECT * FROM ';
    requests_before bigint := @extschema@.frontcore_sync_requests();
    pages_before bigint := @extschema@.frontcore_sync_numbered_pages();
    since timestamptz;
    time_column text;
BEGIN
    key := info.key;
    by_id := run.is_full AND info.by_id;
    is_last := true;
    IF NOT run.is_full THEN
        EXECUTE create_rows || run.source || ' WITH NO DATA';
    ELSIF by_id THEN
        EXECUTE create_rows || format('%s %s ORDER BY %I LIMIT %s', run.source,
                                      'WHERE ' || quote_ident(key) || ' > ' || run.checkpoint,
                                      key, info.step);
        GET DIAGNOSTICS rows = ROW_COUNT;
        is_last := rows < info.step;
        -- the answer has shown how long pages are, or that another route has to be taken
        info := @extschema@.frontcore_sync_describe(run.source);
        IF NOT info.by_id THEN
            DROP TABLE frontcore_sync_rows;
            by_id := false;
            is_last := true;
        END IF;
    END IF;
    IF run.is_full AND NOT by_id THEN
        RAISE NOTICE '%: the API does not give all columns in the order of ids, so the list is read in one piece', run.source;
        EXECUTE create_rows || run.source;
    END IF;
    since := CASE WHEN NOT run.is_full THEN run.mark
                  WHEN by_id AND is_last AND run.reading_since < run.started_at THEN run.reading_mark END;
    IF since IS NOT NULL THEN
        FOREACH time_column IN ARRAY array_remove(ARRAY[info.updated, info.created], NULL) LOOP
            EXECUTE format('INSERT INTO frontcore_sync_rows SELECT * FROM %s AS s WHERE %I >= %L::timestamptz '
                           'AND NOT EXISTS (SELECT FROM frontcore_sync_rows AS r WHERE r.%I = s.%I)',
                           run.source, time_column, since, key, key);
        END LOOP;
    END IF;
    lacking := (@extschema@.frontcore_sync_describe(run.source)).lacking;

    EXECUTE format('SELECT count(*), max(r.%1$I::bigint), count(*) FILTER (WHERE NOT EXISTS ('
                   'SELECT FROM %2$s AS t WHERE t.%1$I::bigint = r.%1$I::bigint)) FROM frontcore_sync_rows AS r',
                   key, run.target) INTO rows, last_id, new_rows;
    is_sure := @extschema@.frontcore_sync_numbered_pages() = pages_before
        AND @extschema@.frontcore_sync_requests() > requests_before;     -- no other session asked for us
    is_paged := NOT run.is_full AND NOT is_sure AND rows > info.page_size;
    IF run.is_full THEN
        EXECUTE format('SELECT coalesce(array_agg(t.%1$I::bigint), ''{}'') FROM %2$s AS t WHERE %3$s '
                       'AND NOT EXISTS (SELECT FROM frontcore_sync_rows AS r WHERE r.%1$I::bigint = t.%1$I::bigint)',
                       key, run.target,
                       concat_ws(' AND ', 'true',
                                 CASE WHEN by_id THEN format('t.%I::bigint > ', key) || run.checkpoint END,
                                 CASE WHEN NOT is_last THEN format('t.%I::bigint <= %s', key, last_id) END))
           INTO gone;
    END IF;
END
$$;

-- Are so many rows gone that it is not believed?

CREATE FUNCTION @extschema@.frontcore_sync_is_too_many(gone pg_catalog.int8[], total pg_catalog.int8)
RETURNS pg_catalog.bool
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT total > 20 AND cardinality(gone) * 2 > total
$$;

-- What follows a reading.  Changes that came on several pages are read again,
-- since a change may have moved to a page that had been read.  So is the whole
-- list where that costs less than to ask for each row that it lacked.

CREATE FUNCTION @extschema@.frontcore_sync_next(
    run @extschema@.frontcore_sync_runs, phase pg_catalog.text, is_last pg_catalog.bool,
    is_paged pg_catalog.bool, by_id pg_catalog.bool, is_sure pg_catalog.bool, missing pg_catalog.text,
    gone pg_catalog.int8[], total pg_catalog.int8, force pg_catalog.bool, requests pg_catalog.int8)
RETURNS pg_catalog.text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE
        WHEN NOT is_last THEN 'read'
        WHEN is_paged AND phase = 'read' THEN 'again'
        WHEN missing <> 'delete' OR cardinality(gone) = 0 THEN 'done'
        WHEN by_id OR is_sure OR phase = 'again' THEN 'delete'
        WHEN NOT force AND @extschema@.frontcore_sync_is_too_many(gone, total) THEN 'delete'
        WHEN (SELECT count(*) FROM unnest(gone) AS g WHERE g <> ALL (run.doubtful))
             > greatest(requests, 10) THEN 'again'
        ELSE 'delete' END
$$;

-- Which of the rows that a full reading lacked are to be deleted.  In a list
-- that is read by page number a row may have moved to a page that had been
-- read.  So each is asked for by its id, unless the full reading before this
-- one lacked it, too.  Those that are found go to pg_temp.frontcore_sync_rows.

CREATE FUNCTION @extschema@.frontcore_sync_verify(
    run @extschema@.frontcore_sync_runs, key pg_catalog.text, is_sure pg_catalog.bool,
    gone pg_catalog.int8[], total pg_catalog.int8, force pg_catalog.bool)
RETURNS pg_catalog.int8[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    doomed bigint[] := '{}';
    found_rows bigint;
BEGIN
    IF NOT force AND @extschema@.frontcore_sync_is_too_many(gone, total) THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('%s of %s rows of table %s would be deleted', cardinality(gone), total, run.target),
            DETAIL = format('The list of %s does not have them.', run.source),
            HINT = 'If they are really gone, call it with force => true, else with missing => ''keep''.';
    END IF;
    EXECUTE format('CREATE TEMP TABLE frontcore_sync_rows ON COMMIT DROP AS SELECT * FROM %s WITH NO DATA', run.source);
    IF is_sure THEN
        RETURN gone;
    END IF;
    FOR i IN 1 .. cardinality(gone) LOOP
        found_rows := 0;
        IF gone[i] <> ALL (run.doubtful) THEN
            EXECUTE format('INSERT INTO frontcore_sync_rows SELECT * FROM %s WHERE %I = %s', run.source, key, gone[i]);
            GET DIAGNOSTICS found_rows = ROW_COUNT;
        END IF;
        IF found_rows = 0 THEN
            doomed := doomed || gone[i];
        END IF;
    END LOOP;
    RETURN doomed;
END
$$;

-- The statement that writes pg_temp.frontcore_sync_rows into the target.  Rows
-- that are as they were are not touched; columns that no answer holds are left
-- alone.  Types are the target's; a text that is too long for one is an error.

CREATE FUNCTION @extschema@.frontcore_sync_statement(
    source pg_catalog.regclass, target pg_catalog.regclass, key pg_catalog.text, lacking pg_catalog.text[])
RETURNS pg_catalog.text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    WITH columns AS (
        SELECT format('%I', t.attname) AS name,
               format('r.%I::%I.%I', t.attname, n.nspname, y.typname) AS value,
               t.attname <> key AND t.attidentity <> 'a' AS is_set,
               t.attnum AS number
          FROM pg_attribute AS t
          JOIN pg_attribute AS s ON s.attname = t.attname
          JOIN pg_type AS y ON y.oid = t.atttypid
          JOIN pg_namespace AS n ON n.oid = y.typnamespace
         WHERE t.attrelid = target AND s.attrelid = source
           AND t.attnum > 0 AND s.attnum > 0 AND NOT t.attisdropped AND NOT s.attisdropped
           AND t.attgenerated = '' AND NOT t.attname = ANY (lacking)
    ), lists AS (
        SELECT string_agg(name, ', ' ORDER BY number) AS names,
               string_agg(value, ', ' ORDER BY number) AS vals,
               string_agg(format('%s = excluded.%s', name, name), ', ' ORDER BY number)
                   FILTER (WHERE is_set) AS settings,
               string_agg('t.' || name, ', ' ORDER BY number) FILTER (WHERE is_set) AS old,
               string_agg('excluded.' || name, ', ' ORDER BY number) FILTER (WHERE is_set) AS new
          FROM columns
    )
    SELECT format('INSERT INTO %s AS t (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM pg_temp.frontcore_sync_rows AS r ON CONFLICT (%I) DO ',
                  target, names, vals, key) ||
           CASE WHEN settings IS NULL THEN 'NOTHING'
                ELSE format('UPDATE SET %s WHERE ROW(%s)::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(%s)::pg_catalog.record',
                            settings, old, new) END
      FROM lists
$$;

-- Count a part in.

CREATE FUNCTION @extschema@.frontcore_sync_count(
    run @extschema@.frontcore_sync_runs, overlap pg_catalog.interval, by_id pg_catalog.bool,
    last_id pg_catalog.int8, new_rows pg_catalog.int8, written pg_catalog.int8)
RETURNS @extschema@.frontcore_sync_runs
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    run.inserted := run.inserted + least(new_rows, written);
    run.updated := run.updated + greatest(written - new_rows, 0);
    run.checkpoint := CASE WHEN by_id THEN coalesce(last_id, run.checkpoint) END;

    -- the earlier one of both clocks, when the reading began
    run.reading_mark := coalesce(run.reading_mark, run.started_at - overlap
        + least(@extschema@.frontcore_sync_clock(), 0) * interval '1 second');
    RETURN run;
END
$$;

-- A run is complete.

CREATE FUNCTION @extschema@.frontcore_sync_complete(
    run @extschema@.frontcore_sync_runs, gone pg_catalog.int8[], doomed pg_catalog.int8[])
RETURNS @extschema@.frontcore_sync_runs
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    run.status := 'complete';
    run.finished_at := clock_timestamp();
    run.mark := run.reading_mark;
    run.since_full := CASE WHEN run.is_full THEN 0 ELSE run.since_full + 1 END;
    IF run.is_full THEN
        run.doubtful := ARRAY(SELECT g FROM unnest(gone) AS g WHERE g <> ALL (doomed));
    END IF;
    run.reading_since := NULL;
    run.reading_mark := NULL;
    run.checkpoint := NULL;
    RETURN run;
END
$$;

-- Write down where a run stands, and tell of it.

CREATE FUNCTION @extschema@.frontcore_sync_progress(
    run @extschema@.frontcore_sync_runs, requests_before pg_catalog.int8, rows pg_catalog.int8)
RETURNS pg_catalog.void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    run.requests := @extschema@.frontcore_sync_requests() - requests_before;
    PERFORM @extschema@.frontcore_sync_note(run);
    RAISE NOTICE '%: % rows read, % inserted, % updated, % deleted, % requests',
        run.source, rows, run.inserted, run.updated, run.deleted, run.requests;
END
$$;

-- Write down that a run has failed: the state is that of the last step, with
-- the error.  An error that comes before or after the reading leaves nothing
-- to go on with.

CREATE FUNCTION @extschema@.frontcore_sync_fail(
    source pg_catalog.regclass, target pg_catalog.regclass, phase pg_catalog.text,
    failure pg_catalog.jsonb, requests_before pg_catalog.int8)
RETURNS pg_catalog.void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    run @extschema@.frontcore_sync_runs := @extschema@.frontcore_sync_recall(target);
    state text := failure ->> 'state';
BEGIN
    IF NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = target) THEN
        RETURN;         -- it was made by the step that failed
    END IF;
    IF run.source IS DISTINCT FROM source THEN
        run := NULL;
        run.target := target;
        run.source := source;
        run.is_full := false;
        run.since_full := 0;
        run.doubtful := '{}';
    END IF;
    IF phase = 'begin' THEN
        run.started_at := clock_timestamp();
        run.inserted := 0;
        run.updated := 0;
        run.deleted := 0;
    ELSIF phase = 'delete' THEN
        run.reading_since := NULL;
    END IF;
    run.status := CASE WHEN state IN ('57014', '57P01') THEN 'broken off' ELSE 'error' END;
    run.last_error := format('%s (%s)', failure ->> 'message', state);
    run.finished_at := clock_timestamp();
    run.requests := @extschema@.frontcore_sync_requests() - requests_before;
    PERFORM @extschema@.frontcore_sync_note(run);
END
$$;

-- One run.  An error is returned, not raised, so that what was done before it
-- stays, and the state tells of it.  Each step is a transaction.

CREATE PROCEDURE @extschema@.frontcore_sync_run(
    source pg_catalog.regclass, target_name pg_catalog.text, reconcile pg_catalog.bool,
    missing pg_catalog.text, force pg_catalog.bool, overlap pg_catalog.interval,
    full_every pg_catalog.int4, INOUT failure pg_catalog.jsonb)
LANGUAGE plpgsql
AS $$
DECLARE
    requests_before CONSTANT pg_catalog.int8 := @extschema@.frontcore_sync_requests();
    target pg_catalog.regclass;
    run @extschema@.frontcore_sync_runs;
    part pg_catalog.record;
    total pg_catalog.int8;                  -- rows of the target before a full reading
    gone pg_catalog.int8[] := '{}';         -- ids that the reading lacked
    is_sure pg_catalog.bool := true;        -- no row can have moved between its pages
    doomed pg_catalog.int8[] := '{}';       -- those of them that are deleted
    phase pg_catalog.text := 'begin';       -- begin, read, again, delete, done
    next_phase pg_catalog.text;
    written pg_catalog.int8;                -- by the last statement, NULL before the first
    error_state pg_catalog.text;
    error_message pg_catalog.text;
    error_detail pg_catalog.text;
    error_hint pg_catalog.text;
    error_context pg_catalog.text;
BEGIN
    failure := NULL;
    LOOP
        BEGIN
            next_phase := phase;
            PERFORM pg_catalog.set_config('frontcore_fdw.max_age', '0', true);
            IF phase OPERATOR(pg_catalog.=) 'begin' THEN
                -- to_regclass throws its own error about a wrong name, or none, by version
                PERFORM pg_catalog.parse_ident(target_name);
                target := @extschema@.frontcore_sync_target(source, pg_catalog.to_regclass(target_name),
                    target_name, pg_catalog.current_schema());
                IF NOT @extschema@.frontcore_sync_lock(target) THEN
                    RAISE NOTICE 'another session is copying to table %', target;
                    RETURN;
                END IF;
                run := @extschema@.frontcore_sync_begin(source, target, reconcile, full_every);
                IF run.is_full THEN
                    EXECUTE pg_catalog.format('SELECT pg_catalog.count(*) FROM %s', target) INTO total;
                END IF;
                next_phase := 'read';
            ELSIF phase OPERATOR(pg_catalog.=) ANY ('{read,again}') THEN
                part := @extschema@.frontcore_sync_read(run);
                is_sure := part.is_sure AND (is_sure OR NOT part.by_id);
                gone := CASE WHEN part.by_id THEN pg_catalog.array_cat(gone, part.gone)
                             ELSE coalesce(part.gone, '{}') END;
                EXECUTE @extschema@.frontcore_sync_statement(source, target, part.key, part.lacking);
                GET DIAGNOSTICS written = ROW_COUNT;
                SET CONSTRAINTS ALL IMMEDIATE;
                run := @extschema@.frontcore_sync_count(run, overlap, part.by_id, part.last_id,
                                                        part.new_rows, written);
                next_phase := @extschema@.frontcore_sync_next(run, phase, part.is_last, part.is_paged,
                    part.by_id, is_sure, missing, gone, total, force, @extschema@.frontcore_sync_requests() OPERATOR(pg_catalog.-) requests_before);
                IF next_phase OPERATOR(pg_catalog.=) 'again' THEN
                    run.doubtful := pg_catalog.array_cat(run.doubtful, gone);
                END IF;
            ELSE
                doomed := @extschema@.frontcore_sync_verify(run, part.key, is_sure, gone, total, force);
                EXECUTE @extschema@.frontcore_sync_statement(source, target, part.key, part.lacking);
                GET DIAGNOSTICS written = ROW_COUNT;
                run.updated := run.updated OPERATOR(pg_catalog.+) written;
                EXECUTE pg_catalog.format('DELETE FROM %s WHERE %I::pg_catalog.int8 OPERATOR(pg_catalog.=) ANY ($1)',
                                          target, part.key) USING doomed;
                GET DIAGNOSTICS written = ROW_COUNT;
                SET CONSTRAINTS ALL IMMEDIATE;
                run.deleted := written;
                next_phase := 'done';
            END IF;
            IF next_phase OPERATOR(pg_catalog.=) 'done' THEN
                run := @extschema@.frontcore_sync_complete(run, gone, doomed);
            END IF;
            IF written IS NOT NULL THEN
                PERFORM @extschema@.frontcore_sync_progress(run, requests_before, part.rows);
            END IF;
        EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
            GET STACKED DIAGNOSTICS error_state = RETURNED_SQLSTATE, error_message = MESSAGE_TEXT,
                error_detail = PG_EXCEPTION_DETAIL, error_hint = PG_EXCEPTION_HINT,
                error_context = PG_EXCEPTION_CONTEXT;
            failure := pg_catalog.jsonb_build_object('state', error_state, 'message', error_message,
                'detail', error_detail, 'hint', error_hint,
                'context', pg_catalog.substring(error_context, 'FrontCore request [^\n]*'));
        END;
        IF failure IS NOT NULL AND @extschema@.frontcore_sync_holds(target) THEN
            PERFORM @extschema@.frontcore_sync_fail(source, target, phase, failure, requests_before);
        END IF;
        COMMIT;
        EXIT WHEN failure IS NOT NULL OR next_phase OPERATOR(pg_catalog.=) 'done';
        phase := next_phase;
    END LOOP;
    IF target IS NOT NULL THEN
        PERFORM @extschema@.frontcore_sync_unlock(target);
    END IF;
END
$$;

-- Check what all runs check.

CREATE FUNCTION @extschema@.frontcore_sync_check(
    source pg_catalog.text, target pg_catalog.text, missing pg_catalog.text, overlap pg_catalog.interval, full_every pg_catalog.int4)
RETURNS pg_catalog.void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF source IS NULL OR target IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = format('argument "%s" cannot be null',
            CASE WHEN source IS NULL THEN 'source' ELSE 'target' END);
    ELSIF missing IS NULL OR missing NOT IN ('delete', 'keep') THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('argument "missing" cannot be %L', missing),
            HINT = 'Valid values are: delete, keep.';
    ELSIF overlap IS NULL OR overlap < interval '0' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = 'argument "overlap" must be an interval that is not negative';
    ELSIF full_every < 1 THEN
        RAISE invalid_parameter_value USING MESSAGE = 'argument "full_every" must be at least 1';
    END IF;
END
$$;

-- Raise what a run has returned: {"state", "message", "detail", "hint", "context"}.

CREATE FUNCTION @extschema@.frontcore_sync_raise(failure pg_catalog.jsonb)
RETURNS pg_catalog.void
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

CREATE PROCEDURE @extschema@.frontcore_sync(
    source pg_catalog.regclass, target pg_catalog.text,
    reconcile pg_catalog.bool DEFAULT false, missing pg_catalog.text DEFAULT 'delete',
    force pg_catalog.bool DEFAULT false, overlap pg_catalog.interval DEFAULT '10 min',
    full_every pg_catalog.int4 DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
    failure pg_catalog.jsonb;
BEGIN
    CALL @extschema@.frontcore_sync_check_context();
    PERFORM @extschema@.frontcore_sync_check(source::pg_catalog.text, target, missing, overlap, full_every);
    CALL @extschema@.frontcore_sync_run(source, target, coalesce(reconcile, false), missing,
        coalesce(force, false), overlap, full_every, failure);
    IF failure IS NOT NULL THEN
        PERFORM @extschema@.frontcore_sync_raise(failure);
    END IF;
END
$$;

CREATE PROCEDURE @extschema@.frontcore_sync_schema(
    source pg_catalog.name, target pg_catalog.name,
    reconcile pg_catalog.bool DEFAULT false, missing pg_catalog.text DEFAULT 'delete',
    force pg_catalog.bool DEFAULT false, overlap pg_catalog.interval DEFAULT '10 min')
LANGUAGE plpgsql
AS $$
DECLARE
    tables pg_catalog.text[];
    foreign_table pg_catalog.regclass;
    failed pg_catalog.text[] := '{}';
    failure pg_catalog.jsonb;
    first_failure pg_catalog.jsonb;
BEGIN
    CALL @extschema@.frontcore_sync_check_context();
    PERFORM @extschema@.frontcore_sync_check(source::pg_catalog.text, target::pg_catalog.text,
                                             missing, overlap, NULL);
    SELECT pg_catalog.array_agg(c.relname ORDER BY c.relname) INTO tables
      FROM pg_catalog.pg_foreign_table AS f
      JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) f.ftrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
      JOIN pg_catalog.pg_foreign_server AS s ON s.oid OPERATOR(pg_catalog.=) f.ftserver
      JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid OPERATOR(pg_catalog.=) s.srvfdw
     WHERE n.nspname OPERATOR(pg_catalog.=) source
       AND w.fdwhandler OPERATOR(pg_catalog.=) '@extschema@.frontcore_fdw_handler'::pg_catalog.regproc;
    IF tables IS NULL THEN
        RAISE invalid_schema_name USING
            MESSAGE = pg_catalog.format('schema "%s" has no foreign tables of frontcore_fdw', source);
    END IF;
    FOR i IN 1 .. pg_catalog.cardinality(tables) LOOP
        foreign_table := pg_catalog.to_regclass(pg_catalog.format('%I.%I', source, tables[i]));
        CONTINUE WHEN foreign_table IS NULL;    -- dropped meanwhile
        CALL @extschema@.frontcore_sync_run(
            foreign_table, pg_catalog.format('%I.%I', target, tables[i]),
            coalesce(reconcile, false), missing, coalesce(force, false), overlap, NULL, failure);
        IF failure IS NOT NULL THEN
            failed := pg_catalog.array_append(failed, tables[i]);
            first_failure := coalesce(first_failure, failure);
            RAISE WARNING 'could not copy table %: %', tables[i], failure OPERATOR(pg_catalog.->>) 'message';
            EXIT WHEN (failure OPERATOR(pg_catalog.->>) 'state') OPERATOR(pg_catalog.=) '57014';
        END IF;
    END LOOP;
    IF first_failure IS NOT NULL THEN
        PERFORM @extschema@.frontcore_sync_raise(pg_catalog.jsonb_build_object(
            'state', first_failure OPERATOR(pg_catalog.->>) 'state',
            'message', pg_catalog.format('could not copy %s of %s tables: %s', pg_catalog.cardinality(failed),
                pg_catalog.cardinality(tables), pg_catalog.array_to_string(failed, ', ')),
            'detail', first_failure OPERATOR(pg_catalog.->>) 'message',
            'hint', first_failure OPERATOR(pg_catalog.->>) 'hint',
            'context', first_failure OPERATOR(pg_catalog.->>) 'context'));
    END IF;
END
$$;

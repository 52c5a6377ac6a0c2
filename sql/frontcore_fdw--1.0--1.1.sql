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

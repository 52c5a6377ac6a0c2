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

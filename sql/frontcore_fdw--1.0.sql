/* sql/frontcore_fdw--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION frontcore_fdw" to load this file. \quit

-- the wrapper

CREATE FUNCTION @extschema@.frontcore_fdw_handler()
RETURNS pg_catalog.fdw_handler
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT;

CREATE FUNCTION @extschema@.frontcore_fdw_validator(pg_catalog.text[], pg_catalog.oid)
RETURNS pg_catalog.void
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT;

CREATE FOREIGN DATA WRAPPER frontcore_fdw
    HANDLER @extschema@.frontcore_fdw_handler
    VALIDATOR @extschema@.frontcore_fdw_validator;

-- which comparisons of a foreign table's columns the API evaluates

CREATE FUNCTION @extschema@.frontcore_pushdown(
    relation pg_catalog.regclass,
    OUT column_name pg_catalog.text,
    OUT operator pg_catalog.text,
    OUT parameter pg_catalog.text,
    OUT "precision" pg_catalog.text)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT STABLE;

-- the transaction cache of this session

CREATE FUNCTION @extschema@.frontcore_cache_reset()
RETURNS pg_catalog.void
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT;

-- what the limiter knows of each account

CREATE FUNCTION @extschema@.frontcore_limiter(
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
    OUT last_request pg_catalog.timestamptz)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED ROWS 10;

CREATE VIEW @extschema@.frontcore_limiter AS
    SELECT * FROM @extschema@.frontcore_limiter();

GRANT SELECT ON @extschema@.frontcore_limiter TO PUBLIC;

-- what was counted for each resource of the servers in this database

CREATE FUNCTION @extschema@.frontcore_stat(
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
    OUT last_error pg_catalog.text)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED ROWS 20;

CREATE VIEW @extschema@.frontcore_stat AS
    SELECT * FROM @extschema@.frontcore_stat();

GRANT SELECT ON @extschema@.frontcore_stat TO PUBLIC;

CREATE FUNCTION @extschema@.frontcore_stat_reset()
RETURNS pg_catalog.void
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED;

REVOKE ALL ON FUNCTION @extschema@.frontcore_stat_reset() FROM PUBLIC;

-- which backends are working upstream

CREATE FUNCTION @extschema@.frontcore_activity(
    OUT pid pg_catalog.int4,
    OUT server pg_catalog.text,
    OUT resource pg_catalog.text,
    OUT state pg_catalog.text,
    OUT requests_done pg_catalog.int8,
    OUT requests_estimated pg_catalog.int8,
    OUT rows_read pg_catalog.int8,
    OUT since pg_catalog.timestamptz)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE PARALLEL RESTRICTED ROWS 10;

CREATE VIEW @extschema@.frontcore_activity AS
    SELECT * FROM @extschema@.frontcore_activity();

GRANT SELECT ON @extschema@.frontcore_activity TO PUBLIC;

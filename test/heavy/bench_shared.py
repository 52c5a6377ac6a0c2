#!/usr/bin/env python3
"""Measure what answers that all sessions share cost the machine.

Usage: bench_shared.py [--quick]

For test/bench: the mock at $FRONTCORE_MOCK_PORT is reset, and PGHOST, PGPORT
and PGUSER say where PostgreSQL is.  Each line that it prints is a figure:
name, value and a note, separated by "|".
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
QUICK = "--quick" in sys.argv[1:]
PORT = os.environ["FRONTCORE_MOCK_PORT"]


def mock(*words):
    """A command for the mock."""
    subprocess.run([sys.executable, os.path.join(HERE, os.pardir, "mock.py"),
                    *words], check=True, stdout=subprocess.DEVNULL)


def sql(text):
    """The lines that psql prints for a script."""
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"],
                          input="SET client_min_messages = error;\n" + text,
                          check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.split("\n")[:-1]


def times(text, count):
    """Milliseconds of the last statements of a script, each by the clock."""
    lines = sql("\\timing on\n" + text)
    return [float(line.split()[1]) for line in lines
            if line.startswith("Time:")][-count:]


def set_size(size):
    """Begin anew with a cache of that size."""
    sql("LOAD 'frontcore_fdw'; ALTER SYSTEM SET "
        "frontcore_fdw.shared_cache_size = '%s'; SELECT pg_reload_conf()"
        % size)
    while sql("LOAD 'frontcore_fdw'; "
              "SHOW frontcore_fdw.shared_cache_size") != [size]:
        pass
    sql("SELECT frontcore_shared_cache_reset()")


def set_up():
    """A server that shares and one that does not."""
    sql("DROP SERVER IF EXISTS shared, own CASCADE; "
        "DROP SCHEMA IF EXISTS shared, own CASCADE")
    for name, cache in (("shared", "shared"), ("own", "transaction")):
        sql("CREATE SERVER %s FOREIGN DATA WRAPPER frontcore_fdw OPTIONS ("
            "base_url 'http://127.0.0.1:%s/v2', requests_per_second '0', "
            "max_concurrent_requests '8', cache '%s', cache_ttl '1d', "
            "limiter_key 'shared'); CREATE USER MAPPING FOR CURRENT_USER "
            "SERVER %s OPTIONS (api_key 'test-key'); CREATE SCHEMA %s; "
            "IMPORT FOREIGN SCHEMA frontcore FROM SERVER %s INTO %s" % (
                name, PORT, cache, name, name, name, name))


def tell(name, value, note=""):
    """Print a figure."""
    print("%s|%s|%s" % (name, value, note), flush=True)


def measure_list():
    """A whole list, against the transaction's."""
    mock("--reset", "data=demo", "rate=0", "dates=3000")
    turns = 5 if QUICK else 10
    read = "EXPLAIN (ANALYZE, TIMING OFF) SELECT * FROM course_dates;\n"
    sql("SELECT count(*) FROM shared.course_dates")
    own, shared = [], []
    for _ in range(3 if QUICK else 6):
        own += times("SET search_path = own; BEGIN; SELECT count(*) FROM "
                     "course_dates;\n" + read * turns, turns)
        shared += times("SET search_path = shared;\n" + read * turns, turns)
    own, shared = min(own), min(shared)
    tell("list", "%.2f" % (shared / own), "%.1f ms against %.1f" % (
        shared, own))


def measure_look_ups():
    """Look-ups by id in a list of 400 pages."""
    mock("--reset", "data=demo", "rate=0", "dates=10110")
    for name in ("shared", "own"):
        sql("ALTER SERVER %s OPTIONS (ADD page_size '25')" % name)
    sql("SELECT frontcore_shared_cache_reset()")
    ids = sql("SELECT id FROM shared.course_dates ORDER BY random()")
    pages = sql("SELECT pages FROM frontcore_cache "
                "WHERE request LIKE '/coursedates%'")[0]
    count = 200 if QUICK else 1000
    look_ups = "".join("SELECT * FROM course_dates WHERE id = %s \\g /dev/null\n"
                       % number for number in ids[:count])
    own = statistics.median(times(
        "SET search_path = own; BEGIN; SELECT count(*) FROM course_dates;\n"
        + look_ups, count))
    shared = statistics.median(times(
        "SET search_path = shared;\n" + look_ups, count))
    tell("look-up", "%.3f" % (shared - own),
         "%s pages; %.3f ms against %.3f" % (pages, shared, own))
    measure_clients(ids)
    for name in ("shared", "own"):
        sql("ALTER SERVER %s OPTIONS (DROP page_size)" % name)


def measure_clients(ids):
    """How much more eight clients get done than one."""
    with tempfile.TemporaryDirectory() as folder:
        script = os.path.join(folder, "look-ups.sql")
        with open(script, "w", encoding="utf-8") as stream:
            stream.write("".join("SELECT * FROM shared.course_dates "
                                 "WHERE id = %s;\n" % number
                                 for number in ids[:50]))
        rates = {1: [], 8: []}
        for _ in range(3 if QUICK else 7):
            for clients, measured in rates.items():
                done = subprocess.run(
                    ["pgbench", "-n", "-c", str(clients), "-j", "2", "-T",
                     "1" if QUICK else "4", "-f", script], check=True,
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                    text=True)
                measured.append(50 * float(
                    re.search(r"tps = ([\d.]+)", done.stdout).group(1)))
    one, eight = (statistics.median(rates[clients]) for clients in (1, 8))
    tell("clients", "%.2f" % (eight / one),
         "%.0f and %.0f look-ups a second" % (eight, one))


def measure_memory():
    """Memory over 10,000 different questions."""
    set_size("4MB")
    count = 2000 if QUICK else 10000
    lines = sql("""
        CREATE TEMP TABLE used (bytes bigint, mapped bigint);
        -- those of up to 1 MB are PostgreSQL's own, and one is the requests'
        CREATE TEMP VIEW segments AS
            SELECT ('x' || lpad(part[2], 16, '0'))::bit(64)::bigint
                 - ('x' || lpad(part[1], 16, '0'))::bit(64)::bigint AS size
              FROM regexp_matches(pg_read_file('/proc/self/maps'),
                   '(?n)^([0-9a-f]+)-([0-9a-f]+) .*/dev/shm/PostgreSQL',
                   'g') AS part;
        SELECT FROM own.courses WHERE id = 1 \\g /dev/null
        CREATE TEMP TABLE others AS
            SELECT coalesce(sum(size), 0) AS size FROM segments
             WHERE size > 1048576;
        DO $$ BEGIN FOR i IN 1 .. %d LOOP
            PERFORM FROM shared.courses WHERE id = 1000000 + i;
            PERFORM FROM shared.customers WHERE id = 40200 + i;
            IF i %% 100 = 0 THEN
                INSERT INTO used SELECT
                    (SELECT sum(bytes) FROM frontcore_cache),
                    (SELECT sum(size) FROM segments WHERE size > 1048576)
                    - (SELECT size FROM others);
            END IF;
            COMMIT;
        END LOOP; END $$;
        SELECT max(bytes) / 1024.0, max(mapped) / 1024.0 FROM used;
        SELECT count(*) FROM frontcore_cache;
        """ % (count // 2))
    used, mapped = map(float, lines[-2].split("|"))
    tell("memory", "%.2f" % (mapped / 4096),
         "%.0f kB mapped, %.0f kB in %s answers, of 4096" % (
             mapped, used, lines[-1]))


def measure_cycles():
    """Memory over 1,000 cycles of fill and reset."""
    set_size("1MB")
    cycles = 100 if QUICK else 1000
    mock("--reset", "data=demo", "rate=0", "courses=150", "dates=10",
         "customers=10")
    lines = sql("""
        CREATE TEMP TABLE used (cycle int, resident bigint, answers bigint,
                                bytes bigint);
        DO $$ BEGIN FOR i IN 1 .. %d LOOP
            PERFORM FROM shared.courses;
            PERFORM FROM shared.courses WHERE id = 1000000 + i;
            PERFORM FROM shared.customers;
            INSERT INTO used SELECT i,
                (regexp_match(pg_read_file('/proc/self/status'),
                              'VmRSS:\\s+(\\d+)'))[1]::bigint,
                count(*), sum(bytes) FROM frontcore_cache;
            PERFORM frontcore_shared_cache_reset();
            COMMIT;
        END LOOP; END $$;
        SELECT (SELECT max(resident) FROM used WHERE cycle > %d)
             - (SELECT max(resident) FROM used WHERE cycle <= %d),
               min(answers), max(answers), max(bytes) / 1024 FROM used;
        """ % (cycles, cycles // 10, cycles // 10))
    grown, least, most, size = lines[-1].split("|")
    tell("cycles", grown, "%s to %s answers of %s kB in each of %d" % (
        least, most, size, cycles))


def main():
    """Measure all."""
    set_up()
    set_size("256MB")
    measure_list()
    measure_look_ups()
    measure_memory()
    measure_cycles()
    sql("LOAD 'frontcore_fdw'; "
        "ALTER SYSTEM RESET frontcore_fdw.shared_cache_size; "
        "SELECT pg_reload_conf(); DROP SERVER shared, own CASCADE; "
        "DROP SCHEMA shared, own")


main()

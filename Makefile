# frontcore_fdw/Makefile
#
# make, make install, make installcheck: as for every PostgreSQL extension.
# make installcheck tests the server that PGHOST and PGPORT point to;
# test/check does the same, and more, in a server of its own.

EXTENSION = frontcore_fdw
PGFILEDESC = "frontcore_fdw - foreign-data wrapper for the FrontCore API"
FC_VERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" frontcore_fdw.control)
DATA = $(wildcard sql/frontcore_fdw--*.sql)

MODULE_big = frontcore_fdw
OBJS := $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)))
SHLIB_LINK = $(shell pkg-config --libs libcurl libcjson)
PG_CPPFLAGS = -I$(srcdir)/src $(shell pkg-config --cflags libcurl libcjson) \
	-DFC_VERSION=\"$(FC_VERSION)\"

# += keeps what the command line gives, such as PG_CFLAGS=--coverage.
override PG_CFLAGS += -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers
ifneq (,$(findstring clang,$(CC)))
# PostgreSQL's flags and attributes are those of the compiler that built it.
override PG_CFLAGS += -Wno-unknown-warning-option -Wno-ignored-attributes \
	-Wno-ignored-optimization-argument -Wno-cast-function-type-strict
endif

# SQL tests live in sql/ and expected/; isolation specs and TAP tests in test/.
SQL_TESTS := $(foreach name,$(basename $(notdir $(sort $(wildcard sql/*.sql)))),$(if $(findstring --,$(name)),,$(name)))
REGRESS := $(filter setup,$(SQL_TESTS)) $(filter-out setup,$(SQL_TESTS))
REGRESS_PREP = mock
ISOLATION := $(basename $(notdir $(sort $(wildcard test/specs/*.spec))))
ISOLATION_OPTS = --inputdir=test
PROVE_TESTS := $(sort $(wildcard test/t/*.pl))
TAP_TESTS := $(if $(PROVE_TESTS),1)
EXTRA_CLEAN = $(wildcard src/*.gcno src/*.gcda src/*/*.gcno src/*/*.gcda) coverage.info coverage

# The JIT has nothing to inline from a foreign-data wrapper, so no bitcode.
override with_llvm = no

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Warnings are for our own code, not for the server's headers.
override CPPFLAGS := $(subst -I$(includedir_server),-isystem $(includedir_server),$(CPPFLAGS))

$(OBJS): $(wildcard src/*.h src/*/*.h) frontcore_fdw.control

# The tests' API listens on 127.0.0.1 and leaves after an idle minute.
ifneq (,$(and $(REGRESS_PREP),$(filter mock installcheck,$(MAKECMDGOALS))))
ifeq (,$(FRONTCORE_MOCK_PORT))
FRONTCORE_MOCK_PORT := $(shell test/mock.py --serve --port 0)
endif
export FRONTCORE_MOCK_PORT
# ... and for SQL, where there is no psql to ask for the environment
export PGOPTIONS := $(PGOPTIONS) -c frontcore_test.port=$(FRONTCORE_MOCK_PORT)
endif

.PHONY: objects mock format lint coverage

objects: $(OBJS)

mock:
	@test/mock.py --serve --port $(FRONTCORE_MOCK_PORT) >/dev/null
	@echo "export FRONTCORE_MOCK_PORT=$(FRONTCORE_MOCK_PORT)"

format: all
	test/format.sh

lint:
	test/lint.sh

# First: make clean install PG_CFLAGS="--coverage -O0" PG_LDFLAGS=--coverage,
# and make installcheck in a server whose user may write to src/.  A backend's
# counts are there when it has ended, and lost where it was killed.
coverage:
	lcov --quiet $(addprefix --gcov-tool ,$(GCOV)) --capture --directory src \
		--no-external --output-file coverage.info
	genhtml --quiet --prefix $(CURDIR) --output-directory coverage coverage.info
	lcov --list coverage.info
	lcov --summary coverage.info

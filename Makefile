# frontcore_fdw/Makefile
#
# make, make install, make installcheck: as for every PostgreSQL extension, also
# from another directory: make -f SOURCE/Makefile VPATH=SOURCE.
# make installcheck tests the server that PGHOST and PGPORT point to;
# test/check does the same, and more, in a server of its own.

# Where the source is; PGXS tells us so too late.
here := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))

EXTENSION = frontcore_fdw
PGFILEDESC = "frontcore_fdw - foreign-data wrapper for the FrontCore API"
FC_VERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(here)/frontcore_fdw.control)
DATA := $(patsubst $(here)/%,%,$(wildcard $(here)/sql/frontcore_fdw--*.sql))

MODULE_big = frontcore_fdw
OBJS := $(patsubst $(here)/%.c,%.o,$(sort $(wildcard $(here)/src/*.c $(here)/src/*/*.c)))
$(if $(and $(FC_VERSION),$(DATA),$(OBJS)),,$(error no sources in $(here)))
SHLIB_LINK = $(shell pkg-config --libs libcurl libcjson)
PG_CPPFLAGS = -I$(here)/src $(shell pkg-config --cflags libcurl libcjson) \
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
SQL_TESTS := $(foreach name,$(basename $(notdir $(sort $(wildcard $(here)/sql/*.sql)))),$(if $(findstring --,$(name)),,$(name)))
REGRESS := $(filter setup,$(SQL_TESTS)) $(filter-out setup,$(SQL_TESTS))
REGRESS_PREP = mock
# Texts are sorted by their bytes, however the server was made.
ENCODING = UTF8
NO_LOCALE = 1
ISOLATION := $(basename $(notdir $(sort $(wildcard $(here)/test/specs/*.spec))))
ISOLATION_OPTS = --inputdir=$(here)/test
PROVE_TESTS := $(patsubst $(here)/%,%,$(sort $(wildcard $(here)/test/t/*.pl)))
TAP_TESTS := $(if $(PROVE_TESTS),1)
EXTRA_CLEAN = $(OBJS:.o=.gcno) $(OBJS:.o=.gcda) coverage.info coverage

# The JIT has nothing to inline from a foreign-data wrapper, so no bitcode.
override with_llvm = no

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Warnings are for our own code, not for the server's headers.
override CPPFLAGS := $(subst -I$(includedir_server),-isystem $(includedir_server),$(CPPFLAGS))

$(OBJS): $(wildcard $(here)/src/*.h $(here)/src/*/*.h) $(here)/frontcore_fdw.control

# The folders of the objects; by full names, or make finds those of the source.
object_folders := $(patsubst %/,$(CURDIR)/%,$(sort $(dir $(OBJS))))
$(OBJS): | $(object_folders)
$(object_folders):
	mkdir -p $@

# The tests' API listens on 127.0.0.1 and leaves after an idle minute.
ifneq (,$(and $(REGRESS_PREP),$(filter mock installcheck,$(MAKECMDGOALS))))
ifeq (,$(FRONTCORE_MOCK_PORT))
FRONTCORE_MOCK_PORT := $(shell $(here)/test/mock.py --serve --port 0)
endif
export FRONTCORE_MOCK_PORT
# ... and for SQL, where there is no psql to ask for the environment.  EXPLAIN
# shows the identifiers of queries to who has pg_stat_statements.
export PGOPTIONS := $(PGOPTIONS) -c frontcore_test.port=$(FRONTCORE_MOCK_PORT) \
	-c compute_query_id=off
endif

.PHONY: objects mock format lint coverage

objects: $(OBJS)

# Tests call test/mock.py from where they run.
mock:
	@test -e test || ln -s $(here)/test test
	@test/mock.py --serve --port $(FRONTCORE_MOCK_PORT) >/dev/null
	@echo "export FRONTCORE_MOCK_PORT=$(FRONTCORE_MOCK_PORT)"

format: all
	$(here)/test/format.sh

lint:
	$(here)/test/lint.sh

# First: make clean install PG_CFLAGS="--coverage -O0" PG_LDFLAGS=--coverage,
# and make installcheck in a server whose user may write to src/.  A backend's
# counts are there when it has ended, and lost where it was killed.
coverage:
	lcov --quiet $(addprefix --gcov-tool ,$(GCOV)) --capture --directory src \
		--no-external --output-file coverage.info
	genhtml --quiet --prefix $(CURDIR) --output-directory coverage coverage.info
	lcov --list coverage.info
	lcov --summary coverage.info

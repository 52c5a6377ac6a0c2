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
EXTRA_CLEAN = $(OBJS:.o=.gcno) $(OBJS:.o=.gcda) coverage.info coverage dist

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

.PHONY: objects install-doc uninstall-doc mock format lint coverage deb dist

objects: $(OBJS)

# The manual; PGXS would install it under a name that others use as well.
install: install-doc
uninstall: uninstall-doc
manual = $(DESTDIR)$(docdir)/$(docmoduledir)/frontcore_fdw.md

install-doc:
	$(MKDIR_P) '$(dir $(manual))'
	$(INSTALL_DATA) $(here)/README.md '$(manual)'

uninstall-doc:
	rm -f '$(manual)'

# Tests call test/mock.py from where they run.
mock:
	@test -e test || ln -s $(here)/test test
	@test/mock.py --serve --port $(FRONTCORE_MOCK_PORT) >/dev/null
	@echo "export FRONTCORE_MOCK_PORT=$(FRONTCORE_MOCK_PORT)"

format: all
	$(here)/test/format.sh

lint: objects
	$(here)/test/lint.sh $(CURDIR)

# First: make clean install PG_CFLAGS="--coverage -O0" PG_LDFLAGS=--coverage,
# and make installcheck in a server whose user may write to src/.  A backend's
# counts are there when it has ended, and lost where it was killed.
coverage:
	lcov --quiet $(addprefix --gcov-tool ,$(GCOV)) --capture --directory src \
		--no-external --output-file coverage.info
	genhtml --quiet --prefix $(CURDIR) --output-directory coverage coverage.info
	lcov --list coverage.info
	lcov --summary coverage.info

# Packages, in dist/.  Both are made anew to the same bytes: what is in them is
# as old as the last commit.
DIST_VERSION := $(shell sed -n 's/^   "version": "\(.*\)",/\1/p' $(here)/META.json)
package = postgresql-$(MAJORVERSION)-frontcore-fdw
deb_root = $(CURDIR)/dist/$(package)
deb_doc = $(deb_root)/usr/share/doc/$(package)
deb_epoch = $$(git -C $(here) log -1 --format=%ct 2>/dev/null || \
	stat -c %Y $(here)/CHANGELOG.md)

# A package for Debian's server that PG_CONFIG belongs to.  The build's id is a
# digest of the directory's name, too.
deb: all
	rm -rf '$(deb_root)'
	$(MAKE) -f $(firstword $(MAKEFILE_LIST)) install \
		'DESTDIR=$(deb_root)' 'manual=$(deb_doc)/README.md'
	find '$(deb_root)' -name '*.so' \
		-exec strip --strip-unneeded --remove-section=.note.gnu.build-id {} +
	$(INSTALL_DATA) $(here)/LICENSE '$(deb_doc)/copyright'
	gzip -9 -n <$(here)/CHANGELOG.md >'$(deb_doc)/changelog.gz'
	mkdir '$(deb_root)/DEBIAN'
	cd '$(deb_root)' && find usr -type f | LC_ALL=C sort | xargs md5sum >DEBIAN/md5sums
	depends=$$($(deb_depends)) && printf '%s\n' \
		'Package: $(package)' 'Version: $(DIST_VERSION)' \
		"Architecture: $$(dpkg --print-architecture)" \
		'Maintainer: frontcore_fdw developers <frontcore_fdw@localhost>' \
		"Installed-Size: $$(du -k -s --apparent-size '$(deb_root)' | cut -f1)" \
		"Depends: postgresql-$(MAJORVERSION)$$depends" \
		'Section: database' 'Priority: optional' \
		'Description: foreign-data wrapper for the FrontCore API' \
		' Courses, course dates, customers and participants of a FrontCore account as' \
		' foreign tables of PostgreSQL $(MAJORVERSION).' >'$(deb_root)/DEBIAN/control'
	chmod -R u=rwX,go=rX '$(deb_root)'
	SOURCE_DATE_EPOCH=$(deb_epoch) dpkg-deb --root-owner-group -Zgzip \
		--build '$(deb_root)' dist
	rm -rf '$(deb_root)'

# The packages that have the libraries which ours is linked with, each with the
# version that its own package asks for.
define deb_depends
multiarch=$$(gcc -print-multiarch); \
objdump -p frontcore_fdw.so | sed -n 's/^ *NEEDED *//p' | while read -r library; do \
	owner=$$(dpkg -S "*/$$multiarch/$$library" | sed -n '1s/: .*//p'); \
	cat "/var/lib/dpkg/info/$$owner.shlibs" "/var/lib/dpkg/info/$${owner%:*}.shlibs" 2>/dev/null | \
		grep "^$$(echo "$$library" | sed 's/\.so\./ /; s/\./[.]/g') " | cut -d ' ' -f 3- || \
		{ echo "no Debian package has $$library" >&2; exit 1; }; \
done | sort -u | sed 's/^/, /' | tr -d '\n'
endef

# The source, for PGXN.
dist:
	mkdir -p dist
	git -C $(here) archive --format zip --prefix=frontcore_fdw-$(DIST_VERSION)/ \
		--output '$(CURDIR)/dist/frontcore_fdw-$(DIST_VERSION).zip' HEAD

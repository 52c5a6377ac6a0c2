#!/bin/sh
#
# Check what a compiler cannot: that each wing of src/ uses only those below it
# and nothing runs in a circle, that each outside thing is known to one file,
# that known traps are avoided, and that the documentation is complete.  Prints
# one line per check, as TAP.
#
# Usage: lint.sh [DIRECTORY]		where the tree was built, by default here

objects=$(cd "${1:-$(dirname "$0")/..}" && pwd) || exit 1
cd "$(dirname "$0")/.." || exit 1
function_limit=60
source_limit=800
text_limit=1300
checks=0
bad=0

# Run a check, which prints what it finds and fails if it finds something.
check()
{
	checks=$((checks + 1))
	if findings=$("check_$1" 2>&1); then
		echo "ok $checks - $1"
	else
		echo "not ok $checks - $1"
		echo "$findings" | sed 's/^/# /'
		bad=1
	fi
}

# Our text files; what psql printed and what a generator made are not ours.
texts()
{
	find . -type f \( -name '*.[ch]' -o -name '*.sql' -o -name '*.spec' \
		-o -name '*.sh' -o -name '*.p[lmy]' -o -name '*.md' -o -name Makefile \
		-o -name '*.control' -o -path './.ci/run' -o -path './test/*' \
		! -name '*.*' \) ! -path '*/data/*' ! -path '*/tmp_check/*' \
		! -path './results/*' ! -path './.git/*' ! -path '*/corpus/*'
}

scripts()
{
	texts | while read -r file; do
		case $(head -n 1 "$file") in
			'#!'*/bash | '#!'*/sh | '#!'*' bash' | *'shellcheck shell='*) echo "$file" ;;
		esac
	done
}

# The wings, each of which may use those before it (src/README.md).
wings='base shared api plan join read write'

# One edge for each file that uses another: "read/scan api/option".
uses()
{
	awk '
		FNR == 1 { own = FILENAME; sub(/\.[ch]$/, "", own) }
		/^#include "/ {
			split($0, part, "\""); used = part[2]
			if (sub(/\.h$/, "", used) && used ~ /\// && used != own)
				print own, used
		}' "$@" | sort -u
}

# One edge for each file that calls another, or knows its data.
calls()
{
	nm -A "$@" | sed 's/\.o:/ /' | awk '
		$(NF - 1) ~ /^[TDBRV]$/	{ home[$NF] = $1 }
		$(NF - 1) == "U"		{ user[++count] = $1; symbol[count] = $NF }
		END {
			for (i = 1; i <= count; i++)
				if ((symbol[i] in home) && home[symbol[i]] != user[i])
					print user[i], home[symbol[i]]
		}' | sort -u
}

# Do these edges lead from a wing to itself or one before it, none in a circle?
are_in_order()
{
	echo "$1" | awk -v wings="$wings" '
		BEGIN { count = split(wings, names, " "); for (i = 1; i <= count; i++) height[names[i]] = i }
		{
			split($1, user, "/"); split($2, used, "/")
			if ((used[1] in height) && height[used[1]] > height[user[1]]) {
				print $1 " must not use " $2; bad = 1
			}
		}
		END { exit bad }' || return 1
	! echo "$1" | tsort 2>&1 >/dev/null | grep .
}

check_wings()
{
	cd src || return 1
	for folder in */; do
		case " $wings " in
			*" ${folder%/} "*) ;;
			*) echo "src/$folder is no wing"; return 1 ;;
		esac
	done
	are_in_order "$(uses */*.[ch])" || return 1

	# The names of the resources first.
	set -- api/catalog.c ./*.[ch] */*.[ch]
	awk '
	function say(file, text)	{ print file ": " text; bad = 1 }
	function only(file, text)	{ if (FILENAME != file) say(FILENAME ":" FNR, text " belongs to " file) }

	/^#include "postgres.h"/ && FILENAME ~ /\.h$/	{ say(FILENAME, "must not include postgres.h") }
	/^#include <curl/ && FILENAME != "base/url.c"	{ only("base/http.c", "libcurl") }
	/^#include <cjson/			{ only("base/json.c", "cJSON") }
	/PG_VERSION_NUM/			{ only("./compat.h", "PG_VERSION_NUM") }
	/X-API-Key/					{ only("api/connection.c", "the API key") }
	/^#include "(api\/exchange|read\/.*).h"/ && FILENAME ~ /^(plan|join)\/|import/	{ say(FILENAME, "must not do I/O") }
	FNR == 1					{ is_resource = 0 }
	/^const FcResource fc_resources/	{ is_resource = 1 }
	FILENAME == "api/catalog.c" && is_resource && /^\t\{"/ { split($0, words, "\""); resources[words[2]] }
	FILENAME == "api/catalog.c"		{ next }
	FILENAME == "./verbs.c"			{ next }	# a table as well, of what bodies hold
	{ for (res in resources) if (index($0, "\"" res "\"")) say(FILENAME ":" FNR, "names resource " res) }

	END {
		if (!("courses" in resources)) say("api/catalog.c", "names no resource")
		exit bad
	}' "$@"
}

check_calls()
{
	cd "$objects/src" || return 1
	edges=$(calls */*.o 2>/dev/null)
	[ -n "$edges" ] || { echo "nothing is built: run make first"; return 1; }
	are_in_order "$edges"
}

check_traps()
{
	! grep -nE '\b(pg_usleep|curl_easy_perform|cJSON_GetObjectItem|v?sprintf|strn?cpy|strn?cat)[[:space:]]*\(|->valueint\b' \
		src/*.[ch] src/*/*.[ch] || return 1
}

check_width()
{
	for file in src/*.[ch] src/*/*.[ch]; do
		expand -t 4 "$file" | awk -v file="$file" '
			length($0) > 79 && !/"/ { print file ":" FNR ": " length($0) " columns"; bad = 1 }
			END { exit bad }' || echo x
	done | awk '!/^x$/ { print; bad = 1 } END { exit bad }'
}

check_functions()
{
	awk -v limit=$function_limit '
		FNR == 1	{ start = 0 }
		/^\{/		{ start = FNR }
		/^\}$/ && start && FNR - start > limit {
			print FILENAME ":" start ": a function of " FNR - start " lines"; bad = 1
		}
		END { exit bad }' src/*.c src/*/*.c
}

check_files()
{
	# shellcheck disable=SC2046
	awk -v source=$source_limit -v text=$text_limit '
		FNR == 1	{ limit = FILENAME ~ /\/src\// ? source : text }
		FNR == limit + 1 { print FILENAME ": more than " limit " lines"; bad = 1 }
		END { exit bad }' $(texts)
}

check_whitespace()
{
	# shellcheck disable=SC2046
	! grep -nE '[[:blank:]]+$' $(texts) || return 1
}

check_leftovers()
{
	# shellcheck disable=SC2046
	! grep -nwE 'TODO|FIXME|XXX' $(texts | grep -v '/lint\.sh$') || return 1
}

# Every option and every resource occurs in the README.
check_docs()
{
	{
		sed -nE 's/^[[:space:]]*\{"([a-z_]+)",.*/\1/p' src/api/option.c
		sed -nE '/ fc_resources\[/,$ s/^[[:space:]]*\{"([a-z_]+)",.*/\1/p' src/api/catalog.c
	} | sort -u | awk '
		NR == FNR	{ readme = readme "\n" $0; next }
		{ names++ }
		readme !~ "(^|[^a-z_])" $1 "([^a-z_]|$)" { print "README.md does not mention " $1; bad = 1 }
		END {
			if (names < 10) { print "found only " names " names in api/option.c and api/catalog.c"; bad = 1 }
			exit bad
		}' README.md -
}

# What the README says that the demo runs is what the demo runs, whatever the
# ids; psql doubles quotes in arguments.
check_demo()
{
	awk -v section='## Two minutes' '
		function normal(text)	{ gsub(/\047\047/, "\047", text); gsub(/:[a-z]+|[0-9]+/, "N", text); return text }

		NR == FNR	{ demo = demo "\n" normal($0); next }
		/^## /		{ inside = $0 == section }
		!inside		{ next }
		/^(ALTER|BEGIN|CALL|IMPORT|INSERT|ROLLBACK|SELECT|UPDATE)/	{ is_sql = 1 }
		is_sql || /^== / || sub(/^\$ /, "") {
			lines++
			if (!index(demo, normal($0))) { print "test/demo does not run: " $0; bad = 1 }
		}
		/;$/		{ is_sql = 0 }
		END {
			if (lines < 10) { print "found only " lines + 0 " lines of the demo in README.md"; bad = 1 }
			exit bad
		}' test/demo.sql README.md
}

# One expected file for each test, and no second one.
check_expected()
{
	status=0
	for test in sql/*.sql test/specs/*.spec; do
		case $test in
			*--*) continue ;;
			sql/*) out=expected/$(basename "$test" .sql) ;;
			*) out=test/expected/$(basename "$test" .spec) ;;
		esac
		[ -e "$test" ] || continue
		[ -e "$out.out" ] || { echo "$test has no $out.out"; status=1; }
		for variant in "$out"_[0-9].out; do
			[ ! -e "$variant" ] || { echo "$variant is a variant"; status=1; }
		done
	done
	return $status
}

# The control file's version has a script, and the others agree.
check_version()
{
	version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" frontcore_fdw.control)
	ls sql/frontcore_fdw--*"$version.sql" &&
		grep -q "^## $version" CHANGELOG.md &&
		grep -q "\"version\": \"$version\.[0-9]*\"" META.json
}

check_shell()
{
	status=0
	for file in $(scripts); do
		bash -n "$file" || status=1
	done
	if command -v shellcheck >/dev/null; then
		# shellcheck disable=SC2046
		shellcheck --severity=warning --external-sources $(scripts) || status=1
	fi
	return $status
}

check_python()
{
	find test -name '*.py' -exec python3 -c '
import sys
for path in sys.argv[1:]:
    compile(open(path, encoding="utf-8").read(), path, "exec")' {} +
}

for name in wings calls traps width functions files whitespace leftovers docs demo \
	expected version shell python; do
	check $name
done
echo "1..$checks"
exit $bad

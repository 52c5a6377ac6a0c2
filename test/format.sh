#!/bin/sh
#
# Lay out src/ as PostgreSQL does.  pg_bsd_indent must know which names are
# types.  The compiler's debug information tells, except for those that are
# declared and that no variable has.  With --check, change nothing, and print
# what would change.
#
# Versions of pg_bsd_indent lay out initialisers of two lines differently, so
# one of them decides: Debian 12's.

cd "$(dirname "$0")/../src" || exit 1
PATH=$PATH:$(${PG_CONFIG:-pg_config} --bindir)
decides=2.1.1
scratch=$(mktemp -d) && trap 'rm -rf "$scratch"' EXIT
status=0

command -v pg_bsd_indent >/dev/null || { echo "$0: no pg_bsd_indent" >&2; exit 1; }
version=$(pg_bsd_indent --version | awk '{ print $2 }')
if [ "$version" != "$decides" ]; then
	reason="pg_bsd_indent $version, where $decides decides"
	[ "${1:-}" = --check ] || { echo "$0: $reason" >&2; exit 1; }
	echo "ok 1 - format # SKIP $reason"
	exit
fi

readelf --debug-dump=info ./*.o ./*/*.o 2>/dev/null |
	awk '/DW_TAG_typedef/ { t = 1 } t && /DW_AT_name/ { print $NF; t = 0 }' |
	sort -u > "$scratch/debug"
[ -s "$scratch/debug" ] || { echo "$0: no debug information; build first" >&2; exit 1; }
awk '/^typedef/ { t = 1 } t && /^}/ { gsub(/[};]/, ""); print $1; t = 0 }' ./*.[ch] ./*/*.[ch] |
	sort -u - "$scratch/debug" > "$scratch/all"

for file in *.[ch] */*.[ch]; do
	# "text" is a type where it is one, and a good name elsewhere.
	if grep -qE '(^|[^A-Za-z0-9_])text[[:space:]]+\*+[[:space:]]*[A-Za-z_]' "$file"; then
		cp "$scratch/all" "$scratch/types"
	else
		grep -vx text "$scratch/all" > "$scratch/types"
	fi
	pg_bsd_indent \
		-bad -bap -bbb -bc -bl -cli1 -cp33 -cdb -nce -d0 -di12 -nfc1 -i4 -l79 \
		-lp -lpl -nip -npro -sac -tpg -ts4 -U"$scratch/types" \
		< "$file" > "$scratch/out" 2> "$scratch/errors" || {
		sed "s,^,$file: ," "$scratch/errors"
		status=1
		continue
	}
	sed -E -e 's/^([A-Za-z_][A-Za-z0-9_ ]*[A-Za-z0-9_])[[:space:]]+\*$/\1 */' \
		-e 's/,(\.[a-z_]+ = )/, \1/g' "$scratch/out" > "$scratch/new"
	if cmp -s "$file" "$scratch/new"; then
		:
	elif [ "${1:-}" = --check ]; then
		diff -u --label "src/$file" --label "src/$file, formatted" "$file" "$scratch/new"
		status=1
	else
		cat "$scratch/new" > "$file"
	fi
done
exit $status

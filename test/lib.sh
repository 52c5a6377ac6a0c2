# shellcheck shell=bash
#
# What test/check, test/demo and the tools in test/heavy have in common:
# the Debian packages, a private copy of the tree, a private PostgreSQL and
# the mock API, all in one temporary directory that is gone afterwards.
#
# Usage:	. "$(dirname "$0")/lib.sh"
#			need_packages ...; need_postgres; begin NAME; build; start_cluster
#
# The sourcing script runs with "set -euo pipefail".  As root we drop to the
# user postgres; as anybody else only apt-get is run, by sudo.

# What somebody's environment says shall not change what is built, run or seen;
# proxies and the directory for temporary files are for apt and for begin.
for name in $(compgen -e); do
	case $name in
		FRONTCORE_MOCK_PORT) unset "$name" ;;
		PATH | HOME | TERM | TMPDIR | PG_CONFIG | PG_TEST_TIMEOUT_DEFAULT) ;;
		FRONTCORE_* | *_proxy | *_PROXY) ;;
		*) unset "$name" 2>/dev/null || true ;;		# bash keeps some
	esac
done
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=						# the temporary directory, set by begin
keep=						# not empty: leave it, and what runs in it, alone
as_user=()					# how to run a command without privileges

say()
{
	printf '%s\n' "$*"
}

die()
{
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

# Run a command in the temporary directory, without privileges.
run()
{
	(cd "$work" && exec "${as_user[@]}" "$@")
}

# Which of the given Debian packages are not installed?
missing_packages()
{
	local package status

	for package; do
		status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || true
		[ "$status" = installed ] || printf '%s ' "$package"
	done
}

# Install the given Debian packages where they are missing.
need_packages()
{
	local missing log
	local confdir=/etc/postgresql-common/createcluster.d
	local policy=/usr/sbin/policy-rc.d is_policy_ours=

	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0

	update_packages
	say "installing $missing"
	log=$(TMPDIR='' mktemp)

	# PostgreSQL's package would start a cluster, nginx's a server on port 80;
	# nobody asked for them.
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
		as_root chmod 755 "$policy"
		is_policy_ours=1
	fi
	if [ ! -e "$confdir/frontcore_fdw.conf" ]; then
		as_root mkdir -p "$confdir"
		echo 'create_main_cluster = false' |
			as_root tee "$confdir/frontcore_fdw.conf" >/dev/null
	fi
	# shellcheck disable=SC2086
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		-o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold \
		-o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
		install --no-install-recommends $missing </dev/null >"$log" 2>&1 || {
		cat "$log"
		[ -z "$is_policy_ours" ] || as_root rm -f "$policy"
		die "could not install $missing"
	}
	rm -f "$log"
	[ -z "$is_policy_ours" ] || as_root rm -f "$policy"
	as_root rm -f "$confdir/frontcore_fdw.conf"
}

# Fetch the lists of packages, once.  A new machine does the same on its own,
# and only one at a time may; others find the lists locked.
update_packages()
{
	local tries=100 messages

	[ -z "${packages_updated:-}" ] || return 0
	until messages=$(as_root apt-get -qq -o Acquire::Retries=3 update </dev/null 2>&1); do
		[[ $messages == *'Could not get lock'* ]] && [ $((tries--)) -gt 0 ] ||
			die "could not update apt's lists: $messages"
		sleep 3
	done
	packages_updated=1
}

# Find a PostgreSQL server to build for, or install Debian's; sets PG_CONFIG.
need_postgres()
{
	local major

	if [ -z "${PG_CONFIG:-}" ]; then
		major=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null |
			cut -d/ -f5 | sort -n | tail -n 1) || true
		if [ -z "$major" ]; then
			update_packages
			major=$(apt-cache policy postgresql |
				sed -n 's/^ *Candidate: \([0-9]*\).*/\1/p')
		fi
		need_packages "postgresql-$major" "postgresql-server-dev-$major" \
			libcurl4-openssl-dev libcjson-dev gcc libc6-dev make pkg-config \
			python3 perl libipc-run-perl
		PG_CONFIG=/usr/lib/postgresql/$major/bin/pg_config
	fi
	[ -x "$(command -v "$PG_CONFIG")" ] || die "no pg_config at $PG_CONFIG"
}

# Make the temporary directory, with a copy of the tree and, after
# need_postgres, of the server.
begin()
{
	local user='' name parent

	if [ "$(id -u)" = 0 ]; then
		user=postgres
		as_user=(setpriv "--reuid=$user" "--regid=$user" --init-groups)
	fi
	for parent in "${TMPDIR:-/tmp}" /tmp /var/tmp; do
		work=$(mktemp -d "$parent/fc-$1.XXXXXX" 2>/dev/null) || continue
		[ -z "$user" ] || chown "$user:" "$work"
		! is_suitable || break
		rm -rf "$work"
		work=
	done
	[ -n "$work" ] || die "no directory for temporary files will do"
	trap finish EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP

	mkdir "$work/tree" "$work/log" "$work/socket" "$work/tmp"
	copy_tree "$work/tree"
	[ -z "${PG_CONFIG:-}" ] || copy_server
	[ -z "$user" ] || chown -R "$user:" "$work"

	as_user+=(env)
	for name in $(compgen -e | grep -i '_proxy$'); do
		as_user+=(-u "$name")
	done
	as_user+=("HOME=$work" "TMPDIR=$work/tmp" "PATH=${bindir:+$bindir:}$PATH"
		"PG_CONFIG=${PG_CONFIG:-}")
}

# May the user run programs in the temporary directory?  Its name becomes part
# of those of sockets, which are short, and of lists of words in makefiles.
is_suitable()
{
	[[ $work =~ ^/[A-Za-z0-9/._+-]{1,64}$ ]] &&
		printf '#!/bin/sh\n' >"$work/program" && chmod 755 "$work/program" &&
		run "$work/program" 2>/dev/null && rm "$work/program"
}

# Copy what git knows or would add; all of it where there is no git.
copy_tree()
{
	local git=(git -c "safe.directory=*" -C "$root")

	if [ -e "$root/.git" ] && command -v git >/dev/null &&
		"${git[@]}" rev-parse >/dev/null 2>&1; then
		"${git[@]}" ls-files -z --cached --others --exclude-standard |
			while IFS= read -r -d '' file; do
				[ ! -e "$root/$file" ] || printf '%s\0' "$file"
			done |
			tar -C "$root" --null --files-from=- -cf - | tar -C "$1" -xf -
	else
		tar -C "$root" --exclude=.git --exclude='*.o' --exclude='*.so' \
			--exclude=results --exclude=tmp_check --exclude=__pycache__ -cf - . | tar -C "$1" -xf -
	fi
	chmod -R u+w "$1"
}

# PostgreSQL finds its files relative to its programs.  So copies of these
# beside links to everything else make a server whose directories "make
# install" may write to, and nothing outside changes.
copy_server()
{
	local system=$PG_CONFIG what from to

	bindir=$work/server$("$system" --bindir)
	mkdir -p "$bindir"
	cp -L "$("$system" --bindir)"/* "$bindir/"

	# of what lies in another one the inner directory first
	for what in docdir/extension docdir sharedir/extension sharedir pkglibdir libdir includedir \
		includedir-server; do
		from=$("$system" "--${what%/*}")
		[ "$what" = "${what%/*}" ] || from=$from/${what#*/}
		to=$work/server$from
		mkdir -p "$to"
		[ ! -d "$from" ] || ln -s "$from"/* "$to/" 2>/dev/null || true	# what is there stays
		rm -f "$to"/frontcore_fdw*
	done
	PG_CONFIG=$bindir/pg_config
}

# Build and install, with the given arguments for make.
build()
{
	run make -C tree --no-print-directory -s -j2 all "$@"
	run make -C tree --no-print-directory -s install "$@"
}

# Start a PostgreSQL of our own, with the given lines added to its settings.
# What stands in the array "wrapper" is put before its program.
wrapper=()
locale=C
start_cluster()
{
	export PGHOST=$work/socket PGPORT=5432 PGUSER=postgres PGDATABASE=postgres

	run initdb -D data -U postgres -A trust -E UTF8 "--locale=$locale" -N \
		>"$work/log/initdb" || die "initdb failed: $(cat "$work/log/initdb")"
	run tee -a data/postgresql.conf >/dev/null <<-END
		listen_addresses = ''
		unix_socket_directories = '$work/socket'
		fsync = off
		log_line_prefix = '%m [%p] %q%a '
		$(printf '%s\n' "$@")
	END
	start_server
}

start_server()
{
	if [ ${#wrapper[@]} = 0 ]; then
		run pg_ctl -D data -l log/server -t 120 -s -w start
	else
		run "${wrapper[@]}" "$bindir/postgres" -D "$work/data" \
			>>"$work/log/server" 2>&1 </dev/null &
		local server=$!
		until run pg_isready -q; do
			kill -0 $server 2>/dev/null ||
				die "the server does not start: $(tail "$work"/log/*)"
			sleep 0.4
		done
	fi
}

stop_cluster()
{
	[ ! -e "$work/data/postmaster.pid" ] ||
		run pg_ctl -D data -s -w -t 60 -m fast stop
}

# Start the mock API on a free port, with the given arguments; it is told to
# clients by the environment.
start_mock()
{
	FRONTCORE_MOCK_PORT=$(run tree/test/mock.py --serve --port 0 "$@")
	export FRONTCORE_MOCK_PORT
}

# The processes that work in a directory of ours, or whose home it is: what
# we started, and nothing else.
our_processes()
{
	{
		find /proc -mindepth 2 -maxdepth 2 -path '/proc/[0-9]*/cwd' \
			\( -lname "$work" -o -lname "$work/*" \)
		grep -lzsxF "HOME=$work" /proc/[0-9]*/environ
	} 2>/dev/null | cut -d/ -f3 | sort -u || true
}

# End what still runs in the temporary directory, and remove it.
finish()
{
	local status=$? signal

	trap - EXIT
	trap '' INT TERM HUP
	[ -z "$keep" ] || exit "$status"

	cd /
	stop_cluster 2>/dev/null || true
	for signal in TERM QUIT KILL; do
		# shellcheck disable=SC2046
		[ -z "$(our_processes)" ] || kill -s $signal $(our_processes) 2>/dev/null || true
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			[ -n "$(our_processes)" ] || break
			sleep 0.2
		done
	done
	[ -z "$work" ] || {
		awk -v dir="$work/" 'index($2, dir) == 1 { print $2 }' /proc/mounts | sort -r |
			while read -r dir; do umount "$dir"; done
		rm -rf --one-file-system "$work"
	}
	exit "$status"
}

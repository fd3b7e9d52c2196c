# Sourced by contrib/quickstart, contrib/check and .ci/run: what is installed and how it is built.

src=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

PACKAGES_BUILD="autoconf automake make gcc libc6-dev pkg-config
	libldns-dev libevent-dev libc-ares-dev libconfig-dev libmaxminddb-dev libnftables-dev libssl-dev liburcu-dev libsystemd-dev"
PACKAGES_QUICKSTART="$PACKAGES_BUILD bind9-dnsutils curl dovecot-pop3d iproute2 nginx-light openssl procps util-linux"
PACKAGES_CHECK="$PACKAGES_QUICKSTART bind9 dovecot-imapd dovecot-submissiond faketime haproxy knot knot-dnsutils libcunit1-dev libnginx-mod-stream netbase nftables nsd python3 unbound vsftpd xz-utils"
PACKAGES_CI="$PACKAGES_CHECK clang libclang-rt-14-dev valgrind"

say() { printf '== %s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# install_missing PACKAGE...: by apt-get, only those that are not there. Services that come with them are not started.
install_missing() {
	local missing=() p policy=
	for p; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] || die "not root, so please install these first: apt-get install ${missing[*]}"
	say "installing ${missing[*]}"
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		policy=/usr/sbin/policy-rc.d
		printf '#!/bin/sh\nexit 101\n' > "$policy" && chmod 755 "$policy"
	fi
	local status=0
	apt_get update && apt_get install --no-install-recommends "${missing[@]}" || status=$?
	[ -z "$policy" ] || rm -f "$policy"
	[ $status = 0 ] || die "apt-get failed"
}

apt_get() {
	DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=600 \
		-o Dpkg::Options::=--force-confold "$@" < /dev/null > "${TMPDIR:-/tmp}/fairlead-apt.$$" 2>&1 || {
		cat "${TMPDIR:-/tmp}/fairlead-apt.$$" >&2
		rm -f "${TMPDIR:-/tmp}/fairlead-apt.$$"
		return 1
	}
	rm -f "${TMPDIR:-/tmp}/fairlead-apt.$$"
}

# prepare_source: makes ./configure, and sets $source: $src, or a copy if somebody has configured in $src itself,
# where an out-of-tree build can't start.
prepare_source() {
	source=$src
	mkdir -p "$src/build"
	if [ -e "$src/config.status" ]; then
		source=$src/build/source
		rm -rf "$source"
		mkdir -p "$source"
		tar -C "$src" --exclude=./build --exclude=./.git -cf - . | tar -C "$source" -xf -
		make -s -C "$source" distclean > /dev/null 2>&1 || rm -f "$source/config.status"
	fi
	if [ -e "$source/.git" ] || [ "$source" != "$src" ] || [ ! -x "$source/configure" ]; then
		(cd "$source" && autoreconf -fi > "$src/build/autoreconf.log" 2>&1) || {
			cat "$src/build/autoreconf.log" >&2
			die "autoreconf failed"
		}
	fi
}

# build NAME TARGET [CONFIGURE ARGUMENT...]: makes TARGET in build/NAME; the output goes to a log, shown when it fails.
build() {
	local dir=$src/build/$1 target=$2
	shift 2
	mkdir -p "$dir"
	if ! (cd "$dir" && "$source/configure" -q "$@" && make -j"$(nproc)" "$target") > "$dir.log" 2>&1 < /dev/null; then
		tail -n 60 "$dir.log" >&2
		die "the build in $dir failed; all of its output: $dir.log"
	fi
}

# run_tests NAME [MAKE ARGUMENT...]: runs the tests in build/NAME and shows the end of what failed.
run_tests() {
	local dir=$src/build/$1
	shift
	say "running the tests in $dir"
	find "$dir/tests" \( -name '*.trs' -o -name '*.log' \) -delete
	# more than cores: the cases mostly wait
	make -k -C "$dir" -j"$(($(nproc) * 2))" check "$@" > "$dir.tests.log" 2>&1 < /dev/null && return
	# Many judge times, and a busy machine has its moments: what failed has one more try, with the machine to itself. A fault fails again.
	grep -E '^FAIL:' "$dir.tests.log" | sed 's/^FAIL:/failed, once more alone:/'
	make -k -C "$dir" -j1 recheck "$@" > "$dir.tests.log" 2>&1 < /dev/null && return
	grep -E '^(FAIL|ERROR|XPASS)|: Error|\*\*\*' "$dir.tests.log" | head -n 40
	find "$dir/tests" -name '*.trs' -exec grep -lE '^:global-test-result: *(FAIL|ERROR)' {} + | sort | head -n 8 | while read -r trs; do
		printf -- '--- the end of %s\n' "${trs%.trs}.log"
		tail -n 40 "${trs%.trs}.log"
	done
}

# tally NAME: the sum of what ran in build/NAME; false if anything failed or nothing ran.
tally() { "$src/tests/tally" "$src/build/$1"; }

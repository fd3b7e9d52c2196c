# Sourced by every tests/run/NNN-name/run. A case is a bash script that ends
# with 0 when all held; it has a network namespace of its own (all of
# 127.0.0.0/8, 2001:db8::53, all ports) and a folder of its own ($tmp,
# the working directory), so cases run side by side, each also by hand:
#
#     FAIRLEAD_BUILD=build/check tests/run/100-start/run
#
# FAIRLEAD_WRAP   put in front of the daemons, e.g. valgrind with --error-exitcode=99
# FAIRLEAD_SLOW   how many times longer everything may take (1)
# FAIRLEAD_KEEP   keep $tmp
#
# Nothing sleeps to let something happen: wait_until and its kin poll for the
# event with a deadline. Every daemon that was started is stopped at the end by
# its own process id, its exit status must be 0 unless the case took it with
# `reap`, and no sanitizer may have spoken in its log.
set -u
export LC_ALL=C

src=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case_folder=$(cd "$(dirname "$0")" && pwd)
FAIRLEAD_BUILD=$(cd "${FAIRLEAD_BUILD:-$src/build/check}" && pwd) || exit 1
FAIRLEAD_WRAP=${FAIRLEAD_WRAP:-}
slow=${FAIRLEAD_SLOW:-1}
export FAIRLEAD_BUILD FAIRLEAD_WRAP FAIRLEAD_SLOW=$slow
dnsd=$FAIRLEAD_BUILD/dnsd/fairlead-dnsd
fwd=$FAIRLEAD_BUILD/fwd/fairlead-fwd
peers=$src/tests/peers

if [ -z "${FAIRLEAD_NETNS:-}" ]; then
	export FAIRLEAD_NETNS=yes
	if [ "$(id -u)" = 0 ]; then exec unshare -n "$BASH" "$case_folder/run" "$@"; fi
	if unshare -Urn true 2> /dev/null; then exec unshare -Urn "$BASH" "$case_folder/run" "$@"; fi
	echo "neither root nor user namespaces: this case can't have a network of its own"
	exit 77
fi
unset FAIRLEAD_NETNS
ip link set lo up || exit 1
ip addr add 2001:db8::53/128 dev lo nodad || exit 1

tmp=$(mktemp -d "${TMPDIR:-/tmp}/fl.XXXXXX") && chmod 755 "$tmp" && cd "$tmp" || exit 1
declare -A pids=() statuses=() helpers=()
. "$src/contrib/sites.sh"

# --- ends -----------------------------------------------------------------------

# Heard even where output is thrown away (wait_until); inside $( ) it ends only that.
exec 9>&1
fail() {
	{ echo "FAILED: $*"; printf '  at %s\n' "$(caller 0)" "$(caller 1 2> /dev/null)"; } >&9
	exit 1
}

# Whatever way the case ends: stop what runs, judge it, show logs if it failed.
finish() {
	local status=$? name
	trap - EXIT
	trap '' INT TERM
	exec >&9 2>&9
	for name in "${!pids[@]}"; do
		reap "$name" TERM
		[ "${statuses[$name]}" = 0 ] || [ -n "${helpers[$name]:-}" ] || { echo "$name ended with status ${statuses[$name]}"; status=1; }
	done
	if grep -EHn 'ERROR: [A-Za-z]*Sanitizer|runtime error:|^==[0-9]+== .*(Invalid|uninitialised|definitely lost)' ./*.log 2> /dev/null; then status=1; fi
	if [ $status != 0 ]; then
		for name in ./*.log; do
			[ -s "$name" ] || continue
			printf -- '--- %s, %s lines, the end:\n' "$name" "$(wc -l < "$name")"
			tail -n 60 "$name"
		done
	fi
	cd / && if [ -n "${FAIRLEAD_KEEP:-}" ]; then echo "kept: $tmp"; else rm -rf "$tmp"; fi
	exit $status
}
trap finish EXIT
trap 'exit 1' INT TERM

# --- waiting ---------------------------------------------------------------------

now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }

# wait_until SECONDS COMMAND...: polls until the command succeeds; fails the case at the deadline.
wait_until() {
	local deadline=$(($(now_ms) + $1 * slow * 1000))
	shift
	until "$@" > /dev/null 2>&1; do
		[ "$(now_ms)" -lt $deadline ] || fail "still not so: $*"
		sleep 0.02
	done
}

# wait_log NAME REGEX [SECONDS] [COUNT]: until COUNT (1) lines of NAME's log match.
wait_log() { wait_until "${3:-10}" log_has "$1" "$2" "${4:-1}"; }
log_has() { [ "$(grep -Ec -- "$2" "$1.log")" -ge "${3:-1}" ]; }

# --- daemons ----------------------------------------------------------------------

# start NAME COMMAND...: in the background, output in NAME.log; pids[NAME] is its process.
start() {
	local name=$1
	shift
	[ -z "${pids[$name]:-}" ] || fail "$name already runs"
	"$@" >> "$name.log" 2>&1 < /dev/null 9>&- &
	pids[$name]=$!
}
# helper NAME COMMAND...: the same for a part of the test itself; how it ends is not judged.
helper() {
	helpers[$1]=yes
	start "$@"
}
# A peer stands for another machine: what it does within milliseconds must not wait for ours, busy as it may be.
promptly=()
if chrt -f 1 true 2> /dev/null; then promptly=(chrt -f 1); fi
# peer NAME MODE ADDRESS PORT: a server of tests/peers/peer.py, until it listens.
peer() {
	helper "$1" "${promptly[@]}" python3 -u "$peers/peer.py" "$2" "$3" "$4"
	wait_until 10 listening "$3" "$4"
}
alive() { kill -0 "${pids[$1]:-0}" 2> /dev/null; }

# reap NAME [SIGNAL] [SECONDS]: sends the signal (none: just waits for the end), waits; the exit status is in statuses[NAME].
reap() {
	local pid=${pids[$1]:-} deadline=$(($(now_ms) + ${3:-20} * slow * 1000))
	[ -n "$pid" ] || fail "$1 does not run"
	[ -z "${2:-}" ] || kill -"$2" "$pid" 2> /dev/null
	while kill -0 "$pid" 2> /dev/null; do
		if [ "$(now_ms)" -ge $deadline ]; then
			echo "$1 (process $pid) has not ended in time"
			kill -KILL "$pid"
			wait "$pid" 2> /dev/null
			statuses[$1]=timeout
			unset "pids[$1]"
			return
		fi
		sleep 0.02
	done
	wait "$pid" 2> /dev/null
	statuses[$1]=$?
	unset "pids[$1]"
}
# stop NAME: SIGTERM, and it has to end well.
stop() {
	reap "$1" TERM
	[ "${statuses[$1]}" = 0 ] || fail "$1 ended with status ${statuses[$1]}"
}
# crash NAME: SIGKILL; no status is asked of it.
crash() { reap "$1" KILL; }

# spawn_dnsd SITE, spawn_fwd SITE: with $tmp/SITE.conf, as dnsd-SITE and fwd-SITE, without waiting.
spawn_dnsd() { start "dnsd-$1" $FAIRLEAD_WRAP "$dnsd" -c "$tmp/$1.conf"; }
spawn_fwd() { start "fwd-$1" $FAIRLEAD_WRAP "$fwd" -c "$tmp/$1.conf"; }
# start_dnsd SITE: until it answers for the zone. start_fwd SITE ADDRESS PORT: until it accepts there.
start_dnsd() {
	spawn_dnsd "$1"
	wait_until 10 soa_answered "$1"
}
start_fwd() {
	spawn_fwd "$1"
	wait_until 10 listening "$2" "$3"
}
soa_answered() { alive "dnsd-$1" || fail "dnsd-$1 has ended"; dig_at "$1" gslb.example.com SOA +short | grep -q hostmaster; }
listening() { ss -Hltn "src $1 and sport = :$2" | grep -q .; }

# start_web SITE ADDRESS:PORT..., start_pop3 SITE ADDRESS: the real servers of contrib/sites.sh, as web-SITE and pop3-SITE.
start_web() {
	local site=$1 a
	shift
	nginx_conf "$tmp" "$site" "$@"
	start "web-$site" "$NGINX" -p "$tmp" -e "$tmp/nginx-$site.log" -c "$tmp/nginx-$site.conf"
	for a; do wait_until 10 listening "${a%:*}" "${a##*:}"; done
}
start_pop3() {
	[ -e "dovecot-$1.conf" ] || dovecot_conf "$tmp" "$1" "$2"
	start "pop3-$1" "$DOVECOT" -F -c "$tmp/dovecot-$1.conf"
	wait_until 10 listening "$2" 110
}

# start_sites: both sites of the examples with all behind them; returns when both name servers say that all is up and the forwarders know.
start_sites() {
	make_sites "$tmp"
	start_web sjc 127.1.0.11:8080 127.1.0.12:8080
	start_web den 127.2.0.11:8080
	start_pop3 sjc 127.1.0.25
	start_pop3 den 127.2.0.26
	start_programs
	wait_until 20 all_up
}
start_programs() {
	spawn_fwd sjc
	spawn_fwd den
	spawn_dnsd sjc
	spawn_dnsd den
}
all_up() {
	local site service
	for site in sjc den; do
		for service in www mail api shop; do
			[ "$(states $site $service)" = "${1:-den=up sjc=up}" ] || return 1
		done
	done
}

# --- DNS ----------------------------------------------------------------------------

declare -A address=([sjc]=127.1.0.53 [den]=127.2.0.53)

# dig_at SITE ARGUMENT...: one try, so that a lost answer is seen.
dig_at() {
	local site=$1
	shift
	dig +tries=1 +time=$((2 * slow)) "@${address[$site]}" "$@"
}
# answers SITE ARGUMENT...: what +short prints, sorted, in one line.
answers() {
	local site=$1
	shift
	dig_at "$site" +short "$@" | sort | tr '\n' ' ' | sed 's/ $//'
}
# expect_dig EXPECTED SITE ARGUMENT...: exactly these, sorted, separated by spaces.
expect_dig() {
	local want=$1 got
	shift
	got=$(answers "$@")
	[ "$got" = "$want" ] || fail "dig $*: expected '$want', got '$got'"
}
answered_with() { local want=$1; shift; [ "$(answers "$@")" = "$want" ]; }
# wait_dig EXPECTED SITE ARGUMENT...: until it answers so.
wait_dig() { wait_until 15 answered_with "$@"; }
# expect_reply REGEX SITE ARGUMENT...: the whole output of dig in one line matches, spaces squeezed.
expect_reply() {
	local want=$1 got
	shift
	got=$(dig_at "$@" | tr -s ' \t\n' ' ')
	grep -Eq -- "$want" <<< "$got" || fail "dig $*: no '$want' in: $got"
}
# states SITE SERVICE: what _health says there, "den=up sjc=down".
states() {
	dig_at "$1" +short TXT "_health.$2.gslb.example.com" |
		sed -n 's/.*"site=\([a-z-]*\)".*"state=\([a-z]*\)".*/\1=\2/p' | sort | grep -v '^-' | tr '\n' ' ' | sed 's/ $//'
}
stated() { local want=$1; shift; [ "$(states "$@")" = "$want" ]; }
# wait_states EXPECTED SITE SERVICE
wait_states() { wait_until 15 stated "$@"; }

# --- HTTP and POP3 ---------------------------------------------------------------------

declare -A vip=([sjc]=127.1.0.10 [den]=127.2.0.10)

# fetch SITE PATH [CURL ARGUMENT...]: through SITE's virtual server, redirects followed.
fetch() {
	local site=$1 path=$2 h
	shift 2
	local resolve=(--resolve "www.gslb.example.com:80:${vip[$site]}")
	for h in www api shop; do resolve+=(--resolve "sjc.$h.gslb.example.com:80:${vip[sjc]}" --resolve "den.$h.gslb.example.com:80:${vip[den]}"); done
	curl -sSL --max-redirs 5 -m $((10 * slow)) "${resolve[@]}" "$@" "http://www.gslb.example.com$path"
}
# expect_page REGEX SITE PATH [CURL ARGUMENT...]
expect_page() {
	local want=$1 got
	shift
	got=$(fetch "$@" 2>&1)
	grep -Eqz -- "$want" <<< "$got" || fail "fetch $*: no '$want' in: $got"
}
page_is() { local want=$1; shift; fetch "$@" | grep -Eqz -- "$want"; }

# read_mail ADDRESS: a whole POP3 session, the first mail on standard output.
read_mail() { curl -sS -m $((10 * slow)) "pop3://test:password@$1/1"; }
mail_is() { read_mail "$2" | grep -Eq -- "$1"; }

# python FILE ARGUMENT...: a program of tests/peers, or of the case.
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$peers
python() { python3 -u "$@"; }

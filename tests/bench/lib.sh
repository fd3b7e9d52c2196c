# shellcheck shell=bash
# What every experiment of the bench needs: the three network namespaces,
# pinned processes that are stopped by their own PID, counts of system calls,
# and one line a measured value in $RESULTS.

SRV_CORE=${SRV_CORE:-0}            # what is measured
GEN_CORE=${GEN_CORE:-1}            # load, back ends, health-check targets
REPEAT=${REPEAT:-5} SECS=${SECS:-2}
STEAL_MAX=${STEAL_MAX:-6} FOREIGN_MAX=${FOREIGN_MAX:-6} TRIES=${TRIES:-3}
RETRY_UNTIL=${RETRY_UNTIL:-86400}     # seconds from the start, after which nothing is tried again

# cli --veth-- srv --veth-- bak. Loopback tests use srv's own lo, so no address,
# port or setting of the host is touched; the PID keeps two runs apart.
NS_CLI=fb$$-cli NS_SRV=fb$$-srv NS_BAK=fb$$-bak
IP_CLI=10.99.1.2 IP_SRV1=10.99.1.1 IP_SRV2=10.99.2.1 IP_BAK=10.99.2.2
IP_PROXY=10.99.2.9                 # where forwarders connect from
IP_VIP=10.99.1.9                   # where clients connect to
IP_MUTE=10.99.2.3                  # a back end that can fall silent
CONTROL=127.0.2.1                  # our site's control address

RUN=                               # configurations, sockets, zones of this run
REP=0                              # the repeat that `rec` writes down
BG_WRAP=()                         # put in front of each command by bg
PID='' PIDS=''                     # of what runs now

say() { printf '%s %s\n' "$(date +%T)" "$*" >&2; }
have() { command -v "$1" >/dev/null; }
skip() { say "skipped: $*"; }

in_ns() { local ns=$1; shift; ip netns exec "$ns" "$@"; }
srv()   { in_ns "$NS_SRV" "$@"; }
cli()   { in_ns "$NS_CLI" "$@"; }
bak()   { in_ns "$NS_BAK" "$@"; }

ns_add() {
	ip netns add "$1" && ip -n "$1" link set lo up
	in_ns "$1" sysctl -qw net.ipv4.ip_local_port_range="1024 65000" net.ipv4.tcp_tw_reuse=1 \
		net.core.somaxconn=65535 net.ipv4.tcp_max_syn_backlog=65535 2>/dev/null
}

ns_link() { # ns dev srvdev: a veth pair into srv
	ip -n "$1" link add "$2" type veth peer name "$3" netns "$NS_SRV"
	ip -n "$1" link set "$2" up
	ip -n "$NS_SRV" link set "$3" up
}

ns_up() {
	local n
	for n in $NS_CLI $NS_SRV $NS_BAK; do ns_add "$n" || return 1; done
	srv sysctl -qw net.ipv4.ip_forward=1
	ns_link "$NS_CLI" c0 s0; ns_link "$NS_BAK" b0 s1
	ip -n "$NS_CLI" addr add $IP_CLI/24 dev c0
	for n in $IP_SRV1 $IP_VIP; do ip -n "$NS_SRV" addr add "$n/24" dev s0; done
	for n in $IP_SRV2 $IP_PROXY; do ip -n "$NS_SRV" addr add "$n/24" dev s1; done
	for n in $IP_BAK $IP_MUTE; do ip -n "$NS_BAK" addr add "$n/24" dev b0; done
	ip -n "$NS_CLI" route add default via $IP_SRV1
	ip -n "$NS_BAK" route add 10.99.1.0/24 via $IP_SRV2
}

ns_down() { local n; for n in $NS_CLI $NS_SRV $NS_BAK; do ip netns del "$n" 2>/dev/null; done; return 0; }

# The receive side of srv's veth ends in threads on SRV_CORE, so that its CPU
# time can be read (NAPI_PIDS) and counted: that is what a forwarding host spends.
# veth uses NAPI only for packets that the sending end did not leave to TSO.
napi_threads() {
	local d p
	NAPI_PIDS=
	have ethtool || { skip "the kernel's share of forwarding: no ethtool"; return 1; }
	cli ethtool -K c0 tso off >/dev/null 2>&1; bak ethtool -K b0 tso off >/dev/null 2>&1
	for d in s0 s1; do
		srv ethtool -K $d gro on >/dev/null 2>&1
		srv sh -c "echo 1 > /sys/class/net/$d/threaded" || return 1
	done
	for p in $(pgrep '^napi/s[01]'); do
		taskset -pc "$SRV_CORE" "$p" >/dev/null
		NAPI_PIDS=$NAPI_PIDS${NAPI_PIDS:+,}$p
	done
	cli sh -c "echo $((1 << GEN_CORE)) > /sys/class/net/c0/queues/rx-0/rps_cpus"
	bak sh -c "echo $((1 << GEN_CORE)) > /sys/class/net/b0/queues/rx-0/rps_cpus"
}

# bg NAME CORE NS command...: in the background, pinned; $PID, and $T0_NS when it began.
bg() {
	local name=$1 core=$2 ns=$3
	shift 3
	T0_NS=$(date +%s%N)
	ip netns exec "$ns" taskset -c "$core" "${BG_WRAP[@]}" "$@" >"$RUN/$name.log" 2>&1 &
	PID=$!
}

stop() { # PID
	local i
	[ -n "$1" ] || return 0
	kill -TERM "$1" 2>/dev/null
	for i in $(seq 100); do kill -0 "$1" 2>/dev/null || break; sleep 0.05; done
	kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

cleanup() { local p; for p in $(jobs -p); do kill "$p" 2>/dev/null; done; ns_down; [ -z "$RUN" ] || rm -rf "$RUN"; }

tree() { # PID and all below it, comma separated
	local out=$1 p
	for p in $(pgrep -P "$1"); do out=$out,$(tree "$p"); done
	echo "$out"
}

pin_tree() { # CORE PID: every thread
	local p t
	for p in $(tree "$2" | tr , ' '); do
		for t in "/proc/$p/task/"*; do taskset -pc "$1" "${t##*/}" >/dev/null 2>&1; done
	done
}

sum_kib() { # FILE KEY PIDS: sum of a "Key: N kB" line
	local p s=0 v
	for p in ${3//,/ }; do v=$(awk -v k="$2:" '$1 == k { print $2 }' "/proc/$p/$1" 2>/dev/null); s=$((s + ${v:-0})); done
	echo $s
}
rss() { sum_kib status VmRSS "$1"; }
pss() { sum_kib smaps_rollup Pss "$1"; }

rec() { printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$REP" "$3" "$4" >>"$RESULTS"; } # EXPERIMENT SUBJECT METRIC VALUE
kv() { local x; for x in $2; do [ "${x%%=*}" = "$1" ] && { echo "${x#*=}"; return; }; done; } # KEY "k=v k=v"
reckv() { local pair; for pair in $4; do rec "$1" "$2" "${pair#*:}" "$(kv "${pair%%:*}" "$3")"; done; } # EXPERIMENT SUBJECT "k=v..." "key:metric..."
rec_changed() { # EXPERIMENT SUBJECT METRIC "k=v...": when failwatch saw the change; what it never saw is no short time
	local ms; ms=$(kv changed_ms "$4")
	[ "${ms#-}" = "$ms" ] || ms=1e9
	rec "$1" "$2" "$3" "$ms"
}
pick() { local k; for k in $2; do printf ' %s=%s' "$k" "$(kv "$k" "$1")"; done; } # "k=v..." "key..."
calc() { awk "BEGIN { printf \"$1\", $2 }"; } # FORMAT EXPRESSION

# quiet command...: runs a generator; while the hypervisor stole time or others
# used the machine, again (TRIES at most). Prints the least disturbed run.
quiet() {
	local i out best='' worst=1e9 d
	for i in $(seq "$TRIES"); do
		out=$("$@") || return 1
		d=$(awk -v s="$(kv steal_pct "$out")" -v f="$(kv foreign_pct "$out")" -v sm="$STEAL_MAX" -v fm="$FOREIGN_MAX" \
			'BEGIN { s /= sm; f /= fm; print (s > f ? s : f) + 0 }')
		[ "$(calc %d "$d < $worst")" = 1 ] && best=$out worst=$d
		[ "$(calc %d "$worst <= 1")" = 1 ] && break
		[ "$i" -ge "$TRIES" ] || [ "$SECONDS" -ge "$RETRY_UNTIL" ] && break
		sleep 0.5
	done
	echo "$best disturb=$worst"
}

# syscalls PIDS command...: runs the command (its output in $SYSCALLS_OUT) and prints
# how many system calls PIDS made meanwhile; nothing when neither tool works here.
# perf needs tracefs, mounted for it alone. strace slows the server down, so batches
# grow and the count is flattered: only where there is no perf.
SYSCALLS_BY='' SYSCALLS_OUT=''
syscalls_tool() {
	[ -n "$SYSCALLS_BY" ] && return
	SYSCALLS_OUT=$RUN/syscalls.out
	if have perf && perf_count 1 true >/dev/null 2>&1 && [ -s "$RUN/perf.txt" ] && grep -q sys_enter "$RUN/perf.txt"; then
		SYSCALLS_BY=perf
	elif have strace; then SYSCALLS_BY=strace; say "system calls are counted by strace: no perf with tracefs"
	else SYSCALLS_BY=none; skip "system calls: neither perf with tracefs nor strace"; fi
}
perf_count() { # PIDS command...
	local pids=$1
	shift
	unshare -m sh -c 'mount -t tracefs none /sys/kernel/tracing 2>/dev/null; exec "$@"' sh \
		perf stat -x, -e raw_syscalls:sys_enter -p "$pids" -o "$RUN/perf.txt" -- "$@"
}
syscalls() {
	local pids=$1 tracer
	shift
	case $SYSCALLS_BY in
	perf)   perf_count "$pids" "$@" >"$SYSCALLS_OUT"
	        awk -F, '/sys_enter/ { print $1 }' "$RUN/perf.txt";;
	strace) strace -qq -c -f -p "$pids" -o "$RUN/strace.txt" & tracer=$!
	        sleep 0.3; "$@" >"$SYSCALLS_OUT"; kill -INT $tracer; wait $tracer 2>/dev/null
	        awk '$1 ~ /^[0-9.]+$/ && $NF != "total" { n += $4 } END { print n + 0 }' "$RUN/strace.txt";;
	esac
}

# Builds the bench's own programs when their sources are newer.
build_programs() {
	local p src=$BENCH/src
	mkdir -p "$BIN" || return 1
	for p in cpurun dnsgen failwatch http302 reflect relays tcpback tcpload tlsload; do
		[ "$BIN/$p" -nt "$src/$p.c" ] && [ "$BIN/$p" -nt "$src/bench.c" ] && [ "$BIN/$p" -nt "$src/dnsmsg.c" ] && continue
		"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra "$src/$p.c" "$src/bench.c" "$src/dnsmsg.c" -o "$BIN/$p" $([ $p != tlsload ] || echo -lssl -lcrypto) || return 1
	done
}

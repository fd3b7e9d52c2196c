# shellcheck shell=bash
# Thousands of relays at once. First with the idle ones, where descriptors are
# scarce and bulk is copied; then the busy ones alone, whose bulk is spliced.

run_relays() {
	local kind idle busy out most back seconds=${RELAYS_SECS:-60}
	[ "$SECS" != 1 ] || seconds=${RELAYS_SECS:-5}
	# BBR takes a slow reader for a slow path, and long to find out that it was none. And slow readers fill what the
	# kernel grants them: with 32 MiB a socket, as new kernels do, fifty are enough to bring all TCP of a small machine down.
	for kind in $NS_CLI $NS_SRV $NS_BAK; do
		in_ns "$kind" sysctl -qw net.ipv4.tcp_congestion_control=reno net.ipv4.tcp_rmem="4096 131072 2097152" net.ipv4.tcp_wmem="4096 16384 2097152"
	done
	bg relays-back "$GEN_CORE" "$NS_BAK" "$BIN/relays" -l "$IP_BAK:$B_SHORT"; back=$PID
	for REP in $(seq "$REPEAT"); do
		for kind in all busy; do
			start_fwd fairlead-peer || { say "relays: cannot start"; return; }
			for out in $(seq 50); do grep -q 'msg="serving"' "$RUN/fairlead-fwd.log" && break; sleep 0.1; done
			most=$(sed -n 's/.*msg="serving".* sessions_max=\([0-9]*\).*/\1/p' "$RUN/fairlead-fwd.log")
			idle=${IDLE:-9000} busy=${BUSY:-1000}
			[ $kind = all ] || idle=0
			if [ $((idle + busy)) -gt $((most - 2)) ]; then
				busy=$((most - 2 - idle))
				say "relays: descriptors (RLIMIT_NOFILE) allow $most at once: $busy busy ones"
			fi
			sleep 1
			out=$(cli "$BIN/relays" -c "$GEN_CORE" -d "$IP_VIP:$P_SHORT" -p "$PIDS" -i "$idle" -b "$busy" -s "${SLOW:-50}" -t "$seconds")
			[ -n "$out" ] || say "relays: $kind has ended early"
			reckv relays "fairlead-$kind" "$out" "idle:idle busy:busy lost:lost GB:GB least_MB:least_mb idle_bytes:idle_bytes busy_bytes:busy_bytes grown_kib:grown_kib peak_kib:peak_kib fds_busy:fds fds_after:fds_after"
			say "relays $REP $kind: $out"
			stop_fwd fairlead-peer
		done
	done
	stop "$back"
}

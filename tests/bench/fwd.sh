# shellcheck shell=bash
# The experiments on forwarders. CPU an operation is the forwarder's process and
# the kernel threads that receive for it: all that a forwarding host spends.

load() { cli "$BIN/tcpload" -c "$GEN_CORE" -X "$HELPERS" -t "$SECS" "$@"; }
syscalls_per() { # EXPERIMENT SUBJECT METRIC load-options...: system calls of the process an operation
	local e=$1 s=$2 m=$3 calls
	shift 3
	[ -n "$PIDS" ] || return
	calls=$(syscalls "$PIDS" ip netns exec "$NS_CLI" "$BIN/tcpload" -c "$GEN_CORE" -t 1 -u 0 "$@")
	[ -z "$calls" ] || rec "$e" "$s" "$m" "$(calc %.2f "$calls / $(kv done "$(cat "$SYSCALLS_OUT")")")"
}

measure_tcp() { # SUBJECT
	local s=$1 all=$NAPI_PIDS,$KSOFT${PIDS:+,$PIDS} short bulk out
	short=$(target "$s" short) bulk=$(target "$s" bulk)
	out=$(quiet load -d "$short" -m short -k 64 -P "$all")
	[ "$(kv done "$out")" -gt 0 ] || { say "fwd: $s forwards nothing"; return 1; }
	reckv fwd "$s" "$out" "cpu_ns_per_op:short_ns rate:short_rate fails:fails"
	say "fwd $REP $s short:$(pick "$out" "rate fails p99_us cpu_ns_per_op srv_util_pct disturb")"
	if [ -n "$PIDS" ]; then
		out=$(quiet load -d "$short" -m short -k 64 -P "$PIDS")
		reckv fwd "$s" "$out" "cpu_ns_per_op:short_process_ns"
	fi
	syscalls_per fwd "$s" short_syscalls -d "$short" -m short -k 64
	out=$(quiet load -d "$short" -m ping -k 1 -P "$all");  reckv fwd "$s" "$out" "p50_us:ping1_p50_us p99_us:ping1_p99_us"
	out=$(quiet load -d "$short" -m ping -k 64 -P "$all"); reckv fwd "$s" "$out" "cpu_ns_per_op:ping64_ns p50_us:ping64_p50_us p99_us:ping64_p99_us"
	out=$(quiet load -d "$bulk" -m bulk -k 8 -P "$all");   reckv fwd "$s" "$out" "cpu_s_per_GB:cpu_s_per_GB GBps:GBps"
	if [ "$s" = fairlead-nat ]; then
		out=$(quiet load -d "$bulk" -m bulk -k 8 -P "$PIDS"); reckv fwd "$s" "$out" "cpu_s_per_GB:process_s_per_GB"
	fi
	say "fwd $REP $s bulk:$(pick "$out" "GBps cpu_s_per_GB disturb")"
}
measure_udp() { # SUBJECT
	local t out
	t=$(target "$1" udp)
	out=$(quiet cli "$BIN/dnsgen" -a "${t%:*}" -p "${t#*:}" -q "$RUN/udp.q" -w 64 -t "$SECS" -c "$GEN_CORE" \
		-P "$NAPI_PIDS,$KSOFT${PIDS:+,$PIDS}" -X "$HELPERS" -R)
	reckv fwd "$1" "$out" "srv_cpu_ns_per_ans:udp_ns"
}
measure_idle() { # SUBJECT: memory of connections that were used once; a session takes two of 20,000 descriptors
	local before idle n=${IDLE:-9000} i server=$PID
	before=$(rss "$PIDS")
	bg idle "$GEN_CORE" "$NS_CLI" "$BIN/tcpload" -d "$(target "$1" short)" -m idle -k "$n"; idle=$PID; PID=$server
	for i in $(seq 200); do grep -q ready "$RUN/idle.log" && break; sleep 0.2; done
	say "fwd $REP $1 idle: $(cat "$RUN/idle.log")"
	rec fwd "$1" idle_kib "$(calc %.2f "($(rss "$PIDS") - $before) / $n")"
	stop "$idle"
}

run_fwd() {
	local s subjects
	subjects=$(installed ${SUBJECTS:-direct nft fairlead-nat fairlead-peer fairlead-local haproxy haproxy-splice nginx})
	napi_threads || return 0
	KSOFT=$(pgrep -x "ksoftirqd/$SRV_CORE")
	bg echo "$GEN_CORE" "$NS_BAK" "$BIN/tcpback" -a $IP_BAK -p $B_SHORT;             HELPERS=$PID
	bg source "$GEN_CORE" "$NS_BAK" "$BIN/tcpback" -a $IP_BAK -p $B_BULK -m source;  HELPERS=$HELPERS,$PID
	bg udp "$GEN_CORE" "$NS_BAK" "$BIN/reflect" -a $IP_BAK -p $B_UDP;                HELPERS=$HELPERS,$PID
	echo "lb1.$ZONE A" >"$RUN/udp.q"
	syscalls_tool
	for REP in $(seq "$REPEAT"); do
		for s in $subjects; do
			start_fwd "$s" || { say "fwd: cannot start $s"; continue; }
			sleep 1
			if measure_tcp "$s"; then
				! has_udp "$s" || measure_udp "$s"
				[ -z "$PIDS" ] || measure_idle "$s"
			fi
			stop_fwd "$s"
		done
	done
}

# HTTP redirects on one core, over loopback: wrk beside the clock of the server.
# Host is the service's name: a request for the listener's own address is relayed, not redirected.
# URL and header for each of the ways: inside TLS or not, kept or one connection (and handshake) a request.
wrk_way() { # keep|close|tls_keep|tls_close -> URL, header
	case $1 in
	tls_*) URL=https://$IP_VIP:$P_HTTPS/;;
	*)     URL=http://$IP_VIP:$P_HTTP/;;
	esac
	HEADER=()
	case $1 in *close) HEADER=(-H 'Connection: close');; esac
}
wrk_run() { # way -> key=value
	wrk_way "$1"
	"$BIN/cpurun" "$PIDS" taskset -c "$GEN_CORE" ip netns exec "$NS_SRV" wrk -t1 -c32 -d"$WRK_SECS"s -H "Host: $WEB" "${HEADER[@]}" \
		--latency "$URL" >"$RUN/wrk.out" 2>&1 || return 1
	awk '/requests in/ { n = $1 } /50%/ { p50 = $2 } /99%/ { p99 = $2 } /Non-2xx/ { bad = $NF } /Socket errors/ { gsub(",", ""); err = $4 + $6 + $8 + $10 }
		/^cpu_ns=/ { rest = $0; split($1, c, "="); split($2, w, "=") }
		END { printf "n=%d rate=%.0f cpu_ns_per_req=%.0f p50=%s p99=%s bad=%d err=%d %s\n", n, n / (w[2] / 1e9), c[2] / (n ? n : 1), p50, p99, bad, err, rest }' "$RUN/wrk.out"
}
# Inside TLS, a connection each, one after the other: a full handshake, or one with the ticket of the connection before.
tls_run() { # new|resumed -> key=value
	"$BIN/cpurun" "$PIDS" taskset -c "$GEN_CORE" ip netns exec "$NS_SRV" "$BIN/tlsload" $IP_VIP $P_HTTPS "$WEB" "$WRK_SECS" "$1" >"$RUN/tls.out" 2>&1 || return 1
	tr '\n' ' ' <"$RUN/tls.out" | awk '{ n = $1; sub("n=", "", n); split($4, c, "="); printf "%s cpu_ns_per_req=%.0f\n", $0, c[2] / (n ? n : 1) }'
}
measure_tls() { # SUBJECT
	local k out
	for k in new resumed; do
		tls_run $k >/dev/null
		out=$(quiet tls_run $k)
		rec http "$1" tls_${k}_ns "$(kv cpu_ns_per_req "$out")"
		reckv http "$1" "$out" "bad:bad"
		say "http $REP $1 tls_$k:$(pick "$out" "n bad resumed cpu_ns_per_req disturb")"
	done
}
measure_http() { # SUBJECT WAYS
	local k out calls
	for k in $2; do
		wrk_run $k >/dev/null                                  # warm
		out=$(quiet wrk_run $k)
		[ "${out#n=}" != "$out" ] && [ "$(kv n "$out")" -gt 0 ] || { say "http: $1 $k: no answers: $(tail -n 2 "$RUN/wrk.out")"; continue; }
		rec http "$1" ${k}_ns "$(kv cpu_ns_per_req "$out")"
		reckv http "$1" "$out" "rate:${k}_rate bad:bad err:errors"
		calls=$(syscalls "$PIDS" ip netns exec "$NS_SRV" taskset -c "$GEN_CORE" wrk -t1 -c32 -d1s -H "Host: $WEB" "${HEADER[@]}" "$URL")
		[ -z "$calls" ] || rec http "$1" ${k}_syscalls "$(calc %.2f "$calls / $(awk '/requests in/ { print $1 }' "$SYSCALLS_OUT")")"
		say "http $REP $1 $k:$(pick "$out" "rate cpu_ns_per_req p99 bad err disturb")"
	done
}
answers_302() { [ "$(srv curl -s -o /dev/null -w '%{http_code}' -H "Host: $WEB" "http://$IP_VIP:$P_HTTP/" --max-time 3)" = 302 ]; }
run_http() {
	local s subjects i
	have wrk || { skip "redirects: wrk is not installed"; return 0; }
	subjects=$(installed ${SUBJECTS:-http302 fairlead-peer haproxy nginx})
	WRK_SECS=$(calc %.0f "$SECS < 1 ? 1 : $SECS")
	bg echo "$GEN_CORE" "$NS_BAK" "$BIN/tcpback" -a $IP_BAK -p $B_SHORT      # the other site, to be redirected to
	syscalls_tool
	for REP in $(seq "$REPEAT"); do
		for s in $subjects; do
			start_fwd "$s" || { say "http: cannot start $s"; continue; }
			for i in $(seq 30); do answers_302 && break; sleep 0.1; done
			if answers_302; then measure_http "$s" "$([ "$s" = http302 ] && echo keep close || echo keep close tls_keep)"; [ "$s" = http302 ] || measure_tls "$s"; else say "http: $s does not answer 302"; fi
			stop_fwd "$s"
		done
	done
}

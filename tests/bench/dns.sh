# shellcheck shell=bash
# The experiments on DNS servers. Each walks over all subjects within a repeat,
# so a slow drift of the machine hits all alike, and starts each one afresh.

generator() { srv "$BIN/dnsgen" -a 127.0.0.1 -p $DNS_PORT -c "$GEN_CORE" "$@"; }

# Starts a subject and waits until it answers NAME; PIDS are all its processes then.
serve() { # SUBJECT NAME [NBULK]
	start_dns "$1" 127.0.0.1 $DNS_PORT "${3:-0}"
	[ "$1" = reflector ] && return 0
	wait_dns 127.0.0.1 $DNS_PORT "$2" || { stop "$PID"; return 1; }
	sleep 0.5                                          # NSD forks its server after the first answers
	PIDS=$(tree "$PID")
	pin_tree "$SRV_CORE" "$PID"
}

# CPU, loss, rate and system calls an answer, in a closed loop and at half that load.
measure_dns() { # SUBJECT [dnsgen options]
	local s=$1 raw=() out calls
	[ "$s" != reflector ] || raw=(-R)
	out=$(quiet generator -q "$RUN/mix.q" -w 128 -t "$SECS" -P "$PIDS" "${raw[@]}")
	reckv dns "$s" "$out" "srv_cpu_ns_per_ans:cpu_ns loss_pct:loss_pct qps:qps other:wrong"
	half=$(calc %d "$(kv qps "$out") / 2")
	say "dns $REP $s:$(pick "$out" "qps loss_pct srv_cpu_ns_per_ans srv_util_pct disturb")"
	out=$(quiet generator -q "$RUN/mix.q" -r "$half" -t "$SECS" -P "$PIDS" "${raw[@]}")
	reckv dns "$s" "$out" "p99_us:half_p99_us loss_pct:half_loss_pct"
	calls=$(syscalls "$PIDS" ip netns exec "$NS_SRV" "$BIN/dnsgen" -a 127.0.0.1 -p $DNS_PORT -c "$GEN_CORE" \
		-q "$RUN/mix.q" -w 128 -u 0 -t 1 "${raw[@]}")
	[ -z "$calls" ] || rec dns "$s" syscalls "$(calc %.3f "$calls / $(kv recv "$(cat "$SYSCALLS_OUT")")")"
}

run_dns() {
	local s subjects
	subjects=$(installed ${SUBJECTS:-reflector fairlead gdnsd-weighted gdnsd-multifo knot knot-geoip nsd bind pdns pdns-lua})
	mix_queries "$RUN/mix.q"
	health_target
	syscalls_tool
	for REP in $(seq "$REPEAT"); do
		for s in $subjects; do
			serve "$s" lb1.$ZONE || continue
			measure_dns "$s"
			stop "$PID"
		done
	done
}

# Instructions in user space, by callgrind: a figure that the mood of the machine
# does not touch. One query at a time, so batching is the same in every run; what
# start-up cost is thrown away before the queries begin.
INSTR_QUERIES=${INSTR_QUERIES:-20000}
callgrind_each() { # OPTION: callgrind_control on every process of the subject
	local p
	for p in $(tree "$PID" | tr , ' '); do callgrind_control "$1" "$p" >/dev/null 2>&1; done
}
instructions() { # SUBJECT QUERY-FILE METRIC
	local out total p
	rm -f "$RUN"/cg.*
	BG_WRAP=(valgrind --tool=callgrind --trace-children=yes --callgrind-out-file="$RUN/cg.%p")
	start_dns "$1" 127.0.0.1 $DNS_PORT
	BG_WRAP=()
	wait_dns 127.0.0.1 $DNS_PORT lb1.$ZONE 60 || { stop "$PID"; return 1; }
	sleep 3                                            # the first checks are done, NSD has its child
	callgrind_each --zero
	out=$(generator -q "$2" -w 1 -u 0 -t 120 -T 2 -N "$INSTR_QUERIES")
	callgrind_each --dump
	total=$(awk '/^(totals|summary):/ { t += $2; nextfile } END { printf "%.0f", t }' "$RUN"/cg.*.1)
	rec instr "$1" "$3" "$(calc %.0f "$total / $(kv recv "$out")")"
	say "instr $REP $1 $3: $total for $(kv recv "$out") answers"
	[ -z "$KEEP_CALLGRIND" ] || for p in "$RUN"/cg.*.1; do cp "$p" "$KEEP_CALLGRIND/$1.$3.$(basename "$p")"; done
	for p in $(tree "$PID" | tr , ' '); do [ "$p" = "$PID" ] || kill -TERM "$p" 2>/dev/null; done
	stop "$PID"
}
run_instr() {
	local s subjects CHECK='interval = 3600;'            # none but the first round
	have valgrind || { skip "instructions a query: valgrind is not installed"; return; }
	subjects=$(installed ${SUBJECTS:-fairlead gdnsd-multifo knot knot-geoip nsd})
	mix_queries "$RUN/mix.q"; one_kind "$RUN/static.q" www; one_kind "$RUN/dynamic.q" lb; one_kind "$RUN/missing.q" nx
	health_target
	for REP in $(seq "${REPEAT_INSTR:-1}"); do
		for s in $subjects; do
			instructions "$s" "$RUN/mix.q" mix
			[ "$s" = fairlead ] || continue
			instructions "$s" "$RUN/static.q" static
			instructions "$s" "$RUN/dynamic.q" dynamic
			instructions "$s" "$RUN/missing.q" missing
		done
	done
}

# Zone size: seconds from exec to the first answer, memory, CPU an answer, and a reload under load.
measure_load() { # SUBJECT NAMES
	start_dns "$1" 127.0.0.1 $DNS_PORT "$2"
	until [ "$(probe 127.0.0.1 $DNS_PORT h1.$ZONE 0.02)" = 1 ]; do
		kill -0 "$PID" 2>/dev/null && [ $(($(date +%s%N) - T0_NS)) -lt 60000000000 ] || { stop "$PID"; return 1; }
	done
	rec "scale-$2" "$1" load_ms $((($(date +%s%N) - T0_NS) / 1000000))
	sleep 1
	PIDS=$(tree "$PID")
}
peak_pss() { # SECONDS -> MiB, the largest of samples
	local end=$((SECONDS + $1)) most=0 x
	while [ $SECONDS -lt $end ]; do
		x=$(pss "$(tree "$PID")")
		[ "$x" -gt $most ] && most=$x
		sleep 0.05
	done
	echo $((most / 1024))
}
measure_reload() { # SUBJECT NAMES: a new serial must show, while 20,000 queries a second go on
	local load watch out shown
	sed -i "3s/admin [0-9]*/admin $((REP + 100))/" "$("zonefile_$1")"
	generator -q "$RUN/bulk.q" -r 20000 -t 9.3 -u 0.2 -T 1 -P "$PIDS" >"$RUN/reload.out" & load=$!
	sleep 1
	srv taskset -c "$GEN_CORE" "$BIN/failwatch" -a 127.0.0.1 -p $DNS_PORT -n $ZONE -t SOA -i 5000 -w 8 \
		-x "$("reload_$1") >/dev/null 2>&1" >"$RUN/watch.out" & watch=$!
	rec "scale-$2" "$1" reload_peak_mib "$(peak_pss 6)"
	wait $watch; wait $load
	out=$(cat "$RUN/reload.out") shown=$(cat "$RUN/watch.out")
	rec_changed "scale-$2" "$1" reload_ms "$shown"
	reckv "scale-$2" "$1" "$out" "lost:reload_lost max_us:reload_max_us"
	say "scale $REP $1 $2: reload: $shown;$(pick "$out" "sent lost p99_us max_us")"
}
run_scale() {
	local s n out subjects
	subjects=$(installed ${SUBJECTS:-fairlead gdnsd knot nsd})
	health_target
	for REP in $(seq "$REPEAT"); do
		for n in ${SIZES:-10 1000000}; do
			[ "$n" -lt 1000000 ] || [ "$REP" -le "${REPEAT_BIG:-3}" ] || continue
			bulk_queries "$RUN/bulk.q" "$n"
			for s in $subjects; do
				measure_load "$s" "$n" || { say "scale: $s with $n names does not answer"; continue; }
				rec "scale-$n" "$s" pss_mib $(($(pss "$PIDS") / 1024))
				out=$(quiet generator -q "$RUN/bulk.q" -w 128 -t "$SECS" -P "$PIDS")
				reckv "scale-$n" "$s" "$out" "srv_cpu_ns_per_ans:cpu_ns loss_pct:loss_pct"
				say "scale $REP $s $n:$(pick "$out" "qps loss_pct srv_cpu_ns_per_ans disturb")"
				[ "$n" -lt 1000000 ] || measure_reload "$s" "$n"
				stop "$PID"
			done
		done
	done
}

# Failover: a back end is killed (its port refuses), or falls silent; how long until the answer differs?
FAILOVER_PORT=7090
backend() { bg "$1" "$GEN_CORE" "$NS_SRV" "$BIN/tcpback" -a "$2" -p $HC_PORT; }
start_failover_haproxy() {
	cat >"$RUN/failover.cfg" <<C
global
  nbthread 1
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend f
  bind 127.0.0.1:$FAILOVER_PORT
  http-request return status 200 content-type text/plain lf-string "%[nbsrv(b)]"
backend b
  mode tcp
  server a 127.0.1.1:$HC_PORT check inter 100ms fall 2 rise 1
  server c 127.0.1.2:$HC_PORT check inter 100ms fall 2 rise 1
C
	bg haproxy "$SRV_CORE" "$NS_SRV" haproxy -db -f "$RUN/failover.cfg"
	sleep 0.5
}
watch_lb() { srv "$BIN/failwatch" "${WATCH[@]}" -i 1000 "$@"; }
down_and_up() { # SUBJECT: kills $BACKEND, then brings it back
	local out
	sleep "0.$((RANDOM % 9 + 1))"; sleep $((RANDOM % 2))       # out of step with the checks
	disown "$BACKEND" 2>/dev/null                              # killed on purpose: no word about it
	out=$(watch_lb -k "$BACKEND" -w 15)
	rec_changed failover "$1" down_ms "$out"; rec failover "$1" unanswered "$(kv unanswered "$out")"
	say "failover $REP $1 down: $out"
	sleep "1.$((RANDOM % 9 + 1))"
	out=$(watch_lb -w 20 -x "$BIN/tcpback -a 127.0.1.1 -p $HC_PORT -c $GEN_CORE >/dev/null 2>&1 & echo \$! >$RUN/backend.pid")
	BACKEND=$(cat "$RUN/backend.pid")
	rec_changed failover "$1" up_ms "$out"
	sleep 1
}
fall_silent() { # SUBJECT: the address of lb1's first member vanishes from its machine, so nothing answers
	local out
	sleep "0.$((RANDOM % 9 + 1))"
	out=$(watch_lb -w 15 -x "ip -n $NS_BAK addr del $IP_MUTE/24 dev b0")
	rec_changed failover "$1" silent_ms "$out"
	say "failover $REP $1 silent: $out"
	ip -n "$NS_BAK" addr add $IP_MUTE/24 dev b0
	sleep 2
}
failover_subject() { # SUBJECT
	local s=$1 server second mute='' CHECK='interval = 1;' CONTROL=$IP_SRV2  # checks leave from it, and one member is on another machine
	backend first 127.0.1.1; BACKEND=$PID
	backend second 127.0.1.2; second=$PID
	WATCH=(-a 127.0.0.1 -p $DNS_PORT -n lb0.$ZONE)
	case $s in
	haproxy) start_failover_haproxy; WATCH=(-H 127.0.0.1:$FAILOVER_PORT);;
	fairlead-quick) CHECK='interval = 0.1; fall = 2; timeout = 0.5;';&
	fairlead*) bg mute "$GEN_CORE" "$NS_BAK" "$BIN/tcpback" -a $IP_MUTE -p $HC_PORT; mute=$PID
		start_dns fairlead-failover 127.0.0.1 $DNS_PORT;;
	*) start_dns "$s" 127.0.0.1 $DNS_PORT;;
	esac
	server=$PID
	[ "$s" = haproxy ] || wait_dns 127.0.0.1 $DNS_PORT lb0.$ZONE || { stop "$server"; stop "$BACKEND"; stop $second; stop "$mute"; return; }
	sleep 4
	for REP in $(seq "$REPEAT"); do
		down_and_up "$s"
		[ -n "$mute" ] || continue
		WATCH=(-a 127.0.0.1 -p $DNS_PORT -n lb1.$ZONE); fall_silent "$s"
		WATCH=(-a 127.0.0.1 -p $DNS_PORT -n lb0.$ZONE)
	done
	stop "$server"; stop "$BACKEND"; stop $second; stop "$mute"
}
run_failover() {
	local s
	for s in $(installed ${SUBJECTS:-fairlead-quick fairlead-default haproxy gdnsd pdns-luaif}); do failover_subject "$s"; done
}

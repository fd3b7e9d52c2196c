# shellcheck shell=bash
# What it costs to know where clients are: a service with 16 members at 16
# sites, chosen by network and place, with tables of real size and clients from
# everywhere, beside a static answer of the same server in the same run. The
# clients of the service send their subnet, those of the static name plain EDNS.

PLACES_NETWORKS=${PLACES_NETWORKS:-1000000}
declare -A PLACES_EDNS=([static]=1 [service]=3)
PLACES_POLICY=${PLACES_POLICY:-'"network", "geo", "weighted"'}

places_conf() { # DIR
	local i
	(umask 077; {
		echo "site = \"s1\"; user = \"\"; run = \"$1/run\"; state = \"$1/state\";"
		echo 'sites = ('
		for i in $(seq 16); do
			echo "  { name = \"s$i\"; control = [ \"127.0.2.$i@5399\" ]; key = \"k\"; location = ( $((i * 7 - 60)).5, $((i * 21 - 180)).25 ); }$([ "$i" = 16 ] || echo ,)"
		done
		echo '); keys = ( { name = "k"; algorithm = "hmac-sha256"; secret = "YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtYmVuY2ghISE="; } );'
		echo "dns = { listen = [ \"127.0.0.1@$DNS_PORT\" ]; zones = \"zones\"; threads = 1; };"
		echo "policies = ( { name = \"near\"; rules = ( { metrics = [ $PLACES_POLICY ]; } ); } );"
		echo 'geo = { database = "city.mmdb"; networks = "networks.conf"; };'
	} >"$1/fairlead.conf")
	{
		printf '$ORIGIN %s.\n$TTL 300\n@ SOA ns1 admin 1 3600 600 604800 60\n@ NS ns1\nns1 A 192.0.2.53\nstatic A 192.0.2.1\n' $ZONE
		for i in $(seq 16); do printf 'lb 30 LB s%d 192.0.2.%d check=none\n' "$i" "$i"; done
		echo 'lb POLICY near'
	} >"$1/zones/$ZONE.zone"
}

places_start() {
	bg places "$SRV_CORE" "$NS_SRV" "$FAIRLEAD_DNSD" -c "$RUN/places/fairlead.conf"
	wait_dns 127.0.0.1 $DNS_PORT lb.$ZONE "${1:-30}" || { stop "$PID"; return 1; }
}

places_instructions() {
	local kind out before total
	have valgrind || { skip "instructions of places: valgrind is not installed"; return; }
	rm -f "$RUN"/cg.*
	BG_WRAP=(valgrind --tool=callgrind --callgrind-out-file="$RUN/cg.%p")
	places_start 300 || { BG_WRAP=(); say "places: callgrind takes too long to read the tables"; return; }
	BG_WRAP=()
	sleep 2
	for kind in static service; do
		callgrind_each --zero
		out=$(generator -q "$RUN/$kind.q" -E "${PLACES_EDNS[$kind]}" -w 1 -u 0 -t 120 -T 2 -N "$INSTR_QUERIES")
		rm -f "$RUN"/cg.*
		callgrind_each --dump
		total=$(awk '/^(totals|summary):/ { t += $2; nextfile } END { printf "%.0f", t }' "$RUN"/cg.*.*)
		rec places fairlead "${kind}_instructions" "$(calc %.0f "$total / $(kv recv "$out")")"
		say "places $REP $kind: $total instructions for $(kv recv "$out") answers"
	done
	stop "$PID"
}

run_places() {
	local places=$FAIRLEAD_BUILD/tests/bench/places kind out ns
	make -C "$FAIRLEAD_BUILD" tests/bench/places >/dev/null || { skip "places: it cannot be built in $FAIRLEAD_BUILD"; return; }
	mkdir -p "$RUN/places/zones" "$RUN/places/run" "$RUN/places/state"
	"$places" make "$RUN/places" "$PLACES_NETWORKS" >/dev/null || return
	places_conf "$RUN/places"
	awk -v z=$ZONE 'BEGIN { for (i = 0; i < 200000; i++) printf "static.%s A\n", z }' >"$RUN/static.q"
	awk -v z=$ZONE 'BEGIN { for (i = 0; i < 200000; i++) printf "lb.%s A\n", z }' >"$RUN/service.q"
	places_start || { say "places: no answer: $(tail -n 3 "$RUN/places.log")"; return; }
	rec places fairlead geo_mib "$(grep -o 'ranges=[0-9]* bytes=[0-9]*' "$RUN/places.log" | awk -F= '{ printf "%.1f", $3 / 1048576 }')"
	rec places fairlead networks_mib "$(grep -o 'prefixes=[0-9]* bytes=[0-9]*' "$RUN/places.log" | awk -F= '{ printf "%.1f", $3 / 1048576 }')"
	for REP in $(seq "$REPEAT"); do
		ns=()
		for kind in static service; do
			out=$(quiet generator -q "$RUN/$kind.q" -E "${PLACES_EDNS[$kind]}" -w 128 -t "$SECS" -P "$PID")
			reckv places fairlead "$out" "srv_cpu_ns_per_ans:${kind}_ns loss_pct:${kind}_loss_pct"
			ns+=("$(kv srv_cpu_ns_per_ans "$out")")
			say "places $REP $kind:$(pick "$out" "qps loss_pct srv_cpu_ns_per_ans disturb")"
		done
		rec places fairlead percent "$(calc %.0f "100 * ${ns[1]} / ${ns[0]}")"
	done
	stop "$PID"
	REP=1 places_instructions
}

# shellcheck shell=bash
# The exchange between sites: fifty of them with ten thousand members in all
# tell one real dnsd what they see, each as often as the protocol has it; then
# changes of single members in the midst of that. `mesh` is all sites but one.

MESH_SITES=${MESH_SITES:-50} MESH_MEMBERS=${MESH_MEMBERS:-10000} MESH_CHANGES=${MESH_CHANGES:-100}

run_mesh() {
	local mesh=$FAIRLEAD_BUILD/tests/bench/mesh out
	make -C "$FAIRLEAD_BUILD" tests/bench/mesh >/dev/null || { skip "mesh: it cannot be built in $FAIRLEAD_BUILD"; return; }
	for REP in $(seq "$REPEAT"); do
		rm -rf "$RUN/mesh" && mkdir -p "$RUN/mesh/run" "$RUN/mesh/state"
		"$mesh" -s "$MESH_SITES" -m "$MESH_MEMBERS" -w "$RUN/mesh" || return
		bg mesh "$SRV_CORE" "$NS_SRV" "$FAIRLEAD_DNSD" -c "$RUN/mesh/mesh.conf"
		wait_dns 127.9.0.1 5301 x1.s1.mesh || { stop "$PID"; return; }
		out=$(quiet srv "$mesh" -c "$GEN_CORE" -s "$MESH_SITES" -m "$MESH_MEMBERS" -t "$((SECS + 3))" -l "$MESH_CHANGES" -P "$PID")
		reckv mesh fairlead "$out" "records:records messages:messages srv_util_pct:cpu_pct ns_per_record:record_ns in_ms:in_ms in_worst_ms:in_worst_ms
			out_ms:out_ms out_worst_ms:out_worst_ms"
		say "mesh $REP:$(pick "$out" "records srv_util_pct ns_per_record in_ms in_worst_ms out_ms out_worst_ms disturb")"
		stop "$PID"
	done
}

# shellcheck shell=bash
# Ten thousand members, each checked once a second: what a probe costs the
# process that makes it, and whether they stay spread. The unit test
# test_many is the program; its server is a process of its own.

CHECKS_MEMBERS=${CHECKS_MEMBERS:-10000}

run_checks() {
	local many=$FAIRLEAD_BUILD/tests/unit/test_many kind out
	make -C "$FAIRLEAD_BUILD" tests/unit/test_many >/dev/null || { skip "checks: test_many cannot be built in $FAIRLEAD_BUILD"; return; }
	for REP in $(seq "$REPEAT"); do
		for kind in tcp http; do
			out=$(srv "$many" $kind "$CHECKS_MEMBERS" $((SECS + 4)) 2>/dev/null |
				sed -n 's/.*: \([0-9]*\) probes, \([0-9.]*\) us CPU a probe (\([0-9.]*\) %.*most in 100 ms: \([0-9]*\) .*/probes=\1 us=\2 cpu_pct=\3 most=\4/p')
			[ -n "$out" ] || { skip "checks: $kind has ended early"; continue; }
			reckv checks "fairlead-$kind" "$out" "probes:probes us:probe_us cpu_pct:cpu_pct most:most"
			say "checks $REP $kind: $out"
		done
	done
}

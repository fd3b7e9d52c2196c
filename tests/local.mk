# Unit tests (unit/), fuzz targets (fuzz/), program-level cases (run/). A line for each, in alphabetical order.
#
#     make check                                   everything
#     make check TESTS='tests/run/100-static/run'  one case
#     make check FAIRLEAD_WRAP='valgrind -q --error-exitcode=99'
#
# A unit test is a program of one source file, tests/unit/test_NAME.c: its line in UNIT_TESTS is all it needs.
# It is linked with both programs' libraries; where a name stands in both, give the test its own LDADD:
#     tests_unit_test_NAME_LDADD = $(DNSD_TEST_LIBS)     or $(FWD_TEST_LIBS)

DNSD_TEST_LIBS = dnsd/libdnsd.a common/libcommon.a $(FAIRLEAD_LIBS) $(CUNIT_LIBS)
FWD_TEST_LIBS = fwd/libfwd.a common/libcommon.a $(FAIRLEAD_LIBS) $(CUNIT_LIBS)
LDADD = dnsd/libdnsd.a fwd/libfwd.a common/libcommon.a $(FAIRLEAD_LIBS) $(CUNIT_LIBS)

UNIT_TESTS =
UNIT_TESTS += tests/unit/test_addr
UNIT_TESTS += tests/unit/test_admin
UNIT_TESTS += tests/unit/test_ahead
UNIT_TESTS += tests/unit/test_check
UNIT_TESTS += tests/unit/test_check_agent
UNIT_TESTS += tests/unit/test_check_datagram
UNIT_TESTS += tests/unit/test_check_dialogue
UNIT_TESTS += tests/unit/test_check_dns
UNIT_TESTS += tests/unit/test_check_exec
UNIT_TESTS += tests/unit/test_check_response
UNIT_TESTS += tests/unit/test_check_secure
UNIT_TESTS += tests/unit/test_conf
UNIT_TESTS += tests/unit/test_conf_errors
UNIT_TESTS += tests/unit/test_conf_man
UNIT_TESTS += tests/unit/test_cookie
UNIT_TESTS += tests/unit/test_crowd
UNIT_TESTS += tests/unit/test_dname
UNIT_TESTS += tests/unit/test_edns
UNIT_TESTS += tests/unit/test_errs
UNIT_TESTS += tests/unit/test_explain
UNIT_TESTS += tests/unit/test_flows
UNIT_TESTS += tests/unit/test_folder
UNIT_TESTS += tests/unit/test_geo
UNIT_TESTS += tests/unit/test_handover
UNIT_TESTS += tests/unit/test_health
UNIT_TESTS += tests/unit/test_hello
UNIT_TESTS += tests/unit/test_http
UNIT_TESTS += tests/unit/test_http_corpus
UNIT_TESTS += tests/unit/test_keyfile
UNIT_TESTS += tests/unit/test_live
UNIT_TESTS += tests/unit/test_loop
UNIT_TESTS += tests/unit/test_many
UNIT_TESTS += tests/unit/test_monitor
UNIT_TESTS += tests/unit/test_network
UNIT_TESTS += tests/unit/test_names
UNIT_TESTS += tests/unit/test_nat
UNIT_TESTS += tests/unit/test_nat_choice
UNIT_TESTS += tests/unit/test_nat_write
UNIT_TESTS += tests/unit/test_observe
UNIT_TESTS += tests/unit/test_peers
UNIT_TESTS += tests/unit/test_phrases
UNIT_TESTS += tests/unit/test_proxyproto
UNIT_TESTS += tests/unit/test_query
UNIT_TESTS += tests/unit/test_rate
UNIT_TESTS += tests/unit/test_rdata
UNIT_TESTS += tests/unit/test_redirect
UNIT_TESTS += tests/unit/test_resolve
UNIT_TESTS += tests/unit/test_respond
UNIT_TESTS += tests/unit/test_route
UNIT_TESTS += tests/unit/test_rrl
UNIT_TESTS += tests/unit/test_rtt
UNIT_TESTS += tests/unit/test_rtt_top
UNIT_TESTS += tests/unit/test_rtts
UNIT_TESTS += tests/unit/test_saved
UNIT_TESTS += tests/unit/test_select
UNIT_TESTS += tests/unit/test_select_edges
UNIT_TESTS += tests/unit/test_select_order
UNIT_TESTS += tests/unit/test_select_time
UNIT_TESTS += tests/unit/test_servers
UNIT_TESTS += tests/unit/test_shed
UNIT_TESTS += tests/unit/test_sock
UNIT_TESTS += tests/unit/test_update
UNIT_TESTS += tests/unit/test_transfer
UNIT_TESTS += tests/unit/test_tickets
UNIT_TESTS += tests/unit/test_timezone
UNIT_TESTS += tests/unit/test_tsig
UNIT_TESTS += tests/unit/test_verdict
UNIT_TESTS += tests/unit/test_watch
UNIT_TESTS += tests/unit/test_wheel
UNIT_TESTS += tests/unit/test_wire
UNIT_TESTS += tests/unit/test_zonefile
UNIT_TESTS += tests/unit/test_zonefile_lb
UNIT_TESTS += tests/unit/test_zonelex

# These bring servers of their own, which misbehave.
tests_unit_test_check_SOURCES = tests/unit/test_check.c tests/peers/badpeer.c tests/peers/badpeer.h
tests_unit_test_check_agent_SOURCES = tests/unit/test_check_agent.c tests/peers/badpeer.c tests/peers/badpeer.h
tests_unit_test_check_datagram_SOURCES = tests/unit/test_check_datagram.c tests/peers/badpeer.c tests/peers/badpeer.h tests/peers/dgrampeer.c tests/peers/dgrampeer.h
tests_unit_test_check_dialogue_SOURCES = tests/unit/test_check_dialogue.c tests/peers/badpeer.c tests/peers/badpeer.h
tests_unit_test_check_dns_SOURCES = tests/unit/test_check_dns.c tests/peers/badpeer.c tests/peers/badpeer.h tests/peers/dgrampeer.c tests/peers/dgrampeer.h
tests_unit_test_check_exec_SOURCES = tests/unit/test_check_exec.c tests/peers/badpeer.c tests/peers/badpeer.h
tests_unit_test_check_secure_SOURCES = tests/unit/test_check_secure.c tests/peers/badpeer.c tests/peers/badpeer.h tests/peers/tlspeer.c tests/peers/tlspeer.h
tests_unit_test_geo_SOURCES = tests/unit/test_geo.c tests/mmdb/mmdb.c tests/mmdb/mmdb.h
tests_unit_test_monitor_SOURCES = tests/unit/test_monitor.c tests/peers/badpeer.c tests/peers/badpeer.h
tests_unit_test_crowd_LDADD = $(FWD_TEST_LIBS)
tests_unit_test_rtt_top_LDADD = $(FWD_TEST_LIBS)
tests_unit_test_rtts_LDADD = $(DNSD_TEST_LIBS)
tests_unit_test_rate_LDADD = $(FWD_TEST_LIBS)
tests_unit_test_flows_LDADD = $(FWD_TEST_LIBS)
tests_unit_test_nat_LDADD = $(FWD_TEST_LIBS)
tests_unit_test_nat_choice_LDADD = $(FWD_TEST_LIBS)
tests_unit_test_nat_write_LDADD = $(FWD_TEST_LIBS)
tests_unit_test_servers_LDADD = $(FWD_TEST_LIBS)
tests_unit_test_watch_SOURCES = tests/unit/test_watch.c tests/peers/badpeer.c tests/peers/badpeer.h
tests_unit_test_admin_LDADD = $(DNSD_TEST_LIBS)
tests_unit_test_health_LDADD = $(DNSD_TEST_LIBS)
tests_unit_test_many_LDADD = $(DNSD_TEST_LIBS)
tests_unit_test_hello_LDADD = $(FWD_TEST_LIBS)
tests_unit_test_names_LDADD = $(FWD_TEST_LIBS)
tests_unit_test_monitor_LDADD = $(DNSD_TEST_LIBS)
tests_unit_test_observe_LDADD = $(DNSD_TEST_LIBS)
tests_unit_test_saved_LDADD = $(DNSD_TEST_LIBS)
tests_unit_test_transfer_LDADD = $(DNSD_TEST_LIBS)
tests_unit_test_tickets_LDADD = $(FWD_TEST_LIBS)
tests_unit_test_wheel_LDADD = $(FWD_TEST_LIBS)

# A fuzz target is tests/fuzz/fuzz_NAME.c with its corpus in tests/fuzz/corpus/NAME/; three lines each:
#     FUZZ_TARGETS += tests/fuzz/fuzz_NAME
#     tests_fuzz_fuzz_NAME_SOURCES = tests/fuzz/fuzz_NAME.c $(FUZZ_MAIN)
#     tests_fuzz_fuzz_NAME_LDADD = $(FUZZ_LIBS)
# With --enable-fuzzing it is a libFuzzer program; without, replay.c feeds it the corpus.
if FUZZING
FUZZ_MAIN =
else
FUZZ_MAIN = tests/fuzz/replay.c
endif

FUZZ_LIBS = $(FUZZ_LDFLAGS) dnsd/libdnsd.a fwd/libfwd.a common/libcommon.a $(FAIRLEAD_LIBS)
FUZZ_TARGETS =
FUZZ_TARGETS += tests/fuzz/fuzz_agent_line
tests_fuzz_fuzz_agent_line_SOURCES = tests/fuzz/fuzz_agent_line.c $(FUZZ_MAIN)
tests_fuzz_fuzz_agent_line_LDADD = $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_check_response
tests_fuzz_fuzz_check_response_SOURCES = tests/fuzz/fuzz_check_response.c $(FUZZ_MAIN)
tests_fuzz_fuzz_check_response_LDADD = $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_conf
tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz_conf.c $(FUZZ_MAIN)
tests_fuzz_fuzz_conf_LDADD = $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_geo
tests_fuzz_fuzz_geo_SOURCES = tests/fuzz/fuzz_geo.c tests/fuzz/places.h $(FUZZ_MAIN)
tests_fuzz_fuzz_geo_LDADD = $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_hello
tests_fuzz_fuzz_hello_SOURCES = tests/fuzz/fuzz_hello.c $(FUZZ_MAIN)
tests_fuzz_fuzz_hello_LDADD = $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_http
tests_fuzz_fuzz_http_SOURCES = tests/fuzz/fuzz_http.c $(FUZZ_MAIN)
tests_fuzz_fuzz_http_LDADD = $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_proxyproto
tests_fuzz_fuzz_proxyproto_SOURCES = tests/fuzz/fuzz_proxyproto.c $(FUZZ_MAIN)
tests_fuzz_fuzz_proxyproto_LDADD = $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_networks
tests_fuzz_fuzz_networks_SOURCES = tests/fuzz/fuzz_networks.c tests/fuzz/places.h $(FUZZ_MAIN)
tests_fuzz_fuzz_networks_LDADD = $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_query
tests_fuzz_fuzz_query_SOURCES = tests/fuzz/fuzz_query.c $(FUZZ_MAIN)
tests_fuzz_fuzz_query_LDADD = $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_update
tests_fuzz_fuzz_update_SOURCES = tests/fuzz/fuzz_update.c $(FUZZ_MAIN)
tests_fuzz_fuzz_update_LDADD = $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_tsig
tests_fuzz_fuzz_tsig_SOURCES = tests/fuzz/fuzz_tsig.c $(FUZZ_MAIN)
tests_fuzz_fuzz_tsig_LDADD = $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz_zone
tests_fuzz_fuzz_zone_SOURCES = tests/fuzz/fuzz_zone.c $(FUZZ_MAIN)
tests_fuzz_fuzz_zone_LDADD = $(FUZZ_LIBS)

# Program-level cases: a folder each, tests/run/NNN-name/, with a script `run`.
RUN_CASES =
RUN_CASES += tests/run/010-listed/run
RUN_CASES += tests/run/012-layers/run
RUN_CASES += tests/run/100-command-line/run
RUN_CASES += tests/run/105-coming-from/run
RUN_CASES += tests/run/110-config-errors/run
RUN_CASES += tests/run/115-policy-warnings/run
RUN_CASES += tests/run/120-zone-errors/run
RUN_CASES += tests/run/130-second-start/run
RUN_CASES += tests/run/140-first-round/run
RUN_CASES += tests/run/145-saved-verdicts/run
RUN_CASES += tests/run/150-privileges/run
RUN_CASES += tests/run/160-blocked-log/run
RUN_CASES += tests/run/200-static/run
RUN_CASES += tests/run/210-services/run
RUN_CASES += tests/run/215-site-names/run
RUN_CASES += tests/run/220-wire/run
RUN_CASES += tests/run/222-options/run
RUN_CASES += tests/run/224-cookies/run
RUN_CASES += tests/run/226-rate-limit/run
RUN_CASES += tests/run/228-places/run
RUN_CASES += tests/run/230-transfer/run
RUN_CASES += tests/run/235-transfer-bytes/run
RUN_CASES += tests/run/237-transfer-load/run
RUN_CASES += tests/run/300-detection-time/run
RUN_CASES += tests/run/310-hold-and-rise/run
RUN_CASES += tests/run/312-flaps/run
RUN_CASES += tests/run/315-failback/run
RUN_CASES += tests/run/320-all-down/run
RUN_CASES += tests/run/330-reload/run
RUN_CASES += tests/run/334-wildcard-checks/run
RUN_CASES += tests/run/335-probes/run
RUN_CASES += tests/run/336-greetings/run
RUN_CASES += tests/run/337-certificates/run
RUN_CASES += tests/run/338-name-servers/run
RUN_CASES += tests/run/339-agent/run
RUN_CASES += tests/run/340-resolver/run
RUN_CASES += tests/run/341-echo/run
RUN_CASES += tests/run/342-helpers/run
RUN_CASES += tests/run/350-cut-sites/run
RUN_CASES += tests/run/370-exchange/run
RUN_CASES += tests/run/360-secondaries/run
RUN_CASES += tests/run/372-refused-updates/run
RUN_CASES += tests/run/375-orders/run
RUN_CASES += tests/run/376-killed/run
RUN_CASES += tests/run/380-three-sites/run
RUN_CASES += tests/run/382-explain/run
RUN_CASES += tests/run/383-explain-random/run
RUN_CASES += tests/run/384-orders-by-hand/run
RUN_CASES += tests/run/386-simulate/run
RUN_CASES += tests/run/387-numbers/run
RUN_CASES += tests/run/390-failures/run
RUN_CASES += tests/run/400-redirect/run
RUN_CASES += tests/run/405-listener-keys/run
RUN_CASES += tests/run/410-pop3/run
RUN_CASES += tests/run/415-proxy-protocol/run
RUN_CASES += tests/run/416-server-name/run
RUN_CASES += tests/run/418-https/run
RUN_CASES += tests/run/419-https-corners/run
RUN_CASES += tests/run/420-stream/run
RUN_CASES += tests/run/421-https-turns/run
RUN_CASES += tests/run/430-loop-guard/run
RUN_CASES += tests/run/432-kernel-guard/run
RUN_CASES += tests/run/440-relay-ends/run
RUN_CASES += tests/run/442-udp-names/run
RUN_CASES += tests/run/443-udp-flows/run
RUN_CASES += tests/run/444-udp-limits/run
RUN_CASES += tests/run/445-udp-sizes/run
RUN_CASES += tests/run/446-udp-next-site/run
RUN_CASES += tests/run/450-back-pressure/run
RUN_CASES += tests/run/460-all-down-forward/run
RUN_CASES += tests/run/470-drain/run
RUN_CASES += tests/run/480-next-candidate/run
RUN_CASES += tests/run/481-killed-server/run
RUN_CASES += tests/run/482-killed-peer/run
RUN_CASES += tests/run/485-relay-corners/run
RUN_CASES += tests/run/486-no-source/run
RUN_CASES += tests/run/490-forward-reload/run
RUN_CASES += tests/run/500-descriptors/run
RUN_CASES += tests/run/510-reports/run
RUN_CASES += tests/run/515-peer-choice/run
RUN_CASES += tests/run/520-nat/run
RUN_CASES += tests/run/522-nat-protocols/run
RUN_CASES += tests/run/523-nat-peers/run
RUN_CASES += tests/run/524-transparent/run
RUN_CASES += tests/run/525-replace/run
RUN_CASES += tests/run/526-nat-many/run
RUN_CASES += tests/run/530-rtt/run
RUN_CASES += tests/run/535-many-relays/run
RUN_CASES += tests/run/600-compare/run
RUN_CASES += tests/run/610-malformed/run
RUN_CASES += tests/run/620-tcp/run
RUN_CASES += tests/run/625-greedy-tcp/run
RUN_CASES += tests/run/630-idle-tcp/run
RUN_CASES += tests/run/640-worst-query/run
RUN_CASES += tests/run/650-unbound/run

check_PROGRAMS += $(FUZZ_TARGETS)
if HAVE_CUNIT
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
else
check-local: no-cunit
no-cunit:
	@echo 'make check needs CUnit (Debian package: libcunit1-dev); install it and run configure again' >&2; exit 1
endif
TESTS += $(FUZZ_TARGETS) $(RUN_CASES)

AM_TESTS_ENVIRONMENT = \
	FAIRLEAD_SRC='$(abs_top_srcdir)'; export FAIRLEAD_SRC; \
	FAIRLEAD_BUILD='$(abs_top_builddir)'; export FAIRLEAD_BUILD; \
	FAIRLEAD_WRAP='$(FAIRLEAD_WRAP)'; export FAIRLEAD_WRAP;
LOG_COMPILER = $(srcdir)/tests/one

# The cases run the programs of the build tree.
$(RUN_CASES:/run=/run.log): dnsd/fairlead-dnsd fwd/fairlead-fwd

print-tests:
	@echo $(TESTS)

# Builds the test programs without running them.
# One after the other: `all` is a make of its own, and two must not build the same object.
check-programs: all
	$(MAKE) $(AM_MAKEFLAGS) $(check_PROGRAMS)

# These of the bench use our own modules (mesh: update.c and tsig.c; places: geo.c and network.c); tests/bench/run has them made.
EXTRA_PROGRAMS = tests/bench/mesh tests/bench/places
tests_bench_mesh_SOURCES = tests/bench/src/mesh.c tests/bench/src/bench.c tests/bench/src/bench.h
tests_bench_mesh_LDADD = common/libcommon.a $(FAIRLEAD_LIBS)
tests_bench_places_SOURCES = tests/bench/src/places.c tests/bench/src/bench.c tests/bench/src/bench.h tests/mmdb/mmdb.c tests/mmdb/mmdb.h
tests_bench_places_LDADD = common/libcommon.a $(FAIRLEAD_LIBS)

EXTRA_DIST += tests/bench tests/compare tests/lib.sh tests/nets.sh tests/one tests/valgrind.supp tests/tally tests/peers tests/run tests/fuzz/corpus

# Headers of the unit tests.
EXTRA_DIST += tests/unit/check_case.h
EXTRA_DIST += tests/unit/turn.h
EXTRA_DIST += tests/unit/unit.h
EXTRA_DIST += tests/unit/zone_case.h

# shellcheck shell=bash
# The DNS servers that are measured. start_X ADDRESS PORT NBULK leaves the main
# process in $PID and all of them in $PIDS. Each serves gslb.test: 100 balanced
# names lbN (four members of weight 10, 20, 30, 40 where the server can), 100
# static names wwwN, NBULK names hN; anything else is NXDOMAIN.

ZONE=gslb.test
HC_PORT=8081                       # what health checks look at
DNS_PORT=5301

mix_queries() { # FILE: 70 % dynamic, 20 % static, 10 % NXDOMAIN
	awk -v z=$ZONE 'BEGIN { for (i = 0; i < 1000; i++) { k = i % 10
		if (k < 7) printf "lb%d.%s A\n", (i * 37) % 100, z
		else if (k < 9) printf "www%d.%s A\n", (i * 53) % 100, z
		else printf "nx%d.%s A\n", i, z } }' >"$1"
}
one_kind() { # FILE LABEL
	awk -v z=$ZONE -v l="$2" 'BEGIN { for (i = 0; i < 1000; i++) printf "%s%d.%s A\n", l, (i * 37) % 100, z }' >"$1"
}
bulk_queries() { # FILE N: 10,000 of the N bulk names, spread out
	awk -v z=$ZONE -v n="$2" 'BEGIN { for (i = 0; i < 10000; i++) printf "h%d.%s A\n", (i * 7919) % n, z }' >"$1"
}

# zone FILE NBULK SERIAL KIND [RESOURCE]; KIND: static, dyna (gdnsd), lua, luaif (PowerDNS), lb, failover (ours)
zone() {
	awk -v z=$ZONE -v n="$2" -v serial="$3" -v kind="$4" -v res="${5:-}" -v mute=$IP_MUTE 'BEGIN {
		printf "$ORIGIN %s.\n$TTL 300\n@ SOA ns1 admin %d 3600 600 604800 60\n@ NS ns1\nns1 A 192.0.2.53\n", z, serial
		if (kind == "failover") {
			printf "lb0 30 LB s1 127.0.1.1 name=a rank=1 check=hc\nlb0 30 LB s1 127.0.1.2 name=b rank=2 check=hc\nlb0 POLICY rank\n"
			printf "lb1 30 LB s1 %s name=a rank=1 check=hc\nlb1 30 LB s1 127.0.1.2 name=b rank=2 check=hc\nlb1 POLICY rank\n", mute
		} else for (i = 0; i < 100; i++) {
			if (kind == "lb") for (m = 1; m <= 4; m++)
				printf "lb%d 30 LB s1 127.0.1.%d name=%c weight=%d check=hc\n", i, m, 96 + m, m * 10
			else if (kind == "lua")
				printf "lb%d 30 IN LUA A \"pickwrandom({{10,\x27192.0.2.1\x27},{20,\x27192.0.2.2\x27},{30,\x27192.0.2.3\x27},{40,\x27192.0.2.4\x27}})\"\n", i
			else if (kind == "luaif")
				printf "lb%d 30 IN LUA A \"ifportup(8081,{\x27127.0.1.1\x27,\x27127.0.1.2\x27},{selector=\x27all\x27})\"\n", i
			else if (kind == "dyna") printf "lb%d 30 DYNA %s%d\n", i, res, i % 10
			else printf "lb%d 30 A 192.0.2.%d\n", i, i % 4 + 1
		}
		for (i = 0; i < 100; i++) printf "www%d A 198.51.100.%d\n", i, i
		for (i = 0; i < n; i++) printf "h%d A 10.%d.%d.%d\n", i, int(i / 65536) % 256, int(i / 256) % 256, i % 256
	}' >"$1"
}

start_reflector() { bg reflector "$SRV_CORE" "$NS_SRV" "$BIN/reflect" -a "$1" -p "$2"; PIDS=$PID; sleep 0.2; }

# CHECK is the health check's timing; interval 2 is the least that gdnsd takes, so
# the servers probe equally often. POLICY, if set, stands at the zone's origin.
fairlead_conf() { # DIR ADDRESS PORT
	local timing=${CHECK:-interval = 2;}
	mkdir -p "$1/zones" "$1/run" "$1/state"
	(umask 077; cat >"$1/fairlead.conf" <<C
site = "s1";
user = "";
run = "$1/run";
state = "$1/state";
sites = ( { name = "s1"; control = [ "$CONTROL@5399" ]; key = "s1"; } );
keys = ( { name = "s1"; algorithm = "hmac-sha256"; secret = "YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtYmVuY2ghISE="; } );
dns = { listen = [ "$2@$3" ]; zones = "zones"; threads = 1; hold = 0; };
checks = ( { name = "hc"; type = "tcp"; port = $HC_PORT; $timing } );
C
	)
}
start_fairlead() { # ADDRESS PORT NBULK [KIND]
	local d=$RUN/fairlead
	fairlead_conf "$d" "$1" "$2"
	rm -f "$d/zones/"*
	zone "$d/zones/$ZONE.zone" "$3" 1 "${4:-lb}"
	[ -z "$POLICY" ] || echo "@ POLICY $POLICY" >>"$d/zones/$ZONE.zone"
	bg fairlead "$SRV_CORE" "$NS_SRV" "$FAIRLEAD_DNSD" -c "$d/fairlead.conf"
	PIDS=$PID
}
# reload_X prints the command that makes the running server read its zone again.
reload_fairlead() { echo "kill -HUP $PID"; }
zonefile_fairlead() { echo "$RUN/fairlead/zones/$ZONE.zone"; }

start_gdnsd() { # ADDRESS PORT NBULK PLUGIN
	local d=$RUN/gdnsd plugin=${4:-weighted} i
	mkdir -p "$d/zones" "$d/run" "$d/state"
	{
		echo "options => { listen => [\"$1:$2\"], udp_threads => 1, tcp_threads => 1, run_dir => \"$d/run\", state_dir => \"$d/state\" }"
		echo "service_types => { hc => { plugin => tcp_connect, port => $HC_PORT, interval => 2, timeout => 1, up_thresh => 1, ok_thresh => 1, down_thresh => 1 } }"
		echo "plugins => { tcp_connect => {}"
		echo " $plugin => { service_types => hc"
		for i in 0 1 2 3 4 5 6 7 8 9; do
			case $plugin in
			weighted) echo "  w$i => { a => [127.0.1.1, 10], b => [127.0.1.2, 20], c => [127.0.1.3, 30], d => [127.0.1.4, 40] }";;
			multifo)  echo "  m$i => [ 127.0.1.1, 127.0.1.2, 127.0.1.3, 127.0.1.4 ]";;
			simplefo) echo "  s$i => { primary => 127.0.1.1, secondary => 127.0.1.2 }";;
			esac
		done
		echo " } }"
	} >"$d/config"
	rm -f "$d/zones/"*
	zone "$d/zones/$ZONE" "$3" 1 dyna "$plugin!${plugin:0:1}"
	bg gdnsd "$SRV_CORE" "$NS_SRV" gdnsd -c "$d" start
	PIDS=$PID
}
reload_gdnsd() { echo "gdnsdctl -c $RUN/gdnsd reload-zones"; }
zonefile_gdnsd() { echo "$RUN/gdnsd/zones/$ZONE"; }

start_knot() { # ADDRESS PORT NBULK [geoip]
	local d=$RUN/knot i
	mkdir -p "$d/db"
	zone "$d/$ZONE.zone" "$3" 1 static
	{ cat <<C
server:
  rundir: "$d"
  listen: $1@$2
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
  - target: stderr
    any: warning
control:
  listen: "$d/knot.sock"
database:
  storage: "$d/db"
C
	[ "${4:-}" != geoip ] || printf 'mod-geoip:\n  - id: lb\n    config-file: "%s/geo.conf"\n    ttl: 30\n    mode: weighted\n' "$d"
	cat <<C
zone:
  - domain: $ZONE
    storage: "$d"
    file: "$d/$ZONE.zone"
    zonefile-sync: -1
    journal-content: none
    zonefile-load: whole
C
	[ "${4:-}" != geoip ] || printf '    module: mod-geoip/lb\n'; } >"$d/knot.conf"
	for i in $(seq 0 99); do
		printf 'lb%d.%s:\n' "$i" $ZONE
		printf '  - weight: %d\n    A: 192.0.2.%d\n' 10 1 20 2 30 3 40 4
	done >"$d/geo.conf"
	bg knot "$SRV_CORE" "$NS_SRV" knotd -c "$d/knot.conf"
	PIDS=$PID
}
reload_knot() { echo "knotc -s $RUN/knot/knot.sock zone-reload $ZONE"; }
zonefile_knot() { echo "$RUN/knot/$ZONE.zone"; }

start_nsd() { # ADDRESS PORT NBULK; Debian's build limits responses (RRL) unless told not to
	local d=$RUN/nsd i
	mkdir -p "$d"
	zone "$d/$ZONE.zone" "$3" 1 static
	cat >"$d/nsd.conf" <<C
server:
  ip-address: $1@$2
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "$d"
  database: ""
  pidfile: "$d/nsd.pid"
  xfrdfile: "$d/xfrd.state"
  xfrdir: "$d"
  zonelistfile: "$d/zone.list"
  cookie-secret-file: ""
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
  minimal-responses: yes
remote-control:
  control-enable: yes
  control-interface: $d/ctl.sock
zone:
  name: $ZONE
  zonefile: $d/$ZONE.zone
C
	bg nsd "$SRV_CORE" "$NS_SRV" nsd -d -c "$d/nsd.conf"
	PIDS=$PID
}
reload_nsd() { echo "nsd-control -c $RUN/nsd/nsd.conf reload $ZONE"; }
zonefile_nsd() { echo "$RUN/nsd/$ZONE.zone"; }

start_bind() { # ADDRESS PORT NBULK
	local d=$RUN/bind
	mkdir -p "$d"
	zone "$d/$ZONE.zone" "$3" 1 static
	cat >"$d/named.conf" <<C
options { directory "$d"; pid-file "$d/named.pid"; session-keyfile "$d/session.key"; listen-on port $2 { $1; }; listen-on-v6 { none; };
  recursion no; minimal-responses yes; querylog no; notify no; dnssec-validation no; allow-query { any; }; };
controls { };
zone "$ZONE" { type primary; file "$d/$ZONE.zone"; };
C
	bg bind "$SRV_CORE" "$NS_SRV" named -n 1 -f -c "$d/named.conf"
	PIDS=$PID
}

start_pdns() { # ADDRESS PORT NBULK KIND
	local d=$RUN/pdns lua=yes
	[ "$4" != lua ] || lua=shared                        # one Lua state a thread
	mkdir -p "$d"
	zone "$d/$ZONE.zone" "$3" 1 "$4"
	echo "zone \"$ZONE\" { type native; file \"$d/$ZONE.zone\"; };" >"$d/named.conf"
	cat >"$d/pdns.conf" <<C
launch=bind
bind-config=$d/named.conf
local-address=$1
local-port=$2
socket-dir=$d
daemon=no
guardian=no
receiver-threads=1
distributor-threads=1
enable-lua-records=$lua
lua-health-checks-interval=1
loglevel=3
C
	bg pdns "$SRV_CORE" "$NS_SRV" pdns_server --config-dir="$d"
	PIDS=$PID
}

program_of() { # SUBJECT -> the program that it needs
	case $1 in
	reflector) echo "$BIN/reflect";; fairlead-peer|fairlead-local) echo "$FAIRLEAD_FWD";; fairlead*) echo "$FAIRLEAD_DNSD";;
	gdnsd*) echo gdnsd;; knot*) echo knotd;; nsd) echo nsd;; bind) echo named;; pdns*) echo pdns_server;;
	haproxy*) echo haproxy;; nginx) echo nginx;; nft) echo nft;; *) echo true;;
	esac
}

# installed SUBJECT...: those that can be measured here; the others are named once.
installed() {
	local s p
	for s in "$@"; do
		p=$(program_of "$s")
		if have "$p"; then echo "$s"; else skip "$s: $p is not installed"; fi
	done
}

start_dns() { # SUBJECT ADDRESS PORT [NBULK]
	case $1 in
	reflector)         start_reflector "$2" "$3";;
	fairlead-failover) start_fairlead "$2" "$3" 0 failover;;
	fairlead*)         start_fairlead "$2" "$3" "${4:-0}";;
	gdnsd-weighted)    start_gdnsd "$2" "$3" "${4:-0}" weighted;;
	gdnsd-multifo)     start_gdnsd "$2" "$3" "${4:-0}" multifo;;
	gdnsd)             start_gdnsd "$2" "$3" "${4:-0}" simplefo;;
	knot)              start_knot "$2" "$3" "${4:-0}";;
	knot-geoip)        start_knot "$2" "$3" "${4:-0}" geoip;;
	nsd)               start_nsd "$2" "$3" "${4:-0}";;
	bind)              start_bind "$2" "$3" "${4:-0}";;
	pdns)              start_pdns "$2" "$3" "${4:-0}" static;;
	pdns-lua)          start_pdns "$2" "$3" "${4:-0}" lua;;
	pdns-luaif)        start_pdns "$2" "$3" "${4:-0}" luaif;;
	esac
}

# Asks until there is an answer with a record; false when the server ends or none comes.
wait_dns() { # ADDRESS PORT NAME [SECONDS]
	local end=$((SECONDS + ${4:-10}))
	while [ $SECONDS -le $end ] && kill -0 "$PID" 2>/dev/null; do
		[ "$(probe "$1" "$2" "$3" 0.3)" = 1 ] && return 0
		sleep 0.05
	done
	say "no answer from $1:$2: $(tail -n 2 "$RUN"/*.log 2>/dev/null | tail -n 3 | tr '\n' ' ')"
	return 1
}
probe() { # ADDRESS PORT NAME SECONDS -> 1 when answered
	echo "$3 A" >"$RUN/probe.q"
	kv answered "$(srv "$BIN/dnsgen" -a "$1" -p "$2" -q "$RUN/probe.q" -w 1 -u 0 -t "$4" -T "$4" -N 1 -c "$GEN_CORE")"
}

health_target() { bg hc "$GEN_CORE" "$NS_SRV" "$BIN/tcpback" -p $HC_PORT; }

# Sourced by cases that serve the same zone files from several name servers:
#
#     serve NAME ADDRESS FOLDER     NAME: ours, bind, knot or nsd; FOLDER holds ORIGIN.zone files, ..zone for the root
#     wait_until 10 serving NAME ADDRESS FOLDER
#
# Each has its own configuration and files in $tmp/NAME-ADDRESS. What they are
# told beside the zones: answers of at most 1232 bytes by UDP, no data that is
# not asked for, no rotation of records, no limits of rate.

# Types whose text form a server does not read. Such a line's comment has the rdata in hex, "; = TYPEnnn \# length hex".
declare -A unread=(
	[ours]="NXT A6 NINFO RKEY UINFO UID GID UNSPEC AVC DOA TA"
	[bind]=""
	[knot]="MB MG MR NULL WKS X25 ISDN NSAP NSAP-PTR SIG PX GPOS NXT EID NIMLOC ATMA A6 SINK HIP NINFO RKEY TALINK UINFO UID GID UNSPEC AVC DOA AMTRELAY TA DLV"
	[nsd]="NSAP-PTR GPOS EID NIMLOC ATMA A6 SINK HIP NINFO RKEY TALINK UINFO UID GID UNSPEC DOA AMTRELAY TA"
)

# zones_for NAME FROM TO: the zone files as that server reads them.
zones_for() {
	local f
	mkdir -p "$3"
	for f in "$2"/* "$2"/..zone; do
		[ ! -e "$f" ] || awk -F'\t' -v unread=" ${unread[$1]} " '
			/; = TYPE/ && index(unread, " " $2 " ") { owner = $1; sub(/.*; = /, owner "\t") }
			{ print }' "$f" > "$3/${f##*/}"
	done
}

origins() { # FOLDER: the origin of each zone file in it
	local f
	for f in "$1"/*.zone "$1"/.*.zone; do
		[ -e "$f" ] || continue
		f=${f##*/}
		f=${f%.zone}
		echo "$f"
	done
}

serve() {
	local d=$tmp/$1-$2
	mkdir -p "$d/run" && chmod 777 "$d" "$d/run"
	zones_for "$1" "$3" "$d/zones"
	"conf_$1" "$2" "$d/zones" "$d" > "$d/conf" && chmod 600 "$d/conf"
	ip addr add "$2/32" dev lo || fail "no address $2" # BIND listens on what an interface has only
	case $1 in
	ours) start "$1-$2" $FAIRLEAD_WRAP "$dnsd" -c "$d/conf" ;;
	bind) helper "$1-$2" named -f -g -n 1 -U 1 -c "$d/conf" ;;
	knot) helper "$1-$2" knotd -c "$d/conf" ;;
	nsd) helper "$1-$2" nsd -d -c "$d/conf" ;;
	esac
}

# world N FOLDER: all four, at 127.0.N.1 to 4 in this order, until they serve.
world() {
	local i=0 name
	for name in ours bind knot nsd; do serve "$name" "127.0.$1.$((++i))" "$2"; done
	i=0
	for name in ours bind knot nsd; do wait_until 20 serving "$name" "127.0.$1.$((++i))" "$2"; done
}

# serving NAME ADDRESS FOLDER: every zone is answered for.
serving() {
	local origin
	alive "$1-$2" || fail "$1 has ended"
	for origin in $(origins "$3"); do
		dig +tries=1 +time=1 "@$2" "$origin" SOA | grep -q 'flags:[^;]* aa' || return 1
	done
}

conf_ours() { # ADDRESS FOLDER OWN-FOLDER
	cat <<END
site = "s"; user = ""; run = "$3/run"; state = "$3/run";
sites = ( { name = "s"; control = [ "$1@5300" ]; key = "k"; } );
keys = ( { name = "k"; secret = "MDEyMzQ1Njc4OWFiY2RlZg=="; } );
dns = { listen = [ "$1@53" ]; zones = "$2"; threads = 1; ${OURS_DNS:-} };
END
}

conf_bind() {
	local origin
	cat <<END
options {
	directory "$2"; managed-keys-directory "$3/run"; pid-file none; session-keyfile none;
	listen-on port 53 { $1; }; listen-on-v6 { none; };
	recursion no; dnssec-validation no; notify no; allow-transfer { any; }; empty-zones-enable no;
	minimal-responses yes; minimal-any no; max-udp-size 1232; edns-udp-size 1232; nocookie-udp-size 1232; answer-cookie no;
	check-names primary ignore; check-integrity no; check-sibling no; check-mx ignore; check-mx-cname ignore; check-srv-cname ignore;
	check-wildcard no; max-records-per-type 0; max-types-per-name 0; tcp-clients 100;
};
controls { };
END
	for origin in $(origins "$2"); do
		printf 'zone "%s" { type primary; file "%s.zone"; };\n' "$origin" "$origin"
	done
}

conf_knot() {
	local origin
	cat <<END
server:
    rundir: "$3/run"
    listen: $1@53
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    udp-max-payload: 1232
    pidfile: "$3/run/pid"
control:
    listen: "$3/run/knot.sock"
database:
    storage: "$3/run"
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: "$2"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
zone:
END
	for origin in $(origins "$2"); do
		printf '  - domain: "%s"\n    file: "%s.zone"\n' "$origin" "$origin"
	done
}

conf_nsd() {
	local origin
	cat <<END
server:
	server-count: 1
	ip-address: $1
	port: 53
	username: ""
	chroot: ""
	zonesdir: "$2"
	database: ""
	zonelistfile: "$3/run/zones"
	xfrdfile: "$3/run/xfrd"
	xfrdir: "$3/run"
	pidfile: ""
	verbosity: 0
	round-robin: no
	minimal-responses: yes
	refuse-any: no
	ipv4-edns-size: 1232
	rrl-ratelimit: 0
	rrl-whitelist-ratelimit: 0
	tcp-query-count: 0
remote-control:
	control-enable: no
END
	for origin in $(origins "$2"); do
		printf 'zone:\n\tname: "%s"\n\tzonefile: "%s.zone"\n' "$origin" "$origin"
	done
}

# shellcheck shell=bash
# Sourced behind lib.sh by cases that need real routing: a client and two sites,
# each with a network namespace of its own. The client knows the way to site
# sjc only, so what reaches den has been forwarded:
#
#     client 10.9.0.2 ------ 10.9.0.1  sjc  10.8.0.1 ------ 10.8.0.2  den
#            2001:db8:9::2    ...:9::1       ...:8::1        ...:8::2
#
# Site sjc has 10.1.0.0/24 and 2001:db8:1::/64, den 10.2.0.0/24 and 2001:db8:2::/64,
# all on its loopback interface; .9 and .8 are proxy IPs, .53 is control. The
# sites hear of each other's networks from the link between them, and den has no
# way to the client at all: only an address of sjc's can be answered.
[ "$(id -u)" = 0 ] || exit 77
declare -A net=()

# net_new NAME: an empty namespace, which goes when the case ends.
net_new() {
	helper "net-$1" unshare -n sleep infinity
	net[$1]=${pids[net-$1]}
	wait_until 10 net_stands "$1"
	at "$1" ip link set lo up
}
net_stands() { [ "$(readlink "/proc/${net[$1]}/ns/net")" != "$(readlink /proc/self/ns/net)" ] && grep -q sleep "/proc/${net[$1]}/comm"; }
# at NAME COMMAND...: there.
at() { local n=${net[$1]}; shift; nsenter -t "$n" -n "$@"; }
# link A INTERFACE B INTERFACE
net_link() {
	ip link add "$2" netns "${net[$1]}" type veth peer name "$4" netns "${net[$3]}" || fail "no veth"
	at "$1" ip link set "$2" up
	at "$3" ip link set "$4" up
}
# address NAME INTERFACE ADDRESS...
net_address() {
	local n=$1 i=$2 a
	shift 2
	for a; do at "$n" ip addr add "$a" dev "$i" $([ "${a/:/}" = "$a" ] || echo nodad) || fail "address $a"; done
}
# net_site NAME NUMBER
net_site() {
	local a
	for a in 53 9 8 10 21 25 121 125; do net_address "$1" lo "10.$2.0.$a/32" "2001:db8:$2::$a/128"; done
	# strict: what comes must come the way that an answer would go
	at "$1" sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $f; done'
}
net_sites() {
	net_new client
	net_new sjc
	net_new den
	net_link client wan sjc clients
	net_link sjc den den sjc
	net_address client wan 10.9.0.2/24 2001:db8:9::2/64
	net_address sjc clients 10.9.0.1/24 2001:db8:9::1/64
	net_address sjc den 10.8.0.1/24 2001:db8:8::1/64
	net_address den sjc 10.8.0.2/24 2001:db8:8::2/64
	at client ip route add default via 10.9.0.1
	at client ip -6 route add default via 2001:db8:9::1
	at sjc ip route add 10.2.0.0/24 via 10.8.0.2
	at sjc ip -6 route add 2001:db8:2::/64 via 2001:db8:8::2
	at den ip route add 10.1.0.0/24 via 10.8.0.1
	at den ip -6 route add 2001:db8:1::/64 via 2001:db8:8::1
	net_site sjc 1
	net_site den 2
}
# what a router has switched on
net_forward() { at "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1; }

# net_conf: SITE.conf of both and the zone; $sjc_listeners and $den_listeners stand in them, $services in the zone.
net_conf() {
	local site number
	cat > common.conf <<END
sites = (
	{ name = "sjc"; control = [ "10.1.0.53@53" ]; proxy_ip = [ "10.1.0.9", "10.1.0.8", "2001:db8:1::9" ]; key = "sjc"; },
	{ name = "den"; control = [ "10.2.0.53@53" ]; proxy_ip = [ "10.2.0.9", "10.2.0.8", "2001:db8:2::9" ]; key = "den"; }
);
keys = ( { name = "sjc"; secret_file = "sjc.key"; }, { name = "den"; secret_file = "den.key"; } );
checks = (
	{ name = "pop"; type = "pop3"; interval = 0.2; fast_interval = 0.05; timeout = $slow; fall = 2; },
	{ name = "ftp"; type = "ftp"; interval = 0.2; fast_interval = 0.05; timeout = $slow; fall = 2; },
	{ name = "open"; type = "tcp"; interval = 0.2; fast_interval = 0.05; timeout = $slow; fall = 2; }
);
exchange = { interval = 0.2; };
END
	for site in sjc den; do
		number=$([ $site = sjc ] && echo 1 || echo 2)
		mkdir -p "run/$site" "state/$site"
		[ -e $site.key ] || make_key "$tmp/$site.key" $site
		chown nobody "run/$site" "state/$site" $site.key
		cat > $site.conf <<END
site = "$site";
instance = "one";
run = "run/$site";
state = "state/$site";
user = "nobody";
@include "common.conf"
dns = { listen = [ "10.$number.0.53@53" ]; zones = "."; hold = 0; };
forward = { dnsd = [ "10.$number.0.53@53" ]; drain_timeout = 20; listeners = (
$([ $site = sjc ] && echo "$sjc_listeners" || echo "$den_listeners")
); };
END
	done
	cat > gslb.example.com.zone <<END
\$TTL 3600
@       SOA   ns-sjc hostmaster 1 3600 600 604800 30
        NS    ns-sjc
ns-sjc  A     10.1.0.53
$services
END
}

# net_dig SITE ARGUMENT...; net_states SITE SERVICE, as `states` of lib.sh.
net_dig() { local s=$1; shift; at "$s" dig +tries=1 +time=$((2 * slow)) "@10.$([ "$s" = sjc ] && echo 1 || echo 2).0.53" "$@"; }
net_states() {
	net_dig "$1" +short TXT "_health.$2.gslb.example.com" |
		sed -n 's/.*"site=\([a-z-]*\)".*"state=\([a-z]*\)".*/\1=\2/p' | sort | tr '\n' ' ' | sed 's/ $//'
}
net_stated() { [ "$(net_states "$2" "$3")" = "$1" ]; }
# net_wait_states EXPECTED SITE SERVICE
net_wait_states() { wait_until 20 net_stated "$@"; }
# net_dnsd SITE, net_fwd SITE: started there, as dnsd-SITE and fwd-SITE, until they serve.
net_dnsd() {
	start "dnsd-$1" nsenter -t "${net[$1]}" -n $FAIRLEAD_WRAP "$dnsd" -c "$tmp/$1.conf"
	wait_until 10 net_zone "$1"
}
net_zone() { alive "dnsd-$1" || fail "dnsd-$1 has ended"; net_dig "$1" gslb.example.com SOA +short | grep -q hostmaster; }
net_fwd() {
	local before
	before=$(grep -c 'msg="serving"' "fwd-$1.log" 2> /dev/null)
	start "fwd-$1" nsenter -t "${net[$1]}" -n $FAIRLEAD_WRAP "$fwd" -c "$tmp/$1.conf"
	wait_log "fwd-$1" 'msg="serving"' 10 $((before + 1))
}
# net_rights NAME: the capabilities that it has kept
net_rights() { sed -n 's/^CapEff:\t*0*//p' "/proc/${pids[$1]}/status"; }
net_listening() { at "$1" ss -Hltn "src $2 and sport = :$3" | grep -q .; }
# net_sends SITE MAP ADDRESS: what the kernel's map there holds for it begins with that address; net_keeps: nothing.
net_sends() { at "$1" nft list map inet "fairlead.$1.one" "$2" | tr -d '\n\t' | grep -q -- "$3 .*: "; }
net_keeps() { local map; map=$(at "$1" nft list map inet "fairlead.$1.one" "$2") && ! grep -q -- "$3 " <<< "$map"; }

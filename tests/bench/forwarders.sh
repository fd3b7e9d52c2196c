# shellcheck shell=bash
# The forwarders that are measured, on srv: clients come to IP_VIP, the back end
# on IP_BAK is reached from IP_PROXY. Ports: 7001 -> echo 9001, 7002 -> source
# 9002, UDP 7053 -> 5300, HTTP redirect on 7080, HTTPS redirect on 7443. start_fwd leaves $PIDS (empty
# where the kernel does it).
P_SHORT=7001 P_BULK=7002 P_UDP=7053 P_HTTP=7080 P_HTTPS=7443
B_SHORT=9001 B_BULK=9002 B_UDP=5300
WEB=web.$ZONE

# One certificate for all, P-256, and one cipher suite, that which fairlead-fwd takes by itself (left alone the others follow
# OpenSSL's clients to AES-256 with SHA-384, which is dearer); wrk asks for the server name that is its URL's host, an address.
TLS_SUITES=TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384
make_certificate() {
	[ ! -e "$RUN/tls.pem" ] || return 0
	(umask 077
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$RUN/tls.key" -out "$RUN/tls.crt" -days 30 \
		-subj "/CN=$WEB" -addext "subjectAltName=DNS:$WEB,DNS:$IP_VIP" 2>/dev/null &&
		cat "$RUN/tls.crt" "$RUN/tls.key" >"$RUN/tls.pem")
}

# Ours: "peer" has no real servers, so all is relayed to the other site (chosen from what its dnsd says);
# "local" relays to a real server; "nat" is "peer" with the kernel datapath; "http" redirects to the other site.
start_fwd_fairlead() { # peer|local|nat
	local d=$RUN/fairlead short='' bulk='' udp='' i
	mkdir -p "$d/zones" "$d/run" "$d/state"
	rm -f "$d/zones/"*
	if [ "$1" = local ]; then
		short="servers = ( { address = \"$IP_BAK@$B_SHORT\"; } );"
		bulk="servers = ( { address = \"$IP_BAK@$B_BULK\"; } );"
		udp="servers = ( { address = \"$IP_BAK@$B_UDP\"; } );"
	elif [ "$1" = nat ]; then
		short='datapath = "nat";' bulk='datapath = "nat";' udp='datapath = "nat";'
		srv sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_time_wait=5
	fi
	(umask 077; cat >"$d/fairlead.conf" <<C
site = "s1";
instance = "bench";
user = "";
run = "$d/run";
state = "$d/state";
sites = ( { name = "s1"; control = [ "$IP_SRV2@5399" ]; proxy_ip = [ "$IP_PROXY" ]; key = "s1"; },
          { name = "s2"; control = [ "$IP_MUTE@5399" ]; key = "s1"; } );
keys = ( { name = "s1"; algorithm = "hmac-sha256"; secret = "YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtYmVuY2ghISE="; } );
dns = { listen = [ "127.0.0.1@$DNS_PORT" ]; zones = "zones"; threads = 1; };
checks = ( { name = "hc"; type = "tcp"; } );
forward = {
  dnsd = [ "127.0.0.1@$DNS_PORT" ];
  threads = 1;
  drain_timeout = 0;
  listeners = (
    { service = "short.$ZONE."; listen = [ "$IP_VIP@$P_SHORT" ]; protocol = "tcp"; connect_timeout = 2; $short },
    { service = "bulk.$ZONE."; listen = [ "$IP_VIP@$P_BULK" ]; protocol = "tcp"; connect_timeout = 2; $bulk },
    { service = "udp.$ZONE."; listen = [ "$IP_VIP@$P_UDP" ]; protocol = "udp"; $udp },
    { service = "$WEB."; listen = [ "$IP_VIP@$P_HTTP" ]; protocol = "http"; redirect = { to = "name"; }; },
    { service = "$WEB."; listen = [ "$IP_VIP@$P_HTTPS" ]; protocol = "http"; redirect = { to = "name"; }; tls = { certificate = "$RUN/tls.crt"; key = "$RUN/tls.key"; }; }
  );
};
C
	)
	cat >"$d/zones/$ZONE.zone" <<Z
\$ORIGIN $ZONE.
\$TTL 300
@ SOA ns1 admin 1 3600 600 604800 60
@ NS ns1
ns1 A 192.0.2.53
short LB s1 $IP_VIP port=$P_SHORT check=none
short LB s2 $IP_BAK port=$B_SHORT check=hc
bulk  LB s1 $IP_VIP port=$P_BULK check=none
bulk  LB s2 $IP_BAK port=$B_BULK check=hc
udp   LB s1 $IP_VIP port=$P_UDP check=none
udp   LB s2 $IP_BAK port=$B_UDP check=none
web   LB s1 $IP_VIP port=$P_HTTP check=none
web   LB s2 $IP_BAK port=$B_SHORT check=hc
Z
	bg fairlead-dnsd "$GEN_CORE" "$NS_SRV" "$FAIRLEAD_DNSD" -c "$d/fairlead.conf"
	DNSD=$PID
	wait_dns 127.0.0.1 $DNS_PORT short.$ZONE || { stop "$DNSD"; return 1; }
	bg fairlead-fwd "$SRV_CORE" "$NS_SRV" "$FAIRLEAD_FWD" -c "$d/fairlead.conf"
	PIDS=$PID
	[ "$1" = nat ] || return 0
	for i in $(seq 100); do srv nft list map inet fairlead.s1.bench to4 2>/dev/null | grep -q "$P_UDP" && return; sleep 0.1; done
	return 1
}

start_fwd_haproxy() { # "" | splice
	local d=$RUN/haproxy
	mkdir -p "$d"
	cat >"$d/haproxy.cfg" <<C
global
  nbthread 1
  maxconn 9600
  maxpipes 200
  ssl-default-bind-ciphersuites $TLS_SUITES
defaults
  mode tcp
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  maxconn 9500
  ${1:+option splice-auto}
listen short
  bind $IP_VIP:$P_SHORT
  source $IP_PROXY
  server b $IP_BAK:$B_SHORT
listen bulk
  bind $IP_VIP:$P_BULK
  source $IP_PROXY
  server b $IP_BAK:$B_BULK
frontend redirect
  mode http
  bind $IP_VIP:$P_HTTP
  timeout http-keep-alive 60s
  http-request redirect location http://site-b.gslb.test/ code 302
frontend redirect_tls
  mode http
  bind $IP_VIP:$P_HTTPS ssl crt $RUN/tls.pem alpn http/1.1
  timeout http-keep-alive 60s
  http-request redirect location https://site-b.gslb.test/ code 302
C
	bg haproxy "$SRV_CORE" "$NS_SRV" haproxy -db -f "$d/haproxy.cfg"
	PIDS=$PID
}

NGINX_STREAM=/usr/lib/nginx/modules/ngx_stream_module.so
start_fwd_nginx() {
	local d=$RUN/nginx stream='' temp='' t
	mkdir -p "$d"
	[ ! -e $NGINX_STREAM ] || stream=1
	for t in client_body proxy fastcgi uwsgi scgi; do temp="$temp ${t}_temp_path $d;"; done
	cat >"$d/nginx.conf" <<C
${stream:+load_module $NGINX_STREAM;}
daemon off;
master_process off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid $d/nginx.pid;
error_log $d/error.log crit;
events { worker_connections 19500; multi_accept on; }
${stream:+stream {
  access_log off;
  proxy_bind $IP_PROXY;
  server { listen $IP_VIP:$P_SHORT backlog=65535; proxy_pass $IP_BAK:$B_SHORT; tcp_nodelay on; \}
  server { listen $IP_VIP:$P_BULK; proxy_pass $IP_BAK:$B_BULK; proxy_buffer_size 64k; \}
  server { listen $IP_VIP:$P_UDP udp; proxy_pass $IP_BAK:$B_UDP; proxy_timeout 2s; \}
\}}
http {
  access_log off;
 $temp
  keepalive_requests 100000000;
  server { listen $IP_VIP:$P_HTTP backlog=65535; return 302 http://site-b.gslb.test/; }
  server { listen $IP_VIP:$P_HTTPS ssl backlog=65535; ssl_protocols TLSv1.2 TLSv1.3; ssl_conf_command Ciphersuites $TLS_SUITES; ssl_prefer_server_ciphers on; ssl_certificate $RUN/tls.crt; ssl_certificate_key $RUN/tls.key; return 302 https://site-b.gslb.test/; }
}
C
	bg nginx "$SRV_CORE" "$NS_SRV" nginx -c "$d/nginx.conf" -p "$d"
	PIDS=$PID
}

# The kernel's own address translation, destination and source in one flow.
start_fwd_nft() {
	PID='' PIDS=''
	srv nft -f - <<C
table ip fullnat {
  chain pre {
    type nat hook prerouting priority -100;
    ip daddr $IP_VIP tcp dport $P_SHORT dnat to $IP_BAK:$B_SHORT
    ip daddr $IP_VIP tcp dport $P_BULK dnat to $IP_BAK:$B_BULK
    ip daddr $IP_VIP udp dport $P_UDP dnat to $IP_BAK:$B_UDP
  }
  chain post {
    type nat hook postrouting priority 100;
    ip daddr $IP_BAK snat to $IP_PROXY
  }
}
C
	[ $? = 0 ] && srv sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_time_wait=5
}

start_fwd() { # SUBJECT
	DNSD=''
	make_certificate || return 1
	case $1 in
	fairlead-peer)  start_fwd_fairlead peer;;
	fairlead-local) start_fwd_fairlead local;;
	fairlead-nat)   start_fwd_fairlead nat;;
	haproxy)        start_fwd_haproxy;;
	haproxy-splice) start_fwd_haproxy splice;;
	nginx)          start_fwd_nginx;;
	nft)            start_fwd_nft;;
	direct)         PID='' PIDS='';;
	http302)        bg http302 "$SRV_CORE" "$NS_SRV" "$BIN/http302" $IP_VIP $P_HTTP; PIDS=$PID;;
	esac
}
stop_fwd() {
	[ "$1" != nft ] || srv nft flush ruleset
	stop "$PID"; stop "$DNSD"
}
target() { # SUBJECT short|bulk|udp -> address:port
	local k=${2^^} port
	if [ "$1" = direct ]; then port=B_$k; echo "$IP_BAK:${!port}"; else port=P_$k; echo "$IP_VIP:${!port}"; fi
}
has_udp() { case $1 in direct|nft|fairlead-*) true;; nginx) [ -e $NGINX_STREAM ];; *) false;; esac; }

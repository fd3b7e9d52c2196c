/*
 * Every kind of error of fairlead.conf, with its exact line and words. A case
 * is a text and all that must be said of it, in this order; "" is accepted.
 * `after_base`: the text stands behind `base`, so its first line is line 7.
 */
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "unit.h"

static const char base[] =
	"user = \"\";\n"
	"site = \"a\";\n"
	"sites = (\n"
	"  { name = \"a\"; control = [ \"192.0.2.1@53\" ]; key = \"k\"; },\n"
	"  { name = \"b\"; control = [ \"192.0.2.2@53\" ]; key = \"k\"; } );\n"
	"keys = ( { name = \"k\"; secret = \"c2VjcmV0\"; } );\n";

struct error_case { bool after_base; const char *text, *errors; };

static const struct error_case cases[] = {
	{ true,
	  "dns = 5\n",
	  "t.conf:7: dns: must be a group: { ... }\n" },
	{ true,
	  "a = ;\n",
	  "t.conf:7: a value must stand after \"a =\", not `;'\n" },
	{ true,
	  "= 5;\n",
	  "t.conf:7: a key must stand here, not `='\n" },
	{ true,
	  "instance \"x\";\n",
	  "t.conf:7: `=' must stand after \"instance\", not \"x\"\n" },
	{ true,
	  "instance = x;\n",
	  "t.conf:7: x after \"instance =\": text stands in \"...\"\n" },
	{ true,
	  "instance = \"x\" \"y\"\n"
	  ";\n"
	  "nope = 1;\n",
	  "t.conf:9: unknown key \"nope\"\n" },
	{ true,
	  "dns = {\n"
	  "  listen = [ \"192.0.2.1@53\" ]\n",
	  "t.conf:7: this `{' is never closed\n" },
	{ true,
	  "dns = { listen = [ \"192.0.2.1@53\" ) };\n",
	  "t.conf:7: `)' where `]' must close the `[' of line 7\n" },
	{ true,
	  "}\n",
	  "t.conf:7: `}' closes nothing\n" },
	{ true,
	  "instance = \"never closed;\n"
	  "x = 1;\n",
	  "t.conf:7: this string is never closed\n" },
	{ true,
	  "/* never\n"
	  "closed\n",
	  "t.conf:7: this comment is never closed\n" },
	{ true,
	  "instance = \"x\\x00y\";\n",
	  "t.conf:7: \\x00 would end the string here (in \"send\" write \\\\x00)\n" },
	{ true,
	  "instance = \"x\"; instance = \"y\";\n",
	  "t.conf:7: \"instance\" is set twice, first in line 7\n" },
	{ true,
	  "dns = { listen = [ \"192.0.2.1@53\" ];\n"
	  "ttl = 5;\n"
	  "ttl = 6; };\n",
	  "t.conf:9: \"ttl\" is set twice, first in line 8\n" },
	{ true,
	  "instance = 5z;\n",
	  "t.conf:7: 5z is not a number (text stands in \"...\")\n" },
	{ true,
	  "dns = { listen = [ \"192.0.2.1@53\" \"192.0.2.2@53\", 5 ]; };\n",
	  "t.conf:7: dns.listen: \"192.0.2.1@53192.0.2.2@53\" is not ADDRESS@PORT\n"
	  "t.conf:7: dns.listen: must be a text in \"...\"\n"
	  "t.conf:7: [ ] holds values of one type only; use ( ) for a mixture\n" },
	{ true,
	  "checks = [ { name = \"c\"; type = \"tcp\"; } ];\n",
	  "t.conf:7: [ ] holds only numbers, strings or truth values; use ( )\n" },
	{ true,
	  "$ = 5;\n",
	  "t.conf:7: `$' has no meaning here\n" },
	{ true,
	  "instance = \001;\n",
	  "t.conf:7: byte 0x01 has no meaning here\n" },
	{ true,
	  "dns = { listen = ( \"192.0.2.1@53\" ); ttl = 010; ttl_min = -5; ttl_calm = 99999999999999999999; };\n",
	  "t.conf:7: dns.ttl_min: -5 is out of range (0 to 2147483647 seconds)\n"
	  "t.conf:7: dns.ttl_calm: the number is out of range (0 to 86400 seconds)\n"
	  "t.conf:7: 010: a leading zero has no meaning here; write the number without it\n" },
	{ true,
	  "dns = { listen = ( \"192.0.2.1@53\" ); ttl = 4294967296; };\n",
	  "t.conf:7: dns.ttl: 4294967296 is out of range (0 to 2147483647 seconds)\n" },
	{ true,
	  "dns = { listen = ( \"192.0.2.1@53\" ); ttl = 0x1FFFFFFFF; threads = 0x1G; };\n",
	  "t.conf:7: dns.ttl: 8589934591 is out of range (0 to 2147483647 seconds)\n"
	  "t.conf:7: 0x1G is not a number (text stands in \"...\")\n" },
	{ true,
	  "dns = { listen = ( \"192.0.2.1@53\" );\n"
	  "hold = 1e400; };\n",
	  "t.conf:8: dns.hold: the number is out of range (0 to 86400 seconds)\n" },
	{ true,
	  "dns = { listen = ( \"192.0.2.1@53\" ); hold = -1e400;\n"
	  "ttl = 30.5; };\n",
	  "t.conf:7: dns.hold: the number is out of range (0 to 86400 seconds)\n"
	  "t.conf:8: dns.ttl: must be a whole number\n" },
	{ true,
	  "a = ((((((((((((((((( 1 )))))))))))))))));\n",
	  "t.conf:7: brackets are nested too deep\n" },
	{ true,
	  "@include \"missing.conf\"\n",
	  "t.conf:7: @include \"missing.conf\": No such file or directory\n" },
	{ true,
	  "instance = \"x\"; @include \"missing.conf\"\n",
	  "t.conf:7: @include stands alone on a line: @include \"FILE\"\n" },
	{ true,
	  "@include missing.conf\n"
	  "instance = \"x\";\n",
	  "t.conf:7: @include stands alone on a line: @include \"FILE\"\n" },
	{ true,
	  "@incl\n"
	  "instance = \"x\";\n",
	  "t.conf:7: `@' has no meaning here\n" },
	{ true,
	  "true = 5;\n",
	  "t.conf:7: a key must stand here, not true\n" },
	{ true,
	  "instance = TRUE;\n",
	  "t.conf:7: instance: must be a text in \"...\"\n" },
	{ true,
	  "instance = \"bad name\";\n"
	  "run = 5;\n"
	  "state = \"\";\n",
	  "t.conf:7: instance: \"bad name\" is not made of letters, digits and ._-, the first a letter or digit\n"
	  "t.conf:8: run: must be a text in \"...\"\n"
	  "t.conf:9: state: \"\" is not a folder\n" },
	{ true,
	  "dns = ( 5 );\n",
	  "t.conf:7: dns: must be a group: { ... }\n" },
	{ true,
	  "checks = { };\n",
	  "t.conf:7: checks: must be a list: [ ... ] or ( ... )\n" },
	{ true,
	  "checks = ( 5, \"x\" );\n",
	  "t.conf:7: checks: must hold groups: { ... }\n"
	  "t.conf:7: checks: must hold groups: { ... }\n" },
	{ true,
	  "checks = 7;\n",
	  "t.conf:7: checks: must be a list: [ ... ] or ( ... )\n" },
	{ true,
	  "policies = \"x\";\n",
	  "t.conf:7: policies: must be a list: [ ... ] or ( ... )\n" },
	{ true,
	  "dnz = { };\n"
	  "chekcs = ( );\n"
	  "exchange = { intervall = 1; };\n"
	  "dns = { listen = [ \"192.0.2.1@53\" ]; rise = 2; user = \"\"; xyzzy = 1; };\n",
	  "t.conf:7: unknown key \"dnz\" (did you mean \"dns\"?)\n"
	  "t.conf:8: unknown key \"chekcs\" (did you mean \"checks\"?)\n"
	  "t.conf:9: exchange: unknown key \"intervall\" (did you mean \"interval\"?)\n"
	  "t.conf:10: dns: unknown key \"rise\" (did you mean checks[].rise?)\n"
	  "t.conf:10: dns: unknown key \"user\" (did you mean user outside of all groups?)\n"
	  "t.conf:10: dns: unknown key \"xyzzy\"\n" },
	{ true,
	  "dns = { listen = [ \"192.0.2.1@53\" ]; ecs = false; cookies = false; responses_per_second = 0; networks4 = 24; networks6 = 56; identity = \"none\"; site_names = \"prefer\"; };\n"
	  "exchange = { decide = \"own\"; probe = \"all\"; };\n"
	  "policies = ( { name = \"p\"; failback = \"auto\"; } );\n",
	  "" },
	{ true,
	  "dns = { listen = [ \"192.0.2.1@53\" ];\n"
	  "ecs = \"yes\";\n"
	  "cookies = 1;\n"
	  "responses_per_second = 1.5;\n"
	  "slip = 1001;\n"
	  "rate_exempt = [ \"10.0.0.1/8\" ];\n"
	  "transfer_to = ( \"10.0.0.0/8\", \"10.0.0.1/8\", \"nobody\", \"192.0.2.256\", 5 );\n"
	  "notify = [ \"192.0.2.7\", \"192.0.2.7@x\", \"ns.example.com\" ];\n"
	  "identity = \"\";\n"
	  "site_names = 1;\n"
	  "cookie_secret_file = \"x\";\n"
	  "networks4 = 33;\n"
	  "networks6 = 129; };\n",
	  "t.conf:8: dns.ecs: must be true or false\n"
	  "t.conf:9: dns.cookies: must be true or false\n"
	  "t.conf:10: dns.responses_per_second: must be a whole number\n"
	  "t.conf:11: dns.slip: 1001 is out of range (0 to 1000)\n"
	  "t.conf:12: dns.rate_exempt: \"10.0.0.1/8\" is not a prefix (or has bits set past its length)\n"
	  "t.conf:13: dns.transfer_to: \"10.0.0.1/8\" is not a prefix (or has bits set past its length)\n"
	  "t.conf:13: dns.transfer_to: \"192.0.2.256\" is not a prefix (or has bits set past its length)\n"
	  "t.conf:13: dns.transfer_to: must be a text in \"...\"\n"
	  "t.conf:13: dns.transfer_to: key \"nobody\" is not defined\n"
	  "t.conf:14: dns.notify: \"192.0.2.7@x\" is not an address, nor ADDRESS@PORT\n"
	  "t.conf:14: dns.notify: \"ns.example.com\" is not an address, nor ADDRESS@PORT\n"
	  "t.conf:15: dns.identity: \"\" is empty: none tells no identity\n"
	  "t.conf:16: dns.site_names: must be a text in \"...\"\n"
	  "t.conf:17: dns.cookie_secret_file: x cannot be read: No such file or directory\n"
	  "t.conf:18: dns.networks4: 33 is out of range (0 to 32 bits)\n"
	  "t.conf:19: dns.networks6: 129 is out of range (0 to 128 bits)\n" },
	{ true,
	  "dns = { listen = [ \"192.0.2.1@53\" ]; ecs = true; cookies = true; responses_per_second = 100; slip = 0; rate_exempt = [ ]; transfer_to = [ ]; notify = [ ]; networks4 = 0; networks6 = 128; identity = \"auto\"; site_names = \"pin\"; };\n",
	  "" },
	{ true,
	  "dns = { listen = [ \"192.0.2.1@53\" ]; ecs = 1; identity = 5; site_names = \"pinn\"; responses_per_second = -1; };\n",
	  "t.conf:7: dns.ecs: must be true or false\n"
	  "t.conf:7: dns.responses_per_second: -1 is out of range (0 to 1000000000)\n"
	  "t.conf:7: dns.identity: must be a text in \"...\"\n"
	  "t.conf:7: dns.site_names: \"pinn\" is none of prefer, pin, none (did you mean \"pin\"?)\n" },
	{ true,
	  "geo = { database = ( \"x\", 5, \"\" ); networks = [ \"y\" ]; };\n"
	  "http = { listen = [ ]; };\n"
	  "exchange = { ttl = 0.5;\n"
	  "decide = \"homes\";\n"
	  "probe = \"none\"; };\n",
	  "t.conf:7: geo.database: must be a text in \"...\"\n"
	  "t.conf:7: geo.database: \"\" is not a file\n"
	  "t.conf:7: geo.networks: must be a text in \"...\"\n"
	  "t.conf:8: http: not built yet\n"
	  "t.conf:9: exchange.ttl: 0.5 is out of range (1 to 86400 seconds)\n"
	  "t.conf:10: exchange.decide: \"homes\" is none of home+majority, home, majority, own (did you mean \"home\"?)\n"
	  "t.conf:11: exchange.probe: \"none\" is none of all, home, silent\n" },
	{ true,
	  "policies = ( { name = \"p\"; failback = \"manual\";\n"
	  "shed = ( 0.8, 0.95 );\n"
	  "rules = ( { country = [ \"US\" ]; continent = [ \"eu\" ]; metrics = [ \"rank\" ]; asn = [ 1, 4294967295 ];\n"
	  "hours = \"08:00-18:00\"; days = \"mon-fri\"; timezone = \"UTC\"; },\n"
	  "{ hours = \"22:00-24:00\"; days = \"sat-mon,wed\"; metrics = [ \"rank\" ]; } ); } );\n",
	  "" },
	{ true,
	  "policies = ( { name = \"p\"; failback = \"never\"; shed = 1; rules = (\n"
	  "{ country = \"US\"; metrics = [ \"rank\" ]; },\n"
	  "{ country = [ ]; continent = [ \"XX\", \"EUR\" ]; asn = [ 0 ]; metrics = [ \"rank\" ]; },\n"
	  "{ country = ( \"USA\", \"U1\", 5, \"uk\", \"EU\", \"ZY\", \"zz\", \"qm\", \"xk\", \"ad\", \"zw\", \"de\" ); asn = ( 4294967296, \"AS1\" ); metrics = [ \"rank\" ]; } ); } );\n",
	  "t.conf:7: policies[].failback: \"never\" is none of auto, manual\n"
	  "t.conf:7: policies[].shed: must be a list: [ ... ] or ( ... )\n"
	  "t.conf:8: policies[].rules[].country: must be a list: [ ... ] or ( ... )\n"
	  "t.conf:9: policies[].rules[].country: the list is empty\n"
	  "t.conf:9: policies[].rules[].continent: \"XX\" is none of AF, AN, AS, EU, NA, OC, SA\n"
	  "t.conf:9: policies[].rules[].continent: \"EUR\" is not a code of two letters\n"
	  "t.conf:9: policies[].rules[].asn: 0 is out of range (1 to 4294967295)\n"
	  "t.conf:10: policies[].rules[].country: \"USA\" is not a code of two letters\n"
	  "t.conf:10: policies[].rules[].country: \"U1\" is not a code of two letters\n"
	  "t.conf:10: policies[].rules[].country: must be a text in \"...\"\n"
	  "t.conf:10: policies[].rules[].country: \"uk\" is no country of ISO 3166-1 (the United Kingdom is GB)\n"
	  "t.conf:10: policies[].rules[].country: \"EU\" is no country of ISO 3166-1 (Europe is a continent)\n"
	  "t.conf:10: policies[].rules[].country: \"ZY\" is no country of ISO 3166-1\n"
	  "t.conf:10: policies[].rules[].asn: 4294967296 is out of range (1 to 4294967295)\n"
	  "t.conf:10: policies[].rules[].asn: must be a number\n" },
	{ true,
	  "policies = ( { name = \"p\"; rules = (\n"
	  "{ hours = \"8-18\"; days = \"monday\"; metrics = [ \"rank\" ]; },\n"
	  "{ hours = \"08:00-24:01\"; days = \"mon-\"; metrics = [ \"rank\" ]; },\n"
	  "{ hours = \"08:00-08:00\"; days = \"mon,\"; metrics = [ \"rank\" ]; },\n"
	  "{ hours = \"08:60-09:00\"; days = \"\"; metrics = [ \"rank\" ]; },\n"
	  "{ hours = \"24:00-08:00\"; days = 5; metrics = [ \"rank\" ]; },\n"
	  "{ timezone = \"UTC\"; metrics = [ \"rank\" ]; },\n"
	  "{ hours = \"08:00-09:00\"; timezone = \"No/Where\"; metrics = [ \"rank\" ]; },\n"
	  "{ hours = \"08:00-09:00\"; timezone = \"../UTC\"; metrics = [ \"rank\" ]; } ); },\n"
	  "{ name = \"q\"; shed = ( 0.5 ); }, { name = \"r\"; shed = ( 0.5, 0.5 ); },\n"
	  "{ name = \"s\"; shed = ( -1, 0.5 ); }, { name = \"t\"; shed = ( 0.5, \"x\" ); } );\n",
	  "t.conf:8: policies[].rules[].hours: \"8-18\" is not of the form \"HH:MM-HH:MM\"\n"
	  "t.conf:8: policies[].rules[].days: \"monday\" is not made of days (mon tue wed thu fri sat sun), as in \"mon-fri\" or \"sat,sun\"\n"
	  "t.conf:9: policies[].rules[].hours: \"08:00-24:01\" is not of the form \"HH:MM-HH:MM\"\n"
	  "t.conf:9: policies[].rules[].days: \"mon-\" is not made of days (mon tue wed thu fri sat sun), as in \"mon-fri\" or \"sat,sun\"\n"
	  "t.conf:10: policies[].rules[].hours: \"08:00-08:00\" is no time at all\n"
	  "t.conf:10: policies[].rules[].days: \"mon,\" is not made of days (mon tue wed thu fri sat sun), as in \"mon-fri\" or \"sat,sun\"\n"
	  "t.conf:11: policies[].rules[].hours: \"08:60-09:00\" is not of the form \"HH:MM-HH:MM\"\n"
	  "t.conf:11: policies[].rules[].days: \"\" is not made of days (mon tue wed thu fri sat sun), as in \"mon-fri\" or \"sat,sun\"\n"
	  "t.conf:12: policies[].rules[].hours: \"24:00-08:00\" is no time at all\n"
	  "t.conf:12: policies[].rules[].days: must be a text in \"...\"\n"
	  "t.conf:13: policies[].rules[].timezone: there is neither hours nor days beside it\n"
	  "t.conf:14: policies[].rules[].timezone: \"No/Where\" is not in the system's database (/usr/share/zoneinfo, package tzdata)\n"
	  "t.conf:15: policies[].rules[].timezone: \"../UTC\" is not a name such as \"Europe/Berlin\"\n"
	  "t.conf:16: policies[].shed: must be two marks, as in ( 0.80, 0.95 )\n"
	  "t.conf:16: policies[].shed: the second mark must be more than the first\n"
	  "t.conf:17: policies[].shed: -1 is out of range (0 to 10)\n"
	  "t.conf:17: policies[].shed: must be a number\n" },
	{ true,
	  "checks = ( { name = \"c\"; type = \"http\";\n"
	  "sni = \"x\";\n"
	  "verify = false; }, { name = \"d\"; type = \"pop3\"; tls = true;\n"
	  "starttls = true; }, { name = \"e\"; type = \"tls\";\n"
	  "ca = \"x\"; alpn = [ \"\" ]; min_days = -1;\n"
	  "tls = true; }, { name = \"f\"; type = \"http\";\n"
	  "starttls = true; min_days = 3; }, { name = \"g\"; type = \"none\";\n"
	  "sni = \"x\"; }, { name = \"h\"; type = \"tls\"; ca = \"/\"; sni = \"x y\"; } );\n",
	  "t.conf:8: checks[].sni: is for TLS: set tls = true\n"
	  "t.conf:9: checks[].verify: is for TLS: set tls = true\n"
	  "t.conf:10: checks[].starttls: with tls there is TLS already\n"
	  "t.conf:11: checks[].ca: \"x\": No such file or directory\n"
	  "t.conf:11: checks[].min_days: -1 is out of range (0 to 10000 days)\n"
	  "t.conf:11: checks[].alpn: \"\" is not the name of a protocol\n"
	  "t.conf:12: checks[].tls: is not for checks of type tls\n"
	  "t.conf:13: checks[].starttls: is not for checks of type http\n"
	  "t.conf:13: checks[].min_days: is not for checks of type http\n"
	  "t.conf:14: checks[].sni: is not for checks of type none\n"
	  "t.conf:14: checks[].sni: \"x y\" is not a host name or address (IPv6 in [ ], no port)\n"
	  "t.conf:14: checks[].ca: \"/\": not a regular file\n" },
	{ true,
	  "checks = ( { name = \"c\"; type = \"dns\"; },\n"
	  "{ name = \"d\"; type = \"dns\"; query = \"a..b\"; qtype = \"AXFR\"; rcode = \"nxdomain\"; address = [ \"x\" ]; },\n"
	  "{ name = \"e\"; type = \"dns\"; query = \".\"; qtype = \"MX\"; address = [ \"192.0.2.1\" ]; },\n"
	  "{ name = \"f\"; type = \"dns\"; query = \".\"; address = [ \"192.0.2.1\", \"::1\" ]; },\n"
	  "{ name = \"g\"; type = \"dns\"; query = \".\"; rcode = \"REFUSED\"; address = [ \"192.0.2.1\" ]; },\n"
	  "{ name = \"h\"; type = \"tcp\"; query = \".\"; } );\n",
	  "t.conf:7: checks[]: query is required for checks of type dns\n"
	  "t.conf:8: checks[].query: \"a..b\" is not a domain name\n"
	  "t.conf:8: checks[].qtype: \"AXFR\" is not a type that can be asked for\n"
	  "t.conf:8: checks[].rcode: \"nxdomain\" is none of NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, NOTAUTH\n"
	  "t.conf:8: checks[].address: \"x\" is not an address\n"
	  "t.conf:9: checks[].address: is for qtype A and AAAA\n"
	  "t.conf:10: checks[].address: is of the other family than qtype\n"
	  "t.conf:11: checks[].address: an answer with this rcode has none\n"
	  "t.conf:12: checks[].query: is not for checks of type tcp\n" },
	{ true,
	  "checks = ( { name = \"d\"; type = \"exec\"; },\n"
	  "{ name = \"u\"; type = \"udp\"; expect = \"x\"; },\n"
	  "{ name = \"e\"; type = \"exec\"; command = [ \"/no/such/file\", \"x\" ]; },\n"
	  "{ name = \"f\"; type = \"exec\"; command = [ \"/dev\" ]; },\n"
	  "{ name = \"g\"; type = \"exec\"; command = \"/bin/sh\"; } );\n",
	  "t.conf:7: checks[]: command is required for checks of type exec\n"
	  "t.conf:8: checks[]: send is required for checks of type udp\n"
	  "t.conf:9: checks[].command: \"/no/such/file\": No such file or directory\n"
	  "t.conf:10: checks[].command: \"/dev\": not a regular file\n"
	  "t.conf:11: checks[].command: must be a list: [ ... ] or ( ... )\n" },
	{ true,
	  "forward = { http = { listen = [ \"127.0.0.1@1\" ]; };\n"
	  "listeners = ( { service = \"w.x.\"; listen = [ \"192.0.2.5@80\" ]; protocol = \"tls\";\n"
	  "send_proxy = \"v3\"; send_proxy_peer = \"v2\"; accept_proxy = [ \"192.0.2.1/24\" ]; transparent = true;\n"
	  "tls = { }; } ); };\n",
	  "t.conf:7: forward.http: not built yet\n"
	  "t.conf:9: forward.listeners[].send_proxy: \"v3\" is none of none, v1, v2 (did you mean \"v1\"?)\n"
	  "t.conf:9: forward.listeners[].accept_proxy: \"192.0.2.1/24\" is not a prefix (or has bits set past its length)\n"
	  "t.conf:10: forward.listeners[].tls.certificate: is required\n"
	  "t.conf:10: forward.listeners[].tls.key: is required\n"
	  "t.conf:10: forward.listeners[].tls: is for protocol http only\n" },
	{ true,
	  "checks = ( { type = \"tcp\"; },\n"
	  "{ name = \"c\"; },\n"
	  "{ name = \"none\"; type = \"none\"; },\n"
	  "{ name = \"d\"; type = \"tcp\"; path = \"/\"; host = \"x\"; method = \"GET\"; status = 200; body = \"x\"; headers = [ \"A: b\" ]; },\n"
	  "{ name = \"e\"; type = \"http\"; send = \"x\"; expect = \"y\"; },\n"
	  "{ name = \"f\"; type = \"none\"; port = 80; need = \"all\"; } );\n",
	  "t.conf:7: checks[].name: is required\n"
	  "t.conf:8: checks[].type: is required\n"
	  "t.conf:9: checks[].name: \"none\" stands for no check at all\n"
	  "t.conf:10: checks[].path: is not for checks of type tcp\n"
	  "t.conf:10: checks[].host: is not for checks of type tcp\n"
	  "t.conf:10: checks[].method: is not for checks of type tcp\n"
	  "t.conf:10: checks[].status: is not for checks of type tcp\n"
	  "t.conf:10: checks[].body: is not for checks of type tcp\n"
	  "t.conf:10: checks[].headers: is not for checks of type tcp\n"
	  "t.conf:11: checks[].send: is not for checks of type http\n"
	  "t.conf:11: checks[].expect: is not for checks of type http\n"
	  "t.conf:12: checks[].port: is not for checks of type none\n"
	  "t.conf:12: checks[].need: is not for checks of type none\n" },
	{ true,
	  "checks = ( { name = \"c\"; type = \"tcp\"; interval = 0.01;\n"
	  "fast_interval = 5; },\n"
	  "{ name = \"d\"; type = \"tcp\"; interval = 1; fast_interval = 1.5; },\n"
	  "{ name = \"e\"; type = \"tcp\"; rise = 0; fall = 1001; port = 0; timeout = 4000; },\n"
	  "{ name = \"f\"; type = \"tcp\"; port = 65536; need = \"some\"; } );\n",
	  "t.conf:7: checks[].interval: 0.01 is out of range (0.02 to 86400 seconds)\n"
	  "t.conf:9: checks[].fast_interval: 1.5 is more than interval, 1\n"
	  "t.conf:10: checks[].timeout: 4000 is out of range (0.01 to 3600 seconds)\n"
	  "t.conf:10: checks[].rise: 0 is out of range (1 to 1000 results)\n"
	  "t.conf:10: checks[].fall: 1001 is out of range (1 to 1000 results)\n"
	  "t.conf:10: checks[].port: 0 is out of range (1 to 65535)\n"
	  "t.conf:11: checks[].port: 65536 is out of range (1 to 65535)\n"
	  "t.conf:11: checks[].need: \"some\" is none of all, any\n" },
	{ true,
	  "checks = ( { name = \"c\"; type = \"http\"; status = \"99\"; },\n"
	  "{ name = \"c2\"; type = \"http\"; status = \"400-200\"; },\n"
	  "{ name = \"c3\"; type = \"http\"; status = [ 200, 600 ]; },\n"
	  "{ name = \"c4\"; type = \"http\"; status = ( \"200-299\", 404, \"x\" ); },\n"
	  "{ name = \"c5\"; type = \"http\"; status = \"\"; },\n"
	  "{ name = \"c6\"; type = \"http\"; status = \"200,\"; },\n"
	  "{ name = \"c7\"; type = \"http\"; status = [ ]; },\n"
	  "{ name = \"c8\"; type = \"http\"; status = 3000000000; } );\n",
	  "t.conf:7: checks[].status: \"99\" is not a list of statuses such as \"200-299,304\" (100 to 599)\n"
	  "t.conf:8: checks[].status: \"400-200\" is not a list of statuses such as \"200-299,304\" (100 to 599)\n"
	  "t.conf:9: checks[].status: \"600\" is not a list of statuses such as \"200-299,304\" (100 to 599)\n"
	  "t.conf:10: checks[].status: \"x\" is not a list of statuses such as \"200-299,304\" (100 to 599)\n"
	  "t.conf:11: checks[].status: \"\" is not a list of statuses such as \"200-299,304\" (100 to 599)\n"
	  "t.conf:12: checks[].status: \"200,\" is not a list of statuses such as \"200-299,304\" (100 to 599)\n"
	  "t.conf:13: checks[].status: the list is empty\n"
	  "t.conf:14: checks[].status: \"3000000000\" is not a list of statuses such as \"200-299,304\" (100 to 599)\n" },
	{ true,
	  "checks = ( { name = \"c\"; type = \"http\"; path = \"x\"; },\n"
	  "{ name = \"c2\"; type = \"http\"; path = \"/a b\"; },\n"
	  "{ name = \"c3\"; type = \"http\"; host = \"a:80\"; },\n"
	  "{ name = \"c4\"; type = \"http\"; method = \"get\"; },\n"
	  "{ name = \"c5\"; type = \"http\"; method = \"CONNECT\"; },\n"
	  "{ name = \"c6\"; type = \"http\"; method = \"HEAD\"; body = \"x\"; },\n"
	  "{ name = \"c7\"; type = \"http\"; headers = [ \"X\", \"Host: y\", \"A\\r: b\", \"A: b\\r\\nC: d\", \"B: ok\" ]; },\n"
	  "{ name = \"c8\"; type = \"http\"; body = \"(\";  } );\n",
	  "t.conf:7: checks[].path: \"x\" is not a path: it begins with / and has no blanks and no #\n"
	  "t.conf:8: checks[].path: \"/a b\" is not a path: it begins with / and has no blanks and no #\n"
	  "t.conf:9: checks[].host: \"a:80\" is not a host name or address (IPv6 in [ ], no port)\n"
	  "t.conf:10: checks[].method: \"get\" is not in capital letters\n"
	  "t.conf:11: checks[].method: \"CONNECT\" cannot check anything\n"
	  "t.conf:12: checks[].body: no body comes after HEAD\n"
	  "t.conf:13: checks[].headers: \"X\" is not \"Name: value\"\n"
	  "t.conf:13: checks[].headers: \"Host: y\" is a header that the check makes itself (\"host\" sets Host)\n"
	  "t.conf:13: checks[].headers: \"A?: b\" has a name that is none\n"
	  "t.conf:13: checks[].headers: \"A: b??C: d\" has a control byte in its value\n"
	  "t.conf:14: checks[].body: \"(\" is not a regular expression: Unmatched ( or \\(\n" },
	{ true,
	  "checks = ( { name = \"c\"; type = \"tcp\"; send = \"\\\\q\"; },\n"
	  "{ name = \"d\"; type = \"tcp\"; send = \"\"; },\n"
	  "{ name = \"e\"; type = \"tcp\"; expect = \"a{2\"; },\n"
	  "{ name = \"f\"; type = \"tcp\"; expect = \"((a{1,255}){1,255}){1,255}\"; } );\n",
	  "t.conf:7: checks[].send: a backslash that begins none of \\r \\n \\t \\\\ \\xNN\n"
	  "t.conf:8: checks[].send: is empty\n"
	  "t.conf:9: checks[].expect: \"a{2\" is not a regular expression: Unmatched \\{\n"
	  "t.conf:10: checks[].expect: the repetitions in this regular expression are too many\n" },
	{ true,
	  "checks = ( { name = \"c\"; type = \"tcp\"; },\n"
	  "{ name = \"d\"; type = \"tcp\"; },\n"
	  "{ name = \"c\"; type = \"none\"; } );\n",
	  "t.conf:9: checks[].name: \"c\" stands twice, before in line 7\n" },
	{ true,
	  "policies = ( { name = \"rank\"; },\n"
	  "{ name = \"geo\"; },\n"
	  "{ name = \"a b\"; },\n"
	  "{ name = \"p\"; answers = 0; },\n"
	  "{ name = \"p\"; answers = 33; fail = \"shut\"; rules = ( { } ); },\n"
	  "{ rules = ( { metrics = [ ]; } ); } );\n",
	  "t.conf:7: policies[].name: \"rank\" is the name of a metric\n"
	  "t.conf:8: policies[].name: \"geo\" is the name of a metric\n"
	  "t.conf:9: policies[].name: \"a b\" is not made of letters, digits and ._-, the first a letter or digit\n"
	  "t.conf:10: policies[].answers: 0 is out of range (1 to 32 members)\n"
	  "t.conf:11: policies[].answers: 33 is out of range (1 to 32 members)\n"
	  "t.conf:11: policies[].fail: \"shut\" is none of open, backup, closed\n"
	  "t.conf:11: policies[].rules[].metrics: is required\n"
	  "t.conf:11: policies[].name: \"p\" stands twice, before in line 10\n"
	  "t.conf:12: policies[].name: is required\n"
	  "t.conf:12: policies[].rules[].metrics: the list is empty\n" },
	{ true,
	  "policies = ( { name = \"p\"; rules = (\n"
	  "{ from = [ \"10.0.0.1/8\", \"x\", \"10.0.0.0/33\", \"2001:db8::/32\", \"::ffff:192.0.2.1\" ]; metrics = [ \"rank\" ]; },\n"
	  "{ from = [ ]; metrics = [ \"rank\", \"rank\" ]; },\n"
	  "{ sites = [ \"a\", \"c\" ]; metrics = [ \"ranq\", \"network\", 5 ]; },\n"
	  "{ sites = \"a\"; metrics = \"rank\"; } ); } );\n",
	  "t.conf:8: policies[].rules[].from: \"10.0.0.1/8\" is not a prefix (or has bits set past its length)\n"
	  "t.conf:8: policies[].rules[].from: \"x\" is not a prefix (or has bits set past its length)\n"
	  "t.conf:8: policies[].rules[].from: \"10.0.0.0/33\" is not a prefix (or has bits set past its length)\n"
	  "t.conf:8: policies[].rules[].from: \"::ffff:192.0.2.1\" is IPv4 written as IPv6: write 192.0.2.1/32\n"
	  "t.conf:9: policies[].rules[].from: the list is empty\n"
	  "t.conf:9: policies[].rules[].metrics: \"rank\" stands here twice\n"
	  "t.conf:10: policies[].rules[].metrics: \"ranq\" is not a metric (did you mean \"rank\"?)\n"
	  "t.conf:10: policies[].rules[].metrics: must be a text in \"...\"\n"
	  "t.conf:10: policies[].rules[].sites: site \"c\" is not defined\n"
	  "t.conf:10: [ ] holds values of one type only; use ( ) for a mixture\n"
	  "t.conf:11: policies[].rules[].sites: must be a list: [ ... ] or ( ... )\n"
	  "t.conf:11: policies[].rules[].metrics: must be a list: [ ... ] or ( ... )\n" },
	{ true,
	  "forward = { listeners = (\n"
	  "{ service = \"a.b.\"; listen = [ \"192.0.2.5@53\" ]; protocol = \"udp\"; connect_timeout = 1; hosts = [ \"x\" ];\n"
	  "client_timeout = 3; accept_proxy = [ \"192.0.2.0/24\" ]; send_proxy = \"v2\"; } ); };\n",
	  "t.conf:8: forward.listeners[].hosts: is for protocols http and tls only\n"
	  "t.conf:8: forward.listeners[].connect_timeout: is not for protocol udp\n"
	  "t.conf:9: forward.listeners[].client_timeout: is not for protocol udp\n"
	  "t.conf:9: forward.listeners[].send_proxy: is not for protocol udp\n"
	  "t.conf:9: forward.listeners[].accept_proxy: is not for protocol udp\n" },
	{ true,
	  "forward = { listeners = (\n"
	  "{ },\n"
	  "{ service = \".\"; listen = [ ]; protocol = \"ftp\"; },\n"
	  "{ service = \"a..b\"; listen = [ \"192.0.2.5\", \"192.0.2.6@0\", \"[2001:db8::1]@80\", \"192.0.2.7@65536\" ]; protocol = \"tcp\"; redirect = { }; hosts = [ \"x\" ]; } ); };\n",
	  "t.conf:8: forward.listeners[].service: is required\n"
	  "t.conf:8: forward.listeners[].listen: is required\n"
	  "t.conf:8: forward.listeners[].protocol: is required\n"
	  "t.conf:9: forward.listeners[].service: \".\" is not a service's name: the root is not a service\n"
	  "t.conf:9: forward.listeners[].listen: the list is empty\n"
	  "t.conf:9: forward.listeners[].protocol: \"ftp\" is none of http, tcp, tls, udp, ip\n"
	  "t.conf:10: forward.listeners[].service: \"a..b\" is not a service's name: empty label in name\n"
	  "t.conf:10: forward.listeners[].listen: \"192.0.2.6@0\" is not ADDRESS@PORT\n"
	  "t.conf:10: forward.listeners[].listen: \"[2001:db8::1]@80\" is not ADDRESS@PORT\n"
	  "t.conf:10: forward.listeners[].listen: \"192.0.2.7@65536\" is not ADDRESS@PORT\n"
	  "t.conf:10: forward.listeners[].redirect: is for protocol http only\n"
	  "t.conf:10: forward.listeners[].hosts: is for protocols http and tls only\n"
	  "t.conf:10: forward.listeners[].listen: \"192.0.2.5\" is not ADDRESS@PORT\n" },
	{ true, /* real servers that are the forwarder itself */
	  "forward = { listeners = (\n"
	  "{ service = \"w.x.\"; listen = [ \"192.0.2.5@80\" ]; protocol = \"tcp\"; servers = ( { address = \"192.0.2.6@80\"; }, { address = \"192.0.2.5@80\"; } ); },\n"
	  "{ service = \"w.x.\"; listen = [ \"192.0.2.5@81\" ]; protocol = \"http\"; servers = ( { address = \"192.0.2.5@80\"; },\n"
	  "{ address = \"127.0.0.1@82\"; }, { address = \"192.0.2.5@82\"; }, { address = \"192.0.2.1@82\"; }, { address = \"192.0.2.9@82\"; }, { address = \"::1@82\"; } ); },\n"
	  "{ service = \"w.x.\"; listen = [ \"0.0.0.0@82\" ]; protocol = \"tls\"; servers = ( { address = \"192.0.2.5@53\"; }, { address = \"0.0.0.0@9\"; }, { address = \"ff02::1@9\"; } ); },\n"
	  "{ service = \"w.x.\"; listen = [ \"192.0.2.5@53\", \"::@54\" ]; protocol = \"udp\"; servers = ( { address = \"192.0.2.5@80\"; }, { address = \"192.0.2.5@53\"; }, { address = \"::1@54\"; } ); } ); };\n",
	  "t.conf:8: forward.listeners[].servers: 192.0.2.5@80 is the forwarder itself, which listens there: connections would go round\n"
	  "t.conf:9: forward.listeners[].servers: 192.0.2.5@80 is the forwarder itself, which listens there: connections would go round\n"
	  "t.conf:10: forward.listeners[].servers: 127.0.0.1@82 is the forwarder itself, which listens there: connections would go round\n"
	  "t.conf:10: forward.listeners[].servers: 192.0.2.5@82 is the forwarder itself, which listens there: connections would go round\n"
	  "t.conf:11: forward.listeners[].servers: 0.0.0.0@9 is not a server's address\n"
	  "t.conf:11: forward.listeners[].servers: ff02::1@9 is not a server's address\n"
	  "t.conf:12: forward.listeners[].servers: 192.0.2.5@53 is the forwarder itself, which listens there: connections would go round\n"
	  "t.conf:12: forward.listeners[].servers: ::1@54 is the forwarder itself, which listens there: connections would go round\n" },
	{ true,
	  "checks = ( { name = \"c\"; type = \"tcp\"; } ); forward = { listeners = (\n"
	  "{ service = \"w.x.\"; listen = [ \"192.0.2.5@80\", \"192.0.2.5\" ]; protocol = \"http\"; datapath = \"nat\"; },\n"
	  "{ service = \"w.x.\"; listen = [ \"0.0.0.0@81\", \"192.0.2.6@82\" ]; protocol = \"tcp\"; datapath = \"nat\"; send_proxy_peer = \"v2\"; },\n"
	  "{ service = \"w.x.\"; listen = [ \"192.0.2.6@80\", \"192.0.2.6\", \"::\" ]; protocol = \"ip\"; },\n"
	  "{ service = \"w.x.\"; listen = [ \"192.0.2.7\" ]; protocol = \"ip\"; datapath = \"nat\"; balance = \"hash\"; capacity = 1; idle_timeout = 1; transparent = true; servers = ( { address = \"192.0.2.8@1\"; } ); },\n"
	  "{ service = \"w.x.\"; listen = [ \"192.0.2.8\" ]; protocol = \"ip\"; datapath = \"nat\"; check = \"none\"; servers = ( { address = \"192.0.2.8@1\"; } ); },\n"
	  "{ service = \"w.x.\"; listen = [ \"192.0.2.9\" ]; protocol = \"ip\"; datapath = \"nat\"; check = \"c\"; servers = ( { address = \"192.0.2.8@1\"; } ); },\n"
	  "{ service = \"w.x.\"; listen = [ \"192.0.2.6@83\" ]; protocol = \"tcp\"; transparent = true; servers = ( { address = \"2001:db8::1@1\"; } ); } ); };\n",
	  "t.conf:8: forward.listeners[].listen: \"192.0.2.5\" is not ADDRESS@PORT\n"
	  "t.conf:8: forward.listeners[].datapath: nat is for the protocols tcp, udp and ip\n"
	  "t.conf:9: forward.listeners[].send_proxy_peer: the kernel sends on what comes, and adds nothing: not with datapath nat\n"
	  "t.conf:9: forward.listeners[].listen: with datapath nat it must be the address itself, and 0.0.0.0 is none\n"
	  "t.conf:10: forward.listeners[].listen: 192.0.2.6@80: with protocol ip it is all ports\n"
	  "t.conf:10: forward.listeners[].protocol: ip needs datapath = \"nat\"\n"
	  "t.conf:11: forward.listeners[].balance: is for what is relayed, and protocol ip is not\n"
	  "t.conf:11: forward.listeners[].capacity: is for what is relayed, and protocol ip is not\n"
	  "t.conf:11: forward.listeners[].idle_timeout: is for what is relayed, and protocol ip is not\n"
	  "t.conf:11: forward.listeners[].transparent: is for what is relayed, and protocol ip is not\n"
	  "t.conf:11: forward.listeners[].check: is required with protocol ip: nothing else tells whether the servers work\n"
	  "t.conf:12: forward.listeners[].check: is required with protocol ip: nothing else tells whether the servers work\n"
	  "t.conf:14: forward.listeners[].transparent: 2001:db8::1@1 cannot see clients of 192.0.2.6@83: another address family\n" },
	{ true,
	  "forward = { listeners = (\n"
	  "{ service = \"w.x.\"; listen = [ \"192.0.2.5@80\" ]; protocol = \"http\"; },\n"
	  "{ service = \"v.x.\"; listen = [ \"192.0.2.6@81\",\n"
	  "\"192.0.2.5@80\" ]; protocol = \"tcp\"; } ); };\n",
	  "t.conf:10: forward.listeners[].listen: 192.0.2.5@80 stands twice, before in line 8\n" },
	{ true,
	  "forward = { listeners = (\n"
	  "{ service = \"w.x.\"; listen = [ \"192.0.2.5@80\" ]; protocol = \"http\"; check = \"nope\"; balance = \"leastcon\"; capacity = 0; servers = ( { weight = 1; },\n"
	  "{ address = \"10.0.0.1\"; },\n"
	  "{ address = \"10.0.0.1@80\"; weight = 65536; } ); connect_timeout = 0; idle_timeout = 1e9; client_timeout = \"10\"; max_sessions = 0; } ); };\n",
	  "t.conf:8: forward.listeners[].servers[].address: is required\n"
	  "t.conf:8: forward.listeners[].balance: \"leastcon\" is none of roundrobin, leastconn, hash, random (did you mean \"leastconn\"?)\n"
	  "t.conf:8: forward.listeners[].capacity: 0 is out of range (1 to 1000000000 sessions)\n"
	  "t.conf:8: forward.listeners[].check: check \"nope\" is not defined\n"
	  "t.conf:9: forward.listeners[].servers[].address: \"10.0.0.1\" is not ADDRESS@PORT\n"
	  "t.conf:10: forward.listeners[].servers[].weight: 65536 is out of range (0 to 65535)\n"
	  "t.conf:10: forward.listeners[].connect_timeout: 0 is out of range (0.01 to 3600 seconds)\n"
	  "t.conf:10: forward.listeners[].idle_timeout: 1000000000 is out of range (0.1 to 2592000 seconds)\n"
	  "t.conf:10: forward.listeners[].client_timeout: must be a number\n"
	  "t.conf:10: forward.listeners[].max_sessions: 0 is out of range (1 to 10000000 sessions)\n" },
	{ true,
	  "forward = { listeners = (\n"
	  "{ service = \"w.x.\"; listen = [ \"192.0.2.5@80\" ]; protocol = \"http\"; redirect = { status = 300; to = \"nam\"; scheme = \"ftp\"; port = 0; }; },\n"
	  "{ service = \"w.x.\"; listen = [ \"192.0.2.6@80\" ]; protocol = \"http\"; redirect = { status = 304; to = \"{site}.a..b\"; }; },\n"
	  "{ service = \"w.x.\"; listen = [ \"192.0.2.7@80\" ]; protocol = \"http\"; redirect = { to = \"{site}/x\"; colour = 1; }; },\n"
	  "{ service = \"w.x.\"; listen = [ \"192.0.2.8@80\" ]; protocol = \"http\"; redirect = 302; hosts = [ \"a b\", \"x:80\", \"ok.example\" ]; } ); };\n",
	  "t.conf:8: forward.listeners[].redirect.to: \"nam\" is none of name, address, none, and not a host name with {site} in it\n"
	  "t.conf:8: forward.listeners[].redirect.status: 300 is out of range (301 to 308)\n"
	  "t.conf:8: forward.listeners[].redirect.scheme: \"ftp\" is neither http nor https\n"
	  "t.conf:8: forward.listeners[].redirect.port: 0 is out of range (1 to 65535)\n"
	  "t.conf:9: forward.listeners[].redirect.to: \"{site}.a..b\" is none of name, address, none, and not a host name with {site} in it\n"
	  "t.conf:9: forward.listeners[].redirect.status: 304 is none of 301, 302, 303, 307, 308\n"
	  "t.conf:10: forward.listeners[].redirect.to: \"{site}/x\" is none of name, address, none, and not a host name with {site} in it\n"
	  "t.conf:10: forward.listeners[].redirect: unknown key \"colour\"\n"
	  "t.conf:11: forward.listeners[].redirect: must be a group: { ... }\n"
	  "t.conf:11: forward.listeners[].hosts: \"a b\" is not a host name or address (IPv6 in [ ], no port)\n"
	  "t.conf:11: forward.listeners[].hosts: \"x:80\" is not a host name or address (IPv6 in [ ], no port)\n" },
	{ true,
	  "forward = { threads = 257; drain_timeout = -1; dnsd = [ ]; };\n",
	  "t.conf:7: forward.dnsd: the list is empty\n"
	  "t.conf:7: forward.threads: 257 is out of range (0 to 256)\n"
	  "t.conf:7: forward.drain_timeout: -1 is out of range (0 to 86400 seconds)\n" },
	{ true,
	  "forward = { dnsd = [ \"127.0.0.1\" ]; threads = true; };\n",
	  "t.conf:7: forward.dnsd: \"127.0.0.1\" is not ADDRESS@PORT\n"
	  "t.conf:7: forward.threads: must be a number\n" },
	{ true,
	  "dns = { };\n",
	  "t.conf:7: dns.listen: is required\n" },
	{ true,
	  "dns = { listen = [ ]; zones = \"\"; ttl_min = 31; answers = 0; hold = -0.1; fail = \"opne\"; health_from = [ \"x\" ]; };\n",
	  "t.conf:7: dns.listen: the list is empty\n"
	  "t.conf:7: dns.zones: \"\" is not a folder\n"
	  "t.conf:7: dns.answers: 0 is out of range (1 to 32 members)\n"
	  "t.conf:7: dns.fail: \"opne\" is none of open, backup, closed (did you mean \"open\"?)\n"
	  "t.conf:7: dns.hold: -0.1 is out of range (0 to 86400 seconds)\n"
	  "t.conf:7: dns.health_from: \"x\" is not a prefix (or has bits set past its length)\n"
	  "t.conf:7: dns.ttl_min: 31 is more than ttl, 30\n" },
	{ true,
	  "dns = { listen = [ \"192.0.2.1@53\",\n"
	  "\"::@53\", \"192.0.2.1@53\" ]; ttl = 3; ttl_calm = 86401; };\n",
	  "t.conf:8: dns.ttl_calm: 86401 is out of range (0 to 86400 seconds)\n"
	  "t.conf:8: dns.listen: 192.0.2.1@53 stands twice, before in line 7\n" },
	{ true,
	  "a = 5 5 { x = [ 1 ]; b = ( { c = 5; }, 1 ); };\n"
	  "nope = 1;\n",
	  "t.conf:7: unknown key \"a\"\n"
	  "t.conf:7: a key must stand here, not 5\n"
	  "t.conf:8: unknown key \"nope\"\n" },
	{ true,
	  "dns = { listen = [ \"192.0.2.1@53\" 5 ];\n"
	  "ttl = 5; };\n"
	  "nope = 1;\n",
	  "t.conf:7: a comma or a closing bracket is missing before 5\n"
	  "t.conf:9: unknown key \"nope\"\n" },
	{ true,
	  "checks = ( { name = \"c\"; type = \"tcp\"; }\n"
	  "{ name = \"d\"; type = \"tcp\"; } );\n",
	  "t.conf:7: a comma or a closing bracket is missing before `{'\n" },
	{ true,
	  "instance = \n"
	  "run = \"/x\";\n"
	  "state = 5;\n",
	  "t.conf:7: a value must stand after \"instance =\", not run\n"
	  "t.conf:9: state: must be a text in \"...\"\n" },
	{ true,
	  "checks = ( { name = \"c\"; type = \"tcp\"; },\n"
	  "{ name = \"d\"; type = \"http\"; host = \"[::1\"; method = \"A B\"; },\n"
	  "{ name = \"e\"; type = \"http\"; host = \"[1.2.3.4]\"; } );\n",
	  "t.conf:8: checks[].host: \"[::1\" is not a host name or address\n"
	  "t.conf:8: checks[].method: \"A B\" is not a method\n"
	  "t.conf:9: checks[].host: \"[1.2.3.4]\" is not a host name or address\n" },
	{ true,
	  "forward = { listeners = ( { service = \"w.x.\"; listen = [ \"192.0.2.5@80\" ]; protocol = \"http\"; redirect = { to = \"address\"; }; },\n"
	  "{ service = \"w.x.\"; listen = [ \"192.0.2.6@80\" ]; protocol = \"http\"; redirect = { to = \"none\"; }; } ); };\n",
	  "" },
	{ true,
	  "geo = 5;\n",
	  "t.conf:7: geo: must be a group: { ... }\n" },
	{ true,
	  "geo = { };\n",
	  "" },
	{ true,
	  "geo = { database = \"city.mmdb\"; networks = \"/etc/fairlead/networks.conf\"; };\n",
	  "" },
	{ true,
	  "geo = { database = [ ]; networks = \"\"; network = \"x\"; };\n"
	  "dns = { listen = [ \"192.0.2.1@53\" ]; networks4 = 24.0; networks6 = [ 56 ]; cookies = \"false\"; };\n",
	  "t.conf:7: geo.database: the list is empty\n"
	  "t.conf:7: geo.networks: \"\" is not a file\n"
	  "t.conf:7: geo: unknown key \"network\" (did you mean \"networks\"?)\n"
	  "t.conf:8: dns.networks6: must be a number\n"
	  "t.conf:8: dns.cookies: must be true or false\n" },
	{ true,
	  "forward = { listeners = ( 5, { service = \"w.x.\"; listen = [ \"192.0.2.5@80\" ]; protocol = \"http\"; } ); };\n",
	  "t.conf:7: forward.listeners: must hold groups: { ... }\n" },
	{ true,
	  "checks = ( { name = \"c\"; type = ; } );\n"
	  "forward = { listeners = ( { service = \"w.x.\"; listen = [ \"192.0.2.5@80\" ]; protocol = \"http\"; check = \"d\"; } ); };\n",
	  "t.conf:7: a value must stand after \"type =\", not `;'\n" },
	{ true,
	  "keys2 = ( );\n"
	  "@include \"\"\n",
	  "t.conf:7: unknown key \"keys2\" (did you mean \"keys\"?)\n"
	  "t.conf:8: @include \"\": No such file or directory\n" },
	{ false,
	  "user = \"\";\n"
	  "site = \"a\";\n"
	  "sites = ( );\n"
	  "keys = ( );\n",
	  "t.conf:2: site: site \"a\" is not defined\n"
	  "t.conf:3: sites: the list is empty\n"
	  "t.conf:4: keys: the list is empty\n" },
	{ false,
	  "user = 5;\n"
	  "site = 5;\n"
	  "sites = ( { name = \"a\"; },\n"
	  "{ name = \"a\"; control = [ \"0.0.0.0@53\", \"224.0.0.1@53\", \"ff02::1@53\" ]; proxy_ip = [ \"::\", \"192.0.2.1@53\" ]; key = \"kk\"; },\n"
	  "{ name = \"-b\"; control = [ \"192.0.2.2@53\" ]; proxy_bind = [ \"192.0.2.1\" ]; location = ( 91, 181.5 ); key = \"k\"; },\n"
	  "{ name = \"\"; control = [ \"192.0.2.3@53\" ]; key = \"k\"; location = ( true, 0 ); } );\n"
	  "keys = ( { name = \"k\"; secret = \"c2VjcmV0\"; } );\n",
	  "t.conf:1: user: must be a text in \"...\"\n"
	  "t.conf:2: site: must be a text in \"...\"\n"
	  "t.conf:3: sites[].control: is required\n"
	  "t.conf:3: sites[].key: is required\n"
	  "t.conf:4: sites[].proxy_ip: \"192.0.2.1@53\" is not an address\n"
	  "t.conf:4: sites[].control: 0.0.0.0 cannot be a source address\n"
	  "t.conf:4: sites[].control: 224.0.0.1 cannot be a source address\n"
	  "t.conf:4: sites[].control: ff02::1 cannot be a source address\n"
	  "t.conf:4: sites[].proxy_ip: :: cannot be a source address\n"
	  "t.conf:4: sites[].name: \"a\" stands twice, before in line 3\n"
	  "t.conf:4: sites[].key: key \"kk\" is not defined (did you mean \"k\"?)\n"
	  "t.conf:5: sites[].name: \"-b\" must begin and end with a letter or digit\n"
	  "t.conf:5: sites[].location: 91 is out of range (-90 to 90 degrees of latitude)\n"
	  "t.conf:5: sites[].location: 181.5 is out of range (-180 to 180 degrees of longitude)\n"
	  "t.conf:5: sites[].proxy_bind: proxy_ip is missing: the address that the others see\n"
	  "t.conf:6: sites[].name: \"\" must begin and end with a letter or digit\n"
	  "t.conf:6: sites[].location: must be a number\n" },
	{ false,
	  "user = \"a b\";\n"
	  "site = \"c\";\n"
	  "sites = (\n"
	  "{ name = \"c.d\"; location = 5; },\n"
	  "{ name = \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"; location = [ 1 ]; control = [ \"192.0.2.2@53\" ]; proxy_ip = [ \"192.0.2.9\" ]; key = 5; },\n"
	  "{ name = \"y\"; control = [ \"192.0.2.5@53\", \"192.0.2.2@53\" ]; proxy_ip = [ \"192.0.2.9\" ]; key = \"k\"; } );\n"
	  "keys = ( { name = \"k\"; secret = \"c2VjcmV0\"; } );\n",
	  "t.conf:1: user: \"a b\" is not a user's name\n"
	  "t.conf:2: site: site \"c\" is not defined\n"
	  "t.conf:4: sites[].name: \"c.d\" is not made of lower-case letters, digits and hyphens\n"
	  "t.conf:4: sites[].control: is required\n"
	  "t.conf:4: sites[].location: must be a list: [ ... ] or ( ... )\n"
	  "t.conf:4: sites[].key: is required\n"
	  "t.conf:5: sites[].name: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" has more than 58 characters\n"
	  "t.conf:5: sites[].location: must be ( LATITUDE, LONGITUDE )\n"
	  "t.conf:5: sites[].key: must be a text in \"...\"\n"
	  "t.conf:6: sites[].control: 192.0.2.2@53 stands twice, before in line 5\n"
	  "t.conf:6: sites[].proxy_ip: 192.0.2.9 stands twice, before in line 5\n" },
	{ false,
	  "user = \"\";\n"
	  "site = \"y\";\n"
	  "sites = ( { name = \"y\"; control = [ \"192.0.2.5@53\" ]; key = \"k.\"; } );\n"
	  "keys = ( { name = \"k\"; secret = \"c2VjcmV0\"; role = \"admin\"; },\n"
	  "{ name = \"K.\"; secret = \"c2VjcmV\"; },\n"
	  "{ name = \"a b\"; },\n"
	  "{ name = \"l\"; secret = \"c2VjcmV0\"; secret_file = \"missing\"; algorithm = \"hmac-md5\"; role = \"boss\"; },\n"
	  "{ name = \"m\"; secret = \"\"; secret_file = 5; } );\n",
	  "t.conf:5: keys[].secret: is not base64\n"
	  "t.conf:5: keys[].name: \"k\" stands twice, before in line 4\n"
	  "t.conf:6: keys[].name: \"a b\" is not a domain name\n"
	  "t.conf:6: keys[]: secret or secret_file is required\n"
	  "t.conf:7: keys[].algorithm: \"hmac-md5\" is none of hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512\n"
	  "t.conf:7: keys[].secret_file: missing cannot be read: No such file or directory\n"
	  "t.conf:7: keys[].role: \"boss\" is none of site, admin, transfer\n"
	  "t.conf:7: keys[].secret_file: secret is there already\n"
	  "t.conf:8: keys[].secret: is not base64\n"
	  "t.conf:8: keys[].secret_file: must be a text in \"...\"\n"
	  "t.conf:8: keys[].secret_file: secret is there already\n" },
	{ false,
	  "user = \"\";\n"
	  "site = \"y\";\n"
	  "sites = ( 5, { name = \"y\"; control = [ \"192.0.2.5@53\" ]; key = \"admin\"; } );\n"
	  "keys = ( { name = \"admin\"; secret = \"c2VjcmV0\"; role = \"admin\"; } );\n",
	  "t.conf:3: sites: must hold groups: { ... }\n"
	  "t.conf:3: sites[].key: the role of \"admin\" is not site\n" },
	{ false,
	  "user = \"\";\n"
	  "site = \"xx\";\n"
	  "sites = ( { name = \"x\"; control = [ \"192.0.2.2@53\" ]; key = \"Key.1.\"; },\n"
	  "{ name = \"y\"; control = [ \"192.0.2.2@54\" ]; key = \"key.2\"; } );\n"
	  "keys = ( { name = \"key.1\"; secret = \"c2VjcmV0\"; } );\n",
	  "t.conf:2: site: site \"xx\" is not defined (did you mean \"x\"?)\n"
	  "t.conf:4: sites[].key: key \"key.2\" is not defined (did you mean \"key.1\"?)\n" },
};

/* What is said of a text; the caller frees. */
static char *errors_of(const struct error_case *c)
{
	struct errs errs;
	errs_init(&errs);
	char *text = NULL, *said = NULL;
	CU_ASSERT_FATAL(asprintf(&text, "%s%s", c->after_base ? base : "", c->text) > 0);
	struct conf *conf = conf_load_text("t.conf", text, strlen(text), &errs);
	CU_ASSERT_EQUAL(conf == NULL, errs.count != 0);
	conf_free(conf);
	free(text);
	size_t len;
	FILE *to = open_memstream(&said, &len);
	errs_print(&errs, to);
	fclose(to);
	errs_free(&errs);
	return said;
}

static void each_error_at_its_line(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *said = errors_of(&cases[i]);
		CU_ASSERT_STRING_EQUAL(said, cases[i].errors);
		if (strcmp(said, cases[i].errors) != 0)
			printf("\n---\n%s--- said:\n%s--- and not:\n%s", cases[i].text, said, cases[i].errors);
		free(said);
	}
}

/* The reader can tell what is missing, and does not crash, wherever a file was cut. */
static void a_file_cut_anywhere_is_an_error(void)
{
	size_t whole = strlen(base) - 3; /* without ";\n" and the last bracket, which do matter */
	for (size_t n = 0; n <= whole; n++) {
		struct errs errs;
		errs_init(&errs);
		char *text = malloc(n ? n : 1); /* of this size exactly, so that a read past its end is seen */
		memcpy(text, base, n);
		CU_ASSERT_PTR_NULL(conf_load_text("t.conf", text, n, &errs));
		CU_ASSERT(errs.count > 0);
		free(text);
		errs_free(&errs);
	}
}

static void a_nul_byte_is_an_error(void)
{
	struct error_case c = { true, "run = \"/run/a\";\n", "" };
	char *said = errors_of(&c);
	CU_ASSERT_STRING_EQUAL(said, "");
	free(said);
	struct errs errs;
	errs_init(&errs);
	char text[sizeof base + 16];
	size_t len = (size_t)snprintf(text, sizeof text, "%s\n\nrun = 5;", base);
	text[strlen(base)] = '\0';
	CU_ASSERT_PTR_NULL(conf_load_text("t.conf", text, len, &errs));
	CU_ASSERT_EQUAL(errs.count, 2); /* and what stands behind it is read */
	CU_ASSERT_STRING_EQUAL(errs.text[0], "t.conf:7: byte 0x00 has no meaning here");
	CU_ASSERT_STRING_EQUAL(errs.text[1], "t.conf:8: run: must be a text in \"...\"");
	errs_free(&errs);
}

static void a_long_regex_is_an_error(void)
{
	char *text = NULL;
	struct error_case c = { true, NULL, "t.conf:7: checks[].expect: a regular expression has at most 1000 bytes\n" };
	CU_ASSERT_FATAL(asprintf(&text, "checks = ( { name = \"c\"; type = \"tcp\"; expect = \"%01001d\"; }, { name = \"d\"; type = \"tcp\"; expect = \"%01000d\"; } );\n", 0, 0) > 0);
	c.text = text;
	char *said = errors_of(&c);
	CU_ASSERT_STRING_EQUAL(said, c.errors);
	free(said);
	free(text);
}

UNIT_MAIN("conf_errors",
	UNIT_TEST(each_error_at_its_line),
	UNIT_TEST(a_file_cut_anywhere_is_an_error),
	UNIT_TEST(a_nul_byte_is_an_error),
	UNIT_TEST(a_long_regex_is_an_error))

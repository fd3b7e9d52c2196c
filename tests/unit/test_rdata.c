#include <ldns/ldns.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rdata.h"
#include "unit.h"
#include "zone_case.h"

/* The rdata that ldns makes of a whole record; size 0: it refuses. */
static size_t by_ldns(const char *type, const char *rdata, uint8_t *out)
{
	char *text;
	ldns_rr *rr = NULL;
	size_t len = 0;
	ldns_rdf *origin = ldns_dname_new_frm_str("example.com.");
	if (asprintf(&text, "x 300 IN %s %s", type, rdata) < 0)
		abort();
	if (ldns_rr_new_frm_str(&rr, text, 300, origin, NULL) == LDNS_STATUS_OK) {
		for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
			const ldns_rdf *f = ldns_rr_rdf(rr, i);
			if (ldns_rdf_size(f))
				memcpy(out + len, ldns_rdf_data(f), ldns_rdf_size(f));
			len += ldns_rdf_size(f);
		}
	}
	ldns_rr_free(rr);
	ldns_rdf_deep_free(origin);
	free(text);
	return len;
}

/* The one record "x TYPE RDATA", its rdata's length; -1: refused. */
static int by_us(const char *type, const char *rdata, uint8_t *out)
{
	char *text;
	struct zone_case c;
	bool soa = strcmp(type, "SOA") == 0; /* can't stand at x */
	if (asprintf(&text, soa ? "@ 300 %s %s\n NS ns" : CASE_HEAD "x %s %s\n", type, rdata) < 0)
		abort();
	case_read(&c, text, strlen(text));
	int len = -1;
	if (c.ok && c.nrecords == (soa ? 2 : 3)) {
		const struct zone_record *r = soa ? &c.records->record : &c.records->next->next->record;
		memcpy(out, r->rdata, r->rdata_len);
		len = r->rdata_len;
	} else {
		errs_print(&c.errs, stdout);
	}
	case_free(&c);
	free(text);
	return len;
}

static const struct { const char *type, *rdata; } same_as_ldns[] = {
	{ "A", "192.0.2.1" }, { "A", "255.255.255.255" }, { "A", "0.0.0.0" },
	{ "AAAA", "2001:db8::1" }, { "AAAA", "::" }, { "AAAA", "::ffff:192.0.2.1" },
	{ "NS", "ns.Example.NET." }, { "NS", "ns" }, { "NS", "@" }, { "NS", "a\\.b\\032c.d" }, { "NS", "." },
	{ "CNAME", "Target.example.net." }, { "PTR", "host" }, { "DNAME", "other.example." },
	{ "MD", "a" }, { "MF", "a" }, { "MB", "a" }, { "MG", "a" }, { "MR", "a" }, { "MINFO", "a b" }, { "RP", "a b." },
	{ "MX", "0 ." }, { "MX", "65535 mail" }, { "AFSDB", "1 a" }, { "RT", "10 a" }, { "KX", "10 a" }, { "LP", "10 a" },
	{ "PX", "10 a b" }, { "TALINK", "a b" },
	{ "SOA", "ns host 4294967295 1h 1h30m 4w 1d" }, { "SOA", "ns. host\\.x.y. 0 0 0 0 0" },
	{ "TXT", "a" }, { "TXT", "\"a b\" c \"d\\\"e\\\\f\" \\000\\255" }, { "TXT", "\"\"" }, { "TXT", "\"semi;colon (paren)\"" },
	{ "SPF", "\"v=spf1 -all\"" }, { "NINFO", "a b" }, { "AVC", "\"a\" b" },
	{ "HINFO", "\"a b\" c" }, { "X25", "311061700956" }, { "ISDN", "150862028003217" }, { "ISDN", "150862028003217 004" },
	{ "GPOS", "-32.6882 116.8652 10.0" },
	{ "NSAP", "0x47.0005.80.005a00.0000.0001.e133.ffffff000162.00" },
	{ "SRV", "1 2 65535 host" },
	{ "NAPTR", "100 50 \"s\" \"z3950+I2L+I2C\" \"\" _z3950._tcp" }, { "NAPTR", "1 2 u E2U+sip \"!^.*$!sip:a@b!\" ." },
	{ "CERT", "PGP 0 0 AQID" }, { "CERT", "1 65535 RSASHA256 AQIDBA==" },
	{ "APL", "1:192.168.32.0/21 !1:192.168.38.0/28" }, { "APL", "2:2001:db8::/32" }, { "APL", "1:0.0.0.0/0" },
	{ "DS", "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118" }, { "DS", "1 ECDSAP256SHA256 2 00 ff" },
	{ "CDS", "0 0 0 00" }, { "CDS", "0 0 0 0" }, { "DLV", "1 8 2 0011" }, { "TA", "1 8 2 0011" },
	{ "SSHFP", "1 1 dd465c09cfa51fb45020cc83316fff21b9ec74ac" },
	{ "IPSECKEY", "10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==" },
	{ "IPSECKEY", "10 0 2 . AQNR" }, { "IPSECKEY", "10 2 2 2001:db8::1 AQNR" }, { "IPSECKEY", "10 3 2 a.example.net. AQNR" },
	{ "RRSIG", "A 5 3 86400 20030322173103 20030220173103 2642 example.com. oJB1W6WNGv+ldvQ3WDG0 MQkg5IEhjRip8WTr" },
	{ "RRSIG", "TYPE65280 13 0 0 1 4294967295 0 . AQID" }, { "SIG", "A 5 3 86400 20030322173103 20030220173103 2642 a. AQID" },
	{ "KEY", "256 3 5 AQPSKmynfzW4" }, { "RKEY", "256 3 5 AQPSKmynfzW4" },
	{ "DNSKEY", "256 3 ECDSAP256SHA256 AQPS Kmyn fzW4" }, { "CDNSKEY", "0 3 0 AA==" },
	{ "NSEC", "host A MX RRSIG NSEC TYPE1234" }, { "NSEC", "." }, { "NSEC", "@ A" },
	{ "NSEC3", "1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG" },
	{ "NSEC3", "1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR" }, { "NSEC3PARAM", "1 0 12 aabbccdd" }, { "NSEC3PARAM", "1 0 0 -" },
	{ "DHCID", "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=" },
	{ "TLSA", "0 0 1 d2abde240d7cd3ee6b4b28c54df034b9 7983a1d16e8a410e4561cb106618e971" }, { "TLSA", "DANE-EE SPKI SHA2-256 00ff" },
	{ "SMIMEA", "3 1 1 00ff" }, { "OPENPGPKEY", "AQID BAUG" },
	{ "HIP", "2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cI" },
	{ "HIP", "2 200100107B1A74DF365639CC39F1D578 AwEAAbdx rvs.example.com. rvs2" },
	{ "CSYNC", "66 3 A NS AAAA" }, { "ZONEMD", "2018031500 1 1 FEBE3D4CE2EC2FFA4BA99D46CD69D6D29711E55217057BEE" },
	{ "SVCB", "1 . " }, { "SVCB", "0 alias" }, { "SVCB", "16 foo mandatory=alpn,ipv4hint alpn=h2,h3-19 ipv4hint=192.0.2.1" },
	{ "HTTPS", "1 . port=8443 alpn=\"h2,h3\" no-default-alpn ipv6hint=2001:db8::1,2001:db8::2 key667=\"hello\\210qoo\"" },
	{ "HTTPS", "1 x.example. ech=AEn+DQBFKwAgACABWIHUGj4u ipv4hint=\"192.0.2.1\"" }, { "SVCB", "1 . dohpath=/dns-query{?dns} key65000" },
	{ "NID", "10 0014:4fff:ff20:ee64" }, { "L32", "10 10.1.2.0" }, { "L64", "10 2001:0DB8:1140:1000" },
	{ "EUI48", "00-00-5e-00-53-2a" }, { "EUI64", "00-00-5e-ef-10-00-00-2A" },
	{ "URI", "10 1 \"ftp://ftp1.example.com/public\"" }, { "CAA", "0 issue \"letsencrypt.org\"" }, { "CAA", "128 tbs \"\"" },
	{ "DOA", "1 2 3 \"text/plain\" AQID" }, { "EID", "aabb" }, { "NIMLOC", "aabb cc" },
	{ "LOC", "42 21 54 N 71 06 18 W -24m 30m" }, { "LOC", "42 21 43.952 N 71 5 6.344 W -24m 1m 200m" },
	{ "LOC", "52 14 05 N 00 08 50 E 10m" }, { "LOC", "32 7 19 S 116 2 25 E 10m" }, { "LOC", "60 9 N 24 39 E 10m 20m 2000m 20m" },
	{ "LOC", "90 N 180 W 42849672.95m 90000000m 0.5m 12.34m" },
	{ "WKS", "192.0.2.1 TCP 25 80 443" }, { "WKS", "192.0.2.1 17 53" },
	{ "TYPE1", "192.0.2.1" }, { "TYPE65280", "\\# 4 0a000001" }, { "TYPE65280", "\\# 0" }, { "type65280", "\\# 3 ab cdef" },
	{ "NULL", "\\# 2 00ff" }, { "A", "\\# 4 c0000201" }, { "MX", "\\# 5 000a 01 6100" },
};

static void every_type(void)
{
	static uint8_t want[RDATA_MAX], got[RDATA_MAX];
	for (size_t i = 0; i < sizeof same_as_ldns / sizeof *same_as_ldns; i++) {
		const char *type = same_as_ldns[i].type, *rdata = same_as_ldns[i].rdata;
		if (!ldns_get_rr_type_by_name(type))
			continue; /* NINFO, RKEY, TA, AVC and DOA are not in every build of ldns */
		size_t want_len = by_ldns(type, rdata, want);
		int got_len = by_us(type, rdata, got);
		bool same = got_len == (int)want_len && memcmp(want, got, want_len) == 0;
		CU_ASSERT_TRUE(same);
		if (!same)
			printf("\n%s %s: %d bytes, ldns %zu\n", type, rdata, got_len, want_len);
	}
}

/* No type with a text form in ldns is missing from the list above. */
static void none_forgotten(void)
{
	for (unsigned type = 1; type < 65536; type++) {
		const ldns_rr_descriptor *desc = ldns_rr_descript((uint16_t)type);
		bool meta = rdata_type_is_meta((uint16_t)type), listed = false;
		if (!desc->_name || meta || ldns_rr_descriptor_field_type(desc, 0) == LDNS_RDF_TYPE_UNKNOWN || desc->_type != type)
			continue;
		for (size_t i = 0; i < sizeof same_as_ldns / sizeof *same_as_ldns; i++)
			listed = listed || strcmp(same_as_ldns[i].type, desc->_name) == 0;
		/* ldns has no text form for AMTRELAY, another rdata than the documents for three, and NXT's can't be read. */
		if (listed || strcmp(desc->_name, "AMTRELAY") == 0 || strcmp(desc->_name, "SINK") == 0 || strcmp(desc->_name, "ATMA") == 0 ||
		    strcmp(desc->_name, "NSAP-PTR") == 0 || strcmp(desc->_name, "NXT") == 0)
			continue;
		CU_FAIL("a type is missing from the table");
		printf("\n%s\n", desc->_name);
	}
}

/* What ldns can't do, or does otherwise; the rdata in hex. */
static const struct { const char *type, *rdata, *hex; } by_hand[] = {
	{ "AMTRELAY", "10 0 0 .", "0a00" }, { "AMTRELAY", "10 1 1 203.0.113.15", "0a81cb00710f" },
	{ "AMTRELAY", "10 0 2 2001:db8::15", "0a0220010db8000000000000000000000015" }, { "AMTRELAY", "128 1 3 amt", "808303616d74076578616d706c6503636f6d00" },
	{ "NSAP-PTR", "a.", "016100" }, { "CDNSKEY", "0 3 0 0", "0000030000" }, { "CAA", "0 issue ca.example.net", "0005697373756563612e6578616d706c652e6e6574" },
	{ "IPSECKEY", "10 3 2 gw AQNR", "0a0302026777076578616d706c6503636f6d00010351" }, /* ldns forgets the origin */
	{ "IPSECKEY", "10 0 2 . AQ NR", "0a0002010351" },
	{ "HTTPS", "0 @", "0000076578616d706c6503636f6d00" },
	{ "APL", "", "" }, { "NSEC", "a. ANY", "016100" "00" "20" "0000000000000000000000000000000000000000000000000000000000000001" },
	{ "TXT", "\"\\097\"b", "01610162" }, { "CSYNC", "66 3", "000000420003" }, { "CSYNC", "\\# 6 000000420003", "000000420003" },
	{ "CAA", "\\# 5 80 03 746273", "8003746273" },
};

static void made_by_hand(void)
{
	static uint8_t got[RDATA_MAX];
	for (size_t i = 0; i < sizeof by_hand / sizeof *by_hand; i++) {
		char hex[2 * 64 + 1] = "";
		int len = by_us(by_hand[i].type, by_hand[i].rdata, got);
		for (int k = 0; k < len && k < 64; k++)
			sprintf(hex + 2 * k, "%02x", got[k]);
		CU_ASSERT(len >= 0);
		CU_ASSERT_STRING_EQUAL(hex, by_hand[i].hex);
		if (strcmp(hex, by_hand[i].hex) != 0)
			printf("\n%s %s: %s\n", by_hand[i].type, by_hand[i].rdata, hex);
	}
}

static void largest(void)
{
	static uint8_t got[RDATA_MAX];
	char *text = malloc(300000), *o = text;
	/* 255 strings of 255 bytes and one of 254: 65535 bytes. */
	for (unsigned s = 0; s < 256; s++) {
		*o++ = '"';
		for (unsigned i = 0; i < (s < 255 ? 255u : 254u); i++)
			*o++ = 'x';
		o = stpcpy(o, "\" ");
	}
	CU_ASSERT_EQUAL(by_us("TXT", text, got), 65535);
	strcpy(o, "\"\"");
	CU_ASSERT_EQUAL(by_us("TXT", text, got), -1);
	o = stpcpy(text, "\\# 65535 ");
	memset(o, 'a', 2 * 65535);
	o[2 * 65535] = 0;
	CU_ASSERT_EQUAL(by_us("TYPE65280", text, got), 65535);
	strcpy(text, "AQID");
	for (o = text; o < text + 4 * 20000; o += 4)
		memcpy(o, "AQID", 5);
	CU_ASSERT_EQUAL(by_us("OPENPGPKEY", text, got), 60000);
	free(text);
}

static void periods(void)
{
	static const struct { const char *text; bool ok; uint64_t seconds; } cases[] = {
		{ "0", true, 0 }, { "3600", true, 3600 }, { "1h30m", true, 5400 }, { "1W2D3H4M5S", true, 788645 }, { "2147483647", true, 2147483647 },
		{ "1h30", false, 0 }, { "h", false, 0 }, { "", false, 0 }, { "1x", false, 0 }, { "-1", false, 0 }, { "1 h", false, 0 }, { "1.5h", false, 0 },
	};
	uint64_t n;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool ok = rdata_period(cases[i].text, strlen(cases[i].text), &n);
		CU_ASSERT_EQUAL(ok, cases[i].ok);
		CU_ASSERT(!ok || n == cases[i].seconds);
	}
	/* Too large ones don't wrap. */
	CU_ASSERT(rdata_period("99999999999", 11, &n) && n > TTL_MAX);
	CU_ASSERT(rdata_period("99999999999999999999999", 23, &n) && n > TTL_MAX);
	CU_ASSERT(rdata_period("30000000000000w", 15, &n) && n > TTL_MAX);
	CU_ASSERT(rdata_period("7101w", 5, &n) && n == 7101ull * 604800);
}

/* What ldns takes though it is wrong, and other errors, each at its column. "x TYPE " stands in front in line 3. */
static const struct error_case wrong[] = {
	{ "x A", "z:3:3: A needs an IPv4 address, but the record ends before it\n" },
	{ "x A 192.0.2", "z:3:5: \"192.0.2\" is no IPv4 address\n" },
	{ "x A 192.0.2.256", "z:3:5: \"192.0.2.256\" is no IPv4 address\n" },
	{ "x A 192.0.2.01", "z:3:5: \"192.0.2.01\" is no IPv4 address\n" },
	{ "x A 192.0.2.1.", "z:3:5: \"192.0.2.1.\" is no IPv4 address\n" },
	{ "x A 1..2.3", "z:3:5: \"1..2.3\" is no IPv4 address\n" },
	{ "x A 192.0.2.1 192.0.2.2", "z:3:15: more than the record takes: \"192.0.2.2\"\n" },
	{ "x A \"192.0.2.1\"", "z:3:6: an IPv4 address can't be in quotes\n" },
	{ "x AAAA 192.0.2.1", "z:3:8: \"192.0.2.1\" is no IPv6 address\n" },
	{ "x AAAA 2001:db8::1%lo", "z:3:8: \"2001:db8::1%lo\" is no IPv6 address\n" },
	{ "x NS a..b", "z:3:6: a domain name: empty label in name: \"a..b\"\n" },
	{ "x CNAME", "z:3:3: CNAME needs a domain name, but the record ends before it\n" },
	{ "x MX 65536 a", "z:3:6: the preference must be a number from 0 to 65535, not \"65536\"\n" },
	{ "x MX -1 a", "z:3:6: the preference must be a number from 0 to 65535, not \"-1\"\n" },
	{ "x MX mail", "z:3:6: the preference must be a number from 0 to 65535, not \"mail\"\n" },
	{ "x MX 10", "z:3:3: MX needs the exchange, but the record ends before it\n" },
	{ "x SRV 0 0 70000 a", "z:3:11: the port must be a number from 0 to 65535, not \"70000\"\n" },
	{ "x AFSDB 70000 a", "z:3:9: field 1 must be a number from 0 to 65535, not \"70000\"\n" },
	{ "x TXT", "z:3:3: TXT needs a string, but the record ends before it\n" },
	{ "x TXT a\\256", "z:3:8: bad escape: \\DDD takes 000 to 255\n" },
	{ "x TXT \"a\\25\"", "z:3:9: bad escape: \\DDD takes 000 to 255\n" },
	{ "x TXT a=\"b c\"", "z:3:7: a quote inside of a string: put all of it in quotes, or write \\\"\n" },
	{ "x NAPTR 1 2 u s \"\" a b", "z:3:22: more than the record takes: \"b\"\n" },
	{ "x DS 1 256 2 00", "z:3:8: field 2 must be a number from 0 to 255, not \"256\"\n" },
	{ "x DS 1 NOALG 2 00", "z:3:8: not valid as field 2: \"NOALG\"\n" },
	{ "x DS 1 8 2 001", "z:3:12: field 4 has an odd number of hex digits\n" },
	{ "x DS 1 8 2 00 zz", "z:3:12: not valid as hex digits: \"00\"\n" },
	{ "x DS 1 8 2", "z:3:3: DS needs field 4, but the record ends before it\n" },
	{ "x DNSKEY 256 3 8 A", "z:3:18: not valid as base64: \"A\"\n" },
	{ "x DNSKEY 256 3 8 \"AQID\"", "z:3:19: quotes can't stand here\n" },
	{ "x RRSIG NOTYPE 8 2 300 20300101000000 20200101000000 1 . AQID", "z:3:9: unknown type \"NOTYPE\"\n" },
	{ "x RRSIG A 8 2 300 20300230000000 20200101000000 1 . AQID", "z:3:19: field 5 must be a time as YYYYMMDDHHmmSS or in seconds, not \"20300230000000\"\n" },
	{ "x RRSIG A 8 2 300 4294967296 1 1 . AQID", "z:3:19: field 5 must be a time as YYYYMMDDHHmmSS or in seconds, not \"4294967296\"\n" },
	{ "x RRSIG A 8 2 4294967296 1 1 1 . AQID", "z:3:15: field 4 must be a number from 0 to 4294967295, not \"4294967296\"\n" },
	{ "x NSEC a. A NOTYPE", "z:3:13: unknown type \"NOTYPE\"\n" },
	{ "x NSEC3 1 0 0 abc 2t7b4g4vsa5smi47k61mv5bv1a22bojr", "z:3:15: the salt must be - or an even number of hex digits, at most 510\n" },
	{ "x NSEC3 1 0 0 - a A", "z:3:17: the next hashed owner must be base32hex without padding\n" },
	{ "x NSEC3 1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojz A", "z:3:17: the next hashed owner must be base32hex without padding\n" },
	{ "x TLSA 256 0 1 00", "z:3:8: field 1 must be a number from 0 to 255, not \"256\"\n" },
	{ "x SSHFP 1 1 ", "z:3:3: SSHFP needs field 3, but the record ends before it\n" },
	{ "x EUI48 00-00-5e-00-53", "z:3:9: must be 6 groups of hex digits with \"-\" between them, not \"00-00-5e-00-53\"\n" },
	{ "x EUI48 00-00-5e-00-53-+1", "z:3:9: must be 6 groups of hex digits with \"-\" between them, not \"00-00-5e-00-53-+1\"\n" },
	{ "x L64 10 2001:db8:1140", "z:3:10: must be 4 groups of hex digits with \":\" between them, not \"2001:db8:1140\"\n" },
	{ "x CAA 256 issue \"a\"", "z:3:7: field 1 must be a number from 0 to 255, not \"256\"\n" },
	{ "x CAA 0 is-sue \"a\"", "z:3:9: not valid as field 2: \"is-sue\"\n" },
	{ "x CAA 0 \"\" \"a\"", "z:3:10: field 2 is empty\n" },
	{ "x APL 1:192.0.2.0/33", "z:3:7: must be [!]1:IPV4/LENGTH or [!]2:IPV6/LENGTH, not \"1:192.0.2.0/33\"\n" },
	{ "x APL 3:a/1", "z:3:7: must be [!]1:IPV4/LENGTH or [!]2:IPV6/LENGTH, not \"3:a/1\"\n" },
	{ "x LOC 91 N 0 E 0", "z:3:7: the latitude must be DEGREES [MINUTES [SECONDS]] N|S, not \"91\" here\n" },
	{ "x LOC 90 1 N 0 E 0", "z:3:12: the latitude is more than 90 degrees\n" },
	{ "x LOC 1 60 N 0 E 0", "z:3:9: the latitude must be DEGREES [MINUTES [SECONDS]] N|S, not \"60\" here\n" },
	{ "x LOC 1 2 3.0001 N 0 E 0", "z:3:11: the latitude must be DEGREES [MINUTES [SECONDS]] N|S, not \"3.0001\" here\n" },
	{ "x LOC 1 N 1 E 42849672.96", "z:3:15: the altitude must be metres from -100000.00 to 42849672.95, not \"42849672.96\"\n" },
	{ "x LOC 1 N 1 E 1 90000000.01", "z:3:17: must be metres from 0 to 90000000.00, not \"90000000.01\"\n" },
	{ "x WKS 192.0.2.1 TCP nosuchservice", "z:3:21: unknown service \"nosuchservice\"\n" },
	{ "x WKS 192.0.2.1 256 1", "z:3:17: unknown protocol \"256\"\n" },
	{ "x NSAP 47", "z:3:8: must be 0x and pairs of hex digits, not \"47\"\n" },
	{ "x NSAP 0x.", "z:3:8: must be 0x and pairs of hex digits, not \"0x.\"\n" },
	{ "x NSAP 0x471", "z:3:8: must be 0x and pairs of hex digits, not \"0x471\"\n" },
	{ "x IPSECKEY 10 4 2 . AQ==", "z:3:15: the gateway type must be a number from 0 to 3, not \"4\"\n" },
	{ "x IPSECKEY 10 0 2 a AQ==", "z:3:19: must be \".\", as the type is 0\n" },
	{ "x HIP 256 00 AQID", "z:3:7: the algorithm must be a number from 0 to 255\n" },
	{ "x HIP 2 001 AQID", "z:3:9: the HIT must be an even number of hex digits\n" },
	{ "x SVCB 1 . port=70000", "z:3:12: port must be a number from 0 to 65535: \"port=70000\"\n" },
	{ "x SVCB 1 . port", "z:3:12: port must be a number from 0 to 65535: \"port\"\n" },
	{ "x SVCB 1 . alpn=h2 alpn=h2", "z:3:20: this key stands twice\n" },
	{ "x SVCB 1 . alpn=h2 key1=h3", "z:3:20: this key stands twice\n" },
	{ "x SVCB 1 . mandatory=alpn", "z:3:12: a key in mandatory is missing\n" },
	{ "x SVCB 1 . mandatory=alpn,alpn alpn=h2", "z:3:12: a key stands twice in mandatory: \"mandatory=alpn,alpn\"\n" },
	{ "x SVCB 1 . mandatory=mandatory", "z:3:12: mandatory must list other keys than itself, each once, in ascending order\n" },
	{ "x SVCB 1 . no-default-alpn", "z:3:12: no-default-alpn needs alpn\n" },
	{ "x SVCB 1 . no-default-alpn=x alpn=h2", "z:3:12: not a valid parameter: \"no-default-alpn=x\"\n" },
	{ "x SVCB 1 . ipv4hint=192.0.2", "z:3:12: not a valid parameter: \"ipv4hint=192.0.2\"\n" },
	{ "x SVCB 1 . ipv6hint=1111:2222:3333:4444:5555:6666:7777:8888:9999aa", "z:3:12: not an address: \"ipv6hint=1111:2222:3333:4444:5555:6666:7...\"\n" },
	{ "x SVCB 1 . nosuchkey=1", "z:3:12: unknown key in \"nosuchkey=1\"\n" },
	{ "x SVCB 1 . key65536=1", "z:3:12: unknown key in \"key65536=1\"\n" },
	{ "x SVCB 1 . \"alpn=h2\"", "z:3:13: must be key=value or key: \"alpn=h2\"\n" },
	{ "x SVCB 0 a alpn=h2", "z:3:12: priority 0 is an alias, which takes no parameters\n" },
	{ "x SVCB 65536 .", "z:3:8: field 1 must be a number from 0 to 65535, not \"65536\"\n" },
	{ "x TYPE65280 abc", "z:3:3: type TYPE65280 has no text form here: write its rdata as \\# LENGTH HEX\n" },
	{ "x NULL abc", "z:3:3: type NULL has no text form here: write its rdata as \\# LENGTH HEX\n" },
	{ "x TYPE65280 \\# 2 00", "z:3:16: the length is given as 2, but 1 bytes follow\n" },
	{ "x TYPE65280 \\# 1 0", "z:3:18: odd number of hex digits\n" },
	{ "x TYPE65280 \\# 1 0g", "z:3:18: \"0g\" is not hex digits\n" },
	{ "x TYPE65280 \\# 65536 00", "z:3:16: the rdata's length must be a number from 0 to 65535, not \"65536\"\n" },
	{ "x TYPE65280 \\#", "z:3:3: TYPE65280 needs the rdata's length, but the record ends before it\n" },
	/* Known types written that way must be whole, and their names not compressed. */
	{ "x A \\# 3 0a0000", "z:3:8: not the rdata of such a record: its fields don't fit\n" },
	{ "x A \\# 5 0a00000101", "z:3:8: not the rdata of such a record: its fields don't fit\n" },
	{ "x NS \\# 0", "z:3:9: not the rdata of such a record: its fields don't fit\n" },
	{ "x NS \\# 2 c000", "z:3:9: not the rdata of such a record: its fields don't fit\n" },
	{ "x NS \\# 4 0161c000", "z:3:9: not the rdata of such a record: its fields don't fit\n" },
	{ "x NS \\# 2 0161", "z:3:9: not the rdata of such a record: its fields don't fit\n" },
	{ "x MX \\# 2 000a", "z:3:9: not the rdata of such a record: its fields don't fit\n" },
	{ "x TXT \\# 2 0561", "z:3:10: not the rdata of such a record: its fields don't fit\n" },
	{ "x SVCB \\# 10 0001 00 0003 0003 000001", "z:3:11: not the rdata of such a record: port must be a number from 0 to 65535\n" },
	{ "x OPT \\# 0", "z:3:3: type OPT can't stand in a zone\n" },
	{ "x ANY 1", "z:3:3: type ANY can't stand in a zone\n" },
	{ "x AXFR 1", "z:3:3: type AXFR can't stand in a zone\n" },
	{ "x TSIG 1", "z:3:3: type TSIG can't stand in a zone\n" },
	{ "x TKEY 1", "z:3:3: type TKEY can't stand in a zone\n" },
	{ "x TYPE255 \\# 0", "z:3:3: type TYPE255 can't stand in a zone\n" },
	{ "x TYPE0 \\# 0", "z:3:3: type TYPE0 can't stand in a zone\n" },
	{ "x TYPE65536 \\# 0", "z:3:3: unknown type \"TYPE65536\"\n" },
	{ "x NOSUCH 1", "z:3:3: unknown type \"NOSUCH\"\n" },
};

static void wrong_ones(void)
{
	CASE_EXPECT_ALL(wrong);
}

/* A name of a SOA's number, so that a user finds it among seven. */
static void wrong_soa(void)
{
	static const struct error_case cases[] = {
		{ "@ 300 SOA ns host 4294967296 1 2 3 4\n NS ns", "z:1:19: the serial must be a number from 0 to 4294967295, not \"4294967296\"\n" },
		{ "@ 300 SOA ns host (\n 1 2 3 4 ; five is missing\n )\n NS ns", "z:1:7: SOA needs minimum, but the record ends before it\n" },
		{ "@ 300 SOA ns host 1 2 3 4 2147483648\n NS ns", "z:1:27: minimum is more than 2147483647 seconds: \"2147483648\"\n" },
		{ "@ 300 SOA ns host 1 2 x 4 5\n NS ns", "z:1:23: retry must be a time like 3600 or 1h30m, not \"x\"\n" },
		{ "@ 300 SOA \"ns\" host 1 2 3 4 5\n NS ns", "z:1:12: the primary server's name can't be in quotes\n" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct zone_case c;
		case_read(&c, cases[i].lines, strlen(cases[i].lines));
		char *got = case_errors(&c);
		CU_ASSERT_STRING_EQUAL(got, cases[i].want);
		if (strcmp(got, cases[i].want) != 0)
			printf("\n--- wanted:\n%s--- got:\n%s", cases[i].want, got);
		free(got);
		case_free(&c);
	}
}

UNIT_MAIN("rdata", UNIT_TEST(every_type), UNIT_TEST(none_forgotten), UNIT_TEST(made_by_hand), UNIT_TEST(largest), UNIT_TEST(periods),
          UNIT_TEST(wrong_ones), UNIT_TEST(wrong_soa))

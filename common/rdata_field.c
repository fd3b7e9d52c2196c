#include "rdata.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ldns/ldns.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include "rdata_special.h"

/* "field 3" for an error text. */
#define FIELD_NAME_MAX 32
static const char *field_name(size_t index, char out[FIELD_NAME_MAX])
{
	snprintf(out, FIELD_NAME_MAX, "field %zu", index + 1);
	return out;
}

/* Adds a token, or only a part of it, to the scratch text (NUL-terminated, `*len` bytes so far). */
static bool add_text(struct rdata_maker *m, const struct zone_token *t, size_t *len)
{
	if (t->quoted)
		return rdata_fail(m, t, "quotes can't stand here");
	if (*len + t->len + 2 > sizeof m->scratch->text) /* a blank and the NUL may follow */
		return rdata_fail(m, t, "rdata is longer than %u bytes", RDATA_MAX);
	memcpy(m->scratch->text + *len, t->text, t->len);
	*len += t->len;
	m->scratch->text[*len] = 0;
	return true;
}

/* Puts what ldns makes of the scratch text, which came from the token `at`. */
static bool put_scratch(struct rdata_maker *m, ldns_rdf_type type, const struct zone_token *at, const char *what)
{
	char show[ZONE_SHOW_MAX];
	errno = 0; /* ldns looks at it without setting it (HIP) */
	ldns_rdf *rdf = ldns_rdf_new_frm_str(type, m->scratch->text);
	if (!rdf)
		return rdata_fail(m, at, "not valid as %s: \"%s\"", what, zone_show(at, show));
	if (ldns_rdf_size(rdf))
		wire_write(&m->out, ldns_rdf_data(rdf), ldns_rdf_size(rdf));
	ldns_rdf_deep_free(rdf);
	return true;
}

/* One token, read by ldns. */
static bool put_ldns(struct rdata_maker *m, ldns_rdf_type type, const char *what)
{
	size_t len = 0;
	const struct zone_token *t = rdata_next(m, what);
	return t && add_text(m, t, &len) && put_scratch(m, type, t, what);
}

/* A number, or a name that ldns knows for one (algorithms, certificate types, TLSA fields). */
static bool put_mnemonic(struct rdata_maker *m, ldns_rdf_type type, uint64_t max, size_t bytes, const char *what)
{
	const struct rdata_source *s = m->source;
	bool number = m->next < s->count && s->tokens[m->next].len && strchr("0123456789+-", s->tokens[m->next].text[0]);
	return number ? rdata_put_number(m, what, max, bytes) : put_ldns(m, type, what);
}

/* All tokens that are left, joined: hex and base64 may be cut into several (RFC 4034 section 2.2). */
static bool put_joined(struct rdata_maker *m, ldns_rdf_type type, const char *what)
{
	size_t len = 0;
	const struct zone_token *first = rdata_next(m, what), *t = first;
	while (t) {
		if (!add_text(m, t, &len))
			return false;
		t = m->next < m->source->count ? rdata_next(m, what) : NULL;
	}
	if (!first)
		return false;
	uint16_t record = m->source->type;
	if ((record == LDNS_RR_TYPE_CDS || record == LDNS_RR_TYPE_CDNSKEY) && strcmp(m->scratch->text, "0") == 0) {
		wire_write8(&m->out, 0); /* "delete", as RFC 8078 section 4 writes it */
		return true;
	}
	if (type == LDNS_RDF_TYPE_HEX && len % 2)
		return rdata_fail(m, first, "%s has an odd number of hex digits", what);
	return put_scratch(m, type, first, type == LDNS_RDF_TYPE_HEX ? "hex digits" : "base64");
}

static bool put_type(struct rdata_maker *m, const char *what)
{
	char show[ZONE_SHOW_MAX];
	const struct zone_token *t = rdata_next(m, what);
	if (!t)
		return false;
	int type = rdata_type(t);
	if (type < 0)
		return rdata_fail(m, t, "unknown type \"%s\"", zone_show(t, show));
	wire_write16(&m->out, (uint16_t)type);
	return true;
}

/* Tokens that are fixed groups of hex digits, "00-00-5e-90-01-20" or "0014:4fff:ff20:ee64"; sscanf in ldns takes signs. */
static bool put_groups(struct rdata_maker *m, ldns_rdf_type type, size_t groups, size_t least, size_t most, char between)
{
	char show[ZONE_SHOW_MAX];
	const struct zone_token *t = m->next < m->source->count ? &m->source->tokens[m->next] : NULL;
	size_t found = 0, digits = 0;
	for (size_t i = 0; t && i <= t->len; i++) {
		char c = i < t->len ? t->text[i] : between;
		if (c == between && digits >= least && digits <= most) {
			found++;
			digits = 0;
		} else if (c && strchr("0123456789abcdefABCDEF", c)) {
			digits++;
		} else {
			found = groups + 1;
			break;
		}
	}
	if (t && found != groups)
		return rdata_fail(m, t, "must be %zu groups of hex digits with \"%c\" between them, not \"%s\"", groups, between, zone_show(t, show));
	return put_ldns(m, type, "an identifier");
}

static bool put_tag(struct rdata_maker *m, const char *what)
{
	if (m->next < m->source->count && m->source->tokens[m->next].len == 0)
		return rdata_fail(m, &m->source->tokens[m->next], "%s is empty", what);
	return put_ldns(m, LDNS_RDF_TYPE_TAG, what);
}

/* Protocol and services of WKS; ldns takes an unknown service for port 0. */
static bool put_wks(struct rdata_maker *m)
{
	char name[64], show[ZONE_SHOW_MAX];
	uint64_t number;
	size_t len = 0, first = m->next;
	for (; m->next < m->source->count; m->next++) {
		const struct zone_token *t = &m->source->tokens[m->next];
		snprintf(name, sizeof name, "%.*s", (int)(t->len < sizeof name ? t->len : 0), t->text);
		bool protocol = m->next == first;
		if (!zone_number(t->text, t->len, protocol ? 255 : 65535, &number) &&
		    !(protocol ? getprotobyname(name) != NULL : getservbyname(name, NULL) != NULL))
			return rdata_fail(m, t, "unknown %s \"%s\"", protocol ? "protocol" : "service", zone_show(t, show));
		if (!add_text(m, t, &len))
			return false;
		m->scratch->text[len++] = ' ';
		m->scratch->text[len] = 0;
	}
	return put_scratch(m, LDNS_RDF_TYPE_WKS, m->source->type_token, "a protocol and its services");
}

/* Algorithm, HIT, key; ldns reads them as one field. The servers behind are fields of their own. */
static bool put_hip(struct rdata_maker *m)
{
	size_t len = 0;
	uint64_t number;
	const struct zone_token *t[3];
	for (size_t i = 0; i < 3; i++) {
		if (!(t[i] = rdata_next(m, "an algorithm, a HIT and a key")) || !add_text(m, t[i], &len))
			return false;
		m->scratch->text[len++] = i < 2 ? ' ' : 0;
		m->scratch->text[len] = 0;
	}
	if (!zone_number(t[0]->text, t[0]->len, 255, &number))
		return rdata_fail(m, t[0], "the algorithm must be a number from 0 to 255");
	if (t[1]->len == 0 || t[1]->len % 2 || t[1]->len > 510 || strspn(t[1]->text, "0123456789abcdefABCDEF") < t[1]->len)
		return rdata_fail(m, t[1], "the HIT must be an even number of hex digits");
	return put_scratch(m, LDNS_RDF_TYPE_HIP, t[2], "a HIP key");
}

static bool no_text_form(struct rdata_maker *m)
{
	const struct zone_token *t = m->source->type_token;
	char show[ZONE_SHOW_MAX];
	return rdata_fail(m, t, "type %s has no text form here: write its rdata as \\# LENGTH HEX", zone_show(t, show));
}

static bool put_field(struct rdata_maker *m, ldns_rdf_type type, bool last, const char *what)
{
	switch (type) {
	case LDNS_RDF_TYPE_DNAME:
		return rdata_put_name(m, "a domain name");
	case LDNS_RDF_TYPE_INT8:
		return rdata_put_number(m, what, UINT8_MAX, 1);
	case LDNS_RDF_TYPE_INT16:
		return rdata_put_number(m, what, UINT16_MAX, 2);
	case LDNS_RDF_TYPE_INT32:
		return rdata_put_number(m, what, UINT32_MAX, 4);
	case LDNS_RDF_TYPE_PERIOD:
		return rdata_put_period(m, what, UINT32_MAX);
	case LDNS_RDF_TYPE_A:
		return rdata_put_a(m);
	case LDNS_RDF_TYPE_AAAA:
		return rdata_put_aaaa(m);
	case LDNS_RDF_TYPE_STR:
		return rdata_put_string(m, what);
	case LDNS_RDF_TYPE_LONG_STR:
		return rdata_put_long_string(m, what);
	case LDNS_RDF_TYPE_TAG:
		return put_tag(m, what);
	case LDNS_RDF_TYPE_TYPE:
		return put_type(m, what);
	case LDNS_RDF_TYPE_TIME:
		return rdata_put_time(m, what);
	case LDNS_RDF_TYPE_NSEC:
		return rdata_put_bitmap(m);
	case LDNS_RDF_TYPE_NSEC3_SALT:
		return rdata_put_salt(m);
	case LDNS_RDF_TYPE_NSEC3_NEXT_OWNER:
		return rdata_put_base32(m);
	case LDNS_RDF_TYPE_ILNP64:
		return put_groups(m, type, 4, 1, 4, ':');
	case LDNS_RDF_TYPE_EUI48:
		return put_groups(m, type, 6, 2, 2, '-');
	case LDNS_RDF_TYPE_EUI64:
		return put_groups(m, type, 8, 2, 2, '-');
	case LDNS_RDF_TYPE_CERT_ALG:
		return put_mnemonic(m, type, UINT16_MAX, 2, what);
	case LDNS_RDF_TYPE_ALG:
	case LDNS_RDF_TYPE_CERTIFICATE_USAGE:
	case LDNS_RDF_TYPE_SELECTOR:
	case LDNS_RDF_TYPE_MATCHING_TYPE:
		return put_mnemonic(m, type, UINT8_MAX, 1, what);
	case LDNS_RDF_TYPE_B64:
	case LDNS_RDF_TYPE_HEX:
		return last ? put_joined(m, type, what) : put_ldns(m, type, what);
	case LDNS_RDF_TYPE_APL:
		return rdata_put_apl(m);
	case LDNS_RDF_TYPE_LOC:
		return rdata_put_loc(m);
	case LDNS_RDF_TYPE_WKS:
		return put_wks(m);
	case LDNS_RDF_TYPE_HIP:
		return put_hip(m);
	case LDNS_RDF_TYPE_NSAP:
		return rdata_put_nsap(m);
	case LDNS_RDF_TYPE_IPSECKEY:
		return rdata_put_gateway(m) && put_joined(m, LDNS_RDF_TYPE_B64, "a public key");
	case LDNS_RDF_TYPE_SVCPARAMS:
		return rdata_put_svcparams(m);
	default:
		return no_text_form(m);
	}
}

bool rdata_put_fields(struct rdata_maker *m)
{
	char what[FIELD_NAME_MAX];
	const struct rdata_source *s = m->source;
	if (s->type == LDNS_RR_TYPE_NSAP_PTR) /* ldns takes it for a string */
		return rdata_put_name(m, "a domain name");
	if (s->type == TYPE_AMTRELAY)
		return rdata_put_relay(m);
	if (s->type == LDNS_RR_TYPE_SINK || s->type == LDNS_RR_TYPE_ATMA) /* ldns makes other rdata than their documents say */
		return no_text_form(m);
	const ldns_rr_descriptor *desc = ldns_rr_descript(s->type);
	size_t least = ldns_rr_descriptor_minimum(desc), most = ldns_rr_descriptor_maximum(desc);
	if (ldns_rr_descriptor_field_type(desc, 0) == LDNS_RDF_TYPE_UNKNOWN)
		return no_text_form(m);
	for (size_t i = 0; i < most; i++) {
		if (i >= least && m->next >= s->count)
			break;
		if (!put_field(m, ldns_rr_descriptor_field_type(desc, i), i + 1 == most, field_name(i, what)))
			return false;
	}
	return true;
}

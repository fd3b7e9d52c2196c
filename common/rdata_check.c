#include "rdata.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>
#include "dname.h"
#include "rdata_special.h"

/* All fields of `rr` one behind the other are exactly `rdata`. */
static bool fields_are(const ldns_rr *rr, const uint8_t *rdata, size_t len)
{
	size_t at = 0;
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *f = ldns_rr_rdf(rr, i);
		size_t n = ldns_rdf_size(f);
		if (n > len - at || (n && memcmp(rdata + at, ldns_rdf_data(f), n) != 0))
			return false;
		at += n;
	}
	return at == len;
}

/* ldns makes no field of what has no bytes. A last field of these kinds may have none (RFC 8659 section 4.1; KEY without a key; CSYNC of nothing). */
static bool enough_fields(const ldns_rr_descriptor *desc, size_t count)
{
	size_t least = ldns_rr_descriptor_minimum(desc);
	ldns_rdf_type last = least ? ldns_rr_descriptor_field_type(desc, least - 1) : LDNS_RDF_TYPE_NONE;
	return count >= least || (count + 1 == least &&
	       (last == LDNS_RDF_TYPE_LONG_STR || last == LDNS_RDF_TYPE_B64 || last == LDNS_RDF_TYPE_NSEC));
}

/* Reads `wire` (length and rdata) as ldns does. A compressed name reads as something else than it is, which fields_are sees. */
static const char *parse_wrong(uint16_t type, const uint8_t *wire, size_t len)
{
	size_t at = 0;
	const ldns_rr_descriptor *desc = ldns_rr_descript(type);
	ldns_rr *rr = ldns_rr_new();
	if (!rr)
		return "no memory";
	ldns_rr_set_type(rr, type);
	bool read = ldns_wire2rdf(rr, wire, len, &at) == LDNS_STATUS_OK;
	bool whole = read && enough_fields(desc, ldns_rr_rd_count(rr)) && fields_are(rr, wire + 2, len - 2);
	ldns_rr_free(rr);
	return whole ? NULL : "its fields don't fit";
}

/* SVCB and HTTPS: priority, name, parameters. The name was found well-formed. */
static const char *svcb_wrong(const uint8_t *rdata, size_t len)
{
	size_t head = 2 + dname_len(rdata + 2);
	if (wire_get16(rdata) == 0 && len > head)
		return "priority 0 is an alias, which takes no parameters";
	return rdata_svcparams_wrong(rdata + head, len - head);
}

const char *rdata_wrong(uint16_t type, const uint8_t *rdata, size_t len)
{
	const ldns_rr_descriptor *desc = ldns_rr_descript(type);
	if (ldns_rr_descriptor_field_type(desc, 0) == LDNS_RDF_TYPE_UNKNOWN || type == LDNS_RR_TYPE_SINK || type == LDNS_RR_TYPE_ATMA)
		return NULL; /* any bytes do */
	if (type == LDNS_RR_TYPE_NSAP_PTR)
		return dname_valid(rdata, len) ? NULL : "not a domain name";
	uint8_t *wire = malloc(len + 2);
	if (!wire)
		return "no memory";
	wire_set16(wire, (uint16_t)len);
	if (len)
		memcpy(wire + 2, rdata, len);
	const char *why = parse_wrong(type, wire, len + 2);
	free(wire);
	if (!why && (type == TYPE_SVCB || type == TYPE_HTTPS))
		why = svcb_wrong(rdata, len);
	return why;
}

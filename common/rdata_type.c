#include "rdata_type.h"

#include <ldns/ldns.h>
#include <string.h>

/* The types of which zones have millions; ldns knows the others. */
static const struct { char name[6]; uint8_t len; uint16_t type; } common_types[] = {
	{ "A", 1, TYPE_A }, { "AAAA", 4, TYPE_AAAA }, { "NS", 2, TYPE_NS }, { "CNAME", 5, TYPE_CNAME }, { "PTR", 3, TYPE_PTR },
	{ "MX", 2, TYPE_MX }, { "TXT", 3, TYPE_TXT }, { "SOA", 3, TYPE_SOA }, { "SRV", 3, TYPE_SRV },
};

int rdata_type(const struct zone_token *t)
{
	char name[24];
	uint64_t number;
	if (t->quoted)
		return -1;
	for (size_t i = 0; i < sizeof common_types / sizeof *common_types; i++)
		if (t->len == common_types[i].len && strncasecmp(t->text, common_types[i].name, t->len) == 0)
			return common_types[i].type;
	if (t->len >= sizeof name || memchr(t->text, '\\', t->len))
		return -1;
	if (t->len > 4 && strncasecmp(t->text, "TYPE", 4) == 0)
		return zone_number(t->text + 4, t->len - 4, 65535, &number) ? (int)number : -1;
	memcpy(name, t->text, t->len);
	name[t->len] = 0;
	if (strcasecmp(name, "AMTRELAY") == 0) /* not in every build of ldns */
		return TYPE_AMTRELAY;
	int type = (int)ldns_get_rr_type_by_name(name);
	return type ? type : -1;
}

bool rdata_type_is_meta(uint16_t type)
{
	return type == 0 || type == TYPE_OPT || (type >= 128 && type <= 255); /* RFC 6895 section 3.1 */
}

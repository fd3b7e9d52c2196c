#include "select_why.h"

const char *trace_out_name(enum trace_out why)
{
	static const char *const names[] = {
		[TRACE_IN] = "in", [TRACE_OUT_SITE] = "site", [TRACE_OUT_DOWN] = "down", [TRACE_OUT_DRAIN] = "drain",
		[TRACE_OUT_UNKNOWN] = "unknown", [TRACE_OUT_BACKUP] = "backup", [TRACE_OUT_HOLD] = "hold",
		[TRACE_OUT_WEIGHT] = "weight", [TRACE_OUT_SHED] = "shed", [TRACE_OUT_NO_BACKUP] = "no-backup", [TRACE_OUT_RULE] = "rule",
	};

	return (unsigned)why < sizeof names / sizeof *names ? names[why] : "?";
}

const char *trace_skip_name(enum trace_skip why)
{
	static const char *const names[] = {
		[TRACE_USED] = "used", [TRACE_SKIP_HOURS] = "hours", [TRACE_SKIP_DAYS] = "days", [TRACE_SKIP_SITES] = "sites",
		[TRACE_SKIP_FROM] = "from", [TRACE_SKIP_COUNTRY] = "country", [TRACE_SKIP_CONTINENT] = "continent", [TRACE_SKIP_ASN] = "asn",
	};

	return (unsigned)why < sizeof names / sizeof *names ? names[why] : "?";
}

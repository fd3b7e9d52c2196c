#include "exchange_reason.h"

#include <stdatomic.h>

static _Atomic(uint64_t) counts[EXCHANGE_REASONS];

const char *exchange_reason_name(enum exchange_reason r)
{
	static const char *const names[EXCHANGE_REASONS] = {
		[EXCHANGE_TAKEN] = "taken", [EXCHANGE_NOT_NEWER] = "not-newer", [EXCHANGE_UNKNOWN] = "unknown-member",
		[EXCHANGE_OWN_NAME] = "own-name", [EXCHANGE_FULL] = "limit", [EXCHANGE_MALFORMED] = "malformed",
		[EXCHANGE_REFUSED] = "not-permitted", [EXCHANGE_NOT_ZONE] = "not-our-zone", [EXCHANGE_BADKEY] = "badkey",
		[EXCHANGE_BADSIG] = "badsig", [EXCHANGE_BADTIME] = "badtime", [EXCHANGE_BADTRUNC] = "badtrunc",
		[EXCHANGE_UNSIGNED] = "unsigned", [EXCHANGE_TOO_LONG] = "too-long", [EXCHANGE_NO_ROOM] = "no-room",
	};
	return (unsigned)r < EXCHANGE_REASONS ? names[r] : "unknown";
}

uint64_t exchange_count_one(enum exchange_reason r)
{
	return atomic_fetch_add_explicit(&counts[r], 1, memory_order_relaxed) + 1;
}

uint64_t exchange_count(enum exchange_reason r)
{
	return atomic_load_explicit(&counts[r], memory_order_relaxed);
}

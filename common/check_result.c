#include "check.h"

#include <stdio.h>

static const char *const result_names[RESULT_COUNT] = {
	[RESULT_NONE] = "not checked yet",
	[RESULT_UNCHECKED] = "none",
	[RESULT_L4_CONNECTED] = "L4 connected",
	[RESULT_L7_OK] = "L7 ok",
	[RESULT_L7_STATUS] = "L7 status",
	[RESULT_L3_RESOLVE] = "L3 resolve",
	[RESULT_L4_REFUSED] = "L4 refused",
	[RESULT_L4_TIMEOUT] = "L4 timeout",
	[RESULT_L4_UNREACHABLE] = "L4 unreachable",
	[RESULT_L4_RESET] = "L4 reset",
	[RESULT_L4_CLOSED] = "L4 closed",
	[RESULT_L4_ERROR] = "L4 error",
	[RESULT_L7_TIMEOUT] = "L7 timeout",
	[RESULT_L7_NO_RESPONSE] = "L7 no response",
	[RESULT_L7_RESET] = "L7 reset",
	[RESULT_L7_MALFORMED] = "L7 malformed",
	[RESULT_L7_TOO_LONG] = "L7 too long",
	[RESULT_L7_BAD_STATUS] = "L7 status",
	[RESULT_L7_BODY] = "L7 body",
	[RESULT_L7_EXPECT] = "L7 expect",
};

const char *check_result_name(enum check_result r)
{
	return (unsigned)r < RESULT_COUNT ? result_names[r] : result_names[RESULT_NONE];
}

const char *check_result_text(enum check_result r, uint32_t detail, char out[CHECK_RESULT_TEXT_MAX])
{
	bool counted = r == RESULT_L7_STATUS || r == RESULT_L7_BAD_STATUS || r == RESULT_L4_ERROR;
	if (counted)
		snprintf(out, CHECK_RESULT_TEXT_MAX, "%s %u", check_result_name(r), (unsigned)detail);
	else
		snprintf(out, CHECK_RESULT_TEXT_MAX, "%s", check_result_name(r));
	return out;
}

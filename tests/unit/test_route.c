/* route: the whole table of chapter 8, every combination of inputs against the table's rows. */
#include "unit.h"
#include <string.h>
#include "../../fwd/route.h"

#define ARRAY(a) (sizeof(a) / sizeof *(a))

static void test_cases(void)
{
	static const struct { struct route_input in; enum route want; } cases[] = {
		/* case 1: never forwarded on, whatever else holds */
		{ { .from_site = true, .server_up = true }, ROUTE_LOCAL },
		{ { .from_site = true, .server_up = true, .sessions = 9, .capacity = 9, .peer_for_relay = true }, ROUTE_LOCAL },
		{ { .from_site = true, .protocol = FWD_HTTP, .peer_for_redirect = true, .peer_for_relay = true }, ROUTE_RESET },
		{ { .from_site = true, .protocol = FWD_TCP, .peer_for_relay = true }, ROUTE_RESET },
		{ { .from_site = true, .server_up = true, .own_set_down = true, .peer_for_relay = true }, ROUTE_RESET },
		/* case 2 */
		{ { .server_up = true, .protocol = FWD_HTTP, .peer_for_redirect = true }, ROUTE_LOCAL },
		{ { .server_up = true, .protocol = FWD_TCP }, ROUTE_LOCAL },
		{ { .server_up = true, .sessions = 8, .capacity = 9, .protocol = FWD_TCP }, ROUTE_LOCAL },
		{ { .server_up = true, .sessions = 4000000000u, .capacity = 0, .protocol = FWD_TCP }, ROUTE_LOCAL },
		/* case 3 */
		{ { .protocol = FWD_HTTP, .peer_for_redirect = true }, ROUTE_REQUEST },
		{ { .protocol = FWD_HTTP, .peer_for_relay = true }, ROUTE_REQUEST },
		{ { .server_up = true, .sessions = 9, .capacity = 9, .protocol = FWD_HTTP, .peer_for_redirect = true }, ROUTE_REQUEST },
		{ { .server_up = true, .own_set_down = true, .protocol = FWD_HTTP, .peer_for_redirect = true }, ROUTE_REQUEST },
		/* case 4 */
		{ { .protocol = FWD_TCP, .peer_for_relay = true }, ROUTE_RELAY },
		{ { .server_up = true, .sessions = 10, .capacity = 9, .protocol = FWD_TCP, .peer_for_relay = true }, ROUTE_RELAY },
		{ { .server_up = true, .own_set_down = true, .protocol = FWD_TCP, .peer_for_relay = true }, ROUTE_RELAY },
		/* case 5 */
		{ { .protocol = FWD_HTTP }, ROUTE_UNAVAILABLE },
		{ { .protocol = FWD_TCP }, ROUTE_RESET },
		{ { .protocol = FWD_TCP, .peer_for_redirect = true }, ROUTE_RESET },
		{ { .server_up = true, .sessions = 9, .capacity = 9, .protocol = FWD_HTTP }, ROUTE_UNAVAILABLE },
	};

	for (size_t i = 0; i < ARRAY(cases); i++) {
		CU_ASSERT_EQUAL(route_connection(&cases[i].in), cases[i].want);
		if (route_connection(&cases[i].in) != cases[i].want)
			printf("\n    case %zu: %s", i, route_name(route_connection(&cases[i].in)));
	}
}

/* Over all inputs: nothing from a site goes on, and nobody with a usable server or peer is turned away. */
static void test_promises(void)
{
	for (unsigned bits = 0; bits < 128; bits++) {
		struct route_input in = {
			.from_site = bits & 1, .server_up = bits & 2, .own_set_down = bits & 4, .capacity = 1, .sessions = bits & 8 ? 1 : 0,
			.protocol = bits & 16 ? FWD_HTTP : FWD_TCP, .peer_for_redirect = bits & 32, .peer_for_relay = bits & 64,
		};
		enum route r = route_connection(&in);

		if (in.from_site)
			CU_ASSERT(r == ROUTE_LOCAL || r == ROUTE_RESET);
		if (r == ROUTE_LOCAL)
			CU_ASSERT(in.server_up && !in.own_set_down);
		if (r == ROUTE_REQUEST || r == ROUTE_UNAVAILABLE)
			CU_ASSERT(in.protocol == FWD_HTTP);
		if (r == ROUTE_RELAY)
			CU_ASSERT(in.peer_for_relay && in.protocol == FWD_TCP);
		if (!in.from_site && (r == ROUTE_RESET || r == ROUTE_UNAVAILABLE))
			CU_ASSERT(!in.peer_for_relay && (!in.server_up || in.own_set_down || in.sessions >= in.capacity));
		CU_ASSERT(route_name(r) && *route_name(r));
	}
}

static void test_requests(void)
{
	static const struct { struct route_request_input in; enum route_request want; unsigned status; } cases[] = {
		{ { .verdict = HTTP_ERROR, .status = 431, .peer_for_redirect = true, .peer_for_relay = true }, ROUTE_REQUEST_STATUS, 431 },
		{ { .verdict = HTTP_ERROR, .status = 400 }, ROUTE_REQUEST_STATUS, 400 },
		{ { .verdict = HTTP_RELAY, .peer_for_redirect = true, .peer_for_relay = true }, ROUTE_REQUEST_RELAY, 0 },
		{ { .verdict = HTTP_RELAY, .http1 = true, .check = REDIRECT_CHECK_RELAY, .peer_for_relay = true }, ROUTE_REQUEST_RELAY, 0 },
		{ { .verdict = HTTP_RELAY, .http1 = true, .check = REDIRECT_CHECK_MISDIRECTED, .peer_for_relay = true }, ROUTE_REQUEST_STATUS, 421 },
		{ { .verdict = HTTP_RELAY, .peer_for_redirect = true }, ROUTE_REQUEST_RESET, 0 },
		{ { .verdict = HTTP_RELAY, .http1 = true, .peer_for_redirect = true }, ROUTE_REQUEST_STATUS, 503 },
		{ { .verdict = HTTP_HEAD, .check = REDIRECT_CHECK_SEND, .peer_for_redirect = true, .peer_for_relay = true }, ROUTE_REQUEST_REDIRECT, 0 },
		{ { .verdict = HTTP_HEAD, .check = REDIRECT_CHECK_SEND }, ROUTE_REQUEST_STATUS, 503 },
		{ { .verdict = HTTP_HEAD, .check = REDIRECT_CHECK_RELAY, .peer_for_redirect = true, .peer_for_relay = true }, ROUTE_REQUEST_RELAY, 0 },
		{ { .verdict = HTTP_HEAD, .check = REDIRECT_CHECK_RELAY, .peer_for_redirect = true }, ROUTE_REQUEST_STATUS, 503 },
		{ { .verdict = HTTP_HEAD, .check = REDIRECT_CHECK_MISDIRECTED, .peer_for_redirect = true, .peer_for_relay = true }, ROUTE_REQUEST_STATUS, 421 },
		{ { .verdict = HTTP_HEAD, .check = REDIRECT_CHECK_MISDIRECTED }, ROUTE_REQUEST_STATUS, 421 },
	};

	for (size_t i = 0; i < ARRAY(cases); i++) {
		unsigned status = 0;

		CU_ASSERT_EQUAL(route_request(&cases[i].in, &status), cases[i].want);
		if (cases[i].want == ROUTE_REQUEST_STATUS)
			CU_ASSERT_EQUAL(status, cases[i].status);
	}
}

UNIT_MAIN("route",
	UNIT_TEST(test_cases),
	UNIT_TEST(test_promises),
	UNIT_TEST(test_requests))

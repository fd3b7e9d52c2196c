#include "end.h"

static const struct { const char *text; bool reset_client, reset_server; } ends[END_COUNT] = {
	[END_DONE] = { "done", false, false },
	[END_CLIENT_RESET] = { "client reset", true, true },
	[END_SERVER_RESET] = { "server reset", true, true },
	[END_ANSWERED] = { "answered", false, false },
	[END_CLIENT_TIMEOUT] = { "client timeout", false, false },
	[END_IDLE] = { "idle timeout", false, false },
	[END_UNSERVED] = { "unserved", true, true },
	[END_DRAIN] = { "drain timeout", true, true },
	[END_RESOURCES] = { "out of resources", true, true },
	[END_BAD_PROXY] = { "bad PROXY header", true, true },
	[END_SERVER_DOWN] = { "server down", true, true },
	[END_EVICTED] = { "evicted", true, true },
	[END_BAD_HELLO] = { "bad TLS hello", true, true },
	[END_BAD_HANDSHAKE] = { "TLS handshake failed", false, true },
	[END_PEER_HANDSHAKE] = { "TLS handshake with a peer failed", true, true },
	[END_NO_SOURCE] = { "cannot connect from here", true, true },
	[END_UNKNOWN_NAME] = { "unknown server name", false, true },
};

const char *end_text(enum end e)
{
	return e < END_COUNT ? ends[e].text : "?";
}

bool end_resets_client(enum end e)
{
	return ends[e].reset_client;
}

bool end_resets_server(enum end e)
{
	return ends[e].reset_server;
}

#include "check.h"

#include <openssl/x509_vfy.h>
#include <stdio.h>
#include "agent_line.h"

static const char *const result_names[RESULT_COUNT] = {
	[RESULT_NONE] = "not checked yet",
	[RESULT_UNCHECKED] = "none",
	[RESULT_L3_ECHO] = "L3 echo",
	[RESULT_L4_CONNECTED] = "L4 connected",
	[RESULT_L6_OK] = "L6 ok",
	[RESULT_L7_OK] = "L7 ok",
	[RESULT_L7_STATUS] = "L7 status",
	[RESULT_L7_GREETING] = "L7 greeting",
	[RESULT_L7_RCODE] = "L7 rcode",
	[RESULT_L7_SAYS_UP] = "L7 says up",
	[RESULT_L7_SAYS_DRAIN] = "L7 says drain",
	[RESULT_L3_RESOLVE] = "L3 resolve",
	[RESULT_L3_TIMEOUT] = "L3 timeout",
	[RESULT_L3_UNREACHABLE] = "L3 unreachable",
	[RESULT_L4_REFUSED] = "L4 refused",
	[RESULT_L4_TIMEOUT] = "L4 timeout",
	[RESULT_L4_UNREACHABLE] = "L4 unreachable",
	[RESULT_L4_RESET] = "L4 reset",
	[RESULT_L4_CLOSED] = "L4 closed",
	[RESULT_L4_ERROR] = "L4 error",
	[RESULT_L6_TIMEOUT] = "L6 timeout",
	[RESULT_L6_RESET] = "L6 reset",
	[RESULT_L6_CLOSED] = "L6 closed",
	[RESULT_L6_HANDSHAKE] = "L6 handshake",
	[RESULT_L6_CERTIFICATE] = "L6 certificate",
	[RESULT_L6_DAYS] = "L6 certificate days",
	[RESULT_L6_ALPN] = "L6 alpn",
	[RESULT_L7_TIMEOUT] = "L7 timeout",
	[RESULT_L7_NO_RESPONSE] = "L7 no response",
	[RESULT_L7_RESET] = "L7 reset",
	[RESULT_L7_MALFORMED] = "L7 malformed",
	[RESULT_L7_TOO_LONG] = "L7 too long",
	[RESULT_L7_BAD_STATUS] = "L7 status",
	[RESULT_L7_BODY] = "L7 body",
	[RESULT_L7_EXPECT] = "L7 expect",
	[RESULT_L7_BAD_GREETING] = "L7 bad greeting",
	[RESULT_L7_HELLO] = "L7 hello",
	[RESULT_L7_STARTTLS] = "L7 starttls",
	[RESULT_L7_BAD_RCODE] = "L7 rcode",
	[RESULT_L7_ADDRESS] = "L7 address",
	[RESULT_L7_SAYS_DOWN] = "L7 says down",
	[RESULT_L7_HELPER] = "L7 helper ended",
};

const char *check_result_name(enum check_result r)
{
	return (unsigned)r < RESULT_COUNT ? result_names[r] : result_names[RESULT_NONE];
}

/* OpenSSL's reasons in a word or two; those that a server's certificate seldom has stay numbers. */
static const char *certificate_fault(uint32_t code, char out[16])
{
	switch (code) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "expired";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "not yet valid";
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "of another name";
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return "self-signed";
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return "of an unknown issuer";
	default:
		snprintf(out, 16, "error %u", (unsigned)code);
		return out;
	}
}

static const char *rcode_name(uint32_t rcode, char out[16])
{
	static const char *const names[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
	                                     "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE" };
	if (rcode < sizeof names / sizeof *names)
		return names[rcode];
	snprintf(out, 16, "%u", (unsigned)rcode);
	return out;
}

const char *check_result_text(enum check_result r, uint32_t detail, char out[CHECK_RESULT_TEXT_MAX])
{
	bool always = r == RESULT_L7_STATUS || r == RESULT_L7_BAD_STATUS || r == RESULT_L4_ERROR || r == RESULT_L6_DAYS;
	bool coded = r == RESULT_L7_GREETING || r == RESULT_L7_BAD_GREETING || r == RESULT_L7_HELLO || r == RESULT_L7_STARTTLS;
	bool said = r == RESULT_L7_SAYS_UP || r == RESULT_L7_SAYS_DRAIN || r == RESULT_L7_SAYS_DOWN;
	char number[16], numbers[AGENT_TEXT_MAX];
	if (r == RESULT_L6_CERTIFICATE)
		snprintf(out, CHECK_RESULT_TEXT_MAX, "%s %s", check_result_name(r), certificate_fault(detail, number));
	else if (r == RESULT_L7_RCODE || r == RESULT_L7_BAD_RCODE)
		snprintf(out, CHECK_RESULT_TEXT_MAX, "%s %s", check_result_name(r), rcode_name(detail, number));
	else if (said)
		snprintf(out, CHECK_RESULT_TEXT_MAX, "%s%s", check_result_name(r), agent_packed_text(detail, numbers));
	else if (always || (coded && detail))
		snprintf(out, CHECK_RESULT_TEXT_MAX, "%s %u", check_result_name(r), (unsigned)detail);
	else
		snprintf(out, CHECK_RESULT_TEXT_MAX, "%s", check_result_name(r));
	return out;
}

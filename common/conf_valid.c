/* Texts of a certain form: each function says why a text is refused, or NULL. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "conf_fill.h"
#include "dname.h"

#define NAME_MAX_LEN 63
/* Linux's limit for user names. */
#define USER_MAX_LEN 32

/* Every byte is alphanumeric or one of `others`. */
static bool only(const char *text, const char *others)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr(others, *text))
			return false;
	return true;
}

static void fold(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

/* Printable ASCII without blanks: what may stand in the first line of a request. */
static bool is_visible(const char *text)
{
	for (; *text; text++)
		if (!isgraph((unsigned char)*text))
			return false;
	return true;
}

const char *conf_valid_site(char *text)
{
	size_t n = strlen(text);
	for (const char *p = text; *p; p++)
		if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '-')
			return "is not made of lower-case letters, digits and hyphens";
	if (n == 0 || text[0] == '-' || text[n - 1] == '-')
		return "must begin and end with a letter or digit";
	return n > SITE_NAME_MAX ? "has more than 58 characters" : NULL;
}

const char *conf_valid_name(char *text)
{
	if (!isalnum((unsigned char)text[0]) || !only(text, "._-"))
		return "is not made of letters, digits and ._-, the first a letter or digit";
	return strlen(text) > NAME_MAX_LEN ? "has more than 63 characters" : NULL;
}

/* One string of a TXT record; with the longest question and every other option it must fit 512 bytes. */
const char *conf_valid_identity(char *text)
{
	if (!*text)
		return "is empty: none tells no identity";
	return strlen(text) > 100 ? "has more than 100 bytes" : NULL;
}

const char *conf_valid_policy_name(char *text)
{
	return metric_by_name(text) != METRIC_COUNT ? "is the name of a metric" : conf_valid_name(text);
}

const char *conf_valid_check_name(char *text)
{
	return strcmp(text, "none") == 0 ? "stands for no check at all" : conf_valid_name(text);
}

/* A domain name; kept in lower case without a final dot. */
const char *conf_valid_key_name(char *text)
{
	uint8_t wire[DNAME_MAX];
	const char *why = NULL;
	size_t n = strlen(text);
	if (!is_visible(text) || strpbrk(text, "\\\";{}") || dname_from_text(wire, text, n, (const uint8_t *)"", &why) <= 1)
		return "is not a domain name";
	fold(text);
	if (text[n - 1] == '.')
		text[n - 1] = '\0';
	return NULL;
}

const char *conf_valid_path(char *text)
{
	return text[0] != '/' || !is_visible(text) || strchr(text, '#') ? "is not a path: it begins with / and has no blanks and no #" : NULL;
}

/* Kept in lower case without a final dot: neither Host nor a server name has one as a rule (RFC 6066 section 3). */
const char *conf_valid_host(char *text)
{
	if (text[0] == '[') {
		size_t n = strlen(text);
		bool whole = n > 3 && text[n - 1] == ']' && strchr(text, ']') == text + n - 1;
		struct addr a;
		if (!whole)
			return "is not a host name or address";
		text[n - 1] = '\0';
		bool ok = addr_parse(&a, text + 1, 0) && a.sa.sa_family == AF_INET6;
		text[n - 1] = ']';
		fold(text);
		return ok ? NULL : "is not a host name or address";
	}
	if (!*text || !only(text, ".-_") || text[0] == '.' || strstr(text, "..") || strlen(text) > 253)
		return "is not a host name or address (IPv6 in [ ], no port)";
	fold(text);
	if (text[strlen(text) - 1] == '.')
		text[strlen(text) - 1] = '\0';
	return NULL;
}

const char *conf_valid_method(char *text)
{
	static const char token[] = "!#$%&'*+-.^_`|~"; /* RFC 9110 section 5.6.2 */
	if (!*text || !only(text, token))
		return "is not a method";
	/* Methods are case-sensitive; "get" is a mistake, not an extension. */
	for (const char *p = text; *p; p++)
		if (islower((unsigned char)*p))
			return "is not in capital letters";
	return strcmp(text, "CONNECT") == 0 ? "cannot check anything" : NULL;
}

const char *conf_valid_header(char *text)
{
	/* The check makes these itself. */
	static const char *const own[] = { "Host", "Connection", "Content-Length", "Transfer-Encoding" };
	const char *colon = strchr(text, ':');
	if (!colon || colon == text)
		return "is not \"Name: value\"";
	for (const char *p = text; p < colon; p++)
		if (!isalnum((unsigned char)*p) && !strchr("!#$%&'*+-.^_`|~", *p))
			return "has a name that is none";
	for (const char *p = colon; *p; p++)
		if ((unsigned char)*p < 0x20 ? *p != '\t' : *p == 0x7f)
			return "has a control byte in its value";
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if ((size_t)(colon - text) == strlen(own[i]) && strncasecmp(text, own[i], strlen(own[i])) == 0)
			return "is a header that the check makes itself (\"host\" sets Host)";
	return NULL;
}

const char *conf_valid_query(char *text)
{
	uint8_t wire[DNAME_MAX];
	const char *why;
	return dname_from_text(wire, text, strlen(text), (const uint8_t *)"", &why) ? NULL : "is not a domain name";
}

/* RFC 7301: 1 to 255 bytes. */
const char *conf_valid_alpn(char *text)
{
	return !*text || strlen(text) > 255 || !is_visible(text) ? "is not the name of a protocol" : NULL;
}

const char *conf_valid_scheme(char *text)
{
	return strcmp(text, "http") != 0 && strcmp(text, "https") != 0 ? "is neither http nor https" : NULL;
}

const char *conf_valid_file(char *text)
{
	return *text ? NULL : "is not a file";
}

const char *conf_valid_folder(char *text)
{
	return *text ? NULL : "is not a folder";
}

const char *conf_valid_user(char *text)
{
	return strlen(text) > USER_MAX_LEN || strpbrk(text, ":/ \t\n") ? "is not a user's name" : NULL;
}

#include "keyfile.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const algorithms[] = {
	[KEY_HMAC_SHA1] = "hmac-sha1", [KEY_HMAC_SHA224] = "hmac-sha224", [KEY_HMAC_SHA256] = "hmac-sha256",
	[KEY_HMAC_SHA384] = "hmac-sha384", [KEY_HMAC_SHA512] = "hmac-sha512",
};

bool key_algorithm_by_name(const char *name, enum key_algorithm *out)
{
	for (unsigned i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
		if (strcasecmp(algorithms[i], name) == 0) {
			*out = (enum key_algorithm)i;
			return true;
		}
	}
	return false;
}

const char *key_algorithm_name(enum key_algorithm a)
{
	return algorithms[a];
}

static int base64_value(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= '0' && c <= '9' ? c - '0' + 52 :
	       c == '+' ? 62 : c == '/' ? 63 : -1;
}

uint8_t *base64_decode(const char *text, size_t len, size_t *out_len)
{
	if (len == 0 || len % 4 != 0)
		return NULL;
	size_t padding = text[len - 1] != '=' ? 0 : text[len - 2] != '=' ? 1 : 2;
	uint8_t *out = malloc(len / 4 * 3);
	uint32_t bits = 0;
	size_t n = 0;
	for (size_t i = 0; out && i < len; i++) {
		int v = i >= len - padding ? 0 : base64_value(text[i]);
		if (v < 0) {
			free(out);
			return NULL;
		}
		bits = bits << 6 | (uint32_t)v;
		if (i % 4 == 3) {
			out[n++] = (uint8_t)(bits >> 16);
			out[n++] = (uint8_t)(bits >> 8);
			out[n++] = (uint8_t)bits;
		}
	}
	/* Bits past the end would make two texts of one secret. */
	if (out && padding && (bits & (padding == 1 ? 0xffu : 0xffffu))) {
		free(out);
		return NULL;
	}
	*out_len = n - padding;
	return out;
}

/* ---- tokens ---- */

#define WORD_MAX 512

struct scan {
	const char *at, *end;
	unsigned line;
	char word[WORD_MAX];   /* of a word or string; "" for punctuation and at the end */
	char punct;            /* { } ; or 0; at the end 0 as well, with ended */
	bool ended;
	const char *why;
};

static void skip_comment(struct scan *s)
{
	bool block = s->at[0] == '/' && s->at[1] == '*';
	for (s->at += block ? 2 : 1; s->at < s->end; s->at++) {
		if (!block && *s->at == '\n')
			return;
		if (block && *s->at == '*' && s->end - s->at > 1 && s->at[1] == '/') {
			s->at += 2;
			return;
		}
		s->line += *s->at == '\n';
	}
	if (block)
		s->why = "a comment is never closed";
}

static void skip_blanks(struct scan *s)
{
	while (s->at < s->end && !s->why) {
		if (*s->at == '#' || (s->end - s->at > 1 && s->at[0] == '/' && (s->at[1] == '/' || s->at[1] == '*'))) {
			skip_comment(s);
		} else if (strchr(" \t\r\n\f\v", *s->at) && *s->at) {
			s->line += *s->at == '\n';
			s->at++;
		} else {
			return;
		}
	}
}

static void scan_word(struct scan *s, bool quoted)
{
	size_t n = 0;
	s->at += quoted;
	while (s->at < s->end && *s->at && !strchr(quoted ? "\"\n" : " \t\r\n\f\v{};\"#", *s->at) && n < WORD_MAX - 1)
		s->word[n++] = *s->at++;
	s->word[n] = '\0';
	if (n == WORD_MAX - 1)
		s->why = "a word is too long";
	else if (quoted && (s->at == s->end || *s->at != '"'))
		s->why = "a string is never closed";
	else if (n == 0)
		s->why = quoted ? "a string is empty" : "an odd byte";
	else
		s->at += quoted;
}

static void next(struct scan *s)
{
	s->word[0] = '\0';
	s->punct = 0;
	skip_blanks(s);
	s->ended = s->at == s->end;
	if (s->ended || s->why)
		return;
	if (*s->at && strchr("{};", *s->at))
		s->punct = *s->at++;
	else
		scan_word(s, *s->at == '"');
}

/* Takes `c`, or notes `why`. */
static void want(struct scan *s, char c, const char *why)
{
	if (!s->why && s->punct != c)
		s->why = why;
	if (!s->why)
		next(s);
}

static bool take_word(struct scan *s, const char *word)
{
	if (s->why || strcasecmp(s->word, word) != 0)
		return false;
	next(s);
	return true;
}

/* ---- the clause ---- */

static void parse_secret(struct scan *s, struct keyfile *out)
{
	if (out->secret)
		s->why = "a second secret";
	else if (!(out->secret = base64_decode(s->word, strlen(s->word), &out->secret_len)))
		s->why = "the secret is not base64";
	else
		next(s);
}

static void parse_statement(struct scan *s, struct keyfile *out, bool *has_algorithm)
{
	if (take_word(s, "algorithm")) {
		if (*has_algorithm)
			s->why = "a second algorithm";
		else if (!key_algorithm_by_name(s->word, &out->algorithm))
			s->why = "the algorithm is none of hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512";
		else
			next(s);
		*has_algorithm = true;
	} else if (take_word(s, "secret")) {
		parse_secret(s, out);
	} else if (!s->why) {
		s->why = s->ended ? "the file ends inside the key" : "in a key stand only algorithm and secret";
	}
	want(s, ';', "`;' is missing");
}

static void parse_clause(struct scan *s, struct keyfile *out)
{
	bool has_algorithm = false;
	next(s);
	if (!take_word(s, "key") && !s->why)
		s->why = "not a key as tsig-keygen writes it: key \"NAME\" { algorithm ...; secret \"...\"; };";
	if (!s->why && (!s->word[0] || strlen(s->word) >= sizeof out->name))
		s->why = "the key has no name";
	if (!s->why) {
		strcpy(out->name, s->word);
		next(s);
	}
	want(s, '{', "`{' is missing behind the key's name");
	while (!s->why && s->punct != '}')
		parse_statement(s, out, &has_algorithm);
	want(s, '}', "`}' is missing");
	want(s, ';', "`;' is missing behind the key");
	if (!s->why && !s->ended)
		s->why = "more than one key";
	if (!s->why && (!has_algorithm || !out->secret))
		s->why = has_algorithm ? "the key has no secret" : "the key has no algorithm";
}

bool keyfile_parse(struct keyfile *out, const char *text, size_t len, unsigned *line, const char **why)
{
	struct scan s = { .at = text, .end = text + len, .line = 1 };
	memset(out, 0, sizeof *out);
	parse_clause(&s, out);
	explicit_bzero(s.word, sizeof s.word);
	*line = s.line;
	*why = s.why;
	if (!s.why)
		return true;
	if (out->secret)
		explicit_bzero(out->secret, out->secret_len);
	free(out->secret);
	memset(out, 0, sizeof *out);
	return false;
}

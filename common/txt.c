#include "txt.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void txt_begin(struct txt *t, uint8_t *out, size_t size)
{
	*t = (struct txt){ .at = out, .start = out, .end = out + size };
}

size_t txt_end(const struct txt *t)
{
	return t->failed ? 0 : (size_t)(t->at - t->start);
}

void txt_put_bytes(struct txt *t, const char *text, size_t n)
{
	if (t->failed || n > TXT_STRING_MAX || (size_t)(t->end - t->at) < n + 1) {
		t->failed = true;
		return;
	}
	*t->at++ = (uint8_t)n;
	memcpy(t->at, text, n);
	t->at += n;
}

void txt_put(struct txt *t, const char *fmt, ...)
{
	char text[TXT_STRING_MAX + 1];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	txt_put_bytes(t, text, n < 0 ? TXT_STRING_MAX + 1 : (size_t)n);
}

void txt_put_milli(struct txt *t, const char *key, uint64_t thousandths)
{
	txt_put(t, "%s=%llu.%03u", key, (unsigned long long)(thousandths / 1000), (unsigned)(thousandths % 1000));
}

void txt_put_tenths(struct txt *t, const char *key, uint64_t thousandths)
{
	uint64_t tenths = (thousandths + 50) / 100;
	txt_put(t, "%s=%llu.%llu", key, (unsigned long long)(tenths / 10), (unsigned long long)(tenths % 10));
}

void txt_put_decimal(struct txt *t, const char *key, uint64_t value, unsigned digits, unsigned least)
{
	uint64_t one = 1;
	for (unsigned i = 0; i < digits; i++)
		one *= 10;
	uint64_t whole = value / one, rest = value % one;
	for (; digits > least && rest % 10 == 0; digits--)
		rest /= 10;
	if (digits)
		txt_put(t, "%s=%llu.%0*llu", key, (unsigned long long)whole, (int)digits, (unsigned long long)rest);
	else
		txt_put(t, "%s=%llu", key, (unsigned long long)whole);
}

static void begin_string(struct txt_list *l)
{
	l->len = (size_t)snprintf(l->text, sizeof l->text, "%s=", l->key);
}

static bool is_empty(const struct txt_list *l)
{
	return l->len == strlen(l->key) + 1;
}

void txt_list_begin_limited(struct txt_list *l, struct txt *t, const char *key, size_t limit)
{
	l->txt = t;
	l->key = key;
	l->left = limit;
	l->cut = false;
	begin_string(l);
}

void txt_list_begin(struct txt_list *l, struct txt *t, const char *key)
{
	txt_list_begin_limited(l, t, key, SIZE_MAX);
}

void txt_list_add(struct txt_list *l, char separator, const char *element)
{
	size_t n = strlen(element);
	if (l->cut)
		return;
	if (n + 1 > l->left) {
		l->cut = true;
		element = "...";
		n = 3;
	}
	l->left -= l->cut ? l->left : n + 1;
	if (!is_empty(l) && l->len + 1 + n > TXT_STRING_MAX) {
		txt_put_bytes(l->txt, l->text, l->len);
		begin_string(l);
	}
	if (!is_empty(l))
		l->text[l->len++] = separator;
	if (l->len + n > TXT_STRING_MAX) {
		l->txt->failed = true; /* an element alone is longer than a string holds */
		return;
	}
	memcpy(l->text + l->len, element, n);
	l->len += n;
}

void txt_list_end(struct txt_list *l, bool even_empty)
{
	if (even_empty || !is_empty(l))
		txt_put_bytes(l->txt, l->text, l->len);
}

bool txt_next(struct txt_reader *r, char text[TXT_STRING_MAX + 1], char **value)
{
	if (r->at >= r->end)
		return false;
	size_t n = *r->at;
	memcpy(text, r->at + 1, n);
	text[n] = '\0';
	r->at += n + 1;
	*value = memchr(text, '=', n);
	if (*value)
		*(*value)++ = '\0';
	return true;
}

/*
 * fairlead.conf from memory, and the same bytes as a key file. Whatever they
 * are: either a configuration or an error.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* conf_text must have refused whatever libconfig would. */
static void refuse_libconfig_errors(const struct errs *errs)
{
	static const char *const texts[] = { ": syntax error", ": duplicate setting name", ": mismatched element type in array" };

	for (size_t i = 0; i < errs->count && i < ERRS_SHOWN_MAX; i++) {
		size_t len = errs->text[i] ? strlen(errs->text[i]) : 0;
		for (size_t j = 0; j < sizeof texts / sizeof *texts; j++)
			if (len >= strlen(texts[j]) && strcmp(errs->text[i] + len - strlen(texts[j]), texts[j]) == 0)
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct errs errs;
	struct keyfile key;
	unsigned line;
	const char *why;

	errs_init(&errs);
	struct conf *c = conf_load_text("fuzz.conf", (const char *)data, size, &errs);
	if ((c != NULL) != (errs.count == 0) || (c && (!c->own || !c->own->key)))
		abort();
	refuse_libconfig_errors(&errs);
	conf_free(c);
	errs_free(&errs);
	if (keyfile_parse(&key, (const char *)data, size, &line, &why)) {
		if (key.secret_len == 0 || !key.name[0] || why)
			abort();
		explicit_bzero(key.secret, key.secret_len);
		free(key.secret);
	} else if (!why || line == 0) {
		abort();
	}
	return 0;
}

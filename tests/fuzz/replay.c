/*
 * replay: feeds files to a fuzz target, each once, for compilers without
 * libFuzzer. Every input is in a heap block of its exact size, so that
 * valgrind and ASan see a read past its end.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The whole file; NULL: said why on standard error. The caller frees. */
static uint8_t *read_file(const char *name, size_t *size)
{
	FILE *f = fopen(name, "rb");
	uint8_t *data = NULL;
	long end = -1;

	if (f && fseek(f, 0, SEEK_END) == 0)
		end = ftell(f);
	if (end >= 0 && fseek(f, 0, SEEK_SET) == 0)
		data = malloc(end > 0 ? (size_t)end : 1);
	if (data && fread(data, 1, (size_t)end, f) != (size_t)end) {
		free(data);
		data = NULL;
	}
	if (!data)
		fprintf(stderr, "%s: %s\n", name, errno ? strerror(errno) : "short read");
	if (f)
		fclose(f);
	*size = data ? (size_t)end : 0;
	return data;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t size;
		uint8_t *data = read_file(argv[i], &size);
		if (!data)
			return 1;
		fprintf(stderr, "%s: %zu bytes\n", argv[i], size);
		LLVMFuzzerTestOneInput(data, size);
		free(data);
	}
	return argc < 2;
}

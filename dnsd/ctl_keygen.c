/* keygen: secrets, in files that only their owner reads. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ctl.h"

/* As long as the MAC of hmac-sha256 (RFC 8945 section 6: no key shorter than that). */
#define SECRET_BYTES 32

static enum ctl_status write_key(const char *file, const char *name, bool force)
{
	uint8_t secret[SECRET_BYTES];
	char text[2 * SECRET_BYTES], clause[1024];
	if (getrandom(secret, sizeof secret, 0) != sizeof secret)
		return ctl_fail(CTL_REFUSED, "no random numbers: %s", strerror(errno));
	EVP_EncodeBlock((unsigned char *)text, secret, sizeof secret);
	int n = snprintf(clause, sizeof clause, "key \"%s\" {\n\talgorithm hmac-sha256;\n\tsecret \"%s\";\n};\n", name, text);
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (force ? O_TRUNC : O_EXCL), 0600);
	bool ok = fd >= 0 && fchmod(fd, 0600) == 0 && write(fd, clause, (size_t)n) == n && fsync(fd) == 0;
	int e = errno;
	explicit_bzero(secret, sizeof secret);
	explicit_bzero(text, sizeof text);
	explicit_bzero(clause, sizeof clause);
	if (fd >= 0)
		close(fd);
	if (!ok)
		return ctl_fail(CTL_REFUSED, "cannot write %s: %s%s", file, strerror(e), e == EEXIST ? " (--force makes a new key)" : "");
	printf("%s: for keys = ( { name = \"%s\"; secret_file = \"%s\"; role = \"...\"; } ) at every site\n", file, name, file);
	return CTL_OK;
}

enum ctl_status ctl_keygen(struct ctl *c)
{
	static const uint8_t root[1];
	uint8_t wire[DNAME_MAX];
	char file[300];
	const char *name = c->words[1], *why = "";
	if (strcmp(c->words[0], "zone") == 0)
		return ctl_fail(CTL_USAGE, "keygen zone is not built yet");
	if (strcmp(c->words[0], "tsig") != 0)
		return ctl_fail(CTL_USAGE, "keygen makes \"tsig\" keys, not \"%s\"", c->words[0]);
	if (!dname_from_text(wire, name, strlen(name), root, &why) || strpbrk(name, "/\"\\") || strlen(name) > 253)
		return ctl_fail(CTL_USAGE, "\"%s\" cannot be a key's name%s%s", name, *why ? ": " : "", why);
	snprintf(file, sizeof file, "%s.key", name);
	return write_key(file, name, c->force);
}

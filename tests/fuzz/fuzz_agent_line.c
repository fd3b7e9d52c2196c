/* Lines of an agent, one after the other: never a byte too far, and the numbers stay in their bounds. */
#include <stdlib.h>
#include <string.h>
#include "../../common/agent_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct agent_state s = { 0 };
	char text[AGENT_TEXT_MAX];
	for (size_t at = 0; at < size;) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		size_t n = end ? (size_t)(end - (data + at)) : size - at;
		char *copy = malloc(n ? n : 1); /* so that a read too far is seen */
		struct agent_state before = s;
		memcpy(copy, data + at, n);
		bool understood = agent_line_read(&s, copy, n);
		free(copy);
		if (s.percent > AGENT_PERCENT_MAX || s.maxconn > AGENT_MAXCONN_MAX || (!understood && (s.down != before.down || s.drain != before.drain)))
			abort();
		if (strlen(agent_packed_text(agent_pack(&s), text)) >= AGENT_TEXT_MAX - 1)
			abort();
		at += n + 1;
	}
	return 0;
}

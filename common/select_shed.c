/* Shedding (spec 4, health gate); declared in select_parts.h. */
#include "select_parts.h"
#include "shed.h"

#define MILLION 1000000u

/* Another draw than that of `hash`: who is shed must not depend on who is preferred. */
#define SHED_SALT 0x5851f42d4c957f2du

uint32_t select_shed_share(const struct select_input *in, uint16_t member)
{
	const struct policy *p = in->service->policy;
	const struct member_numbers *n = in->numbers ? &in->numbers[member] : NULL;

	return n && n->known & NUMBER_USE ? shed_share(p, n->use_ppm) : 0;
}

bool select_is_shed(const struct select_input *in, uint64_t client, uint16_t member)
{
	uint32_t share = select_shed_share(in, member);

	if (share == 0 || share == MILLION)
		return share != 0;
	select_saw_network(in);
	/* 32 bits of it are as fine as a share is. */
	return (uint32_t)(select_member_hash(client ^ SHED_SALT, &in->service->members[member]) >> 32) < ((uint64_t)share << 32) / MILLION;
}

size_t select_candidates(const struct select_input *in, uint16_t *members)
{
	const struct gate *gate = in->gate;
	uint64_t client = select_client_hash(in);
	size_t n = 0;

	for (size_t i = 0; i < gate->n; i++)
		if (gate->step != GATE_UP || !select_is_shed(in, client, gate->members[i]))
			members[n++] = gate->members[i];
	if (n > 0 || gate->n == 0)
		return n;
	/* Nobody is left: step 2. */
	for (; n < (size_t)gate->n + gate->nmore; n++)
		members[n] = gate->members[n];
	return n;
}

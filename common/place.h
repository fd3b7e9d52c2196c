/*
 * place: what geography knows of a client (spec 4: geo, country, continent,
 * asn). Immutable once loaded.
 */
#ifndef FAIRLEAD_PLACE_H
#define FAIRLEAD_PLACE_H

#include <stdbool.h>
#include <stdint.h>

struct place {
	float x, y, z;       /* unit vector from the middle of the earth; only when `located` */
	uint32_t asn;        /* 0: not known */
	char country[3];     /* ISO 3166-1 alpha-2; "": not known */
	char continent[3];   /* AF AN AS EU NA OC SA; "": not known */
	bool located;
};

/* Mean radius of the earth in km (IUGG). */
#define EARTH_RADIUS_KM 6371.0088

/* Fills the location from degrees, north and east positive; for sites as for clients. */
void place_locate(struct place *p, double latitude, double longitude);

#endif

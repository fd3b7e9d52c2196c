#include "place.h"

#include <math.h>

void place_locate(struct place *p, double latitude, double longitude)
{
	const double degree = 3.14159265358979323846 / 180;
	double lat = latitude * degree, lon = longitude * degree;

	p->x = (float)(cos(lat) * cos(lon));
	p->y = (float)(cos(lat) * sin(lon));
	p->z = (float)sin(lat);
	p->located = true;
}

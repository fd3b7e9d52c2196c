/* One record of a GeoIP2 database -> what we want of it. */
#include <math.h>
#include <string.h>

#include "geo_parts.h"

static const char *const country_path[] = { "country", "iso_code", NULL };
static const char *const continent_path[] = { "continent", "code", NULL };
static const char *const latitude_path[] = { "location", "latitude", NULL };
static const char *const longitude_path[] = { "location", "longitude", NULL };
/* GeoLite2-ASN and GeoIP2-ISP; GeoIP2-Enterprise. */
static const char *const asn_path[] = { "autonomous_system_number", NULL };
static const char *const traits_asn_path[] = { "traits", "autonomous_system_number", NULL };

/* False: the record is damaged. Not found: data->has_data is false. */
static bool get(MMDB_entry_s *entry, const char *const *path, MMDB_entry_data_s *data)
{
	int status = MMDB_aget_value(entry, data, path);

	if (status == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR || status == MMDB_INVALID_LOOKUP_PATH_ERROR) {
		data->has_data = false;
		return true;
	}
	return status == MMDB_SUCCESS;
}

static bool is_letter(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Two capital letters; anything else is passed over. */
static bool get_code(MMDB_entry_s *entry, const char *const *path, char code[3])
{
	MMDB_entry_data_s data;

	if (!get(entry, path, &data))
		return false;
	if (data.has_data && data.type == MMDB_DATA_TYPE_UTF8_STRING && data.data_size == 2
	    && is_letter(data.utf8_string[0]) && is_letter(data.utf8_string[1]))
		memcpy(code, data.utf8_string, 2);
	return true;
}

static bool get_number(MMDB_entry_s *entry, const char *const *path, uint32_t *number)
{
	MMDB_entry_data_s data;

	if (!get(entry, path, &data))
		return false;
	if (data.has_data && data.type == MMDB_DATA_TYPE_UINT32)
		*number = data.uint32;
	else if (data.has_data && data.type == MMDB_DATA_TYPE_UINT16)
		*number = data.uint16;
	return true;
}

/* Stays as it is when the record has none. */
static bool get_degrees(MMDB_entry_s *entry, const char *const *path, double *degrees)
{
	MMDB_entry_data_s data;

	if (!get(entry, path, &data))
		return false;
	if (data.has_data && data.type == MMDB_DATA_TYPE_DOUBLE)
		*degrees = data.double_value;
	else if (data.has_data && data.type == MMDB_DATA_TYPE_FLOAT)
		*degrees = (double)data.float_value;
	return true;
}

bool geo_record(MMDB_entry_s *entry, struct place places[GEO_KINDS], bool known[GEO_KINDS])
{
	struct place *country = &places[GEO_COUNTRY], *continent = &places[GEO_CONTINENT];
	uint32_t *asn = &places[GEO_ASN].asn;
	double latitude = NAN, longitude = NAN;

	memset(places, 0, GEO_KINDS * sizeof *places);
	if (!get_code(entry, country_path, country->country) || !get_code(entry, continent_path, continent->continent)
	    || !get_number(entry, asn_path, asn) || (!*asn && !get_number(entry, traits_asn_path, asn))
	    || !get_degrees(entry, latitude_path, &latitude) || !get_degrees(entry, longitude_path, &longitude))
		return false;
	memcpy(country->continent, continent->continent, sizeof country->continent);
	if (fabs(latitude) <= 90 && fabs(longitude) <= 180)
		place_locate(&places[GEO_LOCATION], latitude, longitude);
	known[GEO_COUNTRY] = *country->country;
	known[GEO_CONTINENT] = *continent->continent;
	known[GEO_ASN] = *asn != 0;
	known[GEO_LOCATION] = places[GEO_LOCATION].located;
	return true;
}

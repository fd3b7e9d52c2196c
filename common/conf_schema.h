/*
 * conf_schema: fairlead.conf as tables (conf_table.h). To add a key, add a row
 * (and a field).
 */
#ifndef FAIRLEAD_CONF_SCHEMA_H
#define FAIRLEAD_CONF_SCHEMA_H

#include "conf_table.h"

extern const struct conf_table conf_root_table;

#endif

/*
 * admin_file: the orders of operators in the state folder. Text, a line each:
 *
 *     fairlead-admin 1
 *     den._admin.www.gslb.example.com. "set=drain" "note=a b" "by=ops" "seq=1763805600000000"
 *     end
 *
 * Bytes that would end a string or a line are written as \DDD.
 */
#ifndef FAIRLEAD_ADMIN_FILE_H
#define FAIRLEAD_ADMIN_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../common/update.h"
#include "statefile.h"

void admin_file_begin(struct statefile_text *t);
/* `rdata`: as of its TXT record. */
void admin_file_add(struct statefile_text *t, const uint8_t *owner, const uint8_t *rdata, size_t len);
void admin_file_end(struct statefile_text *t);

/*
 * Calls `each` for every order, until it returns false. False: *why says what
 * is wrong with the file, NULL when there is none; some may have been told.
 */
bool admin_file_read(const char *path, bool (*each)(void *arg, const uint8_t *owner, const struct update_admin *order),
                     void *arg, const char **why);

#endif

/*
 * ctl_json: JSON to standard output (RFC 8259), written as it comes.
 *
 *     json_open(&j, NULL, '{');
 *     json_text(&j, "site", "sjc");
 *     json_open(&j, "members", '['); ... json_close(&j, ']');
 *     json_close(&j, '}');
 *
 * `key` NULL: an element of an array, or the whole.
 */
#ifndef FAIRLEAD_CTL_JSON_H
#define FAIRLEAD_CTL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json { FILE *to; unsigned depth; bool any; };

void json_begin(struct json *j, FILE *to);
void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);         /* the outermost: with a line's end */
void json_text(struct json *j, const char *key, const char *value); /* bytes that are no UTF-8 become U+FFFD */
void json_number(struct json *j, const char *key, double value);   /* not finite: null */
void json_count(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);

#endif

/*
 * conf_table: a table describes the keys of one kind of group and the struct
 * they fill. conf_schema.c has the tables, conf_fill.c reads by them, and
 * conf_man.c prints them.
 */
#ifndef FAIRLEAD_CONF_TABLE_H
#define FAIRLEAD_CONF_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <libconfig.h>

enum conf_kind {
	KIND_GROUP,      /* { }: a struct inside, at `offset` */
	KIND_GROUPS,     /* ( { }, ... ): array and count */
	KIND_BOOL,       /* bool */
	KIND_UINT,       /* unsigned, uint32_t */
	KIND_PORT,       /* uint16_t */
	KIND_SECONDS,    /* double; integer or float */
	KIND_WORD,       /* an enum, 4 bytes */
	KIND_FLAG,       /* bool, by a word */
	KIND_TEXT,       /* char * */
	KIND_PATH,       /* char *, made relative to the file's folder */
	KIND_TEXTS,      /* char ** and count */
	KIND_ENDPOINT,   /* struct addr, ADDRESS@PORT */
	KIND_ENDPOINTS,  /* struct addr * and count, ADDRESS@PORT */
	KIND_ADDRESSES,  /* the same without ports */
	KIND_PREFIXES,   /* struct prefix * and count */
	KIND_REGEX,      /* bool, regex_t, char * */
	KIND_OWN,        /* `set` fills it, `clear` frees it */
	KIND_LATER       /* of no type yet */
};

struct conf_word { const char *name; int value; bool later; };

struct conf_at; /* conf_fill.h */

struct conf_key {
	const char *name;
	enum conf_kind kind;
	bool required;
	size_t offset;               /* of the field in the table's struct */
	size_t count;                /* lists: of the size_t; regex: of the regex_t */
	size_t has;                  /* regex: of the bool */
	double min, max;             /* numbers, both allowed */
	const char *unit;            /* of a number, for messages and the manual */
	const struct conf_word *words; size_t nwords;
	const struct conf_table *table; /* of a group, or of the groups of a list */
	/* What holds when the key is absent, as it would be written; in ( ): in words, and other code sees to it. NULL: nothing. */
	const char *fallback;
	/* KIND_TEXT, KIND_TEXTS: why a text is refused, or NULL. It may change the text's letters in place. */
	const char *(*valid)(char *text);
	bool (*set)(const struct conf_at *at, void *object);
	void (*clear)(void *object);
	/* Not built yet. `off`: the one value that is accepted, for it says what we do anyway. */
	bool later;
	const char *off;
	const char *instead;         /* what this version does, for the message; NULL: nothing to say */
	unsigned types;              /* checks[]: bit of each enum check_type it belongs to; 0: all */
	bool may_be_empty;           /* lists */
	bool port_optional;          /* KIND_ENDPOINTS: ADDRESS alone may stand there, too, with port 0 */
	const char *form;            /* what stands behind "=" in the manual; NULL: by kind */
	const char *help;            /* for the manual, mdoc without macros */
};

struct conf_table {
	const char *path;            /* "forward.listeners[]"; "": the file itself */
	const struct conf_key *keys; size_t nkeys;
	size_t size;                 /* of the struct */
	/* Checks keys against each other and makes defaults from them; `group` is NULL when it is absent. */
	void (*relate)(const struct conf_at *at, void *object);
	const char *help;
};

const struct conf_key *conf_table_find(const struct conf_table *t, const char *name); /* NULL: none */

/* Calls `each` with the table and all below it, in the order of the manual. */
void conf_table_walk(const struct conf_table *t, void (*each)(void *arg, const struct conf_table *t), void *arg);

/* conf_clear.c: frees what the keys of a table filled in `object`, not itself. */
void conf_table_clear(const struct conf_table *t, void *object);

#endif

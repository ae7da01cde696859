/* fixture.h - a scratch folder, runs and results for the database tests */
#ifndef VX_TESTS_DB_FIXTURE_H
#define VX_TESTS_DB_FIXTURE_H

#include "base/item.h"
#include "db/run.h"
#include "db/shard.h"

#include <sqlite3.h>
#include <stdint.h>

struct fixture {
    char dir[64];    /* a fresh folder; removed with all in it by fixture_teardown */
    char path[16][96]; /* of the last names asked for, in turn */
    int next;
};

int fixture_setup(void **state);    /* cmocka: *state is a struct fixture */
int fixture_teardown(void **state);
const char *fixture_path(struct fixture *f, const char *name); /* valid until sixteen more were asked for */

/* A run like many: 2 s windows, trained. n picks the uuid; runs of every n have the same fingerprint. */
struct vx_run fixture_run(int n);

/* Result of item id, everything in it made from id alone, so that two of them are equal: "corpus/NNNNNN.wav" (every
 * seventh a member of an archive, every eleventh with bytes that are no UTF-8), windows windows; without any it is not
 * scored. The caller's to clear. */
struct vx_item_result fixture_result(int64_t id, int windows);
/* Every third item's bandwidth lies below what was measured, every thirtieth's level above as well. */
void fixture_fail(struct vx_item_result *r, const char *error); /* makes it a failed one that keeps its windows */

/* Commits the items first, first+step, … below end, `windows` each, in leases of 64. */
void fixture_fill(struct vx_shard *shard, int64_t first, int64_t end, int64_t step, int windows);

/* A result of items 1 … n of run 0, merged from one shard; its path, which lives as long as those of fixture_path. */
const char *fixture_make_result(struct fixture *f, const char *name, int64_t n, int windows);

sqlite3 *fixture_sqlite(const char *path);              /* opened by stock SQLite, without any of ours */
int64_t fixture_integer(const char *path, const char *sql);
void fixture_exec(const char *path, const char *sql);
void fixture_age(const char *path, int version);        /* makes it one of schema version 1, 2 or 3 */
char *fixture_dump(const char *path);                   /* every row of every table as text; the caller's to free */

#endif

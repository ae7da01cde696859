/* pieces.h - the pieces of a shard that is written on a node's own disk
 * The database being written has no name: it goes with the process. A piece is a copy of it that nobody writes to: made beside
 * its place, synced and renamed, so that whoever looks there finds the copy of before or the new one. That asks nothing of the
 * file system it lies on but a rename: no locks, no journal, one file written from end to end. */
#ifndef VX_DB_PIECES_H
#define VX_DB_PIECES_H

#include "base/err.h"
#include "db/sqlite.h"

/* A piece grows to this many bytes, since each commit copies it whole; then the next one is begun. A sequential write this
 * long takes about as long as the sync behind it. */
#define VX_PIECE_BYTES ((size_t)2 << 20)

/* "DIR/shard.db" of piece 0, "DIR/shard-0001.db" of piece 1, …; the caller's to free, NULL: no memory. path ends in ".db". */
char *vx_pieces_path(const char *path, unsigned n);

/* An empty database in the folder scratch, read-write and without a name there. VX_ESYS: the folder is not there or cannot be
 * written to. */
enum vx_status vx_pieces_begin(struct vx_sql **out, const char *scratch, struct vx_err *err) VX_CHECKED;

/* Copies the database, outside a transaction, to path; *bytes of it, unless it fails. VX_ESYS: not written, what
 * was there still is. */
enum vx_status vx_pieces_copy(const struct vx_sql *sql, const char *path, size_t *bytes, struct vx_err *err) VX_CHECKED;

#endif

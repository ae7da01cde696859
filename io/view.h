/* view.h - what libsndfile is shown of a source, so that wrong headers cost no sound and missing sound is noticed
 * libsndfile believes the lengths it finds, cut to the size of the file. That loses sound where a length is too small and
 * hides that a copy is truncated where it is too large. Three things are done about it here, by looking at the headers
 * of the formats concerned; the source itself is never changed.
 *
 * - WAV whose sound has length 0 although bytes follow (the writer was killed, or wrote to a pipe): the length is shown
 *   as 0xffffffff, which libsndfile takes for "to the end".
 * - MP3 without a Xing, Info or VBRI header: libmpg123 guesses the length from the size of the file and the first frame's
 *   bit rate, and libsndfile stops there. The size is shown too large, so the frames themselves decide.
 * - MP3 with such a header that counts the first of several recordings joined in one file: the same, and the header is not
 *   shown.
 * - WAV, RF64, AIFF and AU: how much sound the header promises, to compare with what there is. */
#ifndef VX_IO_VIEW_H
#define VX_IO_VIEW_H

#include "io/source.h"

struct vx_view {
    struct vx_source *source; /* borrowed */
    int64_t begin;            /* in the source; what follows counts from here */
    int64_t size;             /* shown */
    int64_t end;              /* of the bytes there are */
    int64_t next;             /* where another WAV file begins, of which nothing is shown: the end; −1: none */
    int64_t at;               /* position */
    int64_t patch_at;         /* four bytes from here on are shown as 0xff; −1: none */
    /* Bytes of sound promised for each byte there is: 1 for a complete file, 2 when half of it is missing, 0 without a
     * promise (another format, or one of the lengths that mean "unknown"). */
    double promised;
    int64_t beyond; /* bytes that follow the sound because 32 bits cannot count them; 0: none */
};

/* Of the source from `begin` on: 0, or what vx_view_next has found. */
void vx_view_open(struct vx_view *view, struct vx_source *source, int64_t begin);
int64_t vx_view_real_size(const struct vx_view *view); /* bytes there are */

int64_t vx_view_seek(struct vx_view *view, int64_t offset, int whence); /* as lseek; −1: impossible */
size_t vx_view_read(struct vx_view *view, void *out, size_t n);

/* Ogg, FLAC and WAV, once what has been read has come to its end: where in the source another recording begins that was joined to it,
 * at or little after the place of reading; −1: none. */
int64_t vx_view_next(const struct vx_view *view);

#endif

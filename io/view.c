#include "io/view.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* sox, ffmpeg, arecord and others write a length from here up when they cannot know it. */
static const int64_t unknown_from = 0x7fff0000;

/* What may follow the sound of a large WAV file without being sound: other chunks. */
static const int64_t max_trailer = 1 << 20;

enum {
    MAX_CHUNKS = 1000, /* more than any real file has before its sound */
    MAX_TAGS = 16,     /* ID3v2 tags in a row */
    MPEG_FRAME_LEAST = 24, /* bytes */
    /* The first frame of an MP3 is at most 1,728 bytes and the smallest possible frame is 24: the guess is
     * never lower than a 72nd of the truth. */
    STRETCH = 100,
    ID3V1_BYTES = 128, /* libmpg123 looks for a tag of this size at the end */
    HEAD_BYTES = 12,   /* that tell the beginning of a recording */
    /* Around where libsndfile has read to when a recording ends: it reads ahead, and tags may come between. */
    LOOK_BACK = 64 << 10,
    LOOK_AHEAD = 32 << 10,
};

static uint32_t little(const unsigned char b[4])
{
    return (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

static uint32_t big(const unsigned char b[4])
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool read_at(const struct vx_view *view, int64_t at, unsigned char *out, size_t n)
{
    const int64_t place = view->begin + at;

    return vx_source_seek(view->source, place, SEEK_SET) == place && vx_source_read(view->source, out, n) == n;
}

int64_t vx_view_real_size(const struct vx_view *view)
{
    return view->end;
}

static double ratio(int64_t promised, int64_t there)
{
    if (promised <= 0 || there <= 0)
        return 0;
    return promised > there ? (double)promised / (double)there : 1;
}

/* Chunks of {id, length, bytes padded to even} from offset 12: the place and length of the one called id. */
static bool find_chunk(const struct vx_view *view, const char *id, uint32_t (*number)(const unsigned char b[4]),
                       int64_t *at, int64_t *len)
{
    unsigned char b[8];

    *at = 12;
    for (int i = 0; i < MAX_CHUNKS && read_at(view, *at, b, sizeof b); i++) {
        *at += (int64_t)sizeof b;
        *len = number(b + 4);
        if (memcmp(b, id, 4) == 0)
            return true;
        *at += *len + (*len & 1);
    }
    return false;
}

/* True when a chunk that fits into the file begins here. */
static bool chunk_follows(const struct vx_view *view, int64_t at, uint32_t (*number)(const unsigned char b[4]))
{
    unsigned char b[8];

    if (!read_at(view, at, b, sizeof b))
        return false;
    for (int i = 0; i < 4; i++)
        if (!isascii(b[i]) || !isprint(b[i]))
            return false;
    return at + (int64_t)sizeof b + number(b + 4) <= vx_view_real_size(view);
}

/* Another WAV file that begins where this one's sound or this one ends: libsndfile would trip over it. */
static void cut_at_next_wav(struct vx_view *view, int64_t data_end, int64_t riff_end)
{
    const int64_t places[] = {data_end, data_end + (data_end & 1), riff_end, riff_end + (riff_end & 1)};
    unsigned char b[HEAD_BYTES];

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (places[i] > HEAD_BYTES && read_at(view, places[i], b, sizeof b) && memcmp(b, "RIFF", 4) == 0 &&
            memcmp(b + 8, "WAVE", 4) == 0) {
            view->next = view->size = view->end = places[i];
            return;
        }
}

static void look_at_wav(struct vx_view *view, bool big_endian)
{
    uint32_t (*const number)(const unsigned char b[4]) = big_endian ? big : little;
    unsigned char b[4];
    int64_t at, len, there;

    if (!find_chunk(view, "data", number, &at, &len))
        return;
    if (len > 0 && read_at(view, 4, b, sizeof b))
        cut_at_next_wav(view, at + len, 8 + (int64_t)number(b));
    there = vx_view_real_size(view) - at;
    if (len == 0 && there > 0 && !chunk_follows(view, at, number))
        view->patch_at = at - 4;
    if (len < unknown_from)
        view->promised = ratio(len, there);
    /* A length that means "unknown", or one that has lost its 33rd bit. */
    if (there - len > (len < unknown_from ? (INT64_C(1) << 32) - 1 : max_trailer))
        view->beyond = there - len;
}

/* RF64: the length is in a chunk of its own, {RIFF size, data size, …} in 64 bits, which comes first. */
static void look_at_rf64(struct vx_view *view)
{
    unsigned char b[16];
    int64_t at, len, head;

    if (!find_chunk(view, "ds64", little, &head, &len) || !read_at(view, head, b, sizeof b) ||
        !find_chunk(view, "data", little, &at, &len))
        return;
    len = (int64_t)little(b + 8) | (int64_t)(little(b + 12) & 0x7fffffff) << 32;
    view->promised = ratio(len, vx_view_real_size(view) - at);
}

static void look_at_aiff(struct vx_view *view)
{
    enum { HEAD = 8 }; /* an offset and a block size come before the samples */
    int64_t at, len;

    if (find_chunk(view, "SSND", big, &at, &len) && len < unknown_from)
        view->promised = ratio(len - HEAD, vx_view_real_size(view) - at - HEAD);
}

static void look_at_au(struct vx_view *view, const unsigned char head[12])
{
    const int64_t len = big(head + 8);

    if (len < unknown_from)
        view->promised = ratio(len, vx_view_real_size(view) - big(head + 4));
}

/* Where the first frame would be: after the ID3v2 tags. */
static int64_t skip_id3(const struct vx_view *view, int64_t at)
{
    unsigned char b[10];

    for (int i = 0; i < MAX_TAGS && read_at(view, at, b, sizeof b) && memcmp(b, "ID3", 3) == 0; i++)
        at += (int64_t)sizeof b +
              ((b[6] & 0x7f) << 21 | (b[7] & 0x7f) << 14 | (b[8] & 0x7f) << 7 | (b[9] & 0x7f));
    return at;
}

/* Where the tags at the end of an MP3 end that begin here: ID3v1 and APE. */
static int64_t skip_tails(const struct vx_view *view, int64_t at)
{
    enum { APE_HEAD = 32 };
    unsigned char b[16];

    for (int i = 0; i < MAX_TAGS && read_at(view, at, b, sizeof b); i++) {
        if (memcmp(b, "TAG", 3) == 0)
            at += ID3V1_BYTES;
        else if (memcmp(b, "APETAGEX", 8) == 0)
            at += APE_HEAD + (int64_t)little(b + 12);
        else
            break;
    }
    return at;
}

static bool is_mpeg_frame(const unsigned char b[4])
{
    return b[0] == 0xff && (b[1] & 0xe0) == 0xe0;
}

/* Another recording follows where the one ends whose first frame, at `first`, holds this header. */
static bool another_follows(const struct vx_view *view, int64_t first, const unsigned char *xing)
{
    const unsigned char *bytes = xing + ((xing[7] & 1) ? 12 : 8);
    unsigned char b[4];

    if (!(xing[7] & 2) || big(bytes) < MPEG_FRAME_LEAST)
        return false;
    return read_at(view, skip_id3(view, skip_tails(view, first + big(bytes))), b, sizeof b) && is_mpeg_frame(b);
}

/* MPEG audio frames: their number is a guess unless the first frame holds a header that tells it; and that header tells nothing of
 * what was appended, so there it is not shown. */
static void look_at_mpeg(struct vx_view *view)
{
    /* bytes between the header of the frame and a Xing one, by version and mode */
    static const int side_info[] = {9, 17, 32};
    const int64_t first = skip_id3(view, 0);
    unsigned char b[56] = {0};

    if (!read_at(view, first, b, sizeof b) || !is_mpeg_frame(b))
        return;
    for (size_t i = 0; i < sizeof side_info / sizeof *side_info; i++) {
        const int at = 4 + side_info[i] + ((b[1] & 1) ? 0 : 2); /* a checksum comes before */
        if ((memcmp(b + at, "Xing", 4) != 0 && memcmp(b + at, "Info", 4) != 0) || !(b[at + 7] & 1))
            continue;
        if (!another_follows(view, first, b + at))
            return;
        view->patch_at = first + at;
    }
    if (memcmp(b + 36, "VBRI", 4) != 0)
        view->size = view->end < (INT64_MAX - ID3V1_BYTES) / STRETCH ? view->end * STRETCH + ID3V1_BYTES : INT64_MAX;
}

void vx_view_open(struct vx_view *view, struct vx_source *source, int64_t begin)
{
    unsigned char b[12];

    *view = (struct vx_view){.source = source, .begin = begin, .size = vx_source_size(source) - begin, .patch_at = -1, .next = -1};
    view->end = view->size;
    if (!read_at(view, 0, b, sizeof b))
        return;
    if ((memcmp(b, "RIFF", 4) == 0 || memcmp(b, "RIFX", 4) == 0) && memcmp(b + 8, "WAVE", 4) == 0)
        look_at_wav(view, b[3] == 'X');
    else if (memcmp(b, "RF64", 4) == 0 && memcmp(b + 8, "WAVE", 4) == 0)
        look_at_rf64(view);
    else if (memcmp(b, "FORM", 4) == 0 && (memcmp(b + 8, "AIFF", 4) == 0 || memcmp(b + 8, "AIFC", 4) == 0))
        look_at_aiff(view);
    else if (memcmp(b, ".snd", 4) == 0)
        look_at_au(view, b);
    else if (b[0] == 0xff || memcmp(b, "ID3", 3) == 0)
        look_at_mpeg(view);
}

int64_t vx_view_seek(struct vx_view *view, int64_t offset, int whence)
{
    const int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? view->at : view->size;
    int64_t at;

    if (__builtin_add_overflow(base, offset, &at) || at < 0)
        return -1;
    return view->at = at;
}

size_t vx_view_read(struct vx_view *view, void *out, size_t n)
{
    const int64_t real = vx_view_real_size(view);
    unsigned char *const bytes = out;
    size_t got;

    if (view->at >= real) {
        if (view->size == real || view->at < view->size - ID3V1_BYTES || view->at >= view->size)
            return 0;
        got = (int64_t)n < view->size - view->at ? n : (size_t)(view->size - view->at);
        memset(out, 0, got); /* where libmpg123 looks for a tag: none */
        view->at += (int64_t)got;
        return got;
    }
    if (vx_source_tell(view->source) != view->begin + view->at &&
        vx_source_seek(view->source, view->begin + view->at, SEEK_SET) != view->begin + view->at)
        return 0;
    got = vx_source_read(view->source, out, n);
    for (int64_t i = view->patch_at; view->patch_at >= 0 && i < view->patch_at + 4; i++)
        if (i >= view->at && i < view->at + (int64_t)got)
            bytes[i - view->at] = 0xff;
    view->at += (int64_t)got;
    return got;
}

/* A recording of this kind, "OggS" or "fLaC", may begin with b. */
static bool begins(const unsigned char *b, const unsigned char *kind)
{
    if (memcmp(b, kind, 4) != 0)
        return false;
    if (kind[0] == 'O')
        return b[4] == 0 && (b[5] & 2);                                /* version 0, the first page of a stream */
    return (b[4] & 0x7f) == 0 && b[5] == 0 && b[6] == 0 && b[7] == 34; /* STREAMINFO */
}

/* Where an Ogg file's first pages end: of each of its streams one, side by side. */
static int64_t skip_first_pages(const struct vx_view *view)
{
    unsigned char b[27 + 255];
    int64_t at = 0;

    for (int i = 0; i < MAX_TAGS && read_at(view, at, b, 27) && begins(b, (const unsigned char *)"OggS"); i++) {
        const size_t segments = b[26];

        if (!read_at(view, at + 27, b + 27, segments))
            break;
        at += 27 + (int64_t)segments;
        for (size_t k = 0; k < segments; k++)
            at += b[27 + k];
    }
    return at;
}

int64_t vx_view_next(const struct vx_view *view)
{
    unsigned char kind[4], b[4096];
    const int64_t real = vx_view_real_size(view), end = view->at + LOOK_AHEAD;
    int64_t at = view->at - LOOK_BACK;

    if (view->next > 0)
        return view->begin + view->next;
    if (!read_at(view, 0, kind, sizeof kind) || (memcmp(kind, "OggS", 4) != 0 && memcmp(kind, "fLaC", 4) != 0))
        return -1;
    if (at < 4)
        at = 4;
    if (kind[0] == 'O' && at < skip_first_pages(view))
        at = skip_first_pages(view);
    while (at < end && real - at >= HEAD_BYTES) {
        const size_t n = real - at < (int64_t)sizeof b ? (size_t)(real - at) : sizeof b;

        if (!read_at(view, at, b, n))
            return -1;
        for (const unsigned char *p = b; (p = memmem(p, (size_t)(b + n - p), kind, sizeof kind)) && b + n - p >= HEAD_BYTES; p++)
            if (begins(p, kind))
                return view->begin + at + (p - b);
        at += (int64_t)(n - HEAD_BYTES + 1);
    }
    return -1;
}

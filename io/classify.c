#include "io/corpus.h"

#include <string.h>
#include <strings.h>

static bool ends_with(const char *name, const char *const *endings)
{
    const size_t len = strlen(name);

    for (; *endings; endings++) {
        const size_t n = strlen(*endings);
        if (len > n && strcasecmp(name + len - n, *endings) == 0)
            return true;
    }
    return false;
}

enum vx_name_class vx_corpus_classify(const char *path)
{
    /* libsndfile's; FFmpeg's, which a build without it fails with a word about that; films, for their sound. Not ".ts", which is
     * TypeScript more often than a film, nor ".dat" and the like. */
    static const char *const audio[] = {
        ".wav",  ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".aifc", ".au", ".snd", ".caf", ".w64", ".rf64",
        ".nist", ".sph",  ".voc",  ".mp2", ".sd2", ".avr",
        ".m4a",  ".m4b",  ".m4r",  ".aac", ".adts", ".wma", ".amr", ".awb",  ".3ga", ".mka",  ".weba", ".ac3", ".eac3", ".dts", ".ape",
        ".wv",   ".tta",  ".tak",  ".mpc", ".spx", ".ra",   ".oma", ".dsf",  ".qcp", ".g722", ".g729", ".gsm", ".ulaw", ".ul", ".alaw",
        ".al",   ".sln",
        ".mp4",  ".m4v",  ".mkv",  ".webm", ".mov", ".3gp", ".3gpp", ".3g2", ".avi", ".wmv", ".asf", ".flv", ".f4v", ".mpg", ".mpeg",
        ".mts",  ".m2ts", ".ogv",  ".rm",  ".mxf", NULL};
    static const char *const image[] = {".png", ".jpg", ".jpeg", NULL};
    static const char *const archive[] = {".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz",
                                          ".tar.zst", ".tzst", ".zip", ".7z", NULL};
    static const char *const manifest[] = {".txt", ".csv", ".tsv", ".txt.gz", ".csv.gz", ".tsv.gz", NULL};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

    if (strncmp(name, "._", 2) == 0)
        return VX_NAME_OTHER;
    if (ends_with(name, audio))
        return VX_NAME_AUDIO;
    if (ends_with(name, image))
        return VX_NAME_IMAGE;
    if (ends_with(name, archive))
        return VX_NAME_ARCHIVE;
    return ends_with(name, manifest) ? VX_NAME_MANIFEST : VX_NAME_OTHER;
}

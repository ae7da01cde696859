#include "io/corpus.h"

#include <string.h>
#include <strings.h>

static bool ends_with(const char *path, const char *const *endings)
{
    const size_t len = strlen(path);

    for (; *endings; endings++) {
        const size_t n = strlen(*endings);
        if (len > n && strcasecmp(path + len - n, *endings) == 0)
            return true;
    }
    return false;
}

enum vx_name_class vx_corpus_classify(const char *path)
{
    static const char *const audio[] = {".wav", ".wave", ".flac", ".ogg", ".oga",  ".opus", ".mp3", ".aiff", ".aif",
                                        ".aifc", ".au",   ".snd",  ".caf", ".w64",  ".rf64", ".nist", ".sph", ".voc",
                                        ".mp2", ".sd2",  ".avr",  NULL};
    static const char *const image[] = {".png", ".jpg", ".jpeg", NULL};
    static const char *const archive[] = {".tar", ".tar.gz", ".tgz", ".zip", NULL};
    static const char *const manifest[] = {".txt", ".csv", ".tsv", ".txt.gz", ".csv.gz", ".tsv.gz", NULL};

    if (ends_with(path, audio))
        return VX_NAME_AUDIO;
    if (ends_with(path, image))
        return VX_NAME_IMAGE;
    if (ends_with(path, archive))
        return VX_NAME_ARCHIVE;
    return ends_with(path, manifest) ? VX_NAME_MANIFEST : VX_NAME_OTHER;
}

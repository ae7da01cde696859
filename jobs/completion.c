#include "jobs/completion.h"

#include <string.h>

static bool is(const char *word, size_t len, const char *name)
{
    return len == strlen(name) && strncmp(word, name, len) == 0;
}

/* "text", "high-precision": to be typed as it stands */
static bool literal(const char *word, size_t len)
{
    return len > 0 && strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-_") == len;
}

enum vx_value vx_value_of(const struct vx_opt *option)
{
    const char *word = option->metavar;
    bool words = true, files = false, folders = false;

    if (option->kind == VX_OPT_FLAG)
        return VX_VALUE_NONE;
    if (option->kind == VX_OPT_INT || option->kind == VX_OPT_REAL || !word)
        return VX_VALUE_ANY;
    for (size_t len; *word; word += len + (word[len] == '|')) {
        len = strcspn(word, "|");
        if (!literal(word, len))
            words = false;
        files = files || is(word, len, "FILE") || is(word, len, "DB") || memchr(word, '.', len) != NULL;
        folders = folders || is(word, len, "DIR");
    }
    return words ? VX_VALUE_WORDS : files ? VX_VALUE_FILES : folders ? VX_VALUE_FOLDERS : VX_VALUE_ANY;
}

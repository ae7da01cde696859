#include "jobs/scan_options.h"
#include "io/archive.h"
#include "jobs/sandbox_option.h"

#include <stdio.h>
#include <string.h>

#define DECODE_ROOM_MIB 1024 /* the largest picture, a few seconds of many channels, and what libraries take */

struct vx_scan_options vx_scan_options_default(void)
{
    return (struct vx_scan_options){
        .scanner = {.device = "auto", .precision = "auto", .threshold = -1},
        .out = "voxtrawl.db",
        .min_seconds = 0.5,
        .silence_dbfs = -70,
        .lease = 256,
        .lost_after = 120,
        .max_member_mib = 1024,
        .hash = {.of = VX_HASH_BYTES},
        .archive_depth = VX_CORPUS_DEPTH,
        .decode_in = "processes",
        .sandbox = "auto",
        .decode_timeout = 60,
    };
}

static const char *const channel_words[] = {[VX_CHANNELS_MIX] = "mix", [VX_CHANNELS_EACH] = "each", [VX_CHANNELS_FIRST] = "first"};

const char *vx_channels_name(enum vx_channels channels)
{
    return channel_words[channels];
}

static bool parse_channels(enum vx_channels *out, const char *word)
{
    for (size_t i = 0; i < sizeof channel_words / sizeof *channel_words; i++)
        if (strcmp(word, channel_words[i]) == 0) {
            *out = (enum vx_channels)i;
            return true;
        }
    return false;
}

/* What is hashed: word is --hash's, NULL: not given. */
static enum vx_status take_hash(struct vx_scan_options *o, const char *word, struct vx_err *err)
{
    static const char *const words[] = {[VX_HASH_NONE] = "none", [VX_HASH_BYTES] = "bytes", [VX_HASH_PCM] = "pcm"};

    for (int i = VX_HASH_NONE; word && i <= VX_HASH_PCM; i++) {
        if (strcmp(word, words[i]) != 0)
            continue;
        o->hash.of = (enum vx_hash_of)i;
        word = NULL;
    }
    if (word)
        return vx_fail(err, VX_EINVAL, "--hash %s: expected bytes, pcm or none", word);
    if (o->custody && o->hash.of != VX_HASH_BYTES)
        return vx_fail(err, VX_EINVAL, "--custody is about the bytes of files: leave --hash %s away", words[o->hash.of]);
    if (o->dedupe && o->hash.of == VX_HASH_NONE)
        return vx_fail(err, VX_EINVAL, "--dedupe knows identical content by its hash: leave --hash none away");
    o->hash.sha256 = o->custody;
    return VX_OK;
}

static enum vx_status check_decoding(const struct vx_scan_options *o, struct vx_err *err)
{
    if (strcmp(o->decode_in, "processes") != 0 && strcmp(o->decode_in, "threads") != 0)
        return vx_fail(err, VX_EINVAL, "--decode-in %s: expected processes or threads", o->decode_in);
    if (vx_sandbox_option_check(o->sandbox, err) != VX_OK)
        return VX_EINVAL;
    if (strcmp(o->sandbox, "on") == 0 && strcmp(o->decode_in, "threads") == 0)
        return vx_fail(err, VX_EINVAL, "--sandbox on is for decoder processes: leave out --decode-in threads");
    return VX_OK;
}

int vx_scan_options_parse(struct vx_scan_options *o, const struct vx_command *self, int argc, char **argv, int quiet)
{
    struct vx_scanner_options *s = &o->scanner;
    const char *part = NULL, *channels = "mix", *hash = NULL, *max_failed = "0";
    const struct vx_opt table[] = {
        {"output", 'o', VX_OPT_STRING, &o->out, "OUT.db", "result database (default voxtrawl.db)", 0, 0},
        {"model", 'm', VX_OPT_STRING, &s->model, "DIR", "Hugging Face ConvNeXt folder (default: " VX_DEFAULT_MODEL_WORDS ")", 0, 0},
        {"profile", 'p', VX_OPT_STRING, &s->profile, "NAME|FILE",
         "front end: a built-in's name or a JSON file (default: the model's profile.json, else " VX_PROFILE_DEFAULT ")", 0, 0},
        {"device", 0, VX_OPT_STRING, &s->device, "auto|cpu|cuda", "engine (default auto)", 0, 0},
        {"precision", 0, VX_OPT_STRING, &s->precision, VX_PRECISION_WORDS,
         "arithmetic (default auto: bf16 where the processor has it, fp16 on a GPU)", 0, 0},
        {"window", 0, VX_OPT_REAL, &s->window_seconds, "S", "seconds a window (default: the profile's, 2)", 0.1, 60},
        {"hop", 0, VX_OPT_REAL, &o->hop_seconds, "S", "seconds between windows' starts (default: the window)", 0.01, 3600},
        {"min-sound", 0, VX_OPT_REAL, &o->min_seconds, "S",
         "sound the last, zero-padded window needs to be scored (default 0.5)", 0.01, 60},
        {"silence-db", 0, VX_OPT_REAL, &o->silence_dbfs, "DB",
         "windows quieter than this RMS are not scored (default -70)", -300, 0},
        {"channels", 0, VX_OPT_STRING, &channels, "mix|each|first",
         "of several channels score their mean (default), each one on its own, up to 64, or the first; with each, a recording's "
         "verdict is that of its worst channel", 0, 0},
        {"operating-point", 0, VX_OPT_STRING, &s->operating_point, "balanced|high-precision|high-recall",
         "the pair of thresholds that verdicts go by, of those in the profile; between the two: uncertain (default balanced)", 0, 0},
        {"threshold", 0, VX_OPT_REAL, &s->threshold, "P",
         "instead: verdict fake where the mean over a recording's windows is P or more, else real", 0, 1},
        {"fake-label", 0, VX_OPT_STRING, &s->fake_label, "NAME|N", "the model's label for synthetic speech, if its words do not say", 0, 0},
        {"real-label", 0, VX_OPT_STRING, &s->real_label, "NAME|N", "the model's label for human speech", 0, 0},
        {"work", 0, VX_OPT_STRING, &o->work, "DIR", "shards are kept here until the end (default OUT.db.work)", 0, 0},
        {"scratch", 0, VX_OPT_STRING, &o->scratch, "DIR",
         "a folder on each node's own disk: shards are written there, and copied to --work as they are committed", 0, 0},
        {"keep-work", 0, VX_OPT_FLAG, &o->keep_work, NULL, "do not remove the work folder at the end", 0, 0},
        {"fresh", 0, VX_OPT_FLAG, &o->fresh, NULL, "delete what an unfinished scan of these inputs has left in the work folder, and start over", 0, 0},
        {"retry-failed", 0, VX_OPT_FLAG, &o->retry_failed, NULL, "going on with an unfinished scan, try the items again that failed", 0, 0},
        {"overwrite", 0, VX_OPT_FLAG, &o->overwrite, NULL, "replace OUT.db when it exists", 0, 0},
        {"threads", 't', VX_OPT_INT, &o->threads, "N", "engine threads a rank (default: its processors; 3 on a GPU)", 1, 1024},
        {"batch", 0, VX_OPT_INT, &s->batch, "N", "windows an engine call (default: the engine's); never changes scores", 1, 4096},
        {"lease", 0, VX_OPT_INT, &o->lease, "N", "items handed to a rank at a time, at most, and an hour of sound (default 256)", 1, 65536},
        {"lost-after", 0, VX_OPT_REAL, &o->lost_after, "SECONDS",
         "a rank that says nothing for so long is lost, others do its items (default 120)", 1, 86400},
        {"max-member", 0, VX_OPT_INT, &o->max_member_mib, "MIB",
         "memory for a member of an archive that has to be unpacked, or for an archive in an archive (default 1024)", 1, 1 << 20},
        {"archive-depth", 0, VX_OPT_INT, &o->archive_depth, "N",
         "archives within each other are opened down to the Nth, the one named being the first (default 3)", 1, VX_ARCHIVE_MAX_DEPTH},
        {"decode-in", 0, VX_OPT_STRING, &o->decode_in, "processes|threads",
         "where files are read: in processes of their own, which a broken file may take with it, or in this one (default processes)", 0, 0},
        {"decoders", 0, VX_OPT_INT, &o->decoders, "N",
         "how many of them a rank has (default: one for each of its processors, 64 at most, 16 beside a GPU)", 1, 256},
        {"sandbox", 0, VX_OPT_STRING, &o->sandbox, "auto|on|off", VX_SANDBOX_OPTION_DOC, 0, 0},
        {"decode-timeout", 0, VX_OPT_REAL, &o->decode_timeout, "SECONDS",
         "a decoder process that gives no sound for so long is killed, its file has failed (default 60)", 1, 86400},
        {"decode-memory", 0, VX_OPT_INT, &o->decode_memory_mib, "MIB",
         "memory of a decoder process (default: --max-member and 1024 more)", 64, 1 << 20},
        {"part", 0, VX_OPT_STRING, &part, "K/N",
         "only part K of N of the corpus, the same items whoever lists it; voxtrawl merge joins the results", 0, 0},
        {"hash", 0, VX_OPT_STRING, &hash, "bytes|pcm|none",
         "hash stored of each item: of its bytes, or of the samples decoded from it, which are the same in any lossless format (default bytes)", 0, 0},
        {"dedupe", 0, VX_OPT_FLAG, &o->dedupe, NULL, "score items with the same hash once; the others point to the one that was scored", 0, 0},
        {"custody", 0, VX_OPT_FLAG, &o->custody, NULL,
         "for evidence: the hash is the SHA-256 of the bytes, beside those of model and profile and the program's revision; voxtrawl verify checks them", 0, 0},
        {"grid-intensity", 0, VX_OPT_REAL, &o->grid_g_per_kwh, "G_PER_KWH",
         "grams of CO2 that a kilowatt-hour of this grid means, to tell those of the scan", 0.001, 10000},
        {"max-failed", 0, VX_OPT_STRING, &max_failed, "N|P%",
         "exit status 0 although some items failed, as long as no more than so many or such a share of them did (default 0)", 0, 0},
        {"quiet", 'q', VX_OPT_FLAG, &o->quiet, NULL, "only warnings and errors on stderr", 0, 0},
        {0},
    };
    struct vx_err err;
    int n;

    *o = vx_scan_options_default();
    const int status = vx_command_parse(self, table, argc, argv, &n, quiet);
    if (status >= 0)
        return status;
    if (n == 0) {
        if (!quiet)
            fprintf(stderr, "voxtrawl scan: nothing to scan: name folders, files, manifests or archives\n");
        return VX_EXIT_USAGE;
    }
    if (o->scratch && !*o->scratch) {
        if (!quiet)
            fprintf(stderr, "voxtrawl scan: --scratch takes the name of a folder, not an empty one\n");
        return VX_EXIT_USAGE;
    }
    if (!parse_channels(&o->channels, channels)) {
        if (!quiet)
            fprintf(stderr, "voxtrawl scan: --channels %s: mix, each or first is possible\n", channels);
        return VX_EXIT_USAGE;
    }
    if (check_decoding(o, &err) != VX_OK) {
        if (!quiet)
            (void)vx_command_fail(self, &err);
        return VX_EXIT_USAGE;
    }
    if (part && vx_part_parse(&o->part, part, &err) != VX_OK) {
        if (!quiet)
            (void)vx_command_fail(self, &err);
        return VX_EXIT_USAGE;
    }
    if (vx_tolerance_parse(&o->max_failed, max_failed, &err) != VX_OK || take_hash(o, hash, &err) != VX_OK) {
        if (!quiet)
            (void)vx_command_fail(self, &err);
        return VX_EXIT_USAGE;
    }
    o->inputs = (const char *const *)(argv + 1);
    o->n_inputs = n;
    return -1;
}

long vx_scan_decode_memory(const struct vx_scan_options *o)
{
    return o->decode_memory_mib > 0 ? o->decode_memory_mib : o->max_member_mib + DECODE_ROOM_MIB;
}

struct vx_window_rule vx_scan_rule(const struct vx_scan_options *o, const struct vx_profile *profile)
{
    return (struct vx_window_rule){
        .window_seconds = profile->window_seconds,
        .hop_seconds = o->hop_seconds > 0 ? o->hop_seconds : profile->window_seconds,
        .min_seconds = o->min_seconds < profile->window_seconds ? o->min_seconds : profile->window_seconds,
        .silence_dbfs = o->silence_dbfs,
    };
}

struct vx_corpus_limits vx_scan_limits(const struct vx_scan_options *o)
{
    return (struct vx_corpus_limits){.depth = (int)o->archive_depth,
                                     .max_bytes = (size_t)o->max_member_mib << 20,
                                     .timeout_s = o->decode_timeout,
                                     .data_bytes = (uint64_t)vx_scan_decode_memory(o) << 20};
}

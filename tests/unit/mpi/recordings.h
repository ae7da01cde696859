/* recordings.h - a folder of small recordings and a pipeline with the fake engine, for the tests of a rank's work
 * Recording k = 0 … ITEMS-1 is k.wav: 8 kHz, (1 + k % 5) windows of 0.25 s and a remainder that decides whether the last
 * window is scored; every recording and window is different from every other. */
#ifndef VX_TESTS_MPI_RECORDINGS_H
#define VX_TESTS_MPI_RECORDINGS_H

#include "tests/harness/fake_engine.h"

#include "model/config.h"
#include "mpi/pipeline.h"

#include <stdbool.h>
#include <stdint.h>

#define RATE 8000
#define ITEMS 30
#define WINDOW (RATE / 4) /* samples */

struct recordings {
    char *dir;
    struct vx_profile profile;
    struct vx_processor processor;
    signed char sides[2];
    struct vx_label_map labels;
    struct fake_engine fake;
    struct vx_nursery *nursery; /* of decoder processes; NULL: threads decode */
    double decode_timeout_s;    /* of theirs */
    enum vx_channels channels;
    struct vx_claimer *claimer; /* for whom files are hashed; NULL: nobody */
};

int recordings_setup(void **state);    /* cmocka: *state is a struct recordings */
int recordings_teardown(void **state);

int16_t recordings_sample(int k, int i);
int recordings_samples(int k);
int recordings_windows(int k, bool scored); /* all, or those that are scored */
const char *recordings_path(const struct recordings *x, int k); /* valid for the next 8 calls */

/* Days of silence at a low rate, in a file that takes no space: decoding it takes longer than any test. Its path. */
const char *recordings_endless(const struct recordings *x);

/* Recordings first … first+n-1 as items of the same id, the caller's. */
struct vx_item *recordings_items(const struct recordings *x, int first, int n);

/* Lanes, windows a batch, decoder threads; the engine is x->fake, anew. */
struct vx_pipeline *recordings_pipeline(struct recordings *x, int lanes, int batch, int decoders);

#endif

#include "gpu/fft.h"

#include "base/mem.h"

#include <cufft.h>
#include <stdlib.h>

struct vx_gpu_fft {
    cufftHandle plan;
    size_t scratch;
};

static enum vx_status check(cufftResult code, const char *what, struct vx_err *err)
{
    if (code == CUFFT_SUCCESS)
        return VX_OK;
    if (code == CUFFT_ALLOC_FAILED)
        return vx_fail(err, VX_ENOMEM, "cuFFT %s: not enough memory", what);
    return vx_fail(err, VX_ESYS, "cuFFT %s: error %d (cufftResult in cufft.h)", what, (int)code);
}

enum vx_status vx_gpu_fft_create(struct vx_gpu_fft **out, int n, int transforms, struct vx_err *err)
{
    int real = n + 2, complex = n / 2 + 1;
    struct vx_gpu_fft *f;
    enum vx_status rc;

    *out = NULL;
    if (n < 2 || n % 2 != 0 || transforms < 1)
        return vx_fail(err, VX_EINVAL, "no %d transforms of %d points: expected an even number", transforms, n);
    if (!(f = vx_calloc(1, sizeof *f)))
        return vx_fail_nomem(err, "a transform");
    if ((rc = check(cufftCreate(&f->plan), "cufftCreate", err)) != VX_OK) {
        free(f);
        return rc;
    }
    if ((rc = check(cufftSetAutoAllocation(f->plan, 0), "cufftSetAutoAllocation", err)) == VX_OK)
        rc = check(cufftMakePlanMany(f->plan, 1, &n, &real, 1, real, &complex, 1, complex, CUFFT_R2C, transforms, &f->scratch),
                   "cufftMakePlanMany", err);
    if (rc == VX_OK)
        *out = f;
    else
        vx_gpu_fft_destroy(&f);
    return rc;
}

void vx_gpu_fft_destroy(struct vx_gpu_fft **fft)
{
    if (!*fft)
        return;
    (void)cufftDestroy((*fft)->plan);
    free(*fft);
    *fft = NULL;
}

size_t vx_gpu_fft_scratch(const struct vx_gpu_fft *fft)
{
    return fft->scratch;
}

enum vx_status vx_gpu_fft_run(struct vx_gpu_fft *fft, cudaStream_t stream, float *rows, void *work, struct vx_err *err)
{
    enum vx_status rc;

    if ((rc = check(cufftSetStream(fft->plan, stream), "cufftSetStream", err)) != VX_OK ||
        (rc = check(cufftSetWorkArea(fft->plan, work), "cufftSetWorkArea", err)) != VX_OK)
        return rc;
    return check(cufftExecR2C(fft->plan, rows, (cufftComplex *)rows), "cufftExecR2C", err);
}

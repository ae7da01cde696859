# What gpu/ consists of, for the library that nvcc builds and for the tests that compile the same files for the host (tests/gpu)
set(VX_GPU_C
    cuda.c
    fft.c
    frontend.c
    picture.c
    tables.c
)
set(VX_GPU_CU
    decibel.cu
    frame.cu
    levels.cu
    mel.cu
    paint.cu
    peak.cu
    resize.cu
)

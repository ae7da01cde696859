# vx_host_cuda_sources(TARGET file.cu...)
# Compiles .cu files as C++ for the CUDA of tests/gpu/host; optimised under sanitizers too, for kernels are where the time goes.
function(vx_host_cuda_sources target)
    if(NOT ARGN)
        return()
    endif()
    set(optimise "")
    if(VX_SANITIZE)
        set(optimise "-O2")
    endif()
    target_sources(${target} PRIVATE ${ARGN})
    set_source_files_properties(${ARGN} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS
        "-include;${PROJECT_SOURCE_DIR}/tests/gpu/host/cuda_host.h;-Wno-unknown-pragmas;${optimise}")
endfunction()

# What every target of ours is compiled with; third-party headers stay outside of it.
add_library(vx_flags INTERFACE)
get_filename_component(vx_root "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)
target_include_directories(vx_flags INTERFACE "${vx_root}" "${PROJECT_BINARY_DIR}/generated")
target_compile_definitions(vx_flags INTERFACE _GNU_SOURCE)
target_compile_options(vx_flags INTERFACE
    $<$<COMPILE_LANGUAGE:C>:-Wshadow -Wstrict-prototypes -Wmissing-prototypes>
    $<$<COMPILE_LANGUAGE:C,CXX>:-fmacro-prefix-map=${vx_root}/= # assert() names files: where they were built is nobody's business
    -Wall -Wextra
    -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -fno-math-errno -ffp-contract=off
    $<$<BOOL:${VX_WERROR}>:-Werror>>
    $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra $<$<BOOL:${VX_WERROR}>:-Werror=all-warnings>>)
if(VX_SANITIZE)
    target_compile_options(vx_flags INTERFACE -fsanitize=${VX_SANITIZE} -fno-omit-frame-pointer
        -fno-sanitize-recover=all)
    target_link_options(vx_flags INTERFACE -fsanitize=${VX_SANITIZE})
endif()

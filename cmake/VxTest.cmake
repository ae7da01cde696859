# vx_test(NAME SOURCE source... LIBS library... LABELS label... [TIMEOUT seconds])
# A test program on cmocka: exit status 0 is success, 77 a skip that printed its reason. For ThreadSanitizer only those with threads are built.
function(vx_test name)
    cmake_parse_arguments(arg "" "TIMEOUT" "SOURCE;LIBS;LABELS" ${ARGN})
    add_executable(${name} ${arg_SOURCE})
    target_link_libraries(${name} PRIVATE ${arg_LIBS} PkgConfig::CMOCKA vx_flags)
    add_test(NAME ${name} COMMAND ${name})
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 120)
    endif()
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77)
    if(VX_SANITIZE STREQUAL "thread" AND NOT "threads" IN_LIST arg_LABELS) # the preset does not run it
        set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    endif()
endfunction()

# vx_mpi_test(NAME RANKS n COMMAND program argument... LABELS label... [TIMEOUT seconds])
# A program run by mpirun, with more ranks than cores if need be. The variables are Open MPI's (others ignore them):
# allow root, as in containers; do not bind ranks to cores, so that sharing them out is ours.
function(vx_mpi_test name)
    cmake_parse_arguments(arg "" "RANKS;TIMEOUT" "COMMAND;LABELS" ${ARGN})
    list(POP_FRONT arg_COMMAND program)
    add_test(NAME ${name} COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${arg_RANKS}
        $<TARGET_FILE:${program}> ${arg_COMMAND})
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 120)
    endif()
    set(environment OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
        OMPI_MCA_hwloc_base_binding_policy=none)
    if(VX_SANITIZE MATCHES address)
        # Open MPI leaks, from plug-ins that it unloads before the leaks are reported: no suppression can name them. All
        # of our code but link_mpi.c and world.c runs with leak detection in the tests without mpirun.
        list(APPEND environment ASAN_OPTIONS=detect_leaks=0)
    elseif(VX_SANITIZE MATCHES thread)
        list(APPEND environment "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/harness/tsan.supp")
    endif()
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77
        PROCESSORS ${arg_RANKS} ENVIRONMENT "${environment}")
endfunction()

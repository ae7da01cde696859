# Writes OUTPUT, a header with the source's revision, only when it changes. Run as: cmake -DSOURCE=… -DOUTPUT=… -P
find_program(GIT git)
set(revision "unknown")
if(GIT)
    execute_process(COMMAND "${GIT}" -C "${SOURCE}" describe --always --dirty --abbrev=12
        OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed)
        set(revision "${found}")
    endif()
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "#define VX_REVISION \"${revision}\"\n" @ONLY)

# Writes OUTPUT, a header with the source's revision and its day, only when it changes. Run as: cmake -DSOURCE=… -DOUTPUT=… -P
find_program(GIT git)
set(revision "unknown")
string(TIMESTAMP day "%Y-%m-%d" UTC) # SOURCE_DATE_EPOCH's, where that is set
if(GIT)
    execute_process(COMMAND "${GIT}" -C "${SOURCE}" describe --always --dirty --abbrev=12
        OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed)
        set(revision "${found}")
    endif()
    execute_process(COMMAND "${GIT}" -C "${SOURCE}" log -1 --format=%cs
        OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed)
        set(day "${found}")
    endif()
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "#define VX_REVISION \"${revision}\"\n#define VX_REVISION_DAY \"${day}\"\n" @ONLY)

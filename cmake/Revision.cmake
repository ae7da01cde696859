# Writes OUTPUT, a header with the source's revision and its day, only when it changes. Run as: cmake -DSOURCE=… -DOUTPUT=… -P
find_program(GIT git)
set(revision "unknown")
# In full; of an archive that git has made of the source what it wrote there; else empty.
set(source_revision "")
if(EXISTS "${SOURCE}/cmake/archived-revision")
    file(STRINGS "${SOURCE}/cmake/archived-revision" archived LIMIT_COUNT 1)
    if(archived MATCHES "^[0-9a-f]+$")
        set(source_revision "${archived}")
        string(SUBSTRING "${archived}" 0 12 revision)
    endif()
endif()
string(TIMESTAMP day "%Y-%m-%d" UTC) # SOURCE_DATE_EPOCH's, where that is set
# Only of this folder's own repository: the source may have been unpacked within another one.
set(git "${GIT}" -c "safe.directory=${SOURCE}" -C "${SOURCE}")
if(GIT AND EXISTS "${SOURCE}/.git")
    execute_process(COMMAND ${git} describe --always --dirty --abbrev=12
        OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed)
        set(revision "${found}")
    endif()
    execute_process(COMMAND ${git} describe --always --dirty --abbrev=40 --exclude=*
        OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed)
        set(source_revision "${found}")
    endif()
    execute_process(COMMAND ${git} log -1 --format=%cs
        OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed)
        set(day "${found}")
    endif()
endif()
file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "#define VX_REVISION \"${revision}\"\n#define VX_REVISION_DAY \"${day}\"
#define VX_SOURCE_REVISION \"${source_revision}\"\n" @ONLY)

# vx_embed(TARGET file...): each file becomes `const char vx_embed_NAME[]` with a NUL behind it and `vx_embed_NAME_size` without,
# NAME being the file's name with _ for what C names cannot have; declared in "embed/NAME.h". Made anew when the file changes.
function(vx_embed target)
    foreach(file ${ARGN})
        get_filename_component(path "${file}" ABSOLUTE)
        get_filename_component(name "${file}" NAME)
        string(MAKE_C_IDENTIFIER "${name}" name)
        set(base "${PROJECT_BINARY_DIR}/generated/embed/${name}")
        add_custom_command(OUTPUT "${base}.c" "${base}.h"
            COMMAND ${CMAKE_COMMAND} "-DIN=${path}" "-DBASE=${base}" "-DNAME=vx_embed_${name}" -P "${PROJECT_SOURCE_DIR}/cmake/EmbedFile.cmake"
            DEPENDS "${path}" "${PROJECT_SOURCE_DIR}/cmake/EmbedFile.cmake" VERBATIM)
        target_sources(${target} PRIVATE "${base}.c")
    endforeach()
endfunction()

# One file as a C array. Run as: cmake -DIN=… -DBASE=… -DNAME=… -P
file(READ "${IN}" bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "((0x[0-9a-f][0-9a-f],){32})" "\\1\n" bytes "${bytes}")
get_filename_component(header "${BASE}.h" NAME)
string(TOUPPER "${NAME}_H" guard)
file(WRITE "${BASE}.h" "#ifndef ${guard}\n#define ${guard}\n\n#include <stddef.h>\n\nextern const unsigned char ${NAME}[]; /* a NUL behind it */\nextern const size_t ${NAME}_size;\n\n#endif\n")
file(WRITE "${BASE}.c" "#include \"${header}\"\n\nconst unsigned char ${NAME}[] = {\n${bytes}0};\nconst size_t ${NAME}_size = sizeof ${NAME} - 1;\n")

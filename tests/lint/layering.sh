#!/usr/bin/env bash
# layering.sh SOURCE - includes point one way: base <- model <- cpu, gpu, io, db <- mpi <- jobs, and each foreign library has its folder
set -u
cd "$1" || exit 1
bad=0

may_include() { # FOLDER ALLOWED...
    local folder=$1 found
    shift
    found=$(grep -nE '^#include "(base|model|cpu|gpu|io|db|mpi|jobs|tests)/' "$folder"/*.[ch] "$folder"/*.cu "$folder"/*.cuh 2>/dev/null |
        grep -vE "#include \"($(echo "$folder" "$@" | tr ' ' '|'))/")
    [ -z "$found" ] || { echo "$folder/ may include only: $folder $*"; echo "$found"; bad=1; }
}
may_include base
may_include model base
may_include cpu base model
may_include gpu base model
may_include io base model
may_include db base
may_include mpi base model io db
may_include jobs base model cpu gpu io db mpi

only_in() { # FOLDER-OR-FILE HEADER-PATTERN
    local found
    found=$(grep -rnE "^#include <($2)" --include='*.[ch]' --include='*.cu' --include='*.cuh' base model cpu gpu io db mpi jobs |
        grep -vE "^($1)[/:]")
    [ -z "$found" ] || { echo "only $1 may include $2"; echo "$found"; bad=1; }
}
only_in mpi 'mpi\.h'
only_in db 'sqlite3\.h'
only_in io 'sndfile\.h|soxr\.h|archive|zlib\.h|png\.h|jpeglib\.h'
only_in 'io/ffmpeg_(adapter|open)\.c|io/ffmpeg_internal\.h' 'libav|libsw'
only_in cpu 'oneapi/|dnnl|omp\.h'
only_in gpu 'cuda|cublas|cufft'
found=$(grep -rnE '^#include <(cuda|cublas|cufft)' --include='*.[ch]' tests | grep -v '^tests/gpu/')
[ -z "$found" ] || { echo "of the tests only tests/gpu/ may include CUDA"; echo "$found"; bad=1; }
only_in model 'cjson/'
only_in base 'openssl/|kissfft|xxhash'

# libraries return errors, they do not end the process; vx_world_abort() is the one whose business it is, and
# the nursery, of the processes that it forks
found=$(grep -nE '(^|[^_a-z.>])(exit|abort|_exit|perror) *\(' base/*.c model/*.c cpu/*.c gpu/*.c gpu/*.cu \
    io/*.c db/*.c mpi/*.c |
    grep -vE '^mpi/world.c:.*_exit\(status\)|^io/nursery.c:.*_exit\((live|nursery_main)\(')
[ -z "$found" ] || { echo "library code may not end the process:"; echo "$found"; bad=1; }
exit $bad

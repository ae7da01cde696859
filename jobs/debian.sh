# shellcheck shell=bash disable=SC2034 # the lists are used where this is sourced
# debian.sh - sourced by demo.sh and tests/run.sh: Debian packages, asking apt only for what is absent

VX_BUILD_PACKAGES="build-essential cmake ninja-build pkg-config git libopenmpi-dev openmpi-bin libsndfile1-dev libsoxr-dev
    libarchive-dev zlib1g-dev libsqlite3-dev libcjson-dev libssl-dev libpng-dev libjpeg-dev libdnnl-dev libkissfft-dev
    libavformat-dev libavcodec-dev libavutil-dev libswresample-dev libxxhash-dev libcmocka-dev"
VX_DEMO_PACKAGES="asterisk-core-sounds-en-wav espeak-ng flite"
VX_TEST_PACKAGES="sqlite3 sndfile-programs ffmpeg zip libarchive-tools zstd bzip2 xz-utils shellcheck slurmd slurmctld slurm-client munge iproute2
    mandoc man-db zsh file python3
    clang libclang-rt-dev libomp-dev ccache chromium chromium-driver python3-selenium"

# need_packages PACKAGE...: installs those that are not installed yet, as root or through sudo; apt's words are shown only
# when it fails. Other distributions are left to CMake, which names the library that is missing.
need_packages() {
    local missing=() package root=() log
    command -v apt-get >/dev/null || {
        echo "This is not Debian: the equivalents of these packages must be installed: $*" >&2
        return 0
    }
    for package in "$@"; do
        dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^.i' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "These Debian packages are missing, and neither root nor sudo is at hand: ${missing[*]}" >&2
            return 1
        }
        root=(sudo)
    fi
    echo "Installing (this takes some minutes): ${missing[*]}" >&2
    # An index that cannot be renewed, such as some other vendor's, is no reason not to install from the rest. A machine
    # that has just started may be holding apt's lock for its own updates.
    log=$(
        "${root[@]}" apt-get update -qq 2>&1 || true
        "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            -o DPkg::Lock::Timeout=300 "${missing[@]}" 2>&1
    ) || {
        echo "$log" >&2
        return 1
    }
}

# Open MPI refuses to run as root unless told twice that this is meant; containers often have no other user.
allow_mpi_as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    fi
}

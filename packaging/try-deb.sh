#!/usr/bin/env bash
# try-deb.sh [DIR] - builds the Debian package, installs it with apt into a clean Debian 12 tree in DIR (build/try-deb) and runs the
# demo there from the installed program. As root, with debootstrap; takes minutes and 1 GB. What DIR holds is removed at the end; KEEP=1 keeps it.
set -euo pipefail

cd "$(dirname "$0")/.."
# shellcheck source=../jobs/debian.sh
. jobs/debian.sh
[ "$(id -u)" -eq 0 ] || {
    echo "try-deb.sh: making another system's tree takes root" >&2
    exit 1
}
# shellcheck disable=SC2086 # lists of words
need_packages $VX_BUILD_PACKAGES debootstrap dpkg-dev file lintian

mkdir -p "${1:-build/try-deb}"
dir=$(realpath -- "${1:-build/try-deb}")
tree=$dir/root

echo "== package"
cmake --preset release >"$dir/build.log" 2>&1
cmake --build --preset release >>"$dir/build.log" 2>&1
rm -f "$dir"/*.deb
cpack --config build/release/CPackConfig.cmake -B "$dir" >>"$dir/build.log" 2>&1
deb=$(echo "$dir"/voxtrawl_*.deb)
ls -l "$deb"
lintian "$deb" || true # it tells of what it finds; that is no reason not to try

echo "== clean tree"
[ -e "$tree/etc/debian_version" ] || debootstrap --variant=minbase bookworm "$tree" >"$dir/debootstrap.log"
cp /etc/resolv.conf "$tree/etc/resolv.conf"
cp "$deb" "$tree/tmp/voxtrawl.deb"

# in_tree PROGRAM...: in the tree, with /proc and /sys; mounts and processes end with the command
in_tree() {
    # shellcheck disable=SC2016 # for the shell in between
    unshare --mount --pid --fork --mount-proc="$tree/proc" sh -euc '
        tree=$1
        shift
        mount --bind --read-only /sys "$tree/sys"
        exec chroot "$tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
    ' sh "$tree" "$@"
}

echo "== apt install"
in_tree bash -euc '
    apt-get update -qq
    apt-get install -y -qq /tmp/voxtrawl.deb man-db >/tmp/apt.log 2>&1 || { tail -n 30 /tmp/apt.log; exit 1; }
    command -v voxtrawl
    voxtrawl --version'

echo "== doctor"
in_tree voxtrawl doctor || [ $? -eq 3 ]

echo "== manual"
in_tree man voxtrawl-scan | head -n 12

echo "== demo"
in_tree bash -euc 'mkdir -p /root/demo && cd /root/demo && /usr/share/voxtrawl/demo.sh'

echo "== what remains when it is removed again"
in_tree bash -euc 'apt-get purge -y -qq voxtrawl >/dev/null 2>&1; find / -xdev -path /proc -prune -o -path "/root/demo*" -prune -o -name "*voxtrawl*" -print'

[ -n "${KEEP:-}" ] || rm -rf "$tree"
echo "The package installs and the demo runs from it."

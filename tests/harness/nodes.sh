# shellcheck shell=bash
# nodes.sh - sourced by tests of several hosts: three hosts on this machine, alone in namespaces of their own
#
# The test runs itself again inside new namespaces of processes, mounts and network (nodes_enter). When the first process
# in there ends, however it ends, the kernel ends all others, and mounts, interfaces and host names are gone with them. Each
# node is a network namespace in there with its own address, host name and /etc/hosts; so all ports are free.

NODES=(vxn1 vxn2 vxn3)

nodes_enter() { # SCRIPT ARGUMENTS...: does not return; $NODES_INSIDE says that one is inside
    local program
    for program in ip nsenter unshare; do
        command -v "$program" >/dev/null || skip "$program is not installed"
    done
    [ "$(id -u)" -eq 0 ] || skip "hosts of our own need root, for namespaces"
    unshare --mount --net --pid --fork --mount-proc ip link set lo up 2>/dev/null || skip "namespaces may not be made here"
    NODES_INSIDE=1 exec unshare --mount --net --pid --fork --kill-child --mount-proc bash "$@"
}

# The rest is for inside, with a folder of the test's own in $CLUSTER.

on() { # NODE COMMAND...: as one would with ssh
    local node=$1
    shift
    nsenter --net="/run/netns/$node" unshare --mount --uts sh -c '
        hostname "$0" && mount --bind "$1" /etc/hosts && shift && exec "$@"' "$node" "$CLUSTER/hosts" "$@"
}

nodes_network() { # node I hangs on the bridge by the link pI
    local i node
    mount -t tmpfs none /run
    mkdir -p /run/netns
    ip link set lo up
    ip link add br0 type bridge
    ip link set br0 up
    echo "127.0.0.1 localhost" >"$CLUSTER/hosts"
    for i in "${!NODES[@]}"; do
        node=${NODES[i]}
        ip netns add "$node"
        ip -n "$node" link set lo up
        ip link add "p$i" type veth peer name eth0 netns "$node"
        ip link set "p$i" master br0 up
        ip -n "$node" addr add "10.77.0.1$i/24" dev eth0
        ip -n "$node" link set eth0 up
        echo "10.77.0.1$i $node" >>"$CLUSTER/hosts"
    done
}

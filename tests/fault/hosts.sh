#!/usr/bin/env bash
# hosts.sh - a scan over three hosts, of which one is cut off, or dies, while it runs: what is left finishes, or the next run of
# the same command does, with the result of a scan that nobody disturbed. The hosts are namespaces of this machine.
# shellcheck source=../harness/nodes.sh
. "$(dirname "$0")/../harness/nodes.sh"
. "$(dirname "$0")/lib.sh"
need ip nsenter
[ -n "${NODES_INSIDE:-}" ] || nodes_enter "$0" "$VOXTRAWL" "$SCRATCH"
CLUSTER=$SCRATCH/nodes
mkdir -p "$CLUSTER"
nodes_network
make_corpus 40
export VX_FAKE_WINDOW_MS=40

# what mpirun takes for ssh
cat >rsh <<END
#!/usr/bin/env bash
NODES_INSIDE=1 CLUSTER=$CLUSTER
. "$HERE/../harness/nodes.sh"
while [[ \$1 == -* ]]; do shift; done
host=\$1
shift
on "\$host" sh -c "\$*"
END
chmod +x rsh

# scan_on_hosts: a rank on each, in the background, as slurm/scan.sbatch.in starts them; the launcher's pid in $launcher
scan_on_hosts() {
    mkdir -p w/job # the folder outlives the scan, for its exit status
    timeout -k 5 120 bash "$PWD/rsh" "${NODES[0]}" cd "'$PWD'" '&&' exec bash "'$HERE/../../slurm/launch.sh'" -w 2 w/exit-status \
        mpirun --enable-recovery --mca plm_rsh_agent "'$PWD/rsh'" \
        --host "$(IFS=, && echo "${NODES[*]}")" --bind-to none -n 3 -x VX_FAKE_WINDOW_MS \
        "'$VOXTRAWL'" scan --model model -o killed.db --work w --lease 3 --threads 1 --quiet --lost-after 3 corpus >ranks.out 2>&1 &
    launcher=$!
}

kill_host() { # NODE: all that runs there
    local pids
    read -r -d '' -a pids < <(ip netns pids "$1") || true
    [ ${#pids[@]} -eq 0 ] || kill -KILL "${pids[@]}" 2>/dev/null || true
}
# all as at the beginning: nothing runs, and every host reaches the first, whose port 9 refuses what it hears
mend() {
    local i n says
    for i in "${!NODES[@]}"; do
        kill_host "${NODES[i]}"
        ip link set "p$i" up
    done
    for i in 1 2; do
        for n in $(seq 1 20); do
            says=$(timeout 1 nsenter --net="/run/netns/${NODES[i]}" bash -c ': </dev/tcp/10.77.0.10/9' 2>&1) || true
            [[ $says != *refused* ]] || break
            [ "$n" -lt 20 ] || fail "${NODES[i]} does not reach ${NODES[0]}"
            sleep 0.2
        done
    done
}

# mishap NAME COMMAND...: a scan to which it happens once all three have shards, and whatever runs the same command then takes
mishap() {
    local name=$1 runs=1 got=0
    shift
    rm -rf w killed.db
    scan_on_hosts
    shards 3
    [ "$(find w -name 'shard-*.db' | wc -l)" -eq 3 ] || { cat ranks.out >&2; fail "$name: not a shard on each host"; }
    sleep 0.5
    "$@"
    wait $launcher || got=$?
    mend
    while [ ! -e killed.db ]; do
        [ $runs -lt 4 ] || { cat ranks.out >&2; fail "$name: no result after $runs runs, the first ended with $got"; }
        runs=$((runs + 1))
        scan_on_hosts
        wait $launcher || true
    done
    same_as_whole "$name"
    echo "$SECONDS s: $name: $runs runs, the first ended with $got"
}

mishap "a host dies" kill_host "${NODES[2]}"
mishap "a host is cut off" ip link set p2 down
mishap "the host of rank 0 is cut off" ip link set p0 down

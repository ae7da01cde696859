# shellcheck shell=bash
# cluster.sh - sourced by real.sh: a Slurm cluster of three nodes on this machine, alone in namespaces of its own (nodes.sh)

# shellcheck source=../harness/nodes.sh
. "$(dirname "${BASH_SOURCE[0]}")/../harness/nodes.sh"
CLUSTER_SECONDS=30 # for the nodes to be ready

cluster_enter() { # SCRIPT ARGUMENTS...: does not return
    local program
    for program in slurmctld slurmd munged sbatch squeue scontrol scancel mknod; do
        command -v "$program" >/dev/null || skip "$program is not installed"
    done
    nodes_enter "$@"
}

# The rest is for inside.

cluster_configure() {
    local i
    mkdir -p "$CLUSTER"/{munge,state,log,dev}
    for i in "${!NODES[@]}"; do
        mkdir "$CLUSTER/spool.${NODES[i]}" "$CLUSTER/tmp.${NODES[i]}"
    done
    for i in 0 1; do
        mknod "$CLUSTER/dev/gpu$i" c 1 3
    done
    cat >"$CLUSTER/slurm.conf" <<CONF
ClusterName=lab
SlurmctldHost=${NODES[0]}(10.77.0.10)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$CLUSTER/munge/sock,cred_expire=5
CredType=cred/munge
StateSaveLocation=$CLUSTER/state
SlurmdSpoolDir=$CLUSTER/spool.%n
TmpFS=$CLUSTER/tmp.%n
SlurmctldPidFile=$CLUSTER/slurmctld.pid
SlurmdPidFile=$CLUSTER/slurmd.%n.pid
SlurmctldLogFile=$CLUSTER/log/slurmctld.log
SlurmdLogFile=$CLUSTER/log/slurmd.%n.log
SlurmdTimeout=10
SrunPortRange=30000-30999
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_min_interval=100000
ReturnToService=2
KillWait=5
MinJobAge=600
SlurmdParameters=config_overrides
GresTypes=gpu
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
    for i in "${!NODES[@]}"; do
        echo "NodeName=${NODES[i]} NodeAddr=10.77.0.1$i CPUs=4 RealMemory=4000 Gres=gpu:2" >>"$CLUSTER/slurm.conf"
    done
    echo "Name=gpu File=$CLUSTER/dev/gpu[0-1]" >"$CLUSTER/gres.conf"
    # No part of this Slurm uses control groups; told so, it does not look for those of the machine.
    echo "CgroupPlugin=cgroup/v1" >"$CLUSTER/cgroup.conf"
    dd if=/dev/urandom of="$CLUSTER/munge/key" bs=1024 count=1 status=none
    chmod 600 "$CLUSTER/munge/key"
    chmod 711 "$CLUSTER/munge"
}

# cluster_start FOLDER: skips the test where the parts do not start at all
cluster_start() {
    local node idle='' i
    CLUSTER=$1
    mkdir -p "$CLUSTER"
    nodes_network
    cluster_configure
    export SLURM_CONF=$CLUSTER/slurm.conf
    munged --key-file="$CLUSTER/munge/key" --socket="$CLUSTER/munge/sock" --pid-file="$CLUSTER/munge/pid" \
        --log-file="$CLUSTER/munge/log" --seed-file="$CLUSTER/munge/seed" 2>"$CLUSTER/log/munged.err" ||
        skip "munged does not start: $(head -n 1 "$CLUSTER/log/munged.err")"
    on "${NODES[0]}" slurmctld -c || skip "slurmctld does not start: $(tail -n 1 "$CLUSTER/log/slurmctld.log")"
    for node in "${NODES[@]}"; do
        on "$node" slurmd -c || skip "slurmd does not start: $(tail -n 1 "$CLUSTER/log/slurmd.$node.log")"
    done
    for ((i = 0; i < 10 * CLUSTER_SECONDS; i++)); do
        idle=$(on "${NODES[0]}" sinfo --noheader --Node --states=idle --format=%N 2>/dev/null | wc -l)
        [ "$idle" -eq ${#NODES[@]} ] && return
        sleep 0.1
    done
    tail -n 5 "$CLUSTER"/log/*.log >&2
    skip "after $CLUSTER_SECONDS s $idle of ${#NODES[@]} nodes are ready"
}

#!/bin/sh
# A slurm cluster of one node, this machine: munge, slurmctld and slurmd on the loopback.
#
#     sh benchmarks/slurm/cluster.sh start FOLDER    # writes FOLDER/slurm.conf
#     SLURM_CONF=FOLDER/slurm.conf sinfo
#     sh benchmarks/slurm/cluster.sh stop FOLDER
#
# While it runs, /etc/slurm/slurm.conf is a link to FOLDER/slurm.conf: inside a job the executor
# clears SLURM_CONF, so that srun looks there, as it does on every installed cluster.
#
# Needs root and Debian's packages: apt-get install slurmctld slurmd slurm-client munge. There are
# no cgroups and there is no accounting database, so memory limits are enforced by slurmd's polling
# (JobAcctGatherFrequency) and the status of jobs is asked of squeue.
set -eu

action=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
host=$(hostname -s)

kill_by_file() {
    [ -s "$1" ] || return 0
    pid=$(cat "$1")
    kill "$pid" 2>/dev/null || return 0
    n=0
    while [ -e "/proc/$pid" ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
}

start() {
    mkdir -p "$folder/state" "$folder/spool"
    # munge refuses folders that others may write to: its own are under /run and /tmp.
    munge_folder=/run/resistpanel-munge
    mkdir -p -m 0755 "$munge_folder"
    if [ ! -s "$folder/munge.key" ]; then
        dd if=/dev/urandom of="$folder/munge.key" bs=1024 count=1 2>/dev/null
        chmod 0600 "$folder/munge.key"
    fi
    cat >"$folder/slurm.conf" <<CONF
ClusterName=resistpanel
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$munge_folder/socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
SlurmctldPort=16817
SlurmdPort=16818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=5
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
JobAcctGatherParams=OverMemoryKill,UsePss
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$folder/jobs.txt
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
MinJobAge=3600
KillWait=5
DefMemPerCPU=500
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.8)}' /proc/meminfo)
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
    if [ -e /etc/slurm/slurm.conf ] && [ ! -L /etc/slurm/slurm.conf ]; then
        echo "/etc/slurm/slurm.conf: there is a cluster on this machine; use that" >&2
        exit 1
    fi
    mkdir -p /etc/slurm
    ln -sfn "$folder/slurm.conf" /etc/slurm/slurm.conf
    export SLURM_CONF="$folder/slurm.conf"
    munged --force --key-file "$folder/munge.key" --socket "$munge_folder/socket" \
        --pid-file "$munge_folder/munged.pid" --log-file "$folder/munged.log" \
        --seed-file "$folder/munge.seed"
    slurmctld -c
    slurmd
    n=0
    until sinfo -h -o %t 2>/dev/null | grep -q -E 'idle|mix|alloc'; do
        n=$((n + 1))
        if [ $n -gt 100 ]; then
            tail -5 "$folder/slurmctld.log" "$folder/slurmd.log" >&2
            exit 1
        fi
        sleep 0.2
    done
    sinfo
}

stop() {
    kill_by_file "$folder/slurmd.pid"
    kill_by_file "$folder/slurmctld.pid"
    kill_by_file /run/resistpanel-munge/munged.pid
    if [ "$(readlink /etc/slurm/slurm.conf)" = "$folder/slurm.conf" ]; then
        rm /etc/slurm/slurm.conf
    fi
}

case $action in
start | stop) $action ;;
*) echo "usage: cluster.sh start|stop FOLDER" >&2; exit 2 ;;
esac

#!/usr/bin/env bash
# A Slurm of two virtual nodes (spar1, spar2) on this machine, for tests: munged, slurmctld and two slurmd, all in one folder. Works as root in a
# container without systemd; needs Debian's slurm-wlm and munge.
#   tests/slurm/up.sh [up]        starts it, and says which SLURM_CONF to export
#   tests/slurm/up.sh down        ends it and removes the folder
#   tests/slurm/up.sh check       exit status 0 where it runs
#   tests/slurm/up.sh install     apt-get install of what it needs, where it is not there
# The folder is /tmp/spar-slurm, or what SPAR_SLURM names.
set -euo pipefail
home=${SPAR_SLURM:-/tmp/spar-slurm}
export SLURM_CONF=$home/slurm.conf
port=${SPAR_SLURM_PORT:-27817}

running() { [ -e "$SLURM_CONF" ] && timeout 5 sinfo --noheader > /dev/null 2>&1; }

# A number is given again to other processes: only what bears the daemon's name counts.
alive() { grep -q "^${1%%.*}" "/proc/$2/comm" 2> /dev/null; }

stop() {
    local name pid
    for name in slurmctld slurmd.spar1 slurmd.spar2 munged; do
        pid=$(cat "$home/$name.pid" 2> /dev/null || true)
        [ -n "$pid" ] && alive "$name" "$pid" || continue
        kill "$pid" 2> /dev/null || true
        # Its port and its state are free once it has gone.
        for _ in $(seq 100); do alive "$name" "$pid" || break; sleep 0.1; done
        if alive "$name" "$pid"; then kill -9 "$pid" 2> /dev/null || true; fi
    done
    rm -rf "$home"
}

case ${1:-up} in
install)
    missing=
    for command in slurmctld slurmd sbatch munged; do command -v $command > /dev/null || missing=$command; done
    [ -n "$missing" ] || exit 0
    apt-get update -qq
    # Services are not to be started: there is no systemd to start them with.
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends slurm-wlm munge > /dev/null
    ;;
check) running ;;
down) stop ;;
up)
    if running; then echo "export SLURM_CONF=$SLURM_CONF"; exit 0; fi
    [ "$(id -u)" -eq 0 ] || { echo "a Slurm for tests is started by root" >&2; exit 1; }
    for command in slurmctld slurmd sbatch munged; do
        command -v $command > /dev/null || { echo "$command is missing: tests/slurm/up.sh install" >&2; exit 1; }
    done
    stop
    mkdir -p "$home"/{state,spool.spar1,spool.spar2,munge}
    chmod 0755 "$home" && chmod 0700 "$home/munge"
    for node in spar1 spar2; do
        grep -qw $node /etc/hosts || echo "127.0.0.1 $node" >> /etc/hosts
    done
    dd if=/dev/urandom of="$home/munge/key" bs=128 count=1 2> /dev/null
    chmod 0600 "$home/munge/key"
    munged --force --key-file="$home/munge/key" --socket="$home/munge.socket" --pid-file="$home/munged.pid" \
        --log-file="$home/munge/log" --seed-file="$home/munge/seed"
    cpus=$(nproc)
    cat > "$SLURM_CONF" << END
ClusterName=spar
SlurmctldHost=localhost
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$home/munge.socket,cred_expire=5
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1,sched_min_interval=100000
SlurmctldPidFile=$home/slurmctld.pid
SlurmdPidFile=$home/slurmd.%n.pid
SlurmdSpoolDir=$home/spool.%n
StateSaveLocation=$home/state
SlurmctldLogFile=$home/slurmctld.log
SlurmdLogFile=$home/slurmd.%n.log
SwitchType=switch/none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobRequeue=1
MinJobAge=300
KillWait=2
InactiveLimit=0
NodeName=spar1 NodeHostname=localhost NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=$cpus State=UNKNOWN
NodeName=spar2 NodeHostname=localhost NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=$cpus State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:8
END
    slurmctld
    for node in spar1 spar2; do slurmd -N $node; done
    for _ in $(seq 100); do
        if [ "$(sinfo --noheader --Node --format=%t 2> /dev/null | grep -c idle)" -eq 2 ]; then
            echo "export SLURM_CONF=$SLURM_CONF"
            exit 0
        fi
        sleep 0.2
    done
    echo "the nodes did not come up:" >&2
    tail -n 5 "$home"/*.log >&2
    exit 1
    ;;
*) sed -n '2,8p' "$0" >&2; exit 2 ;;
esac

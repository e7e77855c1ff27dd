#!/bin/sh
# The workflow on a real slurm of one node, with jobs killed half way: see run.py.
#
#     bash benchmarks/slurm/run.sh [--patients 20]
#
# Needs root; installs slurm and munge from Debian where they are missing.
set -eu
cd "$(dirname "$0")/../.."
folder=benchmarks/work/slurm/node
if ! { command -v slurmctld && command -v slurmd && command -v munged; } >/dev/null; then
    apt-get install -y --no-install-recommends slurmctld slurmd slurm-client munge
fi
.venv/bin/python -c "import snakemake_executor_plugin_slurm" 2>/dev/null ||
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        "$(sed -n 's/.*"\(snakemake-executor-plugin-slurm==.*\)".*/\1/p' pyproject.toml)"
trap 'sh benchmarks/slurm/cluster.sh stop "$folder"' EXIT
sh benchmarks/slurm/cluster.sh start "$folder"
SLURM_CONF="$PWD/$folder/slurm.conf"
export SLURM_CONF
.venv/bin/python -m benchmarks.slurm.run "$@"

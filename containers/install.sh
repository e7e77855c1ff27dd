#!/bin/sh
# What the container holds, for both recipes: run as root on Debian 12 in the checkout's folder.
# bwa and freebayes are for the optional steps; GATK and others are not in Debian: use
# `--software-deployment-method conda` for these, or add them here.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install --yes --no-install-recommends \
    python3 python3-venv python3-dev gcc libc6-dev make ca-certificates bwa freebayes
make setup
.venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --require-hashes --requirement requirements.slurm.lock
# The compiler has done its work.
apt-get purge --yes --auto-remove python3-dev gcc libc6-dev
rm -rf /var/lib/apt/lists/* "${HOME:?}/.cache"
.venv/bin/resistpanel --version

#!/bin/sh
# Carry out the containers' recipe where there is no docker: in a Debian 12 made by debootstrap.
#
#     sh containers/check.sh FOLDER       # root; apt-get install debootstrap; about 1.2 GB
#
# It runs install.sh as both recipes do, then plans the demo inside, with a read-only checkout and
# an ordinary user's rights. pip inside is set up as it is on this machine.
set -eu
root=$1
here=$(cd "$(dirname "$0")/.." && pwd)
if [ ! -x "$root/usr/bin/apt-get" ]; then
    debootstrap --variant=minbase bookworm "$root"
fi
mkdir -p "$root/opt/resistpanel"
(cd "$here" && git archive HEAD) | tar x -C "$root/opt/resistpanel"
for file in /etc/pip.conf /etc/resolv.conf /etc/hosts "${PIP_CERT:-}" "${SSL_CERT_FILE:-}" \
    "$(python3 -m pip config get global.cert 2>/dev/null || true)"; do
    if [ -f "$file" ]; then
        mkdir -p "$root$(dirname "$file")"
        cp -L "$file" "$root$file"
    fi
done
mount --bind /proc "$root/proc"
mount --bind /dev "$root/dev"
trap 'umount "$root/proc" "$root/dev"' EXIT
chroot "$root" /bin/sh -c "cd /opt/resistpanel && sh containers/install.sh"
chroot "$root" /bin/sh -c '
    set -eu
    export PATH=/opt/resistpanel/.venv/bin:/usr/bin:/bin HOME=/tmp/home
    mkdir -p /tmp/home /tmp/run && chown -R nobody /tmp/home /tmp/run
    cd /tmp/run
    home=/opt/resistpanel
    setpriv --reuid=nobody --clear-groups snakemake --snakefile $home/Snakefile \
        --configfile $home/config.yaml -n --quiet rules
    bwa 2>&1 | grep Version
    freebayes --version
    du -sm /opt/resistpanel /usr
'

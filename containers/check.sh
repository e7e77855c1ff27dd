#!/bin/sh
# Carry out the containers' recipe where there is no docker: in a Debian 12 made by debootstrap.
#
#     sh containers/check.sh FOLDER       # root; apt-get install debootstrap; about 1.2 GB
#
# It runs install.sh as both recipes do, then plans the demo inside, with a read-only checkout and
# an ordinary user's rights. /etc/pip.conf and PIP_* of this machine are used if there are any.
set -eu
root=$1
here=$(cd "$(dirname "$0")/.." && pwd)
if [ ! -x "$root/usr/bin/apt-get" ]; then
    debootstrap --variant=minbase bookworm "$root"
fi
mkdir -p "$root/opt/resistpanel"
(cd "$here" && git archive HEAD) | tar x -C "$root/opt/resistpanel"
for file in /etc/pip.conf /etc/resolv.conf /etc/hosts; do
    if [ -e "$file" ]; then cp -L "$file" "$root$file"; fi
done
if [ -d /etc/ssl/certs ]; then
    mkdir -p "$root/etc/ssl" "$root/usr/local/share/ca-certificates"
    cp -rL /etc/ssl/certs "$root/etc/ssl/" 2>/dev/null || true
fi
mount --bind /proc "$root/proc"
mount --bind /dev "$root/dev"
trap 'umount "$root/proc" "$root/dev"' EXIT
chroot "$root" /bin/sh -c "cd /opt/resistpanel && sh containers/install.sh"
chroot "$root" /bin/sh -c '
    set -eu
    export PATH=/opt/resistpanel/.venv/bin:/usr/bin:/bin HOME=/tmp/home
    mkdir -p /tmp/home /tmp/run && chown -R nobody /tmp/home /tmp/run
    cd /tmp/run
    setpriv --reuid=nobody --clear-groups snakemake --snakefile /opt/resistpanel/Snakefile -n --quiet rules
    bwa 2>&1 | grep Version
    freebayes --version
    du -sm /opt/resistpanel /usr | cat
'

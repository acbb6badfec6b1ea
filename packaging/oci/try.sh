#!/bin/sh
# Builds the image from this tree and uses it, with Debian's tools and no registry: the base is a Debian made here, whose
# Python is in the place of the official image's.  As root, with buildah and mmdebstrap; the package index and Debian's
# packages are fetched as this machine fetches them.
#   packaging/oci/try.sh [FOLDER]      the base is kept in FOLDER (default: a folder that is removed at the end)
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$(mktemp -d)}
mkdir -p "$folder/store" "$folder/run" "$folder/data"
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
work() { buildah --root "$folder/store" --runroot "$folder/run" "$@"; }
[ $# -gt 0 ] || trap 'rm -rf "$folder"' EXIT

if [ ! -s "$folder/base.tar" ]; then
    mmdebstrap --quiet --variant=minbase --include=python3,python3-pip,ca-certificates stable "$folder/base.tar"
fi
base=$(work from scratch)
work add -q "$base" "$folder/base.tar" / >/dev/null
work config --env PATH=/usr/local/bin:/usr/bin:/bin "$base"
# as in the official image: `python`, and a pip that may install
work run "$base" sh -c 'ln -sf python3 /usr/bin/python; rm -f /usr/lib/python3*/EXTERNALLY-MANAGED'
work commit -q --rm "$base" localhost/python >/dev/null

set -- --volume /etc/ssl/certs:/etc/ssl/certs:ro
[ ! -f /etc/pip.conf ] || set -- "$@" --volume /etc/pip.conf:/etc/pip.conf:ro
work build -q "$@" --pull=false --build-arg BASE=localhost/python -f "$root/packaging/oci/Containerfile" -t starling "$root"

used=$(work from --pull=false localhost/starling)
cp "$root/src/starling/examples/example.vcf" "$folder/data/"
# without a network: a namespace of its own, with nothing in it
try() { unshare --net buildah --root "$folder/store" --runroot "$folder/run" run --volume "$folder/data:/data:ro" "$used" "$@"; }
[ "$(try id -u)" = 65532 ] || { echo "the image runs as root" >&2; exit 1; }
try starling doctor
try starling check clopidogrel example.vcf
try sh -c '! touch /data/x /usr/bin/x 2>/dev/null'
work rm "$used" >/dev/null
echo "built and used: localhost/starling"

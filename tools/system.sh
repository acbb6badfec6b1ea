#!/bin/sh
# Programs of the system that some tests use.  Installs what is missing where that is allowed (root, Debian); elsewhere
# says what is missing: those tests are then skipped and counted, or fail where CI is set.  Never an error by itself.
set -u

# program:package:what it is for
for each in \
    bwrap:bubblewrap:"a read-only machine for the node" \
    chromium:chromium:"the dashboard in a browser" \
    softhsm2-util:softhsm2:"keys in a PKCS #11 token" \
    faketime:faketime:"a clock that is set back or forward" \
    swtpm:swtpm:"a TPM 2.0 in software" \
    node:nodejs:"a validator of FHIR" \
    npm:npm:"the definitions of FHIR" \
    systemd-analyze:systemd:"the unit of the service" \
    tpm2_quote:tpm2-tools:"quotes of boot measurements"
do
    program=${each%%:*}
    rest=${each#*:}
    command -v "$program" >/dev/null 2>&1 && continue
    missing="${missing:-} ${rest%%:*}"
    said="${said:-}
  $program: ${rest#*:}"
done
[ -n "${missing:-}" ] || exit 0

install() { apt-get install --yes --quiet --no-install-recommends -o DPkg::Lock::Timeout=60 "$@" >/dev/null; }

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    echo "installing for the tests:$missing" >&2
    # $missing is a list of packages, in words
    if install $missing 2>/dev/null || { apt-get update --quiet >/dev/null && install $missing; }; then
        exit 0
    fi
    echo "that failed; without them these tests are skipped, or fail where CI is set:$said" >&2
    exit 0
fi
echo "not installed; tests of these are skipped, or fail where CI is set:$said
  on Debian, as root: apt-get install$missing" >&2

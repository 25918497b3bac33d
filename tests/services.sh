#!/bin/sh
# Install what the tests start: PostgreSQL, Prometheus and logrotate of the distribution, unless
# they are there. Neither is started or enabled as a service of the machine.
set -eu

missing=
[ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || command -v initdb >/dev/null ||
    missing="$missing postgresql"
command -v prometheus >/dev/null || missing="$missing prometheus"
command -v openssl >/dev/null || missing="$missing openssl"
[ -x /usr/sbin/logrotate ] || command -v logrotate >/dev/null || missing="$missing logrotate"
[ -n "$missing" ] || { echo "what the tests start is installed"; exit 0; }

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "not installed:$missing; with Debian and Ubuntu: sudo apt-get install$missing" >&2
    exit 2
fi

# The packages would start what they install, on its usual port and at every boot.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
# shellcheck disable=SC2086 # several names
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing

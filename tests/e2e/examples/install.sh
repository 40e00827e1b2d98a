#!/usr/bin/env bash
# Installs what the examples' browser tests need and nothing of the product does: Chromium (where absent, as root, by apt)
# and the pinned npm packages. Idempotent; needs Node.js 18 or later with npm.
set -euo pipefail
cd "$(dirname "$0")"

if [ -z "${CHROMIUM:-}" ] && ! command -v chromium chromium-browser google-chrome > /dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends chromium
fi
# npm writes this file last, so it tells a whole install from a broken one; an older one than the lock is stale.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
  npm ci
fi

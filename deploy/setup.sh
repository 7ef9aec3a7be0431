#!/usr/bin/env bash
# All set-up on Debian 12: system packages, the virtual environment from the hashed lock, the PKCS#11 module.
# Usage: deploy/setup.sh [run|dev|bench]. Says what it does; quick the second time. Source of truth: the two lock files.
set -euo pipefail
cd "$(dirname "$0")/.."
kind="${1:-run}"
started=$SECONDS

if [ -t 1 ]; then dim=$'\033[2m' plain=$'\033[0m'; else dim= plain=; fi
say() { printf '%s%3ds%s  %s\n' "$dim" "$((SECONDS - started))" "$plain" "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# --- 1. System packages -------------------------------------------------------------------------------------
packages=(python3-venv python3-dev softhsm2 libp11-kit-dev gcc libc6-dev openssl gettext
          libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core)
if [ "$kind" = dev ]; then
  packages+=(postgresql-15 rabbitmq-server redis-server chromium faketime opensc nginx gnutls-bin apache2-bin stunnel4 libnss3-tools curl lego
             poppler-utils)
elif [ "$kind" = bench ]; then
  packages+=(postgresql-15 nginx wrk)
fi
missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  log=$(mktemp)
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "these packages are missing and neither root nor sudo is here: ${missing[*]}"
    as_root=(sudo)
  fi
  say "system packages: ${missing[*]}"
  apt_get() { DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get -q "$@" >>"$log" 2>&1; }
  # A start of the distribution's own PostgreSQL or RabbitMQ is not wanted: tests start private ones.
  if ! { apt_get update && apt_get install -y --no-install-recommends "${missing[@]}"; }; then
    tail -n 20 "$log" >&2
    fail "apt-get could not install them; its last lines stand above"
  fi
  rm -f "$log"
fi

# --- 2. Virtual environment ---------------------------------------------------------------------------------
lock=requirements.txt
[ "$kind" = dev ] && lock=requirements-dev.txt
wanted=$(sha256sum "$lock" | cut -d' ' -f1)
stamp=.venv/.lock-run
[ "$kind" = dev ] && stamp=.venv/.lock-dev
other_stamp=.venv/.lock-dev
if [ "$kind" != dev ] && [ -f "$other_stamp" ] && [ "$(cat "$other_stamp")" = "$(sha256sum requirements-dev.txt | cut -d' ' -f1)" ]; then
  stamp=$other_stamp # the development lock holds everything of the smaller one
  wanted=$(cat "$other_stamp")
fi
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
  if [ ! -x .venv/bin/python ]; then
    say "virtual environment .venv"
    python3 -m venv .venv
  fi
  say "Python packages from $lock ($(grep -c '==' "$lock") packages, hashes checked)"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$lock"
  printf '%s' "$wanted" >"$stamp"
fi

# --- 3. What is compiled: the PKCS#11 module of the virtual cards, the responder's quick way ------------------
.venv/bin/python -m hsm_sim.build
.venv/bin/python -m ocsp.responder.native.build
say "set-up is complete"

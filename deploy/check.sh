#!/usr/bin/env bash
# Every rule that a machine holds. Runs all of them and says which failed.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=()
step() {
  local name=$1 log start=$SECONDS
  shift
  log=$(mktemp)
  if "$@" >"$log" 2>&1; then
    printf 'ok    %-28s %ds\n' "$name" "$((SECONDS - start))"
  else
    printf 'FAIL  %-28s %ds\n' "$name" "$((SECONDS - start))"
    tail -n 60 "$log"
    failed+=("$name")
  fi
  rm -f "$log"
}
locks_hold_no_addresses() { ! grep -nE '://|--index-url|--find-links' requirements.txt requirements-dev.txt; }
locks_match_pyproject() { .venv/bin/python -m deploy.lock_check; }
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export SIGILL_HOME=$home SIGILL_RUN=$home/run

step "format" .venv/bin/ruff format --check .
step "lint" .venv/bin/ruff check .
step "types" .venv/bin/mypy .
step "layers" .venv/bin/lint-imports
step "migrations" .venv/bin/python manage.py makemigrations --check --dry-run
step "deployment settings" env SIGILL_PORTAL_URL=https://portal.sigill.test SIGILL_SERVER_SPKI_PINS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= .venv/bin/python manage.py check --deploy --fail-level WARNING
step "locks hold no addresses" locks_hold_no_addresses
step "locks match pyproject" locks_match_pyproject
if [ "${#failed[@]}" -gt 0 ]; then
  printf '\n%d failed: %s\n' "${#failed[@]}" "${failed[*]}"
  exit 1
fi

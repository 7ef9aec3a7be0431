#!/usr/bin/env bash
# Resolves pyproject.toml into the two lock files: hashes, no addresses.
set -euo pipefail
cd "$(dirname "$0")/.."
compile=(.venv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11)
"${compile[@]}" pyproject.toml --output-file requirements.txt
"${compile[@]}" --extra dev --constraint requirements.txt pyproject.toml --output-file requirements-dev.txt

#!/bin/sh
# Compares the XLSForm compiler with pyxform: speed, then random forms.
#   bench/pyxform/run.sh [number of random forms] [seed]
# Makes a Python environment with pyxform in a temporary folder; PYTHON may name
# a Python that has pyxform 4.5.0 already.
set -eu
cd "$(dirname "$0")/../.."
if [ -z "${PYTHON:-}" ]; then
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
    python3 -m venv "$dir"
    "$dir/bin/pip" install --quiet pyxform==4.5.0
    PYTHON="$dir/bin/python"
fi
go run ./bench/pyxform speed --python "$PYTHON"
go run ./bench/pyxform fuzz --python "$PYTHON" -n "${1:-10000}" -seed "${2:-1}"

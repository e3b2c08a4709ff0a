#!/bin/sh
# Installs the engine of ODK Web Forms (npm, from the lock file) in a throwaway folder and lets it load every XForm that
# aman/forms/xlsform makes of the conformance pack, beside pyxform's of the same form.
# Needs Node 20 and npm. Usage: bench/webforms/run.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/package.json" "$here/package-lock.json" "$here/load.mjs" "$work/"
(cd "$work" && npm ci --no-audit --no-fund --loglevel=error >&2)
cd "$here/../.."
go run ./bench/javarosa -engine "ODK Web Forms" -load "node $work/load.mjs" "$@"

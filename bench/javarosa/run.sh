#!/bin/sh
# Installs JavaRosa (Maven) in a throwaway folder and lets it load every XForm that aman/forms/xlsform makes of the conformance pack.
# Needs Java 11 and Maven. Usage: bench/javarosa/run.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${JAVAROSA_BENCH_DIR:-$(mktemp -d)}
mkdir -p "$work/classes"
cp "$here/../xpath/javarosa/pom.xml" "$work/"
(cd "$work" && mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib)
javac -nowarn -cp "$work/lib/*" -d "$work/classes" "$here/Load.java"
cd "$here/../.."
go run ./bench/javarosa -load "java -cp $work/lib/*:$work/classes Load" "$@"

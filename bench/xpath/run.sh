#!/bin/sh
# Installs JavaRosa (Maven) and @getodk/xpath (npm) in a throwaway folder and compares them with aman/forms/xpath.
# Needs Java 11, Maven, Node 20. Usage: bench/xpath/run.sh [flags of the Go program, such as -random 10000 -seed 2]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${XPATH_BENCH_DIR:-$(mktemp -d)}

mkdir -p "$work/java"
cp "$here/javarosa/pom.xml" "$work/"
(cd "$work" && mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib)
javac -nowarn -cp "$work/lib/*" -d "$work/java" "$here/javarosa/Oracle.java"

mkdir -p "$work/node"
cp "$here/webforms/package.json" "$here/webforms/oracle.mjs" "$work/node/"
cd "$work/node"
npm install --silent --no-audit --no-fund
# The package names a workspace package that is not published, so it is unpacked rather than installed.
npm pack --silent @getodk/xpath@0.11.0 >/dev/null
mkdir -p node_modules/@getodk/xpath
tar -xzf getodk-xpath-0.11.0.tgz -C node_modules/@getodk/xpath --strip-components 1

cd "$here/../.."
go run ./bench/xpath -javarosa "java -cp $work/lib/*:$work/java Oracle" -webforms "node $work/node/oracle.mjs" "$@"

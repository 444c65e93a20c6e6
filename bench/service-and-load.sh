# shellcheck shell=bash
# Sourced by the scripts here that measure the service: a service of one checkout, and a load generator that stays warm
# beside it.

java=${JAVA_HOME:+$JAVA_HOME/bin/}

# need_tools NAME-OF-THE-SCRIPT
need_tools() {
  [[ $("${java}javac" -version 2>&1) =~ ^javac\ ([0-9]+) && ${BASH_REMATCH[1]} -ge 25 ]] ||
    { echo "$1: needs a JDK 25: set JAVA_HOME" >&2; exit 69; }
  command -v jq >/dev/null || { echo "$1: needs jq" >&2; exit 69; }
}

# start_service CHECKOUT FOLDER: waits until it serves; its process is in `service`, how long that took, in ms, in `started`
start_service() {
  local from
  rm -f "$2/ready"
  from=$(date +%s%N)
  "$1/taffrail" serve --data "$2/data" --port 0 --peer-port 0 --http-port 0 --ready-file "$2/ready" \
    >>"$2/service.log" 2>&1 </dev/null &
  service=$!
  for ((i = 0; i < 12000; i++)); do
    [[ -e $2/ready ]] && break
    kill -0 "$service" 2>/dev/null || { tail -3 "$2/service.log" >&2; exit 1; }
    sleep 0.01
  done
  [[ -e $2/ready ]] || { echo "the service is not ready after two minutes: $2/service.log" >&2; exit 1; }
  started=$((($(date +%s%N) - from) / 1000000))
}

# start_load FOLDER CLASS-PATH MOST-HEAP OPTION...: on the service of that folder. Takes workloads from FOLDER/in and answers in
# FOLDER/out, which the caller opens, in this order; its process is in `load`
start_load() {
  local at=$1 class_path=$2 heap=$3 pid address
  shift 3
  pid=$(sed -n s/^pid=//p "$at/ready")
  address=$(sed -n s/^client-address=//p "$at/ready")
  rm -f "$at/in" "$at/out"
  mkfifo "$at/in" "$at/out"
  "${java}java" -Xms512m "-Xmx$heap" --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
    -cp "$class_path" io.taffrail.bench.service.ServiceLoad --server "$address" --pid "$pid" "$@" \
    <"$at/in" >"$at/out" 2>>"$at/load.log" &
  load=$!
}

# libraries CHECKOUT: what a load generator needs beside its own classes; its client is the checkout's
libraries() { echo "$1/cli/target/lib/*:$1/cli/target/taffrail-cli.jar:$here/target/libraries/*"; }

# Sourced by the scenarios. Each runs in a namespace of its own, makes a LogCluster `e2e`, and deletes the namespace at its end.
#   E2E_NAMESPACE   a namespace that is there already, and that stays
#   E2E_SPEC        fields of the LogCluster's spec beside its replicas, by default a small volume that goes with it
#   E2E_IMAGE       the servers' image, for the pods that produce and consume; by default the one that e2e-0 runs
#   E2E_CLIENT      a command to produce and consume with, in place of such pods
#   E2E_PATIENCE    seconds to wait for anything, 300 by default
# shellcheck shell=bash
set -euo pipefail

scenario=$(basename "$0")
namespace=${E2E_NAMESPACE:-taffrail-e2e-$scenario-$$}
patience=${E2E_PATIENCE:-300}
scratch=$(mktemp -d)
skipped=77

k() { kubectl -n "$namespace" "$@"; }
say() { printf '%s %s: %s\n' "$(date +%T)" "$scenario" "$*"; }
fail() {
  say "FAILED: $*" >&2
  k describe lc,ls,pods >"$scratch/describe" 2>&1 || true
  tail -60 "$scratch/describe" >&2
  exit 1
}
# The last line of a scenario: what it has shown.
proved() { say "PROVED: $*"; }
skip() {
  say "SKIPPED: $*"
  exit "$skipped"
}

cleanup() {
  local pid
  for pid in $(jobs -p); do kill "$pid" 2>/dev/null || true; done
  rm -rf "$scratch"
  if [ -z "${E2E_NAMESPACE:-}" ]; then kubectl delete namespace "$namespace" --ignore-not-found --wait=false >/dev/null; fi
}
trap cleanup EXIT

# Until COMMAND... succeeds.
eventually() {
  local end=$((SECONDS + patience))
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || fail "not within $patience s: $*"
    sleep 1
  done
}

lc() { k get lc e2e -o jsonpath="$1"; }
condition() { lc "{.status.conditions[?(@.type==\"$1\")].status}"; }
reason() { lc "{.status.conditions[?(@.type==\"$1\")].reason}"; }
observed() { [ "$(lc '{.metadata.generation}')" = "$(lc '{.status.observedGeneration}')" ]; }
ready() { observed && [ "$(condition Ready)" = True ] && [ "$(condition Reconciled)" = True ]; }
await_ready() { eventually ready; }
leader() { lc '{.status.leader.pod}'; }
uids() { k get pods -l taffrail.io/cluster=e2e -o jsonpath='{range .items[*]}{.metadata.name}={.metadata.uid}{"\n"}{end}' | sort; }
uid() { k get pod "$1" -o jsonpath='{.metadata.uid}'; }
no_pods() { [ -z "$(uids)" ]; }
# Every pod of BEFORE is another one now.
replaced() { [ "$(uids | wc -l)" = "$(wc -l <<<"$1")" ] && [ -z "$(comm -12 <(printf '%s\n' "$1") <(uids))" ]; }
patch() { k patch lc e2e --type merge -p "$1" >/dev/null; }

# make_cluster REPLICAS
make_cluster() {
  local small='storage: {size: 1Gi, accessMode: ReadWriteOnce, reclaimPolicy: Delete}'
  if [ -z "${E2E_NAMESPACE:-}" ]; then kubectl create namespace "$namespace" >/dev/null; fi
  k apply -f - >/dev/null <<YAML
apiVersion: taffrail.io/v1alpha1
kind: LogCluster
metadata: {name: e2e}
spec: {replicas: $1, ${E2E_SPEC:-$small}}
YAML
  await_ready
}

servers() {
  local list='' ordinal
  for ((ordinal = 0; ordinal < $(lc '{.spec.replicas}'); ordinal++)); do
    list+=${list:+,}e2e-$ordinal.e2e-headless.$namespace.svc:9090
  done
  echo "$list"
}

# client ARGUMENTS...: the command line, where the replicas' names can be resolved.
client() {
  local servers
  servers=$(servers)
  if [ -n "${E2E_CLIENT:-}" ]; then
    # shellcheck disable=SC2086  # a command with its arguments
    TAFFRAIL_SERVER=$servers $E2E_CLIENT "$@"
    return
  fi
  local image=${E2E_IMAGE:-$(k get pod e2e-0 -o jsonpath='{.spec.containers[0].image}')}
  k run "client-$RANDOM$RANDOM" --quiet --rm -i --restart=Never --image="$image" --env="TAFFRAIL_SERVER=$servers" --command -- \
    /opt/java/bin/java --enable-native-access=ALL-UNNAMED -jar /opt/taffrail-cli/taffrail-cli.jar "$@"
}

# Appends numbers to the stream `load`, some ten a second, until the file that is told is gone.
load_begin() {
  touch "$scratch/load"
  (
    number=0
    while [ -e "$scratch/load" ]; do
      echo "$number"
      number=$((number + 1))
      sleep 0.1
    done | tee "$scratch/appended" | client append load --create >"$scratch/load.log" 2>&1
  ) &
  load=$!
  eventually grep -q . "$scratch/appended"
}

# Every record that was appended is there, once and in order.
load_end() {
  sleep 2
  rm "$scratch/load"
  wait "$load" || fail "the producer gave up: $(tail -3 "$scratch/load.log")"
  client read load >"$scratch/read"
  cmp "$scratch/appended" "$scratch/read" || fail "what was read is not what was appended"
  say "$(wc -l <"$scratch/read") records were appended meanwhile, all are there in order"
}

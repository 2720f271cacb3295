#!/usr/bin/env bash
# Starts the platform, runs the sample job, shows what it gained.
set -euo pipefail
root=$(cd "$(dirname "$0")" && pwd)
cd "$root"

usage() {
  cat <<'TEXT'
Usage: ./run.sh [--exit] [AppHost setting]...
  Starts RabbitMQ, Redis and every service, runs the sample job on samples/eurovoc, and prints a before/after table.
  --exit    stop everything afterwards; without it the platform stays up until Ctrl-C
  Settings go to the AppHost, for example --Ports:Rest=8080 --Ports:Grpc=8081 --Parameters:sampling-replicas=2
TEXT
}

stay=1
settings=()
grpc_port=7081
for argument in "$@"; do
  case $argument in
    --exit) stay=0 ;;
    -h | --help) usage; exit 0 ;;
    --*=*) settings+=("$argument"); case $argument in --Ports:Grpc=*) grpc_port=${argument#*=} ;; esac ;;
    *) echo "run.sh: unknown argument '$argument'" >&2; usage >&2; exit 2 ;;
  esac
done

. ./scripts/prepare.sh
trap clean_scratch EXIT
export RFT_SERVER="http://127.0.0.1:$grpc_port"
log=.rft/apphost.log
mkdir -p .rft

echo "building ..."
build RftAspire.AppHost
./rft --version >/dev/null

host=
stop() {
  trap - EXIT INT TERM
  if [ -n "$host" ] && kill -0 "$host" 2>/dev/null; then
    echo "stopping the platform ..."
    kill -TERM "$host" 2>/dev/null || true
    wait "$host" 2>/dev/null || true
  fi
  clean_scratch
}
trap stop EXIT
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM

echo "starting the platform (log: $log) ..."
# A process group of its own: Ctrl-C reaches this script alone, which then stops the host.
setsid dotnet artifacts/bin/RftAspire.AppHost/debug/RftAspire.AppHost.dll "${settings[@]}" >"$log" 2>&1 </dev/null &
host=$!
for _ in $(seq 120); do
  kill -0 "$host" 2>/dev/null || { host=; tail -n 3 "$log" >&2; exit 1; }
  ./rft models list --json >/dev/null 2>&1 && break
  sleep 0.5
done
./rft models list --json >/dev/null || { tail -n 5 "$log" >&2; exit 1; }

sample=samples/eurovoc
base=eurovoc-base-5m
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
job=$(./rft jobs create --model $base --train $sample/train.jsonl --valid $sample/valid.jsonl --grader $sample/grader.json --suffix sample --json | field id)
echo "sample job $job"
./rft jobs watch "$job"
tuned=$(./rft jobs show "$job" --json | field tuned_model)
./rft evals compare --base $base --tuned "$tuned" --grader $sample/grader.json \
  --data $sample/valid.jsonl=valid --data $sample/heldout.jsonl=held-out --examples 3

dashboard=$(sed -n 's/.*Now listening on: \(http[^ ]*\).*/\1/p' "$log" | head -n 1)
cat <<TEXT

dashboard      ${dashboard:-http://localhost:7000}
tuned model    $tuned
ask it         ./rft models generate --model $tuned --prompt "Title of the act: Council Directive 91/271/EEC of 21 May 1991 concerning urban waste water treatment"
all commands   ./rft --help
TEXT
if [ $stay = 1 ]; then
  echo "the platform is running; Ctrl-C stops it"
  wait "$host" || true
fi

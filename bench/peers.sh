#!/usr/bin/env bash
# Measures the engine next to llama.cpp and PyTorch in one run, round by round, and prints medians and ratios.
set -euo pipefail
here=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)

usage() {
  cat <<'TEXT'
Usage: bench/peers.sh --peers DIR [option]...
  Runs the engine's benchmark and every peer in turn, several rounds, on as many threads as the engine uses.
  --peers DIR       the built peers, laid out as bench/README.md says
  --rounds N        rounds; every figure is the median of its rounds (3)
  --shapes "T S"    model shapes
  --types LIST      weight types of the peers: "f32 f16 q8_0"
  --builds LIST     llama.cpp builds, folder names below DIR (all that are there); "" for none
  --skip-torch      leave PyTorch out
  --engine COMMAND  the engine's benchmark ("./rft bench engine --only ..."); gets --shape S --json
  --rows FILE       keep every single measurement here, tab-separated
TEXT
}
fail() { echo "peers.sh: $1" >&2; exit "${2:-1}"; }

peers='' rounds=3 shapes='T S' types='f32 f16 q8_0' builds=all torch=1 engine="$here/../rft bench engine --only decode grouped_decode prefill logprobs train" rows=''
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --skip-torch) torch=0; shift; continue ;;
    --peers | --rounds | --shapes | --types | --builds | --engine | --rows) ;;
    *) usage >&2; fail "unknown argument '$1'" 2 ;;
  esac
  [ $# -ge 2 ] || fail "$1 needs a value" 2
  case $1 in
    --peers) peers=$2 ;; --rounds) rounds=$2 ;; --shapes) shapes=$2 ;; --types) types=$2 ;;
    --builds) builds=$2 ;; --engine) engine=$2 ;; --rows) rows=$2 ;;
  esac
  shift 2
done
[ -n "$peers" ] || { usage >&2; fail '--peers is missing' 2; }
[ -d "$peers" ] || fail "--peers: there is no folder '$peers'"
[[ $rounds =~ ^[1-9][0-9]*$ ]] || fail "--rounds: '$rounds' is not a positive number" 2
peers=$(cd "$peers" && pwd -P)
[ "$builds" != all ] || builds=$(find "$peers" -mindepth 2 -maxdepth 2 -name llamabench -printf '%h\n' | xargs -r -n 1 basename | sort)
for build in $builds; do [ -x "$peers/$build/llamabench" ] || fail "--builds: $peers/$build/llamabench is missing"; done
for shape in $shapes; do for type in $types; do
  [ -z "$builds" ] || [ -f "$peers/gguf/$shape-$type.gguf" ] || fail "$peers/gguf/$shape-$type.gguf is missing"
done; done
[ $torch = 0 ] || [ -x "$peers/torch/run.sh" ] || fail "$peers/torch/run.sh is missing; --skip-torch leaves PyTorch out"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
rows=${rows:-$scratch/rows}
: >"$rows"

# measure SUBJECT COMMAND...: appends one row for each figure in the command's JSON lines.
measure() {
  local subject=$1; shift
  echo "round $round, shape $shape: $subject" >&2
  "$@" >"$scratch/json" 2>"$scratch/log" || { tail -n 20 "$scratch/log" >&2; fail "'$*' failed"; }
  awk -v round="$round" -v shape="$shape" -v subject="$subject" -v type="${type:-}" -f "$here/rows.awk" "$scratch/json" >>"$rows"
}

llama() {
  local size=(--gen 64) model=$peers/gguf/$shape-$type.gguf
  [ "$shape" = T ] || size=(--gen 24)
  for build in $builds; do
    local run=("$peers/$build/llamabench" "$model" --backends "$(cat "$peers/$build/backends.txt")" --threads "$threads" --par 1,8,64 --reps 1 "${size[@]}")
    measure "llama.cpp $build" "${run[@]}"
    measure "llama.cpp $build, f32 cache" "${run[@]}" --kv f32 --fa off
  done
}

pytorch() {
  local dtype new=64
  case $type in f32) dtype=fp32 ;; f16) dtype=bf16 ;; *) return 0 ;; esac
  [ "$shape" = T ] || new=24
  local run=("$peers/torch/run.sh" --shape "$shape" --dtype "$dtype" --threads "$threads" --reps 1 --gen "$new")
  measure PyTorch "${run[@]}" --what train,fwd,gen --batch 64
  measure PyTorch "${run[@]}" --what gen --batch 1
}

for ((round = 1; round <= rounds; round++)); do
  for shape in $shapes; do
    type=''
    # shellcheck disable=SC2086 # the command is words
    measure engine $engine --shape "$shape" --json
    threads=$(sed -nE 's/.*"threads": ?([0-9]+).*/\1/p;T;q' "$scratch/json")
    [ -n "$threads" ] || fail "'$engine --shape $shape --json' printed no line with \"threads\""
    for type in $types; do
      llama
      [ $torch = 0 ] || pytorch
    done
  done
done
awk -f "$here/table.awk" "$rows"

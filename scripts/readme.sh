#!/usr/bin/env bash
# Runs the commands of README.md's sh blocks, in order, against a platform started the way the README says.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
. ./scripts/prepare.sh
mkdir -p .rft
setsid dotnet run --project RftAspire.AppHost >.rft/readme.log 2>&1 </dev/null &
host=$!
stop() {
  kill -TERM "$host" 2>/dev/null || true
  wait "$host" 2>/dev/null || true
  clean_scratch
}
trap stop EXIT

for _ in $(seq 240); do
  kill -0 "$host" 2>/dev/null || { tail -n 5 .rft/readme.log >&2; exit 1; }
  ./rft models list >/dev/null 2>&1 && break
  sleep 0.5
done
commands=$(sed -n '/^```sh$/,/^```$/p' README.md | grep -v -e '^```' -e '^\./run\.sh' -e '^\./test\.sh')
echo "$commands" | sed 's/^/> /'
bash -euo pipefail -c "$commands"

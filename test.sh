#!/usr/bin/env bash
# Builds everything, checks the format and runs every test; ends with "N passed, N failed, N skipped".
set -euo pipefail
root=$(cd "$(dirname "$0")" && pwd)
cd "$root"
. ./scripts/prepare.sh
trap clean_scratch EXIT
# Foreign clients speak to the platform in some tests; without Node those tests are skipped with a reason.
require node npm -- nodejs npm || true

build RftAspire.sln
touch .rft/format.started
dotnet format RftAspire.sln --verify-no-changes --no-restore
# The formatter leaves the socket of its build host in /tmp, wherever TMPDIR points.
find /tmp -maxdepth 1 -type s -user "$(id -un)" -newer .rft/format.started -regextype posix-extended \
  -regex '/tmp/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}' -delete

mkdir -p .rft
log=.rft/test.log
: >"$log"
failed=0
for project in Engine Embedded Services EndToEnd; do
  echo "== $project"
  dotnet test "tests/RftAspire.$project.Tests" --no-build --nologo -v q 2>&1 | tee -a "$log" || failed=1
done
awk -v broken=$failed '
  match($0, /Failed: +[0-9]+, Passed: +[0-9]+, Skipped: +[0-9]+/) {
    split($0, part, /[:,]/); failed += part[2]; passed += part[4]; skipped += part[6]
  }
  END {
    if (broken && !failed) failed = 1
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit failed > 0
  }' "$log"

# Sourced by run.sh and test.sh: what a build and a run need, and quiet builds that leave no process behind.
command -v dotnet >/dev/null || { echo "the .NET 10 SDK is missing: https://dotnet.microsoft.com/download" >&2; exit 1; }
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
# Build servers and diagnostic sockets would outlive the script.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false DOTNET_EnableDiagnostics=0

# Temporary files stay in the clone and go with the script; a socket's path may not be longer than about 100 bytes.
scratch=$root/.rft/tmp
if [ ${#scratch} -le 64 ]; then
  mkdir -p "$scratch"
  export TMPDIR=$scratch
fi
clean_scratch() { rm -rf "$scratch"; }

build() { # Quiet unless it fails.
  mkdir -p "$root/.rft"
  dotnet build "$1" --nologo -v q >"$root/.rft/build.log" 2>&1 || { cat "$root/.rft/build.log" >&2; exit 1; }
}

# Installs Debian packages whose program is missing, when this user may: root or passwordless sudo.
require() { # program... -- package...
  local programs=() packages missing=
  while [ "$1" != -- ]; do programs+=("$1"); shift; done
  shift
  packages=("$@")
  for program in "${programs[@]}"; do
    command -v "$program" >/dev/null || [ -x "/usr/lib/rabbitmq/bin/$program" ] || missing="$missing $program"
  done
  [ -z "$missing" ] && return 0
  local as=()
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null && as=(sudo -n) || { echo "missing:$missing. Install with: sudo apt-get install ${packages[*]}" >&2; return 1; }
  fi
  command -v apt-get >/dev/null || { echo "missing:$missing. Install with your package manager: ${packages[*]}" >&2; return 1; }
  echo "installing ${packages[*]} (missing:$missing) ..."
  # Debian starts a service when it installs one; the platform runs its own, so that is denied for the length of the install.
  local policy=/usr/sbin/policy-rc.d made=
  [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' | "${as[@]}" tee $policy >/dev/null && "${as[@]}" chmod +x $policy && made=1; }
  "${as[@]}" apt-get update -qq >/dev/null && "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${packages[@]}" >/dev/null
  local status=$?
  [ -n "$made" ] && "${as[@]}" rm -f $policy
  return $status
}

if [ -z "${ConnectionStrings__messaging:-}" ]; then require rabbitmq-server -- rabbitmq-server || exit 1; fi
if [ -z "${ConnectionStrings__redis:-}" ]; then require redis-server -- redis-server || exit 1; fi
# Python graders run in a sandbox of one or the other, and are refused without; nothing else needs them.
require python3 bwrap -- python3 bubblewrap || echo "python graders may not run"

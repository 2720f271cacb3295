#!/usr/bin/env bash
# Rollouts a second through RabbitMQ: starts a broker of its own on a free port, runs `rft bench graders --broker` on it, and ends it.
# Usage: bench/graders.sh [--groups N] [--json]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
broker=
stop() {
  # The broker runs in a process group of its own, with Erlang's port mapper in it.
  [ -z "$broker" ] || { kill -TERM -- "-$broker" 2>/dev/null || true; wait "$broker" 2>/dev/null || true; }
  rm -rf "$folder"
}
trap stop EXIT

server=/usr/lib/rabbitmq/bin/rabbitmq-server
[ -x "$server" ] || server=$(command -v rabbitmq-server) || { echo "RabbitMQ is not installed: apt-get install rabbitmq-server" >&2; exit 1; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port)
password=$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n')
printf 'listeners.tcp.default = 127.0.0.1:%s\ndefault_user = bench\ndefault_pass = %s\nlog.file = false\nlog.console = true\n' "$port" "$password" >"$folder/rabbitmq.conf"
echo '[].' >"$folder/enabled_plugins"

set -m
(
  export HOME=$folder RABBITMQ_NODENAME=bench@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_DIST_PORT=$(free_port)
  export ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=$(free_port) RABBITMQ_CONFIG_FILE=$folder/rabbitmq.conf RABBITMQ_CONF_ENV_FILE=/dev/null
  export RABBITMQ_ADVANCED_CONFIG_FILE=$folder/advanced.config RABBITMQ_ENABLED_PLUGINS_FILE=$folder/enabled_plugins
  export RABBITMQ_FEATURE_FLAGS_FILE=$folder/feature_flags RABBITMQ_MNESIA_BASE=$folder/mnesia RABBITMQ_LOG_BASE=$folder/log RABBITMQ_LOGS=-
  export RABBITMQ_PID_FILE=$folder/server.pid RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
  epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT" &
  exec "$server"
) >"$folder/broker.log" 2>&1 &
broker=$!
set +m

for _ in $(seq 120); do
  grep -q "Server startup complete" "$folder/broker.log" && break
  kill -0 "$broker" 2>/dev/null || { cat "$folder/broker.log" >&2; exit 1; }
  sleep 0.5
done
"$root/rft" bench graders --broker "amqp://bench:$password@127.0.0.1:$port" "$@"

# Runs a command in a process group of its own for as long as standard input stays open. The host holds the other end: it
# closes it to stop the command, and the kernel closes it when the host dies, however it dies.
# Arguments: grace in tenths of a second, lock file or "-", command...
grace=$1 lock=$2
shift 2
exec 3<&0 </dev/null
if [ "$lock" != - ]; then
  # The command's processes inherit the lock, so a successor waits until the last one of them is gone.
  exec 9>>"$lock"
  flock -w 30 9 || { echo "$lock is still in use by another process" >&2; exit 75; }
fi
setsid sh -c 'echo $$; exec "$@"' sh "$@" 3<&- &
child=$!
(
  read -r _ <&3
  # The group exists only after setsid ran; repeat until the signal arrives or nobody is left to receive it.
  until kill -s TERM -- -$child || ! kill -s 0 -- $child; do sleep 0.05; done
  while [ "$grace" -gt 0 ] && kill -s 0 -- -$child; do sleep 0.1; grace=$((grace - 1)); done
  kill -s KILL -- -$child
) >/dev/null 2>&1 9>&- &
watcher=$!
exec 3<&-
wait $child
code=$?
exec 2>/dev/null
kill -s KILL -- -$child
kill -s KILL -- $watcher
exit $code

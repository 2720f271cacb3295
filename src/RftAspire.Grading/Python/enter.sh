# Run as the root of fresh namespaces: builds the file system, moves into it, and becomes the program with no privilege left.
# Arguments: bytes of the temporary folder; bind PATH, device PATH, link PATH TARGET, ...; --; program and arguments.
set -e
PATH=/usr/sbin:/usr/bin:/sbin:/bin
temporary=$1
shift
echo 0 2>/dev/null >/proc/sys/user/max_user_namespaces || : # Read-only in some containers; the system-call filter refuses too.

mount -t tmpfs -o mode=755,nosuid,nodev,size=1m root /tmp
cd /tmp
place() { # An empty folder or file to mount on, like the one outside.
  mkdir -p ".${1%/*}"
  if [ -d "$1" ]; then mkdir -p ".$1"; else : >".$1"; fi
}
while [ "$1" != -- ]; do
  case $1 in
    bind) place "$2"; mount --rbind "$2" ".$2"; mount -o remount,bind,ro,nosuid ".$2"; shift 2 ;;
    device) place "$2"; mount --bind "$2" ".$2"; shift 2 ;;
    link) ln -s "$3" ".$2"; shift 3 ;;
  esac
done
shift
mkdir old tmp
ln -s old/proc proc # For umount, which looks itself up; it ends in nothing afterwards.
mount -t tmpfs -o "mode=700,nosuid,nodev,size=$temporary" tmp tmp
mount -o remount,bind,ro /tmp
pivot_root . old
umount -l /old
cd /tmp
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all --ambient-caps=-all \
  --securebits=+noroot,+noroot_locked,+no_setuid_fixup,+no_setuid_fixup_locked -- "$@"

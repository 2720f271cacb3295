"""The layers that a process lays around itself, for good, before it sees a line of a grader's source.

Read together with worker.py, as one program. The rest of the sandbox stands already: namespaces, file system, privileges."""
import ctypes
import os
import resource
import struct
import sys

# System calls by (x86_64, aarch64) number; those added later have one number everywhere. Refused are those that reach for the
# kernel, other processes or new namespaces, and those that hold memory which no limit on a process counts.
REFUSED = {
    "ptrace": (101, 117), "syslog": (103, 116), "personality": (135, 92), "pivot_root": (155, 41), "chroot": (161, 51),
    "acct": (163, 89), "mount": (165, 40), "umount2": (166, 39), "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142),
    "sethostname": (170, 161), "setdomainname": (171, 162), "init_module": (175, 105), "delete_module": (176, 106),
    "quotactl": (179, 60), "kexec_load": (246, 104), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "unshare": (272, 97), "perf_event_open": (298, 241), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "setns": (308, 268), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "finit_module": (313, 273), "kexec_file_load": (320, 294), "bpf": (321, 280), "userfaultfd": (323, 282),
    "shmget": (29, 194), "msgget": (68, 186), "memfd_create": (319, 279),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "pidfd_getfd": (438, 438), "mount_setattr": (442, 442), "quotactl_fd": (443, 443), "memfd_secret": (447, 447),
}
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column above, AUDIT_ARCH
CLONE, CLONE3, PRCTL, SOCKET, IOCTL = (56, 220), (435, 435), (157, 167), (41, 198), (16, 29)
CLONE_NEW, PR_SET_PDEATHSIG, AF_UNIX, TIOCSTI = 0x7E020000, 1, 1, 0x5412

# Classic BPF over struct seccomp_data: number at 0, architecture at 4, first arguments at 16 and 24 (low halves).
LOAD, IF_EQUAL, IF_ABOVE, IF_ANY, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026


def instruction(code, value, then=0, otherwise=0):
    return struct.pack("HBBI", code, then, otherwise, value)


def refuse_when(number, test, value, argument=16, equal=EPERM, other=ALLOW):
    """Five instructions that decide one system call by the low half of an argument."""
    return [instruction(IF_EQUAL, number, 0, 4), instruction(LOAD, argument), instruction(test, value, 0, 1),
            instruction(RETURN, equal), instruction(RETURN, other)]


def filter_program(column, architecture):
    program = [instruction(LOAD, 4), instruction(IF_EQUAL, architecture, 1, 0), instruction(RETURN, KILL), instruction(LOAD, 0)]
    if column == 0:  # The x32 calls of x86_64 are other doors to the same rooms.
        program += [instruction(IF_ABOVE, 0x40000000, 0, 1), instruction(RETURN, EPERM)]
    for numbers in REFUSED.values():
        program += [instruction(IF_EQUAL, numbers[column], 0, 1), instruction(RETURN, EPERM)]
    # The C library falls back to clone, whose flags a filter can read.
    program += [instruction(IF_EQUAL, CLONE3[column], 0, 1), instruction(RETURN, ENOSYS)]
    program += refuse_when(CLONE[column], IF_ANY, CLONE_NEW)
    # A process that dies with the service must not be able to change its mind.
    program += refuse_when(PRCTL[column], IF_EQUAL, PR_SET_PDEATHSIG)
    program += refuse_when(IOCTL[column], IF_EQUAL, TIOCSTI, argument=24)
    program += refuse_when(SOCKET[column], IF_EQUAL, AF_UNIX, equal=ALLOW, other=EPERM)
    return program + [instruction(RETURN, ALLOW)]


def install_filter():
    """Takes effect with every thread and process to come; leaves a machine without known numbers as it is."""
    known = MACHINES.get(os.uname().machine)
    if known is None:
        return
    program = filter_program(*known)
    code = ctypes.create_string_buffer(b"".join(program))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_ulong)
    prctl(38, 1, None, 0, 0)  # PR_SET_NO_NEW_PRIVS
    prctl(22, 2, header, 0, 0)  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER


def set_limits(limits):
    for name, most in limits.items():
        try:
            resource.setrlimit(getattr(resource, "RLIMIT_" + name), (most, most))
        except (ValueError, OSError):  # A lower limit holds already. What holds in the end is checked from outside.
            pass


def confine(limits):
    os.closerange(3, 65536)
    try:
        os.setsid()
    except PermissionError:  # It leads a session already.
        pass
    sys.path[:] = [folder for folder in sys.path if folder]
    set_limits(limits)
    install_filter()

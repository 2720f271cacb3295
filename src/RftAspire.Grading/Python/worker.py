"""One grader, call by call: frames of a 4-byte big-endian length and JSON, in on descriptor 0, out on descriptor 1.

The first answer says that the process stands, the second that the source is loaded; then one answer for each request. Answers
carry their number, so that one written by the grader itself does not pass for the next."""
import inspect
import json
import linecache
import math
import reprlib
import traceback
import types

MEMORY, PROCESSES, EXCEPTION, RESULT, SOURCE = (
    "python_memory", "python_processes", "python_exception", "python_result", "python_source")
NAME = "<grader>"


class Channel:
    """The pipe to the service, out of the way of print and input."""

    def __init__(self):
        self.requests, self.answers, self.sent = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"), 0
        null = os.open("/dev/null", os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)
        ours = (self.requests.fileno(), self.answers.fileno())
        os.register_at_fork(after_in_child=lambda: [os.close(descriptor) for descriptor in ours])

    def receive(self):
        length = self.requests.read(4)
        if len(length) < 4:
            os._exit(0)  # The service has gone or wants no more.
        return json.loads(self.requests.read(int.from_bytes(length, "big")))

    def send(self, answer):
        text = json.dumps({**answer, "number": self.sent}).encode()
        self.answers.write(len(text).to_bytes(4, "big") + text)
        self.answers.flush()
        self.sent += 1


def failure(kind, message):
    return {"kind": kind, "message": message.encode("utf-8", "replace").decode()[:2000]}


def describe(error):
    """Type and text of an exception, then the end of its traceback within the grader."""
    try:
        text = str(error)[:600]
    except BaseException:
        text = "(its text cannot be read)"
    frames = error.__traceback__
    while frames and frames.tb_frame.f_code.co_filename != NAME:
        frames = frames.tb_next
    lines = "".join(traceback.format_tb(frames)[-8:])
    return f"{type(error).__name__}: {text}\n{lines[-1300:]}".rstrip()


def explain(error, kind):
    """The grader's failure; what the sandbox refuses for want of memory or processes has its own kind."""
    if isinstance(error, MemoryError):
        return failure(MEMORY, "the grader needs more memory than it may have")
    if isinstance(error, BlockingIOError) or isinstance(error, RuntimeError) and "new thread" in str(error):
        return failure(PROCESSES, "the grader starts more processes or threads than it may have: " + describe(error))
    return failure(kind, describe(error))


def load(source):
    """The grade function, or why there is none."""
    linecache.cache[NAME] = (len(source), None, source.splitlines(True), NAME)
    module = types.ModuleType("grader")
    sys.modules["grader"] = module
    try:
        exec(compile(source, NAME, "exec", dont_inherit=True), module.__dict__)
        grade = module.__dict__.get("grade")
        if not callable(grade):
            return None, failure(SOURCE, "there is no function grade; write def grade(sample, item)")
        count = len(inspect.signature(grade).parameters)
        inspect.signature(grade).bind(None, None)
    except BaseException as error:
        return None, explain(error, SOURCE)
    if count != 2:
        return None, failure(SOURCE, f"grade has {count} parameters; write def grade(sample, item)")
    return grade, None


def grade_one(grade, request):
    try:
        reward = grade(request["sample"], request["item"])
        if not isinstance(reward, (int, float)):
            return failure(RESULT, f"grade returned {type(reward).__name__} {reprlib.repr(reward)}; return a float")
        value = float(reward)
    except OverflowError as error:
        return failure(RESULT, describe(error)) if error.__traceback__.tb_next is None else explain(error, EXCEPTION)
    except BaseException as error:
        return explain(error, EXCEPTION)
    return {"reward": value} if math.isfinite(value) else failure(RESULT, f"grade returned {value}; a reward must be finite")


def left_running():
    """Whether a process started by the grader lives on. The worker is process 1: it inherits whatever has lost its parent."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    except ChildProcessError:
        return False


def main():
    confine(json.loads(sys.argv[1]))
    channel, worker = Channel(), os.getpid()
    channel.send({})
    grade, fault = load(channel.receive()["source"])
    if os.getpid() != worker:
        os._exit(0)  # A fork that came back; its parent answers.
    channel.send(fault or {})
    while fault is None:
        answer = grade_one(grade, channel.receive())
        if os.getpid() != worker:
            os._exit(0)
        if left_running():
            answer = failure(PROCESSES, "the grader leaves a process running; it must end all that it starts")
        channel.send(answer)


main()

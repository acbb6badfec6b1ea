"""The command `starling`: a table of commands, each a short function that returns an exit code.

0  done        2  the input is wrong (one line says what, where and what to do)
3  the knowledge base is missing, damaged or invalid      4  a defect of the program
5  read, but nothing could be called      6  the dose model is missing, damaged, or cannot run
7  a key, the sealed store, the audit log or a certificate is not what it should be
"""

from __future__ import annotations

import errno
import gc
import io
import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from starling.cli.commands import COMMANDS, parsed
from starling.errors import ADVICE, InputError, StarlingError

__all__ = ["main", "process"]

#: the reader of our output went away (128 + SIGPIPE), and Ctrl-C (128 + SIGINT), as shells count
PIPE_CLOSED, INTERRUPTED = 141, 130
#: objects made before the first look for garbage: one patient makes fewer, a thousand patients more
_GARBAGE_OBJECTS: Final = 200_000
#: modules that have work left at the end of a process
_END_THEMSELVES: Final = frozenset({"coverage", "multiprocessing", "onnxruntime", "pyarrow", "ray"})


def process() -> NoReturn:
    """The command of this process, and its end.

    A command lives for a moment: nothing is gained by looking for cyclic garbage among values that stay until the end,
    or by taking the interpreter apart afterwards (a quarter of the time of `starling check`).  Where something wants to
    be told of the end (workers of a cohort, a model's runtime) the interpreter ends as usual.
    """
    gc.set_threshold(_GARBAGE_OBJECTS)
    code = main()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    threading = sys.modules.get("threading")  # not loaded only to ask
    alone = threading is None or threading.active_count() == 1
    if alone and not sys.modules.keys() & _END_THEMSELVES:
        os._exit(code)
    sys.exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code of one command; an error becomes one line on stderr and its documented code."""
    _speak_utf8()
    try:
        arguments = parsed(sys.argv[1:] if argv is None else argv)
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except StarlingError as error:
        return _complain(error.code, _sentences(error, sys.argv[1:] if argv is None else argv), error.exit_code)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()  # nobody reads any more (`starling report x | head`): leave quietly
        return PIPE_CLOSED
    except OSError as error:
        # Rooms turn the errors of files into their own; what is left is standard output, on a full disk for example,
        # and a word that cannot be a path.
        if error.filename is not None:
            message = f"{error.filename}: {error.strerror}. {ADVICE['FILE_UNREADABLE']}"
            return _complain("FILE_UNREADABLE", message, InputError.exit_code)
        _drop_output()
        message = f"standard output cannot be written ({error.strerror}). {ADVICE['OUTPUT_UNWRITABLE']}"
        return _complain("OUTPUT_UNWRITABLE", message, InputError.exit_code)
    except Exception as error:  # the outermost boundary: a defect becomes one line and exit code 4
        if os.environ.get("STARLING_DEBUG"):
            raise
        return _complain("INTERNAL", f"{type(error).__name__}: {error}. {ADVICE['INTERNAL']}", 4)


class _Closed(io.StringIO):
    """A standard output that was closed before we began (`starling ... >&-`): who writes to it is told."""

    def write(self, text: str, /) -> int:
        """Refused, as the system refuses it."""
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def _drop_output() -> None:
    """Keeps the end of the process from flushing what cannot be written."""
    if isinstance(sys.stdout, _Closed):
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _speak_utf8() -> None:
    """What we print is UTF-8 whatever the locale says; what cannot be printed is shown as an escape, never dropped."""
    sys.stdout = _Closed() if sys.stdout is None else sys.stdout
    sys.stderr = io.StringIO() if sys.stderr is None else sys.stderr
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _sentences(error: StarlingError, argv: Sequence[str]) -> str:
    """What is wrong and what to do, never the same sentence twice; help is that of the command that was typed."""
    advice = error.advice
    if argv and argv[0] in COMMANDS:
        source = (error.source or "") if isinstance(error, InputError) else ""
        typed = source if source.split(" ")[0] == argv[0] else argv[0]  # `node issue`, where the verb is known
        advice = advice.replace("starling COMMAND", f"starling {typed}")
    text = error.message if error.message.endswith("?") else f"{error.message}."
    return text if advice.rstrip(".").casefold() in error.message.casefold() else f"{text} {advice}"


def _complain(code: str, text: str, exit_code: int) -> int:
    """One line on stderr; what it quotes of files and arguments cannot steer the terminal."""
    from starling.report.text import visible

    line = visible(text.replace("\n", " ").strip())
    sys.stderr.write(f"starling: {line} [{code}]\n")
    return exit_code

"""The command table. A command's module is imported only when it is called."""

import errno
import io
import sys
from pathlib import Path

from tfluck import __version__
from tfluck.experiment.choices import shown
from tfluck.foundations.errors import TfluckError

from .options import LazyGroup, click, is_debug
from .streams import finish, prepare, say

COMMANDS = {
    "train": (".train", "Train students of one teacher and watch which nodes win."),
    "resume": (".resume", "Go on with a run exactly where it stopped."),
    "pretrain": (".pretrain", "Train a teacher on labels, for train --teacher."),
    "sweep": (".sweep", "Train every combination of some settings' values; one table."),
    "data": (".data", "List, prepare and verify image sets."),
    "presets": (".presets", "List the papers' experiments, and what one sets."),
    "runs": (".runs", "List, show, export and remove runs."),
    "analyze": (".analyze", "Look at a run, or at pretrained weights, node by node."),
    "ticket": (".studies.ticket", "Train a run's winners again, alone (figure 3)."),
    "prune": (".studies.prune", "Remove nodes by scores, judged by an exact oracle."),
    "used": (".studies.used", "How many of its nodes a student uses (random labels)."),
    "ad": (".ad", "Angular-distance functions: determinants with certified signs."),
    "align": (".align", "Two-layer students turning towards teachers, exactly."),
    "theory": (".theory", "Theorems and assumptions of the paper, tried one by one."),
    "figure": (".figure", "Make a figure of a paper: PDF, PNG and CSV."),
    "verdict": (".verdict", "Do the papers' claims hold? One row for each claim."),
    "report": (".report", "Write one page of figures and verdicts, or of one run."),
    "doctor": (".doctor", "Report versions, devices, data, disk and determinism."),
    "completion": (".completion", "Print a shell's completion script."),
}


#: What the system says of a stream or a file that takes no more.
_WRITING = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EBADF,
    errno.EIO,
    errno.EROFS,
)


@click.group(cls=LazyGroup, table=COMMANDS, package=__package__)
@click.version_option(__version__, prog_name="tfluck")
def cli() -> None:
    """Which student nodes win when a wide ReLU network learns from a small one?

    \b
    Start here:
      tfluck train --dataset gaus --arch fc --teacher-widths 10-15-20-25
      tfluck train --dataset gaus --arch cnn

    \b
    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 training diverged,
    4 a claim did not hold under --check, 130/143 interrupted cleanly.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    A failure is one sentence on stderr; ``--debug`` shows the traceback instead.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    prepare()
    code = _run(arguments)
    sys.exit(finish(code))


def _run(arguments: list[str]) -> int:
    try:
        code = cli.main(arguments, prog_name="tfluck", standalone_mode=False)
    except click.ClickException as error:
        text = io.StringIO()
        error.show(text)
        say(text.getvalue().rstrip())
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("Interrupted.")
        return 130
    except (BrokenPipeError, SystemExit):
        # The reader of our pipe left (`tfluck … | head`), on which click exits. That is
        # no failure.
        return 0
    except Exception as error:
        if is_debug():
            raise
        say(f"Error: {sentence(error)}")
        return error.exit_code if isinstance(error, TfluckError) else 1
    return code if isinstance(code, int) else 0


def sentence(error: Exception) -> str:
    """Say an expected failure as it is, and an unexpected one with the way to more."""
    if isinstance(error, TfluckError):
        return str(error)
    if isinstance(error, MemoryError):
        return "The memory of this machine does not suffice; ask for something smaller."
    if isinstance(error, OSError) and error.strerror:
        return _system_sentence(error)
    first_line = (str(error).strip() or "no message").splitlines()[0]
    return f"{type(error).__name__}: {first_line} (--debug shows the traceback)"


def _system_sentence(error: OSError) -> str:
    if error.filename is not None:
        return f"{shown(str(error.filename))}: {error.strerror}."
    if error.errno in _WRITING:
        return f"Cannot write to stdout, or to a file: {error.strerror}."
    try:
        Path.cwd()
    except OSError:
        return "The working directory is gone; change to one that is there."
    return f"{error.strerror}. (--debug shows where)"

"""Failures a user can meet. Every message is a sentence that says what to do.

The command line turns each class into its exit code; libraries catch them by type.
"""

from pathlib import Path


class TfluckError(Exception):
    """Something failed in a way we can explain (exit code 1)."""

    exit_code = 1


class BadInput(TfluckError):
    """An argument is outside what the function or command accepts (exit code 2)."""

    exit_code = 2


class Diverged(TfluckError):
    """Training produced a value that is not finite (exit code 3).

    ``step`` is the first bad step, counted from 1.
    """

    exit_code = 3

    def __init__(self, message: str, step: int) -> None:
        super().__init__(message, step)
        self.step = step

    def __str__(self) -> str:
        return str(self.args[0])


class ClaimFailed(TfluckError):
    """A claim or a certificate did not hold under ``--check`` (exit code 4)."""

    exit_code = 4


class Interrupted(TfluckError):
    """A signal ended the work after a clean checkpoint (exit code 128 + signal)."""

    def __init__(self, message: str, signal: int) -> None:
        super().__init__(message, signal)
        self.signal = signal
        self.exit_code = 128 + signal

    def __str__(self) -> str:
        return str(self.args[0])


class RunBusy(TfluckError):
    """Another process is working on this run."""


class Damaged(TfluckError):
    """What lies at ``path`` is missing, torn, changed, or not what belongs there.

    ``why`` says it as the rest of a sentence that begins with the path.
    """

    def __init__(self, path: object, why: str) -> None:
        super().__init__(str(path), why)
        self.path = Path(str(path))
        self.why = why

    def __str__(self) -> str:
        return f"{self.path} {self.why}"


class TooNew(Damaged):
    """A newer tfluck wrote this; it is left as it is."""


class Unreadable(BadInput):
    """A path is not there, is no regular file, or cannot be read."""


class Missing(Unreadable):
    """There is nothing at a path."""

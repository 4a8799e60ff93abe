"""Failures a user can meet. Every message is a sentence that says what to do.

The command line turns each class into its exit code; libraries catch them by type.
"""


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


class RunDamaged(TfluckError):
    """A run directory cannot be read: a file is missing, torn or from a newer tfluck."""


class Unreadable(BadInput):
    """A path is not there, is no regular file, or cannot be read."""


class Missing(Unreadable):
    """There is nothing at a path."""

"""Turn SIGINT and SIGTERM into a question the training asks itself."""

import signal
import threading
from types import FrameType
from typing import Any


class Signals:
    """While entered, remembers the first SIGINT or SIGTERM instead of dying of it.

    A second SIGINT raises KeyboardInterrupt, for the impatient.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Signals":
        # Only the main thread may listen; a cluster's worker thread hears of a stop
        # through the run folder.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                # What this process ignores is meant for its parent.
                if signal.getsignal(number) != signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *details: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received == signal.SIGINT == number:
            raise KeyboardInterrupt
        self.received = self.received or number

    def asked(self) -> int | None:
        """Return the signal received, None if none was."""
        return self.received

"""How a run comes into the world, and how it leaves: by one rename each.

A run is made complete under a hidden name and renamed; it is renamed to a hidden name,
under all its locks, and then deleted. So a kill at any moment leaves a whole run or none,
and at most a hidden folder that the next birth or removal sweeps.
"""

import secrets
import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from tfluck.foundations.errors import BadInput, Damaged, TfluckError
from tfluck.foundations.files import explained, make_directory, sync
from tfluck.runs.layout import RunLayout
from tfluck.runs.lock import is_locked, locked
from tfluck.runs.seal import write_object

BIRTH, REMOVAL = ".birth-", ".removal-"
#: A birth this old, in seconds, whose lock nobody holds, is nobody's.
FORGOTTEN = 60.0


def bear(path: Path, settings: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    """Make the run folder ``path``, unless another process was first.

    Raises:
        TfluckError: the folder cannot be written.
    """
    root = make_directory(path.parent)
    sweep(root)
    folder = root / f"{BIRTH}{secrets.token_hex(4)}"
    layout = RunLayout(folder)
    with explained(path):
        try:
            folder.mkdir()
            with locked(layout.lock):
                write_object(layout.config, settings)
                write_object(layout.manifest, manifest)
                folder.rename(path)
                sync(root)
        except OSError:
            if not RunLayout(path).manifest.exists():
                raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def remove_run(path: Path) -> None:
    """Delete the run folder ``path``, whole or damaged.

    Raises:
        RunBusy: somebody works on it, or on one of its students.
        BadInput: it is a link.
        TfluckError: it cannot be deleted.
    """
    if path.is_symlink():
        raise BadInput(
            f"{path} is a link to {path.resolve()}; remove that, or the link."
        )
    hidden = path.parent / f"{REMOVAL}{secrets.token_hex(4)}"
    with explained(path), ExitStack() as stack:
        for lock in (path / "lock", *sorted(path.glob("seed-*/lock"))):
            # A lock that is no file of ours is held by nobody.
            with suppress(Damaged):
                stack.enter_context(locked(lock, to_delete=True))
        path.rename(hidden)
        sync(path.parent)
    sweep(path.parent)
    if hidden.exists():
        raise TfluckError(f"Cannot delete all of {path}; what is left is {hidden}.")


def sweep(root: Path) -> None:
    """Delete what killed births and removals left in the folder of runs."""
    for folder in root.glob(f"{REMOVAL}*"):
        shutil.rmtree(folder, ignore_errors=True)
    for folder in root.glob(f"{BIRTH}*"):
        with suppress(OSError):
            old = time.time() - folder.stat().st_mtime > FORGOTTEN
            if old and not is_locked(RunLayout(folder).lock):
                shutil.rmtree(folder, ignore_errors=True)

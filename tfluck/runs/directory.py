"""Find, create, open and remove run directories."""

import difflib
import importlib.metadata
import json
import os
import platform
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tfluck import __version__
from tfluck.config import RunConfig
from tfluck.errors import BadInput, RunDamaged, TfluckError
from tfluck.files import explained, make_directory, write_json
from tfluck.runs.layout import RunLayout
from tfluck.runs.lock import locked

#: Raised when an older tfluck could no longer read what we write.
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Run:
    """A run directory and the settings it was made with."""

    layout: RunLayout
    config: RunConfig

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.layout.root.name

    def status(self) -> str:
        """Return the worst status of its students; ``new`` before any has begun."""
        found = {self.seed_status(seed).get("status", "new") for seed in self.seeds}
        order = ("diverged", "failed", "interrupted", "running", "new", "finished")
        return next(status for status in order if status in found)

    def placed(self, places: Mapping[str, str | None]) -> "Run":
        """Return this run with its ingredients where ``places`` says they lie now."""
        return replace(self, config=self.config.placed(places))

    @property
    def seeds(self) -> tuple[int, ...]:
        """The students' seeds."""
        return self.config.student_seeds

    def seed_status(self, seed: int) -> dict[str, Any]:
        """Return what a student last said about itself."""
        path = self.layout.seed(seed).status
        return _read_json(path) if path.exists() else {}


def find_or_create(
    root: Path, config: RunConfig, name: str | None = None, *, fresh: bool = False
) -> Run:
    """Return the run of ``config`` below ``root``; a new one if there is none.

    Args:
        root: folder of runs.
        config: decides which run, by its digest, and where its ingredients lie. How it
            is computed belongs to the run: one that is there keeps what it began with.
        name: of the folder; found by digest or made from it if not given.
        fresh: throw away what an earlier run of the same settings has.

    Raises:
        BadInput: the folder ``name`` holds something else.
    """
    path = root / name if name else _find(root, config)
    if path.exists() and any(path.iterdir()):
        run = open_run(path)
        if run.config.digest() != config.digest():
            raise BadInput(
                f"{path} holds a run with other settings; choose another --name."
            )
        if not fresh:
            return run.placed(config.places)
        remove_run(run)
    make_directory(path)
    layout = RunLayout(path)
    write_json(layout.config, config.to_dict())
    write_json(layout.manifest, _manifest(config))
    return Run(layout, config)


def open_run(path: Path) -> Run:
    """Open the run directory ``path``.

    Raises:
        RunDamaged: it is no run, torn, or written by a newer tfluck.
    """
    layout = RunLayout(path)
    if not layout.manifest.exists():
        raise RunDamaged(f"{path} is not a run directory: it has no manifest.json.")
    written = _read_json(layout.manifest).get("format_version")
    if not isinstance(written, int) or written > FORMAT_VERSION:
        raise RunDamaged(
            f"{path} has format {written}, and this tfluck reads up to "
            f"{FORMAT_VERSION}; update tfluck to open it."
        )
    try:
        return Run(layout, RunConfig.from_dict(_read_json(layout.config)))
    except (BadInput, TypeError, ValueError, AttributeError) as error:
        raise RunDamaged(f"{layout.config} is damaged: {error}") from error


def list_runs(root: Path) -> list[Run]:
    """Return the readable runs below ``root``, the newest first."""
    runs = []
    for manifest in root.glob("*/manifest.json"):
        try:
            runs.append((manifest.stat().st_mtime, open_run(manifest.parent)))
        except TfluckError:
            continue
    return [run for _, run in sorted(runs, key=lambda pair: -pair[0])]


def resolve_run(root: Path, name: str) -> Run:
    """Open the run called ``name``: a path, a folder below ``root``, or its beginning.

    Raises:
        BadInput: no run, or more than one, answers to the name.
    """
    for path in (Path(name), root / name):
        if RunLayout(path).manifest.exists():
            return open_run(path)
    names = sorted(path.parent.name for path in root.glob("*/manifest.json"))
    matches = [found for found in names if found.startswith(name)]
    if len(matches) == 1:
        return open_run(root / matches[0])
    close = matches or difflib.get_close_matches(name, names)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    raise BadInput(f"No run {name!r} in {root}.{hint}")


def remove_run(run: Run) -> None:
    """Delete a run that nobody is working on."""
    with locked(run.layout.lock), explained(run.layout.root):
        shutil.rmtree(run.layout.root)


def _find(root: Path, config: RunConfig) -> Path:
    digest = config.digest()
    for manifest in root.glob("*/manifest.json"):
        try:
            found = _read_json(manifest)
        except RunDamaged:
            continue
        if found.get("digest") == digest:
            return manifest.parent
    role = "teacher-" if config.targets == "labels" else ""
    return root / f"{role}{config.data_kind}-{config.arch}-{digest}"


def _manifest(config: RunConfig) -> dict[str, Any]:
    packages = ("tensorflow", "keras", "numpy")
    return {
        "format_version": FORMAT_VERSION,
        "digest": config.digest(),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "tfluck": __version__,
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in packages},
        "platform": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        "seeds": list(config.student_seeds),
        "git": _commit(),
        "deterministic": True,
    }


def _commit() -> str | None:
    """Return the commit of the checkout we run from, None if we are installed."""
    git = Path(__file__).parents[2] / ".git"
    try:
        head = (git / "HEAD").read_text().strip()
        ref = head.removeprefix("ref: ")
        return head if ref == head else (git / ref).read_text().strip()
    except OSError:
        return None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise RunDamaged(f"{path} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise RunDamaged(f"{path} holds no JSON object.")
    return value

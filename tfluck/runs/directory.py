"""Find, create, list and remove run directories."""

import difflib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from tfluck.experiment.cost import chunk_length
from tfluck.experiment.execution import Execution, Places
from tfluck.experiment.experiment import Experiment
from tfluck.foundations.errors import BadInput, Damaged, TooNew
from tfluck.foundations.files import explained
from tfluck.runs.birth import bear, remove_run
from tfluck.runs.layout import RunLayout
from tfluck.runs.run import Run, is_run, manifest_of, open_run, settings_of
from tfluck.runs.store import read
from tfluck.runs.students import extended


class Listed(NamedTuple):
    """A line of the list of runs; ``run`` is None where ``status`` says what is wrong.

    ``doubts`` are sentences on what the run's students say and is not so.
    """

    name: str
    run: Run | None
    status: str
    doubts: tuple[str, ...] = ()


def find_or_create(
    root: Path,
    experiment: Experiment,
    name: str | None = None,
    *,
    execution: Execution | None = None,
    fresh: bool = False,
    record: Mapping[str, Any] | None = None,
) -> Run:
    """Return the run of ``experiment`` below ``root``; a new one if there is none.

    Args:
        root: folder of runs.
        experiment: decides which run, by its digest.
        name: of the folder; found by digest or made from it if not given.
        execution: how to compute it. That belongs to the run: one that is there keeps
            what it began with, but its ingredients lie where is said now, more students
            join it, and weights of further epochs are kept.
        fresh: throw away what an earlier run of the same experiment has. A run that was
            given a name of its own goes only by that name.
        record: what a new run's manifest says beside the usual.

    Raises:
        BadInput: the folder holds something else, or has a name of its own.
        Damaged: what is there is no whole run, and ``fresh`` is not asked for.
        RunBusy: another process drives the run that more students are to join.
    """
    asked = execution or Execution(chunk=chunk_length(experiment))
    path = _place(root, experiment, name, asked.seeds)
    if fresh and not name and is_run(path) and path.name != made_name(experiment):
        raise BadInput(
            f"The run of these settings has a name of its own, {path.name}. Say --name "
            f"{path.name} --fresh to throw it away, or give another --name."
        )
    run = _opened(path, experiment, fresh)
    if run and not fresh:
        return extended(run, asked).placed(Places.of(experiment, asked))
    if is_run(path):
        remove_run(path)
    settings = settings_of(experiment, asked)
    bear(path, settings, manifest_of(experiment) | dict(record or {}))
    return open_run(path)


def find_run(
    root: Path, experiment: Experiment, name: str | None = None, *, seeds: int = 1
) -> Run | None:
    """Return the run that :func:`find_or_create` would; None if it would make one.

    It has the students that it has, which may be fewer than ``seeds``.

    Raises:
        BadInput, Damaged: as there.
    """
    return _opened(_place(root, experiment, name, seeds), experiment, False)


def list_runs(root: Path) -> list[Listed]:
    """Return a line for every run below ``root``, the newest first.

    A run that cannot be read is a line too, never the end of the list.
    """
    folders = sorted(_folders(root), key=_born, reverse=True)
    return [_listed(folder) for folder in folders]


def _listed(path: Path) -> Listed:
    try:
        run = open_run(path)
        return Listed(run.name, run, run.status(), tuple(run.doubts()))
    except Damaged as error:
        return Listed(path.name, None, f"damaged: {error}")
    # Whatever else a stranger's folder makes us meet.
    except Exception as error:
        return Listed(path.name, None, f"damaged: {type(error).__name__}: {error}")


def _folders(root: Path) -> list[Path]:
    """Return the runs below ``root``; hidden folders are births and removals."""
    with explained(root):
        found = sorted(root.iterdir()) if root.is_dir() else []
    return [path for path in found if path.name[0] != "." and is_run(path)]


def _born(path: Path) -> float:
    try:
        return RunLayout(path).manifest.lstat().st_mtime
    except OSError:
        return 0.0


def resolve_run(root: Path, name: str) -> Run:
    """Open the run called ``name``: a path, a folder below ``root``, or its beginning.

    Raises:
        BadInput: no run, or more than one, answers to the name.
    """
    for path in _exactly(root, name):
        return open_run(path)
    names = [path.name for path in _folders(root)]
    matches = [found for found in names if name and found.startswith(name)]
    if len(matches) == 1:
        return open_run(root / matches[0])
    raise _unknown(root, name, matches)


def find_to_remove(root: Path, name: str) -> Path:
    """Return the folder of the run called exactly ``name``: a path, or one in ``root``.

    Raises:
        BadInput: no run is called so; the beginning of a name is not enough.
    """
    for path in _exactly(root, name):
        return path
    begin = [p.name for p in _folders(root) if p.name.startswith(name)]
    raise _unknown(root, name, begin, "Only a whole name is removed. ")


def _exactly(root: Path, name: str) -> list[Path]:
    """Return the runs that ``name`` names in full."""
    own = Path(name).name not in ("", "..")
    return [path for path in (Path(name), root / name) if own and is_run(path)]


def _unknown(root: Path, name: str, matches: list[str], rule: str = "") -> BadInput:
    names = [path.name for path in _folders(root)]
    close = matches[:3] or difflib.get_close_matches(name, names)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    said = f"No run {name!r:.80} in {root}. {rule}{hint}"
    return BadInput(said.replace(".  ", ". ").rstrip())


def made_name(experiment: Experiment) -> str:
    """Return the name of the folder of a run that is given none."""
    role = "teacher-" if experiment.training.targets == "labels" else ""
    return (
        f"{role}{experiment.data.kind}-{experiment.network.arch}-{experiment.digest()}"
    )


def _place(root: Path, experiment: Experiment, name: str | None, seeds: int) -> Path:
    """Return the folder of ``experiment``'s run, whether it is there or not.

    Runs of formats 1 and 2 were named with the number of their students.
    """
    if name is not None:
        return root / _checked(name)
    made = root / made_name(experiment)
    if is_run(made):
        return made
    digests = {experiment.digest(), experiment.former_digest(seeds)}
    for path in _folders(root):
        with suppress(Damaged):
            manifest = read("manifest", RunLayout(path).manifest, None)
            if manifest.get("digest") in digests:
                return path
    return made


def _checked(name: str) -> str:
    """Refuse a name that is no plain folder's."""
    plain = Path(name).name == name and name.isprintable() and name[:1] != "."
    if not name or not plain or len(os.fsencode(name)) > 200:
        raise BadInput(
            f"A run's name is a folder's: printable, not hidden, without /, and at most "
            f"200 bytes long; not {name!r:.80}."
        )
    return name


def _opened(path: Path, experiment: Experiment, fresh: bool) -> Run | None:
    """Open the run in ``path``, None if there is none, or a damaged one to throw away."""
    if not os.path.lexists(path):
        return None
    if not is_run(path):
        if not path.is_dir() or any(path.iterdir()):
            raise BadInput(f"{path} holds no run; choose another --name.")
        return None
    try:
        run = open_run(path)
    except TooNew:
        raise
    except Damaged:
        if fresh:
            return None
        raise
    if run.experiment.digest() != experiment.digest():
        raise BadInput(
            f"{path} holds a run with other settings; choose another --name."
        )
    return run

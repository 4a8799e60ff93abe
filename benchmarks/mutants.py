"""Do the tests notice when a line of tfluck is wrong? One wrong line at a time.

``mutants.toml`` names mutations that somebody feared and the tests that must kill each;
further ones are drawn at random places by cosmic-ray (pip install '.[mutants]'). All is
done to a copy of the tree. A mutation survives when every test chosen for it passes.

    python benchmarks/mutants.py                 # all; prints, and writes mutants.txt
    python benchmarks/mutants.py --drawn 0 --only schedule
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from resource import RLIMIT_CPU, setrlimit
from signal import SIGKILL, SIGXCPU
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
TABLE = tomllib.loads((HERE / "mutants.toml").read_text())
#: Seconds of a processor after which tests that do not end count as failed.
PATIENCE = 240
#: Mutations of these kinds change an annotation or break the syntax of types.
TYPES = ("BitOr", "BitAnd", "BitXor")


@dataclass(frozen=True)
class Mutant:
    """``text`` in place of ``file``; ``stages`` of tests must notice, the quick first."""

    name: str
    file: str
    text: str
    stages: tuple[tuple[str, ...], ...]


def named() -> Iterator[Mutant]:
    """Yield the mutations of the table.

    Raises:
        SystemExit: a line it names stands there no longer, or more than once.
    """
    for row in TABLE["mutant"]:
        source = (ROOT / row["file"]).read_text()
        if source.count(row["old"]) != 1:
            count = source.count(row["old"])
            sys.exit(
                f"{row['name']}: {row['old']!r} is {count} times in {row['file']}."
            )
        text = source.replace(row["old"], row["new"])
        yield Mutant(row["name"], row["file"], text, (tuple(row["tests"]),))


def stages_of(file: str) -> tuple[tuple[str, ...], ...]:
    """Return the tests for ``file``: those of the longest path in the table that fits."""
    fitting = [place for place in TABLE["tests"] if file.startswith(place)]
    return tuple(tuple(stage) for stage in TABLE["tests"][max(fitting, key=len)])


def drawn(count: int, seed: int) -> Iterator[Mutant]:
    """Draw ``count`` mutations: rooms in turn, a place in the room, what happens there."""
    rng = random.Random(seed)
    rooms = [places(room) for room in TABLE["rooms"]]
    for index in range(count):
        room = rooms[index % len(rooms)]
        place = rng.choice(sorted(room))
        operator, occurrence = rng.choice(room.pop(place))
        file, (line, column) = place
        text = mutated(ROOT / file, operator, occurrence)
        before = (ROOT / file).read_text().splitlines()[line - 1].strip()
        after = changed_line(ROOT / file, text)
        kind = operator.removeprefix("core/")
        yield Mutant(
            f"{file}:{line}:{column} {kind}: {before}  →  {after}",
            file,
            text,
            stages_of(file),
        )


def places(room: str) -> dict[tuple[str, tuple[int, int]], list[tuple[str, int]]]:
    """Map every place of ``room`` that can be changed to the ways of changing it."""
    from cosmic_ray.ast import ast_nodes, get_ast_from_path
    from cosmic_ray.plugins import get_operator, operator_names

    path = ROOT / room
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    found: dict[Any, list[tuple[str, int]]] = {}
    for file in files:
        tree = get_ast_from_path(file)
        for name in operator_names():
            operator = get_operator(name)
            if operator.arguments() or any(kind in name for kind in TYPES):
                continue
            spots = (
                start
                for node in ast_nodes(tree)
                for start, _ in operator().mutation_positions(node)
            )
            for occurrence, start in enumerate(spots):
                key = (str(file.relative_to(ROOT)), start)
                found.setdefault(key, []).append((name, occurrence))
    return found


def mutated(file: Path, operator: str, occurrence: int) -> str:
    """Return the text of ``file`` with one place of it changed."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    return str(mutate_code(file.read_text(), get_operator(operator)(), occurrence))


def changed_line(file: Path, text: str) -> str:
    """Return the first line of ``text`` that is not the file's."""
    pairs = zip(file.read_text().splitlines(), text.splitlines(), strict=False)
    return next((new.strip() for old, new in pairs if old != new), "(cut)")


def copy_tree(target: Path) -> None:
    """Copy what is under version control, laid out so that nothing else is imported."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)
    (target / "tfluck" / "cli").symlink_to(target / "cli")


def killer(mutant: Mutant, tree: Path) -> str | None:
    """Return the test that notices ``mutant``; None if it survives."""
    place = tree / mutant.file
    original = place.read_text()
    place.write_text(mutant.text)
    try:
        found = next(filter(None, (failing(s, tree) for s in mutant.stages)), None)
    finally:
        place.write_text(original)
    if found:
        trust(found, tree)
    return found


@cache
def trust(test: str, tree: Path) -> None:
    """Refuse a test that fails where nothing is wrong: it would kill everything.

    Raises:
        SystemExit: it does.
    """
    if "::" in test and failing((test,), tree) == test:
        sys.exit(f"Without any mutation {test} fails already.")


def failing(tests: tuple[str, ...], tree: Path) -> str | None:
    """Run ``tests``, each an argument of pytest's, and return the first that fails."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p",
               "no:cacheprovider", "--hypothesis-profile=hasty", "--tb=no", "-rfE",
               *tests]  # fmt: skip
    environment = os.environ | {
        "PYTHONPATH": str(tree),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(tree / ".hypothesis"),
    }
    done = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False,
        preexec_fn=partial(setrlimit, RLIMIT_CPU, (PATIENCE, PATIENCE)),
    )  # fmt: skip
    if done.returncode in (-SIGXCPU, -SIGKILL):
        return "a test that never ends"
    if done.returncode == 0:
        return None
    lines = (done.stdout + done.stderr).splitlines()
    if any("file or directory not found" in line for line in lines):
        sys.exit("\n".join(lines[-3:]))
    told = [line for line in lines if line.startswith(("FAILED ", "ERROR "))]
    if done.returncode == 1 or told:
        return (told or lines[-1:])[0].split(" - ")[0].split(" ", 1)[1]
    return f"the import of the tests ({lines[-1] if lines else 'no word'})"


def report(results: list[tuple[Mutant, str | None]], heading: str) -> str:
    """Say what survives, and which test killed the others."""
    lost = [mutant.name for mutant, killed in results if killed is None]
    lines = [f"{heading}: {len(lost)} of {len(results)} survive"]
    lines += [f"  survived  {name}" for name in lost]
    lines += [
        f"  killed    {mutant.name}\n            by {killed}"
        for mutant, killed in results
        if killed
    ]
    return "\n".join(lines) + "\n"


def try_all(mutants: list[Mutant], tree: Path) -> list[tuple[Mutant, str | None]]:
    """Pair every mutant with the test that kills it, or None."""
    results = []
    for mutant in mutants:
        started = time.monotonic()
        killed = killer(mutant, tree)
        word = "killed  " if killed else "SURVIVED"
        took = time.monotonic() - started
        print(f"{word} {took:5.0f} s  {mutant.name}", file=sys.stderr, flush=True)
        results.append((mutant, killed))
    return results


def main() -> None:
    """Read the options, try the mutants, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drawn", type=int, default=50, help="how many at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="part of the names to try")
    parser.add_argument("--part", default="1/1", help="every N-th, as 1/3, 2/3, 3/3")
    parser.add_argument("--named", action=argparse.BooleanOptionalAction, default=True)
    given = parser.parse_args()
    lists = {"feared mutations": list(named()) if given.named else []}
    if given.drawn:
        rooms = ", ".join(TABLE["rooms"])
        heading = f"mutations drawn from {rooms} with seed {given.seed}"
        lists[heading] = list(drawn(given.drawn, given.seed))
    text = ""
    with tempfile.TemporaryDirectory() as folder:
        copy_tree(Path(folder))
        for heading, mutants in lists.items():
            first, every = map(int, given.part.split("/"))
            chosen = [mutant for mutant in mutants if given.only in mutant.name]
            chosen = chosen[first - 1 :: every]
            if chosen:
                text += report(try_all(chosen, Path(folder)), heading)
    print(text, end="")
    if not given.only and given.part == "1/1" and given.named and given.drawn:
        (HERE / "mutants.txt").write_text(text)


if __name__ == "__main__":
    main()

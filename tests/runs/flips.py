"""Flip bits of a run's files and ask the commands about it.

``python tests/runs/flips.py`` flips every bit of every file of a small finished run and
asks the library behind ``runs list``, ``runs show`` and ``runs export``; of every byte one
bit it asks the commands themselves. It prints how many answers were right, and how many a
sentence; anything else ends it.
"""

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from making import make

Ask = Callable[[Path], "Answers"]
#: question → what was answered, or a :class:`Sentence`.
Answers = dict[str, Any]


class Sentence(str):
    """What was said in place of an answer."""


def files_of(root: Path) -> list[Path]:
    """The files of a run that hold something; locks and pictures hold nothing."""
    names = {".json", ".jsonl", ".npz", ".h5"}
    return sorted(path for path in root.rglob("*") if path.suffix in names)


def flipped(path: Path, bits: range, stride: int) -> Iterator[str]:
    """Flip the ``bits`` of every ``stride``-th byte of ``path`` in turn; put it back."""
    raw = path.read_bytes()
    try:
        for place in range(0, len(raw), stride):
            for bit in bits:
                damaged = bytearray(raw)
                damaged[place] ^= 1 << (bit + place) % 8
                path.write_bytes(damaged)
                yield f"{path.name}, byte {place}"
                assert path.read_bytes() == damaged, "looking changes nothing"
    finally:
        path.write_bytes(raw)


def ask_library(root: Path) -> Answers:
    """Ask what the commands ask."""
    from tfluck.foundations.errors import TfluckError
    from tfluck.runs import csv_text, list_runs, open_run, summarize

    def said(question: Callable[[], Any]) -> Any:
        try:
            return question()
        except TfluckError as error:
            return Sentence(error)

    (found,) = list_runs(root.parent)
    bad = found.status if found.run is None else " ".join(found.doubts)
    return {
        "list": Sentence(bad) if bad else (found.name, found.status),
        "show": Sentence(bad) if bad else said(lambda: summarize(open_run(root))),
        "export": said(lambda: csv_text(open_run(root))),
    }


def ask_commands(root: Path) -> Answers:
    """Ask the command line in this process."""
    import click
    from click.testing import CliRunner

    from tfluck.cli.main import main

    def said(*arguments: str) -> Any:
        @click.command()
        def whole() -> None:
            main([*arguments, "--out", str(root.parent)])

        result = CliRunner().invoke(whole, [])
        assert result.exit_code in (0, 1), result.stderr
        assert "Traceback" not in result.stderr and "(--debug" not in result.stderr
        damaged = '"damaged: ' in result.stdout
        spoken = result.stdout if damaged else result.stderr
        return Sentence(spoken) if spoken else result.stdout

    return {
        "list": said("runs", "list", "--json"),
        "show": said("runs", "show", root.name, "--json"),
        "export": said("runs", "export", root.name),
    }


def judge(root: Path, ask: Ask, bits: range, stride: int) -> Counter[str]:
    """Count right answers and sentences over all flips; nothing else is allowed."""
    whole = ask(root)
    count: Counter[str] = Counter()
    for path in files_of(root):
        for place in flipped(path, bits, stride):
            for question, answer in ask(root).items():
                if answer == whole[question]:
                    count["right"] += 1
                elif isinstance(answer, Sentence):
                    assert str(root) in answer, (place, answer)
                    count["sentences"] += 1
                else:
                    raise AssertionError((place, question, answer))
            count["flips"] += 1
    assert ask(root) == whole
    return count


def main() -> None:
    """Flip all there is to flip."""
    from runs.conftest import SMALL, finish

    from tfluck.experiment.scales import configure

    folder = Path(tempfile.mkdtemp())
    try:
        run = make(folder / "runs", configure(**SMALL), "small")
        finish(run, 1)
        for name, ask, bits in (
            ("library, every bit", ask_library, range(8)),
            ("commands, a bit of every byte", ask_commands, range(1)),
        ):
            count = judge(run.layout.root, ask, bits, 1)
            print(f"{name}: " + ", ".join(f"{n} {word}" for word, n in count.items()))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()

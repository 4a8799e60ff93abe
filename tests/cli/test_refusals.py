"""What cannot be is refused in a sentence, before time, memory or a folder is spent."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Call = Callable[..., Result]

#: Arguments, exit code, a word of the sentence.
REFUSED: list[tuple[str, int, str]] = [
    ("align --teachers 0", 2, "At least one teacher is needed"),
]


@pytest.mark.parametrize(
    ("line", "code", "word"), REFUSED, ids=[line[:60] for line, _, _ in REFUSED]
)
def test_a_refusal_is_a_sentence_and_leaves_nothing(
    line: str,
    code: int,
    word: str,
    tfluck: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = tfluck(*line.split(" "))
    assert (result.exit_code, word in result.stderr) == (code, True), result.output
    assert not result.stdout
    assert list(tmp_path.iterdir()) == []

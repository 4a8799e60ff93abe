"""The bar over all steps of all seeds."""

import io
import re
from typing import Any

import pytest


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def bars(monkeypatch: pytest.MonkeyPatch, done: dict[int, int], reports: Any) -> str:
    from tfluck.cli.progress import progress_bar

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with progress_bar(100, done) as report:
        for seed, step in reports:
            report(seed, step, "loss 1")
    return screen.getvalue()


def test_a_resumed_run_goes_from_where_it_was_to_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = bars(
        monkeypatch, {1: 100, 2: 50, 3: 0}, [(2, 80), (3, 60), (2, 100), (3, 100)]
    )
    shares = [int(share) for share in re.findall(r"(\d+)%", text)]
    assert shares[0] == 50 and shares[-1] == 100 and shares == sorted(shares)
    assert "300/300" in text


def test_a_new_run_begins_at_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    text = bars(monkeypatch, {1: 0}, [(1, 10)])
    assert re.findall(r"(\d+)%", text)[0] == "0" and "10/100" in text

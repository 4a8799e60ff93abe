"""Whatever bit of a run is flipped, the commands give the right answer or a sentence."""

from collections.abc import Callable

import pytest
from runs.conftest import MakeFinished
from runs.flips import Ask, ask_commands, ask_library, files_of, flipped, judge


@pytest.mark.parametrize(
    ("ask", "stride"), [(ask_library, 23), (ask_commands, 101)], ids=["library", "cli"]
)
def test_a_flipped_bit_is_told_or_harmless(
    finished: MakeFinished, ask: Ask, stride: int
) -> None:
    count = judge(finished("small").layout.root, ask, range(1), stride)
    assert count["sentences"] > 50 and count["right"] > 50


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ask", "bits"), [(ask_library, range(8)), (ask_commands, range(1))]
)
def test_every_flipped_bit_is_told_or_harmless(
    finished: MakeFinished, ask: Callable[..., object], bits: range
) -> None:
    judge(finished("small").layout.root, ask, bits, 1)  # type: ignore[arg-type]


def test_every_kind_of_file_is_flipped(finished: MakeFinished) -> None:
    files = files_of(finished("small").layout.root)
    names = {path.name.split("-")[0] for path in files}
    wanted = {"config.json", "manifest.json", "status.json", "metrics.jsonl"}
    assert names == wanted | {"ranks.jsonl", "epoch", "step"}
    raw = files[0].read_bytes()
    seen = {files[0].read_bytes() for _ in flipped(files[0], range(8), 7)}
    assert len(seen) == 8 * len(raw[::7]) and files[0].read_bytes() == raw

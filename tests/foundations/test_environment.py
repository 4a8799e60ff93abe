"""Surroundings: what changed between two, at which step, in which words."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.foundations import environment
from tfluck.foundations.environment import (
    VECTORS,
    changes,
    follow,
    moves,
    processor,
    surroundings,
)

HERE: dict[str, Any] = {
    "numpy": "2.1", "processor": "x86_64 Maker avx avx2 fma", "accelerators": [], "threads": 2,
    "jit": False,
}  # fmt: skip


def test_nothing_changed() -> None:
    assert changes(HERE, dict(HERE)) == []
    assert changes(HERE, HERE | {"step": 7, "more": 1}) == [], "only what both know"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("numpy", "2.2", "numpy 2.1 → 2.2"),
        ("threads", 4, "threads 2 → 4"),
        ("jit", True, "jit False → True"),
        ("accelerators", ["A", "B"], "accelerators none → A, B"),
        ("processor", "x86_64 Maker avx avx512f",
         "a processor without avx2, without fma, with avx512f"),
        ("processor", "arm64 Maker avx avx2 fma", "a processor without x86_64, with arm64"),
    ],
)  # fmt: skip
def test_what_changed_in_words(name: str, value: Any, said: str) -> None:
    assert changes(HERE, HERE | {name: value}) == [said]


def test_changes_are_in_the_order_of_their_names() -> None:
    found = changes(HERE, HERE | {"threads": 1, "numpy": "3", "jit": True})
    assert [one.split()[0] for one in found] == ["jit", "numpy", "threads"]


def test_a_history_grows_only_by_what_is_new() -> None:
    history: list[dict[str, Any]] = []
    assert follow(history, HERE, 0) == [] and history == [{"step": 0} | HERE]
    assert follow(history, dict(HERE), 5) == [] and len(history) == 1
    assert follow(history, HERE | {"threads": 3}, 9) == ["threads 2 → 3"]
    assert history[1] == {"step": 9} | HERE | {"threads": 3}
    assert follow(history, HERE | {"threads": 3}, 12) == [] and len(history) == 2
    # Something an older tfluck did not write down is kept and is no change.
    assert (
        follow(history, HERE | {"threads": 3, "new": 1}, 15) == [] and len(history) == 3
    )
    assert moves(history) == [{"step": 9, "changes": ["threads 2 → 3"]}]
    assert moves(history[:1]) == [] == moves([])


@given(st.lists(st.integers(1, 3), min_size=1, max_size=8))
def test_moves_are_the_steps_at_which_a_history_changed(threads: list[int]) -> None:
    history: list[dict[str, Any]] = []
    for step, count in enumerate(threads):
        follow(history, HERE | {"threads": count}, step)
    expected = [
        {"step": at, "changes": [f"threads {threads[at - 1]} → {threads[at]}"]}
        for at in range(1, len(threads))
        if threads[at] != threads[at - 1]
    ]
    assert moves(history) == expected


INFO = (
    "processor\t: 0\nvendor_id\t: SomeMaker\n"
    "flags\t\t: fpu sse2 fma avx2 avx f16c avx512f abm\n"
)
ARM = "CPU implementer\t: 0x41\nFeatures\t: fp asimd sve crc32 i8mm\n"
KNOWN = ["SomeMaker", "avx", "avx2", "avx512f", "f16c", "fma"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (INFO, KNOWN),
        (INFO + INFO.replace("SomeMaker", "Other"), KNOWN),
        (ARM, ["0x41", "asimd", "i8mm", "sve"]),
        ("", []),
    ],
)  # fmt: skip
def test_a_processor_is_its_maker_and_its_vectors(
    text: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_: text)
    monkeypatch.setattr(environment.platform, "machine", lambda: "m1")
    assert processor.__wrapped__() == " ".join(["m1", *words])


def test_without_a_list_of_flags_the_system_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(*_: object) -> str:
        raise OSError

    monkeypatch.setattr(Path, "read_text", gone)
    monkeypatch.setattr(environment.platform, "machine", lambda: "m1")
    monkeypatch.setattr(environment.platform, "processor", lambda: "")
    assert processor.__wrapped__() == "m1"


def test_which_flags_decide_how_is_added() -> None:
    for flag in (
        "avx",
        "avx512_bf16",
        "amx_tile",
        "fma",
        "fma4",
        "f16c",
        "sve2",
        "i8mm",
        "bf16",
    ):
        assert VECTORS.fullmatch(flag)
    for flag in ("sse2", "xavx", "f16cx", "aes", ""):
        assert not VECTORS.fullmatch(flag)


def test_surroundings_of_a_process_without_tensorflow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(environment.sys.modules, "tensorflow", raising=False)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    found = surroundings(3, True)
    assert (found["threads"], found["jit"], found["onednn"]) == (3, True, "0")
    assert found["accelerators"] == [] and found["processor"] == processor()
    assert {"tensorflow", "keras", "numpy"} <= set(found)
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    assert surroundings(3, True)["onednn"] == "default"

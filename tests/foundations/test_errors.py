"""Each failure keeps its exit code, its sentence and what belongs to it, pickled or not."""

import pickle
from pathlib import Path

import pytest

from tfluck.foundations import errors
from tfluck.foundations.errors import (
    BadInput,
    ClaimFailed,
    Damaged,
    Diverged,
    Interrupted,
    Missing,
    RunBusy,
    TfluckError,
    TooNew,
    Unreadable,
)

CODES = {
    TfluckError: 1, RunBusy: 1, Damaged: 1, TooNew: 1, BadInput: 2, Unreadable: 2, Missing: 2,
    Diverged: 3, ClaimFailed: 4,
}  # fmt: skip


def test_every_class_is_here_and_has_its_exit_code() -> None:
    there = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, TfluckError)
    }
    assert there == {*CODES, Interrupted}
    for kind, code in CODES.items():
        assert kind.exit_code == code


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143), (1, 129)])
def test_a_signal_is_added_to_128(number: int, code: int) -> None:
    error = Interrupted("Stopped.", number)
    assert (error.exit_code, error.signal, str(error)) == (code, number, "Stopped.")


MADE = [
    TfluckError("A."), BadInput("A."), ClaimFailed("A."), RunBusy("A."), Missing("A."),
    Diverged("A.", 7), Interrupted("A.", 15), Damaged("/x/y", "is torn."),
    TooNew(Path("/x"), "is newer."),
]  # fmt: skip


@pytest.mark.parametrize("error", MADE, ids=lambda error: type(error).__name__)
def test_a_worker_process_may_hand_it_to_its_parent(error: TfluckError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error) and str(back) == str(error)
    assert back.exit_code == error.exit_code and vars(back) == vars(error)


def test_what_is_damaged_is_named_first() -> None:
    error = Damaged("/x/y.json", "is torn.")
    assert str(error) == "/x/y.json is torn."
    assert (error.path, error.why) == (Path("/x/y.json"), "is torn.")
    assert Diverged("No.", 3).step == 3


def test_who_catches_whom() -> None:
    assert issubclass(Missing, Unreadable) and issubclass(Unreadable, BadInput)
    assert issubclass(TooNew, Damaged) and not issubclass(Damaged, BadInput)
    assert not issubclass(BadInput, ValueError), "ours are never taken for a library's"

"""Going on with another TensorFlow, processor or teacher is told, and never twice."""

import shutil
import signal
from typing import Any

import pytest

from tfluck.foundations.environment import changes, processor, surroundings
from tfluck.foundations.errors import Damaged, Interrupted
from tfluck.foundations.runtime import device_line
from tfluck.sweeps import train_run


def train(run: Any, stop: bool = False) -> Any:
    from tfluck.training.trainer import Trainer

    said: list[str] = []
    trainer = Trainer(run, 1, lambda step, note: said.append(note))
    if stop:
        with pytest.raises(Interrupted):
            trainer.train(lambda: signal.SIGTERM)
    else:
        trainer.train()
    told = [note for note in said if note.endswith(".")]
    assert told.pop(0) == device_line(), "first of all, on which device"
    return told


def test_versions_and_processor_are_known_and_compared(tf: Any) -> None:
    here = surroundings(2, True)
    assert here["tensorflow"] == tf.__version__ and here["threads"] == 2
    assert processor() == here["processor"] and len(processor().split()) > 1
    assert changes(here, dict(here)) == []
    assert changes(here, here | {"threads": 4}) == ["threads 2 → 4"]
    other = here | {"processor": processor() + " avx1024"}
    assert changes(here, other) == ["a processor with avx1024"]
    assert changes({"step": 3, "tensorflow": "2"}, {"step": 4} | here) == [
        f"tensorflow 2 → {tf.__version__}"
    ], "of an old run only what it wrote down is compared"


def test_other_surroundings_are_one_sentence_and_a_mark(
    make_run: Any, tf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tfluck.training.history as module

    run = make_run(epochs=2)
    train(run, stop=True)
    assert train(run, stop=True) == [], "where nothing changed nothing is said"
    assert "moves" not in run.seed_status(1)
    step = run.seed_status(1)["step"]
    monkeypatch.setattr(
        module,
        "surroundings",
        lambda threads, jit: surroundings(threads, jit) | {"tensorflow": "9.9"},
    )
    (sentence,) = train(run, stop=True)
    change = f"tensorflow {tf.__version__} → 9.9"
    assert change in sentence and f"From step {step} on" in sentence
    mark = [{"step": step, "changes": [change]}]
    assert run.seed_status(1)["moves"] == mark
    assert train(run) == []
    assert run.seed_status(1)["moves"] == mark, "the mark stays, the sentence does not"


def test_of_an_old_run_the_versions_of_its_manifest_are_compared(
    make_run: Any, tf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    import tfluck.training.checkpoint as module

    run = make_run(epochs=1)
    monkeypatch.setattr(module, "to_json", lambda history: "[]")
    train(run, stop=True)
    packages = dict(run.manifest["packages"]) | {"keras": "1.0"}
    old = dataclasses.replace(run, manifest={"packages": packages})
    (sentence,) = train(old)
    assert "(keras 1.0 → " in sentence and "tensorflow" not in sentence


def test_a_run_computed_with_other_threads_says_so(
    make_run: Any, tf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint knows the threads it was computed with, whatever the settings say."""
    import tfluck.training.history as module

    run = make_run(epochs=2)
    train(run, stop=True)
    monkeypatch.setattr(module, "threads_here", lambda: 8)
    (sentence,) = train(run)
    assert "threads 2 → 8" in sentence


def test_another_teacher_in_the_run_is_refused(make_run: Any, tf: Any) -> None:
    run, donor = make_run("one", epochs=0), make_run("two", epochs=0, seed=7)
    for each in (run, donor):
        train_run(each)
    seed = run.layout.seed(1)
    sources = (donor.layout.teacher_weights, seed.final_weights)
    for source in [path.read_bytes() for path in sources]:
        run.layout.teacher_weights.write_bytes(source)
        shutil.rmtree(
            seed.root, ignore_errors=True
        )  # what is finished draws no teacher
        with pytest.raises(Damaged, match=r"teacher.weights.h5 .*\.$"):
            train_run(run)

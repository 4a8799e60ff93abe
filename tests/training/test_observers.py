"""What observers are told, and that a training does not care whether they listen."""

import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws.specimens import outcome

from tfluck.experiment.execution import Execution
from tfluck.foundations.errors import BadInput, Damaged, Diverged, Interrupted
from tfluck.runs import Run, open_run, read_rows
from tfluck.runs.students import extended
from tfluck.runs.weights import kept_weights, unkept_epochs
from tfluck.sweeps import train_run
from tfluck.sweeps.watchers import check_observers, is_maker, made

#: Two epochs of four steps, in chunks of two.
SHORT = {
    "epochs": 2,
    "samples_per_epoch": 64,
    "chunk": 2,
    "batch_norm": "none",
    "eval_samples": 40,
}


class Listener:
    """Remembers what it is told; no class of ours, to show that none is needed."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.told: list[tuple[Any, ...]] = []
        self.contexts: list[Any] = []
        self.moments: list[Any] = []

    def began(self, context: Any) -> None:
        self.contexts.append(context)
        self.told.append(("began", context.step))

    def stepped(self, step: int, losses: Any) -> None:
        self.told.append(("stepped", step, len(losses)))

    def evaluated(self, moment: Any) -> None:
        self.moments.append(moment)
        self.told.append(("evaluated", moment.step, moment.epoch))

    def ended(self, status: str) -> None:
        self.told.append(("ended", status))


class Clumsy(Listener):
    """Fails where it is told to."""

    def __init__(self, when: str, step: int = 0) -> None:
        super().__init__()
        self.when, self.step = when, step

    def __getattribute__(self, name: str) -> Any:
        if name == object.__getattribute__(self, "__dict__").get("when"):
            return partial(object.__getattribute__(self, "fail"), name)
        return object.__getattribute__(self, name)

    def fail(self, name: str, *given: Any) -> None:
        at = given[0] if name == "stepped" else getattr(given[0], "step", self.step)
        if at >= self.step:
            raise KeyError("lost")
        getattr(Listener, name)(self, *given)


class Files(Listener):
    """Leaves a file for each student it is made for; other processes can find it."""

    def began(self, context: Any) -> None:
        (context.run.layout.root / f"watched-{self.seed}").write_text(str(context.seed))


@pytest.fixture(scope="module")
def kernels() -> dict[str, Any]:
    """Of each experiment here, what is compiled once for all runs of it."""
    return {}


@pytest.fixture(autouse=True)
def shared(
    tf: Any, kernels: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    from tfluck.training import kernel

    def kernel_of(run: Run, thread: int = 0) -> Any:
        name = run.experiment.digest()
        if name not in kernels:
            kernels[name] = kernel.Kernel(run)
        return kernels[name]

    monkeypatch.setattr(kernel, "kernel_of", kernel_of)
    return kernel_of


@pytest.fixture
def short(make_run: Callable[..., Run]) -> Callable[..., Run]:
    return lambda folder="runs", **settings: make_run(folder, **SHORT | settings)


def train(run: Run, *observers: Any, chunks: int | None = None) -> Any:
    """Train, or so many chunks."""
    from tfluck.training import kernel
    from tfluck.training.trainer import Trainer

    shared = kernel.kernel_of(run, 0)
    trainer = Trainer(run, 1, lambda step, note: None, shared, observers)
    if chunks is None:
        trainer.train()
        return trainer
    stops = iter([None] * (chunks - 1) + [signal.SIGTERM])
    with pytest.raises(Interrupted):
        trainer.train(lambda: next(stops))
    return trainer


def test_an_observer_hears_everything_in_order(short: Any) -> None:
    listener = Listener()
    train_run(short(), observers=[listener])
    assert listener.told == [
        ("began", 0),
        ("evaluated", 0, 0),
        ("stepped", 2, 2),
        ("stepped", 4, 2),
        ("evaluated", 4, 1),
        ("stepped", 6, 2),
        ("stepped", 8, 2),
        ("evaluated", 8, 2),
        ("ended", "finished"),
    ]


def test_a_moment_shows_networks_inputs_and_what_is_recorded(
    short: Any, tf: Any
) -> None:
    """ρ worked out from the networks that are shown is the ρ that is shown."""
    from tfluck.analysis import correlation

    found = []

    class Looker(Listener):
        def evaluated(self, moment: Any) -> None:
            x = tf.concat(moment.inputs, 0)
            pair = moment.teacher(x), moment.student(x)
            rho = [correlation(t, s) for t, s in zip(*pair, strict=True)][:-1]
            found.append((rho, moment))

    run = short()
    train_run(run, observers=[Looker()])
    rows = read_rows(run.layout.seed(1).metrics)
    assert [row for _, moment in found for row in moment.rows] == rows
    for rho, moment in found:
        assert sum(map(len, moment.inputs)) == run.experiment.watch.eval_samples
        for ours, shown in zip(rho, moment.evaluation.correlations, strict=True):
            np.testing.assert_allclose(ours, shown, atol=1e-5)
    assert not np.allclose(found[0][0][0], found[-1][0][0]), "the student moved"


def test_observers_change_no_bit(short: Any) -> None:
    alone, watched = short("alone"), short("watched")
    train_run(alone)
    train_run(watched, observers=[Listener(), Listener])
    assert outcome(alone, 1) == outcome(watched, 1)


def test_a_context_says_where_training_goes_on(short: Any) -> None:
    run, first, second = short(), Listener(), Listener()
    train(run, first, chunks=1)
    assert first.told[-1] == ("ended", "interrupted")
    (context,) = first.contexts
    assert (context.new, context.step, context.seed) == (True, 0, 1)
    train(run, second)
    (context,) = second.contexts
    assert (context.new, context.step, context.run) == (False, 2, run)
    assert second.told[:3] == [("began", 2), ("stepped", 4, 2), ("evaluated", 4, 1)]
    assert context.teacher is not None and len(context.inputs) == 1


def test_what_an_observer_says_is_kept_in_the_status(short: Any) -> None:
    class Talker(Listener):
        def began(self, context: Any) -> None:
            context.tell("I have been here.")

    run = short()
    train_run(run, observers=[Talker()])
    assert run.seed_status(1)["complaints"] == ["I have been here."]


@pytest.mark.parametrize(
    ("when", "step", "kept"),
    [("began", 0, 0), ("evaluated", 0, 0), ("stepped", 2, 2), ("evaluated", 4, 4)],
)
def test_an_observer_that_fails_stops_training_after_a_checkpoint(
    short: Any, when: str, step: int, kept: int
) -> None:
    from tfluck.training.observers import ObserverFailed

    whole, run, other = short("whole"), short("failed"), Listener()
    train_run(whole)
    with pytest.raises(ObserverFailed, match=r"Clumsy failed at step .*KeyError.*\.$"):
        train_run(run, observers=[Clumsy(when, step), other])
    assert run.seed_status(1)["status"] == "failed"
    assert "Clumsy" in run.seed_status(1)["message"]
    assert run.layout.seed(1).checkpoint_steps()[-1] == kept
    assert other.told[-1] == ("ended", "failed"), "the others are told on"
    train_run(run)
    assert outcome(run, 1) == outcome(whole, 1)


def test_an_observer_that_fails_in_the_end_takes_no_result(short: Any) -> None:
    from tfluck.training.observers import ObserverFailed

    run = short()
    with pytest.raises(ObserverFailed, match="Clumsy"):
        train_run(run, observers=[Clumsy("ended")])
    assert run.status() == "finished"
    assert "Clumsy" in run.seed_status(1)["complaints"][0]


def test_observers_hear_of_divergence(short: Any) -> None:
    listener = Listener()
    with pytest.raises(Diverged):
        train_run(short(lr=((0, 1e30),)), observers=[listener])
    assert listener.told[-1] == ("ended", "diverged")


def test_an_observer_sees_one_student_after_the_other(short: Any) -> None:
    run, listener = short(seeds=2), Listener()
    train_run(run, observers=[listener])
    assert [context.seed for context in listener.contexts] == [1, 2]
    assert run.status() == "finished"
    assert [w for w, *_ in listener.told].count("ended") == 2


def test_makers_go_to_other_processes(short: Any, tmp_path: Path) -> None:
    """The worker imports the class by its name; each student has one of its own."""
    from concurrent.futures import ThreadPoolExecutor

    run = short(seeds=2)
    with ThreadPoolExecutor(1) as pool:
        train_run(run, executor=pool, observers=[Files])
    for seed in run.seeds:
        assert (run.layout.root / f"watched-{seed}").read_text() == str(seed)


def test_what_cannot_go_there_is_refused_before_anything_is_done(short: Any) -> None:
    run = short(seeds=2)
    for observers, jobs, said in (
        ([Listener()], 2, "Listener lives in this process"),
        ([lambda seed: Listener()], 2, "top of a module"),
        ([partial(lambda seed: Listener())], 2, "top of a module"),
        (["rows.csv"], 1, "no observer"),
    ):
        with pytest.raises(BadInput, match=rf"{said}.*\.$"):
            train_run(run, jobs=jobs, observers=observers)
    assert run.status() == "new" and not run.layout.seed(1).root.exists()


def test_makers_and_observers_are_told_apart() -> None:
    class Both(Listener):
        def __call__(self) -> None: ...

    assert [is_maker(x) for x in (Listener, partial(Listener), print)] == [True] * 3
    assert not is_maker(Listener()) and not is_maker(Both())
    assert made(Listener, 7).seed == 7  # type: ignore[attr-defined]
    one = Listener()
    assert made(one, 7) is one
    assert check_observers([one, Listener], 1, False)
    assert not check_observers([Listener, lambda seed: one], 1, False)
    assert not check_observers([], 4, True)


class TestKeptEpochs:
    """``--keep-epochs`` leaves the weights of epochs, whatever stops a training."""

    def test_they_are_those_of_the_checkpoint(self, short: Any) -> None:
        """Kept at the end of the epoch, evaluated or not."""
        run, seen = short(keep_epochs=(0, 1, 2), eval_every=2), []

        class Copier(Listener):
            def began(self, context: Any) -> None:
                self.student = context.student
                self.stepped(0, [])

            def stepped(self, step: int, losses: Any) -> None:
                if step % 4 == 0:
                    seen.append([a.copy() for a in self.student.get_weights()])

        train_run(run, observers=[Copier()])
        layout = run.layout.seed(1)
        assert layout.kept_epochs() == [0, 1, 2] and len(seen) == 3
        from tfluck.instruments.loaded import load_run

        for epoch, expected in enumerate(seen):
            student = load_run(run).student(1, epoch)
            for ours, theirs in zip(student.get_weights(), expected, strict=True):
                np.testing.assert_array_equal(ours, theirs)
        first, last = layout.kept_weights(0), layout.kept_weights(2)
        assert first.read_bytes() == layout.initial_weights.read_bytes()
        assert last.read_bytes() == layout.final_weights.read_bytes()

    def test_a_later_call_adds_to_them(self, short: Any) -> None:
        run = short(epochs=4, keep_epochs=(1,))
        train(run, chunks=3)
        again = short(epochs=4, keep_epochs=(3,))
        assert again.layout == run.layout
        assert again.execution.keep_epochs == (1, 3)
        train_run(again)
        assert run.layout.seed(1).kept_epochs() == [1, 3]
        assert "complaints" not in run.seed_status(1)

    def test_what_is_past_is_told(self, short: Any) -> None:
        run = short()
        train(run, chunks=3)
        train_run(extended(run, Execution(keep_epochs=(0, 1, 2))))
        (complaint,) = run.seed_status(1)["complaints"]
        assert "can be kept no more: 0, 1." in complaint
        assert run.layout.seed(1).kept_epochs() == [2]
        assert unkept_epochs(run) == []
        assert unkept_epochs(open_run(run.layout.root)) == [0, 1]

    def test_what_a_killed_process_left_is_written_again(self, short: Any) -> None:
        run = short()
        train(run, chunks=1)
        stale = run.layout.seed(1).kept_weights(1)
        stale.write_bytes(b"half a")
        train_run(run)
        whole = short("whole", keep_epochs=(1,))
        train_run(whole)
        assert stale.read_bytes() == whole.layout.seed(1).kept_weights(1).read_bytes()

    def test_one_asks_for_an_epoch_and_is_told_which_there_are(
        self, make_run: Any
    ) -> None:
        run = make_run(epochs=9, keep_epochs=(2, 5))
        layout = run.layout.seed(1)
        layout.kept_weights(2).parent.mkdir(parents=True)
        run.layout.teacher_weights.touch()
        for epoch in (5, 2):
            layout.kept_weights(epoch).touch()
            assert kept_weights(run, 1, epoch) == (epoch, layout.kept_weights(epoch))
        (layout.root / "weights" / "student-epoch-7.weights.h5").touch()
        said = "epoch 7 .* --epoch 0, --epoch 2, --epoch 5 or --epoch 9"
        with pytest.raises(BadInput, match=said):
            kept_weights(run, 1, 7)
        with pytest.raises(Damaged, match="missing"):
            kept_weights(run, 1)

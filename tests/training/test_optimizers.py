"""An optimiser does what its formula says, from zero, and forgets when it is told to."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from tfluck.experiment.choices import OPTIMIZERS
from tfluck.foundations.errors import BadInput

SHAPES = [(3, 4), (4,), (4, 2), ()]
Arrays = list[np.ndarray]


class Bench:
    """Weights of a few shapes, an optimiser of them, and the step's update."""

    def __init__(self, tf: Any, name: str, **settings: Any) -> None:
        import keras

        from tfluck.training.step import Program

        draw = np.random.default_rng(3)
        self.tf = tf
        start = [draw.normal(size=shape) for shape in SHAPES]
        variables = [keras.Variable(array, dtype="float64") for array in start]
        self.optimizer = OPTIMIZERS[name](variables, **settings)
        self.start = start
        self.program = Program(
            None, keras.Sequential(), self.optimizer, lambda target, logits: logits
        )

    def step(self, gradients: Iterable[Any], rate: float) -> Arrays:
        given = [self.tf.constant(gradient, self.tf.float64) for gradient in gradients]
        self.program._update(given, self.tf.constant(rate, self.tf.float64))
        return self.weights()

    def weights(self) -> Arrays:
        return [variable.numpy() for variable in self.optimizer.variables]

    def memory(self) -> Arrays:
        return [slot.numpy() for _, slot in self.optimizer.slots()]


@pytest.fixture
def bench(tf: Any) -> Callable[..., Bench]:
    return lambda name, **settings: Bench(tf, name, **settings)


def gradients(steps: int, seed: int = 5) -> list[Arrays]:
    draw = np.random.default_rng(seed)
    return [[draw.normal(size=shape) for shape in SHAPES] for _ in range(steps)]


def sgd(weights: Arrays, found: list[Arrays], mu: float, decay: float) -> Arrays:
    """PyTorch's documentation of SGD, line by line, with a rate of 0.1, 0.2, …."""
    weights, buffers = [w.copy() for w in weights], [None] * len(weights)
    for t, step in enumerate(found, start=1):
        for i, g in enumerate(step):
            g = g + decay * weights[i]
            buffers[i] = g if buffers[i] is None else mu * buffers[i] + g
            weights[i] = weights[i] - 0.1 * t * buffers[i]
    return weights


def adam(weights: Arrays, found: list[Arrays], decay: float) -> Arrays:
    """The sums written out, without the recursions that Adam keeps them by."""
    weights, seen = [w.copy() for w in weights], [[] for _ in weights]
    for t, step in enumerate(found, start=1):
        for i, g in enumerate(step):
            seen[i].append(g + decay * weights[i])
            mean, square = (
                sum((1 - b) * b ** (t - s) * g**p for s, g in enumerate(seen[i], 1))
                / (1 - b**t)
                for b, p in ((0.9, 1), (0.999, 2))
            )
            weights[i] = weights[i] - 0.1 * t * mean / (np.sqrt(square) + 1e-8)
    return weights


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_is_pytorchs(bench: Any, momentum: float, decay: float) -> None:
    made = bench("sgd", momentum=momentum, weight_decay=decay)
    found = gradients(6)
    for t, step in enumerate(found, start=1):
        last = made.step(step, 0.1 * t)
    for ours, theirs in zip(last, sgd(made.start, found, momentum, decay), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_adam_is_its_authors(bench: Any, decay: float) -> None:
    made = bench("adam", weight_decay=decay)
    found = gradients(6)
    for t, step in enumerate(found, start=1):
        last = made.step(step, 0.1 * t)
    for ours, theirs in zip(last, adam(made.start, found, decay), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_adams_first_step_has_the_size_of_the_rate(bench: Any) -> None:
    """m/(1−β₁) = g and √(s/(1−β₂)) = |g|: the sign is left, up to ε."""
    made = bench("adam")
    (found,) = gradients(1)
    for before, after, g in zip(made.start, made.step(found, 0.01), found, strict=True):
        size = np.abs(g) / (np.abs(g) + 1e-8)
        expected = before - 0.01 * size * np.sign(g)
        np.testing.assert_allclose(after, expected, rtol=0, atol=1e-14)


def test_adam_knows_no_scale_and_stands_still_without_a_gradient(bench: Any) -> None:
    one, large, still = bench("adam"), bench("adam"), bench("adam")
    for step in gradients(4):
        ends = one.step(step, 0.01)
        scaled = large.step([1e6 * g for g in step], 0.01)
        still.step([0 * g for g in step], 0.01)
    for end, other in zip(ends, scaled, strict=True):
        np.testing.assert_allclose(end, other, atol=1e-7)
    for before, after in zip(still.start, still.weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_adam_corrects_in_float64_what_float32_would_lose(tf: Any) -> None:
    """1 − 0.999 in float32 is wrong by 1.3e-5; the first step is not."""
    import keras

    made = OPTIMIZERS["adam"]([keras.Variable(np.ones(5), dtype="float32")])
    (found,) = made.directions([tf.constant([1.0, -2.0, 0.5, 5e3, 7.0])])
    np.testing.assert_allclose(found, [1, -1, 1, 1, 1], rtol=5e-7)


@pytest.mark.parametrize(
    ("name", "settings"),
    [("sgd", {"momentum": 0.5}), ("sgd", {}), ("adam", {"weight_decay": 0.1})],
)
def test_what_was_forgotten_leaves_no_trace(
    bench: Any, name: str, settings: dict
) -> None:
    made, new = bench(name, **settings), bench(name, **settings)
    for step in gradients(3, seed=8):
        made.step(step, 0.1)
    assert all(np.any(slot) for slot in made.memory())
    made.optimizer.reset()
    for variable, start in zip(made.optimizer.variables, made.start, strict=True):
        variable.assign(start)
    for step in gradients(3):
        ends, expected = made.step(step, 0.1), new.step(step, 0.1)
    for end, other in zip(ends + made.memory(), expected + new.memory(), strict=True):
        np.testing.assert_array_equal(end, other)


def test_slots_keep_the_names_that_checkpoints_have(bench: Any) -> None:
    """Another name would orphan every checkpoint people have."""
    slots = bench("sgd", momentum=0.9).optimizer.slots()
    assert [name for name, _ in slots] == [f"velocity/{i}" for i in range(4)]
    assert [tuple(slot.shape) for _, slot in slots] == SHAPES
    assert bench("sgd").optimizer.slots() == []
    names = [name for name, _ in bench("adam").optimizer.slots()]
    assert names[0] == "adam/count" and len(names) == len(set(names)) == 9
    assert {"adam/mean/3", "adam/square/0"} < set(names)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_has_floating_slots_and_fits_its_checkpoint(
    tf: Any, make_run: Any, name: str
) -> None:
    from tfluck.training.checkpoint import Checkpoints, Progress
    from tfluck.training.kernel import Kernel

    momentum = {"momentum": 0.9} if name == "sgd" else {}
    run = make_run(optimizer=name, **momentum)
    kernel = Kernel(run)
    slots = kernel.optimizer.slots()
    assert slots and all(slot.dtype.is_floating for _, slot in slots)
    made = Checkpoints(run.layout.seed(1), kernel.student, kernel.optimizer, 9)
    for index, (_, slot) in enumerate(slots):
        slot.assign(tf.fill(slot.shape, tf.cast(index + 0.5, slot.dtype)))
    run.layout.seed(1).root.mkdir()
    made.save(Progress(step=4))
    kernel.optimizer.reset()
    assert all(not np.any(slot.numpy()) for _, slot in slots)
    assert made.restore(pytest.fail).step == 4
    for index, (_, slot) in enumerate(slots):
        assert np.all(slot.numpy() == index + 0.5)


def test_adam_refuses_another_momentum_in_a_sentence(tf: Any) -> None:
    with pytest.raises(BadInput, match=r"momentum of its own.*use sgd\.$"):
        OPTIMIZERS["adam"]([], momentum=0.9)


def test_two_slots_of_one_name_are_an_error_before_any_checkpoint(
    tf: Any, make_run: Any
) -> None:
    from tfluck.training.checkpoint import Checkpoints
    from tfluck.training.kernel import Kernel

    run = make_run()
    kernel = Kernel(run)

    class Careless:
        def slots(self) -> list[Any]:
            return [("step", None)]

    with pytest.raises(ValueError, match="one name"):
        Checkpoints(run.layout.seed(1), kernel.student, Careless(), 9)  # type: ignore[arg-type]


def test_a_new_optimizer_is_one_class(
    tf: Any, make_run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows nothing of compilers, checkpoints or the loop, and a run can name it."""
    from tfluck.training.trainer import Trainer

    class SignDescent:
        def __init__(self, variables: Any, **settings: float) -> None:
            self.variables = [variable.value for variable in variables]

        def slots(self) -> list[Any]:
            return []

        def reset(self) -> None:
            pass

        def directions(self, gradients: Any) -> Any:
            return [tf.sign(gradient) for gradient in gradients]

    monkeypatch.setitem(OPTIMIZERS._known, "sign", SignDescent)
    run = make_run(optimizer="sign", batch_norm="none", lr=((0, 0.25),), epochs=1)
    trainer = Trainer(run, 1, lambda step, note: None)
    before = [array.copy() for array in trainer.student.get_weights()]
    trainer.train()
    steps = [
        (new - old) / 0.25
        for new, old in zip(trainer.student.get_weights(), before, strict=True)
    ]
    assert any(np.any(step) for step in steps)
    for step in steps:
        np.testing.assert_allclose(step, np.round(step), atol=1e-4)

"""Our networks and steps against arrays computed with the authors' PyTorch code.

float64 must agree to 1e-10 and float32 to what its rounding allows, in every layer.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from tfluck.analysis import correlation, winner_ranks
from tfluck.analysis.correlation import EPSILON
from tfluck.analysis.weights import fan_out_rms

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = {
    "fc_nobn": "none",
    "fc_nobn_dead": "none",
    "fc_bn_affine": "after-relu",
    "cnn_nobn": "none",
    "cnn_bn": "after-relu",
}
RATE = 0.05


class Tolerance(NamedTuple):
    rtol: float
    atol: float
    correlation: float


TOLERANCES = {
    "float64": Tolerance(1e-10, 1e-10, 1e-10),
    "float32": Tolerance(2e-4, 2e-5, 1e-4),
}


class Case:
    """One golden file, with our models built at its shapes."""

    def __init__(self, tf: Any, name: str, dtype: str) -> None:
        from tfluck.networks import Network, linear_layers

        self.tf, self.dtype, self.tolerance = tf, dtype, TOLERANCES[dtype]
        self.g = np.load(GOLDEN / f"{name}.npz")
        self.cnn = name.startswith("cnn")
        self.x, self.x2 = (self.image(self.g[key]) for key in ("X", "X2"))
        self.layers = linear_layers
        widths = {
            who: tuple(self.g[f"{who}/W{i}"].shape[0] for i in range(2))
            for who in ("teacher", "student")
        }
        outputs = self.g["teacher/W2"].shape[0]

        def build(who: str, place: str) -> Any:
            shape = Network(
                "cnn" if self.cnn else "fc",
                self.x.shape[1:],
                widths[who],
                outputs,
                place,
                affine=place != "none",
            )
            return shape.build(lambda layer, fan_in: {}, who, dtype)

        self.teacher = build("teacher", "none")
        self.student = build("student", CASES[name])
        self.load(self.teacher, "teacher")
        self.load(self.student, "student")

    def image(self, array: np.ndarray) -> np.ndarray:
        channels_last = array.transpose(0, 2, 3, 1) if array.ndim == 4 else array
        return channels_last.astype(self.dtype)

    def kernel(self, w: np.ndarray, channels: int) -> np.ndarray:
        """Turn a PyTorch weight into ours; the last one reads a flattened image."""
        if w.ndim == 4:
            return w.transpose(2, 3, 1, 0)
        if self.cnn:
            w = w.reshape(len(w), channels, -1).transpose(0, 2, 1).reshape(len(w), -1)
        return w.T

    def parameters(
        self, prefix: str, kernel: str = "W", bias: str = "b"
    ) -> list[np.ndarray]:
        found = []
        for i in range(3):
            channels = self.g["student/W1" if "teacher" not in prefix else "teacher/W1"]
            found.append(self.kernel(self.g[f"{prefix}{kernel}{i}"], len(channels)))
            found.append(self.g[f"{prefix}{bias}{i}"])
        return found

    def load(self, model: Any, who: str) -> None:
        arrays = self.parameters(f"{who}/")
        for i, layer in enumerate(self.layers(model)):
            layer.set_weights(arrays[2 * i : 2 * i + 2])
        for i, norm in enumerate(self.norms(model)):
            names = ("gamma", "beta", "mean", "var")
            norm.set_weights([self.g[f"{who}/bn{i}_{name}"] for name in names])

    def norms(self, model: Any) -> list[Any]:
        return [layer for layer in model.layers if "batch_norm" in layer.name]

    def program(self, momentum: float = 0.0, decay: float = 0.0, **more: Any) -> Any:
        from tfluck.training.objectives.mse import mean_squared_error
        from tfluck.training.optimizers.sgd import SGD
        from tfluck.training.step import Program

        optimizer = SGD(
            self.student.trainable_variables, momentum=momentum, weight_decay=decay
        )
        return Program(
            self.teacher, self.student, optimizer, mean_squared_error, **more
        )

    def step(self, program: Any, x: np.ndarray) -> float:
        target = self.teacher(x, training=False)[-1]
        return float(program.step(self.tf.constant(x), target, RATE))

    def close(self, ours: Any, theirs: np.ndarray) -> None:
        np.testing.assert_allclose(
            np.asarray(ours), theirs, rtol=self.tolerance.rtol, atol=self.tolerance.atol
        )

    def same_student(self, prefix: str) -> None:
        """Compare weights, biases and BatchNorm's tensors with those at ``prefix``."""
        arrays = self.parameters(f"{prefix}/")
        for i, layer in enumerate(self.layers(self.student)):
            self.close(layer.kernel, arrays[2 * i])
            self.close(layer.bias, arrays[2 * i + 1])
        for i, norm in enumerate(self.norms(self.student)):
            for variable, name in zip(
                norm.get_weights(), ("gamma", "beta", "mean", "var"), strict=True
            ):
                self.close(variable, self.g[f"{prefix}/bn{i}_{name}"])


@pytest.fixture(
    params=[(name, dtype) for name in CASES for dtype in TOLERANCES], ids="-".join
)
def case(request: pytest.FixtureRequest, tf: Any) -> Case:
    return Case(tf, *request.param)


def test_teacher_rows_are_normalised(case: Case) -> None:
    from tfluck.networks import normalize_rows

    arrays = case.parameters("teacher_raw/")
    for i, layer in enumerate(case.layers(case.teacher)):
        layer.set_weights(arrays[2 * i : 2 * i + 2])
    normalize_rows(case.teacher)
    for ours, theirs in zip(
        case.teacher.get_weights(), case.parameters("teacher/"), strict=True
    ):
        if theirs.min() > -50:  # one case kills a node by hand after normalising
            np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("who", ["teacher", "student"])
def test_activations(case: Case, who: str) -> None:
    outputs = (case.teacher if who == "teacher" else case.student)(
        case.x, training=False
    )
    for i in range(2):
        case.close(outputs[i], case.image(case.g[f"eval_{who}/h{i}"]))
    case.close(outputs[-1], case.g[f"eval_{who}/y"])


def test_loss_and_gradients_in_both_modes(case: Case) -> None:
    from tfluck.training.objectives.mse import mean_squared_error

    target = case.teacher(case.x)[-1]
    for training, prefix in ((False, "eval/"), (True, "train/")):
        with case.tf.GradientTape() as tape:
            outputs = case.student(case.x, training=training)
            loss = mean_squared_error(target, outputs[-1])
        case.close(loss, case.g[f"{prefix}loss"])
        weights = [
            v.value for v in case.layers(case.student) for v in (v.kernel, v.bias)
        ]
        found = tape.gradient(loss, weights)
        for ours, theirs in zip(
            found, case.parameters(prefix, "grad_W", "grad_b"), strict=True
        ):
            case.close(ours, theirs)


def test_gradients_of_scale_and_shift(case: Case) -> None:
    norms = {key for key in case.g.files if key.startswith("train/grad_bn")}
    assert len(norms) == 2 * len(case.norms(case.student))
    if not norms:
        return
    from tfluck.training.objectives.mse import mean_squared_error

    with case.tf.GradientTape() as tape:
        outputs = case.student(case.x, training=True)
        loss = mean_squared_error(case.teacher(case.x)[-1], outputs[-1])
    affine = [(norm.gamma.value, norm.beta.value) for norm in case.norms(case.student)]
    for i, pair in enumerate(tape.gradient(loss, affine)):
        for ours, name in zip(pair, ("gamma", "beta"), strict=True):
            case.close(ours, case.g[f"train/grad_bn{i}_{name}"])


def test_one_and_five_steps_of_plain_sgd(case: Case) -> None:
    program = case.program()
    losses = [case.step(program, case.x)]
    case.same_student("after1")
    losses += [case.step(program, x) for x in (case.x2, case.x, case.x2, case.x)]
    expected = [
        case.g["train/loss"],
        *(case.g[f"train/loss_step{i}"] for i in range(2, 6)),
    ]
    case.close(losses, expected)
    loss = np.mean((case.student(case.x)[-1] - case.teacher(case.x)[-1]) ** 2)
    case.close(loss, case.g["after5_eval/loss"])


def test_a_chunk_of_steps_is_its_steps(case: Case) -> None:
    """The fused program gives what the steps give one by one, compiled or not."""
    program = case.program()
    chunk = np.stack([case.x, case.x2, case.x, case.x2, case.x, case.x2])
    rate = case.tf.constant(RATE, chunk.dtype)
    losses, finite = program.run(case.tf.constant(chunk), case.tf.constant(5), rate)
    case.close(
        losses[:5],
        [case.g["train/loss"]] + [case.g[f"train/loss_step{i}"] for i in range(2, 6)],
    )
    assert losses[5] == 0
    assert finite
    for i in range(2):
        rho = correlation(
            case.teacher(case.x)[i], case.student(case.x)[i], epsilon=EPSILON
        )
        np.testing.assert_allclose(
            rho, case.g[f"after5_eval/corr{i}"], atol=case.tolerance.correlation
        )


def test_momentum_and_weight_decay(case: Case) -> None:
    program = case.program(0.9, 0.01)
    case.step(program, case.x)
    case.step(program, case.x2)
    case.same_student("after2_mom0.9_wd0.01")


def test_row_normalisation(case: Case) -> None:
    from tfluck.networks import normalize_rows

    if "norm0/W0" not in case.g.files:
        pytest.fail("the golden file lost its normalised student")
    normalize_rows(case.student)
    for ours, theirs in zip(
        (v for layer in case.layers(case.student) for v in layer.get_weights()),
        case.parameters("norm0/"),
        strict=True,
    ):
        case.close(ours, theirs)
    case.step(case.program(normalize=True), case.x)
    for ours, theirs in zip(
        (v for layer in case.layers(case.student) for v in layer.get_weights()),
        case.parameters("norm1/"),
        strict=True,
    ):
        case.close(ours, theirs)


def test_correlations_and_dead_nodes(case: Case) -> None:
    for i in range(2):
        rho = correlation(
            case.teacher(case.x)[i], case.student(case.x)[i], epsilon=EPSILON
        )
        theirs = case.g[f"eval/corr{i}"]
        np.testing.assert_allclose(rho, theirs, atol=case.tolerance.correlation)
        assert np.all((rho == 0) == (theirs == 0)), "a dead node correlates with nobody"


def test_ranks_from_the_start_to_step_five(case: Case) -> None:
    for i in range(2):
        start, end = case.g[f"eval/corr{i}"], case.g[f"after5_eval/corr{i}"]
        ranks = winner_ranks([start, end])
        theirs = case.g[f"rank0to5/init_rank_of_final_order{i}"][:, 0] / start.shape[1]
        live = np.any(end != 0, axis=1)
        np.testing.assert_allclose(ranks[0][live], theirs[live])
        assert not ranks[1].any()


def test_fan_out_sizes(case: Case) -> None:
    """Theirs are per tap of a filter, or per position of the dense layer; ours per node."""
    program = case.program()
    for x in (case.x, case.x2, case.x, case.x2, case.x):
        case.step(program, x)
    kernels = [layer.kernel.numpy() for layer in case.layers(case.student)]
    nodes = [case.x.shape[-1], *(kernel.shape[-1] for kernel in kernels[:-1])]
    for i, (kernel, count) in enumerate(zip(kernels, nodes, strict=True)):
        theirs = case.g[f"after5/w_norm{i}"].reshape(count, -1)
        expected = np.sqrt((theirs**2).mean(axis=1))
        case.close(fan_out_rms(kernel, count), expected)

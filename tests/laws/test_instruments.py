"""What is kept of a run is what was trained, and instruments see what autodiff sees."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws.specimens import SPECIMENS

from tfluck.runs import read_rows

TAUGHT = [name for name, given in SPECIMENS.items() if given.get("targets") is None]
SAMPLES = 5


def kept(specimen: Any, which: str) -> Any:
    """Load the weights that the first student had before or after training."""
    from tfluck.training.teachers import load_weights

    run, kernel = specimen.run, specimen.kernel
    layout = run.layout.seed(run.seeds[0])
    for variable in kernel.student.variables:
        variable.assign(variable.numpy() * 0 + 7)  # so that nothing is there before
    load_weights(kernel.student, getattr(layout, f"{which}_weights"), layout.sealed)
    return kernel.student


def test_weights_come_back_bit_for_bit(specimen: Any) -> None:
    """The last of them are the checkpoint's, the first those that the seed draws."""
    first = [v.numpy().tobytes() for v in kept(specimen, "initial").variables]
    specimen.kernel.reset(specimen.run.seeds[0])
    drawn = [v.numpy().tobytes() for v in specimen.kernel.student.variables]
    assert first == drawn
    student = kept(specimen, "final")
    layout = specimen.run.layout.seed(specimen.run.seeds[0])
    newest = sorted(layout.checkpoints.glob("*.npz"))[-1]
    with np.load(newest) as archive:
        for variable in student.variables:
            there = archive[variable.path]
            assert variable.numpy().tobytes() == there.tobytes(), variable.path


def test_what_is_kept_has_the_numbers_that_were_recorded(specimen: Any) -> None:
    from tfluck.training.metrics import evaluation_rows

    epoch = specimen.run.experiment.training.epochs
    student = kept(specimen, "final")
    found = specimen.kernel.evaluator.evaluate()
    rows = evaluation_rows(epoch, found, student, None)
    layout = specimen.run.layout.seed(specimen.run.seeds[0])
    recorded = [row for row in read_rows(layout.metrics) if row.epoch == epoch]
    # What instruments saw on the way, as ``rank/…``, has a law of its own.
    own = [row for row in recorded if "/" not in row.metric]
    assert rows == [row for row in own if row.split == "eval"]


def doubled(network: Any, model: Any) -> Any:
    """Build ``model`` again in float64, with its ReLUs and its logits as outputs."""
    import keras

    from tfluck.networks.initializers import default_start

    twin = network.build(
        lambda name, fan_in: default_start(0, name, fan_in), "twin", "float64"
    )
    twin.set_weights(model.get_weights())
    relus = [layer for layer in twin.layers if isinstance(layer, keras.layers.ReLU)]
    outputs = [*(layer.output for layer in relus), twin.outputs[-1]]
    return twin, keras.Model(twin.inputs, outputs)


def rows_of(watched: Any, x: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return ∂y/∂f, ``[samples, outputs, positions, nodes]``, and the gates of a layer."""
    import tensorflow as tf

    with tf.GradientTape(persistent=True) as tape:
        inputs = tf.constant(x)
        tape.watch(inputs)
        *nodes, logits = watched(inputs, training=False)
    found = []
    for layer in nodes:
        jacobian = tape.batch_jacobian(logits, layer).numpy()
        shape = (len(x), logits.shape[-1], -1, layer.shape[-1])
        gates = layer.numpy().reshape(len(x), 1, -1, layer.shape[-1]) > 0
        found.append((jacobian.reshape(shape), gates))
    return found


@pytest.mark.specimens(*TAUGHT)
def test_modulation_is_brute_force_differentiation(specimen: Any) -> None:
    """β*, β and what the authors call H, of the very networks that were trained."""
    from tfluck.analysis.modulation import modulation
    from tfluck.networks.folding import relu_net
    from tfluck.training.teachers import networks

    shapes = networks(specimen.run.experiment)
    models = specimen.kernel.teacher, kept(specimen, "final")
    (teacher, t), (student, s) = (
        doubled(*pair) for pair in zip(shapes, models, strict=True)
    )
    batches = specimen.kernel.evaluator.batches
    x = batches[0][:SAMPLES].numpy().astype(np.float64)
    found = modulation(relu_net(student), relu_net(teacher), x)
    for layer, (a, b) in zip(
        found, zip(rows_of(s, x), rows_of(t, x), strict=True), strict=True
    ):
        (one, on), (other, theirs) = a, b
        expected = {
            "beta_cross": (one, other),
            "beta": (one, one),
            "gated_cross": (one * on, other * theirs),
            "gated": (one * on, one * on),
        }
        for name, (left, right) in expected.items():
            matrix = np.einsum("kcpn,kcpm->nm", left, right) / SAMPLES
            np.testing.assert_allclose(
                getattr(layer, name)[:-1, :-1], matrix, rtol=1e-9, atol=1e-12
            )


def test_matrices_are_numpys_correlations(specimen: Any) -> None:
    """ρ of every layer, of the whole evaluation set at once, in float64."""
    if specimen.kernel.teacher is None:
        assert not list(matrices(specimen))
        return
    student = kept(specimen, "final")
    x = np.concatenate([b.numpy() for b in specimen.kernel.evaluator.batches])
    pairs = zip(
        specimen.kernel.teacher(x, training=False)[:-1],
        student(x, training=False)[:-1],
        matrices(specimen),
        strict=True,
    )
    for teacher, learned, rho in pairs:
        nodes = [
            np.asarray(a, np.float64).reshape(-1, a.shape[-1])
            for a in (teacher, learned)
        ]
        with np.errstate(invalid="ignore", divide="ignore"):
            whole = np.corrcoef(*nodes, rowvar=False)
        m = nodes[0].shape[1]
        np.testing.assert_allclose(rho, np.nan_to_num(whole[:m, m:]), atol=2e-5)


def matrices(specimen: Any) -> list[np.ndarray]:
    """Return the last matrices that the first student's training left."""
    layout = specimen.run.layout.seed(specimen.run.seeds[0])
    path = layout.correlation(specimen.run.experiment.training.epochs)
    if not Path(path).exists():
        return []
    with np.load(path) as archive:
        names = sorted(name for name in archive.files if name.startswith("layer"))
        return [archive[name] for name in names]

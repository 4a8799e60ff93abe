"""Our training loop alone: the pipeline, the chunks and their losses, no evaluation.

Run as a program it prints one JSON line: steps per second of each round, the seconds of
the step's bare matrix products at the same shapes, and of one evaluation.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from tfluck.experiment.choices import parse_widths
from tfluck.experiment.scales import configure
from tfluck.foundations.runtime import start_tensorflow
from tfluck.runs import find_or_create


def bare_products(trainer: Any, repeats: int) -> float:
    """Time the products no step can do without: forward, back to inputs, to weights."""
    tf = start_tensorflow()
    experiment = trainer.experiment
    x = trainer.stream.batches(0, 1)[0]
    pairs = []
    side = x.shape[1]
    for layer in [
        layer for layer in trainer.student.layers if hasattr(layer, "kernel")
    ]:
        kernel = layer.kernel.value
        if len(kernel.shape) == 4:
            side -= 2
            rows = experiment.training.batch_size * side**2
            shape = (rows, int(tf.size(kernel)) // kernel.shape[-1], kernel.shape[-1])
        else:
            shape = (experiment.training.batch_size, *kernel.shape)
        pairs.append(
            tuple(
                tf.ones(pair)
                for pair in ((shape[0], shape[1]), shape[1:], (shape[0], shape[2]))
            )
        )

    @tf.function
    def products() -> Any:
        total = tf.constant(0.0)
        for index, (inputs, kernel, gradient) in enumerate(pairs):
            total += tf.matmul(inputs, kernel)[0, 0]
            total += tf.matmul(inputs, gradient, transpose_a=True)[0, 0]
            if index:
                total += tf.matmul(gradient, kernel, transpose_b=True)[0, 0]
        return total

    float(products())
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        float(products())
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def measure(arch: str, widths: str, batch_norm: bool, steps: int, repeats: int) -> dict:
    """Train in rounds of ``steps`` and time each."""
    start_tensorflow()
    from tfluck.training.checkpoint import Progress
    from tfluck.training.trainer import Trainer

    experiment, execution = configure(
        "paper",
        arch=arch,
        teacher_widths=parse_widths(widths),
        batch_norm="after-relu" if batch_norm else "none",
        epochs=repeats + 1,
        samples_per_epoch=steps * 64,
        lr=((0, 1e-4),),
    )
    with tempfile.TemporaryDirectory() as folder:
        run = find_or_create(Path(folder), experiment, execution=execution)
        trainer = Trainer(run, 1, lambda step, note: None)
        trainer.progress = Progress()
        trainer.layout.root.mkdir(parents=True)
        chunks = list(trainer.clock.chunks())
        data = trainer.stream.chunks((c.start for c in chunks), trainer.clock.length)
        rates, start = [], time.perf_counter()
        for chunk, batch in zip(chunks, data, strict=True):
            trainer._train_chunk(chunk, batch)
            if chunk.epoch_done:
                rates.append(steps / (time.perf_counter() - start))
                start = time.perf_counter()
        trainer.kernel.evaluator.evaluate()
        start = time.perf_counter()
        trainer.kernel.evaluator.evaluate()
        evaluation = time.perf_counter() - start
        products = bare_products(trainer, 10 if arch == "cnn" else 50)
    return {"rates": rates[1:], "evaluation": evaluation, "products": products}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("arch")
    parser.add_argument("widths")
    parser.add_argument("--batch-norm", action="store_true")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    found = measure(
        given.arch, given.widths, given.batch_norm, given.steps, given.repeats
    )
    print(json.dumps(found))

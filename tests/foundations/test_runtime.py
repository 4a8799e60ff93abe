"""The threads of a run are the same wherever it trains."""

import json
from typing import Any

import numpy as np
import pytest

from tfluck.foundations import runtime
from tfluck.foundations.errors import TfluckError


def test_threads_that_have_begun_cannot_be_others(tf: Any) -> None:
    tf.constant(1.0)
    assert runtime.threads_here() == 2
    assert runtime.can_compute_with(2) and runtime.can_compute_with(0)
    assert not runtime.can_compute_with(3)
    assert runtime.start_tensorflow(2) is runtime.start_tensorflow() is tf
    with pytest.raises(TfluckError, match=r"2 TensorFlow threads .* 3 are asked"):
        runtime.start_tensorflow(3)


def test_a_program_with_other_threads_trains_with_the_runs_own(
    make_run: Any, tf: Any
) -> None:
    """This process has 2 threads and the run 3: its student gets a process of its own."""
    from tfluck.sweeps import train_run

    tf.constant(1.0)
    run = make_run(arch="cnn", threads=3, epochs=1)
    train_run(run)
    layout = run.layout.seed(1)
    with np.load(layout.checkpoint(layout.checkpoint_steps()[-1])) as state:
        history = json.loads(state["history"].tobytes())
    # What TensorFlow itself said there; whether that moves bits is the processor's affair.
    assert [entry["threads"] for entry in history] == [3]

"""A finished run of two students at which every instrument looked while they trained."""

from typing import Any

import pytest
from making import make

from tfluck.experiment.scales import configure
from tfluck.instruments import _OWN
from tfluck.runs import Run

OURS = tuple(_OWN)


@pytest.fixture(scope="session")
def watched(tf: Any, tiny: dict[str, Any], tmp_path_factory: Any) -> Run:
    from tfluck.training.kernel import Kernel
    from tfluck.training.teachers import save_weights
    from tfluck.training.trainer import Trainer

    more = {"batch_norm": "before-relu", "seeds": 2, "epochs": 2, "watch": OURS}
    folder = tmp_path_factory.mktemp("watched")
    run = make(folder, configure(**tiny | more), "watched")
    kernel = Kernel(run)
    save_weights(kernel.teacher, run.layout.teacher_weights)
    for seed in run.seeds:
        Trainer(run, seed, lambda step, note: None, kernel).train()
    return run


@pytest.fixture(params=OURS)
def name(request: pytest.FixtureRequest) -> str:
    """Every instrument that tfluck brings."""
    found: str = request.param
    return found

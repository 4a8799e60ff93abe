"""The words that tables, pictures and TensorBoard share."""

from collections.abc import Mapping
from typing import Any

from tfluck.experiment.experiment import Experiment

#: The one ρ̄. The mean over all teacher nodes, dead ones at 0, is never called so.
RHO_BAR = "ρ̄, mean best correlation over live teacher nodes"
RANK_BAR = "r̄, mean rank of the final winners"
NULL = "another teacher"


def described(experiment: Experiment, record: Mapping[str, Any]) -> str:
    """Say which experiment a picture shows, and at what size.

    ``record`` is the run's manifest; runs from Python, and older ones, were asked for
    by no scale and no preset.
    """
    net, epochs = experiment.network, experiment.training.epochs
    widths = "-".join(map(str, net.teacher_widths))
    # The space between them does not break, so that a title's lines end between items.
    asked = "".join(
        f", {name}\N{NO-BREAK SPACE}{record[name]}"
        for name in ("scale", "preset")
        if record.get(name)
    )
    return (
        f"{experiment.data.kind}, {net.arch} {widths} ×{net.multiplier}, "
        f"BatchNorm {net.batch_norm}, {counted(epochs, 'epoch')}{asked}"
    )


def counted(number: int, thing: str) -> str:
    """Return ``1 epoch``, ``2 epochs``."""
    return f"{number} {thing}{'' if number == 1 else 's'}"

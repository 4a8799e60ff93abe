"""The words that tables, pictures and TensorBoard share."""

from tfluck.config import RunConfig

#: The one ρ̄. The mean over all teacher nodes, dead ones at 0, is never called so.
RHO_BAR = "ρ̄, mean best correlation over live teacher nodes"
RANK_BAR = "r̄, mean rank of the final winners"
NULL = "another teacher"


def experiment(config: RunConfig) -> str:
    """Say which experiment a picture shows, and at what size."""
    widths = "-".join(map(str, config.teacher_widths))
    return (
        f"{config.data_kind}, {config.arch} {widths} ×{config.multiplier}, "
        f"BatchNorm {config.batch_norm}, {config.epochs} epoch(s)"
    )

"""The shapes of a run's two networks."""

from tfluck.experiment.config import RunConfig
from tfluck.networks.network import Network


def networks(config: RunConfig) -> tuple[Network, Network]:
    """Return the shapes of teacher and student."""
    teacher = Network(
        config.arch,
        config.input_shape,
        config.teacher_widths,
        config.outputs,
        config.teacher_batch_norm,
        config.teacher_bn_affine,
    )
    student = Network(
        config.arch,
        config.input_shape,
        config.student_widths,
        config.outputs,
        config.batch_norm,
        config.bn_affine,
    )
    return teacher, student

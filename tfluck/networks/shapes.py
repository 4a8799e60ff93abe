"""The shapes of a run's two networks."""

from tfluck.experiment.experiment import Experiment
from tfluck.networks.network import Network


def networks(experiment: Experiment) -> tuple[Network, Network]:
    """Return the shapes of teacher and student."""
    teacher = Network(
        experiment.network.arch,
        experiment.input_shape,
        experiment.network.teacher_widths,
        experiment.network.outputs,
        experiment.network.teacher_batch_norm,
        experiment.network.teacher_bn_affine,
    )
    student = Network(
        experiment.network.arch,
        experiment.input_shape,
        experiment.network.student_widths,
        experiment.network.outputs,
        experiment.network.batch_norm,
        experiment.network.bn_affine,
    )
    return teacher, student

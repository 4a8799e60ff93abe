"""Turn a finished pretraining run into a teacher directory."""

import keras

from tfluck.data.images import ImageSet
from tfluck.data.training_data import open_images
from tfluck.foundations.files import digest_of, make_directory
from tfluck.networks import Network
from tfluck.networks.initializers import default_start
from tfluck.networks.pruning import prune
from tfluck.runs import Run, Teacher, TeacherLayout, read_teacher, write_teacher
from tfluck.training.teachers import load_weights, networks, save_weights

BATCH = 256


def accuracy(model: keras.Model, images: ImageSet, split: str) -> float:
    """Return the share of a split's samples, unaugmented, whose largest logit is right."""
    x, y = images.split(split)
    right = 0
    for at in range(0, len(x), BATCH):
        batch = images.normalize(x[at : at + BATCH])
        logits = model(batch, training=False)[-1].numpy()
        right += int((logits.argmax(axis=-1) == y[at : at + BATCH]).sum())
    return right / len(x)


def accuracies(model: keras.Model, images: ImageSet) -> dict[str, float]:
    """Return the accuracy on the training and the test split."""
    return {split: accuracy(model, images, split) for split in ("train", "test")}


def finish_teacher(run: Run) -> Teacher:
    """Prune if asked to, measure, and write the teacher directory of a finished run.

    A directory that is there already is read, not made again.

    Raises:
        Damaged: the directory that is there does not fit its description.
    """
    folder = run.layout.pretrained
    if TeacherLayout(folder).recipe.exists():
        return read_teacher(folder)
    experiment = run.experiment
    images = open_images(experiment, run.execution.data_dir)
    if images is None:
        raise ValueError("pretraining needs labelled data")
    network = networks(experiment)[1]
    model = _trained(network, run)
    before = accuracies(model, images)
    pruned = {}
    if any(experiment.training.prune):
        pruned = {
            "shares": experiment.training.prune,
            "from_widths": network.widths,
            "accuracy_before": before,
        }
        network, model = prune(network, model, experiment.training.prune)
    save_weights(model, TeacherLayout(make_directory(folder)).weights)
    write_teacher(
        folder,
        Teacher(
            arch=network.arch,
            input_shape=network.input_shape,
            widths=network.widths,
            outputs=network.outputs,
            batch_norm=network.batch_norm,
            bn_affine=network.affine,
            dataset=experiment.data.kind,
            accuracy=accuracies(model, images) if pruned else before,
            pruned=pruned,
            recipe=experiment.to_dict(),
            weights_sha256=digest_of(TeacherLayout(folder).weights),
        ),
    )
    return read_teacher(folder)


def _trained(network: Network, run: Run) -> keras.Model:
    model = network.build(
        lambda name, fan_in: default_start(0, name, fan_in), "teacher"
    )
    load_weights(
        model, run.layout.seed(run.experiment.seed).final_weights, run.layout.sealed
    )
    return model

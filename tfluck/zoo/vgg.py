"""VGG with BatchNorm (F6, F16): the networks `keras.applications` does not have.

Every block is Conv 3×3 → BatchNorm → ReLU, blocks of equal resolution end in a 2×2 max
pool, and three dense layers stand on top (Simonyan & Zisserman 2015, configurations A,
B, D, E). Conv0 is the lowest layer, as in paper 1.
"""

from typing import TYPE_CHECKING

from tfluck.foundations.errors import BadInput
from tfluck.foundations.seeds import child
from tfluck.weightfiles import TensorFile

if TYPE_CHECKING:
    import keras

#: Name → output channels of the convolutions at each resolution.
VGG_BN: dict[str, tuple[tuple[int, ...], ...]] = {
    "vgg11_bn": ((64,), (128,), (256,) * 2, (512,) * 2, (512,) * 2),
    "vgg13_bn": ((64,) * 2, (128,) * 2, (256,) * 2, (512,) * 2, (512,) * 2),
    "vgg16_bn": ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3),
    "vgg19_bn": ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4),
}


def vgg_bn(
    name: str,
    *,
    include_top: bool = True,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    classes: int = 1000,
    seed: int = 0,
) -> "keras.Model":
    """Build VGG11, 13, 16 or 19 with BatchNorm as a Keras functional model.

    Layers are named ``conv0, bn0, relu0, conv1, …``; weights are drawn He-normal from
    ``seed``. Output: logits [batch, classes], or without top the last pooled features.

    Raises:
        BadInput: there is no network of that name.
    """
    import keras

    inputs = keras.Input(input_shape, name="images")
    x, index = inputs, 0
    for stage, widths in enumerate(_stages(name)):
        for width in widths:
            x = _block(x, width, index, seed)
            index += 1
        x = keras.layers.MaxPooling2D(name=f"pool{stage}")(x)
    if include_top:
        x = keras.layers.Flatten(name="flatten")(x)
        for index in range(2):
            draw = keras.initializers.HeNormal(child(seed, "dense", index))
            name_ = f"dense{index}"
            x = keras.layers.Dense(4096, "relu", kernel_initializer=draw, name=name_)(x)
            x = keras.layers.Dropout(0.5, seed=child(seed, "dropout", index))(x)
        draw = keras.initializers.HeNormal(child(seed, "logits"))
        x = keras.layers.Dense(classes, kernel_initializer=draw, name="logits")(x)
    return keras.Model(inputs, x, name=name)


def _block(x: "keras.KerasTensor", width: int, index: int, seed: int) -> object:
    import keras

    draw = keras.initializers.HeNormal(child(seed, "conv", index))
    x = keras.layers.Conv2D(
        width, 3, padding="same", kernel_initializer=draw, name=f"conv{index}"
    )(x)
    norm = keras.layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, name=f"bn{index}"
    )
    x = norm(x)
    return keras.layers.ReLU(name=f"relu{index}")(x)


def _stages(name: str) -> tuple[tuple[int, ...], ...]:
    if name not in VGG_BN:
        raise BadInput(f"Expected one of {', '.join(VGG_BN)}, got '{name}'.")
    return VGG_BN[name]


def torch_batch_norms(name: str) -> dict[str, int]:
    """Return what PyTorch calls the BatchNorms of ``name``, with their channels.

    There the convolutional part is one numbered list, ``features``: each block takes
    three numbers (convolution, BatchNorm, ReLU) and each pool one.
    """
    found, number = {}, 0
    for widths in _stages(name):
        for width in widths:
            found[f"features.{number + 1}"] = width
            number += 3
        number += 1
    return found


def recognise(file: TensorFile) -> str | None:
    """Return which VGG with BatchNorm ``file`` holds in PyTorch's names, if any.

    Every BatchNorm must be there under its number with its channels, and none besides.
    """
    tail = ".running_mean"
    # Checkpoints of wrapped models put "module." or "state_dict." before the names.
    there = {
        key[max(0, key.find("features.")) :].removesuffix(tail): shape
        for key, shape in file.shapes.items()
        if key.endswith(tail)
    }
    for name in VGG_BN:
        expected = torch_batch_norms(name)
        if there == {key: (width,) for key, width in expected.items()}:
            return name
    return None

"""Pre-activations of a network without BatchNorm, channel by channel (for F6)."""

from typing import TYPE_CHECKING

import numpy as np

from tfluck.analysis.bn_bias import ChannelMoments
from tfluck.foundations.errors import BadInput
from tfluck.foundations.seeds import generator
from tfluck.weightfiles import TensorFile

if TYPE_CHECKING:
    import keras

#: Channel moments of one layer: name, mean, standard deviation, each [channels].
Moments = tuple[str, np.ndarray, np.ndarray]


def conv_moments(
    model: "keras.Model", images: np.ndarray, batch: int = 16
) -> tuple[Moments, ...]:
    """Measure the pre-activations of every convolution of a chain of layers.

    Args:
        model: layers that feed one another in order, such as VGG without its top.
        images: preprocessed, [n, height, width, channels].
        batch: images at a time.

    Returns:
        For each convolution its name, and mean and standard deviation over images and
        positions of what its activation function receives.
    """
    import keras

    moments: dict[str, ChannelMoments] = {}
    for start in range(0, len(images), batch):
        x = keras.ops.convert_to_tensor(images[start : start + batch])
        for layer in model.layers:
            if isinstance(layer, keras.layers.Conv2D):
                before = layer.convolution_op(x, layer.kernel)
                before = before + layer.bias if layer.use_bias else before
                values = keras.ops.convert_to_numpy(before)
                moments.setdefault(layer.name, ChannelMoments()).update(values)
                x = layer.activation(before)
            elif not isinstance(layer, keras.layers.InputLayer):
                x = layer(x, training=False)
    return tuple((name, *channel.result()) for name, channel in moments.items())


def fill_convolutions(model: "keras.Model", file: TensorFile) -> None:
    """Give every convolution of ``model`` the tensors ``file`` has under its name.

    Raises:
        BadInput: a kernel or a bias of the right shape is not there.
    """
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            values = [_under(file, layer.name, w.shape) for w in layer.weights]
            layer.set_weights(values)


def draw_convolutions(model: "keras.Model", seed: int) -> None:
    """Give every convolution of ``model`` the weights its training began with.

    Kernels uniform in ±√(6 / (fan_in + fan_out)) (Glorot and Bengio 2010, what Keras
    starts from), biases 0; each layer draws for itself from ``seed``.
    """
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            *window, inward, outward = layer.kernel.shape
            bound = np.sqrt(6 / (np.prod(window) * (inward + outward)))
            draw = generator(seed, "bn-bias", model.name, layer.name)
            kernel = draw.uniform(-bound, bound, layer.kernel.shape)
            layer.set_weights([kernel, *(np.zeros(b.shape) for b in layer.weights[1:])])


def _under(file: TensorFile, layer: str, shape: tuple[int, ...]) -> np.ndarray:
    for name, found in file.shapes.items():
        if layer in name.split("/") and found == tuple(shape):
            return file.read(name)
    raise BadInput(f"The file has no tensor of shape {tuple(shape)} for '{layer}'.")

"""Published-size VGG files over a loopback server: exact values, almost no traffic."""

import numpy as np
import pytest

from tfluck.weightfiles import batch_norms, open_stream, read_tensors


@pytest.mark.parametrize(
    ("name", "channels", "tensors", "size"),
    [("vgg11_bn", 2752, 54, 531_497_376), ("vgg16_bn", 4224, 84, 553_497_760)],
)
def test_remote_batch_norms_are_exact_and_cheap(
    name, channels, tensors, size, layout, write_vgg, norms, server
):
    path = write_vgg(name, layout)
    expected = norms(name)
    stream = open_stream(server.url(path))
    file = read_tensors(stream)
    layers = batch_norms(file)
    assert len(file.shapes) == tensors
    assert sum(4 * int(np.prod(s)) for s in file.shapes.values()) == size
    assert sum(len(layer.shift) for layer in layers) == channels
    numbers = [int(layer.name.removeprefix("features.")) for layer in layers]
    assert numbers == sorted(numbers)
    for layer in layers:
        np.testing.assert_array_equal(layer.shift, expected[layer.name + ".bias"])
        np.testing.assert_array_equal(layer.scale, expected[layer.name + ".weight"])
        mean, variance = (
            expected[f"{layer.name}.running_{part}"] for part in ("mean", "var")
        )
        np.testing.assert_array_equal(layer.mean, mean)
        np.testing.assert_array_equal(layer.variance, variance)
    assert stream.size == path.stat().st_size > size
    assert stream.transferred == server.sent < 500_000

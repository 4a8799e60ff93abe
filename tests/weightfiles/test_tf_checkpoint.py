"""TensorFlow checkpoints of both versions, by prefix, index file or folder."""

import numpy as np
import pytest

from tfluck.weightfiles import Refused, batch_norms, open_tensors

VECTORS = {
    "gamma": np.array([1.0, -2.0], "f4"),
    "beta": np.array([-1.0, 0.5], "f4"),
    "moving_mean": np.array([0.0, 3.0], "f4"),
    "moving_variance": np.array([1.0, 4.0], "f4"),
}


@pytest.fixture
def tf():
    from tfluck.foundations.runtime import start_tensorflow

    return start_tensorflow()


def save(tf, prefix, tensors):
    names = list(tensors)
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=list(tensors.values()),
    )


@pytest.mark.parametrize("tail", ["", "/.ATTRIBUTES/VARIABLE_VALUE"])
def test_both_versions_and_every_way_to_name_them(tail, tf, tmp_path):
    tensors = {f"bn_{i}/{k}{tail}": v for i in (10, 2) for k, v in VECTORS.items()}
    # Optimizer slots look alike and are no layers.
    tensors |= {f"bn_2/beta/Momentum{tail}": VECTORS["beta"]}
    tensors |= {f"bn_2/moving_mean/.OPTIMIZER_SLOT/m{tail}": VECTORS["beta"]}
    save(tf, tmp_path / "ckpt-9", {"old": VECTORS["beta"]})
    save(tf, tmp_path / "ckpt-10", tensors)
    for name in ("ckpt-10", "ckpt-10.index", ""):
        layers = batch_norms(open_tensors(str(tmp_path / name)))
        assert [layer.name for layer in layers] == ["bn_2", "bn_10"]
        for layer in layers:
            np.testing.assert_array_equal(layer.shift, VECTORS["beta"])
            np.testing.assert_array_equal(layer.scale, VECTORS["gamma"])


def test_prefix_may_be_nothing_but_a_folder(tf, tmp_path):
    save(tf, f"{tmp_path}/", {f"bn/{key}": value for key, value in VECTORS.items()})
    assert (tmp_path / ".index").is_file()
    assert len(batch_norms(open_tensors(str(tmp_path)))) == 1


def test_damaged_checkpoint_is_refused(tf, tmp_path):
    save(tf, tmp_path / "a", {f"bn/{key}": value for key, value in VECTORS.items()})
    (data,) = tmp_path.glob("a.data*")
    raw = bytearray(data.read_bytes())
    raw[3] ^= 0xFF
    data.write_bytes(raw)
    with pytest.raises(Refused, match="damaged"):
        batch_norms(open_tensors(str(tmp_path / "a")))
    (tmp_path / "a.index").write_bytes(b"no index")
    with pytest.raises(Refused, match="damaged"):
        open_tensors(str(tmp_path / "a"))

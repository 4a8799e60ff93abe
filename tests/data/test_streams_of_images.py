"""Batches of images are a pure function of (seed, stream name, step)."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.data.images import ImageSet

SIZE, BATCH = 23, 4


@pytest.fixture(scope="module")
def images() -> ImageSet:
    """Every pixel of image i shows i, and its class is i modulo 5."""
    x = np.tile(np.arange(SIZE, dtype=np.uint8)[:, None, None, None], (1, 6, 7, 2))
    y, one = np.arange(SIZE) % 5, np.ones(2, np.float32)
    return ImageSet(x, y, x[:5], y[:5], tuple("abcde"), one * 0, one)


@pytest.fixture(scope="module")
def open_(tf: Any, images: ImageSet) -> Any:
    from tfluck.data import ImageStream

    def make(seed: int = 1, name: str = "train", **more: Any) -> Any:
        return ImageStream(seed, name, images, BATCH, **more)

    return make


@settings(max_examples=15)
@given(first=st.integers(0, 10**6), count=st.integers(1, 4))
def test_a_batch_depends_on_its_step_alone(open_: Any, first: int, count: int) -> None:
    stream = open_(augment=True, labelled=True)
    x, y = (part.numpy() for part in stream.batches(first, count))
    for k in range(count):
        one, label = stream.batches(first + k, 1)
        assert np.array_equal(one[0], x[k])
        assert np.array_equal(label[0], y[k])


def test_chunks_are_their_batches(open_: Any) -> None:
    stream = open_(augment=True, labelled=True)
    starts = [0, 5, 90]
    for start, chunk in zip(starts, stream.chunks(starts, 5), strict=True):
        for ours, theirs in zip(chunk, stream.batches(start, 5), strict=True):
            assert np.array_equal(ours, theirs)


def test_each_pass_shows_every_image_once_in_another_order(open_: Any) -> None:
    x = open_().batches(0, 2 * SIZE).numpy()[..., 0, 0, 0].reshape(-1)
    passes = x[: 8 * SIZE].reshape(8, SIZE)
    assert np.array_equal(np.sort(passes), np.tile(np.arange(SIZE), (8, 1)))
    assert len({tuple(row) for row in passes}) == 8


def test_labels_stay_with_their_images(open_: Any) -> None:
    x, y = open_(labelled=True).batches(3, 20)
    shown = x.numpy()[..., 0, 0, 0].astype(int)
    assert np.array_equal(y.numpy(), np.eye(5)[shown % 5])


def test_seeds_names_and_augmentation_are_independent(open_: Any) -> None:
    reference = open_().batches(0, 6).numpy()
    for other in (open_(seed=2), open_(name="other")):
        assert not np.array_equal(other.batches(0, 6), reference)
    # Augmentation moves pixels; which images come, and when, it leaves alone.
    augmented = open_(augment=True).batches(0, 6).numpy()
    assert np.array_equal(augmented.max((2, 3, 4)), reference.max((2, 3, 4)))


def test_no_two_steps_augment_alike(open_: Any) -> None:
    from tfluck.data.stateless import bit_batches

    bits = bit_batches(5, 0, 50, (BATCH, 3)).numpy()
    assert len({row.tobytes() for row in bits}) == 50
    assert np.array_equal(bits[7:9], bit_batches(5, 7, 2, (BATCH, 3)))


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(5, 5, 1), (4, 6, 3)]))
def test_crops_and_mirrors_are_numpys(
    tf: Any, seed: int, shape: tuple[int, ...]
) -> None:
    from tfluck.data.augmentation import crop_and_flip

    draw = np.random.default_rng(seed)
    x = draw.integers(0, 256, (2, 3, *shape)).astype(np.uint8)
    bits = draw.integers(0, 2**32, (2, 3, 3)).astype(np.uint32)
    found = crop_and_flip(tf.constant(x), tf.constant(bits)).numpy()
    height, width, _ = shape
    for place in np.ndindex(2, 3):
        down, across, mirror = (int(b) for b in bits[place])
        padded = np.pad(x[place], ((4, 4), (4, 4), (0, 0)))
        crop = padded[down % 9 :, across % 9 :][:height, :width]
        assert np.array_equal(found[place], crop[:, ::-1] if mirror % 2 else crop)


def test_every_offset_and_both_mirrors_are_equally_likely(tf: Any) -> None:
    from scipy.stats import chisquare

    from tfluck.data.stateless import bit_batches

    bits = bit_batches(3, 0, 4000, (3,)).numpy()
    for values, kinds in (
        (bits[:, 0] % 9, 9),
        (bits[:, 1] % 9, 9),
        (bits[:, 2] % 2, 2),
    ):
        assert chisquare(np.bincount(values, minlength=kinds)).pvalue > 1e-4


def test_a_subset_is_the_same_for_every_student(tf: Any) -> None:
    from tfluck.data import describe
    from tfluck.data.training_data import open_images
    from tfluck.experiment.scales import make_experiment

    data = describe("digits")
    config = make_experiment(dataset="digits", data=data, samples=200)
    kept, again = open_images(config), open_images(config)
    assert kept is not None and again is not None
    assert len(kept.x_train) == 200 == config.training.samples_per_epoch
    assert kept.fingerprint("train") == again.fingerprint("train")
    assert len(kept.x_test) == 500

"""From the name of a published network, or a weight file, to its bias signs.

For a VGG with BatchNorm, and for any network of `keras.applications`, the BatchNorm
tensors are read from the file (a local one, or by ranged requests), put into the Keras
model, and read back with the role each layer has in the model's graph. Any other file
speaks for itself: Keras files say what follows a BatchNorm, others do not.
"""

import datetime
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfluck.analysis.bn_bias import (
    NetworkBias,
    effective_bias,
    effective_shift,
    layer_bias,
    network_bias,
)
from tfluck.foundations.errors import BadInput
from tfluck.foundations.runtime import start_tensorflow
from tfluck.foundations.seeds import generator
from tfluck.weightfiles import (
    NormLayer,
    RangedFile,
    Refused,
    Unreachable,
    batch_norms,
    open_stream,
    open_tensors,
)
from tfluck.weightfiles.cache import keep, kept, kept_path
from tfluck.weightfiles.natural import natural
from tfluck.weightfiles.opening import is_url
from tfluck.weightfiles.pictures import read_pictures
from tfluck.weightfiles.ranged import TIMEOUT
from tfluck.zoo.addresses import how_to_bring, sources
from tfluck.zoo.applications import PLAIN, kept_name, without_top
from tfluck.zoo.effective_bias import (
    conv_moments,
    draw_convolutions,
    fill_convolutions,
)
from tfluck.zoo.norm_layers import batch_norms_of, fill_batch_norms
from tfluck.zoo.vgg import VGG_BN, recognise, vgg_bn

#: Instead of a file: the weights training begins with.
RANDOM = "random"
#: Shape of the images that stand in for pictures: [n, height, width, 3].
NOISE = (16, 64, 64, 3)
#: Where progress is told.
Say = Callable[[str], None]


@dataclass(frozen=True)
class Reading:
    """A network's biases: the counts, and the vectors [channels] a figure needs."""

    network: NetworkBias
    biases: tuple[tuple[str, np.ndarray], ...]


@dataclass(frozen=True)
class _Found:
    model: str
    source: str
    layers: tuple[NormLayer, ...]


def read_network(
    name: str | None,
    weights: str | None = None,
    *,
    images: Path | None = None,
    seed: int = 1,
    fresh: bool = False,
    say: Say = lambda text: None,
) -> Reading:
    """Read the biases of network ``name``, or of the file or URL ``weights``.

    Args:
        name: an exact network name, or None for whatever ``weights`` holds.
        weights: a file or URL; None finds the published one; ``random``, for VGG16 and
            VGG19, the weights training begins with: what architecture and pictures
            alone give, a null for the trained ones.
        images: pictures, for VGG16 and VGG19 of `keras.applications`, which have no
            BatchNorm: their *effective* bias is measured. Random weights may do
            without; standard-normal images stand in.
        seed: of random weights and images.
        fresh: read a remote file anew even if its tensors are kept.
        say: where progress is told.

    Raises:
        BadInput: something is missing, or file and network do not fit.
        Unreachable: the server cannot be reached; the message says what to bring.
        Refused: the file or the server breaks a rule.
    """
    if name in PLAIN:
        return _measure(str(name), weights, images, seed, say)
    if weights == RANDOM:
        raise BadInput(
            "Random weights are for VGG16 and VGG19: where there is a BatchNorm, its "
            "biases all begin at 0, and there is nothing to count."
        )
    places = list(sources(str(name))) if weights is None else [weights]
    found = _read_any(name, places, fresh, say)
    rows = [
        layer_bias(
            layer.name,
            layer.shift,
            layer.scale,
            consumer=layer.role.consumer,
            order=layer.role.order,
        )
        for layer in found.layers
    ]
    biases = tuple((layer.name, layer.shift) for layer in found.layers)
    return Reading(network_bias(found.model, found.source, rows), biases)


def _read_any(name: str | None, places: Sequence[str], fresh: bool, say: Say) -> _Found:
    """Read the first of ``places`` that serves; a dead network ends the hunt."""
    for place in places if not fresh else ():
        if found := _kept(name, place):
            return found
    for place in places[:-1]:
        try:
            return _read(name, place, say)
        except Refused as error:
            say(f"{error} Trying another source.")
    return _read(name, places[-1], say)


def _stem(name: str | None, place: str) -> str:
    return name or Path(place.rstrip("/").rsplit("/", 1)[-1]).stem


def _kept(name: str | None, place: str) -> _Found | None:
    found = kept(kept_path(_stem(name, place), place)) if is_url(place) else None
    if found is None:
        return None
    layers, about = found
    source = f"{place} (read {about['read']}, kept; --fresh reads it again)"
    return _Found(about["model"], source, layers)


def _read(name: str | None, place: str, say: Say) -> _Found:
    """Read one place, and keep what came over a network."""
    with _explained(name, place), open_tensors(place) as file:
        network = name or recognise(file)
        layers = batch_norms(file)
        remote = file.opened[-1] if file.opened else None
    if network is not None:
        layers = _through_keras(network, layers)
    model = network or _stem(name, place)
    if isinstance(remote, RangedFile):
        about = {"model": model, "source": place, "etag": remote.etag, "read": _today()}
        keep(kept_path(_stem(name, place), place), layers, about)
        say(
            f"{model}: read {remote.transferred:,} of {remote.size:,} bytes in "
            f"{remote.requests} requests; a part of a file has no hash to check."
        )
    return _Found(model, place, layers)


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


@contextmanager
def _explained(name: str | None, place: str) -> Iterator[None]:
    """Say of which source a failure is, and what to bring instead of a remote one."""
    bring = "Fetch that file on a machine with a network and give the local file."
    advice = how_to_bring(name) if name else bring
    try:
        yield
    except Unreachable as error:
        raise Unreachable(f"Cannot reach {place} ({error}). {advice}") from error
    except Refused as error:
        more = f" {advice}" if is_url(place) else ""
        raise Refused(f"{place}: {error}{more}") from error


def _through_keras(name: str, layers: Sequence[NormLayer]) -> tuple[NormLayer, ...]:
    """Put ``layers`` into the Keras network ``name``; read them from its graph."""
    start_tensorflow()
    import keras

    if name in VGG_BN:
        model = vgg_bn(name, include_top=False)
        layers = sorted(layers, key=lambda layer: natural(layer.name))
    else:
        model = getattr(keras.applications, name)(
            weights=None, include_top=False, input_shape=(224, 224, 3)
        )
    fill_batch_norms(model, layers)
    return batch_norms_of(model)


def _measure(
    name: str, weights: str | None, images: Path | None, seed: int, say: Say
) -> Reading:
    """Measure the effective biases of a network without BatchNorm on ``images``."""
    if images is None and weights != RANDOM:
        raise BadInput(
            f"{name} has no BatchNorm. Its effective bias (mean over standard "
            "deviation of each channel before ReLU) is measured on pictures: give "
            "--images."
        )
    place = next(iter(sources(name))) if weights is None else weights
    if weights is not None and weights != RANDOM and not is_url(place):
        open_stream(place).close()
    pictures = None if images is None else read_pictures(images)
    if is_url(place):
        place = _fetch(name, place, say)
    start_tensorflow()
    import keras

    model = getattr(keras.applications, name)(
        weights=None, include_top=False, input_shape=(None, None, 3), name=name
    )
    if place == RANDOM:
        draw_convolutions(model, seed)
        place = f"its initial random weights (seed {seed})"
    else:
        with _explained(name, place), open_tensors(place) as file:
            fill_convolutions(model, file)
    if pictures is None:
        prepared = generator(seed, "bn-bias", "images").normal(size=NOISE)
        what = "standard-normal images of 64 × 64, for want of --images"
    else:
        prepared = keras.applications.vgg16.preprocess_input(pictures)
        what = "pictures"
    measured = f"{place}, on {len(prepared)} {what}"
    say(f"{name}: measuring on {len(prepared)} {what}.")
    moments = conv_moments(model, prepared.astype(np.float32))
    rows = [effective_bias(layer, mean, std) for layer, mean, std in moments]
    biases = tuple((layer, effective_shift(mean, std)) for layer, mean, std in moments)
    return Reading(network_bias(name, measured, rows, "effective"), biases)


def _fetch(name: str, url: str, say: Say) -> str:
    """Let Keras download all weights of ``name`` but its top into its own folder."""
    url = without_top(url)
    with _explained(name, url):
        open_stream(url).close()
        say(f"{name}: Keras fetches {url} (about 59 MB for VGG16, 80 MB for VGG19).")
        start_tensorflow()
        import keras

        patience = socket.getdefaulttimeout()
        socket.setdefaulttimeout(TIMEOUT)
        try:
            return str(keras.utils.get_file(kept_name(url), url, cache_subdir="models"))
        except Exception as error:
            # Keras raises a bare Exception whatever went wrong.
            raise Unreachable(str(error).splitlines()[0]) from error
        finally:
            socket.setdefaulttimeout(patience)

"""Keras files as data: ``.h5``/``.hdf5`` of any age, ``.weights.h5`` and ``.keras``.

h5py reads the tensors and JSON the description; no Keras code runs, so nothing a file
says can name a function to call. HDF5's library itself is C and may crash on a damaged
file, so all this runs in a child only; see :mod:`tfluck.weightfiles.apart`.

Names come out as ``layer/gamma``, ``layer/beta``, ``layer/moving_mean``,
``layer/moving_variance``, whatever the age of the file.
"""

import io
import json
import re
import zipfile
from collections.abc import Mapping
from typing import Any, BinaryIO

import h5py
import numpy as np

from tfluck.weightfiles.keras_graph import roles
from tfluck.weightfiles.natural import natural
from tfluck.weightfiles.npz import DEFLATE
from tfluck.weightfiles.tensors import (
    MAX_TENSORS,
    Refused,
    TensorFile,
    check_size,
    zip_damage,
)

MAX_CONFIG_BYTES = 64 * 2**20
#: The weights member of a ``.keras`` archive is unpacked into memory.
MAX_MEMBER_BYTES = 2**30

#: What h5py raises on a damaged file.
_DAMAGE = (
    OSError,
    RuntimeError,
    ValueError,
    KeyError,
    TypeError,
    OverflowError,
    MemoryError,
)
_PARTS = ("gamma", "beta", "moving_mean", "moving_variance")
#: What Keras 3 calls the variables of one layer: numbers under ``vars``.
_NUMBERED = re.compile(r"(?:.*/)?(?P<kind>[^/]+)/vars/(?P<index>\d+)")


def read_keras_hdf5(
    stream: BinaryIO,
    config: Mapping[str, Any] | None = None,
    *,
    by_path: bool = False,
) -> TensorFile:
    """Read what tensors a Keras HDF5 file holds.

    ``config`` is the network's description if the file itself carries none. Tensors
    are named by layer, or ``by_path`` as they lie.

    Raises:
        Refused: the file is damaged, or keeps its numbers somewhere else.
    """
    try:
        file = h5py.File(stream, "r")
        own = file.attrs.get("model_config")
        config = config or (parse_config(own) if own is not None else {})
        datasets = _datasets(file)
        names = (
            {path: path for path in datasets}
            if by_path
            else _names(file, datasets, config)
        )
        shapes = {name: tuple(datasets[path].shape) for name, path in names.items()}
    except _DAMAGE as error:
        raise Refused("The HDF5 file is damaged or truncated.") from error
    return TensorFile(
        format="Keras HDF5",
        shapes=shapes,
        read=lambda name: _read(name, datasets[names[name]]),
        config=config,
        opened=(file,),
    )


def read_keras_archive(archive: zipfile.ZipFile, by_path: bool = False) -> TensorFile:
    """Read ``config.json`` and ``model.weights.h5`` of a ``.keras``, nothing else.

    Raises:
        Refused: a member is missing, damaged or larger than the caps.
    """
    config = parse_config(_member(archive, "config.json", MAX_CONFIG_BYTES))
    weights = _member(archive, "model.weights.h5", MAX_MEMBER_BYTES)
    return read_keras_hdf5(io.BytesIO(weights), config, by_path=by_path)


def read_description(stream: BinaryIO) -> Mapping[str, Any]:
    """Read ``config.json`` of a ``.keras`` alone; no HDF5 is opened for it.

    Raises:
        Refused: it is missing, damaged or larger than the cap.
    """
    with zip_damage():
        archive = zipfile.ZipFile(stream)
        return parse_config(_member(archive, "config.json", MAX_CONFIG_BYTES))


def _member(archive: zipfile.ZipFile, name: str, cap: int) -> bytes:
    try:
        with archive.open(name) as member:
            raw = member.read(cap + 1)
    except KeyError as error:
        raise Refused(f"The .keras archive has no {name}.") from error
    if len(raw) > cap:
        raise Refused(f"{name} in the archive unpacks to more than {cap:,} bytes.")
    return raw


def parse_config(text: str | bytes) -> Mapping[str, Any]:
    """Parse a network's description.

    Raises:
        Refused: it is too long or no JSON object.
    """
    if not isinstance(text, str | bytes) or len(text) > MAX_CONFIG_BYTES:
        raise Refused("The network's description is too long or no text.")
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused("The network's description is no JSON.") from error
    if not isinstance(config, dict):
        raise Refused("The network's description is no JSON object.")
    return config


def _datasets(file: h5py.File) -> dict[str, h5py.Dataset]:
    """List the datasets; links out of the file are never followed."""
    found: dict[str, h5py.Dataset] = {}

    def visit(path: str, item: object) -> bool | None:
        if isinstance(item, h5py.Dataset) and not path.startswith("optimizer"):
            found[path] = item
        return True if len(found) > MAX_TENSORS else None

    if file.visititems(visit):
        raise Refused(f"The file holds more than {MAX_TENSORS:,} tensors.")
    return found


def _read(name: str, dataset: h5py.Dataset) -> np.ndarray:
    try:
        # h5py reads even the type only when asked, and may find it damaged.
        if dataset.is_virtual or dataset.external:
            raise Refused(f"Tensor '{name}' is kept outside the file; it is not read.")
        if dataset.shape is None or dataset.dtype.kind not in "fiub":
            raise Refused(f"Tensor '{name}' holds no numbers.")
        nbytes = int(dataset.size) * dataset.dtype.itemsize
        check_size(name, nbytes)
        # HDF5 fills what was never written with zeros, however much it is.
        filtered = dataset.id.get_create_plist().get_nfilters() > 0
        if nbytes > dataset.id.get_storage_size() * (DEFLATE if filtered else 1):
            raise Refused(
                f"Tensor '{name}' claims {nbytes:,} bytes that are not there."
            )
        return np.asarray(dataset[()])
    except _DAMAGE as error:
        raise Refused(f"Tensor '{name}' is damaged or truncated.") from error


def _names(
    file: h5py.File, datasets: Mapping[str, h5py.Dataset], config: Mapping[str, Any]
) -> dict[str, str]:
    """Name each dataset; the order is the network's where the file tells it."""
    inside = isinstance(file.get("model_weights", getlink=True), h5py.HardLink)
    root = file["model_weights"] if inside else file
    told = [_text(name) for name in root.attrs.get("layer_names", ())]
    flags = _flags(config)
    names: dict[str, str] = {}
    for path in datasets:
        if match := _NUMBERED.fullmatch(path):
            name = _numbered_name(file, path, match, flags)
        else:
            name = re.sub(r":\d+$", "", path.removeprefix("model_weights/"))
        names[name] = path
    rank = {name: place for place, name in enumerate(told or roles(config))}

    def place(name: str) -> tuple[Any, ...]:
        known = [rank[part] for part in name.split("/") if part in rank]
        # Keras 3 numbers its groups in the network's order, whatever layers are called.
        return (known[0] if known else len(rank), natural(names[name]))

    return {name: names[name] for name in sorted(names, key=place)}


def _numbered_name(
    file: h5py.File, path: str, match: re.Match[str], flags: Mapping[str, list[str]]
) -> str:
    """Name variable ``index`` of a Keras 3 layer by what the layer is said to have."""
    group = file[path.rsplit("/", 1)[0]]
    layer = _text(group.attrs.get("name", match["kind"]))
    parts = flags.get(layer)
    if parts is None and match["kind"].startswith("batch_normalization"):
        parts = list(_PARTS) if len(group) == len(_PARTS) else None
    if parts and len(parts) == len(group):
        return f"{layer}/{parts[int(match['index'])]}"
    return f"{layer}/{match['index']}"


def _flags(model: Any, depth: int = 0) -> dict[str, list[str]]:
    """Map each BatchNorm of a description to the variables it has, in Keras' order."""
    config = model.get("config", model) if isinstance(model, dict) else None
    if not isinstance(config, dict) or depth > 8:
        return {}
    if model.get("class_name") == "BatchNormalization":
        has = (config.get("scale", True), config.get("center", True), True, True)
        names = [part for part, there in zip(_PARTS, has, strict=True) if there]
        return {str(config.get("name")): names}
    found: dict[str, list[str]] = {}
    for layer in config.get("layers") or ():
        found |= _flags(layer, depth + 1)
    return found


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

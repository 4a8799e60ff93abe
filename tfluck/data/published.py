"""Published image sets through tensorflow-datasets (TFDS); nothing is fetched unasked.

TFDS knows each archive's address, size and SHA-256, finds an archive by its file name in
a folder, and refuses one whose checksum is wrong. We add what it lacks: an answer within
seconds where neither data nor network is there.
"""

import os
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np

from tfluck.data.images import ImageSet
from tfluck.foundations.errors import BadInput, TfluckError
from tfluck.foundations.files import digest_of, make_directory

PROBE_SECONDS = 3.0


class Archive(NamedTuple):
    """A file that a published set is made from."""

    name: str
    url: str
    size: int
    sha256: str


def tfds_dir(data_dir: Path | None) -> Path:
    """Return the folder of prepared sets: the one given, or TFDS's own."""
    default = os.environ.get("TFDS_DATA_DIR", "~/tensorflow_datasets")
    return (data_dir or Path(default)).expanduser()


def is_prepared(dataset: str, data_dir: Path | None) -> bool:
    """Tell whether TFDS has the set, without importing it."""
    return any(tfds_dir(data_dir).glob(f"{dataset}/*/dataset_info.json"))


def archives_of(dataset: str, data_dir: Path | None = None) -> list[Archive]:
    """Return the archives a set is made from, as TFDS has them registered."""
    infos = _builder(dataset, data_dir).url_infos
    return [
        Archive(info.filename, url, int(info.size), info.checksum)
        for url, info in infos.items()
    ]


def require_published(dataset: str, data_dir: Path | None) -> None:
    """Fail in a sentence or three if ``dataset`` has not been prepared.

    Raises:
        TfluckError: names the archives, their sizes and checksums, and what to do.
    """
    if is_prepared(dataset, data_dir):
        return
    archives = archives_of(dataset, data_dir)
    raise TfluckError(_how_to_get(dataset, tfds_dir(data_dir), archives))


def _how_to_get(dataset: str, folder: Path, archives: Sequence[Archive]) -> str:
    where = "" if folder == tfds_dir(None) else f" --data-dir {folder}"
    files = "; ".join(
        f"{a.name} ({a.size} bytes, SHA-256 {a.sha256})" for a in archives
    )
    return (
        f"{dataset} is not in {folder}. Put {files} into {folder} and run "
        f"`tfluck data prepare {dataset}{where}`, or name files that lie elsewhere with "
        f"--archive, or let it fetch them from {_host(archives[0])} with --download."
    )


def _host(archive: Archive) -> str:
    return urlsplit(archive.url).hostname or ""


def prepare(
    dataset: str,
    data_dir: Path | None = None,
    given: Sequence[Path] = (),
    *,
    download: bool = False,
) -> None:
    """Make the set readable from its archives, with TFDS's own builder.

    Args:
        dataset: a published set.
        data_dir: where prepared sets lie; archives that lie there are found too.
        given: archives, or folders that hold them; they are never changed.
        download: fetch archives that are not found.

    Raises:
        BadInput: a given file does not exist.
        TfluckError: an archive is missing, has the wrong bytes, or cannot be fetched.
    """
    if absent := [str(path) for path in given if not path.exists()]:
        raise BadInput(f"There is no {' and no '.join(absent)}.")
    if is_prepared(dataset, data_dir):
        return
    folder = make_directory(tfds_dir(data_dir))
    archives = archives_of(dataset, data_dir)
    found = _find(archives, [*given, folder, folder / "downloads" / "manual"])
    for archive in archives:
        if archive.name in found:
            _check_bytes(found[archive.name], archive)
    missing = [archive for archive in archives if archive.name not in found]
    if missing and not download:
        raise TfluckError(_how_to_get(dataset, folder, missing))
    if missing:
        _probe(missing[0])
    _build(dataset, folder, found)


def _find(archives: Sequence[Archive], places: Sequence[Path]) -> dict[str, Path]:
    """Match files to archives by name; a lone archive may have any name."""
    found: dict[str, Path] = {}
    for place in places:
        if place.is_file() and len(archives) == 1:
            found.setdefault(archives[0].name, place)
            continue
        for archive in archives:
            path = place if place.name == archive.name else place / archive.name
            if path.is_file():
                found.setdefault(archive.name, path)
    return found


def _check_bytes(path: Path, archive: Archive) -> None:
    found = digest_of(path)
    if found != archive.sha256:
        raise TfluckError(
            f"{path} is not the published {archive.name}: it has {path.stat().st_size} "
            f"bytes and SHA-256 {found}, not {archive.size} bytes and {archive.sha256}. "
            "It was left as it is."
        )


def _probe(archive: Archive) -> None:
    parts = urlsplit(archive.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((_host(archive), port), PROBE_SECONDS).close()
    except OSError as error:
        raise TfluckError(
            f"{_host(archive)} cannot be reached ({error}), so {archive.name} "
            f"({archive.size} bytes, SHA-256 {archive.sha256}) was not fetched; get it on "
            "another machine and name it with --archive."
        ) from error


def _build(dataset: str, folder: Path, found: dict[str, Path]) -> None:
    """Run TFDS's builder over links to the archives, so that it cannot touch them."""
    import tensorflow_datasets as tfds

    with tempfile.TemporaryDirectory() as links:
        for name, path in found.items():
            (Path(links) / name).symlink_to(path.resolve())
        config = tfds.download.DownloadConfig(manual_dir=links)
        tfds.disable_progress_bar()
        try:
            _builder(dataset, folder).download_and_prepare(download_config=config)
        except Exception as error:
            raise TfluckError(
                f"TFDS could not prepare {dataset} in {folder}: {error}"
            ) from error


def read_published(
    dataset: str,
    normalisation: tuple[Sequence[float], Sequence[float]],
    data_dir: Path | None,
) -> ImageSet:
    """Read a prepared set into memory, in TFDS's order.

    Args:
        dataset: a published set.
        normalisation: mean and deviation of each channel on the scale 0 … 1.
        data_dir: where prepared sets lie.

    Raises:
        TfluckError: it has not been prepared.
    """
    require_published(dataset, data_dir)
    import tensorflow_datasets as tfds

    builder = _builder(dataset, data_dir)
    arrays = [
        tfds.as_numpy(
            builder.as_dataset(split=split, batch_size=-1, shuffle_files=False)
        )
        for split in ("train", "test")
    ]
    mean, std = (np.array(scale, np.float32) * 255 for scale in normalisation)
    return ImageSet(
        arrays[0]["image"],
        arrays[0]["label"],
        arrays[1]["image"],
        arrays[1]["label"],
        tuple(builder.info.features["label"].names),
        mean,
        std,
    )


def _builder(dataset: str, data_dir: Path | None) -> Any:
    import tensorflow_datasets as tfds

    return tfds.builder(dataset, data_dir=str(tfds_dir(data_dir)))

"""Evidence from published weights that lie on this disk; nothing is ever fetched (F6, F16)."""

from pathlib import Path
from typing import Any

from tfluck.papers.cache import Task, recall
from tfluck.papers.claim import Claim
from tfluck.papers.evidence import Evidence, Part
from tfluck.weightfiles.cache import kept, kept_path
from tfluck.weightfiles.opening import is_url
from tfluck.zoo.addresses import sources


def weights_task(claim: Claim) -> Task | None:
    """Return what reads the weights of a claim's network; None where there are none here.

    A file is known by its place, size and time of change.
    """
    if not claim.network:
        return None
    for place in sources(claim.network):
        path = kept_path(claim.network, place) if is_url(place) else Path(place)
        there = kept(path) is not None if is_url(place) else path.is_file()
        if there:
            about = path.stat()
            settings = {
                "place": place,
                "size": about.st_size,
                "changed": about.st_mtime_ns,
            }
            return Task.of("weights", claim.network, settings)
    return None


def read_weights(task: Task) -> dict[str, Any]:
    """Count the signs of the BatchNorm biases of a network.

    Raises:
        TfluckError: the file is damaged, or holds something else.
    """
    from tfluck.zoo.pretrained import read_network

    network = read_network(task.name, task.arguments["place"]).network
    layers = {layer.name: layer.negative_fraction for layer in network.layers}
    return {
        "negative": network.negative_fraction,
        "layers": layers,
        "source": network.source,
    }


def weights_evidence(claim: Claim, root: Path) -> Evidence:
    """Return the share of negative biases; without weights here, no parts."""
    command = f"tfluck analyze bn-bias --model {claim.network}" if claim.network else ""
    task = weights_task(claim)
    found = None if task is None else recall(root, task)
    if found is None:
        return Evidence(command=command)
    layers = found["layers"].values()
    most = sum(share > 0.5 for share in layers)
    note = f"{found['source']}: most are negative in {most} of {len(layers)} layers."
    return Evidence((Part("", (found["negative"],)),), note=note, command=command)

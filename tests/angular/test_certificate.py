"""Certificates: what is proved verifies, what is tampered with does not."""

import base64
import contextlib
import json
import math
import subprocess
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tfluck.angular import Certificate, check, hunt, load, parse, propose, save, verify
from tfluck.angular.branch import children as children_of
from tfluck.angular.leaf import is_negative
from tfluck.angular.matrices import TURN
from tfluck.angular.tree import leaves
from tfluck.foundations.errors import BadInput, ClaimFailed, TfluckError

DELTA = 0.6


@pytest.fixture(scope="module")
def proved() -> Certificate:
    tree = propose(parse("relu"), 3, DELTA)
    assert tree.status == "proved"
    return Certificate("relu", 3, DELTA, tree.symbols)


def test_a_proposed_tree_verifies(proved: Certificate) -> None:
    assert verify(proved) == sum(symbol == ord("2") for symbol in proved.tree)


def test_two_processes_count_the_same_leaves(proved: Certificate) -> None:
    assert verify(proved, jobs=2) == verify(proved)


@pytest.mark.parametrize("name", ["arc-cosine:2", "poisson:0.1"])
def test_other_functions_can_be_certified(name: str) -> None:
    tree = propose(parse(name), 3, 0.9)
    assert tree.status == "proved"
    assert verify(Certificate(name, 3, 0.9, tree.symbols)) > 0


@pytest.mark.slow
def test_four_students() -> None:
    tree = propose(parse("relu"), 4, 0.8)
    assert tree.status == "proved"
    assert verify(Certificate("relu", 4, 0.8, tree.symbols), jobs=2) > 0


def test_a_markov_kernel_is_never_proved() -> None:
    # det M_2 of π − θ is exactly 0 on open sets of angles.
    assert propose(parse("linear"), 3, 0.9, max_boxes=20_000).status == "undecided"


def test_files_round_trip_and_stay_small(proved: Certificate, tmp_path: Path) -> None:
    path = tmp_path / "certificate.json"
    save(proved, path)
    assert load(path) == proved
    assert path.stat().st_size < 4000


@given(data=st.data())
def test_no_changed_symbol_survives(proved: Certificate, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, proved.boxes - 1))
    symbol = data.draw(st.sampled_from(b".13abcd9\x00z"))
    old = proved.tree[place]
    # A box outside may also be proved, and a box may be halved along another axis: where
    # the leaves still hold, the changed tree is a proof too.
    assume(symbol != old and old != ord(".") and not {symbol, old} <= set(b"abc"))
    tree = proved.tree[:place] + bytes([symbol]) + proved.tree[place + 1 :]
    with pytest.raises(ClaimFailed, match="refused"):
        verify(replace(proved, tree=tree))


def test_other_damage_is_refused(proved: Certificate) -> None:
    for damaged in (
        replace(proved, tree=proved.tree[:-1]),
        replace(proved, tree=proved.tree + b"."),
        replace(proved, tree=b""),
        replace(proved, tree=b"."),
        replace(proved, tree=b"2"),
        replace(proved, tree=b"a" * 200),
        replace(proved, delta=0.3),
        replace(proved, function="triangle:1,1"),
        replace(proved, function="poisson:0.8"),
    ):
        with pytest.raises((ClaimFailed, BadInput)):
            verify(damaged)


def test_the_claim_itself_must_make_sense(proved: Certificate) -> None:
    for senseless in (
        replace(proved, m=2),
        replace(proved, m=10**6),
        replace(proved, delta=0.0),
        replace(proved, delta=float("nan")),
        replace(proved, function="os:system"),
        replace(proved, function="nonsense"),
    ):
        with pytest.raises(BadInput):
            verify(senseless)


def tampered(path: Path, change: Callable[[dict], None]) -> None:
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps(fields))


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.pop("tree"),
        lambda f: f.update(tree=5),
        lambda f: f.update(tree="not base 64!"),
        lambda f: f.update(tree=base64.b64encode(b"no zlib").decode()),
        lambda f: f.update(tree=f["tree"][: len(f["tree"]) // 8 * 4]),
        lambda f: f.update(m="3"),
        lambda f: f.update(m=True),
        lambda f: f.update(delta=None),
        lambda f: f.update(delta=10**400),
        lambda f: f.update(delta=-(10**400)),
        lambda f: f.update(delta=0),
        lambda f: f.update(delta=4),
        lambda f: f.update(format="other"),
        lambda f: f.update(format_version=99),
        lambda f: f.update(
            tree=base64.b64encode(zlib.compress(b"a" * ((1 << 26) + 1))).decode()
        ),
    ],
)
def test_hostile_files_are_refused_in_one_sentence(
    proved: Certificate, tmp_path: Path, change: Callable[[dict], None]
) -> None:
    path = tmp_path / "certificate.json"
    save(proved, path)
    tampered(path, change)
    with pytest.raises(TfluckError) as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_a_small_file_cannot_ask_for_much_memory(proved: Certificate) -> None:
    # 5.5 kB when packed: a tree of 4 million halvings, whose widest level would fill 400 MB.
    wide = b"a" * (2**21 - 1) + b"2" * 2**21
    tracemalloc.start()
    with pytest.raises(ClaimFailed, match="cannot be confirmed"):
        verify(replace(proved, tree=wide))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * len(wide) + 10_000_000


def test_the_walk_visits_every_box_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # In chunks of any size, the same leaves with the same boxes: those of a walk by levels.
    symbols = propose(parse("relu"), 3, 0.7).symbols
    whole = sorted(leaf for batch in leaves(symbols, 3, 0.7) for leaf in batch)
    monkeypatch.setattr("tfluck.angular.tree._AT_A_TIME", 7)
    monkeypatch.setattr("tfluck.angular.tree._BATCH", 5)
    small = list(leaves(symbols, 3, 0.7))
    assert sorted(leaf for batch in small for leaf in batch) == whole
    assert {len(batch) for batch in small[:-1]} == {5}
    low, width, begin, expected = np.zeros((3, 1)), np.ones((3, 1)), 0, []
    while low.shape[1]:
        here = np.frombuffer(symbols[begin : begin + low.shape[1]], dtype=np.uint8)
        begin += len(here)
        for n in np.flatnonzero(here == ord("2")).tolist():
            expected.append((tuple(zip(low[:, n], width[:, n], strict=True)), 2))
        low, width = children_of(low, width, here)
    assert sorted(expected) == whole


def test_a_function_of_the_users_own_is_verified_in_process(
    proved: Certificate,
) -> None:
    own = replace(parse("relu"), name="users:own")
    claim = replace(proved, function="users:own")
    assert verify(claim, jobs=2, function=own) == verify(proved)
    with pytest.raises(ClaimFailed):
        verify(claim, function=replace(parse("poisson:0.8"), name="users:own"))
    with pytest.raises(BadInput, match="names no function"):
        verify(claim)


def test_workers_end_when_their_parent_is_killed(
    tmp_path: Path, proved: Certificate
) -> None:
    path = tmp_path / "certificate.json"
    save(Certificate("relu", 3, 0.2, propose(parse("relu"), 3, 0.2).symbols), path)
    command = [sys.executable, "-m", "tfluck.cli", "ad", "verify", path, "--jobs", "2"]
    parent = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        workers = wait_for(lambda: children(parent.pid, 2))
        parent.kill()
        parent.wait()
        assert wait_for(lambda: not any(map(alive, workers)))
    finally:
        parent.kill()
        parent.communicate()


def wait_for(condition: Callable[[], Any]) -> Any:
    for _ in range(600):
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen within half a minute")


def children(parent: int, least: int) -> list[int]:
    """Return the spawned workers of a process, once there are ``least`` of them."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            words = status.read_text().rpartition(")")[2].split()
            line = (status.parent / "cmdline").read_bytes()
            if int(words[1]) == parent and b"spawn_main" in line:
                found.append(int(status.parent.name))
    return found if len(found) >= least else []


def alive(process: int) -> bool:
    with contextlib.suppress(OSError):
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    return False


@given(cut=st.integers(0, 1500), junk=st.binary(max_size=20))
def test_truncated_and_random_files_are_refused(
    proved: Certificate, tmp_path_factory: pytest.TempPathFactory, cut: int, junk: bytes
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "certificate.json"
    save(proved, path)
    assume(cut < path.stat().st_size - 2)
    path.write_bytes(path.read_bytes()[:cut] + junk)
    with pytest.raises(TfluckError):
        load(path)


def test_deep_json_and_missing_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 200_000)
    for bad in (path, tmp_path / "missing.json", tmp_path):
        with pytest.raises(TfluckError):
            load(bad)


#: Angles in sixteenths of a turn, all gaps at least two sixteenths.
SPREAD = [x for x in combinations(range(2, 15), 3) if min(np.diff(x)) >= 2]


@given(
    lows=st.sampled_from(SPREAD),
    depth=st.integers(7, 9),
    inside=st.tuples(*[st.floats(0, 1)] * 3),
)
def test_a_proved_leaf_holds_at_its_points(
    lows: tuple, depth: int, inside: tuple
) -> None:
    box = tuple((low / 16, 2.0**-depth) for low in lows)
    assert is_negative(parse("relu"), box, 2)
    assert not is_negative(parse("relu"), box, 1)
    turns = [
        low + share * width for (low, width), share in zip(box, inside, strict=True)
    ]
    assert check(parse("relu"), [TURN * x for x in turns]).dets[1] < 0


@pytest.mark.parametrize(
    "name", ["poisson:0.8", "relu-ntk", "sqrt-exponential", "triangle:1,1"]
)
@pytest.mark.parametrize("m", [3, 4, 5])
def test_search_finds_certified_counterexamples(name: str, m: int) -> None:
    found = hunt(parse(name), m)
    assert found.found
    assert (found.check.verdict, found.check.certified) == ("violated", True)
    assert np.all(np.array(found.check.dets) > 0)


@pytest.mark.parametrize(
    "name", ["relu", "linear", "exponential:1", "arc-cosine:2", "cosines:1,1"]
)
@pytest.mark.parametrize("m", [3, 4, 6])
def test_search_finds_none_where_the_conjecture_holds(name: str, m: int) -> None:
    assert not hunt(parse(name), m, draws=20_000, rounds=60).found


def test_search_keeps_the_gaps_it_is_given() -> None:
    found = hunt(parse("triangle:1,1"), 3, gap=1.2)
    assert found.found
    gaps = np.diff([0, *sorted(found.check.angles), 2 * np.pi])
    assert gaps.min() >= 1.2
    for m, gap in ((2, 0.0), (3, 1.6)):
        with pytest.raises(BadInput):
            hunt(parse("relu"), m, gap=gap)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "other"}, "is no certificate of `tfluck ad certify`."),
        ({"format_version": 2}, "is a certificate of another version of tfluck."),
        ({"m": 3.0}, ": the field 'm' is missing or of the wrong kind."),
        ({"m": True}, ": the field 'm' is missing or of the wrong kind."),
        ({"function": None}, ": the field 'function' is missing or of the wrong kind."),
        ({"delta": "1"}, ": the field 'delta' is missing or of the wrong kind."),
        ({"tree": 5}, ": the field 'tree' is missing or of the wrong kind."),
        ({"delta": 0}, ": delta must lie between 0 and π."),
        ({"delta": 3.15}, ": delta must lie between 0 and π."),
        ({"delta": -1.0}, ": delta must lie between 0 and π."),
        ({"tree": "*"}, ": the tree cannot be unpacked."),
        ({"tree": "AAAA"}, ": the tree cannot be unpacked."),
        ({"tree": ""}, ": the tree is truncated, padded or too large."),
    ],
)
def test_what_is_wrong_with_a_file_is_told(
    change: dict, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "c.json"
    save(Certificate("relu", 3, 1.0, b"a22"), path)
    tampered(path, lambda fields: fields.update(change))
    with pytest.raises(TfluckError) as caught:
        load(path)
    assert str(caught.value) == f"{path}{'' if words[0] == ':' else ' '}{words}"


def test_padding_behind_the_tree_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    save(Certificate("relu", 3, 1.0, b"a22"), path)
    whole = zlib.compress(b"a22", 9)
    for packed in (whole + b"more", whole[:-1]):
        tampered(path, lambda f, p=packed: f.update(tree=base64.b64encode(p).decode()))
        with pytest.raises(TfluckError, match="truncated, padded or too large"):
            load(path)
    path.write_text("[1, 2]")
    with pytest.raises(TfluckError, match="is no certificate of"):
        load(path)
    path.write_text("{")
    with pytest.raises(TfluckError, match="is truncated or no JSON file"):
        load(path)


def test_a_file_states_its_claim_in_words(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    save(Certificate("poisson:0.1", 4, 0.5, b"a22"), path)
    fields = json.loads(path.read_text())
    assert list(fields) == [
        "format",
        "format_version",
        "claim",
        "function",
        "m",
        "delta",
        "tree",
    ]
    assert fields["claim"] == (
        "min_i det M_i <= 0 whenever all gaps, also to the teacher, are >= delta"
    )
    assert zlib.decompress(base64.b64decode(fields["tree"])) == b"a22"
    assert (fields["format"], fields["format_version"]) == (
        "tfluck angular certificate",
        1,
    )
    # A whole number is a δ as well.
    tampered(path, lambda f: f.update(delta=1))
    assert load(path).delta == 1.0
    assert load(path).boxes == 3


@pytest.mark.parametrize(
    ("m", "delta"), [(2, 1.0), (5, 1.0), (3, 0.0), (3, math.pi), (3, -1.0)]
)
def test_claims_outside_what_is_verified(m: int, delta: float) -> None:
    with pytest.raises(BadInput) as caught:
        verify(Certificate("relu", m, delta, b"."))
    assert str(caught.value) == "A certificate is about m = 3 or 4 and 0 < delta < π."


def test_a_leaf_that_does_not_hold_is_named() -> None:
    # One leaf for everything: det M_2 < 0 on [0, 2π]³ is false.
    with pytest.raises(ClaimFailed) as caught:
        verify(Certificate("relu", 3, 0.5, b"2"))
    assert str(caught.value) == (
        "The certificate is refused: det M_2 < 0 cannot be confirmed on the box θ/2π ∈ "
        "[(0.0, 1.0), (0.0, 1.0), (0.0, 1.0)]."
    )


def test_progress_counts_the_leaves(proved: Certificate) -> None:
    heard: list[int] = []
    assert verify(proved, progress=heard.append) == sum(heard)

"""``tfluck data``, ``pretrain`` and ``train --teacher``, as a user types them."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfluck.experiment.presets import presets
from tfluck.runs import RunLayout, Teacher, write_teacher
from tfluck.runs.layout import TeacherLayout
from tfluck.runs.teachers import digest_of

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def call(tf: Any) -> Call:
    from click.testing import CliRunner

    from tfluck.cli.main import main

    def call(*arguments: object) -> Any:
        import click

        @click.command(context_settings={"ignore_unknown_options": True})
        def whole() -> None:
            main([str(argument) for argument in arguments])

        return CliRunner().invoke(whole, [])

    return call


@pytest.fixture(scope="module")
def digits(call: Call, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """A small conv teacher of the digits, made by the command line."""
    out = tmp_path_factory.mktemp("runs")
    result = call("pretrain", "--dataset", "digits", "--arch", "cnn", "--epochs", 8,
                  "--out", out, "--json")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    return out, json.loads(result.stdout)


def test_a_teacher_of_the_digits_and_its_student(
    call: Call, digits: tuple[Path, dict]
) -> None:
    out, made = digits
    assert made["accuracy"]["test"] > 0.97
    assert set(made) >= {"teacher", "run", "accuracy", "epochs", "steps_per_second"}
    result = call("train", "--dataset", "digits", "--arch", "cnn", "--teacher", made["teacher"],
                  "--multiplier", 3, "--epochs", 4, "--samples-per-epoch", 9000,
                  "--eval-samples", 500,
                  "--out", out, "--json")  # fmt: skip
    assert result.exit_code == 0, result.stderr
    summary = json.loads(result.stdout)
    accuracy = summary["accuracy"]
    assert accuracy["teacher_accuracy"] == [pytest.approx(made["accuracy"]["test"])]
    assert accuracy["accuracy_difference"][0] >= -0.01
    assert accuracy["accuracy_difference_error"][0] < 0.01
    assert [layer["teacher_nodes"] for layer in summary["layers"]] == [16, 16, 16]
    config = json.loads(RunLayout(Path(summary["run"])).config.read_text())
    net = config["experiment"]["network"]
    assert net["teacher_batch_norm"] == "after-relu" and net["teacher_bn_affine"]


def test_the_same_pretraining_is_not_done_twice(
    call: Call, digits: tuple[Path, dict]
) -> None:
    out, made = digits
    result = call(
        "pretrain", "--dataset", "digits", "--arch", "cnn", "--epochs", 8, "--out", out
    )
    assert "finished already" in result.stderr
    assert f"{made['accuracy']['test']:.4f} test" in result.stdout
    again = call("resume", Path(made["run"]).name, "--out", out, "--json")
    assert json.loads(again.stdout)["teacher"] == made["teacher"]


REFUSED = {
    "gaus": (
        (),
        "trained on digits, whose samples are 8×8×1; those of gaus are 16×16×1",
    ),
    "other shape": (("--dataset", "npz:{npz}"), "8×8×1; those of npz:.* are 10×10×3"),
    "other arch": (("--dataset", "digits", "--arch", "fc"), "--arch fc does not fit"),
    "other widths": (
        ("--dataset", "digits", "--teacher-widths", "4-4"),
        "4-4 does not fit .* 16-16-16",
    ),
    "shifted": (
        ("--dataset", "digits", "--teacher-bias", "-1"),
        "not a pretrained one",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_teacher_that_does_not_fit_is_refused(
    call: Call, digits: tuple[Path, dict], tmp_path: Path, case: str
) -> None:
    options, message = REFUSED[case]
    npz = tmp_path / "colour.npz"
    x, y = np.zeros((64, 10, 10, 3)), np.arange(64) % 10
    np.savez(npz, x_train=x, y_train=y, x_test=x, y_test=y)
    given = [option.format(npz=npz) for option in options]
    result = call(
        "train", "--teacher", digits[1]["run"], *given, "--out", tmp_path / "runs"
    )
    assert result.exit_code == 2
    assert re.search(message, result.stderr), result.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("pretrain",), "Pretraining needs labels"),
        (("pretrain", "--dataset", "imagenet"), "Choose gaus, uniform"),
        (("pretrain", "--dataset", "npz:/nowhere.npz"), "There is no file"),
        (("pretrain", "--dataset", "digits", "--prune", "x"), "--prune: Give shares like"),
        (("pretrain", "--dataset", "digits", "--prune", "1.5"), "one share in"),
        (("train", "--dataset", "digits", "--teacher", "nowhere"), "No teacher in nowhere"),
        (("train", "--preset", "luck-matters/figure-8-fc-bn"), "needs a pretrained teacher"),
        (("data", "verify", "gaus"), "nothing to verify"),
        (("data", "prepare", "digits"), "ships with scikit-learn"),
        (("data", "prepare", "mnist", "--archive", "nowhere.gz"), "There is no nowhere.gz"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_sentence(
    call: Call, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    out = ("--out", tmp_path) if arguments[0] != "data" else ()
    result = call(*arguments, *out)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def in_name_only(folder: Path) -> Path:
    """A teacher of CIFAR-10 that nobody will look at."""
    weights = TeacherLayout(folder).weights
    weights.write_bytes(b"weights")
    teacher = Teacher(
        arch="fc", input_shape=(32, 32, 3), widths=(4, 4), outputs=10,
        batch_norm="none", bn_affine=False, dataset="cifar10", accuracy={}, pruned={},
        recipe={}, weights_sha256=digest_of(weights),
    )  # fmt: skip
    write_teacher(folder, teacher)
    return folder


@pytest.mark.parametrize("command", ["pretrain", "train"])
def test_missing_data_is_an_error_before_anything_is_made(
    call: Call, tmp_path: Path, command: str
) -> None:
    teacher = ("--teacher", in_name_only(tmp_path)) if command == "train" else ()
    result = call(command, "--dataset", "cifar10", "--arch", "fc", "--scale", "smoke",
                  "--data-dir", tmp_path / "sets", "--out", tmp_path / "runs",
                  *teacher)  # fmt: skip
    assert result.exit_code == 1
    assert "cifar-10-binary.tar.gz (170052171 bytes, SHA-256 c4a38c50" in result.stderr
    assert not (tmp_path / "sets").exists()
    assert not (tmp_path / "runs").exists()


def test_data_that_is_not_here_says_so_without_tensorflow(tmp_path: Path) -> None:
    """In a process of its own: what is imported is what a user waits for."""
    code = (
        "import sys\nfrom tfluck.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "finally:\n    print('tensorflow' in sys.modules)\n"
    )
    environment = os.environ | {"TFDS_DATA_DIR": str(tmp_path)}
    for arguments in (
        ("data", "list"),
        ("data", "verify", "cifar10"),
        ("data", "prepare", "mnist"),
        ("pretrain", "--dataset", "cifar10", "--out", str(tmp_path / "runs")),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout.strip().endswith("False"), done.stderr
        assert done.returncode == (0 if arguments[1] == "list" else 1)


def test_labels_without_a_teacher_are_refused_with_what_works(
    call: Call, tmp_path: Path
) -> None:
    """The two commands of the message are typed as they stand."""
    out = tmp_path / "my runs"
    result = call("train", "--dataset", "digits", "--scale", "smoke", "--out", out)
    assert result.exit_code == 2 and "a random teacher" in result.stderr
    assert not out.exists()
    commands = re.findall(r"^  tfluck (.*)$", result.stderr, re.MULTILINE)
    assert [line.split()[0] for line in commands] == ["pretrain", "train"]
    small = ("--teacher-widths", "8", "--batch-norm", "none", "--multiplier", 2)
    for line, more in zip(commands, (small[:4], small[4:]), strict=True):
        done = call(*shlex.split(line), *more, "--epochs", 2, "--no-jit", "--json")
        assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["accuracy"]["teacher_accuracy"][0] > 0.5


def test_the_list_is_complete(call: Call, tmp_path: Path) -> None:
    result = call("data", "list", "--json", "--data-dir", tmp_path)
    rows = {row["dataset"]: row for row in json.loads(result.stdout)["datasets"]}
    assert list(rows) == ["cifar10", "cifar100", "mnist", "fashion_mnist", "digits"]
    assert rows["digits"]["here"] == "yes" and rows["mnist"]["here"] == "no"


def test_verify_reads_everything(call: Call, tmp_path: Path) -> None:
    result = call("data", "verify", "digits", "--json")
    splits = json.loads(result.stdout)["splits"]
    assert [row["samples"] for row in splits] == [1297, 500]
    assert all(len(row["sha256"]) == 64 for row in splits)
    path = tmp_path / "bad.npz"
    path.write_bytes(b"PK\x03\x04")
    assert call("data", "verify", f"npz:{path}").exit_code == 2


def test_every_right_hand_figure_has_a_preset_and_a_teacher() -> None:
    known = presets()
    for arch in ("fc", "cnn"):
        names = [f"figure-8-{arch}-bn", f"figure-8-{arch}-none"]
        names += [f"figure-{number}-cifar10-{arch}" for number in range(17, 22)]
        for name in names:
            preset = known[f"luck-matters/{name}"]
            assert preset.settings["dataset"] == "cifar10"
            assert (
                known[preset.teacher].settings["arch"]
                == arch
                == preset.settings["arch"]
            )


@pytest.mark.parametrize(
    "name",
    sorted(n for n, p in presets().items() if p.settings.get("dataset") == "cifar10"),
)
@pytest.mark.parametrize("scale", ["paper", "laptop", "smoke"])
def test_presets_plan_without_the_data(
    call: Call, tmp_path: Path, name: str, scale: str
) -> None:
    command = "train" if presets()[name].teacher else "pretrain"
    if command == "train":
        from tfluck.data import describe
        from tfluck.experiment.scales import configure

        given = presets()[name].at(scale)
        config, _ = configure(scale, data=describe("cifar10"), **given)
        assert (
            config.input_shape == (32, 32, 3)
            and config.network.outputs == 10
            and config.data.augment
        )
        return
    result = call(command, "--preset", name, "--scale", scale, "--dry-run", "--json")
    assert result.exit_code == 0, result.stderr
    config = json.loads(result.stdout)["experiment"]
    assert config["training"]["targets"] == "labels"
    assert config["network"]["multiplier"] == 1


@pytest.mark.slow
def test_the_default_recipe_on_the_digits(call: Call, tmp_path: Path) -> None:
    """The commands as they stand in the help, nothing made smaller."""
    made = json.loads(
        call(
            "pretrain",
            "--dataset",
            "digits",
            "--arch",
            "cnn",
            "--out",
            tmp_path,
            "--json",
        ).stdout
    )
    assert made["accuracy"]["test"] > 0.97
    result = call("train", "--dataset", "digits", "--arch", "cnn", "--teacher", made["teacher"],
                  "--out", tmp_path, "--json")  # fmt: skip
    accuracy = json.loads(result.stdout)["accuracy"]
    assert accuracy["accuracy_difference"][0] >= -0.01

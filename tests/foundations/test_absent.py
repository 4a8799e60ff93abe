"""What looks absent for a moment is there again afterwards, and Keras can do without."""

import os
import subprocess
import sys
import threading
from typing import Any

import pytest

from tfluck.foundations import runtime
from tfluck.foundations.absent import looking_absent


@pytest.fixture
def colours(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A module that can be imported and is not yet, with one inside."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "tfluck_colours").mkdir()
    (folder / "tfluck_colours" / "__init__.py").write_text("red = 1\n")
    monkeypatch.syspath_prepend(folder)
    for name in [name for name in sys.modules if name.startswith("tfluck_colours")]:
        monkeypatch.delitem(sys.modules, name)
    return "tfluck_colours"


def test_a_module_is_absent_inside_and_there_afterwards(colours: str) -> None:
    before = list(sys.meta_path)
    with looking_absent(colours):
        with pytest.raises(ModuleNotFoundError, match=colours) as caught:
            __import__(colours)
        assert caught.value.name == colours
        import tfluck.foundations.tables  # others are found
    assert sys.meta_path == before and tfluck.foundations.tables
    assert __import__(colours).red == 1


def test_what_is_imported_already_stays(colours: str) -> None:
    known = __import__(colours)
    with looking_absent(colours):
        assert __import__(colours) is known


def test_other_threads_find_it(colours: str) -> None:
    found = []
    with looking_absent(colours):
        other = threading.Thread(target=lambda: found.append(__import__(colours).red))
        other.start()
        other.join()
    assert found == [1]


def test_a_failure_inside_leaves_no_finder_behind(colours: str) -> None:
    before = list(sys.meta_path)
    with pytest.raises(KeyError), looking_absent(colours):
        raise KeyError
    assert sys.meta_path == before


def test_the_command_says_that_it_is_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tfluck.cli import entry, main

    said = []
    monkeypatch.setenv(runtime.PROGRAM, "")  # so that it is put back
    monkeypatch.delenv(runtime.PROGRAM)
    monkeypatch.setattr(main, "main", lambda: said.append(os.environ[runtime.PROGRAM]))
    entry.main()
    assert said == ["1"]


def test_keras_of_a_users_program_takes_data_frames(tf: Any) -> None:
    import keras
    import numpy as np
    import pandas as pd

    assert runtime.PROGRAM not in os.environ
    double = keras.Sequential([keras.layers.Rescaling(2.0)])
    table = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    np.testing.assert_array_equal(double.predict(table, verbose=0), 2 * table)


def test_where_tfluck_is_the_program_the_companions_come_when_they_are_asked_for() -> (
    None
):
    code = (
        "import sys\n"
        "from tfluck.foundations.runtime import *\n"
        "be_the_program()\n"
        "tf = start_tensorflow(1)\n"
        "early = {'sklearn', 'matplotlib', 'pandas'} & set(sys.modules)\n"
        "assert not early, early\n"
        "assert not [f for f in sys.meta_path if 'absent' in type(f).__module__]\n"
        "assert start_tensorflow(1) is tf\n"
        "import matplotlib.pyplot, pandas\n"
        "assert pandas.DataFrame({'a': [1, 2]}).a.sum() == 3\n"
        "from tfluck.data import load_images\n"
        "assert len(load_images('digits').y_train) > 1000\n"
        "assert 'sklearn' in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

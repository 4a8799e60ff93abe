"""Both pages in a headless Chromium: the filters, the slider, keys alone, no request.

Pages are opened from disk; whatever the browser would ask a network goes to a closed port.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nobody listens there.
    "--proxy-server=127.0.0.1:9",
)
WIDE, NARROW = (1280, 1000), (390, 844)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: Any) -> Iterator[Any]:
    selenium = pytest.importorskip(
        "selenium.webdriver", reason="selenium is not here: pip install '.[browser]'"
    )
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("chromium and its driver are not here; Debian packages both.")
    options = selenium.ChromeOptions()
    options.binary_location = chromium
    profile = tmp_path_factory.mktemp("profile")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    found = selenium.Chrome(options, selenium.ChromeService(driver))
    yield found
    found.quit()


def look(browser: Any, path: Path, size: tuple[int, int], **media: str) -> None:
    """Open a page as a screen of this size shows it."""
    width, height = size
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {
            "width": width,
            "height": height,
            "deviceScaleFactor": 1,
            "mobile": size == NARROW,
        },
    )
    features = [{"name": f"prefers-{k}", "value": v} for k, v in media.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(path.as_uri())


def visible(browser: Any, selector: str) -> list[Any]:
    found = browser.find_elements("css selector", selector)
    return [one for one in found if one.is_displayed()]


def is_quiet(browser: Any) -> None:
    """Nothing was asked for, every picture is whole, and the console has no complaint."""
    asked = browser.execute_script(
        "return performance.getEntriesByType('resource').map((one) => one.name)"
    )
    assert [name for name in asked if not name.startswith("data:")] == []
    broken = browser.execute_script(
        "return [...document.images].filter((one) => !(one.complete && one.naturalWidth))"
    )
    assert broken == []
    assert browser.get_log("browser") == []


def test_filters_show_the_claims_of_a_verdict(browser: Any, written: Path) -> None:
    look(browser, written / "of_papers.html", WIDE)
    rows, said = "tr[data-verdict]", browser.find_element("id", "shown")
    assert len(visible(browser, rows)) == 4
    assert said.text == "4 of 4 claims are shown."
    box = browser.find_element("css selector", "input[value='not decided']")
    box.click()
    assert [one.get_attribute("data-verdict") for one in visible(browser, rows)] == [
        "reproduced",
        "needs data",
    ]
    assert said.text == "2 of 4 claims are shown."
    browser.find_element("id", "nothing").click()
    assert not visible(browser, rows)
    box.click()
    assert len(visible(browser, rows)) == 2
    browser.find_element("id", "everything").click()
    assert len(visible(browser, rows)) == 4
    is_quiet(browser)


def test_filters_and_details_take_keys(browser: Any, written: Path) -> None:
    look(browser, written / "of_papers.html", WIDE)
    keys = pytest.importorskip("selenium.webdriver").Keys
    chain = pytest.importorskip("selenium.webdriver").ActionChains
    reached: list[str] = []
    for _ in range(40):
        chain(browser).send_keys(keys.TAB).perform()
        active = browser.switch_to.active_element
        reached.append(active.get_attribute("value") or active.text)
        outline = active.value_of_css_property("outline-style")
        assert outline == "solid", (active.tag_name, outline)
        if active.get_attribute("value") == "needs data":
            break
    assert reached[0] == "To the contents"
    chain(browser).send_keys(keys.SPACE).perform()
    assert len(visible(browser, "tr[data-verdict]")) == 3
    summary = visible(browser, "tr[data-verdict] summary")[0]
    assert not visible(browser, "tr[data-verdict] dl")
    summary.send_keys(keys.ENTER)
    assert len(visible(browser, "tr[data-verdict] dl")) == 1


def test_the_slider_shows_the_epochs_of_a_student_and_layer(
    browser: Any, written: Path
) -> None:
    keys = pytest.importorskip("selenium.webdriver").Keys
    look(browser, written / "of_run.html", WIDE)

    def shown() -> tuple[str, ...]:
        (frame,) = visible(browser, "#frames figure")
        names = ("data-seed", "data-layer", "data-epoch")
        assert f"epoch {frame.get_attribute('data-epoch')}:" in frame.text
        return tuple(str(frame.get_attribute(name)) for name in names)

    slider = browser.find_element("id", "epoch")
    assert shown() == ("1", "0", "3")
    slider.send_keys(keys.ARROW_LEFT)
    assert shown() == ("1", "0", "2")
    assert browser.find_element("id", "at").text == "2"
    assert slider.get_attribute("aria-valuetext") == "epoch 2"
    browser.find_element("css selector", "#layer option[value='1']").click()
    assert shown() == ("1", "1", "2")
    browser.find_element("css selector", "#seed option[value='2']").click()
    assert shown() == ("2", "1", "2")
    slider.send_keys(keys.HOME)
    assert shown() == ("2", "1", "0")
    slider.send_keys(keys.END)
    assert shown() == ("2", "1", "3")
    is_quiet(browser)


@pytest.mark.parametrize("name", ["of_papers", "of_run"])
@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_pages_fit_their_screen_by_day_and_night(
    browser: Any, written: Path, name: str, size: tuple[int, int]
) -> None:
    path = written / f"{name}.html"
    grounds = set()
    for scheme in ("light", "dark"):
        look(browser, path, size, **{"color-scheme": scheme})
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        assert wide <= size[0]
        body = browser.find_element("css selector", "body")
        grounds.add(body.value_of_css_property("background-color"))
        is_quiet(browser)
    assert len(grounds) == 2


@pytest.mark.parametrize("name", ["of_papers", "of_run"])
def test_without_a_script_everything_can_be_read(
    browser: Any, written: Path, name: str
) -> None:
    path = written / f"{name}.html"
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        look(browser, path, WIDE)
        assert not visible(browser, "form")
        rows = browser.find_elements("css selector", "tr[data-verdict]")
        frames = browser.find_elements("css selector", "#frames figure")
        assert len(rows) + len(frames) in (4, 2 * 2 * 4)
        assert all(one.is_displayed() for one in [*rows, *frames])
    finally:
        browser.execute_cdp_cmd(
            "Emulation.setScriptExecutionDisabled", {"value": False}
        )

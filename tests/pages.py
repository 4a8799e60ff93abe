"""Read a page as a reader without eyes and without a network would."""

from html.parser import HTMLParser

#: What somebody may write into a claim, and a page must show as text.
EVIL = "<script>alert(1)</script>"
#: Attributes that make a browser ask for something.
ASKING = ("src", "srcset", "href", "action", "poster", "data", "background", "ping")


class Page(HTMLParser):
    """What stands in a page.

    Attributes:
        images: the attributes of every picture.
        links: where links lead.
        ids: names that links can lead to.
        asked: (tag, value) of whatever may be loaded.
        rows: verdict of every row of a claim.
        text: all that is read, without styles and scripts.
        tags: every element.
        meta: of the head, by name.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.rows: list[str] = []
        self.tags: list[str] = []
        self.meta: dict[str, str] = {}
        self._text: list[str] = []
        self._inside = ""
        self.feed(text)
        self.close()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._text).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        self.tags.append(tag)
        if tag in ("style", "script"):
            self._inside = tag
        if tag == "img":
            self.images.append(about)
        if tag == "a":
            self.links.append(about["href"] or "")
        if tag == "meta":
            name = about.get("name") or about.get("http-equiv") or "charset"
            self.meta[name] = about.get("content") or ""
        if "id" in about:
            self.ids.append(about["id"] or "")
        if tag == "tr" and "data-verdict" in about:
            self.rows.append(about["data-verdict"] or "")
        self.asked += [
            (tag, about[name] or "") for name in ASKING if name in about and tag != "a"
        ]

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self._text.append(data)


def check(text: str) -> Page:
    """Hold a page to what is promised of every one.

    Nothing is asked of a network, links lead somewhere, names are names of one thing,
    and every picture says in words what it shows.
    """
    page = Page(text)
    assert all(value.startswith("data:") for _, value in page.asked), page.asked
    assert not {"iframe", "object", "embed", "link", "base"} & set(page.tags) - {"link"}
    assert "url(" not in text and "@import" not in text and "http://" not in text
    assert all(link.startswith("#") for link in page.links)
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    for image in page.images:
        assert (image["src"] or "").startswith("data:image/png;base64,")
        assert len((image["alt"] or "").split()) >= 8, image["alt"]
    alts = [image["alt"] for image in page.images]
    assert len(alts) == len(set(alts))
    policy = page.meta["Content-Security-Policy"]
    assert policy.split("; ")[:2] == ["default-src 'none'", "img-src data:"]
    assert "viewport" in page.meta and "light dark" in page.meta["color-scheme"]
    return page

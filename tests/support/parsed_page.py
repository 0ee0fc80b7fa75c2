"""HTML parser that collects the elements and the text of a page."""

from html.parser import HTMLParser

# HTML elements without an end tag.
VOID = {"meta", "img", "br", "wbr", "link", "input", "hr"}


class Page(HTMLParser):
    """Content of a page.

    Attributes:
        elements: name and attributes of each element.
        faults: unbalanced tags.
        text: text outside of style sheets and scripts.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag in self.open]

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> has no start tag")

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.text += f" {data}"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Returns the attributes of all elements with this name."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self) -> str:
        """The text with single spaces."""
        return " ".join(self.text.split())

    def fetched(self) -> list[str]:
        """Returns the addresses that a browser loads, and links to other pages."""
        addresses = [
            a[key] for _, a in self.elements for key in ("src", "href", "action", "data") if a.get(key)
        ]
        return [address for address in addresses if address and not address.startswith(("data:", "#"))]

    def handlers(self) -> list[str]:
        """Returns the inline event handlers."""
        return [key for _, attributes in self.elements for key in attributes if key.startswith("on")]

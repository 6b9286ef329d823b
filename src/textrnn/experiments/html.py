"""HTML that is put together from elements: whatever is no element already is text, and becomes no markup."""

import base64
import html
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EMPTY = ("img", "meta")  # elements without an end


class Element(str):
    """HTML that `element` made."""

    __slots__ = ()


def element(name: str, *children: Any, **attributes: Any) -> Element:
    """Returns an element; children that are no `Element`, and all attributes, are text.

    Args:
        name: as in `"td"`.
        *children: what stands in it; written as text (`str`).
        **attributes: by name; `class_` is `class`.

    >>> print(element("p", "1 < 2", element("b", "<i>"), title='"'))
    <p title="&quot;">1 &lt; 2<b>&lt;i&gt;</b></p>
    """
    pairs = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    start = "".join([name, *(f' {key}="{html.escape(str(value))}"' for key, value in pairs)])
    inside = "".join(child if isinstance(child, Element) else html.escape(str(child)) for child in children)
    return Element(f"<{start}>" if name in EMPTY else f"<{start}>{inside}</{name}>")


def table(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Element:
    """Returns a table; numbers stand on the right."""
    head = element("tr", *(element("th", name, scope="col") for name in header))
    body = [element("tr", *(_cell(value) for value in row)) for row in rows]
    whole = element("table", element("thead", head), element("tbody", *body))
    return element("div", whole, class_="wide", tabindex=0, role="region", aria_label=f"table: {header[0]}")


def _cell(value: Any) -> Element:
    if isinstance(value, str):  # an `Element` is one too, and stays what it is
        return element("td", value)
    shown = f"{value:.4f}" if isinstance(value, float) else f"{value:,}"
    return element("td", shown, class_="number")


def picture(figure: "Figure", about: str) -> Element:
    """Returns a figure as an image that stands in the page itself; `about` is read out in its place."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    code = base64.b64encode(buffer.getvalue()).decode("ascii")
    return element("img", src=f"data:image/svg+xml;base64,{code}", alt=about)


def page(title: str, style: str, body: Sequence[Element]) -> str:
    """Returns a whole page that loads nothing from anywhere and in which nothing runs.

    Args:
        title: text.
        style: CSS of the kit's own.
        body: elements.
    """
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        Element(f"<style>{style}</style>"),
    )
    return f"<!doctype html>\n{element('html', head, element('body', element('main', *body)), lang='en')}\n"

"""A saved model as a page: one HTML file that holds the network and all it needs, and opens without a server."""

import base64
import gzip
import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from textrnn import saving
from textrnn.preprocessing import changed_code_points
from textrnn.web.movers import movers_of, packaged_texts

STATIC = Path(__file__).parent / "static"
ENTRY = "page.js"
IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
LARGEST_HALF = float(np.finfo("float16").max)


class Page(NamedTuple):
    """A page that is ready to be written or served.

    Attributes:
        html: the whole of it, in UTF-8.
        policy: what the browser may load and run for it (a Content-Security-Policy): what stands in the page, no more.
        difference: with 16-bit weights, the largest difference of a probability that was found; else 0.
        num_texts: on how many texts that was measured.
        num_shown: how many texts of the data the page holds: those that move a unit most.
    """

    html: bytes
    policy: str
    difference: float
    num_texts: int
    num_shown: int = 0

    def _repr_html_(self) -> str:
        """Returns the page in a frame, for Jupyter: nothing of the notebook can be reached from there."""
        page = escape(self.html.decode())
        return f'<iframe title="textrnn" sandbox="allow-scripts" width="100%" height="760" srcdoc="{page}"></iframe>'


def build_page(
    folder: str | os.PathLike,
    *,
    small: bool = False,
    texts: Sequence[str] | None = None,
    source: str = "data",
    links: Sequence[tuple[str, str]] = (),
    sha256: str | None = None,
) -> Page:
    """Returns the page of a saved model.

    Args:
        folder: the saved model: its path, or the name of a shipped one.
        small: whether to store weights in 16 bits.
        texts: data, of which the page shows for each unit of the network those that move it most, and holds no other;
            the packaged headlines if `None` and the model was trained on them, else none.
        source: what the page calls these texts, the name of their file for example.
        links: name and address of every page to switch between, this one included.
        sha256: as in `saving.load_classifier`.

    Raises:
        FileNotFoundError, ValueError: as `saving.load_classifier`.
        ValueError: the page cannot compute this network, 16 bits cannot hold its weights, or a text is none; the
            message says why.
    """
    classifier = saving.load_classifier(folder, sha256=sha256)
    network, data = classifier.network, classifier.network.data
    check_network(folder, data)
    difference, drawn = 0.0, []
    if small:
        drawn = saving.drawn_texts(data.encoder)
        data, network, difference = _halved(folder, network, drawn)
    if texts is None:
        texts, source = packaged_texts(classifier.card), "train.tsv"
    movers = movers_of(network, texts, source=_writable(source)) if len(texts) else None
    about = {
        "name": _writable(classifier.folder.name),
        "labels": data.label_names,
        "settings": data.settings,
        "temperature": data.temperature,
        "difference": difference,
        "num_texts": len(drawn),
        "links": [[_writable(name), address] for name, address in links],
        **{key: _writable(str(classifier.card.get(key) or "")) for key in ("licence", "limits")},
    }
    files = saving.write_files(data)
    forms = changed_code_points(data.encoder.lower)
    blocks = {
        "vocabulary": files[saving.VOCABULARY],
        "weights": gzip.compress(files[saving.WEIGHTS], mtime=0),
        "forms": _packed([*forms.items()]),
        **({"movers": _packed(movers)} if movers else {}),
    }
    html, policy = assembled(about, blocks)
    return Page(html.encode(), policy, difference, len(drawn), len(movers["texts"]) if movers else 0)


def _packed(value: Any) -> bytes:
    return gzip.compress(json.dumps(value, separators=(",", ":")).encode(), mtime=0)


def check_network(name: str | os.PathLike, data: saving.NetworkData):
    """Raises `ValueError` with the reason where the page cannot compute a network."""
    cell = data.settings.get("cell")
    if data.network != "textrnn" or cell != "lstm":
        kind = f"one of the cell {cell!r}" if cell else f"a {data.network}"
        raise ValueError(f"{name}: expected a network of LSTMs, got {kind}: the page computes and shows LSTMs alone")


def _halved(
    folder: str | os.PathLike, network: saving.NumpyNetwork, texts: list[str]
) -> tuple[saving.NetworkData, saving.NumpyNetwork, float]:
    """Returns the data with weights of 16 bits, what they compute, and how far that moves a probability of `texts`.

    Counts and scales stay as they are: 16 bits end at 65,504, and the counts take little room.
    """
    arrays, data = {}, network.data
    for name, array in data.arrays.items():
        kept = array.dtype != np.float32 or name.startswith("evidence_") or name.endswith(".scales")
        if not kept and (most := float(np.abs(array).max(initial=0))) > LARGEST_HALF:
            raise ValueError(f"{folder}: {name}: expected weights up to {LARGEST_HALF:.0f} for 16 bits, got {most:.3g}")
        arrays[name] = array if kept else array.astype("float16")
    read = {name: array.astype("float32") if array.dtype == np.float16 else array for name, array in arrays.items()}
    halved = saving.NumpyNetwork(replace(data, arrays=read))
    before, after = (one.predict_proba(texts) for one in (network, halved))
    return replace(data, arrays=arrays), halved, float(np.abs(before - after).max())


def assembled(
    about: dict[str, Any], blocks: dict[str, bytes], *, template: str = "page.html", entry: str = ENTRY
) -> tuple[str, str]:
    """Returns a page and its policy; words of the model stand in it as JSON in ASCII, and never as markup.

    Args:
        about: what the script finds under `about`.
        blocks: what else it finds, by name.
        template: what stands in the frame that all pages share, both of the folder `static`.
        entry: the module that the page begins with, of the same folder.
    """
    script, style = joined_script(entry), (STATIC / "style.css").read_text("utf-8")
    icon = "data:image/svg+xml;base64," + base64.b64encode((STATIC / "icon.svg").read_bytes()).decode()
    policy = (
        f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    about_json = json.dumps(about).replace("<", "\\u003c")
    held = [f'<script type="application/json" id="about">{about_json}</script>']
    held += [
        f'<script type="text/plain" id="{name}">{base64.b64encode(block).decode()}</script>'
        for name, block in blocks.items()
    ]
    parts = {"POLICY": policy, "ICON": icon, "STYLE": style, "DATA": "\n".join(held), "SCRIPT": script}
    main = (STATIC / template).read_text("utf-8").rstrip("\n")
    html = (STATIC / "frame.html").read_text("utf-8").replace("{{MAIN}}", main)
    return re.sub(r"\{\{([A-Z]+)\}\}", lambda found: parts[found[1]], html), policy


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _writable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()  # JSON may hold surrogates


def joined_script(entry: str = ENTRY) -> str:
    """Returns the modules of the page as one script, for a page that is a file cannot import any.

    Raises:
        ValueError: a module imports what another does not export, or two import each other.
    """
    done: dict[str, str] = {}
    exported: dict[str, set[str]] = {}

    def add(name: str, above: tuple[str, ...]):
        if name in above:
            raise ValueError(f"{name}: imports itself by way of {' and '.join(above)}")
        if name in done:
            return
        text = (STATIC / name).read_text("utf-8")
        for names, module in IMPORT.findall(text):
            add(module, (*above, name))
            wanted = {one.strip() for one in names.split(",")} - {""}
            if missing := sorted(wanted - exported[module]):
                raise ValueError(f"{name}: imports {', '.join(missing)}, which {module} does not export")
        exported[name] = set(EXPORT.findall(text))
        done[name] = EXPORT.sub("", IMPORT.sub("", text)).strip()

    add(entry, ())
    return "\n" + "\n\n".join(f"// {name}\n{text}" for name, text in done.items()) + "\n"

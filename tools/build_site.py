"""Builds the site, plain HTML: notebooks, READMEs, docs, the API, and the trained network as a page. `make site`."""

import argparse
import ast
import importlib.util
import re
import shutil
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[1]
SETTINGS = ROOT / "docs" / "site"  # of Sphinx
WHOLE = "pages"  # the folder of pages that are no work of Sphinx
MODEL = "headlines-textrnn"
PAGES = ("*.md", "docs/*.md", "benchmarks/*.md", "datasets/*/*.md", "models/*.md", "notebooks/*.md")
PAGES = (*PAGES, "notebooks/*.ipynb", "docs/*.png")
DOCS = (
    "docs/page",
    "docs/lessons",
    "docs/tables",
    "docs/experiments",
    "docs/RELIABILITY",
    "docs/architecture",
    "benchmarks/RESULTS",
)
DOCS = (*DOCS, "datasets/headlines/README", "models/README", "notebooks/answers", "CONTRIBUTING")
LIBRARIES = ("sphinx", "myst_nb", "furo", "latex2mathml")
# What axe-core finds in the theme and in tables of pandas: for readers with a keyboard or a screen reader.
MENDED = {
    'class="caption" role="heading"': 'class="caption" role="heading" aria-level="2"',
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="Pages">',
    '<aside class="toc-drawer">': '<aside class="toc-drawer" aria-label="On this page">',
    "<pre>": '<pre tabindex="0">',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
    '<div class="output text_html">': '<div tabindex="0" class="output text_html">',
    "<th></th>": "<td></td>",
    '<th class="head"><p></p></th>': '<td class="head"></td>',
}
# Attributes by which a page loads something, or leads elsewhere.
LOADS = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("object", "data")}
LEADS = {("a", "href"), ("area", "href")}


def gather(sources: Path):
    """Copies what the site is made of into a folder of its own, at the same places, and writes what only it has."""
    shutil.rmtree(sources, ignore_errors=True)
    for pattern in PAGES:
        for path in sorted(ROOT.glob(pattern)):
            target = sources / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    for path in SETTINGS.glob("*.py"):
        shutil.copyfile(path, sources / path.name)
    shutil.copytree(SETTINGS / "static", sources / "_static")
    shutil.copyfile(ROOT / "src" / "textrnn" / "web" / "static" / "icon.svg", sources / "_static" / "icon.svg")
    known = {
        path.relative_to(sources).with_suffix("").as_posix()
        for path in sources.rglob("*")
        if path.suffix in (".md", ".ipynb")
    }
    chinese = sorted(name for name in known if name.endswith(".zh") and name != "README.zh")
    notebooks = sorted(name for name in known if re.match(r"notebooks/\d", name) and name not in chinese)
    docs = [name for name in DOCS if name in known]
    docs += sorted(known - {*chinese, *notebooks, *docs, "README", "README.zh"})  # another page is not forgotten
    lists = {"NOTEBOOKS": notebooks, "CHINESE": chinese, "DOCS": docs}
    index = (SETTINGS / "index.md").read_text("utf-8")
    index = re.sub(r"\{\{(\w+)\}\}", lambda found: "\n".join(lists[found[1]]), index)
    (sources / "index.md").write_text(index, encoding="utf-8")
    write_api(sources / "api")


def write_api(folder: Path):
    """Writes a page for each room of the package, and for each module of the lessons, from their docstrings."""
    folder.mkdir()
    package = ROOT / "src" / "textrnn"
    modules = {}
    for path in sorted([*package.glob("*"), *(package / "lessons").glob("*.py")]):
        face = path / "__init__.py" if path.is_dir() else path
        if face.suffix != ".py" or not face.exists() or path.stem in ("__init__", "cli"):
            continue
        name = ".".join(["textrnn", *path.relative_to(package).with_suffix("").parts])
        modules[name] = (ast.get_docstring(ast.parse(face.read_text("utf-8"))) or "").partition("\n")[0]
    for name in modules:
        text = f"# {name}\n\n```{{eval-rst}}\n.. automodule:: {name}\n```\n"
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    rows = "\n".join(f"- [{name}]({name}.md): {what}" for name, what in modules.items())
    tree = "\n".join(modules)
    text = f"# Reference of the package\n\n{rows}\n\n```{{toctree}}\n:hidden:\n\n{tree}\n```\n"
    (folder / "index.md").write_text(text, encoding="utf-8")


def write_pages(folder: Path):
    """Writes the pages that are whole files: the trained network, and the small ones of the lessons."""
    from textrnn import options, web

    folder.mkdir(parents=True)
    (folder / f"{MODEL}.html").write_bytes(web.build_page(ROOT / "models" / MODEL).html)
    for name in options.LESSONS:
        (folder / f"{name}.html").write_bytes(web.build_lesson(name).html)


class Links(HTMLParser):
    """What a page loads, where it leads, and its anchors."""

    def __init__(self, text: str):
        super().__init__()
        self.loads, self.leads, self.anchors = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        """Notes the addresses and the anchors of an element."""
        named = dict(attributes)
        self.anchors |= {named[key] for key in ("id", "name") if named.get(key)}
        relation = named.get("rel") or ""
        for key, value in named.items():
            if (tag, key) in LOADS and not {"next", "prev", "index", "search", "genindex"} & {*relation.split()}:
                self.loads.append(value or "")
            elif (tag, key) in LEADS | LOADS:
                self.leads.append(value or "")


def faults_of(site: Path) -> list[str]:
    """Returns a line for each link or anchor without a target, and for each thing that comes from elsewhere."""
    pages = {path: Links(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    faults = []
    for page, links in pages.items():
        where = page.relative_to(site)
        for address in [*links.loads, *links.leads]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                if address in links.loads and parts.scheme != "data":
                    faults.append(f"{where}: loads {address}")
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if not target.is_file():
                faults.append(f"{where}: {address}: no such file")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                faults.append(f"{where}: {address}: no such anchor")
    for path in site.rglob("*.css"):
        loads = re.findall(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")]+)", path.read_text("utf-8"))
        faults += [f"{path.relative_to(site)}: loads {address}" for address in loads]
    return sorted(set(faults))


def build(out: Path, sources: Path):
    """Builds the site into a folder; a warning of Sphinx or a fault of `faults_of` ends it with exit code 1."""
    begin = time.perf_counter()
    gather(sources)
    write_pages(sources / "_extra" / WHOLE)
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "--builder", "html", "--fail-on-warning", "--fresh-env", "--quiet"]
    done = subprocess.run([*command, "--doctree-dir", sources / "_doctrees", sources, out], check=False)
    if done.returncode:
        sys.exit(done.returncode)
    for path in out.rglob("*.html"):
        if path.parent.name != WHOLE:
            text = path.read_text("utf-8")
            path.write_text(re.sub("|".join(MENDED), lambda found: MENDED[found[0]], text), encoding="utf-8")
    if faults := faults_of(out):
        sys.exit("\n".join(["The site has links without a target, or loads from elsewhere:", *faults]))
    files = [path for path in out.rglob("*") if path.is_file()]
    megabytes, pages = sum(path.stat().st_size for path in files) / 1e6, sum(path.suffix == ".html" for path in files)
    spent = time.perf_counter() - begin
    print(f"{out}/index.html: {pages} pages, {megabytes:.1f} MB, {spent:.0f} s; every link has its target")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site", help="folder for the site")
    arguments = parser.parse_args()
    if missing := [name for name in LIBRARIES if importlib.util.find_spec(name) is None]:
        sys.exit(f"the site needs {', '.join(missing)}: run {sys.executable} -m pip install -e '.[site]'")
    build(arguments.out.resolve(), arguments.out.resolve().with_name(f"{arguments.out.name}-sources"))

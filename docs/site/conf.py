"""How Sphinx makes the site; `tools/build_site.py` gathers the pages, calls it and checks what came out."""

import re
import sys
from pathlib import Path

from pygments.lexers.special import TextLexer

sys.path.insert(0, str(Path(__file__).parent))  # the two modules beside this file

import bilingual
import mathml

project = "textrnn"
copyright = "the authors of textrnn"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "bilingual", "mathml"]
html_theme = "furo"
html_title = "textrnn"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["_extra"]  # pages that are whole already: they are copied as they are
html_favicon = "_static/icon.svg"
html_show_sphinx = html_copy_source = html_show_sourcelink = False
html_search_language = bilingual.LANGUAGE
html_math_renderer = mathml.RENDERER
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"

nb_execution_mode = "off"  # the notebooks are committed as executed
nb_merge_streams = True
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
nb_render_text_lexer = "none"

default_role = "code"  # docstrings write `name` as Markdown does
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_default_options = {"members": True, "show-inheritance": False}
suppress_warnings = ["ref.python"]  # some things have two doors, as `recipes.Recipe` is offered by `training` too
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True  # fields stand in the text of their class, and are no objects of their own


def setup(app):
    """Leaves out what is not ours (Python's words on the fields of tuples, methods of scikit-learn); links lessons."""

    def drop_words(app, what, name, obj, options, lines):
        if lines and lines[0].startswith("Alias for field number"):
            lines.clear()

    def is_left_out(app, what, name, obj, skip, options):
        return True if re.fullmatch(r"set_\w+_request|get_metadata_routing", name) else None

    def show_lessons(app, docname, content):
        if docname == "docs/lessons":
            link = r"\g<0>" + "\n\n" + r'<a href="../pages/\1.html">Open the page · 打开页面</a>' + "\n"
            content[0] = re.sub(r"^## (\w+)$", link, content[0], flags=re.MULTILINE)

    app.connect("source-read", show_lessons)
    app.connect("autodoc-process-docstring", drop_words)
    app.connect("autodoc-skip-member", is_left_out)
    app.add_lexer("csv", TextLexer)

"""Formulas as MathML, which browsers draw by themselves since 2023: no script, no font, nothing from elsewhere."""

from docutils.nodes import SkipNode
from latex2mathml.converter import convert

RENDERER = "mathml"


def visit_inline(translator, node):
    """Writes a formula within a line."""
    translator.body.append(convert(node.astext()))
    raise SkipNode


def visit_block(translator, node):
    """Writes a formula of its own."""
    formula = convert(node.astext(), display="block")
    translator.body.append(f'<div class="formula" tabindex="0">{formula}</div>\n')
    raise SkipNode


def setup(app):
    """Registers the two."""
    app.add_html_math_renderer(RENDERER, (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}

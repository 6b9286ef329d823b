"""Chinese in figures: fonts that have it, one of them shipped here, and how names from data are written.

`TextRNNSansSC.ttf` is a subset of Noto Sans SC (Adobe and Google, SIL Open Font License 1.1: `OFL.txt`); the project's
`tools/subset_font.py` makes it.
"""

import dataclasses
import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

SHIPPED = Path(__file__).with_name("TextRNNSansSC.ttf")  # the characters of GB2312, ASCII, full-width forms
# Fonts of a system with more characters, simplified Chinese first; looked for by name, then by file, since matplotlib's
# own list of fonts is made once and does not know one that was installed later.
FAMILIES = (
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Noto Sans CJK JP",
    "Hiragino Sans GB",
)
FILES = ("PingFang", "msyh", "NotoSansCJK", "NotoSansSC", "SourceHanSans", "wqy-microhei", "wqy-zenhei")


def _add(path: str | Path) -> str:
    """Makes a font file known to matplotlib in this process and returns its family name."""
    font_manager.fontManager.addfont(path)
    return font_manager.FontProperties(fname=path).get_name()


@functools.cache
def find_cjk_font() -> str:
    """Returns the family name of a font with Chinese characters: one of the system, else the shipped one.

    Matplotlib knows it from now on, in this process; the user's configuration is not touched, no file is written.
    """
    known = {font.name for font in font_manager.fontManager.ttflist}
    for name in FAMILIES:
        if name in known:
            return _with_normal_weight(name)
    paths = sorted(font_manager.findSystemFonts())
    for start in FILES:
        for path in paths:
            if Path(path).name.startswith(start):
                return _with_normal_weight(_add(path))
    return _shipped_font()


def _with_normal_weight(name: str) -> str:
    """Returns `name`; a family that has no normal weight (WenQuanYi Zen Hei) gets one, since text is asked for with it.

    Without it matplotlib takes the same file, and says so under each figure.
    """
    manager = font_manager.fontManager
    fonts = [font for font in manager.ttflist if font.name == name]
    if all(font.weight not in (400, "normal", "regular") for font in fonts):
        manager.ttflist.append(dataclasses.replace(fonts[0], weight=400))
    return name


@functools.cache
def _shipped_font() -> str:
    return _add(SHIPPED)


def family() -> list[str]:
    """Returns the families to draw text with: those that are set, and for what they lack ones with Chinese.

    Give it to any text of matplotlib as `fontfamily`; each character is drawn with the first font that has it.
    """
    return list(dict.fromkeys([*mpl.rcParams["font.family"], find_cjk_font(), _shipped_font()]))


def as_written() -> dict[str, Any]:
    """Returns the settings for a text of matplotlib that comes from data: its fonts, and `$` as the dollar sign it is.

    >>> from matplotlib.figure import Figure
    >>> ax = Figure().subplots()
    >>> ticks = ax.set_yticks([0, 1], readable(["体育", "$5 to $9"]), **as_written())
    """
    return {"fontfamily": family(), "parse_math": False}


@functools.cache
def _characters_of(families: tuple[str, ...]) -> frozenset[int]:
    paths = (font_manager.findfont(font_manager.FontProperties(family=[name])) for name in families)
    return frozenset().union(*(FT2Font(path).get_charmap() for path in paths))


def readable(texts: Iterable[Any]) -> list[str]:
    r"""Returns `texts` as they can be drawn with `family()`: each character that no font has becomes its code point.

    So no box stays empty.

    Args:
        texts: strings, or what is written as one (numbers, say).

    >>> readable(["体育", 3, "a\u0378"])
    ['体育', '3', 'a378']
    """
    known = _characters_of(tuple(family()))
    drawable = []
    for text in map(str, texts):
        missing = {char for char in text if ord(char) not in known and not char.isspace()}
        drawable.append("".join(f"{ord(char):X}" if char in missing else char for char in text))
    return drawable

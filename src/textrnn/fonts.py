"""Chinese in figures: a font of the system that has it, and what to write for a character that no font has."""

import functools
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

# Free or part of the system, simplified Chinese first; looked for by name, then by file, since matplotlib's own list of
# fonts is made once and does not know one that was installed later.
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
ADVICE = (
    "no font with Chinese characters was found, so figures show glosses or code points in their place; install one "
    "(Debian and Ubuntu: fonts-wqy-microhei; Fedora: wqy-microhei-fonts) and start Python again"
)


@functools.cache
def find_cjk_font() -> str | None:
    """Returns the family name of a font with Chinese characters, known to matplotlib from now on; `None` if none is.

    The user's configuration is not touched and no file is written.
    """
    known = {font.name for font in font_manager.fontManager.ttflist}
    for family in FAMILIES:
        if family in known:
            return family
    paths = sorted(font_manager.findSystemFonts())
    for start in FILES:
        for path in paths:
            if Path(path).name.startswith(start):
                font_manager.fontManager.addfont(path)
                return font_manager.FontProperties(fname=path).get_name()
    return None


def family() -> list[str]:
    """Returns the families to draw text with: those that are set, and for what they lack one with Chinese.

    Give it to any text of matplotlib as `fontfamily`; each character is drawn with the first font that has it.
    """
    cjk = find_cjk_font()
    return [*mpl.rcParams["font.family"], *([cjk] if cjk else [])]


@functools.cache
def _characters_of(families: tuple[str, ...]) -> frozenset[int]:
    paths = font_manager.fontManager._find_fonts_by_props(font_manager.FontProperties(family=list(families)))
    return frozenset().union(*(FT2Font(path).get_charmap() for path in paths))


def readable(texts: Sequence[str], *, glosses: Mapping[str, str] | None = None) -> list[str]:
    """Returns `texts` as they can be drawn with `family()`: what no font has is replaced, so that no box stays empty.

    A text that cannot be drawn becomes its gloss if there is one; else each missing character becomes its code point.

    Args:
        texts: strings.
        glosses: what to write in Latin letters for a text.

    Warns:
        UserWarning: once, if there is no font with Chinese and one is wanted.
    """
    known = _characters_of(tuple(family()))
    drawable = []
    for text in texts:
        missing = {char for char in text if ord(char) not in known and not char.isspace()}
        if missing and find_cjk_font() is None:
            _warn_once()
        if missing and glosses and text in glosses:
            text = glosses[text]
        else:
            text = "".join(f"{ord(char):X}" if char in missing else char for char in text)
        drawable.append(text)
    return drawable


@functools.cache
def _warn_once():
    warnings.warn(ADVICE, stacklevel=4)

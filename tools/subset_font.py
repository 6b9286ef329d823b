"""Makes the Chinese font that the package ships, a part of Noto Sans SC, and puts its licence beside it.

`python tools/subset_font.py` asks npm for the package named below, checks that it is the very one, and writes both
files into `src/textrnn/fonts/`; the same source gives the same bytes. `--archive FILE` takes a package that is here.
"""

import argparse
import base64
import hashlib
import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

PACKAGE = "@expo-google-fonts/noto-sans-sc@0.4.3"  # Noto Sans SC 2.004, Adobe and Google, SIL Open Font License 1.1
SHA512 = "9rAwdFTFHbO/u6Cs0gj2jZbW74TGIiaFNQnXYH2s5wA1bzVkwbaviL4t8YUV642eGYjg86eH6DkAEQmfNHDncQ=="
FONT, LICENCE = "package/400Regular/NotoSansSC_400Regular.ttf", "package/LICENSE_FONT"
FAMILY = "TextRNN Sans SC"  # a name of its own, so that the whole Noto Sans SC of a system is never taken for it
ROOT = Path(__file__).parents[1]
FOLDER, HEADLINES = ROOT / "src" / "textrnn" / "fonts", ROOT / "datasets" / "headlines"


def wanted_characters() -> set[int]:
    """Returns the code points to keep.

    Simplified characters (GB2312), the frequent traditional ones (Big5, level 1, up to 23 strokes), those of the names
    in the headlines, ASCII, Latin-1, punctuation, full-width forms.
    """
    pairs = [bytes([one, two]) for one in range(0x81, 0xFF) for two in range(0x40, 0xFF)]
    big5 = "".join(pair.decode("big5", "ignore") for pair in pairs if b"\xa4\x40" <= pair < b"\xc6")
    gb2312 = "".join(pair.decode("gb2312", "ignore") for pair in pairs if min(pair) >= 0xA1)
    headlines = "".join(path.read_text(encoding="utf-8") for path in HEADLINES.glob("*.tsv"))
    blocks = [(0x20, 0x7F), (0xA0, 0x100), (0x2010, 0x2040), (0x3000, 0x3040), (0xFF01, 0xFF5F), (0xFFE0, 0xFFE7)]
    return set(map(ord, gb2312 + big5 + headlines)).union(*(range(first, last) for first, last in blocks))


def fetch_archive() -> bytes:
    """Returns the bytes of the package from npm."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (path,) = Path(folder).iterdir()
        return path.read_bytes()


def subset_font(source: bytes) -> bytes:
    """Returns the font of a TrueType file with the wanted characters alone, without hints and layout features."""
    font = TTFont(io.BytesIO(source), recalcTimestamp=False)
    options = subset.Options(hinting=False, layout_features=[], notdef_outline=True, recalc_timestamp=False)
    options.drop_tables += ["BASE", "GPOS", "GSUB", "STAT", "vhea", "vmtx"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=wanted_characters())
    subsetter.subset(font)
    names = {1: FAMILY, 3: f"{FAMILY} {PACKAGE}", 4: f"{FAMILY} Regular", 6: FAMILY.replace(" ", "") + "-Regular"}
    for name_id, text in names.items():
        font["name"].setName(text, name_id, 3, 1, 0x409)
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def main():
    """Writes the font and its licence into the package."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--archive", type=Path, help=f"what `npm pack {PACKAGE}` gives")
    archive = path.read_bytes() if (path := parser.parse_args().archive) else fetch_archive()
    if (found := base64.b64encode(hashlib.sha512(archive).digest()).decode()) != SHA512:
        raise SystemExit(f"{PACKAGE}: expected the SHA-512 {SHA512}, got {found}")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        font, licence = (files.extractfile(name).read() for name in (FONT, LICENCE))
    (FOLDER / "TextRNNSansSC.ttf").write_bytes(subset_font(font))
    (FOLDER / "OFL.txt").write_bytes(licence)


if __name__ == "__main__":
    main()

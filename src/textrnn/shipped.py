"""Where the files that come with the kit lie: inside an installed package, or in the clone if that is in use."""

import os
from pathlib import Path

MODELS = ("headlines-textrnn", "thucnews-textrnn")
PACKAGE = Path(__file__).parent
# A wheel holds `datasets/headlines` and `models/headlines-textrnn` inside the package (see pyproject.toml).
ROOT = PACKAGE if (PACKAGE / "models").is_dir() else PACKAGE.parents[1]


def headlines_folder() -> Path:
    """Returns the folder of the embedded headlines: `train.tsv`, `dev.tsv` and `test.tsv`."""
    return ROOT / "datasets" / "headlines"


def model_folder(model: str | os.PathLike) -> Path:
    """Returns the folder of a saved model: a path as it is, or where the shipped model of that name lies.

    A folder of that name in the working directory comes before a shipped model.

    Args:
        model: a path, or one of `MODELS`.

    Raises:
        FileNotFoundError: the shipped model is not part of this installation; the message says how to get it.
    """
    folder = Path(model)
    if os.fspath(model) not in MODELS or folder.exists():
        return folder
    shipped = ROOT / "models" / folder
    if not shipped.is_dir():
        raise FileNotFoundError(
            f"{model}: too large for the installed package: take the folder models/{model} of a clone of the project, "
            "and give its path"
        )
    return shipped

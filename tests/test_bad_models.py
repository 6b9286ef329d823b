"""A folder that is no whole model is refused by name, whatever became of its files."""

import gzip
import shutil
from pathlib import Path

import pytest
from doors import CJK, make_folder

from textrnn import saving
from textrnn.saving import data


def changed_file(name, change):
    def place(folder):
        path = folder / name
        path.write_bytes(change(path.read_bytes()))

    return place


def empty_folder(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def make_file(folder):
    shutil.rmtree(folder)
    folder.write_text("x")


CARD = "assets.extra/card.json"
FILES = ("saved_model.pb", *data.FILES, "variables/variables.index")
NO_CARD = "expected a model folder with assets.extra/card.json, found none"
FOREIGN = "these files are not the ones that the card describes: "
MODEL_INPUTS = {
    "a missing folder": (shutil.rmtree, FileNotFoundError, f"{{folder}}: {NO_CARD}"),
    "an empty folder": (empty_folder, FileNotFoundError, f"{{folder}}: {NO_CARD}"),
    "a file": (make_file, FileNotFoundError, f"{{folder}}: {NO_CARD}"),
    "no card": (lambda folder: (folder / CARD).unlink(), FileNotFoundError, f"{{folder}}: {NO_CARD}"),
    "a folder for a card": (lambda folder: make_folder(folder / CARD), FileNotFoundError, f"{{folder}}: {NO_CARD}"),
    **{
        f"a card: {name}": (changed_file(CARD, change), ValueError, f"{{folder}}/{CARD}: expected ")
        for name, change in {
            "empty": lambda data: b"",
            "cut": lambda data: data[:-20],
            "cut inside a character": lambda data: data.rstrip(b"}\n") + CJK[:2],
            "gzip": gzip.compress,
            "UTF-16": lambda data: data.decode().encode("utf-16"),
            "GBK": lambda data: data.replace(b'"licence": "', b'"licence": "\xb9\xc9'),
            "NUL": lambda data: data.replace(b"licence", b"lic\0nce"),
            "a list": lambda data: b"[]",
            "a number": lambda data: b"3",
            "deep": lambda data: b"[" * 200_000,
            "2 MB": lambda data: data + b" " * 2_000_000,
        }.items()
    },
    **{
        f"no {name}": (
            lambda folder, name=name: (folder / name).unlink(),
            FileNotFoundError,
            f"{{folder}}: expected {name}",
        )
        for name in data.FILES
    },
    **{
        f"{name}: {kind}": (changed_file(name, change), ValueError, f"{{folder}}: {FOREIGN}{name}")
        for name in FILES
        for kind, change in {
            "empty": lambda data: b"",
            "cut": lambda data: data[: len(data) // 2],
            "gzip": gzip.compress,
            "CRLF": lambda data: data.replace(b"\n", b"\r\n") + b"\r",
        }.items()
    },
}


@pytest.mark.parametrize("kind", MODEL_INPUTS)
def test_a_folder_that_is_no_whole_model_is_refused_by_name(tmp_path, root, kind):
    spoil, error, message = MODEL_INPUTS[kind]
    folder = Path(shutil.copytree(root / "models" / "headlines-textrnn", tmp_path / "model"))
    spoil(folder)
    for load in (saving.load_classifier, saving.load_network):
        with pytest.raises(error) as caught:
            load(folder)
        assert type(caught.value) is error
        assert str(caught.value).startswith(message.format(folder=folder))

"""Tagged sentences: words, tags and intents, and the splits of a folder."""

from conftest import written

from textrnn import datasets

ATIS = {"seq.in": "fly to new york\nhello\n", "seq.out": "O O B-to I-to\nI-to\n", "label": "flight\ngreet\n"}


def tagged_folder(folder, **changes):
    for name, content in (ATIS | {name.replace("_", "."): text for name, text in changes.items()}).items():
        written(folder / name, content)
    return folder


def test_tagged_sentences_are_read_in_file_order(tmp_path):
    table = datasets.read_tagged(tagged_folder(tmp_path))
    assert table.to_dict("list") == {
        "words": [["fly", "to", "new", "york"], ["hello"]],
        "tags": [["O", "O", "B-to", "I-to"], ["I-to"]],
        "intent": ["flight", "greet"],
    }
    assert table.attrs["num_stray_inside"] == 1


def test_atis_loads_the_splits_that_are_there(tmp_path):
    tagged_folder(tmp_path / "train")
    tagged_folder(tmp_path / "test", label="a\nb\n")
    splits = datasets.load("atis", data_dir=tmp_path)
    assert list(splits.train["intent"]) == ["flight", "greet"]
    assert list(splits.test["intent"]) == ["a", "b"]
    assert splits.dev is None


def test_the_real_atis_files_hold_4478_and_500_sentences(shared_data):
    splits = datasets.load("atis", data_dir=shared_data("atis"))
    assert (len(splits.train), len(splits.dev)) == (4478, 500)
    assert all(len(row.words) == len(row.tags) for row in splits.train.itertuples())
    assert {tag[:2] for tags in splits.train["tags"] for tag in tags} == {"O", "B-", "I-"}

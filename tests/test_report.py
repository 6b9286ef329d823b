"""The report: what it holds, that nothing in it runs or is loaded, and that the findings in it are true."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from test_runs import TINY, write_table

from textrnn import cli, datasets, experiments, metrics, saving
from textrnn.experiments import deciding_characters, find_training_data
from textrnn.experiments.html import element, page, table

ROOT = Path(__file__).parents[1]
HEADLINES = ROOT / "datasets" / "headlines"
EVIL = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


@pytest.fixture(scope="module")
def classifier():
    return saving.load_classifier(ROOT / "models" / "headlines-textrnn")


def test_what_is_no_element_becomes_no_markup():
    assert element("p", EVIL, title='"><b>') == (
        '<p title="&quot;&gt;&lt;b&gt;">&lt;script&gt;document.title=&#x27;owned&#x27;&lt;/script&gt;&lt;img src=x '
        "onerror=&quot;document.title=&#x27;owned&#x27;&quot;&gt;</p>"
    )
    assert EVIL not in page(EVIL, "", [table([EVIL], [[EVIL], [element("b", EVIL)], [3], [0.5]])])


def test_likely_wrong_labels_are_those_that_were_swapped():
    rng = np.random.default_rng(0)
    true = rng.integers(0, 4, 400)
    probs = np.full((400, 4), 0.05)
    probs[np.arange(400), true] = 0.85
    probs += rng.uniform(0, 0.02, probs.shape)
    probs /= probs.sum(axis=1, keepdims=True)
    given, swapped = true.copy(), rng.choice(400, 12, replace=False)
    given[swapped] = (true[swapped] + 1) % 4
    rows = pd.DataFrame({"text": [f"t{row}" for row in range(400)], "label": [f"c{label}" for label in given]})
    found = metrics.likely_wrong_labels(rows, probs, ["c0", "c1", "c2", "c3"])
    assert set(found["text"]) == {f"t{row}" for row in swapped}
    assert [f"c{true[int(row.text[1:])]}" for row in found.itertuples()] == found["suggested"].tolist()
    assert (np.diff(found["score"] - found["score_of_label"]) <= 1e-12).all()
    assert metrics.likely_wrong_labels(rows, probs, ["c0", "c1", "c2", "c3"], num=3)["text"].tolist() == list(
        found["text"][:3]
    )


@pytest.mark.slow
def test_near_copies_are_found_nearest_first_and_each_pair_once():
    texts = [
        "国足客场一球小胜对手",
        "央行宣布下调存款准备金率",
        "国足客场一球小胜对手！",
        "国足客场一球小胜",
        "完全不同的一句话",
    ]
    rows = pd.DataFrame({"text": texts, "label": list("abcde")})
    found = datasets.near_copies(rows, least=0.5)
    assert found[["label", "other_label"]].to_numpy().tolist() == [["a", "c"], ["a", "d"], ["c", "d"]]
    assert found["share"].is_monotonic_decreasing
    assert datasets.near_copies(rows, least=1).empty


@pytest.mark.long
def test_what_decides_is_what_tracing_says(classifier):
    from textrnn import tracing

    text = "国足客场一球小胜，A股三大指数收涨"
    expected = tracing.saliency(saving.load_network(classifier.folder), text)
    found = deciding_characters(classifier.network, text, expected.attrs["label"])
    assert [character for character, _ in found] == expected["character"].tolist()
    np.testing.assert_allclose([value for _, value in found], expected["left_out"], atol=1e-4)
    assert deciding_characters(classifier.network, "股", "stocks")[0][0] == "股"


@pytest.mark.slow
def test_the_training_data_is_found_by_its_hash_and_rows_of_the_table_are_left_out(classifier):
    test = datasets.read_table(HEADLINES / "test.tsv")
    found = find_training_data(classifier, str(HEADLINES / "test.tsv"), test)
    assert len(found) == classifier.card["trained_on"]["rows"]["train"]
    assert not set(found["text"]) & set(test["text"])
    train = datasets.read_table(HEADLINES / "train.tsv")
    assert find_training_data(classifier, str(HEADLINES / "train.tsv"), train) is None  # nothing is left to fit on


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A report of a run whose data holds markup in texts and in a label, and its folder."""
    folder = tmp_path_factory.mktemp("report")
    mine = write_table(folder / "mine.tsv", 150)
    with mine.open("a", encoding="utf-8") as file:
        file.write("".join(f"{EVIL}\t{EVIL} {row}\n" for row in range(50)))
    new = folder / "new.tsv"
    lines = write_table(folder / "other.tsv", 60).read_text("utf-8").splitlines()
    lines += [f"sport\t{EVIL} x", f"{EVIL}\tabcde", f"{EVIL}\t{EVIL} 7", f"sport\t\u202e{EVIL}"]
    new.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for args in (
        ["train", mine, "--run", folder / "run", *TINY],
        ["report", folder / "run", new, "--out", folder / "report.html"],
    ):
        result = CliRunner().invoke(cli.main, [str(arg) for arg in args])
        assert result.exit_code == 0, (result.output, result.exception)
    return folder


@pytest.mark.long
def test_a_report_opens_in_a_browser_loads_nothing_and_runs_nothing(written, browser):
    loaded, said, opened = [], [], browser.new_page(viewport={"width": 400, "height": 800})
    opened.on("request", lambda request: loaded.append(request.url))
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.goto((written / "report.html").as_uri())
    assert [url for url in loaded if not url.startswith("data:")] == [(written / "report.html").as_uri()]
    assert said == []
    assert opened.title() == "run on new.tsv"
    headings = ["Score", "Data", "Training", "Each class", "Confusion", "How sure it is", "Worst mistakes"]
    assert opened.locator("h2").all_inner_texts() == [*headings, "Likely wrong labels", "Copies"]
    assert opened.evaluate("[...document.images].every(image => image.naturalWidth > 0 && image.alt)")
    assert opened.evaluate("document.images.length") == 7  # the curve of the run is among them
    assert opened.locator("script, iframe, object, link, td img, [onerror]").count() == 0
    assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert EVIL in "".join(opened.locator("table").all_text_contents())  # to be read, as it is
    opened.close()


@pytest.mark.long
def test_the_numbers_of_a_report_are_those_of_the_model(written):
    html = (written / "report.html").read_text("utf-8")
    table = datasets.read_table(written / "new.tsv")
    model = experiments.read_run(written / "run").model
    expected = metrics.accuracy(table["label"], saving.load_classifier(model).predict(table["text"]))
    own = html.split("<b>the model</b>")[1]
    numbers = [part.split("<")[0] for part in own.split('"number">')[1:4]]
    assert numbers == [f"{expected[name]:.4f}" for name in ("accuracy", "low", "high")]
    assert "linear SVM" in html  # fitted on mine.tsv, which lies beside


def test_a_report_that_cannot_be_made_leaves_nothing(tmp_path):
    (tmp_path / "foreign.tsv").write_text("weather\t多云转晴\nsports\t国足小胜\n", encoding="utf-8")
    args = ["report", str(ROOT / "models" / "headlines-textrnn"), str(tmp_path / "foreign.tsv")]
    result = CliRunner().invoke(cli.main, [*args, "--out", str(tmp_path / "report.html")])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "1 of 2 rows have labels that the model lacks, the first is 'weather'; it has" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["foreign.tsv"]
    assert result.stderr.count("\n") == 1

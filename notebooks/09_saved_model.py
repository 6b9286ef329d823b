# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 09 · The saved model: load it anywhere, ask it anything, teach it more
#
# The model of notebook 06 is a folder, `models/headlines-textrnn`. **What is in it, who can use it, how far can its
# scores be trusted, and how does it learn more?**
#
# **The answer in one sentence:** it is a TensorFlow SavedModel that takes raw text and gives label names, so any
# program that has TensorFlow can use it, without this project and without Keras; and it is the same network as data,
# which this project reads without TensorFlow, and can train on.

# %%
try:
    import json
    import subprocess
    import sys
    from pathlib import Path

    import keras
    import matplotlib.pyplot as plt
    import numpy as np
    import pandas as pd
    import tensorflow as tf

    from textrnn import cards, datasets, metrics, networks, plots, saving, training
    from textrnn.lessons import diagrams
except ModuleNotFoundError as missing:
    raise SystemExit(f'{missing}: run %pip install -e "PATH[train]", PATH being your copy of this project') from None

pd.set_option("display.max_colwidth", None)
tf.get_logger().setLevel("ERROR")  # TensorFlow would say that it compiles a function once more

# %% [markdown]
# ## Settings
#
# `MODEL_DIR` is the model that comes with this project; the one that notebook 06 saves when you run it, in
# `build/models`, can stand in its place. `TEXTS` is yours to change; the few sentences below that speak of the four
# texts belong to these four.

# %% tags=["parameters"]
MODEL_DIR = "../models/headlines-textrnn"  # the saved model of this project, or "../build/models/headlines-textrnn"
NEW_MODEL_DIR = "../build/models/esports-textrnn"  # where the model goes that learns more below
TEXTS = [  # put your own here
    "新型火箭发射成功 卫星顺利入轨",
    "小学生放学路上捡到钱包交给民警",
    "沪指午后跳水失守3000点",
    "这支球队被谁收购了？",
]
SEED = 0  # decides the old headlines, dropout and the order of the batches
NUM_REPLAY = 1500  # old training headlines that are mixed into the new ones

# %% [markdown]
# ## What is in the folder
#
# A saved model is a folder. Its files and their sizes:

# %%
folder = Path(MODEL_DIR)
files = sorted(path for path in folder.rglob("*") if path.is_file())
contents = [(path.relative_to(folder).as_posix(), round(path.stat().st_size / 1024)) for path in files]
pd.DataFrame(contents, columns=["file", "KiB"])

# %% [markdown]
# The same network stands here twice. `saved_model.pb` is the graph, with the vocabulary in it, and `variables/` are its
# weights: a program for TensorFlow. `assets.extra/` holds it as data, for people and for this package: the card, the
# label list, the network's settings, the vocabulary, and the weights as plain numbers (safetensors).
#
# The card first, and its scores by split. A model without one is a riddle: trained on what, how good, allowed for what?

# %%
card = cards.read_card(folder)
shown = {key: card[key] for key in ("name", "trained_on", "seed", "settings", "max_length", "licence", "limits")}
print(json.dumps(shown, indent=1, ensure_ascii=False))
scores = pd.DataFrame(card["metrics"]).T
scores.round(3).astype({"rows": int})

# %% [markdown]
# The scores have intervals (`low`, `high`), and on dev the linear SVM's stands beside them (`NaN`: not in the card);
# what a calibration error is comes further down. The card also holds the SHA-256 of the training files and of every
# file of the model; loading compares them and refuses a folder in which something was changed.
#
# ## In a fresh process, with TensorFlow alone
#
# The next program is given to a new Python process. It is all that a user of the model has to write: load, ask, and
# turn bytes into strings. (Each time this notebook is built, the program also runs where neither this package nor Keras
# can be imported.)

# %%
program = """
import json, sys
import tensorflow as tf

model = tf.saved_model.load(sys.argv[1])
answer = model.serve(tf.constant(sys.argv[2:]))
labels = [label.decode() for label in answer["label"].numpy()]
print(json.dumps({"labels": labels, "scores": answer["score"].numpy().tolist()}))
"""
command = [sys.executable, "-c", program, str(folder), *TEXTS]
process = subprocess.run(command, capture_output=True, check=True, text=True, encoding="utf-8")
alone = json.loads(process.stdout)
pd.DataFrame({"text": TEXTS, "label": alone["labels"], "score": np.round(alone["scores"], 2)})

# %% tags=["checks"]
our_texts = len(TEXTS) == 4 and TEXTS[2] == "沪指午后跳水失守3000点"  # the sentences below speak of these
blind = """
import sys
from importlib.machinery import PathFinder

class Blind(PathFinder):
    find_spec = lambda name, *rest: None if name in ("keras", "textrnn") else PathFinder.find_spec(name, *rest)

sys.meta_path[:] = [Blind if finder is PathFinder else finder for finder in sys.meta_path]
"""
command[2] = blind + program
process = subprocess.run(command, capture_output=True, check=True, text=True, encoding="utf-8")
assert json.loads(process.stdout) == alone
assert not our_texts or alone["labels"][2] == "stocks"

# %% [markdown]
# In English: a new rocket is launched and its satellite reaches orbit; a pupil finds a purse and hands it to the
# police; the Shanghai index dives below 3,000 in the afternoon; who has bought this team? Two lines of TensorFlow
# (load, ask), labels by name, and no preparation to repeat: it is in the graph.
#
# A server such as TensorFlow Serving asks for the signature. This is what it sees:

# %%
loaded = tf.saved_model.load(str(folder))
signature = loaded.signatures["serving_default"]
inputs = signature.structured_input_signature[1]
pd.DataFrame(
    [(n, s.dtype.name, str(s.shape)) for n, s in sorted(signature.structured_outputs.items())],
    columns=["output", "dtype", "shape"],
)

# %% tags=["checks"]
assert list(inputs) == ["text"] and inputs["text"].dtype == tf.string

# %% [markdown]
# One string tensor in, three tensors out, the batch size free (`None`).
#
# ## With this package
#
# Beside the graph stands the same network as data: its settings, vocabulary and weights. `load_classifier` reads only
# these, checks them against the card and computes with NumPy, so it needs no TensorFlow, and a stranger's model cannot
# run anything. It takes one string, a list, a pandas column or a NumPy array.

# %%
classifier = saving.load_classifier(folder)
answers = classifier.predict_table(TEXTS)
for texts in (TEXTS[0], TEXTS, pd.Series(TEXTS), np.array(TEXTS)):
    assert classifier.predict(texts)[0] == alone["labels"][0]
answers.round(2)

# %% tags=["checks"]
assert list(answers["label"]) == alone["labels"]

# %% [markdown]
# The labels are those of the fresh process, and every form of input gives the same first answer.
#
# TensorFlow is made for large networks, and this one is small: much of the time goes into starting its many little
# operations. So NumPy is the faster one here (`benchmarks/RESULTS.md` has the numbers). `runtime="tensorflow"` makes a
# Keras network of the same data. All dev headlines, both ways:

# %%
dev = datasets.load("headlines").dev
in_keras = saving.load_classifier(folder, runtime="tensorflow")
by_both = [answerer.predict_table(dev["text"]) for answerer in (classifier, in_keras)]
same = (by_both[0]["label"] == by_both[1]["label"]).sum()
largest = np.abs(by_both[0]["score"] - by_both[1]["score"]).max()
f"{same} of {len(dev)} labels the same; scores differ by less than 0.0001: {largest < 1e-4}"

# %% tags=["checks"]
assert same == len(dev) and largest < 1e-4

# %% [markdown]
# The rest of this notebook works with either. Behind the best label stand all the others, with probabilities that add
# up to 1. Darker is more:

# %%
probs = pd.DataFrame(classifier.predict_proba(TEXTS), index=TEXTS, columns=classifier.label_names)
fig, ax = plt.subplots(figsize=(10, 1 + 0.4 * len(TEXTS)), layout="constrained")
_ = diagrams.plot_values(ax, probs.to_numpy(), row_names=TEXTS, words=list(probs.columns), limits=(0, 1))

# %% tags=["checks"]
train_texts = datasets.load("headlines").train.set_index("text")["label"]
rockets = train_texts[train_texts.index.str.contains("火箭")].value_counts()
launches = train_texts[train_texts.index.str.contains("卫星.*发射|发射.*卫星")]
assert np.allclose(probs.sum(axis=1), 1, atol=1e-5)
assert not our_texts or (probs.iloc[2].max() > 0.7 and probs.iloc[0].idxmax() == "politics")
assert rockets.sum() == 6 and rockets["sports"] == 5
assert len(launches) == 2 and set(launches) == {"politics"}

# %% [markdown]
# The third text has one dark field: the network is sure, and right. The first has a paler one, on politics. Why not
# science? Look at what it has learnt from: of the six training headlines with `火箭` (rocket) five are about
# basketball, the Houston Rockets, and both that speak of launching a satellite are labelled politics. A model knows its
# training data, not the world.
#
# ## What you may rely on
#
# The answer for a text does not depend on its company: alone, in a batch, or beside a much longer text, it is the same.

# %%
one_by_one = np.concatenate([classifier.predict_proba(text) for text in TEXTS])
beside_long = classifier.predict_proba([*TEXTS, "长" * 500])[:-1]
largest = max(np.abs(one_by_one - probs.to_numpy()).max(), np.abs(beside_long - probs.to_numpy()).max())
f"largest difference below 0.00001: {largest < 1e-5}"

# %% tags=["checks"]
assert largest < 1e-5

# %% [markdown]
# Nothing is cut off in silence either. This network reads 28 characters at a time; a longer text is read in windows of
# that length, and the answer is the mean of theirs. A text that begins with a headline about stocks and goes on with
# twenty about sports, read whole, and its first 28 characters alone:

# %%
begin, rest = ("沪指午后跳水失守3000点", dev["text"][dev["label"] == "sports"].iloc[:20])
mixed = "。".join([begin, *rest])
whole, head = (classifier.predict_table(mixed, long_text=how) for how in ("windows", "head"))
pd.concat([whole, head], keys=["windows", "head"])[["label", "score"]].droplevel(1).round(2)

# %% tags=["checks"]
assert len(mixed) > 400 and card["max_length"] == 28
assert (whole["label"][0], head["label"][0]) == ("sports", "stocks")

# %% [markdown]
# Windows are what you get unless you ask for `long_text="head"`. The same two are in the saved graph, as `serve` and
# `head`, for those who use TensorFlow alone. Mind that the network has learnt from headlines: it judges each window as
# if it were one.
#
# Bad input is refused by name, before the graph sees it:

# %%
for bad in (["股市大涨", ""], ["股市大涨", None], [b"\xb9\xc9\xca\xd0"]):
    try:
        classifier.predict(bad)
    except ValueError as error:
        print(error)

# %% [markdown]
# And what you may **not** rely on: it knows ten classes and puts everything into one of them. A greeting, English, or a
# poem gets a label too; only the score tells that something is odd, and not always.

# %%
strange = classifier.predict_table(["你好", "The quick brown fox", "床前明月光，疑是地上霜", "😀😀😀"])
strange.round(2)

# %% tags=["checks"]
assert strange["score"].max() > 0.7

# %% [markdown]
# "Hello", an English sentence, two lines of Li Bai ("moonlight before my bed, I took it for frost on the ground") and
# three emoji. None of them is news; each got a class, and not always with a low score.
#
# ## How far to trust a score
#
# Of the headlines that the network is 80 % sure of, are 80 % right? Then it would be *calibrated*. The dev headlines by
# their score:

# %%
answers = classifier.predict_table(dev["text"])
bins = pd.cut(answers["score"], [0, 0.5, 0.6, 0.7, 0.8, 0.9, 1]).rename("score between")
in_bins = pd.DataFrame({"score": answers["score"], "right": answers["label"] == dev["label"]}).groupby(bins)
by_score = in_bins.agg(rows=("right", "size"), mean_score=("score", "mean"), share_right=("right", "mean"))
error = metrics.calibration_error(dev["label"], answers["label"], answers["score"])
fig, ax = plt.subplots(figsize=(4.5, 4.2), layout="constrained")
_ = ax.plot([0.3, 1], [0.3, 1], ":", color="0.5", label="calibrated")
_ = ax.plot(by_score["mean_score"], by_score["share_right"], "o-", color="black", label="this network")
for row in by_score.itertuples():
    _ = ax.annotate(f"{row.rows} rows", (row.mean_score, row.share_right), (4, -12), textcoords="offset points")
_ = ax.set(xlabel="mean score", ylabel="share that is right", xlim=(0.28, 1.16))
_ = ax.legend()

# %% tags=["checks"]
assert (by_score["share_right"] > by_score["mean_score"]).all() and 0.09 < error < 0.105

# %% [markdown]
# A point for each bin of scores. It is too modest: every point lies above the dotted line, so more are right than the
# score says. A likely reason is *label smoothing*: in training the right class counted as 0.91 and each other class as
# 0.01, so the network learnt never to be sure. The mean distance from the line, weighted by rows, is the *calibration
# error* (`metrics.calibration_error`, with fifteen bins of equal width): more than 9 points here.
#
# The cure is one number. All scores are divided by a *temperature* before the softmax: the order of the classes stays,
# so no label changes, and all probabilities move. `fit_temperature` finds the number that fits best; one half of dev
# serves to find it, the other to judge.

# %%
network = saving.load_network(folder)
names, fitted_on, judged_on = classifier.label_names, dev[::2], dev[1::2]
errors = {}
temperature = metrics.fit_temperature(fitted_on["label"], training.predict_proba(network, fitted_on["text"]), names)
for value in (1, temperature):
    networks.set_temperature(network, value)
    judged = training.predict_proba(network, judged_on["text"])
    labels = metrics.predicted_labels(judged, names)
    errors[round(value, 2)] = metrics.calibration_error(judged_on["label"], labels, judged.max(axis=1))
pd.Series(errors, name="calibration error").rename_axis("temperature").round(3).to_frame()

# %% tags=["checks"]
assert 0.5 < temperature < 0.7 and errors[round(temperature, 2)] < 0.33 * errors[1]

# %% [markdown]
# Below 1: surer. More than two thirds of the error are gone, on headlines that had no part in choosing the temperature.
# Save `network`, and the folder answers with it; the model of this project stays at 1.
#
# ## When not to answer
#
# A score that means something lets a program say "I do not know, ask a person". `min_score` does: below it the label is
# `unknown`. What does that cost, and what does it buy?

# %%
curve = metrics.coverage_curve(dev["label"], answers["label"], answers["score"])
fig, ax = plt.subplots(figsize=(6.5, 3.5), layout="constrained")
_ = plots.plot_coverage(curve, ax)
at = curve.set_index("threshold")

# %% tags=["checks"]
assert 0.80 < at.loc[0.7, "coverage"] < 0.88 and at.loc[0.7, "accuracy"] > 0.98
assert at.loc[0.9, "accuracy"] > 0.99 and 0.5 < at.loc[0.9, "coverage"] < 0.67

# %% [markdown]
# From left to right the network answers less (dashed) and is right more often (solid). With `min_score=0.7` it answers
# more than four headlines of five, and more than 98 % of the answers are right; with 0.9 it is right in more than 99 %,
# and leaves a third or more to a person. Which of them is best depends on what a wrong label costs you. And the four
# strange texts?

# %%
doubtful = classifier.predict_table(strange["text"], min_score=0.7)
doubtful.round(2)

# %% tags=["checks"]
assert list(doubtful["label"] == "unknown") == [True, False, True, True]

# %% [markdown]
# Not all are `unknown` now: the English sentence passes, as science, with a high score. `min_score` keeps back the
# doubtful cases of the kind of text that the network has learnt; it is no guard against texts of another kind.
#
# ## Teach it more
#
# E-sports are played on computers and reported like sports. In this data they belong to `game`, but only six of the
# 4,550 training headlines speak of them. Twelve new headlines say so more clearly: finals won and lost, transfers, a
# retirement, a national team's training camp, all of e-sports (`电竞`, in full `电子竞技`).

# %%
new_texts = [
    "电竞战队三比二逆转夺冠 队长泪洒赛场",
    "电子竞技世界总决赛今晚打响 中国队迎战韩国队",
    "电竞联赛春季赛落幕 卫冕冠军止步四强",
    "职业选手宣布退役 电竞生涯拿下七座奖杯",
    "电竞国家队公布集训名单 主教练谈备战",
    "老将复出 电竞豪门提前锁定季后赛席位",
    "电竞亚洲杯小组赛 中国队横扫对手",
    "电竞俱乐部官宣转会 天才中单加盟北京队",
    "半决赛遗憾告负 电竞战队教练：问题在心态",
    "电竞世锦赛抽签揭晓 卫冕冠军与劲旅同组",
    "电竞女子队首夺全国冠军 队员平均年龄19岁",
    "电竞联赛第五轮 主场作战的广州队两连胜",
]

# %% [markdown]
# Six more are kept back, to test whether the network has learnt more than twelve texts by heart. They speak of a final,
# a press conference, the end of a league, a debut, a world cup and a new coach. As it stands, the network calls most of
# them something else than game:

# %%
kept_back = [
    "电竞决赛打满五局 上海队捧杯",
    "电竞队主帅赛后发布会：输在开局",
    "电竞联赛收官 积分榜前四晋级季后赛",
    "电竞新秀首秀拿下全场最佳",
    "电竞世界杯中国两队会师决赛",
    "电竞战队换帅 新教练周一带队训练",
]
new = pd.DataFrame({"text": new_texts, "label": "game"})
before = classifier.predict_table(kept_back)
share_before = (before["label"] == "game").mean()
before.round(2)

# %% tags=["checks"]
known_before = train_texts[train_texts.index.str.contains("电竞|电子竞技")]
assert len(known_before) == 6 and set(known_before) == {"game"} and (len(new), len(kept_back)) == (12, 6)
assert share_before < 0.5

# %% [markdown]
# `load_network` gives the Keras model back. Training on the twelve alone would make it forget; so they are mixed with
# old headlines, each of the twelve ten times. `recount=False` leaves the class counts of notebook 06 as they are:
# counted again in this mixture, they would know a third of the old headlines, and each new one ten times. A low
# learning rate and three epochs are enough (a few seconds each).

# %%
keras.utils.set_random_seed(SEED)  # for dropout
splits = datasets.load("headlines")
replay = splits.train.sample(NUM_REPLAY, random_state=SEED)
mixture = pd.concat([replay, *[new] * 10], ignore_index=True)
network = saving.load_network(folder)
network.compile(optimizer=keras.optimizers.Adam(3e-4), loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1))
history = training.fit(network, mixture, splits.dev, epochs=3, batch_size=32, seed=SEED, recount=False, progress=False)
history[["epoch", "loss", "dev_accuracy"]].round(3)

# %% [markdown]
# What has it learnt, and what has it forgotten?

# %%
label_names, known = networks.label_names(network), splits.dev["label"]
after = metrics.predicted_labels(training.predict_proba(network, kept_back), label_names)
share_after = (after == "game").mean()
dev_after = metrics.predicted_labels(training.predict_proba(network, splits.dev["text"]), label_names)
old_accuracy = metrics.accuracy(known, classifier.predict(splits.dev["text"]))
new_accuracy = metrics.accuracy(known, dev_after)
comparison = {
    "before": [share_before, old_accuracy["accuracy"]],
    "after": [share_after, new_accuracy["accuracy"]],
}
pd.DataFrame(comparison, index=["kept-back e-sports as game", "accuracy on dev"]).round(3)

# %% tags=["checks"]
assert share_after > share_before and share_after > 0.8
assert new_accuracy["accuracy"] > old_accuracy["accuracy"] - 0.01

# %% [markdown]
# At least five of the six headlines that it never saw are game now, and on dev the network is within a point of where
# it was. Has it understood e-sports? All six hold the word `电竞`, as nearly all of the twelve do; it may have learnt
# no more than that. Exercise 5 asks. Save it under a name of its own, and say in the card where it comes from.

# %%
card = {
    "trained_on": {
        "name": f"{folder.name}, continued on 12 e-sports headlines",
        "rows": {"train": len(mixture)},
        "files": {},
    },
    "seed": SEED,
    "settings": {"epochs": 3, "batch_size": 32, "learning_rate": 3e-4, "replay": NUM_REPLAY},
    "metrics": {"dev": new_accuracy},
    "training_seconds": round(history.attrs["seconds"]),
    "licence": "CC0-1.0",
    "limits": "As the model it comes from; e-sports counts as game.",
}
new_folder = saving.save_classifier(network, NEW_MODEL_DIR, card=card)
saving.load_classifier(new_folder).predict_table("电竞全明星赛门票一小时售罄")[["label"]]

# %% [markdown]
# "Tickets for the e-sports all-star game sold out within an hour."
#
# ## Exercises
#
# 1. Put ten headlines of your own into `TEXTS`, write down your guess of the label and of the score, then run.
# 2. Set `NUM_REPLAY = 100`. What happens to the accuracy on dev after each pass, and why not 0?
# 3. Take one headline and reverse the order of its characters. Does the label change? Does the score?
# 4. Change one byte of `assets.extra/labels.txt` in a copy of the folder and load the copy. Which check speaks?
# 5. Write the six kept-back headlines without `电竞`, and once more with `篮球` (basketball) in its place. How many of
#    each does the network call `game` after its new training? What has it learnt?
#
# Our measurements are in [answers.md](answers.md).

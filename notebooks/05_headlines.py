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
# # 05 · Headlines: look at the data before the network does
#
# A network reads numbers. **What is in these headlines, can they be trusted, and how does one of them become a row of
# numbers without losing what matters?**
#
# **The answer in one sentence:** ten classes that overlap where real news does, no copies between the splits, and seven
# small steps from text to ids, which are the same in Python and inside the saved model.

# %%
try:
    import matplotlib.pyplot as plt
    import numpy as np
    import pandas as pd
    import tensorflow as tf

    from textrnn import datasets, layers, plots, preprocessing
except ModuleNotFoundError as missing:
    raise SystemExit(f'{missing}: run %pip install -e "PATH[train]", PATH being your copy of this project') from None

pd.set_option("display.max_colwidth", None)

# %% [markdown]
# ## Settings
#
# One switch decides what all cells below look at: the embedded headlines, real Sina news (`"thucnews"`), or the path of
# a TSV, CSV or Sogou file of your own. Notebook 06 has the same switch.

# %% tags=["parameters"]
DATASET = "headlines"  # or "thucnews", or the path of your own file or folder
DATA_DIR = None  # folder that holds the files of a named set; None: embedded, or the download cache
MAX_LENGTH = 32  # characters that the encoder keeps

# %% [markdown]
# ## Read
#
# `load` gives three tables with the columns `text` and `label`. A line that cannot be read stops it, with the file and
# the line in the message: a row that vanishes in silence is worse than an error.

# %%
EMBEDDED = DATASET == "headlines"
splits = datasets.load(DATASET, data_dir=DATA_DIR)
train = splits.train
train.head()

# %% tags=["checks"]
if EMBEDDED:
    assert len(train) == 4550 and train["label"].nunique() == 10

# %% [markdown]
# One text in each row, and the class that somebody gave it. One headline of each class, with its English meaning:

# %%
meanings = {
    "education": "Jilin University sends its admission letters to Beijing from today",
    "entertainment": "Chinese cartoon passes 100 million at the box office, outshines human stars",
    "finance": "Head of fixed income leaves Qingjia Fund; company calls it routine",
    "game": "Nintendo players meet: a hundred people swap monsters",
    "politics": "Drunken US soldier in Japan breaks into a house, police arrest him",
    "realty": "Beijing housing weekly (4.5-4.11): signed contracts rise slightly",
    "science": "Good value for beginners: SLR kit falls below 3,000 yuan",
    "society": "Post says girl was lured into a pyramid scheme and died; police deny it",
    "sports": "Which of Spain's twin towers is stronger? European championship preview: the inside game",
    "stocks": "Oil reaches 90 dollars, energy shares lift the market",
}
examples = train.groupby("label").first()
examples["meaning"] = examples.index.map(meanings) if EMBEDDED else ""
examples

# %% [markdown]
# They are short, often without a subject, and full of numbers and names. All of the embedded ones were written for this
# project, in the style of a Chinese portal of about 2010; `datasets/headlines/README.md` says how.
#
# ## How many, and how long?
#
# Two questions before any training. Does one class have more rows than another? And how many characters must the
# network read?

# %%
lengths = train["text"].str.len()
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
_ = plots.plot_class_counts(train, left)
_ = plots.plot_lengths(train["text"], right, max_length=MAX_LENGTH)

# %% tags=["checks"]
if EMBEDDED:
    assert train["label"].value_counts().nunique() == 1
    assert lengths.max() <= MAX_LENGTH and lengths.between(12, 26).mean() > 0.95

# %% [markdown]
# Left: every class has the same number of rows, so guessing gives one in ten. Right: nearly all headlines have between
# 12 and 26 characters, and none is longer than what the encoder keeps.
#
# A network reads batches, and a batch is a rectangle: short texts are filled up (*padded*). What would it cost to pad
# all of them to the same length?

# %%
wasted = 1 - lengths.mean() / MAX_LENGTH
f"{wasted:.0%} of the steps would be padding"

# %% tags=["checks"]
if EMBEDDED:
    assert 0.38 < wasted < 0.43

# %% [markdown]
# About 40 % of the work would go into padding. So training here puts headlines of similar length into one batch.
#
# ## Audit
#
# Copies inside a split, the same text with two labels, a test text that also stands in train: each of them makes a
# score misleading. One call looks for all of them, exact and after normalising (`NaN`: a split is not compared with
# itself).

# %%
audit = datasets.audit(splits)
unknown_share = audit.loc["texts with an unknown character, share", "dev"]
audit

# %% tags=["checks"]
if EMBEDDED:
    assert (audit.filter(like="also in", axis=0).fillna(0) == 0).all(axis=None) and 0.08 < unknown_share < 0.13

# %% [markdown]
# The rows to read first are `also in …`. In the embedded set they are 0, by construction. In the public THUCNews files
# they are not: 8 titles stand in both dev and test, and about 0.3 % of the train titles occur in dev or test (set
# `DATASET` to see it). That is small; in your own files it may not be.
#
# The last line matters as well: about one dev headline in ten holds a character that train never showed. The model must
# have an answer for those.
#
# The audit counts; `overlaps` lists the rows:

# %%
shared = datasets.overlaps(splits.dev, train)
shared

# %% tags=["checks"]
if EMBEDDED:
    assert shared.empty

# %% [markdown]
# An empty table: nothing to remove.
#
# ## Where the classes overlap
#
# How well does one word give the class away? For a few telling words, the rows of each class that hold it:

# %%
words = {
    "基金": "fund",
    "手机": "mobile phone",
    "大学": "university",
    "男子": "a man",
    "银行": "bank",
    "楼": "building",
}
counts = {w: train.loc[train["text"].str.contains(w), "label"].value_counts() for w in words}
table = pd.DataFrame(counts).fillna(0).astype(int)
table.rename(columns={word: f"{word} ({meaning})" for word, meaning in words.items()})

# %% tags=["checks"]
if EMBEDDED:
    assert table["基金"]["finance"] > 0.9 * table["基金"].sum() and table["银行"]["stocks"] > table["银行"]["finance"]
    assert table["手机"].nlargest(2).index.tolist() == ["science", "game"]
    assert table["楼"].nlargest(2).index.tolist() == ["realty", "society"]

# %% [markdown]
# `基金` (fund) nearly settles it. `手机` (mobile phone) is science, or a game for phones; `银行` (bank) is stocks more
# often than finance, because of `银行股` (bank shares); `楼` (building, also in `楼市`, the housing market) is realty,
# or society when somebody falls from one. Those are the headlines for which context counts.
#
# And order counts. These pairs hold the same characters in another order, and mean the opposite:

# %%
pairs = [
    ("油价由跌转涨", "oil turns from falling to rising"),
    ("油价由涨转跌", "oil turns from rising to falling"),
    ("老东家收购芯片公司", "its old owner buys the chip company"),
    ("芯片公司收购老东家", "the chip company buys its old owner"),
]
counts = pd.DataFrame([pd.Series(list(text)).value_counts() for text, _ in pairs]).fillna(0).astype(int)
counts.index = [f"{text} ({meaning})" for text, meaning in pairs]
counts

# %% tags=["checks"]
assert counts.iloc[0].equals(counts.iloc[1]) and counts.iloc[2].equals(counts.iloc[3])

# %% [markdown]
# Rows one and two are equal, and so are three and four: whoever counts characters cannot tell them apart. That is
# *arrive Taipei* and *leave Taipei* of notebook 01 again, with one difference: here the *class* is the same either way.
# Oil that falls and oil that rises belong to the same class. A desk that sorts headlines by subject may get far without
# any order; how far is a question for notebook 08.
#
# ## One headline from text to ids, step by step
#
# This one was made to have what goes wrong in practice: full-width letters, an ideographic space, two spaces in a row,
# a character that is outside the basic plane of Unicode (`𠮷`), and an emoji made of several code points.

# %%
text = "ＩＰＯ重启　Ａ股  𠮷家开门👨‍👩‍👧！"
f"{len(text)} code points: {text}"

# %% [markdown]
# "IPOs restart, A-shares, the Ji family opens its door", the emoji of a family, an exclamation mark.
#
# **Step 1, normalise.** One form for each character: full-width letters and signs become narrow, capitals become
# small, and each run of white space becomes one space.
#
# **Step 2, split** into code points. A reader sees one family; the list below has five entries for it, three people and
# two joiners (`\u200d`). A TensorFlow graph splits like that, and both sides must agree:

# %%
normal = preprocessing.normalise(text)
encoder = preprocessing.TextEncoder.from_texts(train["text"], max_length=MAX_LENGTH)
tokens = encoder.split(text)
print(normal)
print(tokens)

# %% tags=["checks"]
assert normal == "ipo重启 a股 𠮷家开门👨‍👩‍👧!"
assert len(tokens) == 19 and tokens[-6:] == ["👨", "\u200d", "👩", "\u200d", "👧", "!"]

# %% [markdown]
# **Step 3, the vocabulary** (it was made in the cell above): the characters of train, the most frequent first. Id 0 is
# kept for padding, id 1 for whatever train did not show. Dev and test have no say: at use, nobody will have seen their
# characters either.

# %%
pd.DataFrame({"id": range(2, 12), "character": encoder.tokens[:10]}).T

# %% tags=["checks"]
if EMBEDDED:
    assert set(encoder.tokens[:10]) >= {" ", "0", "1", ":", "人", "大"}

# %% [markdown]
# The space, digits and the colon lead; among the first ten are also `人` (person) and `大` (big). **Step 4, look up**:

# %%
ids = encoder.encode_one(text)
unknown = [token for token, id_ in zip(tokens, ids, strict=True) if id_ == 1]
print(*ids)

# %% tags=["checks"]
if EMBEDDED:
    assert unknown == ["𠮷", "👨", "\u200d", "👩", "\u200d", "👧"]

# %% tags=["checks"]
assert ids[0] == encoder.tokens.index("i") + 2

# %% [markdown]
# The first id is that of `i`, the last that of `!`. Each 1 is a character that the vocabulary lacks: the rare `𠮷` and
# the parts of the emoji. Nothing is left out, so the positions of the others stay true.
#
# **Step 5, pad.** A batch is a rectangle, headlines are not. Zeros fill the rows on the right:

# %%
batch = encoder.encode(["同步A股首秀", "股市大涨", "央行降息"])
batch

# %% tags=["checks"]
assert batch.shape == (3, 6) and (batch[1:, 4:] == 0).all()

# %% [markdown]
# "Debut in step with A-shares", "Stock market soars", "Central bank cuts rates". The network gets a mask that says
# which steps are padding, and skips them: its answer does not change if there are more zeros. **Step 6, the same inside
# the graph.** `TextToIds` is a Keras layer; what it does is saved with the model.

# %%
text_to_ids = layers.TextToIds(encoder)
dev_texts = splits.dev["text"]
in_graph = text_to_ids(tf.constant(dev_texts)).numpy()
in_python = encoder.encode(dev_texts)
f"{in_graph.shape[0]} dev headlines of {in_graph.shape[1]} steps: all ids equal"

# %% tags=["checks"]
assert np.array_equal(in_graph, in_python)

# %% [markdown]
# **Step 7, neighbours.** Many Chinese words have two characters. With `max_ngram=2` each character also gets the id of
# the pair that ends there: `股` after `a` is another id than `股` after `炒`.

# %%
with_pairs = preprocessing.TextEncoder.from_texts(train["text"], max_ngram=2, max_length=MAX_LENGTH)
pairs_of = with_pairs.encode_one("A股炒股")
pd.DataFrame(pairs_of, index=list("A股炒股"), columns=["character", "pair that ends here"]).T

# %% tags=["checks"]
if EMBEDDED:
    assert pairs_of[1, 0] == pairs_of[3, 0] and pairs_of[1, 1] != pairs_of[3, 1]
    assert pairs_of[2, 1] == 1

# %% tags=["checks"]
assert pairs_of.shape == (4, 2) and pairs_of[0, 1] == 0

# %% [markdown]
# "A-shares, to trade shares." The two `股` share the id of the character and differ in the pair; the first character
# ends no pair (0); and `股炒`, which is no word, is an unknown pair (1). How many ids are that?

# %%
pd.Series(with_pairs.num_ids, index=["characters", "pairs seen twice or more"], name="ids").to_frame()

# %% tags=["checks"]
if EMBEDDED:
    assert 4 < with_pairs.num_ids[1] / with_pairs.num_ids[0] < 5

# %% [markdown]
# More than four ids for pairs to each id for a character, although pairs that train shows only once are left out.
#
# ## Characters or words?
#
# Written Chinese has no spaces; jieba, a word splitter with a dictionary, puts them in. Here jieba decides on the
# training headlines which words there are, and texts are cut by the longest match against that list, so that the saved
# model can do it without jieba.

# %%
words_encoder = preprocessing.TextEncoder.from_texts(train["text"], unit="word", max_length=MAX_LENGTH)
headline = "网游公司赴美上市首日由跌转涨"
print(" / ".join(words_encoder.split(headline)))
sizes = {
    name: {"ids": e.num_ids[0], "tokens of a dev headline": np.mean([len(e.encode_one(t)) for t in dev_texts])}
    for name, e in {"characters": encoder, "words": words_encoder}.items()
}
pd.DataFrame(sizes).T.round(1)

# %% tags=["checks"]
if EMBEDDED:
    assert sizes["words"]["ids"] > 5 * sizes["characters"]["ids"]
    assert sizes["words"]["tokens of a dev headline"] < 0.7 * sizes["characters"]["tokens of a dev headline"]

# %% [markdown]
# "Online game company, listed in the US: on the first day its shares first fall, then rise." Words make a headline a
# third shorter and the list more than five times as long. How often does train show a word, then?

# %%
twice = preprocessing.TextEncoder.from_texts(train["text"], unit="word", min_count=2, max_length=MAX_LENGTH)
seen_once = 1 - twice.num_ids[0] / words_encoder.num_ids[0]
f"{seen_once:.0%} of the words stand in train only once"

# %% tags=["checks"]
if EMBEDDED:
    assert seen_once > 0.5

# %% [markdown]
# More than half of them only once: too little to learn from. This is one reason why the network of notebook 06 reads
# characters, with the pairs and triples of them that occur at least twice.
#
# ## Mistakes that are easy to make
#
# - *Making the vocabulary from all rows.* Then no character of dev or test is ever unknown, and the score promises more
#   than a stranger's headline will get.
# - *Reading a TSV with the default settings of a table reader.* One quotation mark without a partner can swallow the
#   rows that follow, without an error. `datasets.read_table` takes quotation marks as they are.
# - *Preparing texts twice, once for training and once in the program that uses the model.* The two drift apart. Here
#   the preparation is a layer of the model.
#
# ## Exercises
#
# Write down your prediction first, then run it.
#
# 1. Set `DATASET` to a TSV of your own (`label<TAB>text`), delete the label in one line, and run. What does the message
#    say, and what would you have learnt from a reader that skips bad lines?
# 2. Build a second encoder with `lower=False`. How many more ids do you expect? Count.
# 3. Guess how many of the 4,550 headlines contain a character that occurs only once in train; then count.
# 4. Move 50 rows of dev into train (`splits._replace`, `pd.concat`) and run the audit. Which lines change?
# 5. Find two headlines of your own for the table of words: one word that settles the class, one that misleads.
#
# Our measurements are in [answers.md](answers.md).

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
# **Question.** A network reads numbers. What is in these headlines, can they be trusted, and how does one of them
# become a row of numbers without losing what matters?

# %% [markdown]
# **Answer in one sentence.** Ten classes that overlap where real news does, no doubles between the splits, and seven
# small steps from text to ids, which are the same in Python and inside the saved model.

# %% [markdown]
# ## Settings
#
# One switch decides what all cells below look at: the embedded headlines, real Sina news (`"thucnews"`), or the path
# of a TSV, CSV or Sogou file of your own. Notebook 06 has the same switch.

# %% tags=["parameters"]
DATASET = "headlines"  # or "thucnews", or the path of your own file or folder
DATA_DIR = None  # folder that holds the files of a named set; None: embedded, or the download cache
MAX_LENGTH = 32  # characters that the encoder keeps

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import tensorflow as tf

from textrnn import datasets, plots, preprocessing

pd.set_option("display.max_colwidth", None)
EMBEDDED = DATASET == "headlines"

# %% [markdown]
# ## Read
#
# `load` gives three tables with the columns `text` and `label`. A line that cannot be read stops it, with the file and
# the line in the message: a row that vanishes in silence is worse than an error.

# %%
splits = datasets.load(DATASET, data_dir=DATA_DIR)
train = splits.train
train.head()

# %% [markdown]
# One of each class, with its English meaning:

# %%
meanings = {
    "education": "Jilin University sends its admission letters to Beijing from today",
    "entertainment": "Chinese cartoon passes 100 million at the box office, beats films with stars",
    "finance": "Head of fixed income leaves Qingjia Fund; company calls it routine",
    "game": "Handheld players meet: a hundred people swap monsters",
    "politics": "Drunken soldier of a US base in Japan arrested in a private house",
    "realty": "Beijing housing weekly (4.5-4.11): signed contracts rise slightly",
    "science": "Good value for beginners: SLR kit falls below 3,000 yuan",
    "society": "Post says girl was lured into a pyramid scheme and died; police deny it",
    "sports": "Which of Spain's twin towers is stronger? A look ahead at the European championship",
    "stocks": "Oil reaches 90 dollars, energy shares lift the market",
}
examples = train.groupby("label").first()
examples["meaning"] = examples.index.map(meanings) if EMBEDDED else ""
examples

# %% [markdown]
# They are short, without a subject often, dense with numbers and names. All of the embedded ones are invented; the
# style is that of a Chinese portal of about 2010. `datasets/headlines/README.md` says how they were written.

# %%
if EMBEDDED:
    assert len(train) == 4550 and train["label"].nunique() == 10

# %% [markdown]
# ## How many, and how long?

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
_ = plots.plot_class_counts(train, left)
_ = plots.plot_lengths(train["text"], right, max_length=MAX_LENGTH)

# %% [markdown]
# Left: every class has the same number of rows, so guessing gives one in ten. Right: nearly all headlines have
# between 12 and 26 characters, and none is longer than what the encoder keeps. Padding every one of them to 32 would
# waste about 40 % of the work; training here groups headlines of like length instead.

# %%
lengths = train["text"].str.len()
wasted = 1 - lengths.mean() / MAX_LENGTH
if EMBEDDED:
    assert lengths.max() <= MAX_LENGTH and 0.38 < wasted < 0.43
    assert lengths.between(12, 26).mean() > 0.95
f"{wasted:.0%} of the steps would be padding"

# %% [markdown]
# ## Audit
#
# Doubles inside a split, the same text with two labels, a test text that also stands in train: each makes a score
# say something else than you think. One call looks for all of them, exact and after normalising (`NaN`: a split is not
# compared with itself).

# %%
audit = datasets.audit(splits)
audit

# %% [markdown]
# The rows to read first are `also in …`. In the embedded set they are 0, by construction. In the public THUCNews
# files they are not: 8 titles stand in both dev and test, and about 0.3 % of the train titles occur in dev or test.
# That is small; in your own files it may not be. `overlaps` lists the culprits:

# %%
shared = datasets.overlaps(splits.dev, train)
if EMBEDDED:
    assert shared.empty and audit.loc["also in train, normalised", "test"] == 0
shared

# %% [markdown]
# An empty table: nothing to remove. The last line of the audit matters as well: about one dev headline in ten holds a
# character that train never showed. The model must have an answer for those.

# %%
unknown_share = audit.loc["texts with an unknown character, share", "dev"]
if EMBEDDED:
    assert 0.08 < unknown_share < 0.13

# %% [markdown]
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
table = {f"{w} ({m})": train.loc[train["text"].str.contains(w), "label"].value_counts() for w, m in words.items()}
pd.DataFrame(table).fillna(0).astype(int)

# %% [markdown]
# `基金` (fund) nearly settles it. `手机` (mobile phone) is science, or a game for phones; `银行` (bank) is stocks
# more often than finance, because banks also rate shares; `楼` (building) is realty, unless someone falls from it.
# Those are the headlines for which context counts.

# %%
if EMBEDDED:
    fund, bank = (
        train.loc[train["text"].str.contains(w), "label"].value_counts(normalize=True) for w in ("基金", "银行")
    )
    assert fund["finance"] > 0.9 and bank["stocks"] > bank["finance"]

# %% [markdown]
# And order counts. These pairs hold the same words in another order, and mean the opposite:

# %%
pairs = [
    ("油价由跌转涨", "oil turns from falling to rising"),
    ("油价由涨转跌", "oil turns from rising to falling"),
    ("老东家收购芯片公司", "its old owner buys the chip company"),
    ("芯片公司收购老东家", "the chip company buys its old owner"),
]
counts = pd.DataFrame([pd.Series(list(text)).value_counts() for text, _ in pairs]).fillna(0).astype(int)
counts.index = [f"{text} ({meaning})" for text, meaning in pairs]
assert counts.iloc[0].equals(counts.iloc[1]) and counts.iloc[2].equals(counts.iloc[3])
counts

# %% [markdown]
# Rows one and two are equal, and so are three and four: whoever counts characters cannot tell them apart. This is
# *arrive Taipei* and *leave Taipei* of notebook 01 again.

# %% [markdown]
# ## One headline from text to ids, step by step
#
# This one has everything that goes wrong in practice: full-width letters and digits, an ideographic space, a double
# space, a character that is outside the basic plane of Unicode, and an emoji made of several code points.

# %%
text = "ＩＰＯ重启　Ａ股  𠮷家开门👨‍👩‍👧！"
f"{len(text)} code points: {text}"

# %% [markdown]
# **Step 1, normalise.** One form for each character (`Ａ` becomes `a`), one space for each run of white space.
# "IPO restarts, the Ji family opens its door", a family, an exclamation mark:

# %%
normal = preprocessing.normalise(text)
assert normal == "ipo重启 a股 𠮷家开门👨‍👩‍👧!"
normal

# %% [markdown]
# **Step 2, split** into characters. The family is five code points, three people and two joiners, because that is how
# a TensorFlow graph splits too; both sides must agree.

# %%
encoder = preprocessing.TextEncoder.from_texts(train["text"], max_length=MAX_LENGTH)
tokens = encoder.split(text)
assert len(tokens) == 19 and tokens[-6:] == ["👨", "\u200d", "👩", "\u200d", "👧", "!"]
print(tokens)

# %% [markdown]
# **Step 3, the vocabulary**: the characters of train, the most frequent first. Id 0 is kept for padding, id 1 for
# whatever train did not show. Dev and test have no say: at use, nobody will have seen their characters either.

# %%
if EMBEDDED:
    assert set(encoder.tokens[:10]) >= {" ", "0", "1", ":", "人", "大"}
pd.DataFrame({"id": range(2, 12), "character": encoder.tokens[:10]}).T

# %% [markdown]
# The space, digits and the colon lead; among the first ten are also `人` (person) and `大` (big). **Step 4, look up**:

# %%
ids = encoder.encode_one(text)
assert ids[0] == encoder.tokens.index("i") + 2
assert 1 in ids
print(ids)

# %% [markdown]
# Each 1 is a character that the vocabulary lacks: the rare `𠮷` and the parts of the emoji. Nothing is left out, so
# the positions of the others stay true.

# %%
unknown = [token for token, id_ in zip(tokens, ids, strict=True) if id_ == 1]
if EMBEDDED:
    assert unknown == ["𠮷", "👨", "\u200d", "👩", "\u200d", "👧"]
len(unknown)

# %% [markdown]
# **Step 5, pad.** A batch is a rectangle, headlines are not. Zeros fill the rows on the right:

# %%
batch = encoder.encode(["同步A股首秀", "股市大涨", "央行降息"])
assert batch.shape == (3, 6) and (batch[1:, 4:] == 0).all()
batch

# %% [markdown]
# "Debut in step with A-shares", "Stock market soars", "Central bank cuts rates". The network is told which steps are
# padding, and skips them: its answer does not change if there are more zeros. **Step 6, the same inside the graph.**
# `TextToIds` is a Keras layer; what it does is saved with the model.

# %%
text_to_ids = preprocessing.TextToIds(encoder)
dev_texts = splits.dev["text"]
in_graph = text_to_ids(tf.constant(dev_texts)).numpy()
in_python = encoder.encode(dev_texts)
assert np.array_equal(in_graph, in_python)
f"{in_graph.shape[0]} dev headlines of {in_graph.shape[1]} steps: all ids equal"

# %% [markdown]
# **Step 7, neighbours.** A Chinese word has two characters more often than one. With `max_ngram=2` each character
# also gets the id of the pair that ends there: `股` after `a` is another id than `股` after `炒`.

# %%
with_pairs = preprocessing.TextEncoder.from_texts(train["text"], max_ngram=2, max_length=MAX_LENGTH)
pairs_of = with_pairs.encode_one("A股炒股")
assert pairs_of.shape == (4, 2) and pairs_of[0, 1] == 0
pd.DataFrame(pairs_of, index=list("A股炒股"), columns=["character", "pair that ends here"]).T

# %% [markdown]
# The two `股` share the id of the character and differ in the pair; the first character ends no pair (0).

# %%
assert pairs_of[1, 0] == pairs_of[3, 0] and pairs_of[1, 1] != pairs_of[3, 1]
pd.Series(with_pairs.num_ids, index=["characters", "pairs seen twice or more"])

# %% [markdown]
# ## Characters or words?
#
# Written Chinese has no spaces; jieba, a word splitter with a dictionary, puts them in. Here jieba decides on the
# training headlines which words there are, and texts are cut by the longest match against that list, so that the
# saved model can do it without jieba.

# %%
words_encoder = preprocessing.TextEncoder.from_texts(train["text"], unit="word", min_count=2)
headline = "网游公司赴美上市首日由跌转涨"
print(" / ".join(words_encoder.split(headline)))
unseen = {
    name: np.mean([(e.encode_one(t) == 1).any() for t in dev_texts])
    for name, e in {"characters": encoder, "words": words_encoder}.items()
}
pd.Series(unseen, name="share of dev headlines with an unknown token").round(3).to_frame()

# %% [markdown]
# "Game company rises after falling on its first day on a US exchange." Words give shorter sequences and a longer
# list; a character that occurs once in train has no id here, so more dev headlines hold something unknown. Characters
# with pairs are the default of this kit.

# %%
assert unseen["words"] > unseen["characters"]

# %% [markdown]
# ## Exercises
#
# 1. Set `DATASET` to a TSV of your own (`label<TAB>text`), delete the label in one line, and run. What does the
#    message tell you, and what would a reader that skips bad lines have told you?
# 2. Build the encoder with `lower=False`. How many ids more do you expect? Count.
# 3. Guess how many of the 4,550 headlines contain a character that occurs only once in train; then count.
# 4. Move 50 rows of dev into train and run the audit. Which lines change?
# 5. Find two headlines of your own for the overlap table: one word that settles the class, one that misleads.
#
# Answers with measured numbers: `answers.md`.

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

# %% [markdown] lang="zh" of="7c85ce17"
# # 05 · 新闻标题：网络读之前，自己先看一遍
#
# 网络读的是数字。**这些标题里有什么，信得过吗？一条标题怎样变成一行数字，又不丢掉要紧的东西？**
#
# **一句话回答**：十个类别，真实新闻在哪里交叉，它们也在哪里交叉；训练集、验证集、测试集之间没有重复；从文本到编号分七
# 小步，在 Python 里和在保存的模型里完全一样。

# %% [markdown] lang="zh" of="none"
# 图和表里的文字是英文，两个版本共用一次运行的结果。常见的几个：
#
# | 英文 | 中文 |
# | --- | --- |
# | finance, stocks, realty, science, game | 财经、股票、房产、科技、游戏 |
# | education, society, politics, sports, entertainment | 教育、社会、时政、体育、娱乐 |
# | train, dev, test | 训练集、验证集、测试集 |
# | rows, texts | 行数、文本条数 |
# | length (characters) | 长度（字符数） |
# | the model reads 32 | 模型读前 32 个字符 |
# | exact, normalised | 按原文比较、规范化以后比较 |
# | duplicates | 重复 |
# | rows with labels in conflict | 标签互相矛盾的行 |
# | unknown characters, share | 没见过的字符所占的比例 |
# | character, pair that ends here | 字、到这里为止的字对 |
# | tokens of a dev headline | 验证集的一条标题平均切成几段 |
# | meaning，以及括号里的英文 | 英文释义，可以跳过 |

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

# %% [markdown] lang="zh" of="04d37598"
# ## 设置
#
# 下面所有单元格看哪份数据，由一个开关决定：自带的标题、真实的新浪新闻（`"thucnews"`），或者你自己的 TSV、CSV、搜狗文
# 件的路径。第 06 篇用的是同样的开关。

# %% tags=["parameters"]
DATASET = "headlines"  # or "thucnews", or the path of your own file or folder
DATA_DIR = None  # folder that holds the files of a named set; None: embedded, or the download cache
COLUMNS = {}  # where a table of yours has other names: {"text_column": "标题", "label_column": "类别"}
MAX_LENGTH = 32  # characters that the encoder keeps

# %% [markdown]
# ## Read
#
# `load` gives three tables with the columns `text` and `label`. A line that cannot be read stops it, with the file and
# the line in the message: a row that vanishes in silence is worse than an error.

# %% [markdown] lang="zh" of="5919e436"
# ## 读取
#
# `load` 给出三张表，每张都有 `text` 和 `label` 两列。碰到读不了的行，它会停下来，并写明是哪个文件的哪一行：悄悄少掉一
# 行，比报错更糟。

# %%
EMBEDDED = DATASET == "headlines"
splits = datasets.load(DATASET, data_dir=DATA_DIR, **COLUMNS)
train = splits.train
train.head()

# %% tags=["checks"]
if EMBEDDED:
    assert len(train) == 4550 and train["label"].nunique() == 10

# %% [markdown]
# One text in each row, and the class that somebody gave it. One headline of each class, with its English meaning:

# %% [markdown] lang="zh" of="c80ec5e4"
# 每行是一条文本，和人给它定的类别。每个类别看一条：

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

# %% [markdown] lang="zh" of="8bc105c7"
# 标题很短，常常没有主语，数字和名称特别多。自带的标题全部是为本项目写的，模仿 2010 年前后门户网站的风格；写作过程见
# `datasets/headlines/README.md`。
#
# ## 有多少，有多长？
#
# 训练之前先问两件事：是不是有的类别行数多，有的少？网络要读多少个字符？

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

# %% [markdown] lang="zh" of="d19df8bf"
# 左图：每个类别的行数都一样，所以瞎猜能猜对十分之一。右图：几乎所有标题都是 12 到 26 个字符，没有一条超出编码器保留的
# 长度。
#
# 网络一批一批地读，一批是一个矩形：短的文本要补足长度，这叫填充（padding）。把所有文本都填充到同样长，代价有多大？

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

# %% [markdown] lang="zh" of="15eba970"
# 大约 40 % 的计算会花在填充上。所以这里训练时，长度相近的标题放在同一批里。
#
# ## 给数据做体检
#
# 一个集合内部有重复，同一条文本有两个标签，测试集的文本在训练集里也有：只要出现一种，分数就会骗人。下面这一次调用把它
# 们全查一遍，既按原文比较，也在规范化之后比较（`NaN`：集合不和自己比）。

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

# %% [markdown] lang="zh" of="bc45bf1f"
# 最先要看的是 `also in …` 那几行。自带的数据里全是 0，制作时就保证了这一点。公开的 THUCNews 文件却不是：有 8 条标
# 题同
# 时出现在验证集和测试集里，训练集的标题大约有 0.3 % 又出现在验证集或测试集里（改一下 `DATASET` 就能看到）。这个比例很
# 小；换成你自己的文件，就不一定了。
#
# 最后一行也重要：验证集里大约每十条标题就有一条含有训练集里从没出现过的字符。这样的标题，模型也得答。
#
# 体检只报数目；具体是哪几行，由 `overlaps` 列出来：

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

# %% [markdown] lang="zh" of="1d6f3180"
# 空表：没有要删的。
#
# ## 类别在哪里交叉
#
# 只看一个词，能看出类别吗？挑几个特征明显的词，数一数每个类别有多少行含有它：

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

# %% [markdown] lang="zh" of="cc5cf317"
# 看到 `基金`，类别几乎就定了。看到 `手机`，可能是科技，也可能是手机游戏；看到 `银行`，股票比财经还多，因为有
# `银行股`；看到 `楼`（包括 `楼市`），一般是房产，有人坠楼时却是社会。上下文的用处，就在这些标题上。
#
# 顺序也有用。下面每一对标题用的字相同，顺序不同，意思正好相反：

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

# %% [markdown] lang="zh" of="5e12320a"
# 第一行和第二行一样，第三行和第四行也一样：只数每个字出现几次，就分不清它们。第 01 篇的 *arrive Taipei* 和 *leave
# Taipei* 又来了，只有一点不同：在这里，两种顺序的**类别**是一样的。油价跌也好，涨也好，都属于同一类。按主题分拣标题，
# 也许完全不看顺序也能分得很好；到底有多好，留给第 08 篇。
#
# ## 从文本到编号，一步一步来
#
# 下面这条标题是特意编的，实际中容易出错的东西它都有：全角字母、全角空格、连着的两个空格、Unicode 基本平面以外的字
# （`𠮷`），还有由好几个码位组成的表情符号。

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

# %% [markdown] lang="zh" of="e44625c5"
# **第 1 步，规范化**。每个字符只留一种写法：全角的字母和符号变成半角，大写变成小写，连着的空白并成一个空格。
#
# **第 2 步，切分**，切成一个个码位。在人看来，那个表情是一家人；在下面的列表里，它占五项：三个人和两个连接符
# （`\u200d`）。TensorFlow 的计算图就是这样切的，两边必须一致：

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
# kept for padding, id 1 for whatever train did not show. Dev and test have no say: they stand for texts of tomorrow,
# whose characters nobody has seen.

# %% [markdown] lang="zh" of="26546bcf"
# **第 3 步，词表**（上一个单元格已经建好了）：收录训练集里的字符，最常见的排在最前。编号 0 留给填充，编号 1 留给训练
# 集里没有的字符。验证集和测试集不参与：等到真正使用时，新来的字符同样谁也没见过。

# %%
pd.DataFrame({"id": range(2, 12), "character": encoder.tokens[:10]}).T

# %% tags=["checks"]
if EMBEDDED:
    assert set(encoder.tokens[:10]) >= {" ", "0", "1", ":", "人", "大"}

# %% [markdown]
# The space, digits and the colon lead; among the first ten are also `人` (person) and `大` (big). **Step 4, look up**:

# %% [markdown] lang="zh" of="8c83f197"
# 空格、数字和冒号最靠前；前十个里还有 `人` 和 `大`。**第 4 步，查编号**：

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

# %% [markdown] lang="zh" of="940e8e39"
# 第一个编号是 `i` 的，最后一个是 `!` 的。每个 1 都表示词表里没有的字符：少见的 `𠮷`，以及表情符号的各个部分。没有丢掉
# 任何一个，所以其余字符的位置都还是对的。
#
# **第 5 步，填充**。一批是矩形，标题却有长有短。右边用零补齐：

# %%
batch = encoder.encode(["同步A股首秀", "股市大涨", "央行降息"])
batch

# %% tags=["checks"]
assert batch.shape == (3, 6) and (batch[1:, 4:] == 0).all()

# %% [markdown]
# "Debut in step with A-shares", "Stock market soars", "Central bank cuts rates". The network gets a mask that says
# which steps are padding, and skips them: its answer does not change if there are more zeros. **Step 6, the same inside
# the graph.** `TextToIds` is a Keras layer; what it does is saved with the model.

# %% [markdown] lang="zh" of="cfadf13b"
# 网络还会拿到一个掩码，上面写明哪些步是填充，遇到就跳过：多补几个零，答案也不会变。**第 6 步，在计算图里做同样的
# 事**。`TextToIds` 是一个 Keras 层，它做的事会和模型一起保存。

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

# %% [markdown] lang="zh" of="1574d678"
# **第 7 步，看邻居**。中文里很多词是两个字。设成 `max_ngram=2`，每个字还会多得到一个编号，代表以它结尾的两个字：`a`
# 后面的 `股`，编号和 `炒` 后面的 `股` 不同。

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

# %% [markdown] lang="zh" of="05c70b36"
# 两个 `股`，单字的编号相同，字对的编号不同；第一个字前面没有字，凑不成字对（0）；`股炒` 不成词，是没见过的字对（1）。
# 总共有多少个编号？

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

# %% [markdown] lang="zh" of="f8e747c7"
# 字对的编号是单字的四倍多，而这还没算训练集里只出现一次的字对。
#
# ## 用字，还是用词？
#
# 中文的词与词之间没有空格，带词典的分词工具 jieba 可以把词分开。这里先由 jieba 在训练集的标题上定出有哪些词，然后对照
# 这张词表，按最长匹配来切文本。这样，保存的模型没有 jieba 也能切。

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

# %% [markdown] lang="zh" of="36515411"
# 用词来切，一条标题短了三分之一，词表却是原来的五倍多。那么，一个词在训练集里能出现几次？

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

# %% [markdown] lang="zh" of="f2b746c3"
# 一半以上的词只出现一次，太少了，学不到什么。第 06 篇的网络读的是字，外加至少出现两次的二字和三字组合，这就是原因之
# 一。
#
# ## 容易犯的错误
#
# - **用全部数据建词表**。这样一来，验证集和测试集里就没有生字了，分数就偏高了：真遇到陌生的标题，做不到那么好。
# - **用读表工具的默认设置读 TSV**。只要有一个引号落单，后面好几行就可能被它吞掉，而且不报错。`datasets.read_table` 把
#   引号当作普通字符。
# - **文本的预处理写两遍，训练时一遍，用模型的程序里又一遍**。时间一长，两边就对不上了。这里的预处理是模型的一层。
#
# ## 练习
#
# 先写下你的预测，再运行。
#
# 1. 把 `DATASET` 改成你自己的 TSV（`label<TAB>text`），删掉其中一行的标签，然后运行。报错信息说了什么？要是读取工具遇
#    到坏行就跳过，你又能知道什么？
# 2. 用 `lower=False` 再建一个编码器。你估计会多出多少个编号？数一数。
# 3. 4,550 条标题中，有多少条含有训练集里只出现一次的字符？先猜，再数。
# 4. 把验证集的 50 行移进训练集（`splits._replace`、`pd.concat`），再做一次体检。哪几行变了？
# 5. 自己找两条标题，补充前面那张词的表：一条里有一个词就能定下类别，另一条里有一个词会把人带偏。
#
# 我们测得的结果在 [answers.zh.md](answers.zh.md) 里。

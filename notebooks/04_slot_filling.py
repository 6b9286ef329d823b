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
# # 04 · Slot filling: which city do you leave, and which do you reach?
#
# A ticket system has to fill a form from one sentence: the city to leave, the city to reach, the dates, the times. "I
# would like to **arrive** Taipei on November second" and "I would like to **leave** Taipei on November second" hold the
# same city, the same date, and ask for the opposite. The example is Hung-yi Lee's (lectures on RNN, 2016/17). **What
# must a network remember, and from which side, to fill the form?**
#
# **The answer in one sentence:** a network without memory cannot tell leave from arrive, a network that reads from left
# to right can whenever the deciding word has already come, and only a network that reads from both ends is right in
# every word order.

# %% [markdown] lang="zh" of="df928050"
# # 04 · 槽位填充：从哪座城市走，到哪座城市去？
#
# 订票系统要根据一句话填好一张表：出发城市，到达城市，日期，时间。“I would like to **arrive** Taipei on November
# second”和“I would like to **leave** Taipei on November second”城市相同，日期相同，要的却正好相反。例子是李宏毅
# 老师
# 的（循环网络课程，2016/17）。**要填好这张表，网络得记住什么，又该从哪一边读起**？
#
# **一句话回答**：没有记忆的网络分不清离开和到达；从左往右读的网络，只要决定性的词已经读到，就分得清；只有从两头读的
# 网络，什么语序都不会错。

# %% [markdown] lang="zh" of="none"
# 图和表里的文字是英文，两个版本共用一次运行的结果。常见的几个：
#
# | 英文 | 中文 |
# | --- | --- |
# | cue before / cue after | 线索词在槽位之前／在槽位之后 |
# | unseen cities | 陌生城市：训练时没见过 |
# | weights | 权重个数 |
# | slot F1 | 按整个槽位计算的 F1 |
# | from_city / to_city | 出发城市／到达城市 |
# | wrong slot / missed / invented | 槽位名错了／漏掉／凭空多出来 |
# | true / predicted | 真实的／预测的 |
# | after leave / after arrive | 读完 leave 之后／读完 arrive 之后 |
# | no hiding | 训练时不藏词 |
# | epoch / seed | 轮／种子 |
# | published | 已发表的结果 |

# %%
try:
    from pathlib import Path

    import keras
    import matplotlib.pyplot as plt
    import numpy as np
    import pandas as pd

    from textrnn.lessons import slots, spans, taggers
    from textrnn.lessons.slot_tagger import SlotTagger
except ModuleNotFoundError as missing:
    raise SystemExit(f'{missing}: run %pip install -e "PATH[train]", PATH being your copy of this project') from None

pd.set_option("display.max_colwidth", 120, "display.precision", 3)

# %% [markdown]
# ## Settings
#
# All cells together need about a minute on two cores. `NUM_REQUESTS` and `NUM_EPOCHS` shorten that.

# %% [markdown] lang="zh" of="e16d5a22"
# ## 设置
#
# 全部单元格双核合计大约一分钟。减小 `NUM_REQUESTS` 和 `NUM_EPOCHS` 可以更快。

# %% tags=["parameters"]
NUM_REQUESTS = 1600  # requests to learn from; a multiple of BATCH_SIZE, for an odd last batch compiles once more
NUM_EPOCHS = 12  # passes over them
BATCH_SIZE = 32  # requests per step of training
LEARNING_RATE = 0.01  # of Adam, falling to 0 along a cosine
UNITS = 32  # hidden units, in each direction
WORD_DROPOUT = 0.1  # share of the words that training hides
SEED = 0  # draws the requests, the first weights, the order
ATIS_DIR = "atis"  # folder with train/ and dev/ of ATIS; skipped where absent

# %% [markdown]
# ## Data
#
# `draw_travel_requests` makes the sentences up, so the right answer is always known. Three of them, with the slot
# written behind each word that belongs to one:

# %% [markdown] lang="zh" of="9f45e5e5"
# ## 数据
#
# 句子是 `draw_travel_requests` 编出来的，所以正确答案总是现成的。先看三句，属于槽位的词，后面写着是哪个槽位：


# %%
def show(words, tags):
    return " ".join(word if tag == "O" else f"{word}/{tag}" for word, tag in zip(words, tags, strict=True))


train = slots.draw_travel_requests(NUM_REQUESTS, seed=SEED)
for words, tags, cue in train.head(3).itertuples(index=False):
    print(f"cue {cue}: {show(words, tags)}")

# %% [markdown]
# `B-` marks the first word of a slot, `I-` a word inside it, and words outside every slot have the tag `O`. The
# *cue* is the word that decides between leave and arrive. In most requests it stands before the slot, in the
# others after it.
#
# Two more tables. `dev` is drawn like `train`; `unseen` has cities that `train` never shows, not even one word of
# them.

# %% [markdown] lang="zh" of="12595c52"
# `B-` 标槽位的第一个词，`I-` 标槽位里后面的词，槽位之外的词标签是 `O`。线索词（cue）就是决定离开还是到达的那个词。
# 多数语句里它在槽位之前，其余的在槽位之后。
#
# 再要两张表。`dev` 的抽法与 `train` 相同；`unseen` 里的城市，`train` 里从没出现过，连其中的一个词都没有。

# %%
dev = slots.draw_travel_requests(500, seed=SEED + 1000)
unseen = slots.draw_travel_requests(500, seed=SEED + 2000, cities=slots.UNSEEN_CITIES)
dev.cue.value_counts()

# %% tags=["checks"]
known = {word for words in train.words for word in words}
assert not known & {word for city in slots.UNSEEN_CITIES for word in city.split()}
assert 0.25 < (dev.cue == "after").mean() < 0.4

# %% [markdown]
# About a third of the requests decide late. How much does a single word tell? Here are all the tags that one word
# has in `train`:

# %% [markdown] lang="zh" of="c3b2ae07"
# 大约三分之一的语句要到后面才见分晓。单独一个词能说明多少？同一个词在 `train` 里有过的标签，全列在这里：

# %%
pairs = [pair for row in train.itertuples() for pair in zip(row.words, row.tags, strict=True)]
counts = pd.Series(tag for word, tag in pairs if word == "taipei").value_counts()
counts

# %% tags=["checks"]
assert set(counts.index) == {"B-from_city", "B-to_city", "O"}
assert counts.max() < 0.65 * counts.sum()  # no tag is much more than half of them

# %% [markdown]
# The word `taipei` is a city to leave, a city to reach, or only mentioned ("my aunt lives in taipei"). Whoever
# sees this word alone has to guess, and is wrong more than one time in three.
#
# Networks need numbers. Each word gets an id; 0 is padding and 1 is every word that `train` does not hold.

# %% [markdown] lang="zh" of="a58617ed"
# `taipei` 这个词，可能是要离开的城市，可能是要到达的城市，也可能只是提到而已（“my aunt lives in taipei”）。只看到这
# 一个词，就只能猜，而且三次里要错一次以上。
#
# 网络要的是数。每个词有一个编号；0 是填充，1 是 `train` 里没有的所有词。

# %%
vocabulary = slots.build_vocabulary(train.words)
tag_names = slots.list_tags(train.tags)
ids = slots.encode_words(train.words, vocabulary)
tag_ids = slots.encode_tags(train.tags, tag_names)
slots.encode_words([["leave", "taipei"], ["arrive", "hsinchu", "tomorrow"]], vocabulary)

# %% tags=["checks"]
assert len(tag_names) == 13

# %% [markdown]
# Two sentences, three steps: the shorter is filled up with 0. `hsinchu` and `tomorrow` are not in the vocabulary,
# so both are 1. The six slots make 13 tags: a `B-` and an `I-` for each, and `O`.
#
# ## Network
#
# A tagger answers at every word: id → vector → memory → probabilities of the 13 tags. Six kinds of memory are
# compared:
#
# | kind | what reaches the answer for a word |
# | --- | --- |
# | `feedforward` | the word alone |
# | `jordan` | the word, and the tag probabilities given to the word before |
# | `elman` | the word, and the hidden state from the left |
# | `bielman` | two Elman networks, one from each end |
# | `lstm` | the word, and a gated memory from the left |
# | `bilstm` | two LSTMs, one from each end |
#
# Nothing else differs.

# %% [markdown] lang="zh" of="5b8988f7"
# 两句话，三步：短的那句用 0 补齐。`hsinchu` 和 `tomorrow` 不在词表里，所以都是 1。六种槽位一共有 13 个标签：每种各
# 有 `B-` 和 `I-`，再加上 `O`。
#
# ## 网络
#
# 标注网络对每个词都给出回答：编号 → 向量 → 记忆 → 13 个标签的概率。我们比较六种记忆：
#
# | 种类 | 回答一个词时，用得上什么 |
# | --- | --- |
# | `feedforward` | 只有这个词 |
# | `jordan` | 这个词，加上前一个词得到的标签概率 |
# | `elman` | 这个词，加上从左边传来的隐藏状态 |
# | `bielman` | 两个 Elman 网络，一头一个 |
# | `lstm` | 这个词，加上从左边传来的、带门的记忆 |
# | `bilstm` | 两个 LSTM，一头一个 |
#
# 除此之外没有任何不同。


# %%
def build(kind, **changes):
    options = {"units": UNITS, "word_dropout": WORD_DROPOUT, "seed": SEED, **changes}
    return taggers.build_tagger(kind, num_words=len(vocabulary), num_tags=len(tag_names), **options)


KINDS = ("feedforward", "jordan", "elman", "bielman", "lstm", "bilstm")
sizes = pd.Series({kind: build(kind).count_params() for kind in KINDS}, name="weights")
sizes

# %% tags=["checks"]
assert 1.7 < sizes["lstm"] / sizes["elman"] < 2.1

# %% [markdown]
# The same 32 hidden units everywhere, but not the same number of weights: the LSTM with its gates has about twice as
# many as the Elman network. Keep it in mind when you compare them.
#
# ## Training
#
# One function trains any of them. It takes steps of the size that Adam chooses for each weight, starting at
# `LEARNING_RATE` and getting smaller, and shortens a gradient that is longer than 1 (`global_clipnorm`; notebook 03
# shows why). `fit_tagger` puts requests of similar length into a batch, so little is padding, and gives back the loss
# of every epoch. Padding does not count in the loss. The cell trains all six, about half a minute on two cores; fewer
# `NUM_EPOCHS` shorten it.

# %% [markdown] lang="zh" of="210a083e"
# 隐藏单元都是 32 个，权重却不一样多：LSTM 有门，权重大约是 Elman 网络的两倍。比较它们的时候要记得这一点。
#
# ## 训练
#
# 哪一种都用同一个函数训练。步长由 Adam 给每个权重分别选定，从 `LEARNING_RATE` 开始，越来越小；梯度长过 1 就缩短
# （`global_clipnorm`，原因见第 03 篇）。`fit_tagger` 把长度相近的语句放进同一批，这样填充就少；它返回每一轮的损失。
# 填充不计入损失。这个单元格把六种都训练一遍，双核大约半分钟；`NUM_EPOCHS` 小一些就更快。

# %%
num_batches = -(-len(ids) // BATCH_SIZE)


def train_tagger(model):
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, num_batches * NUM_EPOCHS)
    optimizer = keras.optimizers.Adam(rate, global_clipnorm=1.0)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return taggers.fit_tagger(model, ids, tag_ids, epochs=NUM_EPOCHS, batch_size=BATCH_SIZE, seed=SEED)


models = {kind: build(kind) for kind in KINDS}
losses = pd.DataFrame({kind: train_tagger(model) for kind, model in models.items()})
losses.index = pd.RangeIndex(1, NUM_EPOCHS + 1, name="epoch")
last = losses.iloc[-1]
losses.round(2)

# %% tags=["checks"]
assert losses["feedforward"][2] - last["feedforward"] < 0.06
assert last[["feedforward", "jordan"]].min() > 0.3 > last[["elman", "lstm"]].max()
assert last[["elman", "lstm"]].min() > last[["bielman", "bilstm"]].max()

# %% [markdown]
# The last row falls into three groups, in the order of what the networks can see: the word alone (and the last
# answer), everything to the left, everything. The feed-forward net stops early: after the second epoch its loss
# falls by less than 0.06. It has learnt how often each word has each tag, and a single word tells no more.
#
# ## Result
#
# Counting right *words* would flatter everyone, since most words are `O`. What counts is the whole slot: right
# first word, right last word, right name. F1 joins precision (how many of the slots given are right) and recall
# (how many of the true slots are found). `seqeval` reads the spans.

# %% [markdown] lang="zh" of="e8a09920"
# 最后一行分成三组，次序正是网络能看到多少：只有这个词（加上一次的回答），左边的一切，全部。前馈网络很早就停住了：第
# 二轮以后，损失只再降了不到 0.06。它学会了每个词有多常带哪个标签，而单独一个词能说的也就这么多。
#
# ## 结果
#
# 如果数答对的**词**，谁都显得好，因为多数词是 `O`。该数的是整个槽位：第一个词对，最后一个词对，名称也对。F1 把精确
# 率（给出的槽位有多少是对的）和召回率（真实的槽位找到了多少）合成一个数。槽位的起止由 `seqeval` 读出。


# %%
def tag(kind, table):
    return taggers.predict_tags(models[kind], table.words, vocabulary=vocabulary, tag_names=tag_names)


parts = {"cue before": dev[dev.cue == "before"], "cue after": dev[dev.cue == "after"], "unseen cities": unseen}
scores = pd.DataFrame(
    {name: {kind: spans.slot_f1(part.tags, tag(kind, part)) for kind in KINDS} for name, part in parts.items()}
)
before, after = scores["cue before"], scores["cue after"]
scores

# %% tags=["checks"]
assert scores.loc["feedforward"].max() < 0.5
assert before["feedforward"] < before["jordan"] < 0.75
assert min(before[["elman", "lstm", "bielman", "bilstm"]]) > 0.97
assert max(after[["elman", "lstm"]]) < 0.85
assert min(after[["bielman", "bilstm"]]) > 0.97
assert (scores["unseen cities"] < before - 0.02).all()

# %% [markdown]
# The table in words:
#
# > Slot F1 with seed 0. Feed-forward: below 0.5 in every column. Elman, LSTM: above 0.97 where the cue stands before,
# > below 0.85 where it stands after. Read from both ends: above 0.97 in both. (1,600 requests to learn from; 500 of
# > `dev`, split by where the cue stands, and 500 with unseen cities to score.)
#
# - Where the cue stands before, the Elman network is as good as the LSTM, because no cue stands far from its slot.
#   Notebook 01 shows what happens over longer gaps.
# - Where the cue stands after, the networks that read from left to right did not learn badly: what decides has not
#   come yet. Reading from both ends repairs that.
# - The Jordan network has a memory as well, and yet stays below 0.75. It gets a section of its own below.
#
# The same table as a picture:

# %% [markdown] lang="zh" of="c2818e5d"
# 这张表用文字说就是：
#
# > 槽位 F1，种子 0。前馈网络：每一列都低于 0.5。Elman、LSTM：线索在前时高于 0.97，线索在后时低于 0.85。从两头读的：
# 两种都高于 0.97。（学习用 1,600 条语句；评分用 `dev` 的 500 条，按线索在前在后分开，以及 500 条陌生城市的语句。）
#
# - 线索在前时，Elman 网络和 LSTM 一样好，因为没有哪个线索离槽位太远。间隔更长会怎样，第 01 篇讲过。
# - 线索在后时，从左往右读的网络不是没学好：起决定作用的词还没有来。从两头读，就解决了。
# - Jordan 网络也有记忆，却还是低于 0.75。下面专门有一节讲它。
#
# 同一张表，画成图：

# %%
figure, axes = plt.subplots(figsize=(8, 3.4))
for bar, (name, hatch, grey) in enumerate(zip(scores, ("", "///", "..."), ("0.35", "0.75", "0.95"), strict=True)):
    left = [number + 0.27 * (bar - 1) for number in range(len(KINDS))]
    axes.bar(left, scores[name], width=0.25, label=name, color=grey, hatch=hatch, edgecolor="black")
axes.set(xticks=range(len(KINDS)), xticklabels=KINDS, ylabel="slot F1", ylim=(0, 1.25))
_ = axes.legend(ncols=3, loc="upper left", frameon=False)

# %% [markdown]
# Dark: the cue comes first. Hatched: the cue comes later; of the four tall ones only the two networks that read from
# both ends keep their height. Dotted: cities that nobody saw in training; every network loses something.
#
# One pair of requests makes the difference plain. "book taipei to osaka" and "book taipei from osaka" begin with the
# same two words, and Taipei is the city to leave in the first and the city to reach in the second:

# %% [markdown] lang="zh" of="10aa0fc3"
# 深色：线索在前。斜线：线索在后；四根高的里面，只有从两头读的两个网络保持了高度。点纹：训练时谁也没见过的城市；每个
# 网络都要低一些。
#
# 有一对语句把差别说得最清楚。“book taipei to osaka”和“book taipei from osaka”开头两个词相同，台北在前一句里是要
# 离开
# 的城市，在后一句里是要到达的城市：

# %%
asked = ["leave taipei for osaka", "book taipei to osaka", "book taipei from osaka"]
questions = pd.DataFrame({"words": [text.split() for text in asked]})
answers = {kind: tag(kind, questions) for kind in ("elman", "bielman")}
got = {kind: [f"{t[1][2:]} … {t[3][2:]}" for t in tags] for kind, tags in answers.items()}
pd.DataFrame(got, index=asked)

# %% tags=["checks"]
assert got["bielman"] == ["from_city … to_city", "from_city … to_city", "to_city … from_city"]
assert got["elman"][0] == got["bielman"][0] and answers["elman"][1][1] == answers["elman"][2][1]

# %% [markdown]
# After `leave` both are right. After `book`, the Elman network gives Taipei the same slot in both requests, and
# can give no other answer: it has read the same two words. It is right once and wrong once.
#
# ## Mistakes
#
# What goes wrong, in three kinds: the right words under the wrong name, a slot not found, a slot made up.

# %% [markdown] lang="zh" of="c4061eda"
# 在 `leave` 之后，两个都对。在 `book` 之后，Elman 网络给台北的槽位两句都一样，也不可能不一样：它读到的是同样两个
# 词。所以对一次，错一次。
#
# ## 错误
#
# 错法分三种：词找对了，名称不对；槽位漏掉了；槽位是凭空多出来的。

# %%
mistakes = {kind: spans.list_mistakes(dev.tags, tag(kind, dev)) for kind in KINDS}
kinds_of_mistake = pd.DataFrame({kind: table.kind.value_counts() for kind, table in mistakes.items()}).T
kinds_of_mistake = kinds_of_mistake.fillna(0).astype(int)
share_wrong = kinds_of_mistake["wrong slot"] / kinds_of_mistake.sum(axis=1)
kinds_of_mistake

# %% tags=["checks"]
assert share_wrong["feedforward"] < 0.6 and kinds_of_mistake.loc["feedforward"].min() > 50
assert share_wrong[["elman", "lstm"]].min() > 0.9
assert kinds_of_mistake.loc["jordan", "missed"] < 0.3 * kinds_of_mistake.loc["feedforward", "missed"]

# %% [markdown]
# The feed-forward net makes every kind of mistake: it sees the city of "my aunt lives in denver" as any other.
# The others find the words of a slot better and better; of the mistakes of the Elman network and the LSTM more
# than nine in ten are a wrong *name*. Which names?

# %% [markdown] lang="zh" of="c45b32c9"
# 前馈网络哪种错都犯：“my aunt lives in denver”里的城市，在它看来和别的城市一样。其余的网络越来越会找出槽位的词；
# Elman 网络和 LSTM 的错误，十个有九个以上是**名称**错了。错成了什么？

# %%
taken_for = mistakes["lstm"].groupby(["true", "predicted"]).size().sort_values(ascending=False)
opposite = {"leave": "arrive", "arrive": "leave", "from": "to", "to": "from"}
swapped = [f"{opposite[t.split('_')[0]]}_{t.split('_')[1]}" == p if t and p else False for t, p in taken_for.index]
taken_for.head(6)

# %% tags=["checks"]
assert taken_for[swapped].sum() > 0.9 * taken_for.sum()

# %% [markdown]
# More than nine of ten mistakes of the LSTM take leave for arrive or arrive for leave: a date stays a date. This
# is the lecture's example, now as a count. Side by side for the city slots:

# %% [markdown] lang="zh" of="a29b03fe"
# LSTM 的错误，十个有九个以上是把离开当成到达，或把到达当成离开；日期还是日期。这就是课程里的那个例子，现在有了数
# 目。把城市的两种槽位并排来看：


# %%
def share_of_tags(kind, tags=("from_city", "to_city")):
    got = [p for t, g in zip(dev.tags, tag(kind, dev), strict=True) for p in zip(t, g, strict=True)]
    got = pd.DataFrame([(t[2:], g[2:] if g[2:] in tags else "other") for t, g in got if t[2:] in tags and t[0] == "B"])
    return pd.crosstab(got[0], got[1], normalize="index").reindex(columns=[*tags, "other"], fill_value=0.0)


figure, panels = plt.subplots(1, 4, figsize=(10, 2.6), sharey=True, layout="constrained")
for axes, kind in zip(panels, ("feedforward", "jordan", "lstm", "bilstm"), strict=True):
    shares = share_of_tags(kind)
    axes.imshow(shares, cmap="Greys", vmin=0, vmax=1.3)
    for (row, column), share in np.ndenumerate(shares):
        axes.text(column, row, f"{share:.2f}", ha="center", va="center", color="white" if share > 0.75 else "black")
    axes.set(title=kind, xticks=range(3), xticklabels=["from", "to", "other"], xlabel="predicted")
_ = panels[0].set(yticks=range(2), yticklabels=["from_city", "to_city"], ylabel="true")

# %% tags=["checks"]
for kind, (low, high) in {
    "feedforward": (0.25, 0.75),
    "jordan": (0.25, 0.75),
    "lstm": (0.85, 1),
    "bilstm": (0.97, 1),
}.items():
    right = np.diag(share_of_tags(kind))
    assert low <= right.min() <= right.max() <= high

# %% [markdown]
# Each row is one true slot and adds up to 1; a perfect tagger has 1.00 at the upper left and in the middle of the
# lower row. The first two guess. The LSTM is right in more than 0.85 of the cases, since most cities have their cue
# before them; the BiLSTM is right in more than 0.97.
#
# ### Why does the Jordan network forget?
#
# Its memory is its own last answer. Here is that answer, the largest three of 13 probabilities, after two
# openings:

# %% [markdown] lang="zh" of="95cf94cd"
# 每行是一种真实的槽位，加起来是 1；完美的网络在上一行左边和下一行中间都是 1.00。前两个网络在猜。LSTM 答对的超过
# 0.85，因为多数城市的线索在前面；BiLSTM 超过 0.97。
#
# ### Jordan 网络为什么会忘？
#
# 它的记忆就是它自己上一次的回答。这里看看两种开头之后的回答，列出 13 个概率里最大的三个：

# %%
openings = [["i", "want", "to", "leave"], ["i", "want", "to", "arrive"]]
carried = models["jordan"](slots.encode_words(openings, vocabulary))[:, -1].numpy()  # (2, tags)
carried = pd.DataFrame(carried, index=["after leave", "after arrive"], columns=tag_names)
carried[carried.max().nlargest(3).index].map("{:.4f}".format)

# %% tags=["checks"]
assert carried["O"].min() > 0.99
assert carried.diff().abs().iloc[1].sum() < 0.02

# %% [markdown]
# After both, the right answer is `O`, and the better the network learns to say so, the more it forgets which verb
# it was: the two memories differ by less than 0.02 in all 13 numbers together. What you answer is a poor reminder
# of what you read. On real data Jordan networks do well, because there the cue is mostly the word next door, and
# because each step may be shown a window of words (Mesnil et al. 2013).
#
# ### Cities that nobody has seen
#
# All unknown words share the id 1. Its vector is trained only because `WORD_DROPOUT` hides one word in ten. Here is
# the LSTM again, trained without hiding:

# %% [markdown] lang="zh" of="0f26459a"
# 两种开头之后，正确的回答都是 `O`。网络把这一点学得越好，动词是哪个就忘得越干净：13 个数全加起来，两份记忆相差不到
# 0.02。光凭自己回答过什么，很难想起读到过什么。在真实数据上，Jordan 网络表现不错，一来那里的线索多半就在隔壁那个
# 词，二来每一步都可以让它看一个窗口里的词（Mesnil et al. 2013）。
#
# ### 谁也没见过的城市
#
# 所有不认识的词共用编号 1。这个编号的向量得到训练，全靠 `WORD_DROPOUT` 每十个词藏起一个。下面还是 LSTM，训练时不藏
# 词：

# %%
models["no hiding"] = build("lstm", word_dropout=0.0)
_ = train_tagger(models["no hiding"])
hiding = pd.DataFrame(
    {kind: [spans.slot_f1(table.tags, tag(kind, table)) for table in (dev, unseen)] for kind in ("lstm", "no hiding")},
    index=["dev", "unseen cities"],
)
hiding

# %% tags=["checks"]
assert abs(hiding["lstm"]["dev"] - hiding["no hiding"]["dev"]) < 0.03
assert hiding["lstm"]["unseen cities"] > hiding["no hiding"]["unseen cities"] + 0.02

# %% [markdown]
# On known cities the two differ by less than 0.03; on unknown ones hiding is worth more than 0.02. A dev set with
# known cities alone would never have shown it: also score what will be different later.
#
# Is that luck? We changed `SEED` (other requests, other first weights, another order) and noted what hiding gains on
# unseen cities, for three networks:

# %% [markdown] lang="zh" of="12ba1d6e"
# 在认识的城市上，两者相差不到 0.03；在陌生的城市上，藏词值 0.02 以上。验证集里如果只有认识的城市，就永远看不出这一
# 点：以后会变的东西，也要拿来评分。
#
# 这是运气吗？我们换了 `SEED`（另一批语句，另一套初始权重，另一种次序），记下藏词在陌生城市上让三个网络各提高多少：

# %%
gains = {"lstm": [0.123, 0.063, 0.037, 0.074], "bielman": [0.154, 0.035, -0.004, -0.009]}
gains = pd.DataFrame({**gains, "bilstm": [0.284, 0.129, 0.161, -0.058]}).rename_axis("seed")
gains

# %% tags=["checks"]
assert gains["lstm"].min() > 0.03
assert list((gains < 0).sum()) == [0, 2, 1]

# %% [markdown]
# The LSTM gains with every seed. The networks that read from both ends gain much with some seeds, and lose a little
# with others: `bielman` with two of four, `bilstm` with one. Seed 0 alone would have promised far too much for both.
# **One seed is one story.** Before you believe a difference, train again with another.
#
# ## The short way
#
# You have seen each step: words to ids, the network, training, spans. `SlotTagger` does all of them behind the
# interface of scikit-learn: `fit` on words and tags, `predict`, and `score`, which is the slot F1. With the same
# settings and the same seed it is the same network as the BiLSTM above, and gives every word of `dev` the same tag:

# %% [markdown] lang="zh" of="cd88b80c"
# LSTM 每个种子都有提高。从两头读的网络，有的种子提高很多，有的略有下降：`bielman` 四个里有两个，`bilstm` 有一个。只
# 看种子 0，对两者的期望都会高得离谱。**一个种子只是一个故事**。相信一个差别之前，先换个种子再训练一次。
#
# ## 捷径
#
# 每一步你都看过了：词变成编号，网络，训练，找出槽位。`SlotTagger` 把它们全包了下来，接口和 scikit-learn 一样：`fit`
# 接受词和标签，还有 `predict` 和 `score`，后者就是槽位 F1。设置相同，种子相同，它就是上面的 BiLSTM，给 `dev` 里每个
# 词的标签都一样：

# %%
tagger = SlotTagger(
    kind="bilstm",
    units=UNITS,
    word_dropout=WORD_DROPOUT,
    epochs=NUM_EPOCHS,
    batch_size=BATCH_SIZE,
    learning_rate=LEARNING_RATE,
    random_state=SEED,
).fit(train.words, train.tags)
assert tagger.predict(dev.words) == tag("bilstm", dev)
tagger.score(dev.words, dev.tags)

# %% tags=["checks"]
assert tagger.score(dev.words, dev.tags) > 0.97

# %% [markdown]
# ## The same code on real requests: ATIS
#
# ATIS (Hemphill, Godfrey & Doddington 1990) holds 4,478 train and 500 dev sentences that people said to a flight
# information system. To get it, copy `train/`, `dev/` and `test/` from the folder `data/atis` of
# github.com/monologg/JointBERT, and set `ATIS_DIR` above to the folder that holds them. The next cell then trains
# one LSTM for half a minute; without the folder it says so and goes on.

# %% [markdown] lang="zh" of="5b58d4a4"
# ## 同样的代码，真实的语句：ATIS
#
# ATIS（Hemphill, Godfrey & Doddington 1990）是人们对航班信息系统说的话，训练语句 4,478 条，dev 500 条。要用它，就从
# github.com/monologg/JointBERT 的 `data/atis` 文件夹复制 `train/`、`dev/` 和 `test/`，再把上面的 `ATIS_DIR` 设为放
# 它们的文件夹。下一个单元格就会训练一个 LSTM，要半分钟；没有这个文件夹，它说一声就往下走。

# %%
if Path(ATIS_DIR, "train").is_dir():
    from textrnn import datasets

    atis = datasets.load("atis", data_dir=ATIS_DIR)
    vocabulary, tag_names = slots.build_vocabulary(atis.train.words), slots.list_tags(atis.train.tags)
    ids, tag_ids = slots.encode_words(atis.train.words, vocabulary), slots.encode_tags(atis.train.tags, tag_names)
    num_batches = -(-len(ids) // BATCH_SIZE)
    models["atis"] = build("lstm", units=128, embed_dim=100, dropout=0.4, window=3)
    _ = train_tagger(models["atis"])
    print(f"LSTM, {NUM_EPOCHS} epochs, dev slot F1: {spans.slot_f1(atis.dev.tags, tag('atis', atis.dev)):.3f}")
else:
    print(f"skipped: no folder {ATIS_DIR}/train. Copy data/atis of github.com/monologg/JointBERT there to run this.")

# %% [markdown]
# `benchmarks/atis.py` trains longer, with two numbers in five of each word left out at random (dropout), and reads an
# unknown word by its spelling. On the 500 dev sentences it measured a slot F1 of 97.23 % for the BiLSTM and 96.56 % for
# the LSTM, the mean of three seeds (`benchmarks/RESULTS.md` has the commands). Beside them, results published on the
# *test* split, which is harder than dev; do not subtract one from the other.

# %% [markdown] lang="zh" of="f7148b3c"
# `benchmarks/atis.py` 训练得更久，每个词的数值随机丢掉五分之二（dropout），遇到不认识的词就看拼写。在 dev 的 500 条
# 语句上，它测得的槽位 F1
# 是：BiLSTM 97.23 %，LSTM 96.56 %，三个种子的平均（命令在 `benchmarks/RESULTS.md` 里）。旁边列出已发表的结果，那是
# 在测试集（test）上的，测试集比 dev 难；不要把两边相减。

# %%
published = {"simple RNN": 94.11, "LSTM": 94.85, "Elman and Jordan together": 95.06, "deep LSTM": 95.08}
published |= {"BiLSTM": 95.55, "encoder-labeler LSTM": 95.66, "BiRNN with attention": 95.98, "joint BERT": 96.1}
pd.Series(published, name="test slot F1, %, published").to_frame()

# %% tags=["checks"]
assert published["joint BERT"] - published["simple RNN"] < 2.1

# %% [markdown]
# Between the simplest and the largest network lie less than 2.1 points: in ATIS most cues stand next to the slot,
# and most sentences follow a few patterns. Our made-up requests are harder in one way and far easier in every
# other.
#
# ## Exercises
#
# Write your prediction down before you run. Answers with numbers are in [answers.md](answers.md). Each exercise needs
# a cell like this one:
#
# ```python
# models["mine"] = build("feedforward", window=3)
# train_tagger(models["mine"])
# {name: spans.slot_f1(part.tags, tag("mine", part)) for name, part in parts.items()}
# ```
#
# (If you have ATIS, it has replaced the vocabulary: run the cells under *Data* again first.)
#
# 1. `build("feedforward", window=3)` shows each step the words beside it, without any memory. Which of the three
#    columns of the result table rise, and how far? And with `window=9`?
# 2. `build("jordan", window=3)`: does a window repair the Jordan network? Is it then better than the feed-forward
#    net with the same window?
# 3. `build("bilstm", embed_spread=0.02)` starts from tiny word vectors. `train_tagger` returns the losses: where do
#    they differ from those of the table, at the start or at the end? And which column of the scores suffers?
# 4. `build("bielman", word_dropout=0.3)` hides three words in ten. What happens on unseen cities, and what does
#    it cost on known ones?
# 5. Draw `train` with `after_share=0.0`, so that the cue always stands before, run the other cells under *Data*, and
#    train `bielman` again. Does reading from both ends still help where the cue stands after?

# %% [markdown] lang="zh" of="600d5ae8"
# 从最简单的网络到最大的网络，相差不到 2.1 个百分点：ATIS 里多数线索就在槽位旁边，多数句子也不外乎几种句型。我们编的
# 语句有一点更难，别的方面都容易得多。
#
# ## 练习
#
# 先写下你的预测，再运行。带数字的答案在 [answers.zh.md](answers.zh.md) 里。每道练习都要有一个这样的单元格：
#
# ```python
# models["mine"] = build("feedforward", window=3)
# train_tagger(models["mine"])
# {name: spans.slot_f1(part.tags, tag("mine", part)) for name, part in parts.items()}
# ```
#
# （如果你有 ATIS，它已经把词表换掉了：先把“数据”一节的单元格再运行一遍。）
#
# 1. `build("feedforward", window=3)` 让每一步看到旁边的词，但没有记忆。结果表的三列里，哪几列会上升，升多少？
#    `window=9` 呢？
# 2. `build("jordan", window=3)`：加上窗口，能治好 Jordan 网络吗？它会胜过窗口相同的前馈网络吗？
# 3. `build("bilstm", embed_spread=0.02)` 从很小的词向量开始。`train_tagger` 会返回损失：与表里的相比，差别在开头还
#    是在末尾？分数的哪一列吃亏？
# 4. `build("bielman", word_dropout=0.3)` 每十个词藏起三个。在陌生城市上会怎样？在认识的城市上要付出什么代价？
# 5. 用 `after_share=0.0` 抽取 `train`，让线索总在前面；运行“数据”一节其余的单元格，再训练一次 `bielman`。线索在后的
#    时候，从两头读还有用吗？

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
# # 01 · What does a recurrent network remember?
#
# You tell a travel assistant: "I would like to arrive Taipei on November 2nd." It must fill two slots: the
# destination and the date. Then somebody says: "I would like to leave Taipei on November 2nd." Now Taipei is
# the place of departure. The word is the same and the answer is not. How can a network tell the two apart?
#
# **The answer in one sentence:** a feed-forward network that is given one word at a time cannot; a recurrent
# network can, because it keeps a memory of the words before.
#
# The examples are those of Hung-yi Lee's lectures on recurrent networks (2016/17, part I), run here. Every number in
# the text is checked each time this notebook is built. Of the lessons' own helpers, `cells` holds the same arithmetic
# in NumPy, to read and to check by hand; `recurrent` holds two layers that Keras lacks; `diagrams` draws.

# %% [markdown] lang="zh" of="4bde55be"
# # 01 · 循环网络记住了什么？
#
# 你对订票助手说：“I would like to arrive Taipei on November 2nd.”它得填好两个槽位：目的地和日期。接着有人说：“I
# would like to leave Taipei on November 2nd.”这回台北成了出发地。同一个词，答案却不同。网络怎样才能分得清？
#
# **一句话回答**：每次只看一个词的前馈网络分不清；循环网络分得清，因为它记着前面的词。
#
# 例子取自李宏毅老师的循环网络课程（2016/17，第一部分），在这里实际跑一遍。正文里的每个数，每次构建这篇教程时都会重
# 新核对。教程自带的辅助模块里，`cells` 用 NumPy 做同样的运算，可以读，也可以用手验算；`recurrent` 是 Keras 没有的两
# 个层；`diagrams` 负责画图。

# %% [markdown] lang="zh" of="none"
# 图和表里的文字是英文，两个版本共用一次运行的结果。常见的几个：
#
# | 英文 | 中文 |
# | --- | --- |
# | feed-forward / recurrent | 前馈网络／循环网络 |
# | folded / unrolled | 折叠的画法／展开的画法 |
# | hidden | 隐藏单元 |
# | other, destination, departure | 其他，目的地，出发地 |
# | memory before | 这一步之前的记忆 |
# | order of inputs | 输入的顺序 |
# | input step / output step | 输入的步／输出的步 |
# | bidirectional | 双向 |
# | gap | 间隔：第一个符号与回答之间隔着几个符号 |
# | share right | 答对的比例 |
# | guessing | 瞎猜 |
# | size of cells | 记忆 c 的大小 |
# | with emptied cells | 清空记忆 c 之后 |

# %%
try:
    import keras
    import matplotlib.pyplot as plt
    import numpy as np
    import pandas as pd
    from IPython.display import Image

    from textrnn.lessons import cells, diagrams, gradients
    from textrnn.lessons.recurrent import Elman, Jordan
except ModuleNotFoundError as missing:
    raise SystemExit(f'{missing}: run %pip install -e "PATH[train]", PATH being your copy of this project') from None

# %% [markdown]
# ## Settings
#
# The whole notebook takes about a minute on two cores. Most of it goes into one cell of the last section;
# `RECALL_SEEDS` with one seed instead of three makes that cell three times as fast. (A *seed* fixes what is drawn at
# random: the same seed gives the same first weights and the same data.)

# %% [markdown] lang="zh" of="22bc52f2"
# ## 设置
#
# 整篇教程双核大约跑一分钟，时间多半花在最后一节的一个单元格里；`RECALL_SEEDS` 从三个种子减到一个，那里的用时就降到
# 三分之一。（随机种子决定随机数怎么抽：种子相同，初始权重和数据就相同。）

# %% tags=["parameters"]
SEED = 0  # for the taggers
UNITS = 16  # hidden units of a tagger
EPOCHS = 40  # passes over the 36 training sentences
RECALL_SEEDS = (0, 1, 2)  # one network of each kind per seed, in the last section
RECALL_SYMBOLS = 16  # different symbols in the recall task
RECALL_TRAIN_GAP = 20  # symbols between question and answer in training
RECALL_TEST_GAP = 100  # the same in the test
RECALL_EPOCHS = 6  # passes over 2,000 training sequences

# %% [markdown]
# ## The idea, before any formula
#
# How do you read this sentence? Word by word, and at each word you still know what came before: not the letters, but
# what they meant so far. You carry a small note from word to word and rewrite it as you go. A recurrent network is
# that: **a loop over the words that keeps a note between its rounds**, nothing more. (François Chollet explains it
# this way in *Deep Learning with Python*; with this picture in mind the mathematics below is short.)
#
# Three drawings, to be read from below:

# %% [markdown] lang="zh" of="b9c2897d"
# ## 先讲想法，再看公式
#
# 这句话你是怎么读的？一个词一个词地读，读到每个词时，你都知道前面说过什么：记得的不是字母，而是到这里为止的意思。你
# 好像带着一张小纸条，边读边改。循环网络就是这样：**沿着词循环，每一圈都把纸条带进下一圈**，仅此而已。（François
# Chollet 在 *Deep Learning with Python* 里就是这样讲的；心里有了这个画面，下面的数学就不长了。）
#
# 三幅图，从下往上看：

# %%
figure, axes = plt.subplots(1, 3, figsize=(11, 3.2), width_ratios=(1, 1.3, 2.2), layout="constrained")
axes[0] = diagrams.draw_folded(axes[0], inputs="word", state="hidden", output="label", memory=False)
axes[1] = diagrams.draw_folded(axes[1], inputs="word", state="hidden", output="label")
words, labels = ["leave", "Taipei", "tonight"], ["other", "departure", "other"]
axes[2] = diagrams.draw_unrolled(axes[2], inputs=words, states=["hidden"] * 3, outputs=labels)
for ax, title in zip(axes, ("feed-forward", "recurrent, folded", "the same network, unrolled"), strict=True):
    ax.set_title(title)

# %% [markdown]
# On the left, a feed-forward network: a word goes up through the *hidden units* (the numbers that the network
# computes in between) to a label. In the middle, the hidden units also go back into themselves: this loop (blue) is
# the memory. On the right the same loop is drawn once per word. It shows three columns, but there is one network,
# used three times with the same weights.
#
# ## Data: pairs of sentences that differ in one word
#
# Four sentence patterns and six cities. Each sentence exists twice, once with *arrive* and once with *leave*.
# In two of the patterns other words stand between the verb and the city.

# %% [markdown] lang="zh" of="146f3035"
# 左边是前馈网络：词从下面进来，经过隐藏单元（网络在中途算出的那些数），到上面变成标签。中间的网络里，隐藏单元还会回
# 到自己身上：这个环（蓝色）就是记忆。右边把同一个环按词逐个画开。看上去有三列，其实只有一个网络，用了三次，权重相
# 同。
#
# ## 数据：成对的句子，只差一个词
#
# 四种句型，六座城市。每句话都有两个版本，一个用 *arrive*，一个用 *leave*。有两种句型在动词和城市之间还隔着别的词。

# %%
cities = ["Taipei", "Tokyo", "Osaka", "Paris", "Berlin", "London"]
patterns = [
    "I would like to {} {} on November 2nd",
    "please let me {} the beautiful old {} tomorrow",
    "we {} {} in the morning",
    "they will {} our much loved {} at noon",
]
rows = [
    {"split": "dev" if (i + j) % 4 == 0 else "train", "verb": verb, "city": city, "text": p.format(verb, city)}
    for i, city in enumerate(cities)
    for j, p in enumerate(patterns)
    for verb in ("arrive", "leave")
]
sentences = pd.DataFrame(rows)
sentences.head(4)

# %% tags=["checks"]
assert sentences["split"].value_counts().to_dict() == {"train": 36, "dev": 12}
together = sentences["text"].str.replace("arrive|leave", "VERB", regex=True)
assert not set(together[sentences["split"] == "dev"]) & set(together[sentences["split"] == "train"])

# %% [markdown]
# There are 36 sentences to learn from and 12 held back (called *dev*, for development). A dev sentence joins a city
# and a pattern that the network has met, but never together. Look at the first two rows: one word differs.
#
# ### A word becomes a vector
#
# A network reads numbers. The plainest way is *one-hot*: a vector with one number per known word, 1 at the index of
# the word and 0 everywhere else. A word that is not in the list gets an extra index called *other*.

# %% [markdown] lang="zh" of="d59ae316"
# 36 句用来学习，12 句留作验证集（dev，即 development）。dev 里每一句的城市和句型，网络都分别见过，只是没见过它们合
# 在一起。看前两行：只差一个词。
#
# ### 词变成向量
#
# 网络读的是数。最直白的办法叫独热编码（one-hot）：向量里每个已知的词占一个位置，当前这个词的位置上是 1，其余都是
# 0。词表里没有的词，另设一个位置，叫 *other*（其他）。

# %%
train_text = " ".join(sentences.loc[sentences["split"] == "train", "text"])
vocabulary = ["(other)", *sorted(set(train_text.split()))]
index = {word: number for number, word in enumerate(vocabulary)}


def one_hot(word):
    return np.eye(len(vocabulary), dtype="float32")[index.get(word, 0)]  # (words,)


assert (one_hot("Gandalf") == one_hot("Sauron")).all()  # two unknown words are one word
len(vocabulary)

# %% [markdown]
# *Gandalf* and *Sauron* get the same vector: what is lost with *other* cannot come back later. Another way is *word
# hashing*: cut a word into runs of three letters (*trigrams*) and mark those. With 26 letters there are 26 x 26 x 26
# of them, however many words the language has.

# %% [markdown] lang="zh" of="a68aaa82"
# *Gandalf* 和 *Sauron* 得到同一个向量：归进 *other* 时丢掉的东西，后面再也找不回来。另一个办法是词哈希（word
# hashing）：把词切成连续三个字母的小段（三字母组，trigram），标出有哪几段。字母有 26 个，小段就有 26 × 26 × 26 种，
# 不管语言里有多少词。


# %%
def trigrams(word):
    return [word[i : i + 3].lower() for i in range(len(word) - 2)]


trigrams("apple"), trigrams("Taipei"), trigrams("Taipeh")

# %% tags=["checks"]
assert trigrams("apple") == ["app", "ppl", "ple"] and 26**3 == 17_576
assert len(set(trigrams("Taipei")) & set(trigrams("Taipeh"))) == 3 and len(trigrams("Taipeh")) == 4
assert all(word in index for text in sentences["text"] for word in text.split())

# %% [markdown]
# *apple* marks 3 of 17,576. The spelling *Taipeh* is in no list, but shares three of its four trigrams with
# *Taipei*, so that a network can treat both alike. Here one-hot is enough: every word of the dev sentences also
# stands in a training sentence.
#
# Now all sentences become one array. Every word has one of three labels: *other*, *destination* (a city that you
# arrive in) or *departure* (a city that you leave). Sentences are filled up with zero vectors to the same length; the
# layer `Masking` skips those.

# %% [markdown] lang="zh" of="c6f4e80a"
# *apple* 只标出 17,576 种里的 3 种。*Taipeh* 这种拼法哪个词表里都没有，但它的四个三字母组有三个与 *Taipei* 相同，网
# 络就可以把两者同样看待。这里用独热编码就够了：dev 里的每个词，训练句子里也都有。
#
# 现在把所有句子装进一个数组。每个词的标签是三种之一：*other*（其他）、*destination*（目的地，要到达的城市）或
# *departure*（出发地，要离开的城市）。短句用零向量补到同样长；`Masking` 层会跳过补上去的部分。

# %%
steps = max(len(text.split()) for text in sentences["text"])
inputs = np.zeros((len(sentences), steps, len(vocabulary)), "float32")  # (batch, steps, words)
labels = np.zeros((len(sentences), steps), "int32")  # 0 other, 1 destination, 2 departure
for row, sentence in enumerate(sentences.itertuples()):
    for step, word in enumerate(sentence.text.split()):
        inputs[row, step] = one_hot(word)
        labels[row, step] = (word == sentence.city) * (1 if sentence.verb == "arrive" else 2)

train, dev = (sentences["split"] == name for name in ("train", "dev"))
dev_words = inputs[dev].any(axis=-1)  # (batch, steps): real words, no padding
inputs.shape, labels.shape

# %% [markdown]
# ## Network: with and without memory
#
# Both networks have a hidden layer and give three probabilities per word. They differ in one line: `Dense`
# looks at one word, `SimpleRNN` looks at one word and at its own hidden units of the step before.

# %% [markdown] lang="zh" of="0827ec98"
# ## 网络：没有记忆的和有记忆的
#
# 两个网络都有一个隐藏层，对每个词给出三个概率。它们只有一行不同：`Dense` 只看一个词；`SimpleRNN` 除了这个词，还看自
# 己上一步的隐藏单元。


# %%
def build_tagger(hidden):
    layers = [keras.layers.Masking(), hidden, keras.layers.Dense(3, activation="softmax")]
    return keras.Sequential([keras.Input((steps, len(vocabulary))), *layers])


keras.utils.set_random_seed(SEED)
taggers = {
    "feed-forward": build_tagger(keras.layers.Dense(UNITS, activation="tanh")),
    "recurrent": build_tagger(keras.layers.SimpleRNN(UNITS, return_sequences=True)),
}

# %% [markdown]
# The two train alike: same data, same number of steps, and the same rule for changing the weights (*Adam*, a
# gradient descent that chooses the length of the step for each weight). Then we count the dev words that get the
# right label, and separately the cities among them.

# %% [markdown] lang="zh" of="c4948609"
# 两个网络的训练方法相同：同样的数据，同样的步数，改权重的规则也相同（Adam，一种梯度下降，步长由它给每个权重分别选
# 定）。训练完，先数 dev 里有多少词标对了，再单独数其中的城市。

# %%
scores = []
for name, tagger in taggers.items():
    tagger.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    tagger.fit(inputs[train], labels[train], epochs=EPOCHS, batch_size=6, verbose=0)
    right = np.argmax(tagger(inputs[dev]), axis=-1) == labels[dev]
    city_words = labels[dev] > 0
    scores.append({"network": name, "all words": right[dev_words].mean(), "cities": right[city_words].mean()})
scores = pd.DataFrame(scores).set_index("network")
scores.round(3)

# %% tags=["checks"]
assert scores.loc["feed-forward", "cities"] == 0.5  # exactly
assert scores.loc["feed-forward", "all words"] > 0.9
assert scores.loc["recurrent", "cities"] == 1.0
assert 0.85 < (labels[dev] == 0)[dev_words].mean() < 0.9

# %% [markdown]
# On the cities of the 12 dev sentences the feed-forward network is right in exactly 50 %: chance, since each
# city stands in as many *arrive* as *leave* sentences. The recurrent network is right in 100 % (seed 0). Note
# the first column: counted over all words the feed-forward network looks good, above 90 %, because more than 85 % of
# the words are *other*. The number that you count decides what you see.
#
# Would more training help? Ask both networks about two sentences and look at the probabilities for the word *Taipei*.

# %% [markdown] lang="zh" of="0f17a137"
# dev 那 12 句话里的城市，前馈网络恰好对了 50 %：这就是碰运气，因为每座城市在 *arrive* 句和 *leave* 句里出现得一样
# 多。循环网络对了 100 %（种子 0）。再看第一列：按全部的词来数，前馈网络看上去不错，超过 90 %，因为 85 % 以上的词都
# 是 *other*。你数什么，就看到什么。
#
# 多训练一会儿有用吗？拿两句话问这两个网络，看看它们对 *Taipei* 这个词给出的概率。


# %%
def city_probs(tagger, verb):
    text = f"I would like to {verb} Taipei".split()
    padded = np.zeros((1, steps, len(vocabulary)), "float32")
    padded[0, : len(text)] = [one_hot(word) for word in text]
    return np.asarray(tagger(padded))[0, len(text) - 1]


answers = {(name, verb): city_probs(taggers[name], verb) for name in taggers for verb in ("arrive", "leave")}
assert np.allclose(answers["feed-forward", "arrive"], answers["feed-forward", "leave"])
pd.DataFrame(answers, index=["other", "destination", "departure"]).T.round(2)

# %% tags=["checks"]
assert answers["recurrent", "arrive"][1] > 0.8 and answers["recurrent", "leave"][2] > 0.8

# %% [markdown]
# The feed-forward network gives the same three numbers for *Taipei* after *arrive* and after *leave*, and no training
# can change that: the same input through the same weights is the same output. The recurrent network gives more than
# 80 % to the right label each time. Something in it still knows the verb. Can we see it?
#
# ## Watch the memory, word by word
#
# Below, the trained network reads the two sentences side by side. Each square is one of its 16 hidden units. The third
# row is the difference of the two memories. Before you watch: at which word does the third row stop being white?

# %% [markdown] lang="zh" of="c9965b66"
# 不论在 *arrive* 之后还是在 *leave* 之后，前馈网络对 *Taipei* 给出的三个数都一样，怎么训练也改变不了：同样的输入经
# 过同样的权重，输出只能相同。循环网络两次给正确标签的概率都超过 80 %。它里面一定有什么还记得那个动词。看得见吗？
#
# ## 逐词看记忆
#
# 下面让训练好的网络并排读这两句话。每个方格是 16 个隐藏单元中的一个，第三行是两份记忆之差。看之前先猜：读到哪个词，
# 第三行就不再是白的？

# %%
words = {verb: f"I would like to {verb} Taipei on November 2nd".split() for verb in ("arrive", "leave")}
read = {verb: np.array([[one_hot(word) for word in words[verb]]]) for verb in words}  # (1, steps, words)
states = {verb: np.asarray(taggers["recurrent"].layers[1](x))[0] for verb, x in read.items()}  # (steps, units)
probs = {verb: np.asarray(taggers["recurrent"](x))[0] for verb, x in read.items()}  # (steps, classes)

classes = ["other", "destination", "departure"]
scene = {"sentences": words, "states": states, "probs": probs, "classes": classes}
Image(diagrams.moving_picture(lambda figure, step: diagrams.draw_reading(figure, step, **scene), steps))

# %% tags=["checks"]
apart = np.abs(states["arrive"] - states["leave"]).mean(axis=1)
verb_step, city_step = words["arrive"].index("arrive"), words["arrive"].index("Taipei")
assert (apart[:verb_step] < 1e-6).all() and (apart[verb_step:] > 0.1).all() and len(apart) == steps == 9
assert [probs["arrive"][step].argmax() for step in range(steps)] == [0] * city_step + [1] + [0] * 3
assert [probs["leave"][step].argmax() for step in range(steps)] == [0] * city_step + [2] + [0] * 3

# %% [markdown]
# (The picture moves: one word every second and a half.) Up to *to* the two memories are equal. At the verb they part.
# The answer is still *other* for both, so the verb changes the memory before it changes any answer. At *Taipei* the
# difference turns into two answers: *destination* and *departure*.
#
# ## The memory, by hand
#
# Here is the smallest recurrent network that shows it. Two inputs, two hidden units, two outputs; all weights
# are 1, there is no bias, and the activation is linear (nothing is squashed). The memory starts at 0. At each
# step every hidden unit adds up the two inputs and the two remembered values, and every output adds up the
# two hidden units. So at step 1: 1 + 1 + 0 + 0 = 2 in each hidden unit, and 2 + 2 = 4 at each output.

# %% [markdown] lang="zh" of="6f17b7f2"
# （这是一幅动图，一秒半换一个词。）读到 *to* 为止，两份记忆相同；读到动词，它们分开了。这时两边的答案都还是
# *other*，可见动词先改变记忆，然后才改变答案。到了 *Taipei*，记忆的差别变成两个答案：*destination* 和 *departure*。
#
# ## 记忆，用手算一遍
#
# 下面是看得出记忆的最小循环网络：两个输入，两个隐藏单元，两个输出；权重全是 1，没有偏置，激活是线性的（什么也不压
# 缩）。记忆从 0 开始。每一步，每个隐藏单元把两个输入和两个记住的值加起来，每个输出再把两个隐藏单元加起来。于是第 1
# 步：每个隐藏单元是 1 + 1 + 0 + 0 = 2，每个输出是 2 + 2 = 4。

# %%
memory = np.zeros(2)
table = []
for x in ([1, 1], [1, 1], [2, 2]):
    hidden = np.sum(x) + np.sum(memory) * np.ones(2)  # all weights are 1
    output = np.sum(hidden) * np.ones(2)
    table.append({"input": x, "memory before": memory, "hidden": hidden, "output": output})
    memory = hidden  # this line makes the network recurrent
pd.DataFrame(table, index=[1, 2, 3]).rename_axis("step")

# %% tags=["checks"]
assert [row["hidden"].tolist() for row in table] == [[2, 2], [6, 6], [16, 16]]
assert [row["output"].tolist() for row in table] == [[4, 4], [12, 12], [32, 32]]

# %% [markdown]
# Steps 1 and 2 have the same input [1, 1], and the answer is 4 the first time and 12 the second. The memory makes the
# difference. What if the inputs come in another order? `cells.run_rnn` does the arithmetic of the cell above for any
# weights. Beside it runs Keras: a `SimpleRNN` and a `Dense` layer with the same weights. (To change the weights by
# hand: `textrnn lesson memory --out memory.html` writes a page that does the same sums, [lessons](../docs/lessons.md).)

# %% [markdown] lang="zh" of="b8283283"
# 第 1 步和第 2 步的输入都是 [1, 1]，答案却先是 4，后是 12。差别来自记忆。换个顺序输入会怎样？`cells.run_rnn` 做的就
# 是上面那个单元格里的算术，权重可以随意给。旁边让 Keras 也算一遍：一个 `SimpleRNN` 加一个 `Dense`，权重相同。（想亲
# 手改权重，就运行
# `textrnn lesson memory --out memory.html`：它写出一个网页，做的是同样的算术，[说明](../docs/lessons.md)是英文的。）

# %%
ones = np.ones((2, 2))
weights = {"input_kernel": ones, "recurrent_kernel": ones, "output_kernel": ones}
orders = {"1, 1, 2": [[1, 1], [1, 1], [2, 2]], "1, 2, 1": [[1, 1], [2, 2], [1, 1]], "2, 1, 1": [[2, 2], [1, 1], [1, 1]]}
outputs = {order: cells.run_rnn(x, **weights).outputs[:, 0] for order, x in orders.items()}

rnn = keras.layers.SimpleRNN(2, activation="linear", use_bias=False, return_sequences=True)
network = keras.Sequential([keras.Input((None, 2)), rnn, keras.layers.Dense(2, use_bias=False)])
network.set_weights([ones, ones, ones])
keras_outputs = {order: np.asarray(network(np.array([x], "float32")))[0, :, 0] for order, x in orders.items()}
assert all(np.array_equal(keras_outputs[order], outputs[order]) for order in orders)
pd.DataFrame(outputs, index=["step 1", "step 2", "step 3"]).T.rename_axis("order of inputs")

# %% tags=["checks"]
assert [outputs[order].tolist() for order in orders] == [[4, 12, 32], [4, 16, 36], [8, 20, 44]]
sizes = [
    keras.Sequential([keras.Input((num_steps, 2)), keras.layers.SimpleRNN(2)]).count_params() for num_steps in (3, 300)
]
assert sizes == [10, 10]

# %% [markdown]
# The same three inputs in three orders end in 32, 36 and 44: to a recurrent network a sequence is more than a
# bag of inputs. And Keras computes the same, so you know what is inside the layer: the loop that you read above.
#
# Since the weights are shared by all steps, the network does not grow with the sequence: a `SimpleRNN` of two units
# has ten weights for 3 steps and for 300 (4 for the inputs, 4 for the memory, 2 biases). It can read a sequence that
# is longer than any it was trained on.
#
# ### Elman and Jordan
#
# What should be remembered? In an *Elman* network (1990) the memory is the hidden layer, as above. In a
# *Jordan* network (1986) it is the output. Both are layers of this kit; here they carry the weights of the
# example.

# %% [markdown] lang="zh" of="74e6453b"
# 同样三个输入，三种顺序，最后得到 32、36 和 44：对循环网络来说，序列不只是一袋子输入。Keras 算出来的也一样，所以你
# 已经知道这一层里是什么了：就是上面读到的那个循环。
#
# 各步共用权重，所以序列再长，网络也不会变大：两个单元的 `SimpleRNN`，3 步时有十个权重，300 步时还是十个（输入 4
# 个，记忆 4 个，偏置 2 个）。比训练时更长的序列，它也能读。
#
# ### Elman 和 Jordan
#
# 该记住什么？Elman 网络（1990）的记忆是隐藏层，和上面一样。Jordan 网络（1986）的记忆是输出。两种层本工具包里都有，
# 这里给它们装上例子里的权重。

# %%
ones_everywhere = {"activation": "linear", "use_bias": False, "return_sequences": True}
ones_everywhere |= {"kernel_initializer": "ones", "recurrent_initializer": "ones"}
x = np.array([orders["1, 1, 2"]], "float32")
forms = {kind.__name__: np.asarray(kind(2, **ones_everywhere)(x))[0, :, 0] for kind in (Elman, Jordan)}

figure, axes = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
for ax, form, memory in zip(axes, ("elman", "jordan"), ("state", "output"), strict=True):
    run = cells.run_rnn(x[0], **weights, form=form)
    names = [[f"[{value:.0f}, {value:.0f}]" for value in part[:, 0]] for part in (x[0], *run)]
    diagrams.draw_unrolled(ax, inputs=names[0], states=names[1], outputs=names[2], memory=memory)
    ax.set_title(f"{form.capitalize()}: the {'hidden units are' if memory == 'state' else 'output is'} remembered")

# %% tags=["checks"]
assert forms["Elman"].tolist() == [4, 12, 32] and forms["Jordan"].tolist() == [4, 20, 88]
assert run.states[1].tolist() == [10, 10] and run.outputs[:, 0].tolist() == [4, 20, 88]

# %% [markdown]
# Only the blue arrows differ: they start at the hidden units or at the output. At step 2 the hidden units of the
# Jordan network see the inputs 1 and 1 and the outputs 4 and 4, so they are 10, and the output is 20. A Jordan memory
# is easy to inspect, since training says what an output should be. But it can remember nothing that the output
# does not show. Exercise 3 tries it.
#
# ### Deep, bidirectional, and what each position has seen
#
# Recurrent layers can be stacked (*deep*), and a second one can read from the end to the beginning
# (*bidirectional*). Which inputs can then influence which outputs? We measure it: change one input, and see
# which outputs move. Before you look: which fields do you expect to be dark?

# %% [markdown] lang="zh" of="c4ce638b"
# 不同的只有蓝色箭头：一边从隐藏单元出发，一边从输出出发。第 2 步，Jordan 网络的隐藏单元看到输入 1 和 1、输出 4 和
# 4，所以是 10，于是输出是 20。Jordan 的记忆容易检查，因为输出该是什么，训练时有规定。可是输出里看不出的东西，它就记
# 不住。练习 3 来试一试。
#
# ### 深层、双向，以及每个位置看到了什么
#
# 循环层可以叠起来（深层，deep），也可以再加一层从末尾读到开头（双向，bidirectional）。这样一来，哪些输入能影响哪些
# 输出？我们来测：改动一个输入，看哪些输出跟着动。看之前先想：你觉得哪些格子会是深色？


# %%
def influence(layer, num_steps=6):
    changed = np.zeros((num_steps + 1, num_steps, 2), "float32")  # row 0 stays as it is
    changed[np.arange(num_steps) + 1, np.arange(num_steps)] = 1  # row s + 1 differs from it at step s
    moved = np.abs(layer(changed) - layer(changed[:1])).max(axis=-1) > 1e-6
    return moved[1:].T  # (output step, input step)


keras.utils.set_random_seed(SEED)
plain = {"units": 8, "return_sequences": True}
networks = {"feed-forward": keras.layers.Dense(8), "recurrent": keras.layers.SimpleRNN(**plain)}
networks["deep (2 layers)"] = keras.Sequential([keras.layers.SimpleRNN(**plain) for _ in range(2)])
networks["bidirectional"] = keras.layers.Bidirectional(keras.layers.SimpleRNN(**plain))
seen = {name: influence(layer) for name, layer in networks.items()}
figure, axes = plt.subplots(1, 4, figsize=(10, 2.8), layout="constrained")
for ax, (name, matrix) in zip(axes, seen.items(), strict=True):
    ax.imshow(matrix, cmap="Greys", vmin=0, vmax=1.4, extent=(0.5, 6.5, 6.5, 0.5))
    ax.set(title=name, xlabel="input step", xticks=range(1, 7), yticks=range(1, 7), ylabel="output step")

# %% tags=["checks"]
assert np.array_equal(seen["feed-forward"], np.eye(6))
assert np.array_equal(seen["recurrent"], np.tri(6)) and np.array_equal(seen["deep (2 layers)"], np.tri(6))
assert seen["bidirectional"].all()

# %% [markdown]
# A dark field means: this output has seen this input. The feed-forward network sees one input per output (the
# diagonal). A recurrent network sees everything up to now (the triangle), and a second layer does not change
# that. Only the bidirectional network has seen the whole sequence at every position. In "I leave Taipei" the
# verb comes first; in a language with the verb at the end you would want the bidirectional one.
#
# ## Result: how long does it remember?
#
# *Arrive* and *Taipei* stand close together. How far can a memory reach? The *recall task*: read a row of
# random symbols and keep answering the same question, *what was the first symbol?* At step 1 that is easy.
# After 20 more symbols it takes a memory that the other symbols do not wash away. One example:

# %% [markdown] lang="zh" of="0e0a8eb0"
# 格子深，表示这个输出看到过这个输入。前馈网络的每个输出只看到一个输入（对角线）。循环网络看到此前的一切（三角形），
# 再叠一层也还是这样。只有双向网络在每个位置上都看到了整个序列。“I leave Taipei”的动词在前；如果一种语言把动词放在句
# 末，你就会想要双向网络。
#
# ## 结果：它能记多久？
#
# *arrive* 和 *Taipei* 离得很近。记忆能到多远？“回忆任务”（recall task）是这样的：读一串随机符号，每一步都回答同一个
# 问题：第一个符号是什么？在第 1 步这很容易。再读 20 个符号以后，就要有一份不会被冲淡的记忆。举个例子：


# %%
def recall_data(num_rows, gap, seed):
    symbols = np.random.default_rng(seed).integers(RECALL_SYMBOLS, size=(num_rows, gap + 1))
    first = np.repeat(symbols[:, :1], gap + 1, axis=1)
    return np.eye(RECALL_SYMBOLS, dtype="float32")[symbols], first  # (batch, steps, symbols), (batch, steps)


example_inputs, example_answers = recall_data(1, 5, seed=3)
example = {"symbol": example_inputs[0].argmax(axis=-1), "answer": example_answers[0]}
pd.DataFrame(example, index=range(1, 7)).T.rename_axis("step", axis=1)

# %% [markdown]
# There are 16 symbols, so guessing is right in 1 of 16 cases (6 %). We train a `SimpleRNN` and an `LSTM` of
# 32 units each on 2,000 rows with gaps up to 20, and test with gaps up to 100. The LSTM (*long short-term
# memory*) is the topic of the next notebook. `clipnorm` shortens steps that would be too long; notebook 03 shows why.
# This is the slow cell: half a minute or more.

# %% [markdown] lang="zh" of="3edf15b8"
# 符号有 16 种，所以瞎猜 16 次能对 1 次（6 %）。我们训练一个 `SimpleRNN` 和一个 `LSTM`，各 32 个单元；训练用 2,000
# 行，间隔最长 20，测试时间隔最长 100。LSTM（long short-term memory，长短期记忆）是下一篇的主题。`clipnorm` 把过长的
# 步子缩短，原因见第 03 篇。这个单元格最慢，要半分钟以上。


# %%
def build_recaller(kind, seed):
    keras.utils.set_random_seed(seed)
    hidden = getattr(keras.layers, kind)(32, return_sequences=True)
    output_layer = keras.layers.Dense(RECALL_SYMBOLS, activation="softmax")
    return keras.Sequential([keras.Input((None, RECALL_SYMBOLS)), hidden, output_layer])


rights, trained = {"SimpleRNN": [], "LSTM": []}, {}  # a table (rows, steps) of right answers per seed; the networks
test_inputs, test_answers = recall_data(500, RECALL_TEST_GAP, seed=1000)
for name, seed in [(name, seed) for name in rights for seed in RECALL_SEEDS]:
    model = trained[name, seed] = build_recaller(name, seed)
    model.compile(keras.optimizers.Adam(0.02, clipnorm=1.0), "sparse_categorical_crossentropy")
    model.fit(*recall_data(2000, RECALL_TRAIN_GAP, seed), epochs=RECALL_EPOCHS, batch_size=50, verbose=0)
    rights[name].append(np.argmax(model(test_inputs), axis=-1) == test_answers)

# %% [markdown]
# The share of right answers for every gap from 0 to 100; thick lines are the mean over the seeds, the grey band is
# their spread:

# %% [markdown] lang="zh" of="2244cc07"
# 间隔从 0 到 100，每个间隔上答对的比例；粗线是各个种子的平均，灰带是它们的范围：

# %%
curves = {name: np.array([right.mean(axis=0) for right in runs]) for name, runs in rights.items()}  # (seeds, steps)
figure, ax = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
for (name, runs), style in zip(curves.items(), ("--", "-", "-."), strict=False):
    ax.plot(runs.mean(axis=0), style, color="black", linewidth=2, label=f"{name} (mean of {len(runs)} seeds)")
    ax.fill_between(range(RECALL_TEST_GAP + 1), runs.min(axis=0), runs.max(axis=0), color="0.8")
ax.axhline(1 / RECALL_SYMBOLS, color="0.5", linestyle=":", label="guessing")
ax.axvline(RECALL_TRAIN_GAP, color="0.5", linewidth=0.8)
ax.text(RECALL_TRAIN_GAP + 1, 0.13, "longest gap in training", color="0.3")
ax.set(xlabel="symbols between the first one and the answer", ylabel="share right", ylim=(0, 1.05))
_ = ax.legend(loc="upper right", bbox_to_anchor=(1.0, 0.93))

# %% tags=["checks"]
means = {name: runs.mean(axis=0) for name, runs in curves.items()}
assert min(means["SimpleRNN"][0], means["LSTM"][0]) > 0.95
assert means["SimpleRNN"][20] < 0.75 and means["LSTM"][20] > 0.95 and means["LSTM"][100] > 0.95
assert RECALL_EPOCHS * 2000 // 50 == 240  # weight updates
assert means["SimpleRNN"][5] < 0.85 and means["SimpleRNN"][5] - means["SimpleRNN"][100] < 0.2

# %% [markdown]
# > Recall of the first of 16 symbols, 500 test rows, seeds 0 to 2, guessing 6 %: at a gap of 20 the `SimpleRNN` is
# > right in less than 75 %, the `LSTM` in more than 95 %, and the LSTM still is at a gap of 100, five times what it was
# > trained on.
#
# The `SimpleRNN` loses the symbol within the first few steps, and then the curve stays level. Is every symbol
# remembered sometimes, or some symbols always? Count it for each symbol, at the longest gap:

# %% [markdown] lang="zh" of="289fb9a5"
# > 回忆第一个符号（共 16 种），测试 500 行，种子 0 到 2，瞎猜 6 %：间隔 20 时，`SimpleRNN` 答对的不到 75 %，`LSTM`
# 超过 95 %；间隔 100 时 LSTM 依然如此，这已经是训练时的五倍。
#
# `SimpleRNN` 头几步就把符号丢了，之后曲线一直是平的。是每个符号都有时记得住，还是有几个符号总是记得住？在最长的间隔
# 上，按符号分开数：

# %%
first_symbols = test_answers[:, 0]
by_symbol = np.array(
    [[right[first_symbols == s, -1].mean() for s in range(RECALL_SYMBOLS)] for right in rights["SimpleRNN"]]
)  # (seeds, symbols)
seeds = pd.Index(RECALL_SEEDS, name="seed")
pd.DataFrame(by_symbol, index=seeds, columns=pd.Index(range(RECALL_SYMBOLS), name="symbol")).round(1)

# %% tags=["checks"]
assert ((by_symbol < 0.1) | (by_symbol > 0.9)).mean() > 0.6

# %% [markdown]
# More than six in ten of these shares are below 0.1 or above 0.9: most symbols are either kept or lost. After these
# 240 weight updates the network holds some of the 16 and not yet the others; with more training it holds all of them
# (exercise 4). For a plain recurrent network long memory is possible, but slow to learn.
#
# And the LSTM? One often reads that it shuts a gate against what does not matter. Look before you believe it. The next
# cell runs 50 test rows through the trained LSTMs and keeps two numbers: the *input gate* (0 shut, 1 open: how much of
# a new symbol is let in) and the *memory cell* (its size, and how often a step adds to it in the direction that it
# already has). Then it empties the cell before every step and counts right answers again.

# %% [markdown] lang="zh" of="60dd21fb"
# 这些比例里，十个有六个以上低于 0.1 或高于 0.9：多数符号要么留住，要么丢掉。更新了 240 次权重以后，网络记住了 16 种
# 里的一部分，其余的还没有；再多训练，就全都记住了（练习 4）。普通循环网络可以有很长的记忆，只是学得慢。
#
# LSTM 呢？常听人说，它会对不要紧的东西关上门。先看，再决定信不信。下一个单元格让训练好的几个 LSTM 读 50 行测试序
# 列，记下两样东西：输入门（0 是关，1 是开：新符号放进来多少）和记忆 c（memory cell，也叫细胞状态：有多大，又有多少
# 步是顺着它已有的方向往上加）。然后在每一步之前清空记忆 c，再数一次答对多少。

# %%
rows = []
for seed, right in zip(RECALL_SEEDS, rights["LSTM"], strict=True):
    model = trained["LSTM", seed]
    runs = [cells.run_lstm(x, **cells.from_keras(model.layers[0])) for x in test_inputs[:50]]
    gate = np.mean([cells.apply_activation(run.zi, name="sigmoid")[10:] for run in runs], axis=(0, 1))  # (units,)
    size = np.mean([np.abs(run.cells) for run in runs], axis=(0, 2))  # (steps,)
    onwards = np.mean([np.sign(run.z[1:]) == np.sign(run.cells[:-1]) for run in runs])
    gradients.set_forget_bias(model.layers[0], -1000)  # a forget gate that is always 0
    emptied = np.argmax(model(test_inputs), axis=-1) == test_answers
    shares = {"right at gap 20": right[:, 20].mean(), "with emptied cells": emptied[:, 20].mean()}
    sizes = {f"size of cells, gap {gap}": size[gap] for gap in (0, 20, 100)}
    rows.append({"seed": seed, "lowest input gate": gate.min(), **sizes, "same direction": onwards, **shares})
pd.DataFrame(rows).set_index("seed").round(2)

# %% tags=["checks"]
gates = pd.DataFrame(rows).set_index("seed")
assert gates["lowest input gate"].min() > 0.3
assert (gates["size of cells, gap 0"] < 0.35).all() and (gates["size of cells, gap 100"] > 20).all()
assert (gates["size of cells, gap 20"].between(6, 10)).all()
assert (gates["same direction"] > 0.95).all()
assert (gates["right at gap 20"] > 0.95).all() and (gates["with emptied cells"] < 0.6).all()

# %% [markdown]
# No gate is shut: on average over the later steps, even the lowest input gate of the 32 stands above 0.3. What
# happens is plainer. A memory cell can *add*, and here it does, step after step, in more than 95 % of all cases in the
# direction that it already has: its size grows from below 0.35 to above 20. The first symbol sets the direction and
# the LSTM goes on in it, as if it repeated the answer to itself. Empty the cells before every step, and at a gap of 20
# fewer than 60 % are right: the cells are what remembers. A task in which gates *are* needed stands in the next
# notebook.
#
# ## What else such a memory does
#
# A label for each word is one use of a loop with a memory. What changes from use to use is where something goes in
# and where something comes out:

# %% [markdown] lang="zh" of="92bad15b"
# 没有哪扇门关着：取后面各步的平均，32 个输入门里最低的也在 0.3 以上。实情更简单。记忆 c 可以**累加**，这里它就一步
# 一步地加，而且 95 % 以上是顺着已有的方向：它的大小从 0.35 以下长到 20 以上。第一个符号定下方向，LSTM 就沿着这个方
# 向加下去，好像在对自己重复答案。每一步之前清空记忆 c，间隔 20 时答对的就不到 60 %：记住东西的正是它。**真正需
# 要**门的任务，下一篇里有。
#
# ## 这样的记忆还能做什么
#
# 给每个词一个标签，只是这种带记忆的循环的一种用法。用法变了，变的只是东西从哪里进去、从哪里出来：

# %%
uses = {
    "a label for each step: slots, speech": ("we leave Taipei now", "other other departure other"),
    "one class for all: headlines, mood of a review": ("国 足 小 胜", "   sports"),
    "generation: each answer is the next input": ("(start) the train leaves", "the train leaves at"),
    "translation: read all, then write": ("谢谢 你  ", "  thank you"),
}
figure, axes = plt.subplots(2, 2, figsize=(10, 5), layout="constrained")
for ax, (title, (below, above)) in zip(axes.flat, uses.items(), strict=True):
    diagrams.draw_unrolled(ax, inputs=below.split(" "), states=[""] * 4, outputs=above.split(" "))
    ax.set_title(title)

# %% [markdown]
# Speech: slices of sound go in, a letter or a piece of a sound comes out at each. Headlines: 国足小胜 ("national
# football team wins narrowly") goes in, one class comes out at the end; notebooks 05 to 09 are about that.
# Generation: the network's own word is what it reads next, so it writes a sentence, or music. Translation: one
# network reads 谢谢你 ("thank you") into its memory, a second one writes from it. All four are the same loop.
#
# ## Mistakes that are easy to make
#
# - *Counting all words.* The feed-forward network was above 90 % on all words and at chance on the words that
#   matter.
# - *Forgetting the mask.* Without it the network also learns from the zeros that fill up the rows, and is scored
#   on them.
# - *"A recurrent network cannot remember over 20 steps."* It can, with more training: see exercise 4. What
#   the curve shows is what it learns from the same 240 weight updates.
# - *Remembering across sentences.* The memory must start at 0 for each sentence. Keras does that unless you
#   ask for `stateful=True`.
#
# ## Exercises
#
# Write down your prediction first, then run it. Our measurements are in [answers.md](answers.md).
#
# 1. Feed the all-ones network [1, 1] three times. What are the three outputs? And if it goes on for ten
#    steps: does the output settle, or grow?
# 2. Give the feed-forward tagger two words at once: the word and the one before it. (Shift the inputs by one
#    step, `np.pad(inputs, ((0, 0), (1, 0), (0, 0)))[:, :-1]`, join both with `np.concatenate(..., axis=-1)`, and
#    give `keras.Input` in `build_tagger` twice the width.) Which patterns does it get right now, and what is its
#    share on the dev cities?
# 3. Replace the hidden layer of the tagger and its `Dense` layer by `Jordan(16, 3,
#    output_activation="softmax", return_sequences=True)`. Its memory is three probabilities. Does it still
#    tell *arrive* from *leave*?
# 4. Set `RECALL_EPOCHS` to 20. What does the `SimpleRNN` reach at a gap of 20?
# 5. Add `"GRU": []` to `rights`. Is its curve nearer to the `SimpleRNN` or to the `LSTM`?

# %% [markdown] lang="zh" of="fe39e887"
# 语音：声音切成小片送进去，每一片出来一个字母，或一个音的一部分。标题：“国足小胜”送进去，最后出来一个类别；第 05 到
# 09 篇讲的就是这个。生成：网络自己写的词，就是它下一步读的词，于是写出一句话，也可以写出音乐。翻译：一个网络把“谢谢
# 你”读进记忆，另一个照着这份记忆写。四种用法，同一个循环。
#
# ## 容易犯的错误
#
# - **只数全部的词**：前馈网络在全部的词上超过 90 %，在要紧的词上却只是碰运气。
# - **忘了掩码**：没有掩码，网络就连补齐用的零也一起学，评分时也会把它们算进去。
# - **以为循环网络记不住 20 步以前的东西**：多训练就能记住，见练习 4。曲线显示的，只是同样更新 240 次权重能学到什
#   么。
# - **把上一句记到下一句**：每句话开始时，记忆必须是 0。Keras 就是这样做的，除非你要求 `stateful=True`。
#
# ## 练习
#
# 先写下你的预测，再运行。我们测得的结果在 [answers.zh.md](answers.zh.md) 里。
#
# 1. 给权重全为一的网络连续三次输入 [1, 1]。三个输出是多少？如果这样走十步，输出会稳定下来，还是越来越大？
# 2. 让前馈网络一次看两个词：当前的词和前一个词。（用 `np.pad(inputs, ((0, 0), (1, 0), (0, 0)))[:, :-1]` 把输入推后
#    一步，用 `np.concatenate(..., axis=-1)` 把两者拼起来，再把 `build_tagger` 里的 `keras.Input` 加宽一倍。）现在哪
#    些句型答对了？在 dev 的城市上答对多少？
# 3. 把标注网络的隐藏层和它的 `Dense` 层换成 `Jordan(16, 3, output_activation="softmax", return_sequences=True)`。它
#    的记忆是三个概率。它还分得清 *arrive* 和 *leave* 吗？
# 4. 把 `RECALL_EPOCHS` 设为 20。间隔 20 时，`SimpleRNN` 能到多少？
# 5. 在 `rights` 里加上 `"GRU": []`。它的曲线更靠近 `SimpleRNN`，还是更靠近 `LSTM`？

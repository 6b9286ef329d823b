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
# # 02 · What does an LSTM do that a plain recurrent network does not?
#
# Forty cities pass by on a list, and one of them is marked with a star. At the end: which one was it? A plain recurrent
# network works every new city into all of its memory, with the same weights at each step. What would a memory look
# like that can say "this one I take" and "this one does not matter, I keep what I have"?
#
# **The answer in one sentence:** an LSTM keeps a memory cell behind three gates (keep, write, show), which are computed
# at each step from what comes in and from the last output; training decides when they open.
#
# The name reads long *short-term memory*: a short-term memory that lasts long (Hochreiter and Schmidhuber, 1997). The
# worked example is that of Hung-yi Lee's lectures on recurrent networks (2016/17, parts I and II).

# %% [markdown] lang="zh" of="01920844"
# # 02 · LSTM 比普通循环网络多做了什么？
#
# 四十座城市排成清单，一座一座经过，其中一座带着星号。最后要问：是哪一座？普通循环网络每一步都用同样的权重，把新来的
# 城市揉进整份记忆。要能说出“这个我收下”“这个不要紧，我留着原来的”，记忆该是什么样子？
#
# **一句话回答**：LSTM 把记忆 c（细胞状态）放在三扇门后面，分别管保留、写入和输出；每一步，门的开合都由当前的输入和
# 上一步的输出算出；什么时候开，由训练决定。
#
# LSTM 要读成 long 加 *short-term* memory：短期记忆，只是加长了（Hochreiter 和 Schmidhuber，1997）。手算的例子取自李
# 宏毅老师的循环网络课程（2016/17，第一、第二部分）。

# %% [markdown] lang="zh" of="none"
# 图和表里的文字是英文，两个版本共用一次运行的结果。常见的几个：
#
# | 英文 | 中文 |
# | --- | --- |
# | forget gate / input gate / output gate | 遗忘门／输入门／输出门 |
# | memory cell, cell | 记忆 c，也叫细胞状态 |
# | nine lines | 手写的那九行代码 |
# | parameters | 参数个数 |
# | memory before | 这一步之前的记忆 |
# | peephole | 窥孔 |
# | star: late / anywhere | 星号的位置：靠后／任意 |
# | right | 答对的比例 |
# | unit | 单元 |
# | before the star / at the star / after it | 星号之前／星号处／星号之后 |
# | hidden: star from o | 藏起什么：不让输出门 o 看到星号（其余类推） |

# %%
try:
    import keras
    import matplotlib.pyplot as plt
    import numpy as np
    import pandas as pd

    from textrnn.lessons import cell_drawings, cells, gradients
except ModuleNotFoundError as missing:
    raise SystemExit(f'{missing}: run %pip install -e "PATH[train]", PATH being your copy of this project') from None

# %% [markdown]
# ## Settings
#
# The notebook takes about a minute on two cores, most of it in the trainings near the end; one seed in `SEEDS` makes
# them about twice as fast.

# %% [markdown] lang="zh" of="1a23a372"
# ## 设置
#
# 整篇教程双核大约跑一分钟，大半花在靠近末尾的几次训练上；`SEEDS` 只留一个种子，训练大约快一倍。

# %% tags=["parameters"]
SEED = 0  # of everything before the trainings
SEEDS = (0, 1, 2)  # one network of each kind per seed
UNITS = 8  # units of the networks that we train and watch
NUM_CITIES = 6  # different cities in the task; guessing is right once in six times
NUM_STEPS = 40  # cities that pass by in one sequence
EPOCHS = 8  # passes over 3,200 training sequences: 800 weight updates

# %% [markdown]
# ## From a plain cell to an LSTM, one part at a time
#
# We build the LSTM in five drawings. Three signs are needed. $\sigma$, the *sigmoid*, turns any number into one between
# 0 and 1; $\tanh$ turns it into one between -1 and 1; $\odot$ multiplies two vectors number by number. The input of
# step $t$ is the vector $x_t$, the output $h_t$. All weights here are random: we look at the form, not at a result.
#
# **Drawing 1: the plain recurrent cell** of notebook 01. The new output is computed from the input and the last output,
# with weights $W$ and $R$ and a bias $b$:
#
# $$h_t = \tanh(W x_t + R\,h_{t-1} + b)$$

# %% [markdown] lang="zh" of="bad355e0"
# ## 从普通单元到 LSTM，一次加一个部件
#
# 我们用五幅图搭出 LSTM。先认三个记号：$\sigma$ 叫 sigmoid，把任何数变成 0 到 1 之间的数；$\tanh$ 把它变成 -1 到 1
# 之间的数；$\odot$ 把两个向量逐个数相乘。第 $t$ 步的输入是向量 $x_t$，输出是 $h_t$。这里的权重都是随机的：我们看的
# 是样子，不是结果。
#
# **图 1：普通循环单元**，也就是第 01 篇里的那种。新的输出由输入和上一步的输出算出，权重是 $W$ 和 $R$，偏置是 $b$：
#
# $$h_t = \tanh(W x_t + R\,h_{t-1} + b)$$

# %%
features, units = 3, 2
rng = np.random.default_rng(SEED)
xs = rng.normal(size=(6, features)).astype("float32")  # six steps
W = {name: rng.normal(size=(units, features)) for name in "gfio"}  # four sets of weights; g comes first
R = {name: rng.normal(size=(units, units)) for name in "gfio"}
b = {name: rng.normal(size=units) for name in "gfio"}


def draw(stage):
    _, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
    cell_drawings.draw_lstm_cell(ax, stage=stage)


x, h = xs[0], np.zeros(units)
h = np.tanh(W["g"] @ x + R["g"] @ h + b["g"])
draw("plain")

# %% [markdown]
# The loop below is the only memory. Whatever it holds goes through $R$ and $\tanh$ at every step, wanted or not.
#
# **Drawing 2: a memory cell.** Beside the output there is now a second vector, the cell $c$. It is not computed anew,
# something is *added* to it. What is added is called the candidate $g$: it is what used to be the output.
#
# $$g = \tanh(W_g x_t + R_g h_{t-1} + b_g) \qquad c_t = c_{t-1} + g \qquad h_t = \tanh(c_t)$$

# %% [markdown] lang="zh" of="b3b88193"
# 下面那个环是唯一的记忆。里面不管是什么，每一步都要过一遍 $R$ 和 $\tanh$，想不想都得过。
#
# **图 2：加一份记忆**。输出之外，现在有了第二个向量，记忆 $c$。它不是重新算的，而是往上**加**。加上去的叫候选值
# $g$，也就是原来的输出。
#
# $$g = \tanh(W_g x_t + R_g h_{t-1} + b_g) \qquad c_t = c_{t-1} + g \qquad h_t = \tanh(c_t)$$

# %%
x, h, c = xs[0], np.zeros(units), np.zeros(units)
g = np.tanh(W["g"] @ x + R["g"] @ h + b["g"])
c = c + g
h = np.tanh(c)
draw("cell")

# %% [markdown]
# Look at the upper loop (red: what is new in a drawing): nothing on it shrinks the cell, so nothing is ever lost. But
# nothing is ever cleared either: after forty steps the cell is the sum of forty candidates.
#
# **Drawing 3: the forget gate.** A second set of weights computes numbers between 0 and 1, and the old cell is
# multiplied by them. Mind the name: open (1) means *keep*, shut (0) means *clear*.
#
# $$f = \sigma(W_f x_t + R_f h_{t-1} + b_f) \qquad c_t = f \odot c_{t-1} + g$$

# %% [markdown] lang="zh" of="6adb6107"
# 看上面那个环（红色表示这幅图里新加的）：环上没有什么会让记忆缩小，所以什么也不会丢。可也没有什么会被清掉：四十步以
# 后，记忆就是四十个候选值的和。
#
# **图 3：遗忘门**。第二组权重算出 0 到 1 之间的数，用来乘旧的记忆。当心名字：开（1）是**保留**，关（0）是**清除**。
#
# $$f = \sigma(W_f x_t + R_f h_{t-1} + b_f) \qquad c_t = f \odot c_{t-1} + g$$


# %%
def sigmoid(values):
    return cells.apply_activation(values, name="sigmoid")


x, h, c = xs[0], np.zeros(units), np.zeros(units)
f = sigmoid(W["f"] @ x + R["f"] @ h + b["f"])
g = np.tanh(W["g"] @ x + R["g"] @ h + b["g"])
c = f * c + g
h = np.tanh(c)
draw("forget gate")

# %% [markdown]
# Now the cell can be cleared, by the input or by the last output. But every candidate is still added.
#
# **Drawing 4: the input gate** says how much of the candidate is written.
#
# $$i = \sigma(W_i x_t + R_i h_{t-1} + b_i) \qquad c_t = f \odot c_{t-1} + i \odot g$$

# %% [markdown] lang="zh" of="25be89fe"
# 现在记忆可以清除了，由输入或上一步的输出决定。不过每个候选值还是照加不误。
#
# **图 4：输入门**决定候选值写进去多少。
#
# $$i = \sigma(W_i x_t + R_i h_{t-1} + b_i) \qquad c_t = f \odot c_{t-1} + i \odot g$$

# %%
x, h, c = xs[0], np.zeros(units), np.zeros(units)
f = sigmoid(W["f"] @ x + R["f"] @ h + b["f"])
i = sigmoid(W["i"] @ x + R["i"] @ h + b["i"])
g = np.tanh(W["g"] @ x + R["g"] @ h + b["g"])
c = f * c + i * g
h = np.tanh(c)
draw("input gate")

# %% [markdown]
# With $f = 1$ and $i = 0$ the cell stays exactly as it is: "this one does not matter, I keep what I have".
#
# **Drawing 5: the output gate** says how much of the cell is shown. What is not shown reaches neither the layer above
# nor the gates of the next step, and yet it stays in the cell. This is the whole LSTM:
#
# $$o = \sigma(W_o x_t + R_o h_{t-1} + b_o) \qquad h_t = o \odot \tanh(c_t)$$
#
# The nine lines below are a complete LSTM layer: a loop over the steps.

# %% [markdown] lang="zh" of="34f514d2"
# $f = 1$ 而 $i = 0$ 时，记忆原样不动：“这个不要紧，我留着原来的”。
#
# **图 5：输出门**决定记忆露出来多少。没露出来的，上面的层看不到，下一步的门也看不到，但它还留在记忆里。这就是完整的
# LSTM：
#
# $$o = \sigma(W_o x_t + R_o h_{t-1} + b_o) \qquad h_t = o \odot \tanh(c_t)$$
#
# 下面九行就是一个完整的 LSTM 层：一个沿着各步走的循环。

# %%
h, c, outputs = np.zeros(units), np.zeros(units), []
for x in xs:
    f = sigmoid(W["f"] @ x + R["f"] @ h + b["f"])
    i = sigmoid(W["i"] @ x + R["i"] @ h + b["i"])
    o = sigmoid(W["o"] @ x + R["o"] @ h + b["o"])
    g = np.tanh(W["g"] @ x + R["g"] @ h + b["g"])
    c = f * c + i * g
    h = o * np.tanh(c)
    outputs.append(h)
draw("output gate")

# %% [markdown]
# Is that what Keras computes? Its layer `LSTM` keeps the same weights side by side in three arrays, in the order $i$,
# $f$, $g$, $o$, and lying down (features first), so we turn ours.

# %% [markdown] lang="zh" of="c90143f1"
# Keras 算的也是这个吗？它的 `LSTM` 层把同样的权重并排放进三个数组，次序是 $i$、$f$、$g$、$o$，而且是横着放的（特征
# 在前），所以要先把我们的权重转过来。

# %%
kernel = np.hstack([W[name].T for name in "ifgo"])  # (features, 4 * units)
recurrent_kernel = np.hstack([R[name].T for name in "ifgo"])  # (units, 4 * units)
bias = np.hstack([b[name] for name in "ifgo"])  # (4 * units,)

layer = keras.layers.LSTM(units, return_sequences=True)
layer.build((None, None, features))
layer.set_weights([kernel, recurrent_kernel, bias])
by_keras = np.asarray(layer(xs[None]))[0]
assert np.allclose(by_keras, outputs, atol=1e-6)
pd.DataFrame({"nine lines": np.array(outputs)[:, 0], "Keras": by_keras[:, 0]}, index=range(1, 7)).round(4).T

# %% tags=["checks"]
traced = cells.run_lstm(xs, kernel=kernel, recurrent_kernel=recurrent_kernel, bias=bias)
assert np.allclose(traced.outputs, outputs, atol=1e-9)

# %% [markdown]
# Equal at all six steps (the table shows the first unit). Two steps in a row look like this; the cell is the blue line
# on top, and each box includes its sigmoid, or $\tanh$ for $g$:

# %% [markdown] lang="zh" of="b4761075"
# 六步都相等（表里是第一个单元）。连着的两步画出来是这样：上面的蓝线是记忆 c，方框里已经包含 sigmoid，$g$ 的方框里是
# $\tanh$：

# %%
figure, ax = plt.subplots(figsize=(10, 4.6), layout="constrained")
_ = cell_drawings.draw_lstm_chain(ax)

# %% [markdown]
# Follow the blue line: on its way to the next step the cell is multiplied by the forget gate and something is added;
# nothing else happens to it.
#
# What do gates cost? Each of the four sets has as many weights as a plain layer. The *GRU* (Cho and others, 2014) makes
# do with three: two gates and a candidate, and no cell beside the output. How many weights has each layer with 2
# inputs and 2 units? Count before you look.

# %% [markdown] lang="zh" of="fc328e95"
# 顺着蓝线看：走向下一步的路上，记忆先与遗忘门相乘，再加上一点东西；此外什么也没有发生。
#
# 门的代价有多大？四组权重，每组都和一个普通层一样多。GRU（Cho 等，2014）只要三组：两扇门和一个候选值，输出之外不另
# 设记忆 c。2 个输入、2 个单元，每种层各有多少权重？先数，再看。

# %%
layers = {
    "SimpleRNN": keras.layers.SimpleRNN(2),
    "LSTM": keras.layers.LSTM(2),
    "GRU (Keras' default)": keras.layers.GRU(2),
    "GRU (original form)": keras.layers.GRU(2, reset_after=False),
}
for layer in layers.values():
    layer.build((None, None, 2))
counts = pd.Series({name: layer.count_params() for name, layer in layers.items()}, name="parameters")
counts.rename_axis("2 inputs, 2 units").to_frame()

# %% tags=["checks"]
assert counts.tolist() == [10, 40, 36, 30]

# %% [markdown]
# The plain layer has 4 weights from the inputs, 4 from the memory and 2 biases; the LSTM has four times 10. The GRU has
# three times 10 in its original form; Keras' default adds a second set of 6 biases.
#
# ## A memory that can be checked by hand
#
# One unit, three inputs $x^1$, $x^2$, $x^3$. The first is the number to remember; the second says "add it to the
# memory" (1) or "clear the memory" (-1); the third says "show the memory" (1). These weights do it:
#
# | part | before its $\sigma$ | what it says |
# | --- | --- | --- |
# | candidate $g$ | $x^1$ (no $\tanh$ here) | write the number |
# | input gate $i$ | $100\,x^2 - 10$ | only if $x^2$ is 1 |
# | forget gate $f$ | $100\,x^2 + 10$ | keep, unless $x^2$ is -1 |
# | output gate $o$ | $100\,x^3 - 10$ | show only if $x^3$ is 1 |
#
# Nine steps, first by hand, with gates that are exactly open or shut:

# %% [markdown] lang="zh" of="c4e55daf"
# 普通层有 4 个权重给输入，4 个给记忆，另有 2 个偏置；LSTM 是 10 的四倍。GRU 的原始形式是 10 的三倍；Keras 的默认形
# 式再多一组偏置，共 6 个。
#
# ## 能用手验算的记忆
#
# 一个单元，三个输入 $x^1$、$x^2$、$x^3$。第一个是要记的数；第二个说“加进记忆”（1）或“清空记忆”（-1）；第三个说
# “输出
# 记忆”（1）。这组权重就能做到：
#
# | 部分 | 进 $\sigma$ 之前 | 意思 |
# | --- | --- | --- |
# | 候选值 $g$ | $x^1$（这里没有 $\tanh$） | 写入这个数 |
# | 输入门 $i$ | $100\,x^2 - 10$ | 只有 $x^2$ 是 1 才写 |
# | 遗忘门 $f$ | $100\,x^2 + 10$ | 保留，除非 $x^2$ 是 -1 |
# | 输出门 $o$ | $100\,x^3 - 10$ | 只有 $x^3$ 是 1 才输出 |
#
# 一共九步，先用手算，门不是全开就是全关：

# %%
x1, x2, x3 = [1, 3, 2, 4, 2, 1, 3, 6, 1], [0, 1, 0, 1, 0, 0, -1, 1, 0], [0, 0, 0, 0, 0, 1, 0, 0, 1]
memory, rows = 0, []
for number, write, show in zip(x1, x2, x3, strict=True):
    before = memory
    memory = number * (write == 1) + memory * (write != -1)
    rows.append({"x1": number, "x2": write, "x3": show, "memory before": before, "output": memory * (show == 1)})
by_hand = pd.DataFrame(rows, index=range(1, 10)).rename_axis("step")
by_hand.T

# %% tags=["checks"]
assert by_hand["memory before"].tolist() == [0, 0, 3, 3, 7, 7, 7, 0, 6]
assert by_hand["output"].tolist() == [0, 0, 0, 0, 0, 7, 0, 0, 6]
assert by_hand.loc[by_hand["x2"] == 0, "x1"].tolist() == [1, 2, 2, 1, 1]

# %% [markdown]
# Step 2 writes 3, step 4 adds 4, step 6 shows the 7, step 7 clears the memory, step 8 writes 6, step 9 shows
# it. The numbers 1, 2, 2, 1, 1 that come by with $x^2 = 0$ leave no trace. (The same cell as a page, with every number
# to change: `textrnn lesson cell --out cell.html`, [lessons](../docs/lessons.md).)
#
# Now with real gates. `cells.run_lstm` is the loop above and keeps every value of every step.
# `zi`, `zf`, `zo` and `z` are its names, and the lecture's, for $i$, $f$, $o$ and $g$ *before* the sigmoid or $\tanh$.

# %% [markdown] lang="zh" of="c1d282c2"
# 第 2 步写入 3，第 4 步加上 4，第 6 步输出 7，第 7 步清空记忆，第 8 步写入 6，第 9 步输出。而 $x^2 = 0$ 时经过的
# 1、2、2、1、1，没有留下痕迹。（同一个单元也有网页，每个数都可以改：`textrnn lesson cell --out cell.html`，
# [说明](../docs/lessons.md)是英文的。）
#
# 现在换上真正的门。`cells.run_lstm` 就是上面的循环，每一步的每个值它都留着。`zi`、`zf`、`zo` 和 `z` 是它的叫法，也
# 是课程里的叫法，指 $i$、$f$、$o$ 和 $g$ 进 sigmoid 或 $\tanh$ **之前**的值。

# %%
kernel = [[0, 0, 1, 0], [100, 100, 0, 0], [0, 0, 0, 100]]  # rows x1, x2, x3; columns i, f, g, o
bias = [-10, 10, 0, -10]
nine_steps = np.column_stack([x1, x2, x3]).astype("float32")
run = cells.run_lstm(nine_steps, kernel=kernel, bias=bias, activation="linear")
pd.DataFrame({name: part[:, 0] for name, part in run._asdict().items()}, index=range(1, 10)).round(4).T

# %% tags=["checks"]
assert np.allclose(run.outputs[:, 0], by_hand["output"], atol=2e-3) and round(run.outputs[5, 0], 4) == 6.9995
assert abs(sigmoid(10) - 0.999955) < 1e-6 and round(100 * (1 - float(sigmoid(10))), 4) == 0.0045
linear = keras.layers.LSTM(1, activation="linear", return_sequences=True)
linear.build((None, 9, 3))
linear.set_weights([np.array(kernel), np.zeros((1, 4)), np.array(bias)])  # zeros: no previous output
assert np.allclose(np.asarray(linear(nine_steps[None]))[0, :, 0], run.outputs[:, 0], atol=1e-4)

# %% [markdown]
# The outputs are right, but look at the digits of step 6: 6.9995, not 7. At steps 5 and 6 the second input is 0, so
# the forget gate gets 10, and $\sigma(10) = 0.999955$: it loses 0.0045 % of the memory at each step. That is little,
# and yet it is no lock: keep it in mind for sequences of thousands of steps (exercise 2).
#
# ### Peepholes
#
# A shut output gate hides the cell from everybody, also from the gates of the next step. Gers and Schmidhuber (2000)
# let the gates look at the cell itself, with one more weight per unit and gate. `keras.layers.LSTM` has no such
# *peepholes*; `PeepholeLSTM` of this kit does. Below, the third input is always 0: our unit is never told to show
# anything, and its output gate has the cell alone to go by.

# %% [markdown] lang="zh" of="d4401767"
# 输出是对的，不过看看第 6 步的小数：6.9995，不是 7。第 5 步和第 6 步的第二个输入是 0，遗忘门得到的就是 10，而
# $\sigma(10) = 0.999955$：每一步丢掉记忆的 0.0045 %。这不多，但毕竟没有锁死：遇到几千步的序列，要想起这一点（练习
# 2）。
#
# ### 窥孔
#
# 输出门一关，谁也看不到记忆 c，下一步的门也看不到。Gers 和 Schmidhuber（2000）让门直接去看，每个单元的每扇门多一个
# 权重。`keras.layers.LSTM` 没有这种窥孔（peephole），本工具包的 `PeepholeLSTM` 有。下面让第三个输入始终是 0：没有谁
# 叫这个单元输出，它的输出门只能看着记忆 c 自己决定。

# %%
figure, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
_ = cell_drawings.draw_lstm_cell(ax, peephole=True)
shut = {"kernel": kernel, "bias": [-10, 10, 0, -100], "activation": "linear"}
sees = cells.run_lstm(nine_steps * [1, 1, 0], **shut, peephole=[[0], [0], [20]])  # output gate: 20 * c - 100
pd.DataFrame({"cell": sees.cells[:, 0], "zo": sees.zo[:, 0], "output": sees.outputs[:, 0]}, range(1, 10)).round(1).T

# %% tags=["checks"]
blind = cells.run_lstm(nine_steps * [1, 1, 0], **shut)
assert sees.zo[[1, 3], 0].round().tolist() == [-40, 40] and (sees.zo < 0)[:3].all() and (sees.zo > 0)[3:6].all()
assert np.abs(blind.outputs).max() < 1e-3
assert np.allclose(sees.outputs[[1, 3], 0], [0, 7], atol=1e-2)
from textrnn.lessons.recurrent import PeepholeLSTM

peephole = PeepholeLSTM(2)
peephole.build((None, None, 2))
assert peephole.count_params() == counts["LSTM"] + 3 * 2 == 46

# %% [markdown]
# The gate opens by itself as soon as the cell holds more than 5: before its sigmoid it is $20 \cdot 3 - 100 = -40$ at
# step 2, and $20 \cdot 7 - 100 = 40$ at step 4. (The blue $c$ marks the three gates that look.) A layer of 2 units has
# 46 parameters with peepholes, 40 and 3 x 2.
#
# ## Watch one work: a task that needs gates
#
# Back to the list of cities. Each step brings one of six cities; at one step, drawn at random, there is a star. After
# forty steps: which city had the star? A city is one-hot (notebook 01), the star a seventh number.

# %% [markdown] lang="zh" of="49cf3ea7"
# 记忆 c 一超过 5，门就自己打开：进 sigmoid 之前，第 2 步是 $20 \cdot 3 - 100 = -40$，第 4 步是
# $20 \cdot 7 - 100 = 40$。（蓝色的 $c$ 标出了看得到它的三扇门。）2 个单元的层，加上窥孔有 46 个参数：40 个，再加 3
# × 2 个。
#
# ## 看着它工作：非要有门不可的任务
#
# 回到那张城市清单。每一步来一座城市，共有六座；随机抽出一步，在那里加上星号。四十步以后问：带星号的是哪座城市？城市
# 用独热编码（第 01 篇），星号是第七个数。


# %%
def draw_lists(num_rows, num_steps, seed, earliest=0):
    rng = np.random.default_rng(seed)
    city, star = rng.integers(NUM_CITIES, size=(num_rows, num_steps)), rng.integers(earliest, num_steps, size=num_rows)
    starred = np.arange(num_steps) == star[:, None]
    return np.dstack([np.eye(NUM_CITIES)[city], starred]).astype("float32"), city[starred], star


example, answer, star = draw_lists(1, 8, seed=1)
pd.DataFrame({"city": example[0, :, :-1].argmax(axis=1), "star": example[0, :, -1].astype(int)}, range(1, 9)).T

# %% tags=["checks"]
assert answer == 3 and star == 1

# %% [markdown]
# Here the answer is 3. Two networks of eight units each, a `SimpleRNN` and an `LSTM`, learn from the same lists. For
# the `SimpleRNN` there is a second, easier set, in which the star comes at one of the last five steps: as many
# cities, and nothing to be kept for long. How will the three do? (`restart` draws new weights, `global_clipnorm`
# shortens steps that would be too long, see notebook 03.) This is the slow cell.

# %% [markdown] lang="zh" of="2f84452b"
# 这里的答案是 3。两个网络，`SimpleRNN` 和 `LSTM`，各八个单元，从同样的清单里学。另外给 `SimpleRNN` 准备一套容易些
# 的：星号只出现在最后五步，城市一样多，却不用记多久。三种情形会怎样？（`restart` 抽一套新的权重，`global_clipnorm`
# 把过长的步子缩短，见第 03 篇。）这个单元格最慢。


# %%
def build(kind):
    layers = [getattr(keras.layers, kind)(UNITS), keras.layers.Dense(NUM_CITIES, activation="softmax")]
    model = keras.Sequential([keras.Input((NUM_STEPS, NUM_CITIES + 1)), *layers])
    model.compile(keras.optimizers.Adam(0.01, global_clipnorm=1.0), "sparse_categorical_crossentropy", jit_compile=True)
    return model


rows, trained, models = [], {}, {kind: build(kind) for kind in ("SimpleRNN", "LSTM")}
for kind, earliest in (("SimpleRNN", NUM_STEPS - 5), ("SimpleRNN", 0), ("LSTM", 0)):
    for seed in SEEDS:
        lists, answers, _ = draw_lists(3200, NUM_STEPS, seed, earliest)
        model = gradients.restart(models[kind], seed=seed)
        model.fit(lists, answers, epochs=EPOCHS, batch_size=32, verbose=0)
        lists, answers, _ = draw_lists(1000, NUM_STEPS, 999, earliest)
        right = (model.predict(lists, batch_size=1000, verbose=0).argmax(axis=-1) == answers).mean()
        rows.append({"network": kind, "star": "late" if earliest else "anywhere", "seed": seed, "right": right})
        trained[kind, seed] = model.get_weights()

# %% [markdown]
# The share of right answers on 1,000 new lists:

# %% [markdown] lang="zh" of="415a11af"
# 在 1,000 张新清单上答对的比例：

# %%
scores = pd.DataFrame(rows).pivot_table(index=["network", "star"], columns="seed", values="right", sort=False)
scores.round(2)

# %% tags=["checks"]
assert scores.loc["SimpleRNN", "late"].min() > 0.6
assert scores.loc["SimpleRNN", "anywhere"].max() < 0.25
assert scores.loc["LSTM", "anywhere"].min() > 0.95

# %% [markdown]
# > Which of forty cities had the star: 1,000 new lists, three seeds, guessing 17 %: the LSTM is right in more than 95 %
# > for every seed, the `SimpleRNN` in less than 25 %. Where the star comes late the `SimpleRNN` is right in more than
# > 60 %.
#
# So in these 800 weight updates the plain network learns to pick the starred city out of the others, if it does not
# have to keep it for long. What do the gates of the LSTM do at the star, and what after it? One new list, the star at
# step 12, first seed:

# %% [markdown] lang="zh" of="011f36da"
# > 四十座城市里哪座带星号：1,000 张新清单，三个种子，瞎猜 17 %：LSTM 每个种子都答对 95 % 以上，`SimpleRNN` 不到 25
# %。星号靠后时，`SimpleRNN` 答对 60 % 以上。
#
# 可见用这 800 次权重更新，普通网络学得会从一串城市里挑出带星号的那座，只要不必记太久。LSTM 的门在星号处做什么，之后
# 又做什么？拿一张新清单来看，星号在第 12 步，用第一个种子：

# %%
lists, answers, stars = draw_lists(1000, NUM_STEPS, 999)
model, lstm = models["LSTM"], models["LSTM"].layers[0]
model.set_weights(trained["LSTM", SEEDS[0]])
run = cells.run_lstm(lists[np.argmax(stars == 11)], **cells.from_keras(lstm))
parts = {"forget gate": sigmoid(run.zf), "input gate": sigmoid(run.zi), "memory cell": run.cells}

figure, axes = plt.subplots(3, 1, figsize=(8, 5), sharex=True, layout="constrained")
for ax, (name, values) in zip(axes, parts.items(), strict=True):
    low, high = (0, 1) if "gate" in name else (-np.abs(values).max(), np.abs(values).max())
    extent = (0.5, NUM_STEPS + 0.5, UNITS + 0.5, 0.5)
    picture = ax.imshow(values.T, cmap="Greys", vmin=low, vmax=high, aspect="auto", extent=extent)
    ax.set(title=name, ylabel="unit", yticks=range(1, UNITS + 1, 2))
    figure.colorbar(picture, ax=ax)
_ = axes[2].set_xlabel("step (the star is at step 12)")

# %% [markdown]
# One row per unit; gates go from white (0, shut) to black (1, open). Find step 12: the forget gates turn white and the
# input gates black, at the same step. The old content is cleared and the new city written. Is that so in general? The
# mean over 200 lists and all units, for every seed:

# %% [markdown] lang="zh" of="d241990d"
# 每行一个单元；门从白（0，关）到黑（1，开）。找到第 12 步：遗忘门变白，输入门变黑，就在同一步。旧的内容清掉，新的城
# 市写入。总是这样吗？对 200 张清单和所有单元取平均，每个种子各算一次：


# %%
def mean_gates(seed):
    model.set_weights(trained["LSTM", seed])
    runs = [cells.run_lstm(x, **cells.from_keras(lstm)) for x in lists[:200]]
    gates = {name: sigmoid(np.array([getattr(run, part) for run in runs])) for name, part in inputs.items()}
    return {(name, time): values[steps].mean() for name, values in gates.items() for time, steps in times.items()}


inputs = {"forget gate": "zf", "input gate": "zi"}
since_star = np.arange(NUM_STEPS) - stars[:200, None]  # (lists, steps)
times = {"before the star": since_star < 0, "at the star": since_star == 0, "after it": since_star > 0}
gates = pd.DataFrame({seed: mean_gates(seed) for seed in SEEDS}).T.rename_axis("seed")
gates.round(2)

# %% tags=["checks"]
forget, write = gates["forget gate"], gates["input gate"]
assert forget["at the star"].max() < 0.25 and forget["after it"].min() > 0.7
assert write["at the star"].min() > 0.7 and write["after it"].between(0.3, 0.6).all()
assert round(0.9**28, 2) == 0.05 and forget["after it"].max() < 0.93

# %% [markdown]
# For every seed: at the star the forget gates are nearly shut (below 0.25 on average) and the input gates open (above
# 0.7); after it the forget gates keep (above 0.7). But the usual story, "then the input gate shuts and the cell stays
# as it is", is not what we see. After the star the input gates still stand at 0.3 to 0.6, and the forget gates let go
# of something at each step: 0.9 to the power of 28, the steps from this star to the end, is 0.05. Is there another way
# in which the city is kept? There is a second loop, the output $h$.
#
# We take things away from the trained networks and count again: the star is hidden from a gate (its weight becomes 0),
# or the last output is hidden from the candidate $g$. Which column will be the worst?

# %% [markdown] lang="zh" of="defb6182"
# 每个种子都一样：在星号处，遗忘门几乎关上（平均低于 0.25），输入门打开（高于 0.7）；之后遗忘门保留（高于 0.7）。但
# 是常听到的下文，“然后输入门关上，记忆原样不动”，我们没有看到。星号之后，输入门还停在 0.3 到 0.6，遗忘门每一步都放
# 走一点：0.9 的 28 次方（这个星号到末尾的步数）是 0.05。那么城市还有别的办法留住吗？还有第二个环：输出 $h$。
#
# 我们从训练好的网络里拿走一些东西，再数一遍：让某扇门看不到星号（那个权重变成 0），或者让候选值 $g$ 看不到上一步的
# 输出。哪一列会最糟？


# %%
def without(weights, parts, array, rows):
    weights = [weight.copy() for weight in weights]
    for part in parts:  # columns belong to i, f, g, o in turn
        weights[array][rows, UNITS * "ifgo".index(part) :][..., :UNITS] = 0
    return weights


star, output = (0, -1), (1, slice(None))  # the last row of the first array, all rows of the second
cuts = {"nothing": ("", *star), "star from o": ("o", *star), "star from f, i": ("fi", *star)}
cuts |= {"star from g": ("g", *star), "h from g": ("g", *output)}
hidden = pd.DataFrame(index=pd.Index(SEEDS, name="seed"), columns=pd.Index(cuts, name="hidden"), dtype=float)
for seed, name in [(seed, name) for seed in SEEDS for name in cuts]:
    model.set_weights(without(trained["LSTM", seed], *cuts[name]))
    hidden.loc[seed, name] = (model.predict(lists, batch_size=1000, verbose=0).argmax(axis=-1) == answers).mean()
hidden.round(2)

# %% tags=["checks"]
assert (hidden["star from o"] > 0.95).all() and (hidden["star from f, i"] < 0.66).all()
assert (hidden["star from g"] < 0.4).all() and (hidden["h from g"] < 0.5).all()

# %% [markdown]
# - The output gate need not see the star: without it, more than 95 % stay right for every seed. This task asks at
#   the end only, so there is nothing to hide.
# - Hide the star from the forget and the input gate, and fewer than two thirds are right: **the gates are needed.**
# - Hide the star from the candidate, and fewer than 40 % are right: the candidate reads the star, too.
# - Hide the last output from the candidate, and fewer than half are right. The network keeps the city by writing it
#   again and again, as in the last section of notebook 01: it needs both loops.
#
# To watch gates at work on Chinese headlines, character by character, start the page of this project: `textrnn demo`.
#
# ## Mistakes that are easy to make
#
# - *Reading "forget gate" the wrong way round.* Open (1) means keep. A high forget gate forgets nothing.
# - *Believing the story because the drawing suggests it.* A gate that could shut need not shut. Measure, over many
#   sequences and several seeds; and even then take the part away, to see whether the network needs it.
# - *Taking the blocks in the wrong order.* Keras has i, f, g, o; other libraries have i, f, o, g or i, g, f,
#   o. The numbers of the unit above are a quick test.
# - *Comparing an LSTM with a plain layer of the same number of units.* It has four times the parameters.
#
# ## Exercises
#
# Write down your prediction first, then run it. Our measurements are in [answers.md](answers.md).
#
# 1. In the unit with nine steps, set the bias of the forget gate from 10 to 0. What is the output at step 6?
# 2. Give the unit the inputs (7, 1, 0), then 1,000 times (0, 0, 0), then (0, 0, 1). How much of the 7 is
#    left? And with a forget bias of 5?
# 3. How many parameters has an LSTM of 100 units that reads vectors of 50 numbers? And a GRU in its original
#    form? Count by hand before you let Keras count.
# 4. Train with `UNITS = 4` and with `UNITS = 2`. How many units does the LSTM need?
# 5. Add the `GRU`, which has no cell beside its output, to the networks and to the loop. Does it learn the task?

# %% [markdown] lang="zh" of="1bba2e79"
# - 输出门不必看到星号：不让它看，每个种子也还有 95 % 以上答对。这个任务只在最后提问，没有什么要藏着。
# - 不让遗忘门和输入门看到星号，答对的不到三分之二：**门是必需的**。
# - 不让候选值看到星号，答对的不到 40 %：候选值也要读星号。
# - 不让候选值看到上一步的输出，答对的不到一半。网络靠一遍遍重写来留住城市，就像第 01 篇最后一节那样：两个环它都要
#   用。
#
# 想看门怎样逐字读中文标题，就打开本项目的页面：`textrnn demo`。
#
# ## 容易犯的错误
#
# - **把“遗忘门”理解反了**：开（1）是保留。遗忘门的值高，什么也没有忘。
# - **图上看着有道理就信了**：能关的门不一定会关。要测，用许多序列、好几个种子来测；测完还要把那个部件拿走，看网络是
#   否真的需要它。
# - **权重块的次序弄错**：Keras 是 i、f、g、o；别的库是 i、f、o、g 或 i、g、f、o。上面那个单元的数，可以用来快速检
#   查。
# - **拿 LSTM 去比单元数相同的普通层**：它的参数是四倍。
#
# ## 练习
#
# 先写下你的预测，再运行。我们测得的结果在 [answers.zh.md](answers.zh.md) 里。
#
# 1. 在走九步的那个单元里，把遗忘门的偏置从 10 改成 0。第 6 步的输出是多少？
# 2. 给这个单元输入 (7, 1, 0)，接着输入 1,000 次 (0, 0, 0)，最后输入 (0, 0, 1)。7 还剩多少？遗忘门的偏置改成 5 呢？
# 3. LSTM 有 100 个单元，读长度为 50 的向量，共有多少参数？原始形式的 GRU 呢？先用手数，再让 Keras 数。
# 4. 用 `UNITS = 4` 和 `UNITS = 2` 各训练一遍。LSTM 需要多少个单元？
# 5. 把 `GRU` 加进网络，也加进循环；它在输出之外没有另设记忆 c。这个任务它学得会吗？

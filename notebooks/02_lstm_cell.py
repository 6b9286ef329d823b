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
# The name reads *long short-term* memory: a short-term memory, made longer (Hochreiter and Schmidhuber, 1997). The
# worked example is that of Hung-yi Lee's lectures on recurrent networks (2016/17, parts I and II).

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
# it. The numbers 1, 2, 2, 1, 1 that come by with $x^2 = 0$ leave no trace.
#
# Now with real gates. `cells.run_lstm` is the loop above and keeps every value of every step.
# `zi`, `zf`, `zo` and `z` are its names, and the lecture's, for $i$, $f$, $o$ and $g$ *before* the sigmoid or $\tanh$.

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
# - Hide it from the candidate, and fewer than 40 % are right: the candidate reads the star, too.
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

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
# # 2. What does an LSTM do that a plain recurrent network does not?
#
# A plain recurrent network mixes every new word into all of its memory. It has no way to say "this word does
# not matter, keep what you have". What would a memory look like that can say so?
#
# **The answer in one sentence:** an LSTM neuron keeps a memory cell behind three gates (write, keep, show),
# and the network learns when to open them.
#
# The name reads *long short-term* memory: a short-term memory, made longer (Hochreiter and Schmidhuber,
# 1997). The examples are those of Hung-yi Lee's lectures on recurrent networks (2016/17, parts I and II).

# %% [markdown]
# ## Settings
#
# The notebook takes less than half a minute on two cores.

# %% tags=["parameters"]
SEED = 0
UNITS = 8  # memory cells of the LSTM that we train and watch
EPOCHS = 15  # passes over its training sentences

# %% [markdown]
# The same three tools as before: Keras, `cells` (the arithmetic in NumPy) and `recurrent` (here for the LSTM with
# peepholes).

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from textrnn.lessons import cells, diagrams
from textrnn.lessons.recurrent import PeepholeLSTM

# %% [markdown]
# ## One neuron: three gates, four inputs, one output
#
# A plain neuron has one input (a weighted sum) and one output. An LSTM neuron has four inputs:
#
# - `z`: what could be written to the memory cell;
# - `zi`: should it be written? (input gate)
# - `zf`: should the old content be kept? (forget gate: open means *keep*)
# - `zo`: should the content be shown? (output gate)

# %%
fig, ax = plt.subplots(figsize=(5.5, 4.3))
_ = diagrams.draw_lstm_neuron(ax)

# %% [markdown]
# Read it from below. `f` is a sigmoid, so that a gate is a number between 0 (shut) and 1 (open); `g` and `h`
# are usually tanh. In formulas, with `c` before and `c'` after the step:
#
#     c' = g(z) * f(zi) + c * f(zf)
#     a  = h(c') * f(zo)
#
# Each of the four inputs has weights of its own. So an LSTM has four times the parameters of a plain
# recurrent layer of the same size. The GRU (Cho et al., 2014) makes do with two gates and what to write: three
# times. We count them.

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

assert counts.tolist() == [10, 40, 36, 30]
counts.rename_axis("2 inputs, 2 units").to_frame()

# %% [markdown]
# For 2 inputs and 2 units: 10, 40, 36 and 30. The plain layer has 4 weights from the inputs, 4 from the
# memory and 2 biases; the LSTM has four times 10. The GRU has three times 10 in its original form; Keras'
# default adds a second set of 6 biases.

# %% [markdown]
# ## The lecture's example: a memory that can be checked by hand
#
# One neuron, three inputs `x1`, `x2`, `x3`. `x1` is the number to remember; `x2` = 1 says "add it to the
# memory", `x2` = -1 says "clear the memory"; `x3` = 1 says "show the memory". These weights do it:
#
# | input of the neuron | weights | what it says |
# | --- | --- | --- |
# | `z` | `x1` | write `x1` |
# | `zi` | `100 * x2 - 10` | write only if `x2` is 1 |
# | `zf` | `100 * x2 + 10` | keep, unless `x2` is -1 |
# | `zo` | `100 * x3 - 10` | show only if `x3` is 1 |
#
# `g` and `h` are linear here, and the neuron does not see its previous output. Nine steps, first by hand,
# with gates that are exactly open or shut:

# %%
x1, x2, x3 = [1, 3, 2, 4, 2, 1, 3, 6, 1], [0, 1, 0, 1, 0, 0, -1, 1, 0], [0, 0, 0, 0, 0, 1, 0, 0, 1]
memory, rows = 0, []
for number, write, show in zip(x1, x2, x3, strict=True):
    before = memory
    memory = number * (write == 1) + memory * (write != -1)
    rows.append({"x1": number, "x2": write, "x3": show, "memory before": before, "output": memory * (show == 1)})
by_hand = pd.DataFrame(rows, index=range(1, 10)).rename_axis("step")

assert by_hand["memory before"].tolist() == [0, 0, 3, 3, 7, 7, 7, 0, 6]
assert by_hand["output"].tolist() == [0, 0, 0, 0, 0, 7, 0, 0, 6]
assert by_hand.loc[by_hand["x2"] == 0, "x1"].tolist() == [1, 2, 2, 1, 1]
by_hand.T

# %% [markdown]
# Step 2 writes 3, step 4 adds 4, step 6 shows the 7, step 7 clears the memory, step 8 writes 6, step 9 shows
# it. The numbers 1, 2, 2, 1, 1 that come by with `x2` = 0 leave no trace.
#
# Now with real gates. `cells.run_lstm` takes the weights as Keras orders them: one column each for input
# gate, forget gate, `z` and output gate. A shorter sequence first, step by step.

# %%
kernel = [[0, 0, 1, 0], [100, 100, 0, 0], [0, 0, 0, 100]]  # rows x1, x2, x3; columns zi, zf, z, zo
bias = [-10, 10, 0, -10]
neuron = {"kernel": kernel, "bias": bias, "activation": "linear"}
five_steps = [[3, 1, 0], [4, 1, 0], [2, 0, 0], [1, 0, 1], [3, -1, 0]]
run = cells.run_lstm(five_steps, **neuron)

assert np.allclose(run.cells[:, 0], [3, 7, 7, 7, 0], atol=1e-3)
assert np.allclose(run.outputs[:, 0], [0, 0, 0, 7, 0], atol=1e-3)
pd.DataFrame({name: part[:, 0] for name, part in run._asdict().items()}, index=range(1, 6)).round(4).T

# %% [markdown]
# The cell goes 3, 7, 7, 7, 0, and the output is 0, 0, 0, 7, 0. But look at the digits: the output at step 4
# is 6.9995, not 7. Why? At steps 3 and 4 `x2` is 0, so the forget gate gets 10 and the input gate gets -10,
# and a sigmoid of 10 is not 1.


# %%
def sigmoid(value):
    return cells.apply_activation(value, name="sigmoid")


cell_3 = 7 * sigmoid(10) + 2 * sigmoid(-10)  # keeps a little less than 7, lets in a little of 2
cell_4 = cell_3 * sigmoid(10) + 1 * sigmoid(-10)
assert round(float(sigmoid(10)), 6) == 0.999955
assert round(float(cell_4), 4) == 6.9995
assert np.isclose(run.outputs[3, 0], cell_4, atol=1e-9)
float(sigmoid(10)), float(cell_4)

# %% [markdown]
# A gate at 0.999955 loses 0.0045 % of the memory per step. That is little, and yet it is no lock: keep it in
# mind for sequences of thousands of steps. Larger weights would make the leak smaller, but also the sigmoid
# flatter, and on flat ground training does not move.
#
# Last, the same neuron as a Keras layer, over the nine steps of the table: by hand, by NumPy, by Keras.

# %%
nine_steps = np.column_stack([x1, x2, x3]).astype("float32")
layer = keras.layers.LSTM(1, activation="linear", return_sequences=True)
layer.build((None, 9, 3))
layer.set_weights([np.array(kernel), np.zeros((1, 4)), np.array(bias)])  # zeros: no previous output
three = pd.DataFrame(
    {
        "by hand": by_hand["output"],
        "run_lstm": cells.run_lstm(nine_steps, **neuron).outputs[:, 0],
        "Keras": np.asarray(layer(nine_steps[None]))[0, :, 0],
    }
)

assert np.allclose(three["run_lstm"], three["by hand"], atol=2e-3)
assert np.allclose(three["Keras"], three["run_lstm"], atol=1e-4) and round(three.loc[6, "run_lstm"], 4) == 6.9995
three.round(4).T

# %% [markdown]
# The three agree, but for the leak of the gates: 6.9995 instead of 7, and a few ten-thousandths where the gate
# should be shut.

# %% [markdown]
# ## What the full LSTM adds
#
# The neuron above saw only the input. In a full LSTM the four inputs also see the previous output `h(t-1)`:
# what the layer said last helps to decide what it writes, keeps and shows next. This is how `c(t)` and `h(t)`
# (called `a` above) carry the context from step to step:

# %%
fig, ax = plt.subplots(figsize=(10, 4.6))
_ = diagrams.draw_lstm_chain(ax, peephole=True)

# %% [markdown]
# Follow the line on top (blue): the cell. On its way to the next step it is multiplied by the forget gate, and
# something is added; nothing else happens to it. The lower line is the output `h(t)`. It is computed at each
# step, and joined by the next input it feeds `zf`, `zi`, `z` and `zo`. (Each of these boxes includes its sigmoid,
# or tanh for `z`.)
#
# The small blue *c* beside the gates marks the *peepholes* (Gers and Schmidhuber, 2000): the gates may also
# see the cell itself, even when the output gate hides it: the input and forget gates see it as it was before
# the step, the output gate as it is after. Each gate gets one weight per unit.
# `keras.layers.LSTM` has none; `PeepholeLSTM` of this kit does.

# %%
peephole = PeepholeLSTM(2)
peephole.build((None, None, 2))
x = np.random.default_rng(SEED).normal(size=(1, 6, 2)).astype("float32")
weights = cells.from_keras(peephole)

assert peephole.count_params() == counts["LSTM"] + 3 * 2 == 46
assert weights["peephole"].shape == (3, 2)
assert np.allclose(peephole(x)[0], cells.run_lstm(x[0], **weights).outputs[-1], atol=1e-6)
peephole.count_params()

# %% [markdown]
# 46 parameters: the 40 of the LSTM and 3 x 2 peepholes. What does a peephole see that the output does not?
# Take the lecture's neuron, with the 7 in its cell and its output gate shut, and let the gate look.

# %%
shut = {"kernel": kernel, "bias": [-10, 10, 0, -100], "activation": "linear"}  # output gate: 100 * x3 - 100
blind = cells.run_lstm(five_steps[:3], **shut)
sees = cells.run_lstm(five_steps[:3], **shut, peephole=[[0], [0], [20]])

assert sees.zo[:, 0].round().tolist() == [-40, 40, 40]  # 20 * cell - 100
assert np.allclose(sees.outputs[:, 0], [0, 7, 7], atol=1e-3)
assert np.abs(blind.outputs).max() < 1e-3
pd.DataFrame({"cell": sees.cells[:, 0], "zo": sees.zo[:, 0], "output": sees.outputs[:, 0]}).round(2).T

# %% [markdown]
# This output gate opens as soon as the cell holds more than 5: `20 * c - 100` is -40 at 3, and 40 at 7.
# Without the peephole the gate would stay shut for ever, because the output that feeds it back is 0.
#
# And LSTM layers can be stacked. The second layer reads the outputs of the first; each has cells of its own.

# %%
stacked = keras.Sequential(
    [
        keras.Input((None, 2)),
        keras.layers.LSTM(2, return_sequences=True),
        keras.layers.LSTM(2, return_sequences=True),
    ]
)
first, second = (cells.from_keras(layer) for layer in stacked.layers)
outputs = cells.run_lstm(cells.run_lstm(x[0], **first).outputs, **second).outputs
assert np.allclose(stacked(x)[0], outputs, atol=1e-6)
assert stacked.count_params() == 2 * 40
stacked.count_params()

# %% [markdown]
# Two layers of 40 parameters. The NumPy loop run twice gives the answer of the stack.

# %% [markdown]
# ## Watch one work: data
#
# We train a small LSTM on the travel sentences of notebook 1, now with two verbs in each: the memory must be
# overwritten in the middle of the sentence.

# %%
cities = ["Taipei", "Tokyo", "Osaka", "Paris", "Berlin", "London"]
patterns = [
    "please {} {} and then {} {} tomorrow",
    "we {} the old {} tonight to {} in beautiful {}",
    "I {} {} at noon and {} {} at night",
]
verbs = ("arrive", "leave")
pairs = [(a, b) for a in cities for b in cities if a != b]
texts = [p.format(v, a, w, b).split() for p in patterns for v in verbs for w in verbs for a, b in pairs]
is_dev = np.random.default_rng(SEED).random(len(texts)) < 0.25
assert len(texts) == 360
" ".join(texts[120])

# %% [markdown]
# There are 360 sentences; about a quarter is held back. As in notebook 1, words become one-hot vectors, and
# each word has a label: other (0), destination (1) or departure (2). We also keep the last verb of each word,
# to find out later what the units know.

# %%
vocabulary = sorted({word for words in texts for word in words})
steps = max(len(words) for words in texts)
inputs = np.zeros((len(texts), steps, len(vocabulary)), "float32")  # (batch, steps, words)
last_verb, is_city, is_word = np.zeros((3, len(texts), steps))  # last verb: 1 arrive, -1 leave, 0 none yet
for row, words in enumerate(texts):
    for step, word in enumerate(words):
        inputs[row, step, vocabulary.index(word)] = 1
        kept = last_verb[row, step - 1] if step else 0
        last_verb[row, step] = {"arrive": 1, "leave": -1}.get(word, kept)
        is_city[row, step], is_word[row, step] = word in cities, True
labels = (is_city * np.where(last_verb > 0, 1, 2)).astype("int32")
inputs.shape

# %% [markdown]
# ## Network and training
#
# Eight memory cells, and on top a softmax over the three labels. Training takes a few seconds.

# %%
keras.utils.set_random_seed(SEED)
lstm = keras.layers.LSTM(UNITS, return_sequences=True)
output_layer = keras.layers.Dense(3, activation="softmax")
tagger = keras.Sequential([keras.Input((None, len(vocabulary))), keras.layers.Masking(), lstm, output_layer])
tagger.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
tagger.fit(inputs[~is_dev], labels[~is_dev], epochs=EPOCHS, batch_size=16, verbose=0)

right = np.argmax(tagger(inputs[is_dev]), axis=-1) == labels[is_dev]
share = right[labels[is_dev] > 0].mean()
assert share > 0.98
f"right on dev cities: {share:.1%}"

# %% [markdown]
# > More than 98 % of the cities in the dev sentences get the right label (seed 0; guessing between destination and
# > departure 50 %).
#
# ## Result: what is in the cells?
#
# `cells.from_keras` takes the weights out of the trained layer, and `cells.run_lstm` runs them and keeps
# every gate. One sentence first, all cells.

# %%
sentence = ["please", "leave", "Taipei", "and", "then", "arrive", "Osaka", "tomorrow"]
sentence_inputs = np.eye(len(vocabulary))[[vocabulary.index(word) for word in sentence]]
trace = cells.run_lstm(sentence_inputs, **cells.from_keras(lstm))
assert np.allclose(lstm(sentence_inputs[None].astype("float32"))[0], trace.outputs, atol=1e-4)

fig, ax = plt.subplots(figsize=(7, 3.6))
names = [f"cell {unit}" for unit in range(UNITS)]
_ = diagrams.plot_values(ax, trace.cells.T, row_names=names, words=sentence, limits=(-3, 3))

# %% [markdown]
# One row per memory cell, one column per word; dark is positive, white is negative. The rows differ. One or two
# tempt you to a story, most say nothing plain, and one sentence is no proof: nobody told the network what a cell
# should mean. So we ask the data: over all dev sentences, which cell goes with the last verb, and which output
# goes with *this word is a city*? We use the correlation, which is between -1 and 1.

# %%
dev_traces = [
    cells.run_lstm(x[mask > 0], **cells.from_keras(lstm))
    for x, mask in zip(inputs[is_dev], is_word[is_dev], strict=True)
]
dev_cells, dev_outputs = (np.concatenate([getattr(t, n) for t in dev_traces]) for n in ("cells", "outputs"))
dev_verb, dev_city = (known[is_dev][is_word[is_dev] > 0] for known in (last_verb, is_city))

verb_fit = np.corrcoef(dev_cells[dev_verb != 0].T, dev_verb[dev_verb != 0])[-1, :-1]  # (units,)
city_fit = np.corrcoef(dev_outputs.T, dev_city)[-1, :-1]  # (units,)
pd.DataFrame({"cell and last verb": verb_fit, "output and city": city_fit}).rename_axis("unit").round(2).T

# %% [markdown]
# In each row, take the unit with the largest number, whatever its sign: call them the *verb unit* and the *city unit*.
# The sign is chance (the layer above can turn it around), so we turn both to be positive. Then we look at
# their mean values.

# %%
verb_unit, city_unit = np.abs(verb_fit).argmax(), np.abs(city_fit).argmax()
verb_sign, city_sign = np.sign(verb_fit[verb_unit]), np.sign(city_fit[city_unit])
verb_cell, city_output = verb_sign * dev_cells[:, verb_unit], city_sign * dev_outputs[:, city_unit]
means = {
    "verb unit, cell, last verb arrive": verb_cell[dev_verb > 0].mean(),
    "verb unit, cell, last verb leave": verb_cell[dev_verb < 0].mean(),
    "city unit, output, at a city": city_output[dev_city > 0].mean(),
    "city unit, output, at other words": city_output[dev_city == 0].mean(),
}
assert abs(verb_fit[verb_unit]) > 0.6 and abs(city_fit[city_unit]) > 0.8
assert verb_cell[dev_verb > 0].mean() - verb_cell[dev_verb < 0].mean() > 0.8
assert city_output[dev_city > 0].mean() - city_output[dev_city == 0].mean() > 0.4
pd.Series(means, name="mean").round(2).to_frame()

# %% [markdown]
# The verb unit's cell lies at least 0.8 higher after *arrive* than after *leave*; the city unit's output is
# at least 0.4 higher at cities than elsewhere. Now both at work, gates included, in our sentence.


# %%
def unit_rows(unit, sign):
    gates = [sigmoid(part[:, unit]) for part in (trace.zi, trace.zf, trace.zo)]
    return np.array([*gates, sign * trace.cells[:, unit], sign * trace.outputs[:, unit]])


row_names = ["input gate", "forget gate", "output gate", "cell", "output"]
fig, axes = plt.subplots(4, 1, figsize=(7.5, 5.4), height_ratios=(3, 2, 3, 2), sharex=True, layout="constrained")
watched = (("verb unit", verb_unit, verb_sign), ("city unit", city_unit, city_sign))
for top, (title, unit, sign) in zip((0, 2), watched, strict=True):
    rows = unit_rows(unit, sign)
    for ax, part, limits in ((axes[top], slice(3), (0, 1)), (axes[top + 1], slice(3, 5), (-1.5, 1.5))):
        diagrams.plot_values(ax, rows[part], row_names=row_names[part], words=sentence, limits=limits)
    axes[top].set_title(title)

# %% [markdown]
# Two blocks per unit: its gates between 0 (white, shut) and 1 (black, open), and below them its cell and its
# output between -1.5 (white) and 1.5 (black). The two rows that matter, as numbers:

# %%
leave, arrive = sentence.index("leave"), sentence.index("arrive")
taipei, osaka = sentence.index("Taipei"), sentence.index("Osaka")
verb_cell = verb_sign * trace.cells[:, verb_unit]
marked = city_sign * trace.outputs[:, city_unit]
assert verb_cell[osaka] > verb_cell[taipei] + 0.5 and verb_cell[osaka] > 0 > verb_cell[taipei]
assert min(marked[[taipei, osaka]]) > max(marked[[0, leave, arrive]])
pd.DataFrame({"verb unit, cell": verb_cell, "city unit, output": marked}, index=sentence).round(2).T

# %% [markdown]
# **The verb unit, read aloud:** "*Leave*: I go down, and at *Taipei* I am down. *Arrive*: I go up, and at
# *Osaka* I am up." At *Osaka* its cell is more than 0.5 higher than at *Taipei*. The verb has reached the
# city through the cell. Do not read much into its values at *and*, *then* and *tomorrow*: no label depends on
# the verb there, so training did not care.
#
# **The city unit, read aloud:** "*Please*: no. *Leave*: no. *Taipei*: yes! *Arrive*: no. *Osaka*: yes!" At
# both cities its output is higher than at the other three words.
#
# So the softmax on top can put both together: *it is a city* and *the verb was this one*. Does it need these two
# units, then? Before you read on, guess: switch one of them off (its weights in the softmax become 0), and how
# many dev cities are still right?


# %%
def share_without(unit):
    output_layer.set_weights([np.where(np.arange(UNITS)[:, None] == unit, 0, kernel_on_top), bias_on_top])
    return (np.argmax(tagger(inputs[is_dev]), axis=-1) == labels[is_dev])[labels[is_dev] > 0].mean()


kernel_on_top, bias_on_top = output_layer.get_weights()
without = {name: share_without(unit) for name, unit in (("verb unit", verb_unit), ("city unit", city_unit))}
output_layer.set_weights([kernel_on_top, bias_on_top])
assert min(without.values()) > 0.9
pd.Series(without, name="dev cities right without it").round(2).to_frame()

# %% [markdown]
# More than nine in ten stay right without either of them. The table of correlations hints at why: several units
# go with the verb, and several with cities. What the network knows is spread over its units; a unit that you can
# read is not a unit that the network depends on.

# %% [markdown]
# ## Mistakes that are easy to make
#
# - *Reading "forget gate" the wrong way round.* Open (1) means keep. A high forget gate forgets nothing.
# - *Telling stories about single cells.* We chose two of eight by a measure over all dev sentences, and then
#   looked. The other way round, one finds a story for every cell in every sentence. And even a true story does
#   not say that the cell is needed: switch it off.
# - *Taking the blocks in the wrong order.* Keras has i, f, c, o; other libraries have i, f, o, c or i, j, f,
#   o. The lecture's numbers are a quick test.
# - *Comparing an LSTM with a plain layer of the same number of units.* It has four times the parameters.

# %% [markdown]
# ## Exercises
#
# Write down your prediction first, then run it. An `assert` that checks *our* numbers may stop a changed
# notebook: then it has told you something; delete it and go on. Our measurements are in
# [answers.md](answers.md).
#
# 1. In the lecture's neuron, set the bias of the forget gate from 10 to 0. What is the output at step 4 of
#    the five steps?
# 2. Give the neuron the inputs (7, 1, 0), then 1,000 times (0, 0, 0), then (0, 0, 1). How much of the 7 is
#    left? And with a forget bias of 5?
# 3. How many parameters has an LSTM of 100 units that reads vectors of 50 numbers? And a GRU in its original
#    form? Count by hand before you let Keras count.
# 4. Train the tagger with `UNITS = 1` and with `UNITS = 2`. How many cells does the task need?
# 5. Train with another `SEED`. Is there still a verb unit and a city unit? Are they the same numbers?

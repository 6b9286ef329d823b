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
# # 1. What does a recurrent network remember?
#
# You tell a travel assistant: "I would like to arrive Taipei on November 2nd." It must fill two slots: the
# destination and the date. Then somebody says: "I would like to leave Taipei on November 2nd." Now Taipei is
# the place of departure. The word is the same and the answer is not. How can a network tell the two apart?
#
# **The answer in one sentence:** a feed-forward network cannot, because it sees one word at a time; a
# recurrent network can, because it keeps a memory of the words before.
#
# The examples of this notebook are those of Hung-yi Lee's lectures on recurrent networks (2016/17, part I).
# They are run here, and every number in the text is checked by an `assert`.

# %% [markdown]
# ## Settings
#
# The whole notebook takes about a minute on two cores. Most of it goes into the last section; `RECALL_SEEDS`
# with one seed instead of three makes it three times as fast.

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
# Keras builds and trains the networks. Of the lessons' own helpers, `cells` holds the same arithmetic in NumPy, to read
# and to check by hand; `recurrent` holds layers that Keras lacks, with their output layer inside (Elman and Jordan,
# explained below); `diagrams` draws.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from textrnn.lessons import cells, diagrams
from textrnn.lessons.recurrent import Elman, Jordan

# %% [markdown]
# ## Data: pairs of sentences that differ in one word
#
# Four sentence patterns and six cities. Each sentence exists twice, once with *arrive* and once with *leave*.
# In two of the patterns other words stand between the verb and the city.

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

# %% [markdown]
# How many sentences went where, and the first four of them:

# %%
assert sentences["split"].value_counts().to_dict() == {"train": 36, "dev": 12}
sentences.head(4)

# %% [markdown]
# There are 36 sentences to learn from and 12 held back (`dev`). A dev sentence joins a city and a pattern
# that the network has met, but never together. Look at the first two rows: one word differs.
#
# ### A word becomes a vector: one-hot, and one index for all other words
#
# A network reads numbers. The plainest way: a vector with one number per known word, 1 at the index of the
# word and 0 everywhere else (*one-hot*). A word that is not in the list gets an extra index called
# *other*.

# %%
train_text = " ".join(sentences.loc[sentences["split"] == "train", "text"])
vocabulary = ["(other)", *sorted(set(train_text.split()))]
index = {word: number for number, word in enumerate(vocabulary)}


def one_hot(word):
    return np.eye(len(vocabulary), dtype="float32")[index.get(word, 0)]  # (words,)


assert one_hot("Taipei").sum() == 1 and one_hot("Taipei")[index["Taipei"]] == 1
assert one_hot("Gandalf")[0] == one_hot("Sauron")[0] == 1
len(vocabulary)

# %% [markdown]
# *Gandalf* and *Sauron* get the same vector: for this network they are one word. What is lost with *other*
# cannot come back later.
#
# ### Another way: letter trigrams
#
# *Word hashing* cuts a word into runs of three letters and marks those. With 26 letters there are 26 x 26 x
# 26 of them, however many words the language has, and a new word is not thrown into one box with all others.


# %%
def trigrams(word):
    return [word[i : i + 3].lower() for i in range(len(word) - 2)]


shared = set(trigrams("Taipei")) & set(trigrams("Taipeh"))
assert trigrams("apple") == ["app", "ppl", "ple"] and 26**3 == 17_576
assert len(shared) == 3 and len(trigrams("Taipeh")) == 4
trigrams("apple"), trigrams("Taipei"), trigrams("Taipeh")

# %% [markdown]
# *apple* marks 3 of 17,576: `app`, `ppl`, `ple`. The spelling *Taipeh* is in no list, but shares three
# of its four trigrams with *Taipei*, so that a network can treat both alike. Here one-hot is enough: every
# word of the dev sentences also stands in a training sentence.
#
# ### Sentences become arrays
#
# Every word has one of three labels: *other*, *destination* (a city that you arrive in) or *departure* (a
# city that you leave). All sentences are filled up with zero vectors to the same length; the layer `Masking`
# skips those.

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
assert not inputs[dev][..., 0].any()  # no dev word is "other"
inputs.shape, labels.shape

# %% [markdown]
# ## Network: with and without memory
#
# Both networks have a hidden layer and give three probabilities per word. They differ in one line: `Dense`
# looks at one word, `SimpleRNN` looks at one word and at its own hidden units of the step before.


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
# ## Training
#
# The two train alike: same data, same steps, same optimiser. Then we count the dev words that get the right
# label, and separately the cities among them.

# %%
scores = []
for name, tagger in taggers.items():
    tagger.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    tagger.fit(inputs[train], labels[train], epochs=EPOCHS, batch_size=6, verbose=0)
    right = np.argmax(tagger(inputs[dev]), axis=-1) == labels[dev]
    city_words = labels[dev] > 0
    scores.append({"network": name, "all words": right[dev_words].mean(), "cities": right[city_words].mean()})
scores = pd.DataFrame(scores).set_index("network")

# %% [markdown]
# The shares of right answers, by network:

# %%
assert scores.loc["feed-forward", "cities"] == 0.5  # exactly
assert scores.loc["feed-forward", "all words"] > 0.9
assert scores.loc["recurrent", "cities"] == 1.0
scores.round(3)

# %% [markdown]
# On the cities of the 12 dev sentences the feed-forward network is right in exactly 50 %: chance, since each
# city stands in as many *arrive* as *leave* sentences. The recurrent network is right in 100 % (seed 0). Note
# the first column: counted over all words the feed-forward network looks good, above 90 %, because most words
# are *other*. The number that you count decides what you see.
#
# The reason is not too little training. Let us ask both networks about two sentences and look at the
# probabilities for the word *Taipei*.


# %%
def city_probs(tagger, verb):
    text = f"I would like to {verb} Taipei".split()
    padded = np.zeros((1, steps, len(vocabulary)), "float32")
    padded[0, : len(text)] = [one_hot(word) for word in text]
    return np.asarray(tagger(padded))[0, len(text) - 1]


answers = {(name, verb): city_probs(taggers[name], verb) for name in taggers for verb in ("arrive", "leave")}
assert np.allclose(answers["feed-forward", "arrive"], answers["feed-forward", "leave"], atol=1e-6)
assert answers["recurrent", "arrive"][1] > 0.8 and answers["recurrent", "leave"][2] > 0.8
pd.DataFrame(answers, index=["other", "destination", "departure"]).T.round(2)

# %% [markdown]
# The feed-forward network gives the same three numbers for *Taipei* after *arrive* and after *leave*. It
# must: the same input through the same weights is the same output. The recurrent network gives more than 80 %
# to the right label each time. Something in it still knows the verb.

# %% [markdown]
# ## The memory, by hand
#
# Here is the smallest recurrent network that shows it. Two inputs, two hidden units, two outputs; all weights
# are 1, there is no bias, and the activation is linear (nothing is squashed). The memory starts at 0. At each
# step every hidden unit adds up the two inputs and the two remembered values, and every output adds up the
# two hidden units. So at step 1: 1 + 1 + 0 + 0 = 2 in each hidden unit, and 2 + 2 = 4 at each output.

# %%
memory = np.zeros(2)
table = []
for x in ([1, 1], [1, 1], [2, 2]):
    hidden = np.sum(x) + np.sum(memory) * np.ones(2)  # all weights are 1
    output = np.sum(hidden) * np.ones(2)
    table.append({"input": x, "memory before": memory, "hidden": hidden, "output": output})
    memory = hidden  # this line makes the network recurrent

assert [row["hidden"].tolist() for row in table] == [[2, 2], [6, 6], [16, 16]]
assert [row["output"].tolist() for row in table] == [[4, 4], [12, 12], [32, 32]]
pd.DataFrame(table, index=[1, 2, 3]).rename_axis("step")

# %% [markdown]
# The hidden units are 2, then 6, then 16; the outputs are 4, 12, 32. Steps 1 and 2 have the same input [1,
# 1], and the answer is 4 the first time and 12 the second. The memory makes the difference.
#
# If the order of the inputs changes, the outputs change too. `cells.run_rnn` does the arithmetic of the cell
# above for any weights.

# %%
ones = np.ones((2, 2))
weights = {"input_kernel": ones, "recurrent_kernel": ones, "output_kernel": ones}
orders = {"1, 1, 2": [[1, 1], [1, 1], [2, 2]], "1, 2, 1": [[1, 1], [2, 2], [1, 1]], "2, 1, 1": [[2, 2], [1, 1], [1, 1]]}
outputs = {order: cells.run_rnn(x, **weights).outputs[:, 0] for order, x in orders.items()}

assert outputs["1, 1, 2"].tolist() == [4, 12, 32]
assert outputs["1, 2, 1"].tolist() == [4, 16, 36]
assert outputs["2, 1, 1"].tolist() == [8, 20, 44]
pd.DataFrame(outputs, index=["step 1", "step 2", "step 3"]).T.rename_axis("order of inputs")

# %% [markdown]
# The same three inputs in three orders end in 32, 36 and 44. To a recurrent network a sequence is more than a
# bag of inputs.
#
# Is that what Keras computes? We load the same weights into a `SimpleRNN` and a `Dense` layer and compare.

# %%
rnn = keras.layers.SimpleRNN(2, activation="linear", use_bias=False, return_sequences=True)
read_out = keras.layers.Dense(2, use_bias=False)
network = keras.Sequential([keras.Input((None, 2)), rnn, read_out])
rnn.set_weights([ones, ones])
read_out.set_weights([ones])

for order, x in orders.items():
    keras_outputs = network(np.array([x], "float32"))[0]
    assert np.array_equal(keras_outputs[:, 0], outputs[order])
np.asarray(network(np.array([orders["1, 1, 2"]], "float32")))[0]

# %% [markdown]
# Equal in all three orders. So you know what is inside the layer: nothing more than the loop that you read
# above.

# %% [markdown]
# ## One network, used three times
#
# A drawing of the run. It shows three columns, but there is one network: the same weights are used at each
# step, and the arrow to the right (blue) carries the hidden units to the next use.

# %%
run = cells.run_rnn(orders["1, 1, 2"], **weights)
names = [[f"[{x:.0f}, {x:.0f}]" for x in part[:, 0]] for part in (np.array(orders["1, 1, 2"]), *run)]
fig, ax = plt.subplots(figsize=(6, 3.4))
_ = diagrams.draw_unrolled(ax, inputs=names[0], states=names[1], outputs=names[2])

# %% [markdown]
# Read it from below: inputs, hidden units, outputs. Follow the arrows to the right, from 2 to 6 to 16. Since
# the weights are shared, the size of the network does not depend on the length of the sequence, and it can read
# a sequence that is longer than any it was trained on. We count the weights of a network for 3 steps and of one
# for 300:

# %%
sizes = {
    num_steps: keras.Sequential([keras.Input((num_steps, 2)), keras.layers.SimpleRNN(2)]) for num_steps in (3, 300)
}
counts = {num_steps: model.count_params() for num_steps, model in sizes.items()}
assert counts == {3: 10, 300: 10}
counts

# %% [markdown]
# Ten numbers for 3 steps, ten for 300: 4 weights for the inputs, 4 for the memory, 2 biases.
#
# ### Elman and Jordan
#
# What should be remembered? In an *Elman* network (1990) the memory is the hidden layer, as above. In a
# *Jordan* network (1986) it is the output. Both are layers of this kit; here they carry the weights of the
# example.

# %%
ones_everywhere = {"activation": "linear", "use_bias": False, "return_sequences": True}
ones_everywhere |= {"kernel_initializer": "ones", "recurrent_initializer": "ones"}
x = np.array([orders["1, 1, 2"]], "float32")
forms = {kind.__name__: np.asarray(kind(2, **ones_everywhere)(x))[0, :, 0] for kind in (Elman, Jordan)}

jordan = cells.run_rnn(orders["1, 1, 2"], **weights, form="jordan")
assert forms["Elman"].tolist() == [4, 12, 32]
assert forms["Jordan"].tolist() == jordan.outputs[:, 0].tolist() == [4, 20, 88]
assert jordan.states[1].tolist() == [10, 10]
pd.DataFrame(forms, index=["step 1", "step 2", "step 3"]).T.rename_axis("layer")

# %% [markdown]
# The Jordan network gives 4, 20, 88. At step 2 its hidden units see the inputs 1 and 1 and the outputs 4 and
# 4, so they are 10, and the output is 20. The two side by side:

# %%
fig, axes = plt.subplots(1, 2, figsize=(10, 3.4))
_ = diagrams.draw_unrolled(axes[0], inputs=names[0], states=names[1], outputs=names[2])
_ = diagrams.draw_unrolled(
    axes[1],
    inputs=names[0],
    states=[f"[{s:.0f}, {s:.0f}]" for s in jordan.states[:, 0]],
    outputs=[f"[{y:.0f}, {y:.0f}]" for y in jordan.outputs[:, 0]],
    memory="output",
)
_ = axes[0].set_title("Elman: the hidden units are remembered")
_ = axes[1].set_title("Jordan: the output is remembered")

# %% [markdown]
# Only the arrows to the right differ: they start at the hidden units or at the output. A Jordan memory is
# easy to inspect, since training says what an output should be. But it can remember nothing that the output
# does not show. Exercise 3 tries it.
#
# ### Deep, bidirectional, and what each position has seen
#
# Recurrent layers can be stacked (*deep*), and a second one can read from the end to the beginning
# (*bidirectional*). Which inputs can then influence which outputs? We measure it: change one input, and see
# which outputs move.


# %%
def influence(layer, num_steps=6):
    changed = np.zeros((num_steps + 1, num_steps, 2), "float32")  # row 0 stays as it is
    changed[np.arange(num_steps) + 1, np.arange(num_steps)] = 1  # row s + 1 differs from it at step s
    moved = np.abs(layer(changed) - layer(changed[:1])).max(axis=-1) > 1e-6
    return moved[1:].T  # (output step, input step)


keras.utils.set_random_seed(SEED)
simple = {"units": 8, "return_sequences": True}
networks = {
    "feed-forward": keras.layers.Dense(8),
    "recurrent": keras.layers.SimpleRNN(**simple),
    "deep (2 layers)": keras.Sequential([keras.layers.SimpleRNN(**simple), keras.layers.SimpleRNN(**simple)]),
    "bidirectional": keras.layers.Bidirectional(keras.layers.SimpleRNN(**simple)),
}
seen = {name: influence(layer) for name, layer in networks.items()}

# %% [markdown]
# Four networks, four pictures. Before you look: which fields do you expect to be dark?

# %%
assert np.array_equal(seen["feed-forward"], np.eye(6))
assert np.array_equal(seen["recurrent"], np.tri(6)) and np.array_equal(seen["deep (2 layers)"], np.tri(6))
assert seen["bidirectional"].all()
fig, axes = plt.subplots(1, 4, figsize=(10, 2.8), sharey=True, layout="constrained")
for ax, (name, matrix) in zip(axes, seen.items(), strict=True):
    ax.imshow(matrix, cmap="Greys", vmin=0, vmax=1.4)
    ax.set(title=name, xlabel="input step", xticks=range(6), xticklabels=range(1, 7), yticks=range(6))
    ax.set_yticks(range(6), range(1, 7))
_ = axes[0].set_ylabel("output step")

# %% [markdown]
# A dark field means: this output has seen this input. The feed-forward network sees one input per output (the
# diagonal). A recurrent network sees everything up to now (the triangle), and a second layer does not change
# that. Only the bidirectional network has seen the whole sequence at every position. In "I leave Taipei" the
# verb comes first; in a language with the verb at the end you would want the bidirectional one.

# %% [markdown]
# ## Result: how long does it remember?
#
# *Arrive* and *Taipei* stand close together. How far can a memory reach? The recall task: read a row of
# random symbols and keep answering the same question, *what was the first symbol?* At step 1 that is easy.
# After 20 more symbols it takes a memory that the other symbols do not wash away. One example:


# %%
def recall_data(num_rows, gap, seed):
    symbols = np.random.default_rng(seed).integers(RECALL_SYMBOLS, size=(num_rows, gap + 1))
    first = np.repeat(symbols[:, :1], gap + 1, axis=1)
    return np.eye(RECALL_SYMBOLS, dtype="float32")[symbols], first  # (batch, steps, symbols), (batch, steps)


example_inputs, example_answers = recall_data(1, 5, seed=3)
assert (example_answers == example_inputs[0, 0].argmax()).all()
assert round(1 / RECALL_SYMBOLS, 2) == 0.06  # guessing
example = {"symbol": example_inputs[0].argmax(axis=-1), "answer": example_answers[0]}
pd.DataFrame(example, index=range(1, 7)).T.rename_axis("step", axis=1)

# %% [markdown]
# There are 16 symbols, so guessing is right in 1 of 16 cases (6 %). We train a `SimpleRNN` and an `LSTM` of
# 32 units each on 2,000 rows with gaps up to 20, and test with gaps up to 100. The LSTM (*long short-term
# memory*) is the topic of the next notebook. This is the slow cell: half a minute or more.


# %%
def build_recaller(kind, seed):
    keras.utils.set_random_seed(seed)
    hidden = getattr(keras.layers, kind)(32, return_sequences=True)
    output_layer = keras.layers.Dense(RECALL_SYMBOLS, activation="softmax")
    return keras.Sequential([keras.Input((None, RECALL_SYMBOLS)), hidden, output_layer])


rights = {"SimpleRNN": [], "LSTM": []}  # one table (rows, steps) of right answers per seed
test_inputs, test_answers = recall_data(500, RECALL_TEST_GAP, seed=1000)
for name, seed in [(name, seed) for name in rights for seed in RECALL_SEEDS]:
    model = build_recaller(name, seed)
    model.compile(keras.optimizers.Adam(0.02, clipnorm=1.0), "sparse_categorical_crossentropy")
    model.fit(*recall_data(2000, RECALL_TRAIN_GAP, seed), epochs=RECALL_EPOCHS, batch_size=50, verbose=0)
    rights[name].append(np.argmax(model(test_inputs), axis=-1) == test_answers)

# %% [markdown]
# The share of right answers by gap, as the mean over the seeds:

# %%
curves = {name: [right.mean(axis=0) for right in runs] for name, runs in rights.items()}  # (steps,) per seed
recall = pd.DataFrame({name: np.mean(runs, axis=0) for name, runs in curves.items()}).rename_axis("gap")
assert (recall.loc[[0], :] > 0.95).all(axis=None)
assert recall.loc[20, "SimpleRNN"] < 0.75 and recall.loc[20, "LSTM"] > 0.95
assert recall.loc[100, "LSTM"] > 0.95
assert RECALL_EPOCHS * 2000 // 50 == 240  # weight updates
assert recall.loc[5, "SimpleRNN"] < 0.85 and recall.loc[5, "SimpleRNN"] - recall.loc[100, "SimpleRNN"] < 0.2
recall.loc[[0, 1, 2, 5, 10, 20, 50, 100]].round(2)

# %% [markdown]
# The same as a curve, for every gap from 0 to 100:

# %%
fig, ax = plt.subplots(figsize=(6.5, 3.4))
styles = {"SimpleRNN": "--", "LSTM": "-", "GRU": "-."}
for name, runs in curves.items():
    label = f"{name} (mean of {len(runs)} seeds)"
    ax.plot(recall.index, recall[name], styles[name], color="black", linewidth=2, label=label)
    ax.fill_between(recall.index, np.min(runs, axis=0), np.max(runs, axis=0), color="0.8")
ax.axhline(1 / RECALL_SYMBOLS, color="0.5", linestyle=":", label="guessing")
ax.axvline(RECALL_TRAIN_GAP, color="0.5", linewidth=0.8)
ax.text(RECALL_TRAIN_GAP + 1, 0.13, "longest gap in training", color="0.3")
ax.set(xlabel="symbols between the first one and the answer", ylabel="share right", ylim=(0, 1.05))
_ = ax.legend(loc="upper right", bbox_to_anchor=(1.0, 0.93))

# %% [markdown]
# > Recall of the first of 16 symbols, 500 test rows, seeds 0 to 2, guessing 6 %: at a gap of 20 the `SimpleRNN` is
# > right in less than 75 %, the `LSTM` in more than 95 %, and the LSTM still is at a gap of 100, five times what it was
# > trained on.
#
# The grey band is the spread over seeds. The `SimpleRNN` loses the symbol within the first few steps: each step
# mixes the new symbol into all of its memory with the same weights, and it has no way to say "not now". But
# then the curve stays level. Why? Is every symbol remembered sometimes, or some symbols always? Count it for
# each symbol, at the longest gap:

# %%
first_symbols = test_answers[:, 0]
by_symbol = np.array(
    [[right[first_symbols == s, -1].mean() for s in range(RECALL_SYMBOLS)] for right in rights["SimpleRNN"]]
)  # (seeds, symbols)
assert ((by_symbol < 0.1) | (by_symbol > 0.9)).mean() > 0.6
seeds = pd.Index(RECALL_SEEDS, name="seed")
pd.DataFrame(by_symbol, index=seeds, columns=pd.Index(range(RECALL_SYMBOLS), name="symbol")).round(1)

# %% [markdown]
# More than six in ten of these shares are below 0.1 or above 0.9: most symbols are either kept or lost. To keep
# a symbol the network needs a state that stays as it is while others pass by, one state for each of the 16;
# after these 240 weight updates it has found some of them. More training finds the others (exercise 4): for a
# plain recurrent network long memory is possible, but slow to learn. The LSTM learns to shut a gate. The next
# notebook opens it up.

# %% [markdown]
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

# %% [markdown]
# ## Exercises
#
# Write down your prediction first, then run it. An `assert` that checks *our* numbers may stop a changed
# notebook: then it has told you something; delete it and go on. Our measurements are in
# [answers.md](answers.md).
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

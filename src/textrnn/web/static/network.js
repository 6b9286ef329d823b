// The network of a saved model, from text to probabilities; the answers are those of `saving.NumpyNetwork`.

import { addProduct, Embedding, Evidence, LSTM, poolingOf, softmax } from "./layers.js";

const MOST_STEPS = 1500; // whose inputs are kept: the parts of a text come again and again

export class Network {
  /**
   * @param {object} about what `network.json` says: `settings`, `temperature`
   * @param {TextEncoder} encoder the vocabulary
   * @param {object} arrays the weights by name
   */
  constructor({ settings, temperature }, encoder, arrays) {
    this.encoder = encoder;
    this.temperature = temperature;
    const orders = Array.from({ length: encoder.numOrders }, (_, order) => order);
    this.tables = orders.map((order) => [order, new Embedding(arrays, `embedding_${order + 1}`)]);
    if (settings.evidence) {
      this.tables.push(...orders.map((order) => [order, new Evidence(arrays, `evidence_${order + 1}`)]));
    }
    const directions = settings.bidirectional ? ["forward", "backward"] : ["forward"];
    this.layers = Array.from({ length: settings.num_layers }, (_, layer) =>
      directions.map((way) => new LSTM(arrays, `recurrent_${layer + 1}.${way}`, way === "backward")),
    );
    this.poolings = [settings.pooling].flat();
    this.pools = this.poolings.map((kind) => poolingOf(kind, arrays, settings.units));
    this.numFeatures = settings.units * directions.length; // of a state of the last layer
    this.kernel = arrays["output.kernel"].values;
    this.bias = arrays["output.bias"].values;
    this.known = new Map();
  }

  /** Returns the names of all LSTMs, as `tracing.trace_lstm` has them, from the bottom up. */
  get names() {
    return this.layers.flatMap((ways, layer) =>
      ways.map(({ backwards }) => {
        if (ways.length === 1) return `lstm_${layer + 1}`;
        return `bidirectional_${layer + 1}/${backwards ? "backward" : "forward"}`;
      }),
    );
  }

  /** Returns what the first layer reads at a step with these ids, and what that contributes in each direction. */
  read(ids) {
    const key = ids.join();
    if (!this.known.has(key)) {
      if (this.known.size >= MOST_STEPS) this.known.clear();
      const values = joined(this.tables.map(([order, table]) => table.row(ids[order])));
      this.known.set(key, { values, inputs: this.layers[0].map((lstm) => lstm.inputs(values)) });
    }
    return this.known.get(key);
  }

  /**
   * Returns all that happens as a text of at most `maxLength` tokens is read.
   *
   * @param {string[]} tokens the text
   * @param {object[]} changes made by hand: `{ lstm, step, unit, kind, value }`, `lstm` counted as in `names`
   * @returns {object} `layers`: of each LSTM its `values` (what it reads at each step) and `steps`, in the order of
   *   `names`; `summary`, `scores` (before the softmax) and `probs`
   */
  run(tokens, changes = []) {
    const read = this.encoder.idsOfTokens(tokens).map((ids) => this.read(ids));
    let values = read.map((step) => step.values);
    const layers = [];
    this.layers.forEach((ways, layer) => {
      const found = ways.map((lstm, way) => {
        const inputs = layer ? values.map((value) => lstm.inputs(value)) : read.map((step) => step.inputs[way]);
        const number = layers.length + way;
        return { lstm, values, steps: lstm.run(inputs, changes.filter((change) => change.lstm === number)) };
      });
      layers.push(...found);
      values = values.map((_, step) => joined(found.map(({ steps }) => steps[step].output)));
    });
    const size = this.numFeatures * this.pools.length;
    const summary = values.length ? joined(this.pools.map((pool) => pool(values))) : new Float32Array(size);
    const scores = Float64Array.from(this.bias);
    addProduct(summary, this.kernel, scores);
    const tempered = scores.map((score) => score / this.temperature);
    return { layers, summary, scores: tempered, probs: softmax(tempered) };
  }

  /** Returns the probabilities of a text of any length: of a long one the mean over its windows, by their length. */
  answer(text) {
    const windows = this.encoder.windows(text);
    const total = windows.reduce((sum, { length }) => sum + length, 0);
    const probs = new Array(this.bias.length).fill(0);
    for (const tokens of windows) {
      const share = total ? tokens.length / total : 1;
      this.run(tokens).probs.forEach((prob, place) => (probs[place] += share * prob));
    }
    return probs;
  }

  /**
   * Returns what each unit of an LSTM of the last layer adds to the score of a class, above its mean over all classes;
   * with the bias these add up to the score. Of a lower layer: null.
   */
  contributions(run, lstm, label) {
    const ways = this.layers.at(-1).length;
    const way = lstm - (run.layers.length - ways);
    if (way < 0) return null;
    const { units } = run.layers[lstm].lstm;
    const numClasses = this.bias.length;
    return Float64Array.from({ length: units }, (_, unit) => {
      let sum = 0;
      for (let pool = 0; pool < this.pools.length; pool += 1) {
        const feature = pool * this.numFeatures + way * units + unit;
        const weights = this.kernel.subarray(feature * numClasses, (feature + 1) * numClasses);
        const mean = weights.reduce((total, weight) => total + weight, 0) / numClasses;
        sum += (run.summary[feature] * (weights[label] - mean)) / this.temperature;
      }
      return sum;
    });
  }
}

function joined(vectors) {
  const all = new Float32Array(vectors.reduce((sum, { length }) => sum + length, 0));
  let place = 0;
  for (const vector of vectors) {
    all.set(vector, place);
    place += vector.length;
  }
  return all;
}

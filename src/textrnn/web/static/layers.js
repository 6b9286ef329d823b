// The layers of the network, one text at a time; the arithmetic is that of `saving.numpy_layers`.

import { UNKNOWN_ID } from "./text.js";

export const KINDS = ["input_gate", "forget_gate", "output_gate", "candidate", "cell", "output"];
const PLACES = { input_gate: 0, forget_gate: 1, candidate: 2, output_gate: 3 }; // of the columns of a kernel, in Keras
const SMOOTHING = 0.2;
const LEVELS = 22;

const sigmoid = (z) => 1 / (1 + Math.exp(-z));

/** Adds the product of a vector and the rows of a matrix from `firstRow` on to `sum`. */
export function addProduct(vector, matrix, sum, firstRow = 0) {
  const columns = sum.length;
  let row = 0;
  for (; row + 4 <= vector.length; row += 4) {
    // Four rows at a time: half the reading and writing of `sum`.
    const [a, b, c, d] = [vector[row], vector[row + 1], vector[row + 2], vector[row + 3]];
    const one = (firstRow + row) * columns;
    const [two, three, four] = [one + columns, one + 2 * columns, one + 3 * columns];
    for (let column = 0; column < columns; column += 1) {
      sum[column] +=
        a * matrix[one + column] + b * matrix[two + column] + c * matrix[three + column] + d * matrix[four + column];
    }
  }
  for (; row < vector.length; row += 1) {
    const start = (firstRow + row) * columns;
    for (let column = 0; column < columns; column += 1) sum[column] += vector[row] * matrix[start + column];
  }
}

/** A table of vectors, `numbers` to an id; of 8 bits, each row has a scale. */
export class Embedding {
  constructor(arrays, name) {
    const { values, shape } = arrays[name];
    Object.assign(this, { values, rows: shape[0], width: shape[1], scales: arrays[`${name}.scales`]?.values });
  }

  /** Returns the vector of an id; those of n-grams without a vector of their own are unknown to the table. */
  row(id) {
    const known = id < this.rows ? id : UNKNOWN_ID;
    const vector = Float32Array.from(this.values.subarray(known * this.width, (known + 1) * this.width));
    return this.scales ? vector.map((value) => value / this.scales[known]) : vector;
  }
}

/** What the counts of classes of an id say for each class, and how many there were: as `evidence.features`. */
export class Evidence {
  constructor(arrays, name) {
    const { values, shape } = arrays[name] ?? arrays[`${name}.patterns`];
    Object.assign(this, { values, numClasses: shape[1], width: shape[1] + 1, rows: arrays[`${name}.rows`]?.values });
  }

  row(id) {
    const features = new Float32Array(this.width);
    if (id <= UNKNOWN_ID) return features;
    const start = (this.rows ? this.rows[id] : id) * this.numClasses;
    let counts = this.values.subarray(start, start + this.numClasses);
    if (this.rows) counts = Float32Array.from(counts, (level) => Math.exp(level / LEVELS) - 1);
    const total = counts.reduce((sum, count) => sum + count, 0);
    counts.forEach((count, place) => {
      const share = (count + SMOOTHING) / (total + this.numClasses * SMOOTHING);
      features[place] = Math.log(this.numClasses * share);
    });
    features[this.numClasses] = 0.3 * Math.log(1 + total);
    return features;
  }
}

/** One direction of an LSTM. */
export class LSTM {
  /** @param {Function} activation of the candidate and of the memory that is shown */
  constructor(arrays, name, backwards, activation = Math.tanh) {
    const [kernel, recurrent, bias] = ["kernel", "recurrent_kernel", "bias"].map((part) => arrays[`${name}.${part}`]);
    this.kernel = kernel.values;
    this.recurrent = recurrent.values;
    this.bias = bias.values;
    this.units = recurrent.shape[0];
    this.backwards = backwards;
    this.activation = activation;
  }

  /** Returns what the values of a step and the bias contribute to `z`. */
  inputs(values) {
    const z = Float64Array.from(this.bias);
    addProduct(values, this.kernel, z);
    return z;
  }

  /**
   * Returns what the layer does at each step, in the order of the text: by the names of `KINDS` an array each.
   *
   * @param {Float64Array[]} inputs of every step
   * @param {object[]} changes made by hand: `{ step, unit, kind, value }`, of a gate or the candidate
   */
  run(inputs, changes = []) {
    const steps = new Array(inputs.length);
    let [state, cell] = [new Float32Array(this.units), new Float32Array(this.units)];
    for (let turn = 0; turn < inputs.length; turn += 1) {
      const at = this.backwards ? inputs.length - 1 - turn : turn;
      const step = this.step(inputs[at], state, cell, changes.filter((change) => change.step === at));
      steps[at] = step;
      [state, cell] = [step.output, step.cell];
    }
    return steps;
  }

  step(inputs, state, before, changes) {
    const { units } = this;
    const z = Float64Array.from(inputs);
    addProduct(state, this.recurrent, z);
    const step = { z };
    for (const kind of KINDS) step[kind] = new Float32Array(units);
    for (let unit = 0; unit < units; unit += 1) {
      step.input_gate[unit] = sigmoid(z[unit]);
      step.forget_gate[unit] = sigmoid(z[units + unit]);
      step.candidate[unit] = this.activation(z[2 * units + unit]);
      step.output_gate[unit] = sigmoid(z[3 * units + unit]);
    }
    for (const { unit, kind, value } of changes) step[kind][unit] = value;
    for (let unit = 0; unit < units; unit += 1) {
      step.cell[unit] = step.forget_gate[unit] * before[unit] + step.input_gate[unit] * step.candidate[unit];
      step.output[unit] = step.output_gate[unit] * this.activation(step.cell[unit]);
    }
    return step;
  }

  /** Returns the column of the kernels that belongs to a gate, or the candidate, of a unit. */
  column(kind, unit) {
    return PLACES[kind] * this.units + unit;
  }
}

/** Returns a function from the states of a text, an array each, to their summary. */
export function poolingOf(kind, arrays, numForward) {
  const over = (states, join) => states.reduce((sum, state) => sum.map((value, place) => join(value, state[place])));
  const kinds = {
    // Of what runs backwards, the first step is the last one.
    last: (states) => states.at(-1).map((value, place) => (place < numForward ? value : states[0][place])),
    max: (states) => over(states, Math.max),
    mean: (states) => over(states, (one, other) => one + other).map((value) => value / states.length),
    attention: (states) => {
      const [kernel, bias, score] = ["kernel", "bias", "score"].map((part) => arrays[`attention.${part}`].values);
      const scores = states.map((state) => {
        const hidden = Float64Array.from(bias);
        addProduct(state, kernel, hidden);
        return hidden.reduce((sum, value, place) => sum + Math.tanh(value) * score[place], 0);
      });
      const weights = softmax(scores);
      return states[0].map((_, place) => states.reduce((sum, state, step) => sum + weights[step] * state[place], 0));
    },
  };
  return kinds[kind];
}

/** Returns the probabilities of scores. */
export function softmax(scores) {
  const most = Math.max(...scores);
  const exps = Array.from(scores, (score) => Math.exp(score - most));
  const total = exps.reduce((sum, value) => sum + value, 0);
  return exps.map((value) => value / total);
}

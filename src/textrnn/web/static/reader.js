// What the page shows of one headline: the answer, what decided it, and the memory while it was read.

import { KINDS } from "./layers.js";
import { UNKNOWN_ID } from "./text.js";

const AT_A_TIME = 12; // milliseconds of work
const LEAST = 2 ** -126; // of a probability whose logarithm is taken
const REACH = 40; // characters on either side, to which it is said what the memory still holds of one

/** Returns the place of the largest of some numbers. */
export const largest = (values) => values.indexOf(Math.max(...values));

/**
 * Returns what the page shows of a text; of a long one, all but the answer is about its first `maxLength` tokens.
 *
 * @param {function} stale asked now and then, when the page may draw and listen: whether nobody waits any longer
 * @returns {object} null if so; else `text`, `probabilities`, `label` (its place) and `score`; `characters` as the network reads them and
 *   `numCharacters`, how many the text has in all; `leftOut`: what the logarithm of the answer's probability loses when
 *   each is taken out and the network reads what remains, `decided` the class (its place) that this is about;
 *   `without`: the memories of that reading, of each LSTM those around the character, the `first` of them at a step;
 *   `prefixes`: the probabilities after the first character, the first two and so on; `run`: of `Network.run`
 */
export async function readText(network, text, stale = () => false) {
  const tokens = network.encoder.split(text);
  const characters = tokens.slice(0, network.encoder.maxLength);
  const probabilities = network.answer(text);
  const run = network.run(characters);
  const decided = largest(run.probs);
  const log = (prob) => Math.log(Math.max(prob, LEAST));
  const [leftOut, without, prefixes] = [[], [], []];
  let begin = performance.now();
  for (let step = 0; step < characters.length; step += 1) {
    const left = network.run(characters.toSpliced(step, 1));
    leftOut.push(log(run.probs[decided]) - log(left.probs[decided]));
    without.push(left.layers.map(({ steps }) => memoriesAround(steps, step)));
    prefixes.push(network.run(characters.slice(0, step + 1)).probs);
    if (performance.now() - begin > AT_A_TIME) {
      await new Promise((resolve) => setTimeout(resolve));
      if (stale()) return null;
      begin = performance.now();
    }
  }
  const label = largest(probabilities);
  const score = probabilities[label];
  const numCharacters = tokens.length;
  return { text, probabilities, label, score, characters, numCharacters, decided, leftOut, without, prefixes, run };
}

function memoriesAround(steps, step) {
  const first = Math.max(0, step - REACH);
  return { first, cells: steps.slice(first, step + REACH).map(({ cell }) => cell) };
}

/**
 * Returns what the memory of an LSTM at each character loses of every unit when another, or this one, is taken out and
 * the network reads the rest again: a list for each character at which one looks, of arrays for each one taken out.
 * Those more than `REACH` apart are null.
 *
 * @param {object} answer of `readText`
 */
export function lossesOf({ run, without }, number) {
  const { lstm, steps } = run.layers[number];
  return steps.map(({ cell }, place) =>
    without.map((layers, out) => {
      if (Math.abs(out - place) > REACH) return null;
      const { first, cells } = layers[number];
      // What stands behind the one taken out moves up; where it stood itself, the memory is what it was before it.
      const at = place < out || (place === out && lstm.backwards) ? place : place - 1;
      return cell.map((value, unit) => value - (cells[at - first]?.[unit] ?? 0));
    }),
  );
}

/** Returns the same for all units together: how far the memory moves, in lengths of the memory (Euclid's) at the place. */
export function sharesOf({ run }, number, losses) {
  const length = (vector) => Math.hypot(...vector);
  return losses.map((row, place) => {
    const whole = length(run.layers[number].steps[place].cell) || 1;
    return row.map((lost) => lost && length(lost) / whole);
  });
}

/**
 * Returns the units of an LSTM in the order in which they are shown, with the number that puts them in it.
 *
 * @param {string} by `"adds"`: what they add to the answer, largest first whatever its sign; `"moves"`: how far their
 *   memory moves over the headlines
 * @param {object[]} answers of `readText`, of all headlines shown; what is added is that to the first one's answer
 */
export function orderedUnits(network, lstm, by, answers) {
  const added = answers.map(({ run, decided }) => network.contributions(run, lstm, decided));
  const values = by === "adds" && added[0] ? added : answers.map(({ run }) => movement(run.layers[lstm]));
  const total = values[0].map((_, unit) => values.reduce((sum, one) => sum + Math.abs(one[unit]), 0));
  const order = Array.from(total.keys()).sort((one, other) => total[other] - total[one] || one - other);
  return { order, values };
}

/** Returns how far the memory of each unit moves from step to step, all ways together. */
function movement({ lstm, steps }) {
  const inOrder = lstm.backwards ? steps.toReversed() : steps;
  return Float64Array.from({ length: lstm.units }, (_, unit) => {
    let [way, before] = [0, 0];
    for (const { cell } of inOrder) {
      way += Math.abs(cell[unit] - before);
      before = cell[unit];
    }
    return way;
  });
}

/**
 * Returns the sum behind the `z` of a gate, or of the candidate, of one unit at one step: `bias`, and `terms` that add
 * up to it, largest first.
 *
 * A term is `{ from, value }`, and where it is one product its `factor` and `weight`. `from` says what it stands for:
 * `["vector", order, ngram]`, all numbers of its vector together; `["evidence", order, ngram, class]`, the class's place;
 * `["seen", order, ngram, known]`, how often training saw it; `["below", unit]`, of the layer below; `["state", unit]`, of the
 * same layer one step before.
 */
export function sumBehind(network, answer, { lstm: number, step, unit, kind }, run = answer.run) {
  const { lstm, values, steps } = run.layers[number];
  const column = lstm.column(kind, unit);
  const width = 4 * lstm.units;
  const terms = [];
  const add = (from, factor, weight) => terms.push({ from, factor, weight, value: factor * weight });
  if (number < network.layers[0].length) {
    const ids = network.encoder.idsOfTokens(answer.characters)[step];
    let row = 0;
    for (const [order, table] of network.tables) {
      const ngram = step < order ? null : answer.characters.slice(step - order, step + 1).join("");
      const of = [order, ngram, ids[order] > UNKNOWN_ID];
      const at = (place) => [values[step][row + place], lstm.kernel[(row + place) * width + column]];
      if (table.numClasses === undefined) {
        let value = 0;
        for (let place = 0; place < table.width; place += 1) value += at(place)[0] * at(place)[1];
        terms.push({ from: ["vector", ...of], value });
      } else {
        for (let place = 0; place < table.numClasses; place += 1) add(["evidence", ...of, place], ...at(place));
        add(["seen", ...of], ...at(table.numClasses));
      }
      row += table.width;
    }
  } else {
    values[step].forEach((value, place) => add(["below", place], value, lstm.kernel[place * width + column]));
  }
  const before = steps[step + (lstm.backwards ? 1 : -1)]?.output;
  before?.forEach((value, place) => add(["state", place], value, lstm.recurrent[place * width + column]));
  terms.sort((one, other) => Math.abs(other.value) - Math.abs(one.value));
  return { z: steps[step].z[column], bias: lstm.bias[column], terms };
}

/** Returns a row for each of some units with what it does at each step: `kind` is one of `KINDS`. */
export function rowsOf(run, lstm, kind, units) {
  if (!KINDS.includes(kind)) throw new Error(`kind: expected one of ${KINDS}, got ${kind}`);
  return units.map((unit) => run.layers[lstm].steps.map((step) => step[kind][unit]));
}

// What is seen, in the address: a link shows it again. A stranger may have written it, so every value is checked.

import { find, inTwo, state } from "./elements.js";
import { KINDS } from "./layers.js";

const GATES = KINDS.filter((kind) => !["cell", "output"].includes(kind));

/** Writes what is seen into the address. */
export function writeAddress() {
  const seen = new URLSearchParams();
  state.readings.slice(0, inTwo() ? 2 : 1).forEach((reading, place) => {
    const { number, input, answer, position, changes } = reading;
    seen.set(`text${number}`, input.value);
    if (answer && position !== answer.characters.length) seen.set(`at${number}`, position);
    for (const { lstm, step, unit, kind, value } of changes) seen.append(`set${place + 1}`, [lstm, step, unit, kind, value]);
  });
  for (const id of ["kind", "direction", "order", "count"]) if (find(id).selectedIndex > 0) seen.set(id, find(id).value);
  if (state.chosen) seen.set("unit", state.unit);
  if (state.sum) seen.set("sum", state.sum);
  if (state.memory) seen.set("memory", 1);
  seen.set("lang", state.language);
  history.replaceState(null, "", `#${seen}`);
}

/** Puts the choices of the address into the page; returns whether it has a text. */
export function readAddress() {
  const seen = new URLSearchParams(location.hash.slice(1));
  const languages = ["en", "zh"];
  if (languages.includes(seen.get("lang"))) state.language = seen.get("lang");
  for (const id of ["kind", "direction", "order", "count"]) {
    const values = [...find(id).options].map(({ value }) => value);
    find(id).value = values.includes(seen.get(id)) ? seen.get(id) : values[0];
  }
  state.chosen = seen.has("unit");
  state.unit = state.chosen ? Number(seen.get("unit")) : null; // no unit of this LSTM: the first one is opened
  state.sum = GATES.includes(seen.get("sum")) ? seen.get("sum") : null;
  state.memory = seen.get("memory") === "1";
  const two = seen.has("text2");
  document.querySelector(`input[name=mode][value=${two ? "two" : "one"}]`).checked = true;
  for (const reading of state.readings) {
    reading.input.value = seen.get(`text${reading.number}`) ?? "";
    reading.wish = { position: Number(seen.get(`at${reading.number}`)), changes: seen.getAll(`set${reading.number}`) };
  }
  return seen.has("text1");
}

/** Returns the changes by hand that an address asks for, those that this text and network have. */
export function changesOf(wanted, run) {
  return wanted.flatMap((one) => {
    const [lstm, step, unit, kind, value] = one.split(",").map((part, place) => (place === 3 ? part : Number(part)));
    const layer = run.layers[lstm];
    const least = kind === "candidate" ? -1 : 0;
    const fits = layer && layer.steps[step] && layer.lstm.units > unit && unit >= 0 && Number.isInteger(unit);
    return fits && GATES.includes(kind) && value >= least && value <= 1 ? [{ lstm, step, unit, kind, value }] : [];
  });
}

// The cell at one character: four inputs, three gates, one memory, one output, each number with what it is made of.

import { draw, make, nameOf, plain, share, signed, state, tableOf, visible, words } from "./elements.js";
import { largest, sumBehind } from "./reader.js";

const NUM_TERMS = 8; // of a sum, the largest; the rest is one more
// The inputs of the cell, from the bottom: their names, and where they stand. The middle of the picture is 200.
const INPUTS = {
  candidate: { z: "z", at: [200, 402], disc: [200, 346], name: "tanh" },
  input_gate: { z: "zi", at: [48, 282], disc: [132, 282], name: "σ" },
  forget_gate: { z: "zf", at: [348, 206], disc: [348, 146], name: "σ" },
  output_gate: { z: "zo", at: [48, 112], disc: [132, 112], name: "σ" },
};

/** Returns what the panel of the open unit holds, at the character of the slider. */
export function cellPanel(reading) {
  const { run, position, answer, number } = reading;
  const step = position - 1;
  const { lstm, steps } = run.layers[state.lstm];
  const unit = state.unit;
  const before = steps[step + (lstm.backwards ? 1 : -1)]?.cell[unit] ?? 0;
  const now = Object.fromEntries(Object.entries(steps[step]).map(([kind, values]) => [kind, values[unit]]));
  const isHere = (change) => change.lstm === state.lstm && change.step === step && change.unit === unit;
  const changed = new Set(reading.changes.filter(isHere).map(({ kind }) => kind));
  const byHand = (kind) => (changed.has(kind) ? "*" : "");
  const z = (kind) => steps[step].z[lstm.column(kind, unit)];
  const character = visible(answer.characters[step]);
  const select = make("select", { id: `unit-${number}`, onchange: () => reading.openUnit(Number(select.value)) });
  select.append(...state.units.order.map((one) => make("option", { value: one, selected: one === unit }, `#${one}`)));
  const values = {
    f: plain(now.forget_gate), before: plain(before), i: plain(now.input_gate), g: plain(now.candidate),
    c: plain(now.cell), o: plain(now.output_gate), tanh: plain(Math.tanh(now.cell)), h: plain(now.output),
  };
  return [
    make("h3", { id: `cell-${number}` }, words("cell_of", unit, character, position, answer.characters.length)),
    make("label", { class: "field" }, make("span", {}, words("unit_choice")), select),
    make("p", { class: "faint" }, words("cell_lead")),
    make(
      "div",
      { class: "cell-parts" },
      make("div", { class: "neuron" }, picture(reading, z, values, byHand)),
      make("div", { class: "cell-side" }, make("p", { class: "formula" }, words("cell_sums", values), changed.size ? words("by_hand") : ""), sumTable(reading)),
      whatIf(reading, now, isHere),
    ),
  ];
}

function picture(reading, z, values, byHand) {
  const button = (kind, name, at) => zButton(reading, kind, name, at, z(kind));
  return neuron({ values, byHand, button, through: "tanh" });
}

/**
 * Returns the drawing of a cell, as the lecture has it.
 *
 * @param {object} about `values`: what stands at its parts; `byHand`: what marks a part; `button`: what draws an input;
 *   `through`: the function around candidate and memory, "" where there is none
 */
export function neuron({ values, byHand = () => "", button, through }) {
  const parts = [
    arrow([200, 378], [200, 362]),
    arrow([200, 330], [200, 298]),
    arrow([200, 266], [200, 230]),
    arrow([88, 282], [116, 282]),
    arrow([148, 282], [184, 282]),
    arrow([348, 182], [348, 162]),
    draw("path", { class: "wire", d: "M332 146H296V206" }),
    arrow([296, 206], [280, 206]),
    arrow([200, 182], [200, 128]),
    arrow([88, 112], [116, 112]),
    arrow([148, 112], [184, 112]),
    arrow([200, 96], [200, 62]),
    disc([200, 282], "×"),
    disc([200, 112], "×"),
    draw("rect", { class: "memory", x: 120, y: 182, width: 160, height: 48, rx: 8 }),
    label([200, 200], words("memory")),
    label([200, 220], `${values.before} → ${values.c}`, "strong"),
    label([208, 160], through ? `${through}(c) ${values.tanh}` : "", "start"),
    label([208, 318], `${words("kinds").candidate[0]} ${values.g}${byHand("candidate")}`, "start"),
    label([200, 30], words("kinds").output[0]),
    label([200, 52], `h ${values.h}`, "strong"),
    label([140, 256], `${words("kinds").input_gate[0]} ${values.i}${byHand("input_gate")}`),
    label([340, 120], `${words("kinds").forget_gate[0]} ${values.f}${byHand("forget_gate")}`),
    label([140, 86], `${words("kinds").output_gate[0]} ${values.o}${byHand("output_gate")}`),
  ];
  for (const [kind, { z: name, at, disc: place, name: shape }] of Object.entries(INPUTS)) {
    parts.push(disc(place, kind === "candidate" ? through || "=" : shape), button(kind, name, at));
  }
  return draw(
    "svg",
    { viewBox: "0 0 400 430", role: "group", "aria-label": words("cell_picture", values) },
    ...parts,
  );
}

const label = ([x, y], text, kind = "") => draw("text", { class: `say ${kind}`, x, y }, text);
const arrow = ([x, y], [toX, toY]) => {
  const [dx, dy] = [Math.sign(toX - x) * 5, Math.sign(toY - y) * 5];
  const head = `M${toX - dx - dy} ${toY - dy - dx}L${toX} ${toY}L${toX - dx + dy} ${toY - dy + dx}`;
  return draw("path", { class: "wire", d: `M${x} ${y}L${toX} ${toY}${head}` });
};
const disc = ([x, y], text) =>
  draw("g", {}, draw("circle", { class: "disc", cx: x, cy: y, r: 16 }), label([x, y + 4], text));

function zButton(reading, kind, name, [x, y], value) {
  const toggle = () => {
    state.sum = state.sum === kind ? null : kind;
    state.refresh();
  };
  const opened = state.sum === kind;
  return draw(
    "g",
    {
      id: `z-${kind}-${reading.number}`,
      class: opened ? "z opened" : "z",
      role: "button",
      tabindex: 0,
      "aria-expanded": String(opened),
      "aria-label": words("z_button", name, plain(value), words("kinds")[kind][0]),
      onclick: toggle,
      onkeydown: (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        toggle();
      },
    },
    ...zBox(name, [x, y], value),
  );
}

/** Returns the parts of an input in the drawing: a frame, its name, its value. */
export const zBox = (name, [x, y], value) => [
  draw("rect", { x: x - 40, y: y - 24, width: 80, height: 46, rx: 8 }),
  label([x, y - 6], name),
  " ",
  label([x, y + 13], plain(value), "strong"),
];

/** Returns the sum behind the `z` that is open. */
function sumTable(reading) {
  const kind = state.sum;
  if (!kind) return make("p", { class: "faint" }, words("open_z"));
  const place = { lstm: state.lstm, step: reading.position - 1, unit: state.unit, kind };
  const { z, bias, terms } = sumBehind(state.network, reading.answer, place, reading.run);
  const [first, rest] = [terms.slice(0, NUM_TERMS), terms.slice(NUM_TERMS)];
  const product = ({ factor, weight }) => (factor === undefined ? "" : `${plain(factor)} × ${plain(weight)}`);
  const total = (list) => list.reduce((sum, { value }) => sum + value, 0);
  const rows = [
    [words("bias"), "", signed(bias, 3)],
    ...first.map((term) => [nameOfTerm(term.from), product(term), signed(term.value, 3)]),
    ...(rest.length ? [[words("rest", rest.length), "", signed(total(rest), 3)]] : []),
    [`${INPUTS[kind].z} =`, "", signed(z, 3)],
  ];
  const table = tableOf(words("sum_of", INPUTS[kind].z, words("kinds")[kind][0]), words("sum_heads"), rows);
  return make("div", { class: "scroll sum", tabindex: 0, role: "group", "aria-label": words("sum_heads")[0] }, table);
}

function nameOfTerm([kind, ...about]) {
  if (kind === "state" || kind === "below") return words("term_unit", kind, ...about);
  const [order, ngram, known, label] = about;
  const what = words("ngram", order + 1, ngram, known);
  if (kind !== "evidence") return words("term", kind, what, "");
  const [, { numClasses }] = state.network.tables.at(-1);
  return words("term", kind, what, numClasses < state.about.labels.length ? words("group", label + 1) : nameOf(label));
}

/** Returns the gates of the open unit as sliders, and what becomes of the answer. */
function whatIf(reading, now, isHere) {
  const { number, position } = reading;
  const at = { lstm: state.lstm, step: position - 1, unit: state.unit };
  const rows = ["input_gate", "forget_gate", "output_gate", "candidate"].map((kind) => {
    const id = `change-${kind}-${number}`;
    const shown = make("output", { for: id }, plain(now[kind]));
    const slider = make("input", {
      id,
      type: "range",
      min: kind === "candidate" ? -1 : 0,
      max: 1,
      step: 0.01,
      value: now[kind],
      oninput: () => (shown.textContent = plain(Number(slider.value))),
      onchange: () => {
        const others = reading.changes.filter((one) => !(isHere(one) && one.kind === kind));
        reading.change([...others, { ...at, kind, value: Number(slider.value) }]);
      },
    });
    return make("div", { class: "change" }, make("label", { for: id }, words("kinds")[kind][0]), slider, shown);
  });
  const undo = make("button", { type: "button", id: `undo-${number}`, onclick: () => reading.change([]) }, words("undo"));
  undo.hidden = !reading.changes.length;
  return make(
    "fieldset",
    { class: "what-if" },
    make("legend", {}, words("what_if")),
    make("p", { class: "faint" }, words("what_if_lead")),
    ...rows,
    make("p", { role: "status" }, effect(reading)),
    undo,
  );
}

function effect({ answer, run, changes }) {
  if (!changes.length) return words("no_change");
  const [before, after] = [answer.decided, largest(run.probs)];
  const said = [nameOf(before), share(answer.run.probs[before]), nameOf(after), share(run.probs[after])];
  const list = changes.map(({ step, unit, kind, value }) =>
    words("changed", unit, visible(answer.characters[step]), words("kinds")[kind][0], plain(value)),
  );
  return words("effect", list, ...said, signed(Math.log(run.probs[before] / answer.run.probs[before]), 3));
}

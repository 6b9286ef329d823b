// One LSTM cell that can be worked by hand: write, keep, show, clear.

import { neuron, zBox } from "./cell.js";
import { draw, find, make, plain, tableOf, words } from "./elements.js";
import { fieldTable, told } from "./fields.js";
import { LSTM } from "./layers.js";
import { openLesson } from "./lesson.js";

let chosen = 0; // the step in the drawing

function run({ inputs, kernel, bias }) {
  const arrays = {
    "cell.kernel": { values: kernel.flat(), shape: [3, 4] },
    "cell.recurrent_kernel": { values: [0, 0, 0, 0], shape: [1, 4] },
    "cell.bias": { values: bias[0], shape: [4] },
  };
  const lstm = new LSTM(arrays, "cell", false, (value) => value);
  return lstm.run(inputs.map((values) => lstm.inputs(values)));
}

function entries(numbers, changed) {
  const gates = words("gates");
  const names = [1, 2, 3].map((number) => `x${number}`);
  const steps = numbers.inputs.map((_, step) => words("step", step + 1));
  return [
    fieldTable(words("inputs"), names, steps, numbers.inputs, changed),
    fieldTable(words("kernel"), gates, names, numbers.kernel, changed),
    fieldTable(words("bias"), gates, [words("bias")], numbers.bias, changed),
  ];
}

function results(numbers, changed) {
  const steps = run(numbers);
  chosen = Math.min(chosen, steps.length - 1);
  const kinds = ["candidate", "input_gate", "forget_gate", "output_gate", "cell", "output"];
  const rows = steps.map((step, place) => [
    words("step", place + 1),
    numbers.inputs[place].map(told).join("  "),
    ...kinds.map((kind) => told(step[kind][0])),
  ]);
  const table = tableOf(words("table"), words("heads"), rows);
  table.id = "steps";
  const choose = () => {
    chosen = Number(select.value);
    changed();
    find("step").focus();
  };
  const select = make("select", { id: "step", onchange: choose });
  select.append(...rows.map(([name], place) => make("option", { value: place, selected: place === chosen }, name)));
  return [
    make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": words("table") }, table),
    make("div", { class: "neuron" }, make("label", { class: "field" }, make("span", {}, words("choose")), select), drawing(steps)),
  ];
}

function drawing(steps) {
  const now = steps[chosen];
  const [before, at] = [chosen ? steps[chosen - 1].cell[0] : 0, (kind) => plain(now[kind][0])];
  const values = {
    f: at("forget_gate"), before: plain(before), i: at("input_gate"), g: at("candidate"), c: at("cell"),
    o: at("output_gate"), tanh: at("cell"), h: at("output"),
  };
  const places = ["input_gate", "forget_gate", "candidate", "output_gate"];
  const button = (kind, name, place) => draw("g", { class: "z still" }, ...zBox(name, place, now.z[places.indexOf(kind)]));
  return neuron({ values, button, through: "" });
}

const verdict = (numbers) => words("verdict", run(numbers).map(({ output }) => String(Math.round(output[0]) + 0)).join("  "));

openLesson({ entries, results, verdict });

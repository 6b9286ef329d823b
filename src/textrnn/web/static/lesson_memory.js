// A recurrent network small enough for pencil and paper.

import { draw, make, tableOf, words } from "./elements.js";
import { fieldTable, told } from "./fields.js";
import { addProduct } from "./layers.js";
import { openLesson } from "./lesson.js";

/** Returns of every step the memory before it, the hidden units and the outputs. */
function run({ inputs, input_kernel: input, recurrent_kernel: recurrent, output_kernel: output }) {
  let memory = [0, 0];
  return inputs.map((values) => {
    const [hidden, answer] = [[0, 0], [0, 0]];
    addProduct(values, input.flat(), hidden);
    addProduct(memory, recurrent.flat(), hidden);
    addProduct(hidden, output.flat(), answer);
    const step = { values, before: memory, hidden, answer };
    memory = hidden;
    return step;
  });
}

const pair = (values) => values.map(told).join("  ");

function entries(numbers, changed) {
  const units = [1, 2].map((number) => words("unit", number));
  const inputs = [1, 2].map((number) => words("input", number));
  const hidden = [1, 2].map((number) => words("hidden", number));
  const outputs = [1, 2].map((number) => words("output", number));
  return [
    fieldTable(words("inputs"), inputs, numbers.inputs.map((_, step) => words("step", step + 1)), numbers.inputs, changed),
    fieldTable(words("input_kernel"), units, inputs, numbers.input_kernel, changed),
    fieldTable(words("recurrent_kernel"), units, hidden, numbers.recurrent_kernel, changed),
    fieldTable(words("output_kernel"), outputs, hidden, numbers.output_kernel, changed),
  ];
}

function results(numbers) {
  const steps = run(numbers);
  const rows = steps.map(({ values, before, hidden, answer }, step) => [
    words("step", step + 1),
    ...[values, before, hidden, answer].map(pair),
  ]);
  const table = tableOf(words("table"), words("heads"), rows);
  table.id = "steps";
  const first = numbers.input_kernel.map((row) => row[0]);
  const again = numbers.recurrent_kernel.map((row) => row[0]);
  const sums = steps.map(({ values, before, hidden }, step) => {
    const terms = [...values.map((value, at) => [first[at], value]), ...before.map((value, at) => [again[at], value])];
    const text = terms.map(([weight, value]) => `${told(weight)} × ${told(value)}`).join(" + ");
    return make("li", {}, words("sum", step + 1, text, told(hidden[0])));
  });
  return [
    make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": words("table") }, table),
    make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": words("picture") }, picture(steps)),
    make("ul", {}, ...sums),
  ];
}

/** Returns the network once per step, from below: input, hidden units, output; the memory goes to the right. */
function picture(steps) {
  const parts = steps.flatMap(({ values, hidden, answer }, step) => {
    const x = 45 + 94 * step;
    const wires = [[x, 172, x, 138], [x, 102, x, 68], ...(step ? [[x - 55, 120, x - 39, 120]] : [])];
    return [
      ...wires.map(([x1, y1, x2, y2]) => draw("path", { class: "wire", d: wire(x1, y1, x2, y2) })),
      ...[[190, values, ""], [120, hidden, "memory"], [50, answer, ""]].flatMap(([y, pairOf, kind]) => [
        draw("rect", { class: kind || "disc", x: x - 39, y: y - 18, width: 78, height: 36, rx: 8 }),
        draw("text", { class: "say", x, y: y + 5 }, pair(pairOf)),
      ]),
      draw("text", { class: "say", x, y: 18 }, words("step", step + 1)),
    ];
  });
  const width = 94 * steps.length;
  const all = { class: "neuron unrolled", viewBox: `0 0 ${width} 220`, width, height: 220, role: "img", "aria-label": words("picture") };
  return draw("svg", all, ...parts);
}

function wire(x, y, toX, toY) {
  const [dx, dy] = [Math.sign(toX - x) * 6, Math.sign(toY - y) * 6];
  return `M${x} ${y}L${toX} ${toY}M${toX - dx - dy} ${toY - dy - dx}L${toX} ${toY}L${toX - dx + dy} ${toY - dy + dx}`;
}

const verdict = (numbers) => words("verdict", run(numbers).map(({ answer }) => pair(answer)).join(", "));

openLesson({ entries, results, verdict });

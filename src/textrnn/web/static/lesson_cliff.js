// The error surface of two parameters: plains, a cliff, and a walk that clipping keeps on the map.

import { make, tableOf, words } from "./elements.js";
import { numberField, told } from "./fields.js";
import { openLesson } from "./lesson.js";

const AREA = { left: 4, right: 6, low: -3.4, high: -1.6 }; // weight from left to right, bias from low to high
const SIZE = [240, 216]; // pixels of the map

const sigmoid = (z) => 1 / (1 + Math.exp(-z));

/** Returns the loss and its slopes after so many steps of one unit; as `lessons.gradients.error_surface`. */
function surface(weight, bias, { num_steps: numSteps, start, target }) {
  let [state, byWeight, byBias] = [start, 0, 0];
  for (let step = 0; step < numSteps; step += 1) {
    const after = sigmoid(weight * state + bias);
    const steepness = after * (1 - after);
    [byWeight, byBias, state] = [steepness * (state + weight * byWeight), steepness * (1 + weight * byBias), after];
  }
  const error = state - target;
  const slopes = [2 * error * byWeight, 2 * error * byBias];
  return { loss: error ** 2, slopes, norm: Math.hypot(...slopes) };
}

const here = (numbers) => surface(...numbers.walk.at(-1), numbers);

function step(numbers) {
  const { slopes, norm } = here(numbers);
  const [rate, clip] = numbers.settings;
  const factor = rate * (numbers.clipped && norm > clip ? clip / norm : 1);
  numbers.walk.push(numbers.walk.at(-1).map((value, place) => value - factor * slopes[place]));
}

function entries(numbers, changed) {
  const restart = () => {
    numbers.walk = [[...numbers.point]];
    changed();
  };
  numbers.walk ??= [[...numbers.point]];
  const field = (list, place, name, done, attributes) =>
    make("label", { class: "field" }, make("span", {}, name), numberField(list, place, name, done, attributes));
  const box = make("input", { type: "checkbox", id: "clipped", onchange: () => { numbers.clipped = box.checked; restart(); } });
  box.checked = numbers.clipped;
  const go = (id, count) => {
    const many = () => {
      for (let turn = 0; turn < count; turn += 1) step(numbers);
      changed();
    };
    return make("button", { type: "button", id, onclick: many }, words("steps", count));
  };
  return [
    make("div", { class: "row" },
      field(numbers.point, 0, words("weight"), restart, { id: "weight", step: 0.1 }),
      field(numbers.point, 1, words("bias"), restart, { id: "bias", step: 0.1 }),
      field(numbers.settings, 0, words("rate"), restart, { id: "rate", step: 0.01, min: 0 })),
    make("div", { class: "row" },
      make("label", { class: "field" }, box, make("span", {}, words("clipped"))),
      field(numbers.settings, 1, words("clip"), restart, { id: "clip", step: 1, min: 0 })),
    make("div", { class: "row" }, go("one", 1), go("many", 300), make("button", { type: "button", id: "back", onclick: restart }, words("back"))),
  ];
}

function results(numbers) {
  const { loss, norm } = here(numbers);
  const [weight, bias] = numbers.walk.at(-1);
  const rows = Object.entries({ num_taken: numbers.walk.length - 1, weight, bias, loss, norm }).map(([name, value]) => [words(name), told(value)]);
  const table = tableOf(words("table"), words("heads"), rows);
  table.id = "steps";
  return [make("div", { class: "map" }, map(numbers), make("p", { class: "faint" }, words("legend"))), table];
}

let drawn = null; // the map without a walk, which takes a while

function map(numbers) {
  const [width, height] = SIZE;
  const canvas = make("canvas", { width, height, role: "img", "aria-label": words("map") });
  const pen = canvas.getContext("2d");
  drawn ??= shaded(pen, numbers);
  pen.putImageData(drawn, 0, 0);
  const place = ([weight, bias]) => [
    ((weight - AREA.left) / (AREA.right - AREA.left)) * width,
    ((AREA.high - bias) / (AREA.high - AREA.low)) * height,
  ];
  pen.strokeStyle = "#7fdcff";
  pen.lineWidth = 1.5;
  pen.beginPath();
  numbers.walk.forEach((point) => pen.lineTo(...place(point)));
  pen.stroke();
  pen.fillStyle = "#ffffff";
  pen.beginPath();
  pen.arc(...place(numbers.walk.at(-1)), 4, 0, 7);
  pen.fill();
  return canvas;
}

/** Returns the map: the brighter, the steeper, by the logarithm of the gradient's norm from 0.01 to 100. */
function shaded(pen, numbers) {
  const [width, height] = SIZE;
  const image = pen.createImageData(width, height);
  for (let at = 0; at < width * height; at += 1) {
    const weight = AREA.left + ((at % width) / (width - 1)) * (AREA.right - AREA.left);
    const bias = AREA.high - (Math.floor(at / width) / (height - 1)) * (AREA.high - AREA.low);
    const steep = Math.max(0, Math.min(1, (Math.log10(surface(weight, bias, numbers).norm) + 2) / 4));
    image.data.set([255 * steep ** 0.8, 210 * steep ** 1.6, 60 + 90 * steep * (1 - steep), 255], 4 * at);
  }
  return image;
}

const verdict = (numbers) => {
  const { loss, norm } = here(numbers);
  const [weight, bias] = numbers.walk.at(-1);
  const inside = weight >= AREA.left && weight <= AREA.right && bias >= AREA.low && bias <= AREA.high;
  return words("verdict", numbers.walk.length - 1, told(loss), told(norm), inside);
};

openLesson({ entries, results, verdict });

// The page around the readings.

import { readAddress, writeAddress } from "./address.js";
import { readArrays, unpacked, unpackedJson } from "./arrays.js";
import { answered, find, inTwo, make, nameOf, open, ownLanguage, share, showFrame, state, words } from "./elements.js";
import { KINDS } from "./layers.js";
import { Network } from "./network.js";
import { orderedUnits } from "./reader.js";
import { Reading, reordered } from "./reading.js";
import { EXAMPLES, STRINGS } from "./strings.js";
import { TextEncoder } from "./text.js";

const PAUSE = 250; // milliseconds without a key after which all of the text is read
const COUNTS = [8, 24, 100_000];
let timer = null;
let written = null;

function showWords() {
  showFrame();
  for (const option of find("kind").options) option.textContent = words("kinds")[option.value][0];
  for (const option of find("order").options) option.textContent = words("orders")[option.value];
  for (const option of find("count").options) {
    option.textContent = option.value > 1000 ? words("all") : option.value;
  }
  const { names } = state.network;
  const layers = new Set(names.map((name) => name.split("/")[0]));
  [...find("direction").options].forEach((option, place) => {
    const way = words(names[place].endsWith("backward") ? "backward" : "forward");
    option.textContent = layers.size > 1 ? words("layer", names[place].split("/")[0], way) : way;
  });
  const entries = words("guide_entries").flatMap(([term, what]) => [make("dt", {}, term), make("dd", {}, what)]);
  const kinds = Object.values(words("kinds")).flatMap(([term, what]) => [make("dt", {}, term), make("dd", {}, what)]);
  find("guide").querySelector("dl").replaceChildren(...entries, ...kinds);
  find("about-model").textContent = words("about_model", state.about);
  showMode();
}

function showMode() {
  const two = inTwo();
  find("readings").classList.toggle("two", two);
  state.readings[1].field.hidden = !two;
  const examples = EXAMPLES[two ? "two" : "one"].map(({ texts, en }) => {
    const gloss = state.language === "en" && en ? [make("small", {}, en)] : [];
    const fillIn = () => {
      texts.forEach((text, place) => (state.readings[place].input.value = text));
      askAll();
    };
    return make("button", { type: "button", onclick: fillIn }, texts.join(" / "), ...gloss);
  });
  find("examples").replaceChildren(...examples);
  refresh();
}

/** Draws everything anew, and what hangs on all headlines together. */
function refresh() {
  const readings = answered();
  state.lstm = Math.max(0, find("direction").selectedIndex);
  state.by = find("order").value;
  if (readings.length) {
    state.units = orderedUnits(state.network, state.lstm, state.by, readings.map(({ answer }) => answer));
    if (!state.units.order.includes(state.unit)) state.chosen = false;
    if (!state.chosen) [state.unit] = state.units.order;
  }
  for (const reading of state.readings) reading.show();
  find("options").hidden = !readings.length;
  const said = readings.map(({ answer }) => words("verdict", nameOf(answer.label), share(answer.score)));
  find("verdict").removeAttribute("aria-busy");
  find("verdict").textContent = said.length === 2 ? words("compared", reordered(), ...said) : (said[0] ?? "");
  remember();
}

/** Writes the address soon: browsers refuse to do so many times a second. */
function remember() {
  clearTimeout(written);
  written = setTimeout(writeAddress, PAUSE);
}

function askAll() {
  clearTimeout(timer);
  for (const reading of open()) reading.ask();
}

function askSoon() {
  clearTimeout(timer);
  timer = setTimeout(askAll, PAUSE);
}

function optionsOf(id, values) {
  find(id).append(...values.map((value) => make("option", { value })));
  find(id).addEventListener("change", refresh);
}

function listen() {
  find("language").addEventListener("click", () => {
    state.language = state.language === "zh" ? "en" : "zh";
    showWords();
  });
  find("mode").addEventListener("change", () => {
    if (inTwo() && !state.readings[1].input.value) {
      EXAMPLES.two[0].texts.forEach((text, place) => (state.readings[place].input.value = text));
    }
    showMode();
    askAll();
  });
  find("entry").addEventListener("submit", (event) => {
    event.preventDefault();
    askAll();
  });
  addEventListener("hashchange", show);
}

/** Shows what the address asks for, or an example. */
function show() {
  if (!readAddress()) [state.readings[0].input.value] = EXAMPLES.one[0].texts;
  showWords();
  askAll();
}

async function load() {
  state.about = JSON.parse(find("about").textContent);
  const [vocabulary, forms, weights] = await Promise.all([
    unpackedJson("vocabulary"),
    unpackedJson("forms"),
    unpacked("weights"),
  ]);
  const encoder = new TextEncoder(vocabulary, new Map(forms));
  state.network = new Network(state.about, encoder, readArrays(weights));
  if (find("movers")) state.movers = await unpackedJson("movers");
}

async function start() {
  Object.assign(state, { language: ownLanguage(), strings: STRINGS });
  await load();
  Object.assign(state, { refresh, remember, askAll, askSoon });
  state.readings = [new Reading(1), new Reading(2)];
  const { links, name } = state.about;
  if (links.length > 1) {
    find("model").append(...links.map(([other, address]) => make("option", { value: address }, other)));
    find("model").selectedIndex = links.findIndex(([, address]) => address === location.pathname);
    find("model").addEventListener("change", () => {
      writeAddress();
      location.assign(find("model").value + location.hash);
    });
  } else find("model").replaceWith(make("strong", {}, name));
  optionsOf("kind", ["cell", ...KINDS.filter((kind) => kind !== "cell")]);
  optionsOf("direction", state.network.names);
  optionsOf("order", ["adds", "moves"]);
  optionsOf("count", COUNTS);
  find("fields").append(...state.readings.map(({ field }) => field));
  find("readings").append(...state.readings.map(({ panel }) => panel));
  listen();
  document.querySelector("main").hidden = false;
  show();
}

start().catch((error) => {
  find("page-problem").textContent = words("failed", error.message);
  find("page-problem").hidden = false;
});

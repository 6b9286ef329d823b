// Words and elements: text goes in as text, never as markup.

/** What the whole page shares; `page.js` fills it in. */
export const state = {
  language: "en",
  strings: null, // every word, by language and name
  about: null, // of the model
  network: null,
  readings: [],
  lstm: 0, // which one is looked into, counted as in `Network.names`
  units: { order: [], values: [] }, // of `orderedUnits`
  by: "adds", // what puts them in it
  unit: null, // the one that is open
  chosen: false, // whether somebody chose it
  sum: null, // whose `z` is open: a gate, or the candidate
  memory: false, // whether what the memory still holds is open
  movers: null, // the texts that move each unit most, if the page was made with data
  refresh: () => {}, // draws everything anew
  remember: () => {}, // writes what is seen into the address
  askAll: () => {},
  askSoon: () => {},
};

export const MOST_CHARACTERS = 500;
export const GUTTER = 46; // pixels left of the first character, for the names of rows
export const MARGIN = 42; // right of the last one, for the numbers of rows and the names of lines

export const find = (id) => document.getElementById(id);
export const inTwo = () => document.querySelector("input[name=mode]:checked").value === "two";
export const open = () => state.readings.filter(({ field }) => !field.hidden);
export const answered = () => open().filter(({ answer }) => answer);

/** Writes the words of the page's frame, those whose element names them, in the language chosen. */
export function showFrame() {
  document.documentElement.lang = state.language === "zh" ? "zh-CN" : "en";
  document.title = `textrnn: ${words("title")}`;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = words(element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", words(element.dataset.label));
  }
  find("language").textContent = words("other_language");
  find("language").lang = state.language === "zh" ? "en" : "zh-CN";
}

/** Returns the language of the browser, of the two that the page speaks. */
export const ownLanguage = () => (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

export function words(key, ...about) {
  const found = state.strings[state.language][key];
  return typeof found === "function" ? found(...about) : found;
}

/** Returns how a class is called; `place` is its place among them. */
export const nameOf = (place) => {
  const label = state.about.labels[place];
  return Object.hasOwn(words("labels"), label) ? words("labels")[label] : label;
};

export function share(prob) {
  const format = new Intl.NumberFormat(state.language, { style: "percent" });
  return prob > 0 && prob < 0.01 ? `<${format.format(0.01)}` : format.format(prob);
}

export function signed(value, digits = 2) {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : (value > 0 ? "+" : "−") + text;
}

export const plain = (value, digits = 2) => signed(value, digits).replace("+", "");

export const visible = (character) => (/^\s$/u.test(character) ? "␣" : character);

function put(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export const make = (tag, attributes = {}, ...children) => put(document.createElement(tag), attributes, children);
export const draw = (tag, attributes = {}, ...children) =>
  put(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

/** Returns a table: a caption, names of columns, and rows whose first cell is their name. */
export function tableOf(caption, heads, rows) {
  const line = ([name, ...values]) =>
    make("tr", {}, make("th", { scope: "row" }, name), ...values.map((value) => make("td", {}, value)));
  return make(
    "table",
    {},
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, ...rows.map(line)),
  );
}

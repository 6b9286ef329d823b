"use strict";

const GUTTER = 46; // pixels left of the first character, for the names of rows
const MARGIN = 42; // right of the last one, for the names of lines
const CELL = { least: 18, most: 44 }; // the width of a character's column
const TALLEST = 44; // the height of the longest bar over a character
const ROW = 18; // the height of a unit's row
const PAUSE = 350; // milliseconds without a key after which the text is read
const NUM_LINES = 4;
const SIGNED = new Set(["candidate", "cell", "output"]);

const state = { language: "en", models: [], maxCharacters: 0, readings: [], timer: null };

const find = (id) => document.getElementById(id);
const chosen = (name) => document.querySelector(`input[name=${name}]:checked`).value;
const inTwo = () => chosen("mode") === "two";
const labelsOf = (answer) => state.models.find(({ name }) => name === answer.model).labels;
const open = () => state.readings.filter(({ field }) => !field.hidden);
const answers = () => open().flatMap(({ answer }) => answer ?? []);

// ---- words -----------------------------------------------------------------------------------------------------

function words(key, ...about) {
  const found = STRINGS[state.language][key];
  return typeof found === "function" ? found(...about) : found;
}

const nameOf = (label) => words("labels")[label] ?? label;

function share(prob) {
  const format = new Intl.NumberFormat(state.language, { style: "percent" });
  return prob > 0 && prob < 0.01 ? `<${format.format(0.01)}` : format.format(prob);
}

function signed(value, digits = 2) {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : (value > 0 ? "+" : "−") + text;
}

const plain = (value) => signed(value).replace("+", "");

const visible = (character) => (/^\s$/u.test(character) ? "␣" : character);

// ---- elements: text goes in as text, never as markup -------------------------------------------------------------

function put(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const make = (tag, attributes = {}, ...children) => put(document.createElement(tag), attributes, children);
const draw = (tag, attributes = {}, ...children) =>
  put(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

// ---- one headline: its field, and what the network makes of it ---------------------------------------------------

class Reading {
  constructor(number) {
    this.number = number;
    this.answer = null;
    this.trouble = null; // why there is no answer: a key of `errors`, and what it speaks of
    this.position = 0; // so many characters are read
    this.turn = 0;
    this.label = make("label", { for: `text-${number}` });
    this.input = make("input", {
      id: `text-${number}`,
      type: "text",
      dir: "auto",
      spellcheck: "false",
      enterkeyhint: "go",
      "aria-describedby": `problem-${number}`,
      oninput: (event) => event.isComposing || askSoon(),
      oncompositionend: () => askSoon(),
    });
    this.problem = make("p", { id: `problem-${number}`, class: "problem", role: "alert", hidden: true });
    this.field = make("div", { class: "text" }, this.label, this.input, this.problem);
    this.panel = make("article", { class: "reading", id: `reading-${number}`, hidden: true });
    this.width = 0;
    new ResizeObserver(() => {
      if (this.panel.clientWidth !== this.width) this.show();
    }).observe(this.panel);
  }

  /** Returns why the text cannot be read, as `trouble`, or null. */
  get fault() {
    const length = [...this.input.value].length;
    if (!this.input.value.trim()) return ["empty"];
    return length > state.maxCharacters ? ["too_long", state.maxCharacters, length] : null;
  }

  /** Has the text read; beside another one, both are shown by the same units. */
  async ask(other) {
    this.turn += 1;
    this.wish = null;
    if (this.fault) return this.refuse(...this.fault);
    this.wish = { model: find("model").value, text: this.input.value };
    if (other && !other.fault) this.wish.beside = other.input.value;
    this.panel.setAttribute("aria-busy", "true");
    if (this.busy) return; // one question at a time: while one is under way, only the latest waits
    this.busy = true;
    while (this.wish) {
      const { turn, wish } = this;
      this.wish = null;
      const { trouble, answer } = await question(wish);
      if (turn !== this.turn) continue;
      this.panel.removeAttribute("aria-busy");
      if (trouble) this.refuse(...trouble);
      else this.take(answer);
    }
    this.busy = false;
  }

  take(answer) {
    if (this.answer?.text !== answer.text) this.position = answer.characters.length;
    this.position = Math.min(this.position, answer.characters.length);
    this.answer = answer;
    this.trouble = null;
    showAll();
  }

  refuse(...trouble) {
    this.answer = null;
    this.trouble = trouble;
    showAll();
  }

  /** Draws everything anew: another answer, language, choice or width. */
  show() {
    this.label.textContent = words("headline", this.number, inTwo());
    const errors = words("errors");
    const [code, ...about] = this.trouble ?? [];
    const found = errors[code] ?? errors.other;
    this.problem.textContent = this.trouble ? (typeof found === "function" ? found(...about) : found) : "";
    this.problem.hidden = !this.trouble;
    this.input.setAttribute("aria-invalid", String(Boolean(this.trouble)));
    this.panel.hidden = !this.answer || this.field.hidden;
    if (this.panel.hidden) return this.panel.replaceChildren();
    const focused = document.activeElement === this.slider;
    this.showAnswer();
    this.width = this.panel.clientWidth;
    this.moveTo(this.position);
    if (focused) this.slider.focus();
  }

  showAnswer() {
    const { characters, num_characters: total, text, lstms } = this.answer;
    const notes = [];
    if (total > characters.length) notes.push(words("cut", characters.length, total));
    if (total === characters.length && characters.join("") !== text.trim()) notes.push(words("as_read"));
    if (!lstms.length) notes.push(words("no_lstm"));
    this.desk = make("div", { class: "desk" });
    this.readout = make("p", { class: "readout" });
    this.panel.replaceChildren(
      make("h2", { dir: "auto" }, text),
      ...notes.map((note) => make("p", { class: "note" }, note)),
      make("div", { class: "answer" }, this.bars(), make("p", { class: "faint" }, words("so_far"))),
      make("div", { class: "inside" }, this.desk, this.readout, make("p", {}, this.changesOfMind()), this.numbers()),
    );
    this.desk.style.setProperty("--room", `${this.desk.clientWidth}px`);
    const room = Math.floor((this.desk.clientWidth - GUTTER - MARGIN) / characters.length);
    this.cell = Math.max(CELL.least, Math.min(CELL.most, room));
    this.desk.style.setProperty("--cell", `${this.cell}px`);
    this.desk.style.setProperty("--gutter", `${GUTTER}px`);
    this.cursors = [];
    this.desk.append(this.sliderRow(), this.deciding(), ...(lstms.length ? [this.heat(), this.lines()] : []));
  }

  get lstm() {
    return this.answer?.lstms[Math.max(0, find("direction").selectedIndex)];
  }

  get deciders() {
    return decidersOf(this.answer);
  }

  winner(end) {
    const probs = this.answer.prefixes[end - 1];
    return probs.indexOf(Math.max(...probs));
  }

  bars() {
    this.rows = labelsOf(this.answer).map((label, place) => {
      const row = {
        fill: make("span", { class: "fill" }),
        mark: make("span", { class: "mark" }),
        share: make("span", { class: "share" }),
      };
      row.mark.style.left = `${100 * this.answer.probabilities[place]}%`;
      row.item = make(
        "li",
        {},
        make("span", { class: "name" }, nameOf(label)),
        make("span", { class: "track" }, row.fill, row.mark),
        row.share,
      );
      return row;
    });
    return make("ul", { class: "bars", "aria-label": words("bars") }, ...this.rows.map(({ item }) => item));
  }

  sliderRow() {
    const { length } = this.answer.characters;
    const id = `slider-${this.number}`;
    this.slider = make("input", {
      id,
      type: "range",
      min: 1,
      max: length,
      value: length,
      oninput: (event) => this.moveTo(Number(event.target.value), { scroll: true }),
    });
    this.slider.style.width = `${length * this.cell}px`;
    return make("div", { class: "slide" }, make("label", { for: id }, words("slider")), this.slider);
  }

  center(place) {
    return GUTTER + (place + 0.5) * this.cell;
  }

  /**
   * Returns a picture over the columns of the characters, with them at `charactersAt`; pointing at one moves there.
   * Those that are not read yet are faint; `backwards`, they stand before the others.
   */
  figure(caption, description, height, charactersAt, backwards, ...parts) {
    const { characters } = this.answer;
    const width = GUTTER + characters.length * this.cell + MARGIN;
    const cursor = draw("rect", { class: "cursor", y: 1, width: this.cell, height: height - 2, rx: 4 });
    const letters = characters.map((character, place) =>
      draw("text", { class: "letter", x: this.center(place), y: charactersAt + 17 }, visible(character)),
    );
    this.cursors.push({ cursor, letters, backwards });
    const picture = draw(
      "svg",
      { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": description },
      ...parts,
      ...letters,
      cursor,
    );
    const point = (event) => {
      const place = (event.clientX - picture.getBoundingClientRect().left - GUTTER) / this.cell;
      if (place >= 0 && place < characters.length) this.moveTo(Math.floor(place) + 1);
    };
    picture.addEventListener("pointermove", (event) => event.pointerType === "mouse" && point(event));
    picture.addEventListener("click", point);
    return make("figure", {}, make("figcaption", {}, ...caption), picture);
  }

  deciding() {
    const { characters, decided } = this.answer;
    const values = answers().flatMap(decidersOf); // of two headlines, on one scale
    const [highest, lowest] = [Math.max(0.05, ...values), Math.min(-0.05, ...values)];
    const scale = TALLEST / Math.max(highest, -lowest);
    const [above, letters, below] = [Math.max(14, highest * scale), 26, Math.max(14, -lowest * scale)];
    const bars = this.deciders.map((value, place) => {
      const height = Math.abs(value) * scale;
      return draw(
        "rect",
        {
          class: value < 0 ? "bar against" : "bar for",
          x: GUTTER + place * this.cell + 2,
          y: value < 0 ? above + letters : above - height,
          width: this.cell - 4,
          height,
        },
        draw("title", {}, `${characters[place]}: ${signed(value)}`),
      );
    });
    const caption = words("deciding", nameOf(decided));
    const read = characters.map((character, place) => `${character} ${signed(this.deciders[place])}`).join(", ");
    return this.figure(
      [caption],
      `${caption}: ${read}`,
      above + letters + below,
      above,
      false,
      draw("text", { class: "axis", x: GUTTER - 6, y: 11 }, signed(highest)),
      draw("text", { class: "axis", x: GUTTER - 6, y: above + letters + below - 3 }, signed(lowest)),
      ...bars,
    );
  }

  heat() {
    const kind = find("kind").value;
    const [name, description] = words("kinds")[kind];
    const { backwards, units, [kind]: rows } = this.lstm;
    const { characters } = this.answer;
    const most = SIGNED.has(kind) ? greatest(kind, units.length) : 1;
    const parts = rows.flatMap((row, line) => [
      draw("text", { class: "axis", x: GUTTER - 6, y: line * ROW + 13 }, `#${units[line]}`),
      ...row.flatMap((value, place) => {
        const strength = Math.abs(value) / most;
        const [x, y] = [GUTTER + place * this.cell, line * ROW];
        const cell = draw(
          "rect",
          {
            class: value < 0 ? "against" : "for",
            x: x + 0.5,
            y: y + 0.5,
            width: this.cell - 1,
            height: ROW - 1,
            "fill-opacity": strength.toFixed(3),
          },
          draw("title", {}, `${words("unit", units[line])}, ${characters[place]}: ${plain(value)}`),
        );
        if (value >= 0 || strength < 0.1) return [cell];
        // A minus as well: in grey, blue and orange are alike.
        return [cell, draw("path", { class: strength > 0.5 ? "minus on-strong" : "minus", d: `M${x + this.cell / 2 - 3} ${y + ROW / 2}h6` })];
      }),
    ]);
    return this.figure(
      [words("heat", name), make("span", { class: "faint" }, description), legend(SIGNED.has(kind) ? most : null)],
      `${words("heat", name)}. ${description}`,
      rows.length * ROW + 26,
      rows.length * ROW,
      backwards,
      ...parts,
    );
  }

  lines() {
    const { cell, units, backwards } = this.lstm;
    const length = this.answer.characters.length;
    const [height, edge] = [140, 8];
    const lines = cell.slice(0, NUM_LINES).map((row, place) => ({ row, unit: units[place] }));
    const most = greatest("cell", NUM_LINES);
    const y = (value) => height / 2 - (value / most) * (height / 2 - edge);
    const begin = backwards ? [this.center(length - 0.5), y(0)] : [GUTTER, y(0)]; // nothing is read: the memory is 0
    const clip = `read-${this.number}`;
    this.window = draw("rect", { y: 0, height });
    const names = spread(lines.map(({ row }) => y(row[length - 1])), 14, height - 4);
    const parts = lines.map(({ row, unit }, number) => {
      const points = row.map((value, place) => [this.center(place), y(value)]);
      const path = (backwards ? [...points, begin] : [begin, ...points]).map((point) => point.join(" ")).join("L");
      return draw(
        "g",
        { class: `line line-${number}` },
        draw("path", { class: "ahead", d: `M${path}` }),
        draw("path", { "clip-path": `url(#${clip})`, d: `M${path}` }),
        draw("text", { x: this.center(length - 0.5) + 4, y: names[number] + 4 }, `#${unit}`),
      );
    });
    this.dots = lines.map(({ row }, number) => {
      const dot = draw("circle", { class: `dot-${number}`, r: 3.5 });
      return { dot, at: (place) => [this.center(place), y(row[place])] };
    });
    const caption = words(backwards ? "lines_backward" : "lines");
    return this.figure(
      [caption],
      caption,
      height + 26,
      height,
      backwards,
      draw("clipPath", { id: clip }, this.window),
      draw("path", { class: "zero", d: `M${GUTTER} ${y(0)}H${this.center(length - 0.5)}` }),
      ...[most, 0, -most].map((value) =>
        draw("text", { class: "axis", x: GUTTER - 6, y: y(value) + 4 }, value ? signed(value, 1) : "0"),
      ),
      ...parts,
      ...this.dots.map(({ dot }) => dot),
    );
  }

  changesOfMind() {
    const { characters } = this.answer;
    const labels = labelsOf(this.answer);
    const steps = [];
    characters.forEach((_, place) => {
      const label = nameOf(labels[this.winner(place + 1)]);
      if (steps.at(-1)?.[1] !== label) steps.push([characters.slice(0, place + 1).join(""), label]);
    });
    return steps.length > 1 ? words("changes", steps) : words("steady", steps[0][1]);
  }

  numbers() {
    const details = make("details", { class: "numbers", open: Boolean(this.numbersOpen) }, make("summary", {}, words("numbers")));
    const fill = () => {
      this.numbersOpen = details.open;
      if (!details.open || details.querySelector("table")) return;
      const { characters } = this.answer;
      const kind = find("kind").value;
      const { units, [kind]: rows } = this.lstm ?? { units: [], [kind]: [] };
      const cells = (tag, values, scope) => values.map((value) => make(tag, scope ? { scope } : {}, value));
      const heads = [words("character"), words("left_out"), ...units.map((unit) => `#${unit}`)];
      const lines = characters.map((character, place) =>
        make(
          "tr",
          {},
          ...cells("th", [visible(character)], "row"),
          ...cells("td", [signed(this.deciders[place]), ...rows.map((row) => plain(row[place]))]),
        ),
      );
      const caption = units.length ? words("heat", words("kinds")[kind][0]) : words("deciding", nameOf(this.answer.decided));
      const table = make(
        "table",
        {},
        make("caption", {}, caption),
        make("thead", {}, make("tr", {}, ...cells("th", heads, "col"))),
        make("tbody", {}, ...lines),
      );
      details.append(make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": words("numbers") }, table));
    };
    details.addEventListener("toggle", fill);
    fill();
    return details;
  }

  /** Shows what the network says after the first `end` characters. */
  moveTo(end, { scroll = false } = {}) {
    const { characters, prefixes } = this.answer;
    const { length } = characters;
    this.position = end;
    const probs = prefixes[end - 1];
    const best = this.winner(end);
    this.rows.forEach((row, place) => {
      row.fill.style.width = `${100 * probs[place]}%`;
      row.share.textContent = share(probs[place]);
      row.item.classList.toggle("best", place === best);
    });
    const left = GUTTER + (end - 1) * this.cell;
    for (const { cursor, letters, backwards } of this.cursors) {
      cursor.setAttribute("x", left);
      letters.forEach((letter, place) => {
        letter.classList.toggle("unread", backwards ? place < end - 1 : place >= end);
        letter.classList.toggle("here", place === end - 1);
      });
    }
    if (this.answer.lstms.length) {
      const middle = this.center(end - 1);
      const [from, to] = this.lstm.backwards ? [middle, this.center(length)] : [0, middle];
      this.window.setAttribute("x", from);
      this.window.setAttribute("width", to - from);
      for (const { dot, at } of this.dots) {
        const [x, y] = at(end - 1);
        dot.setAttribute("cx", x);
        dot.setAttribute("cy", y);
      }
    }
    const prefix = characters.slice(0, end).join("");
    const label = nameOf(labelsOf(this.answer)[best]);
    const weight = [characters[end - 1], signed(this.deciders[end - 1]), nameOf(this.answer.decided)];
    this.readout.textContent = words("readout", end, length, prefix, label, share(probs[best]), ...weight);
    this.slider.value = end;
    this.slider.setAttribute("aria-valuetext", this.readout.textContent);
    if (scroll) {
      const { clientWidth, scrollLeft } = this.desk;
      if (left < scrollLeft) this.desk.scrollLeft = left - GUTTER;
      if (left + this.cell > scrollLeft + clientWidth) this.desk.scrollLeft = left + this.cell + MARGIN - clientWidth;
    }
  }
}

const decidersOf = (answer) => answer.left_out;

/** Returns the greatest magnitude of a kind over so many units of all headlines shown, which share one scale. */
function greatest(kind, numUnits) {
  const rows = open().flatMap(({ answer, lstm }) => (answer && lstm ? lstm[kind].slice(0, numUnits) : []));
  return Math.max(...rows.flat().map(Math.abs)) || 1;
}

/** Returns `places` moved as little as needed so that neighbours are `gap` apart, none beyond `end`. */
function spread(places, gap, end) {
  const order = places.map((_, number) => number).sort((one, other) => places[one] - places[other]);
  const moved = [...places];
  order.forEach((number, rank) => {
    if (rank) moved[number] = Math.max(moved[number], moved[order[rank - 1]] + gap);
  });
  let limit = end;
  for (const number of order.reverse()) {
    moved[number] = Math.min(moved[number], limit);
    limit = moved[number] - gap;
  }
  return moved;
}

/** Returns the scale of the heat map: 0 to 1, or for signed values from `-most` to `most`. */
function legend(most) {
  const shades = most === null ? [0, 0.25, 0.5, 0.75, 1] : [-1, -0.5, 0, 0.5, 1];
  const [left, right] = most === null ? ["0", "1"] : [signed(-most, 1), signed(most, 1)];
  const boxes = shades.map((shade, place) => {
    const at = { x: place * 16 + 0.5, y: 0.5, width: 15, height: 11 };
    const box = draw("rect", { ...at, class: shade < 0 ? "against" : "for", "fill-opacity": Math.abs(shade) });
    const minus = shade < 0 ? [draw("path", { class: shade < -0.5 ? "minus on-strong" : "minus", d: `M${place * 16 + 5} 6h6` })] : [];
    return draw("g", {}, draw("rect", { ...at, class: "empty" }), box, ...minus);
  });
  return make("span", { class: "legend", "aria-hidden": "true" }, left, draw("svg", { width: 80, height: 12 }, ...boxes), right);
}

// ---- the server ------------------------------------------------------------------------------------------------

async function question(wish) {
  try {
    const headers = { "Content-Type": "application/json" };
    const response = await fetch("api/predict", { method: "POST", headers, body: JSON.stringify(wish) });
    const answer = await response.json();
    return response.ok ? { answer } : { trouble: [answer.code, answer.error] };
  } catch {
    return { trouble: ["no_answer"] };
  }
}

// ---- the page around the readings ------------------------------------------------------------------------------

function showWords() {
  document.documentElement.lang = state.language === "zh" ? "zh-CN" : "en";
  document.title = `textrnn: ${words("title")}`;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = words(element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", words(element.dataset.label));
  }
  find("language").textContent = words("other_language");
  find("language").lang = state.language === "zh" ? "en" : "zh-CN";
  for (const option of find("kind").options) option.textContent = words("kinds")[option.value][0];
  const entries = words("guide_entries").flatMap(([term, what]) => [make("dt", {}, term), make("dd", {}, what)]);
  const kinds = Object.values(words("kinds")).flatMap(([term, what]) => [make("dt", {}, term), make("dd", {}, what)]);
  find("guide").querySelector("dl").replaceChildren(...entries, ...kinds);
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
  showAll();
}

function showAll() {
  for (const reading of state.readings) reading.show();
  showShared();
}

/** Shows what hangs on all answers together. */
function showShared() {
  const lstms = answers()[0]?.lstms ?? [];
  const direction = find("direction");
  const before = Math.max(0, direction.selectedIndex);
  const layers = new Set(lstms.map(({ name }) => name.split("/")[0]));
  direction.replaceChildren(
    ...lstms.map(({ name, backwards }) => {
      const way = words(backwards ? "backward" : "forward");
      return make("option", {}, layers.size > 1 ? words("layer", name.split("/")[0], way) : way);
    }),
  );
  direction.selectedIndex = Math.min(before, lstms.length - 1);
  for (const choice of ["kind", "direction"]) find(choice).closest("label").hidden = !lstms.length;
  find("options").hidden = !answers().length;
  find("about-model").textContent = words("about_model", state.models[find("model").selectedIndex]);
  const said = answers().map(({ label, score }) => words("verdict", nameOf(label), share(score)));
  const [one, two] = answers().map(({ characters }) => characters);
  const reordered = two && `${one}` !== `${two}` && `${[...one].sort()}` === `${[...two].sort()}`;
  find("verdict").textContent = two ? words("compared", reordered, ...said) : (said[0] ?? "");
}

function askAll() {
  clearTimeout(state.timer);
  const [one, two] = open();
  one.ask(two);
  two?.ask(one);
}

function askSoon() {
  clearTimeout(state.timer);
  state.timer = setTimeout(askAll, PAUSE);
}

function setLanguage(language) {
  state.language = language;
  showWords();
}

async function start() {
  state.language = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
  const { models, max_characters: maxCharacters } = await (await fetch("api/models")).json();
  state.models = models;
  state.maxCharacters = maxCharacters;
  state.readings = [new Reading(1), new Reading(2)];
  find("model").append(...models.map(({ name }) => make("option", { value: name }, name)));
  find("kind").append(...Object.keys(STRINGS.en.kinds).map((kind) => make("option", { value: kind })));
  find("kind").value = "cell";
  find("fields").append(...state.readings.map(({ field }) => field));
  find("readings").append(...state.readings.map(({ panel }) => panel));
  find("language").addEventListener("click", () => setLanguage(state.language === "zh" ? "en" : "zh"));
  find("model").addEventListener("change", askAll);
  find("mode").addEventListener("change", () => {
    if (inTwo() && !state.readings[1].input.value) {
      EXAMPLES.two[0].texts.forEach((text, place) => (state.readings[place].input.value = text));
    }
    showMode();
    askAll();
  });
  for (const choice of ["kind", "direction"]) find(choice).addEventListener("change", showAll);
  find("entry").addEventListener("submit", (event) => {
    event.preventDefault();
    askAll();
  });
  [state.readings[0].input.value] = EXAMPLES.one[0].texts;
  document.querySelector("main").hidden = false;
  showWords();
  askAll();
}

start().catch((error) => {
  find("page-problem").textContent = `${words("errors").no_answer} (${error.message})`;
  find("page-problem").hidden = false;
});

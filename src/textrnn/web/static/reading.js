// One headline: its field, and what the network makes of it.

import { changesOf } from "./address.js";
import { cellPanel } from "./cell.js";
import { GUTTER, MARGIN, MOST_CHARACTERS, answered, find, inTwo, make, nameOf, plain, share, signed, state } from "./elements.js";
import { tableOf, visible, words } from "./elements.js";
import { MemoryPanel } from "./memory.js";
import { deciding, heat, lines } from "./pictures.js";
import { largest, readText, rowsOf } from "./reader.js";

const CELL = { least: 18, most: 44 }; // the width of a character's column

export class Reading {
  constructor(number) {
    this.number = number;
    this.answer = null; // of `readText`
    this.run = null; // of `Network.run`: the answer's, or another with changes made by hand
    this.changes = []; // of the run, by hand
    this.wish = null; // what an address asks for: `position`, `changes`
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
      oninput: (event) => event.isComposing || this.typed(),
      oncompositionend: () => this.typed(),
    });
    this.problem = make("p", { id: `problem-${number}`, class: "problem", role: "alert", hidden: true });
    this.field = make("div", { class: "text" }, this.label, this.input, this.problem);
    this.panel = make("article", { class: "reading", id: `reading-${number}`, hidden: true });
    this.width = 0;
    new ResizeObserver(() => {
      if (this.panel.clientWidth !== this.width) this.show();
    }).observe(this.panel);
  }

  get backwards() {
    return this.run.layers[state.lstm].lstm.backwards;
  }

  /** Returns why the text cannot be read, as `trouble`, or null. */
  get fault() {
    const { value } = this.input;
    const { length } = [...value];
    if (!state.network.encoder.normalise(value)) return ["empty"];
    if (length > MOST_CHARACTERS) return ["too_long", MOST_CHARACTERS, length];
    return /\p{Surrogate}/u.test(value) ? ["surrogate"] : null;
  }

  /** Answers at once, on every key; all the rest is read when the keys pause. */
  typed() {
    state.askSoon();
    if (!this.answer || this.fault) return;
    this.turn += 1; // what is being read is out of date
    this.panel.setAttribute("aria-busy", "true");
    const probs = state.network.answer(this.input.value);
    const best = largest(probs);
    this.fill(probs);
    if (!inTwo()) {
      find("verdict").setAttribute("aria-busy", "true"); // a screen reader waits for the pause
      find("verdict").textContent = words("verdict", nameOf(best), share(probs[best]));
    }
  }

  /** Has the text read. */
  async ask() {
    this.turn += 1;
    const { turn } = this;
    if (this.fault) return this.refuse(...this.fault);
    const text = this.input.value;
    if (this.answer?.text === text) return this.take(this.answer);
    this.panel.setAttribute("aria-busy", "true");
    const answer = await readText(state.network, text, () => turn !== this.turn);
    if (answer) this.take(answer);
  }

  take(answer) {
    this.panel.removeAttribute("aria-busy");
    if (this.answer?.text !== answer.text || this.wish) {
      this.position = this.wish?.position || answer.characters.length;
      this.changes = changesOf(this.wish?.changes ?? [], answer.run);
      this.wish = null;
    }
    this.answer = answer;
    this.trouble = null;
    this.change(this.changes);
  }

  /** Shows what becomes of the rest when gates are changed by hand. */
  change(changes) {
    this.changes = changes;
    this.run = changes.length ? state.network.run(this.answer.characters, changes) : this.answer.run;
    state.refresh();
  }

  refuse(...trouble) {
    this.panel.removeAttribute("aria-busy");
    this.answer = null;
    this.changes = [];
    this.trouble = trouble;
    state.refresh();
  }

  openUnit(unit) {
    Object.assign(state, { unit, chosen: true });
    state.refresh();
  }

  /** Draws everything anew: another answer, language, choice or width. */
  show() {
    this.label.textContent = words("headline", this.number, inTwo());
    const [code, ...about] = this.trouble ?? [];
    this.problem.textContent = this.trouble ? words("errors")[code](...about) : "";
    this.problem.hidden = !this.trouble;
    this.input.setAttribute("aria-invalid", String(Boolean(this.trouble)));
    this.panel.hidden = !this.answer || this.field.hidden;
    if (this.panel.hidden) return this.panel.replaceChildren();
    const focused = this.panel.contains(document.activeElement) ? document.activeElement.id : "";
    this.showAnswer();
    this.width = this.panel.clientWidth;
    this.moveTo(this.position);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  showAnswer() {
    const { characters, numCharacters: total, text } = this.answer;
    const notes = [];
    if (total > characters.length) notes.push(words("cut", characters.length, total));
    if (total === characters.length && characters.join("") !== text.trim()) notes.push(words("as_read"));
    this.desk = make("div", { class: "desk" });
    this.readout = make("p", { class: "readout" });
    this.cellPanel = make("div", { class: "cell", role: "group", "aria-labelledby": `cell-${this.number}` });
    this.memory = new MemoryPanel(this);
    this.panel.replaceChildren(
      make("h2", { dir: "auto" }, text),
      ...notes.map((note) => make("p", { class: "note" }, note)),
      make("div", { class: "answer" }, this.bars(), make("p", { class: "faint" }, words("so_far"))),
      make(
        "div",
        { class: "inside" },
        this.desk,
        this.readout,
        this.editing(),
        make("p", { class: "changes" }, this.changesOfMind()),
        this.cellPanel,
        this.memory.panel,
        this.numbers(),
      ),
    );
    this.desk.style.setProperty("--room", `${this.desk.clientWidth}px`);
    const room = Math.floor((this.desk.clientWidth - GUTTER - MARGIN) / characters.length);
    this.cell = Math.max(CELL.least, Math.min(CELL.most, room));
    this.desk.style.setProperty("--cell", `${this.cell}px`);
    this.desk.style.setProperty("--gutter", `${GUTTER}px`);
    this.cursors = [];
    const units = state.units.order.slice(0, Number(find("count").value));
    this.desk.append(this.sliderRow(), deciding(this), heat(this, find("kind").value, units), lines(this, units));
  }

  /** Returns the probabilities after so many characters: of the whole text with what is changed by hand. */
  probsAt(end) {
    const { characters, prefixes } = this.answer;
    return this.changes.length && end === characters.length ? this.run.probs : prefixes[end - 1];
  }

  bars() {
    this.rows = state.about.labels.map((_, place) => {
      const row = {
        fill: make("span", { class: "fill" }),
        mark: make("span", { class: "mark" }),
        share: make("span", { class: "share" }),
      };
      row.mark.style.left = `${100 * this.answer.probabilities[place]}%`;
      row.item = make(
        "li",
        {},
        make("span", { class: "name" }, nameOf(place)),
        make("span", { class: "track" }, row.fill, row.mark),
        row.share,
      );
      return row;
    });
    return make("ul", { class: "bars", "aria-label": words("bars") }, ...this.rows.map(({ item }) => item));
  }

  fill(probs) {
    const best = largest(probs);
    this.rows.forEach((row, place) => {
      row.fill.style.width = `${100 * probs[place]}%`;
      row.share.textContent = share(probs[place]);
      row.item.classList.toggle("best", place === best);
    });
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

  /** Returns the buttons that take the character at the slider out, or swap it with the next. */
  editing() {
    const edit = (change) => () => {
      const characters = [...this.answer.characters];
      change(characters, this.position - 1);
      this.input.value = characters.join("");
      state.askAll();
    };
    const button = (name, change) =>
      make("button", { type: "button", id: `${name}-${this.number}`, onclick: edit(change) }, words(name));
    this.edits = [
      button("take_out", (characters, place) => characters.splice(place, 1)),
      button("swap", (characters, place) => characters.splice(place, 2, characters[place + 1], characters[place])),
    ];
    this.edits.forEach((one) => (one.hidden = this.answer.numCharacters > this.answer.characters.length));
    return make("div", { class: "row edits" }, ...this.edits);
  }

  center(place) {
    return GUTTER + (place + 0.5) * this.cell;
  }

  changesOfMind() {
    const { characters, prefixes } = this.answer;
    const steps = [];
    prefixes.forEach((probs, place) => {
      const label = nameOf(largest(probs));
      if (steps.at(-1)?.[1] !== label) steps.push([characters.slice(0, place + 1).join(""), label]);
    });
    return steps.length > 1 ? words("changes", steps) : words("steady", steps[0][1]);
  }

  numbers() {
    const summary = make("summary", { id: `numbers-${this.number}` }, words("numbers"));
    const details = make("details", { class: "numbers", open: Boolean(this.numbersOpen) }, summary);
    const fill = () => {
      this.numbersOpen = details.open;
      if (!details.open || details.querySelector("table")) return;
      const { characters, leftOut } = this.answer;
      const kind = find("kind").value;
      const units = state.units.order.slice(0, Number(find("count").value));
      const rows = rowsOf(this.run, state.lstm, kind, units);
      const heads = [words("character"), words("left_out"), ...units.map((unit) => `#${unit}`)];
      const table = tableOf(
        words("heat", words("kinds")[kind][0], state.by),
        heads,
        characters.map((character, place) => [
          visible(character),
          signed(leftOut[place]),
          ...rows.map((row) => plain(row[place])),
        ]),
      );
      details.append(make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": words("numbers") }, table));
    };
    details.addEventListener("toggle", fill);
    fill();
    return details;
  }

  /** Shows what the network says after the first `end` characters. */
  moveTo(end, { scroll = false } = {}) {
    const { characters } = this.answer;
    const { length } = characters;
    this.position = Math.max(1, Math.min(end, length));
    end = this.position;
    this.memory.show();
    this.cursors = this.cursors.filter(({ cursor }) => cursor.isConnected);
    const probs = this.probsAt(end);
    this.fill(probs);
    const left = GUTTER + (end - 1) * this.cell;
    for (const { cursor, letters, backwards } of this.cursors) {
      cursor.setAttribute("x", left);
      letters.forEach((letter, place) => {
        letter.classList.toggle("unread", backwards ? place < end - 1 : place >= end);
        letter.classList.toggle("here", place === end - 1);
      });
    }
    const middle = this.center(end - 1);
    const [from, to] = this.backwards ? [middle, this.center(length)] : [0, middle];
    this.window.setAttribute("x", from);
    this.window.setAttribute("width", to - from);
    for (const { dot, at } of this.dots) {
      const [x, y] = at(end - 1);
      dot.setAttribute("cx", x);
      dot.setAttribute("cy", y);
    }
    this.edits[1].disabled = end === length;
    this.readout.textContent = this.told(end, probs);
    this.slider.value = end;
    this.slider.setAttribute("aria-valuetext", this.readout.textContent);
    for (const desk of scroll ? this.panel.querySelectorAll(".desk") : []) {
      const { clientWidth, scrollLeft } = desk;
      if (left < scrollLeft) desk.scrollLeft = left - GUTTER;
      if (left + this.cell > scrollLeft + clientWidth) desk.scrollLeft = left + this.cell + MARGIN - clientWidth;
    }
    this.cellPanel.replaceChildren(...cellPanel(this));
    state.remember();
  }

  told(end, probs) {
    const { characters, leftOut, decided } = this.answer;
    const best = largest(probs);
    const prefix = characters.slice(0, end).join("");
    const weight = [characters[end - 1], signed(leftOut[end - 1]), nameOf(decided)];
    return words("readout", end, characters.length, prefix, nameOf(best), share(probs[best]), ...weight);
  }
}

/** Returns whether two headlines have the same characters in another order. */
export function reordered() {
  const [one, two] = answered().map(({ answer }) => answer.characters);
  return Boolean(two) && `${one}` !== `${two}` && `${[...one].sort()}` === `${[...two].sort()}`;
}

// What the memory at one character still holds: on which characters it hangs, and which headlines move a unit most.

import { GUTTER, answered, make, plain, signed, state, visible, words } from "./elements.js";
import { bars } from "./pictures.js";
import { lossesOf, sharesOf } from "./reader.js";

const SOME = 0.1; // of the memory's length: what is less is called nothing

/** The part of a reading that opens by its heading; what it shows is drawn when it is open. */
export class MemoryPanel {
  constructor(reading) {
    this.reading = reading;
    const { number } = reading;
    this.body = make("div", {});
    this.panel = make(
      "details",
      { class: "memory-panel", open: state.memory },
      make("summary", { id: `memory-${number}` }, words("remembers")),
      this.body,
    );
    this.panel.addEventListener("toggle", () => {
      if (this.panel.open === state.memory) return;
      state.memory = this.panel.open;
      state.refresh();
    });
  }

  /** Draws what hangs on the character of the slider and on the unit that is open. */
  show() {
    if (!state.memory) return;
    this.body.firstChild ? this.hangs.replaceChildren(...this.pictures()) : this.fill();
  }

  fill() {
    const { reading } = this;
    this.hangs = make("div", { class: "desk", tabindex: 0, role: "group", "aria-label": words("remembers") });
    for (const [name, width] of [["--room", reading.desk.clientWidth], ["--cell", reading.cell], ["--gutter", GUTTER]]) {
      this.hangs.style.setProperty(name, `${width}px`);
    }
    this.said = make("p", { class: "readout" });
    this.body.append(
      make("p", {}, words("remembers_lead")),
      this.hangs,
      this.said,
      ...(reading.changes.length ? [make("p", { class: "note" }, words("remembers_by_hand"))] : []),
      ...this.movers(),
      make("p", { class: "note" }, words("remembers_misleads")),
      make("p", { class: "faint" }, words("remembers_credit")),
    );
    this.hangs.replaceChildren(...this.pictures());
  }

  /** Returns the bars of all units together and of the one that is open. */
  pictures() {
    const { position, answer } = this.reading;
    const place = position - 1;
    const [losses, shares] = this.numbers(answer);
    const ofUnit = (row) => row.map((lost) => lost && lost[state.unit]);
    const near = (rows) => rows.flat().filter((value) => value !== null);
    const all = answered().map((one) => this.numbers(one.answer));
    const character = visible(answer.characters[place]);
    this.said.textContent = this.told(place, shares[place]);
    const together = words("hangs_all", character, losses[place][place].length);
    const alone = words("hangs_unit", character, state.unit);
    const most = [1, ...near(all.flatMap((one) => one[1]))];
    const mostOfUnit = [0.05, -0.05, ...near(all.flatMap((one) => one[0].map(ofUnit)))];
    return [
      bars(this.reading, together, shares[place], most, this.reading.backwards),
      bars(this.reading, alone, ofUnit(losses[place]), mostOfUnit, this.reading.backwards),
    ];
  }

  /** Returns what each character's memory loses by each that is taken out, of every unit and of all together. */
  numbers(answer) {
    answer.memory ??= [];
    if (!answer.memory[state.lstm]) {
      const losses = lossesOf(answer, state.lstm);
      answer.memory[state.lstm] = [losses, sharesOf(answer, state.lstm, losses)];
    }
    return answer.memory[state.lstm];
  }

  told(place, shares) {
    const { characters } = this.reading.answer;
    const others = shares.map((share, out) => ({ share, out })).filter(({ share, out }) => share !== null && out !== place);
    if (!others.length) return "";
    const most = others.reduce((best, one) => (one.share > best.share ? one : best));
    const distance = ({ out }) => Math.abs(out - place);
    const far = others.filter(({ share }) => share >= SOME).sort((one, other) => distance(other) - distance(one));
    const name = (out) => visible(characters[out]);
    const furthest = far.length ? words("hangs_far", name(far[0].out), distance(far[0])) : words("hangs_none");
    return words("hangs_most", name(place), name(most.out), plain(most.share)) + furthest;
  }

  /** Returns the headlines of the data in which the memory of the open unit rises highest and falls lowest. */
  movers() {
    const heading = make("h3", {}, words("movers", state.unit));
    if (!state.movers) return [heading, make("p", {}, words("no_movers"))];
    const { source, read, total, texts, units } = state.movers;
    const found = units[state.lstm][state.unit];
    const lists = [[1, "movers_up"], [-1, "movers_down"]].map(([sign, name]) => {
      const items = found.filter(([, , value]) => value * sign > 0).map((one) => make("li", {}, this.mover(texts, one)));
      const list = items.length ? make("ul", { class: "movers" }, ...items) : make("p", {}, words("movers_none"));
      return make("div", {}, make("h4", {}, words(name)), list);
    });
    const counts = [read, total].map((number) => number.toLocaleString(state.language));
    const lead = make("p", { class: "faint" }, words("movers_lead", source, ...counts));
    return [heading, lead, make("div", { class: "two-lists" }, ...lists)];
  }

  /** Returns a button that shows one of them, at the character where the memory of the unit is there. */
  mover(texts, [text, step, value]) {
    const { reading } = this;
    const tokens = state.network.encoder.split(texts[text]);
    const show = () => {
      Object.assign(state, { chosen: true });
      reading.input.value = texts[text];
      reading.wish = { position: step + 1, changes: [] };
      state.askAll();
    };
    const part = (from, to) => tokens.slice(from, to).join("");
    return make(
      "button",
      { type: "button", id: `mover-${reading.number}-${value < 0 ? "down" : "up"}-${text}`, onclick: show },
      make("span", { class: "share" }, signed(value)),
      " ",
      make("span", { class: "faint" }, words("movers_at", visible(tokens[step]))),
      " ",
      make("span", { dir: "auto" }, part(0, step), make("b", { class: "peak" }, tokens[step]), part(step + 1)),
    );
  }
}

// The pictures of one reading: characters that decide, the memory as a heat map and as lines. `reading` is a `Reading`.

import { GUTTER, MARGIN, answered, draw, make, nameOf, plain, signed, state, visible, words } from "./elements.js";
import { rowsOf } from "./reader.js";

const TALLEST = 44; // the height of the longest bar over a character
const ROW = 18; // the height of a unit's row
const NUM_LINES = 4;
const SIGNED = new Set(["candidate", "cell", "output"]);

/**
 * Returns a picture over the columns of the characters, with them at `charactersAt`; pointing at one moves there.
 * Those that are not read yet are faint; `backwards`, they stand before the others.
 */
function figure(reading, { caption, description, height, charactersAt, backwards = false, onrow = null }, ...parts) {
  const { characters } = reading.answer;
  const width = GUTTER + characters.length * reading.cell + MARGIN;
  const cursor = draw("rect", { class: "cursor", y: 1, width: reading.cell, height: height - 2, rx: 4 });
  const letters = characters.map((character, place) =>
    draw("text", { class: "letter", x: reading.center(place), y: charactersAt + 17 }, visible(character)),
  );
  reading.cursors.push({ cursor, letters, backwards });
  const picture = draw(
    "svg",
    { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": description },
    ...parts,
    ...letters,
    cursor,
  );
  const point = (event) => {
    const box = picture.getBoundingClientRect();
    const place = (event.clientX - box.left - GUTTER) / reading.cell;
    const end = Math.floor(place) + 1;
    if (end >= 1 && end <= characters.length && end !== reading.position) reading.moveTo(end);
    if (event.type === "click") onrow?.(Math.floor((event.clientY - box.top) / ROW));
  };
  picture.addEventListener("pointermove", (event) => event.pointerType === "mouse" && point(event));
  picture.addEventListener("click", point);
  return make("figure", {}, make("figcaption", {}, ...caption), picture);
}

/** Returns what each character counts for the answer, above or below the line. */
export function deciding(reading) {
  const { decided, leftOut } = reading.answer;
  const all = answered().flatMap(({ answer }) => answer.leftOut); // of two headlines, on one scale
  return bars(reading, words("deciding", nameOf(decided)), leftOut, [...all, 0.05, -0.05]);
}

/**
 * Returns a bar for each character, above or below the line that the characters make; none where a value is null.
 *
 * @param {number[]} all values that are to have room, on one scale
 * @param {boolean} backwards whether what stands left of the character chosen is not read yet
 */
export function bars(reading, caption, values, all, backwards = false) {
  const { characters } = reading.answer;
  const [highest, lowest] = [Math.max, Math.min].map((one) => all.reduce((so, value) => one(so, value), 0));
  const scale = TALLEST / Math.max(highest, -lowest);
  const [above, letters, below] = [Math.max(14, highest * scale), 26, Math.max(14, -lowest * scale)];
  const drawn = values.flatMap((value, place) => {
    if (value === null) return [];
    const height = Math.abs(value) * scale;
    const at = { x: GUTTER + place * reading.cell + 2, y: value < 0 ? above + letters : above - height };
    return draw(
      "rect",
      { ...at, class: value < 0 ? "bar against" : "bar for", width: reading.cell - 4, height },
      draw("title", {}, `${characters[place]}: ${signed(value)}`),
    );
  });
  const read = values.flatMap((value, place) => (value === null ? [] : `${characters[place]} ${signed(value)}`)).join(", ");
  const low = lowest < 0 ? [draw("text", { class: "axis", x: GUTTER - 6, y: above + letters + below - 3 }, signed(lowest))] : [];
  return figure(
    reading,
    { caption: [caption], description: `${caption}: ${read}`, height: above + letters + below, charactersAt: above, backwards },
    draw("text", { class: "axis", x: GUTTER - 6, y: 11 }, signed(highest)),
    ...low,
    ...drawn,
  );
}

/** Returns a row for each unit, a column for each character; a click on a row opens its unit. */
export function heat(reading, kind, units) {
  const [name, description] = words("kinds")[kind];
  const rows = rowsOf(reading.run, state.lstm, kind, units);
  const { characters } = reading.answer;
  const most = SIGNED.has(kind) ? greatest(kind, units) : 1;
  const values = state.units.values[answered().indexOf(reading)] ?? state.units.values[0];
  const end = reading.center(characters.length - 0.5) + 4;
  const parts = rows.flatMap((row, line) => {
    const opened = units[line] === state.unit ? " opened" : "";
    return [
      draw("text", { class: `axis unit${opened}`, x: GUTTER - 6, y: line * ROW + 13 }, `#${units[line]}`),
      draw("text", { class: "amount", x: end, y: line * ROW + 13 }, signed(values[units[line]])),
      ...row.flatMap((value, place) => {
        const strength = Math.min(1, Math.abs(value) / most);
        const [x, y] = [GUTTER + place * reading.cell, line * ROW];
        const size = { x: x + 0.5, y: y + 0.5, width: reading.cell - 1, height: ROW - 1 };
        const title = `${words("unit", units[line])}, ${characters[place]}: ${plain(value)}`;
        const attributes = { ...size, class: value < 0 ? "against" : "for", "fill-opacity": strength.toFixed(3) };
        const cell = draw("rect", attributes, draw("title", {}, title));
        if (value >= 0 || strength < 0.1) return [cell];
        return [cell, minus(x + reading.cell / 2 - 3, y + ROW / 2, strength)];
      }),
    ];
  });
  const heading = words("heat", name, state.by);
  return figure(
    reading,
    {
      caption: [heading, make("span", { class: "faint" }, description), legend(SIGNED.has(kind) ? most : null)],
      description: `${heading}. ${description}`,
      height: rows.length * ROW + 26,
      charactersAt: rows.length * ROW,
      backwards: reading.backwards,
      onrow: (row) => row < units.length && reading.openUnit(units[row]),
    },
    ...parts,
  );
}

// A minus as well: in grey, blue and orange are alike.
const minus = (x, y, strength) =>
  draw("path", { class: strength > 0.5 ? "minus on-strong" : "minus", d: `M${x} ${y}h6` });

/** Returns the memory of the first units as lines; the part that is not read yet is faint. */
export function lines(reading, units) {
  const { backwards } = reading;
  const { length } = reading.answer.characters;
  const [height, edge] = [140, 8];
  const first = units.slice(0, NUM_LINES);
  const rows = rowsOf(reading.run, state.lstm, "cell", first);
  const most = greatest("cell", first);
  const y = (value) => height / 2 - (value / most) * (height / 2 - edge);
  const begin = backwards ? [reading.center(length - 0.5), y(0)] : [GUTTER, y(0)]; // nothing is read: the memory is 0
  const clip = `read-${reading.number}`;
  reading.window = draw("rect", { y: 0, height });
  const names = spread(rows.map((row) => y(row[length - 1])), 14, height - 4);
  const parts = rows.map((row, number) => {
    const points = row.map((value, place) => [reading.center(place), y(value)]);
    const path = (backwards ? [...points, begin] : [begin, ...points]).map((point) => point.join(" ")).join("L");
    return draw(
      "g",
      { class: `line line-${number}` },
      draw("path", { class: "ahead", d: `M${path}` }),
      draw("path", { "clip-path": `url(#${clip})`, d: `M${path}` }),
      draw("text", { x: reading.center(length - 0.5) + 4, y: names[number] + 4 }, `#${first[number]}`),
    );
  });
  reading.dots = rows.map((row, number) => {
    const dot = draw("circle", { class: `dot-${number}`, r: 3.5 });
    return { dot, at: (place) => [reading.center(place), y(row[place])] };
  });
  const caption = words(backwards ? "lines_backward" : "lines");
  return figure(
    reading,
    { caption: [caption], description: caption, height: height + 26, charactersAt: height, backwards },
    draw("clipPath", { id: clip }, reading.window),
    draw("path", { class: "zero", d: `M${GUTTER} ${y(0)}H${reading.center(length - 0.5)}` }),
    ...[most, 0, -most].map((value) =>
      draw("text", { class: "axis", x: GUTTER - 6, y: y(value) + 4 }, value ? signed(value, 1) : "0"),
    ),
    ...parts,
    ...reading.dots.map(({ dot }) => dot),
  );
}

/** Returns the greatest magnitude of a kind over some units of all headlines shown, which share one scale. */
function greatest(kind, units) {
  const rows = answered().flatMap(({ run }) => rowsOf(run, state.lstm, kind, units));
  return rows.flat().reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
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
    const mark = shade < 0 ? [minus(place * 16 + 5, 6, -shade)] : [];
    return draw("g", {}, draw("rect", { ...at, class: "empty" }), box, ...mark);
  });
  const picture = draw("svg", { width: 80, height: 12 }, ...boxes);
  return make("span", { class: "legend", "aria-hidden": "true" }, left, picture, right);
}

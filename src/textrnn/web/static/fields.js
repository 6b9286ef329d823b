// Numbers that a reader may change.

import { make } from "./elements.js";

/** Returns a field for the number at a place of a list; what is no number leaves the number as it was. */
export function numberField(list, place, name, changed, attributes = {}) {
  const field = make("input", {
    type: "number",
    step: "any",
    value: list[place],
    "aria-label": name,
    ...attributes,
    oninput: () => {
      const value = field.valueAsNumber;
      field.setAttribute("aria-invalid", String(!Number.isFinite(value)));
      if (!Number.isFinite(value)) return;
      list[place] = value;
      changed();
    },
  });
  return field;
}

/** Returns a table of fields: a row for each name in `rows`, a column for each in `heads`. */
export function fieldTable(caption, heads, rows, lists, changed) {
  const line = (name, row) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, name),
      ...lists[row].map((_, place) => make("td", {}, numberField(lists[row], place, `${caption}: ${name}, ${heads[place]}`, changed))),
    );
  const table = make(
    "table",
    { class: "fields" },
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, make("td"), ...heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, ...rows.map(line)),
  );
  return make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": caption }, table);
}

/** Returns a number as it is read: whole where it is whole, else with four digits. */
export const told = (value) => {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const text = size !== 0 && (size >= 1e6 || size < 1e-4) ? value.toExponential(2) : String(Number(value.toFixed(4)));
  return text.replace("-", "−");
};

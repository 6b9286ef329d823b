// From a text to ids, as `preprocessing.TextEncoder` does it.

export const UNKNOWN_ID = 1;
const PADDING_ID = 0;
const FIRST_ID = 2;

/** The vocabulary: one form for each character, tokens, ids, windows. */
export class TextEncoder {
  /**
   * @param {object} config what `TextEncoder.to_config` wrote
   * @param {Map<number, string>} forms what each code point becomes, those alone that change: Python's Unicode, not the
   *   browser's, so that ids are the same everywhere
   */
  constructor({ tokens, ngrams, unit, lower, max_length: maxLength }, forms) {
    Object.assign(this, { unit, lower, maxLength, forms });
    this.tokenIds = new Map(tokens.map((token, place) => [token, place + FIRST_ID]));
    this.ngramIds = ngrams.map((joined, place) => idsOf(joined, place + 2));
    this.longest = tokens.reduce((most, token) => Math.max(most, [...token].length), 1);
    this.numOrders = 1 + ngrams.length;
  }

  /** Returns `text` with one form for each character and single spaces. */
  normalise(text) {
    let normal = "";
    for (const character of text) normal += this.forms.get(character.codePointAt(0)) ?? character;
    return normal.split(" ").filter(Boolean).join(" ");
  }

  /** Returns the tokens of `text`, all of them, known or not. */
  split(text) {
    const characters = [...this.normalise(text)];
    if (this.unit === "char") return characters;
    const tokens = [];
    for (let start = 0; start < characters.length; ) {
      let end = Math.min(start + this.longest, characters.length);
      while (end > start + 1 && !this.tokenIds.has(characters.slice(start, end).join(""))) end -= 1;
      tokens.push(characters.slice(start, end).join(""));
      start = end;
    }
    return tokens;
  }

  /** Returns the ids of tokens: for each step one of the token, one of the 2-gram that ends there, and so on. */
  idsOfTokens(tokens) {
    return tokens.map((token, step) => [
      this.tokenIds.get(token) ?? UNKNOWN_ID,
      ...this.ngramIds.map((ids, place) => {
        const order = place + 2;
        if (step + 1 < order) return PADDING_ID;
        return ids.get(tokens.slice(step + 1 - order, step + 1).join("")) ?? UNKNOWN_ID;
      }),
    ]);
  }

  /** Returns the tokens of `text` in windows of at most `maxLength`, the fewest, as even in length as can be. */
  windows(text) {
    const tokens = this.split(text);
    const num = Math.max(1, Math.ceil(tokens.length / this.maxLength));
    const cut = (number) => Math.floor((tokens.length * number) / num);
    return Array.from({ length: num }, (_, number) => tokens.slice(cut(number), cut(number + 1)));
  }
}

/** Returns the id of each n-gram of one order; they stand end to end in `joined`. */
function idsOf(joined, order) {
  const characters = Array.from(joined);
  const ids = new Map();
  for (let place = 0; place < characters.length; place += order) {
    ids.set(characters.slice(place, place + order).join(""), FIRST_ID + place / order);
  }
  return ids;
}

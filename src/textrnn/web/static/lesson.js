// A page of a lesson: a small network whose numbers can be changed by hand.

import { find, make, ownLanguage, showFrame, state, words } from "./elements.js";
import { STRINGS } from "./lesson_strings.js";

/**
 * Shows a lesson and keeps it up to date.
 *
 * @param {object} lesson functions of its numbers: `entries`, the fields; `results`; `verdict`, the answer in words
 */
export function openLesson(lesson) {
  const { name, examples } = JSON.parse(find("about").textContent);
  const strings = Object.fromEntries(Object.entries(STRINGS).map(([language, all]) => [language, { ...all.all, ...all[name] }]));
  Object.assign(state, { language: ownLanguage(), strings });
  let numbers = structuredClone(Object.values(examples)[0]);
  const answer = () => {
    find("results").replaceChildren(...lesson.results(numbers, answer));
    find("verdict").textContent = lesson.verdict(numbers);
  };
  const show = () => {
    showFrame();
    const buttons = Object.entries(examples).map(([key, example]) => {
      const fillIn = () => {
        numbers = structuredClone(example);
        show();
      };
      return make("button", { type: "button", onclick: fillIn }, words("named")[key]);
    });
    find("examples").replaceChildren(...buttons);
    find("entries").replaceChildren(...lesson.entries(numbers, answer));
    answer();
  };
  find("language").addEventListener("click", () => {
    state.language = state.language === "zh" ? "en" : "zh";
    show();
  });
  show();
}

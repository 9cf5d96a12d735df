// The reader of lessons (components/html/lessons/reader.py): steps, answers, slides and printing. Body of a function
// (element, trigger, watch).
const root = () => element.querySelector(".lesson");
let printNext = false; // once the sheet is there
let focusNext = ""; // selector of what gets the focus once the next markup is there

const turnTo = (changes, focus) => {
  const { lesson, step, slides, answers, whole } = root().dataset;
  focusNext = focus;
  trigger("select", {
    lesson: Number(lesson), step: Number(step), slides: Boolean(slides), answers: Boolean(answers), whole: Boolean(whole),
    answer: null, ...changes,
  });
};
const toggleSlides = () => {
  const slides = !root().dataset.slides;
  if (slides) document.documentElement.requestFullscreen?.().catch(() => {}); // a browser may refuse
  else if (document.fullscreenElement) document.exitFullscreen();
  turnTo({ slides }, "h2");
};
const TOOLS = {
  slides: toggleSlides,
  answers: () => turnTo({ answers: !root().dataset.answers }, "[data-tool=answers]"),
  print: () => printTasks(false),
  whole: () => printTasks(true),
};
// The sheet has the tasks of the lesson, or of all; other tasks come from the server first.
const printTasks = (whole) => {
  if (Boolean(root().dataset.whole) === whole) return window.print();
  printNext = true;
  turnTo({ whole }, whole ? "[data-tool=whole]" : "[data-tool=print]");
};

element.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (button?.dataset.tool) TOOLS[button.dataset.tool]();
  else if (button?.dataset.step) turnTo({ lesson: Number(button.dataset.lesson), step: Number(button.dataset.step) }, "h2");
});
element.addEventListener("submit", (event) => {
  event.preventDefault();
  turnTo({ answer: new FormData(event.target).get("answer") }, ".lesson-verdict");
});
watch("value", () => requestAnimationFrame(() => {
  element.querySelector("form")?.reset(); // Gradio keeps the inputs of the step before
  if (focusNext) element.querySelector(focusNext)?.focus({ preventScroll: Boolean(root().dataset.slides) });
  focusNext = "";
  if (printNext) window.print();
  printNext = false;
}));

// Slides turn with the arrow keys, and with those of a presenter's remote control.
const onKey = (event) => {
  if (!element.isConnected) return removeEventListener("keydown", onKey);
  if (!root()?.dataset.slides || event.target.matches("input")) return;
  if (event.key === "Escape") return toggleSlides();
  const way = { ArrowRight: "next", PageDown: "next", ArrowLeft: "back", PageUp: "back" }[event.key];
  if (!way) return;
  event.preventDefault();
  root().querySelector(`[data-way=${way}]`)?.click();
};
addEventListener("keydown", onKey);

// On paper there is only the sheet, at the top level, where nothing around it cuts it off.
const startPrint = () => {
  if (!element.isConnected || !root()) return;
  const paper = root().querySelector(".lesson-print").cloneNode(true);
  paper.hidden = false;
  document.body.append(paper);
  document.body.classList.add("printing-lesson");
};
const endPrint = () => {
  document.body.classList.remove("printing-lesson");
  document.querySelector("body > .lesson-print")?.remove();
};
addEventListener("beforeprint", startPrint);
addEventListener("afterprint", endPrint);

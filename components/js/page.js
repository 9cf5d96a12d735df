// What all pages do in the browser: the visitor's id, the address of a view and its link, the mark of results that are
// out of date.

const answers = {}; // by page: the id of the result on screen, and the inputs behind it
let touched = 0; // when the visitor last did something
for (const event of ["pointerdown", "keydown", "input", "change", "drop"]) {
  addEventListener(event, () => { touched = performance.now(); }, true);
}
const files = (name, value) => value?.path ?? (Array.isArray(value?.spans) ? value.spans : value);
const key = (inputs) => JSON.stringify(inputs, files);
const stays = (name) => name.startsWith("__") || name === "embed" || name === "hide";

window.perceiver = {
  visitor() {
    try {
      return (sessionStorage.perceiverVisitor ??= crypto.randomUUID?.() ?? `${Math.random()}${Date.now()}`);
    } catch {
      return ""; // no storage: each page is a visitor of its own
    }
  },

  // The address becomes that of the view; what is no part of a view (such as the theme) stays.
  showLink(query) {
    const kept = [...new URLSearchParams(location.search)].filter(([name]) => stays(name));
    const all = new URLSearchParams([...kept, ...new URLSearchParams(query)]).toString();
    history.replaceState(history.state, "", location.pathname + (all ? "?" + all : ""));
  },

  // The address of the view as the app's own host has it: on a Space the address bar is that of the page around it.
  // Without access to the clipboard the link is shown, selected, to be copied by hand.
  async copyLink(button) {
    const field = button.nextElementSibling;
    field.value = location.href;
    try {
      await navigator.clipboard.writeText(field.value);
      button.dataset.copied = "";
      setTimeout(() => delete button.dataset.copied, 2000);
    } catch {
      field.hidden = false;
      field.select();
    }
  },

  // Gradio has built the page, to which the browser could not scroll before.
  mounted(title) {
    document.title = title;
    document.documentElement.classList.add("mounted");
    window.perceiver.follow();
  },

  // To the section that the address names, once it is there; a closed one opens, and grows while Gradio fills it.
  follow() {
    const target = location.hash && document.querySelector(`[id$="-${CSS.escape(location.hash.slice(1))}-details"]`);
    if (!target) return;
    if (!target.getClientRects().length) return void setTimeout(window.perceiver.follow, 200);
    const grown = new ResizeObserver(() => target.scrollIntoView());
    grown.observe(target);
    setTimeout(() => grown.disconnect(), 2000);
    target.querySelector(".label-wrap:not(.open)")?.click();
  },

  // answered: JSON with the id of the result on screen and the inputs behind it, or null for the inputs as they are
  // before the visitor does anything: Gradio sets a dropdown with new choices a moment after the other inputs.
  check(page, answered, inputs) {
    if (!answered) return;
    const { id, inputs: behind } = JSON.parse(answered);
    if (answers[page]?.id !== id) answers[page] = { id, key: key(behind ?? inputs), since: performance.now() };
    else if (!behind && touched < answers[page].since) answers[page].key = key(inputs);
    const shown = document.getElementById(`${page}-page`);
    shown?.classList.add("answered");
    shown?.classList.toggle("out-of-date", answers[page].key !== key(inputs));
  },
};

// Ctrl+Enter, or Cmd+Enter, runs the page.
addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const section = event.target.closest?.(".section") ?? document;
  const button = [...section.querySelectorAll("button.primary")].find((each) => each.getClientRects().length);
  if (!button || button.disabled) return;
  event.preventDefault();
  event.target.blur?.(); // Gradio sends a number when its field is left
  event.target.focus?.();
  button.click();
});

addEventListener("hashchange", () => window.perceiver.follow());

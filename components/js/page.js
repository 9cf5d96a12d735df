// What all pages do in the browser: the visitor's id, the address of a view, and the mark of results that are out of date.

const answers = {}; // by page: the id of the result on screen, and the inputs behind it
let touched = 0; // when the visitor last did something
for (const event of ["pointerdown", "keydown", "input", "change", "drop"]) {
  addEventListener(event, () => { touched = performance.now(); }, true);
}
const files = (name, value) => value?.path ?? (Array.isArray(value?.spans) ? value.spans : value);
const key = (inputs) => JSON.stringify(inputs, files);

window.perceiver = {
  visitor() {
    try {
      return (sessionStorage.perceiverVisitor ??= crypto.randomUUID?.() ?? `${Math.random()}${Date.now()}`);
    } catch {
      return ""; // no storage: each page is a visitor of its own
    }
  },

  // The address becomes that of the view; what Gradio keeps there (such as the theme) stays.
  showLink(query) {
    const kept = [...new URLSearchParams(location.search)].filter(([name]) => name.startsWith("__"));
    const all = new URLSearchParams([...kept, ...new URLSearchParams(query)]).toString();
    history.replaceState(history.state, "", location.pathname + (all ? "?" + all : ""));
  },

  // answered: JSON with the id of the result on screen and the inputs behind it, or null for the inputs as they are
  // before the visitor does anything: Gradio sets a dropdown with new choices a moment after the other inputs.
  check(page, answered, inputs) {
    if (!answered) return;
    const { id, inputs: behind } = JSON.parse(answered);
    if (answers[page]?.id !== id) answers[page] = { id, key: key(behind ?? inputs), since: performance.now() };
    else if (!behind && touched < answers[page].since) answers[page].key = key(inputs);
    document.getElementById(`${page}-page`)?.classList.toggle("out-of-date", answers[page].key !== key(inputs));
  },
};

// A Space shows its app in a frame and passes on the query only: ?page=sentiment&… names a page there.
const params = new URLSearchParams(location.search);
const page = params.get("page");
if (page && /^[a-z_]+$/.test(page)) {
  params.delete("page");
  window.stop(); // this page does not start
  location.replace(`${location.pathname.replace(/\/$/, "")}/${page}?${params}`);
}

// The strip on which a visitor hides parts of a text. Its value is that of `html/text/mask_strip.py`: the text in
// characters and words, of which spans (half-open UTF-8 byte ranges, sorted and disjoint) are hidden. Body of a function
// (element, props, trigger, watch), as gr.HTML calls it.

const LITERAL = "[MASK]";
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

// ---- spans ----------------------------------------------------------------------------------------------------------

const merge = (spans) => {
  const merged = [];
  for (const [start, stop] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = merged[merged.length - 1];
    if (last && start <= last[1]) last[1] = Math.max(last[1], stop);
    else if (start < stop) merged.push([start, stop]);
  }
  return merged;
};
const without = (spans, start, stop) =>
  merge(spans.flatMap(([a, b]) => [[a, Math.min(b, start)], [Math.max(a, stop), b]].filter(([x, y]) => x < y)));
const covered = (spans, start, stop) =>
  spans.reduce((sum, [a, b]) => sum + Math.max(0, Math.min(b, stop) - Math.max(a, start)), 0);

// ---- cells ----------------------------------------------------------------------------------------------------------

const visible = (text) => text.replace(/\r\n|\n/g, "↵").replace(/ /g, "\u00a0")
  .replace(/[\x00-\x1f]/g, (control) => String.fromCodePoint(0x2400 + control.codePointAt(0))).replace(/\x7f/g, "␡");
const hex = (byte) => byte.toString(16).toUpperCase().padStart(2, "0");

// [{label, start, stop, read, literal, many}] over the text; a literal [MASK] is a cell of its own.
const cellsOf = ({ text, characters, words }, unit) => {
  const bytes = encoder.encode(text.slice(0, LITERAL.length * state.value.most));
  const cells = [];
  let start = 0; // in the text as it is written, where a literal has six bytes
  let read = 0; // in the text as it is read, where it is one
  for (const length of unit === "words" ? words : characters) {
    const stop = start + length;
    const piece = decoder.decode(bytes.slice(start, stop));
    const literal = piece === LITERAL;
    if (unit === "bytes" && length > 1 && !literal) {
      bytes.slice(start, stop).forEach((byte, at) =>
        cells.push({ label: hex(byte), start: start + at, stop: start + at + 1, read: read + at, many: true }));
    } else {
      cells.push({ label: literal ? "MASK" : visible(piece), start, stop, read, literal });
    }
    read += literal ? 1 : length;
    start = stop;
  }
  return cells;
};

// ---- the strip ------------------------------------------------------------------------------------------------------

const box = element.querySelector(".mask-cells");
const count = element.querySelector(".mask-count");
const state = { value: props.value, edits: 0, behind: false, unit: "characters", drag: null, cells: [], nodes: [], focus: 0 };

const inputsChanged = () => window.dispatchEvent(new Event("perceiver-inputs-changed"));
const setSpans = (spans) => {
  state.edits += 1;
  state.value = { ...state.value, spans, edits: state.edits };
  props.value = state.value;
  draw();
  inputsChanged();
  trigger("input");
  catchUp();
};

// A value with `edits` follows an edit of the text. Where the visitor has changed spans since it was requested, or is
// dragging, the strip keeps its own spans and text and has the server follow again: no span is lost.
const receive = () => {
  const value = props.value;
  if (value.edits === undefined) state.drag = null;
  else if (state.drag || value.edits < state.edits) {
    state.behind = true;
    state.value = { ...state.value, limit: value.limit, edits: state.edits };
    return catchUp();
  } else if (value.text !== state.value.text) inputsChanged();
  state.value = value;
  draw();
};
const catchUp = () => {
  if (!state.behind || state.drag) return;
  state.behind = false;
  props.value = state.value;
  trigger("edit");
};

const paint = (cell, node, spans, limit) => {
  const hidden = cell.literal ? cell.stop - cell.start : covered(spans, cell.start, cell.stop);
  const whole = hidden === cell.stop - cell.start;
  node.classList.toggle("hidden-cell", whole);
  node.classList.toggle("partly-hidden", hidden > 0 && !whole);
  node.classList.toggle("unread", cell.read >= limit);
  node.setAttribute("aria-selected", whole);
};

// Cells stand in words, so that lines break between words and not within.
const inWords = (nodes) => {
  const words = [document.createElement("span")];
  nodes.forEach((node, index) => {
    if (index > 0 && /[\u00a0↵]$/.test(nodes[index - 1].textContent)) words.push(document.createElement("span"));
    words[words.length - 1].append(node);
    if (node.textContent.endsWith("↵")) node.after(document.createElement("br"));
  });
  words.forEach((word) => word.classList.add("word"));
  return words;
};

const build = (text) => {
  state.nodes = state.cells.map((cell, index) => {
    const node = document.createElement("span");
    node.className = "cell" + (cell.many ? " many" : "") + (cell.literal ? " literal" : "") + (cell.label === "↵" ? " newline" : "");
    node.textContent = cell.label;
    node.dataset.index = index;
    node.setAttribute("role", "option");
    if (cell.label === "\u00a0") node.setAttribute("aria-label", "space");
    node.tabIndex = index === state.focus ? 0 : -1;
    if (cell.literal) node.title = "[MASK] in the text masks one byte";
    return node;
  });
  box.replaceChildren(...inWords(state.nodes));
  if (!text) box.textContent = "Enter a text above to mask parts of it here.";
};

const draw = () => {
  const { text, spans, limit } = state.value;
  const { unit, drawn } = state;
  if (drawn?.text !== text || drawn.unit !== unit || !box.firstChild) {
    state.cells = cellsOf(state.value, unit);
    state.focus = Math.min(state.focus, Math.max(0, state.cells.length - 1));
    build(text);
    state.drawn = { text, unit };
  }
  const now = preview(spans);
  state.cells.forEach((cell, index) => paint(cell, state.nodes[index], now, limit));
  describe(state.value);
};

const describe = ({ text, spans, limit, read, most }) => {
  const literals = text.split(LITERAL).length - 1;
  const literalHidden = state.cells.filter((c) => c.literal).reduce((s, c) => s + covered(spans, c.start, c.stop), 0);
  const hidden = covered(spans, 0, Infinity) - literalHidden + literals;
  count.textContent = `${hidden.toLocaleString("en")} of ${read.toLocaleString("en")} bytes masked`;
  count.classList.toggle("over", read > limit);
  if (read > most) count.textContent += ` · too long: the models read at most ${most.toLocaleString("en")}`;
  else if (read > limit) count.textContent += ` · this model reads only the first ${limit}`;
};

const preview = (spans) => {
  if (!state.drag) return spans;
  const { from, to, hide } = state.drag;
  const [first, last] = [state.cells[Math.min(from, to)], state.cells[Math.max(from, to)]];
  return hide ? merge([...spans, [first.start, last.stop]]) : without(spans, first.start, last.stop);
};

const isHidden = (cell) => covered(state.value.spans, cell.start, cell.stop) === cell.stop - cell.start;
const commit = () => {
  const spans = preview(state.value.spans);
  state.drag = null;
  setSpans(spans);
};

const cellAt = (event) => {
  const node = document.elementFromPoint(event.clientX, event.clientY)?.closest?.(".cell");
  return node && box.contains(node) ? Number(node.dataset.index) : null;
};

box.addEventListener("pointerdown", (event) => {
  const index = cellAt(event);
  if (index === null || event.button !== 0) return;
  state.drag = { from: index, to: index, hide: !isHidden(state.cells[index]) };
  state.focus = index;
  box.setPointerCapture(event.pointerId);
  draw();
});
box.addEventListener("pointermove", (event) => {
  const index = state.drag && cellAt(event);
  if (!state.drag || index === null || index === state.drag.to) return;
  state.drag.to = index;
  draw();
});
box.addEventListener("pointerup", () => state.drag && commit());
box.addEventListener("pointercancel", () => { state.drag = null; draw(); catchUp(); });

// The two clicks of a double click undo each other; then the whole word changes, with the space before it.
box.addEventListener("dblclick", (event) => {
  const index = cellAt(event);
  if (index === null) return;
  const at = state.cells[index].start;
  const word = cellsOf(state.value, "words").find((cell) => cell.start <= at && at < cell.stop);
  const spans = state.value.spans;
  setSpans(isHidden(word) ? without(spans, word.start, word.stop) : merge([...spans, [word.start, word.stop]]));
});

box.addEventListener("focusin", (event) => {
  const index = Number(event.target.dataset.index);
  if (!state.nodes[index]) return;
  if (state.nodes[state.focus]) state.nodes[state.focus].tabIndex = -1;
  state.focus = index;
  state.nodes[index].tabIndex = 0;
});

box.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey) return; // Ctrl+Enter runs the page
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  if (event.key in steps) {
    const from = state.focus;
    const next = from + steps[event.key];
    if (!state.nodes[next]) return;
    state.nodes[next].focus();
    if (event.shiftKey) {
      state.drag = { from, to: next, hide: true };
      commit();
    }
  } else if (event.key === " " || event.key === "Enter") {
    state.drag = { from: state.focus, to: state.focus, hide: !isHidden(state.cells[state.focus]) };
    commit();
  } else return;
  event.preventDefault();
});

element.querySelectorAll("[data-unit]").forEach((button) => button.addEventListener("click", () => {
  state.unit = button.dataset.unit;
  element.querySelectorAll("[data-unit]").forEach((other) => other.setAttribute("aria-pressed", other === button));
  draw();
}));
element.querySelector(".mask-clear").addEventListener("click", () => setSpans([]));

watch("value", receive);
draw();

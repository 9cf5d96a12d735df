// The strip on which a visitor hides parts of a text. Its value is {text, spans, limit}: spans are half-open UTF-8 byte
// ranges, sorted and apart; limit is how many bytes the chosen model reads. Body of a function (element, props, trigger,
// watch), as gr.HTML calls it.

const LITERAL = "[MASK]";
const MOST_BYTES = 2048;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

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

// After an edit of the text, spans before it stay, spans behind it move, and what was typed is visible.
const follow = (spans, before, after) => {
  const [old, now] = [encoder.encode(before), encoder.encode(after)];
  const shorter = Math.min(old.length, now.length);
  let head = 0;
  while (head < shorter && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < shorter - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++;
  if (3 * (head + tail) < old.length) return []; // another text, not an edit of this one
  const moved = now.length - old.length;
  return merge(
    spans.flatMap(([a, b]) => [
      [a, Math.min(b, head)],
      [Math.max(a, old.length - tail) + moved, b + moved],
    ].filter(([x, y]) => x < y)),
  );
};

// ---- cells ----------------------------------------------------------------------------------------------------------

const visible = (piece) => {
  const code = piece.codePointAt(0);
  if (piece === "\n" || piece === "\r\n") return "↵";
  if (piece === " ") return "\u00a0";
  if (piece.length === 1 && code < 32) return String.fromCodePoint(0x2400 + code);
  if (code === 127) return "␡";
  return piece;
};
const shown = (piece) => [...graphemes.segment(piece)].map(({ segment }) => visible(segment)).join("");
const hex = (byte) => byte.toString(16).toUpperCase().padStart(2, "0");

const pieces = (text, unit) =>
  unit === "words" ? text.match(/\s*\S+|\s+$/g) || [] : [...graphemes.segment(text)].map(({ segment }) => segment);

// [{label, start, stop, read, literal, many}] over the text; a literal [MASK] is a cell of its own.
const cellsOf = (text, unit) => {
  const cells = [];
  let at = 0; // in the text as it is written, where a literal has six bytes
  let read = 0; // in the text as it is read, where it is one
  text.split(LITERAL).forEach((part, index) => {
    if (index > 0) {
      cells.push({ label: "MASK", start: at, stop: at + LITERAL.length, read, literal: true });
      at += LITERAL.length;
      read += 1;
    }
    for (const piece of pieces(part, unit)) {
      const bytes = encoder.encode(piece);
      if (unit === "bytes" && bytes.length > 1) {
        bytes.forEach((byte, i) =>
          cells.push({ label: hex(byte), start: at + i, stop: at + i + 1, read: read + i, many: true }));
      } else {
        cells.push({ label: shown(piece), start: at, stop: at + bytes.length, read });
      }
      at += bytes.length;
      read += bytes.length;
    }
  });
  return cells;
};

// ---- the strip ------------------------------------------------------------------------------------------------------

const box = element.querySelector(".mask-cells");
const count = element.querySelector(".mask-count");
const state = { unit: "characters", drag: null, cells: [], nodes: [], focus: 0, drawn: null };

const current = () => ({ text: "", spans: [], limit: MOST_BYTES, ...(props.value || {}) });
const askedAnew = () => window.dispatchEvent(new Event("perceiver-asked-anew"));
const setSpans = (spans) => {
  props.value = { ...current(), spans };
  draw();
  askedAnew();
  trigger("input");
};

// What the strip draws of a very long text: as many cells as a model could read, whatever they are made of.
const MOST_DRAWN = LITERAL.length * MOST_BYTES;
const cut = (text) => {
  if (text.length <= MOST_DRAWN && bytesRead(text) <= MOST_BYTES) return text;
  return decoder.decode(encoder.encode(text.slice(0, MOST_BYTES)).slice(0, MOST_BYTES)).replace(/\ufffd+$/, "");
};
const literalsIn = (text) => text.split(LITERAL).length - 1;
const bytesRead = (text) => new Blob([text]).size - literalsIn(text) * (LITERAL.length - 1);

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
    if (cell.literal) node.title = "Written in the text as [MASK]: hides one byte";
    return node;
  });
  box.replaceChildren(...inWords(state.nodes));
  if (!text) box.textContent = "Write something above; it appears here, ready to be hidden.";
};

const draw = () => {
  const { text, spans, limit } = current();
  const part = cut(text);
  const key = JSON.stringify([part, state.unit]);
  if (key !== state.drawn || !box.firstChild) {
    state.cells = cellsOf(part, state.unit);
    state.focus = Math.min(state.focus, Math.max(0, state.cells.length - 1));
    build(part);
    state.drawn = key;
  }
  const now = preview(spans);
  state.cells.forEach((cell, index) => paint(cell, state.nodes[index], now, limit));
  describe(text, part, spans, limit);
};

const describe = (text, part, spans, limit) => {
  const read = bytesRead(text);
  const literals = literalsIn(text);
  const literalHidden = state.cells.filter((c) => c.literal).reduce((s, c) => s + covered(spans, c.start, c.stop), 0);
  const hidden = covered(spans, 0, Infinity) - literalHidden + literals;
  count.textContent = `${hidden.toLocaleString("en")} of ${read.toLocaleString("en")} bytes hidden`;
  count.classList.toggle("over", read > limit);
  if (read > MOST_BYTES) count.textContent += ` · too long: the models read at most ${MOST_BYTES.toLocaleString("en")}`;
  else if (read > limit) count.textContent += ` · this model reads the first ${limit}, the pale part is not read`;
};

const preview = (spans) => {
  if (!state.drag) return spans;
  const { from, to, hide } = state.drag;
  const [first, last] = [state.cells[Math.min(from, to)], state.cells[Math.max(from, to)]];
  return hide ? merge([...spans, [first.start, last.stop]]) : without(spans, first.start, last.stop);
};

const isHidden = (cell) => covered(current().spans, cell.start, cell.stop) === cell.stop - cell.start;
const commit = () => {
  const spans = preview(current().spans);
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
box.addEventListener("pointercancel", () => { state.drag = null; draw(); });

// The two clicks of a double click undo each other; then the whole word changes, with the space before it.
box.addEventListener("dblclick", (event) => {
  const index = cellAt(event);
  if (index === null) return;
  const at = state.cells[index].start;
  const word = cellsOf(cut(current().text), "words").find((cell) => cell.start <= at && at < cell.stop);
  const spans = current().spans;
  setSpans(isHidden(word) ? without(spans, word.start, word.stop) : merge([...spans, [word.start, word.stop]]));
});

box.addEventListener("keydown", (event) => {
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  if (event.key in steps) {
    const from = state.focus;
    const next = from + steps[event.key];
    if (!state.nodes[next]) return;
    state.nodes[state.focus].tabIndex = -1;
    state.focus = next;
    state.nodes[next].tabIndex = 0;
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

// The page hands over what was typed; spans follow the edit without asking the server.
window.perceiverMaskStrip = {
  retext: (text, value) => {
    const { text: before = "", spans = [] } = value || {};
    if (text === before) return value;
    askedAnew();
    return { ...value, text, spans: follow(spans, before, text) };
  },
};

watch("value", draw);
draw();

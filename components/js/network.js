// The figure of a run (components/html/charts/network.py): the cell under the pointer, or the one that arrow keys
// chose, lights up what it attends to and what attends to it. Visitors leave out latents, heads, or inputs that they
// mark, and see what that changes. Body of a function (element, trigger).
const SIDES = ["inputs", "latents", "outputs"];
const BANDS = { latents: 8, inputs: 24 }; // most bands between two sides
const STEP_MS = 500;
const percent = (share) => `${(share * 100).toFixed(share >= 0.01 ? 1 : 2)}%`;
const column = (rows, index) => Float32Array.from(rows, (row) => row[index]);
const strongest = (levels, most) =>
  [...levels.keys()].filter((index) => levels[index] > 0).sort((a, b) => levels[b] - levels[a]).slice(0, most);
let shown = null; // the figure, its maps and its cells
let painting = null; // while a pointer marks inputs: whether it marks or unmarks them

const unpack = ({ most, rows }, count) => {
  const bytes = Uint8Array.from(atob(rows), (character) => character.charCodeAt(0));
  const width = bytes.length / count;
  return Array.from({ length: count }, (_, row) =>
    Float32Array.from({ length: width }, (_, at) => (bytes[row * width + at] / 255) ** 2 * most));
};

const readFigure = (figure) => {
  const maps = JSON.parse(figure.dataset.maps);
  const bySide = (value) => Object.fromEntries(SIDES.map((side) => [side, value(side)]));
  const panels = bySide((side) => figure.querySelector(`[data-stage="${side}"]`));
  const cells = bySide((side) => [...panels[side].querySelectorAll(".cell")]);
  const names = bySide((side) => cells[side].map((cell) => cell.getAttribute("aria-label")));
  const [latents, outputs] = [names.latents.length, names.outputs.length];
  return {
    source: figure.dataset.maps, figure, panels, cells, names, count: maps.count, colors: maps.colors,
    decoder: unpack(maps.decoder, outputs), encoder: unpack(maps.encoder, latents), inputs: unpack(maps.inputs, outputs),
    layers: maps.layers?.map((layer) => unpack(layer, outputs)) ?? null,
    layer: (maps.layers?.length ?? 1) - 1,
    focus: { side: "outputs", index: maps.focus },
    output: maps.focus, // whose changes are shown
    effects: maps.effects,
    headMaps: Object.entries(maps.effects?.maps ?? {}).map(([side, map]) =>
      [side, { ...map, rows: unpack(map, outputs * headsOf(figure, side).length) }]),
    run: JSON.stringify([names, maps.decoder, maps.inputs]),
    marked: new Set(maps.effects?.inputs?.cells), // inputs to leave out
    marking: false, // whether the pointer marks
    waiting: false, // for the effects of what was left out
  };
};
const headsOf = (figure, side) => [...figure.querySelectorAll(`[data-heads="${side}"] canvas`)];

// With other effects of the same run, what the visitor looks at stays.
const keepLook = (before, state) => {
  const { focus, output, layer, marking } = before;
  Object.assign(state, { focus, output, layer, marking });
  if (!state.effects?.inputs && !before.effects?.inputs) state.marked = before.marked;
  for (const details of state.figure.querySelectorAll("details")) details.open = before.opened;
};

// What each side shows while a cell is in focus: its levels, and what they are.
const levelsOf = ({ focus: { side, index }, decoder, encoder, inputs, layers, layer }) => {
  if (side === "outputs") return { latents: layers ? layers[layer][index] : decoder[index], inputs: inputs[index] };
  if (side === "latents") return { inputs: encoder[index], outputs: column(decoder, index) };
  return { latents: column(encoder, index), outputs: column(inputs, index) };
};

// The share of each cell if attention were even: rows of maps over the inputs sum to 1 there, the others over the latents.
const even = (state, side) =>
  1 / (side === "inputs" || state.focus.side === "inputs" ? state.cells.inputs.length : state.count);

const paint = (state) => {
  const levels = levelsOf(state);
  for (const side of SIDES) {
    const own = levels[side]?.length > 1 ? levels[side] : null; // a single cell has none to compare with
    const most = own ? Math.max(...own) : 0;
    state.cells[side].forEach((cell, at) => {
      const step = own && most ? Math.round((own[at] / most) * (state.colors.length - 1)) : -1;
      cell.style.setProperty("--level", step < 0 ? "transparent" : state.colors[step]);
      cell.classList.toggle("black-text", step > state.colors.length * 0.45);
      cell.classList.toggle("white-text", step >= 0 && step <= state.colors.length * 0.45);
      const focused = side === state.focus.side && at === state.focus.index;
      cell.classList.toggle("focused", focused);
      cell.classList.toggle("chosen", side === "outputs" && at === state.output && !focused);
      cell.setAttribute("aria-selected", focused);
    });
    const box = state.panels[side].querySelector("[role=listbox]");
    if (side === state.focus.side) box.setAttribute("aria-activedescendant", state.cells[side][state.focus.index].id);
    else box.removeAttribute("aria-activedescendant");
    const scale = state.panels[side].querySelector(".network-scale");
    scale.textContent = own ? `0 to ${percent(most)}; even attention: ${percent(even(state, side))}` : "\u00a0";
    scale.classList.toggle("colored", Boolean(own));
  }
  if (state.painted !== state.output) paintOutput(state);
  drawBands(state, levels);
  describe(state, levels);
};

const signed = (points) => {
  const size = Math.abs(points).toFixed(Math.abs(points) < 10 ? 1 : 0);
  return Number(size) === 0 ? "0" : (points > 0 ? "+" : "−") + size;
};
const changeOf = ({ effects, output }, without) => 100 * (without[output] - effects.probability[output]);

// What depends on the output that was in focus last: effects, and maps of single heads.
const paintOutput = (state) => {
  state.painted = state.output;
  if (!state.effects) return;
  for (const name of state.figure.querySelectorAll("[data-bar=name]")) name.textContent = state.names.outputs[state.output];
  const { latents, inputs } = state.effects;
  if (latents) state.cells.latents.forEach((cell, k) => { cell.dataset.change = signed(changeOf(state, latents.without[k])); });
  if (inputs) paintComparison(state, inputs);
  paintGrid(state);
  for (const [side, map] of state.headMaps) paintHeads(state, side, map);
};

const paintComparison = (state, { without, attention }) => {
  const bar = (name) => state.figure.querySelector(`[data-bar=${name}]`);
  const [before, after] = [state.effects.probability[state.output], without[state.output]];
  const place = (name, from, to) => Object.assign(bar(name).style, { left: `${100 * from}%`, width: `${100 * (to - from)}%` });
  place("before", 0, before);
  place("after", 0, after);
  place("change", Math.min(before, after), Math.max(before, after));
  bar("with").textContent = percent(before);
  bar("without").textContent = percent(after);
  bar("says").textContent = `Change: ${signed(changeOf(state, without))} percentage points. ` +
    `The output had ${percent(attention[state.output])} of its attention on these inputs.`;
};

const paintGrid = (state) => {
  const { heads, colors } = state.effects;
  const limit = Math.max(1, ...Object.values(heads).flat().map((without) => Math.abs(changeOf(state, without))));
  for (const row of state.figure.querySelectorAll("[data-layer]")) {
    heads[row.dataset.layer]?.forEach((without, head) => {
      const change = changeOf(state, without);
      const step = Math.round(((change / limit + 1) / 2) * (colors.length - 1));
      const cell = row.cells[head + 1];
      cell.textContent = signed(change);
      cell.style.backgroundColor = colors[step];
      cell.style.color = Math.abs(step / (colors.length - 1) - 0.5) > 0.3 ? "#f9fafb" : "#111827";
    });
  }
  const scale = state.figure.querySelector(".diverging");
  if (scale) scale.textContent = `${signed(-limit)} to ${signed(limit)} percentage points`;
};

const paintHeads = (state, side, { rows, bin }) => {
  const [names, outputs] = [state.names[side === "encoder" ? "inputs" : "latents"], state.names.outputs.length];
  const canvases = headsOf(state.figure, side);
  const maps = canvases.map((_, head) => rows[head * outputs + state.output]);
  const most = Math.max(...maps.map((map) => Math.max(...map)));
  const across = side === "encoder" && Number(getComputedStyle(state.cells.inputs[0]).getPropertyValue("--columns"));
  const columns = across || maps[0].length;
  const name = (at) => names[at * bin] + (bin > 1 ? ` to ${names[Math.min(names.length, (at + 1) * bin) - 1]}` : "");
  canvases.forEach((canvas, head) => {
    Object.assign(canvas, { width: columns, height: Math.ceil(maps[head].length / columns) });
    canvas.classList.toggle("strip", canvas.height === 1);
    const context = canvas.getContext("2d");
    maps[head].forEach((share, at) => {
      context.fillStyle = state.colors[Math.round((share / most) * (state.colors.length - 1))];
      context.fillRect(at % columns, Math.floor(at / columns), 1, 1);
    });
    const top = strongest(maps[head], 3).map((at) => `${name(at)} (${percent(maps[head][at])})`);
    canvas.setAttribute("aria-label", `Head ${head}: ${top.join(", ")}`);
    canvas.title = top.join(", ");
    canvas.parentElement.querySelector("b").textContent = top.length ? name(strongest(maps[head], 1)[0]) : "";
  });
  state.figure.querySelector(`[data-heads="${side}"] .network-scale`).textContent = `0 to ${percent(most)}`;
};

const effectInWords = (state) => {
  const { effects, output, focus, names, decoder } = state;
  if (focus.side === "inputs") return state.marked.has(focus.index) ? " Marked to leave out." : "";
  if (!effects?.latents) return "";
  const { without, correlation: correlations } = effects.latents;
  const before = effects.probability[output];
  if (focus.side === "latents") {
    return ` Without it, the probability of ${names.outputs[output]} goes from ${percent(before)} to ${percent(without[focus.index][output])}.`;
  }
  const changes = without.map((row) => Math.abs(row[output] - before));
  const top = strongest(changes, 1)[0];
  const says = top === undefined ? "" :
    ` Its probability changes most without ${names.latents[top]}: from ${percent(before)} to ${percent(without[top][output])}.`;
  const correlation = correlations[output];
  return correlation === null ? says :
    `${says} Rank correlation of attention and effect over ${decoder[output].length} latents: ${correlation.toFixed(2)}.`;
};

const bandsOf = (state, levels) => {
  const { side, index } = state.focus;
  const bands = [];
  const add = (from, at, to, ends, most, share) => {
    for (const end of strongest(ends, most)) bands.push([from, at, to, end, share(end)]);
  };
  if (side === "outputs") {
    add("outputs", index, "latents", levels.latents, BANDS.latents, (k) => levels.latents[k]);
    for (const k of strongest(levels.latents, 3))
      add("latents", k, "inputs", state.encoder[k], BANDS.inputs / 3, (m) => levels.latents[k] * state.encoder[k][m]);
  } else if (side === "latents") {
    add("latents", index, "inputs", levels.inputs, BANDS.inputs, (m) => levels.inputs[m]);
    add("latents", index, "outputs", levels.outputs, BANDS.latents, (r) => levels.outputs[r]);
  } else {
    add("inputs", index, "latents", levels.latents, BANDS.latents, (k) => levels.latents[k]);
    for (const k of strongest(levels.latents, 3)) {
      const outputs = column(state.decoder, k);
      add("latents", k, "outputs", outputs, BANDS.latents / 2, (r) => levels.latents[k] * outputs[r]);
    }
  }
  return bands;
};

// Where bands end: at the row of a cell, on the side toward the others, so that they cross no text. On a phone the
// sides are below each other, and bands go from one panel to the next.
const measure = (state) => {
  const frame = state.figure.querySelector(".network-bands").getBoundingClientRect();
  const upright = frame.height > frame.width;
  const ends = Object.fromEntries(SIDES.map((side) => {
    const panel = state.panels[side].getBoundingClientRect();
    const boxes = state.cells[side].map((cell) => cell.getBoundingClientRect());
    const rows = new Map(); // the leftmost and rightmost edge, by the top
    for (const { top, left, right } of boxes) {
      const [from, to] = rows.get(Math.round(top)) ?? [left, right];
      rows.set(Math.round(top), [Math.min(from, left), Math.max(to, right)]);
    }
    return [side, boxes.map(({ top, left, width, height }) => {
      const [from, to] = rows.get(Math.round(top));
      const [x, y] = [left + width / 2 - frame.left, top + height / 2 - frame.top];
      return upright
        ? { before: [x, panel.top - frame.top - 6], after: [x, panel.bottom - frame.top] }
        : { before: [from - frame.left, y], after: [to - frame.left, y] };
    })];
  }));
  return { upright, ends };
};

// Bands are as wide as the attention, relative to the widest between the same two sides.
const drawBands = (state, levels) => {
  const { upright, ends } = (state.measured ??= measure(state));
  const bands = bandsOf(state, levels);
  const widest = {};
  for (const [from, , to, , share] of bands) widest[from + to] = Math.max(widest[from + to] ?? 0, share);
  state.figure.querySelector(".network-bands").innerHTML = bands.map(([from, at, to, end, share]) => {
    const onwards = SIDES.indexOf(from) < SIDES.indexOf(to);
    const [[x, y], [u, v]] = onwards ? [ends[from][at].after, ends[to][end].before] : [ends[from][at].before, ends[to][end].after];
    const [cx, cy] = upright ? [0, (v - y) / 2] : [(u - x) / 2, 0];
    const part = share / widest[from + to];
    return `<path d="M${x} ${y}C${x + cx} ${y + cy} ${u - cx} ${v - cy} ${u} ${v}" stroke-width="${(0.5 + 7 * part).toFixed(1)}" opacity="${(0.15 + 0.55 * part).toFixed(2)}"/>`;
  }).join("");
};
const measureAgain = () => {
  if (!shown?.figure.isConnected) return;
  shown.measured = null;
  drawBands(shown, levelsOf(shown));
};

const list = (state, side, levels, most) =>
  strongest(levels, most).map((at) => `${state.names[side][at]} (${percent(levels[at])})`).join(", ");

const describe = (state, levels) => {
  describeAttention(state, levels);
  state.figure.querySelector(".network-says").textContent += effectInWords(state);
};
const describeAttention = (state, levels) => {
  const { side, index } = state.focus;
  const name = state.names[side][index];
  const says = state.figure.querySelector(".network-says");
  if (side === "outputs") {
    const where = state.layers && state.layer < state.layers.length - 1 ? `, traced back to layer ${state.layer}` : "";
    says.textContent = `Output ${name}${where}: attends to ${list(state, "latents", levels.latents, 3)}. ` +
      `Through all latents, to the inputs ${list(state, "inputs", levels.inputs, 5)}.`;
  } else if (side === "latents") {
    says.textContent = `${name[0].toUpperCase()}${name.slice(1)}: attends to the inputs ${list(state, "inputs", levels.inputs, 5)}. ` +
      `Attention of the outputs to it: ${list(state, "outputs", levels.outputs, 5)}.`;
  } else {
    says.textContent = `Input ${name}: attention of the latents to it: ${list(state, "latents", levels.latents, 3)}. ` +
      `Of the outputs, through the latents: ${list(state, "outputs", levels.outputs, 5)}.`;
  }
};

const focusOn = (side, index) => {
  if (!shown || (shown.focus.side === side && shown.focus.index === index)) return;
  shown.focus = { side, index };
  if (side === "outputs") shown.output = index;
  paint(shown);
};

// Inputs that a visitor marks to leave them out, and the buttons that do.
const showMarks = (state) => {
  const { figure, marked, marking, effects, cells } = state;
  const controls = figure.querySelector(".network-controls");
  if (!controls) return;
  cells.inputs.forEach((cell, at) => cell.classList.toggle("left-out", marked.has(at)));
  figure.classList.toggle("marking", marking);
  controls.querySelector("[data-mark]").setAttribute("aria-pressed", marking);
  controls.querySelector("[data-reset]").hidden = marked.size === 0;
  const measured = effects?.inputs?.cells ?? [];
  const same = measured.length === marked.size && measured.every((at) => marked.has(at));
  figure.setAttribute("aria-busy", state.waiting); // a refusal does not end it, so that all buttons stay enabled
  controls.querySelector("[data-without=inputs]").disabled = same || marked.size === cells.inputs.length;
  const comparison = figure.querySelector(".network-comparison");
  if (comparison) comparison.hidden = !same;
};
const mark = (at, marks) => {
  if (marks) shown.marked.add(at);
  else shown.marked.delete(at);
  showMarks(shown);
};
const leaveOut = (without, cells = []) => {
  shown.waiting = true;
  showMarks(shown);
  trigger("select", { without, cells });
};

const cellAt = (event) => {
  const cell = event.target.closest?.(".network .cell");
  if (!cell || !element.contains(cell)) return null;
  const side = cell.closest("[data-stage]").dataset.stage;
  return [side, shown.cells[side].indexOf(cell)];
};
for (const name of ["pointerover", "pointerdown"]) {
  element.addEventListener(name, (event) => {
    const at = cellAt(event);
    if (!at) return;
    focusOn(...at);
    if (!shown.marking || at[0] !== "inputs") return;
    if (name === "pointerdown") {
      painting = !shown.marked.has(at[1]);
      event.target.releasePointerCapture(event.pointerId); // a finger, too, goes on to other cells
    }
    if (painting !== null) mark(at[1], painting);
  });
}
for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, () => { painting = null; });

// A side is one stop of the tab key; arrows choose among its cells.
element.addEventListener("focusin", (event) => {
  const side = event.target.closest?.("[data-stage]")?.dataset.stage;
  if (side && event.target.matches("[role=listbox]") && shown?.focus.side !== side) focusOn(side, 0);
});
element.addEventListener("keydown", (event) => {
  if (!event.target.matches?.("[role=listbox]") || !shown) return;
  const side = event.target.closest("[data-stage]").dataset.stage;
  const last = shown.cells[side].length - 1;
  const at = shown.focus.side === side ? shown.focus.index : 0;
  if (event.key === " " && side === "inputs" && shown.effects) {
    event.preventDefault();
    focusOn(side, at);
    mark(at, !shown.marked.has(at));
    return paint(shown);
  }
  const columns = Number(getComputedStyle(shown.cells[side][at]).getPropertyValue("--columns")) || 1;
  const next = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + columns, ArrowUp: at - columns, Home: 0, End: last }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  focusOn(side, Math.min(last, Math.max(0, next)));
});

// Steps through the layers: the latents that an output's attention leads back to after each of them.
const showLayer = (layer) => {
  shown.layer = layer;
  const steps = shown.figure.querySelector(".network-steps");
  steps.querySelector("input").value = layer;
  steps.querySelector("output").textContent = `${layer} of ${shown.layers.length - 1}`;
  if (shown.focus.side !== "outputs") shown.focus = { side: "outputs", index: 0 };
  paint(shown);
};
let playing = 0;
const play = (start) => {
  clearInterval(playing);
  playing = 0;
  const button = shown.figure.querySelector("[data-play]");
  if (start) {
    const last = shown.layers.length - 1;
    if (shown.layer === last) showLayer(0);
    playing = setInterval(() => (shown.figure.isConnected && shown.layer < last ? showLayer(shown.layer + 1) : play(false)), STEP_MS);
  }
  button.textContent = start ? "Pause" : "Play";
  button.setAttribute("aria-pressed", start);
};
element.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-play]")) play(!playing);
  const part = event.target.closest?.("[data-without]")?.dataset.without;
  if (part) leaveOut(part, part === "inputs" ? [...shown.marked].sort((a, b) => a - b) : []);
  if (event.target.closest?.("[data-mark]")) {
    shown.marking = !shown.marking;
    showMarks(shown);
  }
  if (event.target.closest?.("[data-reset]")) {
    shown.marked.clear();
    if (shown.effects.inputs) leaveOut("inputs");
    else showMarks(shown);
  }
});
element.addEventListener("toggle", (event) => { if (event.target.matches?.(".network-blocks")) shown.opened = event.target.open; }, true);
element.addEventListener("input", (event) => {
  if (!event.target.matches?.(".network-steps input")) return;
  if (playing) play(false);
  showLayer(Number(event.target.value));
});

const start = () => {
  const figure = element.querySelector(".network");
  if (!figure || (figure === shown?.figure && figure.dataset.maps === shown.source)) return; // Gradio may keep the node
  if (playing) clearInterval(playing);
  playing = 0;
  const before = shown;
  shown = readFigure(figure);
  if (before?.run === shown.run) keepLook(before, shown);
  shown.opened = Boolean(figure.querySelector("details[open]"));
  paint(shown);
  showMarks(shown);
};
// Before the browser draws, so that a new figure never flashes without its colors.
const changes = { childList: true, subtree: true, attributes: true, attributeFilter: ["data-maps"] };
new MutationObserver(start).observe(element, changes);
start();
// Widths change when fonts arrive, a section opens or the window is resized.
new ResizeObserver(measureAgain).observe(element);

// Passes on which byte of a result was clicked, and marks a result that is out of date.
// Body of a function (element, trigger, watch), as gr.HTML calls it.
element.addEventListener("click", (event) => {
  const cell = event.target.closest("[data-position]");
  if (cell && element.contains(cell)) trigger("select", { position: Number(cell.dataset.position) });
});

// A long strip is one stop of the tab key; from there, arrows lead to its other cells.
element.addEventListener("keydown", (event) => {
  const cells = [...(event.target.closest(".roving")?.querySelectorAll("[data-position]") ?? [])];
  const at = cells.indexOf(event.target);
  const next = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: cells.length - 1 }[event.key];
  if (at < 0 || !cells[next]) return;
  for (const cell of cells) cell.tabIndex = cell === cells[next] ? 0 : -1;
  cells[next].focus();
  event.preventDefault();
});

// Content that grows keeps its scroll position, or stays at its end if it was there.
let scrolled = 0;
element.addEventListener("scroll", (event) => { scrolled = event.target.scrollTop; }, true);
watch("value", () => requestAnimationFrame(() => {
  const box = element.querySelector(".written");
  if (box) box.scrollTop = scrolled;
}));

const stale = (is) => element.querySelector(".strip-block")?.classList.toggle("stale", is);
window.addEventListener("perceiver-inputs-changed", () => stale(true));
watch("value", () => stale(false));

// Passes on which byte of a result was clicked, and shows when the result is one of an earlier question.
// Body of a function (element, trigger, watch), as gr.HTML calls it.
element.addEventListener("click", (event) => {
  const cell = event.target.closest("[data-position]");
  if (cell && element.contains(cell)) trigger("select", { position: Number(cell.dataset.position) });
});

const stale = (is) => element.querySelector(".strip-block")?.classList.toggle("stale", is);
window.addEventListener("perceiver-asked-anew", () => stale(true));
watch("value", () => stale(false));

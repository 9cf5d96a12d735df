// Passes on which byte of a result was clicked. Body of a function (element, trigger), as gr.HTML calls it.
element.addEventListener("click", (event) => {
  const cell = event.target.closest("[data-position]");
  if (cell && element.contains(cell)) trigger("select", { position: Number(cell.dataset.position) });
});

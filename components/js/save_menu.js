// A menu of files to save: passes on which kind was chosen, and closes.
// Body of a function (element, trigger, watch), as gr.HTML calls it.
element.addEventListener("click", (event) => {
  const item = event.target.closest("[data-kind]");
  if (!item) return;
  element.querySelector("details").open = false;
  trigger("select", { kind: item.dataset.kind });
});
element.addEventListener("keydown", (event) => {
  const menu = element.querySelector("details");
  if (event.key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
element.addEventListener("focusout", (event) => {
  if (event.relatedTarget && !element.contains(event.relatedTarget)) element.querySelector("details").open = false;
});

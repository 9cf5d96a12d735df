// Passes on which latent of a sheet was clicked: {latent: its index, or null for all of them}.
// Body of a function (element, trigger, watch), as gr.HTML calls it.
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-latent]");
  if (!button || !element.contains(button)) return;
  const { latent } = button.dataset;
  trigger("select", { latent: latent === "" ? null : Number(latent) });
});

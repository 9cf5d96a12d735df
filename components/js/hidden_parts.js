// Marks the document with what its address hides: ?embed=1 shows only the inputs and the result, for slides;
// ?hide=attention,examples hides parts by name. A script of the page, or a function's body.
{
  const params = new URLSearchParams(location.search);
  const names = (params.get("hide") ?? "").split(",").filter((name) => /^[a-z-]+$/.test(name));
  const embedded = ["1", "true"].includes(params.get("embed"));
  document.documentElement.classList.add(...names.map((name) => `hide-${name}`), ...(embedded ? ["embed"] : []));
}

// Marks the document as dark, as Gradio does, for style sheets that do not inherit the theme's variables.
// Body of a function (element, props, trigger, watch).
const mark = () => document.documentElement.classList.toggle("dark", props.value === "dark");
watch("value", mark);
mark();

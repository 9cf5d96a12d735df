// Slides the border between two pictures that lie above each other: how far it is from the left, in percent.
// Body of a function (element, trigger, watch), as gr.HTML calls it.

// Kept outside of the markup, which stays what the server sent, so that the border stays where it is when that changes.
let border = 50;

const slide = () => {
  element.style.setProperty("--border", border);
  for (const input of element.querySelectorAll(".comparison .slide")) input.value = border;
};

element.addEventListener("input", (event) => {
  if (!event.target.matches?.(".comparison .slide")) return;
  border = Number(event.target.value);
  slide();
});

watch("value", slide);

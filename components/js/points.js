// Points that a visitor draws in the plane. Its value is a list of [x, y, class], x and y from -1 to 1, y upward.
// Body of a function (element, props, trigger, watch), as gr.HTML calls it.

const MOST = 300;
const SPACING = 0.06; // between the points of one stroke
const plane = element.querySelector("svg");
const caption = element.querySelector(".caption");
const buttons = [...element.querySelectorAll("[data-class]")];
let chosen = 0;
let drawn = null; // points of the stroke that is being drawn

const all = () => [...(props.value ?? []), ...(drawn ?? [])];
const draw = () => {
  plane.replaceChildren(...all().map(([x, y, label]) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    for (const [name, value] of Object.entries({ cx: x, cy: -y, r: 0.035, "data-class": label })) node.setAttribute(name, value);
    return node;
  }));
  const count = all().length;
  caption.textContent = count ? `${count} of at most ${MOST} points` : "Two spirals. Drag here to draw points of your own instead.";
};
const add = (event) => {
  const box = plane.getBoundingClientRect();
  const [x, y] = [(2 * (event.clientX - box.left)) / box.width - 1, 1 - (2 * (event.clientY - box.top)) / box.height];
  const last = drawn[drawn.length - 1];
  if (Math.max(Math.abs(x), Math.abs(y)) > 1 || all().length >= MOST) return;
  if (last && Math.hypot(x - last[0], y - last[1]) < SPACING) return;
  drawn.push([Number(x.toFixed(2)), Number(y.toFixed(2)), chosen]);
  draw();
};
const set = (points) => {
  drawn = null;
  props.value = points;
  draw();
  trigger("input");
};

plane.addEventListener("pointerdown", (event) => {
  drawn = [];
  plane.setPointerCapture(event.pointerId);
  add(event);
});
plane.addEventListener("pointermove", (event) => drawn && add(event));
plane.addEventListener("pointerup", () => drawn && set(all()));
plane.addEventListener("pointercancel", () => { drawn = null; draw(); });
element.addEventListener("click", (event) => {
  if (event.target.closest("[data-clear]")) return set([]);
  const button = event.target.closest("[data-class]");
  if (!buttons.includes(button)) return;
  chosen = Number(button.dataset.class);
  for (const each of buttons) each.setAttribute("aria-pressed", each === button);
});

watch("value", draw);
draw();

// A canvas to draw on. Its value is a list of strokes, each a list of [x, y], 0 to 1 from the upper left corner.
// Body of a function (element, props, trigger, watch), as gr.HTML calls it.

const canvas = element.querySelector("canvas");
const pen = canvas.getContext("2d");
let stroke = null; // that is being drawn

const draw = () => {
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.lineWidth = canvas.width / 10;
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = getComputedStyle(canvas).color;
  for (const points of [...(props.value ?? []), ...(stroke ? [stroke] : [])]) {
    pen.beginPath();
    for (const [x, y] of [points[0], ...points]) pen.lineTo(x * canvas.width, y * canvas.height);
    pen.stroke();
  }
};
const add = (event) => {
  const box = canvas.getBoundingClientRect();
  const place = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  stroke.push(place.map((each) => Number(Math.min(1, Math.max(0, each)).toFixed(3))));
  draw();
};
const set = (strokes) => {
  stroke = null;
  props.value = strokes;
  draw();
  trigger("input");
};

canvas.addEventListener("pointerdown", (event) => {
  stroke = [];
  canvas.setPointerCapture(event.pointerId);
  add(event);
});
canvas.addEventListener("pointermove", (event) => stroke && add(event));
canvas.addEventListener("pointerup", () => stroke && set([...(props.value ?? []), stroke]));
canvas.addEventListener("pointercancel", () => { stroke = null; draw(); });
element.querySelector("[data-clear]").addEventListener("click", () => set([]));

watch("value", draw);
draw();

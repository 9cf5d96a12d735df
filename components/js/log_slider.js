// A slider on a logarithmic scale. Its value is an integer, rounded to two digits while it is moved. Body of a function
// (element, props, trigger, watch), as gr.HTML calls it.

const range = element.querySelector("input");
const output = element.querySelector("output");
const least = Number(range.dataset.least);
const octaves = Math.log(Number(range.dataset.most) / least);
let keyed = 0; // direction of the key that is down
let timer;

const placeOf = (value) => Math.log(value / least) / octaves;
const valueAt = (place) => Math.round(Number((least * Math.exp(place * octaves)).toPrecision(2)));
const label = (value) => {
  output.textContent = range.ariaValueText = Math.round(value).toLocaleString("en-US");
};
const show = () => {
  label(props.value);
  range.value = placeOf(props.value);
};

range.addEventListener("keydown", ({ key }) => {
  keyed = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[key] ?? 0;
});
range.addEventListener("keyup", () => { keyed = 0; });
range.addEventListener("input", () => {
  const before = props.value;
  let value = valueAt(Number(range.value));
  if (value === before) value += keyed; // a key moves a small value too
  value = Math.min(Math.max(value, least), Number(range.dataset.most));
  label(value);
  clearTimeout(timer);
  timer = setTimeout(() => {
    props.value = value;
    if (keyed) range.value = placeOf(value);
    trigger("input");
  }, 40);
});
watch("value", show);
show();

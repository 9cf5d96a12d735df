// Scrolls to the part that a step of a lesson is about (components/html/lessons/guide.py), once it is there and until the
// visitor does something, and opens the section around it. Body of a function (element, props, trigger, watch).
const touches = ["wheel", "touchstart", "pointerdown", "keydown"];
let timer;

const stop = () => {
  clearInterval(timer);
  for (const event of touches) removeEventListener(event, stop, true);
};
const openSection = (heading) => {
  for (const each of document.querySelectorAll("button.label-wrap:not(.open), details:not([open]) > summary")) {
    if (each.getClientRects().length && each.innerText.startsWith(heading)) each.click();
  }
};
const lead = () => {
  const { part, inside } = element.querySelector(".lesson-guide")?.dataset ?? {};
  if (!element.isConnected || !part) return stop();
  if (inside) openSection(inside);
  const target = document.getElementById(part) ?? document.querySelector(`.st-key-${part}`);
  if (!(target?.getBoundingClientRect().height > 20)) return;
  target.style.scrollMarginTop = "70px";
  target.scrollIntoView({ block: "start" });
};
const start = () => {
  stop();
  if (!element.querySelector(".lesson-guide")) return;
  for (const event of touches) addEventListener(event, stop, true);
  timer = setInterval(lead, 300);
  setTimeout(stop, 60000);
};
watch("value", start);
start();

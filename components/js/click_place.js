// Lets a visitor point at a place of a picture, with a pointer or with keys, and passes on which place it was:
// {place: flat index into its grid, row, column: its middle, 0 to 1 from the upper left corner}. A picture may be made of
// square frames: `data-tile` pixels per side, numbered in `data-frames`. Or it is of some `data-seconds`, along its width.
// Body of a function (element, trigger, watch), as gr.HTML calls it.

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
let cursor = null; // {picture, row, column, node}

const gridOf = (picture) => [Number(picture.dataset.rows), Number(picture.dataset.columns)];
// From where to where of the picture its grid reaches, as shares of the side.
const extentOf = (picture) => [Number(picture.dataset.start), Number(picture.dataset.stop)];
const middle = (picture, index, count) => {
  const [start, stop] = extentOf(picture);
  return start + ((stop - start) * (index + 0.5)) / count;
};
const within = (index, count) => Math.min(count - 1, Math.max(0, index));
const pictureOf = (event) => {
  const picture = event.target.closest?.("[data-rows]");
  return picture && element.contains(picture) ? picture : null;
};

const pointedAt = (picture, event) => {
  const box = picture.getBoundingClientRect();
  const [rows, columns] = gridOf(picture);
  const [start, stop] = extentOf(picture);
  const cell = (share, count) => within(Math.floor(((share - start) / (stop - start)) * count), count);
  return [cell((event.clientY - box.top) / box.height, rows), cell((event.clientX - box.left) / box.width, columns)];
};

const chosenOrMiddle = (picture) => {
  const [rows, columns] = gridOf(picture);
  const place = Number(picture.dataset.place ?? Math.floor(rows / 2) * columns + Math.floor(columns / 2));
  return [Math.floor(place / columns), place % columns];
};

// What is spoken of a place.
const named = (picture, row, column) => {
  const { seconds, tile, frames } = picture.dataset;
  if (seconds) return `${(seconds * middle(picture, column, gridOf(picture)[1])).toFixed(3)} seconds`;
  if (!tile) return `row ${row + 1}, column ${column + 1}`;
  const frame = frames.split(" ")[Math.floor(column / tile)];
  return `frame ${frame}, row ${(row % tile) + 1}, column ${(column % tile) + 1}`;
};

// The cursor is a node of its own that leaves no trace: the markup stays what the server sent. From a tag that the markup
// has not there: Gradio updates markup node by node, and would make a marker of it.
const hide = () => {
  cursor?.node.remove();
  const spoken = cursor?.picture.querySelector(".spoken");
  if (spoken) spoken.textContent = "";
  cursor = null;
};
const show = (picture, row, column) => {
  if (cursor?.picture !== picture || !cursor.node.isConnected) {
    hide();
    const node = document.createElement("b");
    node.className = "cursor";
    picture.append(node);
    cursor = { picture, node };
  }
  Object.assign(cursor, { row, column });
  const [rows, columns] = gridOf(picture);
  const [start, stop] = extentOf(picture);
  Object.assign(cursor.node.style, {
    left: `${100 * middle(picture, column, columns)}%`,
    top: `${100 * middle(picture, row, rows)}%`,
    width: `${(100 * (stop - start)) / columns}%`,
    height: `${(100 * (stop - start)) / rows}%`,
  });
};

const choose = (picture, row, column) => {
  const [rows, columns] = gridOf(picture);
  const [down, across] = [middle(picture, row, rows), middle(picture, column, columns)];
  trigger("select", { place: row * columns + column, row: down, column: across });
};

element.addEventListener("click", (event) => {
  const picture = pictureOf(event);
  if (picture) choose(picture, ...pointedAt(picture, event));
});
element.addEventListener("pointermove", (event) => {
  const picture = event.pointerType === "mouse" && pictureOf(event);
  if (picture) show(picture, ...pointedAt(picture, event));
  else hide();
});
element.addEventListener("pointerleave", hide);
element.addEventListener("focusin", (event) => {
  const picture = pictureOf(event);
  if (picture?.matches(":focus-visible")) show(picture, ...chosenOrMiddle(picture));
});
element.addEventListener("focusout", hide);

element.addEventListener("keydown", (event) => {
  const picture = pictureOf(event);
  if (!picture || event.ctrlKey || event.altKey || event.metaKey) return;
  const [row, column] = cursor?.picture === picture && cursor.node.isConnected ? [cursor.row, cursor.column] : chosenOrMiddle(picture);
  if (event.key in STEPS) {
    const [rows, columns] = gridOf(picture);
    const [down, right] = STEPS[event.key];
    const leap = Number(picture.dataset.tile ?? Math.max(1, Math.round((picture.dataset.seconds ? columns : rows) / 8)));
    const far = event.shiftKey ? leap : 1;
    const [to, across] = [within(row + far * down, rows), within(column + far * right, columns)];
    show(picture, to, across);
    const spoken = picture.querySelector(".spoken");
    if (spoken) spoken.textContent = named(picture, to, across);
  } else if (event.key === "Enter" || event.key === " ") choose(picture, row, column);
  else return;
  event.preventDefault();
});

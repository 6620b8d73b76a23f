// The image in its pane: fitted into it, zoomed round a point, dragged and pinched. The pane has no scrollbars.

const $ = (id) => document.getElementById(id);
const pane = $("picture");
const canvas = $("canvas");
const image = $("image");
const mostEnlarged = 8; // screen pixels for one of the image

let size = { width: 1, height: 1, angle: 0 }; // of the image, in its pixels, and how it is turned
let angle = 0; // degrees counter-clockwise by which it is to be turned
let view = { scale: 1, x: 0, y: 0 }; // where the turned image's top-left corner is in the pane
let fitted = true;

// Shows an image. What a browser cannot show is white.
export function show(src, width, height, turned = 0) {
  angle = turned;
  if (src && src !== image.src) {
    image.hidden = false;
    image.src = src;
  }
  if (width) resize(width, height);
}

image.addEventListener("load", () => resize(image.naturalWidth, image.naturalHeight));
image.addEventListener("error", () => { image.hidden = true; });

function resize(width, height) {
  if (width === size.width && height === size.height && angle === size.angle) return;
  size = { width, height, angle };
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const [across, down] = turnedSize();
  pane.style.setProperty("--ratio", across / down);
  fit();
}

const turnedSize = () => (angle % 180 ? [size.height, size.width] : [size.width, size.height]);

// The scale at which all of the image is seen.
function wholeScale() {
  const [across, down] = turnedSize();
  return Math.min(pane.clientWidth / across, pane.clientHeight / down);
}

export function fit() {
  fitted = true;
  view.scale = wholeScale();
  place();
}

// Zooms round a point of the pane, its middle by default.
export function zoom(factor, x = pane.clientWidth / 2, y = pane.clientHeight / 2) {
  const whole = wholeScale();
  const scale = Math.min(Math.max(view.scale * factor, whole), Math.max(mostEnlarged, whole));
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  fitted = scale === whole;
  place();
}

// Keeps the image in the pane, and centred where it is smaller.
function place() {
  const [across, down] = turnedSize().map((length) => length * view.scale);
  const within = (offset, length, room) =>
    length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, offset));
  view.x = within(view.x, across, pane.clientWidth);
  view.y = within(view.y, down, pane.clientHeight);
  // A turn round the image's own corner moves it out of the pane; this brings it back.
  const back = { 90: [0, down], 180: [across, down], 270: [across, 0] }[angle] ?? [0, 0];
  canvas.style.transform =
    `translate(${view.x + back[0]}px, ${view.y + back[1]}px) rotate(${-angle}deg) scale(${view.scale})`;
  canvas.style.setProperty("--scale", view.scale);
  pane.classList.toggle("zoomed", !fitted);
}

new ResizeObserver(() => (fitted ? fit() : place())).observe(pane);

pane.addEventListener("wheel", (event) => {
  if (!event.ctrlKey) return; // so does the pinch of a touchpad; without, the page scrolls
  event.preventDefault();
  const { left, top } = pane.getBoundingClientRect();
  zoom(2 ** (-event.deltaY / 100), event.clientX - left, event.clientY - top);
}, { passive: false });

pane.addEventListener("dblclick", ({ clientX, clientY }) => {
  const { left, top } = pane.getBoundingClientRect();
  if (fitted) zoom(3, clientX - left, clientY - top);
  else fit();
});

const keys = { "+": () => zoom(1.5), "-": () => zoom(1 / 1.5), 0: fit };
pane.addEventListener("keydown", (event) => keys[event.key]?.());

// One finger or the mouse drags what is zoomed, two fingers pinch.
const pointers = new Map();

pane.addEventListener("pointerdown", (event) => { pointers.set(event.pointerId, event); });
for (const kind of ["pointerup", "pointercancel", "pointerleave"]) {
  pane.addEventListener(kind, ({ pointerId }) => pointers.delete(pointerId));
}
pane.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  pointers.set(event.pointerId, event);
  const [other] = [...pointers.values()].filter(({ pointerId }) => pointerId !== event.pointerId);
  if (other) {
    const apart = (pointer) => Math.hypot(pointer.clientX - other.clientX, pointer.clientY - other.clientY);
    const { left, top } = pane.getBoundingClientRect();
    zoom(apart(event) / Math.max(apart(before), 1), (event.clientX + other.clientX) / 2 - left, (event.clientY + other.clientY) / 2 - top);
  } else if (!fitted) {
    view.x += event.clientX - before.clientX;
    view.y += event.clientY - before.clientY;
    place();
  }
});

// Sends a file to /read, shows its pages as they come, draws the boxes over them and lists the text beside them.

import { fit, show as showImage, zoom } from "./view.js";

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const maxUploadBytes = Number(document.body.dataset.maxUploadBytes);

let file = null; // that is read
let name = ""; // what it is called
let leftOut = ""; // says so where more than one came
let pages = []; // what was read in it, page by page
let current = 0; // which of them is shown
let formats = {}; // name → suffix
let chosen = {}; // thresholds other than the server's defaults
let reading = null; // aborts the request under way
let addresses = []; // of the images, until they are no longer shown

// One at a time: the command line is for many.
function take(files) {
  if (!files.length) return;
  leftOut = files.length > 1 ? ` · the first of ${files.length} files: \`ocr read\` takes many` : "";
  [file] = files;
  name = file.name || "pasted image";
  read();
}

async function read() {
  reading?.abort();
  const mine = (reading = new AbortController());
  clear();
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)}\u00a0s`;
  const clock = setInterval(() => { $("seconds").textContent = seconds(); }, 100);
  try {
    for await (const answer of answers(mine.signal)) {
      if (answer.error) throw Error(answer.error);
      add(answer);
    }
    if (mine === reading) finish(seconds());
  } catch (error) {
    if (mine === reading) fail(mine.signal.aborted ? "cancelled" : error.message);
  } finally {
    clearInterval(clock);
    if (mine === reading) {
      $("seconds").textContent = "";
      $("progress").hidden = $("cancel").hidden = true;
    }
  }
}

// What the server says of each page, as soon as it says so.
async function* answers(signal) {
  await check();
  let response, refusal;
  try {
    response = await fetch(`read?${new URLSearchParams({ ...chosen, name })}`, { method: "POST", body: file, signal });
    if (!response.ok) refusal = (await response.json()).error;
  } catch {
    throw Error("this page's server does not answer: has `ocr demo` been stopped? Its terminal tells more");
  }
  if (refusal) throw Error(refusal);
  let rest = "";
  for await (const text of chunks(response.body.pipeThrough(new TextDecoderStream()))) {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    yield* lines.map(JSON.parse);
  }
}

// Not every browser can iterate over a stream.
async function* chunks(stream) {
  const reader = stream.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
}

async function check() {
  if (file.size > maxUploadBytes) {
    throw Error(`the file has ${megabytes(file.size)} MB; this page takes at most ${megabytes(maxUploadBytes)} MB`);
  }
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw Error("this is a folder, or a file that the browser may not read; this page takes single files");
  }
}

const megabytes = (bytes) => Math.round(bytes / 2 ** 20);

function clear() {
  pages = [];
  current = 0;
  $("error").hidden = $("reading").hidden = $("turner").hidden = true;
  $("progress").hidden = $("cancel").hidden = false;
  $("progress").firstElementChild.style.width = "";
  $("progress").removeAttribute("aria-valuenow");
  $("status").textContent = `Reading ${name} …`;
  document.body.classList.add("has-result");
  for (const part of ["boxes", "rims", "unread"]) $(part).replaceChildren();
  $("result").hidden = /\.pdf$/i.test(name); // of a PDF the server sends the pages
  for (const each of addresses.splice(0)) URL.revokeObjectURL(each);
  showImage(address(file));
}

function add(answer) {
  const { page, number, count, image } = answer;
  pages.push({ unread: [], ...page, key: answer.key, src: image && address(decoded(image)) });
  const percent = Math.round((100 * number) / count);
  $("progress").firstElementChild.style.width = `${percent}%`;
  $("progress").setAttribute("aria-valuenow", percent);
  if (number < count) $("status").textContent = `Reading ${name}: ${number} of ${count} pages …`;
  $("turner").hidden = count === 1;
  turnTo(current);
}

function address(blob) {
  addresses.push(URL.createObjectURL(blob));
  return addresses.at(-1);
}

const decoded = (base64) => new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))]);

function finish(seconds) {
  const count = pages.reduce((sum, page) => sum + page.lines.length, 0);
  const found = count ? `${count} ${count === 1 ? "line" : "lines"}` : "no text found";
  const size = pages.length > 1 ? `${pages.length} pages` : `${pages[0].width} × ${pages[0].height} pixels`;
  $("status").textContent = `${name}: ${found} · ${size} · ${seconds}${leftOut}`;
}

function fail(message) {
  if (!pages.length) {
    document.body.classList.remove("has-result");
    $("result").hidden = true;
  }
  $("status").textContent = pages.length ? `${pages.length} pages were read` : "";
  $("error").textContent = `${name}: ${message}`;
  $("error").hidden = false;
}

// Shows one of the pages.
function turnTo(index) {
  current = index;
  const page = pages[current];
  $("page-number").textContent = `Page ${current + 1} of ${pages.length}`;
  $("previous").disabled = current === 0;
  $("next").disabled = current === pages.length - 1;
  showImage(page.src, page.width, page.height, page.facts?.angle);
  draw();
  $("lines").replaceChildren(...page.lines.map(item));
  $("nothing").hidden = page.lines.length > 0;
  $("legend").hidden = !page.lines.length;
  $("unknown").textContent = unknown(page.unread);
  $("show-unread").disabled = !page.unread.length;
  $("copy-text").disabled = !pages.some(({ lines }) => lines.length);
  $("downloads").replaceChildren(...Object.entries(formats).map(([format, suffix]) => download(page.key, format, suffix)));
  $("result").hidden = $("reading").hidden = false;
}

// What is said of text that was found and not read.
function unknown(unread) {
  const foreign = unread.filter(({ reason }) => reason === "unknown_script").length;
  const unsure = unread.length - foreign;
  const said = [];
  if (foreign) said.push(`${foreign === 1 ? "1 line is" : `${foreign} lines are`} in a script that this recognizer does not know.`);
  if (unsure) said.push(`${unsure === 1 ? "1 place looks" : `${unsure} places look`} like text that could not be read.`);
  if (said.length) said.push("“unread” shows where.");
  return said.join(" ");
}

function download(key, format, suffix) {
  const link = Object.assign(document.createElement("a"), { className: "button", textContent: format });
  link.id = `save-${format}`;
  link.href = `results/${key}/${format}`;
  link.download = "";
  link.title = `Download as ${suffix}`;
  return link;
}

const level = ({ confidence }) => (confidence >= 0.9 ? "sure" : confidence >= 0.7 ? "doubtful" : "wrong");
const outline = (quads) => quads.map((quad) => `M${quad.join("L")}Z`).join("");

function svg(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

// Boxes are filled thinly, and their rims lie outside of all of them: no stroke crosses a letter.
function draw() {
  const { lines, unread, width, height } = pages[current];
  const kind = $("shown").value;
  const shown = kind === "none" ? [] : lines;
  const quadsOf = (line) => (kind === "words" && line.words ? line.words.map(({ quad }) => quad) : [line.quad]);
  $("drawing").setAttribute("viewBox", `0 0 ${width} ${height}`);
  const all = outline(shown.flatMap(quadsOf));
  $("inside").setAttribute("d", all);
  $("rims").replaceChildren(
    svg("path", { class: "white", d: all }), // tells a blue box from a blue sign
    ...["sure", "doubtful", "wrong"].map((name) =>
      svg("path", { class: name, d: outline(shown.filter((line) => level(line) === name).flatMap(quadsOf)) })),
  );
  const quads = unread.map(({ quad }) => quad);
  $("unread").replaceChildren(...($("show-unread").checked ? [svg("path", { d: outline(quads) })] : []));
  $("boxes").replaceChildren(...shown.map((line, index) => box(line, index, quadsOf(line))));
  const words = lines.some((line) => line.words);
  const option = $("shown").querySelector("[value=words]");
  option.hidden = option.disabled = !words;
}

function box(line, index, quads) {
  const path = svg("path", { d: outline(quads), class: level(line) });
  path.addEventListener("pointerenter", () => activate(index, "lines"));
  path.addEventListener("pointerleave", () => deactivate(index));
  path.addEventListener("click", () => $("lines").children[index].focus({ preventScroll: true }));
  return path;
}

function item(line, index) {
  const li = document.createElement("li");
  li.setAttribute("role", "option");
  li.tabIndex = index ? -1 : 0; // Tab reaches the list, the arrow keys its lines
  const text = Object.assign(document.createElement("span"), { className: "text", textContent: line.text });
  const percent = Math.round(100 * line.confidence);
  const confidence = Object.assign(document.createElement("span"), { textContent: percent });
  confidence.classList.add("confidence", level(line));
  confidence.setAttribute("aria-label", `confidence ${percent} per cent`);
  li.append(text, confidence);
  li.addEventListener("pointerenter", () => activate(index));
  li.addEventListener("pointerleave", () => deactivate(index));
  li.addEventListener("focus", () => activate(index, "lines"));
  li.addEventListener("blur", () => deactivate(index));
  return li;
}

// Marks a line and its box, and brings the line into sight if it is not pointed at.
function activate(index, out) {
  deactivate();
  for (const list of ["boxes", "lines"]) $(list).children[index]?.classList.add("active");
  $("lines").children[index].setAttribute("aria-selected", "true");
  if (out) $("lines").children[index].scrollIntoView({ block: "nearest" });
}

function deactivate(index) {
  for (const element of document.querySelectorAll(".active")) {
    if (index === undefined || element === element.parentNode.children[index]) {
      element.classList.remove("active");
      element.removeAttribute("aria-selected");
    }
  }
}

const steps = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

$("lines").addEventListener("keydown", (event) => {
  const items = [...$("lines").children];
  const here = items.indexOf(document.activeElement);
  if (!(event.key in steps) || here < 0) return;
  event.preventDefault();
  const there = Math.min(Math.max(here + steps[event.key], 0), items.length - 1);
  items[here].tabIndex = -1;
  items[there].tabIndex = 0;
  items[there].focus();
});

$("copy-text").addEventListener("click", async () => {
  const text = pages.map(({ lines }) => lines.map((line) => `${line.text}\n`).join("")).join("\n");
  try {
    await navigator.clipboard.writeText(text);
    $("status").textContent = "Text copied";
  } catch {
    $("status").textContent = "The browser did not let this page copy: download the text instead";
  }
});

$("cancel").addEventListener("click", () => reading.abort());
$("previous").addEventListener("click", () => turnTo(current - 1));
$("next").addEventListener("click", () => turnTo(current + 1));
$("zoom-in").addEventListener("click", () => zoom(1.5));
$("zoom-out").addEventListener("click", () => zoom(1 / 1.5));
$("zoom-fit").addEventListener("click", fit);
$("shown").addEventListener("change", draw);
$("show-unread").addEventListener("change", draw);

const sliders = [...document.querySelectorAll("#thresholds input")];

function choose(thresholds) {
  chosen = thresholds;
  for (const slider of sliders) {
    if (!(slider.name in chosen)) slider.value = slider.defaultValue;
    else slider.value = chosen[slider.name];
    slider.previousElementSibling.textContent = chosen[slider.name] ?? "default";
  }
}

for (const slider of sliders) {
  slider.addEventListener("input", () => choose({ ...chosen, [slider.name]: slider.value }));
  slider.addEventListener("change", read);
}
$("defaults").addEventListener("click", () => { choose({}); read(); });
$("lower").addEventListener("click", () => {
  choose({ ...chosen, min_confidence: 0.2, quad_threshold: 0.3, map_threshold: 0.15 });
  read();
});
choose({});

for (const input of [$("file"), $("photo")]) {
  input.addEventListener("change", () => {
    take(input.files);
    input.value = ""; // or the same file could not be chosen again
  });
}
for (const button of document.querySelectorAll("[data-sample]")) {
  button.addEventListener("click", async () => {
    const { sample } = button.dataset;
    const content = await (await fetch(`samples/${sample}`)).blob();
    take([new File([content], sample, { type: content.type })]);
  });
}
document.addEventListener("paste", ({ clipboardData }) => {
  take(clipboardData.files);
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dragging");
});
document.addEventListener("dragleave", ({ relatedTarget }) => {
  if (!relatedTarget) document.body.classList.remove("dragging");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  take(event.dataTransfer.files);
});

async function describe() {
  try {
    const server = await (await fetch("server")).json();
    if (server.error) throw Error(server.error);
    formats = server.formats;
    const [model] = server.models;
    const version = model?.version ? ` ${model.version}` : "";
    $("server").textContent = `${model?.name ?? "OCR"}${version} on ${server.name} ${server.version}, ${server.url}`;
    $("server").title = server.models.map(({ name, devices }) => [name, ...devices].join(" ")).join("\n");
    if (pages.length) turnTo(current);
    if (server.problems.length) throw Error(server.problems[0]);
  } catch (error) {
    $("server").textContent = `No server to read with: ${error.message}`;
    $("server").classList.add("wrong");
  }
}

describe();

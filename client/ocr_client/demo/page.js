// Sends an image to /read, draws the boxes over it and lists the text beside it; pointing at one shows the other.

const $ = (id) => document.getElementById(id);
const maxUploadBytes = Number(document.body.dataset.maxUploadBytes);
const smallestWidth = 480; // px: smaller images are shown enlarged

let name = ""; // of the image, for downloads
let leftOut = ""; // says so where more than one came
let page = null; // what was read in it
let reading = null; // aborts the request under way

// One at a time: the command line is for many.
function take(files) {
  if (!files.length) return;
  leftOut = files.length > 1 ? ` · the first of ${files.length} files: \`ocr read\` takes many` : "";
  read(files[0]);
}

async function read(file) {
  reading?.abort();
  const mine = (reading = new AbortController());
  clear(file);
  const start = performance.now();
  try {
    const answer = await ask(file, mine.signal);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    if (mine === reading) show(answer, seconds);
  } catch (error) {
    if (mine === reading) fail(error.message);
  } finally {
    if (mine === reading) $("progress").hidden = true;
  }
}

async function ask(file, signal) {
  if (file.size > maxUploadBytes) {
    throw Error(`the file has ${megabytes(file.size)} MB; this page takes at most ${megabytes(maxUploadBytes)} MB`);
  }
  if (/\.pdf$/i.test(file.name)) {
    throw Error("this page takes images; `ocr read` in a terminal reads the pages of a PDF");
  }
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw Error("this is a folder, or a file that the browser may not read; this page takes single images");
  }
  let response, answer;
  try {
    response = await fetch("read", { method: "POST", body: file, signal });
    answer = await response.json();
  } catch {
    throw Error("this page's server does not answer: has `ocr demo` been stopped? Its terminal tells more");
  }
  if (!response.ok) throw Error(answer.error);
  return answer;
}

const megabytes = (bytes) => Math.round(bytes / 2 ** 20);

function clear(file) {
  name = file.name || "pasted image";
  page = null;
  $("error").hidden = true;
  $("result").hidden = true;
  $("progress").hidden = false;
  $("status").textContent = `Reading ${name} …`;
  URL.revokeObjectURL($("image").src);
  $("image").hidden = false;
  $("image").src = URL.createObjectURL(file);
}

function fail(message) {
  document.body.classList.remove("has-result");
  $("status").textContent = "";
  $("error").textContent = `${name}: ${message}`;
  $("error").hidden = false;
}

function show(answer, seconds) {
  page = answer;
  const count = page.lines.length;
  const found = count ? `${count} ${count === 1 ? "line" : "lines"}` : "no text found";
  $("status").textContent = `${name}: ${found} · ${page.width} × ${page.height} pixels · ${seconds}\u00a0s${leftOut}`;
  $("boxes").setAttribute("viewBox", `0 0 ${page.width} ${page.height}`);
  $("boxes").replaceChildren(...page.lines.map(box));
  $("lines").replaceChildren(...page.lines.map(item));
  $("canvas").style.maxWidth = `${Math.max(page.width, smallestWidth)}px`;
  $("canvas").style.aspectRatio = `${page.width} / ${page.height}`;
  $("copy-text").disabled = $("save-text").disabled = !count;
  document.body.classList.add("has-result");
  $("result").hidden = false;
}

const level = ({ confidence }) => (confidence >= 0.9 ? "sure" : confidence >= 0.7 ? "doubtful" : "wrong");

function box(line, index) {
  const polygon = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
  polygon.setAttribute("points", line.quad.join(" "));
  polygon.classList.add(level(line));
  polygon.addEventListener("pointerenter", () => activate(index, "lines"));
  polygon.addEventListener("pointerleave", () => deactivate(index));
  polygon.addEventListener("click", () => $("lines").children[index].focus());
  return polygon;
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
  li.addEventListener("pointerenter", () => activate(index, "boxes"));
  li.addEventListener("pointerleave", () => deactivate(index));
  li.addEventListener("focus", () => activate(index, "boxes"));
  li.addEventListener("blur", () => deactivate(index));
  return li;
}

// Marks a line and its box, and brings the one that is not pointed at into sight.
function activate(index, other) {
  deactivate();
  for (const list of ["boxes", "lines"]) $(list).children[index].classList.add("active");
  $("lines").children[index].setAttribute("aria-selected", "true");
  scrollTo($(other).children[index], other === "boxes" ? $("picture") : null);
}

function deactivate(index) {
  for (const element of document.querySelectorAll(".active")) {
    if (index === undefined || element === element.parentNode.children[index]) {
      element.classList.remove("active");
      element.removeAttribute("aria-selected");
    }
  }
}

function scrollTo(element, pane) {
  if (!pane) return element.scrollIntoView({ block: "nearest" });
  // Only the pane moves: the page stays where the reader is.
  const inner = element.getBoundingClientRect();
  const outer = pane.getBoundingClientRect();
  if (inner.top < outer.top || inner.bottom > outer.bottom) {
    pane.scrollTop += (inner.top + inner.bottom - outer.top - outer.bottom) / 2;
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

const asText = () => page.lines.map((line) => `${line.text}\n`).join("");
const asJson = () => `${JSON.stringify(page, null, 2)}\n`;

async function copy(what, content) {
  try {
    await navigator.clipboard.writeText(content);
    $("status").textContent = `${what} copied`;
  } catch {
    $("status").textContent = `The browser did not let this page copy: download the ${what.toLowerCase()} instead`;
  }
}

function save(suffix, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content]));
  link.download = name.replace(/\.[^.]*$/, "") + suffix;
  link.click();
  URL.revokeObjectURL(link.href);
}

$("copy-text").addEventListener("click", () => copy("Text", asText()));
$("copy-json").addEventListener("click", () => copy("JSON", asJson()));
$("save-text").addEventListener("click", () => save(".txt", asText()));
$("save-json").addEventListener("click", () => save(".json", asJson()));

// TIFF, for one, is shown by few browsers: then the boxes lie on white.
$("image").addEventListener("error", () => { $("image").hidden = true; });

$("file").addEventListener("change", ({ target }) => {
  take(target.files);
  target.value = ""; // or the same file could not be chosen again
});
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

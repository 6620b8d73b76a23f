// Print the text in an image with Node alone, version 18 or later: node read.mjs IMAGE [HOST:PORT]
// The KServe v2 protocol: a JSON header, then the image's bytes; the answer is JSON.
import { readFile } from "node:fs/promises";

const [path, server = "localhost:8000"] = process.argv.slice(2);
const image = await readFile(path);
const header = Buffer.from(
  JSON.stringify({
    inputs: [
      { name: "image", datatype: "UINT8", shape: [image.length], parameters: { binary_data_size: image.length } },
    ],
    outputs: [{ name: "texts" }, { name: "text_confidences" }],
  }),
);
const response = await fetch(`http://${server}/v2/models/ocr_ensemble/infer`, {
  method: "POST",
  headers: { "Inference-Header-Content-Length": String(header.length) },
  body: Buffer.concat([header, image]),
});
const answer = await response.json();
if (!response.ok) {
  console.error(`error: ${answer.error}`);
  process.exit(1);
}
const tensors = Object.fromEntries(answer.outputs.map(({ name, data }) => [name, data]));
tensors.texts.forEach((text, index) => console.log(tensors.text_confidences[index].toFixed(2), text));

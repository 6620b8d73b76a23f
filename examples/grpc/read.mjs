// Print the text in an image over gRPC, with Node 18 or later: npm install, then node read.mjs IMAGE [HOST:PORT]
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const [path, server = "localhost:8001"] = process.argv.slice(2);
const proto = fileURLToPath(new URL("kserve.proto", import.meta.url));
const { inference } = grpc.loadPackageDefinition(loadSync(proto, { keepCase: true }));
const client = new inference.GRPCInferenceService(server, grpc.credentials.createInsecure());

const image = await readFile(path);
const request = {
  model_name: "ocr_ensemble",
  parameters: { min_confidence: { double_param: 0.75 } },
  inputs: [{ name: "image", datatype: "UINT8", shape: [image.length] }],
  outputs: [{ name: "texts" }, { name: "text_confidences" }],
  raw_input_contents: [image],
};

// Each text has its length before it.
function texts(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    found.push(bytes.toString("utf8", at + 4, end));
    at = end;
  }
  return found;
}

client.modelInfer(request, { deadline: Date.now() + 60_000 }, (error, answer) => {
  client.close();
  if (error) {
    console.error(`error: ${error.details}`);
    process.exitCode = 1;
    return;
  }
  const outputs = Object.fromEntries(answer.outputs.map(({ name }, index) => [name, answer.raw_output_contents[index]]));
  texts(outputs.texts).forEach((text, index) =>
    console.log(outputs.text_confidences.readFloatLE(4 * index).toFixed(2), text),
  );
});

#!/usr/bin/env bash
# Print the text in an image with curl and jq alone: read.sh IMAGE [HOST:PORT]
# A JSON header before the image's bytes makes Triton answer in JSON.
set -euo pipefail
image=$1 server=${2:-localhost:8000}
bytes=$(wc -c < "$image")
header='{"inputs":[{"name":"image","datatype":"UINT8","shape":['$((bytes))'],"parameters":{"binary_data_size":'$((bytes))'}}],
  "outputs":[{"name":"texts"}]}'
{ printf %s "$header"; cat "$image"; } |
  curl --silent --show-error --data-binary @- -H "Inference-Header-Content-Length: ${#header}" \
    "http://$server/v2/models/ocr_ensemble/infer" |
  jq --raw-output 'if .error then "error: " + .error | halt_error else .outputs[0].data[] end'

#!/usr/bin/env bash
# Start Triton with the OCR models. Arguments are further options for tritonserver; where it takes an option once, they
# win over the ones below. `tritonserver --help` lists them.
#
#   OCR_PROFILE           cpu, gpu or tensorrt; by default gpu where there is a GPU, else cpu
#   OCR_MODEL_REPOSITORY  folder or address (s3://…) of other models than those in the image
#   OCR_ADMIN_KEY         opens the restricted APIs to requests that carry it as header `ocr-admin-key`;
#                         by default nobody knows it
set -euo pipefail

# Measured: eight dense pages at once fill 207 MB, eight photos of 100 megapixels 339 MB, eight files of 59 MB 567 MB.
SHM_MB=512
# As in text_recognition/configs/tensorrt.pbtxt.
ENGINES=/var/cache/ocr-triton

fail() {
  echo "ocr-serve: $1" >&2
  exit 1
}

has_gpu() {
  [ -e /dev/nvidiactl ] || [ -e /dev/dxg ] # the latter is a GPU under WSL
}

if has_gpu; then default=gpu; else default=cpu; fi
profile=${OCR_PROFILE:-$default}
repository=${OCR_MODEL_REPOSITORY:-/opt/ocr/model_repository}
admin_key=${OCR_ADMIN_KEY:-$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')}

case $profile in
  # ONNX models take a GPU where they see one.
  cpu) export CUDA_VISIBLE_DEVICES='' ;;
  gpu | tensorrt)
    has_gpu || fail "OCR_PROFILE=$profile needs a GPU and this container has none: run it with --gpus all, or with OCR_PROFILE=cpu"
    set -- --model-config-name="$profile" "$@"
    [ "$profile" = gpu ] || [ -w "$ENGINES" ] \
      || fail "OCR_PROFILE=$profile keeps its engines in $ENGINES, which is read-only here: mount a volume there"
    ;;
  *) fail "OCR_PROFILE is '$profile'; it must be cpu, gpu or tensorrt" ;;
esac

[[ $admin_key =~ ^[A-Za-z0-9._-]+$ ]] || fail "OCR_ADMIN_KEY may have letters, digits, '.', '_' and '-' only"

if [[ $repository != *://* ]]; then
  for model in text_detection text_recognition; do
    compgen -G "$repository/$model/[0-9]*/model.onnx" > /dev/null \
      || fail "$repository has no exported $model: write it with \`python -m export --model-repository DIR\` and mount DIR there"
  done
fi

shm_mb=$(($(df --output=size --block-size=1M /dev/shm | tail -n 1)))
[ "$shm_mb" -ge "$SHM_MB" ] \
  || fail "/dev/shm has $shm_mb MB and the Python steps need $SHM_MB: run the container with --shm-size=1g (Kubernetes: an emptyDir of medium Memory)"

# Loads and unloads models, maps memory, writes files, changes the log: nothing for those who send images.
restricted="model-repository,shared-memory,trace,logging:ocr-admin-key=$admin_key"

# text_recognition is no step of the ensemble (ctc_decoding calls it), so Triton does not load it along with it.
# Requests in flight get 25 s to finish, then the steps are stopped: within the 30 s that Kubernetes grants.
echo "ocr-serve: profile $profile, models from $repository" >&2
exec tritonserver \
  --model-repository="$repository" \
  --model-control-mode=explicit \
  --load-model=ocr_ensemble \
  --load-model=text_recognition \
  --disable-auto-complete-config \
  --http-header-forward-pattern='(?i)(map|quad)-threshold|unclip-ratio|min-confidence' \
  --http-restricted-api="$restricted" \
  --grpc-restricted-protocol="$restricted" \
  --exit-timeout-secs=25 \
  "$@"

#!/bin/sh
# Makes the model server that the tests talk to: Hugging Face's `transformers serve` with a tiny model built on the
# spot, in an environment of its own. Idempotent: does nothing where it is already there and up to date.
# The folder is the first argument, else $MODEL_SERVER_HOME, else .venv-model-server beside the project's files.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
home=${1:-${MODEL_SERVER_HOME:-$here/../../.venv-model-server}}
python=${PYTHON:-python3.11}
command -v "$python" >/dev/null || python=python3
wanted=$(cat "$here/requirements-model-server.txt" "$here/tiny_model.py" | cksum)

if [ -f "$home/ready" ] && [ "$(cat "$home/ready")" = "$wanted" ]; then
    echo "model server: ready in $home"
    exit 0
fi
rm -f "$home/ready"
[ -x "$home/bin/python" ] || "$python" -m venv "$home"
"$home/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements-model-server.txt"
HF_HUB_OFFLINE=1 HF_HOME="$home/hub" "$home/bin/python" "$here/tiny_model.py" "$home/tiny-model"
printf '%s\n' "$wanted" > "$home/ready"
echo "model server: installed in $home"

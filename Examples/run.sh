#!/usr/bin/env bash
# Runs every example, and the benchmarks for a moment: run.sh PROGRAMS EXAMPLES MODEL
#
# PROGRAMS and EXAMPLES are the folders of what was built; nothing is left behind.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
programs=$(realpath "$1")
examples=$(realpath "$2")
model=$(realpath "$3")
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
cd "$work"

step() {
  echo "$*" >&2
  "$@" >"$work/said" || { cat "$work/said" >&2; exit 1; }
}
tried() {
  step "$programs/grpo" reward test "$@" --limit 4
  if grep -q 'failed: ' "$work/said"; then cat "$work/said" >&2; exit 1; fi
}

step "$examples/Streaming" "$model" 12+34=
step "$examples/OneStep" "$model" 12+34= 46 1e-3
awk '/^reward before/ { rises = $5 + 0 > $3 + 0 } END { exit !rises }' "$work/said" ||
  { echo 'error: OneStep: the step does not raise the reward'; cat "$work/said"; exit 1; } >&2
step "$examples/Embedding" "$model" "$top/data/arithmetic/train.jsonl" "$top/prompts/arithmetic.txt"
step "$examples/OwnObjective" "$top/recipes/smoke.yaml"
tried --command "$top/Examples/score.py" --data "$top/data/arithmetic/train.jsonl"
tried --command "$top/Examples/steps.py" --data "$top/data/chain-sum/steps.jsonl"
cc -O2 -shared -fPIC -I "$top/Sources/CRewardLibrary/include" -o reward.so "$top/Examples/reward.c"
tried --library ./reward.so --data "$top/data/arithmetic/train.jsonl"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$top/Examples/reward_server.py" "$port" &
server=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
  kill -0 "$server"
  sleep 0.1
done
tried --url "http://127.0.0.1:$port/get_reward" --data "$top/data/arithmetic/train.jsonl"
step "$programs/step-benchmark" --shape 16,1,2,2,32,64 --questions 2 --generations 2 --steps 1
step "$programs/reward-benchmark" --batches 11

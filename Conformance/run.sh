#!/usr/bin/env bash
# Runs every conformance check: run.sh GRPO PYTHON [MODEL [DATA TEMPLATE]]
#
# Without MODEL, recipes/smoke.yaml is trained first and its model taken.
set -euo pipefail

if [ $# -lt 2 ]; then
  echo 'usage: Conformance/run.sh GRPO PYTHON [MODEL [DATA TEMPLATE]]' >&2
  exit 64
fi
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
grpo=$(realpath "$1")
python=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
model=${3:-}
data=${4:-$top/data/arithmetic/test.jsonl}
template=${5:-$top/prompts/arithmetic.txt}

for generator in "$top"/data/*/generate.py; do
  "$python" -B "$generator" --check
  echo "ok: ${generator#"$top/"} --check"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "$model" ]; then
  "$grpo" run "$top/recipes/smoke.yaml" --output "$work/run"
  model=$work/run/model
fi

"$python" -B "$top/Conformance/transformers_parity.py" \
  --grpo "$grpo" --model "$model" --data "$data" --template "$template"

# Every line of the test sets, quotes and braces included, and of the templates.
cat "$top"/data/*/test.jsonl "$top"/prompts/*.txt | grep -v '^$' >"$work/texts"
"$grpo" tokenizer encode --model "$model" --json <"$work/texts" >"$work/cases.jsonl"
"$python" -B "$top/Conformance/tokenizer.py" "$model" "$work/cases.jsonl"

# The schema of recipes, against what grpo reads.
"$python" -B "$top/Conformance/recipe_schema.py" --grpo "$grpo"

# Other programs' checkpoints, in every spelling; what stands beside a tokenizer; tokenizers with
# symbols; llama.cpp.
"$python" -B "$top/Conformance/configurations.py" --grpo "$grpo"
"$python" -B "$top/Conformance/added_tokens.py" --grpo "$grpo"
"$python" -B "$top/Conformance/symbols.py" --grpo "$grpo"
"$python" -B "$top/Conformance/llama_cpp.py" --grpo "$grpo" --model "$model" --data "$data" \
  --template "$template" --converter "$(dirname "$python")/../llama.cpp/convert_hf_to_gguf.py"

# Score functions of TRL and reasoning-gym in a run, and called directly.
mkdir "$work/rewards"
"$python" -B "$top/Conformance/reward_functions.py" --grpo "$grpo" --work "$work/rewards"

# Score functions of every style, texts and messages, one worker and two, called directly.
mkdir "$work/styles"
"$python" -B "$top/Conformance/reward_styles.py" --grpo "$grpo" --work "$work/styles"

# A reward model, trained for a moment, in transformers.
"$python" -B "$top/Conformance/reward_model_parity.py" --grpo "$grpo" --model-to-start "$model" \
  --work "$work"

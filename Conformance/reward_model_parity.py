#!/usr/bin/env python3
"""Compares a reward model in transformers with the program `grpo`, completion by completion."""

import argparse
import json
import os
import subprocess
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import torch  # noqa: E402
from transformers import AutoTokenizer, LlamaForSequenceClassification, logging  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grpo", required=True, help="the program")
    parser.add_argument("--model", required=True, help="the reward model's directory")
    parser.add_argument("--data", required=True, help="lines with question, answer and completion")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    arguments = parser.parse_args()
    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    model = LlamaForSequenceClassification.from_pretrained(
        arguments.model, dtype=torch.float32).eval()
    if model.num_labels != 1 or tuple(model.score.weight.shape) != (1, model.config.hidden_size):
        sys.exit(f"{arguments.model}: {model.num_labels} labels, {tuple(model.score.weight.shape)}")
    result = subprocess.run(
        [arguments.grpo, "reward", "test", "--model", arguments.model, "--data", arguments.data,
         "--limit", "50", "--json"], stdout=subprocess.PIPE, text=True, check=True)
    scores = [score for score in json.loads(result.stdout)["scores"]
              if score["kind"] in ("completion", "answer", "other answer")]
    worst = 0.0
    for score in scores:
        ids = (tokenizer(score["prompt"]).input_ids
               + tokenizer(score["completion"], add_special_tokens=False).input_ids
               + [tokenizer.eos_token_id])
        with torch.no_grad():
            logit = model(input_ids=torch.tensor([ids])).logits[0, 0].item()
        worst = max(worst, abs(logit - score["reward"]))
    spread = max(s["reward"] for s in scores) - min(s["reward"] for s in scores)
    print(f"reward model: {len(scores)} completions, rewards {spread:.3g} apart, "
          f"worst difference {worst:.2g}")
    sys.exit(0 if worst <= arguments.tolerance and spread > 0 else 1)


if __name__ == "__main__":
    main()

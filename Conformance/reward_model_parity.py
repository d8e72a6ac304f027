#!/usr/bin/env python3
"""Trains a reward model for a moment, and compares it in transformers with the program `grpo`.

The rewards of 50 prompts' completions must be equal within the tolerance.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import torch  # noqa: E402
from transformers import AutoTokenizer, LlamaForSequenceClassification, logging  # noqa: E402


def trained(grpo, start, work):
    """A reward model that prefers the larger of two numbers, and completions to be scored."""
    pairs = [{"prompt": f"{i}+{i % 7}=", "chosen": str(i + 10), "rejected": str(i)}
             for i in range(200)]
    probes = [{"question": pair["prompt"], "answer": pair["chosen"],
               "completion": str(17 * i % 300)} for i, pair in enumerate(pairs[:50])]
    for name, lines in (("pairs", pairs), ("probes", probes)):
        (work / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    subprocess.run(
        [grpo, "reward", "train", "--data", str(work / "pairs.jsonl"), "--model", start, "--output",
         str(work / "reward-model"), "--steps", "30", "--learning-rate", "1e-3"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return str(work / "reward-model"), str(work / "probes.jsonl")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grpo", required=True, help="the program")
    parser.add_argument("--model-to-start", required=True, help="a language model's directory")
    parser.add_argument("--work", required=True, help="a directory to write to")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    arguments = parser.parse_args()
    arguments.model, arguments.data = trained(
        arguments.grpo, arguments.model_to_start, pathlib.Path(arguments.work))
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

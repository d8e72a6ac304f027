#!/usr/bin/env python3
"""Compares an exported model in transformers with the program `grpo`, prompt by prompt.

Prompt ids, greedy continuations and decoded text must be equal, log-probs and entropies within the
tolerance. Prints the worst differences, and exits with 1 if anything is out of bounds.
"""

import argparse
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import torch  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer, logging  # noqa: E402

TIE = 2e-5  # log-probs closer together than this may change places in float32


class Report:
    """Mismatches by kind, and the worst difference of each figure."""

    def __init__(self, tolerance):
        self.tolerance = tolerance
        self.worst = {}
        self.mismatches = []
        self.ties = 0

    def equal(self, what, prompt, ours, theirs):
        if ours != theirs:
            self.mismatches.append(f"{what} of {prompt!r}: grpo {ours!r}, transformers {theirs!r}")

    def close(self, what, prompt, ours, theirs):
        if len(ours) != len(theirs):
            self.mismatches.append(f"{what} of {prompt!r}: {len(ours)} and {len(theirs)} figures")
            return
        differences = [abs(a - b) for a, b in zip(ours, theirs)]
        # NaN compares false with everything, so it is made the worst case here.
        difference = max((d if d == d else math.inf for d in differences), default=0.0)
        self.worst[what] = max(self.worst.get(what, 0.0), difference)
        if difference > self.tolerance:
            self.mismatches.append(f"{what} of {prompt!r}: differ by {difference:.3g}")


def run(*command):
    """The JSON lines that a command prints."""
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit status {result.returncode}")
    return [json.loads(line) for line in result.stdout.splitlines() if line.strip()]


def read_prompts(data, template, count):
    text = pathlib.Path(template).read_text(encoding="utf-8").removesuffix("\n")
    rows = pathlib.Path(data).read_text(encoding="utf-8").splitlines()
    return [text.format_map(json.loads(row)) for row in rows if row.strip()][:count]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grpo", required=True, help="the program")
    parser.add_argument("--model", required=True, help="the exported model's directory")
    parser.add_argument("--data", required=True, help="held-out questions, JSON Lines")
    parser.add_argument("--template", required=True, help="the prompt template")
    parser.add_argument("--prompts", type=int, default=50)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    arguments = parser.parse_args()

    prompts = read_prompts(arguments.data, arguments.template, arguments.prompts)
    if not prompts:
        sys.exit(f"{arguments.data}: no prompts")
    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32).eval()
    report = Report(arguments.tolerance)

    sequences, continued = [], []
    for prompt in prompts:
        (sample,) = run(
            *[arguments.grpo, "sample", "--model", arguments.model, "--temperature", "0"],
            *["--json", "--", prompt],
        )
        prompt_ids, ids = sample["prompt_token_ids"], sample["token_ids"]
        report.equal("prompt", prompt, sample["prompt"], prompt)
        report.equal("prompt ids", prompt, prompt_ids, tokenizer(prompt)["input_ids"])
        report.equal(
            *["completion", prompt, sample["completion"]],
            tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False),
        )
        if not ids:
            report.mismatches.append(f"completion of {prompt!r}: no tokens")
            continue
        sequence = torch.tensor([prompt_ids + ids])
        with torch.no_grad():
            logprobs = model(sequence).logits[0].float().log_softmax(-1)
            generated = model.generate(
                sequence[:, : len(prompt_ids)],
                attention_mask=torch.ones(1, len(prompt_ids), dtype=torch.long),
                do_sample=False,
                max_new_tokens=len(ids),
            )[0, len(prompt_ids) :].tolist()
        steps = logprobs[len(prompt_ids) - 1 : -1]
        chosen = steps[torch.arange(len(ids)), torch.tensor(ids)]
        if generated != ids and bool((steps.max(-1).values - chosen <= TIE).all()):
            report.ties += 1
        else:
            report.equal("continuation", prompt, ids, generated)
        report.close("continuation log-probs", prompt, sample["logprobs"], chosen.tolist())
        sequences.append((prompt, sequence[0].tolist(), logprobs))
        best = steps.topk(2).values
        continued.append((prompt, generated, (best[:, 0] - best[:, 1]).tolist()))

    # All prompts in one batch, the shorter ones padded: each goes on as it does alone.
    batch = tokenizer(prompts, padding=True, return_tensors="pt")
    with torch.no_grad():
        padded = model.generate(
            **batch, do_sample=False, max_new_tokens=max(len(alone) for _, alone, _ in continued))
    width = batch["input_ids"].shape[1]
    for (prompt, alone, gaps), row in zip(continued, padded.tolist()):
        together = row[width : width + len(alone)]
        place = next((k for k, pair in enumerate(zip(alone, together)) if len(set(pair)) > 1), None)
        if place is not None and gaps[place] <= TIE:
            report.ties += 1
        else:
            report.equal("continuation in a batch", prompt, alone, together)

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "sequences.jsonl")
        with open(path, "w", encoding="utf-8") as file:
            for _, sequence, _ in sequences:
                file.write(json.dumps({"input_ids": sequence}) + "\n")
        scores = run(arguments.grpo, "score", "--model", arguments.model, "--input", path)
    report.equal("scored", "the file", len(scores), len(sequences))
    for (prompt, sequence, logprobs), score in zip(sequences, scores):
        theirs = logprobs[torch.arange(len(sequence) - 1), torch.tensor(sequence[1:])]
        report.equal("first log-prob", prompt, score["token_logprobs"][0], None)
        report.close("scored log-probs", prompt, score["token_logprobs"][1:], theirs.tolist())
        entropies = -(logprobs.exp() * logprobs).sum(-1)
        report.close("entropies", prompt, score["entropies"], entropies.tolist())

    for mismatch in report.mismatches[:20]:
        print(f"mismatch: {mismatch}")
    for what, difference in report.worst.items():
        print(f"{what}: worst difference {difference:.3g} (tolerance {report.tolerance:g})")
    print(
        f"{'FAILED' if report.mismatches else 'ok'}: {len(prompts)} prompts, "
        f"{len(report.mismatches)} mismatches, {report.ties} ties"
    )
    sys.exit(1 if report.mismatches else 0)


if __name__ == "__main__":
    main()

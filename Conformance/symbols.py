#!/usr/bin/env python3
"""Compares exported `tokenizer.json` files with `grpo tokenizer encode`, symbol by symbol.

Trains SentencePiece models of both kinds on sums, with overlapping user-defined symbols and every
choice of dummy prefix, removal of extra white space and normalization. Exports each by a warm start
of one step, and encodes texts full of symbols and white space.
"""

import argparse
import itertools
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"

import sentencepiece  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402

SYMBOLS = ["12", "121", "<think>", "a|b", "+", "==", "\u00e9\u4e2d"]
RECIPE = """
output: {name}
data: {{ train: train.jsonl }}
prompt: prompt.txt
tokenizer: {{ path: {name}.model }}
model: {{ hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 16,
  max_position_embeddings: 64 }}
warm_start: {{ steps: 1, batch_size: 1, learning_rate: 1.0e-3 }}
"""


def corpus():
    sums = [f"{a}+{b}={a + b}" for a in range(40) for b in range(40)]
    return sums + ["the quick brown fox", "x<|y|>z  w", "think <think> hard", "line\n"] * 30


def texts(count):
    generator = random.Random(5)
    parts = SYMBOLS + [" ", "  ", "<0x41>", "\t"] + list("0123459+= ax|b<think>\u00e9\u4e2d\n")
    fixed = ["1+12=", "12", "1212", "121 12", "12 ", "  12  x", "<think>", "<0x41>", " ", "\n",
             "==12==", "12112", "1 + 12 = ", "a|b", "12<0x0A>12"]
    return fixed + ["".join(generator.choices(parts, k=generator.randint(1, 14)))
                    for _ in range(count)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grpo", required=True, help="the program")
    parser.add_argument("--texts", type=int, default=400)
    arguments = parser.parse_args()
    cases, wrong = texts(arguments.texts), 0
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        (folder / "train.jsonl").write_text('{"question": "1+12", "answer": "13"}\n')
        (folder / "prompt.txt").write_text("{question}=\n")
        choices = itertools.product(
            ["bpe", "unigram"], ["identity", "nmt_nfkc"], [True, False], [True, False])
        for kind, rule, prefix, removes in choices:
            name = f"{kind}-{rule}-{'prefix' if prefix else 'plain'}{'-trimmed' if removes else ''}"
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(corpus()), model_prefix=str(folder / name),
                vocab_size=400, model_type=kind, byte_fallback=True, hard_vocab_limit=False,
                normalization_rule_name=rule, add_dummy_prefix=prefix,
                remove_extra_whitespaces=removes, user_defined_symbols=SYMBOLS, minloglevel=2)
            (folder / f"{name}.yaml").write_text(RECIPE.format(name=name))
            subprocess.run([arguments.grpo, "sft", f"{name}.yaml", "-q"], cwd=folder, check=True)
            model = folder / name / "warm-start" / "model"
            encoded = subprocess.run(
                [arguments.grpo, "tokenizer", "encode", "--model", str(model), "--json", "--"]
                + cases, check=True, text=True, stdout=subprocess.PIPE).stdout
            ours = [json.loads(line)["ids"] for line in encoded.splitlines()]
            tokenizer = AutoTokenizer.from_pretrained(model)
            assert tokenizer.add_prefix_space == prefix, name
            differences = [
                (text, ids, theirs) for text, ids in zip(cases, ours)
                if (theirs := tokenizer(text, add_special_tokens=False)["input_ids"]) != ids]
            wrong += len(differences) + abs(len(ours) - len(cases))
            print(f"{name}: {len(cases) - len(differences)} of {len(cases)} texts agree")
            for text, ids, theirs in differences[:5]:
                print(f"  {text!r}: ours {ids}, transformers {theirs}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

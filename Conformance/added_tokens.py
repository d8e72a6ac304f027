#!/usr/bin/env python3
"""Compares how `grpo` and transformers read the settings next to a tokenizer.

SentencePiece models with and without a dummy prefix get added tokens, roles, classes and options in
every file that may hold them. In transformers, a directory must give what `tokenizer encode` and
`decode` give, and so must the directory that a warm start of one step exports.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "critical"

import sentencepiece  # noqa: E402
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM  # noqa: E402

RECIPE = """
output: run
data: { train: train.jsonl }
prompt: prompt.txt
model: { path: model }
warm_start: { steps: 1, batch_size: 1, learning_rate: 1.0e-3 }
"""


def token(content, **attributes):
    return {"content": content, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": True} | attributes


def decoder(first, *tokens):
    return {"added_tokens_decoder": {str(first + i): t for i, t in enumerate(tokens)}}


def cases(n, vocabulary):
    """Files beside a model of n pieces, by name; `tokenizer.json` is there unless None."""
    chat = [token("<|im_start|>"), token("<|im_end|>"), token("<t>", special=False)]
    listed = json.loads(json.dumps(vocabulary))
    listed["added_tokens"] += [{"id": n + i} | t for i, t in enumerate(chat)]
    gaps = json.loads(json.dumps(listed))
    for i, t in enumerate(gaps["added_tokens"][-3:]):
        t["id"] = n + 2 * i + 1
        if isinstance(gaps["model"]["vocab"], dict):
            gaps["model"]["vocab"][t["content"]] = t["id"]
    llama, fast = {"tokenizer_class": "LlamaTokenizer"}, {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>",
        "unk_token": "<unk>"}
    config = "tokenizer_config.json"
    for name, base in [("Llama", llama), ("fast", fast)]:
        yield f"{name}, nothing added", {config: base}
        yield f"{name}, decoder", {config: base | decoder(n, *chat)}
        yield f"{name}, decoder with an end", {
            config: base | decoder(n, *chat) | {"eos_token": "<|im_end|>"}}
        yield f"{name}, tokenizer.json", {
            config: base | {"eos_token": "<|im_end|>"}, "tokenizer.json": listed}
        yield f"{name}, tokenizer.json and decoder", {
            config: base | decoder(n, *chat), "tokenizer.json": listed}
        yield f"{name}, added_tokens.json", {
            config: base, "added_tokens.json": {"<|im_start|>": n, "<|im_end|>": n + 1},
            "special_tokens_map.json": {"eos_token": "<|im_end|>"}}
        yield f"{name}, additional_special_tokens", {
            config: base | {"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]}}
        yield f"{name}, an end that is not listed", {config: base | {"eos_token": "<|im_end|>"}}
        yield f"{name}, split_special_tokens", {
            config: base | decoder(n, *chat) | {"split_special_tokens": True}}
        yield f"{name}, white space taken up", {config: base | decoder(
            n, token("<|im_start|>", rstrip=True), token("<|im_end|>", lstrip=True),
            token("<t>", lstrip=True, rstrip=True))}
        yield f"{name}, whole words", {config: base | decoder(
            n, token("ab", single_word=True, special=False), token("<t>", single_word=True))}
        yield f"{name}, one in another", {config: base | decoder(
            n, token("ab"), token("abc", special=False), token("bc<"))}
        yield f"{name}, normalized", {config: base | decoder(
            n, token("<|im_start|>"), token("<t>", normalized=True, special=False),
            token("a b", normalized=True, special=False))}
    if isinstance(vocabulary["model"]["vocab"], dict):
        yield "gaps", {config: fast, "tokenizer.json": gaps}
    for options in [{"legacy": True}, {"legacy": False}, {"add_prefix_space": False},
                    {"add_prefix_space": True}, {"add_prefix_space": None, "legacy": None},
                    {"legacy": True, "add_prefix_space": False}]:
        for name, base in [("Llama", llama), ("LlamaTokenizerFast", {
                "tokenizer_class": "LlamaTokenizerFast"}), ("fast", fast)]:
            yield f"{name}, {options}", {config: base | options | decoder(n, *chat)}


def texts(count):
    generator = random.Random(7)
    parts = ["<|im_start|>", "<|im_end|>", "<t>", "ab", "abc", "bc<", "a b", " ", "  ", "\n", "\t",
             "1", "12", "+", "x", "_", "\u00e9", "<s>", "</s>", "\u3000"]
    fixed = ["12+3=", " 12", "  12", "<|im_start|>12+3=", "1<|im_end|>2", "<|im_end|> 2", "ab ab.",
             "<|im_start|>user\n12<|im_end|>\n", "a<s>b", "<t> 1 <t>", "abcd", " <t>"]
    return fixed + ["".join(generator.choices(parts, k=generator.randint(1, 8)))
                    for _ in range(count)]


def command(grpo, *arguments, folder, text=""):
    result = subprocess.run(
        [grpo, *arguments], cwd=folder, text=True, capture_output=True, input=text)
    if result.returncode:
        raise RuntimeError(result.stderr.strip())
    return result.stdout


class Comparison:
    def __init__(self, grpo, folder, texts):
        self.grpo, self.folder, self.texts, self.wrong = grpo, folder, texts, 0

    def tell(self, name, problem):
        self.wrong += 1
        print(f"WRONG    {name}: {problem}")

    def ids(self, tokenizer):
        return [tokenizer(text, add_special_tokens=False)["input_ids"] for text in self.texts]

    def run(self, name):
        model = self.folder / "model"
        theirs = AutoTokenizer.from_pretrained(model)
        expected = self.ids(theirs)
        shutil.rmtree(self.folder / "run", ignore_errors=True)
        try:
            lines = command(self.grpo, "tokenizer", "encode", "--model", "model", "--json", "--",
                            *self.texts, folder=self.folder).split("\n")[:-1]
            ours = [json.loads(line)["ids"] for line in lines]
            lines = command(self.grpo, "tokenizer", "decode", "--model", "model", "--json",
                            folder=self.folder, text="".join(f"{ids}\n" for ids in expected))
            decoded = [json.loads(line)["text"] for line in lines.split("\n")[:-1]]
            command(self.grpo, "sft", "recipe.yaml", "-q", folder=self.folder)
        except RuntimeError as problem:
            return self.tell(name, problem)
        for text, a, b in zip(self.texts, ours, expected):
            if a != b:
                return self.tell(name, f"{text!r}: ours {a}, transformers {b}")
        for ids, text in zip(expected, decoded):
            if text != theirs.decode(ids, skip_special_tokens=True):
                return self.tell(name, f"{ids}: ours {text!r}, transformers "
                                 f"{theirs.decode(ids, skip_special_tokens=True)!r}")
        exported = AutoTokenizer.from_pretrained(self.folder / "run" / "warm-start" / "model")
        for text, a, b in zip(self.texts, self.ids(exported), expected):
            if a != b:
                return self.tell(name, f"exported, {text!r}: {a} instead of {b}")
        for ids in expected:
            a, b = (t.decode(ids, skip_special_tokens=True) for t in (exported, theirs))
            if a != b:
                return self.tell(name, f"exported, {ids}: {a!r} instead of {b!r}")
        if exported.eos_token_id != theirs.eos_token_id:
            return self.tell(
                name, f"exported end {exported.eos_token} instead of {theirs.eos_token}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grpo", required=True, help="the program")
    parser.add_argument("--texts", type=int, default=150)
    arguments = parser.parse_args()
    count = 0
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        comparison = Comparison(
            str(pathlib.Path(arguments.grpo).resolve()), folder, texts(arguments.texts))
        (folder / "train.jsonl").write_text('{"question": "1+12", "answer": "13"}\n')
        (folder / "prompt.txt").write_text("{question}=\n")
        (folder / "recipe.yaml").write_text(RECIPE)
        sums = [f"{a}+{b}={a + b}" for a in range(40) for b in range(40)]
        for prefix in [True, False]:
            model = folder / "model"
            shutil.rmtree(model, ignore_errors=True)
            LlamaForCausalLM(LlamaConfig(
                vocab_size=420, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
                num_attention_heads=2, max_position_embeddings=64)).save_pretrained(model)
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(sums + ["the quick <t> abc bcd"] * 30),
                model_prefix=str(model / "tokenizer"), vocab_size=400, model_type="bpe",
                byte_fallback=True, hard_vocab_limit=False, normalization_rule_name="identity",
                add_dummy_prefix=prefix, remove_extra_whitespaces=False, minloglevel=2)
            (model / "tokenizer.vocab").unlink()
            # The vocabulary in the library's form, as an export writes it.
            shutil.rmtree(folder / "run", ignore_errors=True)
            command(comparison.grpo, "sft", "recipe.yaml", "-q", folder=folder)
            written = folder / "run" / "warm-start" / "model" / "tokenizer.json"
            vocabulary = json.loads(written.read_text())
            pieces = sentencepiece.SentencePieceProcessor(
                model_file=str(model / "tokenizer.model")).vocab_size()
            names = {"tokenizer_config.json", "tokenizer.json", "added_tokens.json",
                     "special_tokens_map.json"}
            for name, files in cases(pieces, vocabulary):
                for file in names:
                    (model / file).unlink(missing_ok=True)
                for file, content in ({"tokenizer.json": vocabulary} | files).items():
                    (model / file).write_text(json.dumps(content))
                comparison.run(f"{'prefix' if prefix else 'plain'}, {name}")
                count += 1
    print(f"{'FAILED' if comparison.wrong else 'ok'}: {count} sets of settings, "
          f"{comparison.wrong} wrong")
    sys.exit(1 if comparison.wrong else 0)


if __name__ == "__main__":
    main()

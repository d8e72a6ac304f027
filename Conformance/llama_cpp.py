#!/usr/bin/env python3
"""Compares exported models in llama.cpp with the program `grpo`, prompt by prompt.

llama.cpp's own converter makes a GGUF file of the directory; its server must then give the same
prompt ids, greedy ids and texts, and log-probs within the tolerance. This holds for the named
model, and for one whose tokenizer begins every text with a dummy space.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

import sentencepiece
import xllamacpp

TIE = 2e-5  # log-probs closer together than this may change places in float32

RECIPE = """
output: prefixed
data: { train: train.jsonl }
prompt: prompt.txt
tokenizer: { path: prefixed.model }
model: { hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 2,
  intermediate_size: 64, max_position_embeddings: 64, rope_theta: 5000 }
warm_start: { steps: 60, batch_size: 32, learning_rate: 5.0e-3 }
"""


def with_dummy_prefix(grpo, folder):
    """A model that has learnt a little, and prompts."""
    rows = [{"question": f"{a} plus {b}", "answer": f"it is {a + b}"}
            for a in range(12) for b in range(12)]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "prompt.txt").write_text("{question}?\n")
    (folder / "recipe.yaml").write_text(RECIPE)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(f"{row['question']}? {row['answer']}" for row in rows),
        model_prefix=str(folder / "prefixed"), vocab_size=320, model_type="bpe",
        byte_fallback=True, normalization_rule_name="identity", add_dummy_prefix=True,
        remove_extra_whitespaces=False, hard_vocab_limit=False, minloglevel=2)
    subprocess.run([grpo, "sft", "recipe.yaml", "-q"], cwd=folder, check=True)
    prompts = [f"{row['question']}?" for row in rows[::9]]
    return folder / "prefixed/warm-start/model", prompts + [" two  spaces", "3", "1+1=\n"]


class Server:
    """llama.cpp with one model."""

    def __init__(self, path, context):
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        (parameters.n_ctx, parameters.n_parallel, parameters.warmup) = (context, 1, False)
        parameters.cpuparams.n_threads = 1
        # Attention in float32, as here; by default keys, values and products are halves.
        parameters.cache_type_k = parameters.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
        parameters.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
        self.server = xllamacpp.Server(parameters)

    def __call__(self, route, **body):
        request = urllib.request.Request(
            f"{self.server.listening_address}/{route}", json.dumps(body).encode(),
            {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            return json.load(response)


def compare(grpo, model, gguf, prompts):
    """Differences, the worst difference of a log-prob, and ties."""
    context = json.loads((pathlib.Path(model) / "config.json").read_text())[
        "max_position_embeddings"]
    server = Server(gguf, context)
    wrong, worst, ties = [], 0.0, 0
    for prompt in prompts:
        sample = json.loads(subprocess.run(
            [grpo, "sample", "--model", str(model), "--temperature", "0", "--json", "--", prompt],
            check=True, text=True, stdout=subprocess.PIPE).stdout)
        ids = server("tokenize", content=prompt, add_special=True)["tokens"]
        if ids != sample["prompt_token_ids"]:
            wrong.append(f"{prompt!r}: ids {sample['prompt_token_ids']}, llama.cpp {ids}")
            continue
        answer = server(
            "completion", prompt=prompt, temperature=0, n_predict=len(sample["token_ids"]),
            n_probs=2, return_tokens=True, cache_prompt=False)
        steps = answer["completion_probabilities"]
        # The end of sequence is no part of its answer.
        ours = sample["token_ids"][: len(steps)]
        for own, log_prob, step in zip(ours, sample["logprobs"], steps):
            best = step["top_logprobs"]
            if step["id"] != own:
                if abs(best[0]["logprob"] - best[1]["logprob"]) <= TIE:
                    ties += 1
                else:
                    wrong.append(f"{prompt!r}: {sample['completion']!r}, llama.cpp "
                                 f"{answer['content']!r}")
                break
            worst = max(worst, abs(log_prob - step["logprob"]))
        else:
            if sample["completion"].strip(" ") != answer["content"].strip(" "):
                wrong.append(f"{prompt!r}: {sample['completion']!r}, llama.cpp "
                             f"{answer['content']!r}")
    return wrong, worst, ties


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grpo", required=True, help="the program")
    parser.add_argument("--model", required=True, help="the exported model's directory")
    parser.add_argument("--converter", required=True, help="convert_hf_to_gguf.py")
    parser.add_argument("--data", required=True, help="held-out questions, JSON Lines")
    parser.add_argument("--template", required=True, help="the prompt template")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    arguments = parser.parse_args()
    template = pathlib.Path(arguments.template).read_text().removesuffix("\n")
    rows = pathlib.Path(arguments.data).read_text().splitlines()[:30]
    prompts = [template.format_map(json.loads(row)) for row in rows]
    failed = False
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        for model, prompts in [
            (arguments.model, prompts), with_dummy_prefix(arguments.grpo, folder)]:
            gguf = folder / "model.gguf"
            subprocess.run(
                [sys.executable, arguments.converter, str(model), "--outtype", "f32", "--outfile",
                 str(gguf)], check=True, capture_output=True)
            wrong, worst, ties = compare(arguments.grpo, model, gguf, prompts)
            for problem in wrong[:10]:
                print(f"mismatch: {problem}")
            bad = wrong or worst > arguments.tolerance
            print(f"{'FAILED' if bad else 'ok'}: {len(prompts)} prompts in llama.cpp, "
                  f"{len(wrong)} mismatches, {ties} ties, log-probs within {worst:.2g}")
            failed = failed or bool(bad)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

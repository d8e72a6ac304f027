#!/usr/bin/env python3
"""Compares how `grpo score` and transformers read one model in many spellings.

Each case changes `config.json` or the files of weights of a small random Llama. If transformers
reads a case, `grpo` must give the same log-probs or refuse it in one line. If transformers fails,
`grpo` must refuse it.
"""

import argparse
import copy
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "critical"

import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, logging  # noqa: E402

BASE = dict(
    vocab_size=61, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
    num_attention_heads=4, num_key_value_heads=2, head_dim=8, max_position_embeddings=40,
    rms_norm_eps=1e-5, initializer_range=0.3, bos_token_id=1, eos_token_id=2)

# Beside a configuration without any of these keys.
ROTARY = [
    {},
    {"rope_theta": 1e6},
    {"rope_theta": 500},
    {"rope_theta": None},
    {"rope_parameters": None, "rope_theta": 1e6},
    {"rope_parameters": {}, "rope_theta": 1e6},
    {"rope_parameters": {"rope_type": "default"}, "rope_theta": 1e6},
    {"rope_parameters": {"type": "default"}, "rope_theta": 1e6},
    {"rope_parameters": {"rope_type": "default", "rope_theta": 1e6}},
    {"rope_parameters": {"rope_theta": 1e6}},
    {"rope_parameters": {"rope_theta": 1e6}, "rope_theta": 500},
    {"rope_parameters": {"rope_theta": None}, "rope_theta": 500},
    {"rope_parameters": {"rope_type": "default"}},
    {"rope_parameters": {"rope_type": None, "rope_theta": 1e6}},
    {"rope_parameters": {"rope_type": "default", "type": "linear", "rope_theta": 1e6}},
    {"rope_parameters": {"rope_type": "default", "factor": 8.0}, "rope_theta": 1e6},
    {"rope_scaling": None, "rope_theta": 1e6},
    {"rope_scaling": {}, "rope_theta": 1e6},
    {"rope_scaling": {}, "rope_parameters": {"rope_theta": 1e6}},
    {"rope_scaling": {"type": "default"}, "rope_theta": 1e6},
    {"rope_scaling": {"rope_type": "default", "rope_theta": 1e6}},
    {"rope_scaling": {"rope_type": "default", "rope_theta": 1e6}, "rope_theta": 500},
    {"rope_scaling": {"type": "default"}, "rope_parameters": {"rope_theta": 1e6}},
    {"rope_scaling": {"type": "default"}, "rope_parameters": {"rope_theta": 1e6},
     "rope_theta": 500},
    {"rope_scaling": {"type": "linear", "factor": 1.0}, "rope_theta": 1e6},
    {"rope_scaling": {"type": "linear", "factor": 2.0}, "rope_theta": 1e6},
    {"rope_scaling": {"type": "linear"}, "rope_theta": 1e6},
    {"rope_scaling": {"rope_type": "dynamic", "factor": 1.0}, "rope_theta": 1e6},
    {"rope_parameters": {"rope_type": "linear", "factor": 4, "rope_theta": 1e6}},
    {"rope_parameters": {"rope_type": "dynamic", "factor": 4.0, "rope_theta": 1e6}},
    {"rope_parameters": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                         "high_freq_factor": 4.0, "original_max_position_embeddings": 16,
                         "rope_theta": 500.0}},
    {"rope_parameters": {"rope_type": "yarn", "factor": 2.0, "rope_theta": 1e6,
                         "original_max_position_embeddings": 20}},
    {"rope_scaling": {"type": "su", "factor": 2.0}},
    {"rope_parameters": {"full_attention": {"rope_theta": 1e6, "rope_type": "default"}}},
    {"rope_parameters": {"full_attention": {"rope_theta": 1e6, "rope_type": "default"}},
     "layer_types": ["full_attention", "full_attention"]},
    {"partial_rotary_factor": 1.0, "rope_theta": 1e6},
    {"partial_rotary_factor": 0.5, "rope_theta": 1e6},
]

# Beside the whole configuration; a value of ... takes the key away.
FIELDS = [
    {"num_key_value_heads": ...},
    {"head_dim": ...},
    {"head_dim": None},
    {"rms_norm_eps": ...},
    {"rms_norm_eps": 1e-3},
    {"tie_word_embeddings": ...},
    {"tie_word_embeddings": True},
    {"hidden_act": ...},
    {"hidden_act": "swish"},
    {"hidden_act": "gelu"},
    {"hidden_act": "relu"},
    {"attention_bias": ...},
    {"mlp_bias": ...},
    {"attention_bias": True},
    {"max_position_embeddings": ...},
    {"torch_dtype": "bfloat16", "dtype": ...},
    {"dtype": ...},
    {"pad_token_id": -1},
    {"pad_token_id": 0},
    {"pad_token_id": 61},
    {"eos_token_id": [2, 5, 2]},
    {"eos_token_id": ...},
    {"eos_token_id": None},
    {"bos_token_id": ...},
    {"sliding_window": 4},
    {"sliding_window": 40},
    {"sliding_window": None, "layer_types": ["full_attention", "full_attention"]},
    {"layer_types": ["full_attention", "sliding_attention"], "sliding_window": 4},
    {"attention_chunk_size": 4},
    {"is_causal": True},
    {"is_causal": False},
    {"per_layer_config": {"1": {"rms_norm_eps": 0.05}}},
    {"pretraining_tp": 4},
    {"use_cache": False, "_name_or_path": "somebody/model", "transformers_version": "4.28.0",
     "rope_interleaved": False, "is_llama_config": True, "output_attentions": False,
     "temperature": 0.7, "max_length": 4096, "auto_map": {}},
    {"model_type": "mistral"},
    {"vocab_size": 60},
    {"vocab_size": 64},
    {"num_attention_heads": 3},
    {"num_hidden_layers": 1},
]


def half(kind):
    return lambda tensors: {name: value.to(kind) for name, value in tensors.items()}


def with_buffers(tensors):
    more = {f"model.layers.{i}.self_attn.rotary_emb.inv_freq": torch.rand(4) for i in range(2)}
    return tensors | more


def untie(tensors):
    return tensors | {"lm_head.weight": tensors["model.embed_tokens.weight"].clone()}


def untie_wrongly(tensors):
    return tensors | {"lm_head.weight": tensors["model.embed_tokens.weight"] + 1}


def under_other_name(tensors):
    own = dict(tensors)
    return own | {"lm_head.weight": own.pop("model.embed_tokens.weight")}


def alone(tensors):
    return {name.removeprefix("model."): value for name, value in tensors.items()}


def with_tables(tensors):
    return tensors | {f"model.layers.0.self_attn.rotary_emb.{name}": torch.rand(1, 1, 40, 8)
                      for name in ("cos_cached", "sin_cached")}


def with_value_head(tensors):
    return tensors | {"v_head.summary.weight": torch.rand(1, 32), "v_head.summary.bias": torch.rand(1)}


WEIGHTS = [
    ("as float16", {}, half(torch.float16)),
    ("as bfloat16", {}, half(torch.bfloat16)),
    ("as float64", {}, half(torch.float64)),
    ("with rotary_emb.inv_freq", {}, with_buffers),
    ("with the tied matrix twice", {"tie_word_embeddings": True}, untie),
    ("with the tied matrix under its other name", {"tie_word_embeddings": True}, under_other_name),
    ("of the transformer alone", {"tie_word_embeddings": True}, alone),
    ("with rotary_emb.cos_cached", {}, with_tables),
    ("with a value head", {}, with_value_head),
    ("with another matrix than the tied one", {"tie_word_embeddings": True}, untie_wrongly),
]


class Cases:
    """Runs cases and counts what is as it must be."""

    def __init__(self, grpo, tolerance, work):
        (self.grpo, self.tolerance, self.work) = (grpo, tolerance, pathlib.Path(work))
        (self.read, self.refused, self.wrong, self.worst) = (0, 0, [], 0.0)
        torch.manual_seed(3)
        self.sequences = [[1] + torch.randint(3, 61, (n,)).tolist() for n in (38, 7, 25)]
        (self.work / "sequences.jsonl").write_text(
            "".join(json.dumps({"input_ids": ids}) + "\n" for ids in self.sequences))

    def theirs(self, path):
        try:
            model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()
            result = []
            for ids in self.sequences:
                with torch.no_grad():
                    logits = model(torch.tensor([ids])).logits[0].log_softmax(-1)
                result += logits[torch.arange(len(ids) - 1), torch.tensor(ids[1:])].tolist()
            return result, model
        except Exception as error:  # noqa: BLE001: whatever transformers fails with
            return None, error

    def ours(self, path):
        result = subprocess.run(
            [self.grpo, "score", "--model", str(path), "--input",
             str(self.work / "sequences.jsonl")], capture_output=True, text=True)
        if result.returncode != 0:
            problem = result.stderr.splitlines()
            expected = result.returncode in (65, 66) and problem[0].startswith("error: ")
            return None, problem[0] if expected else f"exit {result.returncode}: {problem}"
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        return [p for line in lines for p in line["token_logprobs"][1:]], None

    def compare(self, name, path, must_read=False):
        (theirs, model), (ours, problem) = self.theirs(path), self.ours(path)
        if ours is None:
            if not problem.startswith("error: "):
                self.wrong.append(f"{name}: {problem}")
            elif theirs is not None and must_read:
                self.wrong.append(f"{name}: transformers reads it, grpo says {problem}")
            else:
                self.refused += 1
                print(f"refused  {name}: {problem.replace(str(path), 'DIR')[:150]}")
            return
        if theirs is None:
            self.wrong.append(f"{name}: grpo reads what transformers refuses: {model}")
            return
        difference = max(abs(a - b) for a, b in zip(ours, theirs))
        if difference > self.tolerance or len(ours) != len(theirs):
            self.wrong.append(f"{name}: log-probs differ by {difference:.3g}")
            return
        self.worst = max(self.worst, difference)
        self.read += 1
        print(f"the same {name}")


def write(path, config, tensors):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    (path / "config.json").write_text(json.dumps(config))
    save_file(tensors, path / "model.safetensors", metadata={"format": "pt"})
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grpo", required=True, help="the program")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    arguments = parser.parse_args()
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as work:
        cases = Cases(arguments.grpo, arguments.tolerance, work)
        path, start = cases.work / "model", cases.work / "start"
        LlamaForCausalLM(LlamaConfig(**BASE)).save_pretrained(start)
        whole = json.loads((start / "config.json").read_text())
        tensors = load_file(start / "model.safetensors")

        bare = {key: value for key, value in whole.items() if not key.startswith("rope_")}
        for changes in ROTARY:
            kinds = [changes.get(key) or {} for key in ("rope_scaling", "rope_parameters")]
            scaled = any(k.get("rope_type", k.get("type", "default")) != "default" for k in kinds)
            layers = any(isinstance(v, dict) for k in kinds for v in k.values())
            partial = changes.get("partial_rotary_factor", 1) != 1
            cases.compare(
                json.dumps(changes), write(path, bare | copy.deepcopy(changes), tensors),
                must_read=not (scaled or layers or partial))
        for changes in FIELDS:
            config = {key: value for key, value in (whole | changes).items() if value is not ...}
            text = json.dumps({k: "absent" if v is ... else v for k, v in changes.items()})
            own = dict(tensors)
            if config.get("tie_word_embeddings"):
                own.pop("lm_head.weight")
            idle = {"sliding_window", "attention_chunk_size", "layer_types"} & changes.keys()
            cases.compare(text, write(path, config, own), must_read=bool(idle))
        for name, changes, change in WEIGHTS:
            own = dict(tensors)
            if changes.get("tie_word_embeddings"):
                own.pop("lm_head.weight")
            write(path, whole | changes, change(own))
            cases.compare(name, path, must_read="float64" not in name and "another" not in name)

        # In several files, and as a pickle, which the command in the message converts.
        model = AutoModelForCausalLM.from_pretrained(start)
        shutil.rmtree(path)
        model.save_pretrained(path, max_shard_size="20KB")
        cases.compare(f"in {len(list(path.glob('model-*')))} files", path, must_read=True)
        shutil.rmtree(path)
        path.mkdir()
        (path / "config.json").write_text(json.dumps(whole))
        torch.save(tensors, path / "pytorch_model.bin")
        problem = cases.ours(path)[1] or ""
        command = problem[problem.index("python3 -c") + 10:].strip().rstrip(")")
        command = command.split('"')[1] if '"' in command else command
        subprocess.run([sys.executable, "-c", command], check=True, capture_output=True)
        cases.compare("pytorch_model.bin after the command", path, must_read=True)

    for problem in cases.wrong:
        print(f"WRONG    {problem}")
    print(f"{'FAILED' if cases.wrong else 'ok'}: {cases.read} cases read with log-probs within "
          f"{cases.worst:.2g}, {cases.refused} refused, {len(cases.wrong)} wrong")
    sys.exit(1 if cases.wrong else 0)


if __name__ == "__main__":
    main()

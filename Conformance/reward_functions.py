#!/usr/bin/env python3
"""Runs reward functions of TRL and reasoning-gym in a training run, and calls them directly.

The numbers in completions.jsonl must equal those of the direct call on the same completions, to the
last bit. Exits with 1 if any differs.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import reasoning_gym  # noqa: E402
from reasoning_gym.factory import get_score_answer_fn  # noqa: E402
from trl.rewards import (  # noqa: E402
    accuracy_reward, get_repetition_penalty_reward, think_format_reward)

# Easy enough for a policy of a few seconds to be right now and then.
TASKS = {
    "leg_counting": {"min_animals": 1, "max_animals": 1, "min_instances": 1, "max_instances": 2},
    "basic_arithmetic": {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1},
    "number_sorting": {"min_numbers": 3, "max_numbers": 3, "min_value": 0, "max_value": 9,
                       "min_decimals": 0, "max_decimals": 0},
}


def rows(count):
    """Questions of three tasks, in turn, with the column that TRL's accuracy_reward reads."""
    sets = [reasoning_gym.create_dataset(task, size=count, seed=7, **options)
            for task, options in TASKS.items()]
    for i in range(count):
        for dataset in sets:
            entry = json.loads(json.dumps(dataset[i]))
            answer = entry["answer"]
            # Lessons plain, in the form of think_format_reward, and in that of accuracy_reward.
            lesson = [answer, f"<think>.</think>{answer}", f"\\boxed{{{answer}}}"][i % 3]
            yield {**entry, "solution": f"${answer}$", "lesson": lesson}


def recipe(work, python):
    plugin = {"interpreter": python, "start_timeout": 120, "timeout": 120,
              "memory_megabytes": 65536, "weight": 1}
    trl = {**plugin, "conversational": True}
    return {
        "seed": 1, "output": str(work / "run"),
        "data": {"train": "rows.jsonl", "test": "rows.jsonl"}, "prompt": "prompt.txt",
        "tokenizer": {"vocab_size": 400},
        "model": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
                  "intermediate_size": 64, "max_position_embeddings": 512},
        "warm_start": {"steps": 1000, "batch_size": 16, "learning_rate": 3e-3,
                       "answer": "{lesson}"},
        "train": {"algorithm": "grpo", "questions_per_step": 6, "num_generations": 4,
                  "max_completion_length": 24, "steps_per_iteration": 5,
                  "learning_rate": 3e-4, "log_completion_ids": True},
        "rewards": [
            {**trl, "python": "trl.rewards:accuracy_reward"},
            {**trl, "python": "trl.rewards:think_format_reward"},
            {**trl, "python": "trl.rewards:get_repetition_penalty_reward",
             "arguments": {"ngram_size": 2, "max_penalty": -1.0}},
            {**plugin, "python": "reasoning_gym:score_answer", "style": "reasoning-gym"},
            # The same two scores as they are built in.
            {"name": "repetition_penalty", "ngram_size": 2, "weight": 0},
            {"name": "think_answer_format", "weight": 0},
        ],
        "evaluation": {"samples": 1, "k": [1], "questions": 4},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grpo", required=True, help="the program")
    parser.add_argument("--work", required=True, help="an empty directory")
    arguments = parser.parse_args()
    work = pathlib.Path(arguments.work)
    questions = list(rows(60))
    (work / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in questions))
    (work / "prompt.txt").write_text("{question}\n")
    # JSON is YAML.
    (work / "recipe.yaml").write_text(json.dumps(recipe(work, sys.executable)))
    subprocess.run([arguments.grpo, "run", str(work / "recipe.yaml"), "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)

    lines = [json.loads(line) for line in (work / "run/completions.jsonl").open()]
    by_prompt = {row["question"]: row for row in questions}
    rows_of = [by_prompt[line["prompt"]] for line in lines]
    texts = [line["completion"] for line in lines]
    messages = [[{"role": "assistant", "content": text}] for text in texts]
    repetition = get_repetition_penalty_reward(ngram_size=2, max_penalty=-1.0)(
        completion_ids=[line["token_ids"] for line in lines])
    think = think_format_reward(messages)
    expected = {
        "accuracy_reward": accuracy_reward(messages, [row["solution"] for row in rows_of]),
        "think_format_reward": think,
        "get_repetition_penalty_reward": repetition,
        "score_answer": [
            get_score_answer_fn(row["metadata"]["source_dataset"])(answer=text, entry=row)
            for text, row in zip(texts, rows_of)],
        "repetition_penalty": repetition, "think_answer_format": think,
    }
    failed = False
    for name, values in expected.items():
        wrong = [(text, line[name], value) for text, line, value in zip(texts, lines, values)
                 if line[name] != (None if value is None else float(value))]
        kinds = len(set(values))
        print(f"{name}: {len(values)} completions, {kinds} different rewards, {len(wrong)} mismatches")
        for text, ours, theirs in wrong[:3]:
            print(f"  {text!r}: grpo {ours!r}, directly {theirs!r}")
        # A reward that is always the same would agree with anything.
        failed = failed or bool(wrong) or kinds < 2
    if {row["metadata"]["source_dataset"] for row in rows_of} != TASKS.keys():
        sys.exit(f"not all of {list(TASKS)} were asked")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

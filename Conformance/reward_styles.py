#!/usr/bin/env python3
"""Compares score functions of every style in `grpo reward test` and in a run with direct calls.

TRL: the twenty functions of trl_style.py, on texts and on messages. verl: the functions of
verl_style.py. reasoning-gym: the scorers of all its datasets, on questions of their own. Each runs
with one worker, and with two that share the batch. Every reward must equal that of the direct call,
to the last bit, or be missing if the direct call gives none. Exits with 1 if any differs.
"""

import argparse
import asyncio
import copy
import dataclasses
import inspect
import json
import math
import os
import pathlib
import subprocess
import sys
import types

os.environ["HF_HUB_OFFLINE"] = "1"
# Where plug-ins find the functions.
os.environ["PYTHONPATH"] = os.path.dirname(os.path.abspath(__file__))

import reasoning_gym  # noqa: E402
import trl_style  # noqa: E402
import verl_style  # noqa: E402
from reasoning_gym.factory import DATASETS, get_score_answer_fn  # noqa: E402


def number(value):
    """What a function's value is worth: None where it is no finite number, a text included."""
    if hasattr(value, "item"):
        value = value.item()
    try:
        value = None if value is None or isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if value is None or math.isfinite(value) else None


def same(ours, theirs):
    return ours == theirs and (ours is None) == (theirs is None)


class Checks:
    def __init__(self):
        self.failed = False

    def compare(self, name, ours, theirs, several=True):
        """Compares two lists of rewards; one that is always the same would agree with anything."""
        wrong = [i for i, (a, b) in enumerate(zip(ours, theirs)) if not same(a, b)]
        kinds = len({repr(value) for value in theirs})
        ok = len(ours) == len(theirs) and not wrong and (kinds > 1 or not several)
        print(f"{'ok' if ok else 'WRONG'}: {name}: {len(ours)} rewards, {kinds} different, "
              f"{len(wrong)} mismatches")
        for i in wrong[:3]:
            print(f"  {i}: grpo {ours[i]!r}, directly {theirs[i]!r}")
        self.failed = self.failed or not ok


def plugin(interpreter, **keys):
    return {"interpreter": interpreter, "start_timeout": 300, "timeout": 600,
            "memory_megabytes": 65536, **keys}


def recipe(work, data, rewards, **keys):
    path = work / f"{data}.yaml"
    # JSON is YAML.
    path.write_text(json.dumps({
        "seed": 1, "output": str(work / data), "data": {"train": f"{data}.jsonl"},
        "prompt": "prompt.txt", "tokenizer": {"vocab_size": 300},
        "model": {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4,
                  "intermediate_size": 64, "max_position_embeddings": 512},
        "warm_start": {"steps": 5, "batch_size": 8, "learning_rate": 1e-3},
        "rewards": rewards, **keys}))
    return path


def tried(grpo, path, rows):
    """What `grpo reward test` says of every reward of a recipe: completions with their rows."""
    done = subprocess.run([grpo, "reward", "test", str(path), "--json", "--limit", "10000"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # Functions that fail on purpose end it with 69, all others with 0.
    if done.returncode not in (0, 69):
        sys.exit(f"{path}: exit status {done.returncode}: {done.stderr[-2000:]}")
    by_prompt = {row["question"]: row for row in rows}
    # No splitlines: hostile completions have line separators of all kinds.
    for line in done.stdout.split("\n")[:-1]:
        report = json.loads(line)
        scores = report["scores"]
        yield (report["reward"], [s["completion"] for s in scores],
               [by_prompt[s["prompt"].removesuffix("\n")] for s in scores],
               [s["reward"] for s in scores])


def labels(texts, rows):
    return [str(row["answer"]) for row in rows]


def trl_rows(count):
    for i in range(count):
        answer = str(i * 37 % 101)
        completion = [answer, f" {answer} ", f"\\boxed{{{answer}}}", "I do not know",
                      f"<think>\n{i}\n</think><answer>{answer}</answer>", "", "é\n\"{}\" 答え"][i % 7]
        row = {"question": f"What is {i} * 37 mod 101?", "answer": answer, "completion": completion,
               "solution": f"${answer}$", "task": ["math", "code"][i % 2], "level": i % 4,
               "weights": [0.5, i], "meta": {"bonus": i / 8, "tags": ["a", None]}}
        if i % 2:
            row["missing_in_some"] = i
        yield row


def called(name, prompts, texts, rows, ids, state, conversational):
    """A TRL function called as TRL calls it; the values as rewards, and what it logged."""
    extras, metrics = {}, {}
    columns = {key: [row.get(key) for row in rows] for key in
               {key: None for row in rows for key in row} if key not in ("prompt", "completion")}
    completions = texts
    if conversational:
        prompts = [[{"role": "user", "content": text}] for text in prompts]
        completions = [[{"role": "assistant", "content": text}] for text in texts]
    columns.pop("lesson", None)
    values = getattr(trl_style, name)(
        prompts=prompts, completions=completions, completion_ids=ids, trainer_state=state,
        log_extra=lambda column, values: extras.setdefault(column, []).extend(values),
        log_metric=lambda name, value: metrics.setdefault(name, []).append(value),
        **columns)
    if inspect.iscoroutine(values):
        values = asyncio.run(values)
    return [number(value) for value in values], extras, metrics


def check_trl(grpo, python, work, checks):
    rows = list(trl_rows(35))
    (work / "trl.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    state = types.SimpleNamespace(global_step=0, max_steps=1, epoch=0.0, num_train_epochs=1)
    for conversational in (False, True):
        path = recipe(work, "trl", [
            plugin(python, python=f"trl_style:{name}", name=f"{name}, workers: {workers}",
                   workers=workers, conversational=conversational)
            for name in trl_style.FUNCTIONS for workers in (1, 2)])
        for reward, texts, found, rewards in tried(grpo, path, rows):
            name = reward.split(",")[0]
            prompts = [row["question"] + "\n" for row in found]
            # Without a tokenizer the ids are the bytes of the text.
            ids = [list(text.encode()) for text in texts]
            expected, _, _ = called(name, prompts, texts, found, ids, state, conversational)
            form = "messages" if conversational else "texts"
            checks.compare(f"trl: {form}: {reward}", rewards, expected,
                           several=name not in ("never", "schedule"))


def check_verl(grpo, python, work, checks):
    rows = []
    for i, row in enumerate(trl_rows(28)):
        rows.append({
            "question": row["question"], "answer": row["answer"], "completion": row["completion"],
            "data_source": ["math", "none"][i % 9 == 0], "extra_info": {"index": i, "split": "train"},
            "reward_model": {"style": "rule", "ground_truth": {"value": row["answer"]}}})
    (work / "verl.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    forms = [(name, workers) for name in verl_style.FUNCTIONS for workers in (1, 2)]
    path = recipe(work, "verl", [
        plugin(python, python=f"verl_style:{name}", style="verl", workers=workers,
               name=f"{name}, workers: {workers}",
               **({"arguments": verl_style.FUNCTIONS[name]} if verl_style.FUNCTIONS[name] else {}))
        for name, workers in forms])
    for reward, texts, found, rewards in tried(grpo, path, rows):
        name = reward.split(",")[0]
        expected = []
        for text, row in zip(texts, found):
            try:
                value = getattr(verl_style, name)(
                    data_source=row["data_source"], solution_str=text,
                    ground_truth=row["reward_model"]["ground_truth"],
                    extra_info=row["extra_info"], **(verl_style.FUNCTIONS[name] or {}))
                value = asyncio.run(value) if inspect.iscoroutine(value) else value
                expected.append(number(value["score"] if isinstance(value, dict) else value))
            except (KeyError, NotImplementedError):
                expected.append(None)
        checks.compare(f"verl: {reward}", rewards, expected)


def check_reasoning_gym(grpo, python, work, checks):
    rows = []
    for task in sorted(DATASETS.keys() - {"composite"}):
        for i, entry in enumerate(reasoning_gym.create_dataset(task, size=2, seed=7)):
            try:
                entry = json.loads(json.dumps(entry))
            except TypeError:
                print(f"left out: reasoning-gym: {task}: its rows are no JSON")
                break
            if entry["answer"] is None:
                continue
            # Answers that are nearly right: scorers give them something in between.
            near = str(entry["answer"])[:-1] + " "
            rows.append({**entry, "question": f"{task} {i}", "own_question": entry["question"],
                         "answer": str(entry["answer"]), "completion": near})
    (work / "gym.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = recipe(work, "gym", [
        plugin(python, python="reasoning_gym:score_answer", style="reasoning-gym", workers=workers,
               name=f"workers: {workers}") for workers in (1, 2)])
    names = {row["metadata"]["source_dataset"] for row in rows}
    for reward, texts, found, rewards in tried(grpo, path, rows):
        expected = []
        for text, row in zip(texts, found):
            row = copy.deepcopy(row)
            try:
                scorer = get_score_answer_fn(row["metadata"]["source_dataset"])
                expected.append(number(scorer(answer=text, entry=row)))
            except Exception:
                expected.append(None)
        checks.compare(f"reasoning-gym: {len(names)} scorers, {reward}", rewards, expected)


def check_run(grpo, python, work, checks):
    """All of TRL's functions in a run whose batches two workers share."""
    rows = list(trl_rows(30))
    for row in rows:
        del row["completion"]
    (work / "run.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    names = [name for name in trl_style.FUNCTIONS if name != "not_a_number_in_places"]
    path = recipe(
        work, "run",
        [plugin(python, python=f"trl_style:{name}", workers=2) for name in names],
        train={"algorithm": "grpo", "questions_per_step": 6, "num_generations": 4,
               "max_completion_length": 12, "steps_per_iteration": 4, "learning_rate": 1e-4,
               "log_completion_ids": True})
    subprocess.run([grpo, "run", str(path), "--quiet"], check=True, stdout=subprocess.DEVNULL)
    lines = [json.loads(line) for line in (work / "run/completions.jsonl").open()]
    metrics = [json.loads(line) for line in (work / "run/metrics.jsonl").open()]
    by_prompt = {row["question"]: row for row in rows}
    for name in names:
        ours, theirs = [], []
        for step in sorted({line["step"] for line in lines}):
            part = [line for line in lines if line["step"] == step]
            found = [by_prompt[line["prompt"].removesuffix("\n")] for line in part]
            state = types.SimpleNamespace(
                global_step=step - 1, max_steps=4, epoch=(step - 1) * 6 / 30, num_train_epochs=1)
            expected, extras, logged = called(
                name, [line["prompt"] for line in part], [line["completion"] for line in part],
                found, [line["token_ids"] for line in part], state, False)
            ours += [line[name] for line in part]
            theirs += expected
            if name == "unique_characters":
                checks.compare(f"run: step {step}: log_extra",
                               [line[f"{name}/unique"] for line in part], extras["unique"])
                mean = metrics[step - 1][f"rewards/{name}/unique_mean"]
                if not math.isclose(mean, logged["unique_mean"][0], rel_tol=1e-12):
                    print(f"WRONG: run: step {step}: log_metric: {mean}, {logged}")
                    checks.failed = True
        checks.compare(f"run: {name}", ours, theirs,
                       several=name not in ("never", "think_format", "boxed", "matches_answer",
                                            "math_rows_only", "truth_values"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grpo", required=True, help="the program")
    parser.add_argument("--work", required=True, help="an empty directory")
    arguments = parser.parse_args()
    work = pathlib.Path(arguments.work)
    (work / "prompt.txt").write_text("{question}\n")
    checks = Checks()
    for check in (check_trl, check_verl, check_run, check_reasoning_gym):
        check(arguments.grpo, sys.executable, work, checks)
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()

"""Compares the JSON Schema of recipes with what grpo reads.

The schema must accept every recipe of the repository and refuse the wrong ones below, each of which
grpo refuses, too. It must never refuse what grpo reads: that is tried on every key of `train` with
every algorithm, and on random combinations of keys.
"""

import argparse
import copy
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import jsonschema
import yaml

TOP = pathlib.Path(__file__).resolve().parent.parent


def keys(**values):
    """The change of some keys of `train`."""
    return {"train": values}


# What is wrong, and the change of recipes/quickstart.yaml that makes it so; None removes a key.
UNKNOWN = [
    ("a misspelt key", keys(learing_rate=1e-4)),
    ("TRL's name of a key", keys(max_steps=10)),
    ("a key of another section", {"beta": 0.1}),
    ("an unknown section", {"optimizer": {"learning_rate": 1e-3}}),
    ("an unknown algorithm", keys(algorithm="grpo2")),
    ("an unknown surrogate", keys(surrogate="clipped")),
    ("an unknown reward", {"rewards": ["exact_mach"]}),
    ("an option that no reward of this name has", {"rewards": [{"name": "exact_match", "n": 3}]}),
    ("a reward without the option that it needs", {"rewards": ["regex"]}),
    ("null for the option of a reward", {"rewards": [{"name": "exact_match", "extract": None}]}),
    ("a text for a number", keys(num_generations="eight")),
    ("a number for a truth value", keys(mask_truncated_completions=1)),
    ("a map for a list", {"rewards": {"name": "exact_match"}}),
    ("no output", {"output": None}),
    ("no learning rate", keys(learning_rate=None)),
    ("no steps", keys(steps_per_iteration=None)),
]
RANGE = [
    ("epsilon of 1", keys(epsilon=1)),
    ("temperature of 0", keys(temperature=0)),
    ("top_p of 0", keys(top_p=0)),
    ("no completions", keys(num_generations=0)),
    ("a half question", keys(questions_per_step=0.5)),
    ("a negative beta", keys(beta=-0.01)),
    ("a negative seed", {"seed": -1}),
    ("a tokenizer of a size that is refused", {"tokenizer": {"vocab_size": 32016}}),
    ("an empty list of rewards", {"rewards": []}),
    ("a range of one number", {"rewards": [{"name": "exact_match", "range": [0]}]}),
]
COMBINATION = [
    ("the keys of KL penalties without one", keys(beta=0, kl_estimator="k1")),
    ("a target of a coefficient that is fixed", keys(kl_target=0.1)),
    ("straight-through gradients of an exact divergence",
     keys(kl_estimator="exact", kl_straight_through=True)),
    ("an epsilon without a clip", keys(surrogate="ratio", epsilon=0.1)),
    ("CISPO's bound outside of the clip's range", keys(surrogate="clip", epsilon_high=500)),
    ("the deviation of groups with another advantage",
     keys(advantage="softmax", scale_rewards="none")),
    ("PPO's lambda with GRPO's advantage", keys(lam=0.9)),
    ("lambda beside td_steps", keys(algorithm="ppo-clip", td_steps=2, lam=0.9)),
    ("a value function that nothing reads", keys(value={"epochs": 2})),
    ("the epochs of a head on the policy",
     keys(algorithm="ppo-clip", value={"model": "policy", "epochs": 2})),
    ("a learning rate of a trust region", keys(algorithm="trpo")),
    ("the shrinking of no backtracking",
     keys(algorithm="trpo", backtrack_trials=0, backtrack_shrink=0.5, learning_rate=None,
          lr_scheduler_type=None, min_lr_ratio=None, adam_beta2=None, max_grad_norm=None)),
    ("a buffer of no penalty", keys(overlong_buffer=4)),
    ("a mix of a reference that is reset", keys(ref_model_sync_steps=10)),
    ("the level of GMPO's ratios", keys(algorithm="gmpo", importance_sampling_level="sequence")),
    ("a new model's width beside a directory", {"model": {"path": "m"}}),
    ("a tokenizer that is read and trained", {"tokenizer": {"path": "t.model"}}),
    ("two sources of a reward", {"rewards": [{"command": ["a"], "url": "http://a/b"}]}),
    ("messages for verl", {"rewards": [{"python": "a.py:f", "style": "verl",
                                        "conversational": True}]}),
    ("limits of a library in this process",
     {"rewards": [{"library": "a.so", "isolated": False, "workers": 2}]}),
    ("the completions of comparisons that people made",
     {"reward_model": {"preferences": "p.jsonl", "pairs_per_question": 2}}),
    ("replay of a model that learns once",
     {"reward_model": {"labeller": "exact_match", "continuous": False, "replay_share": 0.5}}),
]


def changed(recipe, change):
    """The recipe with a change, maps within it merged."""
    result = copy.deepcopy(recipe)
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = changed(result[key], value)
        else:
            result[key] = value
    return result


def values(schema):
    """Some values that a property's schema names: the ends of ranges, every choice."""
    if "anyOf" in schema:
        return [value for part in schema["anyOf"] for value in values(part)]
    if "enum" in schema:
        return schema["enum"]
    kind = schema.get("type")
    if kind == "boolean":
        return [True, False]
    if kind in ("integer", "number"):
        least = schema.get("minimum", schema.get("exclusiveMinimum", 0))
        most = schema.get("maximum", schema.get("exclusiveMaximum", 2))
        middle = [2] if kind == "integer" else [0.5, 1.5]
        return [least, *middle, most]
    return []


def read(grpo, recipes, work):
    """What grpo says of recipes: None where it reads one, or else what is wrong."""
    paths = []
    for index, recipe in enumerate(recipes):
        path = pathlib.Path(work) / f"{index}.yaml"
        # JSON is YAML, and spells 1e-05 as a number.
        path.write_text(json.dumps(recipe))
        paths.append(str(path))
    verdicts = []
    for start in range(0, len(paths), 500):
        result = subprocess.run(
            [grpo, "recipe", "check", "--keys-only", "--json", *paths[start:start + 500]],
            capture_output=True, text=True, check=False)
        for line in result.stdout.splitlines():
            said = json.loads(line)
            verdicts.append(None if said["ok"] else said["problems"][0])
    assert len(verdicts) == len(recipes), (len(verdicts), len(recipes))
    return verdicts


def combinations(recipe, schema, count):
    """Recipes with every algorithm and key of `train`, and with random keys."""
    properties = schema["properties"]["train"]
    properties = next(p for p in properties.get("anyOf", [properties]) if "properties" in p)
    choices = {key: values(s) for key, s in properties["properties"].items()}
    algorithms = choices.pop("algorithm")
    base = copy.deepcopy(recipe)
    adam = ("lr_scheduler_type", "min_lr_ratio", "adam_beta2", "max_grad_norm")
    for key in adam + ("num_iterations", "epsilon", "beta", "outer_iterations"):
        base["train"].pop(key, None)
    for algorithm in algorithms:
        own = changed(base, keys(algorithm=algorithm))
        if algorithm in ("trpo", "natural-gradient"):
            own["train"].pop("learning_rate")
        yield own
        for key, possible in choices.items():
            for value in possible[:2]:
                yield changed(own, keys(**{key: value}))
        # null asks for the default of any key.
        for key in choices:
            null = copy.deepcopy(own)
            null["train"][key] = None
            yield null
    generator = random.Random(13)
    for _ in range(count):
        chosen = {"algorithm": generator.choice(algorithms)}
        for key in generator.sample(sorted(choices), 4):
            if choices[key]:
                chosen[key] = generator.choice(choices[key])
        yield changed(base, {"train": chosen})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--grpo", required=True)
    arguments = parser.parse_args()
    schema = json.loads(subprocess.check_output([arguments.grpo, "recipe", "schema"]))
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    failures = []

    shipped = [p for p in sorted(TOP.glob("recipes/**/*.yaml"))
               if not {"recipes", "variants"} & set(yaml.safe_load(p.read_text()))]
    for path in shipped:
        for error in validator.iter_errors(yaml.safe_load(path.read_text())):
            failures.append(f"{path}: refused: {error.message[:200]}")
    print(f"ok: the schema accepts {len(shipped)} recipes of the repository")

    quickstart = yaml.safe_load((TOP / "recipes/quickstart.yaml").read_text())
    wrong = UNKNOWN + RANGE + COMBINATION
    recipes = [changed(quickstart, change) for _, change in wrong]
    with tempfile.TemporaryDirectory() as work:
        said = read(arguments.grpo, recipes, work)
        for (name, _), recipe, problem in zip(wrong, recipes, said):
            if validator.is_valid(recipe):
                failures.append(f"the schema accepts {name}")
            if problem is None:
                failures.append(f"grpo reads {name}")
        print(f"ok: the schema and grpo refuse {len(wrong)} wrong recipes, {len(RANGE)} of them by "
              f"range and {len(COMBINATION)} by combination")

        known = len(failures)
        tried = list(combinations(quickstart, schema, 1500))
        accepted = refused = left = 0
        for recipe, problem in zip(tried, read(arguments.grpo, tried, work)):
            valid = validator.is_valid(recipe)
            if problem is None and not valid:
                error = next(validator.iter_errors(recipe))
                failures.append(
                    f"refused though grpo reads it: {recipe['train']}: {error.message[:200]}")
            accepted += problem is None
            refused += problem is not None and not valid
            left += problem is not None and valid
        if len(failures) == known:
            print(f"ok: of {len(tried)} combinations grpo reads {accepted}, all of which the schema "
                  f"accepts; of {refused + left} that grpo refuses the schema refuses {refused}")
    if failures:
        sys.exit("\n".join(failures[:40]) + f"\n{len(failures)} failures")


if __name__ == "__main__":
    main()

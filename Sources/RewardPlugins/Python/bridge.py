"""Serves a Python score function in the protocol of RewardMessage.swift.

    python3 -c BRIDGE TARGET STYLE CONVERSATIONAL ARGUMENTS

TARGET is FILE.py:NAME or MODULE:NAME, ARGUMENTS a JSON object or null. Needs the standard library
only. What the function prints goes to standard error; what it reads is empty.
"""
import asyncio
import importlib
import importlib.util
import inspect
import json
import math
import os
import sys
import time
import traceback
import types


def load(target):
    place, _, name = target.rpartition(":")
    if place.endswith(".py"):
        path = os.path.abspath(place)
        sys.path.insert(0, os.path.dirname(path))
        spec = importlib.util.spec_from_file_location(
            os.path.splitext(os.path.basename(path))[0], path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    else:
        sys.path.insert(0, os.getcwd())
        module = importlib.import_module(place)
    return module, name


def attribute(module, name):
    value = module
    for part in name.split("."):
        value = getattr(value, part)
    return value


def awaited(value):
    """The value, or what it is awaited to be."""
    if not inspect.isawaitable(value):
        return value

    async def wait():
        return await value
    return asyncio.run(wait())


def taken(function, keywords):
    """Those keywords that the function takes."""
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return keywords
    names = {p.name for p in parameters}
    return {key: value for key, value in keywords.items() if key in names}


def rows(request):
    """The dataset row of each completion."""
    columns = request["columns"]
    return [{name: values[i] for name, values in columns.items()}
            for i in range(len(request["completions"]))]


def number(value):
    """A reward as JSON can have it, and why there is none."""
    if value is None:
        return None, None
    try:
        value = float(value)
    except (TypeError, ValueError):
        return None, f"got {value!r}; need a number or None"
    return (value, None) if math.isfinite(value) else (None, f"got {value}; need a finite number")


def plain(value):
    """A value as JSON can have it."""
    try:
        json.dumps(value, allow_nan=False)
        return value
    except (TypeError, ValueError):
        item = getattr(value, "item", None)
        return item() if callable(item) else str(value)


def explained(error):
    traceback.print_exc()
    return f"{type(error).__name__}: {error}"


def reply_of(values):
    pairs = [number(value) for value in values]
    reply = {"rewards": [reward for reward, _ in pairs]}
    if any(error for _, error in pairs):
        reply["error"] = [error for _, error in pairs]
    return reply


class TRL:
    """f(prompts=, completions=, completion_ids=, trainer_state=, log_extra=, log_metric=,
    **columns) -> a number or None for each; with arguments, f(**arguments) is that function."""

    def __init__(self, module, name, conversational, arguments):
        self.function = attribute(module, name)
        if arguments is not None:
            self.function = self.function(**arguments)
        self.conversational = conversational

    def score(self, request):
        prompts, completions = request["prompts"], request["completions"]
        if self.conversational:
            prompts = [[{"role": "user", "content": text}] for text in prompts]
            completions = [[{"role": "assistant", "content": text}] for text in completions]
        metrics, columns = {}, {}
        keywords = dict(request["columns"])
        keywords.update(
            prompts=prompts, completions=completions, completion_ids=request["completion_ids"],
            trainer_state=types.SimpleNamespace(global_step=request["step"]),
            log_extra=lambda column, values: columns.__setitem__(column, list(values)),
            log_metric=lambda name, value: metrics.__setitem__(name, float(value)))
        try:
            values = awaited(self.function(**taken(self.function, keywords)))
        except Exception as error:
            return {"error": explained(error)}
        reply = reply_of(values)
        if metrics:
            reply["metrics"] = metrics
        if columns:
            reply["columns"] = {name: [plain(v) for v in values] for name, values in columns.items()}
        return reply


class EachCompletion:
    """A function of one completion; what it raises fails that completion alone."""

    def score(self, request):
        values, errors, seconds, extras = [], [], [], []
        for completion, label, row in zip(request["completions"], request["labels"], rows(request)):
            start = time.perf_counter()
            try:
                value, error = awaited(self.call(completion, label, row)), None
            except Exception as raised:
                value, error = None, explained(raised)
            seconds.append(time.perf_counter() - start)
            extra = {}
            if isinstance(value, dict):
                extra = {name: plain(v) for name, v in value.items() if name != "score"}
                value = value.get("score")
            values.append(value)
            errors.append(error)
            extras.append(extra)
        reply = reply_of(values)
        found = reply.get("error", [None] * len(values))
        reply["error"] = [raised or wrong for raised, wrong in zip(errors, found)]
        reply["seconds"] = seconds
        names = {name: None for extra in extras for name in extra}
        reply["columns"] = {name: [extra.get(name) for extra in extras] for name in names}
        return reply


class Verl(EachCompletion):
    """compute_score(data_source, solution_str, ground_truth, extra_info, **arguments) -> a number,
    or a dict with its "score"."""

    def __init__(self, module, name, arguments):
        self.function = attribute(module, name)
        self.arguments = arguments or {}

    def call(self, completion, label, row):
        model = row.get("reward_model")
        truth = model.get("ground_truth") if isinstance(model, dict) else None
        return self.function(
            data_source=row.get("data_source"), solution_str=completion,
            ground_truth=label if truth is None else truth, extra_info=row.get("extra_info"),
            **self.arguments)


class ReasoningGym(EachCompletion):
    """score_answer(answer, entry) of reasoning-gym's dataset NAME (of the row's
    metadata.source_dataset for NAME score_answer), or of an object or function of one's own."""

    def __init__(self, module, name, arguments):
        self.module, self.name = module, name
        self.tag = (arguments or {}).get("tag_name")
        self.functions = {}
        if module.__name__ != "reasoning_gym":
            target = attribute(module, name)
            self.functions[None] = getattr(target, "score_answer", target)
        elif name != "score_answer":
            self.function_of(name)

    def function_of(self, dataset):
        if dataset not in self.functions:
            factory = importlib.import_module("reasoning_gym.factory")
            self.functions[dataset] = factory.get_score_answer_fn(dataset)
        return self.functions[dataset]

    def call(self, completion, label, row):
        if self.tag is not None:
            utils = importlib.import_module("reasoning_gym.utils")
            completion = utils.extract_answer(completion, tag_name=self.tag)
        if None in self.functions:
            function = self.functions[None]
        elif self.name == "score_answer":
            function = self.function_of(row["metadata"]["source_dataset"])
        else:
            function = self.function_of(self.name)
        return function(answer=completion, entry=row)


def main(target, style, conversational, arguments):
    # The protocol keeps both pipes for itself.
    requests = os.fdopen(os.dup(0), encoding="utf-8", newline="\n")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    module, name = load(target)
    arguments = json.loads(arguments)
    if style == "verl":
        scorer = Verl(module, name, arguments)
    elif style == "reasoning-gym":
        scorer = ReasoningGym(module, name, arguments)
    else:
        scorer = TRL(module, name, conversational == "true", arguments)
    for line in requests:
        request = json.loads(line)
        # The empty batch at the start asks whether all this works, not the function.
        reply = scorer.score(request) if request["completions"] else {"rewards": []}
        reply["id"] = request["id"]
        replies.write(json.dumps(reply, allow_nan=False) + "\n")
        replies.flush()


main(*sys.argv[1:])

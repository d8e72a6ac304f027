"""Serves a Python score function in the protocol of RewardMessage.swift.

    python3 -c BRIDGE TARGET STYLE CONVERSATIONAL ARGUMENTS

TARGET is FILE.py:NAME or MODULE:NAME, ARGUMENTS a JSON object or null. Needs the standard library
only. What the function prints goes to standard error; what it reads is empty. Whatever it raises or
returns is a reply: only what ends a process ends this one.
"""
import sys

# With -c the current folder comes first; nothing of it is to pass for a module of Python's own.
if sys.path[:1] == [""]:
    del sys.path[0]

import asyncio
import collections.abc
import dataclasses
import importlib
import importlib.util
import inspect
import itertools
import json
import math
import os
import time
import traceback

# What may be logged beside a batch, in bytes: a reply has to stay below 8 MiB.
LARGEST_LOG = 4 << 20

OWN_PROCESS = os.getpid()


def is_final(error):
    """Whether what was raised ends this process: in a child that a function forked, anything does."""
    return isinstance(error, KeyboardInterrupt) or os.getpid() != OWN_PROCESS


def load(target):
    place, _, name = target.rpartition(":")
    if not place.endswith(".py"):
        sys.path.insert(0, os.getcwd())
        return importlib.import_module(place), name
    path = os.path.abspath(place)
    stem = os.path.splitext(os.path.basename(path))[0]
    if stem in getattr(sys, "stdlib_module_names", ()):
        # Whoever imports a module of that name means Python's.
        importlib.import_module(stem)
        stem = f"_{stem}"
    sys.path[:0] = dict.fromkeys([os.path.dirname(path), os.getcwd()])
    spec = importlib.util.spec_from_file_location(stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        if "relative import" not in str(error):
            raise
        package = os.path.relpath(path)[:-len(".py")].replace(os.sep, ".")
        raise ImportError(
            f"{error} (a file has none; need a module, such as {package}:{name})") from error
    return module, name


def attribute(module, name):
    value = module
    for part in name.split("."):
        value = getattr(value, part)
    return value


# One for the life of the process, as in TRL: what a coroutine opens may serve the next one.
loop = asyncio.new_event_loop()


def awaited(value):
    """The value, or what it is awaited to be."""
    if not inspect.isawaitable(value):
        return value

    async def wait():
        return await value
    return loop.run_until_complete(wait())


def taken(function, keywords):
    """Those keywords that the function takes."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return keywords
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return keywords
    names = {p.name for p in parameters}
    return {key: value for key, value in keywords.items() if key in names}


def names_of_parameters(function):
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return set()


def rows(request):
    """The dataset row of each completion."""
    columns = request["columns"]
    return [{name: values[i] for name, values in columns.items()}
            for i in range(len(request["completions"]))]


# MARK: Values of any kind


def clean(text):
    """A text that JSON can have: lone surrogates are question marks."""
    return str(text).encode("utf-8", "replace").decode("utf-8")


def shown(value):
    """A value for a message, whatever its repr does."""
    try:
        text = repr(value)
    except BaseException as error:
        if is_final(error):
            raise
        text = f"a value of type {type(value).__name__}"
    return clean(text if len(text) <= 200 else text[:200] + "…")


def explained(error):
    """What was raised, in one line; the whole of it goes to standard error."""
    try:
        traceback.print_exception(type(error), error, error.__traceback__)
        text = str(error)
    except BaseException as further:
        if is_final(further):
            raise
        text = "it has no text"
    return clean(f"{type(error).__name__}: {text}")[:1000]


def is_no_number(value):
    """Whether an array's entry is masked, or a time, whose item is a number all the same."""
    mask = getattr(value, "mask", None)
    get_mask = getattr(value, "get_mask", None)  # a masked tensor of torch
    if callable(get_mask):
        # True stands there for what is not masked.
        return not bool(get_mask())
    if mask is not None and not callable(mask) and bool(mask):
        return True
    return getattr(getattr(value, "dtype", None), "kind", None) in ("m", "M")


def number(value):
    """A reward as JSON can have it, and why there is none.

    A truth value is 1 or 0, as TRL takes it; a text is no number, whatever it says.
    """
    if value is None:
        return None, None
    try:
        if is_no_number(value):
            raise TypeError
        item = getattr(value, "item", None)  # a scalar of numpy or torch
        scalar = item() if callable(item) else value
        # What has neither is a text or a buffer, in which float looks for digits.
        if isinstance(scalar, str) or not any(
                hasattr(type(scalar), name) for name in ("__float__", "__index__")):
            raise TypeError
        result = float(scalar)
    except BaseException as error:
        if is_final(error):
            raise
        return None, f"got {shown(value)}; need a number or None"
    return (result, None) if math.isfinite(result) else (None, f"got {result}; need a finite number")


def scores(values, count):
    """The reply that gives each of `count` completions what a function returned for it.

    What is no list of so many has an order or a meaning that nobody knows, and fails the batch.
    """
    need = f"need a list of {count} numbers or None"
    refused = (str, bytes, bytearray, memoryview, collections.abc.Mapping, collections.abc.Set)
    if isinstance(values, refused) or not hasattr(type(values), "__iter__") \
            and not hasattr(type(values), "__getitem__"):
        return {"error": f"returned {shown(values)}; {need}"}
    # Running through them may raise, or not end.
    elements = list(itertools.islice(iter(values), count + 1))
    if len(elements) != count:
        got = f"more than {count}" if len(elements) > count else len(elements)
        return {"error": f"returned {got} rewards for {count} completions; {need}"}
    pairs = [number(value) for value in elements]
    reply = {"rewards": [reward for reward, _ in pairs]}
    if any(error for _, error in pairs):
        reply["error"] = [error for _, error in pairs]
    return reply


def loggable(value, depth=8):
    """A value as JSON can have it: what JSON cannot have becomes a text."""
    if value is None or isinstance(value, bool):
        return value
    try:
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, int) and abs(value) < 1 << 63:
            return int(value)
        if isinstance(value, float) and math.isfinite(value):
            return float(value)
        if depth > 0:
            if isinstance(value, collections.abc.Mapping):
                return {clean(key): loggable(v, depth - 1) for key, v in value.items()}
            if isinstance(value, (list, tuple)):
                return [loggable(v, depth - 1) for v in value]
            tolist = getattr(value, "tolist", None)  # an array or scalar of numpy or torch
            if callable(tolist):
                return loggable(tolist(), depth - 1)
        return clean(value)
    except BaseException as error:
        if is_final(error):
            raise
        return shown(value)


class Log:
    """What is logged beside scores. Nothing here raises; the trainer leaves out what it cannot log."""

    def __init__(self, count):
        self.count = count
        self.metrics, self.columns = {}, {}

    def metric(self, name, value):
        """TRL's log_metric: of several values of a name the mean is logged."""
        self.metrics.setdefault(loggable_name(name), []).append(value)

    def extra(self, column, values):
        """TRL's log_extra: what is said of a column more than once follows what was said."""
        try:
            if isinstance(values, (str, bytes, bytearray, memoryview)):
                raise TypeError
            cells = [loggable(v) for v in itertools.islice(iter(values), self.count + 1)]
        except BaseException as error:
            if is_final(error):
                raise
            cells = [f"{type(error).__name__}: {shown(values)}"] * (self.count + 1)
        self.columns.setdefault(loggable_name(column), []).extend(cells)

    def add_to(self, reply):
        logged = {"metrics": {name: mean(values) for name, values in self.metrics.items()},
                  "columns": self.columns}
        for key, values in logged.items():
            for name, value in values.items():
                if len(json.dumps(value)) > LARGEST_LOG / max(1, len(values)) / 2:
                    values[name] = "too long to be logged"
            if values:
                reply[key] = values


def loggable_name(name):
    return clean(name) if isinstance(name, str) else shown(name)


def mean(values):
    """The mean of numbers; or else the first that is none, which is not logged."""
    pairs = [number(value) for value in values]
    for value, (found, _) in zip(values, pairs):
        if found is None:
            return loggable(value) if isinstance(value, str) else shown(value)
    return math.fsum(found / len(pairs) for found, _ in pairs)


# MARK: Functions of other toolkits


@dataclasses.dataclass
class TrainerState:
    """The fields of transformers' TrainerState; the trainer fills in those that it knows."""
    epoch: float = 0.0
    global_step: int = 0
    max_steps: int = 1
    logging_steps: int = 1
    eval_steps: int = 500
    save_steps: int = 500
    train_batch_size: int = None
    num_train_epochs: int = 1
    num_input_tokens_seen: int = 0
    total_flos: float = 0
    log_history: list = dataclasses.field(default_factory=list)
    best_metric: float = None
    best_global_step: int = None
    best_model_checkpoint: str = None
    is_local_process_zero: bool = True
    is_world_process_zero: bool = True
    is_hyper_param_search: bool = False
    trial_name: str = None
    trial_params: dict = None
    stateful_callbacks: dict = dataclasses.field(default_factory=dict)


def is_conversation(value):
    return isinstance(value, list) and bool(value) and all(
        isinstance(message, dict) and "role" in message for message in value)


class Style:
    def explained(self, error):
        """What was raised, and what may be meant where the function is one of another style."""
        reason = explained(error)
        return reason + self.hint(reason)

    def hint(self, reason):
        return ""


class TRL(Style):
    """f(prompts=, completions=, completion_ids=, trainer_state=, log_extra=, log_metric=,
    **columns) -> a number or None for each; with arguments, f(**arguments) is that function."""

    def __init__(self, module, name, conversational, arguments):
        self.function = attribute(module, name)
        if arguments is not None:
            self.function = self.function(**arguments)
        self.conversational = conversational

    def hint(self, reason):
        """What may be meant where the function raised what it would for another style."""
        if "solution_str" in names_of_parameters(self.function):
            return "; it takes what verl gives (style: verl)"
        doubtful = ("string ind", "'str' object has no attribute 'get'")
        if not self.conversational and any(words in reason for words in doubtful):
            return ("; if the function expects lists of messages, set conversational: true "
                    "(or --conversational)")
        return ""

    def score(self, request):
        prompts, completions = request["prompts"], request["completions"]
        count = len(completions)
        columns = dict(request["columns"])
        # As in TRL, these are no columns: the arguments of nearly the same names have them.
        given = columns.pop("prompt", [])
        columns.pop("completion", None)
        columns.pop("completion_ids", None)
        if self.conversational:
            given = given or [None] * len(prompts)
            prompts = [row if is_conversation(row) else [{"role": "user", "content": text}]
                       for row, text in zip(given, prompts)]
            completions = [[{"role": "assistant", "content": text}] for text in completions]
        log = Log(count)
        # Outside of a run nothing is known but the step, which counts from 1.
        state = request.get("trainer_state", {"global_step": max(0, request["step"] - 1)})
        keywords = dict(
            columns, prompts=prompts, completions=completions,
            completion_ids=request["completion_ids"],
            trainer_state=TrainerState(**state),
            log_extra=log.extra, log_metric=log.metric)
        values = awaited(self.function(**taken(self.function, keywords)))
        reply = scores(values, count)
        log.add_to(reply)
        return reply


class EachCompletion(Style):
    """A function of one completion; what it raises fails that completion alone."""

    def score(self, request):
        pairs, seconds, extras = [], [], []
        for completion, label, row in zip(request["completions"], request["labels"], rows(request)):
            start = time.perf_counter()
            extra = {}
            try:
                value = awaited(self.call(completion, label, row))
                if isinstance(value, collections.abc.Mapping):
                    extra = {loggable_name(name): loggable(v)
                             for name, v in value.items() if name != "score"}
                    if "score" not in value:
                        raise KeyError("score")
                    value = value["score"]
                pairs.append(number(value))
            except BaseException as error:
                if is_final(error):
                    raise
                pairs.append((None, self.explained(error)))
            seconds.append(time.perf_counter() - start)
            extras.append(extra)
        reply = {"rewards": [reward for reward, _ in pairs], "error": [error for _, error in pairs],
                 "seconds": seconds}
        log = Log(len(pairs))
        for name in {name: None for extra in extras for name in extra}:
            log.extra(name, [extra.get(name) for extra in extras])
        log.add_to(reply)
        return reply


class Verl(EachCompletion):
    """compute_score(data_source, solution_str, ground_truth, extra_info, **arguments) -> a number,
    or a dict with its "score"."""

    def __init__(self, module, name, arguments):
        self.function = attribute(module, name)
        self.arguments = arguments or {}

    def hint(self, reason):
        is_of_batches = "completions" in names_of_parameters(self.function)
        return "; it takes what TRL gives (style: trl)" if is_of_batches else ""

    def call(self, completion, label, row):
        model = row.get("reward_model")
        truth = model.get("ground_truth") if isinstance(model, dict) else None
        extra = row.get("extra_info")
        keywords = taken(self.function, dict(
            data_source=row.get("data_source"), solution_str=completion,
            ground_truth=label if truth is None else truth,
            extra_info={} if extra is None else extra))
        return self.function(**keywords, **self.arguments)


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
    try:
        module, name = load(target)
        arguments = json.loads(arguments)
        if style == "verl":
            scorer = Verl(module, name, arguments)
        elif style == "reasoning-gym":
            scorer = ReasoningGym(module, name, arguments)
        else:
            scorer = TRL(module, name, conversational == "true", arguments)
    except Exception as error:
        # The last line is what the trainer shows; a SyntaxError's has no place otherwise.
        print(explained(error), file=sys.stderr)
        sys.exit(1)
    for line in requests:
        request = json.loads(line)
        reply = {"rewards": []}
        # The empty batch at the start asks whether all this works, not the function.
        if request["completions"]:
            try:
                reply = scorer.score(request)
            except BaseException as error:
                if is_final(error):
                    raise
                reply = {"error": scorer.explained(error)}
        if os.getpid() != OWN_PROCESS:
            sys.exit()
        reply["id"] = request["id"]
        replies.write(json.dumps(reply, allow_nan=False) + "\n")
        replies.flush()


main(*sys.argv[1:])

"""Twenty reward functions as TRL's documentation has them: what they take, return and log.

Each function scores a completion by itself, so a divided batch gets the same numbers. Slow imports
are in the functions that need them.
"""
import asyncio
import decimal
import fractions
import math
import re


def text_of(completion):
    """The text of a completion in either form."""
    return completion if isinstance(completion, str) else completion[0]["content"]


def length(completions, **kwargs):
    return [float(len(text_of(c))) for c in completions]


def unique_characters(prompts, completions, completion_ids, trainer_state, log_extra, log_metric,
                      **kwargs):
    assert len(prompts) == len(completions) == len(completion_ids)
    counts = [len(set(text_of(c))) for c in completions]
    log_extra("unique", counts)
    log_metric("unique_mean", sum(counts) / len(counts))
    return counts


def matches_answer(completions, answer, **kwargs):
    return [1.0 if text_of(c).strip() == str(a) else 0.0 for c, a in zip(completions, answer)]


def think_format(completions, **kwargs):
    pattern = re.compile(r"^<think>.*?</think><answer>.*?</answer>$", re.DOTALL)
    return [1.0 if pattern.match(text_of(c)) else 0.0 for c in completions]


def boxed(completions, answer, **kwargs):
    found = [re.search(r"\\boxed\{(.*?)\}", text_of(c)) for c in completions]
    return [1.0 if m and m.group(1) == str(a) else 0.0 for m, a in zip(found, answer)]


def math_rows_only(prompts, completions, answer, task, **kwargs):
    return [float(text_of(c).strip() == str(a)) if t == "math" else None
            for c, a, t in zip(completions, answer, task)]


def never(completions, **kwargs):
    return [None] * len(completions)


def truth_values(completions, answer, **kwargs):
    return [str(a) in text_of(c) for c, a in zip(completions, answer)]


def extra_columns(completions, level, weights, meta, missing_in_some=None, **kwargs):
    # A batch none of whose rows has a column has no such keyword.
    missing_in_some = missing_in_some or [None] * len(completions)
    return [n * len(text_of(c)) + sum(w) + m["bonus"] + (0 if x is None else x)
            for c, n, w, m, x in zip(completions, level, weights, meta, missing_in_some)]


def every_keyword(prompts, completions, completion_ids, trainer_state, log_extra, log_metric, answer,
                  question, task, level, weights, meta, solution, missing_in_some=None):
    return [len(q) + (0 if "prompt" in m else 1) for q, m in zip(question, meta)]


def not_a_number_in_places(completions, **kwargs):
    return [math.nan if len(text_of(c)) % 3 == 0 else len(text_of(c)) / 3 for c in completions]


async def asynchronous(prompts, completions, **kwargs):
    async def one(completion):
        await asyncio.sleep(0)
        return len(text_of(completion).split())
    return await asyncio.gather(*(one(c) for c in completions))


def array(completions, **kwargs):
    import numpy
    return numpy.array([len(text_of(c)) / 7 for c in completions])


def tensor(completions, **kwargs):
    import torch
    return torch.tensor([len(text_of(c)) / 7 for c in completions])


def generator(completions, **kwargs):
    return (len(text_of(c)) ** 0.5 for c in completions)


def exact_types(completions, **kwargs):
    import numpy
    kinds = [int, float, numpy.float32, numpy.int64, decimal.Decimal, fractions.Fraction, bool]
    return [kinds[len(text_of(c)) % len(kinds)](len(text_of(c))) for c in completions]


class Penalty:
    """A callable object, as TRL's own repetition penalty is a closure."""

    def __init__(self, weight):
        self.weight = weight

    def __call__(self, completions, **kwargs):
        return [-self.weight * len(text_of(c)) for c in completions]


penalty = Penalty(0.125)


def logs_odd_things(completions, log_extra, log_metric, **kwargs):
    import numpy
    log_metric("nan", math.nan)
    log_metric("array", numpy.arange(3))
    log_metric("kept", numpy.float32(0.5))
    log_extra("short", [1])
    log_extra("nan", [math.nan] * len(completions))
    log_extra("matrix", numpy.ones((len(completions), 2)))
    log_extra("text", [text_of(c)[:3] for c in completions])
    return [len(text_of(c)) for c in completions]


def tokens(completion_ids, **kwargs):
    return [sum(ids) / (1 + len(ids)) for ids in completion_ids]


def schedule(completions, trainer_state, **kwargs):
    part = trainer_state.global_step / trainer_state.max_steps
    return [part + trainer_state.epoch + trainer_state.num_train_epochs] * len(completions)


FUNCTIONS = [
    "length", "unique_characters", "matches_answer", "think_format", "boxed", "math_rows_only", "never",
    "truth_values", "extra_columns", "every_keyword", "not_a_number_in_places", "asynchronous",
    "array", "tensor", "generator", "exact_types", "penalty", "logs_odd_things", "tokens", "schedule",
]

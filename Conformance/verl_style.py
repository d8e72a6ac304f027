"""Score functions as verl calls them: one completion, by keyword."""
import math


def plain(data_source, solution_str, ground_truth, extra_info=None):
    return float(solution_str.strip() == ground_truth["value"])


def dictionary(data_source, solution_str, ground_truth, extra_info=None):
    right = solution_str.strip() == ground_truth["value"]
    return {"score": right - 0.1 * extra_info["index"], "acc": right, "pred": solution_str[:5]}


def by_source(data_source, solution_str, ground_truth, extra_info):
    if data_source == "none":
        raise NotImplementedError(data_source)
    return len(solution_str) / 8


def with_arguments(data_source, solution_str, ground_truth, extra_info, scale, bonus=0):
    return scale * len(solution_str) + bonus


def odd_values(data_source, solution_str, ground_truth, extra_info):
    return [1, True, None, math.nan, "3", {"acc": 1}, 10**400][len(solution_str) % 7]


async def asynchronous(data_source, solution_str, ground_truth, extra_info):
    return {"score": len(solution_str)}


FUNCTIONS = {"plain": None, "dictionary": None, "by_source": None,
             "with_arguments": {"scale": 0.5, "bonus": 3}, "odd_values": None, "asynchronous": None}

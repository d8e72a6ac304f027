#!/usr/bin/env python3
"""A reward as a command. In a recipe:  rewards: [{ command: [./score.py], timeout: 30 }]

Standard input: one JSON object a line, each a request with lists of equal length:
    prompts, completions   what the policy was asked, and what it wrote
    labels                 the expected answers (null where a row has none)
    completion_ids, finish_reasons, query (prompt + completion), columns (of the dataset); id, step
Standard output: one JSON object a line, the reply:
    id                     the request's: no late line passes for the reply to another
    rewards                a number each, or null where this reward does not apply
    error                  optional: null each, or why there is no score (masked, never a zero)
    metrics                optional: numbers to log, under any name
Standard error is yours: the last line of it is shown when something goes wrong.
"""
import json
import sys

for line in sys.stdin:
    request = json.loads(line)
    rewards = []
    for completion, label in zip(request["completions"], request["labels"]):
        right = label is not None and completion.strip() == label.strip()
        rewards.append(None if label is None else 1.0 if right else -0.01 * len(completion))
    reply = {"id": request["id"], "rewards": rewards, "metrics": {"right": rewards.count(1.0)}}
    print(json.dumps(reply), flush=True)

#!/usr/bin/env python3
"""A reward as a command. In a recipe:  rewards: [{ command: [./score.py], timeout: 30 }]

Standard input: one request per line, a JSON object with lists of equal length:
    prompts, completions   what the policy was given, and what it wrote
    labels                 the expected answers (null if a row has none)
    completion_ids, finish_reasons, query (prompt + completion), columns (of the data set); id, step
Standard output: one reply per line, a JSON object:
    id                     the request's, so that no late line is mistaken for another reply
    rewards                one number per completion, or null if this reward does not apply
    error                  optional: one text per completion: why there is no score (masked, never
                           zero); null if there is one
    metrics                optional: numbers to log, under any name
Standard error is free for your own messages: grpo shows its last line if the program fails.
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

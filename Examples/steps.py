#!/usr/bin/env python3
"""Rewards the single steps of a solution. In a recipe:  rewards: [{ command: [./steps.py] }]

Commas separate the steps, as in 1-6=-5, -5+9=4. A step that equals the row's step at the same place
gets its share of 1, any other step 0. The reward is given where the step ends: `end` is the offset
after the step, in bytes of UTF-8.
"""
import json
import sys

for line in sys.stdin:
    request = json.loads(line)
    step_rewards = []
    for completion, working in zip(request["completions"], request["columns"].get("steps", [])):
        expected = [step.strip() for step in working.split(",")]
        steps, end = [], 0
        for place, text in enumerate(completion.split(",")):
            end += len(text.encode())
            right = place < len(expected) and text.strip() == expected[place]
            if end > 0:
                steps.append({"end": end, "reward": 1 / len(expected) if right else 0})
            end += 1
        step_rewards.append(steps)
    print(json.dumps({"step_rewards": step_rewards, "id": request["id"]}), flush=True)

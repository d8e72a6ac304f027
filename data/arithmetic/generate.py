#!/usr/bin/env python3
"""Writes train.jsonl and test.jsonl: every sum and difference of two numbers below 100.

Also writes the sums and the differences to separate files. Every run writes the same bytes; `--check`
compares with the files in this folder instead.
"""

import argparse
import json
import pathlib
import random
import sys

SEED = 20240
HELD_OUT = 500


def questions():
    """All 20,000 questions in a fixed order: 100 × 100 sums, then as many differences."""
    for a in range(100):
        for b in range(100):
            yield {"question": f"{a}+{b}", "answer": str(a + b)}
    for a in range(100):
        for b in range(100):
            yield {"question": f"{a}-{b}", "answer": str(a - b)}


def files():
    """The content of each file, by name."""
    rows = list(questions())
    random.Random(SEED).shuffle(rows)
    parts = {"test.jsonl": rows[:HELD_OUT], "train.jsonl": rows[HELD_OUT:]}
    for operation, sign in [("addition", "+"), ("subtraction", "-")]:
        for name in ["test.jsonl", "train.jsonl"]:
            parts[f"{operation}-{name}"] = [row for row in parts[name] if sign in row["question"]]
    return {name: "".join(json.dumps(row) + "\n" for row in part) for name, part in parts.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments = parser.parse_args()
    folder = pathlib.Path(__file__).resolve().parent
    for name, content in files().items():
        path = folder / name
        if not arguments.check:
            path.write_bytes(content.encode())
        elif not path.exists() or path.read_bytes() != content.encode():
            sys.exit(f"{path}: differs from what generate.py writes")


if __name__ == "__main__":
    main()

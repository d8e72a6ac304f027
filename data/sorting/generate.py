#!/usr/bin/env python3
"""Writes train.jsonl and test.jsonl: short lists of numbers or letters, and the same in order.

Every run writes the same bytes; `--check` compares with the files in this folder instead.
"""

import argparse
import json
import pathlib
import random
import string
import sys

SEED = 20241
ROWS = 6300
HELD_OUT = 300
LENGTHS = range(3, 7)


def draw(generator):
    """Three to six numbers below 100, or in one list of three as many letters."""
    length = generator.choice(LENGTHS)
    if generator.randrange(3) == 0:
        return generator.choices(string.ascii_lowercase, k=length)
    return [generator.randrange(100) for _ in range(length)]


def rows():
    """No list occurs twice, in whatever order."""
    generator = random.Random(SEED)
    found = {}
    while len(found) < ROWS:
        items = draw(generator)
        question, answer = (" ".join(map(str, part)) for part in (items, sorted(items)))
        found.setdefault(answer, {"question": question, "answer": answer})
    return list(found.values())


def files():
    """The content of each file, by name."""
    lines = [json.dumps(row) + "\n" for row in rows()]
    return {
        "test.jsonl": "".join(lines[:HELD_OUT]),
        "train.jsonl": "".join(lines[HELD_OUT:]),
    }


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

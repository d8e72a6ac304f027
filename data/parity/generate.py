#!/usr/bin/env python3
"""Writes train.jsonl and test.jsonl: bit strings, how many ones they have, and its parity.

Every run writes the same bytes; `--check` compares with the files in this folder instead.
"""

import argparse
import json
import pathlib
import random
import sys

SEED = 20243
HELD_OUT = 300
LENGTHS = range(4, 13)


def rows():
    """All 8,176 strings of 4 to 12 bits, in a fixed order that is random."""
    strings = [f"{number:0{length}b}" for length in LENGTHS for number in range(2**length)]
    random.Random(SEED).shuffle(strings)
    for bits in strings:
        ones = bits.count("1")
        yield {"question": bits, "answer": f"{ones} {('even', 'odd')[ones % 2]}"}


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

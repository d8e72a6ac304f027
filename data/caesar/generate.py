#!/usr/bin/env python3
"""Writes train.jsonl and test.jsonl: made-up words, and their encryption by Caesar's cipher.

Every run writes the same bytes; `--check` compares with the files in this folder instead.
"""

import argparse
import json
import pathlib
import random
import string
import sys

SEED = 20242
ROWS = 6300
HELD_OUT = 300
LENGTHS = range(3, 6)
SHIFTS = range(1, 10)
VOWELS = "aeiou"
CONSONANTS = "".join(letter for letter in string.ascii_lowercase if letter not in VOWELS)


def draw(generator):
    """Consonants and vowels in turn, beginning with either."""
    kinds = [CONSONANTS, VOWELS]
    generator.shuffle(kinds)
    return "".join(generator.choice(kinds[i % 2]) for i in range(generator.choice(LENGTHS)))


def shifted(word, shift):
    """Every letter moved on in the alphabet, from z to a again."""
    letters = string.ascii_lowercase
    return "".join(letters[(letters.index(letter) + shift) % 26] for letter in word)


def rows():
    """No word occurs twice."""
    generator = random.Random(SEED)
    found = {}
    while len(found) < ROWS:
        word, shift = draw(generator), generator.choice(SHIFTS)
        row = {"question": f"{word} + {shift}", "answer": shifted(word, shift)}
        found.setdefault(word, row)
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

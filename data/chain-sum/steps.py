#!/usr/bin/env python3
"""Writes steps.jsonl: the rows of train.jsonl with the steps that lead to each answer.

Every run writes the same bytes; `--check` compares with the file in this folder instead.
"""

import argparse
import json
import pathlib
import sys


def steps(question):
    """One sum a term: "1 - 6 + 9 =" has 1-6=-5 and -5+9=4."""
    words = question.split(":")[1].split()
    total, done = int(words[0]), []
    for sign, term in zip(words[1:-1:2], words[2:-1:2]):
        result = total + int(term) if sign == "+" else total - int(term)
        done.append(f"{total}{sign}{term}={result}")
        total = result
    return done, total


def content(folder):
    """The rows, each with the column `steps`; its last number is the answer."""
    lines = []
    for line in (folder / "train.jsonl").read_text().splitlines():
        row = json.loads(line)
        done, total = steps(row["question"])
        assert str(total) == row["answer"], line
        row["steps"] = ", ".join(done)
        lines.append(json.dumps(row) + "\n")
    return "".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments = parser.parse_args()
    folder = pathlib.Path(__file__).resolve().parent
    path, bytes_now = folder / "steps.jsonl", content(folder).encode()
    if not arguments.check:
        path.write_bytes(bytes_now)
    elif not path.exists() or path.read_bytes() != bytes_now:
        sys.exit(f"{path}: differs from what steps.py writes")


if __name__ == "__main__":
    main()

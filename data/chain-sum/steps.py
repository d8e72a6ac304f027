#!/usr/bin/env python3
"""Writes steps.jsonl: the rows of train.jsonl with the running sums that lead to each answer.

The same bytes come out on every run; `--check` compares them with the file that is here.
"""

import argparse
import json
import pathlib
import sys


def running_sums(question):
    """The sum after each term but the first: "1 - 6 + 9 =" has -5 and 4."""
    words = question.split(":")[1].split()
    total, sums = int(words[0]), []
    for sign, term in zip(words[1:-1:2], words[2:-1:2]):
        total += int(term) if sign == "+" else -int(term)
        sums.append(total)
    return sums


def content(folder):
    """The rows, each with the column `steps`; its last number is the answer."""
    lines = []
    for line in (folder / "train.jsonl").read_text().splitlines():
        row = json.loads(line)
        sums = running_sums(row["question"])
        assert str(sums[-1]) == row["answer"], line
        row["steps"] = ", ".join(map(str, sums))
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

#!/usr/bin/env python3
"""Writes train.jsonl and test.jsonl: short stories, each with a question and its one answer.

Every run writes the same bytes; `--check` compares with the files in this folder instead, and
`--report` describes the set. Every question that a story allows, asked or not, is looked up in the
story's facts and must have exactly one answer.
"""

import argparse
import collections
import json
import pathlib
import random
import re
import sys

from lexicon import SCENERY
from scenes import SCENES, weather

SEED = 20241
TRAIN, TEST = 20000, 500
SHORT = 15  # words; shorter stories mostly get a sentence of scenery
KINDS = ["who"] * 4 + ["where"] * 4 + ["what"] * 4 + ["order"] * 3 + ["colour", "count", "when"] * 2


def words(text):
    return re.findall(r"[A-Za-z]{2,}|[aI]", text)


def tell_story(r, kind):
    """A story that allows a question of this kind."""
    while True:
        scene = r.choice(SCENES)
        story = scene(r)
        for _, question, pattern in story.questions:
            if len(story.answers(pattern)) != 1:
                raise ValueError(f"{story.sentences} {question} {story.answers(pattern)}")
        if any(asked == kind for asked, _, _ in story.questions):
            break
    chance = 0.8 if len(words(" ".join(story.sentences))) < SHORT else 0.25
    if scene is not weather and r.random() < chance:
        place = 0 if r.random() < 0.7 else len(story.sentences)
        story.sentences.insert(place, r.choice(SCENERY))
    return story


def rows():
    """All rows, no two of which are made of the same sentences."""
    r = random.Random(SEED)
    seen = set()
    while len(seen) < TRAIN + TEST:
        kind = r.choice(KINDS)
        story = tell_story(r, kind)
        key = tuple(sorted(story.sentences))
        if key in seen:
            continue
        seen.add(key)
        _, question, pattern = r.choice([item for item in story.questions if item[0] == kind])
        yield {
            "story": " ".join(story.sentences),
            "question": question,
            "answer": story.answers(pattern)[0],
            "kind": kind,
        }


def files():
    """The content of each file, by name."""
    lines = [json.dumps(row) + "\n" for row in rows()]
    return {"test.jsonl": "".join(lines[:TEST]), "train.jsonl": "".join(lines[TEST:])}


def report(contents):
    """Vocabulary, lengths, and how far two kinds of guessing get on the held-out rows."""
    train, test = (
        [json.loads(line) for line in contents[name].splitlines()]
        for name in ["train.jsonl", "test.jsonl"]
    )
    texts = [words(f"{row['story']} {row['question']} {row['answer']}") for row in train]
    lengths = sorted(len(text) - len(words(row["answer"])) for text, row in zip(texts, train))
    vocabulary = collections.Counter(word for text in texts for word in text)
    print(f"rows        {len(train)} train, {len(test)} test")
    print(
        f"vocabulary  {len(vocabulary)} words, {len({w.lower() for w in vocabulary})} ignoring case"
    )
    middle, last = lengths[len(lengths) // 2], lengths[-1]
    mean = sum(lengths) / len(lengths)
    print(f"words in story and question: {lengths[0]} to {last}, median {middle}, mean {mean:.1f}")
    print(f"\n{'kind':8}{'train':>7}{'answers':>9}{'majority':>10}{'share':>7}{'candidate':>11}")
    total = [0.0, 0.0]
    for kind in dict.fromkeys(KINDS):
        answers = collections.Counter(row["answer"] for row in train if row["kind"] == kind)
        majority, _ = answers.most_common(1)[0]
        asked = [row for row in test if row["kind"] == kind]
        right = sum(row["answer"] == majority for row in asked)
        chance = 0.0
        for row in asked:
            candidates = set(words(row["story"])) & set(answers)
            chance += (row["answer"] in candidates) / max(1, len(candidates))
        total = [total[0] + right, total[1] + chance]
        print(
            f"{kind:8}{answers.total():7}{len(answers):9}{majority:>10}"
            f"{right / len(asked):7.1%}{chance / len(asked):11.1%}"
        )
    print(f"{'all':34}{total[0] / len(test):7.1%}{total[1] / len(test):11.1%}")
    print("share: always the kind's commonest answer; candidate: any word of the story that")
    print("answers some question of the kind")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--report", action="store_true", help="describe the set, write nothing")
    arguments = parser.parse_args()
    folder = pathlib.Path(__file__).resolve().parent
    contents = files()
    if arguments.report:
        report(contents)
    for name, content in contents.items():
        path = folder / name
        if arguments.check:
            if not path.exists() or path.read_bytes() != content.encode():
                sys.exit(f"{path}: differs from what generate.py writes")
        elif not arguments.report:
            path.write_bytes(content.encode())


if __name__ == "__main__":
    main()

"""Checks a tokenizer directory of ours against transformers.

    python tokenizer.py DIRECTORY CASES.jsonl

A line of CASES.jsonl is {"text": …, "ids": […], "decoded": …}, as `grpo tokenizer encode --json`
prints it; "decoded" may be absent. Each text must give the same ids, after BOS if the model has
one. Each list of ids must give the same text, except for unknown pieces, which transformers drops.
Control symbols in a text are not parsed. Prints one line per difference and a summary; exits with 1 if
anything differs.

Needs transformers 5.23.0.
"""

import json
import sys

from transformers import AutoTokenizer


def main(directory: str, cases_path: str) -> int:
    tokenizer = AutoTokenizer.from_pretrained(directory)
    with open(cases_path, encoding="utf-8") as file:
        cases = [json.loads(line) for line in file]
    bos = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    differences = 0
    for case in cases:
        ids = tokenizer(case["text"], split_special_tokens=True)["input_ids"]
        decoded = tokenizer.decode(case["ids"], skip_special_tokens=True)
        if ids != bos + case["ids"]:
            differences += 1
            print(f"{case['text']!r}: ours {bos + case['ids']}, transformers {ids}")
        elif tokenizer.unk_token_id in ids:
            continue
        elif decoded != case.get("decoded", decoded):
            differences += 1
            print(f"{case['ids']}: ours {case['decoded']!r}, transformers {decoded!r}")
    print(f"{directory}: {len(cases) - differences} of {len(cases)} texts agree")
    return 1 if differences or not cases else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2]))

#!/usr/bin/env python3
"""Runs every command of the documents exactly as written: commands.py [--only TEXT]

The documents are all .md files of the repository. A command is a line of an indented block, or a
span between backquotes, that begins with one of STARTS. It runs in a temporary copy of the
repository whose `grpo` shortens what is long (see SHORTER) and whose `swift` builds in this one.

STANDS_FOR replaces words in capitals. A usage line, or a command's name alone, runs with --help.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
STARTS = ("grpo", "make", "swift", "echo", "cc", "python3", "git", ".build/release/grpo",
          "Conformance/run.sh")
STANDS_FOR = {"RECIPE": "recipes/smoke.yaml", "R": "recipes/smoke.yaml", "NAME": "grpo", "S": "2",
              "train.KEY=a,b": "train.beta=0,0.01", "train.KEY=VALUE": "train.beta=0.01 --output runs/one-key"}
# Commands that are not run, and why.
LEFT_OUT = {
    "make test": "what runs before this; it takes minutes",
    "make faults": "takes minutes",
    "make repeat": "runs all tests forty times",
    "make commands": "is this",
    "make same-bits BASE=main": "builds two programs",
    "make build": "has just been done",
    "make docs": "builds every library once more",
    "python3 -m http.server --directory .build-docs/site": "serves until it is stopped",
    "make conformance": "has a target of its own, and needs packages of Python",
    "make conformance MODEL=runs/quickstart/model": "the same",
    "Conformance/run.sh .build/release/grpo .venv-conformance/bin/python MODEL DATA TEMPLATE":
        "the same",
}
# Options that shorten a command of the program.
SHORTER = r"""
grpo=%s
case "${1-}" in
run | sft | train | explain)
  # recipes/smoke.yaml is short, and its run is one that an example finds.
  case " $* " in
  *" --help "* | *" recipes/smoke.yaml "*) ;;
  *) set -- "$@" --set warm_start.steps=20 --set train.steps=2 ;;
  esac ;;
compare)
  case " $* " in
  *" --help "*) ;;
  *)
    set -- "$@" --seeds 1 --set warm_start.steps=20 --set train.steps=1 \
      --set train.questions_per_step=8 --set train.num_generations=2 --set evaluation.questions=8
    case " $* " in *reward-hacking*)
      set -- "$@" --set reward_model.steps=2 --set reward_model.questions=8 ;;
    esac ;;
  esac ;;
esac
exec "$grpo" "$@"
"""
SWIFT = r"""
# The packages are those of the repository, where they are built already.
top=%s
words=() ours=1
for word in "$@"; do
  case "$word" in Examples/* | .build-examples) word=$top/$word ours= ;; esac
  words+=("$word")
done
command=${words[0]}
[ -z "$ours" ] || words=("$command" --package-path "$top" "${words[@]:1}")
exec %s "${words[@]}"
"""


def documents():
    names = subprocess.run(
        ["git", "-C", TOP, "ls-files", "-co", "--exclude-standard"], check=True,
        capture_output=True, text=True).stdout.split("\n")
    return [name for name in names if name and (TOP / name).is_file()]


def commands(text):
    """The commands of a document: (line, command as typed)."""
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        line, start = lines[number], number + 1
        number += 1
        if line.startswith("    "):
            command = re.sub(r"^next ", "", line.strip()).strip()
            if command.split(" ")[0] not in STARTS:
                continue
            while command.endswith("\\") and number < len(lines):
                command = command[:-1] + lines[number].strip()
                number += 1
            yield start, command
        else:
            for span in re.findall(r"`([^`]+)`", line):
                words = span.split(" ")
                if len(words) > 1 and words[0] in STARTS:
                    yield start, span


def runnable(command):
    """What is run for a command: placeholders are filled in, usage lines ask for help."""
    usage = re.match(r"((?:\.build/release/)?grpo(?: [a-z]+)*)(?: [A-Z]+)?(?: {2,}|$)", command)
    if usage and command != "grpo algorithms":
        return usage[1] + " --help"
    return " ".join(STANDS_FOR.get(word, word) for word in command.split(" "))


def copy_of_repository(folder, grpo):
    for name in documents():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, folder / name)
    programs = folder / ".build" / "release"
    programs.mkdir(parents=True)
    for path, script in [
        (programs / "grpo", SHORTER % grpo),
        (programs / "swift", SWIFT % (TOP, shutil.which("swift") or "swift")),
    ]:
        path.write_text("#!/usr/bin/env bash" + script)
        path.chmod(0o755)
    # The user's own files of the README: its recipe exactly as written, and the files it names.
    readme = (folder / "README.md").read_text()
    recipe = re.search(r"^    seed: 1\n(?:    .*\n)+", readme, flags=re.M)[0]
    (folder / "recipe.yaml").write_text(re.sub("^    ", "", recipe, flags=re.M))
    for name in ["train.jsonl", "test.jsonl"]:
        shutil.copy2(folder / "data" / "arithmetic" / name, folder / name)
    shutil.copy2(folder / "prompts" / "arithmetic.txt", folder / "prompt.txt")
    shutil.copy2(folder / "Examples" / "score.py", folder / "score.py")
    (folder / "rewards.py").write_text(
        "def my_function(completions, answer, **kwargs):\n"
        "    return [float(text == right) for text, right in zip(completions, answer)]\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--grpo", default=TOP / ".build" / "release" / "grpo")
    parser.add_argument("--only", default="", help="commands that contain this text")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        copy_of_repository(folder, pathlib.Path(options.grpo).resolve())
        environment = dict(os.environ, PATH=f"{folder}/.build/release:{os.environ['PATH']}")
        done, failed, left_out = {}, 0, 0
        names = sorted(
            (name for name in documents() if name.endswith(".md")),
            key=lambda name: (name != "README.md", name))
        for name in names:
            for line, command in commands((folder / name).read_text()):
                if options.only not in command:
                    continue
                bare = re.sub(r" +#.*", "", command)
                if bare in LEFT_OUT:
                    left_out += bare not in done
                    done[bare] = True
                    continue
                run = runnable(bare)
                # Paths count from the document where its folder is what they name.
                here = folder / name
                own = re.search(r"(?:^|[ |])\.{1,2}/[\w/.]+", bare) is not None
                place = here.parent if own else folder
                if (place, run) in done:
                    continue
                start = time.monotonic()
                result = subprocess.run(
                    ["bash", "-c", run], cwd=place, env=environment, stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
                done[place, run] = True
                good = result.returncode == 0
                failed += not good
                print(f"{'ok' if good else 'FAILED'}: {name}:{line}: {command} "
                      f"({time.monotonic() - start:.1f} s)", flush=True)
                if not good:
                    print(f"  ran: {run}\n  exit code: {result.returncode}\n{result.stdout[-4000:]}",
                          flush=True)
    print(f"{len(done) - left_out} commands, {failed} failed; {left_out} left out: see LEFT_OUT")
    sys.exit(1 if failed or not done else 0)


if __name__ == "__main__":
    main()

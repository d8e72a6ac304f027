#!/usr/bin/env python3
"""Shows that two programs compute the same bits.

    same_bits.py BASE [HEAD]                    builds two revisions; HEAD: the working tree
    same_bits.py --programs A B                 compares two built programs
    same_bits.py --programs A --record FILE     records what A computes
    same_bits.py --programs B --against FILE    compares with the record

Every case of same_bits_cases.py runs with each number of threads, which must make no difference.
Weights are compared as files, completions and metrics line by line, without the metrics of time. Exit
status: 0 all equal, 1 something differs or only one program has it, 2 something could not run.
"""
import argparse
import collections
import fnmatch
import hashlib
import json
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from same_bits_cases import JUDGE, PAIRS, START, cases

TOP = pathlib.Path(__file__).resolve().parent.parent
KEPT = (START, JUDGE)
COLUMNS = ("weights", "completions", "metrics")


class NotRun(Exception):
    """Why a case has no result, and in a word what that is."""
    REFUSED, FAILED, ABSENT, DIFFERENT = "REFUSED", "FAILED", "absent", "DIFFERENT"

    def __init__(self, reason, word=FAILED):
        super().__init__(reason)
        self.word = word

    @property
    def status(self):
        return {self.FAILED: 2, self.ABSENT: 0}.get(self.word, 1)


class Program:
    def __init__(self, path, folder, threads):
        self.path, self.folder, self.threads = pathlib.Path(path).resolve(), folder, threads
        self.folder.mkdir()
        (self.folder / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in PAIRS))
        self.presets = {name: preset["keys"]
                        for name, preset in json.loads(self.call("algorithms", "--json")).items()}

    def call(self, *arguments):
        result = subprocess.run([self.path, *arguments], cwd=TOP, capture_output=True, text=True)
        self.check(result.returncode, result.stderr)
        return result.stdout

    @staticmethod
    def check(status, errors):
        if status:
            last = next((line for line in reversed(errors.splitlines()) if "error:" in line), errors[-200:])
            raise NotRun(f"exit status {status}: {last.strip()}",
                         NotRun.REFUSED if status in (64, 78) else NotRun.FAILED)

    def result(self, case):
        """The files of a run, which are the same for every number of threads."""
        if case.preset and case.preset not in self.presets:
            raise NotRun("it has no such preset", NotRun.ABSENT)
        # The processes of a comparison have one thread each.
        counts = self.threads[:1] if case.command[:1] == ("compare",) else self.threads
        results = [self.run(case, threads) for threads in counts]
        for threads, result in zip(counts[1:], results[1:]):
            for _, difference in differences(results[0], result):
                raise NotRun(f"{threads} threads differ from {self.threads[0]}: {difference}",
                             NotRun.DIFFERENT)
        return results[0]

    def run(self, case, threads):
        folder = self.folder / re.sub(r"\W+", "-", case.name)
        if folder.exists():
            shutil.rmtree(folder)
        names = {"TOP": TOP, "RUN": folder, "START": self.folder / START.name,
                 "JUDGE": self.folder / JUDGE.name, "PAIRS": self.folder / "pairs.jsonl"}
        recipe = TOP / case.recipe
        if "\n" in case.recipe:
            recipe = self.folder / "recipe.yaml"
            recipe.write_text(filled(case.recipe, names))
        names["RECIPE"] = recipe
        arguments = [filled(word, names) for word in case.command or ("run", "RECIPE", "--output", "RUN")]
        for key, value in case.settings.items():
            text = str(value).lower() if isinstance(value, bool) else filled(str(value), names)
            arguments += ["--set", f"{key}={text}"]
        if arguments[0] != "compare":
            arguments += ["--threads", str(threads)]
        if case.interrupted:
            self.interrupt(arguments, folder / "metrics.jsonl")
        if case.ends_at:
            self.call(*arguments, "--set", f"train.steps={case.ends_at}")
        printed = self.call(*arguments)
        files = {}
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            if "checkpoints/" in name or not path.is_file():
                continue
            if path.suffix == ".safetensors":
                files[name] = hashlib.sha256(path.read_bytes()).hexdigest()
            elif path.name in ("completions.jsonl", "metrics.jsonl"):
                files[name] = path.read_text().splitlines()
                if path.name == "metrics.jsonl":
                    files[name] = [without_times(line) for line in files[name]]
        if case not in KEPT:
            shutil.rmtree(folder, ignore_errors=True)
        return files or {"output": re.sub(f"{self.folder}|{TOP}", "", printed).splitlines()}

    def interrupt(self, arguments, metrics):
        """Starts a run and stops it once it has made three steps."""
        process = subprocess.Popen([self.path, *arguments], cwd=TOP, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        while process.poll() is None:
            if metrics.exists() and metrics.read_bytes().count(b"\n") >= 3:
                process.send_signal(signal.SIGINT)
                break
            time.sleep(0.002)
        _, errors = process.communicate()
        if process.returncode != 75:
            self.check(process.returncode, errors)
            raise NotRun("it ended before it was interrupted")


class Recording:
    """What a program computed, kept in a file; another machine may compute other bits."""

    def __init__(self, path):
        kept = json.loads(pathlib.Path(path).read_text())
        if kept["machine"] != machine():
            raise NotRun(f"{path}: recorded on {kept['machine']}; this is {machine()}")
        self.presets, self.cases = kept["presets"], kept["cases"]

    def result(self, case):
        if case.preset and case.preset not in self.presets:
            raise NotRun("it has no such preset", NotRun.ABSENT)
        kept = self.cases.get(case.name)
        if kept is None:
            raise NotRun("not recorded")
        if kept["inputs"] != digest(case):
            raise NotRun("recorded with another recipe or other settings")
        if "failed" in kept:
            raise NotRun(kept["failed"], kept["word"])
        return kept["files"]


def filled(text, names):
    for name, value in names.items():
        text = re.sub(rf"\b{name}\b", str(value), text)
    return text


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return f"{platform.machine()} {model[1] if model else platform.processor()}"


def digest(case):
    """Of all that decides what a case computes, beside the program and the data."""
    recipe = case.recipe if "\n" in case.recipe else (TOP / case.recipe).read_text()
    text = json.dumps([recipe, case.settings, case.command, case.ends_at, case.interrupted])
    return hashlib.sha256(text.encode()).hexdigest()


def fields(line):
    """The keys and values of a line in its order, numbers as they are written."""
    return json.loads(line, parse_int=str, parse_float=str)


def without_times(line):
    return json.dumps({key: value for key, value in fields(line).items()
                       if key != "step_time" and not key.startswith("time/")})


def differences(a, b):
    """What differs between the files of two runs: (column, where and how) of each file that does."""
    for name in sorted(a.keys() | b.keys()):
        if name not in a or name not in b:
            yield column(name), f"{name} is in {'the first' if name in a else 'the second'} only"
        elif isinstance(a[name], str):
            if a[name] != b[name]:
                yield column(name), f"{name}: {a[name][:12]} {b[name][:12]}"
        else:
            for number, (x, y) in enumerate(zip(a[name], b[name]), 1):
                if x != y:
                    yield column(name), f"{name}:{number}: {first_difference(x, y)}"
                    break
            else:
                if len(a[name]) != len(b[name]):
                    yield column(name), f"{name}: {len(a[name])} lines, {len(b[name])} lines"


def column(name):
    if name.endswith(".safetensors"):
        return "weights"
    return "metrics" if name.endswith("metrics.jsonl") else "completions"


def first_difference(x, y):
    try:
        x, y = fields(x), fields(y)
    except ValueError:
        return f"{x!r} {y!r}"
    for key in [*x, *(key for key in y if key not in x)]:
        if x.get(key) != y.get(key):
            return f"{key}: {x.get(key)} {y.get(key)}"
    return "the keys are in another order"


def check_reach(case, files):
    """Throws where a case does not do what it is there for."""
    lines = [fields(line) for line in files.get("metrics.jsonl", [])]
    for name in case.moves:
        if len({line.get(name) for line in lines}) < 2:
            raise NotRun(f"does not reach what it is for: {name} does not move")


def compare(case, base, head):
    """A row of the table, the notes below it, and the exit status."""
    results, problems = [], {}
    for name, program in (("base", base), ("head", head)):
        try:
            results.append(program.result(case))
            if program is base:
                check_reach(case, results[0])
        except NotRun as problem:
            problems[name] = problem
    if problems:
        worst = max(problems.values(), key=lambda problem: problem.status)
        return [worst.word] * 3, [f"{name}: {problem}" for name, problem in problems.items()], worst.status
    found = list(differences(*results))
    columns = {column(name) for name in results[0].keys() | results[1].keys()}
    row = ["DIFFERENT" if name in dict(found) else "equal" if name in columns else "-" for name in COLUMNS]
    return row, [f"{name}: {text}" for name, text in found], 1 if found else 0


def record(program, chosen, path):
    kept, status = {}, 0
    for case in chosen:
        entry = {"inputs": digest(case)}
        try:
            entry["files"] = program.result(case)
            check_reach(case, entry["files"])
            print(f"{case.name}: recorded", flush=True)
        except NotRun as problem:
            entry |= {"failed": str(problem), "word": problem.word}
            status = max(status, problem.status)
            print(f"{case.name}: {problem.word}: {problem}", flush=True)
        kept[case.name] = entry
    text = json.dumps({"machine": machine(), "presets": program.presets, "cases": kept}, indent=0)
    pathlib.Path(path).write_text(text)
    return status


def build(revision, cache):
    """The program of a revision, in a copy below `cache`; of the working tree for None."""
    folder = TOP
    if revision:
        commit = subprocess.check_output(
            ["git", "-C", TOP, "rev-parse", "--verify", f"{revision}^{{commit}}"], text=True).strip()
        folder = cache / commit
        if not folder.exists():
            folder.mkdir(parents=True)
            files = subprocess.check_output(["git", "-C", TOP, "archive", commit])
            subprocess.run(["tar", "-x", "-C", folder], input=files, check=True)
    subprocess.run(["swift", "build", "-c", "release", "--product", "grpo", "--package-path", folder],
                   check=True, stdout=sys.stderr)
    return folder / ".build" / "release" / "grpo"


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revisions", nargs="*", metavar="REVISION")
    parser.add_argument("--programs", nargs="+", metavar="PROGRAM", default=[])
    parser.add_argument("--record", metavar="FILE")
    parser.add_argument("--against", metavar="FILE")
    parser.add_argument("--only", metavar="PATTERN", action="append", default=[],
                        help="cases whose name has this in it, with * and ?")
    parser.add_argument("--threads", default="1,2", help="numbers of threads (1,2)")
    parser.add_argument("--cache", type=pathlib.Path, help="where revisions are built and stay")
    chosen = parser.parse_args()
    need = 1 if chosen.record or chosen.against else 2
    if chosen.programs and (chosen.revisions or len(chosen.programs) != need):
        parser.error(f"need {need} of --programs, and no revisions")
    if not chosen.programs and not 1 <= len(chosen.revisions) <= need:
        parser.error("need a revision, or --programs")
    return chosen, need


def main():
    chosen, need = options()
    threads = [int(count) for count in chosen.threads.split(",")]
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        paths = chosen.programs or [build(revision, chosen.cache or work / "revisions")
                                    for revision in (chosen.revisions + [None])[:need]]
        programs = [Program(path, work / str(number), threads) for number, path in enumerate(paths)]
        if chosen.against:
            programs.insert(0, Recording(chosen.against))
        presets = {}
        for program in reversed(programs):
            presets |= program.presets
        wanted = [case for case in cases(presets) if case in KEPT or not chosen.only
                  or any(fnmatch.fnmatch(case.name, f"*{pattern}*") for pattern in chosen.only)]
        if chosen.record:
            return record(programs[0], wanted, chosen.record)
        worst, counts = 0, collections.Counter()
        print(f"{'case':50}" + "".join(f"{name:13}" for name in COLUMNS))
        for case in wanted:
            row, notes, status = compare(case, *programs)
            print(f"{case.name:50}" + "".join(f"{text:13}" for text in row), flush=True)
            for note in notes:
                print(f"    {note}", flush=True)
            worst = max(worst, status)
            counts[next((text for text in row if text not in ("equal", "-")), "equal")] += 1
        print(f"{len(wanted)} cases: " + ", ".join(f"{n} {word}" for word, n in counts.items()))
        return worst


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (NotRun, subprocess.CalledProcessError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        sys.exit(2)

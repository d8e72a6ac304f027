#!/usr/bin/env python3
"""Builds the catalogue and the reference of every public module into a site: site.py GRAPHS SITE

GRAPHS is the folder of symbol graphs that `make docs` has the compiler write, SITE the folder
to make. Documents have links that a code host resolves (links.py); copies of them get DocC's own.
A module without a catalogue opens with its README. Every warning of docc is an error, and so is a
public symbol without a comment: enum cases, too, which `make lint` does not ask for.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from links import SWIFT_NAME, TOP, anchors, without_code

LINK = re.compile(r"(!?)\[([^\[\]]*)\]\(([^()\s]+)\)")


def products():
    """The modules of the package's libraries."""
    package = json.loads(subprocess.run(
        ["swift", "package", "--package-path", TOP, "dump-package"], check=True,
        capture_output=True, text=True).stdout)
    return sorted({module for product in package["products"] if "library" in product["type"]
                   for module in product["targets"]})


def page(name, text, folder):
    """A document as DocC reads it: the links of a copy, lines where they were."""
    plain = without_code(text)
    parts, end = [], 0
    for match in LINK.finditer(plain):
        words, target = (text[slice(*match.span(group))] for group in (2, 3))
        parts += [text[end:match.start()], link(name, match[1] == "!", words, target, folder)]
        end = match.end()
    return "".join(parts) + text[end:]


def link(name, is_picture, words, target, folder):
    if re.match(r"[a-z][a-z+.-]*:", target):
        return f"[{words}]({target})"
    path, _, fragment = target.partition("#")
    file = pathlib.Path(os.path.normpath((TOP / name).parent / path)) if path else TOP / name
    if is_picture:
        return f"![{words}]({file.name})"
    if file.suffix == ".md" and folder in file.parents and file.name != "README.md":
        heading = fragment and "#" + anchors(file.read_text(encoding="utf-8"))[fragment]
        return f"[{words}](doc:{file.stem}{heading.replace(' ', '-')})"
    if file.suffix == ".swift" and folder in file.parents and SWIFT_NAME.fullmatch(words) \
            and not words.endswith(".swift`"):
        return f"`{words.replace('.', '/')}`"
    # What the site does not have.
    return words


def catalogue(module, place):
    """A copy of a module's catalogue, or of its README and what stands beside it."""
    folder = TOP / "Sources" / module
    own = folder / f"{module}.docc"
    copy = place / f"{module}.docc"
    sources = own if own.is_dir() else folder
    shutil.copytree(own, copy) if own.is_dir() else copy.mkdir()
    for source in sources.glob("*.md"):
        text = page(source.relative_to(TOP), source.read_text(encoding="utf-8"), folder)
        if source.name == "README.md":
            text = text.replace(f"# {module}\n", f"# ``{module}``\n", 1)
        name = module + ".md" if source.name == "README.md" else source.name
        (copy / name).write_text(text, encoding="utf-8")
    return copy, sources


def convert(module, graphs, place):
    """A module's archive, and whether docc finds nothing wrong with it."""
    own = place / f"{module}-graphs"
    own.mkdir()
    for graph in [graphs / f"{module}.symbols.json", *graphs.glob(f"{module}@*.symbols.json")]:
        shutil.copy(graph, own)
    archive = place / f"{module}.doccarchive"
    copy, sources = catalogue(module, place)
    result = subprocess.run(
        ["docc", "convert", copy, "--additional-symbol-graph-dir", own,
         "--fallback-display-name", module, "--fallback-bundle-identifier", module,
         "--fallback-default-module-kind", "Module", "--warnings-as-errors",
         "--disable-parameters-and-returns-validation", "--output-path", archive],
        check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def place_of(match):
        file = pathlib.Path(os.path.normpath(copy / match[1]))
        if file.parent == copy:
            file = sources / file.name
            file = file if file.exists() else sources / "README.md"
        return f"--> {os.path.relpath(file, TOP)}:"
    if result.stdout.strip():
        print(re.sub(r"--> (\S+?):(?=\d)", place_of, result.stdout.strip()), file=sys.stderr)
    return archive, result.returncode == 0


def undocumented(module, graphs):
    """The public symbols of a module that have no comment, of their own or inherited."""
    for path in [graphs / f"{module}.symbols.json", *graphs.glob(f"{module}@*.symbols.json")]:
        graph = json.loads(path.read_text(encoding="utf-8"))
        inherited = {relation["source"] for relation in graph["relationships"]
                     if "sourceOrigin" in relation}
        for symbol in graph["symbols"]:
            name = symbol["identifier"]["precise"]
            if "docComment" not in symbol and name not in inherited \
                    and "::SYNTHESIZED::" not in name \
                    and symbol["kind"]["identifier"] != "swift.extension":
                yield ".".join([module, *symbol["pathComponents"]])


def main():
    graphs, site = (pathlib.Path(name).resolve() for name in sys.argv[1:])
    modules = products()
    silent = [symbol for module in modules for symbol in undocumented(module, graphs)]
    if silent:
        sys.exit("error: public symbols without a comment: " + ", ".join(silent))
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        archives, good = zip(*(convert(module, graphs, place) for module in modules))
        if not all(good):
            sys.exit("error: the documents have the faults above")
        shutil.rmtree(site, ignore_errors=True)
        site.parent.mkdir(exist_ok=True)
        subprocess.run(
            ["docc", "merge", *archives, "--synthesized-landing-page-name", "swift-grpo",
             "--output-path", site], check=True)
    (site / "index.html").write_text(
        '<!doctype html><meta http-equiv="refresh" content="0; url=documentation/">\n')
    print(f"{len(archives)} modules; to read: python3 -m http.server --directory {sys.argv[2]}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Checks that every relative link of the documents resolves as a code host resolves it: links.py

The documents are all .md files of the repository, the catalogue included. A link or picture names a
file or folder in git, a #fragment names a heading, and a link whose text is Swift code names what
its file declares. Links that only DocC understands are refused.
"""
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse

TOP = pathlib.Path(__file__).resolve().parent.parent
# [text](target), [name]: target, and the attributes of HTML.
TARGET = re.compile(
    r'(?P<code>`[^`]*`)?\]\((?P<link>[^()\s]+)[^()]*\)|^\[[^\]]+\]:[ ]+(?P<name>\S+)'
    r'|(?:src|href)="(?P<html>[^"]+)"', flags=re.M)
DOCC_ONLY = re.compile(r"<doc:[^>]*>|(?<!`)``\w[^`\n]*``(?!`)")
SWIFT_NAME = re.compile(r"`\w+(?:\.\w+)*(?:\([\w:]*\))?`")


def read(name):
    return (TOP / name).read_text(encoding="utf-8")


def files():
    """What is in git, or would be after `git add`."""
    names = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", TOP, "ls-files", "-co", "--exclude-standard"],
        check=True, capture_output=True, text=True).stdout.splitlines()
    return [name for name in names if (TOP / name).is_file()]


def without_code(text):
    """The text with every character of code replaced, so that positions stay as they are."""
    def blank(match):
        return re.sub(r"[^\n`]", "x", match[0])
    text = re.sub(r"^(```|~~~).*?^\1", blank, text, flags=re.M | re.S)
    text = re.sub(r"(?<=\n\n)(?: {4}.*\n|\n(?= {4}))+", blank, text)
    return re.sub(r"(?<!`)(`+)(?!`)(?:(?!\n\n).)+?(?<!`)\1(?!`)", blank, text, flags=re.S)


def anchors(text):
    """The headings of a document, by the names a code host gives them."""
    seen, headings = {}, {}
    for match in re.finditer(r"^#{1,6} +(.+?) *#*$", without_code(text), flags=re.M):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text[slice(*match.span(1))])
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        seen[slug] = seen.get(slug, -1) + 1
        headings[f"{slug}-{seen[slug]}" if seen[slug] else slug] = heading
    return headings


def faults(name, text, known):
    """What is wrong with the links of a document: (position, what)."""
    plain = without_code(text)
    for match in DOCC_ONLY.finditer(text):
        is_title = text.startswith("# ", text.rfind("\n", 0, match.start()) + 1)
        if plain[match.start()] == match[0][0] and not is_title:
            yield match.start(), f"only DocC resolves {match[0]} (need [text](FILE))"
    for match in TARGET.finditer(plain):
        group = next(group for group in ["link", "name", "html"] if match[group])
        target = text[slice(*match.span(group))]
        if re.match(r"[a-z][a-z+.-]*:|//", target):
            continue
        path, _, fragment = urllib.parse.unquote(target).partition("#")
        path = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
        if path not in known:
            yield match.start(), f"no such file in git: {target}"
        elif fragment and not (path.endswith(".md") and fragment in anchors(read(path))):
            yield match.start(), f"no such heading: {target}"
        elif match["code"] and path.endswith(".swift"):
            code = text[slice(*match.span("code"))]
            if SWIFT_NAME.fullmatch(code) and not code.endswith(".swift`"):
                missing = set(re.findall(r"\w+", code)) - set(re.findall(r"\w+", read(path)))
                if missing:
                    yield match.start(), f"{path} has no {', '.join(sorted(missing))}"


def main():
    if not (TOP / ".git").exists():
        print("Links are not checked: git is needed to know the files.")
        return
    names = files()
    # A folder is there when something in it is.
    known = {str(folder) for name in names for folder in pathlib.PurePath(name).parents} | set(names)
    found, links = 0, 0
    for name in names:
        if name.endswith(".md"):
            text = read(name)
            links += len(TARGET.findall(without_code(text)))
            for position, what in sorted(faults(name, text, known)):
                found += 1
                print(f"{name}:{text.count(chr(10), 0, position) + 1}: {what}", file=sys.stderr)
    print(f"{links} links, {found} broken")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()

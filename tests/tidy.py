"""Checks of the tree itself: which folder may include which, what deterministic code may not name,
sizes, and the form of files.

    tidy.py ROOT          checks the tree, prints path:line: [rule] what is wrong
    tidy.py --self-test   plants violations of every rule and checks that exactly that rule fires
"""
import re
import statistics
import sys
from pathlib import Path

import tidy_source
from tidy_table import BANS, LIBRARY, MAY_INCLUDE, PLACES, README_FOLDERS

LINES_MAX, COLUMNS_MAX, FUNCTION_MAX, MEDIAN_MAX = 500, 100, 70, 10
PARAMETERS_MAX, NESTING_MAX, README_MAX, FRONT_README_MAX = 5, 4, 40, 200
JSON_FILES_MAX, BEAST_FILES_MAX = 5, 1

# ---------------------------------------------------------------- files
CPP = {".hpp", ".cpp"}
CODE = CPP | {".py", ".cmake", ".in"}
SKIPPED = re.compile(r"(?:^|/)(?:\.git|\.cache|__pycache__|build[^/]*)(?:/|$)")
INCLUDE = re.compile(r"^\s*#\s*include\s*([<\"])([^>\"]+)[>\"]", re.MULTILINE)


class File:
    """One file of the tree, read once."""

    def __init__(self, root, path):
        self.name = path.relative_to(root).as_posix()
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.splitlines()
        self.folder = place_of(self.name)
        self.is_cpp = path.suffix in CPP
        self.is_code = (path.suffix in CODE or path.name == "CMakeLists.txt"
                        or self.text.startswith("#!"))
        if self.is_cpp:
            uncommented = tidy_source.strip_comments(self.text)
            self.includes = [(line_of(uncommented, m.start(2)), m[1], m[2])
                             for m in INCLUDE.finditer(uncommented)]
            self.stripped = tidy_source.strip(self.text)
            # Names are looked for in code; the includes in quotes are put back for the patterns.
            self.names = "\n".join(
                raw if INCLUDE.match(raw) else code
                for raw, code in zip(uncommented.split("\n"), self.stripped.split("\n")))
            self.functions = tidy_source.functions(self.stripped)


def place_of(name):
    for folder in sorted(PLACES, key=len, reverse=True):
        if name == folder or name.startswith(folder + "/"):
            return PLACES[folder]
    return None


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def read_tree(root):
    files = []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if SKIPPED.search(name) or not path.is_file() or path.is_symlink():
            continue
        try:
            files.append(File(root, path))
        except UnicodeDecodeError:
            continue                 # not text
    return files


# ---------------------------------------------------------------- rules
RULES = {}                           # name -> function of all files, yields (name, line, text)


def rule(function):
    RULES[function.__name__] = function
    return function


def ban_rule(ban):
    pattern = re.compile(ban.pattern)

    def check(files):
        for file in files:
            if file.is_cpp and file.folder in ban.folders and file.name not in ban.spared:
                for match in pattern.finditer(file.names):
                    yield (file.name, line_of(file.names, match.start()),
                           f"`{match[0].strip()}`: {ban.why}")
    RULES[ban.rule] = check


for each_ban in BANS:
    ban_rule(each_ban)


@rule
def dependency(files):
    for file in files:
        allowed = MAY_INCLUDE.get(file.folder) if file.is_cpp else None
        for line, _, target in file.includes if allowed is not None else []:
            used = place_of(target)
            if "/" in target and used and used != file.folder and used not in allowed:
                yield file.name, line, f"{file.folder} may not include {target}"


@rule
def include_from_root(files):
    for file in files:
        for line, quote, target in file.includes if file.is_cpp else []:
            if quote == '"' and ("/" not in target or place_of(target) is None):
                yield file.name, line, f'"{target}": own headers are named from the root'


@rule
def public_include(files):
    for file in files:
        for line, quote, target in file.includes if file.folder == "public" and file.is_cpp else []:
            standard = quote == "<" and re.fullmatch(r"[a-z_0-9]+", target)
            own = target.startswith("starling/") or place_of(target)   # judged by `dependency`
            if not standard and not own and target != "tl/expected.hpp":
                yield file.name, line, f"a public header may not include {target}"


def too_many(files, prefix, limit):
    users = [(f.name, line) for f in files if f.is_cpp and f.folder in LIBRARY
             for line, _, target in f.includes if target.startswith(prefix)]
    names = sorted({name for name, _ in users})
    for name in names[limit:]:
        yield (name, next(line for user, line in users if user == name),
               f"{prefix} is included by {len(names)} files, the limit is {limit}")


@rule
def json_files(files):
    yield from too_many(files, "nlohmann/", JSON_FILES_MAX)


@rule
def beast_files(files):
    yield from too_many(files, "boost/beast", BEAST_FILES_MAX)
    for file in files:
        for line, _, target in file.includes if file.name.endswith(".hpp") else []:
            if target.startswith("boost/beast"):
                yield file.name, line, "a header brings Beast to everybody: one .cpp only"


@rule
def file_lines(files):
    for file in files:
        if file.is_code and len(file.lines) > LINES_MAX:
            yield file.name, LINES_MAX + 1, f"{len(file.lines)} lines, the limit is {LINES_MAX}"


@rule
def columns(files):
    for file in files:
        for number, line in enumerate(file.lines if file.is_code else [], 1):
            if len(line) > COLUMNS_MAX:
                yield file.name, number, f"{len(line)} columns, the limit is {COLUMNS_MAX}"


def each_function(files, value, limit, text):
    for file in files:
        for function in file.functions if file.is_cpp else []:
            if value(function) > limit:
                yield file.name, function.line, text.format(value(function), limit)


@rule
def function_lines(files):
    yield from each_function(files, lambda f: f.lines, FUNCTION_MAX,
                             "function has {} lines, the limit is {}")


@rule
def function_parameters(files):
    yield from each_function(files, lambda f: f.parameters, PARAMETERS_MAX,
                             "function has {} parameters, the limit is {}")


@rule
def function_nesting(files):
    yield from each_function(files, lambda f: f.nesting, NESTING_MAX,
                             "blocks are nested {} deep, the limit is {}")


@rule
def function_median(files):
    sizes = [function.lines for file in files if file.is_cpp and file.folder in LIBRARY
             for function in file.functions]
    if sizes and statistics.median(sizes) > MEDIAN_MAX:
        yield ".", 0, (f"the median function has {statistics.median(sizes):g} lines, "
                       f"the limit is {MEDIAN_MAX}")


@rule
def header_form(files):
    for file in files:
        if file.name.endswith(".hpp"):
            if not file.text.startswith("//"):
                yield file.name, 1, "a header begins with a comment that says what it is"
            if "#pragma once" not in file.lines:
                yield file.name, 1, "a header has #pragma once"


@rule
def file_name(files):
    vague = {"util", "utils", "helper", "helpers", "manager", "misc", "common", "data", "info"}
    for file in files:
        stem = file.path.stem
        if file.is_cpp and (not re.fullmatch(r"[a-z0-9_]+", stem) or vague & set(stem.split("_"))):
            yield file.name, 1, "a file is named in snake_case after the one thing it holds"


@rule
def listed_source(files):
    lists = {str(Path(f.name).parent): f.text
             for f in files if f.path.name == "CMakeLists.txt"}
    modules = "".join(f.text for f in files if f.path.suffix == ".cmake")
    for file in files:
        if file.name.endswith(".cpp"):
            parents = [str(parent) for parent in Path(file.name).parents]
            if not any(re.search(rf"(?<![\w.-]){re.escape(file.path.name)}\b", lists.get(p, ""))
                       for p in parents) and "/" + file.name not in modules:
                yield file.name, 1, "no CMakeLists.txt names this file: it is dead"


@rule
def readme(files):
    by_name = {file.name: file for file in files}
    for folder in README_FOLDERS:
        if any(f.is_cpp and Path(f.name).is_relative_to(folder) for f in files):
            if folder + "/README.md" not in by_name:
                yield folder, 0, "the folder has no README.md"
    for file in files:
        if file.path.name == "README.md" and not file.name.startswith("docs/"):
            limit = FRONT_README_MAX if file.name == "README.md" else README_MAX
            if len(file.lines) > limit:
                yield file.name, limit + 1, f"{len(file.lines)} lines, the limit is {limit}"


@rule
def test_sentence(files):
    case = re.compile(r'\bTEST_CASE(?:_METHOD)?\s*\(\s*(?:\w+\s*,\s*)?"((?:[^"\\]|\\.)*)"')
    for file in files:
        if file.is_cpp and file.folder in ("tests", "cluster"):
            for match in case.finditer(tidy_source.strip_comments(file.text)):
                words = match[1].split()
                if len(words) < 3 or words[0].lower() in ("test", "tests") or re.search(
                        r"\b(?:should|works)\b", match[1]):
                    yield (file.name, line_of(file.text, match.start()),
                           f'"{match[1]}": a case is named by a sentence about the world')


def each_line(files, pattern, text):
    for file in files:
        for number, line in enumerate(file.lines if file.name != "LICENSE" else [], 1):
            match = pattern.search(line)
            if match:
                yield file.name, number, text.format(match[0])


@rule
def marker(files):
    yield from each_line(files, re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b"),
                         "{}: finish it or write it down where it is read")


@rule
def machine_path(files):
    yield from each_line(files, re.compile(r"(?<![\w.}$-])/(?:work|root|home/\w+|Users/\w+)/"),
                         "{} is a path of one machine")


@rule
def registry_host(files):
    hosts = (r"\b(?:registry|pypi|npm|crates|proxy|mirrors?|deb|archive|nexus|artifactory)"
             r"(?:\.[a-z0-9-]+)*\.(?:org|io|com|net|dev|internal|local|corp)\b")
    yield from each_line(files, re.compile(hosts), "{} is a package registry")


@rule
def tracker_number(files):
    yield from each_line(files, re.compile(r"(?<![\w-])[Ii]ssue \d+\b"),
                         "{}: say what, not its number")


# ---------------------------------------------------------------- running
def check(root):
    files = read_tree(root)
    return [(name, line, rule_name, text) for rule_name, function in RULES.items()
            for name, line, text in function(files)]


def main(arguments):
    if arguments == ["--self-test"]:
        import tidy_test
        return tidy_test.run(RULES, check)
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    found = sorted(check(Path(arguments[0])))
    for name, line, rule_name, text in found:
        print(f"{name}:{line}: [{rule_name}] {text}")
    print(f"tidy: {len(RULES)} rules, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

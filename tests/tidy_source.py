"""Reads C++ well enough to check it: text without comments and literals, and its functions.

No preprocessor and no types: braces are matched on stripped text, and what stands before a brace
says whether it opens a namespace, a type, a function or an initializer.
"""
import re
from dataclasses import dataclass

LITERAL = re.compile(
    r"//[^\n]*"                                        # comment to the end of the line
    r"|/\*.*?\*/"
    r'|R"(?P<delimiter>[^()\s\\]{0,16})\(.*?\)(?P=delimiter)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'",          # a quote after a digit separates digits
    re.DOTALL)
PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
ACCESS = re.compile(r"\b(?:public|private|protected)\s*:(?!:)")
ATTRIBUTE = re.compile(r"\[\[[^\]]*\]\]")
SYMBOL_OPERATOR = re.compile(r"\boperator\s*(?:\(\s*\)|\[\s*\]|[^\w\s(]+)")
BLOCK_WORD = re.compile(r"(?:\belse|\bdo|\btry)$")


@dataclass
class Function:
    """A definition: its first line, how many lines, parameters, and levels of blocks inside."""
    line: int
    lines: int
    parameters: int
    nesting: int


def blank(text):
    """The same number of lines and columns, nothing in them."""
    return re.sub(r"[^\n]", " ", text)


def strip_comments(text):
    """Comments become blanks; literals stay."""
    return LITERAL.sub(
        lambda m: blank(m[0]) if m[0].startswith(("//", "/*")) else m[0], text)


def strip(text):
    """Comments and the insides of literals become blanks; lines and columns stay."""
    return LITERAL.sub(lambda m: blank(m[0]), text)


def without_brackets(text, pair):
    """The text outside every pair of these brackets, the pair itself kept empty."""
    kept, depth = [], 0
    for letter in text:
        if letter == pair[1]:
            depth = max(0, depth - 1)
        if depth == 0:
            kept.append(letter)
        if letter == pair[0]:
            depth += 1
    return "".join(kept)


def without_template(head):
    """The head without a leading template <...>."""
    head = head.strip()
    while head.startswith("template"):
        depth = 0
        for index, letter in enumerate(head):
            depth += {"<": 1, ">": -1}.get(letter, 0)
            if letter == ">" and depth == 0:
                head = head[index + 1:].strip()
                break
        else:
            return head
    return head


def opens(head):
    """What the brace after this head opens: scope, function, initializer, or member (one of a
    constructor's initializers, after which the head goes on)."""
    head = without_template(ATTRIBUTE.sub(" ", ACCESS.sub(" ", head)))
    head = SYMBOL_OPERATOR.sub("operator", head)
    if re.match(r"(?:inline\s+)?namespace\b|extern\s*$|extern\s+\w*\s*$", head):
        return "scope"
    flat = without_brackets(head, "()")
    if re.match(r"(?:typedef\s+)?(?:class|struct|union|enum)\b", head):
        return "scope" if not re.search(r"\)\s*(?:const|noexcept)?$", head) else "function"
    if "=" in flat:
        lambda_body = re.search(r"\]\s*(?:<[^<>]*>)?\s*\(\)[^=]*$|\]\s*$", flat)
        return "function" if lambda_body and "[" in flat else "initializer"
    if "()" not in flat:
        return "initializer"
    after_parameters = flat[flat.index("()") + 2:]
    if re.search(r"(?<!:):(?!:)", after_parameters) and re.search(r"[\w>]\s*$", flat):
        return "member"
    return "function"


def matching(text, start):
    """The index of the brace that closes the one at start, or the end of the text."""
    depth = 0
    for match in re.finditer(r"[{}]", text[start:]):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return start + match.start()
    return len(text) - 1


def parameters_of(head):
    """How many parameters the head of a function names."""
    head = SYMBOL_OPERATOR.sub("operator", without_template(ATTRIBUTE.sub(" ", head)))
    start = head.find("(")
    if start < 0:
        return 0
    depth, commas, inside = 0, 0, ""
    for letter in head[start:]:
        depth += {"(": 1, "<": 1, "{": 1, "[": 1, ")": -1, ">": -1, "}": -1, "]": -1}.get(letter, 0)
        if depth == 0:
            break
        commas += letter == "," and depth == 1
        inside += letter
    return commas + 1 if inside[1:].strip() not in ("", "void") else 0


def nesting_of(body):
    """The deepest level of blocks (not initializers) inside a function's braces."""
    deepest, levels = 0, []
    for match in re.finditer(r"[{}]", body[1:-1]):
        if match[0] == "}":
            if levels:
                levels.pop()
            continue
        before = body[1:match.start() + 1].rstrip()
        block = before == "" or before[-1] in ")];{}" or BLOCK_WORD.search(before[-5:])
        levels.append(bool(block))
        deepest = max(deepest, sum(levels))
    return deepest


def functions(text):
    """Every function definition of a stripped text, in order."""
    text = PREPROCESSOR.sub(lambda m: blank(m[0]), text)
    found, head_start, position, parens = [], 0, 0, 0
    while position < len(text):
        letter = text[position]
        parens += {"(": 1, ")": -1}.get(letter, 0)
        if letter == ";" and parens == 0 or letter == "}":
            head_start = position + 1
        elif letter == "{":
            head = text[head_start:position]
            kind = "member" if parens > 0 else opens(head)
            if kind == "scope":
                head_start = position + 1
            else:
                end = matching(text, position)
                if kind == "function":
                    found.append(measure(text, head_start, position, end))
                if kind != "member":
                    head_start = end + 1
                position = end
        position += 1
    return found


def measure(text, head_start, brace, end):
    """A function from the first letter of its head to its closing brace."""
    head = ACCESS.sub(lambda m: blank(m[0]), text[head_start:brace])
    first = head_start + len(head) - len(head.lstrip())
    return Function(
        line=text.count("\n", 0, first) + 1,
        lines=text.count("\n", first, end) + 1,
        parameters=parameters_of(head),
        nesting=nesting_of(text[brace:end + 1]))

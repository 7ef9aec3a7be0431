"""What calls what, read from the source: enough to ask whether an act can reach the journal at all."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = (
    "authn",
    "ca",
    "cards",
    "directory",
    "functioncerts",
    "journal",
    "ocsp",
    "portal",
    "reports",
    "worker",
)

Node = tuple[str, str]
"""A module, and the name of a function or method in it."""

JOURNAL: frozenset[Node] = frozenset({("journal.recording", "record"), ("journal.recording", "record_all")})


@dataclass(slots=True)
class Module:
    """A source file: its functions (methods by their own name), and where its names come from."""

    name: str
    functions: dict[str, list[ast.FunctionDef]] = field(default_factory=dict)
    methods: set[str] = field(default_factory=set)
    imported: dict[str, str] = field(default_factory=dict)


@cache
def modules() -> dict[str, Module]:
    """Return every module of our applications."""
    found = {}
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if "migrations" in path.parts:
                continue
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found[name] = _read(name, ast.parse(path.read_text(encoding="utf-8")))
    return found


def _read(name: str, tree: ast.Module) -> Module:
    module = Module(name)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            module.functions.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.ClassDef):
            module.methods |= {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                module.imported[alias.asname or alias.name] = alias.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                module.imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return module


def reaches_journal(start: Node) -> bool:
    """Tell whether a function can come to record an entry."""
    seen: set[Node] = set()
    waiting = [start]
    while waiting:
        node = waiting.pop()
        if node in JOURNAL:
            return True
        if node not in seen:
            seen.add(node)
            waiting.extend(_called(node))
    return False


def _called(node: Node) -> Iterator[Node]:
    module = modules().get(node[0])
    if module is None:
        return
    if node[1] not in module.functions:  # a name that this module only hands on
        yield from _resolved(module, node[1])
    for function in module.functions.get(node[1], []):
        for part in ast.walk(function):
            # A name counts wherever it stands: functions are handed on (partials, tables, decorators).
            if isinstance(part, ast.Name):
                yield from _resolved(module, part.id)
            elif isinstance(part, ast.Attribute):
                yield from _attribute(module, part)


def _resolved(module: Module, name: str) -> Iterator[Node]:
    if name in module.functions:
        yield module.name, name
    target = module.imported.get(name, "")
    owner, _, last = target.rpartition(".")
    if owner in modules():
        yield owner, last


def _attribute(module: Module, part: ast.Attribute) -> Iterator[Node]:
    if isinstance(part.value, ast.Name) and (target := module.imported.get(part.value.id, "")) in modules():
        yield target, part.attr
        return
    # A method of an object: of any class in this module or in one that it imports from.
    for owner in {module.name, *(target.rpartition(".")[0] for target in module.imported.values())}:
        known = modules().get(owner)
        if known is not None and part.attr in known.methods:
            yield owner, part.attr


def acts() -> Iterator[tuple[Node, ast.FunctionDef]]:
    """Yield every public function that takes who and when as keywords: by the house's rules, an act."""
    for module in modules().values():
        for name, functions in module.functions.items():
            for function in functions:
                keywords = {argument.arg for argument in function.args.kwonlyargs}
                if not name.startswith("_") and {"actor", "at"} <= keywords:
                    yield (module.name, name), function

"""
Rules about the code that no linter knows, as walks over its syntax trees.

Each takes a module and returns what breaks the rule there, in words.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

FUNCTION_LINES_MAX = 50
MODULE_LINES_MAX = 400
# get: one or raise; find: one or none; list: many, bounded; stream: all, a piece at a time; load:
# into what the caller brings; lock: read and hold; delete: only rows of tables that are `passing`.
READING_VERBS = ("get_", "find_", "list_", "stream_", "load_")
WRITING_VERBS = ("insert_", "update_", "lock_", "delete_")
STORE_VERBS = (*READING_VERBS, *WRITING_VERBS)

# Who begins and ends transactions: everybody else is inside one.
COMMITTING = {"app/entry/attempt.py", "app/entry/deciding.py"}  # and who opens savepoints
# SQL is written here; everywhere else only the type of a connection may be named.
SQL_PLACES = {
    "app/registry/commit.py",  # the statement of a commit, through the one door
    # What must never be true, across subjects.
    "app/registry/invariants/checking.py",
    "app/registry/invariants/of_credits.py",
    "app/registry/invariants/of_history.py",
    "app/registry/invariants/of_orders.py",
    "app/registry/invariants/of_people.py",
    "app/entry/attempt.py",  # the transaction, and what the driver says of it
    "app/entry/deciding.py",  # what the driver says of an act
    "app/entry/cli/doctor.py",  # asks about the database itself, not about the register
}
SQL_TYPES = {"AsyncConnection", "AsyncEngine"}


@dataclass(frozen=True)
class Module:
    """A source file."""

    path: PurePosixPath  # as "app/registry/ledger/store.py"
    text: str

    @property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text)

    @property
    def subject(self) -> str | None:
        """The subject of the business it belongs to; None where to none."""
        parts = self.path.parts
        return parts[2] if parts[:2] == ("app", "registry") and len(parts) > 3 else None

    @property
    def is_store(self) -> bool:
        """Whether it is the store of a subject, or a part of it."""
        return self.subject is not None and self.path.with_suffix("").parts[3] == "store"

    def at(self, node: ast.stmt | ast.expr, what: str) -> str:
        """Say what is wrong where."""
        return f"{self.path}:{node.lineno}: {what}"


def only_the_committer_commits(module: Module) -> Iterator[str]:
    if str(module.path) in COMMITTING:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in {"commit", "rollback", "begin_nested"}:
            yield module.at(node, f"{node.attr} outside the committer")


def quantities_are_never_floats(module: Module) -> Iterator[str]:
    if module.subject is None and str(module.path) != "app/kernel/quantities.py":
        return
    joins_paths = "from pathlib import" in module.text
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and node.id == "float":
            yield module.at(node, "float")
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield module.at(node, f"the float {node.value}")
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not joins_paths:
            yield module.at(node, "a division, which makes a float of whole numbers")


def functions_and_modules_are_short(module: Module) -> Iterator[str]:
    lines = len(module.text.splitlines())
    if lines > MODULE_LINES_MAX:
        yield f"{module.path}: {lines} lines"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield module.at(node, f"{node.name} has {length} lines")


def a_stores_verb_tells_its_cost(module: Module) -> Iterator[str]:
    if not module.is_store:
        return
    for node in module.tree.body:
        # Asynchronous: these are what speaks to the database.
        if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith(("_", *STORE_VERBS)):
            yield module.at(node, f"{node.name} begins with none of {', '.join(STORE_VERBS)}")


def others_tables_are_only_read(module: Module) -> Iterator[str]:
    """Nobody but a subject's own operations and store calls what its store writes with."""
    if str(module.path) in COMMITTING:
        return
    stores: set[str] = set()
    for node, subject, rest in _imports_of_subjects(module.tree):
        if subject == module.subject:
            continue
        if not rest:
            stores |= {name.asname or name.name for name in node.names if name.name == "store"}
        elif rest[0] == "store":
            written = [name.name for name in node.names if name.name.startswith(WRITING_VERBS)]
            yield from (module.at(node, f"{name} of {subject}") for name in written)
    for used in ast.walk(module.tree):
        if isinstance(used, ast.Attribute) and _is_write(used, stores):
            yield module.at(used, f"{used.attr} of another subject")


def _imports_of_subjects(tree: ast.Module) -> Iterator[tuple[ast.ImportFrom, str, list[str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("app.registry."):
            _, _, subject, *rest = (node.module or "").split(".")
            yield node, subject, rest


def _is_write(used: ast.Attribute, stores: set[str]) -> bool:
    owner = used.value
    return (
        used.attr.startswith(WRITING_VERBS) and isinstance(owner, ast.Name) and owner.id in stores
    )


def sql_stays_in_its_places(module: Module) -> Iterator[str]:
    path = str(module.path)
    if module.is_store or path.startswith("app/kernel/") or path in SQL_PLACES:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names if name.name.split(".")[0] == "sqlalchemy"]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy":
            names = [name.name for name in node.names if name.name not in SQL_TYPES]
        else:
            continue
        for name in names:
            yield module.at(node, f"{name} of sqlalchemy")


RULES = (
    only_the_committer_commits,
    quantities_are_never_floats,
    functions_and_modules_are_short,
    a_stores_verb_tells_its_cost,
    others_tables_are_only_read,
    sql_stays_in_its_places,
)

"""The folders have the shape that the map in app/__init__.py promises."""

import importlib
import tomllib
from pathlib import Path
from typing import Any

from app.kernel.db import metadata
from app.registry import stores

ROOT = Path(__file__).parents[2]
REGISTRY = ROOT / "app" / "registry"
ABOVE = {"invariants"}  # what is asked of all subjects, and none itself
SUBJECTS = {path.parent.name for path in REGISTRY.glob("*/__init__.py")} - ABOVE


def _contract(name: str) -> dict[str, Any]:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    return next(c for c in linter["contracts"] if c["name"].startswith(f"{name} "))


def test_the_layers_are_the_only_folders() -> None:
    folders = {p.name for p in (ROOT / "app").iterdir() if p.is_dir() and p.name[0] not in "._"}
    assert folders == {"entry", "registry", "kernel"}


def test_the_map_names_every_subject_in_the_order_of_the_contract() -> None:
    """A reader of the map and the import linter must see one order."""
    order = [layer for layer in _contract("2")["layers"] if layer in SUBJECTS]
    text = importlib.import_module("app").__doc__ or ""
    places = [text.find(f"\n    {subject} ") for subject in order]
    assert set(order) == SUBJECTS
    assert -1 not in places
    assert places == sorted(places)


def test_every_subject_has_its_inner_order_checked() -> None:
    containers = {
        c
        for name in ("3", "3b", "3c", "3d", "3e", "3h", "3i")
        for c in _contract(name)["containers"]
    }
    assert containers == {f"app.registry.{subject}" for subject in SUBJECTS}


def test_every_store_is_known() -> None:
    """Tables of a store that nobody lists would be missing from the migrations' drift check."""
    keeping = SUBJECTS - {"measuring", "pairs", "replay"}  # which keep nothing in a database
    assert {store.__name__.split(".")[2] for store in stores.STORES} == keeping


def test_refusals_of_constraints_name_constraints_that_exist() -> None:
    """A misspelt name would let the violation through as a surprise on our side."""
    tables = metadata.tables.values()
    constraints = {str(constraint.name) for table in tables for constraint in table.constraints}
    indexes = {str(index.name) for table in tables for index in table.indexes}
    assert set(stores.refusals_by_constraint()) <= constraints | indexes


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "app").rglob("*.py")
        if not path.read_text(encoding="utf-8").startswith('"""')
    ]
    assert not silent

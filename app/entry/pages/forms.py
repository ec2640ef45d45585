"""
Forms: what was typed, what the API made of it, and what was wrong with which field.

The API checks; pages check nothing a second time. Its pointers (``/body/name``) name the fields: a
form's fields have the names of the body, with dots where it is nested.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData

from app.entry.pages.client import RefusedError
from app.entry.pages.figures import plain

_OF_THE_FRAME = frozenset({"form_token"})


@dataclass(slots=True)
class Form:
    """A form: as it is opened, or as it was sent and refused."""

    typed: Mapping[str, list[str]] = field(default_factory=dict)
    problem: dict[str, Any] | None = None

    @classmethod
    def opened(cls, known: Mapping[str, Any] | None = None) -> "Form":
        """Return a form that holds what is known already; None is left empty."""
        given = {name: value for name, value in (known or {}).items() if value is not None}
        return cls({name: _texts(value) for name, value in given.items()})

    @classmethod
    def sent(cls, form: FormData, refused: RefusedError | None = None) -> "Form":
        """Return a form as it was sent."""
        typed: dict[str, list[str]] = {}
        for name, value in form.multi_items():
            if isinstance(value, str) and name not in _OF_THE_FRAME:
                typed.setdefault(name, []).append(value)
        return cls(typed, None if refused is None else refused.problem)

    def value(self, name: str) -> str:
        """Return what stands in a field."""
        return next(iter(self.typed.get(name, ())), "")

    def values(self, name: str) -> list[str]:
        """Return what was chosen of several."""
        return list(self.typed.get(name, ()))

    def error(self, name: str) -> dict[str, str] | None:
        """Return what was wrong with a field, as components take it; None: nothing."""
        found = [message for at, message in self._errors() if at == name]
        return {"text": "; ".join(found)} if found else None

    def summary(self) -> list[dict[str, str]]:
        """Return what was wrong, each with the field that it leads to."""
        return [{"text": message, "href": f"#{name}"} for name, message in self._errors()]

    def text(self, name: str) -> str | None:
        """Return what was typed in a field, Thai digits as the others; None: nothing."""
        return plain(self.value(name)) or None

    def whole(self, name: str) -> int | str | None:
        """Return a whole number; what is none as it is, for the API to refuse by its name."""
        typed = (self.text(name) or "").replace(",", "")
        return (int(typed) if typed.isdecimal() else typed) or None

    @property
    def key(self) -> str | None:
        """The form's own key: whatever it does, it does once."""
        return self.value("form_key") or None

    def _errors(self) -> list[tuple[str, str]]:
        found = (self.problem or {}).get("errors") or []
        return [(_field_of(each["pointer"]), str(each["message"])) for each in found]


def _texts(value: Any) -> list[str]:  # noqa: ANN401  of JSON
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _field_of(pointer: str) -> str:
    steps = pointer.strip("/").split("/")
    return ".".join(steps[1:] if steps[0] in {"body", "query"} else steps)

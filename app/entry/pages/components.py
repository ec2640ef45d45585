"""
Components of forms and pages, as Jinja functions: ``{{ component("input", {...}) }}``.

They come from govuk-frontend-jinja, which leaves out what is not given; our own templates are read
strictly, where a misspelt name is an error. So the two have an environment each.
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Final

from jinja2 import ChainableUndefined, Environment, PackageLoader, PrefixLoader
from markupsafe import Markup

_PACKAGE: Final = "govuk_frontend_jinja"
_KEPT_MAX: Final = 500  # some kilobytes each
# After a refusal the summary has the focus: readers of every kind begin at what is to be mended. No
# script is needed for that.
_ALWAYS: Final[Mapping[str, Mapping[str, Any]]] = {
    "error-summary": {"attributes": {"tabindex": "-1", "autofocus": ""}}
}


@cache
def _components() -> Environment:
    return Environment(
        loader=PrefixLoader({_PACKAGE: PackageLoader(_PACKAGE)}),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _macro(name: str) -> Any:  # noqa: ANN401  a macro
    words = name.split("-")
    template = _components().get_template(f"{_PACKAGE}/components/{name}/macro.html")
    return getattr(template.module, "govuk" + "".join(map(str.capitalize, words)))


def component(name: str, params: Mapping[str, Any], *, kept: bool = False) -> Markup:
    """
    Return the markup of a component, such as ``error-summary``, with its parameters.

    Args:
        name: of the component.
        params: its parameters.
        kept: whether the markup is kept for who asks for the same again: for long choices of public
            words, such as the provinces; never for what somebody has typed.
    """
    if kept:
        return _kept(name, _Params(params))
    return Markup(_macro(name)({**_ALWAYS.get(name, {}), **params}))  # noqa: S704  it has escaped what it was given


class _Params:
    """Parameters that are told apart by all that they hold, markup from text as well."""

    def __init__(self, held: Mapping[str, Any]) -> None:
        self.held = held
        self._key = repr(held)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Params) and other._key == self._key


@lru_cache(_KEPT_MAX)
def _kept(name: str, params: _Params) -> Markup:
    return component(name, params.held)

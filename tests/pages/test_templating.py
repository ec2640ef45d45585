"""Templates whose constants are settled when they are read say what Jinja says of them."""

from typing import Any, Final

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined
from jinja2.exceptions import UndefinedError

from app.entry.pages.render import environment
from app.entry.pages.templating import QuickEnvironment
from app.entry.pages.words import LANGUAGES, translations

SAID: Final = {"Yes": "ใช่", "%(n)s of <b>": "<i>%(n)s</i>", "100 %%": "100 %%"}
TEMPLATES: Final = {
    "parts": "{% macro row(of, more={}, by='x') %}[{{ of.name }}{{ more.items() | list }}{{ by }}"
    "]{% endmacro %}{% macro around(of) %}({{ of.name }}{{ caller() }}){% endmacro %}",
    "page": "{% from 'parts' import row, around with context %}{{ _('Yes') }} {{ _('100 %%') }} "
    "{{ _('%(n)s of <b>', n=given.name) }} {{ link('/a b&c') }} "
    "{{ link('/a', {'q': given.name}) }} {{ row(given) }}{{ row(given, by='<') }}"
    "{{ row(given, {'k': 1}) }}{% call around(given) %}{{ _('Yes') }}{% endcall %}"
    "{% for each in given['items'] %}{{ loop.index }}{{ each.upper() }}{{ _('Yes') }}{% endfor %}"
    "{{ given.get('name') }}{{ given.keys() | join }}{{ missing is defined }}",
}
GIVEN: Final = {"name": "<Yes>", "items": ["a", "<b>"], "keys": 1}


def link(path: str, params: dict[str, str] | None = None) -> str:
    return f"/th{path}?{params}"


def prepared(made: Environment) -> Environment:
    made.install_gettext_translations(Said(), newstyle=True)  # type: ignore[attr-defined]
    made.globals["link"] = link
    return made


class Said:
    """A small catalogue."""

    def gettext(self, text: str) -> str:
        return SAID.get(text, text)

    ugettext = gettext

    def ngettext(self, one: str, many: str, number: int) -> str:
        return one if number == 1 else many


def both() -> list[Environment]:
    how: dict[str, Any] = {"loader": DictLoader(TEMPLATES), "extensions": ["jinja2.ext.i18n"]}
    plain = Environment(autoescape=True, undefined=StrictUndefined, **how)
    quick = QuickEnvironment({"_": Said().gettext, "link": link}, **how)
    return [prepared(plain), prepared(quick)]


def test_a_template_says_what_it_says_in_jinja_alone() -> None:
    plain, quick = (made.get_template("page").render(given=GIVEN) for made in both())
    assert quick == plain
    assert "<i>&lt;Yes&gt;</i>" in quick


def test_what_is_misspelt_is_an_error_still() -> None:
    for made in both():
        with pytest.raises(UndefinedError):
            made.from_string("{{ given.nmae }}").render(given=GIVEN)


def test_a_message_is_settled_in_the_language_of_its_page() -> None:
    for language in LANGUAGES:
        made = environment(language)
        source = made.compile("{{ _('Sign in') }}{{ link('/help') }}", raw=True)
        assert translations(language).ugettext("Sign in") in source
        assert f"/{language}/help" in source

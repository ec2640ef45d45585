"""
Templates made quick: what is the same on every page of a language is settled when they are read.

Jinja looks a message up, asks for an address and fills a component in each time that it comes by;
and it is careful with what it calls, for anybody may call anything. Each language has an
environment of its own here, and the templates are ours, so most of that is known beforehand.
"""

from collections.abc import Callable, Mapping
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any, Final

from jinja2 import Environment, StrictUndefined, nodes
from jinja2.runtime import Context, Macro
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

# Of dictionaries `a.items` is what Jinja says it is, whatever they hold; other names are keys.
_OF_DICTIONARIES: Final = frozenset(dir(dict))
_CALLED_AS_THEY_ARE: Final = (FunctionType, MethodType, BuiltinMethodType)
_IS_GIVEN_MORE: Final = "jinja_pass_arg"  # how Jinja marks functions that want to know more


class _Context(Context):
    """Calls macros and plain functions without asking first what they want to be given."""

    def call(self, called: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Return what something gives when it is called."""
        kind = type(called)
        is_plain = kind in _CALLED_AS_THEY_ARE and not hasattr(called, _IS_GIVEN_MORE)
        if kind is Macro or is_plain:
            kwargs.pop("_block_vars", None)
            kwargs.pop("_loop_vars", None)
            return called(*args, **kwargs)
        return super().call(called, *args, **kwargs)


class QuickEnvironment(Environment):
    """An environment of one language, whose constants are settled when a template is read."""

    context_class = _Context

    def __init__(self, settled: Mapping[str, Callable[..., str]], **how: Any) -> None:  # noqa: ANN401
        """
        Prepare.

        Args:
            settled: functions that give the same for the same wherever they stand, by the name
                that templates call them by; ``_`` looks a message up.
            how: as of Jinja's environment; it escapes, and is strict.
        """
        super().__init__(autoescape=True, undefined=StrictUndefined, **how)
        self._settling = _Settling(settled)

    def getattr(self, obj: Any, attribute: str) -> Any:  # noqa: ANN401
        """Return what `obj.attribute` is; a key, of a dictionary that has it."""
        # Most of what pages show are dictionaries: Jinja would have them fail to have attributes.
        if type(obj) is dict and attribute in obj and attribute not in _OF_DICTIONARIES:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        read = super()._parse(source, name, filename)
        settled: nodes.Template = self._settling.visit(read)
        return settled


class _Settling(NodeTransformer):
    """Puts in the place of a call with constants what it gives."""

    def __init__(self, settled: Mapping[str, Callable[..., str]]) -> None:
        self._settled = settled

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802  as Jinja's visitor has it
        self.generic_visit(node)
        name = node.node.name if isinstance(node.node, nodes.Name) else ""
        if name not in self._settled or node.dyn_args or node.dyn_kwargs:
            return node
        try:
            given = [argument.as_const() for argument in node.args]
        except nodes.Impossible:
            return node
        if name == "_":
            return _message(self._settled[name](*given), node)
        return node if node.kwargs else nodes.Const(self._settled[name](*given), lineno=node.lineno)


def _message(text: str, node: nodes.Call) -> nodes.Expr:
    """Return a message with what it is filled by; like Jinja's own, it is always a pattern."""
    message = Markup(text)  # noqa: S704  of our catalogues
    if not node.kwargs:
        return nodes.Const(message % {}, lineno=node.lineno)
    filled = [nodes.Pair(nodes.Const(each.key), each.value) for each in node.kwargs]
    return nodes.Mod(
        nodes.Const(message, lineno=node.lineno), nodes.Dict(filled), lineno=node.lineno
    )

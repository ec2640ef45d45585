"""A check of our own that schemathesis runs on every answer, beside all of its own."""

import json
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, Response

# What the framework answers before any operation is chosen: no operation can declare these.
_OF_NO_OPERATION = {"no_such_address", "method_not_allowed"}


@schemathesis.check
def refusal_is_declared(_context: CheckContext, response: Response, case: Case[Any]) -> None:
    """Hold the code of a refusal against those that the operation names for its status."""
    if "application/problem+json" not in response.headers.get("content-type", [""])[0]:
        return
    code = json.loads(response.content)["code"]
    if code in _OF_NO_OPERATION:
        return
    declared = case.operation.definition.raw["responses"].get(str(response.status_code), {})
    assert code in declared.get("x-refusals", []), (
        f"{response.status_code} {code} is not among the operation's refusals"
    )

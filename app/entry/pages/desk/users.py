"""A person who signs in, before TGO: their roles, and whether they may act."""

from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.desk.party_acts import roles_of
from app.entry.pages.forms import Form
from app.entry.pages.member.common import who
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_PAGE: Final = "desk/user.html"
_ACTS: Final = {
    "suspension": "suspension",
    "reinstatement": "reinstatement",
    "factor": "second-factor/removal",
}
_ROLE_CHANGE: Final = "role_change"


@ways.get("/desk/users/{user_id}")
async def desk_user(page: Page) -> Response:
    """Show a person, and what an administrator can do."""
    facts = await _facts(page)
    return page.show(_PAGE, form=Form.opened({"roles": facts["user"]["roles"]}), **facts)


@ways.post("/desk/users/{user_id}")
async def take_user(page: Page) -> Response:
    """Set roles or a password, suspend, bring back; or propose roles to a second administrator."""
    sent, user_id = await page.form(), page.step("user_id")
    form, act = Form.sent(sent), str(sent.get("act", ""))
    facts = await _facts(page)
    try:
        if act == "roles" and facts["by_two"]:
            return await _propose(page, form)
        if act == "roles":
            body: dict[str, Any] = {"roles": form.values("roles")}
            path, version = f"/users/{user_id}/roles", f'"{form.value("version")}"'
            await page.client.send("PUT", path, body, key=form.key, if_match=version)
        elif act == "password":
            body = {"new_password": form.value("new_password")}
            await page.client.send("PUT", f"/users/{user_id}/password", body)
        else:
            step = _ACTS.get(act, "reinstatement")
            said = None if act == "factor" else {"reason": form.text("reason")}
            await page.client.send("POST", f"/users/{user_id}/{step}", said, key=form.key)
    except RefusedError as refused:
        return again(page, _PAGE, sent, refused, **facts)
    return page.go(f"/desk/users/{user_id}", done=f"user_{act}")


async def _propose(page: Page, form: Form) -> Response:
    digest = form.text("document_sha256")
    order = {
        "roles": {
            "user_id": page.step("user_id"),
            "roles": form.values("roles"),
            "version": form.whole("version"),
        },
        "reason": form.text("reason"),
        "document_sha256": None if digest is None else digest.lower(),
    }
    made = await page.client.send("POST", "/orders", order, key=form.key)
    return page.go(f"/desk/orders/{made['id']}", done="order_proposed")


async def _facts(page: Page) -> dict[str, Any]:
    me = await who(page)
    user = await page.client.get(f"/users/{page.step('user_id')}")
    party = await page.client.get(f"/parties/{user['party_id']}")
    rules = await page.client.get("/rules")
    return {
        "user": user,
        "party": party,
        "roles": roles_of(party),
        "by_two": any(
            act["act"] == _ROLE_CHANGE and act["needs_two_people"] for act in rules["acts"]
        ),
        "manages": "administrator" in me["roles"] and user["email"] is not None,
        "is_self": user["id"] == me["id"],
        "done": page.query.get("done"),
    }

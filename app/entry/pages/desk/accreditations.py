"""Verifiers before TGO: what each is accredited for, and what it declared with its opinions."""

import asyncio
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.answers import Json
from app.entry.pages.client import Params
from app.entry.pages.desk.common import ROWS, activities_of, day_now, people_of
from app.entry.pages.desk.parties import acts_for
from app.entry.pages.member.common import who
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_SHOWN_MAX: Final = 50  # verifications of one body, the newest


@ways.get("/desk/verifiers")
async def verifiers(page: Page) -> Response:
    """List the verifiers with the scopes in which they may give opinions today."""
    me, today = await who(page), day_now()
    asked: Params = {"kind": "vvb", "limit": ROWS, "cursor": page.query.get("cursor")}
    listed = await page.client.get("/parties", asked)
    rows = [{"party": each, **_standing(each, today)} for each in listed["data"]]
    return page.show(
        "desk/verifiers.html",
        listed=listed,
        rows=rows,
        call=page.client.called("/parties"),
        admits="administrator" in me["roles"],
    )


@ways.get("/desk/verifiers/{party_id}")
async def verifier(page: Page) -> Response:
    """Show a verifier: every accreditation, and its declarations on conflicts of interest."""
    me, party_id = await who(page), page.step("party_id")
    party, listed = await asyncio.gather(
        page.client.get(f"/parties/{party_id}"),
        page.client.get("/verifications", {"limit": ROWS}),
    )
    own = [each for each in listed["data"] if each["vvb_party_id"] == party_id][:_SHOWN_MAX]
    opinions, activities = await asyncio.gather(
        asyncio.gather(
            *(
                page.client.get(f"/verifications/{each['id']}/opinions", {"limit": ROWS})
                for each in own
            )
        ),
        activities_of(page, (each["activity_id"] for each in own)),
    )
    given_by = {each["lead_user_id"] for given in opinions for each in given["data"]}
    return page.show(
        "desk/verifier.html",
        party=party,
        leads=await people_of(page, given_by),
        today=day_now(),
        declared=[
            {"verification": each, "activity": activities[each["activity_id"]], "opinion": opinion}
            for each, given in zip(own, opinions, strict=True)
            for opinion in reversed(given["data"])
        ],
        acts=acts_for(me, party),
        done=page.query.get("done"),
    )


def _standing(party: Json, today: str) -> dict[str, Any]:
    """Return in which scopes a verifier is accredited today, and which end first is nearest."""
    valid = [
        each
        for each in party["accreditations"]
        if each["valid_from"] <= today and (each["valid_to"] is None or today <= each["valid_to"])
    ]
    ends = [each["valid_to"] for each in valid if each["valid_to"] is not None]
    return {
        "scopes": sorted({each["sectoral_scope"] for each in valid}),
        "next_end": min(ends, default=None),
    }

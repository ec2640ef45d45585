"""Verification: the lead's opinion on a report, and a second person's decision on the opinion."""

import asyncio
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages.client import RefusedError
from app.entry.pages.desk.common import ROWS, file_of
from app.entry.pages.forms import Form
from app.entry.pages.member.common import typed_number, who
from app.entry.pages.refused_forms import again
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_PAGE: Final = "desk/verification.html"
_OPINION: Final = "opinion"
CONFIRMING: Final = frozenset({"unmodified", "modified"})
FINDINGS_AT_ONCE: Final = 20
_LINES_MAX: Final = 31  # as many years as a crediting period can touch


@ways.get("/work/verifications/{verification_id}")
async def verification(page: Page) -> Response:
    """Show a report with its evidence; take the opinion on it, or the decision on that."""
    facts = await _facts(page)
    form = Form.opened({"findings": "0", "assurance": "reasonable", "materiality_percent": "5"})
    return page.show(_PAGE, form=form, findings=0, **facts)


@ways.post("/work/verifications/{verification_id}")
async def take_verification(page: Page) -> Response:
    """Give an opinion, or decide on the newest."""
    sent, verification_id = await page.form(), page.step("verification_id")
    form = Form.sent(sent)
    findings = min(int(form.whole("findings") or 0), FINDINGS_AT_ONCE)
    if form.value("another"):
        more = min(findings + 1, FINDINGS_AT_ONCE)
        return page.show(_PAGE, form=form, findings=more, **await _facts(page))
    act = _OPINION if form.value("act") == _OPINION else "review"
    try:
        await page.client.send(
            "POST",
            f"/verifications/{verification_id}/{act}",
            _opinion_of(form, findings) if act == _OPINION else _review_of(form),
            key=form.key,
            if_match=f'"{form.value("version")}"',
        )
    except RefusedError as refused:
        return again(page, _PAGE, sent, refused, findings=findings, **await _facts(page))
    done = "opinion_given" if act == _OPINION else "opinion_decided"
    return page.go(f"/work/verifications/{verification_id}", done=done)


def _review_of(form: Form) -> dict[str, Any]:
    approve = {"true": True, "false": False}.get(form.value("approve"))
    return {"approve": approve, "reason": form.text("reason")}


def _opinion_of(form: Form, findings: int) -> dict[str, Any]:
    confirms = form.value("conclusion") in CONFIRMING
    return {
        "conclusion": form.text("conclusion"),
        "assurance": form.text("assurance"),
        "materiality_percent": typed_number(form, "materiality_percent"),
        "statement": form.text("statement"),
        "no_conflict_of_interest": form.value("no_conflict_of_interest") == "true",
        "findings": [_finding_of(form, f"findings.{place}.") for place in range(findings)],
        # What is not confirmed has no lines; what stands in them is left where it was typed.
        "lines": [_line_of(form, at) for at in _lines_of(form)] if confirms else [],
        "document_ids": form.values("document_ids"),
    }


def _lines_of(form: Form) -> list[str]:
    places = (f"lines.{place}." for place in range(_LINES_MAX))
    return [at for at in places if form.value(f"{at}vintage")]


def _line_of(form: Form, at: str) -> dict[str, Any]:
    return {
        "vintage": form.whole(f"{at}vintage"),
        "verified_tco2e": typed_number(form, f"{at}verified_tco2e"),
        "buffer_credits": _credits_of(form, f"{at}buffer_credits"),
    }


def _credits_of(form: Form, name: str) -> int | str | None:
    # Zero is a figure here: it says that nothing goes to the buffer.
    return 0 if form.text(name) == "0" else form.whole(name)


def _finding_of(form: Form, at: str) -> dict[str, Any]:
    return {
        "finding_class": form.text(f"{at}finding_class"),
        "description": form.text(f"{at}description"),
        "response": form.text(f"{at}response"),
        "is_closed": form.value(f"{at}is_closed") == "true",
    }


async def _facts(page: Page) -> dict[str, Any]:
    me = await who(page)
    at = f"/verifications/{page.step('verification_id')}"
    shown, opinions = await asyncio.gather(
        page.client.get(at), page.client.get(f"{at}/opinions", {"limit": ROWS})
    )
    report, file = await asyncio.gather(
        page.client.get(f"/monitoring-reports/{shown['report_id']}"),
        file_of(page, shown["activity_id"]),
    )
    is_mine = shown["vvb_party_id"] == me["party_id"]
    to_review = shown["status"] == "awaiting_review"
    is_lead = is_mine and "verifier_lead" in me["roles"]
    return {
        **file,
        "verification": shown,
        "opinions": opinions["data"],
        "report": report,
        "done": page.query.get("done"),
        "takes_opinion": is_lead and shown["status"] in {"assigned", "sent_back"},
        "takes_review": is_mine and to_review and "verifier_reviewer" in me["roles"],
        "is_own_opinion": is_lead and to_review,
    }

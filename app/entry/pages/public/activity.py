"""The page of one activity: what it is, where it stands, its papers, its credits, its story."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages import plots
from app.entry.pages.answers import Json
from app.entry.pages.figures import year_of
from app.entry.pages.public.figures import STATES, provinces_of, states_flow
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
# The way of an activity that meets no obstacle.
_WAY: Final = ("draft", "submitted", "under_review", "under_validation", "registered")
_COUNTED: Final = frozenset({"submitted", "under_verification", "verified", "issued", "recognised"})


@ways.get("/activities/{activity_id}", remembered=True)
async def activity(page: Page) -> Response:
    """Show one activity: what it is, where it stands, its papers, its credits and its story."""
    activity_id = page.step("activity_id")
    record = await page.client.get(f"/activities/{activity_id}/record")
    shown, reports = record["activity"], record["reports"]
    programmes, methodology, provinces = await asyncio.gather(
        page.client.get("/programmes", {"limit": 100}),  # as the register of activities asks
        page.client.find(
            f"/methodologies/{shown['methodology_code']}/versions/{shown['methodology_version']}"
        ),
        provinces_of(page),
    )
    code = shown["programme_code"]
    programme = next((each for each in programmes["data"] if each["code"] == code), None)
    if programme is None:  # there are more programmes than a page of them
        programme = await page.client.get(f"/programmes/{code}")
    return page.show(
        "public/activity.html",
        activity=shown,
        programme=programme,
        methodology=methodology,
        parties=_by_id(record["parties"]),
        clock=_clock(record["events"], shown["status"], checked=programme["needs_verification"]),
        documents=_by_id(record["documents"]),
        grounds=_grounds(shown, record["events"], reports, record["issuances"]),
        reports=reports,
        measured=_measured(page, reports, shown["estimate_tco2e"]),
        issuances=record["issuances"],
        batches=record["batches"],
        more_batches=record["more_batches"],
        flow=states_flow(page, _sums(record["batches"])),
        retired=record["retirements"],
        story=_story(record),
        provinces={code: provinces[code] for code in shown["province_codes"]},
    )


def _by_id(rows: Iterable[Json]) -> dict[str, Json]:
    return {each["id"]: each for each in rows}


def _sums(batches: Sequence[Json]) -> dict[str, int]:
    """Return where all credits of some batches are."""
    return {state: sum(batch[state] for batch in batches) for state in STATES}


def _clock(events: list[Json], status: str, *, checked: bool) -> dict[str, Any]:
    """Return each state with the step that brought it, and the states that may come."""
    begun = [each for each in events if each["from_status"] != each["to_status"]]
    way = [each for each in _WAY if checked or each != "under_validation"]
    to_come = way[way.index(status) + 1 :] if status in way else []
    return {"begun": begun, "to_come": to_come}


def _grounds(
    shown: Json, events: list[Json], reports: list[Json], issuances: list[Json]
) -> list[dict[str, Any]]:
    """Return what rests on documents, with those that are recorded: none is told as well."""
    found = [
        ("validation", each["given_at"], None, each["document_ids"]) for each in shown["opinions"]
    ]
    found += [
        (each["step"], each["happened_at"], each["meeting"], _one(each["document_id"]))
        for each in events
        if each["decided_on"] is not None
    ]
    found += [("monitoring", each["created_at"], None, each["document_ids"]) for each in reports]
    found += [
        ("issuance", each["recorded_at"], each["meeting"], _one(each["document_id"]))
        for each in issuances
    ]
    return [
        {"kind": kind, "at": at, "meeting": meeting, "ids": ids}
        for kind, at, meeting, ids in sorted(found, key=lambda each: str(each[1]))
    ]


def _one(document_id: str | None) -> list[str]:
    return [] if document_id is None else [document_id]


def _measured(page: Page, reports: list[Json], estimate: str) -> dict[str, Any] | None:
    """Return what was monitored of each year against the estimate; None: nothing was."""
    found: defaultdict[int, Decimal] = defaultdict(Decimal)
    for report in reports:
        if report["status"] in _COUNTED:
            for line in report["vintages"]:
                found[line["vintage"]] += Decimal(line["monitored_tco2e"])
    if not found:
        return None
    expected = Decimal(estimate)
    groups = [
        (year_of(year, page.language), (expected, max(monitored, Decimal(0))))
        for year, monitored in sorted(found.items())
    ]
    return {"rows": sorted(found.items()), "chart": plots.columns(groups, (5, 1))}


def _story(record: Json) -> list[dict[str, Any]]:
    """Return everything that happened, in the order of the log, the newest first."""
    found = [_told("activity_step", e["step"], e["happened_at"], e) for e in record["events"]]
    found += [_told("report_step", e["kind"], e["at"], e) for e in record["report_events"]]
    found += [_told("document", d["purpose"], d["uploaded_at"], d) for d in record["documents"]]
    found += [_told("issuance", "issued", i["recorded_at"], i) for i in record["issuances"]]
    found += [_told("retirement", "retired", r["recorded_at"], r) for r in record["retirements"]]
    return sorted(found, key=lambda each: -int(each["log_index"]))


def _told(kind: str, what: str, at: str, of: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "what": what, "at": at, "log_index": of["log_index"], "of": of}

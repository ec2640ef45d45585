"""The page of one activity: what it is, where it stands, its papers, its credits, its story."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from starlette.responses import Response

from app.entry.pages import plots
from app.entry.pages.client import Json
from app.entry.pages.figures import year_of
from app.entry.pages.public.figures import states_flow
from app.entry.pages.render import Page
from app.entry.pages.ways import Ways

ways: Final = Ways()
_ROWS: Final = 200
_BATCHES: Final = 50
_LOOKED_INTO: Final = 12  # batches, reports: what belongs to each takes a call of its own
# The way of an activity that meets no obstacle.
_WAY: Final = ("draft", "submitted", "under_review", "under_validation", "registered")
_COUNTED: Final = frozenset({"submitted", "under_verification", "verified", "issued", "recognised"})


@ways.get("/activities/{activity_id}")
async def activity(page: Page) -> Response:
    """Show one activity: what it is, where it stands, its papers, its credits and its story."""
    activity_id = page.step("activity_id")
    shown = await page.client.get(f"/activities/{activity_id}")
    of_it = {"activity_id": activity_id}
    events, documents, reports, issuances, batches, programme, methodology = await asyncio.gather(
        page.client.get(f"/activities/{activity_id}/events", {"limit": _ROWS}),
        page.client.get(f"/activities/{activity_id}/documents", {"limit": _ROWS}),
        page.client.get("/monitoring-reports", {**of_it, "limit": _BATCHES}),
        page.client.get("/issuances", {**of_it, "limit": _BATCHES}),
        page.client.get("/batches", {**of_it, "limit": _BATCHES}),
        page.client.get(f"/programmes/{shown['programme_code']}"),
        page.client.find(
            f"/methodologies/{shown['methodology_code']}/versions/{shown['methodology_version']}"
        ),
    )
    minted = await _credits(page, batches["data"])
    steps = await _steps_of_reports(page, reports["data"])
    retired = _retirements(minted["serials"])
    return page.show(
        "public/activity.html",
        activity=shown,
        programme=programme,
        methodology=methodology,
        parties=await _parties(page, shown, events["data"], reports["data"], steps),
        clock=_clock(events["data"], shown["status"], checked=programme["needs_verification"]),
        documents={each["id"]: each for each in documents["data"]},
        grounds=_grounds(shown, events["data"], reports["data"], issuances["data"]),
        reports=reports["data"],
        measured=_measured(page, reports["data"], shown["estimate_tco2e"]),
        issuances=issuances["data"],
        batches=minted["batches"],
        more_batches=batches["has_more"] or len(batches["data"]) > _LOOKED_INTO,
        flow=states_flow(page, minted["sums"]),
        retired=retired,
        story=_story(events["data"], documents["data"], steps, issuances["data"], retired),
        provinces={
            code: await page.client.get(f"/provinces/{code}") for code in shown["province_codes"]
        },
    )


async def _credits(page: Page, batches: list[Json]) -> dict[str, Any]:
    """Return batches with where their credits are, and what happened to their serials."""
    looked_into = batches[:_LOOKED_INTO]
    shown, serials = await asyncio.gather(
        asyncio.gather(*(page.client.get(f"/batches/{b['prefix']}") for b in looked_into)),
        asyncio.gather(
            *(page.client.get("/serials", {"serial": b["serials"]}) for b in looked_into)
        ),
    )
    states = ("held", "buffered", "in_transit", "retired", "cancelled", "exported")
    sums = {state: sum(batch[state] for batch in shown) for state in states}
    return {"batches": shown, "serials": serials, "sums": sums}


async def _steps_of_reports(page: Page, reports: list[Json]) -> list[Json]:
    found = await asyncio.gather(
        *(
            page.client.find(f"/monitoring-reports/{each['id']}/events", {"limit": _ROWS})
            for each in reports[:_LOOKED_INTO]
        )
    )
    return [step for listed in found if listed is not None for step in listed["data"]]


async def _parties(page: Page, shown: Json, *acts: Iterable[Json]) -> dict[str, Json]:
    """Return whoever is named on the page, by identifier; who cannot be seen is left out."""
    named = {shown["owner_party_id"], shown["vvb_party_id"]}
    named |= {each["vvb_party_id"] for each in shown["opinions"]}
    for each in (each for rows in acts for each in rows):
        named |= {each.get("by_party_id"), each.get("vvb_party_id")}
    names = sorted(named - {None})
    found = await asyncio.gather(*(page.client.find(f"/parties/{name}") for name in names))
    return {each["id"]: each for each in found if each is not None}


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


def _retirements(serials: Iterable[Json]) -> list[dict[str, Any]]:
    """Return retirements of these serials, newest first."""
    found: dict[int, dict[str, Any]] = {}
    for run in (run for each in serials for run in each["runs"] if run["state"] == "retired"):
        last = max(run["history"], key=lambda step: int(step["log_index"]))
        kept = found.setdefault(
            last["log_index"],
            {"log_index": last["log_index"], "at": last["recorded_at"], "credits": 0, "runs": []},
        )
        kept["credits"] += run["credits"]
        kept["runs"].append(run["serials"])
    return [found[index] for index in sorted(found, reverse=True)]


def _story(
    events: list[Json],
    documents: list[Json],
    steps: list[Json],
    issuances: list[Json],
    retired: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Return everything that happened, in the order of the log, the newest first."""
    found = [_told("activity_step", e["step"], e["happened_at"], e) for e in events]
    found += [_told("report_step", e["kind"], e["at"], e) for e in steps]
    found += [_told("document", d["purpose"], d["uploaded_at"], d) for d in documents]
    found += [_told("issuance", "issued", i["recorded_at"], i) for i in issuances]
    found += [_told("retirement", "retired", r["at"], r) for r in retired]
    return sorted(found, key=lambda each: -int(each["log_index"]))


def _told(kind: str, what: str, at: str, of: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "what": what, "at": at, "log_index": of["log_index"], "of": of}

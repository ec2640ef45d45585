"""What monitoring reports look like over HTTP: bodies sent, and what is shown."""

from datetime import date
from typing import Annotated

from pydantic import Field

from app.entry.api.days import Day
from app.entry.api.wire import (
    Body,
    Identifier,
    LogIndex,
    Moment,
    PageQuery,
    Salt,
    Shown,
    Text,
    Tonnes,
    Vintage,
    salt_shown,
)
from app.kernel.quantities import format_tonnes, parse_tonnes
from app.registry.monitoring.rules import (
    DOCUMENTS_MAX,
    LETTER_NUMBER_MAX,
    LINES_MAX,
    Line,
    Recognition,
    Report,
    ReportEvent,
    ReportStatus,
    ReportVintage,
)

DocumentIds = Annotated[list[Identifier], Field(max_length=DOCUMENTS_MAX)]


class LineBody(Body):
    """What one calendar year of the period claims."""

    vintage: Vintage = Field(description="Calendar year (CE) of the reduction.", examples=[2025])
    baseline_tco2e: Tonnes = Field(
        description="Emissions without the activity, tCO2e.", examples=["1520.5"]
    )
    project_tco2e: Tonnes = Field(description="Emissions with it, tCO2e.", examples=["270.25"])
    leakage_tco2e: Tonnes = Field(
        description="Emissions that it moved elsewhere, tCO2e.", examples=["0"]
    )

    def line(self) -> Line:
        """Return the line that the business reads."""
        return Line(
            self.vintage,
            parse_tonnes(self.baseline_tco2e),
            parse_tonnes(self.project_tco2e),
            parse_tonnes(self.leakage_tco2e),
        )


_Lines = Annotated[list[LineBody], Field(min_length=1, max_length=LINES_MAX)]


class DraftBody(Body):
    """A report to begin."""

    activity_id: Identifier = Field(
        description="The registered activity.", examples=["act_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    period_start: Day = Field(description="First day of the period.", examples=["2025-01-01"])
    period_end: Day = Field(
        description="Last day of the period; it belongs to it.", examples=["2025-12-31"]
    )
    lines: _Lines = Field(description="One line for each calendar year that the period touches.")
    document_ids: DocumentIds = Field(
        default=[],
        description="Evidence of the activity that this report rests on.",
        examples=[["doc_01kb5w6yk2e0hr9h5y0s8v2a3b"]],
    )


class EditBody(Body):
    """What to change in a draft; what is left out or null stays as it is."""

    period_start: Day | None = Field(
        None, description="First day of the period.", examples=["2025-01-01"]
    )
    period_end: Day | None = Field(
        None, description="Last day of the period; it belongs to it.", examples=["2025-12-31"]
    )
    lines: _Lines | None = Field(
        None, description="All lines, one for each calendar year that the period touches."
    )
    document_ids: DocumentIds | None = Field(
        None,
        description="All evidence that this report rests on.",
        examples=[["doc_01kb5w6yk2e0hr9h5y0s8v2a3b"]],
    )


class WithdrawalBody(Body):
    """Why a report is taken back."""

    reason: Text = Field(description="Why.", examples=["The meter was read wrongly."])


class RecognitionBody(Body):
    """The letter of recognition that TGO signed."""

    letter_number: Annotated[Text, Field(max_length=LETTER_NUMBER_MAX)] = Field(
        description="Number of the letter.", examples=["LoR 123/2568"]
    )
    letter_date: Day = Field(description="Date of the letter.", examples=["2025-11-03"])


class VintageShown(Shown):
    """One calendar year of a report."""

    vintage: int = Field(description="Calendar year (CE) of the reduction.", examples=[2025])
    baseline_tco2e: Tonnes = Field(
        description="Emissions without the activity, tCO2e.", examples=["1520.5"]
    )
    project_tco2e: Tonnes = Field(description="Emissions with it, tCO2e.", examples=["270.25"])
    leakage_tco2e: Tonnes = Field(
        description="Emissions that it moved elsewhere, tCO2e.", examples=["0"]
    )
    monitored_tco2e: Tonnes = Field(
        description="Net reduction, tCO2e: baseline less project less leakage.",
        examples=["1250.25"],
    )


class ReportShown(Shown):
    """A monitoring report."""

    id: str = Field(description="Identifier.", examples=["mrp_01kb5w6yk2e0hr9h5y0s8v2a3b"])
    activity_id: str = Field(
        description="The activity.", examples=["act_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    status: ReportStatus = Field(description="Where it stands.", examples=["submitted"])
    period_start: date = Field(description="First day of the period.", examples=["2025-01-01"])
    period_end: date = Field(description="Last day, included.", examples=["2025-12-31"])
    monitored_tco2e: str = Field(
        description="Net reduction of the whole period, tCO2e.", examples=["1250.25"]
    )
    vintages: list[VintageShown] = Field(description="By calendar year, rising.")
    document_ids: list[str] = Field(
        description="Evidence that it rests on.", examples=[["doc_01kb5w6yk2e0hr9h5y0s8v2a3b"]]
    )
    vvb_party_id: str | None = Field(
        description="The VVB assigned to verify it; null: none.",
        examples=["pty_01kb5w6yk2e0hr9h5y0s8v2a3b"],
    )
    revision: int = Field(description="How many contents it has had.", examples=[1])
    version: int = Field(description="Counts its changes; also its ETag.", examples=[2])
    created_at: Moment = Field(
        description="When it was drafted.", examples=["2026-01-15T03:00:00Z"]
    )


class RecognitionShown(Shown):
    """A letter of recognition: a reduction that is honoured and never becomes credits."""

    letter_number: str = Field(description="Number of the letter.", examples=["LoR 123/2568"])
    letter_date: date = Field(description="Date of the letter.", examples=["2025-11-03"])
    recognised_tco2e: str = Field(
        description="Reduction recognised, tCO2e; it cannot be bought or sold.",
        examples=["1250.25"],
    )
    log_index: LogIndex = Field(description="The act's place in the log.", examples=[1_024])


class ReportDetail(ReportShown):
    """A monitoring report with what came of it."""

    recognition: RecognitionShown | None = Field(
        description="TGO's letter of recognition; null: there is none."
    )


class ReportEventShown(Shown):
    """One thing that happened to a report."""

    log_index: LogIndex = Field(description="The act's place in the log.", examples=[1_024])
    at: Moment = Field(description="When it was recorded.", examples=["2026-01-15T03:00:00Z"])
    by_party_id: str = Field(
        description="Party whose user did it.", examples=["pty_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    kind: str = Field(description="What happened, as in the log.", examples=["report.submitted"])
    from_status: ReportStatus | None = Field(
        description="State before; null: it began here.", examples=["draft"]
    )
    to_status: ReportStatus = Field(description="State after.", examples=["submitted"])
    reason: str | None = Field(
        description="Why; null: the act needs no reason, or it was erased.",
        examples=["The meter was read wrongly."],
    )
    salt: Salt


class ReportQuery(PageQuery):
    """Which reports to list."""

    activity_id: Identifier | None = Field(
        None, description="Only of this activity.", examples=["act_01kb5w6yk2e0hr9h5y0s8v2a3b"]
    )
    status: ReportStatus | None = Field(
        None, description="Only in this state.", examples=["issued"]
    )


def report_shown(report: Report) -> ReportShown:
    """Show a report."""
    kept = {
        name: getattr(report, name)
        for name in ReportShown.model_fields
        if name not in {"monitored_tco2e", "vintages", "document_ids"}
    }
    return ReportShown(
        **kept,
        monitored_tco2e=format_tonnes(report.monitored_tco2e),
        vintages=[_vintage_shown(line) for line in report.vintages],
        document_ids=list(report.document_ids),
    )


def _vintage_shown(line: ReportVintage) -> VintageShown:
    return VintageShown(
        vintage=line.vintage,
        baseline_tco2e=format_tonnes(line.baseline_tco2e),
        project_tco2e=format_tonnes(line.project_tco2e),
        leakage_tco2e=format_tonnes(line.leakage_tco2e),
        monitored_tco2e=format_tonnes(line.monitored_tco2e),
    )


def recognition_shown(recognition: Recognition) -> RecognitionShown:
    """Show a letter of recognition."""
    return RecognitionShown(
        letter_number=recognition.letter_number,
        letter_date=recognition.letter_date,
        recognised_tco2e=format_tonnes(recognition.recognised_tco2e),
        log_index=recognition.log_index,
    )


def event_shown(event: ReportEvent) -> ReportEventShown:
    """Show what happened to a report; who in the party did it is not public."""
    kept = {name: getattr(event, name) for name in ReportEventShown.model_fields}
    return ReportEventShown(**{**kept, "salt": salt_shown(event.salt, event.reason)})

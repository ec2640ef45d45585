"""Small tables of another registry, written row by row, and the real ones where they are."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from app.entry.takeover import Tables
from app.registry.history.faults import Fault, Finding, Table
from app.registry.history.fitting import Plan, Survey, Taken, Tally
from app.registry.history.mapping import load_mapping
from app.registry.history.rules import lay_out, read_issuance, read_retirement

TODAY: Final = date(2026, 11, 24)
CAR: Final = load_mapping("car")
ISSUANCES: Final = lay_out(Table.ISSUANCES, list(CAR.issuances.names.values()), CAR, TODAY)
RETIREMENTS: Final = lay_out(Table.RETIREMENTS, list(CAR.retirements.names.values()), CAR, TODAY)
SHARED_CAR: Final = Path(__file__).parents[3] / "shared" / "data" / "car"


def real_tables() -> Tables:
    """Return the tables of the Climate Action Reserve; see whether `SHARED_CAR` is there first."""
    return Tables(SHARED_CAR / "CAR_issuances.csv", SHARED_CAR / "CAR_retirements.csv", CAR, TODAY)


@dataclass
class Drawn:
    """Both tables of a source, as a test draws them."""

    issuances: list[list[str]] = field(default_factory=list)
    retirements: list[list[str]] = field(default_factory=list)
    known: dict[str, Taken] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    tallies: tuple[Tally, Tally] = (Tally(), Tally())

    def issue(self, credits_issued: int | str, **changed: str) -> "Drawn":
        """Add a row of the issuance table: 2013, project P1, unless said otherwise."""
        said = {
            "project": "P1",
            "project_name": "Dairy",
            "vintage": "2013",
            "credits": str(credits_issued),
            "date": "2014-02-07",
        }
        assert changed.keys() <= said.keys()
        self.issuances.append([(said | changed)[meaning] for meaning in CAR.issuances.names])
        return self

    def retire(self, prefix: str, first: int, last: int, **changed: str) -> "Drawn":
        """Add a row of the retirement table: 2013, project P1, unless said otherwise."""
        said = {
            "project": "P1",
            "vintage": "2013",
            "credits": str(last - first + 1),
            "date": "2015-01-01",
            "serial": f"{prefix}-{first} to {last}",
            "account_holder": "City Light",
            "reason": "Other",
            "details": "",
        }
        assert changed.keys() <= said.keys()
        self.retirements.append([(said | changed)[meaning] for meaning in CAR.retirements.names])
        return self

    def take(
        self, prefix: str, credits_taken: int, share: tuple[str, int] = ("P1", 2013)
    ) -> "Drawn":
        """Say that an earlier run took over a block."""
        self.known[prefix] = Taken(share, credits_taken)
        return self

    def survey(self) -> Plan:
        """Read both tables and fit them."""
        self.findings = []
        survey = Survey(self.findings.append, self.known)
        issuances = enumerate(self.issuances, 2)
        retirements = enumerate(self.retirements, 2)
        self.tallies = (
            survey.read(ISSUANCES, issuances, read_issuance, survey.add_issuance),
            survey.read(RETIREMENTS, retirements, read_retirement, survey.add_retirement),
        )
        return survey.fit()

    def faults(self) -> Mapping[tuple[str, int], Fault]:
        """Return why shares are left out."""
        return {share: fault.fault for share, fault in self.survey().faults.items()}

    def write(self, folder: Path) -> Tables:
        """Write both tables as CSV files."""
        tables = Tables(folder / "issuances.csv", folder / "retirements.csv", CAR, TODAY)
        for table, columns, rows in (
            (Table.ISSUANCES, CAR.issuances, self.issuances),
            (Table.RETIREMENTS, CAR.retirements, self.retirements),
        ):
            with tables.path(table).open("w", encoding="utf-8-sig", newline="") as file:
                csv.writer(file).writerows([list(columns.names.values()), *rows])
        return tables

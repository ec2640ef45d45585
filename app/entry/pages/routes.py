"""All pages."""

from typing import Final

from app.entry.pages import lost, sign_in
from app.entry.pages.account import (
    approvals,
    notices,
    own,
    passkeys,
    people,
    personal_data,
    second_factor,
    security,
)
from app.entry.pages.public import activities, home
from app.entry.pages.ways import Ways

WAYS: Final[tuple[Ways, ...]] = (
    sign_in.ways,
    home.ways,
    activities.ways,
    own.ways,
    security.ways,
    second_factor.ways,
    passkeys.ways,
    notices.ways,
    people.ways,
    personal_data.ways,
    approvals.ways,
    lost.ways,
)  # the last takes what nobody takes

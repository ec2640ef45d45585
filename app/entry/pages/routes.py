"""All pages."""

from typing import Final

from app.entry.pages import sign_in
from app.entry.pages.public import (
    activities,
    activity,
    batches,
    home,
    parties,
    programmes,
    provinces,
)
from app.entry.pages.ways import Ways

WAYS: Final[tuple[Ways, ...]] = (
    sign_in.ways,
    home.ways,
    activities.ways,
    activity.ways,
    provinces.ways,
    batches.ways,
    parties.ways,
    programmes.ways,
)

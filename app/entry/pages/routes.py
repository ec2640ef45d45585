"""All pages."""

from typing import Final

from app.entry.pages import lost, sign_in
from app.entry.pages.public import activities, home
from app.entry.pages.ways import Ways

WAYS: Final[tuple[Ways, ...]] = (
    sign_in.ways,
    home.ways,
    activities.ways,
    lost.ways,
)  # the last takes what nobody takes

"""All pages."""

from typing import Final

from app.entry.pages import sign_in
from app.entry.pages.checking import about, data, endings, log, serials, tables
from app.entry.pages.public import activities, home
from app.entry.pages.ways import Ways

WAYS: Final[tuple[Ways, ...]] = (
    *(sign_in.ways, home.ways, activities.ways),
    *(serials.ways, endings.ways, log.ways, tables.ways, about.ways, data.ways),
)

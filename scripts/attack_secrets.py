"""A18: whether anything that must stay secret is written where somebody may find it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Final

from attack_acts import CITY
from attack_report import require
from attack_scene import DATABASE, Scene

CANARY: Final = "canary-3f9c1e-of-a-secret"


def look_for_secrets(scene: Scene) -> str:
    """Use secrets in every wrong way, then search logs, answers, the document and the database."""
    token = scene.token(CITY)
    places = {
        "the OpenAPI document": str(scene.document).encode(),
        **dict(_answers(scene, token)),
        "the server's log": scene.service.log.read_bytes(),
        "the publisher's log": (scene.service.data / "publisher.log").read_bytes(),
    }
    secrets = dict(_secrets(scene, token))
    for place, text in places.items():
        for name, secret in secrets.items():
            require(secret not in text, f"{name} stands in {place}")
    dump = _dump(scene)
    for name, secret in secrets.items():
        require(secret not in dump, f"{name} stands in the database")
    return f"{len(secrets)} secrets, none found in {len(places)} places and a dump of the database"


def _secrets(scene: Scene, token: str) -> Iterator[tuple[str, bytes]]:
    for email, password in scene.people.items():
        yield f"the password of {email}", password.encode()
    yield "the secret of an API key", scene.client_secret.encode()
    yield "an access token", token.encode()
    yield "a secret typed into the wrong field", CANARY.encode()
    key = (scene.service.data / "token-key.pem").read_bytes()
    yield "the key that signs tokens", key.splitlines()[1]


def _answers(scene: Scene, token: str) -> Iterator[tuple[str, bytes]]:
    """Yield answers to requests that carry secrets where they do not belong."""
    ask = scene.door.ask
    wrong = {"grant_type": "password", "email": CITY, "password": CANARY}
    yield "a refused sign-in", ask("POST", "/v1/tokens", body=wrong).body
    typed = {"grant_type": CANARY, "email": CANARY, "password": [CANARY]}
    yield "a malformed sign-in", ask("POST", "/v1/tokens", body=typed).body
    basic = {"Authorization": f"Basic {CANARY}"}
    yield "a refused header", ask("GET", "/v1/users/me", headers=basic).body
    yield "a refused token", ask("GET", "/v1/users/me", token=CANARY).body
    moved = {"from_account": CANARY, "credits": CANARY, CANARY: 1}
    answer = ask("POST", "/v1/transfers", token=token, body={**moved, "x": CANARY}, key=True)
    # A name of a field that is not known is said back: it is what has to be mended.
    yield "a malformed transfer", answer.body.replace(f"/body/{CANARY}".encode(), b"")
    me = scene.user_of(token)["id"]
    changed = {"new_password": f"{CANARY}-which-is-new", "current_password": CANARY}
    put = ask("PUT", f"/v1/users/{me}/password", token=token, body=changed)
    yield "a refused change of a password", put.body


def _dump(scene: Scene) -> bytes:
    program = scene.service.server.bin_folder / "pg_dump"
    url = scene.service.server.url(DATABASE)
    found = subprocess.run([program, "--data-only", url], capture_output=True, check=True)
    return found.stdout

"""A20: invented and damaged input for every parser of what comes from outside."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from attack_report import require
from attack_scene import Scene

from app.entry import strict_json
from app.kernel.errors import RegistryError
from app.registry.ledger.serials import account_id, account_number, read_serials
from app.registry.log.checkpoints import parse_checkpoint
from app.registry.log.notes import MalformedError, VerifierKey, parse_note
from app.registry.log.policy import parse_policy
from app.registry.log.receipts import Receipt
from app.registry.log.tiles import Tile, decode_bundle, encode_bundle

SEED: Final = 20_261_129
_ACCOUNT: Final = re.compile(r"TH-[0-9]{6,12}-[0-9]{2}", re.ASCII)
# The only ways in which a parser may refuse.
_REFUSALS: Final = (MalformedError, strict_json.StrictJsonError, RegistryError)
_PIECES: Final = (
    *(b"", b"\n", b"\n\n", b"\r\n", b" ", b"\t", b"\0", b"\xff", b"+", b"-", b"=", b"/", b"0"),
    *(b"00", b"-1", b"+1", b"1e3", b"9" * 30, b"x001/", b".p/", b"\xe2\x80\x94 ", b"A" * 44),
    *(b"\xe0\xb8\x81", b"\xed\xa0\x80", b"{", b"[", b'"', b"\\u0000", b"NaN", b"TH-", b"-"),
)


@dataclass(frozen=True)
class _Parser:
    """A parser, how what it read is written again, and input that it takes."""

    name: str
    again: Callable[[bytes], bytes | None]  # None: there are several ways to write it
    good: tuple[bytes, ...]


def fuzz(scene: Scene) -> str:
    """Damage what parsers take, and see that they take nothing that they would not write."""
    chosen = random.Random(SEED)  # noqa: S311  to be repeated, not to be secret
    parsers = list(_parsers(scene))
    each = scene.scale.parsed // len(parsers)
    taken = 0
    for parser in parsers:
        for sample in parser.good:
            require(parser.again(sample) in {sample, None}, f"{parser.name} refuses what is good")
        for _ in range(each):
            taken += _damage(chosen, parser)
    return f"{each * len(parsers):,} inputs for {len(parsers)} parsers: {taken:,} taken, as written"


def _damage(chosen: random.Random, parser: _Parser) -> bool:
    data = bytearray(chosen.choice(parser.good))
    for _ in range(chosen.randint(1, 4)):
        place = chosen.randrange(len(data) + 1)
        end = place + chosen.choice((0, 0, 1, 2, 8))
        data[place:end] = chosen.choice((chosen.choice(_PIECES), bytes([chosen.randrange(256)])))
    sent = bytes(data)
    try:
        again = parser.again(sent)
    except _REFUSALS:
        return False
    except Exception as error:  # noqa: BLE001  whatever else it is, it is a breach
        require(False, f"{parser.name} broke on {sent[:200]!r}: {error!r}")  # noqa: FBT003
        return False
    require(again in {sent, None}, f"{parser.name} takes {sent[:200]!r} and would write {again!r}")
    return True


def _parsers(scene: Scene) -> Iterable[_Parser]:
    note = scene.door.ask("GET", "/log/checkpoint").body
    receipt = scene.door.ask("GET", "/v1/log/receipts/0").body
    key = scene.door.ask("GET", "/log/key").body.strip()
    policy = scene.door.ask("GET", "/log/policy").body
    batch = scene.door.ask("GET", "/v1/batches").json()["data"][0]["serials"].encode()
    bundle = encode_bundle([b"{}", b"", b"x" * 300])
    paths = tuple(f"tile/{p}".encode() for p in ("0/000", "entries/x001/067.p/3", "1/000.p/7"))
    return (
        _Parser("note", lambda data: parse_note(data).encode(), (note,)),
        _Parser("checkpoint", lambda data: parse_checkpoint(data)[0].encode(), (note,)),
        _Parser("receipt", lambda data: Receipt.parse(data).encode(), (receipt,)),
        _Parser("verifier key", lambda d: str(VerifierKey.parse(_text(d))).encode(), (key,)),
        _Parser("policy", lambda data: _seen(parse_policy(data)), (policy,)),
        _Parser("tile", lambda data: Tile.parse(_text(data)).path.encode(), paths),
        _Parser("bundle", lambda data: encode_bundle(decode_bundle(data, 3)), (bundle,)),
        _Parser("serials", lambda data: _seen(read_serials(_text(data))), (batch,)),
        _Parser("account", _account, (account_number(1_001).encode(),)),
        _Parser("JSON", lambda data: _seen(strict_json.read(data)), (b'{"a": [1, "x", null]}',)),
    )


def _account(data: bytes) -> bytes:
    text = _text(data)
    if not _ACCOUNT.fullmatch(text):
        raise MalformedError  # the API takes no other form
    return account_number(account_id(text)).encode()


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise MalformedError from None


def _seen(_value: object) -> None:
    return None

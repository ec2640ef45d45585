"""A stand-in for the application: enough of its command line to try the scripts with.

Copied into a trial checkout as app/entry/cli.py. Each `serve` adds a row to a table, so that a
later one can tell whether the data were kept.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import asyncpg


class Health(BaseHTTPRequestHandler):
    """Answers every GET with 200."""

    def do_GET(self) -> None:
        """Say that all is well."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay silent."""


async def starts(*, add: int) -> int:
    """Count the times that `serve` ran against this database."""
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS starts (at timestamptz)")
        await connection.execute("INSERT INTO starts SELECT now() FROM generate_series(1, $1)", add)
        return int(await connection.fetchval("SELECT count(*) FROM starts"))
    finally:
        await connection.close()


def main() -> None:
    """Serve, or print the count of starts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("act", choices=["serve", "publish", "count", "witness"])
    parser.add_argument("--migrate", action="store_true")
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--seconds", type=float, default=0)
    options = parser.parse_args()
    if os.environ.get("STAND_IN_FAILS"):
        sys.exit("the stand-in was told to fail")
    if options.act == "publish":
        if os.environ.get("STAND_IN_PUBLISHER_FAILS"):
            sys.exit("the stand-in's publisher was told to fail")
        signal.pause()
    if options.act == "witness":
        print(f"database={os.environ.get('DATABASE_URL')}")
        return
    count = asyncio.run(starts(add=int(options.act == "serve")))
    if options.act == "count":
        print(f"starts={count}", flush=True)
        time.sleep(options.seconds)
        return
    if options.demo:
        user = {"role": "approver", "email": "a@example.org", "password": "ทดสอบ 1"}
        key = {"client_id": "the-client", "client_secret": "the-secret"}
        demo = {"users": [user], "api_key": key, "curl": "curl the-example"}
        Path(".data/demo.json").write_text(json.dumps(demo))
    print(f"serving {count}", flush=True)
    HTTPServer((options.host, options.port), Health).serve_forever()


if __name__ == "__main__":
    main()

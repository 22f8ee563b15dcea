"""A carrier as a process of its own, quick enough to be measured against: `python -m
tests.carrier_double PORT`. It takes texts, answers after a pause, and remembers when each came."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

REASONS = {
    200: "OK",
    201: "Created",
    204: "No Content",
    404: "Not Found",
    429: "Too Many",
    500: "No",
}


class Carrier:
    """What it took, and how it behaves just now."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.deleted: list[str] = []
        self.delay = 0.0
        self.status = 0
        self.hang_after_taking = 0

    async def answer(self, method: str, target: str, body: str) -> tuple[int, Any]:
        url = urlsplit(target)
        if url.path == "/control":
            for name, value in json.loads(body or "{}").items():
                setattr(self, name, value)
            return 200, {}
        if url.path == "/taken":
            return 200, self.taken[int(url.query or 0) :]
        if url.path == "/deleted":
            return 200, self.deleted
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.status:
            return self.status, {"code": 20500, "message": "no", "status": self.status}
        if method == "POST" and url.path.endswith("/Messages.json"):
            return await self.take(parse_qs(body, keep_blank_values=True))
        if method == "GET" and url.path.endswith("/Messages.json"):
            to = parse_qs(url.query)["To"][0]
            found = [message(each) for each in reversed(self.taken) if each["to"] == to]
            return 200, {"messages": found[:50], "next_page_uri": None}
        if method == "DELETE":
            self.deleted.append(url.path.rpartition("/")[2].removesuffix(".json"))
            return 204, None
        return 404, {"code": 20404, "message": "nothing here", "status": 404}

    async def take(self, form: dict[str, list[str]]) -> tuple[int, Any]:
        each = {
            "sid": "SM" + uuid.uuid4().hex,
            "at": time.time(),
            "to": form["To"][0],
            "from": form["From"][0],
            "body": form.get("Body", [""])[0],
            "callback": form.get("StatusCallback", [""])[0],
        }
        self.taken.append(each)
        if self.hang_after_taking > 0:
            self.hang_after_taking -= 1
            await asyncio.sleep(30)
        return 201, message(each)


def message(each: dict[str, Any]) -> dict[str, Any]:
    """As Twilio shows it."""
    made = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(each["at"]))
    return {**each, "direction": "outbound-api", "status": "queued", "date_created": made}


async def serve_one(
    carrier: Carrier, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode("latin-1").split("\r\n")
            method, target, _ = lines[0].split(" ", 2)
            names = (line.partition(":") for line in lines[1:])
            sizes = [int(value) for name, _, value in names if name.lower() == "content-length"]
            body = (await reader.readexactly(sizes[0])).decode() if sizes and sizes[0] else ""
            status, told = await carrier.answer(method, target, body)
            payload = b"" if told is None else json.dumps(told).encode()
            writer.write(
                f"HTTP/1.1 {status} {REASONS.get(status, 'Said')}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n".encode()
                + payload
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main(port: int) -> None:
    carrier = Carrier()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve_one(carrier, reader, writer)

    async with await asyncio.start_server(serve, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))

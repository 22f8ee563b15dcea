"""Whether the process is up, and whether the helpline can do its work."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from helpline.storage import liveness
from helpline.wiring import Wires

NEEDED_ROLES = ("worker", "clock")

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process is up."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Database, Redis, a live worker and a live clock; 503 with what is missing."""
    missing = _missing_in_database()
    if not _redis_answers():
        missing.append("redis")
    return jsonify(ready=not missing, missing=missing), 503 if missing else 200


def _missing_in_database() -> list[str]:
    wires: Wires = current_app.extensions["wires"]
    try:
        with wires.sessions.begin() as session:
            alive = liveness.alive_roles(session)
    except (DBAPIError, PoolTimeout):
        return ["database", *NEEDED_ROLES]
    return [role for role in NEEDED_ROLES if role not in alive]


def _redis_answers() -> bool:
    redis: Redis = current_app.extensions["redis"]
    try:
        return bool(redis.ping())
    except (RedisError, OSError):
        return False

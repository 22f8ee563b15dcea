"""The naive ways that we are measured against."""

from __future__ import annotations

import os
import uuid

import requests
from flask import Flask, Response, request
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import create_engine, text
from twilio.request_validator import RequestValidator

TABLE = "CREATE TABLE IF NOT EXISTS naive (sid text PRIMARY KEY, sender text, body text)"
INSERT = text("INSERT INTO naive (sid, sender, body) VALUES (:sid, :sender, :body)")


def create_app() -> Flask:
    """Three views: signature only, with one durable insert, and with one RQ job per text."""
    app = Flask(__name__)
    base, token = os.environ["PUBLIC_URL"], os.environ["TWILIO_AUTH_TOKEN"]
    validator = RequestValidator(token)
    engine = create_engine(os.environ["DATABASE_URL"])
    queue = Queue(
        "naive", connection=Redis.from_url(os.environ["REDIS_URL"]), serializer=JSONSerializer
    )

    def check() -> None:
        signature = request.headers.get("X-Twilio-Signature", "")
        url = base + request.environ["RAW_URI"]
        if not validator.validate(url, request.form, signature):
            raise PermissionError

    def keep() -> None:
        form = request.form
        with engine.begin() as connection:
            told = {"sid": form["MessageSid"], "sender": form["From"], "body": form["Body"]}
            connection.execute(INSERT, told)

    @app.post("/bare")
    def bare() -> Response:
        check()
        return Response("<Response/>", mimetype="text/xml")

    @app.post("/insert")
    def insert() -> Response:
        check()
        keep()
        return Response("<Response/>", mimetype="text/xml")

    @app.post("/enqueue")
    def enqueue() -> Response:
        check()
        keep()
        queue.enqueue("tests.bench.baselines.send", request.form["From"], result_ttl=0)
        return Response("<Response/>", mimetype="text/xml")

    return app


def send(to: str) -> None:
    """One blocking call to the carrier."""
    form = {"To": to, "From": "+12025550100", "Body": f"naive {uuid.uuid4().hex}"}
    requests.post(os.environ["NAIVE_SEND_URL"], data=form, timeout=10)

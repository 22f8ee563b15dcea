"""The Flask application."""

from __future__ import annotations

from flask import Flask, Response

from config.settings import read_settings
from helpline.carrier.signatures import Signatures
from helpline.logs import configure_logs
from helpline.web import health, metrics, pages, sound
from helpline.web.security import add_headers
from helpline.web.volunteer import voicemail
from helpline.web.webhooks import calls, texts
from helpline.web.webhooks.door import Door
from helpline.wiring import Wires, make_carrier, make_door, make_redis, make_wires

LARGEST_REQUEST_BYTES = 64 * 1024


def create_app(wires: Wires | None = None) -> Flask:
    """The application over these wires; by default over the settings of the environment."""
    if wires is None:
        configure_logs()
        wires = make_wires(read_settings())
    settings = wires.settings
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST_BYTES
    app.config["SECRET_KEY"] = settings.secret_key
    app.extensions["wires"] = wires
    app.extensions["redis"] = make_redis(settings)
    app.extensions["signatures"] = Signatures(settings.twilio_auth_token, settings.public_url)
    app.extensions["carrier"] = make_carrier(settings)
    app.extensions["door"] = Door(
        make_door(settings, wires.vault), wires.vault, wires.bell, wires.clock
    )
    app.register_blueprint(health.blueprint)
    if settings.helpline_serve in ("all", "webhooks"):
        app.register_blueprint(texts.blueprint)
        app.register_blueprint(calls.blueprint)
        app.register_blueprint(sound.blueprint)
    if settings.helpline_serve in ("all", "site"):
        app.register_blueprint(pages.blueprint)
        app.register_blueprint(voicemail.blueprint)
        app.register_blueprint(metrics.blueprint)
    app.after_request(add_headers)
    app.register_error_handler(404, _not_found)
    return app


def _not_found(_: Exception) -> Response:
    return Response("There is nothing here.\n", 404, mimetype="text/plain")

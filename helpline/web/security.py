"""What every answer carries, and what every request from Twilio must prove."""

from __future__ import annotations

from flask import Response, abort, current_app, request

from helpline.carrier.signatures import Signatures

POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def add_headers(response: Response) -> Response:
    """No framing, sniffing, referrer or caching; nothing from anywhere else."""
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def require_signature() -> None:
    """403 unless Twilio signed this request over `PUBLIC_URL` + raw path and query (R33)."""
    signatures: Signatures = current_app.extensions["signatures"]
    signature = request.headers.get("X-Twilio-Signature", "")
    if not signature or not signatures.are_right(raw_uri(), request.form, signature):
        abort(Response("Not signed by Twilio.\n", 403, mimetype="text/plain"))


def raw_uri() -> str:
    """Path and query exactly as they were sent: what was signed (TWILIO.md 1.7)."""
    uri: str = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or "/"
    if not uri.startswith("/"):
        uri = "/" + uri.partition("://")[2].partition("/")[2]
    return uri

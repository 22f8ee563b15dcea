"""What is heard while waiting: a soft chord that comes and goes, made here."""

from __future__ import annotations

import io
import math
import struct
import wave
from functools import cache

from flask import Blueprint, Response

RATE = 8000
SECONDS = 12
# A major chord with its ninth, low and quiet; each note swells and fades at its own pace.
NOTES = ((196.0, 6.0), (246.9, 4.0), (293.7, 3.0), (440.0, 12.0))
LOUDNESS = 2600

blueprint = Blueprint("sound", __name__, url_prefix="/sound")


@cache
def waiting_sound() -> bytes:
    """Twelve seconds, 16-bit mono at 8 kHz: what a telephone can carry."""
    samples = []
    for place in range(RATE * SECONDS):
        moment = place / RATE
        edge = min(1.0, moment, SECONDS - moment)
        level = sum(
            math.sin(2 * math.pi * pitch * moment) * (1 - math.cos(2 * math.pi * moment / pace)) / 2
            for pitch, pace in NOTES
        )
        samples.append(int(LOUDNESS * edge * level))
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return file.getvalue()


@blueprint.get("/waiting.wav")
def waiting() -> Response:
    """The sound, which the carrier may keep for a day."""
    answer = Response(waiting_sound(), mimetype="audio/wav")
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer

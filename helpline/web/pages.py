"""The public pages: what this line is, and its privacy."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template, request

from helpline.wiring import Wires

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
@blueprint.get("/privacy")
def about() -> str:
    """What this is and how privacy is kept, in the reader's language."""
    wires: Wires = current_app.extensions["wires"]
    languages = list(wires.house.wording.texts)
    language = request.accept_languages.best_match(languages) or wires.settings.helpline_language
    say = wires.house.wording.say
    country = wires.settings.helpline_country
    key = f"emergency_{country}"
    emergency = say(key if wires.house.wording.has(key) else "emergency_unknown", language)
    rescue = "rescue_consent" if wires.house.escalation.consent_only else "rescue"
    return render_template(
        "about.html",
        language=language,
        title=say("page_title", language, line=wires.settings.helpline_name),
        what=say("page_what", language, number=wires.settings.helpline_numbers[0]),
        emergency=say("page_emergency", language, emergency=emergency),
        privacy_title=say("page_privacy_title", language),
        privacy=[
            say(f"page_{place}", language)
            for place in ("privacy_1", "privacy_2", rescue, "privacy_3")
        ],
    )

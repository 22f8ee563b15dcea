"""The TwiML that we answer with: the one place where any of it is made."""

from __future__ import annotations

from twilio.twiml import TwiML
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from helpline.domain.script import Ask, Go, Join, Leave, Pause, Play, Record, Ring, Say, Script

NOTHING_TO_SAY = str(MessagingResponse())
TWIML_TYPE = "text/xml"
ROOM_EVENTS = "start end join leave"


def render(script: Script) -> str:
    """The document for a script; an empty one ends the call (TWILIO.md 1.6)."""
    document = VoiceResponse()
    for verb in script:
        match verb:
            case Ask(said, action, seconds):
                gather = document.gather(
                    input="dtmf", num_digits=1, timeout=seconds, action=action, method="POST"
                )
                for each in said:
                    _speak(gather, each)
            case Join():
                _join(document, verb)
            case Ring(to, sender, action, seconds):
                dial = document.dial(
                    caller_id=sender, timeout=seconds, action=action, method="POST"
                )
                dial.number(to)
            case Record(action, report_url, seconds):
                document.record(
                    action=action,
                    method="POST",
                    max_length=seconds,
                    timeout=5,
                    finish_on_key="#",
                    play_beep=True,
                    recording_status_callback=report_url,
                    recording_status_callback_event="completed absent",
                )
            case Go(url):
                document.redirect(url, method="POST")
            case Leave():
                document.hangup()
            case _:
                _speak(document, verb)
    return str(document)


def _speak(parent: VoiceResponse | Gather, verb: Say | Play | Pause) -> None:
    match verb:
        case Say(words, language):
            parent.say(words, language=language)
        case Play(url):
            parent.play(url)
        case Pause(seconds):
            parent.pause(length=seconds)


def _join(document: TwiML, verb: Join) -> None:
    """The caller comes first, so the caller's document must carry the room's reports (1.5)."""
    dial = Dial(action=verb.action, method="POST", hangup_on_star=verb.star or None)
    dial.conference(
        verb.room,
        start_conference_on_enter=verb.starts,
        end_conference_on_exit=verb.ends,
        beep="false",
        wait_url=verb.wait_url,
        wait_method="POST",
        participant_label=verb.label or None,
        coach=verb.coach or None,
        record="record-from-start" if verb.recorded_to else None,
        recording_status_callback=verb.recorded_to or None,
        status_callback=verb.report_url,
        status_callback_method="POST",
        status_callback_event=ROOM_EVENTS,
    )
    document.append(dial)

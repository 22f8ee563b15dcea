"""The TwiML that we answer with."""

from __future__ import annotations

from twilio.twiml.messaging_response import MessagingResponse

NOTHING_TO_SAY = str(MessagingResponse())
TWIML_TYPE = "text/xml"

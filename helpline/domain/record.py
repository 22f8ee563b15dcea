"""The kinds of things that go into the record."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What happened. The facts beside it hold ids, counts and codes only."""

    CONVERSATION_OPENED = "conversation_opened"
    CONVERSATION_OFFERED = "conversation_offered"
    OFFER_PASSED = "offer_passed"
    OFFER_EXPIRED = "offer_expired"
    OFFER_WITHDRAWN = "offer_withdrawn"
    CONVERSATION_ACCEPTED = "conversation_accepted"
    CONVERSATION_HANDED_ON = "conversation_handed_on"
    CONVERSATION_FINISHED = "conversation_finished"
    CONVERSATION_CLOSED = "conversation_closed"
    CONVERSATION_ABANDONED = "conversation_abandoned"
    NOBODY_ON_DUTY = "nobody_on_duty"
    NOBODY_HAS_TAKEN_IT = "nobody_has_taken_it"
    PEER_ASKED_FOR_HELP = "peer_asked_for_help"
    RISK_RAISED = "risk_raised"
    RISK_LOWERED = "risk_lowered"
    CRISIS_TEXT_SENT = "crisis_text_sent"
    ALERT_RAISED = "alert_raised"
    ALERT_SENT = "alert_sent"
    ALERT_HAS_NOBODY = "alert_has_nobody"
    ALERT_CALL_DUE = "alert_call_due"
    ALERT_ACKNOWLEDGED = "alert_acknowledged"
    ALERT_JOINED = "alert_joined"
    ALERT_LEFT = "alert_left"
    ALERT_RESOLVED = "alert_resolved"
    RESCUE_CALLED = "rescue_called"
    RESCUE_ASKED_ABOUT = "rescue_asked_about"
    RESCUE_CONFIRMED = "rescue_confirmed"
    TEXT_NOT_ASSESSED = "text_not_assessed"
    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"
    TEXT_FROM_OPTED_OUT = "text_from_opted_out"
    TEXT_CANNOT_BE_ANSWERED = "text_cannot_be_answered"
    TEXT_FAILED = "text_failed"
    VOLUNTEER_ON = "volunteer_on"
    VOLUNTEER_OFF = "volunteer_off"
    VOLUNTEER_ON_BREAK = "volunteer_on_break"
    VOLUNTEER_OPTED_OUT = "volunteer_opted_out"
    VOLUNTEER_NOT_WELL = "volunteer_not_well"
    VOLUNTEERS_IMPORTED = "volunteers_imported"
    VOLUNTEER_RETIRED = "volunteer_retired"
    SHIFTS_IMPORTED = "shifts_imported"
    PERSON_EXPORTED = "person_exported"
    PERSON_ERASED = "person_erased"
    INBOUND_STUCK = "inbound_stuck"


class StepKind(StrEnum):
    """What can be promised for a time; each has one service that does it."""

    MATCH = "match"
    EXPIRE_OFFER = "expire_offer"
    REASK = "reask"
    TELL_WAITING = "tell_waiting"
    CHECK_IDLE = "check_idle"
    END_WRAP_UP = "end_wrap_up"
    REFRESH_DUTY = "refresh_duty"
    EXTEND_ROSTER = "extend_roster"
    REPEAT_ALERT = "repeat_alert"
    ASK_ABOUT_RESCUE = "ask_about_rescue"


class TextKind(StrEnum):
    """What an outgoing text is, for the record and the metrics."""

    OFFER = "offer"
    TO_PERSON = "to_person"
    TO_PEER = "to_peer"
    AUTOMATIC = "automatic"
    ANSWER = "answer"
    NOTICE = "notice"
    ALERT = "alert"
    CRISIS = "crisis"

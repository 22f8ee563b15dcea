"""What came of handing a text to the carrier, and what follows from it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from helpline.domain.conversation import FINAL_TEXT_STATES, OfferState, State, TextState
from helpline.domain.record import Kind, TextKind
from helpline.services.desk import Desk
from helpline.services.end_offer import end_offer
from helpline.services.escalate import tell_next
from helpline.services.opt_out import opt_out_phone
from helpline.services.relay_text import peer_sender
from helpline.services.write_text import to_leads, to_volunteer
from helpline.storage import conversations, outbox
from helpline.storage.models import Contact, Conversation, Offer, OutgoingText, Volunteer

OPTED_OUT_CODE = 21610
# Tried again after 1, 2, 4, 8, 16 and then every 30 seconds, with up to a fifth less, so that
# texts that failed together do not come back together.
LONGEST_PAUSE = timedelta(seconds=30)
GIVE_UP_AFTER = timedelta(hours=24)
GAVE_UP_CODE = 0
ORDER = {
    TextState.QUEUED: 0,
    TextState.SENDING: 1,
    TextState.UNSURE: 1,
    TextState.SENT: 2,
    TextState.DELIVERED: 3,
    TextState.UNDELIVERED: 3,
    TextState.FAILED: 3,
    TextState.WITHDRAWN: 3,
}
TO_PEOPLE = frozenset({TextKind.TO_PERSON, TextKind.AUTOMATIC, TextKind.CRISIS})
FAILURES = frozenset({TextState.FAILED, TextState.UNDELIVERED})


def record_sent(desk: Desk, text_id: int, sid: str) -> None:
    """The carrier has the text. A report that came before this answer is not undone.

    The text of a person who was erased meanwhile is deleted at the carrier too.
    """
    if not outbox.mark_sent(desk.session, text_id, sid, desk.now):
        outbox.promise_deletion(desk.session, [sid], desk.now)


def record_not_sent(desk: Desk, text_id: int, attempt: int, *, sure: bool) -> None:
    """The carrier was busy (`sure` that it has not got it) or unclear: again soon, within 60 s."""
    outgoing = outbox.lock_text(desk.session, text_id)
    if outgoing is None or (outgoing.state, outgoing.attempts) != (TextState.SENDING, attempt):
        return
    if desk.now - outgoing.written_at > GIVE_UP_AFTER:
        record_refused(desk, text_id, GAVE_UP_CODE)
        return
    if _has_opted_out(desk, outgoing):
        outgoing.state = TextState.WITHDRAWN
        return
    pause = min(timedelta(seconds=2 ** min(attempt - 1, 10)), LONGEST_PAUSE)
    outgoing.state = TextState.QUEUED if sure else TextState.UNSURE
    outgoing.due_at = desk.now + pause * random.uniform(0.8, 1)  # noqa: S311 - spreads load only


def _has_opted_out(desk: Desk, outgoing: OutgoingText) -> bool:
    """Whether whom the text is for said STOP while it was with the carrier (R28)."""
    if outgoing.kind in TO_PEOPLE and outgoing.contact_id:
        return desk.session.get_one(Contact, outgoing.contact_id).opted_out_at is not None
    if outgoing.volunteer_id is None:
        return False
    return desk.session.get_one(Volunteer, outgoing.volunteer_id).opted_out_at is not None


def record_refused(desk: Desk, text_id: int, code: int) -> None:
    """The carrier will not take the text: that is final, and whoever must know is told."""
    outgoing = outbox.lock_text(desk.session, text_id)
    if outgoing is not None and advance(outgoing, TextState.FAILED, desk.now, code):
        _follow_failure(desk, outgoing)


def record_report(desk: Desk, token: str, *, sid: str, state: TextState, code: int | None) -> None:
    """A status report: it may come twice, late, out of order, or before the carrier's answer."""
    outgoing = outbox.lock_text_by_token(desk.session, token)
    if outgoing is None:
        return
    outgoing.sid = outgoing.sid or sid
    if advance(outgoing, state, desk.now, code) and state in FAILURES:
        _follow_failure(desk, outgoing)


def advance(
    outgoing: OutgoingText, state: TextState, now: datetime, code: int | None = None
) -> bool:
    """Move a text's state forwards; False, and nothing changes, when that would be backwards."""
    current = TextState(outgoing.state)
    if current in FINAL_TEXT_STATES or ORDER[state] <= ORDER[current]:
        return False
    outgoing.state = state
    outgoing.error_code = code if state in FAILURES else None
    outgoing.sent_at = outgoing.sent_at or now
    return True


def _follow_failure(desk: Desk, outgoing: OutgoingText) -> None:
    """Nobody may believe that a text arrived which did not (R49)."""
    desk.note(
        outgoing.line_id,
        Kind.TEXT_FAILED,
        conversation_id=outgoing.conversation_id,
        volunteer_id=outgoing.volunteer_id,
        text_kind=outgoing.kind,
        code=outgoing.error_code,
    )
    if outgoing.error_code == OPTED_OUT_CODE:
        opt_out_phone(desk, outgoing.line_id, outgoing.to)
    if outgoing.kind == TextKind.ALERT and outgoing.conversation_id is not None:
        tell_next(desk, outgoing.conversation_id)
    elif outgoing.kind == TextKind.CRISIS and outgoing.contact_id is not None:
        desk.session.get_one(Contact, outgoing.contact_id).crisis_text_at = None
    elif outgoing.error_code == OPTED_OUT_CODE:
        return
    elif outgoing.kind == TextKind.TO_PERSON:
        _tell_peer(desk, outgoing)
    elif outgoing.kind == TextKind.OFFER:
        _ask_somebody_else(desk, outgoing)
    elif outgoing.kind == TextKind.TO_PEER:
        _tell_leads(desk, outgoing)


def _tell_peer(desk: Desk, outgoing: OutgoingText) -> None:
    if outgoing.conversation_id is None:
        return
    conversation = desk.session.get_one(Conversation, outgoing.conversation_id)
    if conversation.volunteer_id is None or conversation.state != State.ACTIVE:
        return
    alias = conversations.contact_of(desk.session, conversation).alias
    to_volunteer(
        desk,
        desk.session.get_one(Volunteer, conversation.volunteer_id),
        desk.say("not_delivered", alias=alias, code=outgoing.error_code),
        sender=peer_sender(desk, conversation),
        conversation_id=conversation.id,
    )


def _ask_somebody_else(desk: Desk, outgoing: OutgoingText) -> None:
    offer = desk.session.get(Offer, outgoing.offer_id) if outgoing.offer_id else None
    if offer is not None:
        conversation = conversations.lock(desk.session, offer.conversation_id)
        end_offer(desk, conversation, offer.id, OfferState.UNDELIVERED)


def _tell_leads(desk: Desk, outgoing: OutgoingText) -> None:
    if outgoing.conversation_id is None:
        return
    conversation = desk.session.get_one(Conversation, outgoing.conversation_id)
    to_leads(
        desk,
        outgoing.line_id,
        "lead_peer_unreachable",
        kind=Kind.TEXT_FAILED,
        conversation_id=outgoing.conversation_id,
        volunteer_id=outgoing.volunteer_id,
        alias=conversations.contact_of(desk.session, conversation).alias,
        code=outgoing.error_code,
    )

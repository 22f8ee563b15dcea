"""A volunteer leaves: no more offers; what they hold goes to another peer."""

from __future__ import annotations

from helpline.domain.conversation import OfferState
from helpline.domain.record import Kind
from helpline.services.desk import Desk
from helpline.services.end_offer import end_offer
from helpline.services.escalate import let_go_of_alerts
from helpline.services.hand_on import hand_on
from helpline.services.refresh_duty import refresh_duty
from helpline.storage import conversations, offers
from helpline.storage.models import Volunteer


def retire_volunteer(desk: Desk, volunteer: Volunteer) -> int:
    """Retire a (locked) volunteer; returns how many open conversations moved on."""
    offer = offers.pending_for_volunteer(desk.session, volunteer.id)
    if offer is not None:
        conversation = conversations.lock(desk.session, offer.conversation_id)
        end_offer(desk, conversation, offer.id, OfferState.WITHDRAWN)
    held = conversations.held_by(desk.session, volunteer.id)
    for conversation in held:
        hand_on(desk, conversations.lock(desk.session, conversation.id), volunteer)
    let_go_of_alerts(desk, volunteer)
    volunteer.retired_at = desk.now
    desk.session.flush()
    refresh_duty(desk, volunteer.id)
    desk.note(
        volunteer.line_id, Kind.VOLUNTEER_RETIRED, volunteer_id=volunteer.id, moved_on=len(held)
    )
    return len(held)

"""What is done on a phone that we called: picked up, a key pressed, back from the room."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from helpline.domain.calls import Channel, LegEnding, LegKind, LegState
from helpline.domain.conversation import OfferState, State
from helpline.domain.escalation import AlertState
from helpline.domain.record import Kind, StepKind
from helpline.domain.script import Leave, Script
from helpline.domain.timing import minutes_between
from helpline.services.accept_offer import give
from helpline.services.answer_alert import take_alert
from helpline.services.bring_in import bring_in_lead, bring_in_professional
from helpline.services.call_back import call_person
from helpline.services.call_scripts import KEY_LEAD, KEY_PROFESSIONAL, Scripts
from helpline.services.desk import Desk
from helpline.services.end_offer import end_offer
from helpline.services.follow_call import lock_leg, record_leg
from helpline.services.hear_caller import scripts_for
from helpline.services.phone_orders import ROOM, announce, bring_into_the_room
from helpline.storage import calls, conversations, offers, orders, steps
from helpline.storage.models import Alert, Call, CallLeg, Conversation, Volunteer

YES, NO = "1", "2"
# So soon after the caller was brought into the room, and before anybody is reported there, a peer
# is out of it because of that, and not by `*`.
JUST_BROUGHT = timedelta(seconds=15)
# Where a leg may be moved to, and what is said there before it ends.
LAST_WORDS = {
    "taken": "leg_taken",
    "gone": "leg_gone",
    "bye": "leg_bye",
    "not-reached": "leg_not_reached",
    "alert-over": "leg_alert_over",
}


def pick_up(desk: Desk, found: CallLeg, sid: str) -> Script:
    """Somebody, or a machine, has picked up: the question that only a person answers."""
    conversation, leg = lock_leg(desk, found)
    leg.sid = leg.sid or sid
    record_leg(desk, leg, LegState.ANSWERED)
    if leg.state == LegState.ENDED:
        return (Leave(),)
    return PROMPTS[LegKind(leg.kind)](desk, conversation, leg)


def _facts(desk: Desk, conversation: Conversation) -> dict[str, object]:
    return {
        "line": desk.policy.line_name,
        "alias": conversations.contact_of(desk.session, conversation).alias,
        "wait": minutes_between(conversation.waiting_since, desk.now),
        "language": desk.say(f"language_{conversation.language or desk.policy.language}"),
        "risk": desk.say(f"risk_{conversation.risk}"),
    }


def _prompt_peer(desk: Desk, conversation: Conversation, leg: CallLeg) -> Script:
    scripts = Scripts(desk.house)
    facts = _facts(desk, conversation)
    if leg.offer_id is None:
        return scripts.ask_key(leg.token, scripts.say("leg_call_back", **facts))
    if leg.state == LegState.JOINED and _holds(conversation, leg):
        return go_back(desk, leg)
    if offers.lock(desk.session, leg.offer_id).state != OfferState.PENDING:
        return _too_late(scripts, conversation)
    return scripts.ask_key(leg.token, scripts.say("leg_offer", **facts))


def _too_late(scripts: Scripts, conversation: Conversation) -> Script:
    is_taken = conversation.state in (State.ACTIVE, State.WRAP_UP, State.OFFERED)
    return scripts.bye("leg_taken" if is_taken else "leg_gone")


def _prompt_caller(desk: Desk, conversation: Conversation, leg: CallLeg) -> Script:
    scripts = scripts_for(desk, leg)
    call = calls.call_of(desk.session, leg)
    was_cut_off = call is not None and call.called_back_at is not None
    key = "call_back_hello" if conversation.channel != Channel.TEXT else "call_peer_hello"
    key = "call_cut_off_hello" if was_cut_off else key
    return scripts.ask_key(leg.token, scripts.say(key, line=desk.policy.line_name))


def _prompt_professional(desk: Desk, conversation: Conversation, leg: CallLeg) -> Script:
    """A volunteer presses 1; a professional line, which may have a menu, is briefed at once."""
    scripts = Scripts(desk.house)
    if leg.volunteer_id is None:
        return _join_professional(desk, conversation, leg)
    said = scripts.say("leg_professional", line=desk.policy.line_name)
    return scripts.ask_key(leg.token, said)


def _prompt_lead(desk: Desk, conversation: Conversation, leg: CallLeg) -> Script:
    scripts = Scripts(desk.house)
    return scripts.ask_key(leg.token, scripts.say("leg_lead", line=desk.policy.line_name))


def _prompt_alert(desk: Desk, conversation: Conversation, leg: CallLeg) -> Script:
    scripts = Scripts(desk.house)
    alert = desk.session.get_one(Alert, leg.alert_id)
    if alert.state != AlertState.RAISED:
        return scripts.bye("leg_alert_over")
    facts = _facts(desk, conversation) | {"risk": desk.say(f"risk_{alert.level}")}
    return scripts.ask_key(leg.token, scripts.say("leg_alert", **facts))


PROMPTS: dict[LegKind, Callable[[Desk, Conversation, CallLeg], Script]] = {
    LegKind.PEER: _prompt_peer,
    LegKind.CALLER: _prompt_caller,
    LegKind.PROFESSIONAL: _prompt_professional,
    LegKind.LEAD: _prompt_lead,
    LegKind.ALERT: _prompt_alert,
}


def press(desk: Desk, found: CallLeg, key: str, *, again: bool) -> Script:
    """A key in answer to the question; one that means nothing is asked about once more."""
    conversation, leg = lock_leg(desk, found)
    scripts = Scripts(desk.house)
    if leg.state == LegState.ENDED:
        return (Leave(),)
    if key == YES:
        return ACCEPTS[LegKind(leg.kind)](desk, conversation, leg)
    if key == NO and leg.offer_id is not None:
        end_offer(desk, conversation, leg.offer_id, OfferState.PASSED, told=None)
        return scripts.bye("leg_passed")
    if again:
        return scripts.bye("leg_not_taken")
    return scripts.ask_key(leg.token, scripts.say("leg_offer_again"), again=True)


def _accept_as_peer(desk: Desk, conversation: Conversation, leg: CallLeg) -> Script:
    """The first to press 1 has the caller: the conversation's row is the lock (R6)."""
    scripts = Scripts(desk.house)
    call = calls.call_of(desk.session, leg)
    if call is None or leg.volunteer_id is None:
        return (Leave(),)
    if leg.offer_id is None:
        return _accept_call_back(desk, conversation, leg, call)
    if leg.state == LegState.JOINED and conversation.volunteer_id == leg.volunteer_id:
        return go_back(desk, leg)
    offer = offers.lock(desk.session, leg.offer_id)
    if offer.state != OfferState.PENDING or conversation.state != State.OFFERED:
        return _too_late(scripts, conversation)
    if not calls.open_legs(desk.session, call.id, LegKind.CALLER):
        end_offer(desk, conversation, offer.id, OfferState.WITHDRAWN, told=None)
        return scripts.bye("leg_gone")
    offer.state, offer.ended_at = OfferState.ACCEPTED, desk.now
    steps.drop_promise(desk.session, StepKind.STOP_RINGING, leg.id)
    desk.session.flush()
    others = offers.pending_for_conversation(desk.session, conversation.id)
    give(desk, conversation, desk.session.get_one(Volunteer, leg.volunteer_id))
    for other in others:
        end_offer(desk, conversation, other.id, OfferState.WITHDRAWN, told="taken")
    for caller in calls.open_legs(desk.session, call.id, LegKind.CALLER):
        bring_into_the_room(desk, caller)
    record_leg(desk, leg, LegState.JOINED)
    return (scripts.say("leg_connecting"), *go_back(desk, leg))


def _accept_call_back(desk: Desk, conversation: Conversation, leg: CallLeg, call: Call) -> Script:
    """The peer is there: now the person is called, who hears nobody's box and no silence."""
    scripts = Scripts(desk.house)
    alias = conversations.contact_of(desk.session, conversation).alias
    if conversation.state != State.ACTIVE or conversation.volunteer_id != leg.volunteer_id:
        return scripts.bye("leg_gone")
    record_leg(desk, leg, LegState.JOINED)
    if not call_person(desk, conversation, call):
        return scripts.bye("leg_not_reached", alias=alias)
    return (
        scripts.say("leg_calling_them", alias=alias),
        *scripts.room(leg.token, call.room),
    )


def _accept_as_caller(desk: Desk, conversation: Conversation, leg: CallLeg) -> Script:
    call = calls.call_of(desk.session, leg)
    assert call is not None, "a caller's leg has a call"
    if not calls.is_in(desk.session, call.id, LegKind.PEER):
        return scripts_for(desk, leg).bye()
    record_leg(desk, leg, LegState.JOINED)
    return scripts_for(desk, leg).room(leg.token, call.room, ends=True)


def _join_professional(desk: Desk, conversation: Conversation, leg: CallLeg) -> Script:
    """The briefing, whispered: only they hear it; then three are on the line."""
    scripts = Scripts(desk.house)
    call = calls.call_of(desk.session, leg)
    if call is None or not calls.is_in(desk.session, call.id, LegKind.PEER, LegKind.CALLER):
        return scripts.bye("leg_gone")
    record_leg(desk, leg, LegState.JOINED)
    briefing = scripts.say("leg_briefing", **_facts(desk, conversation))
    return (briefing, *scripts.third(leg.token, call.room))


def _accept_as_lead(desk: Desk, conversation: Conversation, leg: CallLeg) -> Script:
    """A lead hears all, and is heard by the peer alone."""
    scripts = Scripts(desk.house)
    call = calls.call_of(desk.session, leg)
    peers = calls.open_legs(desk.session, call.id, LegKind.PEER) if call is not None else ()
    coached = next((each.sid for each in peers if each.state == LegState.JOINED), None)
    if call is None or coached is None:
        return scripts.bye("leg_gone")
    record_leg(desk, leg, LegState.JOINED)
    desk.note(
        conversation.line_id,
        Kind.LEAD_LISTENS,
        conversation_id=conversation.id,
        volunteer_id=leg.volunteer_id,
    )
    return (scripts.say("leg_connecting"), *scripts.third(leg.token, call.room, coach=coached))


def _accept_alert(desk: Desk, conversation: Conversation, leg: CallLeg) -> Script:
    """Only a press acknowledges; a voicemail box cannot."""
    scripts = Scripts(desk.house)
    volunteer = desk.session.get_one(Volunteer, leg.volunteer_id)
    taken = leg.alert_id is not None and take_alert(desk, leg.alert_id, volunteer)
    return scripts.bye("leg_alert_taken" if taken else "leg_alert_over")


ACCEPTS: dict[LegKind, Callable[[Desk, Conversation, CallLeg], Script]] = {
    LegKind.PEER: _accept_as_peer,
    LegKind.CALLER: _accept_as_caller,
    LegKind.PROFESSIONAL: _join_professional,
    LegKind.LEAD: _accept_as_lead,
    LegKind.ALERT: _accept_alert,
}


def leave_room(desk: Desk, found: CallLeg, *, is_over: bool) -> Script:
    """Somebody is out of the room: by `*`, because it ended, or because they have gone."""
    if is_over:
        record_leg(desk, found, LegState.ENDED, LegEnding.COMPLETED)
        return (Leave(),)
    if found.kind == LegKind.PEER:
        _announce(desk, found, "moment")
        return Scripts(desk.house).out_of_the_room(found.token)
    return scripts_for(desk, found).bye() if found.kind == LegKind.CALLER else (Leave(),)


def _announce(desk: Desk, leg: CallLeg, page: str) -> None:
    """A caller who is in the room by themself hears what goes on."""
    call = calls.call_of(desk.session, leg)
    if call is None or call.conference_sid is None or call.bridged_at is None:
        return
    for caller in calls.open_legs(desk.session, call.id, LegKind.CALLER):
        announce(desk, caller, page)


def say_what_is_next(desk: Desk, found: CallLeg) -> Script:
    """A peer is out of the room: whom they can bring in, or, without a caller, that it is over."""
    conversation, leg = lock_leg(desk, found)
    scripts = Scripts(desk.house)
    call = calls.call_of(desk.session, leg)
    if call is None:
        return (Leave(),)
    if calls.open_legs(desk.session, call.id, LegKind.CALLER):
        return go_back(desk, leg) if _was_parted(desk, call) else scripts.star(leg.token)
    may_call_back = call.may_call_back and call.called_back_at is None
    if may_call_back and conversation.state == State.ACTIVE:
        said = (scripts.say("leg_caller_gone"), scripts.say("leg_call_them_back"))
        return scripts.ask_call_back(leg.token, said)
    return scripts.bye("leg_bye")


def _was_parted(desk: Desk, call: Call) -> bool:
    """Whether bringing the caller into the room is what put the peer out of it."""
    since = desk.now - JUST_BROUGHT
    return call.bridged_at is None and orders.moved_since(desk.session, call.id, ROOM, since)


def press_after_star(desk: Desk, found: CallLeg, key: str) -> Script:
    """`*9` brings a professional in, `*5` a lead who listens; the peer is back at once."""
    conversation, leg = lock_leg(desk, found)
    call = calls.call_of(desk.session, leg)
    if call is not None and _holds(conversation, leg):
        if key == KEY_PROFESSIONAL:
            bring_in_professional(desk, conversation, call, anew=True)
            _announce(desk, leg, "professional")
        elif key == KEY_LEAD:
            bring_in_lead(desk, conversation, call)
    return go_back(desk, leg)


def _holds(conversation: Conversation, leg: CallLeg) -> bool:
    return conversation.state == State.ACTIVE and conversation.volunteer_id == leg.volunteer_id


def go_back(desk: Desk, found: CallLeg) -> Script:
    """Into the room, if the caller is still there and another peer is not (any more)."""
    conversation, leg = lock_leg(desk, found)
    scripts = Scripts(desk.house)
    call = calls.call_of(desk.session, leg)
    has_caller = call is not None and calls.open_legs(desk.session, call.id, LegKind.CALLER)
    if call is None or not has_caller or not _holds(conversation, leg):
        return scripts.bye("leg_bye")
    others = calls.open_legs(desk.session, call.id, LegKind.PEER)
    if any(each.id != leg.id and each.state == LegState.JOINED for each in others):
        return scripts.not_yet(leg.token)
    return scripts.room(leg.token, call.room)


def call_them_back(desk: Desk, found: CallLeg, key: str) -> Script:
    """The caller was cut off and had agreed: the peer pressed 1, and they are called, once."""
    conversation, leg = lock_leg(desk, found)
    scripts = Scripts(desk.house)
    call = calls.call_of(desk.session, leg)
    if (
        key != YES
        or call is None
        or not _holds(conversation, leg)
        or call.called_back_at is not None
    ):
        return scripts.bye("leg_bye")
    call.called_back_at = desk.now
    steps.drop_promise(desk.session, StepKind.CLOSE_CALL, call.id)
    if not call_person(desk, conversation, call):
        return scripts.bye("leg_bye")
    alias = conversations.contact_of(desk.session, conversation).alias
    return (scripts.say("leg_calling_them", alias=alias), *scripts.room(leg.token, call.room))


def last_words(desk: Desk, leg: CallLeg, page: str) -> Script:
    """What a phone hears that we let go."""
    if leg.kind == LegKind.CALLER:
        return scripts_for(desk, leg).bye()
    conversation = desk.session.get_one(Conversation, leg.conversation_id)
    alias = conversations.contact_of(desk.session, conversation).alias
    return Scripts(desk.house).bye(LAST_WORDS[page], alias=alias)

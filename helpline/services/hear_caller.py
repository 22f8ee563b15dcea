"""What a caller does on the phone: keys, choices, messages. Each answer is a script."""

from __future__ import annotations

from helpline.domain.calls import Channel, LegEnding, LegKind, LegState, OrderKind
from helpline.domain.conversation import OPEN_STATES, Event, State
from helpline.domain.record import Kind, StepKind
from helpline.domain.script import Go, Leave, Script
from helpline.services.call_back import can_be_called, promise_call_back
from helpline.services.call_scripts import (
    KEY_CRISIS_LINE,
    KEY_INSTEAD,
    KEY_MAY_CALL_BACK,
    KEY_REFUSE_RECORDING,
    Scripts,
)
from helpline.services.desk import Desk
from helpline.services.follow_call import lock_leg, record_leg
from helpline.services.hand_on import hand_on
from helpline.services.hear_person import greet, open_conversation
from helpline.services.opt_out import abandon
from helpline.services.phone_orders import let_go, move
from helpline.services.receive_call import go_on_waiting
from helpline.storage import calls, contacts, conversations, orders, steps
from helpline.storage.models import Call, CallLeg, Contact, Conversation, Number, Volunteer

# What a caller hears in the room while their peer is out of it for a moment.
ANNOUNCEMENTS = {"moment": "call_peer_back_soon", "professional": "call_professional_coming"}


def scripts_for(desk: Desk, leg: CallLeg) -> Scripts:
    """The scripts in the language of a leg's call."""
    call = calls.call_of(desk.session, leg)
    return Scripts(desk.house, call.language if call is not None else None)


def _who(desk: Desk, leg: CallLeg) -> tuple[Call, Conversation, Contact]:
    conversation = conversations.lock(desk.session, leg.conversation_id)
    call = calls.call_of(desk.session, leg)
    assert call is not None, "a caller's leg has a call"
    return call, conversation, conversations.contact_of(desk.session, conversation)


def _room(desk: Desk, leg: CallLeg, call: Call) -> Script:
    recorded = desk.policy.records_calls and not call.refused_recording
    return scripts_for(desk, leg).waiting_room(call.room, recorded=recorded)


def press_in_greeting(desk: Desk, leg: CallLeg, key: str) -> Script:
    """A key during the greeting; one that means nothing just waits."""
    call, conversation, contact = _who(desk, leg)
    scripts = scripts_for(desk, leg)
    if key == KEY_CRISIS_LINE:
        return _go_to_crisis_line(desk, leg, call, conversation, contact)
    if key == KEY_INSTEAD:
        return scripts.instead(withheld=not can_be_called(contact), room=call.room)
    if key == KEY_MAY_CALL_BACK and can_be_called(contact):
        call.may_call_back = True
        return (scripts.say("call_may_call_back"), *_room(desk, leg, call))
    if key == KEY_REFUSE_RECORDING and desk.policy.records_calls:
        call.refused_recording = True
        return (scripts.say("call_recording_refused"), *_room(desk, leg, call))
    chosen = scripts.languages().get(int(key)) if key.isdigit() else None
    if chosen is not None:
        _speak(conversation, call, contact, chosen)
        return Scripts(desk.house, chosen).greeting(contact.phone, call.room)
    return _room(desk, leg, call)


def _speak(conversation: Conversation, call: Call, contact: Contact, language: str) -> None:
    """The caller chose a language: the call, and what follows, are in it."""
    call.language = conversation.language = contact.language = language


def _go_to_crisis_line(
    desk: Desk, leg: CallLeg, call: Call, conversation: Conversation, contact: Contact
) -> Script:
    scripts = scripts_for(desk, leg)
    number = desk.house.crisis_lines.line_for(contact.phone, desk.policy.country).dialled
    if not number:
        emergency = desk.house.emergency(contact.phone, call.language)
        return (
            scripts.say("call_crisis_line_unknown", emergency=emergency),
            *_room(desk, leg, call),
        )
    if conversation.state in OPEN_STATES:
        for other in calls.open_legs(desk.session, call.id):
            if other.kind != LegKind.CALLER:
                let_go(desk, other, told="gone")
        abandon(desk, conversation, Event.HUNG_UP)
    orders.drop_orders(desk.session, leg.id, OrderKind.MOVE)
    desk.note(
        conversation.line_id,
        Kind.CALLER_WENT_TO_CRISIS_LINE,
        conversation_id=conversation.id,
    )
    return scripts.crisis_line(number, leg.sender)


def after_crisis_line(desk: Desk, leg: CallLeg, dialled: str) -> Script:
    """Back from the crisis line: if it could not be reached, they are in our queue again."""
    _, _, contact = _who(desk, leg)
    scripts = scripts_for(desk, leg)
    if dialled in ("completed", "answered"):
        return scripts.bye()
    line = desk.house.crisis_lines.line_for(contact.phone, desk.policy.country)
    call = _wait_anew(desk, leg)
    return (
        scripts.say("call_crisis_line_failed", number=line.call),
        *_room(desk, leg, call),
    )


def _wait_anew(desk: Desk, leg: CallLeg) -> Call:
    """A caller whose conversation is over and who is still on the line begins another."""
    call, before, contact = _who(desk, leg)
    if before.state in OPEN_STATES:
        return call
    number = desk.session.get_one(Number, before.number_id)
    conversation = open_conversation(desk, number, contact, before, channel=Channel.VOICE)
    conversation.waiting_since = before.waiting_since
    conversation.queue_at = before.queue_at
    leg.conversation_id = call.conversation_id = conversation.id
    desk.session.flush()
    go_on_waiting(desk, leg)
    return call


def choose_instead(desk: Desk, leg: CallLeg, key: str) -> Script:
    """`1`: called back; `2`: a text; with a withheld number `1` is a message."""
    call, conversation, contact = _who(desk, leg)
    scripts = scripts_for(desk, leg)
    if not can_be_called(contact):
        is_message = key == "1" and conversation.state in (State.WAITING, State.OFFERED)
        if is_message:
            return _take_message(desk, leg, conversation)
        return _room(desk, leg, call)
    if key == "1":
        return _call_back(desk, leg)
    if key != "2" or conversation.state not in (State.WAITING, State.OFFERED):
        return _room(desk, leg, call)
    abandon(desk, conversation, Event.HUNG_UP)
    contacts.lock(desk.session, contact.id)
    latest = conversations.lock_latest(desk.session, contact.id)
    if latest is None or latest.state not in OPEN_STATES:
        number = desk.session.get_one(Number, conversation.number_id)
        text = open_conversation(desk, number, contact, conversation)
        greet(desk, text, contact)
        steps.promise(desk.session, StepKind.MATCH, contact.line_id, desk.now)
    desk.note(contact.line_id, Kind.CALLER_WANTS_TEXT, conversation_id=conversation.id)
    return scripts.bye("call_text_kept")


def _call_back(desk: Desk, leg: CallLeg) -> Script:
    call, conversation, _ = _who(desk, leg)
    scripts = scripts_for(desk, leg)
    if not promise_call_back(desk, conversation):
        return _room(desk, leg, call)
    return scripts.bye("call_back_kept")


def enter_room(desk: Desk, leg: CallLeg) -> Script:
    """The caller waits (on)."""
    call, _, _ = _who(desk, leg)
    go_on_waiting(desk, leg)
    return _room(desk, leg, call)


def offer_choice(desk: Desk, conversation_id: int) -> None:
    """Nobody came in time: a caller who still waits is given the choice."""
    conversation = conversations.lock(desk.session, conversation_id)
    if conversation.channel != Channel.VOICE:
        return
    if conversation.state not in (State.WAITING, State.OFFERED):
        return
    for leg in calls.callers_on_the_line(desk.session, conversation_id):
        move(desk, leg, "choice")
        desk.note(conversation.line_id, Kind.CALL_CHOICE_GIVEN, conversation_id=conversation_id)


def give_choice(desk: Desk, leg: CallLeg) -> Script:
    """The choice itself; a caller whom a peer has taken meanwhile goes to them."""
    call, conversation, contact = _who(desk, leg)
    if conversation.state not in (State.WAITING, State.OFFERED):
        return _room(desk, leg, call)
    go_on_waiting(desk, leg)
    return scripts_for(desk, leg).choice(contact.phone, can_call=can_be_called(contact))


def choose(desk: Desk, leg: CallLeg, key: str) -> Script:
    """`1`: a message; `2`: called back; anything else waits on."""
    call, conversation, contact = _who(desk, leg)
    if conversation.state in (State.WAITING, State.OFFERED):
        if key == "1":
            return _take_message(desk, leg, conversation)
        if key == "2" and can_be_called(contact):
            return _call_back(desk, leg)
    return _room(desk, leg, call)


def _take_message(desk: Desk, leg: CallLeg, conversation: Conversation) -> Script:
    """Nobody is rung while they speak. Whoever can be called keeps their place, as a call back."""
    if not promise_call_back(desk, conversation, stays=desk.policy.voicemail):
        abandon(desk, conversation, Event.HUNG_UP)
    return scripts_for(desk, leg).message()


def message_left(desk: Desk, leg: CallLeg, seconds: str) -> Script:
    """The message is with us, and they hear what comes of it."""
    conversation = conversations.lock(desk.session, leg.conversation_id)
    if seconds == "0":
        return scripts_for(desk, leg).bye("call_no_message")
    is_promised = conversation.channel == Channel.CALL_BACK
    key = "call_message_kept_back" if is_promised else "call_message_kept"
    return scripts_for(desk, leg).bye(key)


def after_room(desk: Desk, leg: CallLeg, *, is_over: bool) -> Script:
    """The caller has left the room: they have gone, or everybody else has."""
    if is_over:
        record_leg(desk, leg, LegState.ENDED, LegEnding.COMPLETED)
        return (Leave(),)
    conversation = conversations.lock(desk.session, leg.conversation_id)
    if conversation.state == State.ACTIVE:
        return scripts_for(desk, leg).alone()
    if conversation.state in (State.WAITING, State.OFFERED):
        return (Go(scripts_for(desk, leg).url("/room")),)
    return scripts_for(desk, leg).bye()


def look_for_another(desk: Desk, leg: CallLeg) -> Script:
    """Whose peer has gone and who stays on the line is offered again, before all who came later."""
    conversation, leg = lock_leg(desk, leg)
    scripts = scripts_for(desk, leg)
    if conversation.channel == Channel.TEXT:
        return scripts.bye()
    call = calls.call_of(desk.session, leg)
    if call is not None and conversation.state == State.ACTIVE and _has_peer(desk, call):
        return _room(desk, leg, call)
    if conversation.state == State.ACTIVE and conversation.volunteer_id is not None:
        volunteer = desk.session.get_one(Volunteer, conversation.volunteer_id)
        hand_on(desk, conversation, volunteer, said="call_gone_on", caller_hears="")
    call = _wait_anew(desk, leg)
    return (scripts.say("call_again"), *_room(desk, leg, call))


def _has_peer(desk: Desk, call: Call) -> bool:
    """Whether the peer who holds the conversation is there: what was asked for is overtaken."""
    return bool(calls.open_legs(desk.session, call.id, LegKind.PEER))


def announce(desk: Desk, leg: CallLeg, page: str) -> Script:
    """Words in the room, where a caller would hear nothing."""
    return scripts_for(desk, leg).announcement(ANNOUNCEMENTS[page])


def bye(desk: Desk, leg: CallLeg) -> Script:
    """The call is over."""
    return scripts_for(desk, leg).bye()

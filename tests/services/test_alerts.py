"""When it is more than a peer should carry: crisis text, alert, chain, `#join`, `#resolved`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, text

from helpline.domain.conversation import Risk, State
from helpline.domain.record import Kind
from helpline.services.retire_volunteer import retire_volunteer
from helpline.storage.models import Alert, Assessment, AuditEvent, Rescue, Volunteer
from tests.world import World
from workers.reading import read_one
from workers.sending import claim, send

PERSON, OTHER = "+12025550150", "+12025550151"
SAM, ROSA, JO, LEE, DOC = (f"+1202555011{place}" for place in range(1, 6))
DANGER = "i want to kill myself"


def lead(world: World, phone: str = JO, name: str = "Jo Hart", *, on: bool = True) -> None:
    world.volunteer(phone, name, on=on, role="lead")


def alerts_to(world: World, phone: str) -> list[str]:
    return [body for body in world.news(phone) if "ALERT" in body]


def noted(world: World, kind: Kind) -> int:
    with world.session() as session:
        return len(session.scalars(select(AuditEvent).where(AuditEvent.kind == kind)).all())


@pytest.mark.parametrize("place", ["first text", "while waiting", "with a peer"])
def test_danger_at_any_time_reaches_person_lead_and_peer(world: World, place: str) -> None:
    lead(world)
    if place == "with a peer":
        world.volunteer(SAM)
        world.together(PERSON, SAM)
    elif place == "while waiting":
        world.text(PERSON, "hi, is anyone there")
    world.news(PERSON)
    world.news(JO)
    world.text(PERSON, DANGER)
    crisis = [body for body in world.news(PERSON) if "988" in body and "called in" in body]
    assert len(crisis) == 1
    told = alerts_to(world, JO)
    assert len(told) == 1
    assert "level high" in told[0]
    assert "thoughts of ending life" in told[0]
    assert "kill" not in told[0]
    if place == "with a peer":
        assert any("The lead is alerted" in body for body in world.news(SAM))
    assert world.conversations()[-1].risk == Risk.HIGH


def test_the_crisis_text_goes_once_in_a_day(world: World) -> None:
    world.text(PERSON, DANGER)
    world.text(PERSON, "i really want to die")
    world.text(PERSON, "im going to kill myself tonight")
    assert sum("called in" in body for body in world.news(PERSON)) == 1
    world.wait(25 * 3600, steps=5)
    world.text(PERSON, "i still want to kill myself")
    assert sum("called in" in body for body in world.news(PERSON)) == 1


def test_the_chain_is_gone_up_until_somebody_acknowledges_then_silence(world: World) -> None:
    lead(world, JO, "Jo Hart")
    lead(world, LEE, "Lee Moor", on=False)
    world.volunteer(DOC, "Dana Reed", on=False, role="professional")
    world.text(PERSON, DANGER)
    assert [len(alerts_to(world, each)) for each in (JO, LEE, DOC)] == [1, 0, 0]
    world.wait(61)
    assert [len(alerts_to(world, each)) for each in (JO, LEE, DOC)] == [1, 1, 0]
    assert noted(world, Kind.ALERT_CALLED) == 0
    world.wait(61)
    assert [len(alerts_to(world, each)) for each in (JO, LEE, DOC)] == [1, 1, 1]
    assert noted(world, Kind.ALERT_CALLED) == 3
    world.text(LEE, "1")
    assert any("is yours" in body for body in world.news(LEE))
    world.wait(600, steps=10)
    assert [len(alerts_to(world, each)) for each in (JO, LEE, DOC)] == [0, 0, 0]
    world.text(JO, "1")
    assert "Lee has taken this alert" in world.news(JO)[-1]


def test_nobody_to_alert_is_in_the_record_and_tried_again(world: World) -> None:
    world.text(PERSON, DANGER)
    assert noted(world, Kind.ALERT_HAS_NOBODY) == 1
    lead(world)
    world.news(JO)
    world.wait(61)
    assert len(alerts_to(world, JO)) == 1


def test_with_no_lead_a_professional_is_alerted(world: World) -> None:
    world.volunteer(DOC, "Dana Reed", on=False, role="professional")
    world.text(PERSON, DANGER)
    assert len(alerts_to(world, DOC)) == 1


def test_who_acknowledged_gets_what_was_written_and_each_further_text(world: World) -> None:
    lead(world)
    world.volunteer(SAM)
    world.together(PERSON, SAM, "the nights are long")
    world.text(SAM, "tell me about them")
    world.text(PERSON, DANGER)
    world.news(JO)
    world.text(JO, "1")
    so_far = "\n".join(world.news(JO))
    for words in ("the nights are long", "tell me about them", DANGER):
        assert words in so_far
    world.text(PERSON, "are you there")
    world.text(SAM, "I am right here")
    assert [body.partition(": ")[2] for body in world.news(JO)] == [
        "are you there",
        "I am right here",
    ]
    assert world.news(PERSON)[-1] == "I am right here"


def test_join_leave_and_resolve(world: World) -> None:
    lead(world)
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(PERSON, DANGER)
    world.text(JO, "1")
    world.text(JO, "#join")
    assert "Jo, an experienced member" in world.news(PERSON)[-1]
    assert any("Jo has joined" in body for body in world.news(SAM))
    world.news(JO)
    world.text(JO, "thank you for telling us")
    assert world.news(PERSON) == ["thank you for telling us"]
    assert world.news(SAM) == ["Jo: thank you for telling us"]
    world.text(JO, "#leave")
    assert "Jo has left" in world.news(PERSON)[-1]
    world.news(JO)
    world.text(JO, "more words")
    assert world.news(PERSON) == []
    assert "went to nobody" in world.news(JO)[0]
    world.text(JO, "#resolved")
    assert "What came of it" in world.news(JO)[0]
    world.text(JO, "#resolved safe with her sister tonight")
    assert "is closed" in world.news(JO)[0]
    assert world.states() == [State.ACTIVE]
    world.news(SAM)
    world.text(PERSON, "ok thanks")
    assert world.news(JO) == []
    assert world.news(SAM) == ["ok thanks"]
    with world.session() as session:
        alert = session.scalars(select(Alert)).one()
        assert (alert.outcome, alert.is_false_alarm) == ("safe with her sister tonight", False)
    assert world.conversations()[0].risk == Risk.HIGH


def test_after_it_is_resolved_new_danger_raises_a_new_alert(world: World) -> None:
    lead(world)
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(PERSON, DANGER)
    world.text(JO, "1")
    world.text(JO, "#resolved false alarm")
    assert world.conversations()[0].risk == Risk.NONE
    world.news(JO)
    world.text(PERSON, "i am going to kill myself tonight")
    assert "level imminent" in alerts_to(world, JO)[0]
    with world.session() as session:
        assert [each.is_false_alarm for each in session.scalars(select(Alert))] == [True, False]


def test_a_higher_level_is_told_at_once_and_no_second_alert_is_raised(world: World) -> None:
    lead(world)
    world.text(PERSON, DANGER)
    assert len(alerts_to(world, JO)) == 1
    world.text(PERSON, "nobody is answering and i still want to die")
    assert alerts_to(world, JO) == []
    world.text(PERSON, "i have the pills in my hand, its going to be tonight")
    assert "level imminent" in alerts_to(world, JO)[0]
    with world.session() as session:
        assert len(session.scalars(select(Alert)).all()) == 1


def test_components_add_up_over_messages(world: World) -> None:
    lead(world)
    world.volunteer(SAM)
    world.together(PERSON, SAM, "i want to die")
    world.text(PERSON, "sorry")
    world.text(PERSON, "i have the pills next to me")
    world.text(PERSON, "tonight")
    assert world.conversations()[0].risk == Risk.IMMINENT


def test_an_alert_is_answered_before_an_offer(world: World) -> None:
    world.volunteer(JO, "Jo Hart", role="peer;lead")
    world.text(OTHER, "hi")
    world.text(PERSON, DANGER)
    world.news(JO)
    world.text(JO, "1")
    assert any("is yours" in body for body in world.news(JO))
    world.text(JO, "yes")
    assert any("You are now with" in body for body in world.news(JO))


@pytest.mark.parametrize("words", ["#urgent", "#urgent he has stopped answering"])
def test_urgent_brings_the_lead_and_the_professional_with_why(world: World, words: str) -> None:
    lead(world)
    world.volunteer(DOC, "Dana Reed", role="professional")
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(SAM, words)
    assert "is alerted" in world.news(SAM)[-1]
    assert "Sam asks for you" in alerts_to(world, JO)[0]
    assert len(alerts_to(world, DOC)) == 1
    world.text(JO, "1")
    assert any("he has stopped answering" in body for body in world.news(JO)) == (" " in words)
    assert world.states() == [State.ACTIVE]


def test_who_waits_in_danger_goes_before_those_who_came_earlier(world: World) -> None:
    lead(world, on=False)
    world.text(OTHER, "hi")
    world.wait(60)
    world.text(PERSON, DANGER)
    world.volunteer(SAM)
    world.text(SAM, "1")
    assert any(DANGER in body for body in world.inbox(SAM))
    assert any("The lead is alerted" in body for body in world.inbox(SAM))


def test_somebody_else_in_danger_alerts_without_a_crisis_text(world: World) -> None:
    lead(world)
    world.text(PERSON, "my friend is going to kill herself")
    assert "about somebody else" in alerts_to(world, JO)[0]
    assert not any("called in" in body for body in world.news(PERSON))


def test_a_language_that_nothing_covers_is_never_taken_for_harmless(world: World) -> None:
    world.volunteer(SAM)
    world.text(PERSON, "je ne sais plus quoi faire avec ma vie et mes enfants")
    assert world.conversations()[0].risk == Risk.MENTION
    assert noted(world, Kind.TEXT_NOT_ASSESSED) == 1


def test_a_volunteers_own_words_are_judged_like_anyones(world: World) -> None:
    lead(world)
    world.volunteer(SAM)
    world.text(SAM, "honestly i want to die")
    assert len(alerts_to(world, JO)) == 1
    assert any("called in" in body for body in world.news(SAM))
    assert world.states() == [State.WAITING]


def test_a_lead_is_never_alerted_about_themselves(world: World) -> None:
    lead(world)
    lead(world, LEE, "Lee Moor", on=False)
    world.news(JO)
    world.text(JO, "#peer i want to kill myself")
    assert alerts_to(world, JO) == []
    assert len(alerts_to(world, LEE)) == 1


def test_one_who_opted_out_is_alerted_about_and_not_written_to(world: World) -> None:
    lead(world)
    world.text(PERSON, "STOP")
    world.news(JO)
    world.text(PERSON, DANGER)
    assert len(alerts_to(world, JO)) == 1
    assert world.inbox(PERSON) == []


MANY_TEXTS = text(
    """
    INSERT INTO outgoing_text (line_id, token, kind, to_phone, to_key, sender, body, media,
                               conversation_id, contact_id, priority, state, written_at, due_at)
    SELECT line_id, md5(n::text), 'automatic', to_phone, decode(md5(n::text), 'hex'), sender, body,
           media, conversation_id, contact_id, 2, 'queued', written_at, due_at
    FROM (SELECT * FROM outgoing_text LIMIT 1) one, generate_series(1, 10000) n
    """
)


def test_alert_and_crisis_text_go_before_ten_thousand_others(world: World) -> None:
    lead(world)
    world.text(OTHER, "hi")
    with world.wires.engine.begin() as connection:
        connection.execute(MANY_TEXTS)
    world.drop_in(PERSON, DANGER)
    while read_one(world.wires):
        pass
    first = claim(world.wires, 10, urgent_only=True)
    assert {each.row.kind for each in first} == {"alert", "automatic"}
    for each in first:
        send(world.wires, world._gateway, each)
    then = claim(world.wires, 10, urgent_only=True)
    assert [each.row.kind for each in then] == ["crisis"]
    assert claim(world.wires, 10, urgent_only=True) == []


def test_after_a_heavy_conversation_no_offer_comes_until_the_peer_says_so(world: World) -> None:
    lead(world)
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(PERSON, DANGER)
    world.text(SAM, "#done")
    assert "heavy" in world.news(SAM)[-1]
    world.text(SAM, "1 2")
    world.text(OTHER, "hi")
    world.wait(1200, steps=4)
    assert not any("New text" in body for body in world.news(SAM))
    world.text(SAM, "#on")
    assert any("New text" in body for body in world.news(SAM))


def test_abuse_becomes_a_task_for_people_once(world: World) -> None:
    lead(world)
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.news(JO)
    world.text(PERSON, "my husband hits me when he drinks")
    world.text(PERSON, "he hit me again on friday")
    told = alerts_to(world, JO)
    assert len(told) == 1
    assert "Seen: abuse" in told[0]
    world.wait(61)
    assert len(alerts_to(world, JO)) == 1
    world.text(JO, "1")
    world.wait(600, steps=10)
    assert alerts_to(world, JO) == []
    assert not any("called in" in body for body in world.inbox(PERSON))


def test_what_was_seen_is_kept_sealed_with_the_lexicons_version(world: World) -> None:
    world.text(PERSON, DANGER)
    with world.session() as session:
        kept = session.scalars(select(Assessment)).one()
    assert kept.level == "high"
    assert kept.lexicon == world.wires.house.detector.version
    assert kept.result["components"][0] == "ideation"
    assert kept.result["crisis_text"] is True
    start, end = kept.result["spans"][0][1:]
    assert DANGER[start:end] in DANGER


@pytest.mark.parametrize("code", ["+4915112345678", "+33612345678", "+8613812345678"])
def test_the_crisis_text_names_the_line_of_the_region(world: World, code: str) -> None:
    world.text(code, DANGER)
    told = next(body for body in world.news(code) if "called in" in body)
    named = {"+49": "0800 1110111", "+33": "3114", "+86": "988"}[code[:3]]
    assert named in told


def test_a_call_to_emergency_services_stays_an_open_task_until_help_came(world: World) -> None:
    lead(world)
    world.text(PERSON, DANGER)
    world.text(JO, "1")
    world.news(JO)
    world.text(JO, "#called")
    assert "#called yes" in world.news(JO)[0]
    world.text(JO, "#called no he has left the house")
    assert "In the record" in world.news(JO)[0]
    world.wait(1801, steps=2)
    assert [body for body in world.news(JO) if "Did help reach" in body] != []
    world.text(JO, "#confirmed he is with the paramedics")
    assert "closed" in world.news(JO)[-1]
    world.wait(3600, steps=4)
    assert not any("Did help reach" in body for body in world.news(JO))
    with world.session() as session:
        rescue = session.scalars(select(Rescue)).one()
    assert (rescue.has_consent, rescue.reason) == (False, "he has left the house")
    assert rescue.outcome == "he is with the paramedics"


def test_without_an_alert_nothing_of_the_kind_is_recorded(world: World) -> None:
    lead(world)
    world.text(JO, "#called yes she asked for it")
    assert "no alert" in world.news(JO)[-1]
    world.text(JO, "#confirmed")
    assert "no open call" in world.news(JO)[-1]
    with world.session() as session:
        assert session.scalars(select(Rescue)).all() == []


def test_where_the_line_calls_only_with_consent_another_call_is_refused(world: World) -> None:
    lead(world)
    world.text(PERSON, DANGER)
    world.text(JO, "1")
    house = world.wires.house
    strict = replace(house, escalation=replace(house.escalation, consent_only=True))
    world.wires = replace(world.wires, house=strict)
    world.text(JO, "#called no he will not say where he is")
    assert "only if the person agrees" in world.news(JO)[-1]
    with world.session() as session:
        assert session.scalars(select(Rescue)).all() == []


@pytest.mark.parametrize("how", ["STOP", "retired"])
def test_an_alert_whose_holder_is_gone_goes_up_the_chain_again(world: World, how: str) -> None:
    lead(world, JO, "Jo Hart")
    lead(world, LEE, "Lee Moor")
    world.text(PERSON, DANGER)
    world.text(JO, "1")
    world.news(LEE)
    if how == "STOP":
        world.text(JO, "STOP")
    else:
        with world.wires.desk() as desk:
            jo = desk.session.scalars(select(Volunteer).order_by(Volunteer.id)).first()
            assert jo is not None
            retire_volunteer(desk, jo)
        world.settle()
    assert len(alerts_to(world, LEE)) == 1
    world.text(LEE, "1")
    assert any("is yours" in body for body in world.news(LEE))


def test_urgent_on_an_alert_that_is_answered_still_brings_the_professional(world: World) -> None:
    lead(world)
    world.volunteer(DOC, "Dana Reed", role="professional")
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(PERSON, "i am going to kill myself tonight")
    world.text(JO, "1")
    world.news(JO)
    world.text(SAM, "#urgent he sounds worse")
    told = "\n".join(world.news(JO))
    assert "Sam asks for you" in told
    assert "he sounds worse" in told
    assert any("asks for a professional" in body for body in world.news(DOC))


def test_what_is_seen_after_urgent_is_told(world: World) -> None:
    lead(world)
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(SAM, "#urgent")
    world.news(JO)
    world.news(SAM)
    world.text(PERSON, DANGER)
    assert "thoughts of ending life" in alerts_to(world, JO)[0]
    assert any("we saw: thoughts of ending life" in body for body in world.news(SAM))


def test_where_the_peer_is_the_only_lead_they_are_alerted_themselves(world: World) -> None:
    world.volunteer(JO, "Jo Hart", role="peer;lead")
    world.together(PERSON, JO)
    world.text(PERSON, DANGER)
    assert len(alerts_to(world, JO)) == 1


def test_with_nobody_to_alert_the_peer_is_told_so(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(PERSON, DANGER)
    assert any("No lead can be reached yet" in body for body in world.news(SAM))


def test_texts_of_somebody_opted_out_reach_who_answered_and_unsent_ones_do_not(
    world: World,
) -> None:
    lead(world)
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(PERSON, DANGER)
    world.text(JO, "1")
    world.text(PERSON, "STOP")
    world.news(JO)
    world.text(PERSON, "it is too late")
    assert any("it is too late" in body for body in world.news(JO))
    world.text(SAM, "please stay")
    assert world.news(JO) == []


@pytest.mark.parametrize("fate", ["refused", "withdrawn"])
def test_a_crisis_text_that_never_left_does_not_count(world: World, fate: str) -> None:
    if fate == "refused":
        world.carrier.refuse[PERSON] = 30007
        world.text(PERSON, DANGER)
        del world.carrier.refuse[PERSON]
    else:
        world.carrier.trouble = [503] * 3
        world.text(PERSON, DANGER)
        world.text(PERSON, "STOP")
        world.carrier.trouble = []
        world.text(PERSON, "START")
    assert not any("called in" in body for body in world.news(PERSON))
    world.text(PERSON, "i am going to kill myself tonight")
    assert any("called in" in body for body in world.news(PERSON))


@pytest.mark.parametrize("code", [21610, 30007])
def test_an_alert_that_is_refused_goes_to_the_next_at_once(world: World, code: int) -> None:
    lead(world, JO, "Jo Hart")
    lead(world, LEE, "Lee Moor", on=False)
    world.carrier.refuse[JO] = code
    world.text(PERSON, DANGER)
    assert len(alerts_to(world, LEE)) == 1


def test_a_lead_who_joined_writes_to_the_person_even_with_a_wrap_up_open(world: World) -> None:
    world.volunteer(JO, "Jo Hart", role="peer;lead")
    world.together(OTHER, JO)
    world.text(JO, "#done")
    world.text(PERSON, DANGER)
    world.text(JO, "1")
    world.text(JO, "#join")
    world.news(PERSON)
    world.text(JO, "hello, I am here with you")
    assert world.news(PERSON) == ["hello, I am here with you"]


def test_joining_another_leaves_the_one_before(world: World) -> None:
    lead(world)
    for person in (PERSON, OTHER):
        world.text(person, DANGER)
        world.text(JO, "1")
        world.text(JO, "#join")
    world.news(PERSON)
    world.news(OTHER)
    world.text(JO, "this is for the second")
    assert (world.news(PERSON), world.news(OTHER)) == ([], ["this is for the second"])
    world.text(JO, "#resolved the second is with a friend")
    with world.session() as session:
        states = [each.state for each in session.scalars(select(Alert).order_by(Alert.id))]
    assert states == ["acknowledged", "resolved"]


def test_yes_answers_the_alert_before_the_offer(world: World) -> None:
    world.volunteer(JO, "Jo Hart", role="peer;lead")
    world.text(OTHER, "hi")
    world.text(PERSON, DANGER)
    world.news(JO)
    world.text(JO, "yes")
    assert any("is yours" in body for body in world.news(JO))
    assert State.ACTIVE not in world.states()


@pytest.mark.parametrize(
    "words",
    [
        "my sister took all her pills and is not waking up",
        "#off i want to kill myself tonight",
        "#i want to kill myself",
        "i want to kill myself",
    ],
)
@pytest.mark.parametrize("opted_out", [False, True])
def test_danger_in_a_volunteers_text_to_nobody_alerts(
    world: World, words: str, *, opted_out: bool
) -> None:
    lead(world)
    world.volunteer(SAM)
    if opted_out:
        world.text(SAM, "STOP")
    world.news(JO)
    world.text(SAM, words)
    assert len(alerts_to(world, JO)) == 1

"""Hand texts to the carrier: claim, call with no transaction open, record."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from helpline.domain.conversation import TextState
from helpline.ports import Carrier, CarrierIsBusy, CarrierIsUnsure, CarrierSaysNo, TextToSend
from helpline.services.record_sending import record_not_sent, record_refused, record_sent
from helpline.storage import outbox
from helpline.storage.models import CarrierCopy
from helpline.storage.outbox import ClaimedText
from helpline.wiring import Wires

# Tries, some half a minute in all, after which a text that cannot be looked up is sent again.
LOOKED_UP_ENOUGH = 6

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Claim:
    """A text that this process, and no other, is to send now."""

    row: ClaimedText
    text: TextToSend

    @property
    def may_be_there(self) -> bool:
        """Whether an earlier try may have reached the carrier."""
        return self.row.was != TextState.QUEUED


def claim(wires: Wires, most: int, *, urgent_only: bool) -> list[Claim]:
    """Claim up to `most` due texts, each the first unsent one to its phone; committed."""
    with wires.desk() as desk:
        rows = outbox.claim_texts(desk.session, desk.now, most, urgent_only=urgent_only)
    return [Claim(row, _to_send(wires, row)) for row in rows]


def _to_send(wires: Wires, row: ClaimedText) -> TextToSend:
    return TextToSend(
        to=row.to,
        sender=row.sender,
        body=row.body,
        media=tuple(row.media),
        report_url=f"{wires.settings.public_url}/twilio/status/{row.token}",
    )


def send(wires: Wires, carrier: Carrier, claimed: Claim) -> None:
    """Send one claimed text and record what came of it.

    Where an earlier try ended unclearly the text is looked up first: making a message is not
    idempotent (TWILIO.md 2.3).
    """
    row = claimed.row
    try:
        sid = _look_up(wires, carrier, claimed) if claimed.may_be_there else None
        sid = sid or carrier.send_text(claimed.text)
    except CarrierSaysNo as reason:
        log.warning("text_refused", id=row.id, kind=row.kind, code=reason.code)
        code = reason.code
        wires.do(lambda desk: record_refused(desk, row.id, code))
    except (CarrierIsBusy, CarrierIsUnsure) as reason:
        sure = isinstance(reason, CarrierIsBusy) and not claimed.may_be_there
        log.warning("text_not_sent", id=row.id, kind=row.kind, fault=type(reason).__name__)
        wires.do(lambda desk: record_not_sent(desk, row.id, row.attempt, sure=sure))
    else:
        taken = sid
        wires.do(lambda desk: record_sent(desk, row.id, taken))


def _look_up(wires: Wires, carrier: Carrier, claimed: Claim) -> str | None:
    """The SID under which the carrier has the text already; None when it has not.

    A carrier that refuses to be asked, or does not answer for half a minute, counts as not having
    it: a text that arrives twice hurts
    less than one that never does.
    """
    with wires.desk() as desk:
        known = outbox.known_sids(desk.session, claimed.row.to_key, claimed.row.written_at)
    try:
        return carrier.find_text(claimed.text, claimed.row.written_at, known)
    except CarrierSaysNo as reason:
        log.error("text_not_looked_up", id=claimed.row.id, code=reason.code)
        return None
    except (CarrierIsBusy, CarrierIsUnsure) as reason:
        if claimed.row.attempt < LOOKED_UP_ENOUGH:
            raise
        log.error("text_not_looked_up", id=claimed.row.id, fault=type(reason).__name__)
        return None


def claim_copies(wires: Wires, most: int) -> list[CarrierCopy]:
    """Copies of erased texts that are due to be deleted at the carrier; tried again until gone."""
    with wires.desk() as desk:
        return outbox.claim_copies(desk.session, desk.now, most)


def delete_copy(wires: Wires, carrier: Carrier, copy: CarrierCopy) -> bool:
    """Have one copy deleted; False when that has to be tried again."""
    try:
        carrier.delete_copy(copy.sid)
    except (CarrierIsBusy, CarrierIsUnsure, CarrierSaysNo) as reason:
        log.warning("copy_not_deleted", id=copy.id, fault=type(reason).__name__)
        return False
    with wires.desk() as desk:
        outbox.drop_copies(desk.session, [copy.id])
    return True

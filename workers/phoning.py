"""Carry out what is ordered of the carrier about phones: claim, call, record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from helpline.carrier.payloads import CALL_STATES
from helpline.domain.calls import OrderKind, OrderState
from helpline.ports import CallToPlace, Carrier, CarrierIsBusy, CarrierIsUnsure, CarrierSaysNo
from helpline.services.record_order import (
    record_checked,
    record_dialled,
    record_done,
    record_not_dialled,
    record_not_done,
    record_refused,
)
from helpline.storage import calls, orders
from helpline.storage.models import CallLeg
from helpline.wiring import Wires

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, repr=False)
class OrderClaim:
    """An order that this process, and no other, is to carry out now."""

    id: int
    kind: OrderKind
    was: OrderState
    sid: str | None
    page: str
    call: CallToPlace
    written_at: datetime
    is_wanted: bool
    conference: str | None


def claim_orders(wires: Wires, most: int) -> list[OrderClaim]:
    """Claim up to `most` due orders, each the first unfinished one of its leg; committed."""
    claims: list[OrderClaim] = []
    while len(claims) < most:
        with wires.desk() as desk:
            gap = timedelta(seconds=1 / desk.policy.calls_per_second)
            found = orders.claim_order(desk.session, desk.now, gap)
            if found is None:
                break
            order, was = found
            leg = desk.session.get_one(CallLeg, order.leg_id)
            call = calls.call_of(desk.session, leg)
            base = f"{wires.settings.public_url}/twilio/voice/leg/{leg.token}"
            claims.append(
                OrderClaim(
                    id=order.id,
                    kind=OrderKind(order.kind),
                    was=was,
                    sid=leg.sid,
                    page=_page(wires, leg, order.kind, order.path),
                    call=CallToPlace(
                        to=leg.to or "",
                        sender=leg.sender,
                        url=f"{base}/answer",
                        report_url=f"{base}/status",
                        ring_seconds=round(desk.policy.ring.total_seconds()),
                    ),
                    written_at=order.written_at,
                    is_wanted=not orders.is_unwanted(desk.session, order),
                    conference=call.conference_sid if call is not None else None,
                )
            )
    return claims


def _page(wires: Wires, leg: CallLeg, kind: str, path: str) -> str:
    """Where a leg is moved to: a caller's pages know them by their call, others by our token."""
    base = f"{wires.settings.public_url}/twilio/voice"
    path = f"announce/{path}" if kind == OrderKind.ANNOUNCE else path
    return f"{base}/{path}" if leg.kind == "caller" else f"{base}/leg/{leg.token}/told/{path}"


def carry_out(wires: Wires, carrier: Carrier, claim: OrderClaim) -> None:
    """Carry out one claimed order and record what came of it.

    A call is looked for before it is placed again: placing one is not idempotent (TWILIO.md 2.3).
    """
    try:
        if claim.kind == OrderKind.DIAL:
            sid = _dial(carrier, claim)
            if sid is None:
                wires.do(lambda desk: record_not_dialled(desk, claim.id))
            else:
                wires.do(lambda desk: record_dialled(desk, claim.id, sid))
        elif claim.sid is None:
            wires.do(lambda desk: record_done(desk, claim.id))
        elif claim.kind == OrderKind.CHECK:
            status = carrier.ask_about_call(claim.sid)
            state, ending = CALL_STATES.get(status or "", (None, None))
            wires.do(lambda desk: record_checked(desk, claim.id, state, ending))
        else:
            if claim.kind == OrderKind.END:
                carrier.end_call(claim.sid)
            elif claim.kind == OrderKind.ANNOUNCE:
                carrier.announce(claim.conference or "", claim.sid, claim.page)
            else:
                carrier.move_call(claim.sid, claim.page)
            wires.do(lambda desk: record_done(desk, claim.id))
    except CarrierSaysNo as reason:
        code = reason.code
        log.warning("order_refused", id=claim.id, kind=claim.kind, code=code)
        wires.do(lambda desk: record_refused(desk, claim.id, code))
    except (CarrierIsBusy, CarrierIsUnsure) as reason:
        sure = isinstance(reason, CarrierIsBusy) and claim.was == OrderState.QUEUED
        log.warning("order_not_done", id=claim.id, kind=claim.kind, fault=type(reason).__name__)
        wires.do(lambda desk: record_not_done(desk, claim.id, sure=sure))


def _dial(carrier: Carrier, claim: OrderClaim) -> str | None:
    """Place the call, unless it is there already; None where it is wanted no more."""
    if claim.was != OrderState.QUEUED:
        found = carrier.find_call(claim.call, claim.written_at)
        if found is not None:
            return found
    return carrier.place_call(claim.call) if claim.is_wanted else None

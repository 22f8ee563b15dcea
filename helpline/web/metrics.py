"""Numbers for Prometheus, counted in the database; no identity and no word is among them."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, current_app
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from helpline.storage import counts
from helpline.storage.counts import Counts
from helpline.wiring import Wires

blueprint = Blueprint("metrics", __name__)


class HelplineCollector(Collector):
    """One reading of the counts, as Prometheus wants it."""

    def __init__(self, read: Counts) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """The families."""
        read = self._read
        for name, text, value in (
            ("helpline_waiting", "People waiting for a peer.", read.waiting),
            (
                "helpline_oldest_waiting_seconds",
                "How long the person at the head has waited.",
                read.oldest_waiting_seconds,
            ),
            ("helpline_active", "Conversations under way.", read.active),
            ("helpline_on_duty", "Volunteers on duty.", read.on_duty),
            ("helpline_free", "Volunteers free for an offer.", read.free),
            ("helpline_inbound_unread", "Events kept and not read yet.", read.unread),
            (
                "helpline_outbox_lag_seconds",
                "How long the oldest thing that is due has been due.",
                read.lag_seconds,
            ),
        ):
            yield GaugeMetricFamily(name, text, value=value)
        offers = CounterMetricFamily("helpline_offers", "Offers by outcome.", labels=["outcome"])
        for outcome, count in sorted(read.offers.items()):
            offers.add_metric([outcome], count)
        yield offers
        texts = CounterMetricFamily("helpline_texts", "Texts sent, by state.", labels=["state"])
        for state, count in sorted(read.texts.items()):
            texts.add_metric([state], count)
        yield texts


@blueprint.get("/metrics")
def metrics() -> Response:
    """`GET /metrics`."""
    wires: Wires = current_app.extensions["wires"]
    with wires.sessions.begin() as session:
        read = counts.read_counts(session, wires.clock())
    registry = CollectorRegistry()
    registry.register(HelplineCollector(read))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

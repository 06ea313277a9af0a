"""The figures for /metrics: what all workers counted, and how things are now."""

from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from webapp import clock
from webapp.counting import settle
from webapp.database import db
from webapp.mail import queue_state
from webapp.ops.ticked import last_tick
from webapp.site import settings

CONTENT_TYPE = CONTENT_TYPE_LATEST


class _Now(Collector):
    """How things are at this moment, asked of database and instance folder."""

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("daily_draw_database_up", "Whether the database answers")
        try:
            db.session.rollback()
            db.session.connection()
            up.add_metric([], 1)
        except SQLAlchemyError:
            up.add_metric([], 0)
        yield up
        if up.samples[0].value:
            yield from _mail()
        ticked = last_tick(settings().instance)
        if ticked is not None:
            age = (clock.now() - ticked.at).total_seconds()
            yield GaugeMetricFamily("daily_draw_last_tick_age_seconds", "Time since the last tick", age)


def _mail() -> Iterator[Metric]:
    queue = queue_state(db.session(), now=clock.now())
    db.session.rollback()
    letters = GaugeMetricFamily("daily_draw_letters", "Letters in the outbox, by state", labels=["state"])
    for state, number in queue.rows.items():
        letters.add_metric([state], number)
    yield letters
    yield GaugeMetricFamily(
        "daily_draw_oldest_due_letter_seconds", "For how long the oldest letter that is due has been so", queue.oldest_due_seconds
    )
    yield GaugeMetricFamily("daily_draw_mailings", "Mass mail not yet made into letters", queue.mailings)


def exposition() -> bytes:
    """All figures in Prometheus' text format 0.0.4."""
    settle()
    counted = CollectorRegistry()
    try:
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    except ValueError:  # one process alone, as under `flask run`
        counted = REGISTRY
    now = CollectorRegistry()
    now.register(_Now())
    return generate_latest(counted) + generate_latest(now)

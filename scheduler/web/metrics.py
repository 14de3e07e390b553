"""What Prometheus reads: counters, durations and gauges of one service, in its own registry."""

from __future__ import annotations

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Metrics:
    """Every metric. Labels are closed words or the names of jobs: never ids, never people."""

    registry: CollectorRegistry
    requests: Counter
    seconds: Histogram
    refusals: Counter
    decisions: Counter
    permits: Counter
    events: Counter
    withdrawn: Gauge
    ready: Gauge
    listed_day: Gauge
    job_runs: Counter
    job_seconds: Histogram
    job_last: Gauge
    alarms: Counter
    purged: Counter
    started: Gauge = field(repr=False)

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self.registry)


def new_metrics() -> Metrics:
    """Metrics that all stand at nothing."""
    own = CollectorRegistry()
    return Metrics(
        registry=own,
        requests=Counter(
            "forbear_requests", "Requests answered.", ("route", "method", "status"), registry=own
        ),
        seconds=Histogram(
            "forbear_request_seconds",
            "How long requests took.",
            ("route",),
            registry=own,
            buckets=_BUCKETS,
        ),
        refusals=Counter(
            "forbear_access_refused", "Requests refused, by code.", ("code",), registry=own
        ),
        decisions=Counter(
            "forbear_decisions", "Live decisions, by verdict.", ("verdict",), registry=own
        ),
        permits=Counter(
            "forbear_permits", "Permits given, refused, ended.", ("what",), registry=own
        ),
        events=Counter("forbear_events", "Events posted.", ("kind", "outcome"), registry=own),
        withdrawn=Gauge("forbear_withdrawn_rows", "Rows of today's list withdrawn.", registry=own),
        ready=Gauge("forbear_ready", "1 if everything is there that answers need.", registry=own),
        listed_day=Gauge(
            "forbear_list_published_seconds",
            "When the newest list was published, seconds since 1970.",
            registry=own,
        ),
        job_runs=Counter("forbear_job_runs", "Runs of jobs.", ("job", "outcome"), registry=own),
        job_seconds=Histogram(
            "forbear_job_seconds",
            "How long jobs took.",
            ("job",),
            registry=own,
            buckets=(*_BUCKETS, 60.0, 600.0, 3600.0),
        ),
        job_last=Gauge(
            "forbear_job_last_success_seconds",
            "When a job last succeeded, seconds since 1970.",
            ("job",),
            registry=own,
        ),
        alarms=Counter("forbear_alarms", "Alarms raised.", ("what",), registry=own),
        purged=Counter(
            "forbear_purged", "Records emptied as their time was over.", ("where",), registry=own
        ),
        started=Gauge("forbear_started_seconds", "When the service started.", registry=own),
    )

"""Metrics and spans arrive at a collector by OTLP, and the trace goes on to hosts; off, nothing is sent."""

import atexit
import gzip
import json
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from airflow.sdk._shared.observability.metrics.otel_logger import flush_otel_metrics, get_otel_logger
from airflow.sdk.observability import stats
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from cofi import observing
from cofi.settings import Settings
from include.calls.ledger import Ledger
from include.calls.stage import Stage
from include.database.batches import Batch
from include.database.work import StageCounts, StageJob
from include.errors import HostFault, LlmLost
from include.llm.client import LlmClient, LlmSettings
from include.tracing.spans import call_span, carried, is_sampled, stage_span
from tests.plugins.shard import CALLS, run
from tests.unit.database.seeding import Day
from tests.unit.gpu.fake_host import FakeGpuHost

JOB = StageJob("run-1", 0, "gpu_a", Stage.DENOISE, 1)


class Collector:
    """An OTLP collector that keeps what it is sent."""

    def __init__(self) -> None:
        self.bodies: dict[str, list[bytes]] = {}
        kept = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                kept.setdefault(self.path, []).append(body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def points(self) -> dict[str, list[tuple[dict[str, str], float]]]:
        """The last value of each metric, with its tags."""
        found: dict[str, list[tuple[dict[str, str], float]]] = {}
        message = ExportMetricsServiceRequest.FromString(self.bodies["/v1/metrics"][-1])
        for metric in (m for r in message.resource_metrics for s in r.scope_metrics for m in s.metrics):
            data: Any = getattr(metric, str(metric.WhichOneof("data")))
            for point in data.data_points:
                tags = {one.key: one.value.string_value for one in point.attributes}
                value = (
                    getattr(point, "sum", None) if hasattr(point, "sum") else point.as_double or point.as_int
                )
                found.setdefault(metric.name, []).append((tags, float(value or 0)))
        return found

    def spans(self) -> list[Any]:
        messages = [ExportTraceServiceRequest.FromString(body) for body in self.bodies.get("/v1/traces", [])]
        return [s for m in messages for r in m.resource_spans for scope in r.scope_spans for s in scope.spans]


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def measured(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """Airflow's metrics go to the collector, as `[metrics] otel_on` makes them."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", f"{collector.url}/v1/metrics")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    monkeypatch.setenv("AIRFLOW__METRICS__OTEL_ON", "True")
    stats.initialize(factory=lambda: get_otel_logger(conf_interval=60_000), export_legacy_names=False)
    yield collector
    stats.initialize(factory=_nobody, export_legacy_names=False)
    # Its thread would go on sending to a collector that is gone, and so would what Airflow does at the end.
    metrics.get_meter_provider().shutdown()  # type: ignore[attr-defined]
    atexit.unregister(flush_otel_metrics)


def _nobody() -> Any:
    from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger

    return NoStatsLogger()


@pytest.fixture
def traced(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Collector:
    """Spans go to the collector, as `[traces] otel_on` makes them."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{collector.url}/v1/traces")))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    return collector


def flushed(collector: Collector) -> dict[str, list[tuple[dict[str, str], float]]]:
    metrics.get_meter_provider().force_flush()  # type: ignore[attr-defined]
    return collector.points()


def test_calls_latency_backlog_and_money_are_measured(
    day: Day, batch: Batch, measured: Collector, setting
) -> None:
    day.audit(batch, CALLS[0], stages=[Stage.DISTRIBUTE, Stage.DENOISE])
    setting("llm_budget_per_run_usd", 5)
    counts = StageCounts(total=3, waiting=3, done=2)
    counts.failed["recording_unusable"] += 1
    observing.stage_ended(JOB, counts, timedelta(seconds=6))
    observing.run_ended(Ledger(audited=20, failed=1))
    observing.looked(day.database, batch.batch_id, Settings.load())

    points = flushed(measured)

    of_host = {"stage": "denoise", "host": "gpu_a"}
    assert points["airflow.cofi.calls"] == [({"state": "audited"}, 20), ({"state": "failed"}, 1)]
    assert ({**of_host, "outcome": "done"}, 2) in points["airflow.cofi.stage_calls"]
    assert ({**of_host, "outcome": "recording_unusable"}, 1) in points["airflow.cofi.stage_calls"]
    assert points["airflow.cofi.stage_duration"] == [(of_host, 6000)]
    assert points["airflow.cofi.call_duration"] == [(of_host, 2000)]
    assert (of_host, 2) in points["airflow.cofi.backlog"]
    assert points["airflow.cofi.llm_in_flight"] == [({}, 0)]
    assert points["airflow.cofi.llm_run_budget_usd"] == [({}, 5)]


def test_a_task_that_found_nothing_measures_nothing(measured: Collector) -> None:
    observing.stage_ended(JOB, StageCounts(), timedelta(seconds=1))
    observing.run_ended(Ledger(skipped=1))
    assert list(flushed(measured)) == ["airflow.cofi.calls"]


def test_off_nothing_is_asked(day: Day, batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not observing.are_on()
    monkeypatch.setattr(day.database, "reading", None)
    observing.looked(day.database, batch.batch_id, Settings.load())
    assert carried() == {}


async def test_a_stage_its_calls_and_the_host_are_one_trace(
    day: Day, batch: Batch, gpu_a: FakeGpuHost, traced: Collector, setting
) -> None:
    setting("traced_calls_share", 1)
    await run(Stage.DISTRIBUTE)
    spans = traced.spans()
    (stage,) = [span for span in spans if span.name == "cofi.distribute"]
    calls = [span for span in spans if span.name == "cofi.call"]
    assert {span.parent_span_id for span in calls} == {stage.span_id} and len(calls) == 3
    told = {one.key: one.value.string_value for span in calls for one in span.attributes}
    assert set(told) == {"cofi.call_id", "cofi.stage"}, "nothing else of a call is told"
    sent = [header for header in gpu_a.traceparents if header]
    trace_ids = {header.split("-")[1] for header in sent}
    assert trace_ids == {stage.trace_id.hex()}
    assert {span.span_id.hex() for span in calls} <= {header.split("-")[2] for header in sent}


async def test_the_llm_is_told_of_the_trace(traced: Collector) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.headers.get("traceparent", ""))
        return web.Response(status=500)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    async with TestServer(app) as api:
        settings = LlmSettings(base_url=str(api.make_url("/v1")), model="m-1", max_attempts=1)
        async with LlmClient(settings, 1) as llm:
            for _ in range(2):
                with pytest.raises(LlmLost), stage_span(JOB):
                    await llm.complete([{"role": "user", "content": "hello"}], {"type": "object"}, "facts")
    stages = {span.trace_id.hex() for span in traced.spans()}
    assert {header.split("-")[1] for header in asked} == stages and len(stages) == 2


def test_the_dashboard_shows_what_is_measured() -> None:
    docs = Path(__file__).parents[2] / "docs"
    board = json.loads((docs / "grafana-dashboard.json").read_text())
    asked = {target["expr"] for panel in board["panels"] for target in panel["targets"]}
    shown = {
        one for expr in asked for one in re.findall(r"airflow_(cofi_\w+?)(?:_total|_sum|_count)?\b", expr)
    }
    code = Path(observing.__file__).read_text()
    measured = {name.replace(".", "_") for name in re.findall(r'"(cofi\.\w+)"', code)}
    assert shown <= measured and len(shown) >= 7
    told = set(re.findall(r"`(cofi\.\w+)`", (docs / "observability.md").read_text()))
    assert {name.replace(".", "_") for name in told} >= measured


def test_an_error_leaves_its_kind_and_nothing_of_what_it_quotes(traced: Collector) -> None:
    with pytest.raises(HostFault), stage_span(JOB), call_span("c1", "stt", 1):
        raise HostFault("It is 5105 1051 0510 5100")
    assert [span.name for span in traced.spans()] == ["cofi.call", "cofi.denoise"]
    assert all(b"5105" not in body for body in traced.bodies["/v1/traces"])
    failed = [one.value.string_value for one in traced.spans()[0].attributes if one.key == "cofi.failed"]
    assert failed == ["host_fault"]


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_share_of_the_calls_is_sampled(share: float) -> None:
    sampled = sum(is_sampled(f"call-{n}", share) for n in range(2000))
    assert abs(sampled / 2000 - share) <= 0.04 * (0 < share < 1)

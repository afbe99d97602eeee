"""`locust.opentelemetry`: traces of requests, with the packages of OpenTelemetry that are there.

Exporter and endpoint come from its own variables (OTEL_EXPORTER_OTLP_ENDPOINT and so on).
"""

from __future__ import annotations

import importlib
import logging

__all__ = ["setup_opentelemetry"]

logger = logging.getLogger(__name__)

PACKAGES = "opentelemetry-sdk opentelemetry-exporter-otlp opentelemetry-instrumentation-requests"


def setup_opentelemetry() -> bool:
    """Send a span per request of HttpUser from now on; False, with a logged sentence, if not."""
    try:
        trace = importlib.import_module("opentelemetry.trace")
        sdk = importlib.import_module("opentelemetry.sdk.trace")
        export = importlib.import_module("opentelemetry.sdk.trace.export")
        otlp = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        requests = importlib.import_module("opentelemetry.instrumentation.requests")
    except ImportError as error:
        logger.error("--otel needs packages that are not here (%s): %s", error.name, PACKAGES)
        return False
    provider = sdk.TracerProvider()
    provider.add_span_processor(export.BatchSpanProcessor(otlp.OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    requests.RequestsInstrumentor().instrument()
    return True

"""Traces in tests."""

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider


def global_tracers() -> TracerProvider:
    """The one provider of the test process, whoever asks first."""
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    return provider

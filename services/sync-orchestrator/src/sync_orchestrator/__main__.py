"""`python -m sync_orchestrator` runs the service."""

from service_kit.service import serve
from service_kit.telemetry import setup_telemetry

from sync_orchestrator.app import NAME, build_app
from sync_orchestrator.settings import Settings

if __name__ == "__main__":
    settings = Settings()
    serve(build_app(settings, setup_telemetry(NAME)), settings.http)

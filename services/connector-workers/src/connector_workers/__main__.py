"""`python -m connector_workers` runs the service."""

from service_kit.service import serve
from service_kit.telemetry import setup_telemetry

from connector_workers.app import NAME, build_app
from connector_workers.settings import Settings

if __name__ == "__main__":
    settings = Settings()
    serve(build_app(settings, setup_telemetry(NAME)), settings.http)

"""`python -m credentials` runs the service."""

from service_kit.service import serve
from service_kit.telemetry import setup_telemetry

from credentials.app import NAME, build_app
from credentials.settings import Settings

if __name__ == "__main__":
    settings = Settings()
    serve(build_app(settings, setup_telemetry(NAME)), settings.http)

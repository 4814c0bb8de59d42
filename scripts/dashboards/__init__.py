"""The dashboards of deploy/grafana, as code."""

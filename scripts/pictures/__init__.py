"""Pictures of the dashboards, from a system that is really running."""

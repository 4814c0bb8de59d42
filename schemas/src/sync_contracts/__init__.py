"""The words the services share: messages, identifiers, months, metrics and codes."""

"""Provider-neutral books: what a company did, before any accounting system words it."""

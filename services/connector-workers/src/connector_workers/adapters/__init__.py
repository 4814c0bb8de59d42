"""Outside things, one file each."""

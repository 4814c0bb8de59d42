"""QuickBooks Online, imitated."""

"""Hostile input: whatever bytes come, every record gets its answer or is set aside, and soon."""

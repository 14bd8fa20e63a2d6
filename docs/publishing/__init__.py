"""Writes the published contract into `docs/`; `make contract` runs it."""

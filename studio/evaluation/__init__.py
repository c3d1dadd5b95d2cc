"""Measures a snapshot against held-out renders: `report.evaluate` is the way in."""

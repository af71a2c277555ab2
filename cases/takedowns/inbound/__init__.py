"""Doors by which platforms answer."""

"""Connector: xarf."""

"""Connector: email."""

"""Connector: web_form."""

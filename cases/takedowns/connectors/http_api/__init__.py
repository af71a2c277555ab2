"""Connector: http_api."""

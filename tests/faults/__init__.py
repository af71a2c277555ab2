"""Faults caused on purpose while takedowns leave, and what must hold afterwards: `make fault`."""

"""The simulator's own tests: every misbehaviour really happens on the wire."""

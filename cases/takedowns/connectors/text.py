"""A notice as plain text: what e-mail carries and a person pastes into a form."""

from cases.letters.writing import subject, text

__all__ = ["subject", "text"]

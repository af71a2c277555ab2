"""The page of figures that everybody can read, where an operator switched it on.

It shows what the desk put here by a deliberate act of two people, and reads no table of the desk.
"""

"""The pictures of the figures as numbers for an SVG.

Pure functions over numbers. Whole units of a viewBox, so that no language writes a comma; time runs from left to right in
every script. Whatever counts something is visible, and each picture is told apart without colour.
"""

"""A simulator of platforms: the reference server of the Takedown Notice API, for the demo and the tests.

It imports nothing of the project, so that a mistake made there cannot be repeated here.
"""

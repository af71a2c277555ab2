"""What reading heavy things costs the people who read them: a coarse, short-lived ledger that is for them.

It never blocks work, is no measure of anybody's work, is in no figures and no API, and forgets by itself.
"""

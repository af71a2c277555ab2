"""The simulated platforms that exist without being configured, and the moods (profiles) they may be in."""

DEFAULT = "*"
"""The slug under which the behaviour of every platform not named is kept."""

PROFILES = ("demo", "kind", "rough")

DEMO: dict[str, dict[str, object]] = {
    DEFAULT: {"latency": [0.05, 0.2], "decide_after": [2, 4], "review": True},
    "chatter": {"name": "Chatter", "latency": [0.05, 0.2], "decide_after": [2, 4], "review": True},
    "clipshare": {
        "name": "Clipshare",
        "latency": [0.1, 0.4],
        "answers": {"429": 0.1, "accept_then_timeout": 0.05},
        "retry_after": 2,
        "decide_after": [3, 6],
        "gone_status": 410,
    },
    "pixboard": {
        "name": "Pixboard",
        "channel": "email",
        "decide_after": [3, 6],
        "callbacks": False,
        "replies": True,
    },
    "snaproom": {"name": "Snaproom", "channel": "web_form", "decide_after": [3, 6], "callbacks": False},
    "stubborn": {
        "name": "Stubborn",
        "latency": [0.05, 0.2],
        "decide_after": [2, 4],
        "review": True,
        "outcomes": {"refused": 1},
    },
    "silent": {
        "name": "Silent Host",
        "host": "silenthost.example",
        "channel": "email",
        "outcomes": {"never": 1},
        "callbacks": False,
    },
}

KIND: dict[str, object] = {
    "latency": 0,
    "answers": {},
    "decide_after": [0.2, 0.4],
    "callback_after": 0.05,
    "callback_backoff": 0.1,
    "review": False,
}

ROUGH: dict[str, object] = {
    "latency": [0.02, 0.3],
    "answers": {
        "429": 0.05,
        "503": 0.05,
        "422": 0.02,
        "500": 0.01,
        "html": 0.01,
        "drop": 0.02,
        "accept_then_timeout": 0.03,
        "accept_then_drop": 0.03,
        "accept_then_500": 0.02,
        "accept_then_html": 0.01,
    },
    "decide_after": [0.5, 5],
    "outcomes": {
        "disabled": 0.05,
        "account_removed": 0.05,
        "partly_removed": 0.05,
        "refused": 0.1,
        "more_information": 0.05,
        "not_found": 0.03,
        "already_gone": 0.03,
        "never": 0.05,
    },
    "callback_duplicates": 0.2,
    "callback_disorder": 0.2,
    "review": True,
}
ROUGH_EACH: dict[str, dict[str, object]] = {
    "clipshare": {"honours_keys": False, "soft_404": True},
    "stubborn": {"outcomes": {"refused": 1}},
    "silent": {"outcomes": {"never": 1}},
    "pixboard": {"reappear_after": 5, "reappear_where": "new"},
    "snaproom": {"gone_redirect": True, "redirect_hops": 2},
}

BENCH: dict[str, object] = {
    "latency": 0.2,
    "answers": {"503": 0.05},
    "outcomes": {"never": 1},
    "callbacks": False,
    "review": False,
    "replies": False,
    "page_latency": 0.2,
}


def company(profile: str) -> dict[str, dict[str, object]]:
    """Each platform's fields in this profile, the default's under DEFAULT."""
    cast = {slug: dict(known) for slug, known in DEMO.items()}
    if profile == "kind":
        for known in cast.values():
            known.update(KIND)
    elif profile == "rough":
        for slug, known in cast.items():
            known.update(ROUGH | ROUGH_EACH.get(slug, {}))
    return cast

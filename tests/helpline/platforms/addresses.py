"""Addresses for hypothesis: well-formed, nearly so, and hostile."""

from hypothesis import strategies as st

from helpline.platforms import rules

HOSTS = st.sampled_from(
    [
        *(host.replace("*", "fr") for site in rules.SITES for host in site.hosts),
        "www.instagram.com",
        "l.facebook.com",
        "www.google.co.uk",
        "pixly.example",
        "WWW.Élan.test",
        "127.0.0.1:8000",
        "[::1]:80",
        "name:secret@site.example",
        "web.archive.org",
        "a" * 64 + ".example",
        "",
    ]
)
SCHEMES = st.sampled_from(
    ["https://", "http://", "", "//", "HTTPS:/", "https:\\\\", "javascript:", "https://https://"]
)
PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *(
                    "/",
                    "?",
                    "&",
                    "=",
                    "#",
                    "%",
                    "%2",
                    "%2e",
                    "%C3%A9",
                    "..",
                    ".",
                    "@",
                    ":",
                    "+",
                    " ",
                    "é",
                    "😂",
                    "(",
                    ")",
                ),
                *(
                    "p",
                    "reel",
                    "status",
                    "watch",
                    "v=",
                    "u=",
                    "q=",
                    "utm_source=",
                    "&amp;",
                    "igsh=",
                    "https://x.com/a",
                ),
                *(
                    "l.php",
                    "url",
                    "https%3A%2F%2Fa.example%2F",
                    "'",
                    '"',
                    "\\",
                    "[",
                    "]",
                    "|",
                    "\u200b",
                    "\u202e",
                ),
            ]
        ),
        st.text(max_size=6),
    ),
    max_size=12,
).map("".join)
ADDRESSES = st.one_of(st.builds(lambda *parts: "".join(parts), SCHEMES, HOSTS, PIECES), st.text(max_size=80))

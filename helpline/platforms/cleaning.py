"""One address, cleaned: what says where something is stays, what says who shared it goes."""

import ipaddress
import re
import unicodedata
from functools import cache
from urllib.parse import quote, unquote, unquote_plus

import idna
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from helpline.platforms import rules
from helpline.platforms.directory import host_keys, registrable
from helpline.platforms.rules import SiteRules

MAX_LENGTH = 2000  # of a cleaned address
MAX_PASTED = 8000  # tracking parameters may make it this long before it is cleaned

SENTENCES: dict[str, Promise] = {
    "empty": _("Paste the link of the page or the account."),
    "not_a_link": _(
        "This does not look like a link yet. A link often begins with https:// "
        "or has a name in it such as instagram.com."
    ),
    "scheme": _(
        "This link opens an app or a file, not a page. In the app, choose Share, then Copy link, "
        "and paste what you get."
    ),
    "too_long": _("This link is too long. Copy it once more and paste only the link."),
    "characters": _(
        "Something in this link does not belong there. Copy it once more and paste only the link."
    ),
    "host": _(
        "The name of the site in this link is not complete. Copy it once more and paste the whole link."
    ),
}


class MalformedLink(ValueError):
    """This is no address of a page.

    `code` is stable (a key of SENTENCES), `sentence` is for the person, `written` is what they typed. The
    text of the exception is the code alone, so that an address never reaches a log.
    """

    def __init__(self, code: str, written: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.written = written

    @property
    def sentence(self) -> str:
        """What to say, in the language of the page."""
        return str(SENTENCES[self.code])


# Characters that show nothing and come along when text is copied.
INVISIBLE = re.compile("[\u00ad\u061c\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
AROUND = "<>\"'`«»“”„‘’‹› \t\r\n"
BROKEN_SCHEME = re.compile(r"\A(?:view-source:)?(?:h?ttp|hxxp)(s?)://", re.I)
DOUBLED_SCHEME = re.compile(r"\A(?:https?:/+)+(?=https?:/)", re.I)
SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):(.*)\Z", re.I)
PORT_FOLLOWS = re.compile(r"\d{1,5}(?:[/?#]|\Z)")
LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# The quote sign is escaped, so that an address never ends in what is stripped from around one.
KEPT_IN_PATH = "/%:@!$&()*+,;=-._~[]|"
KEPT_IN_QUERY = KEPT_IN_PATH + "?"
DEFAULT_PORTS = {"http": 80, "https": 443}
SEPARATING = frozenset({"Cc", "Cs", "Zs", "Zl", "Zp"})  # Unicode's categories: controls, halves, spaces
# Names kept for examples and for this machine: no public suffix, and never anybody's site.
RESERVED_ENDINGS = frozenset({"example", "test", "localhost"})


def clean_url(url: str) -> str:
    """The address without what does not say where: `https://host/path?query`, at most MAX_LENGTH characters.

    Accepts addresses without scheme; keeps http as http. The host in lower-case ASCII; credentials, fragment,
    tracking parameters and pass-on pages (`l.facebook.com/l.php?u=`) are removed, all else is left as it was.
    Cleaning twice changes nothing. Raises MalformedLink.
    """
    cleaned = _clean_once(url)
    while inner := _passed_on(cleaned):
        try:
            cleaned = _clean_once(inner)
        except MalformedLink:
            break
    if len(cleaned) > MAX_LENGTH:
        raise MalformedLink("too_long", url)
    return cleaned


def _clean_once(url: str) -> str:
    text = INVISIBLE.sub("", url).strip().strip(AROUND)
    if not text:
        raise MalformedLink("empty", url)
    if len(text) > MAX_PASTED:
        raise MalformedLink("too_long", url)
    if not _is_plain(text) and any(unicodedata.category(char) in SEPARATING for char in text):
        raise MalformedLink("characters", url)
    try:
        scheme, rest = _split_scheme(text)
        for pattern, replacement in rules.REWRITES:
            if match := pattern.match(f"{scheme}://{rest}"):
                scheme, rest = _split_scheme(match.expand(replacement))
                break
        before_query, _mark, query = rest.partition("#")[0].partition("?")
        authority, slash, path = before_query.partition("/")
        host, port = _host_and_port(authority, scheme)
    except MalformedLink as error:
        raise MalformedLink(error.code, url) from None
    path = _without_dots(_escaped(slash + path, KEPT_IN_PATH))
    query = _without_tracking(_escaped(query, KEPT_IN_QUERY), host)
    return f"{scheme}://{host}{port}{path}" + (f"?{query}" if query else "")


def _is_plain(text: str) -> bool:
    """Nearly every address is: nothing in it needs a closer look."""
    return text.isascii() and text.isprintable() and " " not in text


def _split_scheme(text: str) -> tuple[str, str]:
    """("http" or "https", what follows the slashes), with forward slashes up to the query."""
    at = min((place for place in (text.find("?"), text.find("#")) if place >= 0), default=len(text))
    text = text[:at].replace("\\", "/") + text[at:]
    text = DOUBLED_SCHEME.sub("", BROKEN_SCHEME.sub(r"http\1://", text))
    match = SCHEME.match(text)
    if match and match.group(1).lower() in DEFAULT_PORTS:
        return match.group(1).lower(), match.group(2).lstrip("/")
    if text.startswith("//"):
        return "https", text.lstrip("/")
    if match and not PORT_FOLLOWS.match(match.group(2)):
        raise MalformedLink("scheme")
    authority = re.split(r"[/?#]", text, maxsplit=1)[0]
    if "@" in authority or not is_hostlike(authority.partition(":")[0]):
        raise MalformedLink("not_a_link")
    return "https", text


def is_hostlike(name: str) -> bool:
    """Would a person mean a site by this name, written without https:// before it?"""
    try:
        host = _ascii_host(name)
    except MalformedLink:
        return False
    return _is_ip(host) or host.rpartition(".")[2] in RESERVED_ENDINGS or all(registrable(host))


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _host_and_port(authority: str, scheme: str) -> tuple[str, str]:
    """The host in ASCII, and `:port` or nothing. Who logs in (`name:password@`) is left out."""
    name = authority.rpartition("@")[2]
    head, bracket, tail = name.partition("]")
    host, colon, port = tail.partition(":") if bracket else name.partition(":")
    host = _ascii_host(head + bracket + host if bracket else host)
    if not colon or not port:
        return host, ""
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise MalformedLink("host")
    return host, "" if int(port) == DEFAULT_PORTS[scheme] else f":{int(port)}"


def _ascii_host(name: str) -> str:
    """`name` as DNS is asked for it, in lower-case ASCII. Raises MalformedLink when it is no host name."""
    if name.startswith("["):
        try:
            address = name.removeprefix("[").removesuffix("]")
            # With a zone ("%eth0") it is an address of one machine's own network card.
            return f"[{ipaddress.IPv6Address('' if '%' in address else address).compressed}]"
        except ValueError:
            raise MalformedLink("host") from None
    host = unicodedata.normalize("NFKC", unquote(name)).lower().replace("\u3002", ".").removesuffix(".")
    host = ".".join(_ascii_label(label) for label in host.split("."))
    last = host.rpartition(".")[2]
    if (host != last or host == "localhost") and len(host) <= 253 and (not last.isdigit() or _is_ip(host)):
        return host
    raise MalformedLink("host")


def _ascii_label(label: str) -> str:
    if not label.isascii():
        try:
            label = idna.encode(label, uts46=True).decode("ascii")
        except UnicodeError:
            try:  # Browsers also open names with signs that the newer standard refuses, such as a heart.
                label = label.encode("idna").decode("ascii")
            except UnicodeError:
                raise MalformedLink("host") from None
    if not LABEL.match(label):
        raise MalformedLink("host")
    return label


def _escaped(part: str, kept: str) -> str:
    """One spelling for escapes: nothing escaped that need not be, capital letters, all else untouched."""

    def spelled(match: re.Match[str]) -> str:
        char = chr(int(match.group(1), 16))
        return char if char in UNRESERVED else match.group().upper()

    return ESCAPE.sub(spelled, quote(LONE_PERCENT.sub("%25", part), safe=kept))


def _without_dots(path: str) -> str:
    """`/a/../b/./c` is `/b/c`; an empty path is `/`."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def _without_tracking(query: str, host: str) -> str:
    """The parameters that say which page, in the order they came."""
    if not query:
        return ""
    names, beginnings = _tracking(site_of(host).slug)
    pieces = re.sub(r"&(?:amp;)+", "&", query).split("&")
    return "&".join(
        piece
        for piece in pieces
        if piece and name_of(piece) not in names and not name_of(piece).startswith(beginnings)
    )


def name_of(piece: str) -> str:
    """The parameter's name in `name=value`, in lower case."""
    return unquote(piece.partition("=")[0]).lower()


@cache
def _tracking(slug: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Names of tracking parameters on this site, and beginnings of names."""
    every = rules.TRACKING.union(*(site.tracking for site in rules.SITES if site.slug == slug))
    beginnings = tuple(name.removesuffix("*") for name in every if name.endswith("*"))
    return frozenset(name for name in every if not name.endswith("*")), beginnings


@cache
def _sites() -> dict[str, SiteRules]:
    return {host: site for site in rules.SITES for host in site.hosts}


def site_of(host: str) -> SiteRules:
    """The rules of the site at `host`; those for any other site when it is not known."""
    sites = _sites()
    return next((sites[key] for key in host_keys(host) if key in sites), rules.OTHER)


def bare_host(host: str) -> str:
    """The host without the labels that only choose a layout, as long as a site is left."""
    for prefix in ("www.", "m.", "mobile."):
        rest = host.removeprefix(prefix)
        if rest != host and "." in rest and registrable(rest)[0]:
            return rest
    return host


def _passed_on(cleaned: str) -> str:
    """The address inside the address of a page that only passes a visitor on; '' when there is none."""
    host, _port, path, query = parts(cleaned)
    bare = bare_host(host)
    name, suffix = registrable(bare)
    called = {bare, f"{name}.*"} if bare == f"{name}.{suffix}" else {bare}
    for wrapper, wrapper_path, names in rules.WRAPPERS:
        if wrapper in called and wrapper_path == path:
            for piece in query.split("&"):
                inner = unquote_plus(piece.partition("=")[2]).strip()
                if name_of(piece) in names and inner.lower().startswith(("http://", "https://")):
                    return inner
    return ""


def parts(cleaned: str) -> tuple[str, str, str, str]:
    """(host, `:port` or nothing, path, query) of a cleaned address."""
    before_query, _mark, query = cleaned.partition("://")[2].partition("?")
    authority, slash, path = before_query.partition("/")
    port = re.search(r":\d+\Z", authority) if not authority.endswith("]") else None
    return (
        authority.removesuffix(port.group()) if port else authority,
        port.group() if port else "",
        slash + path,
        query,
    )

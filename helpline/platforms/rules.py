"""How the addresses of each known site are built, as data: what `links` reads them with.

A path is matched as `/path?query`, without trailing slash, with only the site's `identity` parameters, in the
order of their names. The first rule that fits decides. A rule may name these groups: `id` (and `part`, for
things numbered inside other things) tells one post, file or message from another however its address is
spelled; `account` is the person's name on the site.
"""

import re
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class LinkKind(TextChoices):
    """What an address leads to."""

    POST = "post", _("A post")
    PROFILE = "profile", _("An account")
    MESSAGE = "message", _("A private message")
    GROUP = "group", _("A group")
    FILE = "file", _("A file")
    UNKNOWN = "unknown", _("A page")


@dataclass(frozen=True, slots=True)
class PathRule:
    """What the paths that match `pattern` lead to, on `hosts` of the site (on all of them when empty)."""

    kind: LinkKind
    pattern: re.Pattern[str]
    hosts: tuple[str, ...] = ()
    private: bool = False  # seen only by those who were let in, so a check from outside can't tell


@dataclass(frozen=True, slots=True)
class SiteRules:
    """One platform's addresses. A host covers its sub-domains; `name.*` every public suffix."""

    slug: str
    hosts: tuple[str, ...]
    names: tuple[str, ...] = ()  # what people call it, lower-case, beside an @account
    profile: str = ""  # the address of an account, with {account}
    # Parameters that say who shared, not what; `name*` covers a beginning.
    tracking: frozenset[str] = frozenset()
    # Parameters that say which page; None: all but tracking.
    identity: frozenset[str] | None = frozenset()
    paths: tuple[PathRule, ...] = ()
    # First words of a path that are no account.
    not_accounts: frozenset[str] = frozenset()


def rule(kind: LinkKind, pattern: str, *hosts: str, private: bool = False) -> PathRule:
    """A PathRule whose pattern must match from the first to the last character."""
    return PathRule(kind, re.compile(rf"{pattern}\Z", re.ASCII), hosts, private)


def words(text: str) -> frozenset[str]:
    """The words of `text`, in lower case."""
    return frozenset(text.lower().split())


# Said by the sharing app or the advertiser, never part of where something is.
TRACKING = words(
    "utm_* fbclid gclid gclsrc dclid gbraid wbraid msclkid yclid ysclid twclid ttclid li_fat_id igsh "
    "igshid mc_cid mc_eid _ga _gl _hsenc _hsmi mkt_tok oly_anon_id oly_enc_id vero_id srsltid rdt_cid "
    "sccid epik s_cid wt.mc_id mibextid ref_src ref_url spm at_medium at_campaign"
)

# First labels of hosts on which a platform speaks about itself.
ABOUT_ITSELF = words(
    "about help support developer developers business blog newsroom status careers ads transparency "
    "safety legal privacy policies accounts account login auth store"
)

# Hosts whose paths carry another address on purpose.
ADDRESS_IN_PATH = words(
    "web.archive.org archive.org archive.ph archive.is archive.today archive.li archive.md archive.vn "
    "archive.fo"
)

# Endings that are also file endings: a bare `photo.zip` is a file somebody speaks of, not a site.
FILE_ENDINGS = words("zip mov app bat cab py rs sh pl ps ai md so")

# Pages that only pass a visitor on: host, path, the parameter that holds the true address.
# Hosts are written without `www.` and `m.`.
WRAPPERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("l.facebook.com", "/l.php", ("u",)),
    ("lm.facebook.com", "/l.php", ("u",)),
    ("l.messenger.com", "/l.php", ("u",)),
    ("l.instagram.com", "/", ("u",)),
    ("l.threads.net", "/", ("u",)),
    ("l.threads.com", "/", ("u",)),
    ("google.*", "/url", ("q", "url")),
    ("youtube.com", "/redirect", ("q",)),
    ("out.reddit.com", "/", ("url",)),
    ("vk.com", "/away.php", ("to",)),
    ("steamcommunity.com", "/linkfilter", ("url", "u")),
)

# Addresses that keep what matters behind the `#`, and where the same thing stands without it.
REWRITES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"https?://web\.telegram\.org/[a-z]{0,2}/?#/?(?:im\?p=)?@(\w{3,})", re.I),
        r"https://t.me/\1",
    ),
    (re.compile(r"https?://mega(?:\.co)?\.nz/#!([\w-]+)(?:![\w-]*)?", re.I), r"https://mega.nz/file/\1"),
    (re.compile(r"https?://mega(?:\.co)?\.nz/#F!([\w-]+)(?:![\w-]*)?", re.I), r"https://mega.nz/folder/\1"),
    (re.compile(r"https?://(?:mobile\.)?(?:x|twitter)\.com/#!/(\w+)", re.I), r"https://x.com/\1"),
)

# Words between an account and the name of its site, as in "@account on TikTok", in several languages.
CONNECTIVES = words("on sur at from de via en auf su em no op på in dans aka account compte")

POST, PROFILE, MESSAGE = LinkKind.POST, LinkKind.PROFILE, LinkKind.MESSAGE
GROUP, FILE, UNKNOWN = LinkKind.GROUP, LinkKind.FILE, LinkKind.UNKNOWN
NAME = r"(?P<account>[\w.-]{1,60})"

INSTAGRAM = SiteRules(
    slug="instagram",
    hosts=("instagram.com", "instagr.am", "ig.me", "cdninstagram.com"),
    names=("instagram", "insta", "ig"),
    profile="https://www.instagram.com/{account}/",
    tracking=words("hl __d ig_rid ig_mid ig_web_copy_link_share_sheet __coig_restricted"),
    identity=words("story_media_id"),
    paths=(
        rule(FILE, r"/.+", "cdninstagram.com"),
        rule(MESSAGE, r"/m/(?P<account>[\w.]+)", "ig.me", private=True),
        rule(UNKNOWN, r"/reels?/audio/.*"),
        rule(POST, r"/(?:share/)?(?:p|reels?|tv)/(?P<id>[\w-]{5,})(?:/[\w./-]*)?"),
        rule(POST, r"/(?P<account>[\w.]{1,30})/(?:p|reels?|tv)/(?P<id>[\w-]{5,})(?:/[\w./-]*)?"),
        rule(POST, r"/share/(?P<id>[\w-]{6,})"),
        rule(POST, r"/stories/highlights/(?P<id>\d+)"),
        rule(POST, r"/stories/(?P<account>[\w.]{1,30})/(?P<id>\d+)"),
        rule(PROFILE, r"/stories/(?P<account>[\w.]{1,30})"),
        rule(POST, r"/s/(?P<id>[\w=-]+)(?:\?.*)?"),
        rule(MESSAGE, r"/direct(?:/.*)?", private=True),
        rule(GROUP, r"/(?:j|channel)/(?P<id>[\w-]+)(?:/.*)?", private=True),
        rule(PROFILE, r"/_u/(?P<account>[\w.]{1,30})"),
        rule(PROFILE, r"/(?P<account>[\w.]{1,30})(?:/(?:tagged|reels|channel|feed|saved|guides))?"),
    ),
    not_accounts=words(
        "p reel reels tv explore accounts about legal direct stories s j developer web api share"
    ),
)

FACEBOOK = SiteRules(
    slug="facebook",
    hosts=("facebook.com", "fb.com", "fb.watch", "fb.me", "m.me", "messenger.com", "fbcdn.net", "fb.gg"),
    names=("facebook", "fb", "face"),
    profile="https://www.facebook.com/{account}",
    tracking=words(
        "__cft__* __tn__ __xts__* __eep__ rdid share_url ref refid refsrc ref_type ref_component ref_page "
        "hc_ref hc_location fref paipv eav _rdr _rdc sfnsn extid wtsid sfn locale locale2 notif_id "
        "notif_t acontext app fs _ft_ av comment_tracking pn_ref tracking share_source_type entry_point "
        "ls_ref"
    ),
    identity=words("story_fbid id fbid v multi_permalinks comment_id reply_comment_id"),
    paths=(
        rule(FILE, r"/.+", "fbcdn.net"),
        rule(POST, r"/(?P<id>[\w-]+)", "fb.watch"),
        rule(MESSAGE, r"/(?P<account>[\w.]+)", "m.me", private=True),
        rule(MESSAGE, r"/(?:messages|t|e2ee)(?:/.*)?", "messenger.com", private=True),
        rule(MESSAGE, r"/messages(?:/.*)?", private=True),
        rule(POST, r"/.*\?comment_id=(?P<id>\w+)(?:&.*)?"),
        rule(POST, r"/groups/[\w.-]+/(?:posts|permalink)/(?P<id>\w+)(?:\?.*)?", private=True),
        rule(POST, r"/groups/[\w.-]+\?multi_permalinks=(?P<id>\w+)(?:&.*)?", private=True),
        rule(GROUP, r"/groups/(?P<id>[\w.-]+)(?:/\w+)?(?:\?.*)?", private=True),
        rule(GROUP, r"/share/g/(?P<id>\w+)", private=True),
        rule(POST, r"/(?:permalink|story)\.php\?(?:.*&)?story_fbid=(?P<id>\w+)(?:&.*)?"),
        rule(POST, r"/photo(?:\.php)?\?fbid=(?P<id>\w+)(?:&.*)?"),
        rule(POST, r"/(?:watch|video\.php|watch/live)\?(?:.*&)?v=(?P<id>\w+)"),
        rule(POST, r"/reels?/(?P<id>\d+)(?:\?.*)?"),
        rule(POST, r"/share/(?:[prv]/)?(?P<id>\w{6,})(?:\?.*)?"),
        rule(POST, r"/stories/\d+/(?P<id>[\w=-]+)(?:\?.*)?"),
        rule(POST, rf"/{NAME}/posts/(?:[^/?]+/)?(?P<id>\w+)(?:\?.*)?"),
        rule(POST, rf"/{NAME}/videos/(?:[^/?]+/)?(?P<id>\d+)(?:\?.*)?"),
        rule(POST, rf"/{NAME}/photos/(?:[^/?]+/)?(?P<id>\d+)(?:\?.*)?"),
        rule(PROFILE, r"/profile\.php\?id=(?P<account>\d+)(?:&.*)?"),
        rule(PROFILE, r"/people/[^/?]+/(?P<account>\w+)(?:\?.*)?"),
        rule(
            PROFILE,
            r"/(?P<account>[\w.-]{3,60})(?:/(?:about|photos|friends|videos|reels|followers))?(?:\?.*)?",
        ),
    ),
    not_accounts=words(
        "login login.php help settings watch marketplace gaming events groups pages reel reels stories "
        "share sharer sharer.php dialog photo photo.php permalink.php story.php profile.php people "
        "hashtag search policies privacy legal business ads l.php video.php public bookmarks "
        "notifications home.php recover index.php media"
    ),
)

THREADS = SiteRules(
    slug="threads",
    hosts=("threads.net", "threads.com"),
    names=("threads",),
    profile="https://www.threads.net/@{account}",
    tracking=words("xmt slof hl"),
    paths=(
        rule(POST, r"/@(?P<account>[\w.]{1,30})/post/(?P<id>[\w-]+)(?:/\w+)?"),
        rule(POST, r"/t/(?P<id>[\w-]+)"),
        rule(PROFILE, r"/@(?P<account>[\w.]{1,30})(?:/(?:replies|reposts|media))?"),
    ),
)

SNAPCHAT = SiteRules(
    slug="snapchat",
    hosts=("snapchat.com", "sc-cdn.net"),
    names=("snapchat", "snap"),
    profile="https://www.snapchat.com/add/{account}",
    tracking=words(
        "share_id locale sid sender_web_id web_client_id invite_id chl cid xp_id name sub_share_id ct"
    ),
    paths=(
        rule(FILE, r"/.+", "sc-cdn.net"),
        rule(MESSAGE, r"/[\w-]{8,}(?:/.*)?", "web.snapchat.com", private=True),
        rule(MESSAGE, r"/web(?:/.*)?", private=True),
        rule(POST, r"/(?P<id>[\w-]+)", "t.snapchat.com"),
        rule(POST, r"/(?:t|spotlight|o)/(?P<id>[\w-]+)"),
        rule(POST, r"/@(?P<account>[\w.-]{3,30})/(?:spotlight|highlight)/(?P<id>[\w-]+)"),
        rule(POST, r"/p/(?P<id>[\w-]+)(?:/(?P<part>[\w-]+))?"),
        rule(POST, r"/(?:u|s)/(?P<id>[\w-]+)(?:/.*)?"),
        rule(PROFILE, r"/(?:add|stories)/(?P<account>[\w.-]{3,30})"),
        rule(PROFILE, r"/@(?P<account>[\w.-]{3,30})"),
    ),
)

TIKTOK = SiteRules(
    slug="tiktok",
    hosts=("tiktok.com", "tiktokcdn.com", "tiktokv.com"),
    names=("tiktok", "tik tok"),
    profile="https://www.tiktok.com/@{account}",
    tracking=words(
        "_r _t _d _svg is_from_webapp sender_device sender_web_id is_copy_url share_app_id share_app_name "
        "share_link_id share_item_id share_iid share_author_id share_scene u_code preview_pb language "
        "timestamp tt_from user_id sec_uid sec_user_id enter_method enter_from checksum social_share_type "
        "social_sharing source ugbiz_name ug_btm web_id lang mid refer referer_url referer_video_id "
        "embed_source is_copy_link link_reflow_popup_iteration_sharer with_promotional_music t"
    ),
    paths=(
        rule(FILE, r"/.+", "tiktokcdn.com"),
        rule(POST, r"/@(?P<account>[\w.-]{0,60})/(?:video|photo)/(?P<id>\d+)(?:/.*)?"),
        rule(POST, r"/@(?P<account>[\w.-]{1,60})/(?:live|story/\d+)"),
        rule(POST, r"/(?P<id>\w{6,})", "vm.tiktok.com", "vt.tiktok.com"),
        rule(POST, r"/t/(?P<id>\w{6,})"),
        rule(
            POST,
            r"/(?:v|embed|embed/v2|player/v1|share/video|i18n/share/video)/(?P<id>\d+)(?:\.html)?(?:/.*)?",
        ),
        rule(PROFILE, r"/@(?P<account>[\w.-]{1,60})"),
    ),
)

X = SiteRules(
    slug="x",
    hosts=("x.com", "twitter.com", "t.co", "twimg.com"),
    names=("twitter", "x", "x/twitter", "twitter/x"),
    profile="https://x.com/{account}",
    tracking=words("s t cxt cn refsrc ref lang vertical src f mx"),
    identity=words("user_id screen_name name format"),
    paths=(
        rule(FILE, r"/(?P<id>[\w./-]+?)(?:\.\w{3,4})?(?::\w+)?(?:\?.*)?", "twimg.com"),
        rule(POST, r"/(?P<id>\w+)", "t.co"),
        rule(POST, r"/(?P<id>\w+)", "pic.twitter.com", "pic.x.com"),
        rule(POST, r"/i/(?:web/)?status(?:es)?/(?P<id>\d+)(?:/.*)?"),
        rule(POST, r"/(?P<account>\w{1,20})/status(?:es)?/(?P<id>\d+)(?:/.*)?"),
        rule(MESSAGE, r"/(?:messages|i/chat)(?:/.*)?", private=True),
        rule(GROUP, r"/i/communities/(?P<id>\d+)(?:/.*)?", private=True),
        rule(POST, r"/i/(?:spaces|broadcasts)/(?P<id>\w+)(?:/.*)?"),
        rule(PROFILE, r"/intent/(?:user|follow)\?screen_name=(?P<account>\w{1,20})"),
        rule(
            PROFILE,
            r"/(?P<account>\w{1,20})(?:/(?:media|likes|with_replies|highlights|photo|articles))?(?:\?.*)?",
        ),
    ),
    not_accounts=words(
        "i home explore search hashtag intent share settings login signup messages notifications tos "
        "privacy compose jobs account oauth download"
    ),
)

YOUTUBE = SiteRules(
    slug="youtube",
    hosts=("youtube.com", "youtu.be", "youtube-nocookie.com", "ytimg.com"),
    names=("youtube", "yt", "you tube"),
    profile="https://www.youtube.com/@{account}",
    tracking=words(
        "si feature pp ab_channel app persist_app gl hl themerefresh cbrd embeds_* source_ve_path kw"
    ),
    identity=words("v lc list"),
    paths=(
        rule(FILE, r"/(?:vi|an_webp|vi_webp)/(?P<id>[\w-]{11})/.*", "ytimg.com"),
        rule(POST, r"/.*\?lc=(?P<id>[\w.-]+)(?:&.*)?"),
        rule(POST, r"/(?P<id>[\w-]{11})(?:\?.*)?", "youtu.be"),
        rule(POST, r"/watch\?(?:.*&)?v=(?P<id>[\w-]{11})"),
        rule(POST, r"/watch/(?P<id>[\w-]{11})(?:\?.*)?"),
        rule(POST, r"/(?:shorts|live|embed|v|e)/(?P<id>[\w-]{11})(?:\?.*)?"),
        rule(POST, r"/post/(?P<id>[\w-]+)"),
        rule(POST, r"/playlist\?list=(?P<id>[\w-]+)"),
        rule(PROFILE, r"/@(?P<account>[\w.%-]{1,90})(?:/\w*)?"),
        rule(PROFILE, r"/(?:channel|c|user)/(?P<account>[\w.%-]{1,90})(?:/\w*)?"),
    ),
)

GOOGLE = SiteRules(
    slug="google",
    hosts=("google.*", "goo.gl", "share.google", "gstatic.com", "googleusercontent.com"),
    tracking=words(
        "sca_esv sca_upv ei ved uact gs_lcp gs_lp gs_lcrp gs_ssp sclient oq sourceid ie oe aqs rlz source "
        "sxsrf biw bih dpr iflsg client usg opi sa vet w h hcb itg usp fbs vsint lns_mode cshid ictx rct "
        "esrc cd cad"
    ),
    identity=words("q imgurl imgrefurl tbm udm id tbnid"),
    paths=(
        rule(FILE, r"/imgres\?.*"),
        rule(FILE, r"/images\?q=tbn.*", "gstatic.com"),
        rule(FILE, r"/.+", "googleusercontent.com"),
        rule(FILE, r"/(?:file/)?(?:u/\d+/)?d/(?P<id>[\w-]{10,})(?:/.*)?", "drive.google.com", private=True),
        rule(FILE, r"/(?:open|uc)\?id=(?P<id>[\w-]{10,})(?:&.*)?", "drive.google.com", private=True),
        rule(
            FILE, r"/drive/(?:u/\d+/)?folders/(?P<id>[\w-]{10,})(?:\?.*)?", "drive.google.com", private=True
        ),
        rule(FILE, r"/\w+/(?:u/\d+/)?d/(?:e/)?(?P<id>[\w-]{10,})(?:/.*)?", "docs.google.com", private=True),
        rule(FILE, r"/(?P<id>\w+)", "photos.app.goo.gl", private=True),
        rule(FILE, r"/(?P<id>\w+)", "images.app.goo.gl"),
        rule(
            FILE,
            r"/(?:u/\d+/)?(?:share|photo|album)/(?P<id>[\w-]+)(?:/.*)?",
            "photos.google.com",
            private=True,
        ),
    ),
)

BING = SiteRules(
    slug="bing",
    hosts=("bing.com", "bing.net"),
    tracking=words(
        "form cvid sk qs sp pq sc ghsh ghacc ghpl filters first toWww redig ntref mkt setlang cc ensearch "
        "ccid simid thid"
    ),
    identity=words("q mediaurl id"),
    paths=(
        rule(FILE, r"/th\?(?:.*&)?id=(?P<id>[^&]+)(?:&.*)?"),
        rule(FILE, r"/th/id/(?P<id>[\w.-]+)(?:\?.*)?"),
        rule(FILE, r"/(?:images|videos)/.*\?(?:.*&)?mediaurl=.*"),
    ),
)

ONEDRIVE = SiteRules(
    slug="onedrive",
    hosts=("1drv.ms", "onedrive.live.com", "onedrive.com", "sharepoint.com"),
    tracking=words("migratedtospo wdorigin wdexp web e ct"),
    identity=words("id resid cid redeem"),
    paths=(
        rule(FILE, r"/(?:[a-z]/)*(?P<id>[\w!-]{8,}(?:/[\w!-]+)*)(?:\?.*)?", "1drv.ms", private=True),
        rule(FILE, r"/.*\?(?:.*&)?id=(?P<id>[^&]+)(?:&.*)?", "onedrive.live.com", private=True),
        rule(FILE, r"/.*\?(?:.*&)?resid=(?P<id>[^&]+)(?:&.*)?", "onedrive.live.com", private=True),
        rule(FILE, r"/.+", private=True),
    ),
)

DISCORD = SiteRules(
    slug="discord",
    hosts=("discord.com", "discord.gg", "discordapp.com", "discordapp.net", "dis.gd"),
    # ex, is and hm open the file for a while: they stay in the address and out of the comparison.
    tracking=words("width height quality format event"),
    paths=(
        rule(FILE, r"/(?:ephemeral-)?attachments/(?P<id>\d+/\d+)/.*", private=True),
        rule(FILE, r"/.+", "cdn.discordapp.com", "media.discordapp.net"),
        rule(GROUP, r"/(?:invite/)?(?P<id>[\w-]{2,})", "discord.gg", private=True),
        rule(GROUP, r"/invite/(?P<id>[\w-]{2,})", private=True),
        rule(
            MESSAGE,
            r"/channels/(?:@me|\d+)/(?P<id>\d+)(?:/(?:threads/)?(?P<part>\d+))?(?:/\d+)?",
            private=True,
        ),
        rule(GROUP, r"/(?:channels|servers)/(?P<id>[\w-]+)", private=True),
        rule(PROFILE, r"/users/(?P<account>\d+)"),
    ),
)

TELEGRAM = SiteRules(
    slug="telegram",
    hosts=("t.me", "telegram.me", "telegram.dog", "telegram.org", "telegra.ph", "telesco.pe"),
    names=("telegram", "tg", "télégram"),
    profile="https://t.me/{account}",
    tracking=words("single embed mode start startapp boost before after"),
    identity=words("comment thread"),
    paths=(
        rule(POST, r"/(?P<id>[\w%.-]+)", "telegra.ph"),
        rule(UNKNOWN, r"/.*", "telegram.org"),
        rule(GROUP, r"/(?:\+|%2B|joinchat/|addlist/)(?P<id>[\w-]{6,})", private=True),
        rule(MESSAGE, r"/c/(?P<id>\d+)/(?:\d+/)?(?P<part>\d+)(?:\?.*)?", private=True),
        rule(GROUP, r"/c/(?P<id>\d+)(?:\?.*)?", private=True),
        rule(POST, r"/(?:s/)?(?P<account>[A-Za-z]\w{3,31})/\d+\?(?:comment|thread)=\d+(?:&.*)?"),
        rule(POST, r"/(?:s/)?(?P<account>[A-Za-z]\w{3,31})/(?:\d+/)?(?P<part>\d+)(?:\?.*)?"),
        rule(POST, r"/(?P<account>[A-Za-z]\w{3,31})/s/(?P<part>\d+)"),
        rule(PROFILE, r"/(?:s/)?(?P<account>[A-Za-z]\w{3,31})"),
    ),
    not_accounts=words(
        "share joinchat addstickers addemoji addtheme addlist addlanguage proxy socks login iv "
        "setlanguage confirmphone giftcode invoice contact"
    ),
)

WHATSAPP = SiteRules(
    slug="whatsapp",
    hosts=("wa.me", "whatsapp.com", "whatsapp.net"),
    tracking=words("text type app_absent lang source mode"),
    identity=words("phone"),
    paths=(
        rule(FILE, r"/.+", "whatsapp.net", private=True),
        rule(GROUP, r"/(?:invite/)?(?P<id>\w{10,})", "chat.whatsapp.com", private=True),
        rule(POST, r"/channel/(?P<id>\w+)/(?P<part>\d+)"),
        rule(GROUP, r"/channel/(?P<id>\w+)"),
        rule(MESSAGE, r"/.*", "web.whatsapp.com", private=True),
        rule(PROFILE, r"/send\?(?:.*&)?phone=(?:\+|%2B|%20)?(?P<account>\d{6,15})"),
        rule(PROFILE, r"/(?:\+|%2B)?(?P<account>\d{6,15})", "wa.me"),
        rule(PROFILE, r"/(?:message|qr|c)/(?P<account>\w+)", "wa.me"),
    ),
)

REDDIT = SiteRules(
    slug="reddit",
    hosts=("reddit.com", "redd.it", "redditmedia.com", "reddit.app.link"),
    names=("reddit",),
    profile="https://www.reddit.com/user/{account}/",
    tracking=words(
        "rdt ref ref_source ref_campaign correlation_id cid post_fullname share_id context depth sort st sh"
    ),
    paths=(
        rule(FILE, r"/(?P<id>[\w-]+)\.\w{3,4}", "i.redd.it", "preview.redd.it"),
        rule(FILE, r"/(?P<id>\w+)(?:/.*)?", "v.redd.it"),
        rule(POST, r"/(?P<id>\w{4,10})", "redd.it"),
        rule(POST, r"/(?:r|u|user)/[\w-]+/comments/(?P<id>\w+)/[^/]*/(?P<part>\w+)(?:/.*)?"),
        rule(POST, r"/(?:r|u|user)/[\w-]+/comments/(?P<id>\w+)/comment/(?P<part>\w+)"),
        rule(POST, r"/(?:(?:r|u|user)/[\w-]+/)?comments/(?P<id>\w+)(?:/[^/]*)?"),
        rule(POST, r"/(?:gallery|tb)/(?P<id>\w+)"),
        rule(POST, r"/(?:r|u|user)/[\w-]+/s/(?P<id>\w+)"),
        rule(PROFILE, r"/(?:u|user)/(?P<account>[\w-]{2,30})(?:/(?:submitted|comments|posts))?"),
        rule(GROUP, r"/r/(?P<id>[\w-]{2,30})(?:/\w*)?"),
        rule(MESSAGE, r"/(?:message|chat|room)(?:/.*)?", private=True),
    ),
)

PORNHUB = SiteRules(
    slug="pornhub",
    hosts=(
        "pornhub.com",
        "pornhub.org",
        "pornhubpremium.com",
        "phncdn.com",
        "redtube.com",
        "youporn.com",
        "tube8.com",
        "thumbzilla.com",
    ),
    tracking=words("pkey t from ref"),
    identity=words("viewkey"),
    paths=(
        rule(FILE, r"/.+", "phncdn.com"),
        rule(POST, r"/view_video\.php\?viewkey=(?P<id>\w+)"),
        rule(POST, r"/(?:embed|video/show)/(?P<id>\w+)"),
        rule(POST, r"/(?P<id>(?:gif|photo|album|playlist|shorties)/\w+)(?:/.*)?"),
        rule(POST, r"/(?P<id>\d+)(?:/.*)?", "redtube.com"),
        rule(POST, r"/(?:watch|porn-video)/(?P<id>\d+)(?:/.*)?", "youporn.com", "tube8.com"),
        rule(PROFILE, r"/(?:model|pornstar|users|channels)/(?P<account>[\w-]+)(?:/.*)?"),
    ),
)

SITES: tuple[SiteRules, ...] = (
    INSTAGRAM,
    FACEBOOK,
    THREADS,
    SNAPCHAT,
    TIKTOK,
    X,
    YOUTUBE,
    GOOGLE,
    BING,
    ONEDRIVE,
    DISCORD,
    TELEGRAM,
    WHATSAPP,
    REDDIT,
    PORNHUB,
)

# Any other site: a modest reading of the ways most sites write their addresses.
OTHER = SiteRules(
    slug="other",
    hosts=(),
    identity=None,
    paths=(
        rule(FILE, r"/.*\.(?:jpe?g|png|gif|webp|avif|heic|mp4|webm|mov|m4v|mkv|zip|rar|7z|pdf)(?:\?.*)?"),
        rule(POST, r"/@(?P<account>[\w.-]{1,60})/.*\d.*"),
        rule(PROFILE, r"/@(?P<account>[\w.-]{1,60})(?:\?.*)?"),
        rule(PROFILE, r"/(?:u|users?|profiles?|members?|people)/(?P<account>[\w.-]{1,60})(?:\?.*)?"),
        rule(POST, r"/(?:p|posts?|status|statuses|videos?|watch|photos?|threads?|topics?|v|t)/.+"),
    ),
)

"""One settings file. What differs between machines comes from the environment; `.env.example` comments each name.

A missing or blank secret stops the start with a sentence that says what to set, except in the demo, which makes its own.
"""

import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from helpline.embedded import addresses

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

# --- Where we are -------------------------------------------------------------------------------------

VAR = Path(env.str("HELPLINE_VAR", default=str(BASE_DIR / "var"))).resolve()
DEMO = env.bool("HELPLINE_DEMO", default=False)
DEBUG = env.bool("HELPLINE_DEBUG", default=False)
FACE = env.str("HELPLINE_FACE", default="all")
if FACE not in {"public", "staff", "all"}:
    raise ImproperlyConfigured(f"HELPLINE_FACE is {FACE!r}; it must be public, staff or all.")


def secret(name: str) -> str:
    """The secret `name` from the environment; in the demo, one made once and kept in VAR.

    Raises ImproperlyConfigured when it is blank outside the demo.
    """
    value = env.str(name, default="")
    if value:
        return str(value)
    if not DEMO:
        raise ImproperlyConfigured(
            f"{name} is not set. Put a long random value in the environment or in .env, for example: "
            f"{name}={secrets.token_urlsafe(48)}"
        )
    kept = VAR / "keys" / f"{name.lower()}.txt"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(48))
    return kept.read_text().strip()


SECRET_KEY = secret("SECRET_KEY")
KEYS_DIR = Path(env.str("HELPLINE_KEYS_DIR", default=str(VAR / "keys")))
PUBLIC_URL = env.str("HELPLINE_PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
SECURE = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = env.list("HELPLINE_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if SECURE else []
TRUSTED_PROXIES = env.int("HELPLINE_TRUSTED_PROXIES", default=0)
if SECURE and TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- Who the helpline is (the operator's own words and numbers) ---------------------------------------

HELPLINE_NAME = env.str("HELPLINE_NAME", default="Helpline")
NEUTRAL_NAME = env.str("HELPLINE_NEUTRAL_NAME", default="Notes")
EXIT_URL = env.str("HELPLINE_EXIT_URL", default="https://www.wikipedia.org/")
# Where the source of the program as it runs here can be had. Its licence gives everyone who uses it a right to that.
SOURCE_URL = env.str("HELPLINE_SOURCE_URL", default="")
ANSWER_HOURS = env.int("HELPLINE_ANSWER_HOURS", default=24)
ANSWER_HOURS_THREAT = env.int("HELPLINE_ANSWER_HOURS_THREAT", default=2)
OPENING_HOURS = env.str("HELPLINE_OPENING_HOURS", default="9:00 – 23:00")
# (number, what it is for, link): shown on top of every public page, before anything else.
DANGER_NUMBERS = [
    ("112", "tel:112"),
    ("114", "sms:114"),
    ("119", "tel:119"),
    ("3114", "tel:3114"),
    ("3018", "tel:3018"),
]
# The one among them that comes first for whoever speaks of hurting themselves.
DARK_THOUGHTS_NUMBER = "3114"
# And the one for whoever is hurt or not safe at home, or when an adult is behind it.
CHILD_DANGER_NUMBER = "119"
NOTIFIER = {
    "name": env.str("HELPLINE_NOTIFIER_NAME", default=HELPLINE_NAME),
    "email": env.str("HELPLINE_NOTIFIER_EMAIL", default="notices@helpline.example"),
    "trusted_flagger": env.bool("HELPLINE_TRUSTED_FLAGGER", default=True),
    "designated_by": env.str("HELPLINE_DESIGNATED_BY", default="Arcom"),
}
# Who signs where a law asks for a signature: the helpline, or whoever may sign for it. Never a young person.
SIGNATORY = env.str("HELPLINE_SIGNATORY", default="") or NOTIFIER["name"]
# For what the helpline was named trusted flagger: categories of the Commission's Transparency Database. A notice outside
# may not claim that status. Blank: not checked.
EXPERTISE = env.list(
    "HELPLINE_EXPERTISE",
    default=["STATEMENT_CATEGORY_CYBER_VIOLENCE", "STATEMENT_CATEGORY_PROTECTION_OF_MINORS"],
)

# --- Applications -------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "helpline.accounts",
    "helpline.audit",
    "helpline.platforms",
    "helpline.approvals",
    "helpline.retention",
    "helpline.web",
    "helpline.health",
    "helpline.embedded",
    "reports",
    "reports.statistics",
    "cases",
    "cases.letters",
    "cases.takedowns",
    "cases.referrals",
    "cases.ladder",
    "cases.listening",
    "cases.todo",
    "cases.mailbox",
    "cases.incidents",
    "cases.handover",
    "cases.wellbeing",
    "cases.dashboards",
    "cases.annual",
    "cases.reconciliation",
    "cases.alerts",
    "cases.demo",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",  # the widget templates that TemplatesSetting looks for
    "allauth",
    "allauth.account",
    "crispy_forms",
    "pgtrigger",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    # Above all others, so that redirects to https, style sheets, scripts and drawings carry the headers too.
    "helpline.web.middleware.SafePageMiddleware",
    "helpline.web.middleware.PolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "helpline.web.middleware.LanguageMiddleware",
    "helpline.web.middleware.TypeMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
if FACE == "public":
    # Nobody logs in here: no session to open, no account to look up, no message to keep, for each report and each page.
    MIDDLEWARE += [
        "allauth.account.middleware.AccountMiddleware",  # allauth does not start without it
        "helpline.web.middleware.PublicOnlyMiddleware",
    ]
else:
    MIDDLEWARE += [
        "helpline.web.middleware.StaffSessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
        "helpline.web.middleware.StaffLoginMiddleware",
    ]

ROOT_URLCONF = "helpline.urls"
WSGI_APPLICATION = "helpline.wsgi.application"
ASGI_APPLICATION = "helpline.asgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = ["security.W002"]  # SafePageMiddleware sets X-Frame-Options

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "helpline.web.context.helpline",
            ],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = ("helpline",)
CRISPY_TEMPLATE_PACK = "helpline"

# --- Database, broker, cache --------------------------------------------------------------------------

EMBEDDED_DATABASE = not env.str("DATABASE_URL", default="")
EMBEDDED_BROKER = not env.str("REDIS_URL", default="")
DATABASES: dict[str, Any] = {
    "default": addresses.database(VAR) if EMBEDDED_DATABASE else env.db_url("DATABASE_URL")
}
DATABASES["default"] |= {
    "ENGINE": "helpline.postgresql",
    # Without kept connections a POST costs five times as much.
    "CONN_MAX_AGE": None,
    "CONN_HEALTH_CHECKS": True,
    "ATOMIC_REQUESTS": False,
}
# Parallel test processes share one embedded broker; the number keeps their queues apart.
BROKER_NUMBER = env.int("HELPLINE_BROKER_NUMBER", default=0)
BROKER_URL = addresses.broker_url(VAR, BROKER_NUMBER) if EMBEDDED_BROKER else env.str("REDIS_URL")
CACHE_URL = addresses.cache_url(VAR, BROKER_NUMBER) if EMBEDDED_BROKER else env.str("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        "OPTIONS": {"serializer": "helpline.web.cache.JsonSerializer"},
    }
}

# --- Celery: ids in arguments, JSON, no results (they would hold case data), prefetch 1 ---------------

CELERY_BROKER_URL = BROKER_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_BACKEND = None
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_ACKS_LATE = False  # the row is the message: a lost task costs seconds until the sweep, never work
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 300
CELERY_TASK_TIME_LIMIT = 360
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5, "socket_connect_timeout": 2}
CELERY_TASK_PUBLISH_RETRY = False  # a wake is only a hint; a page must not wait for a broken broker
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # whoever reaches the broker must not command workers
CELERY_TIMEZONE = "UTC"
SWEEP_SECONDS = env.float("HELPLINE_SWEEP_SECONDS", default=3 if DEMO else 10)
CELERY_BEAT_SCHEDULE = {
    name: {"task": task, "schedule": timedelta(seconds=seconds), "options": {"expires": seconds * 3}}
    for name, task, seconds in (
        ("triage", "cases.tasks.triage_new_reports", SWEEP_SECONDS),
        ("send", "cases.takedowns.tasks.send_due", SWEEP_SECONDS),
        ("settle", "cases.takedowns.tasks.settle_unknown", SWEEP_SECONDS),
        ("poll", "cases.takedowns.tasks.poll_sent", max(SWEEP_SECONDS, 10.0)),
        ("withdrawals", "cases.takedowns.tasks.follow_withdrawals", SWEEP_SECONDS),
        ("recheck", "cases.takedowns.tasks.recheck_due", SWEEP_SECONDS),
        ("ladder", "cases.ladder.tasks.sweep", SWEEP_SECONDS),
        ("redress", "cases.ladder.tasks.sweep_redress", max(SWEEP_SECONDS, 60.0)),
        ("erased-referrals", "cases.referrals.tasks.follow_erasures", SWEEP_SECONDS),
        ("erased-todo", "cases.todo.tasks.follow_erasures", SWEEP_SECONDS),
        ("erased-letters", "cases.letters.tasks.follow_erasures", SWEEP_SECONDS),
        ("tidy-todo", "cases.todo.tasks.tidy", 3600.0),
        ("compare-cases", "cases.incidents.tasks.compare_again", SWEEP_SECONDS),
        ("erased-incidents", "cases.incidents.tasks.follow_erasures", SWEEP_SECONDS),
        ("handovers", "cases.handover.tasks.sweep", SWEEP_SECONDS),
        ("beat-heartbeat", "helpline.health.tasks.beat_heartbeat", SWEEP_SECONDS),
        ("fetch-mail", "cases.mailbox.tasks.fetch_mail", max(SWEEP_SECONDS, 15.0)),
        ("send-letters", "cases.mailbox.tasks.send_letters", SWEEP_SECONDS),
        ("erased-mail", "cases.mailbox.tasks.forget", max(SWEEP_SECONDS, 60.0)),
        ("remind-to-file", "cases.mailbox.tasks.remind_to_file", 600.0),
        ("nudges", "reports.tasks.send_nudges", SWEEP_SECONDS),
        ("erase-expired", "reports.tasks.erase_expired_reports", 3600.0),
        ("expire-approvals", "helpline.approvals.tasks.expire", 600.0),
        ("forget-calls", "cases.listening.tasks.forget_calls", 60.0),
        ("purge-drafts", "reports.tasks.purge_expired_drafts", 3600.0),
        ("reconcile", "cases.reconciliation.tasks.work", SWEEP_SECONDS),
        ("erased-statements", "cases.reconciliation.tasks.follow_erasures", max(SWEEP_SECONDS, 60.0)),
        ("forget-statements", "cases.reconciliation.tasks.forget", 3600.0),
        ("alerts", "cases.alerts.tasks.sweep", 10.0 if DEMO else 60.0),
        ("erased-alerts", "cases.alerts.tasks.follow_erasures", SWEEP_SECONDS),
        ("forget-alerts", "cases.alerts.tasks.forget", 3600.0),
        ("fold-figures", "cases.dashboards.tasks.fold", min(SWEEP_SECONDS, 15.0)),
        ("forget-wellbeing", "cases.wellbeing.tasks.forget", 3600.0),
        ("purge-api-writes", "helpline.web.tasks.purge_api_writes", 3600.0),
    )
}

# --- Keeping and forgetting -----------------------------------------------------------------------------

# A report is erased this long after the last contact; the privacy page says so.
RETENTION = timedelta(days=env.int("HELPLINE_RETENTION_DAYS", default=730))

# --- Screenshots and safe contact -------------------------------------------------------------------------

# Screenshots of messages or of a profile, never of anything else. Off: nobody is asked for one, and none is taken.
EVIDENCE_ENABLED = env.bool("HELPLINE_EVIDENCE", default=True)
EVIDENCE_MAX_BYTES = env.int("HELPLINE_EVIDENCE_MAX_BYTES", default=8 * 1024 * 1024)
EVIDENCE_MAX_PIXELS = 20_000_000
EVIDENCE_MOST = 10  # of one report
# Of reports that are not sent yet, in bytes: anybody can begin one. What is sent does not count.
EVIDENCE_UNSENT_MAX_BYTES = env.int("HELPLINE_EVIDENCE_UNSENT_MAX_BYTES", default=2 * 1024**3)
EVIDENCE_UNSENT_EACH = 3 * EVIDENCE_MAX_BYTES  # in one of them
# Where a neutral sign by text message is handed over (POST, JSON). Blank: text messages are not offered.
SMS_GATEWAY_URL = env.str("HELPLINE_SMS_GATEWAY_URL", default="")
SMS_GATEWAY_TOKEN = env.str("HELPLINE_SMS_GATEWAY_TOKEN", default="")
# The sender of neutral mails: an address whose name tells nothing. Blank: mail is not offered.
NUDGE_FROM = env.str("HELPLINE_NUDGE_FROM", default="")
NUDGE_EVERY = timedelta(hours=env.float("HELPLINE_NUDGE_EVERY_HOURS", default=6))
# A phone number without its country's code is read as one of this country (ISO 3166).
PHONE_REGION = env.str("HELPLINE_PHONE_REGION", default="FR").upper()

# --- Takedowns ----------------------------------------------------------------------------------------

# When a link is looked at again, in seconds from the moment the request left: 15 min, 1 h, 6 h, 1, 3, 7, 30 and 90 days.
RECHECK_AFTER = [
    timedelta(seconds=seconds)
    for seconds in env.list(
        "HELPLINE_RECHECK_SECONDS",
        cast=float,
        default=[2, 5, 8, 15, 30, 60, 300]
        if DEMO
        else [900, 3600, 21_600, 86_400, 259_200, 604_800, 2_592_000, 7_776_000],
    )
]
MISSES_BEFORE_GONE = 3
RECHECK_ENABLED = env.bool("HELPLINE_RECHECK", default=True)
# Link checks leave through this HTTP proxy (CONNECT), such as http://proxy.internal:3128; blank: directly.
EGRESS_PROXY = env.str("HELPLINE_EGRESS_PROXY", default="")
# Hours a platform has to answer, where its channel promised none: see docs/ladder.md for where each comes from.
ANSWER_HOURS_BY_REGIME = {
    "eu-dsa-16": env.int("HELPLINE_ANSWER_HOURS_EU", default=72),
    "us-take-it-down": env.int("HELPLINE_ANSWER_HOURS_US", default=48),
    "fr-lcen": env.int("HELPLINE_ANSWER_HOURS_FR", default=72),
}
ANSWER_HOURS_OTHERWISE = max(ANSWER_HOURS_BY_REGIME.values())
# At most so many for a minor, and for a threat with a deadline; no office hours then.
ANSWER_HOURS_URGENT = env.int("HELPLINE_ANSWER_HOURS_URGENT", default=24)
# The rungs, their waits, and whom a person writes to: data, to be checked by a lawyer (docs/ladder.md).
LADDER_FILE = env.str("HELPLINE_LADDER_FILE", default="") or str(BASE_DIR / "cases/ladder/data/ladder.json")
# A reminder that is due leaves by itself; every other rung waits for a person's click.
LADDER_REMINDS_ITSELF = env.bool("HELPLINE_LADDER_REMINDS_ITSELF", default=False)
LADDER_LAST_WAIT = timedelta(days=7)  # after the last rung, until somebody decides what else can be done
COMPLAINT_DAYS = env.int("HELPLINE_COMPLAINT_DAYS", default=14)  # for a platform's answer to a complaint
# For an out-of-court body, from the decision: the law names no limit, each body its own.
OUT_OF_COURT_DAYS = env.int("HELPLINE_OUT_OF_COURT_DAYS", default=180)
SENDS_IN_FLIGHT = env.int("HELPLINE_SENDS_IN_FLIGHT", default=400)
# Sending runs at once, over the whole installation: two, so that one that stands still stops nobody.
SENDERS = env.int("HELPLINE_SENDERS", default=2)
LEASE = timedelta(seconds=env.float("HELPLINE_LEASE_SECONDS", default=60))
# In the demo and in tests, *.example names lead to the platform simulator here; nothing leaves this machine.
SIMULATOR = env.str("HELPLINE_SIMULATOR", default="")

# Answers the oldest moment something has been due since, or None: a dotted path, because the floor knows no takedowns.
OLDEST_DUE = "cases.takedowns.actions.oldest_due"
MAILBOX_TROUBLE = "cases.mailbox.looking.in_words"
# The same for the numbers that a monitoring system reads at /metrics; and the token it comes with. Without one, only a
# reader on this very host is answered, and none that a proxy lets through.
READINGS = "cases.dashboards.gauges.readings"
METRICS_TOKEN = env.str("HELPLINE_METRICS_TOKEN", default="")
# Says whether numbers of the public page would tell what another table of that year hides: a dotted path, because the
# figures know no yearly report.
COMPLETED_BY = "cases.annual.actions.completed_by"
# Takes back what has not left when somebody takes back that we may sign: (case=, by=, at=), answers how many. A dotted path,
# because what notices say knows no takedowns.
ON_MANDATE_REVOKED = "cases.takedowns.mending.take_back"
# What a new helpline begins with, for `bootstrap`: what it is, and who makes what is missing and says so.
STARTING_SETS = {
    "checklists and texts": "cases.todo.starting.make_missing",
    "notice templates": "cases.letters.starting.make_missing",
}
HELPLINE_STAFF_RAIL = "cases.rail.items"
# What needs a second person, and the class that says who may ask, who decides, and does it: see helpline/approvals.
APPROVAL_HANDLERS = {
    "seal-evidence": "cases.approving.SealEvidence",
    "erase-report": "cases.approving.EraseReport",
    "referral-without-consent": "cases.referrals.approving.WithoutConsent",
    "export-case": "cases.exports.approving.ExportCase",
    "export-rows": "cases.dashboards.approving.ExportRows",
    "publish-statistics": "cases.dashboards.approving.PublishStatistics",
    "freeze-report": "cases.annual.approving.FreezeReport",
    "another-code": "cases.listening.approving.AnotherCode",
    "change-channel": "cases.channels.approving.ChangeChannel",
    "gone-words": "cases.channels.approving.ChangeGoneWords",
    "merge-platform": "cases.channels.approving.MergePlatform",
    "notice-template": "cases.letters.approving.ChangeTemplate",
    "open-account": "cases.accounts.approving.OpenAccount",
    "change-role": "cases.accounts.approving.ChangeRole",
    "change-teams": "cases.accounts.approving.ChangeTeams",
    "change-permissions": "cases.accounts.approving.ChangePermissions",
    "change-email": "cases.accounts.approving.ChangeEmail",
    "reset-access": "cases.accounts.approving.ResetAccess",
}
# Called, by dotted path, in the transaction that closes an account: (staff=, by=, at=). Nothing stays with who left.
ON_STAFF_LEAVING = ["cases.handover.leaving.nothing_stays"]
# How long an offer of a case waits for an answer, in hours; then it is over, and the case stays where it was.
TRANSFER_LIFE = timedelta(hours=env.float("HELPLINE_TRANSFER_HOURS", default=24))
# How long a call that was begun and not sent is kept, after its counsellor last wrote in it, in hours.
CALL_DRAFT_HOURS = env.int("HELPLINE_CALL_DRAFT_HOURS", default=72)
# How long a report that somebody opened is not offered to others, in minutes.
CLAIM = timedelta(minutes=env.float("HELPLINE_CLAIM_MINUTES", default=10))
# For how long a message that nobody read, a note or the end of a case can be taken back, in minutes.
UNSEND = timedelta(minutes=env.float("HELPLINE_UNSEND_MINUTES", default=5))
# How long after a second person agreed a case can be saved as a file, by who asked.
EXPORT_FOR = timedelta(hours=env.float("HELPLINE_EXPORT_HOURS", default=24))
# A page of figures that everybody can read. It shows what two people published by a deliberate act, and nothing by itself.
PUBLIC_STATISTICS = env.bool("HELPLINE_PUBLIC_STATISTICS", default=DEMO)
# In anything that is published, a count below this is left out, and as many others as it takes to keep it unknown.
SMALL_CELLS = env.int("HELPLINE_SMALL_CELLS", default=5)
if SMALL_CELLS < 3:
    raise ImproperlyConfigured("HELPLINE_SMALL_CELLS must be 3 or more: below that, nobody is hidden.")
# Whom a case can be handed to, and what each accepts: law and practice, to check. The layout: cases/referrals/recipients.py
REFERRALS_FILE = env.str("HELPLINE_REFERRALS_FILE", default="") or str(
    BASE_DIR / "cases" / "referrals" / "data" / "recipients.json"
)
# Overrides of cases.triage.POINTS, as JSON: {"blackmail": 45}
TRIAGE_POINTS: dict[str, int] = env.json("HELPLINE_TRIAGE_POINTS", default={})

# --- The wellbeing of those who read -------------------------------------------------------------------

# What is kept about what colleagues read goes after this many days; which report it was, after these. The caps are sums of
# weights (cases/wellbeing/weights.py): above one, lighter ones come first. Nothing is ever blocked.
WELLBEING_DAYS = timedelta(days=env.int("HELPLINE_WELLBEING_DAYS", default=30))
WELLBEING_ID_DAYS = timedelta(days=2)
WELLBEING_DAY_CAP = env.int("HELPLINE_WELLBEING_DAY_CAP", default=24)
WELLBEING_WEEK_CAP = env.int("HELPLINE_WELLBEING_WEEK_CAP", default=80)

# --- Mail ---------------------------------------------------------------------------------------------

EMAIL_HOST = env.str("EMAIL_HOST", default="127.0.0.1")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = NOTIFIER["email"]
# Where answers and bounces of a notice go: an address with * where the notice's token of 42 characters stands, such as
# notices+*@helpline.example. Blank: they go to HELPLINE_NOTIFIER_EMAIL; the token is in Message-ID and subject.
MAIL_RETURN = env.str("HELPLINE_MAIL_RETURN", default="")
if MAIL_RETURN and (
    MAIL_RETURN.count("*") != 1 or not 0 <= MAIL_RETURN.find("*") < MAIL_RETURN.find("@") <= 23
):
    raise ImproperlyConfigured(
        f"HELPLINE_MAIL_RETURN is {MAIL_RETURN!r}; it must be an address with one * before the @, and at most 22 other "
        "characters there, for example notices+*@helpline.example."
    )
# The mailbox where platforms answer: imaps://user:password@host:port/INBOX, with %40 for an @ in the name. Blank: off.
IMAP_URL = env.str("HELPLINE_IMAP_URL", default="")
# What our own mail server calls itself in Authentication-Results; every other such line may be forged. Blank: none is read.
MAIL_AUTHSERV_ID = env.str("HELPLINE_MAIL_AUTHSERV_ID", default="").lower()
# A request to be filed by hand is brought to mind after so many hours, and then once a day.
FILING_HOURS = env.int("HELPLINE_FILING_HOURS", default=4)

# --- Alarms -------------------------------------------------------------------------------------------

# Who is told when a part stops or work waits too long, and when all is well again: helpline/health/watch.py.
ALARM_EMAIL = env.list("HELPLINE_ALARM_EMAIL", default=[])
ALARM_WEBHOOK = env.str("HELPLINE_ALARM_WEBHOOK", default="")

# --- Alerts: what a supervisor must know without looking for it (cases/alerts/rules.py) -----------------

ALERTS_EMAIL = env.list("HELPLINE_ALERTS_EMAIL", default=[])
ALERTS_WEBHOOK = env.str("HELPLINE_ALERTS_WEBHOOK", default="")
# Mails are sent from the first hour up to the second, one for all that is new; equal: day and night.
ALERTS_HOURS = env.list("HELPLINE_ALERTS_HOURS", cast=int, default=[0, 0])
if len(ALERTS_HOURS) != 2 or not all(0 <= hour <= 24 for hour in ALERTS_HOURS):
    raise ImproperlyConfigured("HELPLINE_ALERTS_HOURS must be two hours from 0 to 24, for example 7,22.")
ALERTS_MAIL_EVERY = timedelta(minutes=env.int("HELPLINE_ALERTS_MAIL_MINUTES", default=15))
ALERTS_KEEP = timedelta(days=env.int("HELPLINE_ALERTS_DAYS", default=90))
ALERTS_DANGER_MINUTES = env.int("HELPLINE_ALERTS_DANGER_MINUTES", default=15)
ALERTS_DEADLINE_HOURS = env.int("HELPLINE_ALERTS_DEADLINE_HOURS", default=6)
ALERTS_WAIT_HOURS = env.int("HELPLINE_ALERTS_WAIT_HOURS", default=4)
ALERTS_UNREAD_HOURS = env.int("HELPLINE_ALERTS_UNREAD_HOURS", default=4)
ALERTS_SLOWER = env.float("HELPLINE_ALERTS_SLOWER", default=2)  # times its own median of the months before
ALERTS_ENOUGH = env.int("HELPLINE_ALERTS_ENOUGH", default=10)  # answers on both sides, or nothing is said
ALERTS_SILENT_HOURS = env.int("HELPLINE_ALERTS_SILENT_HOURS", default=24)
ALERTS_SEVERAL = env.int("HELPLINE_ALERTS_SEVERAL", default=3)  # wait for a platform that went silent
ALERTS_ANSWER_HOURS = env.int("HELPLINE_ALERTS_ANSWER_HOURS", default=6)
ALERTS_MANY = env.int("HELPLINE_ALERTS_MANY", default=10)  # answers due at once
ALERTS_DESK_HOURS = env.int("HELPLINE_ALERTS_DESK_HOURS", default=24)
ALERTS_STEP_HOURS = env.int("HELPLINE_ALERTS_STEP_HOURS", default=48)
ALERTS_WINDOW_DAYS = env.int("HELPLINE_ALERTS_WINDOW_DAYS", default=7)

# --- Platforms' statements of reasons, beside our own figures (docs/reconciliation.md) -------------------

RECONCILIATION_MAX_BYTES = env.int("HELPLINE_STATEMENTS_MAX_BYTES", default=200 * 1024 * 1024)
RECONCILIATION_MAX_UNPACKED = env.int("HELPLINE_STATEMENTS_MAX_UNPACKED", default=4 * 1024**3)
RECONCILIATION_KEEP = timedelta(days=env.int("HELPLINE_STATEMENTS_DAYS", default=90))
# What platforms may call us in the column source_identity.
RECONCILIATION_NAMES = env.list("HELPLINE_STATEMENTS_NAMES", default=[NOTIFIER["name"]])

# --- Staff: login, sessions ---------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.Staff"
AUTHENTICATION_BACKENDS = ["helpline.accounts.backends.StaffBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/staff/"
ACCOUNT_ADAPTER = "helpline.accounts.adapter.StaffAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "/staff/login/"
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
SESSION_COOKIE_NAME = "desk"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 30 * 60
SESSION_SAVE_EVERY_REQUEST = (
    False  # helpline.web.middleware.StaffSessionMiddleware keeps the half hour moving
)
SESSION_ABSOLUTE_AGE = timedelta(hours=8)
CSRF_COOKIE_NAME = "form"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_AGE = None  # gone with the browser: by default it would stay on a young person's phone for a year
CSRF_FAILURE_VIEW = "helpline.web.views.csrf_failure"
# The young person's own cookie: the code, sealed to this server, never stored in the database.
NOTE_COOKIE_NAME = "note"
NOTE_COOKIE_AGE = timedelta(minutes=60)

# --- Pages --------------------------------------------------------------------------------------------

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "lang"
TYPE_COOKIE_NAME = "type"  # larger letters, where somebody asked for them
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("HELPLINE_TIME_ZONE", default="Europe/Paris")
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or DEMO
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG or DEMO
DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
FILE_UPLOAD_HANDLERS = ["helpline.web.uploads.NoFiles"]
STORY_MAX_CHARS = 20_000

# --- Headers ------------------------------------------------------------------------------------------

SECURE_HSTS_SECONDS = 63_072_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_REFERRER_POLICY = "no-referrer"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "worker-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

# --- API ----------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["helpline.accounts.api.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["helpline.accounts.api.Closed"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["helpline.web.bodies.JsonBody"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "helpline.web.problems.handle",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Helpline API",
    "DESCRIPTION": "Intake, follow-up, casework and takedowns. Errors are application/problem+json with a stable code.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "helpline.web.schema.add_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "ReportStatus": "reports.states.Status",
        "LinkStatus": "reports.states.LinkStatus",
        "ReportKind": "reports.states.Kind",
        "CaseStatus": "cases.states.CaseStatus",
        "CaseOutcome": "cases.states.Outcome",
        "IncidentStatus": "cases.states.IncidentStatus",
        "TakedownStatus": "cases.takedowns.states.Status",
        "TakedownOutcome": "cases.takedowns.states.Outcome",
        "ChannelKind": "helpline.platforms.models.ChannelKind",
    },
}
# Reports a minute from one address of the internet, roughly, by each process.
INTAKE_PER_MINUTE = env.int("HELPLINE_INTAKE_PER_MINUTE", default=120)

# --- Logs: what happened, never what was said ---------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("HELPLINE_LOG_LEVEL", default="INFO")},
    "loggers": {
        # Django's request logger writes addresses with their query; a path is enough in the proxy.
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "ERROR"},
    },
}

"""A notice as X-ARF v4 reports, one for each address. Valid against the published schema (https://xarf.org, version 4.2.0).

Addresses and hash values only: never a picture, never evidence, and nothing of the young person. The reporter is the
helpline.
"""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from yarl import URL

from cases.takedowns.notices import Item, NoticeContent

VERSION = "4.2.0"
THREAT = "KEYWORD_CYBER_BULLYING_INTIMIDATION"
DOMAIN = re.compile(r"([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,}")
LONGEST_DESCRIPTION, LONGEST_NAME = 1000, 200
HASHES = {"md5": re.compile(r"[0-9a-fA-F]{32}"), "sha256": re.compile(r"[0-9a-fA-F]{64}")}


def reports_of(content: NoticeContent, *, at: datetime) -> list[dict[str, Any]]:
    """One report an item that has a readable address; the same `report_id` whenever the item is written again."""
    found = []
    for item in content.items:
        address = _address(item.url)
        if address is not None:
            found.append(_report(content, item, address, at=at))
    return found


def _address(url: str) -> URL | None:
    try:
        address = URL(url)
        return address if address.scheme in {"http", "https"} and address.raw_host else None
    except ValueError:
        return None


def _report(content: NoticeContent, item: Item, address: URL, *, at: datetime) -> dict[str, Any]:
    host = (address.raw_host or "").rstrip(".").lower()
    helpline = {
        "org": content.notifier["name"][:LONGEST_NAME],
        "contact": content.notifier["email"],
        "domain": content.notifier["email"].rpartition("@")[2],
    }
    report: dict[str, Any] = {
        "xarf_version": VERSION,
        "report_id": str(UUID(item.item_id)),
        "timestamp": at.isoformat(timespec="seconds"),
        "reporter": helpline,
        "sender": helpline,
        "source_identifier": host,
        "category": "content",
        **_kind(content),
        "url": str(address),
        "evidence_source": "user_report",
        "verification_method": "user_report",
        "description": f"{content.notice_id}: {content.explanation}"[:LONGEST_DESCRIPTION],
        "tags": [f"regime:{regime}" for regime in content.regimes],
    }
    if DOMAIN.fullmatch(host):
        report["domain"] = host
    hashes = {
        one["algorithm"]: one["value"]
        for one in item.fingerprints
        if one["algorithm"] in HASHES and HASHES[one["algorithm"]].fullmatch(one["value"])
    }
    if hashes and report["type"] == "csam":
        report["hash_values"] = hashes
    return report


def _kind(content: NoticeContent) -> dict[str, Any]:
    """The type nearest to what happened. Version 4.2 has none for intimate images of adults: they are personal data that
    somebody exposed on purpose, and the description says the rest.
    """
    is_threat = THREAT in content.keywords
    if content.depicts_minor and is_threat:
        return {"type": "csem", "exploitation_type": "sextortion", "detection_method": "user_report"}
    if content.depicts_minor:
        return {"type": "csam", "classification": "baseline", "detection_method": "user_report"}
    return {
        "type": "exposed_data",
        "data_types": ["personal_information", "other"],
        "exposure_method": "intentional_leak",
        "discovery_source": "user_report",
    }

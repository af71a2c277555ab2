"""Files in the layout of the Transparency Database, made up row by row."""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from cases.reconciliation import actions
from cases.reconciliation.models import Upload
from cases.reconciliation.pieces import Writer
from helpline.accounts.models import Staff
from tests.cast import NOON

# The columns of the public "light" files, in their order; a platform's own export has `puid` besides.
COLUMNS = (
    *("uuid", "decision_visibility", "decision_visibility_other", "end_date_visibility_restriction"),
    *("decision_monetary", "decision_monetary_other", "end_date_monetary_restriction", "decision_provision"),
    *("end_date_service_restriction", "decision_account", "end_date_account_restriction", "account_type"),
    *("decision_ground", "decision_ground_reference_url", "illegal_content_legal_ground"),
    *("incompatible_content_ground", "incompatible_content_illegal", "category", "category_addition"),
    *("category_specification", "category_specification_other", "content_type", "content_type_other"),
    *("content_language", "content_date", "application_date", "source_type", "source_identity"),
    *("automated_detection", "automated_decision", "platform_name", "platform_uid", "created_at"),
)
MINORS = "STATEMENT_CATEGORY_PROTECTION_OF_MINORS"


def row(**facts: str) -> dict[str, str]:
    """A statement about one of our notices: content removed, on the day of NOON."""
    return {
        "uuid": str(uuid4()),
        "decision_visibility": '["DECISION_VISIBILITY_CONTENT_REMOVED"]',
        "category": MINORS,
        "category_specification": '["KEYWORD_NON_CONSENSUAL_MATERIAL_DEEPFAKE"]',
        "content_type": '["CONTENT_TYPE_IMAGE"]',
        "application_date": "2026-03-02 00:00:00",
        "created_at": "2026-03-03 08:00:00",
        "source_type": "SOURCE_TRUSTED_FLAGGER",
        "source_identity": "Helpline",
        "platform_name": "Chatter",
        "automated_decision": "AUTOMATED_DECISION_NOT_AUTOMATED",
    } | facts


def text(rows: Sequence[dict[str, str]], *, columns: Sequence[str] = COLUMNS, delimiter: str = ",") -> str:
    """The rows as a file."""
    said = io.StringIO()
    writer = csv.DictWriter(said, columns, delimiter=delimiter, restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return said.getvalue()


def packed(**files: bytes) -> bytes:
    """An archive of these: `packed(a_csv=…)` holds a.csv."""
    said = io.BytesIO()
    with zipfile.ZipFile(said, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name.replace("_", "."), body)
    return said.getvalue()


def hand_in(body: bytes | str, by: Staff, *, at: datetime = NOON, **facts: Any) -> Upload:
    """A file that has arrived and waits to be read."""
    written = Writer(uuid4(), most=10**9, at=at)
    written.write(body.encode() if isinstance(body, str) else body)
    return actions.take_in(written=written, name="sor.csv", **{"platform": None} | facts, by=by, at=at)


def read(body: bytes | str, by: Staff, **facts: Any) -> Upload:
    """A file that was read and compared."""
    upload = hand_in(body, by, **facts)
    actions.work()
    upload.refresh_from_db()
    return upload

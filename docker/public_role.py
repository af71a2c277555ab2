"""Make the database role of the public face: it writes reports, opens one by its code, and sees nothing of the desk.

Run it after migrate, with DATABASE_URL of the role that owns the tables (it needs CREATEROLE the first time) and the
new role's password in POSTGRES_PUBLIC_PASSWORD. Run again, it brings the grants up to this version.
"""

import os
import sys

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

ROLE = "helpline_public"
# Which rows it may touch and which columns of them; what is not named it can neither read nor change.
GRANTS = {
    "reports_draft": "SELECT, INSERT, UPDATE (answers, language, changed_at, expires_at), DELETE",
    # All but what a report is: its number, where it came from, when.
    "reports_report": "SELECT, INSERT, UPDATE (language, who, age_range, kind, circumstances, deadline_at, danger_at, "
    "danger_over_at, story, answers, school, school_index, contact, contact_via, is_complete, is_retold, "
    "last_contact_at, code_said_aloud, code_key, locator, staff_key, status, erased_at)",
    # Taken back, or erased. Which site it is about is never changed from here.
    "reports_link": "SELECT, INSERT, UPDATE (status, status_at, url, url_index, account, account_index, seen_at)",
    "reports_fingerprint": "SELECT, INSERT, UPDATE (value, value_index), DELETE",
    "reports_update": "SELECT, INSERT",
    "reports_message": "SELECT, INSERT, UPDATE (read_at, body)",
    # No page shows a screenshot back, so none can be read from here. One that is taken back goes for good; what the
    # desk hid or destroyed stays hidden and destroyed.
    "reports_evidence": "SELECT (id, draft_id, report_id, what, sha256, width, height, size, staff_key, code_key, "
    "added_at, hidden_at, destroyed_at, destroyed_by_id, destroyed_why), INSERT, "
    "UPDATE (draft_id, report_id, staff_key, code_key, picture, sha256), DELETE",
    # Signs are left by the desk; here one that waits is put aside or follows another hour.
    "reports_nudge": "SELECT (id, report_id, status, done_at), UPDATE (status, why, done_at, due_at, leased_until)",
    # What two people published, and when; not what stood there before.
    "statistics_publishedyear": "SELECT (year, facts, published_at)",
    "web_apiwrite": "SELECT, INSERT, DELETE",
    "platforms_platform": "SELECT",
    # It adds to the trail and can't read it; the id is what PostgreSQL gives back.
    "audit_auditrow": "INSERT, SELECT (id)",
}
# In nobody else's name: no line of the trail that is added from here says that a colleague or a platform did something.
ITS_OWN = "actor IN ('young-person', 'system')"


def grant(connection: Connection, *, role: str = ROLE) -> None:
    """Take every right on tables and columns from `role`, then give those of GRANTS. In one transaction, so it is never
    without.
    """
    name = sql.Identifier(role)
    with connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(name))
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name))
        for table, rights in GRANTS.items():
            cursor.execute(
                sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights), sql.Identifier(table), name)
            )
        # Row security leaves the owner of the table, and so every other process, as it was.
        cursor.execute("ALTER TABLE audit_auditrow ENABLE ROW LEVEL SECURITY")
        for what, check in (("SELECT", "USING"), ("INSERT", "WITH CHECK")):
            policy = sql.Identifier(f"{role}_{what.lower()}"[:63])
            cursor.execute(sql.SQL("DROP POLICY IF EXISTS {} ON audit_auditrow").format(policy))
            cursor.execute(
                sql.SQL("CREATE POLICY {} ON audit_auditrow FOR {} TO {} {} ({})").format(
                    policy, sql.SQL(what), name, sql.SQL(check), sql.SQL(ITS_OWN)
                )
            )


def ensure_role(connection: Connection, *, password: str, role: str = ROLE) -> None:
    """Make `role`, or give it this password."""
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        verb = "ALTER" if cursor.fetchone() else "CREATE"
        cursor.execute(
            sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
                sql.SQL(verb), sql.Identifier(role), sql.Literal(password)
            )
        )


def main() -> str:
    """What went wrong; '' when all is done."""
    password = os.environ.get("POSTGRES_PUBLIC_PASSWORD", "")
    if not password:
        return "Set POSTGRES_PUBLIC_PASSWORD."
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    try:
        ensure_role(connection, password=password)
        grant(connection)
    finally:
        connection.close()
    return ""


if __name__ == "__main__":
    sys.exit(main() or 0)

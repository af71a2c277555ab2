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
GRANTS = {
    "reports_draft": "SELECT, INSERT, UPDATE, DELETE",
    "reports_report": "SELECT, INSERT, UPDATE",
    "reports_link": "SELECT, INSERT, UPDATE",
    "reports_fingerprint": "SELECT, INSERT, UPDATE",
    "reports_update": "SELECT, INSERT",
    "reports_message": "SELECT, INSERT, UPDATE",
    # A screenshot that is taken back goes for good.
    "reports_evidence": "SELECT, INSERT, UPDATE, DELETE",
    "reports_nudge": "SELECT, INSERT, UPDATE",
    "web_apiwrite": "SELECT, INSERT, DELETE",
    "platforms_platform": "SELECT",
    # It adds to the trail and can't read it; the id is what PostgreSQL gives back.
    "audit_auditrow": "INSERT, SELECT (id)",
}


def grant(connection: Connection, *, role: str = ROLE) -> None:
    """Take every right on tables from `role`, then give those of GRANTS. In one transaction, so it is never without."""
    name = sql.Identifier(role)
    with connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(name))
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name))
        for table, rights in GRANTS.items():
            cursor.execute(
                sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights), sql.Identifier(table), name)
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

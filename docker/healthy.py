"""Exit with 0 when the process of this container does its work: `python docker/healthy.py web|worker|beat`.

Without Django, because it runs every few seconds: the web answers /healthz; worker and beat are alive when the heartbeat
row, which beat asks for and a worker writes, is fresh.
"""

import http.client
import os
import sys

import psycopg2

SILENT_AFTER = 90  # seconds, as for /readyz
QUERY = "SELECT extract(epoch FROM clock_timestamp() - beaten_at) FROM health_heartbeat WHERE name = 'worker'"


def web() -> str:
    """What is wrong with the web process; '' when it answers."""
    host = os.environ.get("HELPLINE_HOSTS", "").split(",")[0].strip() or "127.0.0.1"
    line = http.client.HTTPConnection("127.0.0.1", 8000, timeout=4)
    try:
        line.request("GET", "/healthz", headers={"Host": host})
        status = line.getresponse().status
    except OSError as error:
        return str(error)
    finally:
        line.close()
    return "" if status == 200 else f"/healthz answers {status}"


def heartbeat() -> str:
    """What is wrong with worker and beat together; '' when the heartbeat is fresh."""
    try:
        connection = psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=4)
    except psycopg2.Error as error:
        return str(error).strip()
    try:
        with connection.cursor() as cursor:
            cursor.execute(QUERY)
            row = cursor.fetchone()
    except psycopg2.Error as error:
        return str(error).strip()
    finally:
        connection.close()
    if row is None:
        return "no heartbeat yet"
    return f"no heartbeat for {row[0]:.0f} s" if row[0] > SILENT_AFTER else ""


CHECKS = {"web": web, "worker": heartbeat, "beat": heartbeat}

if __name__ == "__main__":
    sys.exit(CHECKS[sys.argv[1]]() or 0)

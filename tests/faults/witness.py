"""Who wrote, seen from below, whatever the program believes: triggers that judge each write of a worker by its fence.

Whoever raised a notice's fence last – by taking it, or by taking it from a worker that fell silent – holds it. Nobody else
may let go of the notice, move its takedowns on their way out, or write a worker's line into their timeline; and an attempt
gets one result, under the fence it was begun with. What breaks that is kept in `fault_stale`.
"""

from tests.faults.scene import Scene
from tests.faults.verdict import Invariant, none_of

WITNESS = """
CREATE TABLE fault_held (notice uuid, fence int, holder text, PRIMARY KEY (notice, fence));
CREATE TABLE fault_stale (what text, id text, holder text, writer text, at timestamptz DEFAULT clock_timestamp());

CREATE FUNCTION fault_judge(what text, mine text, of_notice uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    writer text := current_setting('application_name');
    holder text := (
        SELECT held.holder FROM fault_held AS held JOIN takedowns_notice AS notice
            ON notice.id = held.notice AND notice.fence = held.fence
        WHERE notice.id = of_notice
    );
BEGIN
    IF writer LIKE 'worker-%' AND holder IS DISTINCT FROM writer THEN
        INSERT INTO fault_stale (what, id, holder, writer) VALUES (what, mine, holder, writer);
    END IF;
END $$;

CREATE FUNCTION fault_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.fence <> OLD.fence THEN
        INSERT INTO fault_held VALUES (NEW.id, NEW.fence, current_setting('application_name'));
    ELSIF OLD.lease_until IS NOT NULL AND (NEW.lease_until, NEW.due_at, NEW.failure)
            IS DISTINCT FROM (OLD.lease_until, OLD.due_at, OLD.failure) THEN
        PERFORM fault_judge('notice', NEW.id::text, NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER fault_notice AFTER UPDATE ON takedowns_notice FOR EACH ROW EXECUTE FUNCTION fault_notice();

CREATE FUNCTION fault_takedown() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM fault_judge('takedown', NEW.id::text, NEW.notice_id);
    RETURN NULL;
END $$;
CREATE TRIGGER fault_takedown AFTER UPDATE OF status ON takedowns_takedown FOR EACH ROW WHEN (
    OLD.status IN ('queued', 'sending') AND NEW.status IN ('queued', 'sending', 'sent', 'unknown', 'failed', 'draft')
) EXECUTE FUNCTION fault_takedown();

CREATE FUNCTION fault_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM fault_judge(
        'timeline', NEW.id::text, (SELECT notice_id FROM takedowns_takedown WHERE id = NEW.takedown_id)
    );
    RETURN NULL;
END $$;
CREATE TRIGGER fault_event AFTER INSERT ON takedowns_event FOR EACH ROW WHEN (NEW.source = 'worker')
    EXECUTE FUNCTION fault_event();

CREATE FUNCTION fault_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.result <> '' OR NEW.fence <> (SELECT fence FROM takedowns_notice WHERE id = NEW.notice_id) THEN
        INSERT INTO fault_stale (what, id, writer) VALUES ('attempt', NEW.id::text, current_setting('application_name'));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fault_attempt BEFORE UPDATE ON takedowns_attempt FOR EACH ROW EXECUTE FUNCTION fault_attempt();
"""
WRITTEN = {
    "attempt": "results written with an old fence",
    "notice": "notices let go of by another than their holder",
    "takedown": "takedowns moved by another than their holder",
    "timeline": "lines of a timeline by another than their holder",
}


def verdict(stage: Scene) -> list[Invariant]:
    """What was written by whoever held nothing any more; and whether the witness had its eyes open."""
    stale = dict(stage.ask("SELECT what, count(*) FROM fault_stale GROUP BY what"))
    seen = stage.count("SELECT count(*) FROM fault_held WHERE holder LIKE 'worker-%'")
    return none_of(
        5,
        {name: stale.get(what, 0) for what, name in WRITTEN.items()}
        | {"a witness that saw nobody": not seen},
    )


def fell_silent(stage: Scene) -> int:
    """How often a notice was taken out of a hand that fell silent."""
    return stage.count("SELECT count(*) FROM takedowns_attempt WHERE detail = 'the worker fell silent'")

"""What marks a row as stale, in SQL. Part of 0001: what is changed here later goes into a migration of its own.

The functions run with the rights of whoever owns the tables, so that the public face, which may write reports, needs no
right on what is kept here. Each names its tables in full, and looks for nothing in a schema that others can write to.
"""

_MARK = """
CREATE FUNCTION dashboards_mark() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.dashboards_stale (source, "row") VALUES (TG_ARGV[0], CASE TG_OP WHEN 'DELETE' THEN OLD.id ELSE NEW.id END);
    RETURN NULL;
END $$;
CREATE FUNCTION dashboards_mark_takedown() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.dashboards_stale (source, "row") VALUES ('takedown', NEW.takedown_id);
    RETURN NULL;
END $$;
CREATE FUNCTION dashboards_mark_steps() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.dashboards_stale (source, "row")
        SELECT 'step', id FROM public.ladder_step WHERE takedown_id = NEW.id
        UNION ALL SELECT 'redress', id FROM public.ladder_redress WHERE takedown_id = NEW.id;
    RETURN NULL;
END $$;
CREATE FUNCTION dashboards_mark_platform() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Not its facts: those that a fold writes at this moment can't be seen yet. The next fold looks for them.
    INSERT INTO public.dashboards_stale (source, "row") VALUES ('platform', lpad(to_hex(NEW.id), 32, '0')::uuid);
    RETURN NULL;
END $$;
"""

# Table, what it is called in the marks, and the columns on which a figure rests.
_WATCHED = {
    "takedowns_takedown": (
        "takedown",
        (
            *("notice_id", "case_id", "platform_id", "item_id", "escalates_id", "requested_at", "sent_at"),
            *("transport", "acted_at", "platform_says", "gone_at", "reappeared_at", "status = 'withdrawn'"),
            # Not each look: only the one that finds it gone after all that time (states.STAYED).
            *("observed", "observed_at >= {row}.gone_at + interval '720 hours'"),
        ),
    ),
    "ladder_step": ("step", ("takedown_id", "rung", "state", "state_at", "outcome")),
    "ladder_redress": ("redress", ("takedown_id", "kind", "state", "state_at")),
    "reports_report": (
        "report",
        (
            *("submitted_at", "kind", "age_range", "who", "channel", "circumstances"),
            "status = 'erased'",
        ),
    ),
    "takedowns_notice": ("notice", ("channel_id", "regimes")),
}


def _watch(table: str, name: str, columns: tuple[str, ...]) -> str:
    old, new = (", ".join(f"{row}.{column}".format(row=row) for column in columns) for row in ("OLD", "NEW"))
    if table == "reports_report":  # only whether one was named
        old, new = (f"{names}, octet_length({row}.school) > 0" for row, names in (("OLD", old), ("NEW", new)))
    text = f"""
    CREATE TRIGGER dashboards_changed AFTER UPDATE ON {table} FOR EACH ROW
        WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION dashboards_mark('{name}');
    """
    if name != "notice":  # it comes with its takedowns
        text += f"""
    CREATE TRIGGER dashboards_came AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION dashboards_mark('{name}');
    """
    if name == "step":  # what was only proposed may go
        text += f"""
    CREATE TRIGGER dashboards_went AFTER DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION dashboards_mark('{name}');
    """
    return text


_BESIDE = """
CREATE TRIGGER dashboards_came AFTER INSERT ON takedowns_event FOR EACH ROW
    WHEN (NEW.what IN ('seen_gone', 'seen_there')) EXECUTE FUNCTION dashboards_mark_takedown();
CREATE TRIGGER dashboards_moved AFTER UPDATE ON takedowns_takedown FOR EACH ROW
    WHEN (OLD.platform_id <> NEW.platform_id) EXECUTE FUNCTION dashboards_mark_steps();
CREATE TRIGGER dashboards_merged AFTER UPDATE ON platforms_platform FOR EACH ROW
    WHEN (OLD.merged_into_id IS DISTINCT FROM NEW.merged_into_id) EXECUTE FUNCTION dashboards_mark_platform();
"""

# Everything that is there already is to be read. In 0002: the triggers' locks on these tables are released before.
BEGIN = """
INSERT INTO dashboards_stale (source, "row") SELECT 'takedown', id FROM takedowns_takedown ORDER BY requested_at;
INSERT INTO dashboards_stale (source, "row") SELECT 'report', id FROM reports_report ORDER BY submitted_at;
INSERT INTO dashboards_stale (source, "row") SELECT 'step', id FROM ladder_step;
INSERT INTO dashboards_stale (source, "row") SELECT 'redress', id FROM ladder_redress;
"""

# `more[i]` is added at `places[i]`, or at i where no places are said.
_PLUS = """
CREATE FUNCTION dashboards_plus(counts integer[], places integer[], more integer[]) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    longest integer := coalesce((SELECT max(place) FROM unnest(places) AS place), cardinality(more));
    place integer;
BEGIN
    IF longest > cardinality(counts) THEN
        counts := counts || array_fill(0, ARRAY[longest - cardinality(counts)]);
    END IF;
    FOR number IN 1 .. cardinality(more) LOOP
        place := coalesce(places[number], number);
        counts[place] := counts[place] + more[number];
    END LOOP;
    RETURN counts;
END $$;
"""

MAKE = _PLUS + _MARK + "".join(_watch(table, *what) for table, what in _WATCHED.items()) + _BESIDE

UNMAKE = (
    "".join(
        f"DROP TRIGGER IF EXISTS {name} ON {table};"
        for table in (*_WATCHED, "takedowns_event", "platforms_platform")
        for name in ("dashboards_changed", "dashboards_came", "dashboards_went", "dashboards_moved", "dashboards_merged")
    )
    + "DROP FUNCTION dashboards_mark; DROP FUNCTION dashboards_mark_takedown; DROP FUNCTION dashboards_mark_steps; DROP FUNCTION dashboards_mark_platform;"
    "DROP FUNCTION dashboards_plus;"
)

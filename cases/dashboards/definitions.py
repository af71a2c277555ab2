"""What each figure means, in words: beside it on demand, under what leaves as a file, and the same in docs/figures.md."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Definition:
    """One figure. An empty `of` is a plain count; only a duration has a clock."""

    label: Words
    counts: Words
    of: Words = ""
    starts: Words = ""
    stops: Words = ""
    not_said: Words = ""


_SENT = _("All requests of the period that left.")
_REQUESTED = _("All requests of the period, also those that have not left.")
_REPORTS = _("All reports received in the period.")
_ACTED = _("Requests of the period that were acted on.")
_TO_FILED = _("All complaints of the period that were filed.")
_STEPS = _("All steps of the period that were done.")
# The clock of every time to action.
_STARTS = _("The moment the request left, or a colleague said they filed it.")
_STOPS = _("The first moment anything says it was acted on: the platform’s own time, or our look.")

DEFINITIONS: dict[str, Definition] = {
    # --- how much -----------------------------------------------------------------------------------------
    "total": Definition(
        _("Requested"),
        _(
            "Links asked of a channel in the period, one by one. A reminder, a second contact and what is asked of a "
            "host belong to the first request and are not counted again."
        ),
        not_said=_(
            "That they left, or that anybody read them. A link asked for anew after a refusal counts anew."
        ),
    ),
    "sent": Definition(
        _("Sent"),
        _(
            "Requests that left: the channel took them, or a colleague said they filed them by hand. Mail that came back "
            "undelivered is not among them."
        ),
        of=_REQUESTED,
        not_said=_("That a person read it. What nobody knows the end of is not counted until it is settled."),
    ),
    "unsent": Definition(
        _("Not sent"),
        _(
            "Requested and not sent: to be mended, waiting, to be filed by hand, failed, cancelled, or perhaps sent."
        ),
        of=_REQUESTED,
        not_said=_(
            "That it was given up: some of it leaves later, and then counts as sent in the same period."
        ),
    ),
    "unknown": Definition(
        _("Perhaps sent"),
        _("A sending broke off, and nobody can say yet whether the platform has it."),
        of=_REQUESTED,
        not_said=_("That it failed. It counts as sent only when the platform or a person settles it."),
    ),
    "notices": Definition(
        _("Notices"),
        _("Letters to a channel that left. One letter may ask for several links."),
        not_said=_("How much content was asked for: see the items."),
    ),
    "items": Definition(
        _("Items"),
        _(
            "Pieces of content in the notices that left. What harms several people at one address is one item."
        ),
        not_said=_(
            "How many people were helped: a young person may have many links, and a link many people."
        ),
    ),
    "reports": Definition(
        _("Reports"),
        _("Reports received in the period, by form, by telephone or through a partner."),
        not_said=_("How many different people wrote: nobody is recognised when they write again."),
    ),
    # --- the four honest numbers --------------------------------------------------------------------------
    "acted_on": Definition(
        _("Acted on"),
        _(
            "Requests that left, and after which the platform said it removed, blocked or partly removed it, removed "
            "the account, or found it already gone – or we saw the content gone."
        ),
        of=_SENT,
        not_said=_(
            "That it is gone now. It may have come back, or only a part was removed: some is not all. What was "
            "withdrawn after that still counts."
        ),
    ),
    "said_removed": Definition(
        _("Said removed"),
        _(
            "The platform’s latest word is: removed, blocked, account removed, partly removed or already gone."
        ),
        of=_SENT,
        not_said=_("That it is true. It is the platform’s word, not what we saw."),
    ),
    "blocked": Definition(
        _("Blocked in some places"),
        _(
            "The platform’s latest word is that it blocked it for some, in a country for example. It stands in “acted on” "
            "and in “said removed”."
        ),
        of=_SENT,
        not_said=_("Where it can still be seen. It is not deleted."),
    ),
    "partly": Definition(
        _("Removed in part"),
        _(
            "The platform’s latest word is that it removed a part of what we asked for. It stands in “acted on” and in "
            "“said removed”."
        ),
        of=_SENT,
        not_said=_(
            "How much is still there, or that we looked: what we saw gone since is counted in “seen gone”."
        ),
    ),
    "seen_gone": Definition(
        _("Seen gone"),
        _("We looked at the address ourselves, three times in a row, and it was not there. Once is enough."),
        of=_SENT,
        not_said=_("That it stayed gone, or that no copy stands elsewhere."),
    ),
    "stayed_gone": Definition(
        _("Stayed gone 30 days"),
        _(
            "A look of ours 30 days later found it still gone, with no look between that found it there again."
        ),
        of=_(
            "Those that can be judged: a look found it gone after 30 days, or it came back and was first seen gone 30 days "
            "ago or more. All others are left out on both sides."
        ),
        not_said=_(
            "Anything about those nobody looked at after 30 days, or about copies at another address."
        ),
    ),
    "gone_long_ago": Definition(
        _("Judged after 30 days"),
        _(
            "A look of ours found it gone after 30 days, or it came back and was first seen gone 30 days ago or more: "
            "what “stayed gone” is a share of."
        ),
        of=_SENT,
        not_said=_("Whether it is still gone."),
    ),
    "reappeared": Definition(
        _("Came back"),
        _("Seen gone, and seen there again later."),
        of=_SENT,
        not_said=_(
            "That it is there now. It stays in “acted on” and “seen gone”, and drops out of “stayed gone”."
        ),
    ),
    # --- every sent one in exactly one line ---------------------------------------------------------------
    "refused": Definition(
        _("Refused"),
        _("Not acted on, and the platform’s latest word is no."),
        of=_SENT,
        not_said=_("That the refusal is right: it can be contested."),
    ),
    "not_found": Definition(
        _("Nothing found at the address"),
        _("Not acted on, and the platform says there is nothing at the address."),
        of=_SENT,
        not_said=_("That it is gone: we have not seen that, or it would be in “acted on”."),
    ),
    "more_information": Definition(
        _("More information asked"),
        _("Not acted on, and the platform asks for more before it decides."),
        of=_SENT,
        not_said=_("Whose turn it is now."),
    ),
    "under_way": Definition(
        _("Receipt confirmed or being looked at"),
        _("Not acted on; the platform has it, and has not decided."),
        of=_SENT,
        not_said=_("That anybody will decide: a receipt may be written by a machine."),
    ),
    "no_answer": Definition(
        _("No answer at all"),
        _("Not acted on, and not a word from the platform."),
        of=_SENT,
        not_said=_("That it is late: a request of this morning stands here too."),
    ),
    "withdrawn": Definition(
        _("Withdrawn by the young person"),
        _("Taken back after it left, and not acted on before that."),
        of=_SENT,
        not_said=_("Why. It stays in the whole that shares are counted from."),
    ),
    "left_up": Definition(
        _("Not acted on"),
        _("Sent, and nothing says it was acted on. Platforms are ordered by it."),
        of=_SENT,
        not_said=_("Whose fault it is: what was withdrawn or is a day old is among them."),
    ),
    # --- time to action -----------------------------------------------------------------------------------
    "p50": Definition(
        _("Median"),
        _("Half of what was acted on was acted on within this time."),
        of=_ACTED,
        starts=_STARTS,
        stops=_STOPS,
        not_said=_(
            "Anything about what was never acted on. A platform that removes one link in a hundred within a minute has "
            "a median of a minute: read it beside the share acted on."
        ),
    ),
    "p90": Definition(
        _("9 in 10 within"),
        _("Nine in ten of what was acted on were acted on within this time."),
        of=_ACTED,
        starts=_STARTS,
        stops=_STOPS,
        not_said=_("How long the slowest tenth took, or anything about what was never acted on."),
    ),
    "spread": Definition(
        _("Time to action"),
        _("What was acted on, by how long it took."),
        of=_ACTED,
        starts=_STARTS,
        stops=_(
            "The first moment anything says it was acted on. A clock that runs behind ours counts as no time."
        ),
        not_said=_("How many are still waiting. The axis goes by steps and is not to scale."),
    ),
    # --- after a silence or a refusal ---------------------------------------------------------------------
    "steps": Definition(
        _("Steps of the ladder"),
        _(
            "What was done when a platform did not answer: a reminder, another contact, the host, an authority."
        ),
        not_said=_("What was only proposed, left out, or not needed any more."),
    ),
    "steps_acted": Definition(
        _("Steps that led to something"),
        _("Steps after which it was acted on, or whoever was asked took it up."),
        of=_STEPS,
        not_said=_("That the step was the cause: an answer may have been on its way."),
    ),
    "steps_declined": Definition(
        _("Steps that were declined"),
        _("Steps after which whoever was asked said no."),
        of=_STEPS,
        not_said=_("That nothing came of it later: another step may have followed."),
    ),
    "steps_silent": Definition(
        _("Steps without an answer"),
        _("Steps of which a colleague noted that no answer came."),
        of=_STEPS,
        not_said=_("Steps that still wait for an answer: nothing was noted of them yet."),
    ),
    "steps_open": Definition(
        _("Steps to do"),
        _("Steps that were proposed or taken on in the period, and are not done."),
        not_said=_("That they are due: a step may be proposed for a later day."),
    ),
    "redress": Definition(
        _("Refusals contested"),
        _("Complaints filed in the period, to the platform or to an out-of-court body."),
        not_said=_("Refusals that could have been contested and were not."),
    ),
    "redress_overturned": Definition(
        _("Refusals overturned"),
        _("Complaints after which the refusal was overturned, wholly or in part."),
        of=_TO_FILED,
        not_said=_("How those end that wait for their decision: they are in the whole, and not among these."),
    ),
    "redress_upheld": Definition(
        _("Refusals that stand"),
        _("Complaints after which the refusal stands."),
        of=_TO_FILED,
        not_said=_("That the refusal is right: an out-of-court body may see it otherwise."),
    ),
    "redress_pending": Definition(
        _("Complaints not decided yet"),
        _("Complaints that were filed and wait for their decision."),
        of=_TO_FILED,
        not_said=_("How long they wait, or how they end."),
    ),
    # --- whom it happens to -------------------------------------------------------------------------------
    "ages": Definition(
        _("Ages"),
        _("Reports by the range that was told. No date of birth is ever asked."),
        of=_REPORTS,
        not_said=_("How old somebody is who prefers not to say; they stand in a line of their own."),
    ),
    "kinds": Definition(
        _("What was reported"),
        _("Reports by what happened, in the words of the form."),
        of=_REPORTS,
        not_said=_("What the law calls it."),
    ),
    "circumstances": Definition(
        _("Circumstances"),
        _("Reports in which this was told. One report may tell several, so these add up to more than all."),
        of=_REPORTS,
        not_said=_("That it was absent where it was not told: nobody has to answer."),
    ),
    "blackmail": Definition(
        _("With blackmail"),
        _("Reports in which somebody demands something: money, pictures, to meet."),
        of=_REPORTS,
        not_said=_("Blackmail that was not told, or began after the report."),
    ),
    "school": Definition(
        _("At school"),
        _("Reports in which it goes round at a school."),
        of=_REPORTS,
        not_said=_("Which school, or how many pupils: several reports may be about one group."),
    ),
    "school_named": Definition(
        _("A school was named"),
        _("Reports in which somebody wrote down the name of a school. The name is in no figure."),
        of=_REPORTS,
        not_said=_("That it goes round there: the name may stand there for another reason."),
    ),
    "hours": Definition(
        _("Hours of the week"),
        _("Reports by the hour and the weekday in which they were sent, in the helpline’s time zone."),
        of=_REPORTS,
        not_said=_("When it happened, or when somebody began to write."),
    ),
    # --- at this moment -----------------------------------------------------------------------------------
    "waiting": Definition(
        _("Reports waiting"),
        _("Reports in the queue that nobody has taken, at this moment."),
        not_said=_("Anything about the period chosen above."),
    ),
    "in_danger": Definition(
        _("Of them in danger"),
        _("Waiting reports that tell of danger to life, at this moment."),
        of=_("Reports waiting at this moment."),
        not_said=_("Danger that was not told."),
    ),
    "oldest": Definition(
        _("Longest wait"),
        _("How long the report that waits longest has waited."),
        starts=_("The moment the report was sent."),
        stops=_("Now, as nobody has taken it."),
        not_said=_("How long most wait."),
    ),
    "to_file": Definition(
        _("To file by hand"),
        _("Requests whose channel is a form that a colleague fills in, and that nobody has filed yet."),
        not_said=_("Anything about the period chosen above."),
    ),
    "load": Definition(
        _("Open cases"),
        _("Cases that are open or wait for the young person, at this moment, in totals."),
        not_said=_("How heavy they are, or how well anybody works. No person is ranked."),
    ),
}


# Of no period: not in what is saved of one.
AT_THIS_MOMENT = frozenset({"waiting", "in_danger", "oldest", "to_file", "load"})


def define(name: str) -> Definition:
    """The definition of the figure `name`. Raises LookupError for one that has none."""
    return DEFINITIONS[name]

"""What a working evening leaves on the desk: things to do, a plan for bad hours, a case on offer, words to others."""

from datetime import timedelta

from django.utils import timezone

from cases.handover import actions as handover
from cases.handover import shifts
from cases.models import Case
from cases.todo import actions as todo
from cases.todo.models import NO_DAY, Checklist
from helpline.accounts.models import Staff
from reports.states import Kind

PLAN = {
    "warning": "Je n'arrive plus à dormir. Je regarde mon téléphone toutes les cinq minutes.",
    "calming": "Sortir le chien. Dessiner. La musique de ma sœur.",
    "people": "Ma sœur. L'infirmière du collège, le mardi et le jeudi.",
    "places": "Chez ma grand-mère. Le CDI.",
    "danger": "J'appelle le 3114, ou ma sœur m'emmène.",
    "agreed": "On s'écrit jeudi. Nour regarde les liens chaque jour d'ici là.",
}
WORDS = (
    "Calme après 18 h. Deux lycéens attendent une réponse d'un site : rien à faire avant demain midi. "
    "Merci de regarder d'abord le cas que je propose à Nour, je ne suis pas là jeudi."
)


def leave(*, followed: Case, waited_for: Case, day_team: Case, nour: Staff, sacha: Staff) -> None:
    """`followed` and `waited_for` are with Nour, `day_team` with Sacha. All of it happens now: a past shift is forgotten."""
    now = timezone.now()
    add, hour = todo.add_task, timedelta(hours=1)
    checklist = Checklist.objects.filter(kinds__contains=[Kind.DEEPNUDE]).order_by("position").first()
    if checklist is not None:
        todo.apply_checklist(case=followed, checklist=checklist, by=nour, at=now - 2 * hour)
    for text, due_at in (
        ("Demander s'il y a d'autres comptes.", now + 2 * hour),
        ("Proposer un appel avec sa sœur.", NO_DAY),
    ):
        add(case=followed, text=text, due_at=due_at, for_whom=None, by=nour, at=now - hour)
    review_on = timezone.localdate(now) + timedelta(days=3)
    todo.write_plan(case=followed, based_on=0, said=PLAN, review_on=review_on, by=nour, at=now - hour)
    text = "Relire la réponse du site avec la juriste."
    add(case=waited_for, text=text, due_at=now - 3 * hour, for_whom=None, by=nour, at=now - 30 * hour)

    shifts.start_shift(by=sacha, at=now - 8 * hour)
    reason = "Je suis absent jeudi, et il attend une réponse ce jour-là."
    handover.offer(case=day_team, to=nour, reason=reason, by=sacha, at=now)
    shifts.end_shift(by=sacha, words=WORDS, at=now)
    shifts.start_shift(by=nour, at=now)
    handover.watch(case=waited_for, on=True, by=nour, at=now)

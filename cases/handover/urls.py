"""Addresses of the hand-overs, below /staff/."""

from django.urls import path

from cases.handover.views import offers, sharing, shifts, team

app_name = "handover"
urlpatterns = [
    path("cases/<slug:ref>/hand-over/", offers.offer, name="offer"),
    path("cases/<slug:ref>/take/", offers.take, name="take"),
    path("cases/<slug:ref>/share/", sharing.share, name="share"),
    path("cases/<slug:ref>/watch/", sharing.watch, name="watch"),
    path("watched/", sharing.watched, name="watched"),
    path("transfers/", offers.transfers, name="transfers"),
    path("transfers/<uuid:transfer_id>/", offers.transfer_page, name="transfer"),
    path("transfers/<uuid:transfer_id>/accept/", offers.accept, name="accept"),
    path("transfers/<uuid:transfer_id>/decline/", offers.decline, name="decline"),
    path("transfers/<uuid:transfer_id>/take-back/", offers.take_back, name="take-back"),
    path("transfers/<uuid:transfer_id>/seen/", offers.seen, name="seen"),
    path("shares/<uuid:share_id>/end/", sharing.end_share, name="end-share"),
    path("shift/", shifts.shift_page, name="shift"),
    path("shift/start/", shifts.start_shift, name="start-shift"),
    path("shift/end/", shifts.end_shift, name="end-shift"),
    path("shift/away/", shifts.my_away, name="my-away"),
    path("shift/notes/<uuid:handover_id>/", shifts.handover_page, name="handover"),
    path("shift/notes/<uuid:handover_id>/read/", shifts.mark_read, name="mark-read"),
    path("team/", team.team, name="team"),
    path("team/<int:staff_id>/", team.reassign, name="reassign"),
    path("team/<int:staff_id>/away/", team.set_away, name="set-away"),
    path("team/moves/<uuid:batch>/undo/", team.undo, name="undo"),
    path("away/<uuid:away_id>/end/", shifts.end_away, name="end-away"),
]

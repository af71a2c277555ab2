"""Addresses of the hand-overs, below /staff/."""

from django.urls import path

from cases.handover import views

app_name = "handover"
urlpatterns = [
    path("cases/<slug:ref>/hand-over/", views.offer, name="offer"),
    path("cases/<slug:ref>/take/", views.take, name="take"),
    path("cases/<slug:ref>/share/", views.share, name="share"),
    path("cases/<slug:ref>/watch/", views.watch, name="watch"),
    path("watched/", views.watched, name="watched"),
    path("transfers/", views.transfers, name="transfers"),
    path("transfers/<uuid:transfer_id>/", views.transfer_page, name="transfer"),
    path("transfers/<uuid:transfer_id>/accept/", views.accept, name="accept"),
    path("transfers/<uuid:transfer_id>/decline/", views.decline, name="decline"),
    path("transfers/<uuid:transfer_id>/take-back/", views.take_back, name="take-back"),
    path("transfers/<uuid:transfer_id>/seen/", views.seen, name="seen"),
    path("shares/<uuid:share_id>/end/", views.end_share, name="end-share"),
    path("shift/", views.shift_page, name="shift"),
    path("shift/start/", views.start_shift, name="start-shift"),
    path("shift/end/", views.end_shift, name="end-shift"),
    path("shift/away/", views.my_away, name="my-away"),
    path("shift/notes/<uuid:handover_id>/", views.handover_page, name="handover"),
    path("shift/notes/<uuid:handover_id>/read/", views.mark_read, name="mark-read"),
    path("team/", views.team, name="team"),
    path("team/<int:staff_id>/", views.reassign, name="reassign"),
    path("team/<int:staff_id>/away/", views.set_away, name="set-away"),
    path("team/moves/<uuid:batch>/undo/", views.undo, name="undo"),
    path("away/<uuid:away_id>/end/", views.end_away, name="end-away"),
]

"""Addresses of the accounts, below /staff/."""

from django.urls import path

from cases.accounts import views

app_name = "accounts"
urlpatterns = [
    path("accounts/", views.person_list, name="list"),
    path("accounts/new/", views.new_person, name="new"),
    path("accounts/mine/", views.mine, name="mine"),
    path("accounts/roles/", views.role_list, name="roles"),
    path("accounts/roles/<slug:role_id>/", views.role_page, name="role"),
    path("accounts/teams/", views.team_list, name="teams"),
    path("accounts/teams/<slug:team_id>/", views.rename_team, name="rename-team"),
    path("accounts/tokens/<int:token_id>/revoke/", views.revoke_token, name="revoke-token"),
    path("accounts/<int:staff_id>/", views.person_page, name="person"),
    path("accounts/<int:staff_id>/details/", views.change_details, name="details"),
    path("accounts/<int:staff_id>/role/", views.change_role, name="change-role"),
    path("accounts/<int:staff_id>/email/", views.change_email, name="change-email"),
    path("accounts/<int:staff_id>/close/", views.disable, name="disable"),
    path("accounts/<int:staff_id>/open/", views.open_again, name="open-again"),
    path("accounts/<int:staff_id>/access/", views.reset_access, name="reset-access"),
    path("accounts/<int:staff_id>/link/", views.make_link, name="make-link"),
    path("accounts/<int:staff_id>/tokens/", views.issue_token, name="issue-token"),
]

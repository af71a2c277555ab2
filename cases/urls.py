"""Every address of the desk."""

from allauth.account import views as account
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

from cases.views import (
    approvals,
    casework,
    claims,
    evidence,
    platforms,
    queue,
    reports,
    saved_views,
    trail,
)

desk: list[URLPattern | URLResolver] = [
    path("", queue.home, name="queue"),
    path("search/", queue.search, name="search"),
    path("queue/news/", queue.news, name="queue-news"),
    path("queue/danger/", queue.danger, name="danger"),
    path("queue/next/", claims.next_report, name="next"),
    path("queue/assign/", queue.assign, name="assign-reports"),
    path("queue/views/", saved_views.save_view, name="save-view"),
    path("queue/views/<uuid:view_id>/remove/", saved_views.remove_view, name="remove-view"),
    path("queue/views/<uuid:view_id>/restore/", saved_views.restore_view, name="restore-view"),
    path("reports/<uuid:report_id>/keep/", claims.keep_reading, name="keep-reading"),
    path("reports/<uuid:report_id>/release/", claims.release, name="release"),
    path("reports/<uuid:report_id>/take-over/", claims.take_over, name="take-over"),
    path("reports/<uuid:report_id>/", reports.report_page, name="report"),
    path("reports/<uuid:report_id>/open/", reports.open_case, name="open-case"),
    path("evidence/<uuid:evidence_id>/", evidence.evidence_page, name="evidence"),
    path("evidence/<uuid:evidence_id>/picture/", evidence.evidence_picture, name="evidence-picture"),
    path("evidence/<uuid:evidence_id>/seal/", evidence.seal, name="seal-evidence"),
    path("reports/<uuid:report_id>/erase/", approvals.erase_report, name="erase-report"),
    path("approvals/", approvals.approval_list, name="approvals"),
    path("approvals/<uuid:approval_id>/", approvals.approval_page, name="approval"),
    path("approvals/<uuid:approval_id>/decide/", approvals.decide, name="decide-approval"),
    path("approvals/<uuid:approval_id>/withdraw/", approvals.withdraw, name="withdraw-approval"),
    path("cases/", casework.case_list, name="cases"),
    path("cases/<slug:ref>/", casework.case_page, name="case"),
    path("cases/<slug:ref>/notes/", casework.add_note, name="add-note"),
    path("cases/<slug:ref>/messages/", casework.write_message, name="write-message"),
    path("cases/<slug:ref>/assign/", casework.assign, name="assign"),
    path("cases/<slug:ref>/handle/", casework.set_handle, name="set-handle"),
    path("cases/<slug:ref>/links/", casework.add_links, name="add-links"),
    path("cases/<slug:ref>/waiting/", casework.set_waiting, name="set-waiting"),
    path("cases/<slug:ref>/close/", casework.close, name="close"),
    path("cases/<slug:ref>/reopen/", casework.reopen, name="reopen"),
    path("", include("cases.incidents.urls")),
    path("platforms/", platforms.platform_list, name="platforms"),
    path("platforms/<slug:slug>/verify/", platforms.verify, name="verify-channel"),
    path("platforms/<slug:slug>/approve/", platforms.approve, name="approve-channel"),
    path("platforms/<slug:slug>/switch/", platforms.switch, name="switch-channel"),
    path("audit/", trail.trail_page, name="trail"),
    path("audit/check/", trail.check_chain, name="check-chain"),
]

elsewhere = RedirectView.as_view(url="/staff/")
# allauth's own views under our addresses; the names are the ones it reverses.
doors: list[URLPattern | URLResolver] = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    path("account/signup/", account.signup, name="account_signup"),
    path("account/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    # Names it reverses for what we do not offer.
    path("account/email/", elsewhere, name="account_email"),
    path("account/email/sent/", elsewhere, name="account_email_verification_sent"),
    path("account/email/<str:key>/", elsewhere, name="account_confirm_email"),
    path("account/code/", elsewhere, name="account_confirm_login_code"),
    path("account/password/", account.password_change, name="account_change_password"),
    path("account/password/set/", account.password_set, name="account_set_password"),
    path("account/password/reset/", account.password_reset, name="account_reset_password"),
    path("account/password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    path(
        "account/password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^account/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("staff/", include((desk, "desk"))),
    path("staff/", include(doors)),
    path("staff/", include("cases.takedowns.urls")),
    path("staff/", include("cases.referrals.urls")),
    path("staff/", include("cases.ladder.urls")),
    path("staff/", include("cases.todo.urls")),
    path("staff/", include("cases.mailbox.urls")),
    path("staff/", include("cases.listening.urls")),
    path("staff/", include("cases.handover.urls")),
    path("staff/", include("cases.accounts.urls")),
    path("staff/", include("cases.channels.urls")),
    path("staff/", include("cases.letters.urls")),
    path("staff/", include("cases.exports.urls")),
    path("staff/", include("cases.wellbeing.urls")),
    path("staff/dashboard/", include("cases.dashboards.urls")),
    path("staff/", include("cases.alerts.urls")),
    path("staff/", include("cases.reconciliation.urls")),
    path("staff/annual-report/", include("cases.annual.urls")),
]

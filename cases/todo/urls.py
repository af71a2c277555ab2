"""Addresses of what there is to do, below /staff/."""

from django.urls import path

from cases.todo.views import conversation, library, plans, tasks

app_name = "todo"
urlpatterns = [
    path("tasks/", tasks.list_page, name="list"),
    path("tasks/<uuid:task_id>/", tasks.change, name="task"),
    path("tasks/<uuid:task_id>/done/", tasks.tick, name="tick"),
    path("tasks/<uuid:task_id>/not-done/", tasks.untick, name="untick"),
    path("tasks/<uuid:task_id>/remove/", tasks.remove, name="remove-task"),
    path("tasks/<uuid:task_id>/restore/", tasks.restore, name="restore-task"),
    path("cases/<slug:ref>/tasks/", tasks.add, name="add-task"),
    path("cases/<slug:ref>/checklists/<uuid:checklist_id>/", tasks.apply_checklist, name="apply-checklist"),
    path(
        "cases/<slug:ref>/checklists/<uuid:checklist_id>/take-back/",
        conversation.take_back_checklist,
        name="take-back-checklist",
    ),
    path("cases/<slug:ref>/plan/", plans.plan_page, name="plan"),
    path("cases/<slug:ref>/plan/share/", plans.share, name="share-plan"),
    path("cases/<slug:ref>/plan/<int:number>/", plans.plan_version, name="plan-version"),
    path("cases/<slug:ref>/messages/text/", conversation.use_text, name="use-text"),
    path("cases/<slug:ref>/messages/<uuid:message_id>/take-back/", conversation.take_back, name="take-back"),
    path("cases/<slug:ref>/notes/<uuid:note_id>/remove/", conversation.remove_note, name="remove-note"),
    path("cases/<slug:ref>/notes/<uuid:note_id>/restore/", conversation.restore_note, name="restore-note"),
    path("cases/<slug:ref>/close/undo/", conversation.undo_close, name="undo-close"),
    path("checklists/", library.checklists, name="checklists"),
    path("checklists/new/", library.new_checklist, name="new-checklist"),
    path("checklists/<uuid:checklist_id>/", library.checklist, name="checklist"),
    path("checklists/<uuid:checklist_id>/back/", library.checklist_back, name="checklist-back"),
    path("templates/", library.templates, name="templates"),
    path("templates/new/", library.new_template, name="new-template"),
    path("templates/<uuid:template_id>/", library.template, name="template"),
    path("templates/<uuid:template_id>/back/", library.template_back, name="template-back"),
]

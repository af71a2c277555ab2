"""The second person: what one colleague asks for, another decides, and only then it happens.

This package knows who asked what about which row, who decided and when. It knows nothing of reports or cases: what a
kind of approval means is said by a *handler*, a class named in `settings.APPROVAL_HANDLERS` by its dotted path:

```python
APPROVAL_HANDLERS = {"referral-without-consent": "cases.referrals.approving.WithoutConsent"}
```

```python
# cases/referrals/approving.py
class WithoutConsent(Handler[Referral]):
    title = _("Refer without consent")                      # what is asked, in a few words
    does = _("The referral leaves. It can't be called back.")  # what granting does, to whoever decides
    undone = _("It stays here, and nothing leaves.")        # what refusing does
    deciders = frozenset({Permission.CASES_ALL})            # held besides Permission.APPROVE
    life = timedelta(days=7)                                # asked for longer than this it expires; None: never
    can_be_taken_back = True                                # False: only a second person ends the question
    whys = {}                                               # coarse words to choose from: ask(…, why="…"); {}: none

    def find(self, ids):                                    # many at once: the list asks once a page
        return {str(row.pk): row for row in Referral.objects.filter(pk__in=ids)}
    def check_can_ask(self, obj, *, by): ...                # raise PermissionDenied
    def check_can_decide(self, obj, *, by): ...             # raise PermissionDenied; the list hides nothing by it
    def name(self, obj): return f"{obj.get_kind_display()}, {obj.case.ref}"   # which one; coarse, no content
    def url(self, obj): return reverse("desk:referral", args=[obj.pk])        # '' for none
    def belongs_to(self, obj): return obj.case.report_id    # whose erasure takes the reason along
    def granted(self, approval, obj, *, by, at): actions.allowed_without_consent(approval)   # do it
    def asked(self, approval, obj, *, by, at): ...          # optional: what has to happen at once
    def not_granted(self, approval, obj, *, at): ...        # optional: refused, withdrawn or expired (approval.status)
```

Whoever needs a second person calls, inside or outside a transaction of their own,

```python
approval = approvals.actions.ask(what="referral-without-consent", obj=referral, by=staff, reason=words, at=now)
```

Asked again while one waits, that one is answered. `asked`, `granted` and `not_granted` run in the transaction that
writes the decision: what they raise undoes it. Raise `handlers.CannotBeDone(sentence)` to say why to the person.
"""

"""`python -m tests.cases.claiming USERNAME`: presses "next for me" as fast as it can, and says what it was given."""

import sys

import django

if __name__ == "__main__":
    django.setup()

    from cases import claims
    from helpline.accounts.models import Staff

    staff = Staff.objects.select_related("role").get(username=sys.argv[1])
    while (report_id := claims.next_for(staff=staff)) is not None:
        print(report_id, flush=True)

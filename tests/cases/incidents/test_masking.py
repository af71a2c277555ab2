"""Masked fingerprints keep their distances and nothing else; near ones are all found."""

import random
import secrets
from collections.abc import Callable

import pytest
from django.db.models import IntegerField
from django.db.models.functions import Cast

from cases.incidents import forgetting, masking, matching
from cases.incidents.models import Print
from cases.models import Case, Incident, IncidentMember
from helpline.accounts.models import Staff
from helpline.crypto import keyring
from reports import actions as reports
from reports.actions import FingerprintFacts
from reports.models import Fingerprint
from tests.bench import shapes
from tests.cast import NOON

OpenCase = Callable[..., Case]


def pdq(value: int, quality: int | None = 90) -> FingerprintFacts:
    return FingerprintFacts(algorithm="pdq", value=f"{value:064x}", quality=quality)


def test_masking_keeps_distances_and_hides_the_value() -> None:
    dice, secret = random.Random(1), masking.current()
    for _ in range(50):
        one, other = dice.getrandbits(256), dice.getrandbits(256)
        hidden = [secret.masked(f"{value:064x}") for value in (one, other)]
        assert (hidden[0] ^ hidden[1]).bit_count() == (one ^ other).bit_count()
        assert hidden[0] != one
    assert sorted(secret.places) == list(range(256))


def test_another_key_masks_otherwise() -> None:
    one, other = (masking._secret("k", secrets.token_bytes(32)) for _ in range(2))
    value = f"{7:064x}"
    assert (one.masked(value) ^ other.masked(value)).bit_count() > masking.NEAR


def test_whatever_is_near_shares_a_probed_band() -> None:
    """The pigeonhole, at its edge: 31 bits, two in each band but one."""
    dice = random.Random(2)
    for _ in range(300):
        value = dice.getrandbits(256)
        probes = masking.probes(value)
        probed = [set(probes[17 * band : 17 * (band + 1)]) for band in range(16)]
        assert [len(one) for one in probed] == [17] * 16
        spread = value
        for band in range(16):
            for bit in dice.sample(range(16), 2 if band else 1):
                spread ^= 1 << (16 * band + bit)
        assert (spread ^ value).bit_count() == masking.NEAR
        assert any(there in one for there, one in zip(masking.bands(spread), probed, strict=True))
        anyhow = shapes.near(value, dice.randint(0, masking.NEAR), dice)
        assert any(there in one for there, one in zip(masking.bands(anyhow), probed, strict=True))


@pytest.mark.django_db
def test_the_database_cuts_the_same_bands(open_case: OpenCase) -> None:
    open_case(links=(), fingerprints=(pdq(random.Random(3).getrandbits(256)),))
    row = Print.objects.get()
    cut = [index.expressions[0] for index in Print._meta.indexes]
    [found] = Print.objects.values_list(*(Cast(one, IntegerField()) for one in cut))
    assert list(found) == masking.bands(int(row.masked, 2))


@pytest.mark.django_db
def test_near_pictures_are_proposed_and_far_ones_are_not(open_case: OpenCase) -> None:
    dice = random.Random(4)
    value = shapes.pdq(shapes.draw(dice))
    first = open_case(links=(), fingerprints=(pdq(value),))
    edge = open_case(links=(), fingerprints=(pdq(shapes.near(value, 31, dice)),))
    open_case(links=(), fingerprints=(pdq(shapes.near(value, 32, dice)),))
    open_case(links=(), fingerprints=(pdq(dice.getrandbits(256)),))

    assert matching.similar(first) == {edge.pk: ["near"]}
    rows = IncidentMember.objects.order_by("case_id")
    assert [(row.case, row.reasons) for row in rows] == [(first, ["near"]), (edge, ["near"])]
    [column] = matching.shared_between([first, edge])
    assert (column.kind, column.case_ids) == ("near", {first.pk, edge.pk})


@pytest.mark.django_db
def test_equal_is_said_once(open_case: OpenCase) -> None:
    first = open_case(links=(), fingerprints=(pdq(5),))
    second = open_case(links=(), fingerprints=(pdq(5),))
    assert matching.similar(first) == {second.pk: ["fingerprint"]}
    assert [one.kind for one in matching.shared_between([first, second])] == ["fingerprint"]


@pytest.mark.django_db
@pytest.mark.parametrize(("quality", "counts"), [(49, False), (50, True), (None, True)])
def test_a_picture_that_shows_little_proves_nothing(
    open_case: OpenCase, quality: int | None, counts: bool
) -> None:
    for _ in range(2):
        open_case(links=(), fingerprints=(pdq(5, quality),))
    assert Incident.objects.exists() is counts
    assert Print.objects.exists() is counts


@pytest.mark.django_db
def test_no_bits_of_a_fingerprint_stand_in_the_table(open_case: OpenCase) -> None:
    value = random.Random(6).getrandbits(256)
    open_case(links=(), fingerprints=(pdq(value),))
    assert (int(Print.objects.get().masked, 2) ^ value).bit_count() > 80


@pytest.mark.django_db
def test_erasure_removes_the_row_and_hides_it_at_once(open_case: OpenCase) -> None:
    first = open_case(links=(), fingerprints=(pdq(5),))
    reports.erase_report(report=first.report, by="young-person", at=NOON)
    second = open_case(links=(), fingerprints=(pdq(7),))
    assert matching.similar(second) == {}
    assert Print.objects.count() == 2
    forgetting.follow_erasures(at=NOON)
    assert Print.objects.get().fingerprint.report_id == second.report_id


@pytest.mark.django_db
def test_a_fingerprint_taken_back_takes_its_row_along(open_case: OpenCase) -> None:
    case = open_case(links=(), fingerprints=(pdq(5),))
    reports.remove_fingerprints(report=case.report, at=NOON)
    assert not Fingerprint.objects.exists()
    assert not Print.objects.exists()


@pytest.mark.django_db
def test_with_a_new_key_rows_are_masked_anew(
    open_case: OpenCase, nour: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = open_case(links=(), fingerprints=(pdq(5),))
    before = Print.objects.get()
    keys = keyring.load("desk.key")
    fresh = {"fresh": secrets.token_bytes(32)} | keys
    monkeypatch.setattr(keyring, "load", lambda name: fresh if name == "desk.key" else keys)
    monkeypatch.setattr(keyring, "current", lambda name: next(iter(keyring.load(name).items())))

    matching.keep_prints(case.report, case.box())

    after = Print.objects.get()
    assert (after.key_id, after.fingerprint_id) == ("fresh", before.fingerprint_id)
    assert after.masked != before.masked

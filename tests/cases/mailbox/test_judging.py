"""What prose seems to say. Proposed only, so a miss costs a click; a wrong word would cost more."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.mailbox.judging import bounced, judge, sentences
from cases.takedowns.states import Outcome
from tests.platforms.mailbox import ANSWERS

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)

PROSE = [
    ("We have removed the content.", Outcome.REMOVED),
    ("The post was taken down yesterday.", Outcome.REMOVED),
    ("Le contenu a été supprimé.", Outcome.REMOVED),
    ("Nous avons retiré la publication signalée.", Outcome.REMOVED),
    ("The content has not been removed.", Outcome.REFUSED),
    ("It doesn't violate our Community Standards.", Outcome.REFUSED),
    ("Ce contenu n'enfreint pas nos règles.", Outcome.REFUSED),
    ("Nous ne pouvons pas donner suite à votre demande.", Outcome.REFUSED),
    ("If we find that it breaks our rules, it will be removed.", None),
    ("If it breaks our rules the account may be suspended. Our team is reviewing it.", Outcome.UNDER_REVIEW),
    ("We have suspended the account.", Outcome.ACCOUNT_REMOVED),
    ("Le compte a été suspendu.", Outcome.ACCOUNT_REMOVED),
    ("Access has been restricted in France.", Outcome.DISABLED),
    ("Le contenu est désormais inaccessible dans votre pays.", Outcome.DISABLED),
    ("We could not find anything at this address.", Outcome.NOT_FOUND),
    ("Contenu introuvable à cette adresse.", Outcome.NOT_FOUND),
    ("Please provide the exact URL of the post.", Outcome.MORE_INFORMATION),
    ("Merci de nous préciser l'adresse exacte.", Outcome.MORE_INFORMATION),
    ("Thank you for your report. A ticket has been created.", Outcome.ACKNOWLEDGED),
    ("Nous avons bien reçu votre signalement.", Outcome.ACKNOWLEDGED),
    ("Votre demande est en cours d'examen.", Outcome.UNDER_REVIEW),
    ("Thanks for reaching out. We have removed the video.", Outcome.REMOVED),
    ("Hello there. Best wishes.", None),
    ("We removed a part of it. The rest does not break our rules.", Outcome.PARTLY_REMOVED),
    ("We have removed the first. The second does not violate our rules.", None),
]


@pytest.mark.parametrize(("text", "outcome"), PROSE)
def test_prose(text: str, outcome: Outcome | None) -> None:
    assert judge(text, at=AT).outcome == outcome


@pytest.mark.parametrize("word", ANSWERS)
def test_every_answer_of_the_simulator(word: str) -> None:
    said = judge(f"Hi there,\n\nthanks for reaching out.\n\n{ANSWERS[word].capitalize()}\n\nStay safe", at=AT)
    assert said.outcome == Outcome(word)


def test_the_sentence_is_marked() -> None:
    text = "Hello,\n\nwe looked at it. The post has been removed. Kind regards"
    said = judge(text, at=AT)
    assert [text[start:end] for start, end in said.spans] == ["The post has been removed."]


def test_what_we_wrote_ourselves_is_not_read() -> None:
    quoted = "On Mon, 2 March 2026 helpline wrote:\n> It has been removed.\nThe account was closed."
    text = f"Thank you for your report.\n\n{quoted}"
    assert judge(text, at=AT).outcome == Outcome.ACKNOWLEDGED
    assert judge("> We have removed it.\nThanks for your mail.", at=AT).outcome == Outcome.ACKNOWLEDGED


def test_several_addresses_are_answered_one_by_one() -> None:
    urls = {"a": "https://x.example/p/1", "b": "https://x.example/p/2"}
    text = f"{urls['a']}\nIt has been removed.\n\n{urls['b']}\nThis does not break our rules.\n"
    said = judge(text, at=AT, urls=urls)
    assert said.by_item == {"a": Outcome.REMOVED, "b": Outcome.REFUSED}
    assert said.outcome is None


STATEMENT = """Statement of reasons (article 17 of Regulation (EU) 2022/2065)

Reference: CH-20260302-77
Your notice was reviewed by a person. We found that the content does not violate our terms of service.
You may lodge an internal complaint within six months, or turn to an out-of-court dispute settlement body.
"""


def test_a_statement_of_reasons() -> None:
    said = judge(STATEMENT, at=AT)
    assert (said.outcome, said.is_statement, said.reference) == (Outcome.REFUSED, True, "CH-20260302-77")
    assert said.redress_until == date(2026, 9, 2)


@pytest.mark.parametrize(
    ("words", "until"),
    [
        ("You can appeal until 2 September 2026.", date(2026, 9, 2)),
        ("Vous pouvez déposer une réclamation jusqu'au 15 août 2026.", date(2026, 8, 15)),
        ("An appeal is possible before August 31st, 2026.", date(2026, 8, 31)),
        ("A complaint may be made until 2026-08-31.", date(2026, 8, 31)),
        ("A complaint may be made until 31 February 2027.", None),
        ("A complaint may be made.", None),
        ("An appeal was possible until 2 September 2020.", None),
        ("Une réclamation est possible dans un délai de six mois.", date(2026, 9, 2)),
    ],
)
def test_until_when_one_may_complain(words: str, until: date | None) -> None:
    assert judge(f"It does not violate our rules. {words}", at=AT).redress_until == until


def test_the_end_of_august_has_no_thirty_first_of_february() -> None:
    said = judge(
        "It does not violate our rules. Appeal within six months.", at=datetime(2026, 8, 31, tzinfo=UTC)
    )
    assert said.redress_until == date(2027, 2, 28)


def test_an_automatic_answer_without_a_word_we_know_is_a_receipt() -> None:
    assert judge("Bip.", at=AT, automatic=True).outcome == Outcome.ACKNOWLEDGED
    assert judge("We have removed the post.", at=AT, automatic=True).outcome == Outcome.REMOVED


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Your message to abuse@x.example could not be delivered: no such mailbox.", "failed"),
        ("Votre message n'a pas pu être remis.", "failed"),
        ("550 5.1.1 user unknown", "failed"),
        ("Delivery is delayed. We will keep trying.", "delayed"),
        ("We have removed it.", ""),
    ],
)
def test_bounces_in_prose(text: str, said: str) -> None:
    assert bounced(text) == said


@given(st.text(max_size=3000))
def test_no_text_is_too_strange(text: str) -> None:
    said = judge(text, at=AT, urls={"a": "https://x.example/"})
    for start, end in [*said.spans, *sentences(text)]:
        assert 0 <= start < end <= len(text)
        assert text[start:end].strip() == text[start:end]


@pytest.mark.parametrize("piece", ["a ", "account ", ". ", "not ", "https://", "on x", "we have "])
def test_long_texts_are_read_soon(piece: str) -> None:
    import time

    began = time.monotonic()
    judge(piece * (100_000 // len(piece)), at=AT)
    bounced(piece * (4000 // len(piece)))
    assert time.monotonic() - began < 3

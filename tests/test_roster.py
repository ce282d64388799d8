"""The class list: what is read from a file, and which label means which student."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cli
from config import Settings
from db.matching import LEAST_SCORE, Said, assigned, match, matcher, score
from db.roster import Entry, consenting, parse_roster, read_roster
from domain import ConfigError
from inference.names import Name, Signature
from inference.pipeline import listed


def names(text: str, coding: str = "utf-8") -> list[str]:
    return [entry.name for entry in parse_roster(text.encode(coding), "class.csv")]


def matched(labels: list[str], entries: list[str], certain: bool = True) -> list[str | None]:
    found = match([Said(label, certain) for label in labels], [Entry(name) for name in entries])
    return [each.entry.name if each else None for each in found]


# --- reading --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Name\nZoë Müller\nMax Li\n",
        "\ufeffName,Class\r\nZoë Müller,9b\r\nMax Li,9b\r\n",
        "E-Mail;Nachname;Vorname\nz@x;Müller;Zoë\n;Li;Max\n",
        "First Name\tLast Name\nZoë\tMüller\nMax\tLi\n",
        "surname,GIVEN_NAME\nMüller,Zoë\nLi,Max\n",
        "Prénom;Nom\nZoë;Müller\nMax;Li\n",
        'Student\n"Müller, Zoë"\n\n"Li, Max"\n',
        "Klasse 9b\n\nName\nZoe\u0308 Mu\u0308ller\nMax Li\n",
    ],
)
def test_class_lists_in_usual_spellings_are_read(text: str) -> None:
    assert names(text) == ["Zoë Müller", "Max Li"]


def test_a_list_that_excel_saved_as_unicode_text_is_read() -> None:
    assert names("Name\tClass\nZoë Müller\t9b\n", "utf-16") == ["Zoë Müller"]


REPORTS = {
    "with a mark of its coding": (
        "\ufeffName (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Guest,In Waiting Room\n{rows}",
        "{name},{email},24/11/2026 10:00:01,24/11/2026 10:45:00,45,Yes,No\n",
    ),
    "with lines about the meeting": (
        "Meeting ID,Topic,Start Time,End Time,User Email,Duration (Minutes),Participants\n"
        '812 3456 7890,"Maths, 9b",11/24/2026 10:00:00 AM,11/24/2026 10:45:00 AM,t@x.org,45,4\n\n'
        "Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Guest\n{rows}",
        "{name},{email},11/24/2026 10:00:01 AM,11/24/2026 10:45:00 AM,45,Yes\n",
    ),
    "with totals": (
        "Name (Original Name),User Email,Total Duration (Minutes),Guest\n{rows}",
        "{name},{email},45,Yes\n",
    ),
}


@pytest.mark.parametrize("variant", REPORTS)
def test_reports_of_zoom_give_each_person_once_with_former_names(variant: str) -> None:
    report, row = REPORTS[variant]
    people = [("Minsu Kim", ""), ("Zoë (iPad)", "z@x.org"), ("Zoë", "z@x.org"), ("Minsu Kim", ""), ("Anna", "")]
    rows = "".join(row.format(name=name, email=email) for name, email in people)
    assert parse_roster(report.format(rows=rows).encode(), "report.csv") == (
        Entry("Minsu Kim"),
        Entry("Zoë", ("iPad",), "z@x.org"),
        Entry("Anna"),
    )


def test_two_rows_of_one_name_on_a_class_list_are_two_students() -> None:
    assert names("Name\nAnna Kim\nAnna Kim\n") == ["Anna Kim", "Anna Kim"]


@pytest.mark.parametrize(
    "name", ["=cmd|' /C calc'!A0", "<b>Anna</b>", "\u202eannA", "A" * 200, "@SUM(A1)", "Anna (9b)"]
)
def test_hostile_names_stay_text(name: str) -> None:
    assert names(f"Name;Class\n{name};9b\n") == [name]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "class.csv, line 1: expected a header with Name, or First name and Last name, found an empty file"),
        (b"Kind,Klasse\nAnna,9b\n", "found Kind, Klasse; name the column of the students' names"),
        (b"Name,Class\n", "expected a student in every line below the header, found none"),
        (b"Name,Class\nAnna,9b\n,9b\n", "class.csv, line 3: expected a name, found an empty field"),
        (b"Class;Name\n9b;Anna\n9b\n", "class.csv, line 3: expected 2 fields as in the header, found 1"),
        ("Name\nAnna\nZoë\n".encode("cp1252"), "class.csv, line 3: expected text in UTF-8, found another encoding"),
        (b"x" * 5_000_001, "expected a class list, found 5 MB"),
    ],
)
def test_faults_are_told_in_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_roster(data, "class.csv")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_told_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"class\.roster: expected a CSV file at .*absent.csv"):
        read_roster(tmp_path / "absent.csv")


# --- matching -------------------------------------------------------------------------------------------------------

CLASS = [
    "Zoe Müller",
    "Max Mustermann",
    "Alexandra Konstantinou",
    "William Hill",
    "Đurđa Kovačević",
    "이희래",
    "Li Wei",
]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Zoe Müller", "Zoe Müller"),
        ("MÜLLER Zoe", "Zoe Müller"),
        ("zoe muller", "Zoe Müller"),
        ("Zoe M.", "Zoe Müller"),
        ("Zoë's iPad", "Zoe Müller"),
        ("Alexandra Konst…", "Alexandra Konstantinou"),
        ("Alex Konstantinou", "Alexandra Konstantinou"),
        ("Bill Hill", "William Hill"),
        ("Durda Kovacevic", "Đurđa Kovačević"),
        ("Wei Li", "Li Wei"),
        ("이희래", "이희래"),
        ("Fritz Lang", None),
        ("Zoe Meyer", None),
        ("Mia Mustermann", None),
        ("iPad", None),
        ("", None),
    ],
)
def test_a_label_means_the_student_it_fits_or_nobody(label: str, name: str | None) -> None:
    assert matched([label], CLASS) == [name]


def test_two_students_of_one_name_are_nobody_for_certain() -> None:
    assert matched(["Anna Kim", "Anna Kim", "Max"], ["Anna Kim", "Anna Kim", "Max Li"]) == [None, None, "Max Li"]


def test_two_labels_of_one_text_are_nobody_for_certain() -> None:
    assert matched(["Anna", "Anna"], ["Anna Kim"]) == [None, None]


def test_labels_are_assigned_jointly() -> None:
    assert matched(["Zoe"], ["Zoe Müller", "Zoe Meyer"]) == [None]
    assert matched(["Zoe", "Zoe Müller"], ["Zoe Müller", "Zoe Meyer"]) == ["Zoe Meyer", "Zoe Müller"]


def test_a_certain_reading_is_never_bent_to_a_similar_name() -> None:
    assert matched(["Anna Schmidt"], ["Anne Schmidt"]) == [None]
    assert matched(["Anme Schmidt"], ["Anne Schmidt", "Max Li"], certain=False) == ["Anne Schmidt"]


@pytest.mark.parametrize(("label", "entries"), [("Anme", ["Anne"]), ("Anme Schmidt", ["Anne Schmidt", "Anke Schmidt"])])
def test_a_doubted_reading_needs_letters_and_a_clear_margin(label: str, entries: list[str]) -> None:
    assert matched([label], entries, certain=False) == [None]


def test_a_former_name_leads_to_the_student() -> None:
    (found,) = match([Said("iPad von Z")], [Entry("Zoë Müller", ("iPad von Z",)), Entry("Max Li")])
    assert found is not None
    assert found.entry.name == "Zoë Müller"


GIVEN = st.sampled_from(["Anna", "Anne", "Zoë", "Zoe", "Max", "Maxim", "Li", "Đurđa", "민수"])
FAMILY = st.sampled_from(["Kim", "Müller", "Muller", "Meyer", "Mayer", "Li", "Hill", "Kovačević"])
PEOPLE = st.lists(st.builds("{} {}".format, GIVEN, FAMILY), min_size=1, max_size=6)
LABELS = st.lists(st.one_of(GIVEN, st.builds("{} {}".format, GIVEN, FAMILY)), min_size=1, max_size=6)


@given(LABELS, PEOPLE, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_labels_and_students_does_not_matter(labels, people, random) -> None:
    found = dict(zip(range(len(labels)), matched(labels, people), strict=True))
    order = random.sample(range(len(labels)), len(labels))
    shuffled = matched([labels[at] for at in order], random.sample(people, len(people)))
    assert dict(zip(order, shuffled, strict=True)) == found


@given(LABELS, PEOPLE, st.text("qxj", min_size=5, max_size=9))
@settings(max_examples=60, deadline=None)
def test_an_unrelated_student_changes_no_match(labels, people, stranger) -> None:
    assert matched(labels, [*people, stranger]) == matched(labels, people)


@given(LABELS, PEOPLE)
@settings(max_examples=60, deadline=None)
def test_another_student_makes_no_other_match_of_a_certain_exact_one(labels, people) -> None:
    before = matched(labels, people[:-1])
    after = matched(labels, people)
    exact = [at for at, name in enumerate(before) if name == labels[at]]
    assert all(after[at] in (labels[at], None) for at in exact)


@given(st.integers(1, 4), st.integers(1, 4), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_assignment_is_the_best_of_all(rows, columns, random) -> None:
    scores = np.array([[random.choice([0.0, 0.5, 0.75, 0.8, 0.9, 1.0]) for _ in range(columns)] for _ in range(rows)])
    total, chosen = assigned(scores)
    assert len({column for column in chosen if column is not None}) == sum(column is not None for column in chosen)
    every = itertools.permutations([*range(columns), *[None] * rows], rows)
    best = max(sum(LEAST_SCORE if at is None else scores[row, at] for row, at in enumerate(each)) for each in every)
    assert total == pytest.approx(best)


def test_scores_stay_between_none_and_all() -> None:
    assert score("Zoe Müller", "Zoe Müller") == 1.0
    assert score("Max", "Zoe Müller") == 0.0
    assert 0.72 < score("Zoe", "Zoe Müller") < score("Zoe M", "Zoe Müller") < score("ZOE MULLER", "Zoe Müller") < 1.0


# --- consent --------------------------------------------------------------------------------------------------------


TODAY = date(2026, 11, 25)


def agreed(text: str) -> frozenset[str]:
    return consenting(parse_roster(text.encode(), "class.csv"), TODAY)


def test_a_yes_or_the_day_of_it_is_consent_and_nothing_else_is() -> None:
    said = "Name;Consent\nAnna;yes\nBen;\nCleo;2026-09-01\nDan;no\nEve;1.9.2026\nFinn;X\n"
    assert agreed(said) == {"Anna", "Cleo", "Eve", "Finn"}


def test_a_consent_that_begins_later_is_none_yet() -> None:
    entries = parse_roster(b"Name,consent_at\nAnna,2026-11-25\nBen,2026-11-26\n", "class.csv")
    assert consenting(entries, TODAY) == {"Anna"}
    assert consenting(entries, TODAY + timedelta(days=1)) == {"Anna", "Ben"}


def test_of_a_day_that_can_be_read_in_two_ways_the_later_one_counts() -> None:
    entries = parse_roster(b"Name,Consent\nAnna,3/4/2026\nBen,25/4/2026\nCleo,4/25/2026\nDan,3.4.2026\n", "class.csv")
    days = [entry.consent.own for entry in entries if entry.consent]
    assert days == [date(2026, 4, 3), date(2026, 4, 25), date(2026, 4, 25), date(2026, 4, 3)]


def test_a_minor_needs_a_guardians_consent_too() -> None:
    said = "Name,Minor,consent_at,guardian_consent_at\n"
    said += "Anna,yes,2026-09-01,2026-09-02\nBen,yes,2026-09-01,\nCleo,no,2026-09-01,\nDan,yes,2026-09-01,2027-01-01\n"
    assert agreed(said) == {"Anna", "Cleo"}
    assert agreed("Name,Minor,Consent\nAnna,yes,yes\nBen,,yes\n") == {"Ben"}, "without a column for guardians"


def test_a_list_of_guardians_that_tells_no_minors_apart_is_one_of_minors() -> None:
    assert agreed("Name,Consent,Guardian\nAnna,yes,yes\nBen,yes,\nCleo,,yes\n") == {"Anna"}


def test_of_two_of_one_name_both_must_consent() -> None:
    assert agreed("Name,Consent\nAnna,yes\nAnna,no\nBen,yes\n") == {"Ben"}


def test_a_list_without_the_column_tells_nothing_of_consent() -> None:
    entries = parse_roster(b"Name,Guardian\nAnna,Maria\n", "class.csv")
    assert [entry.consent for entry in entries] == [None]
    assert consenting(entries, TODAY) == frozenset()


def test_a_day_that_is_none_is_named_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"class\.csv, line 2: expected yes, no or a day .* found 2026-02-31"):
        parse_roster(b"Name,Consent\nAnna,2026-02-31\n", "class.csv")


def test_a_word_that_is_neither_yes_nor_no_is_named_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"class\.csv, line 3: expected yes, no or a day .* found maybe"):
        parse_roster(b"Name,Consent\nAnna,yes\nBen,maybe\n", "class.csv")


def test_consent_is_asked_of_the_configured_list(tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_text("Name,Consent\nAnna,yes\nBen,no\n", "utf-8")
    chosen = {"class": {"roster": str(path)}, "privacy": {"consent": "required"}}
    consents = cli.consent_list(Settings.model_validate(chosen))
    assert consents is not None
    assert [consents(name) for name in ("Anna", "Ben", "Cleo")] == [True, False, False]
    assert cli.consent_list(Settings()) is None


def test_consent_that_is_required_needs_a_list_that_tells_of_it(tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_text("Name\nAnna\n", "utf-8")
    for roster, found in ((None, "no class list"), (str(path), "none in")):
        chosen = {"class": {"roster": roster}, "privacy": {"consent": "required"}}
        with pytest.raises(ConfigError, match=f"expected a column Consent .* found {found}"):
            cli.consent_list(Settings.model_validate(chosen))


# --- in the class ---------------------------------------------------------------------------------------------------


def label(text: str | None, staff: bool = False, doubted: str | None = None) -> Name:
    return Name(text, 0.9 if text else 0.0, Signature(np.zeros((16, 40), np.uint8)), staff, doubted)


def test_names_get_the_spelling_of_the_list_where_they_mean_one_student() -> None:
    read = {0: label("MÜLLER Zoe"), 1: label(None, doubted="Durda Kovačevič"), 2: label("Fritz Lang"), 3: None}
    names = listed(read, matcher([Entry(name) for name in CLASS]))
    assert {slot: name.text if name else None for slot, name in names.items()} == {
        0: "Zoe Müller",
        1: "Đurđa Kovačević",
        2: "Fritz Lang",
        3: None,
    }


def test_the_teacher_is_no_student_of_the_same_first_name() -> None:
    names = listed({0: label("Max", staff=True)}, matcher([Entry("Max Mustermann")]))
    assert names[0] is not None
    assert names[0].text == "Max"


def test_the_configured_list_is_the_one_that_counts(tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_text("Name\nZoë Müller\n", "utf-8")
    match_names = cli.class_list(Settings.model_validate({"class": {"roster": str(path)}}))
    assert match_names is not None
    assert [found and found[0] for found in match_names([("Zoe Muller", True), ("Max", True)])] == ["Zoë Müller", None]
    assert cli.class_list(Settings()) is None

"""Lists of members from elsewhere: read whoever wrote them, and what cannot be read is said line by line."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.members_file import (
    MOST_BYTES,
    MOST_ROWS,
    Fault,
    Field,
    FileFault,
    LineFault,
    MembersFile,
    heading_of,
    read_day,
    read_members,
)
from gateway.domain.members_plan import Ends, last_day, plan_import
from gateway.domain.merging import merged
from gateway.domain.people import Member
from gateway.domain.spreadsheet import FORMULA, read_cell, rows_of, written, written_cell

PARIS = ZoneInfo("Europe/Paris")
HELLO_ASSO = """\
Référence commande;Date de la commande;Statut de la commande;Nom adhérent;Prénom adhérent;Nom payeur;Prénom payeur;\
Email payeur;Carte d'adhérent;Tarif;Montant tarif;Champ complémentaire 1 : Date de naissance
123;02/09/2026 14:05;Validé;MARTIN;Zoé;MARTIN;Zoé;zoe@example.org;https://example.org;Plein;20,00;03/04/1990
124;02/09/2026 14:06;Validé;MARTIN;Tom;MARTIN;Zoé;zoe@example.org;https://example.org;Enfant;5,00;05/06/2015
125;02/09/2026 14:07;Remboursé;Petit;Ali;Petit;Ali;ali@example.org;https://example.org;Plein;20,00;
"""
HOSTILE = [
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "\u202eevil",
    "x" * 4096,
    "a\0b",
    "'; DROP TABLE members;--",
]


def read(text, encoding="utf-8"):
    found = read_members(text.encode(encoding))
    assert isinstance(found, MembersFile), found
    return found


def plan(text, members=(), **ends):
    file = read(text)
    return plan_import(file.lines, members, zone=PARIS, ends=Ends(**ends), faults=file.faults)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_list_is_read_whatever_program_wrote_it(encoding, delimiter, ending):
    text = ending.join(["Prénom;Nom;E-mail", "Zoé;Ménard;zoe@example.org", "", "Jo;;"]).replace(";", delimiter)
    file = read(text, encoding)
    assert [(line.line, line.first_name, line.last_name, line.email) for line in file.lines] == [
        (2, "Zoé", "Ménard", "zoe@example.org"), (4, "Jo", "", None),
    ]  # fmt: skip
    assert file.faults == ()


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("PRÉNOM", Field.FIRST_NAME), ("First name", Field.FIRST_NAME), ("Nom de famille ", Field.LAST_NAME),
        ("Adresse e-mail", Field.EMAIL), ("N° d’adhérent", Field.REFERENCE), ("Fin d’adhésion", Field.MEMBER_UNTIL),
        ("member_until", Field.MEMBER_UNTIL), ("Champ complémentaire: Email", Field.EMAIL),
        ("Référence commande", None), ("Numéro de billet", None), ("Téléphone", None), ("", None),
    ],
)  # fmt: skip
def test_headings_are_known_in_french_english_and_as_helloasso_writes_them(heading, field):
    assert heading_of(heading) is field


def test_a_helloasso_export_is_read_as_it_comes():
    found = plan(HELLO_ASSO, year_after_order=True)
    zoe, tom = found.added
    assert zoe.values["email"] == "zoe@example.org"
    assert "email" not in tom.values, "a child has not the address of whoever paid"
    assert tom.values["birth_date"] == date(2015, 6, 5)
    assert last_day(zoe.values["member_until"], PARIS) == date(2027, 9, 2)
    assert found.faults == (
        Fault(line=4, code=LineFault.NOT_PAID, heading="Statut de la commande", value="Remboursé"),
    )  # fmt: skip
    assert read(HELLO_ASSO).ignored == ("Référence commande", "Carte d'adhérent", "Tarif", "Montant tarif")


@pytest.mark.parametrize(
    ("row", "code", "value"),
    [
        ("Zoé;M;zoe(at)example.org;;", LineFault.EMAIL_WRONG, "zoe(at)example.org"),
        ("Zoé;M;zoe@example;;", LineFault.EMAIL_WRONG, "zoe@example"),
        ("Zoé;M;;31/02/2026;", LineFault.DATE_WRONG, "31/02/2026"),
        ("Zoé;M;;02/28/2026;", LineFault.DATE_WRONG, "02/28/2026"),
        ("Zoé;M;;bientôt;", LineFault.DATE_WRONG, "bientôt"),
        (";Martin;;;", LineFault.NAME_MISSING, "Martin"),
        ("Zo\0é;M;;;", LineFault.CHARACTER, "Zo\ufffdé"),
        ("Zo\u202eé;M;;;", LineFault.CHARACTER, "Zo\ufffdé"),
        ("Zoé;" + "M" * 4096 + ";;;", LineFault.TOO_LONG, "M" * 80 + "…"),
        ("Zoé;M;;;;surplus", LineFault.TOO_MANY_CELLS, "surplus"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_its_value(row, code, value):
    file = read(f"Prénom;Nom;E-mail;Fin;Ref\nAnn;B;;;\n{row}\nJo;C;;;\n")
    (fault,) = file.faults
    assert (fault.line, fault.code, fault.value) == (3, code, value)
    assert [line.first_name for line in file.lines] == ["Ann", "Jo"]


def test_a_quote_that_is_never_closed_is_said_with_the_lines_it_swallowed():
    rows = "\n".join(f"Ann{n};B" for n in range(8))
    (fault,) = read(f'Prénom;Nom\nJo;"C\n{rows}\n').faults
    assert (fault.line, fault.code) == (2, LineFault.QUOTE)
    assert fault.other >= 10


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", FileFault.EMPTY), (b"\n\n ;; \n", FileFault.EMPTY), (b"PK\x03\x04\0\0\x80", FileFault.UNREADABLE),
        ("Téléphone;Ville\n1;2".encode(), FileFault.NO_NAMES), (b"x" * (MOST_BYTES + 1), FileFault.TOO_LARGE),
        (b"\xff\xfe\x00", FileFault.UNREADABLE), (b'"' + b"x" * 200_000, FileFault.UNREADABLE),
        ("Prénom\n" + "A\n" * (MOST_ROWS + 1)).encode() and (("Prénom\n" + "A\n" * (MOST_ROWS + 1)).encode(), FileFault.TOO_MANY_ROWS),
    ],
)  # fmt: skip
def test_a_file_that_is_no_list_is_said_to_be_none(data, fault):
    assert read_members(data) is fault


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_nonsense_is_answered_and_never_raises(data):
    found = read_members(b"Pr\xe9nom;Nom;E-mail;Fin\n" + data)
    assert isinstance(found, MembersFile | FileFault)


@given(st.lists(st.lists(st.text(max_size=40), min_size=2, max_size=4), max_size=6))
def test_no_cell_that_is_written_begins_a_formula(rows):
    data = b"".join(written(rows)).decode("utf-8-sig", "surrogatepass")
    for row in rows_of("a;b;c;d\n" + data):
        assert not any(cell.startswith(("=", "@")) and written_cell(cell) == cell for cell in row.cells)
    for row in rows:
        for cell in row:
            assert not written_cell(cell).startswith(FORMULA)


@pytest.mark.parametrize("cell", ["=1+1", "+33 6 12", "-1", "@x", "'=1", "O'Brien", "’tis", ""])
def test_what_was_written_is_read_again(cell):
    assert read_cell(written_cell(cell)) == read_cell(cell)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_refused_or_kept_as_they_are(text):
    file = read(f'Prénom;Nom\n"{text}";X\n')
    assert all(line.first_name == text for line in file.lines)
    assert len(file.lines) + len(file.faults) == 1


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("31/12/2026", date(2026, 12, 31)), ("1.2.2026", date(2026, 2, 1)), ("2026-12-31", date(2026, 12, 31)),
        ("31/12/2026 14:05", date(2026, 12, 31)), ("2026-12-31T23:00:00Z", date(2026, 12, 31)),
        ("31/12/26", None), ("46022", None), ("31/12/0026", None), ("٣١/١٢/٢٠٢٦", date(2026, 12, 31)),
    ],
)  # fmt: skip
def test_days_are_read_as_in_france(text, day):
    assert read_day(text) == day


# Whom the lab knows already

ANN = Member(id="ann", first_name="Ann", last_name="Durand", email="ann@example.org", reference="7")
LEO = Member(id="leo", first_name="Léo", last_name="Durand", email="ann@example.org")


@pytest.mark.parametrize(
    ("row", "who", "differences"),
    [
        ("7;Anne;Durand;;", "ann", {"first_name"}),
        (";Ann;Dupont;ANN@example.org;", "ann", {"last_name"}),
        (";LEO;DURAND;ann@example.org;", "leo", None),
        (";Léo;Durand;;", "leo", None),
        ("8;Leo;Durand;ann@example.org;", "leo", {"reference", "first_name"}),
        ("9;Ann;Durand;ann@example.org;", None, None),
        (";Zoé;Durand;ann@example.org;", None, None),
    ],
)
def test_a_person_is_known_by_reference_address_or_name(row, who, differences):
    found = plan(f"Ref;Prénom;Nom;Mail;Fin\n{row}\n", [ANN, LEO])
    if who is None:
        assert [one.shares for one in found.added] == ["Ann Durand"]
    elif differences is None:
        assert found.same == 1
    else:
        (change,) = found.changed
        assert (change.member.id, set(change.differences)) == (who, differences)


def test_two_of_one_name_are_not_guessed_between():
    twins = [Member(id=str(n), first_name="Jean", last_name="Martin") for n in range(2)]
    (fault,) = plan("Prénom;Nom\nJean;Martin\n", twins).faults
    assert (fault.code, fault.value) == (LineFault.AMBIGUOUS, "Jean Martin")


def test_a_person_on_two_lines_stands_once_with_the_longer_membership():
    found = plan("Prénom;Nom;Fin\nAnn;B;31/12/2025\nAnn;B;31/12/2026\nAnn;B;31/12/2024\n")
    assert [one.line for one in found.added] == [3]
    assert [(fault.line, fault.code, fault.other) for fault in found.faults] == [
        (2, LineFault.TWICE, 3), (4, LineFault.TWICE, 3),
    ]  # fmt: skip


def test_an_empty_cell_changes_nothing_and_an_assumed_end_never_shortens():
    until = datetime(2027, 6, 30, 22, tzinfo=UTC)
    member = Member(id="m", first_name="Ann", last_name="B", email="a@example.org", member_until=until)
    text = "Prénom;Nom;Mail;Fin\nAnn;;a@example.org;{}\n"
    assert plan(text.format(""), [member], on=date(2026, 12, 31)).same == 1
    longer = plan(text.format(""), [member], on=date(2027, 12, 31)).changed[0]
    assert set(longer.differences) == {"member_until"}
    assert plan(text.format("30/06/2027"), [member]).same == 1
    assert plan(text.format("31/12/2026"), [member]).changed[0].differences["member_until"][0] == until


NAMES = st.sampled_from(["Ann", "Léo", "Zoé", "ANN", "Jean-Paul"])
LINES = st.lists(
    st.tuples(st.sampled_from(["", "1", "2"]), NAMES, NAMES, st.sampled_from(["", "a@b.fr", "c@d.fr"])), max_size=8
)


@given(LINES, LINES)
def test_importing_twice_changes_nothing_more_and_deletes_nobody(first, second):
    members, made = {}, 0
    for rows in (first, second, second):
        text = "Ref;Prénom;Nom;Mail\n" + "".join(";".join(row) + "\n" for row in rows)
        before, found = set(members), plan(text, members.values())
        for one in found.added:
            made += 1
            members[str(made)] = Member(id=str(made), **one.values)
        for change in found.changed:
            new = {name: value for name, (_, value) in change.differences.items()}
            members[change.member.id] = _changed(change.member, new)
        assert before <= set(members)
        assert len(found.added) + len(found.changed) + found.same + len(found.faults) == len(rows)
    assert found.added == ()


def _changed(member, new):
    from dataclasses import replace

    return replace(member, **new)


@given(st.booleans(), st.booleans(), st.none() | st.just(3), st.none() | st.just(datetime(2027, 1, 1, tzinfo=UTC)))
def test_merging_loses_no_right_and_no_suspension(active, responsible, charter, until):
    keep = Member(id="k", first_name="A", active=active, suspended_reason=None if active else "x", charter_version=2)
    gone = Member(
        id="g", first_name="B", email="b@c.fr", responsible=responsible, charter_version=charter, member_until=until
    )
    found = merged(keep, gone)
    assert (found.id, found.first_name, found.email, found.active) == ("k", "A", "b@c.fr", active)
    assert found.responsible == responsible
    assert found.charter_version == (charter or 2)
    assert found.member_until is None

"""The files that coordinators bring."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from helpline.services.csv_file import BadFile, Changes
from helpline.services.import_shifts import import_shifts
from helpline.services.import_volunteers import import_volunteers
from helpline.storage.models import Shift, Volunteer
from tests.world import World

VOLUNTEERS = "name,phone,role,languages,topics,gender,timezone,trained_until,max_conversations\n"
SHIFTS = "phone,starts,ends,timezone,repeats\n"
SAM = "+12025550111"


def people(world: World, rows: str, header: str = VOLUNTEERS) -> Changes:
    with world.wires.desk() as desk:
        return import_volunteers(desk, 1, header + rows)


def roster(world: World, rows: str) -> Changes:
    with world.wires.desk() as desk:
        return import_shifts(desk, 1, SHIFTS + rows)


def faults(run: object, *given: object) -> list[str]:
    with pytest.raises(BadFile) as caught:
        run(*given)  # type: ignore[operator]
    return [str(fault) for fault in caught.value.faults]


def test_a_full_row_is_read(world: World) -> None:
    people(
        world, f"Sam Field,{SAM},peer;lead,en;es,grief;alcohol,male,Europe/Madrid,2027-06-30,2\n"
    )
    with world.session() as session:
        [sam] = session.scalars(select(Volunteer))
        assert (sam.name, sam.roles, sam.languages) == ("Sam Field", ["peer", "lead"], ["en", "es"])
        assert (sam.topics, sam.gender, sam.timezone) == (
            ["grief", "alcohol"],
            "male",
            "Europe/Madrid",
        )
        assert (str(sam.trained_until), sam.max_conversations) == ("2027-06-30", 2)


def test_empty_cells_take_defaults(world: World) -> None:
    people(world, f"Sam,{SAM},,,,,,,\n")
    with world.session() as session:
        [sam] = session.scalars(select(Volunteer))
        assert (sam.roles, sam.languages, sam.timezone) == (["peer"], ["en"], "UTC")
        assert (sam.trained_until, sam.max_conversations) == (None, 1)


def test_the_same_file_twice_changes_nothing(world: World) -> None:
    row = f"Sam,{SAM},peer,en,,,,,\n"
    assert str(people(world, row)) == "1 added, 0 changed, 0 unchanged"
    assert str(people(world, row)) == "0 added, 0 changed, 1 unchanged"
    assert str(people(world, row.replace("Sam,", "Samuel,"))) == "0 added, 1 changed, 0 unchanged"
    shift = f"{SAM},2026-11-23 18:00,2026-11-23 22:00,,\n"
    assert str(roster(world, shift)) == "1 added, 0 changed, 0 unchanged"
    assert str(roster(world, shift)) == "0 added, 0 changed, 1 unchanged"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (",+12025550111,,,,,,,", "row 2, name"),
        ("Sam,,,,,,,,", "row 2, phone"),
        ("Sam,12,,,,,,,", "row 2, phone"),
        ("Sam,hello,,,,,,,", "row 2, phone"),
        ("Sam,+12025550111,boss,,,,,,", "row 2, role"),
        ("Sam,+12025550111,,english!,,,,,", "row 2, languages"),
        ("Sam,+12025550111,,,a<b,,,,", "row 2, topics"),
        ("Sam,+12025550111,,,,,Mars/Base,,", "row 2, timezone"),
        ("Sam,+12025550111,,,,,,next year,", "row 2, trained_until"),
        ("Sam,+12025550111,,,,,,,0", "row 2, max_conversations"),
        ("Sam,+12025550111,,,,,,,ten", "row 2, max_conversations"),
        ("Sam,+12025550111", "row 2: should have 9 cells"),
        (
            "Sam,+12025550111,,,,,,,\nSam,(202) 555-0111,,,,,,,",
            "row 3, phone: the same as in row 2",
        ),
    ],
)
def test_a_fault_is_named_by_row_and_column_and_nothing_is_changed(
    world: World, row: str, fault: str
) -> None:
    good = "Ann,+12025550199,,,,,,,"
    found = faults(people, world, f"{row}\n{good}\n")
    assert any(each.startswith(fault) for each in found), found
    with world.session() as session:
        assert session.scalars(select(Volunteer)).all() == []


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("name,phone\n", "column is missing"),
        (VOLUNTEERS.replace("role", "roll"), "column is not known"),
        (VOLUNTEERS.strip() + ",name\n", "column stands twice"),
        ("", "the file is empty"),
        (VOLUNTEERS.replace(",", ";"), "parted by commas"),
    ],
)
def test_columns_must_be_right(world: World, header: str, fault: str) -> None:
    assert any(fault in each for each in faults(people, world, "", header))


def test_every_fault_is_named_at_once(world: World) -> None:
    assert len(faults(people, world, ",x,boss,,,,,,\nSam,y,,,,,,,\n")) == 4


def test_columns_may_stand_in_any_order_and_excel_marks_are_read(world: World) -> None:
    header = (
        "\ufeffphone,name,max_conversations,role,languages,topics,gender,timezone,trained_until\n"
    )
    assert people(world, f"{SAM},Sam,1,,,,,,\n", header).added == 1


def test_a_number_in_no_range_is_taken_with_a_warning(world: World) -> None:
    assert "row 2, phone" in people(world, "Sam,+15550001234,,,,,,,\n").warnings[0]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("+12025550100,2026-11-23 18:00,2026-11-23 22:00,,", "no volunteer has this number"),
        (f"{SAM},23.11.2026,2026-11-23 22:00,,", "row 2, starts"),
        (f"{SAM},2026-11-23 18:00,,,", "row 2, ends"),
        (f"{SAM},2026-11-23 18:00,2026-11-23 17:00,,", "row 2, ends: should be after starts"),
        (f"{SAM},2026-11-23 18:00,2026-11-25 18:00,,", "row 2, ends"),
        (f"{SAM},2026-11-23 18:00,2026-11-23 22:00,Nowhere,", "row 2, timezone"),
        (f"{SAM},2026-11-23 18:00,2026-11-23 22:00,,every day", "row 2, repeats"),
        (f"{SAM},2026-11-23 18:00,2026-11-23 22:00,,FREQ=MINUTELY", "row 2, repeats"),
    ],
)
def test_a_bad_shift_is_named_and_nothing_is_changed(world: World, row: str, fault: str) -> None:
    people(world, f"Sam,{SAM},,,,,,,\n")
    good = f"{SAM},2026-11-24 18:00,2026-11-24 22:00,,"
    assert any(
        fault in each
        for each in faults(
            roster, world, f"{good}\n{row}\n".replace(f"{good}\n{row}", f"{row}\n{good}")
        )
    ), row
    with world.session() as session:
        assert session.scalars(select(Shift)).all() == []


def test_shifts_repeat_in_their_own_zone_through_a_clock_change(world: World) -> None:
    people(world, f"Sam,{SAM},,,,,America/New_York,,\n")
    world.now = datetime(2027, 3, 10, tzinfo=UTC)
    roster(world, f"{SAM},2027-03-12 22:00,2027-03-13 02:00,,FREQ=DAILY;COUNT=3\n")
    with world.session() as session:
        found = session.execute(select(Shift.starts_at, Shift.ends_at).order_by(Shift.starts_at))
        spans = [
            (start.astimezone(UTC).hour, (end - start).seconds // 3600) for start, end in found
        ]
    assert spans == [(3, 4), (3, 3), (2, 4)]


def test_the_roster_is_extended_day_by_day(world: World) -> None:
    people(world, f"Sam,{SAM},,,,,,,\n")
    roster(world, f"{SAM},2026-11-23 18:00,2026-11-23 22:00,,FREQ=DAILY\n")
    world.settle()
    with world.session() as session:
        before = session.query(Shift).count()
    world.wait(10 * 86_400, steps=10)
    with world.session() as session:
        assert session.query(Shift).count() == before + 10

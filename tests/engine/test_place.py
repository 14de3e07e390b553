"""Where a consumer may be: split states, codes, numbers, and what displaces what."""

from __future__ import annotations

import doctest
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest
import zipcodes

from engine import clock, place, tables, words
from engine.account import Address, Consumer, Point, ZoneEvidence
from engine.history import Statement
from engine.place import zones as zones_module
from engine.tables import make_area_codes, make_edge_codes

EASTERN, CENTRAL, MOUNTAIN = "America/New_York", "America/Chicago", "America/Denver"
PACIFIC, ARIZONA, ALASKA = "America/Los_Angeles", "America/Phoenix", "America/Anchorage"
ADAK, HAWAII, PUERTO_RICO = "America/Adak", "Pacific/Honolulu", "America/Puerto_Rico"
DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 17, tzinfo=UTC)
HOUR, ONE_DAY = timedelta(hours=1), timedelta(days=1)


# -- names


def test_zones_that_keep_the_same_time_go_by_one_name() -> None:
    names = {zone: place.same_clock(zone) for zone in clock.ZONES}
    assert {zone for zone, name in names.items() if zone == name} == {
        EASTERN,
        CENTRAL,
        MOUNTAIN,
        ARIZONA,
        PACIFIC,
        ALASKA,
        "America/Metlakatla",
        ADAK,
        HAWAII,
        PUERTO_RICO,
        "Pacific/Guam",
        "Pacific/Pago_Pago",
    }
    assert names["America/Detroit"] == EASTERN
    assert names["America/Indiana/Knox"] == CENTRAL
    assert names["America/Boise"] == MOUNTAIN
    assert place.same_clock("Europe/Paris") == "Europe/Paris"
    assert place.same_clock("US/Eastern") == EASTERN
    with pytest.raises(ValueError, match="unknown zone `America/Springfield`"):
        place.same_clock("America/Springfield")


def test_states() -> None:
    assert len(place.STATES) == 56
    assert place.STATES["DC"] == "US-DC"
    assert {"PR", "VI", "GU", "MP", "AS"} <= set(place.STATES)
    assert place.state_of(" ma ") == place.state_of("US-MA") == "MA"
    for nowhere in ("AA", "AE", "AP", "ON", "", None):
        assert place.state_of(nowhere) is None
        assert place.zones_of_state(nowhere) == frozenset()
    assert place.zones_of_state("AK") == {ALASKA, ADAK, "America/Metlakatla"}
    assert place.zones_of_state("NV") == {PACIFIC, MOUNTAIN}
    assert place.zones_of_state("TX") == {CENTRAL, MOUNTAIN}
    assert place.zones_of_state("US-MA") == {EASTERN}


# -- postal codes


@pytest.mark.parametrize(
    ("code", "state", "expected"),
    [
        # Indiana
        ("46204", "IN", {EASTERN}),
        ("46402", "IN", {CENTRAL}),  # Gary
        ("47708", "IN", {CENTRAL}),  # Evansville
        ("46534", "IN", {CENTRAL, EASTERN}),  # Knox, at the line
        ("46601", "IN", {EASTERN}),  # South Bend
        # Kentucky, Tennessee
        ("40202", "KY", {EASTERN}),
        ("42101", "KY", {CENTRAL}),  # Bowling Green
        ("37203", "TN", {CENTRAL}),
        ("37902", "TN", {EASTERN}),
        ("37402", "TN", {EASTERN}),  # Chattanooga
        ("37405", "TN", {CENTRAL, EASTERN}),  # its point lies across the line
        # Florida, Alabama
        ("32501", "FL", {CENTRAL}),  # Pensacola
        ("32301", "FL", {EASTERN}),  # Tallahassee
        ("33130", "FL", {EASTERN}),
        ("32456", "FL", {CENTRAL, EASTERN}),  # Gulf County
        ("32465", "FL", {CENTRAL, EASTERN}),
        ("35203", "AL", {CENTRAL}),
        ("36867", "AL", {CENTRAL, EASTERN}),  # Phenix City
        # Michigan
        ("48226", "MI", {EASTERN}),
        ("49855", "MI", {EASTERN}),  # Marquette
        ("49801", "MI", {CENTRAL}),  # Iron Mountain
        # Dakotas, Nebraska, Kansas
        ("58501", "ND", {CENTRAL}),
        ("58601", "ND", {MOUNTAIN}),  # Dickinson
        ("58854", "ND", {CENTRAL, MOUNTAIN}),  # McKenzie County
        ("58538", "ND", {CENTRAL, MOUNTAIN}),  # Fort Yates, Sioux County
        ("57501", "SD", {CENTRAL}),
        ("57532", "SD", {CENTRAL, MOUNTAIN}),  # Fort Pierre
        ("57701", "SD", {MOUNTAIN}),
        ("68102", "NE", {CENTRAL}),
        ("69361", "NE", {MOUNTAIN}),
        ("69201", "NE", {CENTRAL, MOUNTAIN}),  # Cherry County
        ("67202", "KS", {CENTRAL}),
        ("67878", "KS", {MOUNTAIN}),  # Syracuse
        ("67857", "KS", {CENTRAL, MOUNTAIN}),  # Kendall, across the county line
        # Texas, Oklahoma
        ("75201", "TX", {CENTRAL}),
        ("79901", "TX", {MOUNTAIN}),
        ("79855", "TX", {CENTRAL, MOUNTAIN}),  # Culberson County
        ("73946", "OK", {CENTRAL, MOUNTAIN}),  # Kenton
        ("73102", "OK", {CENTRAL}),
        # Oregon, Idaho, Nevada, California
        ("97201", "OR", {PACIFIC}),
        ("97914", "OR", {MOUNTAIN, PACIFIC}),  # Malheur County
        ("83702", "ID", {MOUNTAIN}),
        ("83814", "ID", {PACIFIC}),
        ("83530", "ID", {MOUNTAIN, PACIFIC}),  # Idaho County
        ("89501", "NV", {PACIFIC}),
        ("89801", "NV", {PACIFIC}),  # Elko
        ("89883", "NV", {MOUNTAIN, PACIFIC}),  # West Wendover
        ("89825", "NV", {MOUNTAIN, PACIFIC}),  # Jackpot
        ("90012", "CA", {PACIFIC}),
        ("92283", "CA", {PACIFIC, ARIZONA}),  # Winterhaven
        # Arizona and the Navajo Nation
        ("85004", "AZ", {ARIZONA}),
        ("85701", "AZ", {ARIZONA}),
        ("86515", "AZ", {ARIZONA, MOUNTAIN}),  # Window Rock
        ("86045", "AZ", {ARIZONA, MOUNTAIN}),  # Tuba City
        ("86039", "AZ", {ARIZONA, MOUNTAIN}),  # Kykotsmovi, Hopi
        # Alaska, Hawaii, territories
        ("99501", "AK", {ALASKA}),
        ("99634", "AK", {ALASKA}),  # the package names a zone that does not exist
        ("99546", "AK", {ALASKA, ADAK}),
        ("99926", "AK", {ALASKA, "America/Metlakatla"}),
        ("96813", "HI", {HAWAII}),
        ("00901", "PR", {PUERTO_RICO}),
        ("00802", "VI", {PUERTO_RICO}),
        ("96910", "GU", {"Pacific/Guam"}),
        ("96950", "MP", {"Pacific/Guam"}),
        ("96799", "AS", {"Pacific/Pago_Pago"}),
    ],
)
def test_zones_of_a_code(code: str, state: str, expected: set[str]) -> None:
    assert place.zones_of_postal_code(code, state) == expected
    assert place.zones_of_postal_code(code) == expected
    assert place.zones_of_postal_code(f"{code}-1234", state.lower()) == expected
    assert place.zones_of_postal_code(f"{code}1234", f"US-{state}") == expected


def test_an_unknown_code_keeps_every_zone_of_its_state() -> None:
    for code in (None, "", "99999", "2108", "ABCDE", "٠٢١٠٨"):
        assert place.zones_of_postal_code(code, "IN") == {EASTERN, CENTRAL}
        assert place.zones_of_postal_code(code, None) == frozenset()
        assert place.zones_of_postal_code(code, "AE") == frozenset()


def test_a_code_of_another_state_keeps_both() -> None:
    assert place.zones_of_postal_code("02108", "TX") == {EASTERN, CENTRAL, MOUNTAIN}
    assert place.jurisdictions_of("TX", "02108") == {"US-TX", "US-MA"}


def test_military_mail_and_other_countries_are_no_place() -> None:
    for code, state in (("09001", "AE"), ("34002", "AA"), ("96201", "AP"), ("96941", "FM")):
        assert place.zones_of_postal_code(code, state) == frozenset()
        assert place.jurisdictions_of(state, code) == frozenset()


def test_every_code_has_a_zone_and_the_law_of_its_state() -> None:
    extra = {("OK", MOUNTAIN), ("CA", ARIZONA), ("AK", PACIFIC)}  # by custom, a single town each
    for code, state, zones, places in place.postal_code_table():
        assert zones, code
        assert place.STATES[state] in places
        for zone in zones:
            assert zone in place.zones_of_state(state) or (state, zone) in extra, code
        assert zones == tuple(sorted(place.zones_of_postal_code(code, state)))
        assert places == tuple(sorted(place.jurisdictions_of(state, code)))


def test_every_row_of_a_split_county_is_one_the_package_knows() -> None:
    known = {(row["state"], zones_module.plain_county(row["county"])) for row in codes()}
    for row in tables.rows("split_counties"):
        assert (row["state"], zones_module.plain_county(row["county"])) in known, row
        assert len({place.same_clock(zone) for zone in row["zones"].split()}) == 2
        assert row["basis"] in ("law", "custom")
        assert row["cite"]
    single = {one for row in tables.rows("split_counties") for one in row["postal_codes"].split()}
    assert single <= {row["zip_code"] for row in codes()}


def test_every_code_of_a_state_is_taken_from_the_package() -> None:
    of_states = [row for row in zipcodes.list_all() if row["state"] in place.STATES]  # type: ignore[no-untyped-call]  # untyped package
    assert sorted(row["zip_code"] for row in codes()) == sorted(
        row["zip_code"] for row in of_states
    )


def codes() -> Iterable[dict[str, str]]:
    return zones_module.package_codes()


@pytest.mark.parametrize(
    ("state", "county", "expected"),
    [
        ("IN", "Lake County", {CENTRAL}),
        ("IN", "Marion", {EASTERN}),
        ("IN", "LaPorte", {CENTRAL, EASTERN}),  # a code of it touches the line
        ("KY", "Jefferson County", {EASTERN}),
        ("KY", "warren county", {CENTRAL}),
        ("TN", "Davidson", {CENTRAL}),
        ("TN", "Knox", {EASTERN}),
        ("FL", "Escambia", {CENTRAL}),
        ("FL", "Gulf", {CENTRAL, EASTERN}),
        ("FL", "Miami-Dade", {EASTERN}),
        ("ND", "McKenzie", {CENTRAL, MOUNTAIN}),
        ("ND", "Cass", {CENTRAL}),
        ("SD", "Pennington", {MOUNTAIN}),
        ("SD", "Stanley", {CENTRAL, MOUNTAIN}),
        ("NE", "Cherry", {CENTRAL, MOUNTAIN}),
        ("NE", "Douglas", {CENTRAL}),
        ("KS", "Sedgwick", {CENTRAL}),
        ("TX", "El Paso", {MOUNTAIN}),
        ("TX", "Dallas", {CENTRAL}),
        ("OR", "Malheur", {MOUNTAIN, PACIFIC}),
        ("OR", "Multnomah", {PACIFIC}),
        ("ID", "Idaho", {MOUNTAIN, PACIFIC}),
        ("ID", "Kootenai", {PACIFIC}),
        ("ID", "Ada", {MOUNTAIN}),
        ("MI", "Wayne", {EASTERN}),
        ("MI", "Dickinson", {CENTRAL, EASTERN}),  # a code of it touches the line
        ("AZ", "Maricopa", {ARIZONA}),
        ("AZ", "Apache", {ARIZONA, MOUNTAIN}),
        ("NV", "Elko", {MOUNTAIN, PACIFIC}),
        ("IN", "Shire", {EASTERN, CENTRAL}),  # no such county: all of the state
        ("IN", "", {EASTERN, CENTRAL}),
        ("XX", "Lake", set()),
    ],
)
def test_a_county_places_an_address_without_a_code(
    state: str, county: str, expected: set[str]
) -> None:
    for code in (None, "", "99999"):
        assert place.zones_of_postal_code(code, state, county) == expected


def test_a_code_places_more_closely_than_its_county() -> None:
    assert place.zones_of_postal_code("46204", "IN", "Lake") == {EASTERN}
    lake = Address(state="IN", county="Lake County")
    assert where(consumer(lake)).zones == {CENTRAL}
    assert where(consumer(lake)).jurisdictions == {"US-IN"}


# -- New York City


@pytest.mark.parametrize(
    ("code", "city"),
    [
        ("10001", True),  # New York County
        ("10451", True),  # Bronx
        ("11201", True),  # Kings
        ("11101", True),  # Queens
        ("10301", True),  # Richmond
        ("11001", True),  # Floral Park: both sides of the line
        ("11040", True),
        ("11096", True),
        ("11530", False),  # Garden City
        ("10701", False),  # Yonkers
        ("12207", False),  # Albany
        ("14202", False),
        (None, True),
        ("", True),
        ("99999", True),
        ("02108", True),  # not even New York: nothing rules the city out
    ],
)
def test_the_city(code: str | None, city: bool) -> None:
    places = place.jurisdictions_of("NY", code)
    assert "US-NY" in places
    assert (place.NEW_YORK_CITY in places) is city


@pytest.mark.parametrize("county", ["Kings County", "queens", "Bronx", "New York", "Richmond"])
def test_a_county_of_the_city_is_in_the_city_whatever_its_code(county: str) -> None:
    for code in (None, "11530", "12207", "10001"):
        assert place.jurisdictions_of("NY", code, county) == {"US-NY", "US-NY-NYC"}
    assert place.jurisdictions_of("NJ", "07102", county) == {"US-NJ"}
    assert place.jurisdictions_of(None, "12207", county) == {"US-NY", "US-NY-NYC"}


def test_another_county_does_not_take_a_new_york_address_out_of_the_city() -> None:
    assert place.jurisdictions_of("NY", None, "Nassau County") == {"US-NY", "US-NY-NYC"}
    assert place.jurisdictions_of("NY", "11001", "Nassau") == {"US-NY", "US-NY-NYC"}
    assert place.jurisdictions_of("NY", "12207", "Albany County") == {"US-NY"}


def test_law_of_a_place() -> None:
    assert place.jurisdictions_of("MA", "02108") == {"US-MA"}
    assert place.jurisdictions_of("MA", None) == {"US-MA"}
    assert place.jurisdictions_of(None, "02108") == {"US-MA"}
    assert place.jurisdictions_of(None, "10001") == {"US-NY", "US-NY-NYC"}
    assert place.jurisdictions_of(None, None) == frozenset()


# -- area codes


@pytest.mark.parametrize(
    ("code", "states", "expected"),
    [
        ("617", "MA", {EASTERN}),
        ("208", "ID", {MOUNTAIN, PACIFIC}),
        ("986", "ID", {MOUNTAIN, PACIFIC}),
        ("219", "IN", {EASTERN, CENTRAL}),
        ("574", "IN", {EASTERN, CENTRAL}),
        ("812", "IN", {EASTERN, CENTRAL}),
        ("930", "IN", {EASTERN, CENTRAL}),
        ("317", "IN", {EASTERN}),
        ("270", "KY", {EASTERN, CENTRAL}),
        ("364", "KY", {EASTERN, CENTRAL}),
        ("606", "KY", {EASTERN, CENTRAL}),
        ("502", "KY", {EASTERN}),
        ("761", "KY", {EASTERN}),  # assigned, not yet in libphonenumber
        ("308", "NE", {CENTRAL, MOUNTAIN}),
        ("402", "NE", {CENTRAL}),
        ("423", "TN", {EASTERN, CENTRAL}),
        ("729", "TN", {EASTERN, CENTRAL}),
        ("931", "TN", {EASTERN, CENTRAL}),
        ("615", "TN", {CENTRAL}),
        ("541", "OR", {MOUNTAIN, PACIFIC}),
        ("458", "OR", {MOUNTAIN, PACIFIC}),
        ("503", "OR", {PACIFIC}),
        ("605", "SD", {CENTRAL, MOUNTAIN}),
        ("620", "KS", {CENTRAL, MOUNTAIN}),
        ("785", "KS", {CENTRAL, MOUNTAIN}),
        ("316", "KS", {CENTRAL}),
        ("701", "ND", {CENTRAL, MOUNTAIN}),
        ("775", "NV", {MOUNTAIN, PACIFIC}),
        ("702", "NV", {PACIFIC}),
        ("850", "FL", {EASTERN, CENTRAL}),
        ("448", "FL", {EASTERN, CENTRAL}),
        ("407", "FL", {EASTERN}),
        ("689", "FL", {EASTERN}),  # libphonenumber says Central
        ("906", "MI", {EASTERN, CENTRAL}),
        ("313", "MI", {EASTERN}),
        ("907", "AK", {ALASKA, ADAK, "America/Metlakatla"}),
        ("928", "AZ", {ARIZONA, MOUNTAIN}),
        ("602", "AZ", {ARIZONA}),
        ("915", "TX", {MOUNTAIN}),
        ("214", "TX", {CENTRAL}),
        ("808", "HI", {HAWAII}),
        ("787", "PR", {PUERTO_RICO}),
        ("939", "PR", {PUERTO_RICO}),
        ("340", "VI", {PUERTO_RICO}),
        ("671", "GU", {"Pacific/Guam"}),
        ("670", "MP", {"Pacific/Guam"}),
        ("684", "AS", {"Pacific/Pago_Pago"}),
    ],
)
def test_zones_of_an_area_code(code: str, states: str, expected: set[str]) -> None:
    assert place.zones_of_area_code(code) == expected
    assert place.states_of_area_code(code) == {states}


@pytest.mark.parametrize("code", ["500", "533", "800", "833", "888", "900", "700", "710", "555"])
def test_a_code_of_no_place_tells_nothing(code: str) -> None:
    assert place.zones_of_area_code(code) == frozenset()
    assert place.states_of_area_code(code) == frozenset()


@pytest.mark.parametrize("code", ["416", "604", "809", "876", "242", "", None, "61", "6175"])
def test_a_code_of_another_country_tells_nothing(code: str | None) -> None:
    assert place.zones_of_area_code(code) == frozenset()


def test_codes_over_the_same_ground_have_the_same_zones() -> None:
    for row in tables.rows("numbering_plan"):
        for other in row["overlays"].split():
            for zone in place.zones_of_area_code(other):
                mates = {other, *row["overlays"].split()}
                assert zone in place.zones_of_area_code(row["area_code"]) or len(mates) > 2
        assert place.zones_of_area_code(row["area_code"]) <= place.zones_of_state(row["state"])


def test_the_table_of_area_codes_is_complete_and_sorted() -> None:
    rows = place.area_code_table()
    assert [row[0] for row in rows] == sorted(
        row["area_code"] for row in tables.rows("numbering_plan")
    )
    assert all(zones and len(states) == 1 for _, states, zones in rows)


def test_the_table_of_states() -> None:
    rows = {row[0]: row[1:] for row in place.state_table()}
    assert rows["NY"] == ("US-NY", (EASTERN,), ("US-NY", "US-NY-NYC"))
    assert rows["IN"] == ("US-IN", (CENTRAL, EASTERN), ("US-IN",))
    assert set(rows) == set(place.STATES)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("+16175550123", "617"),
        ("16175550123", "617"),
        ("617-555-0123", "617"),
        ("(617) 555 0123", "617"),
        ("+442079460000", None),
        ("+4420794600", None),
        ("6175550", None),
        ("+11175550123", None),
        ("0175550123", None),
        ("", None),
        (None, None),
    ],
)
def test_the_area_code_of_a_number(number: str | None, code: str | None) -> None:
    assert place.number_area_code(number) == code


@pytest.mark.parametrize("module", [make_area_codes, make_edge_codes])
def test_a_made_table_is_what_its_maker_makes(module: object) -> None:
    """Under the package version the table names; under another, only that it can be made."""
    assert module in (make_area_codes, make_edge_codes)
    made = make_area_codes.text() if module is make_area_codes else make_edge_codes.text()
    name = "area_codes" if module is make_area_codes else "edge_codes"
    version = made.splitlines()[1]
    kept = tables.text(name)
    assert version != kept.splitlines()[1] or made == kept


# -- one consumer


def consumer(*addresses: Address, evidence: tuple[ZoneEvidence, ...] = ()) -> Consumer:
    return Consumer("P1", "person-1", addresses=addresses, zone_evidence=evidence)


def number(
    text: str, id_: str = "M1", owner: str = "P1", whom: str = "consumer", kind: str = "mobile"
) -> Point:
    return Point(id_, kind, owner, whom, "P1", text)


def said(
    kind: str,
    value: object,
    received: datetime | date = NOW - HOUR,
    *,
    origin: str = "statement",
    by: str | None = None,
    recorded: datetime | None = None,
    about: str = "P1",
) -> Statement:
    return Statement("S1", kind, origin, value, received, by=by, recorded=recorded, consumer=about)


def where(
    who: Consumer, *given: Point | Statement, day: date = DAY, known: datetime = NOW
) -> place.Whereabouts:
    points = [one for one in given if isinstance(one, Point)]
    statements = [one for one in given if isinstance(one, Statement)]
    return place.locate(who, points, statements, day, known, words.owner_role)


BOSTON = Address(state="MA", postal_code="02108")
CHICAGO = Address(state="IL", postal_code="60601")


def test_an_address_gives_zones_and_law() -> None:
    found = where(consumer(BOSTON))
    assert found.zones == {EASTERN}
    assert found.jurisdictions == {"US-MA"}
    assert found.address_known
    assert found.work_jurisdictions == found.number_jurisdictions == frozenset()
    (evidence,) = found.evidence
    assert (evidence.kind, evidence.what, evidence.counts) == ("residential", "MA 02108", True)


def test_nothing_known_is_nowhere() -> None:
    found = where(consumer())
    assert found.zones == frozenset()
    assert not found.address_known
    assert not where(consumer(Address())).address_known
    assert where(consumer(Address())).evidence[0].what == "nothing"


def test_two_addresses_are_two_places() -> None:
    found = where(consumer(BOSTON, CHICAGO))
    assert found.zones == {EASTERN, CENTRAL}
    assert found.jurisdictions == {"US-MA", "US-IL"}


@pytest.mark.parametrize(
    ("until", "current"),
    [(DAY - ONE_DAY, False), (DAY, True), (DAY + ONE_DAY, True), (None, True)],
)
def test_until_is_the_last_day(until: date | None, current: bool) -> None:
    old = Address(state="IL", postal_code="60601", until=until)
    assert ("US-IL" in where(consumer(BOSTON, old)).jurisdictions) is current


@pytest.mark.parametrize(
    ("since", "current"), [(DAY + ONE_DAY, False), (DAY, True), (DAY - ONE_DAY, True)]
)
def test_since_is_the_first_day(since: date, current: bool) -> None:
    new = Address(state="IL", postal_code="60601", since=since)
    assert ("US-IL" in where(consumer(BOSTON, new)).jurisdictions) is current


@pytest.mark.parametrize(("late", "current"), [(-HOUR, True), (0 * HOUR, True), (HOUR, False)])
def test_an_address_counts_from_its_receipt(late: timedelta, current: bool) -> None:
    new = Address(state="IL", postal_code="60601", received=NOW + late)
    assert ("US-IL" in where(consumer(BOSTON, new)).jurisdictions) is current


def test_an_address_known_bad_does_not_count() -> None:
    bad = Address(state="IL", postal_code="60601", known_bad=True)
    assert where(consumer(bad)).jurisdictions == frozenset()
    assert not where(consumer(bad)).address_known


def dated(
    state: str,
    code: str,
    since: date | None = None,
    received: datetime | None = None,
    source: str = "creditor_file",
    kind: str = "residential",
) -> Address:
    return Address(kind, state, code, since=since, received=received, source=source)


LAST_YEAR, LAST_MONTH = date(2025, 11, 21), date(2026, 10, 21)


@pytest.mark.parametrize(
    ("later", "superseded"),
    [
        (dated("IL", "60601", LAST_MONTH, source="consumer"), True),
        (dated("IL", "60601", LAST_MONTH, source="consumer_email"), True),
        (dated("IL", "60601", received=NOW - HOUR, source="consumer"), True),
        (dated("IL", "60601", LAST_MONTH, source="own_research"), False),
        (dated("IL", "60601", LAST_YEAR, source="consumer"), False),  # no later
        (dated("IL", "60601", source="consumer"), False),  # nobody says when
        (dated("IL", "60601", LAST_MONTH, source="consumer", kind="work"), False),
        (dated("IL", "60601", DAY + ONE_DAY, source="consumer"), False),  # not begun
    ],
)
def test_a_later_address_from_the_consumer_supersedes(later: Address, superseded: bool) -> None:
    found = where(consumer(dated("MA", "02108", LAST_YEAR), later))
    assert ("US-MA" not in found.jurisdictions) is superseded


def test_an_undated_address_is_never_the_earlier_one() -> None:
    found = where(consumer(BOSTON, dated("IL", "60601", LAST_MONTH, source="consumer")))
    assert found.jurisdictions == {"US-MA", "US-IL"}


def test_an_address_received_counts_from_then_where_nothing_else_is_known() -> None:
    earlier = dated("MA", "02108", received=NOW - 40 * ONE_DAY)
    later = dated("IL", "60601", received=NOW - 4 * ONE_DAY, source="consumer")
    assert where(consumer(earlier, later)).jurisdictions == {"US-IL"}


def test_a_later_address_that_proved_bad_does_not_bring_the_earlier_back() -> None:
    later = Address(
        state="IL", postal_code="60601", since=LAST_MONTH, source="consumer", known_bad=True
    )
    found = where(consumer(dated("MA", "02108", LAST_YEAR), later))
    assert not found.address_known


def test_a_work_address_adds_zones_and_its_own_law_at_work() -> None:
    work = Address("work", "IL", "60601")
    found = where(consumer(BOSTON, work))
    assert found.zones == {EASTERN, CENTRAL}
    assert found.jurisdictions == {"US-MA"}
    assert found.work_jurisdictions == {"US-IL"}
    assert not where(consumer(work)).address_known


def test_the_consumers_numbers_add_zones() -> None:
    found = where(consumer(BOSTON), number("+12135550123"))
    assert found.zones == {EASTERN, PACIFIC}
    assert found.jurisdictions == {"US-MA"}
    assert found.number_jurisdictions == {"US-CA"}
    owned = number("+12135550123", owner="person-1", kind="work_phone")
    assert where(consumer(BOSTON), owned).zones == {EASTERN, PACIFIC}


def test_numbers_alone_show_their_places_law() -> None:
    found = where(consumer(), number("+12125550123"))
    assert found.zones == {EASTERN}
    assert not found.address_known
    assert found.number_jurisdictions == {"US-NY", "US-NY-NYC"}


@pytest.mark.parametrize(
    "point",
    [
        number("+12135550123", owner="SPOUSE1", whom="spouse"),
        number("+12135550123", owner="TP1", whom="third_party"),
        number("+18005550123"),
        number("+442079460000"),
        Point("E1", "email_personal", "P1", "consumer", "P1"),
        Point("M1", "mobile", "P1", "consumer", "P1"),
    ],
)
def test_points_that_say_nothing_of_the_consumer(point: Point) -> None:
    assert where(consumer(BOSTON), point).zones == {EASTERN}


@pytest.mark.parametrize(
    ("value", "received", "still"),
    [
        ("M1", NOW - HOUR, False),
        (["M1", "M2"], NOW - HOUR, False),
        ("M2", NOW - HOUR, True),
        ("M1", NOW, False),
        ("M1", NOW + HOUR, True),
        ("M1", DAY, False),
        ("M1", DAY + ONE_DAY, True),
    ],
)
def test_a_number_known_to_be_somebody_elses_says_nothing(
    value: object, received: datetime | date, still: bool
) -> None:
    word = said("number_not_consumers", value, received)
    found = where(consumer(BOSTON), number("+12135550123"), word)
    assert (PACIFIC in found.zones) is still


def test_a_word_not_yet_recorded_is_not_known() -> None:
    word = said("number_not_consumers", "M1", recorded=NOW + HOUR)
    assert PACIFIC in where(consumer(BOSTON), number("+12135550123"), word).zones
    place_word = said("current_location_zone", PACIFIC, recorded=NOW + HOUR)
    assert where(consumer(BOSTON), place_word).zones == {EASTERN}


def test_the_zones_of_somebody_elses_number() -> None:
    assert place.locate_number(number("+14255550123", owner="TP1")) == {PACIFIC}
    assert place.locate_number(Point("V1", "home_visit", "P1", "consumer", "P1")) == frozenset()


def test_zones_given_outright() -> None:
    evidence = (ZoneEvidence("mobile_area_code", "America/Detroit"),)
    found = where(consumer(CHICAGO, evidence=evidence))
    assert found.zones == {CENTRAL, EASTERN}
    assert found.evidence[1].what == "mobile_area_code America/Detroit"
    with pytest.raises(ValueError, match="unknown zone `Eastern`"):
        where(consumer(evidence=(ZoneEvidence("residential_address", "Eastern"),)))


# -- where the consumer is for now


def test_the_current_location_displaces_zones_and_never_law() -> None:
    found = where(
        consumer(BOSTON, Address("work", "IL", "60601")),
        number("+16175550123"),
        said("current_location_zone", "America/Boise"),
    )
    assert found.zones == {MOUNTAIN}
    assert found.jurisdictions == {"US-MA"}
    assert found.work_jurisdictions == {"US-IL"}
    assert [one.counts for one in found.evidence] == [False, False, False, True]


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (NOW - HOUR, {PACIFIC}),
        (NOW, {PACIFIC}),
        (NOW + HOUR, {EASTERN}),
        (DAY, {PACIFIC}),
        (DAY + ONE_DAY, {EASTERN}),
    ],
)
def test_it_does_so_from_its_receipt(received: datetime | date, expected: set[str]) -> None:
    word = said("current_location_zone", PACIFIC, received)
    assert where(consumer(BOSTON), word).zones == expected


def test_where_its_day_has_begun_in_one_zone_only_it_is_added() -> None:
    word = said("current_location_zone", PACIFIC, DAY)
    between = datetime(2026, 11, 21, 6, tzinfo=UTC)  # one o'clock in Boston, ten in Los Angeles
    assert where(consumer(BOSTON), word, known=between).zones == {EASTERN, PACIFIC}
    assert where(consumer(BOSTON), word, known=between - 2 * HOUR).zones == {EASTERN}
    assert where(consumer(), word, known=between + 2 * HOUR).zones == {PACIFIC}


def test_a_later_word_replaces_it() -> None:
    first = said("current_location_zone", PACIFIC, NOW - 2 * HOUR)
    second = said("current_location_zone", MOUNTAIN, NOW - HOUR)
    assert where(consumer(BOSTON), first, second).zones == {MOUNTAIN}
    assert where(consumer(BOSTON), second, first).zones == {MOUNTAIN}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (dated("IL", "60601", received=NOW - HOUR), {CENTRAL}),
        (dated("IL", "60601", received=NOW - 3 * HOUR), {PACIFIC}),
        (dated("IL", "60601", received=NOW - 2 * HOUR), {PACIFIC}),
        (dated("IL", "60601", since=DAY), {CENTRAL}),
        (dated("IL", "60601", since=LAST_MONTH), {PACIFIC}),
    ],
)
def test_a_later_address_ends_it(address: Address, expected: set[str]) -> None:
    received = NOW - 2 * HOUR if address.received else NOW - 5 * ONE_DAY
    word = said("current_location_zone", PACIFIC, received)
    assert where(consumer(address), word).zones == expected


@pytest.mark.parametrize(
    ("by", "origin", "about", "expected"),
    [
        (None, "statement", "P1", {PACIFIC}),
        ("P1", "statement", "P1", {PACIFIC}),
        ("person-1", "statement", "person-1", {PACIFIC}),
        (None, "knowledge", "P1", {PACIFIC}),
        ("TP1", "knowledge", "P1", {PACIFIC}),
        ("ATTY1", "statement", "P1", {EASTERN, PACIFIC}),
        ("TP1", "statement", "P1", {EASTERN, PACIFIC}),
        ("HH1", "statement", "P1", {EASTERN, PACIFIC}),
        ("nobody known", "statement", "P1", {EASTERN, PACIFIC}),
        ("SPOUSE1", "statement", "P1", {EASTERN}),
        (None, "statement", "P2", {EASTERN}),
    ],
)
def test_whose_word_it_is(by: str | None, origin: str, about: str, expected: set[str]) -> None:
    word = said("current_location_zone", PACIFIC, by=by, origin=origin, about=about)
    assert where(consumer(BOSTON), word).zones == expected


def test_the_examples_in_the_text() -> None:
    assert doctest.testmod(zones_module).failed == 0

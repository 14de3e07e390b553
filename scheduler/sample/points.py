"""Made-up contact points. No number can ring: each stands where the numbering plan puts nobody.

Within an area code the first hundred are 555-0100 to 555-0199, kept for fiction; then come
exchanges beginning with 0 or 1, which the North American Numbering Plan never assigns
(47 CFR 52.15; NANPA: central office codes are NXX, N being 2 to 9). E-mail addresses are at
example.com, .net and .org (RFC 2606).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from .dice import choose, filled, unit
from .people import OTHER_AREA, Chunk, day_ago, padded

KINDS: Final = (  # slot of a consumer's points, in the order of their ids
    "mobile",
    "second",
    "landline",
    "work",
    "email",
    "email_work",
    "mail",
    "work_mail",
    "household",
    "third",
    "employer",
    "spouse_phone",
    "estate_phone",
    "guardian",
    "lawyer",
    "portal",
    "social",
)
_OWN: Final = ("mobile", "second", "landline", "work")
_EXTRA: Final = ("household", "third", "spouse_phone", "estate_phone", "guardian")
_LAST_EXCHANGE: Final = 190  # 190-199 are kept for shared numbers
_CAPACITY: Final = _LAST_EXCHANGE * 10_000
_SHARED: Final = {"lawyer": 198, "employer": 197, "board": 199}


@dataclass(slots=True)
class Numbers:
    """How many numbers of each area code have been given out; grows chunk by chunk."""

    used: dict[str, int] = field(default_factory=dict)

    def give(self, areas: pl.Series) -> pl.Series:
        """The next free number of each area code, in order."""
        before = pl.DataFrame(
            {"area": list(self.used), "used": list(self.used.values())},
            schema={"area": pl.String(), "used": pl.Int64()},
        )
        rows = (
            pl.DataFrame({"area": areas})
            .with_columns(slot=pl.int_range(pl.len(), dtype=pl.Int64()).over("area"))
            .join(before, on="area", how="left", maintain_order="left")
            .with_columns(pl.col("slot") + pl.col("used").fill_null(0))
        )
        top = rows.group_by("area").agg(pl.col("slot").max() + 1).sort("area")
        self.used.update(top.iter_rows())
        slot = pl.col("slot")
        rest = (slot - 100) % _CAPACITY
        plain = rest.cast(pl.String()).str.zfill(7)
        fiction = pl.lit("55501") + slot.cast(pl.String()).str.zfill(2)
        return rows.select(
            number=pl.lit("+1")
            + pl.col("area")
            + pl.when(slot < 100).then(fiction).otherwise(plain)
        ).to_series()


def _areas(chunk: Chunk, rows: pl.DataFrame, kind: str) -> pl.Series:
    """An area code for each row: of its postal code, or of another place."""
    i = pl.col("i")
    draw = rows.select(
        "code",
        far=unit(i, chunk.seed, f"far {kind}"),
        area=unit(i, chunk.seed, f"area {kind}"),
    )
    if kind in ("mobile", "second", "third"):
        away = chunk.places.find((draw["far"] / OTHER_AREA).clip(0, 0.999999))
        code = pl.when(pl.col("far") < OTHER_AREA).then(away).otherwise("code")
        draw = draw.with_columns(code=code)
    areas = pl.lit(chunk.places.codes["areas"]).gather("code")
    which = (pl.col("area") * areas.list.len()).cast(pl.Int64())
    return draw.select(areas.list.get(which)).to_series()


def _shared(kind: str, which: pl.Expr, areas: tuple[str, ...]) -> pl.Expr:
    """The number of a lawyer, an employer or a switchboard, by its own number `which`."""
    area = pl.lit(pl.Series(areas)).gather(which % len(areas))
    line = (which // len(areas) % 10_000).cast(pl.String()).str.zfill(4)
    return pl.lit("+1") + area + pl.lit(str(_SHARED[kind])) + line


def reach(chunk: Chunk, frame: pl.DataFrame, numbers: Numbers, used: int) -> pl.DataFrame:
    """Add to the consumers how each is reached: for each kind a point and a telephone number.

    `p_KIND` is the number in the point's id, or null, `t_KIND` the telephone number; `points` is
    how many points each consumer has. `used` point ids are taken.
    """
    seed = chunk.seed
    i = pl.col("i")
    frame = frame.with_columns(
        has_landline=pl.col("has_landline").gather("home"),
        has_spouse_phone=unit(i, seed, "has spouse phone") < 0.02,
        has_estate_phone=pl.col("deceased") & (unit(i, seed, "estate") < 0.6),
        has_guardian=unit(i, seed, "has guardian") < 0.0015,
        line=pl.when(pl.col("has_mobile").gather("line")).then("line").otherwise("at"),
    )
    owned: dict[str, pl.Series] = {}
    kinds = (*_OWN, *_EXTRA)
    has = [frame[f"has_{kind}"] for kind in kinds]
    asked = [
        _areas(chunk, frame.select("i", "code").filter(mask), kind)
        for kind, mask in zip(kinds, has, strict=True)
    ]
    given = numbers.give(pl.concat(asked))
    start = 0
    for kind, mask in zip(kinds, has, strict=True):
        count = int(mask.sum())
        place = pl.select(pl.when(mask).then(mask.cast(pl.Int64()).cum_sum() - 1)).to_series()
        owned[f"t_{kind}"] = given.slice(start, count).gather(place)
        start += count
    frame = frame.with_columns(**owned)
    return _number(_share(chunk, frame), used)


def _share(chunk: Chunk, frame: pl.DataFrame) -> pl.DataFrame:
    """Lay the numbers that several people have over those of their own."""
    seed = chunk.seed
    i = pl.col("i")
    people = max(1, chunk.size // 2)
    every = chunk.places.areas
    boards = max(1, round(people * 0.006 / 400))
    lawyers = max(3, round(people * 0.012 / 6))
    employers = max(3, round(people * 0.015 / 5))

    def one_of(stream: str, count: int) -> pl.Expr:
        return (unit(i, seed, stream) * count).cast(pl.Int64())

    return frame.with_columns(
        t_mobile=pl.when("has_mobile").then(pl.col("t_mobile").gather("line")),
        t_landline=pl.when("has_landline").then(pl.col("t_landline").gather("home")),
        t_work=pl.when(unit(i, seed, "on board") < 0.06)
        .then(_shared("board", one_of("board", boards), every))
        .otherwise("t_work"),
        t_lawyer=_shared("lawyer", one_of("lawyer", lawyers), every),
        t_employer=_shared("employer", one_of("employer", employers), every),
        lawyer=padded("HA", one_of("lawyer", lawyers)),
        employer=padded("HE", one_of("employer", employers)),
    )


def _number(frame: pl.DataFrame, used: int) -> pl.DataFrame:
    """Number every point: ids run through consumers in order, kinds in the order of KINDS."""
    flags = [pl.col(f"has_{kind}").cast(pl.Int64()) for kind in KINDS]
    total = pl.sum_horizontal(flags)
    frame = frame.with_columns(points=total, base=total.cum_sum() - total + used)
    named: dict[str, pl.Expr] = {}
    run = pl.col("base")
    for kind, flag in zip(KINDS, flags, strict=True):
        run = run + flag
        named[f"p_{kind}"] = pl.when(f"has_{kind}").then(run)
    return frame.with_columns(**named)


def point_id(number: pl.Expr) -> pl.Expr:
    """The id of a contact point."""
    return padded("P", number, 9)


def contact_points(chunk: Chunk, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of table `contact_points`, sorted by id."""
    seed = chunk.seed
    i = pl.col("i")
    name = (i + 1).cast(pl.String())
    site = choose(unit(i, seed, "site"), {"example.com": 60, "example.net": 25, "example.org": 15})
    # one in ten spouses reads the other's mail
    mailbox = pl.when(unit(i, seed, "one box") < 0.1).then(
        (i - pl.col("at").cast(pl.UInt64()) + pl.col("home").cast(pl.UInt64()) + 1).cast(
            pl.String()
        )
    )
    unknown = pl.when("has_unknown_phone").then(pl.lit("phone")).otherwise(pl.lit("mobile"))
    own = pl.col("person")
    other = {kind: padded(prefix, i + 1) for kind, prefix in _OTHERS.items()}
    spouse = pl.col("spouse_person").fill_null(padded("HS", i + 1))
    none = pl.lit(None, pl.String())
    email = pl.lit("p") + mailbox.fill_null(name) + "@" + site
    rows: dict[str, tuple[pl.Expr | str, pl.Expr, str, pl.Expr]] = {
        "mobile": (unknown, own, "consumer", pl.col("t_mobile")),
        "second": ("mobile", own, "consumer", pl.col("t_second")),
        "landline": ("home_landline", own, "consumer", pl.col("t_landline")),
        "work": ("work_phone", own, "consumer", pl.col("t_work")),
        "email": ("email_personal", own, "consumer", email),
        "email_work": ("email_work", own, "consumer", pl.lit("w") + name + "@example.org"),
        "mail": ("home_mail", own, "consumer", none),
        "work_mail": ("work_mail", own, "consumer", none),
        "household": ("mobile", other["household"], "household_member", pl.col("t_household")),
        "third": ("home_landline", other["third"], "third_party", pl.col("t_third")),
        "employer": ("work_phone", pl.col("employer"), "employer", pl.col("t_employer")),
        "spouse_phone": ("mobile", spouse, "spouse", pl.col("t_spouse_phone")),
        "estate_phone": ("mobile", other["estate"], "representative", pl.col("t_estate_phone")),
        "guardian": ("mobile", other["guardian"], "guardian", pl.col("t_guardian")),
        "lawyer": ("work_phone", pl.col("lawyer"), "attorney", pl.col("t_lawyer")),
        "portal": ("web_portal", own, "consumer", none),
        "social": ("social_media_private", own, "consumer", none),
    }
    pieces = [
        frame.lazy()
        .filter(pl.col(f"has_{slot}"))
        .select(
            "i",
            "consumer",
            number_of=pl.col(f"p_{slot}"),
            kind=kind if isinstance(kind, pl.Expr) else pl.lit(kind),
            owner=owner,
            whom=pl.lit(whom),
            number=number,
            email_provenance=_provenance(chunk) if slot == "email" else none,
        )
        for slot, (kind, owner, whom, number) in rows.items()
    ]
    found = pl.concat(pl.collect_all(pieces)).sort("number_of")
    ward = unit(i, seed, "ward") < 0.0004
    return found.select(
        point=point_id(pl.col("number_of")),
        consumer="consumer",
        kind="kind",
        owner="owner",
        whom="whom",
        number="number",
        special_line=pl.when(ward & (pl.col("kind") == "home_landline")).then(
            pl.lit("hospital_room")
        ),
        email_provenance="email_provenance",
    )


_OTHERS: Final = {"household": "HH", "third": "HT", "estate": "HR", "guardian": "HG"}


def _provenance(chunk: Chunk) -> pl.Expr:
    """How an e-mail address was come by: each route of 12 CFR 1006.6(d)(4), whole and broken."""
    seed, today = chunk.seed, chunk.today
    i = pl.col("i")
    back = (unit(i, seed, "mail since") * 700).cast(pl.Int64()) + 2

    def day(ago: pl.Expr) -> pl.Expr:
        return day_ago(today, ago).dt.to_string("%Y-%m-%d")

    def yes(stream: str, share: float) -> pl.Expr:
        return (
            pl.when(unit(i, seed, stream) < share).then(pl.lit("true")).otherwise(pl.lit("false"))
        )

    used = filled('"consumer_used_with_this_collector":"%s"', day(back))
    direct = filled('"direct_consent_to_this_collector":"%s"', day(back))
    portal = filled(
        '"consumer_entered_on_portal":true,"portal_disclosed_use_for_debt":%s',
        yes("portal told", 0.8),
    )
    use = choose(
        unit(i, seed, "creditor use"),
        {"periodic_statements": 85, "marketing_unrelated_to_account": 15},
    )
    site = choose(
        unit(i, seed, "domain"),
        {"public": 94, "reserved_commercial": 4, "reserved_institution": 2},
    )
    creditor = filled(
        '"creditor_obtained_from_consumer":true,"creditor_use":["%s"],"notice_sent":"%s",'
        '"notice_names_this_collector":%s,"opt_out_deadline":"%s","opted_out":%s,"domain":"%s"',
        use,
        day(back),
        yes("notice names", 0.93),
        day(back - 36),
        yes("opted out", 0.04),
        site,
    )
    how = choose(
        unit(i, seed, "chain how"),
        {"6(d)(4)(i)": 40, "6(d)(4)(ii)": 40, "6(d)(4)(i) or (ii)": 20},
    )
    chain = filled(
        '"chain":[{"collector":"EARLIER","obtained_by":"%s","emailed_consumer":%s,'
        '"opted_out":%s},{"collector":"AGENCY"}]',
        how,
        yes("chain wrote", 0.85),
        yes("chain out", 0.05),
    )
    route = unit(i, seed, "route")
    text = (
        pl.when(route < 0.28)
        .then(used)
        .when(route < 0.43)
        .then(direct)
        .when(route < 0.51)
        .then(portal)
        .when(route < 0.76)
        .then(creditor)
        .when(route < 0.90)
        .then(chain)
    )
    return pl.lit("{") + text + pl.lit("}")

"""How people spell numbers, places and kinds of numbers, and what the store calls them."""

from __future__ import annotations

from typing import Final

import polars as pl

PHONE_KINDS: Final = {
    "mobile": "mobile", "cell": "mobile", "cellular": "mobile", "cellphone": "mobile",
    "cell phone": "mobile", "mobile phone": "mobile", "wireless": "mobile", "m": "mobile",
    "c": "mobile",
    "home": "home_landline", "home phone": "home_landline", "home_landline": "home_landline",
    "landline": "home_landline", "residence": "home_landline", "residential": "home_landline",
    "h": "home_landline", "work": "work_phone", "work phone": "work_phone",
    "work_phone": "work_phone", "business": "work_phone", "office": "work_phone",
    "employer": "work_phone", "w": "work_phone",
    "phone": "phone", "other": "phone", "main": "phone", "unknown": "phone", "voip": "phone",
}  # fmt: skip
EMAIL_KINDS: Final = {
    "personal": "email_personal", "home": "email_personal", "email_personal": "email_personal",
    "work": "email_work", "business": "email_work", "office": "email_work",
    "email_work": "email_work",
}  # fmt: skip
STATES: Final = {
    "alabama": "AL", "alaska": "AK", "american samoa": "AS", "arizona": "AZ", "arkansas": "AR",
    "california": "CA", "colorado": "CO", "connecticut": "CT", "delaware": "DE",
    "district of columbia": "DC", "washington dc": "DC", "florida": "FL", "georgia": "GA",
    "guam": "GU", "hawaii": "HI", "idaho": "ID", "illinois": "IL", "indiana": "IN", "iowa": "IA",
    "kansas": "KS", "kentucky": "KY", "louisiana": "LA", "maine": "ME", "maryland": "MD",
    "massachusetts": "MA", "michigan": "MI", "minnesota": "MN", "mississippi": "MS",
    "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV", "new hampshire": "NH",
    "new jersey": "NJ", "new mexico": "NM", "new york": "NY", "north carolina": "NC",
    "north dakota": "ND", "northern mariana islands": "MP", "ohio": "OH", "oklahoma": "OK",
    "oregon": "OR", "pennsylvania": "PA", "puerto rico": "PR", "rhode island": "RI",
    "south carolina": "SC", "south dakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT",
    "vermont": "VT", "virgin islands": "VI", "virginia": "VA", "washington": "WA",
    "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY",
}  # fmt: skip
_BY_STATE: Final = STATES | {code.lower(): code for code in STATES.values()}


def phone(text: pl.Expr) -> pl.Expr:
    """A phone number in E.164; null where the text is none. A number of ten digits is American.

    The first digits of the area code and of the exchange are 2 to 9 (North American Numbering
    Plan). An extension is left out.

    >>> frame = pl.DataFrame({"x": ["(617) 555-0123 x4", "1-617-555-0123", "0000000000"]})
    >>> frame.select(phone(pl.col("x"))).to_series().to_list()
    ['+16175550123', '+16175550123', None]
    """
    short = text.str.strip_chars().str.replace(r"(?i)[\s,;]*(ext\.?|extension|x)\s*\d+$", "")
    digits = short.str.replace_all(r"[^0-9]", "")
    sound = short.str.contains(r"^\+?[0-9().\-/ \x{a0}]+$")
    own = digits.str.replace(r"^1(\d{10})$", "${1}")
    american = own.str.contains(r"^[2-9]\d\d[2-9]\d{6}$")
    abroad = short.str.starts_with("+") & digits.str.contains(r"^[2-9]\d{7,14}$")
    return pl.when(sound & abroad).then("+" + digits).when(sound & american).then("+1" + own)


def email(text: pl.Expr) -> pl.Expr:
    """An e-mail address without capitals; null where the text is none."""
    low = text.str.strip_chars().str.to_lowercase()
    return pl.when(low.str.contains(r"^[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>.]+$")).then(low)


def reached(text: pl.Expr) -> pl.Expr:
    """A phone number or an e-mail address, as the store has it."""
    return pl.coalesce(phone(text), email(text))


def state(text: pl.Expr) -> pl.Expr:
    """A state's two letters, from them or from its name; null where the text is neither."""
    low = text.str.strip_chars().str.to_lowercase().str.replace_all(r"[.]", "")
    return low.replace_strict(_BY_STATE, default=None, return_dtype=pl.String())


def postal_code(text: pl.Expr) -> pl.Expr:
    """A postal code's five digits; null where the text is none.

    One of four digits has lost the zero it begins with, as spreadsheets make it.
    """
    plain = text.str.strip_chars().str.replace(r"^(\d{5})-?\d{4}$", "${1}")
    return pl.when(plain.str.contains(r"^\d{4,5}$")).then(plain.str.zfill(5))


def kind(text: pl.Expr, known: dict[str, str]) -> pl.Expr:
    """A kind of number by any of its names; null where it is none."""
    low = text.str.strip_chars().str.to_lowercase()
    return low.replace_strict(known, default=None, return_dtype=pl.String())

"""settings.yaml as it is written: every setting with its meaning, to be filled in."""

from __future__ import annotations

from typing import Final

TEXT: Final = """\
# Settings of this home. Every setting is here with its meaning; what is left out takes the value
# shown. Times and days are never set here: they are told to each command.
format: 1

# Directories with `rules` and `jurisdictions`. `bundled` is the law that comes with Forbear; the
# federal files must be among them. The rules in `house` beside this file are always added; a file
# there takes the place of the bundled policy file of the same name.
rulebook: [{rulebook}]

# Whether a consumer under a place's law that is not written yet is refused. With false, federal
# law alone decides, and each such decision carries the duty state_law_not_encoded.
refuse_unencoded_places: {refuse_unencoded_places}

# Rules of places below this confidence are left out, to see what changes without them: low (none
# is left out), medium or high. Federal law and the firm's own policy are never left out.
minimum_confidence: {minimum_confidence}

# By collector, the places it is licensed in, each with the licence's last day or `unlimited`, as in
# {{AGENCY: {{US-MA: 2027-06-30, US-NY: unlimited}}}}. Where a place asks for a licence, a collector
# named here is refused without one; of a collector not named, each decision carries the duty
# licence_unchecked.
licences: {licences}

# Channels that the day's list plans, of: {planned}.
channels: [{channels}]

# Pacing: the most attempts that one row is given for a day, whatever the law leaves. A channel
# left out has 1.
row_caps: {row_caps}

# Which rows come first; each next word only breaks ties of those before. Of:
# {strategies}.
strategy: [{strategy}]

# About how many accounts are decided at once. More is faster and takes more memory; the result is
# the same.
part_accounts: {part_accounts}

# Of each run, one candidate in a thousand, and at least so many, are decided again from the raw
# rows by the plain functions; a difference refuses the whole part it is found in.
sample_at_least: {sample_at_least}

# How many seconds a permit to place one contact lives; never past the close of its window.
permit_seconds: {permit_seconds}

# The formats the lists are written in, of: {formats_all}.
formats: [{formats}]

# The store, where imported data is kept: `sqlite:///FILE`, which starts at the home, or
# `postgresql://USER@HOST/DATABASE` (a password is better kept in PostgreSQL's own ~/.pgpass).
store: {store}

# The clock that says which civil day it is where a command is not told.
zone: {zone}

# The day's lists that `forbear serve` makes: one for each region, of consumers in its zones. The
# first zone is the region's clock, which says which civil day it is there and when its list is made
# (`list: 04:30` behind the zones, where it is not the `list` of `jobs`). `others` are zones that
# no region names, and consumers without one. Zones that keep the same time go by one name. A single
# region makes a single list of everybody: everybody: {{zones: [America/New_York, others]}}
regions:{regions}

# What `forbear serve` does by itself. `list`: when lists are made, at the clock of each region;
# `grace`: hours within which a start that was missed is caught up; `seal`: minutes between two
# seals of live decisions; `expire`: seconds between two looks for permits past their end;
# `refresh`: minutes between two looks whether listed rows are refused by now, or never;
# `retention`: when it is looked whose records' time is over, at the clock of `zone`, or never.
jobs: {jobs}

# What the job `retention` does with records whose time is over: `report` says how many consumers'
# they are, and erases nothing; `purge` empties them as `forbear log purge --due --yes` does, never
# those of whom there is a legal hold or an open account. What is erased nobody brings back.
retention: {retention}

# How the service is reached. `requests`: a second, for each key (0: no limit); `body`: KiB that a
# request may hold; `webhook`: the address that is told of failures, or nobody.
service: {service}
"""

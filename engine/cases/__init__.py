"""Case files: facts, a proposed contact, and what the law says of it, as YAML.

The page that decides what a case means is the case format; every word not on it fails its case.
"""

from __future__ import annotations

from .judging import Decided, judge
from .reading import read
from .record import BrokenCase, Case, CaseFile
from .running import Report, Result, as_json, as_text, run_cases, run_file

__all__ = [
    "BrokenCase",
    "Case",
    "CaseFile",
    "Decided",
    "Report",
    "Result",
    "as_json",
    "as_text",
    "judge",
    "read",
    "run_cases",
    "run_file",
]

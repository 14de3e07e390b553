"""Case files: facts, a proposed contact, and what the law says of it, as YAML.

The page that decides what a case means is the case format; every word not on it fails its case.
"""

from __future__ import annotations

from .reading import read
from .record import BrokenCase, Case, CaseFile

__all__ = ["BrokenCase", "Case", "CaseFile", "read"]

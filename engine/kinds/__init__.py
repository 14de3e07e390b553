"""The six kinds of rule, one frozen record each; its fields are its YAML words."""

from __future__ import annotations

from .agreed import Agreed
from .block import Block
from .limit import Limit
from .notice import Notice
from .require import Require
from .wait import Wait
from .window import Window

Body = Block | Require | Notice | Window | Limit | Wait

__all__ = ["Agreed", "Block", "Body", "Limit", "Notice", "Require", "Wait", "Window"]

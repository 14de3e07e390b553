"""The bodies of requests: read only for who may send them, straight into their models.

FastAPI would parse a body before it asks whose it is; so routes read theirs themselves, and say in
the contract what they take.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from pydantic.json_schema import models_json_schema
from starlette.requests import ClientDisconnect

from . import shapes
from .problems import Refused

Model = TypeVar("Model", bound=BaseModel)
MODELS: Final = (
    shapes.Checks,
    shapes.Contact,
    shapes.Outcome,
    shapes.Events,
    shapes.Lift,
    shapes.Older,
)
_PLACE: Final = "#/components/schemas/{model}"
_MOST_PROBLEMS: Final = 100


async def read(request: Request, model: type[Model]) -> Model:
    """The body of a request as its model. Raises Refused, with every problem and no content."""
    try:
        data = await request.body()
    except ClientDisconnect:  # whoever asked waits no more: it is no fault of ours
        raise Refused("wrong_request", "the request ended before its body did") from None
    try:
        return model.model_validate_json(data or b"null")
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        more = [problem("body", one) for one in found[:_MOST_PROBLEMS]]
        raise Refused("wrong_request", more=more) from None


def problem(where: str, told: Any) -> dict[str, Any]:
    """One complaint of a model, without what was sent."""
    field = ".".join(str(part) for part in (where, *told["loc"]))
    text = "not JSON" if told["type"] == "json_invalid" else str(told["msg"]).lower()
    return {"code": "wrong_request", "message": text, "field": field}


def takes(model: type[BaseModel]) -> dict[str, Any]:
    """What a route says of its body in the contract."""
    schema = {"$ref": _PLACE.format(model=model.__name__)}
    content = {"application/json": {"schema": schema}}
    return {"openapi_extra": {"requestBody": {"required": True, "content": content}}}


def schemas() -> dict[str, Any]:
    """The models of bodies, for the contract."""
    wanted = [(model, "validation") for model in MODELS]
    _, found = models_json_schema(wanted, ref_template=_PLACE)  # type: ignore[arg-type]  # its literal type is not inferred
    defined: dict[str, Any] = found["$defs"]
    return defined

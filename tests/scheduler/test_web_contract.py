"""The service against its own contract, with whatever requests the contract lets one draw."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from engine.clock import format_instant
from scheduler.commands.serving import address, listening
from scheduler.web.app import contract
from scheduler.web.keys import new_key
from tests.scheduler.serving import NOW, make_home, serving

SCHEMA = schemathesis.openapi.from_dict(contract())
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


@dataclass
class Door:
    url: str
    key: str


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The service in a thread, on a port of loopback, and a key that opens everything."""
    home = make_home(tmp_path_factory.mktemp("firm") / "home", 60)
    with serving(home) as served, listening("127.0.0.1", 0) as listener:
        scopes = ["dialer", "officer", "auditor", "admin"]
        _, key = new_key(served.service.store, "everything", scopes, NOW)
        config = uvicorn.Config(served.app, http="httptools", lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield Door(address(listener, tls=False), key)
        server.should_exit = True
        thread.join()


LONG = settings.default is not None and settings.default.max_examples > 60  # `--full`


@SCHEMA.parametrize()
@settings(
    max_examples=300 if LONG else 5,
    deadline=None,
    derandomize=not LONG,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_what_the_contract_says(case: schemathesis.Case, door: Door) -> None:
    head = {"Authorization": f"Bearer {door.key}", "Forbear-Client-Time": format_instant(NOW)}
    answer = case.call(base_url=door.url, headers=head)
    case.validate_response(answer, checks=list(CHECKS))

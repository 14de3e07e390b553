"""`forbear serve` and `forbear jobs` as they are used: TLS, wrong use, alarms told, jobs shown."""

from __future__ import annotations

import io
import json
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from scheduler import cli
from scheduler.regions import DEFAULT
from scheduler.web.alarms import Alarms
from scheduler.web.journal import Journal
from scheduler.web.metrics import new_metrics
from tests.scheduler.processes import serve

NOW = datetime(2026, 11, 21, 11, tzinfo=UTC)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("firm") / "home"
    assert run("init", "--home", place).exit_code == 0
    return place


def run(*words: object) -> Any:
    return CliRunner().invoke(cli.app, [str(one) for one in words], obj=lambda: NOW)


def certificate(place: Path) -> tuple[Path, Path]:
    """A certificate for loopback and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "forbear test")])
    long = datetime(2020, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(long)
        .not_valid_after(long + timedelta(days=36_500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = place / "cert.pem", place / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def test_tls_by_flag(home: Path, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    service = serve(home, "--no-timer", "--certfile", cert, "--keyfile", key)
    assert service.url.startswith("https://127.0.0.1:")
    trusted = ssl.create_default_context(cafile=str(cert))
    answer = httpx.get(f"{service.url}/healthz", verify=trusted)
    missing = answer.json()["missing"]
    assert missing
    assert all(one.startswith("the list of ") for one in missing)
    with pytest.raises(httpx.HTTPError):
        httpx.get(service.url.replace("https", "http") + "/healthz")
    assert service.stop() == 0


def test_wrong_use_is_said(home: Path, tmp_path: Path) -> None:
    for words, why in (
        (["--certfile", tmp_path / "none.pem"], "is not there"),
        (["--keyfile", home / "settings.yaml"], "--keyfile needs --certfile"),
        (["--pace", "2"], "--pace needs --now"),
        (["--host", "192.0.2.1", "--port", "1"], "cannot listen at 192.0.2.1, port 1"),
    ):
        done = run("serve", "--home", home, *words)
        assert done.exit_code == 2
        assert why in done.stderr
        assert "Traceback" not in done.stderr


def test_jobs_are_shown(home: Path) -> None:
    now = ("--now", "2026-11-20T12:00:00Z")
    found = json.loads(run("jobs", "--home", home, *now, "--json").stdout)["jobs"]
    lists = [f"list-{one.name}" for one in DEFAULT]
    assert [one["id"] for one in found] == [*lists, "expire", "refresh", "seal", "retention"]
    assert found[0] == {
        "id": "list-marianas",
        "does": "makes the day's list of marianas",
        "when": "daily at 05:00 Pacific/Guam",
        "next": "2026-11-20T19:00:00Z",
        "stored": False,
    }
    done = run("jobs", "--home", home, *now)
    assert "list-eastern  daily at 05:00 America/New_York" in done.stdout
    assert "next 2026-11-21T10:00:00Z" in done.stdout
    assert "`forbear serve` does this; it has not run yet" in done.stderr


def test_a_list_that_comes_too_late_or_too_early_is_told(home: Path, tmp_path: Path) -> None:
    assert json.loads(run("jobs", "--home", home, "--json").stdout)["untimely"] == []
    other = tmp_path / "other"
    assert run("init", "--home", other).exit_code == 0
    text = (home / "settings.yaml").read_text(encoding="utf-8")
    one = "regions: {everybody: {zones: [America/New_York, others], list: 04:30}}\n"
    text = text[: text.index("regions:")] + one + text[text.index("\n# What `forbear serve`") :]
    (other / "settings.yaml").write_text(text, encoding="utf-8")
    found = run("jobs", "--home", other)
    assert found.exit_code == 0, found.stderr
    assert "list      daily at 04:30 America/New_York" in found.stdout
    late, early, _ = found.stderr.splitlines()
    assert late == (
        "untimely: the list of everybody for 2026-11-21 is made at 2026-11-21T09:30:00Z, but "
        "Pacific/Guam opens at 2026-11-20T22:00:00Z; name it another `list`, or that zone "
        "another region"
    )
    assert "in Pacific/Pago_Pago the day begins at 2026-11-21T11:00:00Z" in early


# -- alarms


def test_an_alarm_is_told_in_three_places_and_names_nobody() -> None:
    said, sent = io.StringIO(), list[tuple[str, dict[str, Any]]]()
    metrics = new_metrics()
    alarms = Alarms(
        Journal(said, lambda: NOW), metrics, lambda: NOW, "https://alarms.example/x",
        lambda url, document: sent.append((url, document)),
    )  # fmt: skip
    alarms("job", "list failed: no account `John Smith`, +1 212 555 0100")
    alarms.close()
    (line,) = said.getvalue().splitlines()
    assert json.loads(line) == {
        "at": "2026-11-21T11:00:00Z",
        "level": "error",
        "what": "alarm",
        "alarm": "job",
        "message": "list failed: no account ***, ***",
    }
    ((url, document),) = sent
    assert url == "https://alarms.example/x"
    assert document["message"] == "list failed: no account ***, ***"
    assert b'forbear_alarms_total{what="job"} 1.0' in metrics.text()


def test_a_webhook_that_is_gone_holds_nothing_up() -> None:
    said = io.StringIO()

    def gone(url: str, document: dict[str, Any]) -> None:
        raise httpx.ConnectError("refused")

    alarms = Alarms(
        Journal(said, lambda: NOW), new_metrics(), lambda: NOW, "https://x.example", gone
    )
    alarms("store", "gone")
    alarms.close()
    assert [json.loads(one)["what"] for one in said.getvalue().splitlines()] == [
        "alarm",
        "webhook_failed",
    ]


def test_a_copy_is_made_while_the_service_runs_and_brought_back(home: Path, tmp_path: Path) -> None:
    service = serve(home, "--no-timer")
    made = run("backup", "--home", home, "--json")
    assert made.exit_code == 0, made.stderr
    assert service.stop() == 0
    other = tmp_path / "other"
    (other / "house").mkdir(parents=True)
    text = (home / "settings.yaml").read_text(encoding="utf-8")
    (other / "settings.yaml").write_text(text, encoding="utf-8")
    back = run("restore", json.loads(made.stdout)["backup"], "--home", other, "--json")
    assert back.exit_code == 0, back.stderr
    assert json.loads(back.stdout)["version"] == json.loads(made.stdout)["version"]

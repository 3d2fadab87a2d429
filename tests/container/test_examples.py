"""The container examples fit their schemas, each other, the image, and our own configuration's rules."""

import re
from pathlib import Path

import compose_spec
import kubernetes_validate
import pytest
import yaml

from closedloop.config import load
from closedloop.units import span

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "config" / "container"
#: The oldest and the newest Kubernetes that the examples must fit.
KUBERNETES = ("1.31", kubernetes_validate.latest_version())
HOME, MOUNTED = "/var/lib/closedloop", "/etc/closedloop"


def resources(name):
    return list(yaml.safe_load_all((EXAMPLES / "kubernetes" / f"{name}.yaml").read_text()))


BASE = {one["kind"]: one for one in resources("base")}
COMPOSE = yaml.safe_load((EXAMPLES / "compose.yaml").read_text())
SERVICE = COMPOSE["services"]["closedloop"]
IMAGE = (ROOT / "Dockerfile").read_text()


def pod(name):
    (one,) = resources(name)
    inner = one["spec"]["jobTemplate"]["spec"] if name == "cronjob" else one["spec"]
    return inner["template"]["spec"]


def configured(text, folder, secrets, variables):
    """Load a configuration whose secret files, once mounted, would lie where it says."""
    places = set(re.findall(r"/run/secrets/(?:closedloop/)?(?=\w+\s)", text))
    for name in secrets:
        (folder / name).write_text("https://example.com/secret")
    for place in places:
        text = text.replace(place, f"{folder}/")
    file = folder / "closedloop.yaml"
    file.write_text(text)
    return load(file, dict.fromkeys(variables, "value"))


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", ["base", "deployment", "cronjob"])
def test_kubernetes_takes_it(name, version):
    for one in resources(name):
        kubernetes_validate.validate(one, version, strict=True)


def test_compose_takes_it():
    assert compose_spec.PyCompose.from_yaml((EXAMPLES / "compose.yaml").read_text()).service_names() == [
        "closedloop"
    ]


def test_what_does_not_fit_would_be_noticed():
    (one,) = resources("deployment")
    one["spec"]["template"]["spec"]["securityContex"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="securityContex"):
        kubernetes_validate.validate(one, KUBERNETES[-1], strict=True)
    with pytest.raises(ValueError, match="read_onl"):
        compose_spec.PyCompose.from_yaml("services: {closedloop: {image: a, read_onl: true}}")


@pytest.mark.parametrize("name", ["deployment", "cronjob"])
def test_a_pod_can_do_nothing_but_write_into_its_volume(name):
    spec = pod(name)
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    held = spec["securityContext"]
    assert held["runAsNonRoot"] is True
    assert {held["runAsUser"], held["runAsGroup"], held["fsGroup"]} == {10001}
    places = {one["mountPath"]: one for one in container["volumeMounts"]}
    assert [path for path, one in places.items() if not one.get("readOnly")] == [HOME]
    assert places[MOUNTED]["readOnly"]
    assert {one["name"] for one in places.values()} == {one["name"] for one in spec["volumes"]}


def test_a_compose_service_can_do_nothing_but_write_into_its_volume():
    assert SERVICE["read_only"] is True
    assert SERVICE["cap_drop"] == ["ALL"]
    assert SERVICE["user"] == "10001:10001"
    assert [one for one in SERVICE["volumes"] if not one.endswith(":ro")] == [f"home:{HOME}"]
    assert set(SERVICE["secrets"]) == set(COMPOSE["secrets"])


def test_the_image_is_what_the_examples_rest_on():
    assert "USER 10001:10001" in IMAGE
    assert f"VOLUME {HOME}" in IMAGE
    assert f"CLOSEDLOOP_CONFIG={MOUNTED}/closedloop.yaml" in IMAGE
    assert 'ENTRYPOINT ["closedloop"]' in IMAGE


def test_the_configuration_of_compose_is_right_and_every_secret_it_names_is_mounted(tmp_path):
    text = (EXAMPLES / "closedloop.yaml").read_text()
    settings = configured(text, tmp_path, COMPOSE["secrets"], SERVICE["environment"])

    assert settings.connections["crm"].settings["client_secret"] == "https://example.com/secret"
    wait = span(SERVICE["stop_grace_period"]).total_seconds()
    assert wait >= span(settings.service.grace).total_seconds() + 10


@pytest.mark.parametrize("name", ["deployment", "cronjob"])
def test_the_configuration_of_kubernetes_is_right_and_every_secret_it_names_is_mounted(name, tmp_path):
    spec = pod(name)
    given = spec["containers"][0]["env"]
    keys = BASE["Secret"]["stringData"]
    assert {one["valueFrom"]["secretKeyRef"]["key"] for one in given} <= set(keys)
    text = BASE["ConfigMap"]["data"]["closedloop.yaml"]
    settings = configured(text, tmp_path, keys, [one["name"] for one in given])

    assert settings.notify.webhooks[0].url == "https://example.com/secret"
    assert spec["terminationGracePeriodSeconds"] >= span(settings.service.grace).total_seconds() + 10
    named = {one["name"]: one for one in spec["volumes"]}
    assert (
        named["home"]["persistentVolumeClaim"]["claimName"]
        == BASE["PersistentVolumeClaim"]["metadata"]["name"]
    )
    assert named["config"]["configMap"]["name"] == BASE["ConfigMap"]["metadata"]["name"]
    assert named["secrets"]["secret"]["secretName"] == BASE["Secret"]["metadata"]["name"]


def test_neither_two_pods_nor_two_runs_write_at_once():
    (daemon,), (cron,) = resources("deployment"), resources("cronjob")
    assert daemon["spec"]["strategy"] == {"type": "Recreate"}
    assert cron["spec"]["concurrencyPolicy"] == "Forbid"
    probes = pod("deployment")["containers"][0]
    assert probes["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert probes["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert pod("cronjob")["containers"][0]["args"] == ["run"]


def test_the_image_sets_what_a_file_may_leave_out(tmp_path, monkeypatch):
    """The variables of the Dockerfile fill in; what the file says wins."""
    for name, value in re.findall(r"(CLOSEDLOOP_SETTING_\w+)='?(.+?)'?(?: \\)?\n", IMAGE):
        monkeypatch.setenv(name, value)
    file = tmp_path / "closedloop.yaml"
    rest = "connections: {crm: {connector: odoo, settings: {}}}\ncompany: {currency: USD, time_zone: UTC}\n"
    file.write_text(rest + "service: {grace: 5s}\n")
    bare = load(file, {})
    assert (str(bare.home), bare.service.host, bare.service.grace) == (HOME, "0.0.0.0", "5s")
    file.write_text(rest + "service: {host: 127.0.0.1}\nhome: elsewhere\n")
    own = load(file, {})
    assert (own.home, own.service.host) == (tmp_path / "elsewhere", "127.0.0.1")

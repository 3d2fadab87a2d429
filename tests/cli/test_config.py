"""A configuration file is right, or every fault in it is named with its line, its key and its fix."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from closedloop.config import ConfigFileError, load
from closedloop.config import schema as schema_module
from closedloop.errors import ConfigError

ROOT = Path(__file__).parent.parent.parent
GOOD = """\
company: {currency: USD, time_zone: America/Chicago}
connections:
  crm:
    connector: odoo
    settings:
      url: ${CRM_URL:-http://127.0.0.1:8069}
      database: crm
      api_key: ${CRM_KEY}
    schedule: "*/15 * * * *"
writeback:
  crm:
    campaign: {attendee_ltv: x_cl_attendee_ltv}
    guards: {max_changed: 40%}
"""


@pytest.fixture
def write(tmp_path):
    def write_file(text):
        path = tmp_path / "closedloop.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def problems(path, environment=None):
    with pytest.raises(ConfigFileError) as caught:
        load(path, environment if environment is not None else {"CRM_KEY": "k"})
    return caught.value.problems


def only(path, environment=None):
    (problem,) = problems(path, environment)
    return problem.line, ".".join(map(str, problem.path)), problem.message, problem.fix


def test_a_good_file_becomes_settings_with_secrets_put_in_and_paths_made_absolute(write, tmp_path):
    settings = load(write(GOOD), {"CRM_KEY": "secret"})

    assert settings.connections["crm"].settings == {
        "url": "http://127.0.0.1:8069",
        "database": "crm",
        "api_key": "secret",
    }
    assert settings.writeback["crm"].guards.max_changed == Decimal("0.4")
    assert settings.home == tmp_path / ".closedloop"


def test_the_value_of_a_variable_is_text_and_is_not_expanded_again(write):
    settings = load(write(GOOD), {"CRM_KEY": "007${HOME}"})

    assert settings.connections["crm"].settings["api_key"] == "007${HOME}"


def test_an_unset_and_an_empty_variable_are_named_with_their_line(write):
    line, key, message, fix = only(write(GOOD), {})

    assert (line, key) == (8, "connections.crm.settings.api_key")
    assert message == "the variable CRM_KEY is not set"
    assert "CRM_KEY" in fix
    assert only(write(GOOD), {"CRM_KEY": ""})[2] == "the variable CRM_KEY is empty"


def test_a_secret_may_stand_in_a_file_beside(write, tmp_path):
    (tmp_path / "key").write_text("from-file\n")
    settings = load(write(GOOD.replace("api_key: ${CRM_KEY}", "api_key_file: key")), {})

    assert settings.connections["crm"].settings["api_key"] == "from-file"
    assert "api_key_file" not in settings.connections["crm"].settings


HOOKS = """\
notify:
  webhooks: [{url_file: hook, secret_file: sign}]
  email: {to: [a@example.com], sender: b@example.com, host: mail.example.com, user_file: who, password_file: word}
database_file: where
"""


def test_the_secrets_of_hooks_and_the_database_may_stand_in_files(write, tmp_path):
    for name in ("sign", "who", "word", "where"):
        (tmp_path / name).write_text(f"the-{name}\n")
    (tmp_path / "hook").write_text("https://hooks.example.com/T0/very-secret\n")
    settings = load(write(GOOD + HOOKS), {"CRM_KEY": "k"})

    assert [(one.url, one.secret) for one in settings.notify.webhooks] == [
        ("https://hooks.example.com/T0/very-secret", "the-sign")
    ]
    assert (settings.notify.email.user, settings.notify.email.password) == ("the-who", "the-word")
    assert settings.database == "the-where"


def test_a_hook_whose_file_is_not_there_is_one_problem_and_one_that_is_wrong_is_not_shown(write, tmp_path):
    text = GOOD + "notify:\n  webhooks: [{url_file: hook}]\n"
    assert only(write(text))[:2] == (15, "notify.webhooks.0.url_file")
    (tmp_path / "hook").write_text("ftp://hooks.example.com/very-secret")
    line, key, message, _ = only(write(text))
    assert (line, key) == (15, "notify.webhooks.0.url")
    assert "very-secret" not in message


def test_an_editor_knows_the_files_too():
    webhook = schema_module.schema()["$defs"]["Webhook"]
    assert {"url_file", "secret_file"} <= set(webhook["properties"])
    assert "required" not in webhook or "url" not in webhook["required"]


def test_a_secret_file_that_is_not_there_is_named(write):
    line, key, message, _ = only(write(GOOD.replace("api_key: ${CRM_KEY}", "api_key_file: key")), {})

    assert (line, key) == (8, "connections.crm.settings.api_key_file")
    assert message == "cannot read key: No such file or directory"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("schedule:", "shedule:", (9, "connections.crm.shedule", "unknown key", "did you mean schedule?")),
        ("guards:", "gards:", (13, "writeback.crm.gards", "unknown key", "did you mean guards?")),
        ("    connector: odoo\n", "", (3, "connections.crm.connector", "is missing", "add connector: odoo")),
        ("currency: USD, ", "", (1, "company.currency", "is missing", "add currency: USD")),
        ("connector: odoo", "connector: odo", (4, "connections.crm.connector", "there is no connector odo", "did you mean odoo?")),
        ("currency: USD", "currency: dollar", (1, "company.currency", "dollar does not have the right form", "currency: USD")),
        ("America/Chicago", "Chicago", (1, "company.time_zone", "Chicago is not a time zone", "write an IANA name such as America/Chicago")),
        ("40%", "lots", (13, "writeback.crm.guards.max_changed", "lots is not a share", "write 30% or 0.3")),
        ("{currency: USD, time_zone: America/Chicago}", "acme", (1, "company", "acme is not keys with values, indented below it", "write keys with values, indented below it")),
        ("attendee_ltv: x", "atendee_ltv: x", (12, "writeback.crm.campaign.atendee_ltv", "there is no campaign measure atendee_ltv", "did you mean attendee_ltv?")),
        ("writeback:\n  crm:", "writeback:\n  cmr:", (11, "writeback.cmr", "there is no connection cmr", "did you mean crm?")),
    ],
)  # fmt: skip
def test_one_fault_is_named_with_line_key_message_and_fix(write, old, new, expected):
    assert old in GOOD

    assert only(write(GOOD.replace(old, new, 1))) == expected


@pytest.mark.parametrize("cron", ["hourly", "61 * * * *", "* * * * * *", "@daily"])
def test_a_schedule_that_is_not_a_cron_line_is_refused(write, cron):
    line, key, message, _ = only(write(GOOD.replace("*/15 * * * *", cron)))

    assert (line, key, message) == (9, "connections.crm.schedule", f"{cron} is not a cron line")


def test_every_fault_of_a_file_is_reported_at_once(write):
    text = GOOD.replace("schedule:", "shedule:").replace("40%", "lots").replace("connector: odoo\n", "\n")
    found = problems(write(text), {})

    assert [problem.line for problem in found] == [3, 8, 9, 13]


def test_a_key_written_twice_is_refused_with_both_lines(write):
    line, key, message, _ = only(write(GOOD + "company: {currency: EUR, time_zone: UTC}\n"))

    assert (line, key) == (14, "company")
    assert message == "the key is written twice, first on line 1"


def test_a_syntax_error_names_line_and_column(write):
    line, _, message, _ = only(write("company:\n\tcurrency: USD\n"))

    assert line == 2
    assert message.startswith("not valid YAML: ")
    assert message.endswith("column 1")


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "the file is empty"), ("- a\n", "the file is not a set of keys"), ("a: &x [*x]\n", None)],
)
def test_odd_files_are_refused_not_crashed_on(write, text, message):
    found = problems(write(text))

    assert message is None or message in [problem.message for problem in found]


def test_a_value_that_may_be_secret_is_never_printed(write):
    text = GOOD + "database: [hunter2]\n"
    with pytest.raises(ConfigFileError) as caught:
        load(write(text.replace("${CRM_KEY}", "${BAD NAME}")), {})

    assert "hunter2" not in str(caught.value)
    assert "line 14" in str(caught.value)


def test_a_file_that_is_not_there_is_a_configuration_error_with_the_nearest_name(write):
    path = write(GOOD)
    with pytest.raises(ConfigError, match=r"did you mean closedloop\.yaml") as caught:
        load(path.with_name("closedlop.yaml"), {})

    assert caught.value.exit_code == 2


def test_yaml_words_of_old_stay_text(write):
    settings = load(
        write(GOOD.replace("database: crm", "database: on\n      day: 2024-01-31")), {"CRM_KEY": "k"}
    )

    assert settings.connections["crm"].settings["database"] == "on"
    assert settings.connections["crm"].settings["day"] == "2024-01-31"


def test_the_editors_schema_is_fresh():
    assert (ROOT / "config" / "closedloop.schema.json").read_text(encoding="utf-8") == schema_module.text()


#: Our own files: those of the containers' engines, and the one they hand on, are held in tests/container.
EXAMPLES = sorted(path for path in (ROOT / "config").rglob("*.yaml") if "container" not in path.parts)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_example_loads(path, monkeypatch):
    class Anything(dict):
        def get(self, key, default=None):
            return f"value-of-{key}"

    settings = load(path, Anything())

    assert settings.connections


def test_the_examples_obey_the_schema_as_an_editor_would_check_it():
    jsonschema = pytest.importorskip("jsonschema")
    yaml = pytest.importorskip("yaml")
    schema = json.loads((ROOT / "config" / "closedloop.schema.json").read_text())
    for path in [*EXAMPLES, ROOT / "config" / "container" / "closedloop.yaml"]:
        jsonschema.validate(yaml.safe_load(path.read_text()), schema)

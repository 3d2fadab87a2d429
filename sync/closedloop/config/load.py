"""From a file to `Settings`, or to every problem at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError
from pydantic_settings import SettingsError

from closedloop.config.document import Document, read
from closedloop.config.explain import explain
from closedloop.config.meaning import check_meaning
from closedloop.config.problem import ConfigFileError, did_you_mean
from closedloop.config.secrets import expand
from closedloop.errors import ConfigError
from closedloop.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.settings import Connection

#: Sections that say where data come from and go to: figures do not rest on them.
_SYSTEMS = frozenset({"connections", "writeback", "service", "notify", "engine", "home", "database"})


def load(file: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read `closedloop.yaml`.

    Args:
        file: The file; paths inside it are relative to its folder.
        environment: Where `${NAME}` is looked up; none: the process's own.

    Returns:
        The settings, paths absolute, secrets put in.

    Raises:
        ConfigFileError: The file has problems; it carries all of them.
        ConfigError: There is no such file.
    """
    document = read(_there(file))
    folder = file.resolve().parent
    data = expand(document, os.environ if environment is None else environment, folder)
    if data is None and not document.problems:
        document.add((), "the file is empty", "`closedloop init` writes a first one")
    elif data is not None and not isinstance(data, dict):
        document.add(
            (), "the file is not a set of keys", "write `company:`, `connections:` … at the left margin"
        )
    if isinstance(data, dict):
        check_meaning(document, data)
    return _valid(file, document, data)


def figures(file: Path | None, company: Mapping[str, str]) -> tuple[Settings, frozenset[str]]:
    """Read only what the figures rest on: no connection, no secret, nothing that is written back.

    Args:
        file: A configuration file; none: all defaults.
        company: What the section `company` holds where the file is silent.

    Returns:
        The settings, without connections; and the keys of `company` that the file states.

    Raises:
        ConfigFileError: The file has problems; it carries all of them.
        ConfigError: There is no such file.
    """
    document = read(_there(file)) if file else Document()
    if document.data is not None and not isinstance(document.data, dict):
        document.add(
            (), "the file is not a set of keys", "write `company:`, `attribution:` … at the left margin"
        )
    elif not document.problems:
        data = document.data or {}
        stated = data.get("company") or {}
        document.data = {name: part for name, part in data.items() if name not in _SYSTEMS}
        document.data |= {
            "connections": {},
            "company": {**company, **stated} if isinstance(stated, dict) else stated,
        }
        place = file or Path()
        whole = expand(document, os.environ, place.resolve().parent)
        return _valid(place, document, whole), frozenset(stated if isinstance(stated, dict) else ())
    raise ConfigFileError(str(file), document.problems)


def _there(file: Path) -> Path:
    if file.is_file():
        return file
    near = sorted(path.name for path in file.parent.glob("*.y*ml")) if file.parent.is_dir() else []
    fix = f"{did_you_mean(file.name, near)} " if near else ""
    raise ConfigError(
        "there is no such file",
        where=str(file),
        fix=f"{fix}`closedloop init` writes one; --config names another",
    )


def _valid(file: Path, document: Document, data: object) -> Settings:
    settings = None
    if isinstance(data, dict):
        try:
            settings = _absolute(Settings(**cast("dict[str, Any]", data)), file.resolve().parent)
        except SettingsError as error:
            raise ConfigError(
                str(error), where="CLOSEDLOOP_SETTING_…", fix="correct or unset the variable"
            ) from error
        except ValidationError as error:
            document.problems.extend(explain(error.errors(), Settings, document))
    if settings is None or document.problems:
        raise ConfigFileError(str(file), document.problems)
    return settings


def _absolute(settings: Settings, folder: Path) -> Settings:
    """Return the settings with absolute paths, so that no later step depends on the working directory."""
    connections = {name: _placed(connection, folder) for name, connection in settings.connections.items()}
    found: dict[str, Any] = {"home": folder / settings.home, "connections": connections}
    if settings.models_dir:
        found["models_dir"] = folder / settings.models_dir
    return settings.model_copy(update=found)


def _placed(connection: Connection, folder: Path) -> Connection:
    """Return a connection whose staging folder and `files` do not depend on the working directory."""
    found: dict[str, Any] = {}
    if connection.staging:
        found["staging"] = folder / connection.staging
    files = connection.settings.get("files")
    if isinstance(files, (str, list)):
        named = [str(folder / str(one)) for one in ([files] if isinstance(files, str) else files)]
        found["settings"] = {**connection.settings, "files": named}
    return connection.model_copy(update=found) if found else connection

"""Base of our taps: the SDK's tap with streams that fail apart, exit codes, and four more options.

    --check          credentials, permissions, fields and streams, one JSON line each
    --count          what the source says it has, one JSON line a stream
    --sweep STREAM   the key of every row of one stream: what we hold beyond them was deleted
    --login          a person's first consent; see `closedloop.kit.login`

Exit codes: 0 done, 1 some stream failed, 2 the configuration must change, 4 unreachable or no budget left.
On 2 and 4 the last line on stderr is one JSON object that says why: ``{"event": "tap.stopped", …}``.
"""

from __future__ import annotations

import difflib
import json
import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, cast

import click
from singer_sdk import Tap
from singer_sdk import typing as th
from singer_sdk.exceptions import ConfigValidationError

from closedloop.clock import system_clock
from closedloop.errors import ClosedloopError, ConfigError, PartlyFailedError
from closedloop.kit.exits import exits, explained
from closedloop.kit.line import encode
from closedloop.kit.login import log_in
from closedloop.kit.redact import redactor
from closedloop.kit.singer import FastWriter
from closedloop.kit.stream import Check, ClosedloopStream, iso
from closedloop.log import configure, get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from closedloop.kit.login import Consent, Granted
    from closedloop.kit.pace import Budget

log = get_logger(__name__)

#: Settings of other parts that share the block: they are let through.
_FOREIGN = ("closedloop_", "target_")
#: Settings every tap of ours has; `--about` documents them.
CLOSEDLOOP_SETTINGS = (
    th.Property(
        "closedloop_protocol",
        th.BooleanType,
        default=False,
        title="closedloop protocol",
        description="Also write PROOF and QUARANTINE messages. closedloop's own core sets it; other targets "
        "do not know these messages.",
    ),
    th.Property(
        "closedloop_connection",
        th.StringType,
        title="Connection name",
        description="Name of this connection in closedloop.yaml, used in error messages.",
    ),
    th.Property(
        "closedloop_tokens",
        th.StringType,
        title="Token folder of the core",
        description="Where rotating tokens are kept between runs; closedloop's own core sets it.",
    ),
    th.Property(
        "closedloop_fields",
        th.ObjectType(additional_properties=th.ArrayType(th.StringType)),
        title="Fields closedloop writes",
        description="Vendor object to field names: read too, as columns of the object's stream, so that what "
        "closedloop last wrote can be compared with what is there.",
    ),
    th.Property(
        "lag_seconds",
        th.IntegerType,
        default=60,
        title="Lag",
        description="Rows younger than this are left out of the completeness count: their transactions may "
        "still be open.",
    ),
)


class ClosedloopTap(Tap):
    """Base of our taps."""

    package_name = "closedloop"
    dynamic_catalog = True  # the database decides which streams there are
    message_writer_class = FastWriter
    #: Settings whose values must never be seen.
    secret_settings: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.stopped: ClosedloopError | None = None
        self.failures: dict[str, ClosedloopError] = {}
        super().__init__(*args, **kwargs)

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        redactor.add(*(self.config.get(name) for name in self.secret_settings))
        errors = super()._validate_config(raise_errors=raise_errors)
        known = self.config_jsonschema["properties"]
        unknown = [name for name in self.config if name not in known and not name.startswith(_FOREIGN)]
        if unknown:
            near = difflib.get_close_matches(unknown[0], known, n=1)
            message = "unknown setting: " + ", ".join(sorted(unknown))
            fix = f"did you mean {near[0]}?" if near else f"{self.name} --about lists the settings"
            raise ConfigError(message, where=self.where, fix=fix)
        return errors

    @property
    def writer(self) -> FastWriter:
        """The way out for messages."""
        return cast("FastWriter", self.message_writer)

    @property
    def protocol(self) -> bool:
        """Whether our own core reads us."""
        return bool(self.config.get("closedloop_protocol"))

    @property
    def lag(self) -> timedelta:
        """How long a row may be on its way before it counts."""
        return timedelta(seconds=int(self.config.get("lag_seconds", 60)))

    @property
    def where(self) -> str:
        """What errors call this connection."""
        name = self.config.get("closedloop_connection")
        return f"connections.{name}" if name else self.name

    def traffic(self) -> tuple[int, int]:
        """Return requests made and bytes received so far."""
        return 0, 0

    def budget(self) -> Budget | None:
        """Return what is left of the calls that the vendor allows; none where it does not say. It asks nobody."""
        return None

    def source_now(self) -> datetime:
        """Return the source's own time."""
        return system_clock().now()

    def may_skip(self, stream: ClosedloopStream, error: ClosedloopError) -> str | None:
        """Return why ``stream`` may be left out after ``error``; none if that is a failure."""
        del stream, error
        return None

    def checks(self) -> Iterator[Check]:
        """Yield what `--check` finds."""
        yield from ()

    def consent(self) -> Consent:
        """Return what `--login` tells the vendor's consent page.

        Raises:
            ConfigError: This credential needs none.
        """
        raise self._no_login()

    def keep(self, granted: Granted) -> str:
        """Keep the tokens of a consent where the tap will find them, and return what they open.

        Raises:
            ConfigError: This credential needs none.
        """
        del granted
        raise self._no_login()

    def _no_login(self) -> ConfigError:
        message = "this connection has no login: its credential stands in the settings"
        return ConfigError(message, where=self.where, fix=f"{self.name} --about lists the settings")

    def prepare(self) -> None:
        """Find what makes a run pointless before anything is read.

        Raises:
            ConfigError: For instance the catalog selects a stream that the source does not have.
        """
        unknown = sorted(self._wanted_streams() - self.streams.keys())
        if unknown:
            raise self._no_such_stream(*unknown)

    def _no_such_stream(self, *names: str) -> ConfigError:
        message = "no such stream here: " + ", ".join(names)
        return ConfigError(message, where=self.where, fix="choose from: " + ", ".join(sorted(self.streams)))

    def _wanted_streams(self) -> set[str]:
        catalog = self.input_catalog
        return {name for name, entry in catalog.items() if entry.metadata.root.selected} if catalog else set()

    def chosen(self) -> list[ClosedloopStream]:
        """Return the selected streams."""
        return [cast("ClosedloopStream", stream) for stream in self.streams.values() if stream.selected]

    # Command line

    @classmethod
    def invoke(
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        check: bool = False,
        count: bool = False,
        sweep: str | None = None,
        login: bool = False,
        paste: bool = False,
        **kwargs: Any,
    ) -> None:
        """Run the command line.

        Args:
            about: Print metadata and settings.
            about_format: Format of that.
            check: See `--check`.
            count: See `--count`.
            sweep: See `--sweep`.
            login: See `--login`.
            paste: See `--login`.
            **kwargs: ``config``, ``state`` and ``catalog`` as the SDK read them.
        """
        if about:
            cls.print_about(about_format)
            return
        with exits(cls.name):
            if check:
                sys.exit(cls._check(kwargs))
            if login:
                cls._started(kwargs, setup_mapper=False).log_in(is_pasted=paste)
                return
            tap = cls._started(kwargs)
            if count:
                tap.print_counts()
            elif sweep:
                tap.print_sweep(sweep)
            else:
                tap.run()

    @classmethod
    def _started(cls, kwargs: dict[str, Any], *, setup_mapper: bool = True) -> ClosedloopTap:
        config, state, catalog = (kwargs.get(name) for name in ("config", "state", "catalog"))
        return cls(
            config=config.config if config else {},
            state=json.load(state) if state else None,
            catalog=json.load(catalog) if catalog else None,
            parse_env_config=bool(config and config.parse_env),
            validate_config=True,
            setup_mapper=setup_mapper,  # which asks the source for its streams: not before there is a token
        )

    def run(self) -> None:
        """Read the selected streams.

        Raises:
            ClosedloopError: Some stream failed, or the run had to stop.
        """
        self.prepare()
        try:
            self.sync_all()
        finally:
            if (budget := self.budget()) is not None:
                log.info("tap.budget", **asdict(budget))
        if self.stopped is not None:
            raise self.stopped
        if self.failures:
            names = ", ".join(sorted(self.failures))
            message = f"failed: {names}"
            raise PartlyFailedError(message, where=self.where)

    @classmethod
    def _check(cls, kwargs: dict[str, Any]) -> int:
        """Print the checks and return the exit code."""
        writer, code = FastWriter(), 0
        try:
            for check in cls._started(kwargs).checks():
                writer.write_line(asdict(check))
                if check.required and not check.ok:
                    code = ConfigError.exit_code
        except (ClosedloopError, ConfigValidationError) as error:
            found = explained(error, cls.name)
            line = Check(name="login", ok=False, message=found.message, fix=found.fix)
            writer.write_line(asdict(line))
            raise
        return code

    def log_in(self, *, is_pasted: bool) -> None:
        """Lead a person through the consent and keep what it gives."""
        granted = log_in(self.consent(), self.writer.write_line, is_pasted=is_pasted)
        self.writer.write_line({"login": "done", "message": self.keep(granted)})

    def print_counts(self) -> None:
        """Print `--count`."""
        for stream in self.chosen():
            until = stream.count_until
            self.writer.write_line(
                {
                    "stream": stream.name,
                    "source_count": stream.source_count(until),
                    "count_column": stream.count_column,
                    "count_until": iso(until),
                }
            )

    def print_sweep(self, name: str) -> None:
        """Print `--sweep`.

        Raises:
            ConfigError: There is no such stream.
        """
        stream = cast("ClosedloopStream | None", self.streams.get(name))
        if stream is None:
            raise self._no_such_stream(name)
        last, count = None, 0
        for last in stream.keys():  # noqa: SIM118 (the last one is wanted; not a mapping)
            sys.stdout.buffer.write(encode({"stream": name, "id": last}))
            count += 1
        self.writer.write_line(
            {
                "stream": name,
                "sweep_count": count,
                "source_count": stream.source_total(last),
                "count_until": iso(self.source_now()),
            }
        )

    @classmethod
    def cb_discover(cls, ctx: click.Context, param: click.Option, value: bool) -> None:  # noqa: FBT001 (the SDK's)
        """Run `--discover`."""
        del param
        if value:
            with exits(cls.name):
                cls._started(ctx.params).run_discovery()
            ctx.exit()

    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Run `--test`."""
        with exits(cls.name):
            super().cb_test(ctx, param, value)

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the SDK's command with our options."""
        configure(level="INFO")  # replaces the SDK's console handler: one format, redacted
        command = super().get_singer_command()
        command.params.extend(
            [
                click.Option(
                    ["--check"], is_flag=True, help="Check credentials, permissions, fields and streams."
                ),
                click.Option(["--count"], is_flag=True, help="Print what the source has in each stream."),
                click.Option(["--sweep"], metavar="STREAM", help="Print the key of every row of a stream."),
                click.Option(["--login"], is_flag=True, help="Lead a person through the first consent."),
                click.Option(
                    ["--paste"], is_flag=True, help="With --login: read the redirect address from stdin."
                ),
            ]
        )
        return command

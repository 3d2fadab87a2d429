"""`/healthz` (the process works as it should) and `/readyz` (it holds the lease and can reach its database)."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from closedloop.errors import ConfigError
from closedloop.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse

log = get_logger(__name__)

#: States in which the daemon does its work.
READY = ("idle", "working")


@dataclass(slots=True, kw_only=True)
class Health:
    """What the daemon says about itself; written by its main thread, read by the server's.

    Args:
        on_death: Called when the server's thread ends on its own.
    """

    on_death: Callable[[], None]
    state: str = "starting"
    job: str | None = None
    next_at: str | None = None
    failed: dict[str, str] = field(default_factory=dict)
    dead: str | None = None

    def view(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"state": self.state, "job": self.job, "next_at": self.next_at, "failed": dict(self.failed)}


def application(health: Health) -> Starlette:
    """Return the two routes."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def alive(_request: Request) -> JSONResponse:
        return JSONResponse(health.view(), status_code=503 if health.dead else 200)

    async def ready(_request: Request) -> JSONResponse:
        return JSONResponse(health.view(), status_code=200 if health.state in READY else 503)

    return Starlette(routes=[Route("/healthz", alive), Route("/readyz", ready)])


@contextmanager
def serving(health: Health, host: str, port: int) -> Iterator[str]:
    """Serve the routes from a thread meanwhile, and yield the address.

    Raises:
        ConfigError: The port cannot be had.
    """
    import uvicorn

    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        msg = f"cannot listen on {host}:{port}: {error.strerror}"
        raise ConfigError(
            msg,
            where="service.port",
            fix="choose another; 0 takes any",
        ) from error
    server = uvicorn.Server(
        uvicorn.Config(application(health), log_config=None, access_log=False, lifespan="off", ws="none")
    )

    def serve() -> None:
        try:
            server.run(sockets=[listener])
        except Exception:
            log.exception("health.crashed")
        finally:
            if not server.should_exit:
                health.dead = "health"
                health.on_death()

    thread = threading.Thread(target=serve, name="health", daemon=True)
    thread.start()
    address = f"http://{host}:{listener.getsockname()[1]}"
    try:
        yield address
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()

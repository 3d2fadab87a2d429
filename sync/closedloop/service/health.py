"""`/healthz` (the process works as it should), `/readyz` (it holds the lease and can reach its database), `/metrics`."""

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

#: Of the text format of Prometheus.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
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


def application(health: Health, metrics: Callable[[], bytes] | None = None) -> Starlette:
    """Return the routes; `/metrics` only where ``metrics`` gives them."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    async def alive(_request: Request) -> JSONResponse:
        return JSONResponse(health.view(), status_code=503 if health.dead else 200)

    async def ready(_request: Request) -> JSONResponse:
        return JSONResponse(health.view(), status_code=200 if health.state in READY else 503)

    def told(_request: Request) -> Response:
        # Not awaited: it reads the database, which Starlette does in a thread then.
        return Response(metrics() if metrics else b"", media_type=CONTENT_TYPE)

    routes = [Route("/healthz", alive), Route("/readyz", ready)]
    return Starlette(routes=[*routes, Route("/metrics", told)] if metrics else routes)


@contextmanager
def serving(
    health: Health, host: str, port: int, metrics: Callable[[], bytes] | None = None
) -> Iterator[str]:
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
        uvicorn.Config(
            application(health, metrics), log_config=None, access_log=False, lifespan="off", ws="none"
        )
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

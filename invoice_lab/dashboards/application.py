"""The server process: standalone Voila with our own handlers. Run as ``python -m invoice_lab.dashboards.application``.

Standalone Voila answers only comm messages over the kernel websocket and has no contents, terminals or kernel list;
the Jupyter Server extension of Voila would let a viewer run code. Its file, tree and contents handlers are left out.
The working folder holds ``voila.json``. When standard input ends, the parent is gone and the server stops.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Awaitable
from typing import Any

from jupyter_core.utils import ensure_async, run_sync
from jupyter_server.utils import url_path_join
from tornado.ioloop import IOLoop, PeriodicCallback
from voila.app import Voila
from voila.static_file_handler import AllowListFileHandler, TemplateStaticFileHandler
from voila.tornado.contentshandler import VoilaContentsHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.treehandler import TornadoVoilaTreeHandler

from invoice_lab.dashboards.handlers import HealthHandler, LandingHandler, NotFoundHandler, PageHandler, TemplateFiles
from invoice_lab.settings import Settings
from invoice_lab.warehouse.cache import POINTER

_LEFT_OUT = (
    AllowListFileHandler,
    TemplateStaticFileHandler,
    VoilaContentsHandler,
    TornadoVoilaTreeHandler,
    TornadoVoilaHandler,
)
_POINTER_CHECK_MS = 2000


class DashboardServer(Voila):  # type: ignore[misc]
    """Voila with the allow-list of pages, a landing page, friendly errors, and kernels no older than the cache."""

    @property
    def workspace(self) -> str:
        """The workspace that is served."""
        return os.environ["INVOICE_LAB_DASHBOARD"]

    def init_handlers(self) -> list[Any]:
        """Return Voila's handlers without those that show files, and ours."""
        kept = [handler for handler in super().init_handlers() if handler[1] not in _LEFT_OUT]
        conf = {"voila_configuration": self.voila_configuration}
        page_conf = conf | {"template_paths": self.template_paths, "config": self.config}
        ours = [
            (r"/voila/templates/(.*)", TemplateFiles, {}),
            (r"/healthz", HealthHandler, {}),
            (r"/", LandingHandler, conf),
            (r"/voila/render/(.*)", PageHandler, page_conf),
            (r"/([a-z_]+)", PageHandler, page_conf),
            (r"/.*", NotFoundHandler, conf),
        ]
        return kept + [(url_path_join(self.server_url, path), handler, args) for path, handler, args in ours]

    def listen(self) -> None:
        """Serve until told to stop, or until the parent is gone."""
        self._pointer = self._read_pointer()
        loop = IOLoop.current()
        loop.add_handler(sys.stdin.fileno(), lambda *_: loop.stop(), IOLoop.READ)
        PeriodicCallback(self.drop_stale_kernels, _POINTER_CHECK_MS).start()
        super().listen()

    def stop(self) -> None:
        """Stop every kernel, pre-heated ones too, at once: they hold nothing worth saving."""
        run_sync(self.kernel_manager.shutdown_all)(now=True)
        shutil.rmtree(self.connection_dir, ignore_errors=True)

    def drop_stale_kernels(self) -> None:
        """Replace the pre-heated kernels when the cache was refreshed: they ran on the data of before."""
        pointer = self._read_pointer()
        if pointer == self._pointer:
            return
        self._pointer = pointer
        manager = self.kernel_manager
        for notebook, pool in list(getattr(manager, "_pools", {}).items()):
            stale = list(pool)
            pool.clear()
            manager.fill_if_needed(delay=0, notebook_name=notebook)
            for task in stale:
                IOLoop.current().add_callback(self._shut_down, task)

    async def _shut_down(self, preheating: Awaitable[dict[str, Any]]) -> None:
        item = await preheating
        await ensure_async(self.kernel_manager.shutdown_kernel(item["kernel_id"], now=True))

    def _read_pointer(self) -> str:
        pointer = Settings.from_environment().cache_dir(self.workspace) / POINTER
        return pointer.read_text() if pointer.is_file() else ""


if __name__ == "__main__":
    DashboardServer.launch_instance(argv=[])

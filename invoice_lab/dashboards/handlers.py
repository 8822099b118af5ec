"""The request handlers of our own: landing page, pages of the allow-list, health, and friendly errors."""

from __future__ import annotations

import asyncio
from http.client import responses

from jupyter_server.auth.decorator import allow_unauthenticated
from tornado.web import HTTPError, RequestHandler, authenticated
from voila.handler import BaseVoilaHandler
from voila.static_file_handler import TemplateStaticFileHandler
from voila.tornado.handler import TornadoVoilaHandler

from invoice_lab.dashboards.failures import new_run
from invoice_lab.dashboards.pages import Page, find_page, pages
from invoice_lab.errors import CacheError
from invoice_lab.warehouse.cache import CacheMeta, open_cache

_SENTENCES = {
    403: "This is not open to you.",
    404: "There is no such page.",
}
_ANY_OTHER = "Something went wrong on our side."


class FriendlyErrors(BaseVoilaHandler):  # type: ignore[misc]
    """Answers errors with one sentence, the run id and a way back; the details go to the log."""

    def write_error(self, status_code: int, **kwargs: object) -> None:
        """Render the error page."""
        run = new_run()
        report = self.log.error if status_code >= 500 else self.log.warning
        report("run %s: %s %s answered %d", run, self.request.method, self.request.path, status_code)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        sentence = _SENTENCES.get(status_code, _ANY_OTHER)
        reason = responses.get(status_code, "Error")
        self.finish(self.render_page("error.html", "", sentence=sentence, reason=reason, run=run))

    def render_page(self, template: str, current: str, **values: object) -> str:
        """Render one of our templates with what the navigation bar needs."""
        workspace = self.settings["voila"].workspace
        text: str = self.render_template(template, pages=pages(), workspace=workspace, current=current, **values)
        return text


class LandingHandler(FriendlyErrors):
    """The first page: cards that link the pages, and what the workspace holds."""

    @authenticated  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        """Render the landing page."""
        workspace = self.settings["voila"].workspace
        meta = await asyncio.to_thread(_cache_meta, workspace)
        self.set_header("Cache-Control", "no-store")
        self.finish(self.render_page("landing.html", "home", meta=meta))


class PageHandler(FriendlyErrors, TornadoVoilaHandler):  # type: ignore[misc]
    """A page of the allow-list, rendered by Voila."""

    @authenticated  # type: ignore[untyped-decorator]
    async def get(self, path: str = "") -> None:
        """Render the page, or answer 404."""
        page: Page | None = find_page(path)
        if page is None:
            raise HTTPError(404)
        self.settings["voila"].drop_stale_kernels()
        await super().get(page.notebook)


class TemplateFiles(TemplateStaticFileHandler):  # type: ignore[misc]
    """The static files of our template; Voila's own handler answers a path with dots by failing."""

    def parse_url_path(self, url_path: str) -> str:
        """Refuse what isn't ``<template>/static/<path>``."""
        template, _, rest = url_path.partition("/")
        if not template.isidentifier() or not rest.startswith("static/") or ".." in rest:
            raise HTTPError(404)
        return str(super().parse_url_path(url_path))


class NotFoundHandler(FriendlyErrors):
    """Every address that nothing else answers."""

    @allow_unauthenticated  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        """Answer 404."""
        raise HTTPError(404)

    head = post = put = patch = delete = get


class HealthHandler(RequestHandler):  # type: ignore[misc]
    """Tells that the server answers."""

    def get(self) -> None:
        """Answer ``ok``."""
        self.set_header("Content-Type", "text/plain")
        self.finish("ok\n")


def _cache_meta(workspace: str) -> CacheMeta | None:
    try:
        with open_cache(workspace) as cache:
            return cache.meta
    except CacheError:
        return None

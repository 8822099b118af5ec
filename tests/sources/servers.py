"""Servers on 127.0.0.1 that misbehave when told to, for the tests of sources; they end with the test."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from invoice_lab.sources.http import Patience

SUFFIXES = (".png", ".jpg")
MOST = 1000
TOKEN = "s3cret-tok3n"
SHORT = Patience(tries=3, first_wait=0.001, longest_wait=0.005, longest_asked=0.3, connect=2, read=0.4, whole=0.6)
ENDLESS = 200_000_000
"""Where an endless body ends after all, so that a client that reads on fails its test and not the machine."""


@dataclass
class Reply:
    """What a server answers; `how` says what goes wrong: half, reset, hang, drip, endless."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    how: str = ""


@dataclass
class Request:
    """What was asked, as it came over the wire."""

    path: str
    headers: dict[str, str]

    @property
    def query(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}


Answerer = Callable[[Request], Reply]


class WebServer:
    """Answers each path with its replies, one after the other, the last of them again and again; 404 for others."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.sent = 0
        self.stopped = threading.Event()
        self._replies: dict[str, list[Reply]] = {}
        self._answer: Answerer | None = None
        self._connections: set[socket.socket] = set()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def on(self, path: str, *replies: Reply) -> None:
        self._replies[path] = list(replies)

    def by(self, answer: Answerer) -> None:
        """Answer all paths without replies by a function."""
        self._answer = answer

    def paths(self) -> list[str]:
        return [urlsplit(request.path).path for request in self.requests]

    def reply(self, request: Request) -> Reply:
        self.requests.append(request)
        replies = self._replies.get(urlsplit(request.path).path)
        if replies:
            return replies.pop(0) if len(replies) > 1 else replies[0]
        return self._answer(request) if self._answer else Reply(status=404)

    def stop(self) -> None:
        if self.stopped.is_set():
            return
        self.stopped.set()
        self._http.shutdown()
        self._http.server_close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> WebServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _handler(server: WebServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            server._connections.add(self.request)
            super().setup()

        def finish(self) -> None:
            server._connections.discard(self.request)
            with contextlib.suppress(OSError):
                super().finish()

        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            reply = server.reply(Request(self.path, dict(self.headers)))
            if reply.how == "hang":
                server.stopped.wait(5)
            if reply.how == "reset":
                self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if reply.how in ("hang", "reset"):
                self.close_connection = True
                self.request.close() if reply.how == "reset" else None
                return
            with contextlib.suppress(OSError):
                self._send(reply)

        def _send(self, reply: Reply) -> None:
            self.send_response_only(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.how != "endless":
                self.send_header("Content-Length", str(len(reply.body) + (100 if reply.how in ("half", "drip") else 0)))
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = reply.how != ""
            while reply.how == "drip" and not server.stopped.wait(0.05):
                self.wfile.write(b"x")
            while reply.how == "endless" and server.sent < ENDLESS:
                server.sent += self.wfile.write(b"x" * 10_000)

    return Handler


def api_answer(invoices: list[tuple[str, str]], page: int = 1000) -> Answerer:
    """Answer as the invoice API does; dates as given are compared as texts."""

    def answer(request: Request) -> Reply:
        parts = urlsplit(request.path)
        if parts.path == "/invoices":
            since = request.query["start_date"]
            found = [{"no": no, "dt": dt} for no, dt in sorted(invoices, key=lambda one: one[1]) if dt >= since]
            return Reply(json.dumps({"invoices": found[:page]}).encode())
        number = unquote(parts.path.removeprefix("/invoices/"))
        known = number in {no for no, _ in invoices} and "/" not in parts.path.removeprefix("/invoices/")
        return Reply(f"scan {number}".encode()) if known else Reply(status=404)

    return answer


def listing(*blobs: tuple[str, str], following: str = "", date: str = "") -> Reply:
    """Return a page of a container's listing; blobs as (name, Last-Modified), names as XML has them."""
    entries = "".join(
        f"<Blob><Name>{name}</Name><Properties><Last-Modified>{changed}</Last-Modified>"
        "<Content-Length>4</Content-Length></Properties></Blob>"
        for name, changed in blobs
    )
    body = (
        '\ufeff<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://x/">'
        f"<Blobs>{entries}</Blobs><NextMarker>{escape(following)}</NextMarker></EnumerationResults>"
    )
    return Reply(body.encode(), headers={"Date": date} if date else {})


class FtpServer(socketserver.ThreadingTCPServer):
    """A small FTP server of files in memory; `drops` transfers are cut off, then all goes well.

    It tells when files were changed that `times` names, and notes in `sent` which were fetched.
    """

    daemon_threads, block_on_close, allow_reuse_address = True, False, True

    def __init__(self, files: dict[str, bytes], password: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _FtpHandler)
        self.files, self.password, self.drops = files, password, 0
        self.times: dict[str, str] = {}
        self.commands: list[str] = []
        self.sent: list[str] = []
        self.logins = 0
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def listed(self, folder: str) -> Iterator[str]:
        """Give the lines of an MLSD listing."""
        stem = folder.rstrip("/") + "/"
        below = sorted(path.removeprefix(stem) for path in self.files if path.startswith(stem))
        for name in dict.fromkeys(path.split("/")[0] for path in below):
            is_file = stem + name in self.files
            size = len(self.files[stem + name]) if is_file else 0
            time = f"modify={self.times[stem + name]};" if stem + name in self.times else ""
            yield f"type={'file' if is_file else 'dir'};size={size};{time} {name}\r\n"


class _FtpHandler(socketserver.StreamRequestHandler):
    server: FtpServer

    def handle(self) -> None:
        self.rest, self.passive = 0, socket.create_server(("127.0.0.1", 0))
        self.say("220 ready")
        with contextlib.suppress(OSError):
            while line := self.rfile.readline().decode().strip():
                command, _, argument = line.partition(" ")
                self.server.commands.append(command)
                if not self.obey(command.upper(), argument):
                    break
        self.passive.close()

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def obey(self, command: str, argument: str) -> bool:
        if command in ("MLSD", "RETR"):
            return self.transfer(command, argument)
        self.say(self.simple(command, argument))
        return command != "QUIT"

    def simple(self, command: str, argument: str) -> str:
        if command == "PASS":
            self.server.logins += 1
            return "230 in" if argument == self.server.password or not self.server.password else f"530 not {argument}"
        if command == "REST":
            self.rest = int(argument)
            return "350 from there"
        if command == "PASV":
            self.passive.close()
            self.passive = socket.create_server(("127.0.0.1", 0))
            port = self.passive.getsockname()[1]
            return f"227 =127,0,0,1,{port >> 8},{port & 255}"
        return {"USER": "331 password?", "TYPE": "200 fine", "QUIT": "221 bye"}.get(command, "502 unknown")

    def transfer(self, command: str, path: str) -> bool:
        if self.server.drops:
            self.server.drops -= 1
            return False
        listed = "".join(self.server.listed(path)).encode()
        data = listed if command == "MLSD" else self.server.files.get(path)
        if data is None or (command == "MLSD" and not listed):
            self.say("550 there is no such thing")
            return True
        self.say("150 here it comes")
        if command == "RETR":
            self.server.sent.append(path)
        connection, _ = self.passive.accept()
        with connection:
            connection.sendall(data[self.rest :] if command == "RETR" else data)
        self.rest = 0
        self.say("226 done")
        return True


def text_of(error: BaseException) -> str:
    """Return all that an error and those behind it say, as a log would show it."""
    import traceback

    return "".join(traceback.format_exception(error)) + repr(error) + repr(getattr(error, "__context__", ""))


def without(value: Any, secret: str) -> bool:
    """Tell whether a value, its representation and its pickle are free of a secret."""
    import pickle

    return secret not in repr(value) and secret.encode() not in pickle.dumps(value)

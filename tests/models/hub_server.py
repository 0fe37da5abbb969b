"""A hub of our own on this machine: the few addresses that a download uses, and the errors the real one gives."""

import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Serves ``files`` as the model org/model; other names answer with the error in ``refused``.

    Attributes:
        held: A file of which only the first half is sent until ``go_on`` is set.
        chunked: A file that lies in the hub's chunked storage (xet), which answers nothing until ``go_on`` is set.
        asked: Set when that storage has been asked.
    """

    def __init__(self, files: dict[str, bytes], *, card: dict[str, Any] | None = None):
        self.files, self.card = files, card or {}
        self.refused: dict[str, tuple[int, str]] = {}
        self.served: list[str] = []
        self.held, self.chunked = "", ""
        self.go_on, self.asked = threading.Event(), threading.Event()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.answer(body=False)

            def do_GET(self) -> None:
                self.answer(body=True)

            def log_message(self, *args: object) -> None:
                pass

            def answer(self, body: bool) -> None:
                path = self.path.split("?")[0]
                if path.startswith("/storage/"):
                    hub.asked.set()
                    hub.go_on.wait()
                    return self.send(404, b"{}", body, {})
                if path == "/storage-token":
                    until = str(int(time.time()) + 3600)
                    storage = {"X-Xet-Cas-Url": f"{hub.address}/storage", "X-Xet-Access-Token": "token"}
                    return self.send(200, b"{}", body, storage | {"X-Xet-Token-Expiration": until})
                for name, (status, code) in hub.refused.items():
                    if f"/{name}" in path:
                        return self.send(status, b"{}", body, {"X-Error-Code": code})
                if path == "/api/models/org/model" or path.startswith("/api/models/org/model/revision/"):
                    return self.send(200, json.dumps(hub.info()).encode(), body, {"Content-Type": "application/json"})
                file = path.partition("/resolve/main/")[2] or path.partition(f"/resolve/{COMMIT}/")[2]
                if path.startswith("/org/model/") and file in hub.files:
                    content = hub.files[file]
                    etag = f'"{hashlib.sha1(content).hexdigest()}"'
                    if body:
                        hub.served.append(file)
                    headers = {"ETag": etag, "X-Repo-Commit": COMMIT}
                    if file == hub.chunked:
                        headers |= {"X-Xet-Hash": "a" * 64, "X-Xet-Refresh-Route": f"{hub.address}/storage-token"}
                    return self.send(200, content, body, headers, hold=file == hub.held)
                ours = path.startswith(("/org/model/", "/api/models/org/model/"))
                return self.send(404, b"{}", body, {"X-Error-Code": "EntryNotFound" if ours else "RepoNotFound"})

            def send(
                self, status: int, content: bytes, body: bool, headers: dict[str, str], hold: bool = False
            ) -> None:
                self.send_response(status)
                for name, value in (headers | {"Content-Length": str(len(content))}).items():
                    self.send_header(name, value)
                self.end_headers()
                if not body:
                    return
                half = len(content) // 2
                self.wfile.write(content[:half])
                if hold:
                    hub.go_on.wait()
                self.wfile.write(content[half:])

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                pass  # a download that was stopped hangs up

        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def info(self) -> dict[str, Any]:
        return {
            "id": "org/model",
            "modelId": "org/model",
            "sha": COMMIT,
            "gated": "manual",
            "private": False,
            "cardData": self.card,
            "safetensors": {"parameters": {"BF16": 1000}, "total": 1000},
            "siblings": [{"rfilename": name, "size": len(content)} for name, content in self.files.items()],
        }

    def close(self) -> None:
        self.go_on.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

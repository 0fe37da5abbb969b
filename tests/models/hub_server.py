"""A hub of our own on this machine: the few addresses that a download uses, and the errors the real one gives."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Serves ``files`` as the model org/model; other names answer with the error in ``refused``."""

    def __init__(self, files: dict[str, bytes], *, card: dict[str, Any] | None = None):
        self.files, self.card = files, card or {}
        self.refused: dict[str, tuple[int, str]] = {}
        self.served: list[str] = []
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
                for name, (status, code) in hub.refused.items():
                    if f"/{name}" in path:
                        return self.send(status, b"{}", body, {"X-Error-Code": code})
                if path.startswith("/api/models/org/model"):
                    return self.send(200, json.dumps(hub.info()).encode(), body, {"Content-Type": "application/json"})
                file = path.partition(f"/resolve/{COMMIT}/")[2]
                if path.startswith("/org/model/") and file in hub.files:
                    content = hub.files[file]
                    etag = f'"{hashlib.sha1(content).hexdigest()}"'
                    if body:
                        hub.served.append(file)
                    return self.send(200, content, body, {"ETag": etag, "X-Repo-Commit": COMMIT})
                return self.send(404, b"{}", body, {"X-Error-Code": "RepoNotFound"})

            def send(self, status: int, content: bytes, body: bool, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in (headers | {"Content-Length": str(len(content))}).items():
                    self.send_header(name, value)
                self.end_headers()
                if body:
                    self.wfile.write(content)

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
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

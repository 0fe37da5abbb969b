"""A hub of our own on this machine that takes uploads: the few addresses a push uses."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_secretsecretsecretsecret"


class UploadHub:
    """Repositories by name, each a dictionary of files. ``refused`` answers every write with that status."""

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.refused = 0
        self.loses = ""  # a file that is taken and not kept
        self.private: dict[str, bool] = {}
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                path, _, _ = self.path.partition("?")
                if path == "/api/whoami-v2":
                    known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
                    return self.send(200, {"name": "me", "type": "user", "orgs": []}) if known else self.send(401, {})
                name = path.removeprefix("/api/models/").partition("/tree/main")[0]
                name = name.partition("/revision/")[0]
                files = hub.repositories.get(name)
                if files is None:
                    return self.send(404, {}, {"X-Error-Code": "RepoNotFound"})
                if "/tree/" in path:
                    tree = [{"type": "file", "path": n, "size": len(c), "oid": "0"} for n, c in files.items()]
                    return self.send(200, tree)
                siblings = [{"rfilename": n, "size": len(c)} for n, c in files.items()]
                return self.send(200, {"id": name, "modelId": name, "sha": "0" * 40, "siblings": siblings})

            def do_POST(self) -> None:
                body = self.read()
                if self.path == "/api/validate-yaml":
                    return self.send(200, {"errors": [], "warnings": []})
                if hub.refused:
                    return self.send(hub.refused, {})
                if self.path == "/api/repos/create":
                    asked = json.loads(body)
                    name = f"{asked.get('organization') or 'me'}/{asked['name']}"
                    hub.repositories.setdefault(name, {".gitattributes": b""})
                    hub.private[name] = asked.get("private") is True or asked.get("visibility") == "private"
                    return self.send(200, {"url": f"{hub.address}/{name}"})
                name = self.path.removeprefix("/api/models/").partition("/preupload/")[0].partition("/commit/")[0]
                if "/preupload/" in self.path:
                    files = [
                        {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                        for f in json.loads(body)["files"]
                    ]
                    return self.send(200, {"files": files})
                for line in map(json.loads, body.decode().splitlines()):
                    if line["key"] == "file" and line["value"]["path"] != hub.loses:
                        hub.repositories[name][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
                return self.send(200, {"commitUrl": f"{hub.address}/{name}/commit/{'0' * 40}", "commitOid": "0" * 40})

            def read(self) -> bytes:
                if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = b""
                while size := int(self.rfile.readline().strip() or b"0", 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def send(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
                data = json.dumps(content).encode()
                self.send_response(status)
                sent = {"Content-Type": "application/json", "Content-Length": str(len(data))} | (headers or {})
                for key, value in sent.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(data)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

"""A hub on this machine: the few answers of the Hugging Face hub that a download needs, over real HTTP."""

import hashlib
import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote, urlsplit

TOKEN, WRONG = "hf_listed", "hf_wrong"
"""Of an account that has access to everything, and of none."""


@dataclass
class Repository:
    """Commits as directories, newest last, and what a branch or tag stands for."""

    commits: dict[str, Path] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    gated: bool = False
    private: bool = False
    sizes: dict[str, int] = field(default_factory=dict)

    def push(self, directory: Path, *names: str) -> str:
        """A new commit of all files of a directory; main and the names given stand for it."""
        commit = hashlib.sha1(f"{directory} {len(self.commits)}".encode()).hexdigest()
        self.commits[commit] = directory
        self.names |= dict.fromkeys(("main", *names), commit)
        return commit

    def files(self, commit: str) -> list[tuple[str, int, str]]:
        """Names, sizes (those that `sizes` claims, if it does) and digests of a commit's files."""
        directory = self.commits[commit]
        paths = sorted(path for path in directory.rglob("*") if path.is_file())
        found = {path.relative_to(directory).as_posix(): path for path in paths}
        return [(name, self.sizes.get(name, p.stat().st_size), digest(p)) for name, p in found.items()]


@dataclass
class Hub:
    """The repositories of a hub, what it is asked for, and how it fails."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Method, path as sent, and the range that was asked for."""
    cuts: dict[str, list[int]] = field(default_factory=dict)
    """Per file: after how many bytes of it each connection breaks; after the last no more."""
    failing: tuple[int, str] | None = None
    """A status and a page that every request is answered with."""

    def add(self, name: str, directory: Path, *names: str) -> Repository:
        self.repositories[name] = Repository()
        self.repositories[name].push(directory, *names)
        return self.repositories[name]

    def fetched(self) -> list[str]:
        """The names of the files whose content was asked for, in order."""
        asked = (path for method, path, _ in self.requests if method == "GET" and "/resolve/" in path)
        return [path.split("/", 5)[-1] for path in asked]

    def forget(self) -> None:
        self.requests.clear()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *arguments: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        """Finds what is asked for and whether it may be had; a slash in a revision comes escaped."""
        path = urlsplit(self.path).path
        self.hub.requests.append((self.command, path, self.headers["Range"]))
        owner, model, *rest = map(unquote, path.removeprefix("/api/models").lstrip("/").split("/", 4))
        kind, asked, file = (*rest, *("revision", "main", "")[len(rest) :])
        repository = self.hub.repositories.get(f"{owner}/{model}")
        token = (self.headers["Authorization"] or "").removeprefix("Bearer ")
        commit = asked if repository is None else repository.names.get(asked, asked)
        if self.hub.failing is not None:
            self.send(*self.hub.failing)
        elif token == WRONG:
            self.refuse(401, "", "Invalid credentials in Authorization header")
        elif repository is None or (repository.private and token != TOKEN):
            self.refuse(404 if token else 401, "RepoNotFound", "Repository not found")
        elif commit not in repository.commits:
            self.refuse(404, "RevisionNotFound", f"Invalid rev id: {commit}")
        elif path.startswith("/api/"):
            self.describe(repository.files(commit), commit, kind)
        elif repository.gated and token != TOKEN:
            self.refuse(403 if token else 401, "GatedRepo", "Access to this model is restricted")
        elif not (repository.commits[commit] / file).is_file():
            self.refuse(404, "EntryNotFound", "Entry not found")
        else:
            self.resolve(repository.commits[commit] / file, commit)

    def describe(self, files: list[tuple[str, int, str]], commit: str, kind: str) -> None:
        """What is in a repository, which a gated one tells to all; as a tree, or with the commit."""
        tree = [{"type": "file", "path": name, "size": size, "oid": oid} for name, size, oid in files]
        siblings = [{"rfilename": name, "size": size, "blobId": oid} for name, size, oid in files]
        described = {"id": "", "sha": commit, "siblings": siblings, "tags": [], "downloads": 0}
        self.send(200, json.dumps(tree if kind == "tree" else described))

    def resolve(self, file: Path, commit: str) -> None:
        """Sends a file or the part of it that is asked for, or breaks off where that is wanted."""
        content = file.read_bytes()
        start = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").split("-")[0])
        headers = {"ETag": f'"{digest(file)}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        cuts = self.hub.cuts.get(file.name, []) if self.command == "GET" else []
        end = cuts.pop(0) if cuts else len(content)
        self.send(206 if start else 200, content[start:], headers, max(0, end - start))

    def refuse(self, status: int, code: str, message: str) -> None:
        self.send(status, "", {"X-Error-Code": code, "X-Error-Message": message})

    def send(
        self,
        status: int,
        content: str | bytes,
        headers: dict[str, str] | None = None,
        sent: int | None = None,
    ) -> None:
        body = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        for key, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[:sent])
        if sent is not None and sent < len(body):
            self.close_connection = True

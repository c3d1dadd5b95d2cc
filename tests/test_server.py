"""What SAFETY asks of the mount, over real HTTP, with a model that draws at once."""

import io
import json
import logging
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from PIL import Image
from starlette.routing import Mount

from studio import imaging
from studio.backends.base import Watch
from studio.errors import StudioError
from studio.request import GenerationRequest, SavedImage, Understanding
from studio.server import listen, names_of
from studio.service import Studio
from studio.settings import Settings
from studio.ui.create_tab import RUNNING
from tests.fakes import FakeBackend, FakeRetoucher
from tests.serving import build_app, call, functions, serving, until

SECRET = "hunter2-do-not-tell"
EVIL = "https://evil.example"


class Site:
    """A running studio: its service, where Gradio keeps its copies, and its address."""

    def __init__(self, studio: Studio, cache: Path, app: FastAPI, url: str) -> None:
        self.studio = studio
        self.cache = cache
        self.app = app
        self.url = url

    @property
    def gradio(self) -> Any:
        """The application that Gradio mounted."""
        (mount,) = (route for route in self.app.routes if isinstance(route, Mount))
        return mount.app


class Sites:
    """Starts studios, and stops them in the end."""

    def __init__(self, stack: ExitStack, folder: Path, cache: Path) -> None:
        self._stack = stack
        self._folder = folder
        self._cache = cache

    def __call__(
        self, backend: FakeBackend | None = None, *, names: Collection[str] | None = None, **settings: Any
    ) -> Site:
        used = backend or FakeBackend()
        studio = Studio(
            Settings(data_dir=self._folder / "data", **settings), backends=lambda _: used, retoucher=FakeRetoucher()
        )
        self._stack.callback(studio.library.close)
        app = build_app(studio, names)
        return Site(studio, self._cache, app, self._stack.enter_context(serving(app)))


@pytest.fixture
def site_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sites]:
    cache = tmp_path / "cache"
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(cache))
    with ExitStack() as stack:
        yield Sites(stack, tmp_path, cache)


def test_says_that_it_is_well(site_of: Sites) -> None:
    assert httpx.get(f"{site_of().url}/healthz").json() == {"status": "ok"}


def test_library_files_are_served_as_they_are(site_of: Sites) -> None:
    site = site_of()
    (image,) = site.studio.generate(GenerationRequest(prompt="a mug", count=1, seed=1))

    answer = httpx.get(f"{site.url}/files/{image.sha256}")

    assert answer.content == image.path.read_bytes()
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_public_gets_a_file_without_prompt_and_settings(site_of: Sites) -> None:
    site = site_of()
    (image,) = site.studio.generate(GenerationRequest(prompt="a hushhush mug", count=1, seed=1))

    answer = httpx.get(f"{site.url}/files/{image.sha256}/public")

    assert answer.headers["content-disposition"] == f'attachment; filename="{image.sha256[:12]}.png"'
    assert b"hushhush" not in answer.content and b"studio-recipe" not in answer.content
    assert imaging.pixels_sha256(imaging.decode(answer.content)) == image.recipe.pixels_sha256
    signature = site.studio.signature(answer.content)
    assert signature and signature.state == "intact" and signature.own
    assert httpx.get(f"{site.url}/files/{'0' * 64}/public").status_code == 404


@pytest.mark.parametrize(
    "name", ["0" * 64, "A" * 64, "0" * 63, "0" * 65, "..%2f..%2fetc%2fpasswd", "%2e%2e", "0" * 64 + ".png", "%00"]
)
def test_anything_else_is_no_library_file(site_of: Sites, name: str) -> None:
    assert httpx.get(f"{site_of().url}/files/{name}").status_code in (404, 422)


def test_the_page_opens_without_a_model_and_says_what_is_wrong(site_of: Sites) -> None:
    site = site_of(FakeBackend(broken=True))

    assert httpx.get(site.url).status_code == 200
    opening = next(f["id"] for f in functions(site.url) if [target[1] for target in f["targets"]] == ["load"])
    (message,) = call(site.url, [(opening, [])])
    assert "The weights are not the ones that were published." in json.dumps(message)


# --- SAFETY row 1: server paths are refused as input ----------------------------------------------------------------


def server_paths(site: Site, canary: Path, kept: Path) -> list[str]:
    """Fifty ways to name files of this machine that nobody uploaded."""
    inside = [canary, kept, site.studio.settings.data_dir / "library.db", Path(__file__), Path(sys.executable)]
    system = ["/etc/passwd", "/etc/hosts", "/etc/hostname", "/proc/self/environ", "/proc/self/cmdline", "/proc/version"]
    names = [str(path) for path in inside] + system
    name = str(canary)
    ways = [
        *names,
        *(f"file://{path}" for path in names),
        *(f"{site.cache}/..{path}" for path in names),
        *(f"/{path}" for path in names),
        f"{site.cache}/../{canary.name}",
        os.path.relpath(name),
        f"{name}/",
        f"{name}\x00.png",
        name.replace("/", "%2f"),
        f"{site.url}/healthz",
    ]
    assert len(ways) == 50
    return ways


def test_no_endpoint_takes_a_path_of_the_server(site_of: Sites, tmp_path: Path) -> None:
    site = site_of(queue_size=10_000)
    canary = tmp_path / "canary.png"
    Image.new("RGB", (8, 8), "red").save(canary)
    (kept,) = site.studio.generate(GenerationRequest(prompt="a mug", count=1, seed=1))
    paths = server_paths(site, canary, kept.path)
    before = cached(site)

    def given(path: str) -> dict[str, Any]:
        return {"path": path, "meta": {"_type": "gradio.FileData"}, "orig_name": "a.png"}

    jobs: list[tuple[int, list[Any]]] = []
    kinds = {part["id"]: part["type"] for part in httpx.get(f"{site.url}/config").json()["components"]}
    for function in functions(site.url):
        count = len(function["inputs"])
        # What a page gives for a state is never looked at: the server has its own.
        slots = [slot for slot, part in enumerate(function["inputs"]) if kinds[part] != "state"]
        jobs += [(function["id"], [given(path)] * count) for path in paths if slots]
        # Endpoints take files as well that don't say that they are, which Gradio lets pass.
        bare = [path for path in paths[:8] if kinds[function["inputs"][0]] == "api"] if slots else []
        jobs += [(function["id"], [{"path": path}] * count) for path in bare]
        for slot in slots:  # and alone, behind inputs that are fine
            jobs.append((function["id"], [given(str(canary)) if i == slot else None for i in range(count)]))

    ended = call(site.url, jobs)

    assert len(jobs) > 4 * len(paths)
    assert {message["success"] for message in ended} == {False}
    assert cached(site) == before
    with httpx.Client() as client:
        for path in paths:
            answer = client.get(f"{site.url}/gradio_api/file={path.replace(chr(0), '%00')}")
            assert answer.status_code in (307, 403, 404), path


def cached(site: Site) -> set[Path]:
    return {path for path in site.cache.rglob("*") if path.is_file()}


def test_real_uploads_are_taken(site_of: Sites) -> None:
    site = site_of()
    (image,) = site.studio.generate(GenerationRequest(prompt="a mug", count=1, seed=5))

    with image.path.open("rb") as file:
        (path,) = httpx.post(f"{site.url}/gradio_api/upload", files={"files": ("a.png", file)}).json()
    dropping = named(site, "on_drop")
    (message,) = call(site.url, [(dropping, [{"path": path, "meta": {"_type": "gradio.FileData"}}])])

    assert message["success"]
    assert message["output"]["data"][:3] == ["a mug", 1, "5"]


def test_copies_for_scripts_are_deleted_like_those_for_the_page(site_of: Sites) -> None:
    site = site_of()
    (function,) = [f["id"] for f in functions(site.url) if f["api_name"] == "generate"]
    (message,) = call(site.url, [(function, ["a mug", 1, *[None] * 15])])

    gallery, _ = message["output"]["data"]
    assert gallery[0]["image"]["path"] in site.gradio.get_blocks().upload_file_set


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_refused_in_words(site_of: Sites, number: str) -> None:
    site = site_of()
    (function,) = [f["id"] for f in functions(site.url) if f["api_name"] == "generate"]
    with httpx.Client(base_url=f"{site.url}/gradio_api") as client:
        body = f'{{"fn_index": {function}, "session_hash": "s", "data": ["a mug", 1, {number}{", null" * 14}]}}'
        headers = {"content-type": "application/json"}
        client.post("/queue/join", content=body, headers=headers).raise_for_status()
        with client.stream("GET", "/queue/data", params={"session_hash": "s"}) as stream:
            said = next(line for line in stream.iter_lines() if "process_completed" in line)

    assert "The seed can't be" in said


# --- SAFETY row 4: the queue can't be bypassed, and is bounded -------------------------------------------------------


class Waiting(FakeBackend):
    """Draws only when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may_draw = threading.Event()

    def load(self) -> None:
        self.may_draw.wait(600)


def test_nothing_runs_beside_the_queue(site_of: Sites) -> None:
    backend = FakeBackend()
    site = site_of(backend)
    answers: list[int] = []
    with httpx.Client(base_url=f"{site.url}/gradio_api") as client:
        for function in functions(site.url):
            assert function["queue"] is not False
            body = {"data": ["a mug"] * len(function["inputs"]), "fn_index": function["id"], "session_hash": "s"}
            for route in ("run", "api"):
                for name in {function["api_name"] or "predict", "predict", "generate"}:
                    answers.append(client.post(f"/{route}/{name}", json=body).status_code)

    assert len(answers) > 20
    assert set(answers) <= {404, 422}
    assert backend.drawn == []


def test_all_that_draws_shares_one_queue(site_of: Sites) -> None:
    # Otherwise each listener has a queue of its own, and previews from many pages crowd out the grids.
    functions = [function for function in site_of().gradio.get_blocks().fns.values() if function.fn]
    drawing = [function.fn for function in functions if function.concurrency_id == "engine"]

    assert {getattr(each, "func", each).__name__ for each in drawing} == {
        *("generate", "inpaint", "outpaint", "restyle", "enhance", "product_mask"),
        *("on_draw", "on_drop", "on_open", "on_preview", "on_model"),
        *("on_select_product", "on_select_background", "on_inpaint", "on_extend", "on_restyle", "on_enhance"),
        *("campaign", "on_advert_preview"),
    }
    assert {function.concurrency_id for function in functions} == {"engine", "page", "look"}
    assert {function.concurrency_limit for function in functions if function.concurrency_id != "look"} == {RUNNING}


def test_a_grid_is_finished_although_its_page_was_closed(site_of: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.ui.create_tab.STEP", 0)
    site = site_of()
    page_is_closed = threading.Event()
    drawn = threading.Event()
    stream = site.studio.stream

    def waiting(request: GenerationRequest, watch: Watch | None = None) -> Iterator[SavedImage]:
        for image in stream(request, watch):
            yield image
            page_is_closed.wait(60)  # with one picture shown
        drawn.set()

    monkeypatch.setattr(site.studio, "stream", waiting)
    asking, drawing = named(site, "on_ask"), named(site, "on_draw")
    inputs = next(f["inputs"] for f in functions(site.url) if f["id"] == asking)
    resting = [site.gradio.get_blocks().blocks[number].value for number in inputs[10:]]
    call(site.url, [(asking, [None, False, "a mug", 4, "7", *[""] * 5, *resting])])
    with httpx.Client(base_url=f"{site.url}/gradio_api", timeout=120) as client:
        client.post("/queue/join", json={"fn_index": drawing, "data": [None], "session_hash": "test"})
        with client.stream("GET", "/queue/data", params={"session_hash": "test"}) as stream_of_page:
            next(line for line in stream_of_page.iter_lines() if "process_generating" in line)
    queue = site.gradio.get_blocks()._queue
    until(lambda: not any(event.alive for job in queue.active_jobs if job for event in job))
    page_is_closed.set()

    assert drawn.wait(60)
    assert [record.seed for record in site.studio.library.recent(10)] == [10, 9, 8, 7]


def named(site: Site, name: str) -> int:
    """The number of the one listener of the page that calls the function `name`."""
    listeners = site.gradio.get_blocks().fns.items()
    (number,) = [n for n, each in listeners if getattr(getattr(each.fn, "func", each.fn), "__name__", "") == name]
    return number


@pytest.mark.slow
def test_the_queue_is_bounded(site_of: Sites) -> None:
    backend = Waiting()
    site = site_of(backend, queue_size=8)
    answers: list[int] = []
    before = 0
    with httpx.Client() as client:
        for number in range(1000):
            if number == 50:  # the queue is full, and what the first requests import is there
                before = resident_bytes()
            body = {"data": ["a red mug", 1, *[None] * 15], "session_hash": f"s{number}"}
            answers.append(client.post(f"{site.url}/gradio_api/call/generate", json=body).status_code)
    grown = resident_bytes() - before
    backend.may_draw.set()

    assert set(answers) == {200, 503}
    assert 8 <= answers.count(200) <= 8 + RUNNING
    assert grown < 50 * 2**20


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# --- SAFETY row 6: foreign origins -----------------------------------------------------------------------------------


def test_no_route_reflects_a_foreign_origin(site_of: Sites) -> None:
    site = site_of()
    routes = [route for route in site.gradio.routes if isinstance(route, APIRoute)]
    named = {re.sub(r"{[^}]*}", "x", route.path) for route in routes}
    known = {"/", "/config", "/gradio_api/info", "/gradio_api/upload", "/gradio_api/queue/join", "/theme.css"}
    streams = {path for path in named if "heartbeat" in path}  # endless

    asked = sorted((named | known | {"/healthz", f"/files/{'0' * 64}"}) - streams)
    with httpx.Client(base_url=site.url, timeout=30) as client:
        for path in asked:
            for origin in (EVIL, "null", "http://localhost.evil.example"):
                preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
                for answer in (
                    client.get(path, headers={"Origin": origin}),
                    client.post(path, headers={"Origin": origin}, json={}),
                    client.options(path, headers=preflight),
                ):
                    assert "access-control-allow-origin" not in answer.headers, path
                    assert "access-control-allow-credentials" not in answer.headers, path
    assert len(asked) > 10


def test_a_form_of_another_site_can_t_send_anything(site_of: Sites) -> None:
    site = site_of()
    (generate,) = [f["id"] for f in functions(site.url) if f["api_name"] == "generate"]
    before = cached(site)

    def send(**headers: str) -> list[int]:
        with httpx.Client(base_url=f"{site.url}/gradio_api", headers=headers) as client:
            body = {"fn_index": generate, "data": ["a mug", 1, *[None] * 15], "session_hash": "s"}
            return [
                client.post("/upload", files={"files": ("a.png", b"x")}).status_code,
                client.post("/queue/join", json=body).status_code,
                client.post("/call/generate", json=body).status_code,
            ]

    assert send(**{"Sec-Fetch-Site": "cross-site", "Origin": EVIL}) == [403, 403, 403]
    assert cached(site) == before
    assert 403 not in send(**{"Sec-Fetch-Site": "same-origin", "Origin": site.url})
    assert 403 not in send()


def test_on_a_loopback_address_only_names_of_this_computer_are_answered(site_of: Sites) -> None:
    site = site_of(names=names_of("127.0.0.1", "studio.example.com"))
    port = site.url.rpartition(":")[2]

    def ask(host: str) -> set[int]:
        paths = ("/", "/config", "/healthz", "/gradio_api/info")
        return {httpx.get(site.url + path, headers={"Host": host}).status_code for path in paths}

    for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", "LOCALHOST", "studio.example.com"):
        assert ask(host) == {200}, host
    for host in ("evil.example", f"evil.example:{port}", "localhost.evil.example", f"[::1:{port}", ""):
        assert ask(host) == {403}, host


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1"])
def test_elsewhere_any_name_may_be_right(address: str) -> None:
    assert names_of(address, "studio.example.com") is None


def test_the_address_that_was_named_is_a_name() -> None:
    assert "127.0.1.1" in (names_of("127.0.1.1") or ())
    assert "my-laptop" in (names_of("127.0.1.1", "My-Laptop", None) or ())


# --- SAFETY row 7: no secret of an exception leaks -------------------------------------------------------------------


class Talkative(FakeBackend):
    """Fails with a secret in its exception."""

    def understand(self, prompt: str) -> Understanding:
        raise RuntimeError(SECRET)


def test_an_unexpected_error_is_a_number_and_the_log_has_the_rest(
    site_of: Sites, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    class Failing(Talkative):
        def generate(self, request: GenerationRequest, index: int, watch: Any = None) -> Any:
            raise RuntimeError(SECRET)

        def load(self) -> None:
            raise RuntimeError(SECRET)

    site = site_of(Failing(), queue_size=1000)
    with caplog.at_level(logging.ERROR, logger="studio"):
        said = ""
        for function in functions(site.url):
            inputs = {"generate": ["a mug", 1]}.get(function["api_name"], ["a mug"] * len(function["inputs"]))
            said += json.dumps(call(site.url, [(function["id"], inputs)], session=str(function["id"])))

    assert SECRET not in said
    numbers = re.findall(r"error ([0-9a-f]{8})", said)
    assert numbers
    for number in numbers:
        assert f"unexpected error {number}" in caplog.text
    assert SECRET in caplog.text
    capfd.readouterr()


def test_no_route_of_the_library_tells_what_went_wrong(site_of: Sites, monkeypatch: pytest.MonkeyPatch) -> None:
    site = site_of()
    (image,) = site.studio.generate(GenerationRequest(prompt="a mug", count=1, seed=1))
    _, token = site.studio.shares.create([image.sha256], title="", note="", days=7, password="", download=True, demo=3)

    def fail(*_: object, **__: object) -> Any:
        raise RuntimeError(SECRET)

    for method in ("path", "image", "recipe", "plain_words"):
        monkeypatch.setattr(site.studio.library, method, fail)
    monkeypatch.setattr(site.studio.signer, "sign", fail)
    monkeypatch.setattr(site.studio.shares, "open", fail)
    asked = [f"/{kind}/{image.sha256}" for kind in ("files", "thumbs")] + [f"/files/{image.sha256}/public"]
    asked += [f"/s/{token}", f"/s/{token}/0.webp", f"/s/{token}/0.png", f"/s/{token}/all.zip"]
    answers = [httpx.get(f"{site.url}{path}") for path in asked]
    answers += [
        httpx.post(f"{site.url}/s/{token}{end}", data={"prompt": "a mug"}) for end in ("", "/demo", "/comments")
    ]

    assert all(answer.status_code >= 400 for answer in answers)
    assert all(SECRET not in answer.text for answer in answers)


# --- SAFETY row 8: the body cap --------------------------------------------------------------------------------------


def test_bodies_are_capped(site_of: Sites) -> None:
    site = site_of(max_upload_bytes=50_000)
    big = bytes(3 * 2**20)
    before = cached(site)

    def pieces() -> Iterator[bytes]:
        yield from (big[: 2**16] for _ in range(64))

    def uploaded(size: int) -> int:
        files = {"files": ("a.png", io.BytesIO(big[:size]))}
        return httpx.post(f"{site.url}/gradio_api/upload", files=files).status_code

    assert uploaded(len(big)) == 413
    assert uploaded(50_001) == 413
    assert uploaded(50_000) == 200
    assert httpx.post(f"{site.url}/gradio_api/queue/join", content=big).status_code == 413
    assert httpx.post(f"{site.url}/gradio_api/call/generate", content=pieces()).status_code == 413
    (image,) = site.studio.generate(GenerationRequest(prompt="a mug", count=1, seed=1))
    _, token = site.studio.shares.create([image.sha256], title="", note="", days=7, password="", download=True, demo=3)
    for path in ("", "/comments", "/demo"):
        assert httpx.post(f"{site.url}/s/{token}{path}", content=big).status_code == 413
        assert httpx.post(f"{site.url}/s/{token}{path}", content=pieces()).status_code == 413
    assert sum(path.stat().st_size for path in cached(site) - before) == 50_000


# --- Ports -----------------------------------------------------------------------------------------------------------


def test_a_busy_port_gives_the_next_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with listen("127.0.0.1", port) as free:
            assert port < free.getsockname()[1] < port + 100


def test_answers_don_t_wait_for_acknowledgements() -> None:
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_an_address_of_another_machine_can_t_be_listened_on() -> None:
    with pytest.raises(StudioError, match=r"Can.t listen on 192\.0\.2\.1:7860"):
        listen("192.0.2.1", 7860)


@pytest.mark.slow
def test_serve_opens_on_the_next_port_although_there_is_no_model(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        environment = os.environ | {"STUDIO_DATA_DIR": str(tmp_path), "STUDIO_BACKEND": f"gan:{tmp_path / 'none'}"}
        command = [sys.executable, "-m", "studio", "serve", "--no-browser", "--port", str(port)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stderr is not None
            try:
                said = next(line for line in process.stderr if "http://" in line)
                url = re.search(r"http://127\.0\.0\.1:\d+", said)
                assert url is not None
                assert url[0] != f"http://127.0.0.1:{port}"
                assert httpx.get(f"{url[0]}/healthz", timeout=60).json() == {"status": "ok"}
                assert httpx.get(url[0], timeout=60).status_code == 200
                assert httpx.get(url[0], headers={"Host": "evil.example"}, timeout=60).status_code == 403
            finally:
                process.terminate()

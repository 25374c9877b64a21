"""The download of the official archive, against a server on this machine."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from crosscheck.errors import CrosscheckError
from crosscheck.sides import Sides
from parity_tests import packagings as p


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Address and folder of a server."""
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}/", folder
        running.shutdown()


@pytest.fixture
def point_to(sides: Sides) -> Iterator[object]:
    """Make torchvision look elsewhere for the archive."""

    def point(url: str, md5: str) -> None:
        sides.torch.call("parity_tests.faults:other_source", url, md5)

    yield point
    sides.torch.call("parity_tests.faults:lift")


def test_it_is_downloaded_once_and_verified(server, point_to, sides: Sides, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    url, folder = server
    archive = p.as_tar(p.pickled(), folder / "cifar-10-python.tar.gz")
    md5 = hashlib.md5(archive.read_bytes()).hexdigest()
    point_to(url + archive.name, md5)
    path = sides.torch.call("torch_impl.download:cifar10", str(tmp_path / "there"))
    assert Path(path).read_bytes() == archive.read_bytes()
    archive.unlink()  # a second download would fail
    assert sides.torch.call("torch_impl.download:cifar10", str(tmp_path / "there")) == path


@pytest.mark.parametrize("damage", ["wrong content", "not there", "no server"])
def test_what_goes_wrong_is_one_line_and_leaves_nothing(
    damage: str, server, point_to, sides: Sides, tmp_path: Path  # type: ignore[no-untyped-def]
) -> None:  # fmt: skip
    url, folder = server
    (folder / "cifar-10-python.tar.gz").write_bytes(b"something else")
    address = {"wrong content": url + "cifar-10-python.tar.gz", "not there": url + "nothing"}
    point_to(address.get(damage, "http://127.0.0.1:9/x"), "0" * 32)
    there = tmp_path / "there"
    with pytest.raises(CrosscheckError, match=r"could not be downloaded.*--data PATH") as caught:
        sides.torch.call("torch_impl.download:cifar10", str(there))
    assert ("checksum is wrong" in str(caught.value)) == (damage == "wrong content")
    assert not list(there.glob("*"))

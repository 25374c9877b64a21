"""The official CIFAR-10 archive, through torchvision."""

from pathlib import Path
from urllib.error import URLError

from torchvision.datasets import CIFAR10
from torchvision.datasets.utils import check_integrity, download_url

from crosscheck.errors import DataError


def cifar10(folder: str) -> str:
    """Download the archive into the folder unless it is there; its checksum is verified.

    Returns:
        the path of the archive.

    Raises:
        DataError: there is no network, or what came is not the archive.
    """
    path = Path(folder) / CIFAR10.filename
    if check_integrity(str(path), CIFAR10.tgz_md5):
        return str(path)
    path.unlink(missing_ok=True)
    try:
        download_url(CIFAR10.url, folder, CIFAR10.filename, CIFAR10.tgz_md5)
    except (URLError, OSError, RuntimeError) as error:
        path.unlink(missing_ok=True)  # never leave half a file behind
        reason = "the checksum is wrong" if isinstance(error, RuntimeError) else str(error)
        raise DataError(
            f"CIFAR-10 could not be downloaded ({reason}). Without a network, copy {CIFAR10.filename} "
            "here from another machine and give it with --data PATH, or use --data generated"
        ) from None
    return str(path)

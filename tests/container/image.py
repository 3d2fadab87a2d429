"""The image, really built where its tools can be had, and its commands run as a container platform runs them.

What a platform does is done with Linux's own means: a root file system that cannot be written to, the image's user without
any capability, its own process numbers, one volume. The network is the host's, so that simulators on loopback are reached.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.servers.odoo.program import UnavailableError, run

ROOT = Path(__file__).parents[2]
BUILD = ROOT.parent / "shared" / "tools" / "build_container.sh"
TAG = "closedloop-under-test"
USER = 10001
HOME = "/var/lib/closedloop"
BUILDAH = (
    "buildah",
    "--root",
    os.environ.get("BH_ROOT", "/tmp/bh-graph"),
    "--runroot",
    os.environ.get("BH_RUN", "/tmp/bh-run"),
    "--storage-driver",
    "vfs",
)
#: $1 the image's root, $2 the volume, $3 the folder of the configuration; then the command.
ENTER = """\
set -e
root=$1 volume=$2 config=$3; shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
mount --bind "$volume" "$root/var/lib/closedloop"
mount --bind "$config" "$root/etc/closedloop" && mount -o remount,bind,ro "$root/etc/closedloop"
mount -t proc proc "$root/proc"
mount -t tmpfs -o size=64k,mode=755 tmpfs "$root/dev"
for device in null zero urandom random; do
  : > "$root/dev/$device" && mount --bind "/dev/$device" "$root/dev/$device"
done
mount -o remount,ro "$root/dev"
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs --bounding-set -all,+setuid,+setgid,+sys_chroot \
  chroot --userspec=10001:10001 --groups= "$root" /usr/bin/env -i "$@"
"""


class Image:
    """The built image, unpacked.

    Args:
        scratch: A folder for the clone.
    """

    def __init__(self, scratch):
        _tools()
        run("git", "clone", "-q", ROOT, scratch / "clone")
        self.said = run("bash", BUILD, scratch / "clone", TAG, "closedloop", "--version")
        name = f"localhost/{TAG}"
        settings = json.loads(run(*BUILDAH, "inspect", "--type", "image", name))["Docker"]["config"]
        self.settings = settings
        self._container = run(*BUILDAH, "from", "--pull-never", name).strip()
        self.root = Path(run(*BUILDAH, "mount", self._container).strip())
        (
            self.root / "etc" / "closedloop"
        ).mkdir()  # where a platform mounts the configuration it makes a folder

    def remove(self):
        run(*BUILDAH, "rm", self._container)
        run(*BUILDAH, "rmi", f"localhost/{TAG}")

    def start(self, volume, config, *command, **variables):
        """Start a command as a platform starts it, and return the process; its child is the first in the container."""
        given = {**dict(one.split("=", 1) for one in self.settings["Env"]), **variables}
        return subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "enter"]
            + [str(self.root), str(volume), str(config)]
            + [f"{name}={value}" for name, value in given.items()]
            + ["sh", "-c", f'cd {self.settings["WorkingDir"]} && exec "$@"', "sh", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, volume, config, *command, **variables):
        """Run a command to its end; return its code and what it said."""
        child = self.start(volume, config, *command, **variables)
        said, log = child.communicate(timeout=900)
        return child.returncode, said + log

    def files(self):
        """Yield each file's path in the image and its size."""
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = Path(folder) / name
                if not path.is_symlink():
                    yield "/" + str(path.relative_to(self.root)), path.stat().st_size

    def parts(self):
        """Return the megabytes of each package, of Python itself and of the system, largest first."""
        found = {}
        for path, size in self.files():
            _, _, inside = path.partition("/site-packages/")
            part = inside.partition("/")[0].partition(".")[0].lstrip("_") if inside else _system(path)
            found[part] = found.get(part, 0) + size / 1e6
        return dict(sorted(found.items(), key=lambda one: -one[1]))


def first(child):
    """The process that is the first in its container."""
    (number,) = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
    return int(number)


def _system(path):
    return "Python" if "/python3" in path else "system"


def _tools():
    """Do nothing if the image can be built and run here.

    Raises:
        UnavailableError: It cannot; why.
    """
    if not BUILD.exists():
        message = f"there is no {BUILD.name} beside the repository"
        raise UnavailableError(message)
    if os.geteuid() != 0:
        raise UnavailableError("to build an image without a container engine takes root")
    missing = [name for name in ("buildah", "debootstrap") if not shutil.which(name)]
    try:
        if missing:
            run("apt-get", "update", "-q")
            run("apt-get", "install", "-y", "-q", *missing)
        run("unshare", "--mount", "--pid", "--fork", "true")
    except (OSError, RuntimeError) as error:
        message = f"{', '.join(missing) or 'a namespace'} cannot be had here: {error}"
        raise UnavailableError(message) from error

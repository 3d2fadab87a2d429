import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from closedloop import connectors
from closedloop.errors import ConfigError


def test_connectors_are_found_by_name_and_not_imported():
    script = "import sys; from closedloop import connectors as c; c.staging_files('odoo'); print(c.tap_module('odoo'), 'tap_odoo' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout == "tap_odoo False\n"
    assert "event.event" in connectors.entity_objects("odoo", "campaign")
    with pytest.raises(ConfigError, match="no target called nothing") as raised:
        connectors.target_module("nothing")
    assert "odoo" in raised.value.fix


def test_documents_reach_the_child_and_no_disk():
    show = "import sys; print(sys.argv[1::2], [open(path).read() for path in sys.argv[2::2]], sys.argv[2])"
    with connectors.process(
        [sys.executable, "-c", show], [], {"a": "ü"}, documents={"--state": {"b": 1}}
    ) as child:
        output, errors = child.communicate()
    arguments, path = output.decode().rsplit(" ", 1)
    assert arguments == "['--config', '--state'] ['{\"a\":\"ü\"}', '{\"b\":1}']"
    assert "/fd/" in path
    assert errors == b""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a child to its parent")
def test_a_child_does_not_outlive_its_parent(tmp_path):
    parent = textwrap.dedent("""
        import subprocess, sys
        from closedloop import connectors
        child = connectors.process([sys.executable, "-c", "import sys, time; print(1, flush=True); time.sleep(600)"], [], {})
        child.stdout.readline()
        print(child.pid, flush=True)
        sys.stdin.read()
    """)
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        child = int(process.stdout.readline())
        watch = os.pidfd_open(child)
        process.send_signal(signal.SIGKILL)
        process.stdin.close()
    import select

    poll = select.poll()
    poll.register(watch, select.POLLIN)
    assert poll.poll(10_000)
    os.close(watch)
    assert not Path(f"/proc/{child}/cmdline").exists() or not Path(f"/proc/{child}/cmdline").read_bytes()

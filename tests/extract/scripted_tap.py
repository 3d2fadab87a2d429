"""A tap that plays a script: the file named by the setting `script`.

{"streams": {name: {"rows": […], "schema": {…}, "keys": ["id"], …}}, …} is read incrementally by `id`, page by page,
honouring state, as our own taps do. {"lines": […]} is printed as it is.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from closedloop.kit.failpoint import failpoint


def option(name):
    if name not in sys.argv:
        return None
    return json.loads(Path(sys.argv[sys.argv.index(name) + 1]).read_text())


def say(message):
    sys.stdout.write(message if isinstance(message, str) else json.dumps(message, ensure_ascii=False))
    sys.stdout.write("\n")


def read(name, stream, state, config):
    bookmark = state["bookmarks"].setdefault(name, {})
    say({"type": "SCHEMA", "stream": name, "schema": {"properties": stream["schema"]}, "key_properties": stream["keys"],
         "bookmark_properties": ["v"]})  # fmt: skip
    rows = [row for row in stream["rows"] if row["v"] > bookmark.get("replication_key_value", 0)]
    rows.sort(key=lambda row: row["v"])
    for start in range(0, len(rows), stream.get("page", 2)):
        page = rows[start : start + stream.get("page", 2)]
        for row in page:
            if row not in stream.get("drop", []):
                say({"type": "RECORD", "stream": name, "record": row})
        bookmark.update(replication_key="v", replication_key_value=page[-1]["v"])
        say({"type": "STATE", "value": state})
        sys.stdout.flush()
        failpoint("scripted.page")
    if config.get("closedloop_protocol"):
        newest = max((row["v"] for row in stream["rows"]), default=None)
        proof = {"rows": len(rows), "requests": 1, "bytes": 10, "source_count": len(stream["rows"])}
        proof |= {
            "cursor": str(bookmark.get("replication_key_value")),
            "source_cursor": newest and str(newest),
        }
        say({"type": "PROOF", "stream": name, **proof, **stream.get("proof", {})})


def main():
    config = option("--config")
    script = json.loads(Path(config["script"]).read_text())
    if "--discover" in sys.argv:
        streams = [
            {"tap_stream_id": name, "stream": name, "schema": {}, "metadata": []}
            for name in script["streams"]
        ]
        say({"streams": streams})
        return
    if "--sweep" in sys.argv:
        name = sys.argv[sys.argv.index("--sweep") + 1]
        ids = [row["id"] for row in script["streams"][name]["rows"]]
        for one in ids:
            say({"stream": name, "id": str(one)})
        counts = {"sweep_count": len(ids), "source_count": script.get("sweep_says", len(ids))}
        say({"stream": name, **counts, "count_until": "2026-01-01T00:00:00Z"})
        return
    state = option("--state") or {}
    state.setdefault("bookmarks", {})
    catalog = option("--catalog")
    chosen = [
        entry["stream"]
        for entry in (catalog or {}).get("streams", [])
        if entry["metadata"][0]["metadata"]["selected"]
    ]
    Path(config["script"] + ".state").write_text(json.dumps(state))
    for line in script.get("stderr", []):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
    for name, stream in script.get("streams", {}).items():
        if catalog is None or name in chosen:
            read(name, stream, state, config)
    for line in script.get("lines", []):
        say(line)
    sys.stdout.flush()
    if script.get("hang"):
        Path(config["script"] + ".hangs").write_text(str(os.getpid()))
        time.sleep(600)
    if script.get("kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    sys.exit(script.get("exit", 0))


if __name__ == "__main__":
    main()

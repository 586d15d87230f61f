# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The mpich-ivshmem authors
"""A headless Chromium, spoken to over its debugging pipe: JSON with a zero byte behind it."""
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

# Headless; the sandbox needs privileges that a container may lack, and the page is our own.
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
           "--disable-extensions", "--disable-background-networking", "--disable-component-update",
           "--remote-debugging-pipe")
# What counts against a page.
EVENTS = ("Network.requestWillBeSent", "Runtime.consoleAPICalled", "Runtime.exceptionThrown",
          "Log.entryAdded")


class BrowserError(Exception):
    pass


def find():
    """The path of a Chromium, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Chromium:
    """A context manager: one tab."""

    def __init__(self, path, limit=60):
        self.path, self.limit = path, limit
        self.buffer, self.number, self.events, self.session = b"", 0, [], None

    def __enter__(self):
        self.home = tempfile.TemporaryDirectory(prefix="chromium-")
        to_it, self.out = os.pipe()
        self.in_, from_it = os.pipe()
        self.child = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{to_it} 4>&{from_it}', "bash", self.path, *OPTIONS,
             f"--user-data-dir={self.home.name}", "about:blank"], pass_fds=(to_it, from_it),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self.home.name}, start_new_session=True)
        os.close(to_it)
        os.close(from_it)
        self._open_tab()
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        os.close(self.out)
        os.close(self.in_)
        time.sleep(0.2)  # its other processes end with it, and write to its folder until then
        shutil.rmtree(self.home.name, ignore_errors=True)

    def _open_tab(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + self.limit
        while True:
            answer = self._next(deadline)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error'].get('message')}")
                return answer["result"]

    def _next(self, deadline):
        while b"\0" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.in_], [], [], left)[0]:
                raise BrowserError(f"{self.path}: no answer within {self.limit} s")
            data = os.read(self.in_, 1 << 16)
            if not data:
                raise BrowserError(f"{self.path}: ended")
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\0")
        message = json.loads(line)
        if "method" in message:
            self.events.append((message["method"], message["params"]))
        return message

    def load(self, url):
        self.events.clear()
        problem = self.call("Page.navigate", url=url).get("errorText")
        if problem:
            raise BrowserError(f"{url}: {problem}")
        deadline = time.monotonic() + self.limit
        while not any(name == "Page.loadEventFired" for name, _ in self.events):
            self._next(deadline)

    def evaluate(self, expression):
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in done:
            raise BrowserError(f"{expression}: {done['exceptionDetails'].get('text')}")
        return done["result"].get("value")

    def complaints(self, url):
        """What the page asked for besides itself, and whatever the browser had to say about it."""
        for name, params in self.events:
            if name == EVENTS[0] and params["request"]["url"] not in (url, "data:,"):
                yield f"asks for {params['request']['url']}"
            if name in EVENTS[1:]:
                yield f"{name}: {json.dumps(params)[:300]}"

    def look(self, width, height, scheme="light"):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": scheme}])

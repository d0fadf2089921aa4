"""The small programs around the code: the no-skip plugin and the health check."""

import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run_pytest(folder, text, *plugin):
    (folder / "test_it.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, "test_it.py"]
    return subprocess.run(command, cwd=folder, env=env, check=False, capture_output=True, text=True)


@pytest.mark.parametrize(
    "text",
    [
        "import pytest\ndef test_a(): pytest.skip('no broker')\ndef test_b(): pass\n",
        "import pytest\n@pytest.mark.skip\ndef test_a(): pass\n",
        "import pytest\npytest.importorskip('nothing_of_that_name')\n",
    ],
)
def test_a_skip_fails_the_run_where_none_is_allowed(tmp_path, text):
    assert run_pytest(tmp_path, text).returncode in (0, 5)
    strict = run_pytest(tmp_path, text, "-p", "tests.plugins.no_skip")
    assert strict.returncode == 1
    assert "skipped tests are not allowed here" in strict.stdout


def test_without_a_skip_the_run_is_as_before(tmp_path):
    text = "import pytest\ndef test_a(): pass\n@pytest.mark.xfail\ndef test_b(): assert 0\n"
    assert run_pytest(tmp_path, text, "-p", "tests.plugins.no_skip").returncode == 0


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_believes_only_200(status, code):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/health/live" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        command = [sys.executable, ROOT / "deploy" / "etabli-health", str(server.server_port)]
        assert subprocess.run(command, check=False, capture_output=True).returncode == code
        thread.join(5)

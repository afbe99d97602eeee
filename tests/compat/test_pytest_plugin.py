"""The same test file under pytest and as a locustfile."""

TEST = """
    import locust

    def test_front(session):
        assert session.get("/front").text == "hello"
        assert session.get("/missing").status_code == 404

    def test_fast(fastsession):
        response = fastsession.get("/fast")
        assert (response.status_code, response.text) == (200, "hello")
"""


def test_fixtures_under_pytest(python, shop):
    done = python(
        "-m", "pytest", "-q", "-p", "katydid.pytest_plugin", "-p", "no:asyncio", "-p",
        "no:cacheprovider", "--host", shop.url, "test_shop.py",
        files={"test_shop.py": TEST},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert shop.paths == ["/front", "/missing", "/fast"]

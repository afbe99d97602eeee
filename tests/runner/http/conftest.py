"""A real server on loopback that can also misbehave, and clients whose samples are kept."""

import datetime
import gzip
import json
import re
import ssl
import struct

import gevent
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from gevent import socket
from gevent.event import Event
from gevent.server import StreamServer

from katydid.events import Events
from katydid.http import FastHttpSession, HttpSession
from katydid.user import User


class Request:
    def __init__(self, method, target, headers, body):
        self.method = method
        self.target = target
        self.path = re.sub(r"^http://[^/]*", "", target).partition("?")[0]  # a proxy gets it whole
        self.headers = headers
        self.body = body


def answer(status=200, body=b"", headers=(), reason="Reason"):
    """A whole response in one piece: two sends would cost 40 ms of delayed acknowledgement."""
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}"]
    lines += [f"{key}: {value}" for key, value in headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Server:
    """Keep-alive HTTP/1.1; `requests` and `connections` tell what came."""

    def __init__(self, ssl_context=None):
        self.requests = []
        self.connections = 0
        self._open = 0
        self.all_closed = Event()
        self.stalled = Event()  # a client waits for an answer that will not come
        self.drop_after_next = False  # close the connection behind the next answer, unannounced
        options = {"ssl_context": ssl_context} if ssl_context else {}
        self._server = StreamServer(("127.0.0.1", 0), self._serve, **options)
        self._server.start()
        scheme = "https" if ssl_context else "http"
        self.port = self._server.server_port
        self.url = f"{scheme}://127.0.0.1:{self.port}"

    def close(self):
        self._server.stop(timeout=1)

    def _serve(self, connection, _address):
        self.connections += 1
        self._open += 1
        self.all_closed.clear()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = connection.makefile("rb")
        try:
            while self._serve_one(connection, reader):
                pass
        except OSError:
            pass  # the client went away
        finally:
            reader.close()
            connection.close()
            self._open -= 1
            if not self._open:
                self.all_closed.set()

    def _serve_one(self, connection, reader):
        request = self._read(reader)
        if request is None:
            return False
        self.requests.append(request)
        handler = getattr(self, "do_" + re.match(r"/(\w*)", request.path)[1])
        keep = handler(request, connection) is not False
        if self.drop_after_next:
            self.drop_after_next = False
            return False
        return keep and request.headers.get("connection", "").lower() != "close"

    def _read(self, reader):
        start = reader.readline().decode("latin1").split()
        if len(start) != 3:
            return None
        headers = {}
        while line := reader.readline().decode("latin1").strip():
            key, _, value = line.partition(":")
            headers[key.lower()] = value.strip()
        body = reader.read(int(headers.get("content-length", 0)))
        return Request(start[0], start[1], headers, body)

    def do_ok(self, request, connection):
        connection.sendall(answer(body=b"" if request.method == "HEAD" else b"fine"))

    def do_echo(self, request, connection):
        told = {
            "method": request.method,
            "target": request.target,
            "headers": request.headers,
            "body": request.body.decode(),
        }
        body = json.dumps(told).encode()
        connection.sendall(answer(body=body, headers=[("Content-Type", "application/json")]))

    def do_status(self, request, connection):
        status = int(request.path.rpartition("/")[2])
        connection.sendall(answer(status, b'{"status": 1}' if status != 204 else b""))

    def do_redirect(self, request, connection):
        left = int(request.path.rpartition("/")[2])
        target = f"/redirect/{left - 1}" if left > 1 else "/ok"
        connection.sendall(answer(302, headers=[("Location", target)]))

    def do_loop(self, request, connection):
        connection.sendall(answer(302, headers=[("Location", "/loop")]))

    def do_astray(self, request, connection):
        connection.sendall(answer(302, headers=[("Location", "http://127.0.0.1:1/gone")]))

    def do_gzip(self, request, connection):
        body = gzip.compress(b"x" * 5000)
        connection.sendall(answer(body=body, headers=[("Content-Encoding", "gzip")]))

    def do_chunked(self, request, connection):
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")

    def do_lines(self, request, connection):
        connection.sendall(answer(body="eins\nzwei\ndrei ü".encode()))

    def do_latin(self, request, connection):
        headers = [("Content-Type", "text/plain; charset=iso-8859-1")]
        connection.sendall(answer(body=b"\xfc", headers=headers))

    def do_empty(self, request, connection):
        connection.sendall(answer())

    def do_cookie(self, request, connection):
        connection.sendall(answer(headers=[("Set-Cookie", "basket=7; Path=/")]))

    def do_late(self, request, connection):
        """The head at once, the body 50 ms later: what a streamed sample must not wait for."""
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        gevent.sleep(0.05)
        connection.sendall(b"late")

    # misbehaviour

    def do_stall(self, request, connection):
        self.stalled.set()
        connection.recv(1)  # returns when the client gives up
        return False

    def do_halfstall(self, request, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart")
        return self.do_stall(request, connection)

    def do_reset(self, request, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def do_hangup(self, request, connection):
        return False

    def do_garbage(self, request, connection):
        connection.sendall(b"\x00\x01\x02 this is not HTTP\r\n\r\n")
        return False

    def do_truncated(self, request, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort")
        return False

    def do_badgzip(self, request, connection):
        connection.sendall(answer(body=b"not gzip", headers=[("Content-Encoding", "gzip")]))

    def do_endless(self, request, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")
            self.stalled.set()
            gevent.sleep(0.001)  # an endless body, not a full pipe


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="session")
def server_context(tmp_path_factory):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def tls_server(server_context):
    server = Server(server_context)
    yield server
    server.close()


class Samples(list):
    """The recorder: tuples (method, name, ms, length, error, status)."""

    def __call__(self, method, name, response_time, response_length, error, status=None):
        self.append((method, name, response_time, response_length, error, status))

    @property
    def only(self):
        (sample,) = self
        return sample


class Surroundings:
    """What an HTTP user needs of an environment."""

    def __init__(self, samples):
        self.events = Events()
        self.events.request.recorders.append(samples)


@pytest.fixture
def samples():
    return Samples()


@pytest.fixture
def surroundings(samples):
    return Surroundings(samples)


@pytest.fixture
def told(surroundings):
    """The keyword arguments of each request event."""
    told = []
    surroundings.events.request.add_listener(lambda **kwargs: told.append(kwargs))
    return told


class ContextUser(User):
    def context(self):
        return {"user": "me", "who": "user"}


@pytest.fixture
def client(server, surroundings):
    user = ContextUser(surroundings)
    session = HttpSession(server.url, surroundings.events.request, user)
    session.trust_env = False
    yield session
    session.close()


@pytest.fixture
def fast(server, surroundings):
    session = FastHttpSession(surroundings, server.url, ContextUser(surroundings))
    yield session
    session.client.close()


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

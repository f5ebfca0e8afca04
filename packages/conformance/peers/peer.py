"""Python's ssl as a peer: an echo client or an echo server. See src/interop/peers/python.ts.

    python3 peer.py client|server PORT CIPHERS CA CERT KEY CONNECTIONS

The client opens CONNECTIONS connections one after another, each with the session of the one before. The program prints
a line with the channel binding of each connection to stderr.
"""

import socket
import ssl
import sys

role, port, ciphers, ca, cert, key, connections = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT if role == "client" else ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
context.set_ciphers(ciphers)
if ca != "-":
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_REQUIRED
if cert != "-":
    context.load_cert_chain(cert, key)


def tell(connection):
    binding = connection.get_channel_binding("tls-unique")
    print("tls-unique", binding.hex(), "resumed" if connection.session_reused else "full", file=sys.stderr, flush=True)


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)
    connection.unwrap()


if role == "server":
    with socket.create_server(("127.0.0.1", int(port))) as listener:
        while True:
            accepted, _ = listener.accept()
            try:
                with context.wrap_socket(accepted, server_side=True) as connection:
                    tell(connection)
                    echo(connection)
            except OSError as error:
                print(error, file=sys.stderr, flush=True)
else:
    payload = sys.stdin.buffer.read()
    session = None
    for _ in range(int(connections)):
        with socket.create_connection(("127.0.0.1", int(port))) as raw:
            with context.wrap_socket(raw, server_hostname="localhost", session=session) as connection:
                tell(connection)
                connection.sendall(payload)
                left = len(payload)
                while left > 0:
                    data = connection.recv(left)
                    if not data:
                        sys.exit("the server closed before it had echoed all")
                    sys.stdout.buffer.write(data)
                    left -= len(data)
                session = connection.session
                connection.unwrap()

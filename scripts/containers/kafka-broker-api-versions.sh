#!/usr/bin/python3
"""Asks a broker for its API versions, as Kafka's own tool does; that is not among the broker's jars."""

import socket
import sys

host, port = sys.argv[sys.argv.index("--bootstrap-server") + 1].split(":")
QUESTION = bytes.fromhex("0012 0000 00000001 ffff")  # ApiVersions, version 0, correlation 1, no client id
with socket.create_connection((host, int(port)), timeout=5) as broker:
    broker.sendall(len(QUESTION).to_bytes(4, "big") + QUESTION)
    answer = broker.recv(10)
sys.exit(answer[8:10] != b"\0\0")

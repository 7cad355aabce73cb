"""Options of every channel and server. Each one avoids a measured trap of grpc.aio."""

from __future__ import annotations

KIB = 1024
MIB = 1024 * KIB
# One message; content above pal_log.payload.INLINE_LIMIT_BYTES travels by reference.
MAX_MESSAGE_BYTES = 4 * MIB
# gRPC's own default cuts status trailers near 8 KiB.
MAX_STATUS_DETAIL_BYTES = 4 * KIB

_SHARED: list[tuple[str, int]] = [
    # Keeps the flow-control window at 64 KiB, so that a stalled stream costs kilobytes and not megabytes.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    # keepalive_timeout_ms is ignored; this is the one that acts.
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
]
CLIENT: list[tuple[str, int]] = [
    *_SHARED,
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    # By its name something else, it is how long one attempt to connect may take: a machine that is busy takes its time.
    ("grpc.min_reconnect_backoff_ms", 3_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # An http_proxy in the environment breaks loopback channels.
    ("grpc.enable_http_proxy", 0),
    ("grpc.enable_retries", 0),
    ("grpc.use_local_subchannel_pool", 1),
]
SERVER: list[tuple[str, int]] = [
    *_SHARED,
    # Otherwise a second server on the port starts silently and steals calls.
    ("grpc.so_reuseport", 0),
    # Otherwise a burst is answered CANCELLED.
    ("grpc.server.max_pending_requests", 10_000),
    ("grpc.server.max_pending_requests_hard_limit", 20_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.server_handshake_timeout_ms", 5_000),
]
MAX_CONCURRENT_RPCS = 6_000

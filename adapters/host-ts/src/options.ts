/** Options of every connection and server; the counterpart of pal_rpc.options for grpc-js. */

import type { ChannelOptions } from "@grpc/grpc-js";

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const SHARED: ChannelOptions = {
  // Counts every call and every message for a debugger that nobody attaches.
  "grpc.enable_channelz": 0,
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
  "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
  "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
};

export const CLIENT: ChannelOptions = {
  ...SHARED,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
  // An http_proxy in the environment breaks loopback connections.
  "grpc.enable_http_proxy": 0,
  "grpc.enable_retries": 0,
  "grpc.use_local_subchannel_pool": 1,
};

export const SERVER: ChannelOptions = SHARED;

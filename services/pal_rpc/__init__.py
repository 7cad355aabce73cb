"""What every PAL process shares: servers, channels, interceptors, status mapping, identity, telemetry."""

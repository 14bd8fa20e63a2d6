"""Every setting of the service, read from `OMS_*` environment variables.

One class, so that `oms config` can print all of them and nothing reads the environment behind its
back. Addresses, TLS and logins are in `workers.security`; what cannot work together is refused
before anything connects.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from workers.security.combinations import faults
from workers.security.connection_settings import ConnectionSettings, refusal

Share = Annotated[float, Field(ge=0, le=1)]
"""From 0, none, to 1, all."""


class Settings(ConnectionSettings):
    """Connections, sizes and times. All times are in seconds unless the name says otherwise."""

    partitions: Annotated[
        int, Field(ge=1, le=1024, description="Partitions of every topic that is created.")
    ] = 12
    replication_factor: Annotated[
        int, Field(ge=1, le=9, description="Replicas of every topic that is created.")
    ] = 1
    reply_timeout: Annotated[
        float, Field(gt=0, le=300, description="Silence after which a request is sent again.")
    ] = 5.0
    reply_attempts: Annotated[
        int, Field(ge=1, le=20, description="Times a check is asked before its order expires.")
    ] = 5
    lane_open_orders: Annotated[
        int,
        Field(ge=1, description="Orders of a lane that may wait for checks before creates pause."),
    ] = 5_000
    lane_batch_records: Annotated[
        int, Field(ge=1, le=10_000, description="Most records that a lane handles in one batch.")
    ] = 1_000
    refusals_keep_days: Annotated[
        int, Field(ge=1, description="Days a refused command's answer is remembered.")
    ] = 14
    copy_timeout: Annotated[
        float, Field(gt=0, le=60, description="Longest wait for a copy to a client's reply topic.")
    ] = 5.0
    session_timeout: Annotated[
        float,
        Field(ge=6, le=30, description="Silence of a worker after which others take its lanes."),
    ] = 15.0
    shutdown_timeout: Annotated[
        float, Field(gt=0, le=300, description="Longest wait for work in flight at the end.")
    ] = 20.0
    state_directory: Annotated[
        str,
        Field(
            min_length=1,
            description="Folder of the files that `oms health` reads; in the temporary folder.",
        ),
    ] = "oms-workers"
    metrics_port: Annotated[
        int,
        Field(ge=0, le=65535, description="Port of a worker's metrics for Prometheus; 0 for none."),
    ] = 0
    metrics_address: Annotated[
        str,
        Field(
            min_length=1,
            description="Address that this port is opened at; `0.0.0.0` lets other machines in.",
        ),
    ] = "127.0.0.1"
    tracing: Annotated[
        Literal["on", "off"],
        Field(description="Whether spans are sent to OpenTelemetry, as `OTEL_*` variables say."),
    ] = "off"
    log_level: Annotated[
        str,
        Field(pattern="^(debug|info|warning|error)$", description="Lowest level that is logged."),
    ] = "info"

    # The simulated customer and inventory services, so that orders can be tried against bad ones.
    simulator_drop_rate: Annotated[
        Share, Field(description="Share of the simulated services' replies that are lost, 0 to 1.")
    ] = 0.0
    simulator_delay_rate: Annotated[
        Share, Field(description="Share of their replies that come late, 0 to 1.")
    ] = 0.0
    simulator_delay_seconds: Annotated[
        float, Field(gt=0, le=600, description="How late a late reply comes.")
    ] = 2.0
    simulator_repeat_rate: Annotated[
        Share, Field(description="Share of their replies that come twice, 0 to 1.")
    ] = 0.0
    simulator_reorder_rate: Annotated[
        Share, Field(description="Share of their replies that the next ones overtake, 0 to 1.")
    ] = 0.0
    simulator_seed: Annotated[
        int, Field(ge=0, description="Which replies those are: the same seed picks the same ones.")
    ] = 0

    # For `oms chaos` alone: nobody else has a worker fail on purpose.
    failpoint: Annotated[
        str,
        Field(
            pattern=(
                "^(none|(orders|customers|inventory):"
                "(after-store|before-publish|mid-publish|after-publish):[1-9][0-9]*(:stop)?)$"
            ),
            description="For `oms chaos` alone: where a worker kills itself.",
        ),
    ] = "none"
    clock_offset_file: Annotated[
        str,
        Field(description="For `oms chaos` alone: a file with milliseconds to add to the clock."),
    ] = "none"

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Refuse connections that cannot work."""
        for fault in faults(self):
            raise refusal(fault)
        return self

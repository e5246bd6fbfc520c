"""Worker processes anywhere in a Ray cluster: `ray`, or `ray://HOST` for one that this machine is no part of."""

from typing import Literal

from pydantic import Field, model_validator

from meshsight.specs.base import VariantSpec

EXTRA = "cluster"
CLIENT_PORT = 10001


class Spec(VariantSpec):
    """The cluster that this machine belongs to, or one at an address; without either, one of this machine alone."""

    kind: Literal["ray"] = "ray"
    address: str | None = None
    """`ray://HOST[:PORT]`; none: RAY_ADDRESS, or the cluster that runs on this machine."""
    cpus: float = Field(default=1.0, gt=0)
    """Cores that Ray sets aside for each worker."""
    gpus: float = Field(default=0.0, ge=0)
    """GPUs, or share of one, that Ray sets aside for each worker; with 0 it sees none."""

    @model_validator(mode="before")
    @classmethod
    def _port(cls, data: object) -> object:
        if isinstance(data, dict) and isinstance(address := data.get("address"), str):
            host = address.removeprefix("ray://")
            if not host or not address.startswith("ray://"):
                raise ValueError("address: expected ray://HOST or ray://HOST:PORT")
            has_port = ":" in host.rpartition("]")[2]
            return {**data, "address": address if has_port else f"{address}:{CLIENT_PORT}"}
        return data

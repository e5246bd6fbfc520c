"""Metrics to MLflow: a server, a database or a folder."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """One MLflow run for each run of ours; a resumed run goes on in the same one."""

    kind: Literal["mlflow"] = "mlflow"
    uri: str | None = None
    """Such as http://host:5000 or sqlite:///FILE; none: MLFLOW_TRACKING_URI, or sqlite:///mlflow.db."""
    experiment: str | None = None
    """None: MLFLOW_EXPERIMENT_ID or MLFLOW_EXPERIMENT_NAME, or `meshsight`."""
    parent_run: str | None = None
    """Id of the run that this one is shown under, as that of a sweep."""
    every_steps: int = Field(default=10, ge=1)
    """Steps between the training metrics sent; each is the mean over these steps."""
    models: bool = True
    """Whether a finished run's weights and manifest are sent, too, as the artifact `model`."""

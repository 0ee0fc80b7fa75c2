"""Prints the runs of the experiment digits_3 in an MLflow store as JSON.

Argument: the folder of the store.
"""

import json
import sys
from pathlib import Path

from mlflow.tracking import MlflowClient

store = Path(sys.argv[1])
client = MlflowClient(f"sqlite:///{store}/mlflow.db")
experiment = client.get_experiment_by_name("digits_3")
runs = []
for run in client.search_runs([experiment.experiment_id]):
    folder = Path(run.info.artifact_uri.removeprefix("file://"))
    runs.append(
        {
            "id": run.info.run_id,
            "params": run.data.params,
            "metrics": run.data.metrics,
            "status": run.info.status,
            "steps": [metric.step for metric in client.get_metric_history(run.info.run_id, "train.loss")],
            "files": [path.name for path in folder.rglob("*")],
        }
    )
print(json.dumps(runs))

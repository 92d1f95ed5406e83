"""`floodgate serve`: Locust's web UI that stays up, from which one run after the other is started.

    floodgate serve [SCENARIO.yaml …] [--name STACK] [--reports DIR]
                    [--web-host 127.0.0.1] [--web-port 8089] [--allow-host NAME …]
                    [--master-bind-host 127.0.0.1] [--master-bind-port 5557] [--run-port 5558]
    floodgate serve --worker [--master-host 127.0.0.1] [--master-port 5557]

| variable | stands for | in containers |
|---|---|---|
| `FLOODGATE_STACK` | `--name`: the stack that runs use if it is up; without it each run makes its own | the stack's name |
| `FLOODGATE_REPORTS` | `--reports`: where runs land, `reports` unless given | a volume |
| `FLOODGATE_WEB_HOST`, `FLOODGATE_WEB_PORT` | `--web-host`, `--web-port` | `0.0.0.0`, 8089 |
| `FLOODGATE_ALLOW_HOSTS` | `--allow-host`: by which other names the UI may be called, besides addresses and `localhost`; with spaces between | `locust-master` |
| `FLOODGATE_MASTER_BIND_HOST`, `FLOODGATE_MASTER_BIND_PORT` | where workers find the service | `0.0.0.0`, 5557 |
| `FLOODGATE_RUN_PORT` | where workers find the run that they are called to; 0 for any free port | 5558 |
| `FLOODGATE_MASTER_HOST`, `FLOODGATE_MASTER_PORT` | where a worker looks for the service | `locust-master`, 5557 |
| `FLOODGATE_WORKER_TOKEN` | the secret of service and workers, 16 characters or more; without it no workers are taken | the same in all |

A run is offered by all workers that are there when it is started, and by one process of the service without any.
Workers come and go between runs as they like; they need nothing but the token and the two ports.

| request | does |
|---|---|
| `GET /` | Locust's UI: its form starts a run, its stop button ends the load |
| `GET /floodgate/health` | 200 once the service answers |
| `GET /floodgate/runs` | the runs of this service, newest first, as JSON |
| `POST /floodgate/runs` | starts one: `{"scenario": "smoke", "minutes": 1, "files": null, "rate": null, "seed": 1}`; 202, 409 while another goes on |
| `GET /floodgate/runs/RUN` | one run, with its verdict once it has one |
| `POST /stop` | ends the load of the run that goes on; its files are settled and reported |
| `GET /floodgate/reports/RUN/report.html` | what a run left |
| `GET /metrics` | for Prometheus |

The service itself runs nothing: each run is a `floodgate run` of its own, which the service starts, asks for its
live state by the files beside its ledger, and hears of by its exit code and its `summary.json`.
"""

"""The core of Polyhelm: its subjects (clusters, groups, charts, deployments, …), each a folder of its own, and the
pure release logic in `app.releases`. Only the composition root (`main`, `cli`, `demo`) knows the other rooms."""

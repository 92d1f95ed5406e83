"""The images of docker-compose.yml: their Dockerfiles, and what fills `wheels/` so that they build offline.

`python -m harness.images` (`make images`) downloads the wheels once and builds the images; after that neither
`docker compose up` nor another build needs a network. Without it the images build from the package index.
"""

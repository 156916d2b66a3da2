#!/bin/sh
# Creates the role that Polyhelm runs as, when the database is created. `polyhelm migrate` grants it what it needs.
set -eu
psql --quiet --set=ON_ERROR_STOP=1 --set=password="$PROGRAM_PASSWORD" \
  --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE program LOGIN PASSWORD :'password';
SQL

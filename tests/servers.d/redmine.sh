#!/usr/bin/env bash
# Debian's Redmine on its own SQLite database: redmine.sh PORT FOLDER. Needs root, since it runs as www-data.
# Writes FOLDER/facts: API key and ids, as redmine_people.rb prints them.
set -euo pipefail
port=$1 folder=$2
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$folder" && mkdir -p "$folder"
as_redmine() { runuser -u www-data -- env RAILS_ENV=production HOME=/tmp "$@"; }
cd /usr/share/redmine
as_redmine bin/rails runner "$(cat "$here/redmine_people.rb")" | tail -1 >"$folder/facts"
[ -s "$folder/facts" ]
exec runuser -u www-data -- env RAILS_ENV=production HOME=/tmp puma -b "tcp://127.0.0.1:$port" -w 0 config.ru

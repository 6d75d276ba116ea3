"""DuckDB's bare join: how many enabled grants lead to somebody who left. What a careful user would write."""

import sys

import duckdb

SYSTEMS = ["code", "crm", "files", "idp", "wiki"]
JOIN = """
WITH leavers AS (
    SELECT * FROM read_csv('{data}/hris.csv', all_varchar = true) WHERE end_date IS NOT NULL AND end_date < '2026-08-02'
),
identity AS (
    SELECT 'employee_id' AS kind, '' AS system, person_id AS value, person_id FROM leavers
    UNION ALL SELECT 'employee_id', '', source_record_id, person_id FROM leavers
    UNION ALL SELECT 'email', '', lower(work_email), person_id FROM leavers
    UNION ALL
    SELECT CASE aliases.kind WHEN 'username' THEN 'login' ELSE aliases.kind END, coalesce(system, ''), lower(value), person_id
    FROM read_csv('{data}/aliases.csv', all_varchar = true) aliases SEMI JOIN leavers USING (person_id)
),
access AS (
    {systems}
),
held AS (
    SELECT access.system, kind AS access_kind, grant_id, unnest(holders) AS holder FROM access
    WHERE record = 'access' AND status = 'enabled'
),
keyed AS (
    SELECT held.system, access_kind, grant_id,
        CASE WHEN holder.employee_id IS NOT NULL THEN 'employee_id' WHEN holder.provider_id IS NOT NULL THEN 'provider_id'
             WHEN holder.email IS NOT NULL THEN 'email' ELSE 'login' END AS kind,
        CASE WHEN holder.employee_id IS NOT NULL THEN '' WHEN holder.provider_id IS NOT NULL THEN held.system
             WHEN holder.email IS NOT NULL THEN '' ELSE held.system END AS of_system,
        lower(coalesce(holder.employee_id, holder.provider_id, holder.email, holder.login)) AS value
    FROM held
)
SELECT count(*) FROM keyed JOIN identity ON identity.kind = keyed.kind AND identity.system = of_system AND identity.value = keyed.value
"""
COLUMNS = (
    "{record: 'VARCHAR', kind: 'VARCHAR', grant_id: 'VARCHAR', status: 'VARCHAR',"
    " holders: 'STRUCT(employee_id VARCHAR, provider_id VARCHAR, email VARCHAR, login VARCHAR)[]'}"
)


def main():
    data = sys.argv[1]
    systems = "\n    UNION ALL ".join(
        f"SELECT '{system}' AS system, * FROM read_ndjson('{data}/exports/{system}.ndjson', columns = {COLUMNS})"
        for system in SYSTEMS
    )
    print(duckdb.sql(JOIN.format(data=data, systems=systems)).fetchall()[0][0])


main()

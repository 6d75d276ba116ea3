use scan_contract::AccessKind;

use super::{GOOD, assert_one, refused};

#[test]
fn ids_batches_paths_and_domains_are_unique() {
    assert_one("id: payroll", "id: \"crm\"", "\"crm\"", "systems[1].id", "the id crm stands twice");
    assert_one(
        "path: out/findings.sarif",
        "path: \"out/findings.csv\"",
        "\"out/findings.csv\"",
        "outputs[2].path",
        "the path out/findings.csv stands twice",
    );
    let source =
        "    - { id: hris2, format: ndjson, path: \"hris.csv\", coverage: active, end_date_meaning: last_day_included }
identity:";
    assert_one("identity:", source, "\"hris.csv\"", "roster.sources[1].path", "the path hris.csv stands twice");
    let batch =
        "disclosed_at: \"2026-07-31T13:00:00Z\" }, { batch: \"wave-1\", disclosed_at: \"2026-08-31T13:00:00Z\" }";
    assert_one(
        "disclosed_at: \"2026-07-31T13:00:00Z\" }",
        batch,
        "\"wave-1\"",
        "roster.batches[1].batch",
        "the batch wave-1 stands twice",
    );
}

#[test]
fn every_mistake_of_the_roster_is_told_with_its_place() {
    for (from, to, at, key, says) in [
        (
            "Europe/Berlin\n      end",
            "Europe/Berln\n      end",
            "Europe/Berln",
            "default_time_zone",
            "no time zone is called \"Europe/Berln\"",
        ),
        ("Europe/Berlin\n      end", "CET\n      end", "CET", "default_time_zone", "no time zone is called \"CET\""),
        (
            "Europe/Berlin\n      end",
            "\"+02:00\"\n      end",
            "\"+02:00\"",
            "default_time_zone",
            "no time zone is called \"+02:00\"",
        ),
        ("date_format: \"%d.%m.%Y\"", "date_format: \"%Q\"", "\"%Q\"", "date_format", "\"%Q\" is no pattern of times"),
        ("date_format: \"%d.%m.%Y\"", "date_format: iso", "iso\n", "date_format", "\"iso\" has no place for a date"),
        (
            "max_age: 30h",
            "max_age: 30",
            "30\n",
            "max_age",
            "expected a duration such as 90s, 15m or 26h (seven days are 168h), found the number 30",
        ),
        (
            "max_age: 30h",
            "max_age: 2d",
            "2d",
            "max_age",
            "\"2d\" is not a duration such as 90s, 15m or 26h (seven days are 168h)",
        ),
        (
            "{ person_id: Employee_ID,",
            "{ personid: Employee_ID,",
            "personid",
            "columns.personid",
            "unknown key `personid`",
        ),
        (
            "end_date: Termination_Date",
            "end_date: Employee_ID",
            "Employee_ID }",
            "columns.end_date",
            "the column \"Employee_ID\" is used for person_id already",
        ),
        (
            "status: { ended: [Terminated] }",
            "status: { end: [Terminated] }",
            "end: [Term",
            "values.status.end",
            "`end` is no word of status",
        ),
        (
            "status: { ended: [Terminated] }",
            "end_date: { ended: [Terminated] }",
            "end_date: { ended",
            "values.end_date",
            "end_date has no vocabulary",
        ),
        (
            "status: { ended: [Terminated] }",
            "status: { ended: [T], active: [T] }",
            "T] }",
            "values.status.ended[0]",
            "\"T\" means active already",
        ),
        (
            "delimiter: \";\"",
            "delimiter: \"::\"",
            "\"::\"",
            "delimiter",
            "\"::\" is not one ASCII character that is no quote",
        ),
        ("ended: [p-0002]", "ended: [p-0001]", "p-0001] }", "sentinels.ended[0]", "p-0001 cannot be active and ended"),
        ("coverage: full", "coverage: fully", "fully", "coverage", "\"fully\" is not one of full, leavers, active"),
        (
            "encoding: windows-1252",
            "encoding: latin1",
            "latin1",
            "encoding",
            "\"latin1\" is not one of utf-8, utf-16, windows-1252",
        ),
    ] {
        // The first of two equal texts would be another place.
        if says.contains("means active") {
            let problems = refused(&GOOD.replace(from, to));
            assert_eq!(problems[0].says, says);
            continue;
        }
        assert_one(from, to, at, &format!("roster.sources[0].{key}"), says);
    }
    assert_one(
        "until: \"2026-08-02\"",
        "until: \"2026-07-30\"",
        "\"2026-07-30\"",
        "roster.expected[0].until",
        "2026-07-30 lies before 2026-07-31",
    );
    assert_one(
        "sha256: \"0123",
        "sha256: \"x0123",
        "\"x0123",
        "roster.links.sha256",
        "\"x0123456789abcdef0123456789abcdef0123456789abcdef0123456789a…\" is not a SHA-256 digest of 64 small hexadecimal digits",
    );
    assert_one(
        "aliases: aliases.csv",
        "aliases: 7",
        "7\n",
        "roster.aliases",
        "expected a path, or a mapping with path and sha256, found the number 7",
    );
    assert_one("links: { path: links.yaml,", "links: {", "links: {", "roster.links", "`path` is missing");
}

#[test]
fn what_an_end_date_means_has_no_default() {
    assert_one(
        "      end_date_meaning: last_day_included\n",
        "",
        "id: hris",
        "roster.sources[0]",
        "`end_date_meaning` is missing",
    );
}

#[test]
fn every_mistake_of_a_system_is_told_with_its_place() {
    for (from, to, at, key, says) in [
        (
            "id: payroll",
            "id: PAYROLL",
            "PAYROLL",
            "systems[1].id",
            "\"PAYROLL\" is not an id of small letters, digits and hyphens, at most 32",
        ),
        (
            "connector: aws",
            "connector: azure",
            "azure",
            "systems[2].connector",
            "\"azure\" is not one of import, aws, github, okta, ssh, vault",
        ),
        (
            "tier: tier2",
            "tier: tier4",
            "tier4",
            "systems[0].tier",
            "\"tier4\" is not one of tier0, tier1, tier2, tier3",
        ),
        (
            "known_object: { scope: accounts,",
            "known_object: { scope: account,",
            "account, kind",
            "systems[0].known_object.scope",
            "this system declares no scope account",
        ),
        (
            "exclude: [{ scope: api-tokens,",
            "exclude: [{ scope: tokens,",
            "tokens, reason",
            "systems[0].exclude[0].scope",
            "this system declares no scope tokens",
        ),
        (
            ", reason: read by another team",
            "",
            "{ scope: api-tokens, until",
            "systems[0].exclude[0]",
            "`reason` is missing",
        ),
        (
            ", until: \"2026-12-31\" }",
            " }",
            "{ scope: api-tokens, reason",
            "systems[0].exclude[0]",
            "`until` is missing",
        ),
        (
            "dies_with_account: [password]",
            "dies_with_account: [passwords]",
            "passwords",
            "systems[0].dies_with_account[0]",
            &format!("\"passwords\" is not one of {}", AccessKind::WORDS.join(", ")),
        ),
        (
            "account: \"111122223333\"",
            "account: 111122223333",
            "111122223333",
            "systems[2].account",
            "expected an account of twelve digits, in quotes, found the number 111122223333",
        ),
        ("    account: \"111122223333\"\n", "", "id: aws-legacy", "systems[2]", "`account` is missing"),
        ("      as_of: 2026-08-01T00:50:00Z\n", "", "documents:", "systems[2].documents", "`as_of` is missing"),
        ("    tree: exports/hosts\n", "", "id: fleet", "systems[3]", "`tree` is missing"),
        ("    as_of: 2026-08-01T00:30:00Z\n", "", "id: fleet", "systems[3]", "`as_of` is missing"),
        (
            "as_of: 2026-08-01T00:30:00Z",
            "as_of: 2026-08-01T00:30:00",
            "2026-08-01T00:30:00\n",
            "systems[3].as_of",
            "\"2026-08-01T00:30:00\" is not an instant with its offset such as 2026-08-01T00:00:00Z",
        ),
        (
            "    as_of: 2026-08-01T00:30:00Z\n",
            "    as_of: 2026-08-01T00:30:00Z\n    scopes: [a]\n",
            "scopes: [a]",
            "systems[3].scopes",
            "`scopes` is a key of the connector import",
        ),
        ("        scope: accounts\n", "", "path: exports/payroll.csv", "systems[1].files[0]", "`scope` is missing"),
        (
            "grant_id: User ID, ",
            "",
            "columns: { status",
            "systems[1].files[0].columns.grant_id",
            "no column gives the immutable id of a grant",
        ),
        (
            "columns: { grant_id: User ID,",
            "columns: { grantid: User ID, grant_id: X,",
            "grantid",
            "systems[1].files[0].columns.grantid",
            "unknown key `grantid`",
        ),
        (
            "time_zone: Europe/Berlin\n        del",
            "time_zone: Berlin\n        del",
            "Berlin\n        del",
            "systems[1].files[0].time_zone",
            "no time zone is called \"Berlin\"",
        ),
        (
            "relation: owner",
            "relation: owned",
            "owned",
            "systems[1].files[0].relation",
            &format!(
                "\"owned\" is not one of {}",
                scan_contract::Relation::ALL.iter().map(|relation| relation.as_str()).collect::<Vec<_>>().join(", ")
            ),
        ),
        (
            "format: ndjson }]",
            "format: ndjson, scope: accounts }]",
            "scope: accounts }]",
            "systems[0].files[0].scope",
            "a native file has no `scope`: it says itself what it holds",
        ),
        ("system: crm,", "system: crn,", "crn", "sentinel_leavers[0].system", "no system is called crn"),
    ] {
        assert_one(from, to, at, key, says);
    }
}

#[test]
fn a_table_whose_words_belong_to_no_column_is_told() {
    assert_one(
        ", status: State",
        "",
        "status: { enabled",
        "systems[1].files[0].values.status",
        "no column is mapped to this field",
    );
    assert_one(
        "enabled: [Active]",
        "enable: [Active]",
        "status: { enable:",
        "systems[1].files[0].values.status",
        "\"enable\" is not one of enabled, disabled, expired, revoked, pending, orphaned, unknown",
    );
}

#[test]
fn an_account_without_a_document_is_told() {
    let from =
        "      authorization_details: exports/aws/details.json\n      credential_report: exports/aws/report.csv\n";
    assert_one(from, "", "documents:", "systems[2].documents", "names no document");
}

#[test]
fn every_mistake_of_run_outputs_and_metrics_is_told_with_its_place() {
    for (from, to, at, key, says) in [
        ("deadline: 90m", "deadline: 0s", "0s", "run.deadline", "a run that ends at once reads nothing"),
        ("threads: 2", "threads: 0", "0\n  fail", "run.threads", "0 is less than 1"),
        (
            "fail_on: low",
            "fail_on: lowest",
            "lowest",
            "run.fail_on",
            "\"lowest\" is not one of critical, high, medium, low, info",
        ),
        ("path: out/findings.csv", "path: \"-\"", "\"-\", persons", "outputs[1].path", "the path - stands twice"),
        (
            "format: csv, path: out",
            "format: cvs, path: out",
            "cvs",
            "outputs[1].format",
            "\"cvs\" is not one of table, json, ndjson, ocsf, sarif, csv, markdown, html",
        ),
        (
            "path: out/findings.sarif }",
            "path: out/findings.sarif, csv_bom: true }",
            "csv_bom: true }\nmetrics",
            "outputs[2].csv_bom",
            "sarif has no byte-order mark",
        ),
        (
            "textfile: out/holdover.prom",
            "textfile: out/holdover.txt",
            "out/holdover.txt",
            "metrics.textfile",
            "\"out/holdover.txt\" is not a path that ends in .prom",
        ),
        ("version: 1", "version: 2", "2\norg", "version", "2 has to be 1"),
        (
            "aliases: [acme-old.example]",
            "aliases: [ACME.example]",
            "ACME.example",
            "identity.domains[0].aliases[0]",
            "the domain ACME.example is declared twice",
        ),
        (
            "aliases: [acme-old.example]",
            "aliases: [acme]",
            "acme]",
            "identity.domains[0].aliases[0]",
            "\"acme\" is not a mail domain such as acme.example",
        ),
    ] {
        assert_one(from, to, at, key, says);
    }
}

#[test]
fn a_scope_of_an_account_is_checked_against_what_an_account_has() {
    let with = |scope: &str| {
        format!(
            "    owner_tags: [responsible]\n    known_object: {{ scope: {scope}, kind: access_key, grant_id: AKIA }}\n"
        )
    };
    let from = "    owner_tags: [responsible]\n";
    let problem = assert_one(
        from,
        &with("111122223333/iam.access-key"),
        "111122223333/iam.access-key,",
        "systems[2].known_object.scope",
        "this system declares no scope 111122223333/iam.access-key",
    );
    assert_eq!(problem.help.as_deref(), Some("did you mean `111122223333/iam.access-keys`?"));
    assert!(super::read(&GOOD.replace(from, &with("111122223333/iam.access-keys"))).is_ok());
}

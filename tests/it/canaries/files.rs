//! Canaries: secrets that came along in files nobody should have put them in.

use super::search::{self, Canary, Search};
use crate::company::{Company, Run, command, sha256};

/// A value that nothing but a leak can bring anywhere.
fn canary(place: usize) -> String {
    let digest = sha256(format!("canary {place}").as_bytes());
    format!("cnry{place:02}{}", &digest[..24])
}

/// Where a secret came out: terminal and log of every run, and everything that was written.
fn leaks(company: &Company, runs: &[Run], secrets: &[String]) -> Vec<String> {
    let canaries: Vec<Canary> =
        secrets.iter().enumerate().map(|(place, secret)| Canary::new(&format!("place {place}"), secret)).collect();
    let search = Search::new(&canaries);
    let mut found = Vec::new();
    for (number, run) in runs.iter().enumerate() {
        found.extend(search.leaks(&format!("standard output of run {number}"), run.stdout.as_bytes()));
        found.extend(search.leaks(&format!("standard error of run {number}"), run.stderr.as_bytes()));
    }
    for below in ["state", "out", "tmp"] {
        for path in search::files(&company.path().join(below)) {
            if path.ends_with("state.db") {
                found.extend(search.leaks("the rows of state.db", &search::rows(&path)));
            }
            let bytes = std::fs::read(&path).expect("a file");
            found.extend(search.leaks(&path.display().to_string(), &bytes));
        }
    }
    found
}

const OUTPUTS: &str = "\
\x20 - { format: table, path: out/report.txt }
\x20 - { format: ndjson, path: out/report.ndjson }
\x20 - { format: ocsf, path: out/findings.ocsf.ndjson }
\x20 - { format: sarif, path: out/findings.sarif, persons: name }
\x20 - { format: markdown, path: out/report.md, persons: name }
\x20 - { format: html, path: out/report.html, persons: name }
metrics: { textfile: out/holdover.prom }
";

/// Plants a canary in every place that is read past, and gives them all.
fn planted() -> (Company, Vec<String>) {
    let secrets: Vec<String> = (0..40).map(canary).collect();
    let secret = |place: usize| secrets[place].as_str();
    let mut company = Company::new();
    std::fs::create_dir(company.path().join("tmp")).expect("a folder");
    company.extra = String::from(OUTPUTS);
    // Unknown keys of records, of holders, nested, and of the header.
    company.records[0] = company.records[0]
        .replacen('{', &format!("{{\"password\":\"{}\",\"nested\":{{\"token\":[\"{}\"]}},", secret(0), secret(1)), 1)
        .replace("\"relation\":\"holder\"", &format!("\"relation\":\"holder\",\"session_cookie\":\"{}\"", secret(2)));
    company.records.push(format!(
        r#"{{"record":"access","scope":"api-tokens","kind":"api_token","grant_id":"t-7","status":"enabled","parent":"u-1","secret":"{}","api key":"{}"}}"#,
        secret(3),
        secret(4)
    ));
    // Lines that cannot be decoded.
    company.records.push(format!(r#"{{"record":"access","scope":"api-tokens","token":"{}"#, secret(5)));
    company.records.push(format!("Authorization: Bearer {}", secret(6)));
    company
        .records
        .push(format!(r#"{{"record":"access","scope":"api-tokens","kind":"api_token","secret":"{}"}}"#, secret(7)));
    company.records.push(format!(r#"["{}"]"#, secret(8)));
    company
        .records
        .push(format!("{{\"record\":\"access\",\"scope\":\"api-tokens\",\"bytes\":\"\u{1}{}\"}}", secret(9)));
    // A table with columns that nobody mapped.
    company.system_extra = String::from(
        "\x20 - id: payroll
    connector: import
    files:
      - path: payroll.csv
        format: csv
        manifest: payroll.meta.json
        scope: accounts
        kind: account
        columns: { grant_id: ID, email: Mail, status: State }
        values: { status: { enabled: [on] } }
\x20 - id: fleet
    connector: ssh
    tree: hosts
    as_of: 2026-08-03T00:30:00Z
\x20 - id: aws-prod
    connector: aws
    account: \"111122223333\"
    documents:
      as_of: 2026-08-03T00:50:00Z
      authorization_details: aws/authorization-details.json
      credential_report: aws/credential-report.csv
      access_keys: aws/access-keys.json
",
    );
    let table = format!(
        "ID,Mail,State,Password,Token\n1,ana@acme.example,on,{},{}\n2,bea@acme.example,on,y,{}\n3,\"broken {}\n",
        secret(10),
        secret(11),
        secret(12),
        secret(13)
    );
    company.write(
        "payroll.meta.json",
        format!(
            r#"{{"as_of":"2026-08-03T01:00:00Z","rows":3,"sha256":"{}","api_key":"{}"}}"#,
            sha256(table.as_bytes()),
            secret(14)
        ),
    );
    company.write("payroll.csv", table);
    company.people.push(String::from(
        "p-4,employee,ended,Ana Silva,ana.silva@acme.example,2020-01-01,2026-07-31,Europe/Berlin,2026-08-01T00:00:00Z",
    ));
    company.roster_extra = String::from("  aliases: aliases.csv\n");
    company.write(
        "aliases.csv",
        "person_id,kind,value,system,personal,valid_from,valid_to\np-1,username,ana,fleet,false,,\n",
    );
    write_host(&company, &secrets);
    write_aws(&company, &secrets);
    (company, secrets)
}

/// A host with secrets in options, comments, hashes and files nobody reads.
fn write_host(company: &Company, secrets: &[String]) {
    let secret = |place: usize| secrets[place].as_str();
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB/DDthL3SXHoGEKAOlM3J3HcC9IXlQxFlTUBsodOY1s";
    let files = [
        (
            "etc/passwd",
            format!(
                "root:{}:0:0:root:/root:/bin/bash\nana:x:1000:1000:Ana {}:/home/ana:/bin/bash\n",
                secret(15),
                "Silva"
            ),
        ),
        (
            "etc/shadow",
            format!("root:$6${}:19000:0:99999:7:::\nana:$6$salt${}:19000:0:99999:7:::\n", secret(16), secret(17)),
        ),
        ("etc/group", format!("root:{}:0:\nana:x:1000:\n", secret(18))),
        ("etc/nsswitch.conf", String::from("passwd: files\ngroup: files\n")),
        (
            "etc/ssh/sshd_config",
            format!(
                "# root password {}\nUsePAM yes\nSetEnv TOKEN={}\nUnknownOption {}\n",
                secret(19),
                secret(20),
                secret(21)
            ),
        ),
        (
            "etc/sudoers",
            format!(
                "# {}\nDefaults env_keep += \"TOKEN\"\nana ALL=(ALL) NOPASSWD: /usr/bin/mysql -p{}\n",
                secret(22),
                secret(23)
            ),
        ),
        (
            "home/ana/.ssh/authorized_keys",
            format!(
                "# deploy token {}\nenvironment=\"API_TOKEN={}\",command=\"curl -H 'Authorization: {}' https://ci.example\" {key} ana@acme.example\nssh-rsa {} broken\n",
                secret(24),
                secret(25),
                secret(26),
                secret(27)
            ),
        ),
        ("home/ana/.ssh/id_ed25519", format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n", secret(28))),
        ("who.txt", String::from("# holdover-who 1\n# taken-at: 2026-08-03T00:28:00Z\n# time-zone: UTC\n# end 0\n")),
    ];
    let mut lines = vec![String::from("absent /root/.ssh/authorized_keys")];
    for (path, text) in &files {
        company.write(&format!("hosts/web-1/{path}"), text);
        lines.push(format!("present {} {} /{path}", text.len(), sha256(text.as_bytes())));
    }
    company.write(
        "hosts/web-1/files.txt",
        format!("# holdover-files 1\n# host: web-1\n{}\n# end {}\n", lines.join("\n"), lines.len()),
    );
}

/// Documents with secrets in tags, conditions and keys that nobody asked for.
fn write_aws(company: &Company, secrets: &[String]) {
    let secret = |place: usize| secrets[place].as_str();
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scanners/aws/tests/fixtures/acme");
    let read = |name: &str| std::fs::read_to_string(fixtures.join(name)).expect("a fixture");
    let details = read("authorization-details.json");
    assert!(details.contains("\"Value\": \"build\""));
    let details = details.replacen("\"Value\": \"build\"", &format!("\"Value\": \"{}\"", secret(29)), 1).replacen(
        "\"UserName\": \"ana.silva\"",
        &format!("\"UserName\": \"ana.silva\", \"SecretAccessKey\": \"{}\"", secret(30)),
        1,
    );
    company.write("aws/authorization-details.json", details);
    company.write("aws/credential-report.csv", read("credential-report.csv"));
    let keys = read("access-keys.json").replacen(
        "\"Status\": \"Active\"",
        &format!("\"Status\": \"Active\", \"SecretAccessKey\": \"{}\"", secret(31)),
        1,
    );
    company.write("aws/access-keys.json", keys);
}

fn loud(company: &Company, arguments: &[&str], secrets: &[String]) -> Run {
    let output = command(company.path())
        .args(arguments)
        .env("AWS_SECRET_ACCESS_KEY", &secrets[32])
        .env("GITHUB_TOKEN", &secrets[33])
        .env("HOLDOVER_TOKEN", &secrets[34])
        .env("TMPDIR", company.path().join("tmp"))
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
        .output()
        .expect("the program starts");
    Run::new(&output, company.path())
}

#[test]
fn m6_no_secret_that_lay_in_a_file_comes_out_anywhere() {
    let (company, secrets) = planted();
    company.write_all();
    let scan = ["scan", "-v", "-v", "-v", "--as-of", "2026-08-03T06:00:00Z"];
    let mut runs = vec![loud(&company, &scan, &secrets)];
    assert_eq!(runs[0].code, 4, "{}", runs[0].stdout);
    let states = runs[0].states();
    assert!(states.len() > 8 && states.contains_key("t-7"), "the records beside them were read: {states:?}");
    assert!(states.keys().any(|grant| grant.contains("SHA256:")), "the key of the host as well: {states:?}");
    let print = runs[0].report()["findings"][0]["fingerprint"].as_str().expect("a fingerprint").to_owned();
    for arguments in [
        &["explain", &print][..],
        &["report", "--format", "json"],
        &["report", "--format", "ndjson"],
        &["doctor", "-v", "-v"],
        &["config", "show", "--origin"],
        &["config", "check", "-v", "-v", "-v"],
        &["roster", "validate", "--explain"],
        &["systems", "list"],
        &["scan", "--dry-run", "-v", "-v", "-v", "--log-format", "json", "--as-of", "2026-08-03T07:00:00Z"],
    ] {
        runs.push(loud(&company, arguments, &secrets));
    }
    // A second run over the same state, and one over files that are broken at the worst places.
    runs.push(loud(&company, &["scan", "-v", "-v", "-v", "--as-of", "2026-08-04T06:00:00Z"], &secrets));
    for (name, from, to) in [
        ("aws/access-keys.json", "\"SecretAccessKey\": \"", "\"SecretAccessKey\": \\\""),
        ("aws/authorization-details.json", "\"SecretAccessKey\": \"", "\"SecretAccessKey\": \\\""),
        ("hosts/web-1/home/ana/.ssh/authorized_keys", "environment=\"", "environment="),
        ("payroll.meta.json", "\"api_key\":\"", "\"api_key\":\\\""),
    ] {
        let text = std::fs::read_to_string(company.path().join(name)).expect("a file");
        assert!(text.contains(from), "{name}");
        company.write(name, text.replace(from, to));
        runs.push(loud(&company, &["scan", "-v", "-v", "-v", "--as-of", "2026-08-05T06:00:00Z"], &secrets));
    }
    let found = leaks(&company, &runs, &secrets);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn m6_the_search_finds_what_is_there() {
    // The control: a secret in a field that is meant to be shown comes out, and is found in every store and report.
    let secret = canary(99);
    let mut company = Company::new();
    company.extra = String::from(OUTPUTS);
    company.records[0] =
        company.records[0].replace("\"grant_display\":\"u-1\"", &format!("\"grant_display\":\"{secret}\""));
    company.write_all();
    let run = company.scan();
    run.expect(1);
    let found = leaks(&company, &[run], std::slice::from_ref(&secret));
    for place in [
        "standard output",
        "state.db",
        "unpacked",
        "report.html",
        "report.md",
        "report.txt",
        "findings.csv",
        "report.json",
        "report.ndjson",
        "findings.ocsf.ndjson",
    ] {
        assert!(found.iter().any(|leak| leak.contains(place)), "{place}: {found:#?}");
    }
}

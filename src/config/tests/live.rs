//! Systems that are asked themselves: what may be said, and every mistake with its place and without its secret.

use std::path::{Path, PathBuf};

use scan_transport::SecretRef;

use crate::config::{self, Connector};
use crate::problem::{Problem, render};

pub(super) const HEAD: &str = "version: 1\nroster:\n  sources:\n    - { id: hris, format: csv, path: hris.csv, coverage: full, end_date_meaning: last_day_included }\nsystems:\n";

pub(super) const ALL: &str = r#"  - id: cloud
    connector: aws
    account: "111122223333"
    live:
      region: eu-central-1
      sign_in: { profile: audit }
      assume: { role: "arn:aws:iam::111122223333:role/holdover", external_id: hold-42 }
      organisation: { role_name: audit/holdover, exclude: [{ account: "444455556666", reason: being closed, until: 2027-01-31 }] }
      identity_center: { region: eu-central-1 }
      key_pair_regions: [eu-central-1, us-east-1]
      cloudtrail: { regions: [us-east-1] }
  - id: code
    connector: github
    depth: everyone
    github:
      organisation: acme
      organisation_id: 4711
      sign_in: { app: { issuer: Iv1, private_key: { file: secrets/app.pem } } }
  - id: sso
    connector: okta
    connection: { proxy: "http://proxy.acme.example:3128", pace: { per_second: 2 } }
    okta:
      address: https://acme.okta.com
      organisation: acme
      sign_in: { api_token: { env: OKTA_TOKEN } }
  - id: vault
    connector: vault
    connection: { internal: true, ca_file: ca.pem, total_timeout: 5m }
    replay: recordings
    vault:
      address: https://vault.acme.example:8200
      cluster_name: prod
      sign_in: { approle: { role_id: holdover, secret_id: { command: [/usr/bin/pass, show, vault] } } }
      namespaces: [root, team-a]
      mounts: [{ path: secret, engine: kv-v2 }]
"#;

fn load(systems: &str) -> Result<config::Loaded, Vec<Problem>> {
    config::load(Path::new("holdover.yaml"), &format!("{HEAD}{systems}"), &|_| None)
}

fn mistakes(systems: &str) -> Vec<Problem> {
    load(systems).map_or_else(|problems| problems, |_| panic!("a mistake was taken:\n{systems}"))
}

#[test]
fn all_four_are_read_with_their_connections_and_secrets_as_references() {
    let loaded = load(ALL).unwrap_or_else(|problems| panic!("{problems:?}"));
    let systems = &loaded.config.systems;
    let [cloud, code, sso, vault] = systems.as_slice() else { panic!("{systems:?}") };
    let Connector::AwsLive(settings) = &cloud.connector else { panic!("{cloud:?}") };
    assert_eq!(settings.sign_in, scan_aws::live::SignIn::Profile { name: String::from("audit") });
    let organisation = settings.organisation.as_ref().unwrap();
    assert_eq!((organisation.role_name.as_str(), organisation.exclude.len()), ("audit/holdover", 1));
    assert_eq!(settings.cloudtrail.as_ref().unwrap().days, 90);
    let Connector::Github(settings) = &code.connector else { panic!("{code:?}") };
    let key = SecretRef::File(PathBuf::from("secrets/app.pem"));
    assert!(matches!(&settings.sign_in, scan_github::SignIn::App { private_key, .. } if *private_key == key));
    assert_eq!(settings.base.as_str(), "https://github.com/");
    assert!(settings.connection.pace.is_none(), "without a word the connector takes what suits it");
    let Connector::Okta(settings) = &sso.connector else { panic!("{sso:?}") };
    assert!(settings.connection.pace.is_some_and(|pace| (pace.per_second - 2.0).abs() < f64::EPSILON));
    assert!(settings.connection.proxy.is_some());
    let Connector::Vault(settings) = &vault.connector else { panic!("{vault:?}") };
    assert_eq!(settings.namespaces, scan_vault::Namespaces::Listed(vec![String::new(), String::from("team-a")]));
    assert_eq!(settings.connection.time.total.as_secs(), 300);
    assert!(cloud.is_live() && code.is_live() && sso.is_live());
    assert!(!vault.is_live(), "a recording stands in for it");
    let shown: Vec<String> = config::show(&loaded, &[]).into_iter().map(|setting| setting.key).collect();
    assert!(shown.iter().any(|key| key == "systems[2].okta.sign_in.api_token.env"));
}

#[test]
fn every_mistake_of_a_live_system_is_told_where_it_stands() {
    for (from, to, key, says) in [
        ("{ env: OKTA_TOKEN }", "{ env: A, file: b }", "systems[2].okta.sign_in.api_token", "expected a reference"),
        ("{ env: OKTA_TOKEN }", "{}", "systems[2].okta.sign_in.api_token", "expected a reference"),
        ("https://acme.okta.com", "http://acme.okta.com", "systems[2].okta.address", "plain text would show"),
        ("https://acme.okta.com", "https://acme.okta.com/x", "systems[2].okta.address", "has a path"),
        ("https://acme.okta.com", "acme", "systems[2].okta.address", "is no address"),
        ("[/usr/bin/pass, show, vault]", "[pass]", "systems[3].vault.sign_in.approle.secret_id.command", "absolute"),
        ("      cluster_name: prod\n", "", "systems[3].vault", "`cluster_id` or `cluster_name` is missing"),
        ("[root, team-a]", "[root, discover]", "systems[3].vault.namespaces", "`discover` beside others"),
        ("[root, team-a]", "[]", "systems[3].vault.namespaces", "names no namespace"),
        ("engine: kv-v2", "engine: kv2", "systems[3].vault.mounts[0].engine", "is not one of kv-v2"),
        ("\"444455556666\"", "\"4444\"", "systems[0].live.organisation.exclude[0].account", "is no account"),
        (
            "organisation: acme\n      organisation_id",
            "organisation: \"-\"\n      organisation_id",
            "systems[1].github.organisation",
            "is not the login",
        ),
        ("total_timeout: 5m", "total_timeout: 0s", "systems[3].connection.total_timeout", "may not be zero"),
        (
            "    live:\n",
            "    documents: { as_of: 2026-08-01T00:00:00Z, credential_report: r.csv }\n    live:\n",
            "systems[0]",
            "stand side by side",
        ),
    ] {
        assert!(ALL.contains(from), "{from}");
        let problems = mistakes(&ALL.replacen(from, to, 1));
        let told: Vec<String> = problems.iter().map(|problem| format!("{}: {}", problem.key, problem.says)).collect();
        assert!(told.iter().any(|line| line.starts_with(key) && line.contains(says)), "{key} {says}: {told:#?}");
        assert!(problems.iter().all(|problem| problem.place.is_some()), "{told:#?}");
    }
}

#[test]
fn keys_of_live_systems_have_no_effect_on_files_and_are_mistakes_there() {
    let import = "  - id: crm\n    connector: import\n    files: [{ path: crm.ndjson, format: ndjson }]\n    replay: x\n    connection: {}\n    okta: { address: \"https://acme.okta.com\", organisation: acme, sign_in: { api_token: { env: T } } }\n";
    let told: Vec<String> = mistakes(import).into_iter().map(|problem| problem.key).collect();
    for key in ["systems[0].replay", "systems[0].connection"] {
        assert!(told.iter().any(|told| told == key), "{key} in {told:?}");
    }
    assert!(told.iter().any(|key| key.starts_with("systems[0].okta")), "{told:?}");
}

#[test]
fn a_secret_that_stands_in_the_file_is_never_repeated() {
    const SECRET: &str = "00hunter2-plain-text";
    for (from, to) in [
        ("{ env: OKTA_TOKEN }", SECRET.to_owned()),
        ("{ env: OKTA_TOKEN }", format!("{{ value: {SECRET} }}")),
        ("{ env: OKTA_TOKEN }", format!("[{SECRET}]")),
        ("https://acme.okta.com", format!("https://user:{SECRET}@acme.okta.com")),
        // A misspelt key beside one that takes a secret.
        ("{ api_token: { env: OKTA_TOKEN } }", format!("{{ api_tokn: {SECRET} }}")),
        ("sign_in: { api_token: { env: OKTA_TOKEN } }", format!("signin: {SECRET}")),
        ("{ api_token: { env: OKTA_TOKEN } }", format!("{{ service_app: {{ client_id: x, private_kye: {SECRET} }} }}")),
        ("{ api_token: { env: OKTA_TOKEN } }", SECRET.to_owned()),
    ] {
        let text = ALL.replacen(from, &to, 1);
        let problems = mistakes(&text);
        let whole = format!("{HEAD}{text}");
        let told = render(&problems, |_| Some(whole.clone()));
        assert!(told.contains("systems[2].okta"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    // The lines of other mistakes are shown: the quoting itself works.
    let whole = format!("{HEAD}{}", ALL.replacen("kv-v2", "kv2", 1));
    let told = render(&mistakes(&ALL.replacen("kv-v2", "kv2", 1)), |_| Some(whole.clone()));
    assert!(told.contains("engine: kv2"), "{told}");
}

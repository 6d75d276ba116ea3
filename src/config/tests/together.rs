use std::path::Path;

use proptest::prelude::*;

use super::*;

#[test]
fn a_key_that_looks_like_a_secret_says_why_there_is_none() {
    for key in ["credentials", "api_token", "secretAccessKey", "password", "private-key"] {
        let problem = assert_one(
            "tier: tier2",
            &format!("{key}: hunter2"),
            key,
            &format!("systems[0].{key}"),
            &format!("unknown key `{key}`"),
        );
        assert!(
            problem.help.as_ref().is_some_and(|help| help.starts_with("no secret itself belongs into this file")),
            "{problem:?}"
        );
        assert!(!format!("{problem:?}").contains("hunter2"));
    }
    // Its twin that only looks a little like one.
    let problem = assert_one("tier: tier2", "teir: tier2", "teir", "systems[0].teir", "unknown key `teir`");
    assert_eq!(problem.help.as_deref(), Some("did you mean `tier`?"));
}

#[test]
fn the_nearest_key_is_named_also_where_it_sounds_like_a_secret() {
    let help = |text: &str, key: &str| {
        let problems = refused(text);
        let problem = problems.iter().find(|problem| problem.says == format!("unknown key `{key}`"));
        problem.and_then(|problem| problem.help.clone()).unwrap_or_else(|| panic!("{key}: {problems:?}"))
    };
    let vault = "  - { id: vault, connector: vault, vault: { address: \"https://vault.example\", cluster_name: prod, sign_in: { token: { env: T } }, token_accessor: true } }\nsentinel_leavers";
    assert_eq!(help(&GOOD.replace("sentinel_leavers", vault), "token_accessor"), "did you mean `token_accessors`?");
    let source = "  sources:\n    - { id: bamboo, format: bamboohr, company: acme, coverage: full, end_date_meaning: last_day_included, apikey: { env: KEY } }\n";
    assert_eq!(help(&GOOD.replace("  sources:\n", source), "apikey"), "did you mean `api_key`?");
    // Where none is near, the reason is told.
    let far = help(&GOOD.replace("tier: tier2", "client_password: { env: KEY }"), "client_password");
    assert!(far.contains("{ env: NAME }"), "{far}");
}

#[test]
fn mistakes_of_form_and_of_meaning_are_told_together() {
    let text = GOOD
        .replace("tier: tier2", "teir: tier2")
        .replace("id: payroll", "id: crm")
        .replace("system: crm,", "system: crn,")
        .replace("Europe/Berlin\n      end", "Nowhere/At_All\n      end")
        .replace("account: \"111122223333\"", "account: 111122223333")
        .replace("deadline: 90m", "deadline: 0s")
        .replace("path: out/findings.csv", "path: \"-\"")
        .replace("expected_hosts: { path: exports/hosts.txt }", "expected_hosts: \"${NOWHERE}/hosts.txt\"")
        .replace("acme-old.example", "acme");
    let problems = refused(&text);
    let mut keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "identity.domains[0].aliases[0]",
            "outputs[1].path",
            "roster.sources[0].default_time_zone",
            "run.deadline",
            "sentinel_leavers[0].system",
            "systems[0].teir",
            "systems[1].id",
            "systems[2].account",
            "systems[3].expected_hosts",
        ]
    );
}

#[test]
fn a_key_that_stands_twice_hides_no_other_mistake() {
    let text = GOOD
        .replace("tier: tier2", "id: crm2\n    teir: tier2")
        .replace("deadline: 90m", "deadline: &d 0s")
        .replace("threads: 2", "threads: *d");
    let says: Vec<String> =
        refused(&text).into_iter().map(|problem| format!("{}: {}", problem.key, problem.says)).collect();
    assert_eq!(
        says,
        [
            "systems[0].id: the key `id` stands twice",
            "run.deadline: the anchor `&d` is not read",
            "run.threads: an alias is not read",
            "systems[0].teir: unknown key `teir`",
        ]
    );
}

#[test]
fn variables_fill_values_and_numbers() {
    let text = GOOD
        .replace("tree: exports/hosts", "tree: ${EXPORTS}/hosts")
        .replace("threads: 2", "threads: ${THREADS}")
        .replace("organisation: example-org", "organisation: ${ORG:-Example & Co}");
    let config = read(&text).unwrap().config;
    assert_eq!((config.run.threads, config.organisation.as_str()), (3, "Example & Co"));
    let fleet = config.systems.iter().find(|system| system.id.as_str() == "fleet").unwrap();
    let Connector::Ssh(settings) = &fleet.connector else { panic!("hosts") };
    assert_eq!(settings.tree, Path::new("/srv/exports/hosts"));
}

#[test]
fn every_value_is_shown_with_its_origin() {
    let loaded = read(&GOOD.replace("tree: exports/hosts", "tree: ${EXPORTS}/hosts")).unwrap();
    let given = Override {
        key: "run.fail_on".to_owned(),
        value: "high".to_owned(),
        origin: Origin::Flag { name: "--fail-on".to_owned() },
    };
    let settings = show(&loaded, &[given]);
    let of = |key: &str| {
        let found: Vec<&Setting> = settings.iter().filter(|setting| setting.key == key).collect();
        let [setting] = found.as_slice() else { panic!("{key}: {found:?}") };
        (setting.value.clone(), setting.origin.text(Path::new("h.yaml")))
    };
    assert_eq!(of("systems[0].tier"), ("tier2".to_owned(), format!("h.yaml:{}", place_of(GOOD, "tier: tier2").0)));
    assert_eq!(of("systems[1].tier"), ("tier1".to_owned(), "default".to_owned()));
    assert_eq!(of("run.parallel_systems").1, "default");
    assert_eq!(of("run.fail_on"), ("high".to_owned(), "flag --fail-on".to_owned()));
    // A variable may hold a secret.
    assert_eq!(of("systems[3].tree").0, "${EXPORTS}/hosts");
    assert_eq!(of("roster.sources[0].columns.person_id").0, "Employee_ID");
    assert_eq!(
        Origin::Environment { name: "HOLDOVER_FAIL_ON".to_owned() }.text(Path::new("h")),
        "environment HOLDOVER_FAIL_ON"
    );
}

#[test]
fn the_policy_decides_the_end_basis() {
    let policy = crate::policy::Policy::load(
        Path::new("p"),
        "version: 1\nend_basis: end_date\nrules: [{ id: all, when: {}, mode: immediate }]\n",
    )
    .unwrap();
    let config = read(GOOD).unwrap().config.with_policy(&policy);
    assert_eq!(config.end_basis, crate::roster::EndBasis::EndDate);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// However a file is damaged, it is accepted or refused with a place that can be shown.
    #[test]
    fn a_damaged_file_is_accepted_or_refused(position in 0..GOOD.len(), length in 1_usize..40, with in "[a-z0-9:{}\\[\\], \n$\"-]{0,6}") {
        let end = (position + length).min(GOOD.len());
        let mut text = GOOD.to_owned();
        text.replace_range(position..end, &with);
        if let Err(problems) = read(&text) {
            prop_assert!(!problems.is_empty());
            prop_assert!(render(&problems, |_| Some(text.clone())).starts_with("error: conf/holdover.yaml"));
        }
    }
}

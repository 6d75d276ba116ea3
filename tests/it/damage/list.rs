//! The list of apps, the exceptions and the policy.

use super::{LATER, Sound, absences, cut, rewrite, swap};
use crate::company::{Company, sha256};

const APPS: &str = "name,owner,system\ncrm,sales,crm\nCRM of the bought company,sales,crm\n";

fn with_apps() -> Sound {
    let mut company = Company::new();
    company.extra = format!("known_apps: {{ path: apps.csv, sha256: {} }}\n", sha256(APPS.as_bytes()));
    company.write("apps.csv", APPS);
    company.write_all();
    Sound::new(company, &[])
}

#[test]
fn a_list_of_apps_that_cannot_be_trusted_is_an_app_that_is_not_connected() {
    let sound = with_apps();
    let check = |what: &str, damage: &dyn Fn(&std::path::Path)| {
        let (_copy, run) = sound.after(damage);
        run.expect(4);
        assert!(run.stdout.contains("apps.csv"), "{what}: {}", run.stdout);
        sound.nothing_closes(what, &run);
    };
    for (what, damage) in absences() {
        check(what, &|folder| damage(folder, "apps.csv"));
    }
    for position in [1, 10, APPS.len() / 2, APPS.len() - 26, APPS.len() - 2] {
        check(&format!("cut at {position}"), &|folder| cut(folder, "apps.csv", position));
    }
    check("a renamed column", &|folder| swap(folder, "apps.csv", "name,", "title,"));
    check("a row less", &|folder| swap(folder, "apps.csv", "CRM of the bought company,sales,crm\n", ""));
}

#[test]
fn a_list_of_apps_without_a_digest_is_not_proven_whole() {
    let mut company = Company::new();
    company.extra = String::from("known_apps: apps.csv\n");
    company.write("apps.csv", APPS);
    company.write_all();
    let run = company.scan();
    run.expect(4);
    assert!(run.stdout.contains("apps.csv"), "{}", run.stdout);
}

#[test]
fn a_list_of_apps_with_a_torn_quote_is_not_read_and_its_twin_is() {
    // Found by the fuzz target of the roster: the lenient reader of tables takes what follows an open quote for one cell.
    let mut company = Company::new();
    company.records.retain(|record| record.contains("u-2"));
    for (apps, code) in [
        ("name,owner\ncrm,sales\ncrm,5\" sales\n", 0),
        ("name,owner\ncrm,5\" sales\ncrm,\"sales\nwiki,docs\n", 3),
        ("name,owner\ncrm,5\" sales\ncrm,\"sales\nwiki,\"docs\"\n", 3),
    ] {
        company.extra = format!("known_apps: {{ path: apps.csv, sha256: {} }}\n", sha256(apps.as_bytes()));
        company.write("apps.csv", apps);
        company.write_all();
        let run = company.scan();
        run.expect(code);
        assert_eq!(run.stdout.contains("apps.csv"), code == 3, "{apps:?}: {}", run.stdout);
    }
}

#[test]
fn an_app_that_is_not_connected_keeps_zero_away_and_its_twin_does_not() {
    let mut company = Company::new();
    company.records.retain(|record| record.contains("u-2"));
    let apps = "name,owner\ncrm,sales\nwiki,docs\n";
    company.extra = format!("known_apps: {{ path: apps.csv, sha256: {} }}\n", sha256(apps.as_bytes()));
    company.write("apps.csv", apps);
    company.write_all();
    let run = company.scan();
    run.expect(3);
    assert!(run.stdout.contains("wiki"), "{}", run.stdout);
    let apps = "name,owner\ncrm,sales\n";
    company.extra = format!("known_apps: {{ path: apps.csv, sha256: {} }}\n", sha256(apps.as_bytes()));
    company.write("apps.csv", apps);
    company.write_all();
    company.scan().expect(0);
}

const EXCEPTIONS: &str = "\
version: 1
exceptions:
  - id: EX-2026-0001
    type: transition
    scope: { person_id: p-1, system: crm, access_kinds: [account, api_token] }
    reason: The account is needed until the handover of the region is done.
    requested_by: p-3
    approved_by: [p-2]
    approved_at: 2026-08-01T08:00:00Z
    starts_at: 2026-08-01T08:00:00Z
    expires_at: 2026-08-07T08:00:00Z
    review: { owner: p-2 }
";

#[test]
fn a_damaged_file_of_exceptions_suppresses_nothing_and_says_so() {
    let mut company = Company::new();
    company.extra = String::from("exceptions: exceptions.yaml\n");
    company.write("exceptions.yaml", EXCEPTIONS);
    company.write_all();
    let run = company.scan();
    run.expect(0);
    assert_eq!(run.states().get("u-1").map(String::as_str), Some("suppressed"), "the control: sound, it suppresses");
    let check = |what: &str, damage: &dyn Fn(&std::path::Path)| {
        let copy = company.copy();
        damage(copy.path());
        let run = copy.scan_at(LATER);
        run.expect(1);
        assert!(run.flag("exceptions_invalid"), "{what}");
        assert!(run.stdout.contains("exceptions"), "{what}: {}", run.stdout);
        assert_eq!(run.states().get("u-1").map(String::as_str), Some("confirmed"), "{what}");
        assert!(run.closed().is_empty(), "{what}");
    };
    for (what, damage) in absences() {
        check(what, &|folder| damage(folder, "exceptions.yaml"));
    }
    for position in [20, 60, 200, 350, EXCEPTIONS.len() - 10] {
        check(&format!("cut at {position}"), &|folder| cut(folder, "exceptions.yaml", position));
    }
    check("an unknown key", &|folder| swap(folder, "exceptions.yaml", "requested_by", "requested_from"));
    check("an unknown type", &|folder| swap(folder, "exceptions.yaml", "transition", "transit"));
    check("an approver nobody knows", &|folder| {
        swap(folder, "exceptions.yaml", "approved_by: [p-2]", "approved_by: [p-77]");
    });
    check("approved by the subject", &|folder| {
        swap(folder, "exceptions.yaml", "approved_by: [p-2]", "approved_by: [p-1]");
    });
    check("too long", &|folder| swap(folder, "exceptions.yaml", "2026-08-07", "2027-08-07"));
    check("bytes that are no text", &|folder| {
        rewrite(folder, "exceptions.yaml", |mut bytes| {
            bytes[100] = 0xff;
            bytes
        });
    });
}

#[test]
fn a_damaged_policy_stops_before_anything_is_read_or_written() {
    let policy = include_str!("policy.yaml");
    let mut company = Company::new();
    company.extra = String::from("policy: policy.yaml\n");
    company.write("policy.yaml", policy);
    company.write_all();
    company.scan().expect(1);
    let check = |what: &str, damage: &dyn Fn(&std::path::Path)| {
        let copy = company.copy();
        damage(copy.path());
        let before = std::fs::read(copy.path().join("out/report.json")).expect("the report");
        let run = copy.scan_at(LATER);
        run.expect(2);
        assert!(run.stderr.contains("policy.yaml"), "{what}: {}", run.stderr);
        assert_eq!(std::fs::read(copy.path().join("out/report.json")).expect("the report"), before, "{what}");
    };
    for (what, damage) in absences() {
        check(what, &|folder| damage(folder, "policy.yaml"));
    }
    for position in [12, 60, policy.len() / 2, policy.len() - 30] {
        check(&format!("cut at {position}"), &|folder| cut(folder, "policy.yaml", position));
    }
    check("an unknown kind", &|folder| swap(folder, "policy.yaml", "oauth_grant", "oauth_grants"));
}

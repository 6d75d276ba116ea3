//! Documents of an AWS account.

use std::path::Path;

use serde_json::Value;

use super::{Sound, absences, cut, cuts, rewrite, swap};
use crate::company::Company;

const DETAILS: &str = "aws/authorization-details.json";
const REPORT: &str = "aws/credential-report.csv";
const KEYS: &str = "aws/access-keys.json";

/// What no document of these three carries.
const IMPOSSIBLE: [&str; 3] = ["iam.service-specific-credentials", "iam.ssh-public-keys", "sso.account-assignments"];

fn sound() -> Sound {
    let mut company = Company::new();
    company.people.push(String::from(
        "p-4,employee,ended,Ana Silva,ana.silva@acme.example,2020-01-01,2026-07-31,Europe/Berlin,2026-08-01T00:00:00Z",
    ));
    company.system_extra = String::from(
        "\x20 - id: aws-prod
    connector: aws
    tier: tier0
    account: \"111122223333\"
    documents:
      as_of: 2026-08-03T00:50:00Z
      authorization_details: aws/authorization-details.json
      credential_report: aws/credential-report.csv
      access_keys: aws/access-keys.json
",
    );
    company.write_all();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("scanners/aws/tests/fixtures/acme");
    for name in ["authorization-details.json", "credential-report.csv", "access-keys.json"] {
        company.write(&format!("aws/{name}"), std::fs::read(fixtures.join(name)).expect("a fixture"));
    }
    Sound::new(company, &IMPOSSIBLE)
}

/// Gaps that every run has.
fn refuses(sound: &Sound, what: &str, damage: impl FnOnce(&Path)) {
    let (_copy, run) = sound.after(damage);
    let new: Vec<String> =
        run.gaps().into_iter().filter(|gap| !IMPOSSIBLE.iter().any(|impossible| gap.contains(impossible))).collect();
    assert!(!new.is_empty(), "{what}: no gap of its own\n{}", run.stdout);
    sound.check(what, &["aws-prod/"], &run);
}

#[test]
fn a_document_that_was_cut_is_a_gap() {
    let sound = sound();
    for (document, spread) in [(DETAILS, 8), (REPORT, 8), (KEYS, 6)] {
        let bytes = std::fs::read(sound.path().join(document)).expect("a document");
        for position in cuts(&bytes, spread, 4) {
            // A JSON document may end before the white space behind it.
            if bytes[position..].iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            refuses(&sound, &format!("{document} cut at {position}"), |folder| cut(folder, document, position));
        }
    }
}

#[test]
fn a_document_that_is_not_there_is_a_gap() {
    let sound = sound();
    for document in [DETAILS, REPORT, KEYS] {
        for (what, damage) in absences() {
            refuses(&sound, &format!("{document} is {what}"), |folder| damage(folder, document));
        }
    }
}

#[test]
fn each_damage_of_the_documents_is_a_gap() {
    let sound = sound();
    let table: &[(&str, &dyn Fn(&Path))] = &[
        ("more pages follow", &|folder| {
            json(folder, DETAILS, |value| {
                value["IsTruncated"] = Value::Bool(true);
            });
        }),
        ("a list of users that is missing", &|folder| {
            json(folder, DETAILS, |value| {
                value.as_object_mut().expect("an object").remove("UserDetailList");
            });
        }),
        ("a list of roles that is missing", &|folder| {
            json(folder, DETAILS, |value| {
                value.as_object_mut().expect("an object").remove("RoleDetailList");
            });
        }),
        ("a user that the report has and the details lack", &|folder| {
            json(folder, DETAILS, |value| {
                value["UserDetailList"].as_array_mut().expect("users").remove(0);
            });
        }),
        ("a user that the details have and the report lacks", &|folder| {
            rewrite(folder, REPORT, |bytes| {
                super::native::lines(&bytes, |lines| lines.retain(|line| !line.starts_with("ana.silva,")))
            });
        }),
        ("every user of the report", &|folder| {
            rewrite(folder, REPORT, |bytes| super::native::lines(&bytes, |lines| lines.truncate(1)));
        }),
        ("a renamed column of the report", &|folder| {
            swap(folder, REPORT, "access_key_1_active", "access_key_one_active");
        }),
        ("another renamed column", &|folder| swap(folder, REPORT, "password_enabled", "password_on")),
        ("a word that is neither true nor false", &|folder| {
            swap(folder, REPORT, "2021-02-01T09:12:44+00:00,true", "2021-02-01T09:12:44+00:00,yes");
        }),
        ("a time that is none", &|folder| swap(folder, REPORT, "2026-07-31T21:45:00+00:00", "31 July")),
        ("another account in the report", &|folder| swap(folder, REPORT, "111122223333", "999999999999")),
        ("another account in the details", &|folder| swap(folder, DETAILS, "111122223333", "999999999999")),
        ("an unknown status of a key", &|folder| {
            swap(
                folder,
                KEYS,
                "\"AccessKeyId\": \"AKIA2EXAMPLEANAKEY001\",\n                \"Status\": \"Active\"",
                "\"AccessKeyId\": \"AKIA2EXAMPLEANAKEY001\",\n                \"Status\": \"Aktiv\"",
            );
        }),
        ("an answer of the key lists that has more pages", &|folder| {
            json(folder, KEYS, |value| {
                value[0]["IsTruncated"] = Value::Bool(true);
            });
        }),
        ("the key lists of one user are missing", &|folder| {
            json(folder, KEYS, |value| {
                value.as_array_mut().expect("answers").remove(0);
            });
        }),
        ("a key that the report knows and the lists lack", &|folder| {
            json(folder, KEYS, |value| {
                value[0]["AccessKeyMetadata"].as_array_mut().expect("keys").remove(0);
            });
        }),
        ("a document of another sort", &|folder| {
            rewrite(folder, DETAILS, |_| b"{\"Message\":\"AccessDenied\"}".to_vec());
        }),
        ("a page for people", &|folder| rewrite(folder, DETAILS, |_| b"<html>Sign in</html>".to_vec())),
    ];
    for (what, damage) in table {
        refuses(&sound, what, damage);
    }
}

fn json(folder: &Path, name: &str, change: impl FnOnce(&mut Value)) {
    rewrite(folder, name, |bytes| {
        let mut value: Value = serde_json::from_slice(&bytes).expect("JSON");
        change(&mut value);
        serde_json::to_vec_pretty(&value).expect("JSON")
    });
}

//! A table with a mapping and a manifest.

use std::path::Path;

use super::{Sound, absences, cut, cuts, rewrite, swap};
use crate::company::{Company, sha256};

const TABLE: &str = "payroll.csv";
const MANIFEST: &str = "payroll.meta.json";

const SYSTEM: &str = "\
\x20 - id: payroll
    connector: import
    tier: tier1
    max_age: 240h
    files:
      - path: payroll.csv
        format: csv
        manifest: payroll.meta.json
        scope: accounts
        kind: account
        columns: { grant_id: User ID, login: Username, email: E-mail, status: State, privilege: Role, last_used_at: Last login }
        values:
          status: { enabled: [Active], disabled: [Locked], pending: [Invited] }
          privilege: { admin: [Administrator], read: [User] }
          last_used_at: { none: [never] }
        formats: { last_used_at: \"%d.%m.%Y %H:%M\" }
        time_zone: Europe/Berlin
";

fn sound() -> Sound {
    let mut company = Company::new();
    company.system_extra = String::from(SYSTEM);
    company.write_all();
    let mut table = String::from("User ID,Username,E-mail,State,Role,Last login,Colour\n");
    table.push_str("7,asilva,ana@acme.example,Active,Administrator,30.07.2026 09:12,red\n");
    for number in 10..18 {
        table.push_str(&format!(
            "{number},user{number},nobody{number}@acme.example,Active,User,never,\"blue, or green\"\n"
        ));
    }
    table.push_str("99,ana2,ana@acme.example,Active,User,never,red\n");
    company.write(TABLE, &table);
    company.write(MANIFEST, manifest(&table, 10));
    Sound::new(company, &[])
}

fn manifest(table: &str, rows: usize) -> String {
    format!(r#"{{"as_of":"2026-08-03T01:00:00Z","rows":{rows},"sha256":"{}"}}"#, sha256(table.as_bytes()))
}

/// Changes the table, and makes its manifest fit what came out: the damage was in the system, not on the way.
fn reexport(folder: &Path, from: &str, to: &str) {
    swap(folder, TABLE, from, to);
    let table = std::fs::read_to_string(folder.join(TABLE)).expect("the table");
    let rows = table.lines().count() - 1;
    std::fs::write(folder.join(MANIFEST), manifest(&table, rows)).expect("the manifest");
}

#[test]
fn a_table_that_was_cut_is_a_gap() {
    let sound = sound();
    let bytes = std::fs::read(sound.path().join(TABLE)).expect("the table");
    for position in cuts(&bytes, 10, 6) {
        sound.refuses(&format!("cut at {position}"), &["payroll/accounts"], |folder| cut(folder, TABLE, position));
    }
}

#[test]
fn a_table_or_a_manifest_that_is_not_there_is_a_gap() {
    let sound = sound();
    for file in [TABLE, MANIFEST] {
        for (what, damage) in absences() {
            sound.refuses(&format!("{file} is {what}"), &["payroll/accounts"], |folder| damage(folder, file));
        }
    }
}

#[test]
fn each_damage_of_a_table_is_a_gap() {
    let sound = sound();
    let table: &[(&str, &dyn Fn(&Path))] = &[
        ("wrong number of rows", &|folder| swap(folder, MANIFEST, "\"rows\":10", "\"rows\":11")),
        ("fewer rows announced", &|folder| swap(folder, MANIFEST, "\"rows\":10", "\"rows\":9")),
        ("wrong digest", &|folder| swap(folder, MANIFEST, "\"sha256\":\"", "\"sha256\":\"0")),
        ("another digest", &|folder| {
            rewrite(folder, MANIFEST, |_| manifest("something else\n", 10).into_bytes());
        }),
        ("no rows in the manifest", &|folder| swap(folder, MANIFEST, "\"rows\":10,", "")),
        ("no digest in the manifest", &|folder| {
            rewrite(folder, MANIFEST, |_| br#"{"as_of":"2026-08-03T01:00:00Z","rows":10}"#.to_vec());
        }),
        ("no instant in the manifest", &|folder| swap(folder, MANIFEST, "\"as_of\":\"2026-08-03T01:00:00Z\",", "")),
        ("an instant without zone", &|folder| swap(folder, MANIFEST, "01:00:00Z", "01:00:00")),
        ("a manifest that is no JSON", &|folder| cut(folder, MANIFEST, 40)),
        ("a manifest with a key twice", &|folder| swap(folder, MANIFEST, "\"rows\":10", "\"rows\":10,\"rows\":9")),
        ("a stale table", &|folder| swap(folder, MANIFEST, "2026-08-03", "2026-06-03")),
        ("a changed cell", &|folder| swap(folder, TABLE, "ana@acme.example", "bea@acme.example")),
        ("a row less", &|folder| swap(folder, TABLE, "99,ana2,ana@acme.example,Active,User,never,red\n", "")),
        ("a renamed column", &|folder| reexport(folder, "E-mail", "Email")),
        ("a renamed id column", &|folder| reexport(folder, "User ID", "UserID")),
        ("a renamed status column", &|folder| reexport(folder, "State", "Status")),
        ("a column twice", &|folder| reexport(folder, "Colour", "State")),
        ("no header", &|folder| reexport(folder, "User ID,Username,E-mail,State,Role,Last login,Colour\n", "")),
        ("an unknown status", &|folder| {
            reexport(folder, "7,asilva,ana@acme.example,Active", "7,asilva,ana@acme.example,Aktiv");
        }),
        ("an empty status", &|folder| {
            reexport(folder, "7,asilva,ana@acme.example,Active", "7,asilva,ana@acme.example,");
        }),
        ("an unknown privilege", &|folder| reexport(folder, "Administrator", "Admin")),
        ("a time in another form", &|folder| reexport(folder, "30.07.2026 09:12", "07/30/2026 9:12 AM")),
        ("no id", &|folder| reexport(folder, "7,asilva", ",asilva")),
        ("a row that is too short", &|folder| reexport(folder, ",30.07.2026 09:12,red", "")),
        ("a row that is too long", &|folder| reexport(folder, "30.07.2026 09:12,red", "30.07.2026 09:12,red,extra")),
        ("a quote that never ends", &|folder| reexport(folder, "99,ana2", "\"99,ana2")),
        ("another delimiter", &|folder| reexport(folder, ",", ";")),
        ("bytes that are no text", &|folder| {
            rewrite(folder, TABLE, |mut bytes| {
                let at = bytes.windows(6).position(|window| window == b"asilva").expect("there");
                bytes[at] = 0xff;
                bytes
            });
        }),
    ];
    for (what, damage) in table {
        sound.refuses(what, &["payroll/accounts"], damage);
    }
}

#[test]
fn the_twin_that_is_exported_again_with_its_manifest_is_believed() {
    let sound = sound();
    let (_copy, run) = sound.after(|folder| reexport(folder, "blue, or", "grey, or"));
    run.expect(1);
    assert!(sound.is_unchanged(&run));
}

#[test]
fn two_rows_with_one_id_that_disagree_close_nothing() {
    let sound = sound();
    for locked in [
        "7,asilva,ana@acme.example,Locked,User,never,red\n7,asilva",
        "7,x,bea@acme.example,Locked,User,never,red\n7,asilva",
    ] {
        let (_copy, run) = sound.after(|folder| reexport(folder, "7,asilva", locked));
        assert!(matches!(run.code, 1 | 4), "{}", run.stdout);
        sound.nothing_closes("disagreeing rows", &run);
    }
}

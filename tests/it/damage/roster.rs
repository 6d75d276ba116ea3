//! The roster, aliases and links: what fails a gate is held, the last accepted one stays in force.

use std::path::Path;

use super::{LATER, Sound, absences, cut, cuts, rewrite, swap};
use crate::company::{Company, sha256};

const ALIASES: &str =
    "person_id,kind,value,system,personal,valid_from,valid_to\np-1,username,asilva,crm,false,2020-01-01,\n";
const LINKS: &str = "\
version: 1
links:
  - person_id: p-1
    system: crm
    grant_id: u-19
    reviewer: p-2
    date: 2026-07-01
    reason: The shared mailbox account was handed to Ana in May.
";

fn company() -> Company {
    let mut company = Company::new();
    for number in 10..40 {
        company.people.push(format!(
            "p-{number},employee,active,Person {number},person{number}@acme.example,2021-01-01,,Europe/Berlin,2026-08-01T00:00:00Z"
        ));
    }
    company.records.push(crate::company::account("u-19", "shared@acme.example", "enabled"));
    company.write("aliases.csv", ALIASES);
    company.write("links.yaml", LINKS);
    company.roster_extra = format!(
        "  aliases: {{ path: aliases.csv, sha256: {} }}\n  links: {{ path: links.yaml, sha256: {} }}\n",
        sha256(ALIASES.as_bytes()),
        sha256(LINKS.as_bytes())
    );
    company
}

fn sound() -> Sound {
    let company = company();
    company.write_all();
    Sound::new(company, &[])
}

/// Held, with 5; the verdict still comes from the roster in force, and nothing closes.
fn holds(sound: &Sound, what: &str, name: &str, damage: impl FnOnce(&Path)) {
    let (_copy, run) = sound.after(damage);
    assert_eq!(run.code, 5, "{what}: exit {}\n{}\n{}", run.code, run.stderr, run.stdout);
    assert!(run.flag("roster_held"), "{what}");
    assert!(
        run.stdout.contains(name) || run.stderr.contains(name),
        "{what}: {name} is not named\n{}\n{}",
        run.stderr,
        run.stdout
    );
    sound.nothing_closes(what, &run);
    assert_eq!(run.states().get("u-1").map(String::as_str), Some("confirmed"), "{what}: judged by the one in force");
}

#[test]
fn a_roster_that_was_cut_is_held() {
    let sound = sound();
    let bytes = std::fs::read(sound.path().join("roster.csv")).expect("the roster");
    for position in cuts(&bytes, 10, 6) {
        holds(&sound, &format!("cut at {position}"), "roster", |folder| cut(folder, "roster.csv", position));
    }
}

#[test]
fn a_roster_that_is_not_there_is_held() {
    let sound = sound();
    for file in ["roster.csv", "roster.meta.json"] {
        for (what, damage) in absences() {
            holds(&sound, &format!("{file} is {what}"), "roster", |folder| damage(folder, file));
        }
    }
}

#[test]
fn aliases_and_links_that_cannot_be_trusted_hold_the_roster() {
    let sound = sound();
    for (file, name) in [("aliases.csv", "aliases"), ("links.yaml", "links")] {
        let length = std::fs::read(sound.path().join(file)).expect("the file").len();
        for position in [3, length / 2, length - 2] {
            holds(&sound, &format!("{file} cut at {position}"), name, |folder| cut(folder, file, position));
        }
        for (what, damage) in absences() {
            holds(&sound, &format!("{file} is {what}"), name, |folder| damage(folder, file));
        }
    }
}

#[test]
fn each_gate_holds() {
    let sound = sound();
    let table: &[(&str, &str, &dyn Fn(&Path))] = &[
        ("ROS-12 another digest", "roster", &|folder| swap(folder, "roster.csv", "Person 17", "Person 71")),
        ("ROS-1 no rows", "roster", &|folder| reissue(folder, |lines| lines.truncate(1))),
        ("ROS-2 a required column renamed", "person_id", &|folder| {
            reissue(folder, |lines| lines[0] = lines[0].replace("person_id", "id"));
        }),
        ("ROS-2 the end column renamed", "end_date", &|folder| {
            reissue(folder, |lines| lines[0] = lines[0].replace("end_date", "last_day"));
        }),
        ("ROS-2 the status column renamed", "status", &|folder| {
            reissue(folder, |lines| lines[0] = lines[0].replace("status", "state"));
        }),
        ("ROS-3 unknown words", "ROS-3", &|folder| reissue(folder, |lines| all(lines, ",active,", ",aktiv,"))),
        ("ROS-3 dates in another form", "ROS-3", &|folder| {
            reissue(folder, |lines| all(lines, "2021-01-01", "01/02/2021"));
        }),
        ("ROS-4 half the people", "ROS-4", &|folder| reissue(folder, |lines| lines.truncate(17))),
        ("ROS-4 twice the people", "ROS-4", &|folder| {
            reissue(folder, |lines| {
                let more: Vec<String> = lines[1..].iter().map(|line| line.replacen("p-", "q-", 1)).collect();
                lines.extend(more);
            });
        }),
        ("ROS-7 three days old", "ROS-7", &|folder| swap(folder, "roster.meta.json", "2026-08-03", "2026-05-01")),
        ("ROS-9 another mail domain", "ROS-9", &|folder| {
            reissue(folder, |lines| all(lines, "@acme.example", "@acme.invalid"));
        }),
        ("an unknown time zone", "Berlin", &|folder| reissue(folder, |lines| all(lines, "Europe/Berlin", "Berlin"))),
        ("a manifest without proof of the same file", "roster", &|folder| {
            rewrite(folder, "roster.meta.json", |_| br#"{"as_of":"2026-08-03T00:00:00Z","rows":7}"#.to_vec());
        }),
        ("a manifest that says less", "roster", &|folder| swap(folder, "roster.meta.json", "\"full\"", "\"leavers\"")),
    ];
    for (what, name, damage) in table {
        holds(&sound, what, name, damage);
    }
}

#[test]
fn the_twin_with_a_new_colleague_is_accepted() {
    let sound = sound();
    let (_copy, run) = sound.after(|folder| {
        reissue(folder, |lines| {
            let colleague = lines[5].replace("p-11", "p-50").replace("11", "50");
            lines.push(colleague);
        });
    });
    run.expect(1);
    assert!(!run.flag("roster_held"));
    assert!(sound.is_unchanged(&run));
}

#[test]
fn without_any_accepted_roster_a_damaged_one_judges_nobody() {
    let company = company();
    company.write_all();
    swap(company.path(), "roster.csv", "Person 17", "Person 71");
    let run = company.scan_at(LATER);
    run.expect(5);
    assert!(run.states().is_empty());
    assert!(run.incomplete().len() >= 2);
}

fn all(lines: &mut [String], from: &str, to: &str) {
    for line in &mut lines[1..] {
        *line = line.replace(from, to);
    }
}

/// Changes the roster and gives it a manifest that fits: the damage is in the source.
fn reissue(folder: &Path, change: impl FnOnce(&mut Vec<String>)) {
    rewrite(folder, "roster.csv", |bytes| super::native::lines(&bytes, change));
    let roster = std::fs::read(folder.join("roster.csv")).expect("the roster");
    let rows = roster.iter().filter(|byte| **byte == b'\n').count() - 1;
    let manifest =
        format!(r#"{{"as_of":"2026-08-04T00:00:00Z","rows":{rows},"sha256":"{}","coverage":"full"}}"#, sha256(&roster));
    std::fs::write(folder.join("roster.meta.json"), manifest).expect("the manifest");
}

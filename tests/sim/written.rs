//! The files that the truth is told in: roster, links and export, with what is wrong with them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use holdover_kit::memory::{Damage, MemoryDocuments, Planted};
use scan_contract::Instant;
use sha2::{Digest as _, Sha256};

use crate::canary::Secrets;
use crate::fault::{Fault, Met};
use crate::truth::{Grant, Place, Truth, person_id};

/// Names that do harm where they are not taken for data.
const NAMES: [&str; 8] = [
    "Lea Plain",
    "=HYPERLINK(\"https://evil.example\",\"x\")",
    "\u{1b}[2J\u{202e}eman",
    "</script><img src=x onerror=alert(1)>",
    "@channel [link](https://evil.example) # heading",
    "line one\nline two",
    "\"; DROP TABLE finding; --",
    "José Niño",
];

fn written(at: Instant) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// The name of a person today.
pub(crate) fn name_of(truth: &Truth, person: usize) -> &'static str {
    let renamed = usize::try_from(truth.people[person].renamed).expect("few");
    NAMES[(person + renamed) % NAMES.len()]
}

/// Writes the roster, its manifest, and the links somebody reviewed.
pub(crate) fn roster(
    documents: &mut MemoryDocuments,
    truth: &Truth,
    secrets: &Secrets,
    faults: &[Fault],
    met: &Met,
) -> Vec<(Fault, Planted)> {
    let mut header = String::from(
        "person_id,employment_type,status,display_name,work_email,start_date,end_date,time_zone,updated_at,x_note",
    );
    if faults.contains(&Fault::RosterColumn) {
        met.fired(Fault::RosterColumn);
        header = header.replace("end_date", "ends_on");
    }
    let as_of = written(truth.now);
    let mut rows: Vec<String> = Vec::new();
    for (number, person) in truth.people.iter().enumerate().filter(|(number, _)| truth.is_listed(*number)) {
        let id = person_id(number);
        let (status, end) = match person.left_at {
            Some(at) if at <= truth.now => ("ended", at.format("%Y-%m-%d").to_string()),
            _ => ("active", String::new()),
        };
        let name = quoted(name_of(truth, number));
        let note = &secrets.roster;
        rows.push(format!("{id},employee,{status},{name},{id}@acme.example,2020-01-01,{end},UTC,{as_of},{note}"));
    }
    if faults.contains(&Fault::RosterShrinks) {
        met.fired(Fault::RosterShrinks);
        rows.truncate(rows.len() / 2);
    }
    let text = format!("{header}\n{}\n", rows.join("\n"));
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
    let manifest = format!(r#"{{"as_of":"{as_of}","rows":{},"sha256":"{digest}","coverage":"full"}}"#, rows.len());
    let length = text.len();
    documents.put("roster.csv", text);
    documents.put("roster.meta.json", manifest);
    documents.put("links.yaml", links(truth));
    let mut planted = Vec::new();
    if faults.contains(&Fault::RosterMissing) {
        planted.push((Fault::RosterMissing, documents.damage("roster.csv", Damage::Missing)));
    } else if faults.contains(&Fault::RosterCut) {
        planted.push((Fault::RosterCut, documents.damage("roster.csv", Damage::CutAt(length * 2 / 3))));
    }
    planted
}

fn links(truth: &Truth) -> String {
    let mut text = String::from("version: 1\nlinks:\n");
    // Somebody's account that is none of ours: the list is never empty.
    text.push_str("  - { person_id: p-100, system: crm, login: nobody-at-all, reviewer: p-101, date: 2026-07-01, reason: seen with the owner }\n");
    for (id, _) in truth.handed_over.iter().filter(|(_, reviewed)| **reviewed) {
        if let Some(grant) = truth.grants.get(id) {
            let (person, kind) = (person_id(grant.person), grant.place.kind());
            writeln!(
                text,
                "  - {{ person_id: {person}, system: crm, kind: {kind}, grant_id: {id}, reviewer: p-101, date: 2026-07-01, reason: handed over and seen with the owner }}"
            )
            .expect("text");
        }
    }
    text
}

fn line(id: &str, grant: &Grant, status: &str, secret: &str) -> String {
    let scope = if grant.place == Place::Account { "accounts" } else { "tokens" };
    let employee = person_id(grant.person);
    format!(
        r#"{{"record":"access","scope":"{scope}","kind":"{}","grant_id":"{id}","status":"{status}","privilege":"write","created_at":"2023-04-01T08:00:00Z","last_used_at":null,"expires_at":null,"x_note":"{secret}","holders":[{{"relation":"holder","employee_id":"{employee}"}}]}}"#,
        grant.place.kind()
    )
}

/// Writes the export.
pub(crate) fn export(
    documents: &mut MemoryDocuments,
    truth: &Truth,
    secrets: &Secrets,
    faults: &[Fault],
    met: &Met,
) -> Vec<(Fault, Planted)> {
    let grants: Vec<(&String, &Grant)> =
        truth.grants.iter().filter(|(_, grant)| matches!(grant.place, Place::Account | Place::Token)).collect();
    let mut text = format!(
        "{{\"record\":\"header\",\"format\":\"holdover-import\",\"version\":1,\"system\":\"crm\",\"as_of\":\"{}\",\"scopes\":[\"accounts\",\"tokens\"]}}\n",
        written(truth.now)
    );
    let mut counts = [0_u64; 2];
    for (at, (id, grant)) in grants.iter().enumerate() {
        counts[usize::from(grant.place == Place::Token)] += 1;
        let mut status = if grant.enabled { "enabled" } else { "disabled" };
        if at == 0 && faults.contains(&Fault::ExportUnknownWord) {
            met.fired(Fault::ExportUnknownWord);
            status = "parked";
        }
        let mut line = line(id, grant, status, &secrets.export);
        if at == 1 && faults.contains(&Fault::ExportGarbledLine) {
            met.fired(Fault::ExportGarbledLine);
            line.truncate(line.len() / 2);
        }
        text.push_str(&line);
        text.push('\n');
    }
    if faults.contains(&Fault::ExportCountsMore) {
        met.fired(Fault::ExportCountsMore);
        counts[0] += 1;
    }
    writeln!(text, "{{\"record\":\"end\",\"counts\":{{\"accounts\":{},\"tokens\":{}}}}}", counts[0], counts[1])
        .expect("text");
    let length = text.len();
    documents.put("crm.ndjson", text);
    let damages = [
        (Fault::ExportCut, Damage::CutAt(length / 2)),
        (Fault::ExportBreaks, Damage::ErrorAt(length / 2)),
        (Fault::ExportDenied, Damage::Denied),
        (Fault::ExportMissing, Damage::Missing),
    ];
    let mut taken = BTreeSet::new();
    damages
        .into_iter()
        .filter(|(fault, _)| faults.contains(fault) && taken.insert("crm.ndjson"))
        .map(|(fault, damage)| (fault, documents.damage("crm.ndjson", damage)))
        .collect()
}

//! Tables with a mapping.

use std::io;

use chrono_tz::Tz;
use scan_contract::{Fact, Moment};

use super::{Files, instant, sha256};
use crate::world::{Fault, Grant, System, Table};

/// Writes table and manifest.
pub(super) fn write(system: &System, table: &Table, files: &mut Files) -> io::Result<()> {
    let delimiter = u8::try_from(u32::from(table.delimiter)).map_err(io::Error::other)?;
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    writer.write_record(table.columns.iter().map(|column| column.header))?;
    for grant in &system.grants {
        writer.write_record(table.columns.iter().map(|column| cell(table, grant, column.field)))?;
    }
    let bytes = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    let as_of = instant(system.as_of);
    let manifest = if system.faults.contains(&Fault::NotProven) {
        format!("{{\"as_of\":\"{as_of}\"}}\n")
    } else {
        let (rows, digest) = (system.grants.len(), sha256(&bytes));
        format!("{{\"as_of\":\"{as_of}\",\"rows\":{rows},\"sha256\":\"{digest}\"}}\n")
    };
    files.put(format!("exports/{}.csv", system.id), bytes);
    files.put(format!("exports/{}.meta.json", system.id), manifest);
    Ok(())
}

fn cell(table: &Table, grant: &Grant, field: &str) -> String {
    let access = &grant.access;
    let holder = access.holders.first();
    let theirs = |words: &[(&str, &str)], ours: &str| {
        words.iter().find(|(word, _)| *word == ours).map_or_else(|| ours.to_owned(), |(_, theirs)| (*theirs).to_owned())
    };
    match field {
        "grant_id" => access.grant_id.as_str().to_owned(),
        "grant_display" => access.grant_display.clone().unwrap_or_default(),
        "status" => access.status_text.clone().unwrap_or_else(|| theirs(&table.status_words, access.status.as_str())),
        "privilege" => theirs(&table.privilege_words, access.privilege.as_str()),
        "created_at" => time(table, &access.created_at),
        "last_used_at" => time(table, &access.last_used_at),
        "expires_at" => time(table, &access.expires_at),
        "login" => holder.and_then(|holder| holder.login.clone()).unwrap_or_default(),
        "email" => holder.and_then(|holder| holder.email.clone()).unwrap_or_default(),
        "employee_id" => holder.and_then(|holder| holder.employee_id.clone()).unwrap_or_default(),
        "name" => holder.and_then(|holder| holder.name.clone()).unwrap_or_default(),
        "target" => access.target.clone().unwrap_or_default(),
        // A column nobody mapped: what stands there must stand in no output.
        _ => grant.extra.iter().find(|(key, _)| key == field).map_or_else(String::new, |(_, value)| value.clone()),
    }
}

fn time(table: &Table, fact: &Fact<Moment>) -> String {
    match (fact, table.time_format) {
        (Fact::Known(moment), Some(pattern)) => {
            moment.at.with_timezone(&table.zone.unwrap_or(Tz::UTC)).format(pattern).to_string()
        }
        (Fact::Known(moment), None) => instant(moment.at),
        (Fact::None, _) => String::from("never"),
        (Fact::Hidden(_), _) => String::new(),
    }
}

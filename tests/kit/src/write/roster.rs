//! Roster tables with their manifests, aliases, links.

use std::io;

use super::{Files, add, instant, sha256};
use crate::world::{Person, Source, Stint, World};

/// Canonical column and its header in the main table.
const HRIS: [(&str, &str); 21] = [
    ("person_id", "Employee_ID"),
    ("stint", "stint"),
    ("employment_type", "employment_type"),
    ("status", "Status"),
    ("display_name", "Name"),
    ("legal_name", "legal_name"),
    ("work_email", "Work_Email"),
    ("start_date", "start_date"),
    ("end_date", "Termination_Date"),
    ("last_day_worked", "last_day_worked"),
    ("access_end_at", "access_end_at"),
    ("time_zone", "time_zone"),
    ("termination_type", "termination_type"),
    ("urgency", "urgency"),
    ("role_tier", "role_tier"),
    ("batch", "batch"),
    ("manager_person_id", "manager_person_id"),
    ("department", "department"),
    ("legal_hold", "legal_hold"),
    ("source_record_id", "Personnel_No"),
    ("updated_at", "updated_at"),
];

/// The same for the agencies' table.
const CONTRACTORS: [(&str, &str); 11] = [
    ("person_id", "Vertrag"),
    ("employment_type", "Art"),
    ("status", "Status"),
    ("display_name", "Name"),
    ("work_email", "E-Mail"),
    ("start_date", "Beginn"),
    ("end_date", "Ende"),
    ("time_zone", "Zeitzone"),
    ("role_tier", "Stufe"),
    ("department", "Abteilung"),
    ("source_record_id", "Nr"),
];

/// Canonical word and the word of the file, for status.
const STATUS: [(&str, &str, &str); 4] = [
    ("active", "Active", "aktiv"),
    ("ended", "Terminated", "beendet"),
    ("leave", "Leave", "abwesend"),
    ("garden_leave", "Garden leave", "freigestellt"),
];

/// Headers that differ from the canonical ones, and words, for the configuration.
pub(super) fn mapping(source: Source) -> String {
    let columns: Vec<String> = columns(source)
        .iter()
        .filter(|(canonical, header)| canonical != header)
        .map(|(canonical, header)| format!("{canonical}: {header}"))
        .collect();
    let words: Vec<String> = STATUS
        .iter()
        .map(|(word, english, german)| match source {
            Source::Hris => format!("{word}: [{english}]"),
            Source::Contractors => format!("{word}: [{german}]"),
        })
        .collect();
    format!("      columns: {{ {} }}\n      values: {{ status: {{ {} }} }}\n", columns.join(", "), words.join(", "))
}

fn columns(source: Source) -> &'static [(&'static str, &'static str)] {
    match source {
        Source::Hris => &HRIS,
        Source::Contractors => &CONTRACTORS,
    }
}

pub(super) fn write(world: &World, files: &mut Files) -> io::Result<()> {
    for source in [Source::Hris, Source::Contractors] {
        let (bytes, rows) = table(world, source)?;
        let manifest = format!(
            "{{\"as_of\":\"{}\",\"rows\":{rows},\"sha256\":\"{}\",\"coverage\":\"full\"}}\n",
            instant(world.roster_as_of),
            sha256(&bytes)
        );
        files.put(format!("roster/{}.csv", source.id()), bytes);
        files.put(format!("roster/{}.meta.json", source.id()), manifest);
    }
    files.put("roster/aliases.csv", aliases(world)?);
    files.put("roster/links.yaml", links(world));
    Ok(())
}

fn table(world: &World, source: Source) -> io::Result<(Vec<u8>, usize)> {
    let delimiter = if source == Source::Hris { b',' } else { b';' };
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    writer.write_record(columns(source).iter().map(|(_, header)| *header))?;
    let mut rows = 0;
    for person in &world.people {
        for (at, stint) in person.stints.iter().enumerate().filter(|(_, stint)| stint.source == source) {
            let cells = columns(source).iter().map(|(column, _)| cell(world, person, stint, at, column));
            writer.write_record(cells)?;
            rows += 1;
        }
    }
    let text = String::from_utf8(writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?)
        .map_err(io::Error::other)?;
    let bytes = match source {
        Source::Hris => text.into_bytes(),
        Source::Contractors => windows_1252(&text)?,
    };
    Ok((bytes, rows))
}

fn cell(world: &World, person: &Person, stint: &Stint, at: usize, column: &str) -> String {
    let date = |day: Option<chrono::NaiveDate>| match (stint.source, day) {
        (_, None) => String::new(),
        (Source::Hris, Some(day)) => day.format("%Y-%m-%d").to_string(),
        (Source::Contractors, Some(day)) => day.format("%d.%m.%Y").to_string(),
    };
    match column {
        // A spell in the agencies' table carries the agencies' id; an alias ties it to the person.
        "person_id" if stint.source == Source::Contractors && !person.id.starts_with("c-") => stint.record.clone(),
        "person_id" => person.id.clone(),
        "stint" => (at + 1).to_string(),
        "employment_type" => stint.employment.to_owned(),
        "status" => STATUS.iter().find(|(word, ..)| *word == stint.status).map_or_else(String::new, |words| {
            if stint.source == Source::Hris { words.1.to_owned() } else { words.2.to_owned() }
        }),
        "display_name" => person.name.clone(),
        "legal_name" => person.legal_name.clone().unwrap_or_default(),
        "work_email" => person.email.clone(),
        "start_date" => date(Some(stint.start)),
        "end_date" if stint.source == Source::Contractors => date(stint.end.and_then(|day| day.succ_opt())),
        "end_date" => date(stint.end),
        "last_day_worked" => date(stint.last_day_worked),
        "access_end_at" => stint.access_end_at.map(instant).unwrap_or_default(),
        "time_zone" => stint.zone.map(|zone| zone.name().to_owned()).unwrap_or_default(),
        "termination_type" => stint.termination.unwrap_or_default().to_owned(),
        "urgency" if stint.immediate => String::from("immediate"),
        "urgency" => String::from("standard"),
        "role_tier" => format!("tier{}", stint.tier),
        "batch" => stint.batch.clone().unwrap_or_default(),
        "manager_person_id" => person.manager.clone().unwrap_or_default(),
        "department" => person.department.clone(),
        "legal_hold" => stint.legal_hold.to_string(),
        "source_record_id" => stint.record.clone(),
        "updated_at" => instant(world.roster_as_of - chrono::TimeDelta::days(1)),
        _ => String::new(),
    }
}

/// Text in the old western code page. A letter it does not know is an error: names are never changed silently.
pub(crate) fn windows_1252(text: &str) -> io::Result<Vec<u8>> {
    text.chars()
        .map(|letter| match letter {
            '€' => Ok(0x80),
            '…' => Ok(0x85),
            'Š' => Ok(0x8a),
            'Ž' => Ok(0x8e),
            '‘' => Ok(0x91),
            '’' => Ok(0x92),
            '–' => Ok(0x96),
            'š' => Ok(0x9a),
            'ž' => Ok(0x9e),
            'Ÿ' => Ok(0x9f),
            '\0'..='\u{7f}' | '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(letter)).map_err(io::Error::other),
            other => Err(io::Error::other(format!("{other:?} is not in windows-1252"))),
        })
        .collect()
}

fn aliases(world: &World) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["person_id", "kind", "value", "system", "personal", "valid_from", "valid_to"])?;
    for person in &world.people {
        for alias in &person.aliases {
            let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
            writer.write_record([
                person.id.as_str(),
                alias.kind.as_str(),
                &alias.value,
                alias.system.as_deref().unwrap_or(""),
                if alias.personal { "true" } else { "false" },
                &day(alias.window.0),
                &day(alias.window.1),
            ])?;
        }
    }
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

fn links(world: &World) -> String {
    let mut text = String::from("version: 1\nlinks:\n");
    for (person, system, kind, grant_id, reviewer) in &world.links {
        add(
            &mut text,
            format_args!(
                "  - {{ person_id: {person}, system: {system}, kind: {kind}, grant_id: {grant_id}, reviewer: {reviewer}, date: \"2026-06-15\", reason: seen together with the owner of the system }}\n"
            ),
        );
    }
    text
}

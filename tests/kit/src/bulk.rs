//! Millions of records of a company of any size, for measurements: written line by line, never held.
//!
//! Every worker has nine identifiers: person id, number, work address, and six aliases (an earlier address, logins and
//! immutable ids in three systems). Records are flat and carry two to four identifiers. Two in a hundred lead to
//! leavers, and a quarter of those are switched on.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::random::Random;
use crate::write::sha256;

/// Sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Workers on the roster, leavers included; at least one.
    pub people: u64,
    /// Of these, people who left; at most all.
    pub leavers: u64,
    /// Access records.
    pub records: u64,
    /// Seed.
    pub seed: u64,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Bytes of the export.
    pub export_bytes: u64,
    /// Records of leavers.
    pub of_leavers: u64,
    /// Of these, records that are switched on: the residual findings of a scan.
    pub of_leavers_enabled: u64,
}

/// Scope, kind, and the letter of its ids.
const SCOPES: [(&str, &str, u8); 3] =
    [("accounts", "account", b'a'), ("tokens", "api_token", b't'), ("keys", "ssh_key", b'k')];

/// Writes roster, aliases, export and configuration into a folder.
pub fn write(sizes: Sizes, folder: &Path) -> io::Result<Written> {
    if sizes.people == 0 || sizes.leavers > sizes.people {
        return Err(io::Error::other("at least one person, and at most as many leavers as people"));
    }
    std::fs::create_dir_all(folder)?;
    let roster = roster(sizes);
    let manifest = format!(
        "{{\"as_of\":\"2026-08-03T04:00:00Z\",\"rows\":{},\"sha256\":\"{}\",\"coverage\":\"full\"}}\n",
        sizes.people,
        sha256(&roster)
    );
    std::fs::write(folder.join("roster.csv"), roster)?;
    std::fs::write(folder.join("roster.meta.json"), manifest)?;
    aliases(sizes, &mut BufWriter::with_capacity(1 << 20, File::create(folder.join("aliases.csv"))?))?;
    let mut out = BufWriter::with_capacity(1 << 20, File::create(folder.join("bulk.ndjson"))?);
    let written = export(sizes, &mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    std::fs::write(folder.join("holdover.yaml"), CONFIG)?;
    Ok(written)
}

const CONFIG: &str = "version: 1
organisation: Bulk Example
state_dir: state
roster:
  aliases: aliases.csv
  sources:
    - id: hris
      format: csv
      path: roster.csv
      manifest: roster.meta.json
      coverage: full
      default_time_zone: Europe/Berlin
      end_date_meaning: last_day_included
      max_age: 26h
identity:
  domains: [{ name: bulk.example }]
systems:
  - id: bulk
    connector: import
    tier: tier1
    scopes: [accounts, tokens, keys]
    files: [{ path: bulk.ndjson, format: ndjson }]
run: { as_of: \"2026-08-03T06:00:00Z\" }
";

/// Place of a leaver among all people: they are spread evenly.
fn place(sizes: Sizes, leaver: u64) -> u64 {
    leaver * sizes.people / sizes.leavers.max(1)
}

fn roster(sizes: Sizes) -> Vec<u8> {
    let mut text = Vec::with_capacity(usize::try_from(sizes.people).unwrap_or(0) * 110);
    text.extend_from_slice(
        b"person_id,employment_type,status,display_name,work_email,start_date,end_date,time_zone,role_tier,source_record_id\n",
    );
    let mut next_leaver = 0;
    for person in 0..sizes.people {
        let left = next_leaver < sizes.leavers && place(sizes, next_leaver) == person;
        next_leaver += u64::from(left);
        text.extend_from_slice(b"p");
        digits(&mut text, person, 7);
        text.extend_from_slice(if left { b",employee,ended,Worker " } else { b",employee,active,Worker " });
        digits(&mut text, person, 7);
        text.extend_from_slice(b",w");
        digits(&mut text, person, 7);
        text.extend_from_slice(b"@bulk.example,2022-01-03,");
        text.extend_from_slice(if left { b"2026-07-31" } else { b"" });
        text.extend_from_slice(b",Europe/Berlin,tier2,");
        digits(&mut text, person, 7);
        text.push(b'\n');
    }
    text
}

fn aliases(sizes: Sizes, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"person_id,kind,value,system,personal,valid_from,valid_to\n")?;
    let mut line = Vec::with_capacity(512);
    for person in 0..sizes.people {
        line.clear();
        for (kind, before, after, system) in [
            ("email", "old", "@bulk.example", ""),
            ("username", "u", "", "bulk"),
            ("provider_id", "b-", "", "bulk"),
            ("username", "i", "", "idp"),
            ("provider_id", "i-", "", "idp"),
            ("provider_id", "c-", "", "code"),
        ] {
            line.push(b'p');
            digits(&mut line, person, 7);
            line.push(b',');
            line.extend_from_slice(kind.as_bytes());
            line.push(b',');
            line.extend_from_slice(before.as_bytes());
            digits(&mut line, person, 7);
            line.extend_from_slice(after.as_bytes());
            line.push(b',');
            line.extend_from_slice(system.as_bytes());
            line.extend_from_slice(b",false,,\n");
        }
        out.write_all(&line)?;
    }
    out.flush()
}

/// Writes the export and counts it.
fn export(sizes: Sizes, out: &mut impl Write) -> io::Result<Written> {
    let mut random = Random::new(sizes.seed).fork("bulk");
    let mut written = Written::default();
    let mut counts = [0_u64; SCOPES.len()];
    let mut line = Vec::with_capacity(512);
    line.extend_from_slice(
        b"{\"record\":\"header\",\"format\":\"holdover-import\",\"version\":1,\"system\":\"bulk\",\"as_of\":\"2026-08-03T05:00:00Z\",\"scopes\":[\"accounts\",\"tokens\",\"keys\"]}\n",
    );
    for number in 0..sizes.records {
        written.export_bytes += line.len() as u64;
        out.write_all(&line)?;
        line.clear();
        let draw = random.draw();
        let of_leaver = sizes.leavers > 0 && draw % 100 < 2 || sizes.leavers == sizes.people;
        let (person, enabled) = if of_leaver {
            written.of_leavers += 1;
            (place(sizes, random.below(sizes.leavers)), (draw >> 8).is_multiple_of(4))
        } else {
            (stayer(sizes, &mut random), !(draw >> 8).is_multiple_of(10))
        };
        written.of_leavers_enabled += u64::from(of_leaver && enabled);
        let scope = usize::try_from((draw >> 16) % 3).unwrap_or(0);
        counts[scope] += 1;
        record(&mut line, number, scope, person, enabled, draw >> 24);
    }
    let end = format!(
        "{{\"record\":\"end\",\"counts\":{{\"accounts\":{},\"tokens\":{},\"keys\":{}}}}}\n",
        counts[0], counts[1], counts[2]
    );
    line.extend_from_slice(end.as_bytes());
    written.export_bytes += line.len() as u64;
    out.write_all(&line)?;
    out.flush()?;
    Ok(written)
}

/// Somebody who did not leave.
fn stayer(sizes: Sizes, random: &mut Random) -> u64 {
    loop {
        let person = random.below(sizes.people);
        // The leaver whose place this would be.
        let leaver = (person * sizes.leavers).div_ceil(sizes.people);
        if leaver >= sizes.leavers || place(sizes, leaver) != person {
            return person;
        }
    }
}

fn record(line: &mut Vec<u8>, number: u64, scope: usize, person: u64, enabled: bool, draw: u64) {
    let (name, kind, letter) = SCOPES[scope];
    line.extend_from_slice(b"{\"record\":\"access\",\"scope\":\"");
    line.extend_from_slice(name.as_bytes());
    line.extend_from_slice(b"\",\"kind\":\"");
    line.extend_from_slice(kind.as_bytes());
    line.extend_from_slice(b"\",\"grant_id\":\"");
    line.push(letter);
    digits(line, number, 8);
    line.extend_from_slice(if enabled { b"\",\"status\":\"enabled\"" } else { b"\",\"status\":\"disabled\"" });
    line.extend_from_slice(b",\"created_at\":\"2024-0");
    digits(line, 1 + draw % 9, 1);
    line.extend_from_slice(b"-1");
    digits(line, (draw >> 4) % 10, 1);
    line.extend_from_slice(b"T08:00:00Z\",\"holders\":[{\"relation\":\"holder\",\"provider_id\":\"b-");
    digits(line, person, 7);
    line.extend_from_slice(b"\",\"email\":\"w");
    digits(line, person, 7);
    line.extend_from_slice(b"@bulk.example\"");
    let identifiers = (draw >> 8) % 6;
    if identifiers > 2 {
        line.extend_from_slice(b",\"login\":\"u");
        digits(line, person, 7);
        line.push(b'"');
    }
    if identifiers > 4 {
        line.extend_from_slice(b",\"employee_id\":\"");
        digits(line, person, 7);
        line.push(b'"');
    }
    line.extend_from_slice(b"}]}\n");
}

/// A number with leading zeros.
fn digits(line: &mut Vec<u8>, number: u64, width: usize) {
    let at = line.len();
    line.resize(at + width, b'0');
    let mut rest = number;
    for place in line[at..].iter_mut().rev() {
        *place = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes { people: 500, leavers: 40, records: 5_000, seed: 1 };

    fn lines(sizes: Sizes) -> (Vec<serde_json::Value>, Written, usize) {
        let mut bytes = Vec::new();
        let written = export(sizes, &mut bytes).expect("a vector takes everything");
        let length = bytes.len();
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        (lines.map(|line| serde_json::from_slice(line).expect("JSON")).collect(), written, length)
    }

    #[test]
    fn the_counts_it_tells_are_those_of_the_lines() {
        let (lines, written, length) = lines(SIZES);
        assert_eq!(lines.len(), 5_002);
        assert_eq!(written.export_bytes, length as u64);
        let roster = String::from_utf8(roster(SIZES)).expect("text");
        let left: std::collections::BTreeSet<&str> =
            roster.lines().filter(|line| line.contains(",ended,")).map(|line| &line[1..8]).collect();
        assert_eq!(left.len(), 40);
        let of_leavers: Vec<_> = lines[1..5_001]
            .iter()
            .filter(|line| line["holders"][0]["provider_id"].as_str().is_some_and(|id| left.contains(&id[2..])))
            .collect();
        assert_eq!(of_leavers.len() as u64, written.of_leavers);
        let enabled = of_leavers.iter().filter(|line| line["status"] == "enabled").count() as u64;
        assert_eq!(enabled, written.of_leavers_enabled);
        assert!((60..140).contains(&of_leavers.len()), "two in a hundred, not {}", of_leavers.len());
    }

    #[test]
    fn lines_are_as_long_as_those_of_real_exports() {
        let (_, _, length) = lines(SIZES);
        let mean = length / 5_002;
        assert!((220..250).contains(&mean), "{mean} bytes a line");
    }

    #[test]
    fn the_end_line_counts_distinct_grants() {
        let (lines, ..) = lines(SIZES);
        let ids: std::collections::BTreeSet<&str> =
            lines[1..5_001].iter().map(|line| line["grant_id"].as_str().expect("an id")).collect();
        assert_eq!(ids.len(), 5_000);
        let counts = lines[5_001]["counts"].as_object().expect("counts");
        assert_eq!(counts.values().map(|count| count.as_u64().expect("a count")).sum::<u64>(), 5_000);
    }

    #[test]
    fn everybody_has_nine_identifiers() {
        let mut bytes = Vec::new();
        aliases(SIZES, &mut bytes).expect("a vector takes everything");
        let text = String::from_utf8(bytes).expect("text");
        // Person id, number and work address stand in the roster itself.
        assert_eq!(text.lines().skip(1).filter(|line| line.starts_with("p0000123,")).count() + 3, 9);
    }

    #[test]
    fn a_company_where_all_left_is_written_and_nonsense_is_refused() {
        let all = Sizes { people: 3, leavers: 3, records: 10, seed: 1 };
        assert_eq!(lines(all).1.of_leavers, 10);
        let folder = tempfile::tempdir().expect("a folder");
        assert!(write(Sizes { people: 0, ..all }, folder.path()).is_err());
        assert!(write(Sizes { leavers: 4, ..all }, folder.path()).is_err());
    }
}

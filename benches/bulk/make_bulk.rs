//! Writes a large made-up organisation for measurements: a roster, its aliases and native exports of five systems.
//! One file without dependencies, so that `rustc -O benches/make_bulk.rs` is enough. Equal arguments give equal bytes.
//!
//! `make_bulk FOLDER [--records N] [--people N] [--leavers N] [--leaver-permille N] [--seed N] [--second]`
//!
//! Nine identifiers a person: person id, personnel number, mail address, and six aliases. One record in a hundred
//! differs in `--second`: another grant in its place, or the other status.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Systems: id, and whether its records name holders by login and account id (the aliases know both), by account id,
/// or by what the roster itself says.
const SYSTEMS: [(&str, By); 5] = [
    ("code", By::Login),
    ("crm", By::Login),
    ("files", By::Roster),
    ("idp", By::Account),
    ("wiki", By::Roster),
];

/// Kinds of grant beside accounts, with scope and prefix of their ids.
const KINDS: [(&str, &str, &str); 4] = [
    ("api_token", "api-tokens", "tok"),
    ("ssh_key", "ssh-keys", "ssh"),
    ("oauth_grant", "oauth", "oa"),
    ("access_key", "keys", "key"),
];

const SCOPES: [&str; 5] = ["accounts", "api-tokens", "ssh-keys", "oauth", "keys"];

#[derive(Clone, Copy, PartialEq)]
enum By {
    Login,
    Account,
    Roster,
}

struct Arguments {
    folder: PathBuf,
    records: u64,
    people: u64,
    leavers: u64,
    leaver_permille: u64,
    seed: u64,
    second: bool,
}

fn main() -> io::Result<()> {
    let arguments = arguments()?;
    fs::create_dir_all(arguments.folder.join("exports"))?;
    roster(&arguments)?;
    aliases(&arguments)?;
    let mut expected = 0;
    for number in 0..SYSTEMS.len() as u64 {
        expected += system(&arguments, number)?;
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{expected}")
}

fn arguments() -> io::Result<Arguments> {
    let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidInput, what);
    let mut words = std::env::args().skip(1);
    let folder = words.next().ok_or_else(|| wrong("expected a folder".to_owned()))?;
    let mut arguments = Arguments {
        folder: PathBuf::from(folder),
        records: 10_000_000,
        people: 500_000,
        leavers: 100_000,
        leaver_permille: 20,
        seed: 1,
        second: false,
    };
    while let Some(word) = words.next() {
        if word == "--second" {
            arguments.second = true;
            continue;
        }
        let number = words.next().and_then(|text| text.parse().ok()).ok_or_else(|| wrong(format!("{word}: expected a number")))?;
        match word.as_str() {
            "--records" => arguments.records = number,
            "--people" => arguments.people = number,
            "--leavers" => arguments.leavers = number,
            "--leaver-permille" => arguments.leaver_permille = number,
            "--seed" => arguments.seed = number,
            _ => return Err(wrong(format!("{word}: no such argument"))),
        }
    }
    if arguments.leavers == 0 || arguments.people <= arguments.leavers {
        return Err(wrong("expected leavers, and more people than leavers".to_owned()));
    }
    Ok(arguments)
}

fn open(path: &Path) -> io::Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(1 << 20, File::create(path)?))
}

/// One step of SplitMix64, as a function of its input.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const FIRST: [&str; 16] = [
    "ana", "bruno", "chloe", "dmitri", "elif", "farah", "goran", "hana", "ivan", "jonas", "kwame", "lucia", "mei", "noor", "oskar",
    "priya",
];
const LAST: [&str; 16] = [
    "silva", "mensah", "ferrer", "petrov", "yilmaz", "haddad", "novak", "sato", "kovac", "lindqvist", "okafor", "moreno", "chen",
    "rahman", "nilsson", "sharma",
];

fn names(person: u64) -> (&'static str, &'static str) {
    let bits = mix(person ^ 0x6e61_6d65);
    (FIRST[(bits % 16) as usize], LAST[(bits / 16 % 16) as usize])
}

/// People are numbered so that leavers are spread evenly: the first of each group left.
fn leaver(arguments: &Arguments, nth: u64) -> u64 {
    nth * (arguments.people / arguments.leavers)
}

fn is_leaver(arguments: &Arguments, person: u64) -> bool {
    let group = arguments.people / arguments.leavers;
    person.is_multiple_of(group) && person / group < arguments.leavers
}

/// Days back from the day of the export on which a leaver left: five days to two years.
fn days_gone(person: u64) -> u64 {
    5 + mix(person ^ 0x656e_6465) % 725
}

/// A civil date as days before 2026-08-02, by the usual algorithm.
fn date(days_before: u64) -> (i64, i64, i64) {
    let z = 20_667 - days_before as i64 + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z - era * 146_097;
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

fn write_date(out: &mut impl Write, days_before: u64) -> io::Result<()> {
    let (year, month, day) = date(days_before);
    write!(out, "{year:04}-{month:02}-{day:02}")
}

fn write_instant(out: &mut impl Write, days_before: u64, bits: u64) -> io::Result<()> {
    write_date(out, days_before)?;
    write!(out, "T{:02}:{:02}:{:02}Z", bits % 24, bits / 24 % 60, bits / 1_440 % 60)
}

fn roster(arguments: &Arguments) -> io::Result<()> {
    let mut out = open(&arguments.folder.join("hris.csv"))?;
    out.write_all(
        b"person_id,stint,employment_type,status,display_name,work_email,start_date,end_date,time_zone,termination_type,urgency,role_tier,department,source_record_id\n",
    )?;
    for person in 0..arguments.people {
        let (first, last) = names(person);
        let gone = is_leaver(arguments, person);
        write!(out, "p-{person:07},1,employee,{},{first} {last},{first}.{last}.{person:07}@acme.example,", if gone { "ended" } else { "active" })?;
        write_date(&mut out, 800 + mix(person) % 2_500)?;
        out.write_all(b",")?;
        if gone {
            write_date(&mut out, days_gone(person))?;
        }
        let tier = ["tier0", "tier1", "tier2", "tier3"][(mix(person ^ 7) % 64).min(3) as usize];
        let termination = if gone { "voluntary" } else { "" };
        writeln!(out, ",Europe/Berlin,{termination},standard,{tier},department {},{}", person % 97, 40_000_000 + person)?;
    }
    out.flush()
}

fn aliases(arguments: &Arguments) -> io::Result<()> {
    let mut out = open(&arguments.folder.join("aliases.csv"))?;
    out.write_all(b"person_id,kind,value,system,personal,valid_from,valid_to\n")?;
    for person in 0..arguments.people {
        let (first, last) = names(person);
        for (system, by) in SYSTEMS {
            if by != By::Roster {
                writeln!(out, "p-{person:07},provider_id,{},{system},false,,", account(system, person))?;
            }
            if by == By::Login {
                writeln!(out, "p-{person:07},username,{},{system},false,,", login(system, person))?;
            }
        }
        writeln!(out, "p-{person:07},email,{last}{person:07}.{first}@bought.example,,false,,")?;
    }
    out.flush()
}

fn login(system: &str, person: u64) -> String {
    let (first, last) = names(person);
    format!("{}{last}{}{}", &first[..1], if system == "crm" { "" } else { "-" }, person)
}

fn account(system: &str, person: u64) -> String {
    format!("{}-u{person:07}", &system[..2])
}

/// Writes one system; gives the number of enabled grants of leavers in it.
fn system(arguments: &Arguments, number: u64) -> io::Result<u64> {
    let (name, by) = SYSTEMS[number as usize];
    let mut out = open(&arguments.folder.join("exports").join(format!("{name}.ndjson")))?;
    let as_of = if arguments.second { "2026-08-03T01:00:00Z" } else { "2026-08-02T01:00:00Z" };
    let scopes = SCOPES.map(|scope| format!("\"{scope}\"")).join(",");
    writeln!(out, "{{\"record\":\"header\",\"format\":\"holdover-import\",\"version\":1,\"system\":\"{name}\",\"as_of\":\"{as_of}\",\"produced_by\":\"make_bulk\",\"scopes\":[{scopes}]}}")?;
    let share = SYSTEMS.len() as u64;
    let records = arguments.records / share + u64::from(number < arguments.records % share);
    // A quarter of the records are accounts, but nobody has two in one system.
    let accounts = (records / 4).min(arguments.people);
    let mut counts = [0_u64; SCOPES.len()];
    let mut open_grants = 0;
    let mut line = Vec::with_capacity(512);
    for index in 0..records {
        line.clear();
        let bits = mix(mix(arguments.seed.wrapping_mul(1_000_003) ^ number) ^ index);
        let scope = record(&mut line, arguments, (name, by), accounts, index, bits, &mut open_grants)?;
        counts[scope] += 1;
        out.write_all(&line)?;
    }
    let counts: Vec<String> = SCOPES.iter().zip(counts).map(|(scope, count)| format!("\"{scope}\":{count}")).collect();
    writeln!(out, "{{\"record\":\"end\",\"counts\":{{{}}}}}", counts.join(","))?;
    out.flush()?;
    Ok(open_grants)
}

/// Writes one record; gives the position of its scope.
fn record(
    out: &mut Vec<u8>,
    arguments: &Arguments,
    (system, by): (&str, By),
    accounts: u64,
    index: u64,
    bits: u64,
    open_grants: &mut u64,
) -> io::Result<usize> {
    let changed = arguments.second && mix(bits ^ 0x7365_636f).is_multiple_of(100);
    let of_leaver = bits % 1_000 < arguments.leaver_permille;
    let pick = mix(bits);
    let is_account = index < accounts;
    let person = if is_account {
        // Accounts of everybody in turn, but of people who left only as many as the share says.
        let person = index * (arguments.people / accounts.max(1)).max(1) % arguments.people;
        let group = arguments.people / arguments.leavers;
        match (of_leaver, is_leaver(arguments, person)) {
            (true, false) => leaver(arguments, (person / group).min(arguments.leavers - 1)),
            (false, true) => person + 1,
            (true, true) | (false, false) => person,
        }
    } else if of_leaver {
        leaver(arguments, pick % arguments.leavers)
    } else {
        let person = pick % arguments.people;
        if is_leaver(arguments, person) { person + 1 } else { person }
    };
    let gone = is_leaver(arguments, person);
    let mut enabled = if gone { bits / 1_000 % 4 == 0 } else { bits / 1_000 % 20 != 0 };
    let other = changed && bits / 100_000 % 2 == 0;
    enabled ^= other;
    let suffix = if changed && !other { "-n" } else { "" };
    let kind = &KINDS[(bits / 10_000_000 % 4) as usize];
    let scope = if is_account { 0 } else { 1 + (bits / 10_000_000 % 4) as usize };
    let (kind, scope_name, prefix) = if is_account { ("account", "accounts", "a") } else { *kind };
    let status = if enabled { "enabled" } else { "disabled" };
    write!(out, "{{\"record\":\"access\",\"scope\":\"{scope_name}\",\"kind\":\"{kind}\",\"grant_id\":\"{prefix}-{index:08}{suffix}\",\"status\":\"{status}\",\"privilege\":\"{}\",\"created_at\":\"", ["read", "write", "read", "admin"][(bits / 40_000_000 % 4) as usize])?;
    write_instant(out, 740 + pick % 800, bits >> 32)?;
    out.extend_from_slice(b"\",\"last_used_at\":\"");
    let used = if gone { days_gone(person) + 2 + pick / 97 % 30 } else { 1 + pick / 97 % 60 };
    write_instant(out, used, pick >> 32)?;
    out.extend_from_slice(b"\",\"holders\":[{\"relation\":\"holder\"");
    let ghost = !gone && !is_account && mix(pick).is_multiple_of(2_000);
    let (first, last) = names(person);
    match (ghost, by, bits / 200_000_000 % 3) {
        (true, _, _) => write!(out, ",\"login\":\"svc-{index}\"")?,
        (_, By::Login, 0) => write!(out, ",\"provider_id\":\"{}\",\"login\":\"{}\"", account(system, person), login(system, person))?,
        (_, By::Login, 1) => write!(out, ",\"login\":\"{}\"", login(system, person))?,
        (_, By::Account, 0 | 1) => write!(out, ",\"provider_id\":\"{}\"", account(system, person))?,
        (_, By::Roster, 0) => write!(out, ",\"employee_id\":\"{}\"", 40_000_000 + person)?,
        (_, By::Roster, 1) => write!(out, ",\"email\":\"{last}{person:07}.{first}@bought.example\"")?,
        (_, _, _) => write!(out, ",\"email\":\"{first}.{last}.{person:07}@acme.example\"")?,
    }
    out.extend_from_slice(b"}]}\n");
    *open_grants += u64::from(gone && enabled);
    Ok(scope)
}

//! The credential report: the decoded CSV, or the raw answer of `get-credential-report` with its base64 content.
//!
//! Columns are found by name. Each of the vendor's sentinels keeps its own meaning here; what it says about a time is
//! decided where the access is told.

use std::borrow::Cow;
use std::collections::BTreeMap;

use data_encoding::BASE64;
use scan_contract::{Cause, Instant, Quotes, Torn};
use serde::Deserialize;

use crate::read::wire::{Stamp, instant};
use crate::text::{Text, decode, digest, json_error, short};

/// Name of the row of the account's root user.
pub(crate) const ROOT: &str = "<root_account>";

/// A yes-or-no cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Switch {
    /// `true`.
    On,
    /// `false`, or `N/A`: there is no such credential.
    Off,
    /// `not_supported`: AWS does not say it of this user.
    NotSupported,
    /// A word that is none of these.
    Unknown(String),
    /// The report has no such column.
    Missing,
}

/// A cell that can hold a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    /// A time.
    Time(Instant),
    /// `N/A`: no such credential, or a key that was not used since AWS keeps record.
    NotApplicable,
    /// `no_information`: a password that was not used since AWS keeps record.
    NoInformation,
    /// `not_supported`: AWS does not say it of this user.
    NotSupported,
    /// Neither a time nor one of the vendor's words.
    Unreadable,
    /// The report has no such column.
    Missing,
}

/// One of the two key slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyCells {
    pub(crate) active: Switch,
    pub(crate) last_rotated: Cell,
    pub(crate) last_used: Cell,
    pub(crate) region: String,
    pub(crate) service: String,
}

impl KeyCells {
    /// Whether the slot holds a key: anything but a plain "no" counts as one.
    pub(crate) fn is_taken(&self) -> bool {
        !(matches!(self.active, Switch::Off) && matches!(self.last_rotated, Cell::NotApplicable | Cell::Missing))
    }
}

/// One of the two certificate slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateCells {
    pub(crate) active: Switch,
    pub(crate) last_rotated: Cell,
}

impl CertificateCells {
    /// Whether the slot holds a certificate.
    pub(crate) fn is_taken(&self) -> bool {
        !(matches!(self.active, Switch::Off) && matches!(self.last_rotated, Cell::NotApplicable | Cell::Missing))
    }
}

/// One row: one user, or the account's root user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) line: u64,
    pub(crate) user: String,
    pub(crate) arn: String,
    pub(crate) created: Cell,
    pub(crate) password: Switch,
    pub(crate) password_last_used: Cell,
    pub(crate) password_last_changed: Cell,
    pub(crate) mfa: Switch,
    pub(crate) keys: [KeyCells; 2],
    pub(crate) certificates: [CertificateCells; 2],
    /// Text of `additional_credentials_info`, where it says that there is more than the columns hold.
    pub(crate) additional: Option<String>,
}

impl Row {
    /// Whether this is the account's root user.
    pub(crate) fn is_root(&self) -> bool {
        self.user == ROOT
    }
}

/// What a damage of the report concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Concerns {
    /// Every scope read from the report.
    Everything,
    /// Passwords.
    Passwords,
    /// Access keys.
    AccessKeys,
    /// Signing certificates.
    Certificates,
    /// MFA devices.
    MfaDevices,
}

/// Something in the report that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Damage {
    pub(crate) concerns: Concerns,
    pub(crate) part: Option<String>,
    pub(crate) cause: Cause,
}

/// The report.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    /// `GeneratedTime` of the raw answer.
    pub(crate) generated: Option<Instant>,
    pub(crate) damage: Vec<Damage>,
    pub(crate) extra_columns: Vec<String>,
    pub(crate) sha256: String,
}

/// The documented columns and what each one is needed for.
const COLUMNS: [(&str, Concerns); 22] = [
    ("user", Concerns::Everything),
    ("arn", Concerns::Everything),
    ("user_creation_time", Concerns::Everything),
    ("password_enabled", Concerns::Passwords),
    ("password_last_used", Concerns::Passwords),
    ("password_last_changed", Concerns::Passwords),
    ("password_next_rotation", Concerns::Passwords),
    ("mfa_active", Concerns::MfaDevices),
    ("access_key_1_active", Concerns::AccessKeys),
    ("access_key_1_last_rotated", Concerns::AccessKeys),
    ("access_key_1_last_used_date", Concerns::AccessKeys),
    ("access_key_1_last_used_region", Concerns::AccessKeys),
    ("access_key_1_last_used_service", Concerns::AccessKeys),
    ("access_key_2_active", Concerns::AccessKeys),
    ("access_key_2_last_rotated", Concerns::AccessKeys),
    ("access_key_2_last_used_date", Concerns::AccessKeys),
    ("access_key_2_last_used_region", Concerns::AccessKeys),
    ("access_key_2_last_used_service", Concerns::AccessKeys),
    ("cert_1_active", Concerns::Certificates),
    ("cert_1_last_rotated", Concerns::Certificates),
    ("cert_2_active", Concerns::Certificates),
    ("cert_2_last_rotated", Concerns::Certificates),
];

const ADDITIONAL: &str = "additional_credentials_info";

/// The raw answer. `Content` is the report itself in base64.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawAnswer {
    content: String,
    #[serde(default)]
    generated_time: Stamp,
}

impl Report {
    /// Reads the report. An error means that nothing in it is usable.
    pub(crate) fn read(bytes: &[u8], origin: &str) -> Result<Self, Cause> {
        let sha256 = digest(bytes);
        let outer = decode(bytes, origin);
        let (text, generated) = if outer.text.trim_start().starts_with('{') {
            let (content, generated) = open_answer(&outer.text, origin)?;
            (own(decode(&content, origin)), generated)
        } else {
            (outer, None)
        };
        let mut report = Self { rows: Vec::new(), generated, damage: Vec::new(), extra_columns: Vec::new(), sha256 };
        report.damage.extend(text.damage.map(|cause| Damage { concerns: Concerns::Everything, part: None, cause }));
        report.read_rows(&text.text, origin)?;
        Ok(report)
    }

    fn read_rows(&mut self, text: &str, origin: &str) -> Result<(), Cause> {
        if let Some(torn) = Quotes::of(text.as_bytes(), b',') {
            let cause = match torn {
                Torn::Open(_) => Cause::CutOff { what: format!("{origin} ends inside a quoted cell") },
                Torn::Stray(line) => Cause::Malformed { what: format!("{origin}: {} (line {line})", torn.as_str()) },
            };
            self.damage.push(Damage { concerns: Concerns::Everything, part: None, cause });
        }
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let headers = reader
            .headers()
            .map_err(|error| Cause::Malformed { what: format!("{origin}: header: {}", csv_error(&error)) })?
            .clone();
        let columns = self.find_columns(&headers, origin)?;
        let mut words = UnknownWords::default();
        for record in reader.records() {
            match record {
                Ok(record) => self.take_row(&record, headers.len(), &columns, &mut words),
                Err(error) => self.damage.push(Damage {
                    concerns: Concerns::Everything,
                    part: None,
                    cause: Cause::Malformed { what: format!("{origin}: {}", csv_error(&error)) },
                }),
            }
        }
        self.damage.extend(words.into_damage());
        Ok(())
    }

    fn find_columns(&mut self, headers: &csv::StringRecord, origin: &str) -> Result<Columns, Cause> {
        let mut found = BTreeMap::new();
        for (index, name) in headers.iter().enumerate() {
            if found.insert(name.to_owned(), index).is_some() {
                return Err(Cause::Malformed {
                    what: format!("{origin}: the column {} is there twice", short(name, 60)),
                });
            }
            if name != ADDITIONAL && !COLUMNS.iter().any(|(known, _)| *known == name) {
                self.extra_columns.push(short(name, 60));
            }
        }
        for (name, concerns) in COLUMNS {
            if found.contains_key(name) {
                continue;
            }
            let cause = Cause::Malformed { what: format!("{origin} has no column {name}") };
            if matches!(name, "user" | "arn") {
                return Err(cause);
            }
            self.damage.push(Damage { concerns, part: None, cause });
        }
        Ok(Columns(found))
    }

    fn take_row(&mut self, record: &csv::StringRecord, width: usize, columns: &Columns, words: &mut UnknownWords) {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != width {
            self.damage.push(Damage {
                concerns: Concerns::Everything,
                part: Some(format!("line {line}")),
                cause: Cause::Malformed { what: format!("line {line} has {} cells, the header {width}", record.len()) },
            });
            return;
        }
        let mut cells = RowReader { record, columns, line, words, damage: &mut self.damage };
        let row = Row {
            line,
            user: cells.text("user").to_owned(),
            arn: cells.text("arn").to_owned(),
            created: cells.time("user_creation_time", Concerns::Everything),
            password: cells.switch("password_enabled", Concerns::Passwords),
            password_last_used: cells.time("password_last_used", Concerns::Passwords),
            password_last_changed: cells.time("password_last_changed", Concerns::Passwords),
            mfa: cells.switch("mfa_active", Concerns::MfaDevices),
            keys: [cells.key(1), cells.key(2)],
            certificates: [cells.certificate(1), cells.certificate(2)],
            additional: match cells.text(ADDITIONAL) {
                "" | "N/A" | "0" | "not_supported" => None,
                more => Some(short(more, 120)),
            },
        };
        self.rows.push(row);
    }
}

fn own(text: Text<'_>) -> Text<'static> {
    Text { text: Cow::Owned(text.text.into_owned()), damage: text.damage }
}

fn open_answer(text: &str, origin: &str) -> Result<(Vec<u8>, Option<Instant>), Cause> {
    let answer: RawAnswer = serde_json::from_str(text).map_err(|error| {
        let what = format!("{origin}: {}", json_error(&error));
        if error.is_eof() { Cause::CutOff { what } } else { Cause::Malformed { what } }
    })?;
    let content = BASE64
        .decode(answer.content.as_bytes())
        .map_err(|error| Cause::Malformed { what: format!("{origin}: Content is not base64: {error}") })?;
    Ok((content, answer.generated_time.instant()))
}

fn csv_error(error: &csv::Error) -> String {
    let place = error.position().map_or_else(String::new, |position| format!(" at line {}", position.line()));
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => format!("not UTF-8{place}"),
        csv::ErrorKind::UnequalLengths { len, expected_len, .. } => {
            format!("{len} cells, the header {expected_len}{place}")
        }
        _ => format!("no valid CSV{place}"),
    }
}

struct Columns(BTreeMap<String, usize>);

/// Words outside the vocabulary, gathered per column so that one new word is one gap.
#[derive(Default)]
struct UnknownWords(BTreeMap<(Concerns, String, String), (u64, u64)>);

impl UnknownWords {
    fn note(&mut self, concerns: Concerns, column: &str, word: &str, line: u64) {
        let (rows, _) = self.0.entry((concerns, column.to_owned(), short(word, 40))).or_insert((0, line));
        *rows += 1;
    }

    fn into_damage(self) -> impl Iterator<Item = Damage> {
        self.0.into_iter().map(|((concerns, field, word), (rows, line))| Damage {
            concerns,
            part: None,
            cause: Cause::UnknownWord { field, word, rows, first: format!("line {line}") },
        })
    }
}

struct RowReader<'a> {
    record: &'a csv::StringRecord,
    columns: &'a Columns,
    line: u64,
    words: &'a mut UnknownWords,
    damage: &'a mut Vec<Damage>,
}

impl<'a> RowReader<'a> {
    fn cell(&self, column: &str) -> Option<&'a str> {
        self.columns.0.get(column).and_then(|index| self.record.get(*index))
    }

    fn text(&self, column: &str) -> &'a str {
        self.cell(column).unwrap_or("")
    }

    fn switch(&mut self, column: &str, concerns: Concerns) -> Switch {
        match self.cell(column) {
            None => Switch::Missing,
            Some(word) if word.eq_ignore_ascii_case("true") => Switch::On,
            Some(word) if word.eq_ignore_ascii_case("false") || word == "N/A" => Switch::Off,
            Some("not_supported") => Switch::NotSupported,
            Some(word) => {
                self.words.note(concerns, column, word, self.line);
                Switch::Unknown(short(word, 40))
            }
        }
    }

    fn time(&mut self, column: &str, concerns: Concerns) -> Cell {
        match self.cell(column) {
            None => Cell::Missing,
            Some("N/A") => Cell::NotApplicable,
            Some("no_information") => Cell::NoInformation,
            Some("not_supported") => Cell::NotSupported,
            Some(text) => instant(text).map_or_else(
                || {
                    self.damage.push(Damage {
                        concerns,
                        part: Some(format!("line {}, {column}", self.line)),
                        cause: Cause::Malformed {
                            what: format!("{column} in line {} is neither a time nor a known word", self.line),
                        },
                    });
                    Cell::Unreadable
                },
                Cell::Time,
            ),
        }
    }

    fn key(&mut self, slot: u8) -> KeyCells {
        let column = |what: &str| format!("access_key_{slot}_{what}");
        KeyCells {
            active: self.switch(&column("active"), Concerns::AccessKeys),
            last_rotated: self.time(&column("last_rotated"), Concerns::AccessKeys),
            last_used: self.time(&column("last_used_date"), Concerns::AccessKeys),
            region: short(self.text(&column("last_used_region")), 40),
            service: short(self.text(&column("last_used_service")), 60),
        }
    }

    fn certificate(&mut self, slot: u8) -> CertificateCells {
        CertificateCells {
            active: self.switch(&format!("cert_{slot}_active"), Concerns::Certificates),
            last_rotated: self.time(&format!("cert_{slot}_last_rotated"), Concerns::Certificates),
        }
    }
}

//! Secrets that are planted where secrets can be, and looked for in everything that is left behind.

use std::path::Path;

use holdover::config::{OutputFormat, PersonDisplay};
use holdover::emit::{Colour, EmitContext, Places, RuleTexts};
use holdover::report::Report;
use holdover_kit::canary::Canaries;

/// The secrets of one seed.
pub(crate) struct Secrets {
    /// In the export, in a field that nobody reads.
    pub(crate) export: String,
    /// In the roster, in a column that nobody reads.
    pub(crate) roster: String,
    /// The token that the Okta organisation is asked with.
    pub(crate) token: String,
    /// All of them, with those in the headers, fields and refusals of the Okta organisation.
    pub(crate) all: Canaries,
}

/// Texts of no rule.
pub(crate) struct NoTexts;

impl RuleTexts for NoTexts {
    fn title(&self, _: &str) -> Option<&str> {
        None
    }
    fn reason(&self, _: &str) -> Option<&str> {
        None
    }
    fn remedy(&self, _: &str) -> Option<&str> {
        None
    }
    fn controls(&self, _: &str) -> Vec<&str> {
        Vec::new()
    }
    fn attack(&self, _: &str) -> Option<&str> {
        None
    }
    fn version(&self, _: &str) -> Option<u32> {
        None
    }
}

const FORMATS: [OutputFormat; 8] = [
    OutputFormat::Table,
    OutputFormat::Json,
    OutputFormat::Ndjson,
    OutputFormat::Ocsf,
    OutputFormat::Sarif,
    OutputFormat::Csv,
    OutputFormat::Markdown,
    OutputFormat::Html,
];

impl Secrets {
    pub(crate) fn new(seed: u64) -> Self {
        let mut all = Canaries::new(seed).in_field("client_secret");
        let (export, roster, token) = (all.plant("export"), all.plant("roster"), all.plant("API token"));
        Self { export, roster, token, all }
    }

    /// Whether any of them stands there as it is: fast, for every step.
    fn plainly(place: &str, bytes: &[u8], wrong: &mut Vec<String>) {
        // All of them begin alike.
        if memchr::memmem::find(bytes, b"cnry").is_some() {
            wrong.push(format!("a planted secret stands in {place}"));
        }
    }

    /// The same in every encoding: slow.
    pub(crate) fn thoroughly(&self, place: &str, bytes: &[u8], wrong: &mut Vec<String>) {
        Self::plainly(place, bytes, wrong);
        wrong.extend(
            self.all.leaks(place, bytes).into_iter().map(|leak| {
                format!("the secret planted in {} stands in {}, {}", leak.planted, leak.found, leak.encoding)
            }),
        );
    }

    /// One report in one format of all, or in each of them.
    pub(crate) fn in_outputs(&self, report: &Report, turn: usize, thorough: bool, wrong: &mut Vec<String>) {
        let context = EmitContext {
            persons: if turn.is_multiple_of(2) { PersonDisplay::Name } else { PersonDisplay::Id },
            key: None,
            rules: &NoTexts,
            places: &Places::default(),
            width: 100,
            colour: Colour::Off,
            csv_bom: false,
        };
        let formats = if thorough { &FORMATS[..] } else { &FORMATS[turn % FORMATS.len()..=turn % FORMATS.len()] };
        for format in formats {
            let mut text = Vec::new();
            holdover::emit::render(*format, report, &context, &mut text).expect("a report can be told");
            if thorough {
                self.thoroughly(&format!("the output {format:?}"), &text, wrong);
            } else {
                Self::plainly(&format!("the output {format:?}"), &text, wrong);
            }
            if *format == OutputFormat::Table && text.iter().any(|byte| *byte < 0x20 && *byte != b'\n') {
                wrong.push(String::from("a control character stands in the table"));
            }
        }
    }

    /// What tickets say.
    pub(crate) fn in_text(place: &str, text: &str, wrong: &mut Vec<String>) {
        Self::plainly(place, text.as_bytes(), wrong);
    }

    /// Every file of a state directory.
    pub(crate) fn in_directory(&self, directory: &Path, thorough: bool, wrong: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                self.in_directory(&path, thorough, wrong);
                continue;
            }
            let bytes = std::fs::read(&path).expect("a file");
            let place = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if thorough {
                self.thoroughly(&place, &bytes, wrong);
            } else {
                Self::plainly(&place, &bytes, wrong);
            }
        }
    }
}

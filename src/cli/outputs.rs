//! Which outputs go where, and writing them.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::arguments;
use super::doubles;
use super::failure::Failure;
use super::scan::format;
use super::session::Session;
use crate::config::{Config, OutputFormat, PersonDisplay};
use crate::emit::{self, Colour, EmitContext, Places, PseudonymKey, RuleTexts};
use crate::metrics::BuildInfo;
use crate::randomness::{Randomness as _, SystemRandomness};
use crate::report::Report;
use crate::rules::RuleSet;
use crate::store::pseudonym;

/// One output of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) format: OutputFormat,
    /// Absolute, or `-`.
    pub(super) path: PathBuf,
    /// As the user wrote it, for messages and `run.json`.
    pub(super) shown: String,
    pub(super) persons: PersonDisplay,
    pub(super) csv_bom: bool,
}

impl Output {
    /// On standard output.
    pub(super) fn standard(format: OutputFormat) -> Self {
        let persons = default_persons(format);
        Self { format, path: PathBuf::from("-"), shown: String::from("-"), persons, csv_bom: false }
    }

    /// Whether it goes to standard output.
    pub(super) fn is_standard(&self) -> bool {
        self.path == Path::new("-")
    }

    /// Whether this is the table on standard output, which ends with the summary.
    pub(super) fn tells_the_summary(&self) -> bool {
        self.format == OutputFormat::Table && self.is_standard()
    }
}

fn default_persons(format: OutputFormat) -> PersonDisplay {
    // Code-scanning pages are read by many (findings of leavers do not belong there by id).
    if format == OutputFormat::Sarif { PersonDisplay::Pseudonym } else { PersonDisplay::Id }
}

/// A path of the command line, from the working directory.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

/// Outputs of the configuration and of the flags; the table on standard output unless something else was asked for.
pub(super) fn choose(
    session: &Session<'_>,
    config: &Config,
    arguments: &arguments::Scan,
) -> Result<Vec<Output>, Failure> {
    let mut outputs = Vec::new();
    let mut standard = arguments.format.map(|word| Output::standard(format(word)));
    for text in &arguments.output {
        let (word, path) = text.split_once('=').ok_or_else(|| {
            Failure::Usage(format!("--output {text}: expected FORMAT=PATH, such as ocsf=out/findings.ndjson"))
        })?;
        let format = OutputFormat::parse(word).ok_or_else(|| {
            let near = crate::problem::nearest(word, OutputFormat::ALL.iter().map(|format| format.as_str()));
            let help = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            Failure::Usage(format!("--output {text}: no format {word}{help}"))
        })?;
        if path == "-" {
            if standard.replace(Output::standard(format)).is_some() {
                return Err(Failure::Usage(String::from("standard output can carry one format only")));
            }
            continue;
        }
        let shown = String::from(path);
        outputs.push(Output {
            format,
            path: absolute(Path::new(path))?,
            shown,
            persons: default_persons(format),
            csv_bom: false,
        });
    }
    for output in &config.outputs {
        // How people are shown is part of what was asked for, wherever it is written.
        let (persons, csv_bom) = (output.persons, output.csv_bom);
        if output.path == Path::new("-") {
            standard.get_or_insert(Output { persons, csv_bom, ..Output::standard(output.format) });
            continue;
        }
        outputs.push(Output {
            format: output.format,
            path: config.base.join(&output.path),
            shown: output.path.display().to_string(),
            persons,
            csv_bom,
        });
    }
    match standard {
        Some(output) => outputs.insert(0, output),
        None if !session.global.quiet => outputs.insert(0, Output::standard(OutputFormat::Table)),
        None => {}
    }
    doubles::refuse(session, config, arguments, &outputs)?;
    Ok(outputs)
}

/// Paths that are going to be written, for the summary and `run.json`.
pub(super) fn planned(outputs: &[Output], config: &Config) -> Vec<String> {
    let mut planned: Vec<String> =
        outputs.iter().filter(|output| !output.is_standard()).map(|output| output.shown.clone()).collect();
    planned.extend(config.metrics.textfile.as_ref().map(|path| shown_from(&config.base, path)));
    planned
}

fn shown_from(base: &Path, path: &Path) -> String {
    path.strip_prefix(base).unwrap_or(path).display().to_string()
}

/// `run.json` lies in the state directory and beside the first output file.
pub(super) fn run_json_paths(outputs: &[Output], config: &Config) -> Vec<PathBuf> {
    let mut paths = vec![config.state_dir.join("run.json")];
    let beside = outputs.iter().find(|output| !output.is_standard()).and_then(|output| output.path.parent());
    paths
        .extend(beside.map(|folder| folder.join("run.json")).filter(|path| *path != config.state_dir.join("run.json")));
    paths
}

/// A report as it is kept in the state directory: JSON v1, with nothing hidden.
pub(super) fn archive(report: &Report, rules: &RuleSet) -> Result<Vec<u8>, Failure> {
    let packing = |error: std::io::Error| Failure::Output(format!("packing the report: {error}"));
    // Packed as it is written: the plain text of a large report is larger than everything else in memory.
    let packed = zstd::stream::write::Encoder::new(Vec::new(), 1).map_err(packing)?;
    let mut packed = std::io::BufWriter::with_capacity(256 * 1024, packed);
    let context = EmitContext {
        persons: PersonDisplay::Name,
        key: None,
        rules,
        places: &Places::default(),
        width: 80,
        colour: Colour::Off,
        csv_bom: false,
    };
    emit::render(OutputFormat::Json, report, &context, &mut packed)?;
    packed.into_inner().map_err(|error| packing(error.into_error()))?.finish().map_err(packing)
}

/// A kept report.
pub(super) fn unarchive(bytes: &[u8]) -> Result<Report, Failure> {
    let plain = zstd::decode_all(bytes).map_err(|error| Failure::Output(format!("unpacking the report: {error}")))?;
    emit::json::read(&plain).map_err(|error| Failure::Output(format!("reading the kept report: {error}")))
}

/// Writes outputs of one run.
pub(super) struct Writer<'a> {
    session: &'a Session<'a>,
    rules: &'a RuleSet,
    places: Places,
    key: PseudonymKey,
    unique: String,
}

impl<'a> Writer<'a> {
    /// A writer for a run that is kept: pseudonyms stay the same from run to run.
    pub(super) fn new(session: &'a Session<'a>, config: &Config, rules: &'a RuleSet) -> Result<Self, Failure> {
        let key = pseudonym::key(&config.state_dir, &SystemRandomness)?;
        Ok(Self::with_key(session, config, rules, key))
    }

    /// A writer for a command that only reads: the kept key where there is one.
    pub(super) fn unkept_or_kept(
        session: &'a Session<'a>,
        config: &Config,
        rules: &'a RuleSet,
    ) -> Result<Self, Failure> {
        if pseudonym::exists(&config.state_dir) {
            Self::new(session, config, rules)
        } else {
            Ok(Self::unkept(session, config, rules))
        }
    }

    /// A writer for a run that leaves nothing behind.
    pub(super) fn unkept(session: &'a Session<'a>, config: &Config, rules: &'a RuleSet) -> Self {
        Self::with_key(session, config, rules, pseudonym::fresh(&SystemRandomness))
    }

    fn with_key(session: &'a Session<'a>, config: &Config, rules: &'a RuleSet, key: [u8; 32]) -> Self {
        let places = Places {
            configuration: config.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            systems: config
                .systems
                .iter()
                .map(|system| (system.id.clone(), u32::try_from(system.line).unwrap_or(1)))
                .collect(),
            rule_pages: None,
        };
        let unique = data_encoding::HEXLOWER.encode(&SystemRandomness.key());
        Self { session, rules, places, key: PseudonymKey::new(key), unique }
    }

    fn context(&self, output: &Output, colour: Colour, width: usize) -> EmitContext<'_> {
        EmitContext {
            persons: output.persons,
            key: Some(&self.key),
            rules: self.rules,
            places: &self.places,
            width,
            colour,
            csv_bom: output.csv_bom,
        }
    }

    /// Writes one output, to its file or to standard output.
    pub(super) fn write(&self, output: &Output, report: &Report) -> Result<(), Failure> {
        if output.is_standard() {
            let width = self.session.environment.width.unwrap_or(100);
            let context = self.context(output, self.session.colour(), width);
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            emit::render(output.format, report, &context, &mut out)?;
            out.flush()?;
            return Ok(());
        }
        if let Some(folder) = output.path.parent() {
            emit::file::create_folder(folder)?;
        }
        let context = self.context(output, Colour::Off, 120);
        emit::write_file(&output.path, &self.unique, |out| emit::render(output.format, report, &context, out))?;
        Ok(())
    }

    /// Writes `run.json`.
    pub(super) fn write_run_json(&self, path: &Path, report: &Report) -> Result<(), Failure> {
        emit::write_file(path, &self.unique, |out| emit::run_json::write(report, out))?;
        Ok(())
    }

    /// The last block on standard error.
    pub(super) fn summary(&self, report: &Report) -> String {
        let output = Output::standard(OutputFormat::Table);
        let width = self.session.environment.width.unwrap_or(100);
        emit::summary(report, &self.context(&output, Colour::Off, width))
    }
}

/// What this program says of itself in the metrics.
pub(super) fn build_info() -> BuildInfo {
    BuildInfo { version: String::from(env!("CARGO_PKG_VERSION")), revision: String::from(super::version::REVISION) }
}

/// Texts of rules for outputs.
impl RuleTexts for RuleSet {
    fn title(&self, id: &str) -> Option<&str> {
        self.named(id).map(|(_, rule)| &*rule.title)
    }

    fn reason(&self, id: &str) -> Option<&str> {
        self.named(id).map(|(_, rule)| &*rule.reason)
    }

    fn remedy(&self, id: &str) -> Option<&str> {
        self.named(id).map(|(_, rule)| &*rule.remedy)
    }

    fn controls(&self, id: &str) -> Vec<&str> {
        self.named(id).map_or_else(Vec::new, |(_, rule)| rule.controls.iter().map(|control| &**control).collect())
    }

    fn attack(&self, id: &str) -> Option<&str> {
        self.named(id).and_then(|(_, rule)| rule.attack.first().map(|technique| &**technique))
    }

    fn version(&self, id: &str) -> Option<u32> {
        self.named(id).map(|(_, rule)| rule.version)
    }
}

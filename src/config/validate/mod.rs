//! From what a file says to what the program may trust. Every mistake is found, also where another one stands in the
//! same file: what does not fit its schema is told once, and its neighbours are checked all the same.

mod connection;
mod http_json;
mod live;
mod roster;
mod run;
mod serve;
mod service;
mod systems;
mod tickets;
mod trackers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::normal;
use crate::problem::{self, Problem};
use crate::roster::EndBasis;
use crate::roster::zones::Zone;
use crate::yaml::{self, Document};

use super::raw::file::RawProvenFile;
use super::raw::{RawConfig, RawIdentity};
use super::valid::{Config, DomainConfig, ProvenFile};

pub(super) use run::DEFAULTS as RUN_DEFAULTS;
pub(super) use serve::DEFAULTS as SERVE_DEFAULTS;
pub(super) use systems::DEFAULTS as SYSTEM_DEFAULTS;

/// Folder of the state where none is configured.
pub(super) const STATE_DIR: &str = "state";
/// Name of an organisation that gives none.
pub(super) const ORGANISATION: &str = "unnamed organisation";

/// A configuration with what should be told about it.
pub(super) struct Checked {
    pub(super) config: Config,
    pub(super) warnings: Vec<Problem>,
}

/// Mistakes and warnings as they are found.
struct Check<'a> {
    document: &'a Document,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Check<'_> {
    /// A text for a message: as the file has it where a variable was put into it, since that may be a secret.
    fn shown(&self, pointer: &str, text: impl std::fmt::Display) -> String {
        self.document.reference(pointer).map_or_else(|| text.to_string(), str::to_owned)
    }

    /// The valid word nearest to a text of the file, unless a variable was put into the text.
    fn nearest<'w>(&self, pointer: &str, text: &str, valid: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
        if self.document.reference(pointer).is_some() { None } else { problem::nearest(text, valid) }
    }

    /// Every text of `key` in a list, also in entries with other mistakes, with its form for messages.
    fn texts(&self, list: &str, key: &str) -> Vec<(String, String)> {
        let entries = 0..self.document.length(list).unwrap_or_default();
        let pointers = entries.map(|position| yaml::join(&yaml::join(list, &position.to_string()), key));
        let text = |pointer: String| {
            let text = self.document.json(&pointer)?.as_str()?.to_owned();
            let shown = self.shown(&pointer, &text);
            Some((text, shown))
        };
        pointers.filter_map(text).collect()
    }

    /// The form for messages of a text of `key` somewhere in a list.
    fn shown_in(&self, list: &str, key: &str, text: &str) -> String {
        let found = self.texts(list, key).into_iter().find(|(found, _)| found == text);
        found.map_or_else(|| text.to_owned(), |(_, shown)| shown)
    }

    /// What to say where `text` names none of `known`, each with its form for messages.
    fn did_you_mean(&self, pointer: &str, text: &str, known: &[(String, String)], otherwise: &str) -> String {
        let near = self.nearest(pointer, text, known.iter().map(|(known, _)| known.as_str()));
        if let Some((_, shown)) = known.iter().find(|(known, _)| Some(known.as_str()) == near) {
            return format!("did you mean `{shown}`?");
        }
        let shown: Vec<&str> = known.iter().map(|(_, shown)| shown.as_str()).collect();
        format!("{otherwise}: {}", shown.join(", "))
    }

    fn say(&mut self, pointer: &str, says: impl Into<String>) {
        self.problems.push(self.document.problem(pointer, says));
    }

    fn say_help(&mut self, pointer: &str, says: impl Into<String>, help: impl Into<String>) {
        self.problems.push(self.document.problem(pointer, says).help(help));
    }

    fn conceal(&mut self, pointer: &str, says: impl Into<String>, help: impl Into<String>) {
        self.problems.push(self.document.problem(pointer, says).help(help).concealed());
    }

    fn say_key(&mut self, pointer: &str, says: impl Into<String>, help: impl Into<String>) {
        self.problems.push(self.document.key_problem(pointer, says).help(help));
    }

    fn warn(&mut self, pointer: &str, says: impl Into<String>, help: impl Into<String>) {
        self.warnings.push(self.document.problem(pointer, says).help(help));
    }

    /// Tells every text of `key` that stands in an earlier entry of the same list already. Texts are compared in the
    /// form that `normal` gives them.
    fn unique(&mut self, list: &str, key: &str, normal: fn(&str) -> String) {
        let mut first: BTreeMap<String, usize> = BTreeMap::new();
        for position in 0..self.document.length(list).unwrap_or_default() {
            let pointer = yaml::join(&yaml::join(list, &position.to_string()), key);
            let Some(serde_json::Value::String(text)) = self.document.json(&pointer) else { continue };
            let line = self.document.place(&pointer).map_or(0, |place| place.line);
            if let Some(earlier) = first.get(&normal(&text)) {
                let help = format!("line {earlier} has it already");
                let says = format!("the {key} {} stands twice", self.shown(&pointer, &text));
                self.say_help(&pointer, says, help);
            } else {
                first.insert(normal(&text), line);
            }
        }
    }

    /// A time zone by its name; what the roster refuses in a row is refused here too.
    fn zone(&mut self, pointer: &str, name: &str) -> Option<chrono_tz::Tz> {
        let says = format!("no time zone is called \"{}\"", self.shown(pointer, name));
        match (Zone::parse(name), name.parse()) {
            (Ok(_), Ok(zone)) => return Some(zone),
            // The help may name the zone that is nearest to the text.
            (Err(not_a_zone), _) if self.document.reference(pointer).is_none() => {
                self.say_help(pointer, says, not_a_zone.help);
            }
            _ => self.say_help(pointer, says, "write a name of the tz database, such as Europe/Berlin"),
        }
        None
    }

    /// A strftime pattern. Empty and unknown specifiers are mistakes now, not when the first value is read.
    fn time_pattern(&mut self, pointer: &str, pattern: &str) {
        use chrono::format::{Item, StrftimeItems};
        let shown = self.shown(pointer, pattern);
        let mut items = StrftimeItems::new(pattern);
        if items.any(|item| item == Item::Error) {
            self.say_help(pointer, format!("\"{shown}\" is no pattern of times"), "such as %d.%m.%Y or %Y-%m-%d %H:%M");
        } else if !StrftimeItems::new(pattern).any(|item| matches!(item, Item::Numeric(..) | Item::Fixed(_))) {
            self.say_help(pointer, format!("\"{shown}\" has no place for a date"), "such as %d.%m.%Y");
        }
    }
}

/// Checks a document, which has its variables replaced.
pub(super) fn config(document: &Document, text: &str) -> Result<Checked, Vec<Problem>> {
    let mut check = Check { document, problems: Vec::new(), warnings: Vec::new() };
    let raw = match document.decode_explaining::<RawConfig>(&about_unknown_keys) {
        Ok(raw) => Some(raw),
        Err(problems) => {
            check.problems = problems;
            None
        }
    };
    let config = build(&mut check, text, raw);
    // Each message takes care itself; this is for the one that forgets.
    for problem in check.problems.iter_mut().chain(&mut check.warnings) {
        document.conceal(problem);
    }
    match config {
        Some(config) if check.problems.is_empty() => Ok(Checked { config, warnings: check.warnings }),
        _ => Err(check.problems),
    }
}

fn build(check: &mut Check<'_>, text: &str, mut raw: Option<RawConfig>) -> Option<Config> {
    let document = check.document;
    let tickets = raw.as_mut().map(|raw| raw.tickets.take());
    let (whole, roster, identity, systems, sentinels, run, outputs, metrics, raw_serve) = match raw {
        Some(raw) => {
            let whole = Whole {
                organisation: raw.organisation,
                state_dir: raw.state_dir,
                policy: raw.policy,
                exceptions: raw.exceptions,
                rules: raw.rules,
                known_apps: raw.known_apps,
            };
            (
                Some(whole),
                Some(raw.roster),
                raw.identity,
                Some(raw.systems),
                Some(raw.sentinel_leavers),
                raw.run,
                Some(raw.outputs),
                raw.metrics,
                raw.serve,
            )
        }
        None => (
            None,
            None,
            part(document, "/identity"),
            None,
            None,
            part(document, "/run"),
            None,
            part(document, "/metrics"),
            part(document, "/serve"),
        ),
    };
    let roster = roster::settings(check, roster);
    let domains = domains(check, identity);
    let run = run::run(check, run);
    let systems = systems::systems(check, systems, run.threads);
    let sentinel_leavers = systems::sentinel_leavers(check, sentinels);
    let outputs = run::outputs(check, outputs);
    let tickets = tickets::tickets(check, tickets);
    let serve = serve::serve(check, raw_serve, &systems);
    let metrics = run::metrics(check, metrics);
    let live_systems = systems.iter().filter(|system| system.is_live()).map(|system| ("/systems", system.id.as_str()));
    let sources = roster.settings.sources.iter();
    let live_sources = sources.filter(|source| source.is_live()).map(|source| ("/roster/sources", source.id.as_str()));
    if let Some(at) = &run.as_of
        && let Some((list, id)) = live_systems.chain(live_sources).next()
    {
        let at = check.shown("/run/as_of", at.format("%Y-%m-%dT%H:%M:%SZ"));
        let says = format!("the clock is set to {at}, but {} is read live", check.shown_in(list, "id", id));
        check.say("/run/as_of", says);
    } else if run.as_of.is_some() {
        let says = "everything is judged at this instant and not at the present one";
        check.warn("/run/as_of", says, "leave the key out for real runs");
    }
    let whole = whole?;
    let file = document.file().to_path_buf();
    Some(Config {
        base: base(&file),
        file,
        digest: yaml::digest(text),
        organisation: whole.organisation.unwrap_or_else(|| ORGANISATION.to_owned()),
        state_dir: PathBuf::from(whole.state_dir.unwrap_or_else(|| STATE_DIR.to_owned())),
        leave_policy: roster.leave_policy,
        roster: roster.settings,
        // The policy, which is a file of its own, may say otherwise: see `Config::with_policy`.
        end_basis: EndBasis::EarliestOfLastDayWorkedAndEndDate,
        domains,
        policy: whole.policy.map(PathBuf::from),
        exceptions: whole.exceptions.map(PathBuf::from),
        rules: whole.rules.map(PathBuf::from),
        systems,
        sentinel_leavers,
        known_apps: whole.known_apps.map(proven_file),
        run,
        outputs,
        metrics,
        tickets,
        serve,
    })
}

/// Keys that need no check beyond the schema.
struct Whole {
    organisation: Option<String>,
    state_dir: Option<String>,
    policy: Option<String>,
    exceptions: Option<String>,
    rules: Option<String>,
    known_apps: Option<RawProvenFile>,
}

/// Folder at which relative paths start.
fn base(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

fn proven_file(raw: RawProvenFile) -> ProvenFile {
    ProvenFile { path: PathBuf::from(raw.path), sha256: raw.sha256 }
}

/// The value at a pointer, where it fits; where it does not, the schema has told.
fn part<T: DeserializeOwned + JsonSchema>(document: &Document, pointer: &str) -> Option<T> {
    let Ok(value) = document.part(pointer)?.decode() else { return None };
    Some(value)
}

/// The entries of a list with their pointers. Where the document does not fit as a whole, each entry that fits alone.
fn entries<T: DeserializeOwned + JsonSchema>(
    document: &Document,
    whole: Option<Vec<T>>,
    list: &str,
) -> Vec<(String, T)> {
    let at = |position: usize| yaml::join(list, &position.to_string());
    match whole {
        Some(all) => all.into_iter().enumerate().map(|(position, value)| (at(position), value)).collect(),
        None => (0..document.length(list).unwrap_or_default())
            .filter_map(|position| Some((at(position), part(document, &at(position))?)))
            .collect(),
    }
}

fn domains(check: &mut Check<'_>, raw: Option<RawIdentity>) -> Vec<DomainConfig> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut domains = Vec::new();
    for (position, raw) in raw.into_iter().flat_map(|identity| identity.domains).enumerate() {
        let pointer = format!("/identity/domains/{position}");
        let names = std::iter::once((format!("{pointer}/name"), &raw.name))
            .chain(raw.aliases.iter().enumerate().map(|(at, alias)| (format!("{pointer}/aliases/{at}"), alias)));
        for (pointer, name) in names {
            let folded = normal::fold(name).into_owned();
            let line = check.document.place(&pointer).map_or(0, |place| place.line);
            let name = check.shown(&pointer, name);
            if !folded.contains('.') || folded.contains('@') || folded.contains(char::is_whitespace) {
                check.say(&pointer, format!("\"{name}\" is not a mail domain such as acme.example"));
            } else if let Some(earlier) = seen.get(&folded) {
                let says = format!("the domain {name} is declared twice");
                check.say_help(&pointer, says, format!("line {earlier} has it already"));
            } else {
                seen.insert(folded, line);
            }
        }
        domains.push(DomainConfig {
            name: normal::fold(&raw.name).into_owned(),
            aliases: raw.aliases.iter().map(|alias| normal::fold(alias).into_owned()).collect(),
        });
    }
    domains
}

/// What to say about keys that people try.
fn about_unknown_keys(key: &str) -> Option<String> {
    const SECRETS: [&str; 8] =
        ["secret", "token", "password", "passwd", "credential", "api_key", "apikey", "private_key"];
    let folded = key.to_lowercase().replace('-', "_");
    if SECRETS.iter().any(|word| folded.contains(word)) {
        return Some(
            "no secret itself belongs into this file; give a reference such as { env: NAME } to a key that takes one"
                .to_owned(),
        );
    }
    match folded.as_str() {
        "accounts" => Some("one system reads one account: `account: \"111122223333\"`".to_owned()),
        "organization" => Some("did you mean `organisation`?".to_owned()),
        _ => None,
    }
}

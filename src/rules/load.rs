//! From files to rules that passed every check. All mistakes of all files are collected, never only the first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cel::Env;
use scan_contract::{AccessKind, Documents, EntryKind, Relation};
use sha2::{Digest, Sha256};

use super::cases::{self, Plain};
use super::check::{Checked, check};
use super::lists::{List, Lists};
use super::model::EmploymentView;
use super::raw::{RawList, RawRule, RawStatus};
use super::rehearse::rehearse;
use super::ruleset::{Rule, RuleSet, RuleStatus};
use super::{controls, embedded, fields, position};
use crate::problem::{Place, Problem, nearest};
use crate::yaml::Document;

/// Stack of the thread that compiles expressions: the parser recurses deeply, and a debug build on a worker's stack
/// would abort on a dozen nested parentheses.
const COMPILE_STACK: usize = 64 << 20;

/// Largest rule or list file, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// A file's path and text.
#[derive(Debug, Clone)]
struct Source {
    path: PathBuf,
    text: String,
}

impl RuleSet {
    /// The catalogue that is part of the program, with empty lists.
    ///
    /// # Errors
    /// Every mistake in it; a test keeps it free of them.
    pub fn embedded() -> Result<Self, Vec<Problem>> {
        let source =
            |(path, text): &(&str, &str)| Source { path: Path::new("rules").join(path), text: (*text).to_owned() };
        assemble(
            &embedded::RULES.iter().map(source).collect::<Vec<_>>(),
            &embedded::LISTS.iter().map(source).collect::<Vec<_>>(),
        )
    }

    /// One rule file by itself, without the catalogue and with no list. For the fuzz target, which cannot afford the
    /// whole catalogue for every text.
    ///
    /// # Errors
    /// Every mistake in it.
    #[doc(hidden)]
    pub fn of_one(path: &Path, text: &str) -> Result<Self, Vec<Problem>> {
        assemble(&[Source { path: path.to_path_buf(), text: text.to_owned() }], &[])
    }

    /// The catalogue that is part of the program, with what the directory says on top: a rule file there replaces the
    /// rule of that id or adds one, and a file in `lists/` replaces the list of that name. A rule is taken out of force
    /// with `status: retired`, never by leaving it out: a directory that was half copied must not look like a clean
    /// company.
    ///
    /// # Errors
    /// Every mistake of every file, a directory that cannot be read, and names that are not understood.
    pub fn from_directory(documents: &dyn Documents, directory: &Path) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let rules = read_folder(documents, directory, &mut problems);
        let lists_folder = directory.join("lists");
        let lists = match documents.exists(&lists_folder) {
            Ok(true) => read_folder(documents, &lists_folder, &mut problems),
            Ok(false) => Vec::new(),
            Err(cause) => {
                problems.push(Problem::file(&lists_folder, cause.to_string()));
                Vec::new()
            }
        };
        if !problems.is_empty() {
            return Err(problems);
        }
        assemble(&overlay(embedded::RULES, rules), &overlay(embedded::LISTS, lists))
    }
}

fn read_folder(documents: &dyn Documents, folder: &Path, problems: &mut Vec<Problem>) -> Vec<Source> {
    let entries = match documents.list(folder) {
        Ok(entries) => entries,
        Err(cause) => {
            problems.push(Problem::file(folder, cause.to_string()));
            return Vec::new();
        }
    };
    let mut sources = Vec::new();
    for entry in entries {
        let path = folder.join(&entry.name);
        let extension = path.extension().and_then(|extension| extension.to_str());
        match (extension, entry.kind) {
            (Some("yaml"), EntryKind::File | EntryKind::Link) => match read_text(documents, &path) {
                Ok(text) => sources.push(Source { path, text }),
                Err(says) => problems.push(Problem::file(&path, says)),
            },
            (Some("yml"), _) => {
                problems.push(Problem::file(&path, "rule and list files end in `.yaml`; this one would not be read"));
            }
            _ => {}
        }
    }
    sources
}

fn read_text(documents: &dyn Documents, path: &Path) -> Result<String, String> {
    let bytes = documents.read_to_end(path, MAX_FILE).map_err(|cause| cause.to_string())?;
    String::from_utf8(bytes).map_err(|error| format!("is not UTF-8: {error}"))
}

fn overlay(embedded: &[(&str, &str)], own: Vec<Source>) -> Vec<Source> {
    let mut by_name: BTreeMap<PathBuf, Source> = embedded
        .iter()
        .map(|(name, text)| {
            (PathBuf::from(name), Source { path: Path::new("rules").join(name), text: (*text).to_owned() })
        })
        .collect();
    for source in own {
        // Embedded lists are named `lists/<name>.yaml`, so the last part of the path is what is compared.
        let name = source.path.file_name().map(PathBuf::from).unwrap_or_default();
        by_name.retain(|known, _| known.file_name() != name.file_name());
        by_name.insert(name, source);
    }
    by_name.into_values().collect()
}

/// Reads, checks and compiles on a thread with room.
fn assemble(rules: &[Source], lists: &[Source]) -> Result<RuleSet, Vec<Problem>> {
    let failed = |says: String| vec![Problem::file(Path::new("rules"), says)];
    std::thread::scope(|scope| {
        let compiling = std::thread::Builder::new()
            .name("rules".to_owned())
            .stack_size(COMPILE_STACK)
            .spawn_scoped(scope, || read_all(rules, lists))
            .map_err(|error| failed(format!("no thread to compile rules on: {error}")))?;
        compiling.join().unwrap_or_else(|_| Err(failed("compiling the rules panicked; this is a bug".to_owned())))
    })
}

fn read_all(rule_files: &[Source], list_files: &[Source]) -> Result<RuleSet, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut lists = Lists::default();
    for source in list_files {
        match read_list(source) {
            Ok((name, list)) => lists.put(&name, list),
            Err(found) => problems.extend(found),
        }
    }
    let env = Arc::new(Env::stdlib());
    let mut rules = Vec::new();
    for source in rule_files {
        match read_rule(source, &lists, &env) {
            Ok(rule) => rules.push(rule),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        Ok(RuleSet::assemble(rules, lists, env, digest(rule_files, list_files)))
    } else {
        Err(problems)
    }
}

fn digest(rule_files: &[Source], list_files: &[Source]) -> String {
    let mut named: Vec<(&str, String)> = [("rule", rule_files), ("list", list_files)]
        .into_iter()
        .flat_map(|(sort, sources)| sources.iter().map(move |source| (sort, source)))
        .map(|(sort, source)| (sort, format!("{} {}\n", stem(&source.path), hex(&Sha256::digest(&source.text)))))
        .collect();
    named.sort();
    let mut hash = Sha256::new();
    for (sort, line) in named {
        hash.update(sort);
        hash.update(" ");
        hash.update(line);
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

fn read_list(source: &Source) -> Result<(String, List), Vec<Problem>> {
    let document = Document::read(&source.path, &source.text)?;
    let raw: RawList = document.decode()?;
    let mut problems = Vec::new();
    let mut list = List::default();
    for (position, entry) in raw.entries.iter().enumerate() {
        match (&entry.grant_id, &entry.login) {
            (Some(grant_id), None) => list.add_grant(&entry.system, grant_id),
            (None, Some(login)) => list.add_login(&entry.system, login),
            _ => problems
                .push(document.problem(&format!("/entries/{position}"), "exactly one of `grant_id` and `login`")),
        }
    }
    if raw.description.trim().is_empty() {
        problems.push(document.problem("/description", "says nothing"));
    }
    if problems.is_empty() { Ok((stem(&source.path).replace('-', "_"), list)) } else { Err(problems) }
}

/// Collects the mistakes of one rule file.
struct Reading<'a> {
    source: &'a Source,
    document: &'a Document,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn wrong(&mut self, pointer: &str, says: impl Into<String>) {
        self.problems.push(self.document.problem(pointer, says));
    }

    fn wrong_with(&mut self, pointer: &str, says: impl Into<String>, help: Option<String>) {
        let problem = self.document.problem(pointer, says);
        self.problems.push(match help {
            Some(help) => problem.help(help),
            None => problem,
        });
    }

    fn text(&mut self, pointer: &str, text: &str) -> Arc<str> {
        if text.trim().is_empty() {
            self.wrong(pointer, "says nothing");
        }
        Arc::from(text.trim())
    }

    fn words<T>(&mut self, pointer: &str, words: &[String], parse: fn(&str) -> Option<T>) -> Vec<T> {
        let mut parsed = Vec::new();
        for (position, word) in words.iter().enumerate() {
            match parse(word) {
                Some(value) => parsed.push(value),
                None => self.wrong(&format!("{pointer}/{position}"), format!("unknown word {word:?}")),
            }
        }
        parsed
    }

    /// Names that must stand in a table.
    fn known(&mut self, pointer: &str, names: &[String], what: &str, table: &[&'static str]) -> Vec<Arc<str>> {
        for (position, name) in names.iter().enumerate() {
            if !table.contains(&name.as_str()) {
                let help = nearest(name, table.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                self.wrong_with(&format!("{pointer}/{position}"), format!("{name:?} is no {what} we know"), help);
            }
        }
        names.iter().map(|name| Arc::from(name.as_str())).collect()
    }

    fn condition(&mut self, when: &str, lists: &Lists, env: &Arc<Env>) -> Option<Checked> {
        let scalar = self.document.place("/when").unwrap_or(Place { line: 1, column: 1, length: 1 });
        match check(when, lists) {
            Ok(checked) => {
                if let Err(failure) = rehearse(&checked, env) {
                    self.wrong("/when", format!("fails when it is tried: {failure}"));
                }
                Some(checked)
            }
            Err(faults) => {
                for fault in faults {
                    let place = position::locate(&self.source.text, scalar, when, fault.start, fault.end);
                    let problem = Problem::at(&self.source.path, Some(place), "when", fault.says);
                    self.problems.push(match fault.help {
                        Some(help) => problem.help(help),
                        None => problem,
                    });
                }
                None
            }
        }
    }
}

fn read_rule(source: &Source, lists: &Lists, env: &Arc<Env>) -> Result<Rule, Vec<Problem>> {
    let document = Document::read(&source.path, &source.text)?;
    let raw: RawRule = document.decode()?;
    let mut read = Reading { source, document: &document, problems: Vec::new() };
    check_name(&mut read, &raw);
    let kinds = read.words("/access", &raw.access, AccessKind::parse);
    let relations = read.words("/relation", &raw.relation, Relation::parse);
    let employment: Vec<EmploymentView> = raw.employment.iter().map(|raw| EmploymentView::from(*raw)).collect();
    let fact_names: Vec<&'static str> = fields::FIELDS.iter().map(|field| field.path).collect();
    let control_names: Vec<&'static str> = controls::CONTROLS.iter().map(|control| control.id).collect();
    let technique_names: Vec<&'static str> = controls::TECHNIQUES.iter().map(|technique| technique.id).collect();
    let title = read.text("/title", &raw.title);
    let reason = read.text("/reason", &raw.reason);
    let remedy = read.text("/remedy", &raw.remedy);
    let evidence = read.known("/evidence", &raw.evidence, "fact", &fact_names);
    let controls = read.known("/controls", &raw.controls, "control", &control_names);
    if !raw.controls.is_sorted_by_key(|id| controls::rank(id)) {
        read.wrong("/controls", "controls stand in the order of the framework table");
    }
    let attack = read.known("/attack", &raw.attack, "technique", &technique_names);
    let checked = read.condition(&raw.when, lists, env);
    let plain = if let (Some(kind), Some(relation), Some(employment)) =
        (kinds.first(), relations.first(), employment.first())
    {
        Some(Plain { kind: *kind, relation: *relation, employment: *employment })
    } else {
        read.wrong("/access", "a rule looks at one kind, one relation and one employment at least");
        None
    };
    let cases = plain.map(|plain| read_cases(&mut read, &raw, &plain, lists)).unwrap_or_default();
    let (Some(checked), true) = (checked, read.problems.is_empty()) else { return Err(read.problems) };
    Ok(Rule {
        id: Arc::from(raw.id),
        version: raw.version,
        status: match raw.status {
            RawStatus::Experimental => RuleStatus::Experimental,
            RawStatus::Stable => RuleStatus::Stable,
            RawStatus::Retired => RuleStatus::Retired,
        },
        title,
        kinds,
        relations,
        employment,
        when: Arc::from(raw.when.trim()),
        reason,
        remedy,
        evidence,
        controls,
        attack,
        false_positives: raw.false_positives.iter().map(|text| Arc::from(text.trim())).collect(),
        weight: raw.weight,
        additive: raw.additive,
        file: source.path.clone(),
        program: checked.program,
        needs: checked.needs,
        cases,
    })
}

fn check_name(read: &mut Reading<'_>, raw: &RawRule) {
    let stem = stem(&read.source.path);
    if raw.id != stem {
        read.wrong("/id", format!("the file is called {stem:?}: id and file name are the same, forever"));
    }
    let plain = raw.id.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) && raw.id.len() <= 64;
    if !plain || raw.id.is_empty() {
        read.wrong("/id", "an id is up to 64 lower-case letters, digits and hyphens");
    }
    if raw.version == 0 {
        read.wrong("/version", "versions count from 1");
    }
}

fn read_cases(read: &mut Reading<'_>, raw: &RawRule, plain: &Plain, lists: &Lists) -> Vec<cases::Case> {
    let mut built = Vec::new();
    for (position, case) in raw.cases.iter().enumerate() {
        let pointer = format!("/cases/{position}");
        for (at, name) in case.given.lists.iter().enumerate() {
            if lists.named(name).is_none() {
                let help = nearest(name, lists.names()).map(|near| format!("did you mean `{near}`?"));
                read.wrong_with(&format!("{pointer}/given/lists/{at}"), format!("there is no list {name:?}"), help);
            }
        }
        match cases::build(case.clone(), plain, read.document.place(&pointer)) {
            Ok(case) => built.push(case),
            Err(mistakes) => {
                for (step, says) in mistakes {
                    read.wrong(&format!("{pointer}{step}"), says);
                }
            }
        }
    }
    let missing: Vec<&str> = [cases::Expected::Hit, cases::Expected::Miss, cases::Expected::Unknown]
        .into_iter()
        .filter(|wanted| !raw.cases.iter().any(|case| cases::Expected::from(case.expect) == *wanted))
        .map(cases::Expected::as_str)
        .collect();
    if !missing.is_empty() {
        read.wrong("/cases", format!("no case expects {}: a rule shows all three answers", missing.join(", ")));
    }
    built
}

//! From the file to its entries. One broken entry does not break its neighbours.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::problem::Problem;
use crate::roster::PersonId;
use crate::yaml::{self, Document, forms};

use super::Exception;
use super::raw::{RawException, RawFile};

/// An exceptions file as read.
#[derive(Debug, Clone)]
pub struct ExceptionFile {
    pub(super) file: PathBuf,
    pub(super) digest: Option<String>,
    pub(super) document: Option<Document>,
    pub(super) entries: Vec<Entry>,
    /// Mistakes because of which the whole file cannot be used.
    pub(super) unusable: Vec<Problem>,
}

/// One entry.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    /// Fits the schema.
    Read(Box<Exception>),
    /// Does not.
    Broken(Broken),
}

/// What can be said of an entry that does not fit the schema.
#[derive(Debug, Clone)]
pub(super) struct Broken {
    pub(super) id: Option<String>,
    pub(super) person_id: Option<String>,
    pub(super) system: Option<String>,
    pub(super) expires_at: Option<scan_contract::Instant>,
    pub(super) problems: Vec<Problem>,
}

impl Entry {
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Read(exception) => Some(&exception.id),
            Self::Broken(broken) => broken.id.as_deref(),
        }
    }
}

impl ExceptionFile {
    /// The file of an organisation that has none: nothing is suppressed, and nothing is wrong.
    pub fn none() -> Self {
        Self { file: PathBuf::new(), digest: None, document: None, entries: Vec::new(), unusable: Vec::new() }
    }

    /// Reads a file. Whatever is wrong is kept with it and told by what is judged from it.
    pub fn read(file: &Path, text: &str) -> Self {
        let digest = Some(yaml::digest(text));
        let unusable = |problems| Self { digest: digest.clone(), ..Self::unusable(file, problems) };
        let document = match Document::read(file, text) {
            Ok(document) => document,
            Err(problems) => return unusable(problems),
        };
        let entries = match document.decode::<RawFile>() {
            Ok(raw) => raw.exceptions.into_iter().map(|raw| Entry::Read(Box::new(exception(raw)))).collect(),
            Err(problems) => match one_by_one(&document, problems) {
                Ok(entries) => entries,
                Err(of_file) => return unusable(of_file),
            },
        };
        Self { file: file.to_path_buf(), digest, document: Some(document), entries, unusable: Vec::new() }
    }

    /// A file that could not be opened or is no text: it suppresses nothing.
    pub fn unusable(file: &Path, problems: Vec<Problem>) -> Self {
        Self { file: file.to_path_buf(), unusable: problems, ..Self::none() }
    }

    /// What is wrong with the file by itself, before it is held against people and systems.
    pub fn problems(&self) -> Vec<Problem> {
        let entries = self.entries.iter().flat_map(|entry| match entry {
            Entry::Read(_) => &[][..],
            Entry::Broken(broken) => &broken.problems,
        });
        self.unusable.iter().chain(entries).cloned().collect()
    }

    /// SHA-256 of the file, lower-case hex; `None` where none was read.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }
}

/// The entries of a file that does not fit as a whole; or its mistakes, where they are not of single entries.
fn one_by_one(document: &Document, problems: Vec<Problem>) -> Result<Vec<Entry>, Vec<Problem>> {
    let mut broken: BTreeMap<usize, Vec<Problem>> = BTreeMap::new();
    let mut of_file = Vec::new();
    for problem in problems {
        match position(&problem.key) {
            Some(position) => broken.entry(position).or_default().push(problem),
            None => of_file.push(problem),
        }
    }
    if !of_file.is_empty() {
        return Err(of_file);
    }
    let count = document.length("/exceptions").unwrap_or_default();
    Ok((0..count).map(|position| entry(document, position, broken.remove(&position))).collect())
}

/// The position in `exceptions[3].scope`.
fn position(key: &str) -> Option<usize> {
    let (position, _) = key.strip_prefix("exceptions[")?.split_once(']')?;
    let Ok(position) = position.parse() else { return None };
    Some(position)
}

fn entry(document: &Document, position: usize, known: Option<Vec<Problem>>) -> Entry {
    let pointer = format!("/exceptions/{position}");
    let decoded = match (known, document.part(&pointer)) {
        (None, Some(part)) => part.decode::<RawException>(),
        (Some(problems), _) => Err(problems),
        (None, None) => Err(vec![document.problem(&pointer, "cannot be read")]),
    };
    match decoded {
        Ok(raw) => Entry::Read(Box::new(exception(raw))),
        Err(problems) => {
            let text = |below: &str| {
                document.json(&format!("{pointer}{below}")).and_then(|value| value.as_str().map(str::to_owned))
            };
            Entry::Broken(Broken {
                id: text("/id"),
                person_id: text("/scope/person_id"),
                system: text("/scope/system"),
                expires_at: text("/expires_at").and_then(|text| forms::instant(&text)),
                problems,
            })
        }
    }
}

fn exception(raw: RawException) -> Exception {
    let approved_at = raw.approved_at.0;
    Exception {
        id: Arc::from(raw.id),
        kind: raw.kind,
        person_id: PersonId::new(raw.scope.person_id),
        system: raw.scope.system,
        access_kinds: raw.scope.access_kinds.into_iter().flatten().map(|kind| kind.0).collect(),
        resource: raw.scope.resource,
        rules: raw.scope.rules.unwrap_or_default(),
        fingerprint: raw.scope.fingerprint,
        reason: raw.reason,
        compensating_controls: raw.compensating_controls,
        requested_by: raw.requested_by,
        approved_by: raw.approved_by,
        approved_at,
        starts_at: raw.starts_at.map_or(approved_at, |starts_at| starts_at.0),
        expires_at: raw.expires_at.0,
        ticket: raw.ticket,
        review_owner: raw.review.owner,
        review_next_at: raw.review.next_at.map(|at| at.0),
        on_expiry: raw.review.on_expiry,
        renews: raw.renews,
        revoked_at: raw.revoked_at.map(|at| at.0),
    }
}

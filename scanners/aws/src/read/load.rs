//! Opens the configured documents, each on its own: one that cannot be read takes nothing from the others.

use std::collections::BTreeSet;
use std::path::Path;

use scan_contract::{Cause, Documents, Instant};

use crate::arn::Arn;
use crate::read::details::Details;
use crate::read::keys::KeyLists;
use crate::read::report::Report;
use crate::settings::Settings;

/// One document.
#[derive(Debug)]
pub(crate) enum Source<T> {
    /// The configuration names none.
    NotConfigured,
    /// It could not be read at all.
    Failed(Cause),
    /// What it says, with its own damage inside.
    Read(T),
}

impl<T> Source<T> {
    /// What was read, if anything.
    pub(crate) fn get(&self) -> Option<&T> {
        match self {
            Self::Read(document) => Some(document),
            Self::NotConfigured | Self::Failed(_) => None,
        }
    }

    /// Why it was not read.
    pub(crate) fn failure(&self) -> Option<&Cause> {
        match self {
            Self::Failed(cause) => Some(cause),
            Self::NotConfigured | Self::Read(_) => None,
        }
    }
}

/// All documents of one account.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) details: Source<Details>,
    pub(crate) report: Source<Report>,
    pub(crate) keys: Source<KeyLists>,
}

impl Loaded {
    /// Reads every configured document.
    pub(crate) fn load(settings: &Settings, documents: &dyn Documents) -> Self {
        let limit = settings.limits.document_bytes;
        let paths = &settings.documents;
        Self {
            details: open(documents, paths.authorization_details.as_deref(), limit, |bytes, origin| {
                Ok(Details::read(bytes, origin))
            }),
            report: open(documents, paths.credential_report.as_deref(), limit, Report::read),
            keys: open(documents, paths.access_keys.as_deref(), limit, |bytes, origin| {
                Ok(KeyLists::read(bytes, origin))
            }),
        }
    }

    /// Every account that owns an object of the documents (CMP-1). The vendor's own policies carry no account.
    pub(crate) fn accounts(&self) -> BTreeSet<String> {
        let mut arns: Vec<&str> = Vec::new();
        if let Some(details) = self.details.get() {
            arns.extend(details.users.iter().map(|user| user.arn.as_str()));
            arns.extend(details.groups.iter().map(|group| group.arn.as_str()));
            arns.extend(details.roles.iter().map(|role| role.arn.as_str()));
            arns.extend(details.policies.iter().map(|policy| policy.arn.as_str()));
        }
        if let Some(report) = self.report.get() {
            arns.extend(report.rows.iter().map(|row| row.arn.as_str()));
        }
        arns.into_iter()
            .filter_map(Arn::parse)
            .map(|arn| arn.account)
            .filter(|account| *account != "aws")
            .map(str::to_owned)
            .collect()
    }

    /// The first reason why a document could not be read.
    pub(crate) fn first_failure(&self) -> Option<&Cause> {
        let damaged = || self.details.get().and_then(|details| details.broken.first());
        self.details.failure().or_else(|| self.report.failure()).or_else(damaged).or_else(|| self.keys.failure())
    }

    /// The instant the report describes, where it says it itself.
    pub(crate) fn generated(&self) -> Option<Instant> {
        self.report.get().and_then(|report| report.generated)
    }
}

fn open<T>(
    documents: &dyn Documents,
    path: Option<&Path>,
    limit: u64,
    read: impl FnOnce(&[u8], &str) -> Result<T, Cause>,
) -> Source<T> {
    let Some(path) = path else { return Source::NotConfigured };
    let read = documents.read_to_end(path, limit).and_then(|bytes| read(&bytes, &path.display().to_string()));
    match read {
        Ok(document) => Source::Read(document),
        Err(cause) => Source::Failed(cause),
    }
}

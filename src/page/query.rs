//! Filters in the address, read and written. An address can be sent to a colleague and shows the same.

use scan_contract::AccessKind;

use crate::emit::sections::{self, Section};
use crate::findings::{Finding, Severity, UsedAfterEnd};
use crate::serve::page_port::PageRequest;

/// Entries on one page.
pub(super) const PER_PAGE: usize = 50;
/// Longest text that is looked for.
const LONGEST: usize = 200;

/// Which list of findings is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Shown {
    /// Open and due.
    #[default]
    Residual,
    /// Within the agreed time.
    WithinTime,
    /// Under an exception.
    Excepted,
    /// Not certain whose.
    Ambiguous,
    /// Closed by the run.
    Closed,
    /// Switched off, not gone.
    Remnants,
    /// Paid seats.
    Licences,
}

impl Shown {
    pub(super) const ALL: [Self; 7] = [
        Self::Residual,
        Self::WithinTime,
        Self::Excepted,
        Self::Ambiguous,
        Self::Closed,
        Self::Remnants,
        Self::Licences,
    ];

    /// The word in the address.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Residual => "residual",
            Self::WithinTime => "within-time",
            Self::Excepted => "excepted",
            Self::Ambiguous => "ambiguous",
            Self::Closed => "closed",
            Self::Remnants => "remnants",
            Self::Licences => "licences",
        }
    }

    /// The word for people.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Residual => "Residual access",
            Self::WithinTime => "Within the agreed time",
            Self::Excepted => "Under an exception",
            Self::Ambiguous => "Not certain whose",
            Self::Closed => "Closed by this run",
            Self::Remnants => "Remnants: switched off, not gone",
            Self::Licences => "Paid seats",
        }
    }

    /// Whether the list knows whose each entry is; grants without a certain holder have neither severity, use nor team.
    pub(super) fn is_certain(self) -> bool {
        self != Self::Ambiguous
    }

    /// Whether a finding of [`crate::report::Report::findings`] is in it.
    pub(super) fn holds(self, finding: &Finding) -> bool {
        match self {
            Self::Residual => sections::section(finding) == Section::Residual,
            Self::WithinTime => sections::section(finding) == Section::WithinTime,
            Self::Excepted => sections::section(finding) == Section::Suppressed,
            Self::Ambiguous => sections::section(finding) == Section::Ambiguous,
            Self::Closed | Self::Remnants | Self::Licences => false,
        }
    }
}

/// Names of all filters.
const NAMES: [&str; 10] = ["run", "show", "severity", "system", "kind", "team", "person", "used", "q", "page"];

/// The filters that do something on a page.
fn taken(path: &str) -> &'static [&'static str] {
    match path.trim_end_matches('/') {
        "/findings" => &NAMES,
        // The table has one page.
        "/findings.csv" => &["run", "show", "severity", "system", "kind", "team", "person", "used", "q"],
        "/leavers" => &["run", "severity", "system", "person", "q", "page"],
        _ => &["run"],
    }
}

/// A grant without a certain holder, as far as filters look at it.
pub(super) struct Uncertain<'a> {
    pub(super) system: &'a str,
    pub(super) kind: AccessKind,
    pub(super) grant_id: &'a str,
    pub(super) grant_display: Option<&'a str>,
    /// Whose it may be: the id, and how the person is shown.
    pub(super) candidates: Vec<(&'a str, String)>,
}

/// What an address asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Query {
    /// Kept run; the newest one without it.
    pub(super) run: Option<String>,
    pub(super) shown: Shown,
    pub(super) severities: Vec<Severity>,
    pub(super) system: Option<String>,
    pub(super) kind: Option<AccessKind>,
    pub(super) team: Option<String>,
    pub(super) person: Option<String>,
    /// Used after the end only.
    pub(super) used: bool,
    /// Looked for in person, grant and target.
    pub(super) text: Option<String>,
    /// From 1.
    pub(super) page: usize,
}

impl Query {
    /// Reads an address. What is not understood, or does nothing on that page, is told and never passed over: a filter
    /// that does nothing would show more or less than its reader believes.
    pub(super) fn read(request: &PageRequest) -> Result<Self, String> {
        let mut query = Self { page: 1, ..Self::default() };
        let takes = taken(&request.path);
        let mut said: Vec<&str> = Vec::new();
        for (name, value) in &request.query {
            let others = || expected("a filter", takes.iter().copied());
            let Some(name) = NAMES.into_iter().find(|known| known == name) else {
                return Err(format!("A filter is not known. {}", others()));
            };
            if !takes.contains(&name) {
                return Err(format!("`{name}` does nothing on this page. {}", others()));
            }
            if value.len() > LONGEST {
                return Err(format!("A value is longer than {LONGEST} bytes."));
            }
            if value.is_empty() {
                continue;
            }
            if name != "severity" && said.contains(&name) {
                return Err(format!("`{name}` stands twice; only `severity` may."));
            }
            said.push(name);
            query.take(name, value)?;
        }
        query.check()?;
        Ok(query)
    }

    /// One filter with its value.
    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        let word = || Some(value.to_owned());
        match name {
            "run" => self.run = word(),
            "show" => {
                let shown = Shown::ALL.into_iter().find(|shown| shown.word() == value);
                self.shown = shown.ok_or_else(|| expected("show", Shown::ALL.iter().map(|shown| shown.word())))?;
            }
            "severity" => {
                let words = || Severity::ALL.iter().map(|severity| severity.as_str());
                let severity = Severity::parse(value).ok_or_else(|| expected("severity", words()))?;
                if !self.severities.contains(&severity) {
                    self.severities.push(severity);
                }
            }
            "system" => self.system = word(),
            "kind" => {
                let words = || AccessKind::ALL.iter().map(|kind| kind.as_str());
                self.kind = Some(AccessKind::parse(value).ok_or_else(|| expected("kind", words()))?);
            }
            "team" => self.team = word(),
            "person" => self.person = word(),
            "used" if value == "after" => self.used = true,
            "used" => return Err(expected("used", ["after"])),
            "q" => self.text = word(),
            _ => {
                self.page = match value.parse() {
                    Ok(page @ 1..=100_000) => page,
                    Ok(_) | Err(_) => return Err(String::from("`page` is a number from 1 to 100000.")),
                };
            }
        }
        Ok(())
    }

    /// Whether every filter does something in the list that is asked for.
    fn check(&self) -> Result<(), String> {
        if self.shown.is_certain() {
            return Ok(());
        }
        let idle = [("severity", !self.severities.is_empty()), ("team", self.team.is_some()), ("used", self.used)];
        match idle.into_iter().find(|(_, said)| *said) {
            Some((name, _)) => Err(format!(
                "`{name}` does nothing in the list “{}”: grants without a certain holder have none. {}",
                self.shown.label(),
                expected("a filter there", ["system", "kind", "person", "q"])
            )),
            None => Ok(()),
        }
    }

    /// Whether a finding passes, leaving out which list it is in. `label` is how its person is shown.
    pub(super) fn takes(&self, finding: &Finding, label: &str) -> bool {
        let words =
            [Some(label), Some(finding.grant_id.as_str()), finding.grant_display.as_deref(), finding.target.as_deref()];
        let begins = |text: &str| finding.fingerprint.to_string().starts_with(&text.to_lowercase());
        (self.severities.is_empty() || self.severities.contains(&finding.severity))
            && same(self.system.as_deref(), Some(finding.system.as_str()))
            && self.kind.is_none_or(|kind| kind == finding.access_kind)
            && same(self.team.as_deref(), finding.owner_team.as_deref())
            && same(self.person.as_deref(), Some(finding.person_id.as_str()))
            && (!self.used || finding.used_after_end == UsedAfterEnd::After)
            && self.text.as_deref().is_none_or(|text| holds(text, words) || begins(text))
    }

    /// Whether a grant without a certain holder passes.
    pub(super) fn takes_uncertain(&self, grant: &Uncertain<'_>) -> bool {
        let words = [Some(grant.grant_id), grant.grant_display].into_iter();
        let labels = grant.candidates.iter().map(|(_, label)| Some(label.as_str()));
        let person = self.person.as_deref();
        same(self.system.as_deref(), Some(grant.system))
            && self.kind.is_none_or(|kind| kind == grant.kind)
            && (person.is_none() || grant.candidates.iter().any(|(id, _)| same(person, Some(id))))
            && self.text.as_deref().is_none_or(|text| holds(text, words.chain(labels)))
    }

    /// Whether anything narrows the list.
    pub(super) fn narrows(&self) -> bool {
        let Self { run: _, shown: _, severities, system, kind, team, person, used, text, page: _ } = self;
        !severities.is_empty()
            || system.is_some()
            || kind.is_some()
            || team.is_some()
            || person.is_some()
            || *used
            || text.is_some()
    }

    /// The address of a page with these filters.
    pub(super) fn address(&self, path: &str) -> String {
        let mut address = String::from(path);
        let mut between = '?';
        let mut add = |name: &str, value: &str| {
            let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            address.extend([format!("{between}{name}={value}")]);
            between = '&';
        };
        if let Some(run) = &self.run {
            add("run", run);
        }
        if self.shown != Shown::default() {
            add("show", self.shown.word());
        }
        for severity in &self.severities {
            add("severity", severity.as_str());
        }
        if let Some(kind) = self.kind {
            add("kind", kind.as_str());
        }
        let texts = [("system", &self.system), ("team", &self.team), ("person", &self.person), ("q", &self.text)];
        for (name, value) in texts {
            if let Some(value) = value {
                add(name, value);
            }
        }
        if self.used {
            add("used", "after");
        }
        if self.page > 1 {
            add("page", &self.page.to_string());
        }
        address
    }

    /// The same run, nothing else.
    pub(super) fn same_run(&self) -> Self {
        Self { run: self.run.clone(), page: 1, ..Self::default() }
    }
}

/// A choice of the form carries the inert form of a value, a link the value itself.
fn same(wanted: Option<&str>, found: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| found.is_some_and(|found| found == wanted || crate::hostile::line(found) == wanted))
}

/// Whether one of the words holds a text, in letters of any size.
fn holds<'a>(text: &str, words: impl IntoIterator<Item = Option<&'a str>>) -> bool {
    let wanted = text.to_lowercase();
    words.into_iter().flatten().any(|found| found.to_lowercase().contains(&wanted))
}

fn expected<'a>(name: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    format!("`{name}` is one of {}.", words.join(", "))
}

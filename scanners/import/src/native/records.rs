//! Header, gap and end lines.

use std::collections::BTreeSet;

use scan_contract::{Cause, Instant};

use super::tree::Tree;
use crate::tally::{Keys, short};
use crate::time;

/// The version this reader knows.
const VERSION: u64 = 1;

/// Most scopes a file can claim: their numbers fit sixteen bits, and each is a row in every report.
const SCOPES: usize = 10_000;

/// The first line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Header {
    pub(crate) system: String,
    pub(super) as_of: Instant,
    pub(crate) scopes: Vec<String>,
    pub(super) produced_by: Option<String>,
}

/// A line that the producer could not read something.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GapLine {
    /// `None` concerns the whole file.
    pub(super) scope: Option<String>,
    pub(super) part: Option<String>,
    pub(super) cause: Cause,
    /// The producer's words, where the cause has no room for them.
    pub(super) notice: Option<String>,
}

/// A line that is no access.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Record {
    Gap(GapLine),
    End(Vec<(String, u64)>),
    /// A header that is not the first line.
    Header,
}

/// Reads the first line. The error says what is wrong with it.
pub(super) fn header(line: &str, keys: &mut Keys) -> Result<Header, String> {
    let tree = Tree::parse(line)?;
    if tree.text("record") != Some("header") {
        return Err(String::from("the first line is no header: expected \"record\": \"header\""));
    }
    if tree.text("format") != Some("holdover-import") {
        return Err(String::from("format: expected \"holdover-import\""));
    }
    match tree.field("version").and_then(Tree::count) {
        Some(VERSION) => {}
        Some(other) => return Err(format!("version {other} is not known to this reader; it knows version {VERSION}")),
        None => return Err(String::from("version: expected a whole number")),
    }
    let system = tree.text("system").ok_or("system: expected a text")?.to_owned();
    let as_of = tree.text("as_of").and_then(time::instant).ok_or("as_of: expected an RFC 3339 instant")?;
    let produced_by = match tree.field("produced_by") {
        None | Some(Tree::Null) => None,
        Some(Tree::Text(text)) => Some(text.clone()),
        Some(_) => return Err(String::from("produced_by: expected a text")),
    };
    let scopes = scopes(&tree)?;
    for key in tree.unknown(&["record", "format", "version", "system", "as_of", "produced_by", "scopes"]) {
        keys.note("header: ", key, 1);
    }
    Ok(Header { system, as_of, scopes, produced_by })
}

fn scopes(tree: &Tree) -> Result<Vec<String>, String> {
    let expected = || String::from("scopes: expected a list of different names that are not empty");
    let Some(Tree::List(items)) = tree.field("scopes") else { return Err(expected()) };
    if items.is_empty() || items.len() > SCOPES {
        return Err(format!("scopes: expected one to {SCOPES} names, found {}", items.len()));
    }
    let mut scopes = Vec::with_capacity(items.len());
    let mut seen = BTreeSet::new();
    for item in items {
        match item {
            Tree::Text(name) if !name.trim().is_empty() && seen.insert(name.as_str()) => scopes.push(name.clone()),
            _ => return Err(expected()),
        }
    }
    Ok(scopes)
}

/// Reads a line that is no access. The error says what is wrong with it.
pub(super) fn record(line: &str, keys: &mut Keys) -> Result<Record, String> {
    let tree = Tree::parse(line)?;
    match tree.text("record") {
        Some("gap") => gap(&tree, keys).map(Record::Gap),
        Some("end") => end(&tree, keys).map(Record::End),
        Some("header") => Ok(Record::Header),
        Some(other) => Err(format!("record: {:?} is none of header, access, gap and end", short(other))),
        None => Err(String::from("record: expected a text")),
    }
}

fn gap(tree: &Tree, keys: &mut Keys) -> Result<GapLine, String> {
    let optional = |key: &str| match tree.field(key) {
        None | Some(Tree::Null) => Ok(None),
        Some(Tree::Text(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("{key}: expected a text")),
    };
    let (scope, part, detail) = (optional("scope")?, optional("part")?, optional("detail")?);
    if scope.as_ref().is_some_and(|name| name.trim().is_empty()) {
        return Err(String::from("scope: expected a name that is not empty"));
    }
    let word = tree.text("cause").ok_or("cause: expected a text")?;
    let detail = detail.map_or_else(|| String::from("the producer gives no detail"), |text| cut(&text));
    let part = part.map(|text| cut(&text));
    let mut notice = None;
    let cause = match word {
        // Producers write "needs x" or "x"; the cause says "needs" itself.
        "denied" => Cause::Denied { permission: detail.strip_prefix("needs ").map_or(detail.clone(), String::from) },
        "not_on_plan" => Cause::NotOnPlan { what: detail },
        "not_supported" => Cause::NotSupported { what: detail },
        "throttled" => {
            notice = Some(format!("throttled: {detail}"));
            Cause::Throttled { until: None }
        }
        "unreachable" => Cause::Unreachable { step: String::from("reading by the producer"), detail },
        "partial" => Cause::ProducerGap { detail: format!("partial: {detail}") },
        other => Cause::ProducerGap { detail: format!("{}: {detail}", short(other)) },
    };
    for key in tree.unknown(&["record", "scope", "part", "cause", "detail"]) {
        keys.note("gap: ", key, 1);
    }
    Ok(GapLine { scope, part, cause, notice })
}

fn end(tree: &Tree, keys: &mut Keys) -> Result<Vec<(String, u64)>, String> {
    let Some(Tree::Object(fields)) = tree.field("counts") else {
        return Err(String::from("counts: expected an object with a number per scope"));
    };
    let counts = fields
        .iter()
        .map(|(scope, number)| number.count().map(|count| (scope.clone(), count)).ok_or_else(|| scope.clone()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|scope| format!("counts: expected a whole number from zero for {:?}", short(&scope)))?;
    for key in tree.unknown(&["record", "counts"]) {
        keys.note("end: ", key, 1);
    }
    Ok(counts)
}

/// Foreign text in a gap is for people: longer ones are cut.
fn cut(text: &str) -> String {
    const LONGEST: usize = 300;
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

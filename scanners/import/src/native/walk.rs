//! One native file from its header to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use scan_contract::{
    AsOf, AsOfSource, BlockingOutlet, Cause, Cursor, Documents, EndProof, Gap, ProofKind, Scope, ScopeName,
};

use super::chunk::Chunker;
use super::parse::{Chunk, Parsed};
use super::pipeline;
use super::records::{self, GapLine, Header, Record};
use super::scopes::ScopeTable;
use crate::plan::{SCOPE_KIND, Served};
use crate::settings::{Limits, Settings};
use crate::source::{Hashing, Source};
use crate::tally::{Damage, Keys, Words};

/// Gap lines of the producer that are handed on one by one, per scope; the rest is a number.
const GAPS: u64 = 100;

/// Scopes that only gap lines name; past this many their gaps concern the whole file.
const EXTRA_SCOPES: usize = 1_000;

/// Reads the header alone.
pub(crate) fn peek(documents: &dyn Documents, path: &Path, limits: Limits) -> Result<Header, Cause> {
    let source = Source::open(documents, path, limits, Hashing::Off)?;
    let mut chunker = Chunker::new(source, Limits { chunk_bytes: 0, ..limits });
    let first = chunker.next();
    Ok(header(&first, &mut chunker, &mut Keys::default())?.0)
}

/// The header, and where the line after it starts.
fn header(first: &[u8], chunker: &mut Chunker, keys: &mut Keys) -> Result<(Header, usize), Cause> {
    let path = chunker.path().to_owned();
    if first.is_empty() {
        return Err(chunker.failure().unwrap_or(Cause::CutOff { what: format!("{path} is empty: no header") }));
    }
    // A byte-order mark says what is said anyway: this is UTF-8.
    let from = if first.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let end = memchr::memchr(b'\n', first).unwrap_or(first.len());
    let line = &first[from..end];
    if line.len() > chunker.line_bytes() {
        return Err(Cause::LimitHit { limit: format!("{path}: a header of at most {} bytes", chunker.line_bytes()) });
    }
    let malformed = |says: &str| Cause::Malformed { what: format!("{path}: the header on line 1: {says}") };
    let line = std::str::from_utf8(line).map_err(|_| malformed("not UTF-8"))?;
    let header = records::header(line, keys).map_err(|says| malformed(&says))?;
    Ok((header, end + 1))
}

/// Reads the file, and seals every scope that its header claims.
pub(crate) fn read(
    documents: &dyn Documents,
    settings: &Settings,
    served: &Served,
    outlet: &BlockingOutlet,
) -> Result<(), Cause> {
    let source = Source::open(documents, &served.path, settings.limits, Hashing::Off)?;
    let mut chunker = Chunker::new(source, settings.limits);
    let mut keys = Keys::default();
    let first = chunker.next();
    let (header, from) = header(&first, &mut chunker, &mut keys)?;
    if header.system != settings.system.as_str() {
        let declared = settings.system.to_string();
        return Err(Cause::WrongSystem { declared, found: header.system });
    }
    let scopes = Arc::new(ScopeTable::new(header.scopes.iter().map(|name| (name.clone(), served.name(name)))));
    let mut walk = Walk::begin(chunker.path().to_owned(), &header, Arc::clone(&scopes), keys, served, outlet)?;
    let chunk = Chunk { bytes: first, from, line_bytes: chunker.line_bytes() };
    pipeline::run(chunk, &mut chunker, &scopes, settings.threads, |parsed| walk.take(parsed))?;
    walk.finish(chunker.failure())
}

/// What is known while the file is read.
struct Walk<'w> {
    path: String,
    scopes: Arc<ScopeTable>,
    served: &'w Served,
    outlet: &'w BlockingOutlet,
    /// Lines read so far, the header included.
    lines: u64,
    damage: Damage<u16>,
    words: Words<u16>,
    keys: Keys,
    /// The first end line: where it stands, and what it counts.
    end: Option<(u64, Vec<(String, u64)>)>,
    /// Gap lines by the scope they name.
    gaps: BTreeMap<Option<String>, u64>,
    /// Gaps of the whole file. They wait for the end, when every scope that is named anywhere is known.
    everywhere: Vec<Gap>,
    /// Scopes that the producer says something of as a whole.
    told: BTreeSet<ScopeName>,
    /// Scopes that the engine was told of.
    declared: BTreeSet<ScopeName>,
}

impl<'w> Walk<'w> {
    fn begin(
        path: String,
        header: &Header,
        scopes: Arc<ScopeTable>,
        keys: Keys,
        served: &'w Served,
        outlet: &'w BlockingOutlet,
    ) -> Result<Self, Cause> {
        let declared: BTreeSet<ScopeName> = served.pass.scopes.iter().map(|scope| scope.name.clone()).collect();
        let mut walk = Self {
            path,
            scopes,
            served,
            outlet,
            lines: 1,
            damage: Damage::new(),
            words: Words::new(),
            keys,
            end: None,
            gaps: BTreeMap::new(),
            everywhere: Vec::new(),
            told: BTreeSet::new(),
            declared,
        };
        if let Some(producer) = &header.produced_by {
            outlet.notice(format!("{}: produced by {}", walk.path, crate::tally::inert(producer)))?;
        }
        let as_of = AsOf { at: header.as_of, source: AsOfSource::Stated };
        let scopes = Arc::clone(&walk.scopes);
        for (_, _, name) in scopes.iter() {
            walk.declare(name)?;
            outlet.open(name, Some(as_of))?;
        }
        for clash in &served.clashes {
            outlet.gap(clash.clone())?;
        }
        Ok(walk)
    }

    /// Tells the engine of a scope that it does not know yet.
    fn declare(&mut self, name: &ScopeName) -> Result<(), Cause> {
        if self.declared.insert(name.clone()) {
            self.outlet.scopes(vec![Scope::new(name.clone(), SCOPE_KIND)])?;
        }
        Ok(())
    }

    fn take(&mut self, parsed: Parsed) -> Result<(), Cause> {
        let base = self.lines;
        self.lines += parsed.lines;
        self.damage.append(parsed.damage, base);
        self.words.append(parsed.words, base);
        self.keys.append(parsed.keys);
        let mut sheet = parsed.sheet;
        if !scan_contract::Sheet::is_empty(&sheet) {
            sheet.lines_before = base;
            self.outlet.sheet(Box::new(sheet), Cursor(format!("line {}", self.lines)))?;
        }
        for (line, record) in parsed.records {
            self.record(base + line, record)?;
        }
        Ok(())
    }

    fn record(&mut self, line: u64, record: Record) -> Result<(), Cause> {
        match record {
            Record::Gap(gap) => self.producer_gap(gap)?,
            Record::End(counts) => {
                // A second end line is something after the first, which `finish` tells.
                self.end.get_or_insert((line, counts));
            }
            Record::Header => {
                let what = String::from("a second header");
                self.damage.note(None, line, || Cause::Malformed { what });
            }
        }
        Ok(())
    }

    fn producer_gap(&mut self, gap: GapLine) -> Result<(), Cause> {
        let known = gap
            .scope
            .as_ref()
            .is_none_or(|name| self.scopes.find(name).is_some() || self.gaps.contains_key(&gap.scope));
        let written = if known || self.gaps.len() < EXTRA_SCOPES { gap.scope } else { None };
        let seen = self.gaps.entry(written.clone()).or_insert(0);
        *seen += 1;
        if *seen > GAPS {
            return Ok(());
        }
        if let Some(words) = &gap.notice {
            let scope = written.as_deref().map_or_else(|| String::from("every scope"), crate::tally::inert);
            self.outlet.notice(format!("{}: the producer says of {scope}: {words}", self.path))?;
        }
        let Some(written) = written else {
            self.everywhere.push(Gap { scope: None, part: gap.part, cause: gap.cause });
            return Ok(());
        };
        let name = self.served.name(&written);
        self.declare(&name)?;
        if gap.part.is_none() {
            self.told.insert(name.clone());
        }
        self.outlet.gap(Gap { scope: Some(name), part: gap.part, cause: gap.cause })
    }

    fn finish(mut self, failure: Option<Cause>) -> Result<(), Cause> {
        let gaps = std::mem::take(&mut self.gaps);
        for gap in std::mem::take(&mut self.everywhere) {
            self.outlet.gap(gap)?;
        }
        for (written, count) in &gaps {
            if *count > GAPS {
                let detail = format!("{} more gap lines", count - GAPS);
                let scope = written.as_deref().map(|name| self.served.name(name));
                self.outlet.gap(Gap { scope, part: Some(self.path.clone()), cause: Cause::ProducerGap { detail } })?;
            }
        }
        let scopes = Arc::clone(&self.scopes);
        let name = |number: u16| scopes.name(number).clone();
        for gap in std::mem::replace(&mut self.damage, Damage::new()).gaps(&self.path, name) {
            self.outlet.gap(gap)?;
        }
        for gap in std::mem::replace(&mut self.words, Words::new()).gaps(name) {
            self.outlet.gap(gap)?;
        }
        if let Some(notice) = self.keys.notice(&self.path) {
            self.outlet.notice(notice)?;
        }
        self.absent()?;
        let whole = self.wholeness(failure)?;
        let counts: BTreeMap<String, u64> = match self.end.take() {
            Some((_, counts)) if whole => counts.into_iter().collect(),
            _ => BTreeMap::new(),
        };
        if whole {
            self.uncounted(&counts, &gaps)?;
        }
        for (_, written, name) in scopes.iter() {
            let announced = counts.get(written).copied();
            let kind = if announced.is_some() { ProofKind::EndLine } else { ProofKind::EndOfFile };
            self.outlet.seal(name, EndProof { kind, announced, sha256: None })?;
        }
        Ok(())
    }

    /// Scopes that the file does not carry, and of which its producer says nothing as a whole either.
    fn absent(&self) -> Result<(), Cause> {
        let carried: BTreeSet<&ScopeName> = self.scopes.iter().map(|(_, _, name)| name).collect();
        for name in &self.declared {
            if !carried.contains(name) && !self.told.contains(name) {
                let what = format!("the header of {} does not name this scope", self.path);
                self.outlet.gap(Gap::scope(name, Cause::NotInSource { what }))?;
            }
        }
        Ok(())
    }

    /// Whether the file is whole: it has an end line, nothing stands after it, and reading did not break.
    fn wholeness(&self, failure: Option<Cause>) -> Result<bool, Cause> {
        let cause = match (failure, &self.end) {
            (Some(cause), _) => cause,
            (None, None) => {
                Cause::CutOff { what: format!("{}: no end line; the file stops after line {}", self.path, self.lines) }
            }
            (None, Some((line, _))) if self.lines > *line => Cause::Malformed {
                what: format!("{}: {} lines after the end line on line {line}", self.path, self.lines - line),
            },
            (None, Some(_)) => return Ok(true),
        };
        self.outlet.gap(Gap::everywhere(cause))?;
        Ok(false)
    }

    /// The end line must count exactly what the header claims.
    fn uncounted(&self, counts: &BTreeMap<String, u64>, gaps: &BTreeMap<Option<String>, u64>) -> Result<(), Cause> {
        for (_, written, name) in self.scopes.iter() {
            if !counts.contains_key(written) {
                let what = format!("the end line of {} has no count for this scope", self.path);
                self.outlet.gap(Gap::scope(name, Cause::NotProven { what }))?;
            }
        }
        for (written, count) in counts {
            let excused = *count == 0 && gaps.contains_key(&Some(written.clone()));
            if self.scopes.find(written).is_none() && !excused {
                let scope = crate::tally::short(written);
                let what = format!("{}: the end line counts {scope:?}, which the header does not name", self.path);
                self.outlet.gap(Gap::everywhere(Cause::Malformed { what }))?;
            }
        }
        Ok(())
    }
}

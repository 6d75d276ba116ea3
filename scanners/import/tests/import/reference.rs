//! The native format read the slow and obvious way, with `serde_json`, to hold the fast reader against.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use scan_contract::{
    Access, AccessKind, AsOf, AsOfSource, Cause, EndProof, ExternalIdentity, Fact, GrantId, Holder, IdentifierKind,
    KeyFingerprint, Moment, Privilege, ProofKind, Relation, ScopeName, SeatCost, Status, Subtype,
};

use crate::common::Outcome;
use crate::json::Json;

/// What must come out: per scope the time, the proof, and the gaps as part and code; and the records.
#[derive(Debug, PartialEq)]
pub(crate) struct Expected {
    pub(crate) scopes: BTreeMap<String, Ended>,
    pub(crate) accesses: Vec<Access>,
}

impl Expected {
    /// The parts of an outcome that the reference knows.
    pub(crate) fn of(outcome: &Outcome) -> Self {
        let scopes = outcome.scopes.iter().map(|(name, seen)| {
            let told = |cause: &Cause| match cause {
                Cause::UnknownWord { .. } => cause.to_string(),
                other => other.code().to_owned(),
            };
            let mut gaps: Vec<_> =
                seen.gaps.iter().map(|(part, cause)| (part.clone().unwrap_or_default(), told(cause))).collect();
            gaps.sort();
            (name.clone(), (seen.as_of, seen.proof.clone(), gaps))
        });
        Self { scopes: scopes.collect(), accesses: outcome.accesses.clone() }
    }
}

/// As-of time, proof, and gaps as part and code, sorted.
pub(crate) type Ended = (Option<AsOf>, Option<EndProof>, Vec<(String, String)>);

/// A field is wrong: the line cannot be used.
struct Unusable;

type Field<T> = Result<T, Unusable>;

/// The first eighty characters of a foreign word: the message names it, and is no place for a book.
fn shown(word: &str) -> String {
    let rest = if word.chars().count() > 80 { "…" } else { "" };
    word.chars().take(80).chain(rest.chars()).collect()
}

fn optional(line: &Json, key: &str) -> Field<Option<String>> {
    match line.field(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Text(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err(Unusable),
    }
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    let shape = text.bytes().take(19).enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        10 => matches!(byte, b'T' | b't'),
        13 | 16 => byte == b':',
        _ => byte.is_ascii_digit(),
    });
    let zone = text.ends_with(['Z', 'z']) || text.len() > 6 && text.as_bytes()[text.len() - 3] == b':';
    if !shape || !zone || text.len() < 20 {
        return None;
    }
    let read = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    Some(
        DateTime::from_timestamp(read.timestamp(), 0)?
            + TimeDelta::nanoseconds(i64::from(read.timestamp_subsec_nanos())),
    )
}

fn moment(text: &str) -> Field<Moment> {
    if text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() })
    {
        return NaiveDate::parse_from_str(text, "%Y-%m-%d").map(Moment::day).map_err(|_| Unusable);
    }
    instant(text).map(Moment::exact).ok_or(Unusable)
}

fn fact(line: &Json, key: &str) -> Field<Fact<Moment>> {
    Ok(match line.field(key) {
        None => Fact::not_given(),
        Some(Json::Null) => Fact::None,
        Some(Json::Text(text)) => Fact::Known(moment(text)?),
        Some(other) => Fact::Hidden(other.hidden().ok_or(Unusable)?.to_owned()),
    })
}

fn duration(text: &str) -> Field<u32> {
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800)];
    let (_, seconds) = units.into_iter().find(|(unit, _)| text.ends_with(*unit)).ok_or(Unusable)?;
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || digits.contains(|character: char| !character.is_ascii_digit()) {
        return Err(Unusable);
    }
    let total = digits.parse::<u64>().map_err(|_| Unusable)?.checked_mul(seconds).ok_or(Unusable)?;
    if total > 10 * 366 * 86_400 { Err(Unusable) } else { u32::try_from(total).map_err(|_| Unusable) }
}

fn identifier(holder: &Json, key: &str) -> Field<Option<String>> {
    Ok(optional(holder, key)?.filter(|text| !text.trim().is_empty()))
}

fn holder(written: &Json) -> Field<Holder> {
    if !matches!(written, Json::Object(_)) {
        return Err(Unusable);
    }
    let mut holder = Holder::new(Relation::parse(written.text("relation").ok_or(Unusable)?).ok_or(Unusable)?);
    holder.employee_id = identifier(written, "employee_id")?;
    holder.provider_id = identifier(written, "provider_id")?;
    holder.login = identifier(written, "login")?;
    holder.email = identifier(written, "email")?;
    holder.name = identifier(written, "name")?;
    if let Some(text) = identifier(written, "ssh_fingerprint")? {
        let digest = text.strip_prefix("SHA256:").ok_or(Unusable)?;
        if digest.len() != 43 || digest.contains(|c: char| !c.is_ascii_alphanumeric() && c != '+' && c != '/') {
            return Err(Unusable);
        }
        holder.ssh_fingerprint = Some(KeyFingerprint::from(text));
    }
    let system = identifier(written, "external_system")?;
    holder.external = identifier(written, "external_id")?.map(|id| ExternalIdentity { id, system });
    holder.since = fact(written, "since")?.known().copied();
    holder.until = fact(written, "until")?.known().copied();
    holder.last_at = fact(written, "last_at")?.known().copied();
    holder.verified = match written.field("verified") {
        None | Some(Json::Null) => None,
        Some(Json::List(items)) => {
            let mut kinds = BTreeSet::new();
            for item in items {
                let Json::Text(word) = item else { return Err(Unusable) };
                kinds.extend(IdentifierKind::parse(word));
            }
            Some(kinds.into_iter().collect())
        }
        Some(_) => return Err(Unusable),
    };
    Ok(holder)
}

fn word(line: &Json, key: &str, may_hide: bool) -> Field<(Option<String>, Option<String>)> {
    match line.field(key) {
        None | Some(Json::Null) => Ok((None, None)),
        Some(Json::Text(text)) => Ok((Some(text.clone()), None)),
        Some(other) if may_hide => Ok((None, Some(format!("hidden: {}", other.hidden().ok_or(Unusable)?)))),
        Some(_) => Err(Unusable),
    }
}

fn seat(line: &Json) -> Field<Option<SeatCost>> {
    let Some(written) = line.field("seat_cost").filter(|value| **value != Json::Null) else { return Ok(None) };
    let Some(Json::Number(amount, _)) = written.field("amount") else { return Err(Unusable) };
    let currency = written.text("currency").ok_or(Unusable)?.to_owned();
    let per = written.text("per").ok_or(Unusable)?.to_owned();
    let sound = !amount.is_sign_negative() && currency.len() == 3 && currency.chars().all(|c| c.is_ascii_uppercase());
    if sound && !per.is_empty() { Ok(Some(SeatCost { amount: *amount, currency, per })) } else { Err(Unusable) }
}

/// Words that are not in their vocabulary, as field and word.
type Words = Vec<(&'static str, String)>;

fn access(line: &Json, scope: &str, seen: String) -> Field<(Access, Words)> {
    let mut words = Words::new();
    let kind = AccessKind::parse(line.text("kind").ok_or(Unusable)?).ok_or(Unusable)?;
    let grant = line.text("grant_id").filter(|text| !text.is_empty()).ok_or(Unusable)?;
    let (status, hidden) = word(line, "status", true)?;
    line.field("status").ok_or(Unusable)?;
    let mut access = Access::new(ScopeName::from(scope), kind, GrantId::from(grant), Status::Unknown);
    access.status_text = hidden;
    match status.as_deref().map(|text| (text, Status::parse(text))) {
        None => {}
        Some((_, Some(status))) => access.status = status,
        Some((text, None)) => {
            access.status_text = Some(text.to_owned());
            words.push(("status", text.to_owned()));
        }
    }
    let (privilege, hidden) = word(line, "privilege", true)?;
    access.privilege_reason = hidden;
    match privilege.as_deref().map(|text| (text, Privilege::parse(text))) {
        None => {}
        Some((_, Some(privilege))) => access.privilege = privilege,
        Some((text, None)) => {
            access.privilege_reason = Some(text.to_owned());
            words.push(("privilege", text.to_owned()));
        }
    }
    if let (Some(text), _) = word(line, "subtype", false)? {
        access.subtype = Subtype::parse(&text);
        if access.subtype.is_none() {
            words.push(("subtype", text));
        }
    }
    access.grant_display = optional(line, "grant_display")?;
    access.parent = optional(line, "parent")?.map(GrantId::from);
    access.target = optional(line, "target")?;
    access.client = optional(line, "client")?;
    access.managed_by = optional(line, "managed_by")?;
    access.evidence = optional(line, "evidence")?.into_iter().chain([seen]).collect();
    access.created_at = fact(line, "created_at")?;
    access.last_used_at = fact(line, "last_used_at")?;
    access.expires_at = fact(line, "expires_at")?;
    access.rotated_at = fact(line, "rotated_at")?;
    access.cutoff_at = fact(line, "cutoff_at")?.known().map(|moment| moment.at);
    access.live_until = fact(line, "live_until")?.known().map(Moment::settled_at);
    let precision = match line.field("last_used_precision") {
        None | Some(Json::Null) => None,
        Some(Json::Text(text)) => Some(duration(text)?),
        Some(_) => return Err(Unusable),
    };
    if let (Fact::Known(moment), Some(precision)) = (&mut access.last_used_at, precision) {
        moment.precision_seconds = moment.precision_seconds.max(precision);
    }
    access.seat_cost = seat(line)?;
    access.holders = match line.field("holders") {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::List(items)) => items.iter().map(holder).collect::<Field<_>>()?,
        Some(_) => return Err(Unusable),
    };
    Ok((access, words))
}

/// Reads a whole file whose path is `path`, for the system `crm`, lines being at most `limit` bytes.
pub(crate) fn read(path: &str, bytes: &[u8], limit: usize) -> Expected {
    let mut reader = Reader { path, ..Reader::default() };
    let mut lines = bytes.split(|byte| *byte == b'\n').collect::<Vec<_>>();
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    let Some((first, rest)) = lines.split_first() else { return failed(path, "E-FORM-002") };
    let first = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
    if first.len() > limit {
        return failed(path, "E-LIMIT-001");
    }
    let Some(as_of) = std::str::from_utf8(first).ok().and_then(Json::parse).and_then(|line| reader.header(&line))
    else {
        return failed(path, "E-FORM-001");
    };
    if reader.system != "crm" {
        let mut failed = failed(path, "E-IDENT-001");
        let (_, seen) = failed.scopes.pop_first().expect("there is one");
        failed.scopes = reader.header.iter().map(|scope| (scope.clone(), seen.clone())).collect();
        return failed;
    }
    for (line, number) in rest.iter().zip(2_u64..) {
        reader.line(line, number, limit);
    }
    reader.finish(as_of, lines.len() as u64)
}

fn failed(path: &str, code: &str) -> Expected {
    let seen = (None, None, vec![(String::new(), code.to_owned())]);
    Expected { scopes: [(path.to_owned(), seen)].into(), accesses: Vec::new() }
}

/// Unusable lines of a scope that are named one by one (docs/import-format.md).
const NAMED: u64 = 20;

#[derive(Default)]
struct Reader<'p> {
    path: &'p str,
    system: String,
    header: Vec<String>,
    extra: BTreeSet<String>,
    /// Of those, the ones that a gap line names as a whole.
    told: BTreeSet<String>,
    accesses: Vec<Access>,
    /// Unusable lines so far, by scope.
    unusable: BTreeMap<Option<String>, u64>,
    /// Scope (all, if none), part, code.
    gaps: Vec<(Option<String>, String, String)>,
    words: BTreeMap<(String, &'static str, String), (u64, u64)>,
    end: Option<(u64, BTreeMap<String, u64>)>,
}

impl Reader<'_> {
    fn header(&mut self, line: &Json) -> Option<DateTime<Utc>> {
        let version = matches!(line.field("version"), Some(Json::Number(_, Some(1))));
        if line.text("record") != Some("header") || line.text("format") != Some("holdover-import") || !version {
            return None;
        }
        if !matches!(line.field("produced_by"), None | Some(Json::Null | Json::Text(_))) {
            return None;
        }
        line.text("system")?.clone_into(&mut self.system);
        let Some(Json::List(items)) = line.field("scopes") else { return None };
        for item in items {
            match item {
                Json::Text(name) if !name.trim().is_empty() && !self.header.contains(name) => {
                    self.header.push(name.clone());
                }
                _ => return None,
            }
        }
        if self.header.is_empty() { None } else { instant(line.text("as_of")?) }
    }

    fn gap(&mut self, scope: Option<&str>, part: String, code: &str) {
        self.gaps.push((scope.map(str::to_owned), part, code.to_owned()));
    }

    /// An unusable line: the first of a scope are named, the others are one gap that counts them.
    fn unusable(&mut self, scope: Option<&str>, number: u64, code: &str) {
        let named = self.unusable.entry(scope.map(str::to_owned)).or_default();
        *named += 1;
        match *named {
            count if count <= NAMED => self.gap(scope, format!("{} line {number}", self.path), code),
            count if count == NAMED + 1 => self.gap(scope, format!("{}, more lines", self.path), "E-FORM-001"),
            _ => {}
        }
    }

    fn line(&mut self, line: &[u8], number: u64, limit: usize) {
        if line.len() > limit {
            return self.unusable(None, number, "E-LIMIT-001");
        }
        let Some(line) = std::str::from_utf8(line).ok().and_then(Json::parse) else {
            return self.unusable(None, number, "E-FORM-001");
        };
        match line.field("record") {
            Some(Json::Text(record)) if record == "header" => self.unusable(None, number, "E-FORM-001"),
            Some(Json::Text(record)) if record == "gap" => {
                if self.producer_gap(&line).is_none() {
                    self.unusable(None, number, "E-FORM-001");
                }
            }
            Some(Json::Text(record)) if record == "end" => match counts(&line) {
                Some(counts) => _ = self.end.get_or_insert((number, counts)),
                None => self.unusable(None, number, "E-FORM-001"),
            },
            Some(Json::Text(record)) if record != "access" => self.unusable(None, number, "E-FORM-001"),
            other => {
                let scope = line.text("scope").filter(|scope| self.header.iter().any(|known| known == scope));
                let sound = matches!(other, Some(Json::Text(_)));
                let read = scope.filter(|_| sound).map(|scope| access(&line, scope, format!("{}:{number}", self.path)));
                match read {
                    Some(Ok((access, words))) => {
                        for (field, word) in words {
                            let key = (access.scope.to_string(), field, shown(&word));
                            self.words.entry(key).or_insert((0, number)).0 += 1;
                        }
                        self.accesses.push(access);
                    }
                    _ => self.unusable(scope, number, "E-FORM-001"),
                }
            }
        }
    }

    fn producer_gap(&mut self, line: &Json) -> Option<()> {
        let text = |key: &str| match line.field(key) {
            None | Some(Json::Null) => Some(None),
            Some(Json::Text(text)) => Some(Some(text.clone())),
            Some(_) => None,
        };
        let (scope, part, _) = (text("scope")?, text("part")?, text("detail")?);
        if scope.as_ref().is_some_and(|scope| scope.trim().is_empty()) {
            return None;
        }
        let code = match line.text("cause")? {
            "denied" => "E-PERM-001",
            "not_on_plan" => "E-PLAN-001",
            "not_supported" => "E-PLAN-002",
            "throttled" => "E-RATE-001",
            "unreachable" => "E-REACH-001",
            _ => "E-WHOLE-005",
        };
        let whole = part.is_none();
        let part = part.unwrap_or_default();
        if let Some(scope) = &scope
            && !self.header.contains(scope)
        {
            self.extra.insert(scope.clone());
            if whole {
                self.told.insert(scope.clone());
            }
        }
        self.gap(scope.as_deref(), part, code);
        Some(())
    }

    fn finish(mut self, as_of: DateTime<Utc>, lines: u64) -> Expected {
        let mut announced = BTreeMap::new();
        match self.end.take() {
            None => self.gap(None, String::new(), "E-FORM-002"),
            Some((line, _)) if line < lines => self.gap(None, String::new(), "E-FORM-001"),
            Some((_, counts)) => {
                for scope in self.header.clone() {
                    if !counts.contains_key(&scope) {
                        self.gap(Some(&scope), String::new(), "E-WHOLE-003");
                    }
                }
                for (scope, count) in &counts {
                    let excused = *count == 0 && self.extra.contains(scope);
                    if !self.header.contains(scope) && !excused {
                        self.gap(None, String::new(), "E-FORM-001");
                    }
                }
                announced = counts;
            }
        }
        for scope in self.extra.difference(&self.told).cloned().collect::<Vec<_>>() {
            self.gap(Some(&scope), String::new(), "E-WHOLE-004");
        }
        for ((scope, field, word), (rows, line)) in std::mem::take(&mut self.words) {
            let cause = Cause::UnknownWord { field: field.to_owned(), word, rows, first: format!("line {line}") };
            self.gap(Some(&scope), field.to_owned(), &cause.to_string());
        }
        let as_of = Some(AsOf { at: as_of, source: AsOfSource::Stated });
        let mut scopes = BTreeMap::new();
        for scope in self.header.iter().chain(&self.extra) {
            let mut gaps: Vec<(String, String)> = self
                .gaps
                .iter()
                // A gap of everything concerns the scopes that were known when it was told.
                .filter(|(concerned, ..)| concerned.as_ref().is_none_or(|concerned| concerned == scope))
                .map(|(_, part, code)| (part.clone(), code.clone()))
                .collect();
            gaps.sort();
            let announced = announced.get(scope).copied();
            let kind = if announced.is_some() { ProofKind::EndLine } else { ProofKind::EndOfFile };
            let carried = self.header.contains(scope);
            let proof = carried.then_some(EndProof { kind, announced, sha256: None });
            scopes.insert(scope.clone(), (as_of.filter(|_| carried), proof, gaps));
        }
        Expected { scopes, accesses: self.accesses }
    }
}

fn counts(line: &Json) -> Option<BTreeMap<String, u64>> {
    let Some(Json::Object(fields)) = line.field("counts") else { return None };
    fields
        .iter()
        .map(
            |(scope, value)| {
                if let Json::Number(_, Some(count)) = value { Some((scope.clone(), *count)) } else { None }
            },
        )
        .collect()
}

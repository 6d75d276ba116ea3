//! The records of one chunk, over the chunk's own text.

use std::sync::Arc;

use scan_contract::{
    Access, AccessKind, Cause, ExternalIdentity, Fact, GrantId, Head, Holder, HolderHead, KeyFingerprint, Moment,
    Privilege, ScopeName, SeatCost, Sheet, Status, Subtype,
};

use super::access::{self, AccessReader, Answer, Fields, HolderRow, Line};
use super::holder::verified_list;
use super::keys::{AccessKey, HolderKey, Key as _, SeatKey};
use super::scopes::ScopeTable;
use super::span::{Span, narrow};
use crate::time::{self, Written};

/// One record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    scope: u16,
    kind: AccessKind,
    status: Status,
    /// Line inside the chunk, from 1.
    line: u32,
    /// Where its line starts in the text.
    start: u32,
    grant_id: Span,
    parent: Span,
    client: Span,
    holders: (u32, u32),
}

impl Row {
    /// `line` is the place of the line in the text and its number in the chunk; `holders` the first and how many.
    #[inline]
    pub(super) fn new(
        fields: &Fields,
        head: access::Head,
        (start, _): (usize, usize),
        line: u64,
        (first, count): (usize, usize),
    ) -> Self {
        Self {
            scope: head.scope,
            kind: head.kind,
            status: head.status,
            // A chunk has fewer lines than bytes.
            line: narrow(usize::try_from(line).unwrap_or(usize::MAX)),
            start: narrow(start),
            grant_id: fields.value(AccessKey::GrantId),
            parent: fields.value(AccessKey::Parent),
            client: fields.value(AccessKey::Client),
            holders: (narrow(first), narrow(count)),
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct NativeSheet {
    text: String,
    arena: String,
    rows: Vec<Row>,
    holders: Vec<HolderRow>,
    scopes: Arc<ScopeTable>,
    path: Arc<str>,
    /// Lines of the file before this chunk.
    pub(super) lines_before: u64,
}

impl NativeSheet {
    pub(super) fn new(
        text: String,
        arena: String,
        rows: Vec<Row>,
        holders: Vec<HolderRow>,
        scopes: Arc<ScopeTable>,
        path: Arc<str>,
    ) -> Self {
        Self { text, arena, rows, holders, scopes, path, lines_before: 0 }
    }

    #[inline]
    fn read(&self, span: Span) -> Option<&str> {
        span.read(&self.text, &self.arena)
    }

    fn rows_of(&self, row: &Row) -> &[HolderRow] {
        let (first, count) = (row.holders.0 as usize, row.holders.1 as usize);
        &self.holders[first..first + count]
    }
}

impl Sheet for NativeSheet {
    fn len(&self) -> usize {
        self.rows.len()
    }

    #[inline]
    fn head(&self, index: usize) -> Head<'_> {
        let row = &self.rows[index];
        Head {
            scope: self.scopes.name(row.scope),
            kind: row.kind,
            grant_id: row.grant_id.of(&self.text, &self.arena),
            status: row.status,
            parent: self.read(row.parent).filter(|text| !text.is_empty()),
            client: self.read(row.client).filter(|text| !text.is_empty()),
            holders: row.holders.1 as usize,
        }
    }

    #[inline]
    fn visit_holders(&self, index: usize, visit: &mut dyn FnMut(HolderHead<'_>)) {
        for holder in self.rows_of(&self.rows[index]) {
            let text = |key: HolderKey| self.read(holder.texts[key.index()]);
            let external_id = text(HolderKey::ExternalId);
            visit(HolderHead {
                relation: holder.relation,
                employee_id: text(HolderKey::EmployeeId),
                provider_id: text(HolderKey::ProviderId),
                login: text(HolderKey::Login),
                email: text(HolderKey::Email),
                name: text(HolderKey::Name),
                ssh_fingerprint: text(HolderKey::SshFingerprint),
                external_id,
                external_system: external_id.and_then(|_| text(HolderKey::ExternalSystem)),
                verified: holder.verified.map(verified_list),
            });
        }
    }

    fn decode(&self, index: usize) -> Result<Access, Cause> {
        let row = &self.rows[index];
        let mut reader = AccessReader::new(&self.text, Arc::clone(&self.scopes));
        let defect = || Cause::Bug { what: String::from("a line that was read once cannot be read again") };
        let Ok(Line::Access(head)) = reader.line(row.start as usize) else { return Err(defect()) };
        let scope = self.scopes.name(head.scope).clone();
        let line = self.lines_before + u64::from(row.line);
        Decoder { reader: &reader }.access(scope, head, format!("{}:{line}", self.path)).ok_or_else(defect)
    }
}

/// Builds a whole access from a line that was just read. `None` is a defect: everything was validated.
struct Decoder<'r, 't> {
    reader: &'r AccessReader<'t>,
}

impl Decoder<'_, '_> {
    fn access(&self, scope: ScopeName, head: access::Head, seen: String) -> Option<Access> {
        let grant_id = GrantId::from(self.text(AccessKey::GrantId)?);
        let mut access = Access::new(scope, head.kind, grant_id, head.status);
        access.status_text = self.status_text(head.status);
        access.grant_display = self.text(AccessKey::GrantDisplay);
        if let (Answer::Value, span) = self.reader.fields.answer(AccessKey::Privilege) {
            access.privilege = Privilege::parse(self.reader.lexer.slice(span)).unwrap_or(Privilege::Unknown);
        }
        access.privilege_reason = match self.reader.fields.answer(AccessKey::Privilege) {
            (Answer::Hidden, span) => Some(format!("hidden: {}", self.reader.lexer.slice(span))),
            (Answer::Value, span) if access.privilege == Privilege::Unknown => {
                Some(self.reader.lexer.slice(span).to_owned()).filter(|word| word != "unknown")
            }
            _ => None,
        };
        access.subtype = self.text(AccessKey::Subtype).and_then(|word| Subtype::parse(&word));
        access.parent = self.text(AccessKey::Parent).map(GrantId::from);
        access.target = self.text(AccessKey::Target);
        access.created_at = self.fact(AccessKey::CreatedAt)?;
        access.last_used_at = self.fact(AccessKey::LastUsedAt)?;
        if let (Fact::Known(moment), Some(precision)) =
            (&mut access.last_used_at, self.text(AccessKey::LastUsedPrecision))
        {
            moment.precision_seconds = moment.precision_seconds.max(time::duration(&precision)?);
        }
        access.expires_at = self.fact(AccessKey::ExpiresAt)?;
        access.rotated_at = self.fact(AccessKey::RotatedAt)?;
        access.client = self.text(AccessKey::Client);
        access.cutoff_at = self.fact(AccessKey::CutoffAt)?.known().map(|moment| moment.at);
        access.live_until = self.fact(AccessKey::LiveUntil)?.known().map(Moment::settled_at);
        access.managed_by = self.text(AccessKey::ManagedBy);
        if self.reader.fields.answer(AccessKey::SeatCost).0 == Answer::Value {
            access.seat_cost = Some(self.seat()?);
        }
        access.evidence = self.text(AccessKey::Evidence).into_iter().chain([seen]).collect();
        access.holders = self.reader.holders.iter().map(|row| self.holder(row)).collect::<Option<_>>()?;
        Some(access)
    }

    /// A text that is there and not empty.
    fn text(&self, key: AccessKey) -> Option<String> {
        let text = self.reader.lexer.slice(self.reader.fields.value(key));
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The system's own word, where it is not one of ours, or why there is none.
    fn status_text(&self, status: Status) -> Option<String> {
        match self.reader.fields.answer(AccessKey::Status) {
            (Answer::Hidden, span) => Some(format!("hidden: {}", self.reader.lexer.slice(span))),
            (Answer::Value, span) if status == Status::Unknown => {
                Some(self.reader.lexer.slice(span).to_owned()).filter(|word| word != Status::Unknown.as_str())
            }
            _ => None,
        }
    }

    /// `None`: a defect.
    fn fact(&self, key: AccessKey) -> Option<Fact<Moment>> {
        Some(match self.reader.fields.answer(key) {
            (Answer::Absent, _) => Fact::not_given(),
            (Answer::Null, _) => Fact::None,
            (Answer::Hidden, span) => Fact::Hidden(self.reader.lexer.slice(span).to_owned()),
            (Answer::Value, span) => Fact::Known(moment(self.reader.lexer.slice(span))?),
        })
    }

    /// `None`: a defect.
    fn seat(&self) -> Option<SeatCost> {
        let text = |key: SeatKey| self.reader.lexer.slice(self.reader.fields.seat[key.index()]);
        let Ok(amount) = text(SeatKey::Amount).parse() else { return None };
        Some(SeatCost { amount, currency: text(SeatKey::Currency).to_owned(), per: text(SeatKey::Per).to_owned() })
    }

    fn holder(&self, row: &HolderRow) -> Option<Holder> {
        let span = |key: HolderKey| row.texts[key.index()];
        let text = |key: HolderKey| {
            let span = span(key);
            (!span.is_absent()).then(|| self.reader.lexer.slice(span).to_owned())
        };
        let time = |key: HolderKey| match text(key) {
            None => Some(None),
            Some(text) => moment(&text).map(Some),
        };
        let mut holder = Holder::new(row.relation);
        holder.employee_id = text(HolderKey::EmployeeId);
        holder.provider_id = text(HolderKey::ProviderId);
        holder.login = text(HolderKey::Login);
        holder.email = text(HolderKey::Email);
        holder.name = text(HolderKey::Name);
        holder.ssh_fingerprint = text(HolderKey::SshFingerprint).map(KeyFingerprint::from);
        holder.external =
            text(HolderKey::ExternalId).map(|id| ExternalIdentity { id, system: text(HolderKey::ExternalSystem) });
        holder.since = time(HolderKey::Since)?;
        holder.until = time(HolderKey::Until)?;
        holder.last_at = time(HolderKey::LastAt)?;
        holder.verified = row.verified.map(|set| verified_list(set).to_vec());
        Some(holder)
    }
}

/// An instant, exact; a date as the UTC day it names.
fn moment(text: &str) -> Option<Moment> {
    Some(match time::moment(text)? {
        Written::Instant(at) => Moment::exact(at),
        Written::Day(date) => Moment::day(date),
    })
}

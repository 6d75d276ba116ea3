//! One access line: every field is looked at and judged, and only where it lies is kept.
//!
//! What is wrong with the JSON itself ends the line at once. What is wrong with a field is noted, and the rest is
//! still validated, because a line that is sound JSON tells which scope it damages.

use std::sync::Arc;

use scan_contract::{AccessKind, Privilege, Relation, Status, Subtype};

use super::fault::Fault;
use super::keys::{AccessKey, Guesses, HiddenKey, HolderKey, Key, Next, SeatKey};
use super::lexer::{Broken, Lexer, Step};
use super::scopes::ScopeTable;
use super::span::Span;
use crate::time;

/// How one key of the line was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The key is not there.
    Absent,
    /// `null`: there is none.
    Null,
    /// `{"hidden": reason}`; the span is the reason.
    Hidden,
    /// A value; the span is its text.
    Value,
}

/// The fields of the current line.
#[derive(Debug)]
pub(super) struct Fields {
    seen: u32,
    nulls: u32,
    hidden: u32,
    spans: [Span; AccessKey::COUNT],
    /// Amount, currency and period of the seat.
    pub(super) seat: [Span; SeatKey::COUNT],
}

impl Fields {
    pub(super) fn answer(&self, key: AccessKey) -> (Answer, Span) {
        let bit = 1 << key.index();
        let span = self.spans[key.index()];
        if self.seen & bit == 0 {
            (Answer::Absent, Span::ABSENT)
        } else if self.nulls & bit != 0 {
            (Answer::Null, Span::ABSENT)
        } else if self.hidden & bit != 0 {
            (Answer::Hidden, span)
        } else {
            (Answer::Value, span)
        }
    }

    #[inline]
    fn set(&mut self, key: AccessKey, span: Span) {
        self.spans[key.index()] = span;
    }

    /// The value's span, absent for every other answer.
    #[inline]
    pub(super) fn value(&self, key: AccessKey) -> Span {
        let bit = 1 << key.index();
        if self.seen & bit != 0 && (self.nulls | self.hidden) & bit == 0 {
            self.spans[key.index()]
        } else {
            Span::ABSENT
        }
    }
}

/// Number of holder keys whose value is a text; they come first in [`HolderKey`].
pub(super) const HOLDER_TEXTS: usize = 11;

/// One holder.
#[derive(Debug, Clone, Copy)]
pub(super) struct HolderRow {
    pub(super) relation: Relation,
    /// Set of verified identifiers; see [`super::holder::verified_list`].
    pub(super) verified: Option<u8>,
    pub(super) texts: [Span; HOLDER_TEXTS],
}

/// Where a key we do not know was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Where {
    Line,
    Holder,
    Seat,
    Hidden,
    Verified,
}

impl Where {
    /// What is written before the key when it is counted.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Line => "",
            Self::Holder => "holders[].",
            Self::Seat => "seat_cost.",
            Self::Hidden => "hidden: ",
            Self::Verified => "verified: ",
        }
    }
}

/// What a line turned out to be.
pub(super) enum Line {
    Access(Head),
    /// Another record; its line is read elsewhere.
    Other,
    /// An access that cannot be used; its scope where that is known.
    Unusable(Option<u16>, Fault),
}

/// What every access has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) scope: u16,
    pub(super) kind: AccessKind,
    pub(super) status: Status,
}

/// Reads access lines of one chunk.
#[derive(Debug)]
pub(super) struct AccessReader<'t> {
    pub(super) lexer: Lexer<'t>,
    scopes: Arc<ScopeTable>,
    guesses: Guesses<AccessKey>,
    pub(super) holder_guesses: Guesses<HolderKey>,
    pub(super) seat_guesses: Guesses<SeatKey>,
    pub(super) hidden_guesses: Guesses<HiddenKey>,
    pub(super) fields: Fields,
    /// Holders of all lines so far; a line that is not kept takes its own back.
    pub(super) holders: Vec<HolderRow>,
    /// Keys of this line that we do not know.
    pub(super) unknown: Vec<(Where, Span)>,
    /// Words of this line that we do not know.
    pub(super) words: Vec<(AccessKey, Span)>,
    pub(super) fault: Option<Fault>,
    scope: Option<u16>,
    last_scope: u16,
    kind: Option<AccessKind>,
    status: Option<Status>,
}

impl<'t> AccessReader<'t> {
    pub(super) fn new(text: &'t str, scopes: Arc<ScopeTable>) -> Self {
        Self {
            lexer: Lexer::new(text),
            scopes,
            guesses: Guesses::new(),
            holder_guesses: Guesses::new(),
            seat_guesses: Guesses::new(),
            hidden_guesses: Guesses::new(),
            fields: Fields {
                seen: 0,
                nulls: 0,
                hidden: 0,
                spans: [Span::ABSENT; AccessKey::COUNT],
                seat: [Span::ABSENT; SeatKey::COUNT],
            },
            holders: Vec::new(),
            unknown: Vec::new(),
            words: Vec::new(),
            fault: None,
            scope: None,
            last_scope: 0,
            kind: None,
            status: None,
        }
    }

    fn begin(&mut self, at: usize) {
        self.lexer.at = at;
        self.lexer.begin_line();
        self.fields.seen = 0;
        self.fields.nulls = 0;
        self.fields.hidden = 0;
        self.unknown.clear();
        self.words.clear();
        self.fault = None;
        self.scope = None;
        self.kind = None;
        self.status = None;
    }

    /// Reads the line that starts at `at`. Afterwards the lexer stands at its end, except after an error or
    /// [`Line::Other`], where it stands somewhere inside.
    pub(super) fn line(&mut self, at: usize) -> Step<Line> {
        self.begin(at);
        let holders = self.holders.len();
        let mut previous = Guesses::<AccessKey>::START;
        loop {
            let key = match self.guesses.next(&mut self.lexer, previous)? {
                Next::Known(key) => key,
                Next::Unknown(span) => {
                    self.unknown.push((Where::Line, span));
                    self.lexer.skip_value(1)?;
                    previous = Guesses::<AccessKey>::UNKNOWN;
                    continue;
                }
                Next::End => break,
            };
            previous = key.index();
            let bit = 1 << key.index();
            if self.fields.seen & bit != 0 {
                return Err(Broken::DuplicateKey);
            }
            self.fields.seen |= bit;
            if key == AccessKey::Record {
                if !self.is_access()? {
                    self.holders.truncate(holders);
                    return Ok(Line::Other);
                }
            } else {
                self.field(key)?;
            }
        }
        self.lexer.end_of_line()?;
        self.refuse_duplicates(Where::Line, 0)?;
        Ok(self.judge(holders))
    }

    /// Whether the record is an access. Any other text makes it another record; anything else is a fault.
    fn is_access(&mut self) -> Step<bool> {
        if self.lexer.byte() != b'"' {
            self.wrong(AccessKey::Record.as_str(), "a text");
            self.lexer.skip_value(1)?;
            return Ok(true);
        }
        let span = self.lexer.string()?;
        Ok(self.lexer.slice(span) == "access")
    }

    #[inline]
    fn field(&mut self, key: AccessKey) -> Step<()> {
        match key {
            AccessKey::Scope => self.scope(),
            AccessKey::Kind => self.kind(),
            AccessKey::Status | AccessKey::Privilege | AccessKey::Subtype => self.word(key),
            AccessKey::CreatedAt
            | AccessKey::LastUsedAt
            | AccessKey::ExpiresAt
            | AccessKey::RotatedAt
            | AccessKey::CutoffAt
            | AccessKey::LiveUntil => self.time(key),
            AccessKey::LastUsedPrecision => self.precision(),
            AccessKey::Holders => self.holders(),
            AccessKey::SeatCost => self.seat(),
            AccessKey::Record
            | AccessKey::GrantId
            | AccessKey::GrantDisplay
            | AccessKey::Parent
            | AccessKey::Target
            | AccessKey::Client
            | AccessKey::ManagedBy
            | AccessKey::Evidence => self.text(key),
        }
    }

    /// Notes what is wrong with a field, unless something was noted before.
    #[cold]
    pub(super) fn wrong(&mut self, key: &'static str, expected: &'static str) {
        self.fault.get_or_insert(Fault::Wrong { key, expected });
    }

    #[inline]
    fn text(&mut self, key: AccessKey) -> Step<()> {
        if self.lexer.byte() == b'"' {
            let span = self.lexer.string()?;
            self.fields.set(key, span);
            return Ok(());
        }
        self.no_text(key, "a text")
    }

    #[cold]
    pub(super) fn no_text(&mut self, key: AccessKey, expected: &'static str) -> Step<()> {
        if self.lexer.null()? {
            self.fields.nulls |= 1 << key.index();
            return Ok(());
        }
        self.wrong(key.as_str(), expected);
        self.lexer.skip_value(1)
    }

    fn scope(&mut self) -> Step<()> {
        if self.lexer.byte() != b'"' {
            return self.no_text(AccessKey::Scope, "a text");
        }
        let span = self.lexer.string()?;
        let name = self.lexer.slice(span);
        if self.scopes.is(self.last_scope, name) {
            self.scope = Some(self.last_scope);
        } else if let Some(found) = self.scopes.find(name) {
            self.last_scope = found;
            self.scope = Some(found);
        } else {
            let fault = Fault::ForeignScope(name.to_owned());
            self.fault.get_or_insert(fault);
        }
        self.fields.set(AccessKey::Scope, span);
        Ok(())
    }

    fn kind(&mut self) -> Step<()> {
        if self.lexer.byte() != b'"' {
            return self.no_text(AccessKey::Kind, "a text");
        }
        let span = self.lexer.string()?;
        let word = self.lexer.slice(span);
        self.kind = AccessKind::parse(word);
        if self.kind.is_none() {
            let fault = Fault::Word { key: AccessKey::Kind.as_str(), word: word.to_owned() };
            self.fault.get_or_insert(fault);
        }
        self.fields.set(AccessKey::Kind, span);
        Ok(())
    }

    /// A word of an open vocabulary: one we do not know is kept and told.
    fn word(&mut self, key: AccessKey) -> Step<()> {
        if self.lexer.byte() != b'"' {
            if self.lexer.byte() == b'{' && key != AccessKey::Subtype {
                return self.hidden(key);
            }
            return self.no_text(key, "a word of its vocabulary");
        }
        let span = self.lexer.string()?;
        let word = self.lexer.slice(span);
        let known = match key {
            AccessKey::Status => {
                self.status = Status::parse(word);
                self.status.is_some()
            }
            AccessKey::Privilege => Privilege::parse(word).is_some(),
            _ => Subtype::parse(word).is_some(),
        };
        if !known {
            self.words.push((key, span));
        }
        self.fields.set(key, span);
        Ok(())
    }

    #[inline]
    fn time(&mut self, key: AccessKey) -> Step<()> {
        if let Some(span) = self.lexer.moment()? {
            self.fields.set(key, span);
            return Ok(());
        }
        match self.lexer.byte() {
            b'{' => self.hidden(key),
            b'"' => {
                self.wrong(key.as_str(), "an RFC 3339 instant or an ISO 8601 date");
                self.lexer.string().map(drop)
            }
            _ => self.no_text(key, "an RFC 3339 instant or an ISO 8601 date"),
        }
    }

    #[cold]
    fn hidden(&mut self, key: AccessKey) -> Step<()> {
        if let Some(span) = self.hidden_reason(2)? {
            self.fields.hidden |= 1 << key.index();
            self.fields.set(key, span);
        } else {
            self.wrong(key.as_str(), "a reason under \"hidden\"");
        }
        Ok(())
    }

    fn precision(&mut self) -> Step<()> {
        let key = AccessKey::LastUsedPrecision;
        if self.lexer.byte() != b'"' {
            return self.no_text(key, "a duration such as 15m");
        }
        let span = self.lexer.string()?;
        if time::duration(self.lexer.slice(span)).is_none() {
            self.wrong(key.as_str(), "a duration such as 15m");
        }
        self.fields.set(key, span);
        Ok(())
    }

    /// Whether the keys we do not know, of the object that began at `base`, hold one twice.
    #[inline]
    pub(super) fn refuse_duplicates(&mut self, place: Where, base: usize) -> Step<()> {
        if self.unknown.len() > base + 1 {
            let mut keys: Vec<Span> =
                self.unknown[base..].iter().filter(|(found, _)| *found == place).map(|(_, span)| *span).collect();
            if self.lexer.has_duplicate(&mut keys) {
                return Err(Broken::DuplicateKey);
            }
        }
        Ok(())
    }

    /// Whether everything is there that must be.
    fn judge(&mut self, holders: usize) -> Line {
        let missing = |key: AccessKey| Fault::Wrong { key: key.as_str(), expected: "it: it is required" };
        if self.fields.seen & (1 << AccessKey::Record.index()) == 0 {
            self.fault.get_or_insert(missing(AccessKey::Record));
        }
        if self.fields.value(AccessKey::Scope).is_absent() {
            self.fault.get_or_insert(missing(AccessKey::Scope));
        }
        if self.fields.value(AccessKey::Kind).is_absent() {
            self.fault.get_or_insert(missing(AccessKey::Kind));
        }
        if self.lexer.slice(self.fields.value(AccessKey::GrantId)).is_empty() {
            self.fault.get_or_insert(missing(AccessKey::GrantId));
        }
        if self.fields.answer(AccessKey::Status).0 == Answer::Absent {
            self.fault.get_or_insert(missing(AccessKey::Status));
        }
        match (self.fault.take(), self.scope, self.kind) {
            (None, Some(scope), Some(kind)) => {
                Line::Access(Head { scope, kind, status: self.status.unwrap_or(Status::Unknown) })
            }
            (fault, scope, _) => {
                self.holders.truncate(holders);
                Line::Unusable(scope, fault.unwrap_or(Fault::Wrong { key: "record", expected: "a whole access" }))
            }
        }
    }
}

//! The holders of an access line.

use std::sync::LazyLock;

use scan_contract::{IdentifierKind, Relation};

use super::access::{AccessReader, HOLDER_TEXTS, HolderRow, Where};
use super::fault::Fault;
use super::keys::{AccessKey, Guesses, HolderKey, Key, Next};
use super::lexer::{Broken, Step, Wanted};
use super::span::Span;
use crate::fingerprint;

impl AccessReader<'_> {
    /// The list of holders; `null` is an empty one.
    pub(super) fn holders(&mut self) -> Step<()> {
        if self.lexer.byte() != b'[' {
            if !self.lexer.null()? {
                self.wrong(AccessKey::Holders.as_str(), "a list");
                self.lexer.skip_value(1)?;
            }
            return Ok(());
        }
        self.lexer.at += 1;
        self.lexer.skip_space();
        if self.lexer.byte() == b']' {
            self.lexer.at += 1;
            return Ok(());
        }
        loop {
            if self.lexer.byte() == b'{' {
                self.holder()?;
            } else {
                self.wrong(AccessKey::Holders.as_str(), "objects in the list");
                self.lexer.skip_value(2)?;
            }
            self.lexer.skip_space();
            match self.lexer.byte() {
                b',' => self.lexer.at += 1,
                b']' => {
                    self.lexer.at += 1;
                    return Ok(());
                }
                _ => return Err(Broken::Expected(Wanted::ListEnd)),
            }
            self.lexer.skip_space();
        }
    }

    fn holder(&mut self) -> Step<()> {
        let base = self.unknown.len();
        let mut row = HolderRow { relation: Relation::Holder, verified: None, texts: [Span::ABSENT; HOLDER_TEXTS] };
        let mut related = false;
        let mut seen = 0_u32;
        let mut previous = Guesses::<HolderKey>::START;
        loop {
            let key = match self.holder_guesses.next(&mut self.lexer, previous)? {
                Next::Known(key) => key,
                Next::Unknown(span) => {
                    self.unknown.push((Where::Holder, span));
                    self.lexer.skip_value(3)?;
                    previous = Guesses::<HolderKey>::UNKNOWN;
                    continue;
                }
                Next::End => break,
            };
            previous = key.index();
            let bit = 1 << key.index();
            if seen & bit != 0 {
                return Err(Broken::DuplicateKey);
            }
            seen |= bit;
            match key {
                HolderKey::Relation => {
                    if let Some(relation) = self.relation()? {
                        row.relation = relation;
                        related = true;
                    }
                }
                HolderKey::Verified => row.verified = self.verified()?,
                HolderKey::Since | HolderKey::Until | HolderKey::LastAt => {
                    row.texts[key.index()] = self.holder_time(key)?;
                }
                HolderKey::EmployeeId
                | HolderKey::ProviderId
                | HolderKey::Login
                | HolderKey::Email
                | HolderKey::Name
                | HolderKey::SshFingerprint
                | HolderKey::ExternalId
                | HolderKey::ExternalSystem => row.texts[key.index()] = self.identifier(key)?,
            }
        }
        self.refuse_duplicates(Where::Holder, base)?;
        if !related {
            self.wrong("holders[].relation", "one of its seven words");
        }
        self.holders.push(row);
        Ok(())
    }

    #[inline]
    fn relation(&mut self) -> Step<Option<Relation>> {
        if self.lexer.byte() != b'"' {
            self.lexer.skip_value(3)?;
            return Ok(None);
        }
        let span = self.lexer.string()?;
        let word = self.lexer.slice(span);
        if word == "holder" {
            return Ok(Some(Relation::Holder));
        }
        let relation = Relation::parse(word);
        if relation.is_none() {
            let fault = Fault::Word { key: "holders[].relation", word: word.to_owned() };
            self.fault.get_or_insert(fault);
        }
        Ok(relation)
    }

    /// An identifier. `null` and blank text are no identifier: two people without one are not the same person.
    #[inline]
    fn identifier(&mut self, key: HolderKey) -> Step<Span> {
        if self.lexer.byte() != b'"' {
            return self.no_holder_text(key, "a text");
        }
        let span = self.lexer.string()?;
        let text = self.lexer.slice(span);
        // A text that begins with anything above a space is not blank, unless it begins outside ASCII.
        let blank = match text.as_bytes().first() {
            Some(0x21..=0x7f) => false,
            _ => text.trim().is_empty(),
        };
        if blank {
            return Ok(Span::ABSENT);
        }
        if key == HolderKey::SshFingerprint && !fingerprint::is_sound(text) {
            self.wrong("holders[].ssh_fingerprint", "SHA256: and 43 characters of base64");
        }
        Ok(span)
    }

    fn holder_time(&mut self, key: HolderKey) -> Step<Span> {
        const EXPECTED: &str = "an RFC 3339 instant or an ISO 8601 date";
        if let Some(span) = self.lexer.moment()? {
            return Ok(span);
        }
        match self.lexer.byte() {
            b'{' => self.hidden_bound(key),
            b'"' => {
                self.wrong(key.as_str(), EXPECTED);
                self.lexer.string().map(|_| Span::ABSENT)
            }
            _ => self.no_holder_text(key, EXPECTED),
        }
    }

    #[cold]
    fn no_holder_text(&mut self, key: HolderKey, expected: &'static str) -> Step<Span> {
        if !self.lexer.null()? {
            self.wrong(key.as_str(), expected);
            self.lexer.skip_value(3)?;
        }
        Ok(Span::ABSENT)
    }

    /// A withheld bound of a relation is as good as none.
    #[cold]
    fn hidden_bound(&mut self, key: HolderKey) -> Step<Span> {
        if self.hidden_reason(3)?.is_none() {
            self.wrong(key.as_str(), "a reason under \"hidden\"");
        }
        Ok(Span::ABSENT)
    }

    /// The list of identifiers that the system verified, as a set.
    #[cold]
    fn verified(&mut self) -> Step<Option<u8>> {
        const NAME: &str = "holders[].verified";
        if self.lexer.byte() != b'[' {
            if !self.lexer.null()? {
                self.wrong(NAME, "a list of identifier names");
                self.lexer.skip_value(3)?;
            }
            return Ok(None);
        }
        let mut set = 0;
        self.lexer.at += 1;
        self.lexer.skip_space();
        if self.lexer.byte() == b']' {
            self.lexer.at += 1;
            return Ok(Some(set));
        }
        loop {
            if self.lexer.byte() == b'"' {
                let span = self.lexer.string()?;
                match IdentifierKind::parse(self.lexer.slice(span)) {
                    Some(kind) => set |= bit(kind),
                    None => self.unknown.push((Where::Verified, span)),
                }
            } else {
                self.wrong(NAME, "texts in the list");
                self.lexer.skip_value(4)?;
            }
            self.lexer.skip_space();
            match self.lexer.byte() {
                b',' => self.lexer.at += 1,
                b']' => {
                    self.lexer.at += 1;
                    return Ok(Some(set));
                }
                _ => return Err(Broken::Expected(Wanted::ListEnd)),
            }
            self.lexer.skip_space();
        }
    }
}

const VERIFIABLE: [IdentifierKind; 7] = [
    IdentifierKind::EmployeeId,
    IdentifierKind::ProviderId,
    IdentifierKind::ExternalId,
    IdentifierKind::SshFingerprint,
    IdentifierKind::Email,
    IdentifierKind::Login,
    IdentifierKind::Name,
];

fn bit(kind: IdentifierKind) -> u8 {
    VERIFIABLE.iter().zip(0..).filter(|(known, _)| **known == kind).map(|(_, place)| 1_u8 << place).sum()
}

/// The set as a list, strongest identifier first.
pub(super) fn verified_list(set: u8) -> &'static [IdentifierKind] {
    static LISTS: LazyLock<Vec<Vec<IdentifierKind>>> = LazyLock::new(|| {
        (0..=u8::MAX).map(|set| VERIFIABLE.into_iter().filter(|kind| set & bit(*kind) != 0).collect()).collect()
    });
    &LISTS[usize::from(set)]
}

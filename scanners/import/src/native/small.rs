//! The two small objects a field can hold: what a seat costs, and why a fact is withheld.

use super::access::{AccessReader, Where};
use super::keys::{AccessKey, Guesses, HiddenKey, Key, Next, SeatKey};
use super::lexer::{Broken, Step};
use super::span::Span;

impl AccessReader<'_> {
    /// `{"hidden": reason}`; `None` without a text for a reason. `depth` counts the containers around its values.
    pub(super) fn hidden_reason(&mut self, depth: usize) -> Step<Option<Span>> {
        let mut reason = None;
        let mut seen = false;
        let base = self.unknown.len();
        let mut previous = Guesses::<HiddenKey>::START;
        loop {
            match self.hidden_guesses.next(&mut self.lexer, previous)? {
                Next::Known(_) if seen => return Err(Broken::DuplicateKey),
                Next::Known(found) => {
                    previous = found.index();
                    seen = true;
                    if self.lexer.byte() == b'"' {
                        reason = Some(self.lexer.string()?);
                    } else {
                        self.lexer.skip_value(depth)?;
                    }
                }
                Next::Unknown(span) => {
                    self.unknown.push((Where::Hidden, span));
                    self.lexer.skip_value(depth)?;
                    previous = Guesses::<HiddenKey>::UNKNOWN;
                }
                Next::End => break,
            }
        }
        self.refuse_duplicates(Where::Hidden, base)?;
        Ok(reason)
    }

    #[cold]
    pub(super) fn seat(&mut self) -> Step<()> {
        let name = AccessKey::SeatCost.as_str();
        if self.lexer.byte() != b'{' {
            return self.no_text(AccessKey::SeatCost, "an object with amount, currency and per");
        }
        self.fields.seat = [Span::ABSENT; SeatKey::COUNT];
        let base = self.unknown.len();
        let mut seen = [false; SeatKey::COUNT];
        let mut previous = Guesses::<SeatKey>::START;
        loop {
            match self.seat_guesses.next(&mut self.lexer, previous)? {
                Next::Known(key) => {
                    previous = key.index();
                    if std::mem::replace(&mut seen[key.index()], true) {
                        return Err(Broken::DuplicateKey);
                    }
                    self.seat_value(key)?;
                }
                Next::Unknown(span) => {
                    self.unknown.push((Where::Seat, span));
                    self.lexer.skip_value(2)?;
                    previous = Guesses::<SeatKey>::UNKNOWN;
                }
                Next::End => break,
            }
        }
        self.refuse_duplicates(Where::Seat, base)?;
        if self.fields.seat.iter().any(|span| span.is_absent()) {
            self.wrong(name, "an amount of zero or more, a three-letter currency and a period");
        }
        Ok(())
    }

    fn seat_value(&mut self, key: SeatKey) -> Step<()> {
        let byte = self.lexer.byte();
        let span = match (key, byte) {
            (SeatKey::Amount, b'0'..=b'9' | b'-') => self.lexer.number()?,
            (SeatKey::Currency | SeatKey::Per, b'"') => self.lexer.string()?,
            _ => {
                self.lexer.skip_value(2)?;
                return Ok(());
            }
        };
        let text = self.lexer.slice(span);
        let sound = match key {
            SeatKey::Amount => !text.starts_with('-'),
            SeatKey::Currency => text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()),
            SeatKey::Per => !text.is_empty(),
        };
        if sound {
            self.fields.seat[key.index()] = span;
        }
        Ok(())
    }
}

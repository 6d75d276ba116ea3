//! The keys of the format, and the guess which one comes next.
//!
//! A producer writes every line alike. What stood between two values last time (comma, key, colon, spaces) is
//! compared in one step; only what differs is taken apart. Equal bytes have equal meaning, so a guess cannot err.

use super::lexer::{Broken, Lexer, Step, Wanted};
use super::span::Span;

/// The keys of one sort of object.
pub(super) trait Key: Copy + 'static {
    /// How many there are.
    const COUNT: usize;
    /// How they are written.
    const WORDS: &'static [&'static str];
    /// The key written as `word`.
    fn parse(word: &str) -> Option<Self>;
    /// Its number, below [`Key::COUNT`].
    fn index(self) -> usize;
    /// As it is written.
    fn as_str(self) -> &'static str {
        Self::WORDS[self.index()]
    }
}

macro_rules! keys {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum $name { $($variant,)+ }

        impl Key for $name {
            const COUNT: usize = Self::WORDS.len();
            const WORDS: &'static [&'static str] = &[$($word,)+];
            fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
            #[inline]
            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

keys! {
    /// Keys of an access line.
    AccessKey {
        Record = "record",
        Scope = "scope",
        Kind = "kind",
        GrantId = "grant_id",
        GrantDisplay = "grant_display",
        Status = "status",
        Privilege = "privilege",
        Subtype = "subtype",
        Parent = "parent",
        Target = "target",
        Holders = "holders",
        CreatedAt = "created_at",
        LastUsedAt = "last_used_at",
        ExpiresAt = "expires_at",
        RotatedAt = "rotated_at",
        LastUsedPrecision = "last_used_precision",
        Client = "client",
        CutoffAt = "cutoff_at",
        LiveUntil = "live_until",
        ManagedBy = "managed_by",
        SeatCost = "seat_cost",
        Evidence = "evidence",
    }
}

keys! {
    /// Keys of a holder.
    HolderKey {
        EmployeeId = "employee_id",
        ProviderId = "provider_id",
        Login = "login",
        Email = "email",
        Name = "name",
        SshFingerprint = "ssh_fingerprint",
        ExternalId = "external_id",
        ExternalSystem = "external_system",
        Since = "since",
        Until = "until",
        LastAt = "last_at",
        Relation = "relation",
        Verified = "verified",
    }
}

keys! {
    /// Keys of a seat's cost.
    SeatKey {
        Amount = "amount",
        Currency = "currency",
        Per = "per",
    }
}

keys! {
    /// The one key of a withheld fact.
    HiddenKey {
        Hidden = "hidden",
    }
}

/// What stood between two values when it was last looked at.
#[derive(Debug, Clone, Copy)]
struct Guess<K> {
    first: u128,
    first_mask: u128,
    second: u128,
    second_mask: u128,
    length: usize,
    key: Option<K>,
}

/// For each key, what came after it last time.
#[derive(Debug)]
pub(super) struct Guesses<K> {
    /// Indexed by the key before, [`Self::START`] or [`Self::UNKNOWN`].
    after: Vec<Guess<K>>,
}

/// What an object goes on with.
pub(super) enum Next<K> {
    Known(K),
    Unknown(Span),
    End,
}

const HALF: usize = 16;

impl<K: Key> Guess<K> {
    /// Matches nothing: no masked word is one.
    const NONE: Self = Self { first: 1, first_mask: 0, second: 0, second_mask: 0, length: 0, key: None };

    fn learn(seen: &[u8], key: K) -> Option<Self> {
        let mut text = [0; 2 * HALF];
        let mut mask = [0; 2 * HALF];
        text.get_mut(..seen.len())?.copy_from_slice(seen);
        mask.get_mut(..seen.len())?.fill(0xff);
        let word = |bytes: &[u8], from: usize| {
            bytes.get(from..).and_then(|rest| rest.first_chunk::<HALF>()).map_or(0, |chunk| u128::from_le_bytes(*chunk))
        };
        Some(Self {
            first: word(&text, 0),
            first_mask: word(&mask, 0),
            second: word(&text, HALF),
            second_mask: word(&mask, HALF),
            length: seen.len(),
            key: Some(key),
        })
    }

    #[inline]
    fn matches(&self, bytes: &[u8], at: usize) -> bool {
        let Some(window) = bytes.get(at..).and_then(|rest| rest.first_chunk::<{ 2 * HALF }>()) else { return false };
        let [first, second] = [window.first_chunk::<HALF>(), window.last_chunk::<HALF>()];
        let word = |half: Option<&[u8; HALF]>| half.map_or(0, |half| u128::from_le_bytes(*half));
        word(first) & self.first_mask == self.first
            && (self.length <= HALF || word(second) & self.second_mask == self.second)
    }
}

impl<K: Key> Guesses<K> {
    pub(super) fn new() -> Self {
        Self { after: vec![Guess::NONE; K::COUNT + 2] }
    }

    /// Stands for "no key yet".
    pub(super) const START: usize = K::COUNT;

    /// Stands for any key we do not know.
    pub(super) const UNKNOWN: usize = K::COUNT + 1;

    /// The next key of an object; the value is then the current byte. At the start the current byte is where the
    /// object has to begin.
    #[inline]
    pub(super) fn next(&mut self, lexer: &mut Lexer<'_>, previous: usize) -> Step<Next<K>> {
        let guess = &self.after[previous];
        if guess.matches(lexer.bytes(), lexer.at)
            && let Some(key) = guess.key
        {
            lexer.at += guess.length;
            // Last time the value followed at once; this time there may be space before it.
            lexer.skip_space();
            return Ok(Next::Known(key));
        }
        self.next_slowly(lexer, previous)
    }

    fn next_slowly(&mut self, lexer: &mut Lexer<'_>, previous: usize) -> Step<Next<K>> {
        let from = lexer.at;
        if previous == Self::START {
            lexer.skip_space();
            lexer.expect(b'{', Wanted::Object)?;
            lexer.skip_space();
            if lexer.byte() == b'}' {
                lexer.at += 1;
                return Ok(Next::End);
            }
        } else {
            lexer.skip_space();
            match lexer.byte() {
                b'}' => {
                    lexer.at += 1;
                    return Ok(Next::End);
                }
                b',' => lexer.at += 1,
                _ => return Err(Broken::Expected(Wanted::ObjectEnd)),
            }
            lexer.skip_space();
        }
        let span = lexer.string()?;
        lexer.skip_space();
        lexer.expect(b':', Wanted::Colon)?;
        lexer.skip_space();
        let Some(key) = K::parse(lexer.slice(span)) else { return Ok(Next::Unknown(span)) };
        if let Some(guess) = lexer.bytes().get(from..lexer.at).and_then(|seen| Guess::learn(seen, key)) {
            self.after[previous] = guess;
        }
        Ok(Next::Known(key))
    }
}

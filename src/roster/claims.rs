//! Every identifier of every person, packed: millions of aliases without an allocation each.

use std::collections::HashMap;
use std::sync::Arc;

use scan_contract::Instant;

use super::model::{Claim, ClaimKind, PersonIndex};

/// Heads per block. Blocks keep growth from copying everything.
const BLOCK: usize = 8 * 1024;

#[derive(Debug, Clone, Copy)]
struct Head {
    person: u32,
    window: u32,
    length: u16,
    /// Number of the system plus one; zero is none.
    system: u16,
    kind: ClaimKind,
    personal: bool,
    dropped: bool,
}

#[derive(Debug, Default)]
struct Block {
    text: String,
    heads: Vec<Head>,
}

/// A window in which an identifier belongs to its person: `[from, until)`, open where `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Window {
    pub(super) from: Option<Instant>,
    pub(super) until: Option<Instant>,
}

/// Position of one claim, for changing it before the roster is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClaimAt(u32);

impl ClaimAt {
    /// No claim.
    pub(super) const NONE: Self = Self(u32::MAX);
}

/// A claim as it is put in.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewClaim<'a> {
    pub(super) person: u32,
    pub(super) kind: ClaimKind,
    pub(super) system: Option<&'a str>,
    pub(super) value: &'a str,
    pub(super) window: Window,
    pub(super) personal: bool,
}

/// All claims but the person ids themselves.
#[derive(Debug, Default)]
pub(super) struct Claims {
    blocks: Vec<Block>,
    systems: Vec<Arc<str>>,
    system_numbers: HashMap<Arc<str>, u16>,
    windows: Vec<Window>,
    window_numbers: HashMap<Window, u32>,
}

impl Claims {
    /// Adds a claim. `None` where the value is longer than any identifier, or there are more systems than a roster
    /// can name; the caller reports it.
    pub(super) fn add(&mut self, claim: NewClaim<'_>) -> Option<ClaimAt> {
        let length = u16::try_from(claim.value.len()).ok()?;
        let system = match claim.system {
            None => 0,
            Some(name) => self.system(name)?,
        };
        let window = self.window(claim.window)?;
        if self.blocks.last().is_none_or(|block| block.heads.len() == BLOCK) {
            if let Some(full) = self.blocks.last_mut() {
                full.text.shrink_to_fit();
            }
            self.blocks.push(Block { text: String::with_capacity(BLOCK * 24), heads: Vec::with_capacity(BLOCK) });
        }
        let before = (self.blocks.len() - 1) * BLOCK;
        let block = self.blocks.last_mut()?;
        let at = u32::try_from(before + block.heads.len()).ok()?;
        block.text.push_str(claim.value);
        let (person, kind, personal) = (claim.person, claim.kind, claim.personal);
        block.heads.push(Head { person, window, length, system, kind, personal, dropped: false });
        Some(ClaimAt(at))
    }

    /// Gives a claim another window.
    pub(super) fn bound(&mut self, at: ClaimAt, window: Window) {
        if let Some(number) = self.window(window)
            && let Some(head) = self.head(at)
        {
            head.window = number;
        }
    }

    /// Takes a claim out, because another one says the same with a window.
    pub(super) fn drop_claim(&mut self, at: ClaimAt) {
        if let Some(head) = self.head(at) {
            head.dropped = true;
        }
    }

    /// Gives every claim its person's final place; claims of nobody are taken out.
    pub(super) fn renumber(&mut self, places: &[Option<PersonIndex>]) {
        for head in self.blocks.iter_mut().flat_map(|block| &mut block.heads) {
            match places.get(head.person as usize).copied().flatten() {
                Some(place) => head.person = place.0,
                None => head.dropped = true,
            }
        }
        self.window_numbers = HashMap::new();
    }

    /// Hands out every claim in the order it was read.
    pub(super) fn visit(&self, visit: &mut dyn FnMut(Claim<'_>)) {
        for block in &self.blocks {
            let mut rest = block.text.as_str();
            for head in &block.heads {
                let (value, behind) = rest.split_at(usize::from(head.length));
                rest = behind;
                if head.dropped {
                    continue;
                }
                let window = self.windows[head.window as usize];
                visit(Claim {
                    person: PersonIndex(head.person),
                    kind: head.kind,
                    system: head.system.checked_sub(1).map(|number| &*self.systems[usize::from(number)]),
                    value,
                    from: window.from,
                    until: window.until,
                    personal: head.personal,
                    primary: false,
                });
            }
        }
    }

    fn head(&mut self, at: ClaimAt) -> Option<&mut Head> {
        let at = at.0 as usize;
        self.blocks.get_mut(at / BLOCK)?.heads.get_mut(at % BLOCK)
    }

    fn system(&mut self, name: &str) -> Option<u16> {
        if let Some(number) = self.system_numbers.get(name) {
            return Some(*number);
        }
        let number = u16::try_from(self.systems.len() + 1).ok()?;
        let name: Arc<str> = Arc::from(name);
        self.systems.push(Arc::clone(&name));
        self.system_numbers.insert(name, number);
        Some(number)
    }

    fn window(&mut self, window: Window) -> Option<u32> {
        if let Some(number) = self.window_numbers.get(&window) {
            return Some(*number);
        }
        let number = u32::try_from(self.windows.len()).ok()?;
        self.windows.push(window);
        self.window_numbers.insert(window, number);
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_come_back_as_they_were_put_in() {
        let mut claims = Claims::default();
        let instant: Instant = "2026-07-31T00:00:00Z".parse().expect("an instant");
        let total = 20_000_u32;
        for person in 0..total {
            let value = format!("login-{person}-ä");
            let claim = NewClaim {
                person,
                kind: ClaimKind::Username,
                system: Some(if person.is_multiple_of(2) { "crm" } else { "aws-prod" }),
                value: &value,
                window: Window { from: None, until: (person.is_multiple_of(3)).then_some(instant) },
                personal: person.is_multiple_of(5),
            };
            claims.add(claim).expect("there is room");
        }
        claims.drop_claim(ClaimAt(9_000));
        let places: Vec<Option<PersonIndex>> =
            (0..total).map(|person| (person != 7).then_some(PersonIndex(total - person))).collect();
        claims.renumber(&places);
        let mut seen = 0;
        claims.visit(&mut |claim| {
            seen += 1;
            let person = total - claim.person.0;
            assert!(person != 7 && person != 9_000);
            assert_eq!(claim.value, format!("login-{person}-ä"));
            assert_eq!(claim.system, Some(if person.is_multiple_of(2) { "crm" } else { "aws-prod" }));
            assert_eq!(claim.until, (person.is_multiple_of(3)).then_some(instant));
            assert_eq!(claim.personal, person.is_multiple_of(5));
        });
        assert_eq!(seen, total - 2);
    }
}

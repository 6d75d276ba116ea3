//! Walking pages: a page is asked for once, the walk ends on the interface's own signal, and never runs for ever
//! (CMP-2, CMP-3).

use std::collections::HashSet;

use scan_contract::Cause;
use sha2::{Digest, Sha256};

/// Pages of one walk, unless a scanner says otherwise.
pub const PAGES: u32 = 100_000;

/// One walk over the pages of one listing. It holds a short digest of every cursor, never a page.
#[derive(Debug)]
pub struct Walk {
    operation: &'static str,
    seen: HashSet<[u8; 16]>,
    pages: u32,
    most: u32,
}

impl Walk {
    /// A walk that asks `operation` for its pages.
    pub fn new(operation: &'static str) -> Self {
        Self { operation, seen: HashSet::new(), pages: 1, most: PAGES }
    }

    /// The same with another cap.
    #[must_use]
    pub fn at_most(mut self, pages: u32) -> Self {
        self.most = pages;
        self
    }

    /// The next cursor (or next address), as the page that was just read gave it; `None` ends the walk, and is for the
    /// scanner to be sure of. A page without objects changes nothing: it is followed while it has a cursor.
    ///
    /// # Errors
    /// `Malformed` for a cursor that was there before; `LimitHit` beyond the cap.
    pub fn next<C: AsRef<str>>(&mut self, cursor: Option<C>) -> Result<Option<C>, Cause> {
        let Some(cursor) = cursor else { return Ok(None) };
        let digest = Sha256::digest(cursor.as_ref().as_bytes());
        let mut short = [0; 16];
        short.copy_from_slice(digest.get(..16).unwrap_or(&[0; 16]));
        if !self.seen.insert(short) {
            let what = format!("{}: page {} hands out a cursor that was there before", self.operation, self.pages);
            return Err(Cause::Malformed { what });
        }
        if self.pages >= self.most {
            return Err(Cause::LimitHit { limit: format!("{}: {} pages", self.operation, self.most) });
        }
        self.pages += 1;
        Ok(Some(cursor))
    }

    /// Number of the page that is being read, from 1.
    pub fn page(&self) -> u32 {
        self.pages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_ends_where_the_interface_says_so() {
        let mut walk = Walk::new("op");
        assert_eq!(walk.next(Some("a")), Ok(Some("a")));
        assert_eq!(walk.next(Some("b")), Ok(Some("b")));
        assert_eq!(walk.page(), 3);
        assert_eq!(walk.next(None::<&str>), Ok(None));
    }

    #[test]
    fn a_cursor_seen_before_is_malformed_with_its_page() {
        let mut walk = Walk::new("op");
        walk.next(Some("a")).unwrap();
        walk.next(Some("b")).unwrap();
        let says = walk.next(Some("a")).unwrap_err().to_string();
        assert!(says.contains("page 3") && !says.contains("\"a\""), "{says}");
    }

    #[test]
    fn the_cap_is_a_limit_with_its_value() {
        let mut walk = Walk::new("op").at_most(2);
        walk.next(Some("a")).unwrap();
        assert_eq!(walk.next(Some("b")), Err(Cause::LimitHit { limit: "op: 2 pages".into() }));
    }
}

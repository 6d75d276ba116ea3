//! Walks lists that come in pages.
//!
//! A walk ends on the service's own word. An empty page that says that more follow is followed; a mark that was handed
//! out before is damage (CMP-2, CMP-3).

use std::collections::HashSet;

use scan_contract::Cause;

use crate::live::failure::Failure;

/// Pages of one list, at most. IAM holds 5,000 users an account, and a page has at least one object.
const PAGES: usize = 20_000;

/// Objects asked for in a page, the most that IAM gives.
pub(crate) const MOST: i32 = 1000;

/// What stands on a page beside its objects.
pub(crate) struct Turn {
    /// Mark of the next page; `None`: the service says that this was the last.
    pub(crate) next: Option<String>,
}

impl Turn {
    /// The query protocol: `IsTruncated`, `Marker`.
    pub(crate) fn marked(truncated: bool, marker: Option<&str>, operation: &str) -> Result<Self, Cause> {
        match (truncated, marker) {
            (false, _) => Ok(Self { next: None }),
            (true, Some(marker)) if !marker.is_empty() => Ok(Self { next: Some(marker.to_owned()) }),
            (true, _) => Err(Cause::CutOff {
                what: format!("{operation}: more pages follow, and the answer does not say where"),
            }),
        }
    }

    /// The JSON protocol: `NextToken`; absent and empty both end the list.
    pub(crate) fn token(token: Option<&str>) -> Self {
        Self { next: token.filter(|token| !token.is_empty()).map(str::to_owned) }
    }
}

/// Watches one walk.
#[derive(Debug)]
pub(crate) struct Walk {
    operation: &'static str,
    seen: HashSet<String>,
    pages: usize,
}

impl Walk {
    pub(crate) fn new(operation: &'static str) -> Self {
        Self { operation, seen: HashSet::new(), pages: 0 }
    }

    /// The mark to ask for next; `None` at the end of the list.
    ///
    /// # Errors
    /// `Malformed` for a mark that was handed out before; `LimitHit` past the most pages.
    pub(crate) fn turn(&mut self, turn: Turn) -> Result<Option<String>, Cause> {
        self.pages += 1;
        let Some(next) = turn.next else { return Ok(None) };
        if !self.seen.insert(next.clone()) {
            let what = format!("{}: page {} leads back to a page that was read", self.operation, self.pages);
            return Err(Cause::Malformed { what });
        }
        if self.pages >= PAGES {
            return Err(Cause::LimitHit { limit: format!("{}: {PAGES} pages", self.operation) });
        }
        Ok(Some(next))
    }

    /// Number of pages read.
    pub(crate) fn pages(&self) -> usize {
        self.pages
    }
}

/// What a walk gave: everything it read, and why it ended early, if it did.
#[derive(Debug)]
pub(crate) struct Walked<T> {
    pub(crate) items: Vec<T>,
    pub(crate) broken: Option<Failure>,
}

impl<T> Walked<T> {
    pub(crate) fn new() -> Self {
        Self { items: Vec::new(), broken: None }
    }
}

/// Walks a list: `$request` is made with the mark and asked, `$items` takes the objects out of the answer, `$turn` says
/// whether more follow.
macro_rules! walk {
    ($asker:expr, $operation:literal, |$mark:ident| $request:expr, |$answer:ident| $items:expr, $turn:expr) => {{
        let mut walked = $crate::live::bulk::pages::Walked::new();
        let mut walk = $crate::live::bulk::pages::Walk::new($operation);
        let mut next: Option<String> = None;
        loop {
            let asked = $asker
                .ask($operation, || {
                    let $mark = next.clone();
                    $request.send()
                })
                .await;
            let $answer = match asked {
                Ok(answer) => answer,
                Err(failure) => {
                    walked.broken = Some(failure.on_page(walk.pages() + 1));
                    break;
                }
            };
            walked.items.extend($items);
            match $turn.and_then(|turn| walk.turn(turn)) {
                Ok(Some(mark)) => next = Some(mark),
                Ok(None) => break,
                Err(cause) => {
                    walked.broken = Some($crate::live::failure::Failure::own(cause));
                    break;
                }
            }
        }
        walked
    }};
}

/// Walks a list of IAM, which ends with `IsTruncated`.
macro_rules! walk_iam {
    ($asker:expr, $operation:literal, |$mark:ident| $request:expr, |$answer:ident| $items:expr) => {
        $crate::live::bulk::pages::walk!(
            $asker,
            $operation,
            |$mark| $request,
            |$answer| $items,
            $crate::live::bulk::pages::Turn::marked($answer.is_truncated, $answer.marker.as_deref(), $operation)
        )
    };
}

/// Walks a list of the JSON protocol, which ends without a `NextToken`.
macro_rules! walk_json {
    ($asker:expr, $operation:literal, |$mark:ident| $request:expr, |$answer:ident| $items:expr) => {
        $crate::live::bulk::pages::walk!(
            $asker,
            $operation,
            |$mark| $request,
            |$answer| $items,
            Ok($crate::live::bulk::pages::Turn::token($answer.next_token.as_deref()))
        )
    };
}

pub(crate) use {walk, walk_iam, walk_json};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_seen_twice_is_damage_and_an_empty_token_ends() {
        let mut walk = Walk::new("iam:ListRoles");
        assert_eq!(walk.turn(Turn::token(Some("a"))), Ok(Some(String::from("a"))));
        assert_eq!(walk.turn(Turn::token(Some("b"))), Ok(Some(String::from("b"))));
        assert!(matches!(walk.turn(Turn::token(Some("a"))), Err(Cause::Malformed { .. })));
        assert_eq!(walk.turn(Turn::token(Some(""))), Ok(None));
        assert_eq!(walk.pages(), 4);
    }

    #[test]
    fn a_page_that_says_more_and_not_where_is_cut_off() {
        assert!(matches!(Turn::marked(true, None, "iam:ListRoles"), Err(Cause::CutOff { .. })));
        assert!(matches!(Turn::marked(false, Some("x"), "iam:ListRoles"), Ok(Turn { next: None })));
    }
}

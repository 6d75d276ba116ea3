//! Wishes that are fulfilled everywhere, or that nobody needs any longer.

use super::Ground;
use super::outlook::Desk;
use crate::findings::FindingState;
use crate::findings::wish::Happening;
use crate::store::outbox::{LineStatus, Wish};

/// Numbers of wishes that can be forgotten. Without any tracker none is.
pub fn fulfilled(ground: &Ground<'_>) -> Vec<u64> {
    let Some(last) = ground.book.runs.last() else { return Vec::new() };
    if ground.routes.is_empty() {
        return Vec::new();
    }
    let desk = Desk::new(ground, last);
    let settled = |wish: &&Wish| {
        let mut answering = ground.routes.iter().filter(|route| desk.answers_for(route, wish.fingerprint)).peekable();
        if answering.peek().is_none() {
            return !may_still_open(&desk, wish);
        }
        answering.all(|route| is_settled(&desk, route.id.as_str(), wish))
    };
    ground.book.wishes.iter().filter(settled).map(|wish| wish.number).collect()
}

fn is_settled(desk: &Desk<'_>, tracker: &str, wish: &Wish) -> bool {
    let memory = desk.memory(wish.fingerprint);
    match desk.line(tracker, wish.fingerprint) {
        Some(line) => {
            let over = memory.is_none_or(|memory| memory.finding.state == FindingState::Closed);
            line.through >= wish.number || (over && line.status == LineStatus::Closed)
        }
        None => !may_still_open(desk, wish),
    }
}

/// Whether a wish may still become a ticket: what is open and was wished for waits, whatever holds it.
fn may_still_open(desk: &Desk<'_>, wish: &Wish) -> bool {
    let opens = matches!(
        wish.happening,
        Happening::Confirmed | Happening::CameBack | Happening::Lapsed { .. } | Happening::ReadAgain
    );
    opens && desk.memory(wish.fingerprint).is_some_and(|memory| super::outlook::may_still_open(&memory.finding))
}
